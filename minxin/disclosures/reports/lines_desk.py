"""The desk of budget lines: a bureau's lines with their balances, one line's changes, what an act would do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.disclosures.models import Allotment, BudgetLine, BudgetUnit, Commitment, LineChange
from minxin.disclosures.models.line import number_of, ref_of
from minxin.disclosures.models.unopened import UNOPENED
from minxin.disclosures.reports import headings
from minxin.disclosures.reports.history import Step, happened
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import SIGNS, ChangeKind, Fund, PayMode, PlanStage, Scheme
from minxin.kernel import money
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

PAGE = 50
MOST_UNITS = 400
MOST_IDLE = 20
MOST_CODES = 500  # headings that one word may name
_BALANCES = ("approved_fen", "frozen_fen", "allotted_fen", "requested_fen", "paid_fen")
_IDLE = F("approved_fen") - F("frozen_fen") - F("requested_fen") - F("paid_fen")


@dataclass(frozen=True, slots=True)
class Balances:
    """What was approved and where it is now, in fen."""

    approved_fen: int = 0
    frozen_fen: int = 0
    allotted_fen: int = 0
    requested_fen: int = 0
    paid_fen: int = 0

    @property
    def free_fen(self) -> int:
        """Neither frozen nor allotted: what may be cut, frozen or planned."""
        return self.approved_fen - self.frozen_fen - self.allotted_fen

    @property
    def idle_fen(self) -> int:
        """Neither frozen nor asked for nor paid: what may be put to new use."""
        return self.approved_fen - self.frozen_fen - self.requested_fen - self.paid_fen


@dataclass(frozen=True, slots=True)
class Row:
    """A line with the words of its headings."""

    key: int
    ref: str
    year: int
    unit: UnitRef
    function: str
    function_name: str
    economic: str
    economic_name: str
    project: str
    fund: str
    mode: str
    section: str
    doc_no: str
    doc_on: date
    summary: str
    formed_year: int
    withheld: bool
    has: Balances

    @property
    def name(self) -> str:
        """What it is for, in a few words."""
        return " · ".join(filter(None, (self.function_name, self.economic_name, self.project)))


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which lines: of a year; `look` is "" (all), "carried" (formed in an earlier year) or "frozen"."""

    year: int
    unit: str = ""
    words: str = ""
    fund: str = ""
    look: str = ""


def years(by: Officer) -> list[int]:
    """1 query. The fiscal years in which this officer sees lines, the newest first."""
    rows = BudgetLine.objects.visible_to(by).order_by().values_list("year", flat=True).distinct()
    return sorted(rows, reverse=True)


def listing(by: Officer, narrow: Narrow, *, after: int | None = None) -> tuple[list[Row], int | None]:
    """1 query, 2 on a later page, and those of the headings. Lines by unit, and the key of the next page."""
    rows = _narrowed(by, narrow)
    last = BudgetLine.objects.visible_to(by).filter(pk=after).first() if after is not None else None
    if last is not None:
        rows = rows.filter(Q(unit_id__gt=last.unit_id) | Q(unit_id=last.unit_id, pk__gt=last.pk))
    found = list(rows.order_by("unit_id", "id")[: PAGE + 1])
    return [_row(line) for line in found[:PAGE]], found[PAGE - 1].pk if len(found) > PAGE else None


def sums(by: Officer, narrow: Narrow) -> tuple[int, Balances]:
    """1 query. How many lines there are, and their balances together."""
    found = _narrowed(by, narrow).aggregate(lines=Count("id"), **{name: Sum(name) for name in _BALANCES})
    return found.pop("lines"), Balances(**{name: value or 0 for name, value in found.items()})


def row(ref: str, *, by: Officer, field: str | None = None) -> Row:
    """1 query, and those of the headings. Absent when the officer may not see it; Refused for what is no ref."""
    year, number = number_of(ref, field=field)
    line = BudgetLine.objects.visible_to(by).filter(year=year, number=number).first()
    if line is None:
        raise Absent
    return _row(line)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a line's amount, signed; `counterpart` is the line at the other end."""

    key: int
    label: str
    on: date
    doc_no: str
    fen: int
    reason: str
    counterpart: str


@dataclass(frozen=True, slots=True)
class Page:
    """A line with its changes, the allotments of its months, its contracts, what was done, what may be done."""

    row: Row
    changes: Sequence[Change]
    months: Sequence[tuple[date, str, int]]  # month, document, fen
    contracts: int
    history: Sequence[Step]
    offers: Mapping[str, str]


