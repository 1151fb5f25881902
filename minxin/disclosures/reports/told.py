"""What may be told one by one: payments to legal persons, and budget lines. Paged by key, found by an index."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Choices
from django.utils.translation import get_language

from minxin.disclosures.models import BudgetLine, Payment
from minxin.disclosures.models.line import ref_of as line_ref
from minxin.disclosures.models.payment import in_years, payment_ref
from minxin.disclosures.reports import flow, headings
from minxin.disclosures.reports.flow import Asked, Where
from minxin.disclosures.rules import pipe_public, publishing
from minxin.disclosures.rules.codes import Fund, PayeeKind, PaymentStage, Scheme
from minxin.disclosures.rules.pipe_public import Age, Stretch, Sums
from minxin.kernel import clocks, merkle, money, refs, statements
from minxin.kernel.errors import Absent

SIZE = 50
CSV_SIZE = 1_000
LEGAL = (PayeeKind.FIRM, PayeeKind.INSTITUTION)


@dataclass(frozen=True, slots=True)
class Told:
    """A payment as the public may read it; the payee is named only where a contract with it has been published."""

    ref: str
    line: str
    unit: str
    unit_name: str
    on: date
    function: str
    economic: str
    project: str
    fund: str
    kind: str
    payee: str
    contract: str
    stage: str
    fen: int
    returned_fen: int

    def facts(self) -> dict[str, Any]:
        """The public row as it is hashed and handed out."""
        return {
            "ref": self.ref, "line": self.line, "unit": self.unit, "paid_on": self.on.isoformat(),
            "function": self.function, "economic": self.economic, "project": self.project, "fund": self.fund,
            "payee_kind": self.kind, "payee": self.payee, "contract": self.contract, "stage": self.stage,
            "amount": str(money.yuan(self.fen)), "returned": str(money.yuan(self.returned_fen)),
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical public row, hex: what a question about it carries."""
        return merkle.leaf(publishing.written(self.facts())).hex()


@dataclass(frozen=True, slots=True)
class Page:
    """Rows and the key of the next page ("" when this was the last)."""

    rows: Sequence[Any]
    older: str


@dataclass(frozen=True, slots=True)
class Payments:
    """A page of a unit's payments, and the sums of all that were asked for."""

    rows: Sequence[Told]
    older: str
    sums: Sums


COLUMNS = (
    "id", "unit_id", "line__year", "line__number", "line__project", "paid_on", "function", "economic", "fund",
    "payee_kind", "stage", "amount_fen", "returned_fen", "commitment__published_on", "commitment__contract_no",
    "payee__name",
)  # fmt: skip


def payments(where: Where, *, stretch: Stretch | None = None, before: str = "", size: int = SIZE) -> Payments:
    """2 queries. A unit's payments that may be told, newest first. Raises Absent when no unit is chosen.

    The running totals say in which months there are any: only so many months are looked through as fill a page. A
    stretch may be rarer than they say: then a page is short and leads on, 1 more query for months that hold none of it.
    """
    if not where.unit:
        raise Absent
    months = flow.divided(where, "month")
    begin = min((_first(where.year, int(code)) for code, sums in months.items() if code and sums.count), default=_END)
    found, first, key = list[tuple[Any, ...]](), _END, _key(before)
    while not found and first > begin:
        first, last = _span(where, months, key, size)
        found = _rows(where.year, _asked(where, stretch, first, last, key), "p.paid_on DESC, p.id DESC", size + 1)
        key = first, 0
    shown = found[:size]
    if len(found) > size:
        key = shown[-1][5], shown[-1][0]
    older = f"{key[0]:%Y%m%d}-{key[1]}" if key and (len(found) > size or first > begin) else ""
    return Payments(list(map(told, shown)), older, flow.total(months.values()))


_END = date.max  # after all days


def _asked(where: Where, stretch: Stretch | None, first: date, last: date, key: tuple[date, int] | None) -> list[Asked]:
    """A unit's payments of these days, older than the key."""
    return [
        flow.among("p.unit_id", [flow.place(where.unit).unit.id]),
        ("p.paid_on >= {}::date AND p.paid_on <= {}::date", (first, last)),
        *_narrowed(where, stretch),
        *([("(p.paid_on, p.id) < ({}::date, {}::bigint)", key)] if key else []),
    ]


def of_lines(
    year: int, lines: Iterable[int], *, contracts: Iterable[int] = (), before: str = "", size: int = SIZE
) -> Page:
    """1 query. Payments from lines of a year that may be told, newest number first; of these contracts, if given."""
    asked = [flow.among("p.line_id", lines)]
    if contracts := list(contracts):
        asked.append(flow.among("p.commitment_id", contracts))
    if before.isdecimal():
        asked.append(("p.id < {}::bigint", (int(before[:18]),)))
    found = _rows(year, asked, "p.id DESC", size + 1)
    return Page(list(map(told, found[:size])), str(found[size - 1][0]) if len(found) > size else "")


