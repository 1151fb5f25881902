"""The desk's lists: what waits for an officer, most urgent first; every list and search starts from what he may see.

Queues start from small partial indexes (a unit's open assignments, a centre's open cases, pending signatures), never
from all cases, so that a page costs the same with a thousand cases in the database and with ten million.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from minxin.cases.models import Appeal, Assignment, Case, Clock, Custodian, DutyRow, Extension, Signature, SlipRow, Text
from minxin.cases.models.case import OVER, UNIT_ROLES, id_of, ref_of
from minxin.cases.rules import codes, desk, moves, routing
from minxin.cases.rules.desk import Lamp, Queue
from minxin.directory import reports as directory
from minxin.directory.rules import CENTRE, Officer, Role
from minxin.kernel import clocks, statements
from minxin.kernel.errors import Refused

PAGE = 50
SEARCHED = 40  # characters of a search that count
Source = QuerySet[Any, Any]
_NOBODYS = [0]  # in a statement that is kept: the cases asked for
_NOW = datetime.max.replace(tzinfo=UTC)  # in a statement that is kept: the moment it is asked


@dataclass(frozen=True, eq=False)
class Row:
    """One line of a list; the same object while nothing of it changes (`_told`), so its picture may be kept by it."""

    ref: str
    title: str
    kind: str
    stage: str
    unit: str
    due_at: datetime | None
    lamp: Lamp
    ask: str
    marks: tuple[str, ...]

    @property
    def due_day(self) -> str:
        """The due day in short: 11月5日."""
        return desk.short_due(self.due_at) if self.due_at else ""


@dataclass(frozen=True)
class Page:
    """Up to 50 rows and the key of the next page, empty on the last one."""

    rows: Sequence[Row]
    after: str


@dataclass(frozen=True)
class Count:
    """One queue with how many wait in it (at most 99 and a plus) and whether any of them is late."""

    queue: Queue
    number: int
    late: bool

    @property
    def shown(self) -> str:
        """0 to 99, or 99+."""
        return str(self.number) if self.number <= desk.CAP else f"{desk.CAP}+"


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; every field may be empty. `state` is open, over or all."""

    q: str = ""
    kind: str = ""
    stage: str = ""
    urgency: str = ""
    region: str = ""
    unit: int | None = None
    category: str = ""
    overdue: bool = False
    supervised: bool = False
    state: str = "open"


# --- queues


def counts(officer: Officer) -> list[Count]:
    """1 query whatever the number of queues and cases: no queue is counted beyond 99."""
    statement, values = _counting(officer, directory.superiors(officer), clocks.today())
    now = clocks.now()
    given = [now if value == _NOW else value for value in values]
    found = {row[0]: (row[1], bool(row[2])) for row in statements.rows(statement, given)} if statement else {}
    return [Count(queue, *found.get(queue.code, (0, False))) for queue in desk.queues_of(officer)]


@lru_cache(maxsize=1024)
def _counting(officer: Officer, _accused: frozenset[int], _on: date) -> tuple[str, tuple[object, ...]]:
    """The statement behind `counts`, written once for what an officer is on a day, so that the database keeps its plan.

    Beside its officer it depends on the tree (what may be accused) and on the day (which duties are in force).
    """
    parts, params = [], []
    for queue in desk.queues_of(officer):
        try:
            sql, values = source(queue, officer).values_list("due", "key")[: desk.CAP + 1].query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"SELECT %s AS code, count(*), bool_or(part.due < %s) FROM ({sql}) AS part (due, key)")  # noqa: S608 - SQL of the ORM
        params += [queue.code, _NOW, *values]
    return statements.planned(" UNION ALL ".join(parts), params)


def inbox(officer: Officer, queue: Queue, *, after: str = "", filters: Filters | None = None) -> Page:
    """2 queries, for 1 row and for 50: the keys of one page from the queue's index, then their rows.

    Most urgent first. `after` is the key of the last row seen; one that is malformed is the first page.
    """
    if after or (filters or Filters()) != Filters():
        found = list(_keys(officer, queue, after, filters or Filters()))
    else:
        found = statements.rows(*_first_keys(officer, queue.code, directory.superiors(officer), clocks.today()))
    page = found[:PAGE]
    dues = {case_id: due for case_id, due, _key_ in page}
    shown = rows(officer, [row[0] for row in page], queue=queue, dues=dues)
    last = page[-1] if page else None
    return Page(shown, f"{last[1].timestamp():.6f}~{last[2]}" if last and len(found) > PAGE else "")


