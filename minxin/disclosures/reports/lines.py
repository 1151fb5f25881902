"""Budget lines with their balances, for those whose desk they are on."""

from dataclasses import dataclass

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.models import BudgetLine
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.rules.codes import PayMode


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
