"""The desk of duties: what is to be published by when, what it still needs, which approvals the clocks run from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.models import BudgetUnit, Duty, DutyRule, Ratification, Submission
from minxin.disclosures.models.broker import ref_of
from minxin.disclosures.models.publication import ref_of as publication_ref
from minxin.disclosures.reports import duties
from minxin.disclosures.reports.duties import DutyRow
from minxin.disclosures.reports.history import Step, happened
from minxin.disclosures.rules import broker_moves, publishing
from minxin.disclosures.rules import duties as rules
from minxin.disclosures.rules.codes import DutyState, Ratifier, SubmissionStage, Version
from minxin.disclosures.rules.duties import Look
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.clocks import Deadline
from minxin.kernel.errors import Absent
from minxin.ledger import reports as ledger

PAGE = 50
MOST_UNITS = 400


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which of them: empty or None is any. `kind` is a duty rule's code."""

    fiscal_year: int | None = None
    kind: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a unit has handed in for a duty, and how far that is."""

    ref: str
    stage: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A duty in the list: its lamp, and what it needs now."""

    key: int
    duty: DutyRow
    colour: str
    words: str
    handed: Handed | None
    publication: str
    uploads: bool
    publishes: bool


def counts(by: Officer, narrow: Narrow) -> dict[Look, int]:
    """1 query. How many duties of this officer's units are in each view."""
    now = clocks.now()
    sums = {look.value: Count("id", filter=_looked(look, now)) for look in Look}
    found: Mapping[str, int] = _narrowed(by, narrow).order_by().aggregate(**sums)
    return {look: found[look.value] for look in Look}


def listing(by: Officer, look: Look, narrow: Narrow, *, after: int | None = None) -> tuple[list[Row], int | None]:
    """2 queries, 3 on a later page. The duties in a view, the most urgent first, and the key of the next page."""
    rows = _narrowed(by, narrow).filter(_looked(look, clocks.now())).select_related("rule", "publication")
    found = list(_from(rows, look, after)[: PAGE + 1])
    handed = _handed(by, found[:PAGE])
    next_key = found[PAGE - 1].pk if len(found) > PAGE else None
    return [_row(duty, by, handed.get(_asked(duty)), explained=False) for duty in found[:PAGE]], next_key


def kinds() -> list[tuple[str, str]]:
    """1 query. What there is to publish: (code, name), each once."""
    rows = DutyRule.objects.order_by("valid_from", "id").values_list("code", "name")
    return list(dict(rows).items())


@dataclass(frozen=True, slots=True)
class Page:
    """One duty with the approval it runs from, what was handed in, and what happened."""

    row: Row
    approval: Ratification | None
    history: Sequence[Step]


def page(unit: str, fiscal_year: int, code: str, *, by: Officer) -> Page:
    """4 queries, less when it is done or its clock has not started. Absent for what this officer may not see."""
    rows = Duty.objects.visible_to(by).filter(unit_id=directory.unit(unit).id, fiscal_year=fiscal_year, rule__code=code)
    duty = rows.select_related("rule", "publication").order_by("-id").first()
    if duty is None:
        raise Absent
    stream = f"duty:{directory.unit(duty.unit_id).code}:{duty.rule.code}:{duty.fiscal_year}"
    steps = happened(ledger.history(stream), lambda event: _said(event.facts))
    return Page(_row(duty, by, _handed(by, [duty]).get(_asked(duty))), _approval(duty, by), steps)


# --- approvals


@dataclass(frozen=True, slots=True)
class Approval:
    """A registered approval in the list."""

    key: int
    finance: UnitRef
    department: UnitRef | None
    fiscal_year: int
    version: str
    ratifier: str
    on: date
    doc_no: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Follow:
    """What follows from an approval for one kind of duty: how many units have until when, and why until then."""

    code: str
    name: str
    basis: str
    deadline: Deadline
    units: int
    done: int
    late: int
    missing: int


def approvals(by: Officer, *, before: int | None = None) -> tuple[list[Approval], int | None]:
    """1 query. The approvals that concern this officer, the newest first, and the key of the next page."""
    rows = Ratification.objects.visible_to(by).order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    return [_approved(row) for row in found[:PAGE]], found[PAGE - 1].pk if len(found) > PAGE else None


def approval(key: int, *, by: Officer) -> tuple[Approval, list[Follow]]:
    """3 queries. An approval and what followed from it."""
    row = Ratification.objects.visible_to(by).filter(pk=key).first() if key < 2**63 else None
    if row is None:
        raise Absent
    return _approved(row), _followed(row)