def page(ref: str, *, by: Officer) -> Page:
    """5 queries, and those of the headings. Absent when the officer may not see the line."""
    try:
        year, number = number_of(ref)
    except Refused as refusal:
        raise Absent(sentence=refusal.sentence) from refusal
    line = BudgetLine.objects.visible_to(by).filter(year=year, number=number).first()
    if line is None:
        raise Absent
    changes = LineChange.objects.filter(line=line).select_related("counterpart").order_by("id")
    issued = Allotment.objects.filter(line=line, stage=PlanStage.ISSUED).order_by("month", "id")
    return Page(
        row=_row(line),
        changes=[_change(change) for change in changes],
        months=list(issued.values_list("month", "doc_no", "amount_fen")),
        contracts=Commitment.objects.filter(line=line).count(),
        history=happened(ledger.history(ref_of(line)), lambda event: _said(event.facts)),
        offers=offers(by, line.finance_id),
    )


def offers(by: Officer, finance_id: int) -> dict[str, str]:
    """What this officer may do with the bureau's lines: verb and its words."""
    return {verb: str(move.label) for verb, move in pipe.LINE.items() if pipe.may(move, by, finance_id=finance_id)}


def bureaus(by: Officer) -> list[UnitRef]:
    """1 query. The finance bureaus whose lines this officer keeps."""
    held = by.unit_ids(Role.BUDGET)
    rows = BudgetUnit.objects.visible_to(by).filter(finance_id__in=held).order_by("finance_id")
    return [directory.unit(key) for key in rows.values_list("finance_id", flat=True).distinct()]


def units(finance: UnitRef, *, by: Officer) -> list[tuple[str, str]]:
    """1 query. The bureau's budget units in force: (code of the directory, budget code and name), by budget code."""
    rows = BudgetUnit.objects.visible_to(by).filter(finance_id=finance.id, until_on=None).order_by("code")
    found = [(directory.unit(unit_id), code) for unit_id, code in rows.values_list("unit_id", "code")]
    return [(unit.code, f"{code} {unit.short}") for unit, code in found]


# --- what an act would do


@dataclass(frozen=True, slots=True)
class Part:
    """The share of a department in what would be opened or carried."""

    department: UnitRef
    units: int
    lines: int
    fen: int
    stays_fen: int = 0  # of a carry-over: asked for and not paid, so it is left where it is


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an act would open or carry, by department, the largest sums first; `lines_before` of the year are there."""

    finance: UnitRef
    year: int
    parts: Sequence[Part]
    units: int
    lines_before: int

    @property
    def lines(self) -> int:
        """How many."""
        return sum(part.lines for part in self.parts)

    @property
    def fen(self) -> int:
        """How much money."""
        return sum(part.fen for part in self.parts)

    @property
    def stays_fen(self) -> int:
        """How much is left behind."""
        return sum(part.stays_fen for part in self.parts)


_OPENING = f"""
SELECT department_id, count(DISTINCT unit_id), count(*), sum(fen)::bigint, 0 FROM ({UNOPENED}) u
GROUP BY department_id ORDER BY 4 DESC, 1
"""  # noqa: S608 - names of columns, no values
_CARRYING = """
SELECT coalesce(d.unit_id, l.unit_id) AS department_id, count(DISTINCT l.unit_id), count(*),
       sum(l.approved_fen - l.frozen_fen - l.requested_fen - l.paid_fen)::bigint, sum(l.requested_fen)::bigint
FROM disclosures_budgetline l
LEFT JOIN disclosures_budgetunit u ON u.unit_id = l.unit_id
LEFT JOIN disclosures_budgetunit d ON d.id = u.department_id
WHERE l.finance_id = %(finance)s AND l.year = %(year)s
  AND l.approved_fen - l.frozen_fen > l.requested_fen + l.paid_fen