# The rows first, in the order of an index and only so many, then what belongs to each: a plan that is kept does not
# know how many there are. Of a payee no name is read but with a contract that was announced.
_ROWS = """
SELECT p.id, p.unit_id, l.year, l.number, l.project, p.paid_on, p.function, p.economic, p.fund, p.payee_kind, p.stage,
       p.amount_fen, p.returned_fen, c.published_on, c.contract_no, y.name
FROM (SELECT * FROM ({public}) p WHERE {years}{more} ORDER BY {order} LIMIT {most}) p
JOIN disclosures_budgetline l ON l.id = p.line_id
LEFT JOIN disclosures_commitment c ON c.id = p.commitment_id
LEFT JOIN disclosures_payee y ON y.id = CASE WHEN c.published_on IS NOT NULL THEN p.payee_id END
ORDER BY {order}
"""


def _rows(year: int, asked: Iterable[Asked], order: str, most: int) -> list[tuple[Any, ...]]:
    """1 query, kept planned. The first payments of a year that may be told and `asked` for."""
    public, values = _public(Payment)
    more, given = flow.written(asked, values)
    statement = _ROWS.format(public=public, years=in_years(year, year), more=more, order=order, most=most)
    return statements.rows(statement, given)


@lru_cache
def _public(rows: type[Payment] | type[BudgetLine]) -> tuple[str, tuple[object, ...]]:
    """What may be told of these rows, as their queryset has it."""
    return statements.planned(*rows.objects.public().order_by().query.sql_with_params())