def _keys(officer: Officer, queue: Queue, after: str, filters: Filters) -> Source:
    """(case, due, key) of a page and one more."""
    narrowed = source(queue, officer)
    conditions = _conditions(filters, prefix="" if queue.source in _FROM_CASES else "case__")
    if conditions is not None:
        narrowed = narrowed.filter(conditions)
    if (place := _key(after)) is not None:
        moment, key = place
        narrowed = narrowed.filter(due__gte=moment).filter(Q(due__gt=moment) | Q(key__gt=key))
    return narrowed.order_by("due", "key").values_list("case_key", "due", "key")[: PAGE + 1]


@lru_cache(maxsize=4096)
def _first_keys(officer: Officer, code: str, _accused: frozenset[int], _on: date) -> tuple[str, tuple[object, ...]]:
    """The statement behind a queue's first page, kept like that of `counts`."""
    asked = _keys(officer, desk.BY_CODE[code], "", Filters())
    try:
        return statements.planned(*asked.query.sql_with_params())
    except EmptyResultSet:
        return "SELECT 0, now(), 0 WHERE false", ()


def next_ref(officer: Officer, queue: Queue, *, done: str) -> tuple[str, bool]:
    """1 query. The most urgent case left in the queue, and whether the one just worked on is still in it."""
    found = source(queue, officer).order_by("due", "key").values_list("case_key", flat=True)[: PAGE + 1]
    keys = list(dict.fromkeys(found))
    mine = id_of(done)
    if mine in keys:
        return done, True
    return (ref_of(keys[0]) if keys else ""), False


def source(queue: Queue, officer: Officer) -> Source:
    """The rows behind a queue, annotated `case_key`, `due`, `key`; all of them within `visible_to(officer)`."""
    return _SOURCES[queue.source](queue, officer)


def _open_cases() -> Source:
    return Case.objects.exclude(lane=codes.Lane.SEALED).exclude(stage__in=OVER)


def _as_cases(rows: Source) -> Source:
    named: Source = rows.annotate(case_key=F("id"), due=F("due_at"), key=F("id"))
    return named


def _centre(queue: Queue, officer: Officer) -> Source:
    units = officer.unit_ids(*queue.roles)
    return _as_cases(_open_cases().filter(centre_id__in=units, stage__in=queue.stages))


def _triage(queue: Queue, officer: Officer) -> Source:
    """Accepted, and no unit in the duty catalogue fits: never sent on in silence."""
    today = clocks.today()
    fits = (
        DutyRow.objects.filter(valid_from__lte=today)
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=today))
        .annotate(at_category=Cast(OuterRef("category"), TextField()), at_region=Cast(OuterRef("region"), TextField()))
        .filter(at_category__startswith=F("category"), at_region__startswith=_Stem(F("region")))
    )
    return _centre(queue, officer).exclude(Exists(fits))


def _unit(queue: Queue, officer: Officer) -> Source:
    found = Assignment.objects.filter(unit_id__in=officer.unit_ids(*queue.roles), state__in=sorted(codes.OPEN_WORK))
    found = found.filter(_WORK[queue.code]).exclude(case__lane=codes.Lane.SEALED)
    return found.annotate(case_key=F("case_id"), due=F("due_at"), key=F("id"))


_LEAD = Q(part=codes.Part.LEAD)
_WORK = {
    "to_sign": _LEAD & Q(state=codes.Work.TO_SIGN),
    "handling": _LEAD & Q(state=codes.Work.HANDLING) & ~Q(case__stage=codes.Stage.ASKING),
    "asking": _LEAD & Q(state=codes.Work.HANDLING, case__stage=codes.Stage.ASKING),
    "signing": _LEAD & Q(state=codes.Work.COUNTERSIGN),
    "below": _LEAD & Q(state=codes.Work.PASSED_DOWN),
    "assist": Q(part=codes.Part.ASSIST),
}


