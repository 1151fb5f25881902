"""Budget lines with their balances, for those whose desk they are on."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.disclosures.models import Allotment, BudgetLine, BudgetUnit
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.reports import headings
from minxin.disclosures.rules.codes import Fund, PayMode, PlanStage, Scheme
from minxin.kernel import clocks
from minxin.kernel.errors import Absent

MOST_LINES = 400  # of one unit on a page; more are narrowed by heading or words


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line (指标): what it is for and its balances in fen."""

    ref: str
    unit: UnitRef
    doc_no: str
    function: str
    economic: str
    project: str
    fund: str
    mode: PayMode
    formed_year: int
    approved_fen: int
    frozen_fen: int
    allotted_fen: int
    requested_fen: int
    paid_fen: int


def of_year(year: int, *, finance: str = "", unit: str = "", by: Officer) -> list[LineRow]:
    """1 query. The lines of a fiscal year that this officer may see, of one bureau or unit (codes); by unit."""
    rows = BudgetLine.objects.visible_to(by).filter(year=year)
    if finance:
        rows = rows.filter(finance_id=directory.unit(finance).id)
    if unit:
        rows = rows.filter(unit_id=directory.unit(unit).id)
    units = directory.tree().by_id
    return [
        LineRow(
            ref_of(line), units[line.unit_id], line.doc_no, line.function, line.economic, line.project, line.fund,
            PayMode(line.mode), line.formed_year, line.approved_fen, line.frozen_fen, line.allotted_fen,
            line.requested_fen, line.paid_fen,
        )
        for line in rows.order_by("unit_id", "function", "economic", "id")
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Own:
    """A budget unit whose lines an officer may see: its budget code, its bureau, the section that reviews it."""

    unit: UnitRef
    code: str
    finance_id: int
    section: str


def units(by: Officer, *roles: Role) -> list[Own]:
    """1 query. The budget units where this officer holds one of `roles` (any post when none is given), by code."""
    there = by.unit_ids(*roles)
    return [_own(row) for row in BudgetUnit.objects.visible_to(by).filter(unit_id__in=there).order_by("code")]


def unit(code: str, *, by: Officer) -> Own:
    """1 query. One budget unit by its code in the directory. Absent when the officer may not see it."""
    row = BudgetUnit.objects.visible_to(by).filter(unit_id=directory.unit(code).id).first()
    if row is None:
        raise Absent
    return _own(row)


def sections(by: Officer, *roles: Role) -> list[str]:
    """1 query. The sections (业务科室) of the bureaus where this officer holds one of `roles`."""
    rows = BudgetUnit.objects.visible_to(by).filter(finance_id__in=by.unit_ids(*roles)).order_by("section")
    return list(rows.values_list("section", flat=True).distinct())


def years(own: Own, *, by: Officer) -> list[int]:
    """1 query. The fiscal years in which a unit has lines, the newest first."""
    rows = BudgetLine.objects.visible_to(by).filter(unit_id=own.unit.id).order_by()
    return sorted(rows.values_list("year", flat=True).distinct(), reverse=True)


@dataclass(frozen=True, slots=True)
class DeskLine:
    """A unit's line with the words of its headings and its balances in fen; `planned` waits to be issued."""

    ref: str
    year: int
    function: str
    function_name: str
    economic: str
    economic_name: str
    project: str
    fund: str
    mode: PayMode
    section: str
    doc_no: str
    summary: str
    formed_year: int
    approved_fen: int
    frozen_fen: int
    allotted_fen: int
    planned_fen: int
    requested_fen: int
    paid_fen: int

    @property
    def to_allot_fen(self) -> int:
        """What may still be planned."""
        return self.approved_fen - self.frozen_fen - self.allotted_fen - self.planned_fen

    @property
    def to_request_fen(self) -> int:
        """What may be asked for now."""
        return self.allotted_fen - self.requested_fen - self.paid_fen

    @property
    def payable(self) -> bool:
        """Whether a request may name it: it is of this fiscal year, and something is left."""
        return self.year == clocks.today().year and self.to_request_fen > 0

    @property
    def name(self) -> str:
        """What it is for, in a few words."""
        return " · ".join(filter(None, (self.function_name, self.economic_name, self.project)))


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a unit in a year, their sums, whether there are more, and by which headings they divide."""

    rows: Sequence[DeskLine]
    more: int
    functions: Sequence[tuple[str, str]]

    def sum(self, column: str) -> int:
        """The sum of a balance over the rows shown, in fen."""
        return sum(getattr(row, column) for row in self.rows)


def desk(own: Own, *, year: int, function: str = "", words: str = "", by: Officer) -> Lines:
    """1 query and those of the headings. A unit's lines with their balances, of one 类 or with these words."""
    open_plans = Allotment.objects.filter(
        line=OuterRef("pk"), stage__in=[PlanStage.SUBMITTED, PlanStage.APPROVED]
    ).order_by()
    planned = open_plans.values("line").annotate(fen=Sum("amount_fen")).values("fen")
    lines = BudgetLine.objects.visible_to(by).filter(year=year, unit_id=own.unit.id)
    found = lines.annotate(planned_fen=Coalesce(Subquery(planned), 0)).order_by("function", "economic", "project", "id")
    rows = [_desk_line(line) for line in found]
    classes = {row.function[:3]: headings.name(Scheme.FUNCTION, row.function[:3], year) for row in rows}
    rows = [row for row in rows if row.function.startswith(function) and _holds(row, words)]
    return Lines(rows[:MOST_LINES], max(0, len(rows) - MOST_LINES), sorted(classes.items()))


def in_words(line: BudgetLine) -> str:
    """What a line is for: its function, its economic item and its project. No query but those of the headings."""
    function = headings.name(Scheme.FUNCTION, line.function, line.year)
    economic = headings.name(Scheme.ECONOMIC, line.economic, line.year)
    return " · ".join(filter(None, (function, economic, line.project)))


def _own(row: BudgetUnit) -> Own:
    return Own(directory.unit(row.unit_id), row.code, row.finance_id, row.section)


def _desk_line(line: BudgetLine) -> DeskLine:
    return DeskLine(
        ref_of(line),
        line.year,
        line.function,
        headings.name(Scheme.FUNCTION, line.function, line.year),
        line.economic,
        headings.name(Scheme.ECONOMIC, line.economic, line.year),
        line.project,
        str(Fund(line.fund).label),
        PayMode(line.mode),
        line.section,
        line.doc_no,
        line.summary,
        line.formed_year,
        line.approved_fen,
        line.frozen_fen,
        line.allotted_fen,
        line.planned_fen,  # type: ignore[attr-defined]
        line.requested_fen,
        line.paid_fen,
    )


def _holds(row: DeskLine, words: str) -> bool:
    """Whether every word stands somewhere in the row."""
    text = " ".join((row.ref, row.function, row.economic, row.name, row.doc_no, row.summary, row.fund)).lower()
    return all(word in text for word in words.lower().split())
