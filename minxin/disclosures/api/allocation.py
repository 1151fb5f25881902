"""/api/v1/public/budget/…: the budget added up, for machines; the same places as the pages, the same addresses."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema

from minxin.disclosures.reports import allocation as reports
from minxin.disclosures.rules import allocation as rules
from minxin.disclosures.rules.allocation import Asked, By
from minxin.disclosures.rules.codes import Fund, Version
from minxin.kernel import clocks, money
from minxin.kernel.errors import Absent
from minxin.ui.words import said as _

router = Router(tags=["budget"])
Code = Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{0,40}$")]
Function = Annotated[str, Query(pattern=r"^(\d{3}|\d{5}|\d{7})?$")]
Economic = Annotated[str, Query(pattern=r"^(\d{3}|\d{5})?$")]
Kind = Annotated[str, Query(pattern=rf"^({rules.BASIC}|{rules.PROJECT})?$")]
Project = Annotated[str, Query(max_length=rules.LONGEST_ADDRESS_PART, pattern=r"^[^\x00]*$")]
Cursor = Annotated[str, Query(max_length=40)]


class YearOut(Schema):
    """A fiscal year and the versions published for it."""

    year: int
    versions: list[Version]


class LineOut(Schema):
    """A unit, heading, fund or project with its sum in yuan, and the query that opens what it is made of."""

    code: str
    name: str
    amount: Decimal
    explanation: str
    query: str


class BudgetRowOut(Schema):
    """A published row: the act that published it, its leaf there and the leaf's hash (`digest`)."""

    unit: str
    unit_name: str
    function: str
    economic: str
    project: str
    fund: str
    amount: Decimal
    sheet: str
    key: str
    publication: str
    leaf: int
    digest: str


class BudgetOut(Schema):
    """A place in the budget. `rows` and `cursor` instead of `lines` when `by` is row."""

    year: int
    version: Version
    by: By
    on: date | None
    query: str
    total: Decimal | None
    lines: list[LineOut]
    rows: list[BudgetRowOut]
    cursor: str


@router.get(
    "/public/budget",
    response=list[YearOut],
    summary=_("有预算的年度"),
    description=_("每个年度公开了哪些版本，最近的年度在前。"),
)
def years(request: HttpRequest, on: date | None = None) -> list[YearOut]:
    """The fiscal years and their versions."""
    return [YearOut(year=year, versions=versions) for year, versions in reports.years(_past(on)).items()]


@router.get(
    "/public/budget/{int:year}",
    response=BudgetOut,
    summary=_("资金分配"),
    description=_("一个年度的预算，按单位、用途、花法、项目或资金来源相加；参数和页面的网址相同。金额单位是元。"),
)
def budget(
    request: HttpRequest,
    year: int,
    *,
    by: By = By.UNIT,
    version: Version | None = None,
    department: Code = "",
    unit: Code = "",
    function: Function = "",
    economic: Economic = "",
    kind: Kind = "",
    project: Project = "",
    fund: Fund | None = None,
    on: date | None = None,
    before: Cursor = "",
) -> BudgetOut:
    """A place in the drill-down."""
    day = _past(on)
    known, among = reports.years(day), reports.roll()
    if year not in known:
        raise Absent
    kind = rules.PROJECT if project else kind
    asked = Asked(year, by, version or "", department, unit, function, economic, kind, project, fund or "", day)
    return _told(reports.settled(asked, known, among), among, before)


def _told(asked: Asked, among: reports.Roll, before: str) -> BudgetOut:
    told = BudgetOut(
        year=asked.year,
        version=Version(asked.version),
        by=asked.by,
        on=asked.on,
        query=asked.query(),
        total=None,
        lines=[],
        rows=[],
        cursor="",
    )
    if asked.by is By.ROW:
        rows, told.cursor = reports.rows(asked, among, before=before)
        told.rows = [_row(row) for row in rows]
    else:
        found = reports.drill(asked, among, most=None)
        told.total, told.lines = money.yuan(found.total_fen), [_line(one) for one in found.lines]
    return told


def _line(one: reports.Line) -> LineOut:
    return LineOut(
        code=one.code, name=one.name, amount=money.yuan(one.fen), explanation=one.explanation, query=one.query
    )


def _row(row: reports.Published) -> BudgetRowOut:
    return BudgetRowOut(
        unit=row.unit.code,
        unit_name=row.unit.name,
        function=row.function,
        economic=row.economic,
        project=row.project,
        fund=row.fund,
        amount=money.yuan(row.fen),
        sheet=row.sheet,
        key=row.key,
        publication=row.publication,
        leaf=row.leaf,
        digest=row.digest,
    )


def _past(day: date | None) -> date | None:
    return day if day and day < clocks.today() else None