def _signature(queue: Queue, officer: Officer) -> Source:
    """The first pending step of a chain, where it is this officer's."""
    section, leader, head = (officer.unit_ids(role) for role in (Role.SECTION, Role.LEADER, Role.HEAD))
    mine = Q(step=codes.Step.SECTION, unit_id__in=section) | Q(step=codes.Step.LEADER, unit_id__in=leader)
    mine |= Q(step=codes.Step.HEAD, unit_id__in=head) | Q(step=codes.Step.SUPERIOR, unit_id__in=leader | head)
    pending = Signature.objects.filter(decision=codes.Decision.PENDING)
    earlier = pending.filter(assignment=OuterRef("assignment"), draft=OuterRef("draft"), order__lt=OuterRef("order"))
    found = pending.filter(mine, ~Exists(earlier)).exclude(case__lane=codes.Lane.SEALED)
    return found.annotate(case_key=F("case_id"), due=F("assignment__due_at"), key=F("id"))


def _sealed(_queue: Queue, officer: Officer) -> Source:
    posts = [duty.post_id for duty in officer.duties if duty.role == Role.DISCIPLINE]
    named = Custodian.objects.filter(post_id__in=posts).values("case_id")
    visible = Case.objects.visible_to(officer).filter(pk__in=named, lane=codes.Lane.SEALED)
    return _as_cases(visible.exclude(stage__in=OVER))


def _appeal(queue: Queue, officer: Officer) -> Source:
    found = Appeal.objects.filter(unit_id__in=officer.unit_ids(*queue.roles), decision=codes.Decision.PENDING)
    found = found.filter(tier=codes.Tier.STARS) if queue.source == "stars" else found.exclude(tier=codes.Tier.STARS)
    found = found.exclude(case__lane=codes.Lane.SEALED)
    return found.annotate(case_key=F("case_id"), due=F("at"), key=F("id"))


def _extension(queue: Queue, officer: Officer) -> Source:
    """Asked of the centre: cases of this centre."""
    mine = Q(case__centre_id__in=officer.unit_ids(*queue.roles))
    return _extensions(mine)


def _grant(queue: Queue, officer: Officer) -> Source:
    """Asked of the unit above: what it passed down, and cases it answers for."""
    mine = officer.unit_ids(*queue.roles)
    above = Q(assignment__parent__unit_id__in=mine, assignment__parent__state=codes.Work.PASSED_DOWN)
    return _extensions(above | Q(case__superior_id__in=mine))


def _extensions(mine: Q) -> Source:
    found = Extension.objects.filter(mine, decision=codes.Decision.PENDING).exclude(case__lane=codes.Lane.SEALED)
    return found.annotate(case_key=F("case_id"), due=F("case__due_at"), key=F("id"))


def _slip(queue: Queue, officer: Officer) -> Source:
    """Slips to answer while the unit has the case; the newest of a case stands for all of them."""
    found = SlipRow.objects.filter(unit_id__in=officer.unit_ids(*queue.roles), answered_at__isnull=True)
    found = found.filter(slip__in=desk.TO_ANSWER, case__stage__in=sorted(moves.AT_UNIT))
    newer = SlipRow.objects.filter(
        case=OuterRef("case"),
        unit=OuterRef("unit"),
        answered_at__isnull=True,
        slip__in=desk.TO_ANSWER,
        id__gt=OuterRef("id"),
    )
    found = found.filter(~Exists(newer)).exclude(case__lane=codes.Lane.SEALED)
    return found.annotate(case_key=F("case_id"), due=F("case__due_at"), key=F("id"))


_SOURCES: dict[str, Callable[[Queue, Officer], Source]] = {
    "centre": _centre,
    "triage": _triage,
    "unit": _unit,
    "signature": _signature,
    "sealed": _sealed,
    "appeal": _appeal,
    "stars": _appeal,
    "extension": _extension,
    "grant": _grant,
    "slip": _slip,
}
_FROM_CASES = {"centre", "triage", "sealed"}


class _Stem(Func):
    """`routing.significant` in SQL: what every region inside this one begins with."""

    output_field = TextField()
    template = (
        "CASE WHEN length(%(expressions)s) > 6 THEN rtrim(%(expressions)s, '0') "
        "ELSE regexp_replace(%(expressions)s, '(00)+$', '') END"
    )


