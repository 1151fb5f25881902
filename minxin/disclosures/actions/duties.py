"""Duties to publish: an approval starts their clocks, a publication fulfils them, lateness goes on record by itself."""

from collections.abc import Collection
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from minxin.directory import reports as directory
from minxin.directory.rules import SYSTEM, Officer, UnitRef
from minxin.disclosures.models import BudgetUnit, Duty, DutyRule, Publication, Ratification
from minxin.disclosures.rules import duties as rules
from minxin.disclosures.rules.codes import Ratifier, Version
from minxin.kernel import clocks, text
from minxin.kernel import reports as kernel
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


@transaction.atomic
def ratify(
    *,
    finance: str,
    fiscal_year: int,
    version: str,
    ratifier: str,
    on: date,
    doc_no: str,
    department: str = "",
    by: Officer,
) -> Ratification:
    """登记批准（批复）: a budget or final account was approved on that day; the clocks that wait for it start.

    The congress's approval also makes the duties of departments and units, which then wait for theirs. Without
    `department` the approval of finance or departments holds for all of them. Raises Refused (`twice`, `future`,
    `forbidden`, `invalid`).
    """
    bureau = _bureau(finance, by)
    if on > clocks.today():
        raise Refused("future", _("批准日期不能晚于今天。"), field="on")
    doc_no = text.clean(doc_no, limit=60, field="doc_no")
    if not doc_no:
        raise Refused("needed", _("请填写批准文件的文号。"), field="doc_no")
    above = _department(bureau, department, ratifier) if department else None
    try:
        with transaction.atomic():
            row = Ratification.objects.create(
                finance_id=bureau.id,
                department_id=above.id if above else None,
                fiscal_year=fiscal_year,
                version=Version(version),
                ratifier=Ratifier(ratifier),
                on=on,
                doc_no=doc_no,
                at=clocks.now(),
            )
    except IntegrityError as error:
        raise Refused("twice", _("这项批准已经登记过，不用再登记。"), field="ratifier") from error
    if row.ratifier == Ratifier.CONGRESS:
        _expect(bureau, row)
    started = _start(bureau, row)
    facts = {"year": fiscal_year, "version": version, "ratifier": ratifier, "on": on, "doc_no": doc_no}
    facts |= {"department": above.code if above else "", "duties": started}
    ledger.record(stream=f"unit:{bureau.code}", verb="ratify", by=by, facts=facts)
    return row


def fulfil(publication: Publication, units: Collection[int]) -> int:
    """Inside the transaction that publishes: the duties of these units that this publication does; how many.

    The first publication counts; a correction changes nothing.
    """
    rows = list(
        Duty.objects.select_for_update(of=("self",))
        .filter(
            rule__template=publication.template,
            rule__version=publication.version,
            fiscal_year=publication.fiscal_year,
            unit_id__in=units,
            done_at__isnull=True,
        )
        .order_by("id")
    )
    for row in rows:
        row.done_at, row.publication = publication.published_at, publication
        row.days_late = rules.days_late(row.due_at, publication.published_at) if row.due_at else 0
    Duty.objects.bulk_update(rows, ["done_at", "publication", "days_late"])
    return len(rows)


@app.periodic(cron="5 16 * * *")  # UTC: 00:05 in Beijing
@app.task(name="disclosures.watch_duties", queueing_lock="disclosures.watch_duties")
def watch(timestamp: int = 0) -> int:
    """Every night: each duty whose time has run out goes on record once (verb `miss`); how many did.

    The event is what a floor above may turn into a supervised case: it names unit, duty, year, due day.
    """
    now = clocks.now()
    with transaction.atomic():
        running = Duty.objects.filter(done_at__isnull=True, missed_at__isnull=True, due_at__lte=now)
        rows = list(running.select_related("rule").select_for_update(of=("self",), skip_locked=True).order_by("id"))
        for row in rows:
            row.missed_at = now
            _record(row, "miss", SYSTEM, due=_local(row.due_at))
        Duty.objects.bulk_update(rows, ["missed_at"])
    return len(rows)


@app.periodic(cron="*/10 * * * *")
@app.task(name="disclosures.recompute_duties", queueing_lock="disclosures.recompute_duties")
def recompute(timestamp: int = 0) -> int:
    """Reckon open duties anew when the calendar has changed; both moments go on record; how many moved."""
    moved = 0
    with transaction.atomic():
        open_rows = Duty.objects.filter(done_at__isnull=True, started_on__isnull=False).select_related("rule")
        for row in open_rows.select_for_update(of=("self",)).order_by("id"):
            calendar = kernel.calendar(directory.unit(row.finance_id).region)
            if row.calendar_version == calendar.version or row.started_on is None:
                continue
            before = row.due_at
            _reckon(row, row.rule, row.started_on)
            row.save(update_fields=["due_at", "provisional", "calendar_version"])
            if row.due_at != before:
                moved += 1
                _record(row, "recompute", SYSTEM, before=_local(before), after=_local(row.due_at))
    return moved