def told(row: Sequence[Any]) -> Told:
    """The row of COLUMNS as the public may read it."""
    (key, unit_id, year, number, project, on, function, economic, fund, kind, stage, fen, back, announced, contract,
     payee) = row  # fmt: skip
    unit, language = flow.unit_of(unit_id), get_language()
    open_ = announced is not None and announced <= clocks.today()
    return Told(
        ref=payment_ref(key), line=_line_ref(year, number), unit=unit.code, unit_name=unit.name, on=on,
        function=function, economic=economic, project=project, fund=_label(Fund, fund, language),
        kind=_label(PayeeKind, kind, language), payee=payee if open_ else "", contract=contract if open_ else "",
        stage=_label(PaymentStage, stage, language), fen=fen, returned_fen=back,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _label(codes: type[Choices], code: object, _language: str | None) -> str:
    """What a code is called, looked up once in each language: a list has it in every row."""
    return str(codes(code).label)


@lru_cache(maxsize=4096)
def _line_ref(year: int, number: int) -> str:
    """Many payments of a list are from the same line."""
    return refs.written("ZB", year, number)


def named(rows: Iterable[Told], year: int) -> list[tuple[Told, str, str]]:
    """No query but the headings'. Each row with what its function and economic heading are called."""
    functions, economics = headings.of(Scheme.FUNCTION, year), headings.of(Scheme.ECONOMIC, year)
    return [
        (
            row,
            functions[row.function].name if row.function in functions else row.function,
            economics[row.economic].name if row.economic in economics else row.economic,
        )
        for row in rows
    ]


def _narrowed(where: Where, stretch: Stretch | None) -> list[Asked]:
    """What is asked of payments or lines p beside their unit, year and days."""
    found: list[Asked] = [
        (f"p.{name} LIKE {{}}::text || '%'", (value,))
        for name in ("function", "economic")
        if (value := getattr(where, name))
    ]
    if where.fund:
        found.append(("p.fund = {}::text", (where.fund,)))
    if stretch in _OF_STRETCH:
        found.append((_OF_STRETCH[stretch], ()))
    return found


_OF_STRETCH: Mapping[Stretch | None, str] = {
    Stretch.FIRMS: f"p.payee_kind = '{PayeeKind.FIRM}'",
    Stretch.INSTITUTIONS: f"p.payee_kind = '{PayeeKind.INSTITUTION}'",
    Stretch.RETURNED: "p.returned_fen > 0",
    Stretch.UNCLEARED: "p.cleared_on IS NULL",
}


def _span(where: Where, months: Mapping[str, Sums], key: tuple[date, int] | None, size: int) -> tuple[date, date]:
    """The first and last day on which the next `size` + 1 payments lie, by the running totals of the months."""
    if where.month:
        return _first(where.year, where.month), _last(where.year, where.month)
    last = key[0] if key else date.max
    many, first = 0, date.max
    for month in sorted((int(code or 0) for code in months), reverse=True):
        count = months[str(month)].count if month else 0
        if not count or _first(where.year, month) > last:
            continue
        first = _first(where.year, month)
        many += count if _last(where.year, month) <= last else 0
        if many > size:
            break
    return first, last


def _first(year: int, month: int) -> date:
    if month == 1:
        return date.min
    return date(year + 1, 1, 1) if month == 13 else date(year, month, 1)


def _last(year: int, month: int) -> date:
    return date.max if month == 13 else _first(year, month + 1) - timedelta(days=1)


def _key(before: str) -> tuple[date, int] | None:
    """`20070307-2007000000123`; a broken key is none."""
    day, _sep, number = before[:40].partition("-")
    try:
        return date(int(day[:4]), int(day[4:6]), int(day[6:8])), int(number[:18])
    except ValueError:
        return None


# --- budget lines


@dataclass(frozen=True, slots=True)
class Line:
    """A budget line as the public may read it; `used_fen` is None where people are paid from its heading."""

    ref: str
    unit: str
    unit_name: str
    doc_no: str
    doc_on: date
    function: str
    economic: str
    project: str
    fund: str
    formed_year: int
    approved_fen: int
    frozen_fen: int
    allotted_fen: int
    used_fen: int | None

    @property
    def digest(self) -> str:
        """SHA-256 of the line's canonical public row, hex."""
        facts = asdict(self) | {"doc_on": self.doc_on.isoformat()}
        return merkle.leaf(publishing.written(facts)).hex()

    @property
    def unallotted_fen(self) -> int:
        """未下达: approved, not frozen, not allotted."""
        return self.approved_fen - self.frozen_fen - self.allotted_fen

    @property
    def unrequested_fen(self) -> int | None:
        """下达后未申请; None where it would tell what people were paid."""
        return None if self.used_fen is None else self.allotted_fen - self.used_fen


def lines(where: Where, *, age: Age | None = None, after: str = "", size: int = SIZE) -> Page:
    """2 queries. Budget lines that are told, by number."""
    units = flow.ids(where)
    asked = [] if units is None else [flow.among("p.unit_id", units)]
    asked += _narrowed(where, None)
    if age is not None:
        asked.append((_OF_AGE[age].format(year=where.year), ()))
    if after.isdecimal():
        asked.append(("p.id > {}::bigint", (int(after[:18]),)))
    public, given = _public(BudgetLine)
    more, values = flow.written(asked, given)
    statement = _LINES.format(public=public, year=where.year, more=more, most=size + 1)
    found = [BudgetLine.from_db(None, LINE, row) for row in statements.rows(statement, values)]
    shielded = paying_people(where.year, [row.unit_id for row in found])
    shown = [line_of(row, shielded=_heading(row) in shielded) for row in found[:size]]
    return Page(shown, str(found[size - 1].pk) if len(found) > size else "")


LINE = [column.attname for column in BudgetLine._meta.concrete_fields]
_LINES = "SELECT * FROM ({public}) p WHERE p.year = {year}{more} ORDER BY p.id LIMIT {most}"
_OF_AGE = {
    Age.THIS: "p.formed_year = {year}",
    Age.LAST: "p.formed_year = {year} - 1",
    Age.OLD: "p.formed_year < {year} - 1",
}


def line_of(row: BudgetLine, *, shielded: bool) -> Line:
    """A line as the public may read it."""
    unit = flow.unit_of(row.unit_id)
    return Line(
        ref=line_ref(row), unit=unit.code, unit_name=unit.name, doc_no=row.doc_no, doc_on=row.doc_on,
        function=row.function, economic=row.economic, project=row.project, fund=_label(Fund, row.fund, get_language()),
        formed_year=row.formed_year, approved_fen=row.approved_fen, frozen_fen=row.frozen_fen,
        allotted_fen=row.allotted_fen, used_fen=None if shielded else row.requested_fen + row.paid_fen,
    )  # fmt: skip


# The headings of a unit from which people are paid: a line's own balance would tell what its payments to people are.
PAYING_PEOPLE = """
    SELECT DISTINCT unit_id, function, economic, fund FROM (
        SELECT unit_id, function, economic, fund FROM disclosures_flow
        WHERE year = {year} AND grain = 1 AND measure = 'requested' AND payee_kind = 'person'{more}
        UNION ALL
        SELECT unit_id, function, economic, fund FROM disclosures_flowdelta
        WHERE year = {year} AND measure = 'requested' AND payee_kind = 'person'{more}
    ) people
"""


def paying_people(year: int, units: Iterable[int]) -> frozenset[tuple[Any, ...]]:
    """1 query. (unit, function, economic, fund) of these units from which natural persons are paid."""
    more, values = flow.written([flow.among("unit_id", sorted(set(units)))])
    return frozenset(statements.rows(PAYING_PEOPLE.format(year=year, more=more), values))


def _heading(row: BudgetLine) -> tuple[Any, ...]:
    return row.unit_id, row.function, row.economic, row.fund


def age_of(asked: str) -> Age | None:
    """The age an address names, if any."""
    return pipe_public.Age(asked) if asked in list(Age) else None
