"""What may be told one by one: payments to legal persons, and budget lines. Paged by key, found by an index."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet

from minxin.disclosures.models import BudgetLine, Payment
from minxin.disclosures.models.line import ref_of as line_ref
from minxin.disclosures.models.payment import PER_YEAR, payment_ref
from minxin.disclosures.reports import flow, headings
from minxin.disclosures.reports.flow import Where
from minxin.disclosures.rules import pipe_public, publishing
from minxin.disclosures.rules.codes import Fund, PayeeKind, PaymentStage, Scheme
from minxin.disclosures.rules.pipe_public import Age, Stretch
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


COLUMNS = (
    "id", "unit_id", "line__year", "line__number", "line__project", "paid_on", "function", "economic", "fund",
    "payee_kind", "stage", "amount_fen", "returned_fen", "commitment__published_on", "commitment__contract_no",
    "payee__name",
)  # fmt: skip


def payments(where: Where, *, stretch: Stretch | None = None, before: str = "", size: int = SIZE) -> Page:
    """2 queries. A unit's payments that may be told, newest first. Raises Absent when no unit is chosen.

    The running totals say in which months there are any: only so many months are looked through as fill a page.
    """
    if not where.unit:
        raise Absent
    key = _key(before)
    first, last = _span(where, key, size)
    rows: QuerySet[Payment] = Payment.objects.public().filter(
        unit_id=flow.place(where.unit).unit.id,
        id__gte=where.year * PER_YEAR,
        id__lt=(where.year + 1) * PER_YEAR,
        paid_on__gte=first,
        paid_on__lte=last,
    )
    rows = _narrowed(rows, where, stretch)
    if key:
        rows = rows.filter(Q(paid_on__lt=key[0]) | Q(paid_on=key[0], id__lt=key[1]))
    found = list(rows.order_by("-paid_on", "-id").values_list(*COLUMNS)[: size + 1])
    shown = [told(row) for row in found[:size]]
    older = f"{found[size - 1][5]:%Y%m%d}-{found[size - 1][0]}" if len(found) > size else ""
    return Page(shown, older)


def of_lines(
    year: int, lines: Iterable[int], *, contracts: Iterable[int] = (), before: str = "", size: int = SIZE
) -> Page:
    """1 query. Payments from lines of a year that may be told, newest number first; of these contracts, if given."""
    lines, contracts = list(lines), list(contracts)
    end = min((year + 1) * PER_YEAR, int(before[:18]) if before.isdecimal() else (year + 1) * PER_YEAR)
    if len(lines) == 1 and not contracts:
        found = _of_line(lines[0], year * PER_YEAR, end, size + 1)
    else:
        rows = Payment.objects.public().filter(line_id__in=lines, id__gte=year * PER_YEAR, id__lt=end)
        rows = rows.filter(commitment_id__in=contracts) if contracts else rows
        found = list(rows.order_by("-id").values_list(*COLUMNS)[: size + 1])
    return Page([told(row) for row in found[:size]], str(found[size - 1][0]) if len(found) > size else "")


def _of_line(line: int, first: int, end: int, most: int) -> list[tuple[Any, ...]]:
    """The newest payments of one line, by a statement that is kept planned."""
    statement, values = _planned(most)
    asked = {_LINE: line, _FIRST: first, _END: end}
    return statements.rows(
        statement, [asked.get(value, value) if isinstance(value, int) else value for value in values]
    )


_LINE, _FIRST, _END = -1, -2, -3  # stand for what is asked in a statement that is kept


@lru_cache(maxsize=8)
def _planned(most: int) -> tuple[str, tuple[object, ...]]:
    rows = Payment.objects.public().filter(line_id=_LINE, id__gte=_FIRST, id__lt=_END)
    return statements.planned(*rows.order_by("-id").values_list(*COLUMNS)[:most].query.sql_with_params())


def told(row: Sequence[Any]) -> Told:
    """The row of COLUMNS as the public may read it."""
    (key, unit_id, year, number, project, on, function, economic, fund, kind, stage, fen, back, announced, contract,
     payee) = row  # fmt: skip
    unit = flow.unit_of(unit_id)
    open_ = announced is not None and announced <= clocks.today()
    return Told(
        ref=payment_ref(key), line=refs.written("ZB", year, number), unit=unit.code, unit_name=unit.name, on=on,
        function=function, economic=economic, project=project, fund=str(Fund(fund).label),
        kind=str(PayeeKind(kind).label), payee=payee if open_ else "", contract=contract if open_ else "",
        stage=str(PaymentStage(stage).label), fen=fen, returned_fen=back,
    )  # fmt: skip


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


def _narrowed(rows: QuerySet[Payment], where: Where, stretch: Stretch | None) -> QuerySet[Payment]:
    for name in ("function", "economic"):
        if value := getattr(where, name):
            rows = rows.filter(**{f"{name}__startswith": value})
    if where.fund:
        rows = rows.filter(fund=where.fund)
    if stretch is Stretch.FIRMS or stretch is Stretch.INSTITUTIONS:
        rows = rows.filter(payee_kind=PayeeKind.FIRM if stretch is Stretch.FIRMS else PayeeKind.INSTITUTION)
    elif stretch is Stretch.RETURNED:
        rows = rows.filter(returned_fen__gt=0)
    elif stretch is Stretch.UNCLEARED:
        rows = rows.filter(cleared_on=None)
    return rows


def _span(where: Where, key: tuple[date, int] | None, size: int) -> tuple[date, date]:
    """The first and last day on which the next `size` + 1 payments lie, by the running totals of the months."""
    if where.month:
        return _first(where.year, where.month), _last(where.year, where.month)
    last = key[0] if key else date.max
    many, first = 0, date.max
    for part in sorted(flow.view(where, "month").parts, key=lambda part: -int(part.code or 0)):
        month = int(part.code or 0)
        if not month or not part.sums.count or _first(where.year, month) > last:
            continue
        first = _first(where.year, month)
        many += part.sums.count if _last(where.year, month) <= last else 0
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
    rows = BudgetLine.objects.public().filter(year=where.year)
    if (units := flow.ids(where)) is not None:
        rows = rows.filter(unit_id__in=units)
    for name in ("function", "economic"):
        if value := getattr(where, name):
            rows = rows.filter(**{f"{name}__startswith": value})
    if where.fund:
        rows = rows.filter(fund=where.fund)
    if age is not None:
        rows = rows.filter(**_aged(where.year, age))
    if after.isdecimal():
        rows = rows.filter(id__gt=int(after[:18]))
    found = list(rows.order_by("id")[: size + 1])
    shielded = paying_people(where.year, [row.unit_id for row in found])
    shown = [line_of(row, shielded=_heading(row) in shielded) for row in found[:size]]
    return Page(shown, str(found[size - 1].pk) if len(found) > size else "")


def line_of(row: BudgetLine, *, shielded: bool) -> Line:
    """A line as the public may read it."""
    unit = flow.unit_of(row.unit_id)
    return Line(
        ref=line_ref(row), unit=unit.code, unit_name=unit.name, doc_no=row.doc_no, doc_on=row.doc_on,
        function=row.function, economic=row.economic, project=row.project, fund=str(Fund(row.fund).label),
        formed_year=row.formed_year, approved_fen=row.approved_fen, frozen_fen=row.frozen_fen,
        allotted_fen=row.allotted_fen, used_fen=None if shielded else row.requested_fen + row.paid_fen,
    )  # fmt: skip


# The headings of a unit from which people are paid: a line's own balance would tell what its payments to people are.
PAYING_PEOPLE = """
    SELECT DISTINCT unit_id, function, economic, fund FROM (
        SELECT unit_id, function, economic, fund FROM disclosures_flow
        WHERE year = $1::int AND grain = 1 AND measure = 'requested' AND payee_kind = 'person'{more}
        UNION ALL
        SELECT unit_id, function, economic, fund FROM disclosures_flowdelta
        WHERE year = $1::int AND measure = 'requested' AND payee_kind = 'person'{more}
    ) people
"""


def paying_people(year: int, units: Iterable[int]) -> frozenset[tuple[Any, ...]]:
    """1 query. (unit, function, economic, fund) of these units from which natural persons are paid."""
    statement = PAYING_PEOPLE.format(more=" AND unit_id = ANY($2::bigint[])")
    return frozenset(statements.rows(statement, [year, sorted(set(units))]))


def _heading(row: BudgetLine) -> tuple[Any, ...]:
    return row.unit_id, row.function, row.economic, row.fund


def _aged(year: int, age: Age) -> Mapping[str, int]:
    return {
        Age.THIS: {"formed_year": year},
        Age.LAST: {"formed_year": year - 1},
        Age.OLD: {"formed_year__lt": year - 1},
    }[age]


def age_of(asked: str) -> Age | None:
    """The age an address names, if any."""
    return pipe_public.Age(asked) if asked in list(Age) else None