def _key(written: str) -> tuple[datetime, int] | None:
    moment, _tilde, key = written.partition("~")
    try:
        return datetime.fromtimestamp(float(moment), clocks.ZONE), int(key)
    except (ValueError, OverflowError, OSError):
        return None


# --- lists and search over everything one may see


def listing(officer: Officer, filters: Filters, *, before: str = "") -> Page:
    """2 queries. Everything the officer may see, newest first, 50 to a page; `before` is the last ref seen."""
    visible = reach(officer)
    conditions = _conditions(filters)
    return paged(officer, visible if conditions is None else visible.filter(conditions), before=before)


def paged(officer: Officer, cases: Source, *, before: str = "") -> Page:
    """2 queries. One page of these cases, newest first; `before` is the last ref seen, a bad one ends the list."""
    if before:
        try:
            cases = cases.filter(pk__lt=id_of(before))
        except Refused:
            return Page([], "")
    keys = list(cases.order_by("-pk").values_list("pk", flat=True)[: PAGE + 1])
    return Page(rows(officer, keys[:PAGE]), ref_of(keys[PAGE - 1]) if len(keys) > PAGE else "")


def reach(officer: Officer) -> Source:
    """`visible_to`, begun at the officer's own assignments where no region narrows it, so that it never scans all."""
    visible = Case.objects.visible_to(officer)
    if officer.has(*CENTRE, Role.OBSERVER):
        return visible
    chiefs = officer.unit_ids(Role.LEADER, Role.HEAD)
    assigned = Q(unit_id__in=officer.unit_ids(*UNIT_ROLES))
    for path in officer.paths(Role.LEADER, Role.HEAD):
        assigned |= Q(unit__path__startswith=path)
    posts = [duty.post_id for duty in officer.duties]
    keys = Assignment.objects.filter(assigned).values("case_id")
    others = (
        Case.objects.filter(superior_id__in=chiefs).values("id"),
        Custodian.objects.filter(post_id__in=posts).values("case_id"),
    )
    return visible.filter(pk__in=keys.union(*others))


def exported(officer: Officer, filters: Filters, *, most: int = 5_000) -> list[Row]:
    """2 queries for each 1,000 rows. The rows of a list for its sheet, newest first, at most `most`."""
    conditions = _conditions(filters)
    visible = reach(officer) if conditions is None else reach(officer).filter(conditions)
    keys = list(visible.order_by("-pk").values_list("pk", flat=True)[:most])
    found: list[Row] = []
    for start in range(0, len(keys), 1_000):
        found += rows(officer, keys[start : start + 1_000])
    return found


def queue_exported(officer: Officer, queue: Queue, *, most: int = 5_000) -> list[Row]:
    """2 queries for each 1,000 rows. The rows of a queue for its sheet, most urgent first."""
    dues = dict(source(queue, officer).order_by("due", "key").values_list("case_key", "due")[:most])
    keys = list(dues)
    found: list[Row] = []
    for start in range(0, len(keys), 1_000):
        found += rows(officer, keys[start : start + 1_000], queue=queue, dues=dues)
    return found


def _conditions(filters: Filters, prefix: str = "") -> Q | None:
    """The filters as one condition; None when nothing is narrowed."""
    plain = {name: getattr(filters, name) for name in ("kind", "stage", "urgency") if getattr(filters, name)}
    if filters.region:
        plain["region__startswith"] = routing.significant(filters.region)
    if filters.category:
        plain["category__startswith"] = filters.category
    if filters.unit:
        plain["lead_id"] = filters.unit
    if filters.overdue:
        plain["due_at__lt"] = clocks.now()
    wanted = Q(**{prefix + name: value for name, value in plain.items()})
    if filters.overdue or (filters.state == "open" and not filters.stage):
        wanted &= ~Q(**{prefix + "stage__in": OVER})
    elif filters.state == "over":
        wanted &= Q(**{prefix + "stage__in": OVER})
    if filters.supervised:
        wanted &= ~Q(**{prefix + "supervision": ""})
    if filters.q:
        wanted &= _found(filters.q[:SEARCHED], prefix)
    return wanted or None