GROUP BY 1 ORDER BY 4 DESC, 1
"""


def opening(finance: UnitRef, year: int) -> Outlook:
    """2 queries. What the published initial budget of a year would open."""
    return _outlook(finance, year, _OPENING, year)


def carrying(finance: UnitRef, year: int) -> Outlook:
    """2 queries. What the year before would leave to this one."""
    return _outlook(finance, year, _CARRYING, year - 1)


@dataclass(frozen=True, slots=True)
class Revival:
    """Idle money put to new use: from one line to another, by which document."""

    key: int
    on: date
    doc_no: str
    fen: int
    reason: str
    source: Row
    target: Row


def revivals(by: Officer, *, before: int | None = None) -> tuple[list[Revival], int | None]:
    """1 query, and those of the headings. The newest first, and the key of the next page."""
    lines = BudgetLine.objects.visible_to(by)
    rows = LineChange.objects.filter(kind=ChangeKind.REVIVE_OUT, line__in=lines).order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("line", "counterpart")[: PAGE + 1])
    told = [
        Revival(row.pk, row.on, row.doc_no, row.amount_fen, row.reason, _row(row.line), _row(row.counterpart))
        for row in found[:PAGE]
        if row.counterpart is not None
    ]
    return told, found[PAGE - 1].pk if len(found) > PAGE else None


def idle(finance: UnitRef, *, by: Officer) -> list[Row]:
    """1 query, and those of the headings. The bureau's lines of earlier money with the most of it idle."""
    rows = BudgetLine.objects.visible_to(by).filter(finance_id=finance.id, formed_year__lt=F("year"))
    found = rows.annotate(idle=_IDLE).filter(idle__gt=0).order_by("-year", "-idle", "id")[:MOST_IDLE]
    return [_row(line) for line in found]


def _narrowed(by: Officer, narrow: Narrow) -> QuerySet[BudgetLine]:
    rows = BudgetLine.objects.visible_to(by).filter(year=narrow.year)
    if narrow.unit:
        rows = rows.filter(unit_id__in=[unit.id for unit in directory.search_units(narrow.unit, limit=MOST_UNITS)])
    if narrow.fund:
        rows = rows.filter(fund=narrow.fund)
    if narrow.look == "carried":
        rows = rows.filter(formed_year__lt=narrow.year)
    elif narrow.look == "frozen":
        rows = rows.filter(frozen_fen__gt=0)
    for word in narrow.words.split():
        rows = rows.filter(_said_of(word, narrow.year))
    return rows


def _said_of(word: str, year: int) -> Q:
    """Lines that this word speaks of: a ref, a document, a project, a heading by code or name."""
    try:
        of, number = number_of(word)
        return Q(year=of, number=number)
    except Refused:
        pass
    found = Q(doc_no__icontains=word) | Q(project__icontains=word) | Q(summary__icontains=word)
    if word.isdecimal():
        return found | Q(function__startswith=word) | Q(economic__startswith=word)
    return (
        found
        | Q(function__in=_codes(Scheme.FUNCTION, word, year))
        | Q(economic__in=_codes(Scheme.ECONOMIC, word, year))
    )


def _codes(scheme: str, word: str, year: int) -> list[str]:
    """The codes of that year whose name, or that of a heading above, holds the word."""
    known = headings.of(scheme, year)
    named = tuple(code for code, heading in known.items() if word in heading.name)
    return [code for code in known if named and code.startswith(named)][:MOST_CODES]


def _row(line: BudgetLine) -> Row:
    return Row(
        key=line.pk,
        ref=ref_of(line),
        year=line.year,
        unit=directory.unit(line.unit_id),
        function=line.function,
        function_name=headings.name(Scheme.FUNCTION, line.function, line.year),
        economic=line.economic,
        economic_name=headings.name(Scheme.ECONOMIC, line.economic, line.year),
        project=line.project,
        fund=str(Fund(line.fund).label),
        mode=str(PayMode(line.mode).label),
        section=line.section,
        doc_no=line.doc_no,
        doc_on=line.doc_on,
        summary=line.summary,
        formed_year=line.formed_year,
        withheld=line.withheld,
        has=Balances(*(getattr(line, name) for name in _BALANCES)),
    )


def _change(row: LineChange) -> Change:
    kind = ChangeKind(row.kind)
    return Change(
        key=row.pk,
        label=str(kind.label),
        on=row.on,
        doc_no=row.doc_no,
        fen=SIGNS[kind] * row.amount_fen,
        reason=row.reason,
        counterpart=ref_of(row.counterpart) if row.counterpart else "",
    )


def _said(facts: Mapping[str, Any]) -> str:
    """An event's sum, document and reason, as far as it has them."""
    parts = [_("%(yuan)s 元") % {"yuan": money.written(int(facts["fen"]))}] if "fen" in facts else []
    parts += [str(facts[name]) for name in ("doc_no", "contract", "reason") if facts.get(name)]
    return " · ".join(parts)


def _outlook(finance: UnitRef, year: int, statement: str, of: int) -> Outlook:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"finance": finance.id, "year": of})
        rows: Iterable[tuple[int, int, int, int, int]] = cursor.fetchall()
    parts = [Part(directory.unit(key), units, lines, fen, stays) for key, units, lines, fen, stays in rows]
    before = BudgetLine.objects.get_queryset().filter(finance_id=finance.id, year=year).count()
    return Outlook(finance, year, parts, sum(part.units for part in parts), before)