def follows(
    *, finance: UnitRef, version: str, ratifier: str, on: date, department: UnitRef | None = None
) -> list[Follow]:
    """2 queries. What an approval of that day would start: the due day of each kind and how many units it concerns."""
    units = BudgetUnit.objects.public().filter(finance_id=finance.id, until_on=None)
    if department is not None:
        units = units.filter(Q(unit_id=department.id) | Q(department__unit_id=department.id))
    found = units.aggregate(
        departments=Count("id", filter=Q(department=None)), below=Count("id", filter=Q(department__isnull=False))
    )
    many = {"government": 1, "department": found["departments"], "unit": found["below"]}
    return [
        _follow(rule, on, finance, {"units": many[rule.scope]})
        for rule in _rules(version, ratifier, on)
        if many[rule.scope]
    ]


@dataclass(frozen=True, slots=True)
class Bureau:
    """A finance bureau where this officer registers approvals, with its departments."""

    unit: UnitRef
    departments: Sequence[UnitRef]


def bureaus(by: Officer) -> list[Bureau]:
    """1 query. Where this officer may register an approval; empty for everybody else."""
    held = by.unit_ids(*rules.RATIFIES)
    rows = BudgetUnit.objects.public().filter(finance_id__in=held, department=None, until_on=None).order_by("code")
    found: dict[int, list[UnitRef]] = {}
    for finance_id, unit_id in rows.values_list("finance_id", "unit_id"):
        found.setdefault(finance_id, []).append(directory.unit(unit_id))
    return [Bureau(directory.unit(finance_id), units) for finance_id, units in found.items()]


def versions() -> list[tuple[str, str]]:
    """1 query. The versions that anybody has a duty to publish."""
    known = set(DutyRule.objects.values_list("version", flat=True))
    return [(value, str(label)) for value, label in Version.choices if value in known]


def _looked(look: Look, now: datetime) -> Q:
    undone = Q(done_at__isnull=True)
    return {
        Look.OPEN: undone & Q(due_at__isnull=False),
        Look.MISSING: undone & Q(due_at__lte=now),
        Look.SOON: undone & Q(due_at__gt=now, due_at__lte=now + rules.SOON),
        Look.WAITING: undone & Q(due_at__isnull=True),
        Look.DONE: Q(done_at__isnull=False),
    }[look]


def _narrowed(by: Officer, narrow: Narrow) -> QuerySet[Duty]:
    rows = Duty.objects.visible_to(by)
    if narrow.fiscal_year:
        rows = rows.filter(fiscal_year=narrow.fiscal_year)
    if narrow.kind:
        rows = rows.filter(rule__code=narrow.kind)
    if narrow.unit:
        rows = rows.filter(unit_id__in=[unit.id for unit in directory.search_units(narrow.unit, limit=MOST_UNITS)])
    return rows


def _from(rows: QuerySet[Duty], look: Look, after: int | None) -> QuerySet[Duty]:
    """In the order of the view, behind the row with the key `after`."""
    if look == Look.WAITING:
        rows = rows.order_by("-id")
        return rows.filter(pk__lt=after) if after is not None else rows
    moment, sign, beyond = ("done_at", "-", "lt") if look == Look.DONE else ("due_at", "", "gt")
    last = Duty.objects.filter(pk=after).values_list(moment, flat=True).first() if after is not None else None
    if last is not None:
        rows = rows.filter(Q(**{f"{moment}__{beyond}": last}) | Q(**{moment: last, f"pk__{beyond}": after}))
    return rows.order_by(f"{sign}{moment}", f"{sign}id")


_Asked = tuple[int, str, int, str]  # unit, template, fiscal year, version: what a submission must be for a duty


def _asked(duty: Duty) -> _Asked:
    return duty.unit_id, duty.rule.template, duty.fiscal_year, duty.rule.version


def _handed(by: Officer, found: Sequence[Duty]) -> dict[_Asked, Handed]:
    """The newest submission for each duty that is not done, those taken back left out."""
    wanted = {_asked(duty) for duty in found if duty.done_at is None}
    units, kinds, years, versions = ({one[place] for one in wanted} for place in range(4))
    newest = (
        Submission.objects.visible_to(by)
        .filter(unit_id__in=units, template__in=kinds, fiscal_year__in=years, version__in=versions)
        .exclude(stage=SubmissionStage.WITHDRAWN)
        .order_by()
        .values("unit_id", "template", "fiscal_year", "version")
        .annotate(newest=Max("id"))
    )
    rows = Submission.objects.visible_to(by).filter(pk__in=newest.values("newest"))
    return {
        (row.unit_id, row.template, row.fiscal_year, row.version): Handed(
            ref_of(row), row.stage, str(SubmissionStage(row.stage).label)
        )
        for row in rows
    }