def _bureau(finance: str, by: Officer) -> UnitRef:
    bureau = directory.unit(finance)
    if by.kind != "system" and bureau.id not in by.unit_ids(*rules.RATIFIES):
        if bureau.id not in by.unit_ids():
            raise Absent
        raise Refused("forbidden", _("批准由财政部门的业务科室登记。"))
    if not BudgetUnit.objects.filter(finance_id=bureau.id).exists():
        raise Refused("forbidden", _("批准由财政部门的业务科室登记。"))
    return bureau


def _department(bureau: UnitRef, code: str, ratifier: str) -> UnitRef:
    """The department whose budget alone was approved."""
    if ratifier == Ratifier.CONGRESS:
        raise Refused("invalid", _("人大批准的是整个预算或决算，不分部门，请选择全部部门。"), field="department")
    above = directory.unit(code)
    if not BudgetUnit.objects.filter(finance_id=bureau.id, unit_id=above.id, department=None).exists():
        raise Refused("invalid", _("这个单位不是本级财政的部门，请从列表里选择。"), field="department")
    return above


def _expect(bureau: UnitRef, row: Ratification) -> None:
    """Make every duty that this year's budget or account brings, waiting for its own approval."""
    made = [
        Duty(rule=rule, unit_id=unit_id, finance_id=bureau.id, fiscal_year=row.fiscal_year)
        for rule in DutyRule.objects.filter(version=row.version, **_in_force(row.on))
        for unit_id in _units(bureau, rule.scope, None)
    ]
    Duty.objects.bulk_create(made, ignore_conflicts=True)


def _start(bureau: UnitRef, row: Ratification) -> int:
    started: list[Duty] = []
    for rule in DutyRule.objects.filter(version=row.version, ratifier=row.ratifier, **_in_force(row.on)):
        units = _units(bureau, rule.scope, row.department_id)
        missing = [Duty(rule=rule, unit_id=key, finance_id=bureau.id, fiscal_year=row.fiscal_year) for key in units]
        Duty.objects.bulk_create(missing, ignore_conflicts=True)
        for duty in Duty.objects.select_for_update().filter(
            rule=rule, unit_id__in=units, fiscal_year=row.fiscal_year, started_on__isnull=True
        ):
            duty.started_on = row.on
            _reckon(duty, rule, row.on)
            if duty.done_at and duty.due_at:
                duty.days_late = rules.days_late(duty.due_at, duty.done_at)
            started.append(duty)
    Duty.objects.bulk_update(started, ["started_on", "due_at", "provisional", "calendar_version", "days_late"])
    return len(started)


def _reckon(duty: Duty, rule: DutyRule, on: date) -> None:
    deadline = rules.due(on, rule.amount, rule.counted_in, kernel.calendar(directory.unit(duty.finance_id).region))
    duty.due_at, duty.provisional = deadline.due_at, deadline.provisional
    duty.calendar_version = deadline.calendar_version


def _units(bureau: UnitRef, scope: str, department: int | None) -> list[int]:
    """The units (ids) a rule of this scope speaks of: the bureau itself, departments, or units below departments."""
    if scope == "government":
        return [bureau.id]
    rows = BudgetUnit.objects.public().filter(finance_id=bureau.id, until_on__isnull=True)
    rows = rows.filter(department__isnull=scope == "department")
    if department is not None:
        rows = rows.filter(unit_id=department) if scope == "department" else rows.filter(department__unit_id=department)
    return list(rows.values_list("unit_id", flat=True))


def _in_force(on: date) -> dict[str, object]:
    """The filter for rules in force on a day; the rules of a closed period end with `valid_to`."""
    current = [rule.pk for rule in DutyRule.objects.all() if rule.valid_from <= on <= (rule.valid_to or date.max)]
    return {"pk__in": current}


def _record(duty: Duty, verb: str, by: Officer, **facts: object) -> None:
    unit = directory.unit(duty.unit_id)
    ledger.record(
        stream=f"duty:{unit.code}:{duty.rule.code}:{duty.fiscal_year}",
        verb=verb,
        by=by,
        facts={"unit": unit.code, "duty": duty.rule.code, "year": duty.fiscal_year, **facts},
    )


def _local(moment: datetime | None) -> datetime | None:
    """The database gives UTC; on record a due moment stands as people read it."""
    return moment.astimezone(clocks.ZONE) if moment else None