def _found(words: str, prefix: str) -> Q:
    """By number, or every word in the title or in the centre's digest; two characters or more by index."""
    try:
        return Q(**{prefix + "pk": id_of(words)})
    except Refused:
        pass
    wanted = Q()
    for word in words.split():
        titles, digests = Case.objects.all(), Text.objects.filter(words=codes.Words.DIGEST, body__icontains=word)
        if len(word) > 1:
            titles = titles.filter(_Holds(F("title"), F("digest_title"), pairs=_pairs(word)))
            digests = digests.filter(_Holds(F("body"), pairs=_pairs(word)))
        titles = titles.filter(Q(title__icontains=word) | Q(digest_title__icontains=word))
        wanted &= Q(**{prefix + "pk__in": titles.values("pk").union(digests.values("case_id"))})
    return wanted


def _pairs(word: str) -> str:
    """Every two neighbouring characters of the word, as a text search query that needs no parser."""
    pairs = (left + right for left, right in pairwise(word.lower()))
    return " & ".join("'" + pair.replace("\\", "\\\\").replace("'", "''") + "'" for pair in pairs)


class _Among(Func):
    """Whether a number is one of these, which are one value: the plan is the same for one and for fifty.

    Planned for a few, it looks each case up by its key; planned for fifty, it would read all that a unit ever had.
    """

    output_field = BooleanField()
    template = "%(expressions)s)"
    arg_joiner = " = ANY("


class _Holds(Func):
    """Whether the texts hold all these pairs; spelt as its index is (migration `desk_search`)."""

    output_field = BooleanField()

    def __init__(self, *texts: F, pairs: str) -> None:
        kept = Func(*texts, function="cases_pairs", output_field=TextField())
        asked = Func(Value(pairs), template="%(expressions)s::tsquery", output_field=TextField())
        super().__init__(kept, asked, template="%(expressions)s", arg_joiner=" @@ ")


# --- rows


class _Line(NamedTuple):
    """What a row is made of."""

    id: int
    kind: str
    lane: str
    stage: str
    urgency: str
    category: str
    title: str
    digest_title: str
    lead_id: int | None
    centre_id: int
    due_at: datetime
    anonymous: bool
    contacted_at: datetime | None
    resolution: str
    supervision: str
    redos: int
    conflict_reason: str
    clock_due: datetime | None  # of the queue's clock
    has_answer: bool
    has_report: bool
    assisting: str | None  # the state of the officer's part beside the lead


def rows(
    officer: Officer, keys: Sequence[int], *, queue: Queue | None = None, dues: dict[int, datetime] | None = None
) -> list[Row]:
    """1 query. The rows of these cases in this order; one the officer may not see is left out."""
    if not keys:
        return []
    lines = _kept_lines(officer, queue, keys)
    found = {line.id: line for line in lines}
    units = directory.units_by_id({key for line in lines for key in (line.lead_id, line.centre_id) if key})
    asked = _Asked(queue, units, clocks.now(), get_language())
    return [_row(found[key], (dues or {}).get(key), asked) for key in dict.fromkeys(keys) if key in found]


def _kept_lines(officer: Officer, queue: Queue | None, keys: Sequence[int]) -> list[_Line]:
    code = queue.code if queue else ""
    statement, values = _page_of_lines(officer, code, directory.superiors(officer), clocks.today())
    given = [list(keys) if value == _NOBODYS else value for value in values]
    return [_Line(*line) for line in statements.rows(statement, given)]


@lru_cache(maxsize=4096)
def _page_of_lines(officer: Officer, code: str, _accused: frozenset[int], _on: date) -> tuple[str, tuple[object, ...]]:
    """The statement behind a page of rows, kept like that of `counts`."""
    asked = _lines(officer, desk.BY_CODE.get(code), _NOBODYS)
    return statements.planned(*asked.query.sql_with_params())