def _row(duty: Duty, by: Officer, handed: Handed | None, *, explained: bool = True) -> Row:
    now = clocks.now()
    told = duties.row_of(duty, now, explained=explained)
    colour, words = _lamp(told, now)
    open_ = duty.done_at is None
    uploads = open_ and (handed is None or handed.stage in broker_moves.OPEN)
    signed = open_ and handed is not None and handed.stage == SubmissionStage.SIGNED
    return Row(
        key=duty.pk,
        duty=told,
        colour=colour,
        words=words,
        handed=handed,
        publication=publication_ref(duty.publication) if duty.publication else "",
        uploads=uploads and duty.unit_id in by.unit_ids(*broker_moves.HANDS_IN),
        publishes=signed and publishing.may_publish(by, unit=duty.unit_id, finance=duty.finance_id),
    )


def _lamp(told: DutyRow, now: datetime) -> tuple[str, str]:
    if told.state == DutyState.MISSING:
        return "red", _("逾期 %(days)d 天") % {"days": told.days_late}
    if told.state == DutyState.LATE:
        return "amber", _("迟 %(days)d 天") % {"days": told.days_late}
    if told.state == DutyState.NOT_DUE and told.due_at is not None:
        left = rules.days_left(told.due_at, now)
        return ("amber" if told.due_at <= now + rules.SOON else "grey"), (
            _("还有 %(days)d 天") % {"days": left} if left else _("今天到期")
        )
    return ("green" if told.state == DutyState.ON_TIME else "grey"), str(told.state.label)


def _said(facts: Mapping[str, Any]) -> str:
    if "before" in facts:
        return _("放假安排有变，期限由 %(before)s 改为 %(after)s。") % {
            name: str(facts[name] or "")[:10] for name in ("before", "after")
        }
    return _("期限到 %(due)s，没有公开。") % {"due": str(facts.get("due", ""))[:10]}


def _approval(duty: Duty, by: Officer) -> Ratification | None:
    """The approval that started this clock: of its department alone, or of all of them."""
    if duty.started_on is None:
        return None
    rows = Ratification.objects.visible_to(by).filter(
        finance_id=duty.finance_id, fiscal_year=duty.fiscal_year, version=duty.rule.version,
        ratifier=duty.rule.ratifier, on=duty.started_on,
    )  # fmt: skip
    above = BudgetUnit.objects.filter(unit_id=duty.unit_id).values("department__unit_id")
    mine = Q(department=None) | Q(department_id=duty.unit_id) | Q(department_id__in=above)
    return rows.filter(mine).order_by("department_id", "id").first()


def _approved(row: Ratification) -> Approval:
    return Approval(
        key=row.pk,
        finance=directory.unit(row.finance_id),
        department=directory.unit(row.department_id) if row.department_id else None,
        fiscal_year=row.fiscal_year,
        version=str(Version(row.version).label),
        ratifier=str(Ratifier(row.ratifier).label),
        on=row.on,
        doc_no=row.doc_no,
        at=row.at,
    )


def _rules(version: str, ratifier: str, on: date) -> Iterable[DutyRule]:
    current = Q(valid_to=None) | Q(valid_to__gte=on)
    return DutyRule.objects.filter(current, version=version, ratifier=ratifier, valid_from__lte=on).order_by("id")


def _followed(row: Ratification) -> list[Follow]:
    now = clocks.now()
    mine = Duty.objects.filter(
        finance_id=row.finance_id, fiscal_year=row.fiscal_year, rule__version=row.version,
        rule__ratifier=row.ratifier, started_on=row.on,
    )  # fmt: skip
    if row.department_id:
        below = BudgetUnit.objects.filter(department__unit_id=row.department_id).values("unit_id")
        mine = mine.filter(Q(unit_id=row.department_id) | Q(unit_id__in=below))
    sums = {
        "units": Count("id"),
        "done": Count("id", filter=Q(done_at__isnull=False, days_late=0)),
        "late": Count("id", filter=Q(done_at__isnull=False, days_late__gt=0)),
        "missing": Count("id", filter=Q(done_at=None, due_at__lte=now)),
    }
    rows: Iterable[Mapping[str, Any]] = mine.order_by().values("rule_id").annotate(**sums)
    counted = {found["rule_id"]: found for found in rows}
    finance = directory.unit(row.finance_id)
    return [
        _follow(rule, row.on, finance, counted[rule.pk])
        for rule in DutyRule.objects.filter(pk__in=list(counted)).order_by("id")
    ]


def _follow(rule: DutyRule, on: date, finance: UnitRef, many: Mapping[str, int]) -> Follow:
    deadline = rules.due(on, rule.amount, rule.counted_in, kernel.calendar(finance.region))
    more = {name: many.get(name, 0) for name in ("units", "done", "late", "missing")}
    return Follow(rule.code, rule.name, rule.basis, deadline, **more)