def _lines(officer: Officer, queue: Queue | None, keys: Sequence[int]) -> Source:
    running: Value | Subquery = Value(None, DateTimeField())
    answer: Value | Exists = Value(False)
    report: Value | Exists = Value(False)
    work: Value | Subquery = Value("", TextField())
    if queue and queue.clock:
        clock = Clock.objects.filter(case_id=OuterRef("pk"), code=queue.clock, stopped_at__isnull=True)
        running = Subquery(clock.order_by("-id").values("due_at")[:1])
    if queue and queue.code == "handling":
        answer, report = _wrote(codes.Words.ANSWER), _wrote(codes.Words.REPORT)
    if queue and queue.code == "assist":
        work = Subquery(_assisting(officer).values("state")[:1])
    asked = Case.objects.visible_to(officer).filter(_Among(F("pk"), Value(list(keys), ArrayField(BigIntegerField()))))
    asked = asked.annotate(clock_due=running, has_answer=answer, has_report=report, assisting=work)
    return asked.values_list(*_Line._fields)


def _wrote(words: codes.Words) -> Exists:
    return Exists(Text.objects.filter(case_id=OuterRef("pk"), words=words))


def _assisting(officer: Officer) -> QuerySet[Assignment]:
    """The officer's units' open part in a case, beside the lead."""
    work = Assignment.objects.filter(case_id=OuterRef("pk"), part=codes.Part.ASSIST, unit_id__in=officer.unit_ids())
    return work.filter(state__in=codes.OPEN_WORK).order_by("id")


class _Asked(NamedTuple):  # what the rows of one list share
    queue: Queue | None
    units: dict[int, Any]
    now: datetime
    language: str | None


def _row(case: _Line, due: datetime | None, asked: _Asked) -> Row:
    queue, units, now, language = asked
    of_work = due if queue and queue.source in {"unit", "signature"} else None
    due_at: datetime | None = case.clock_due or of_work or case.due_at
    if queue is None and case.stage in {codes.Stage.RATING, codes.Stage.REASSESS, codes.Stage.APPEAL}:
        due_at = None
    unit = units.get(case.lead_id or 0) or units.get(case.centre_id)
    lamp = desk.lamp(stage=case.stage, due_at=due_at, now=now, language=language)
    return _told(case, queue.code if queue else "", unit.short if unit else "", due_at, lamp, language)


@lru_cache(maxsize=4096)
def _told(case: _Line, code: str, unit: str, due_at: datetime | None, lamp: Lamp, _language: str | None) -> Row:
    """Said once for as long as nothing of it changes: a list is opened again after every case."""
    return Row(
        ref=ref_of(case.id),
        title=case.digest_title or case.title,
        kind=desk.kind_label(case.kind),
        stage=desk.stage_label(case.stage),
        unit=unit,
        due_at=due_at,
        lamp=lamp,
        ask=_ask(case, desk.BY_CODE.get(code)),
        marks=_marks(case),
    )


def _ask(case: _Line, queue: Queue | None) -> str:
    """The verb asked of the reader in this queue; on a plain list where the case stands."""
    if queue is None or (queue.code == "sealed" and case.stage != codes.Stage.ACCEPTED):
        return desk.stage_label(case.stage)
    if queue.waits:
        return str(queue.waits)
    verb = queue.ask
    if queue.code == "handling":
        contacted, found = case.contacted_at is not None, bool(case.resolution)
        verb = desk.next_step(desk.Done(case.anonymous, contacted, found, case.has_answer, case.has_report))
    elif queue.code == "dispatch" and not (case.digest_title and case.category):
        verb = "classify" if case.digest_title else "condense"
    elif queue.code == "assist":
        verb = desk.assisting_step(case.assisting or "")
    return desk.verb_label(verb)


def _marks(case: _Line) -> tuple[str, ...]:
    """Short words beside the title: what makes this one different."""
    marks = []
    if case.urgency in {codes.Urgency.CRITICAL, codes.Urgency.URGENT}:
        marks.append(str(codes.Urgency(case.urgency).label))
    if case.supervision in {codes.Slip.YELLOW, codes.Slip.RED, codes.Slip.LISTED, codes.Slip.ESCALATED}:
        marks.append(str(codes.Slip(case.supervision).label))
    if case.redos:
        marks.append(_("重办 %(n)d 次") % {"n": case.redos})
    if case.conflict_reason:
        marks.append(_("回避例外"))
    if case.lane != codes.Lane.OPEN:
        marks.append(str(codes.Lane(case.lane).label))
    return tuple(marks)
