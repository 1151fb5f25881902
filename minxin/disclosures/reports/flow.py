"""The pipe as anybody reads it: what runs through each joint, part by part, from running totals and budget lines."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import BudgetUnit, FlowProof
from minxin.disclosures.reports import headings
from minxin.disclosures.rules.codes import Fund, Grain, Scheme
from minxin.disclosures.rules.pipe_public import CITY, Sums
from minxin.kernel import clocks, statements
from minxin.kernel.errors import Absent

SECONDS = 5.0  # a page may know a new budget unit so late
MONTHS = tuple(range(1, 14))  # 13: after the end of the fiscal year
BY = ("department", "unit", "function", "economic", "fund", "month")
LEVELS = {"function": (3, 5, 7), "economic": (3, 5)}  # digits of 类, 款, 项


@dataclass(frozen=True, slots=True)
class Where:
    """Some part of the money of a fiscal year; empty or 0 means all of it.

    `department` is a unit with those below it, `unit` one alone; headings by 类, 款 or 项; `month` 1 to 13.
    """

    year: int
    department: str = ""
    unit: str = ""
    function: str = ""
    economic: str = ""
    fund: str = ""
    month: int = 0

    @property
    def whole(self) -> bool:
        """Whether it is all the year's money."""
        return self == Where(self.year)


@dataclass(frozen=True, slots=True)
class Place:
    """A public budget unit: the directory's unit, the code of its budget, the id of its department."""

    unit: UnitRef
    code: str
    department: int


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a page: what it is, its code, the sums in it."""

    code: str
    name: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class View:
    """A part of the pipe: whole, and divided by one dimension; `withheld_fen` is the one sum of what is withheld."""

    where: Where
    by: str
    whole: Sums
    parts: Sequence[Part]
    withheld_fen: int = 0


# --- units


_places: tuple[float, Mapping[int, Place]] | None = None


def places() -> Mapping[int, Place]:
    """0 queries, or 1 every few seconds. The budget units that are told, by the unit's id, in order of their codes."""
    global _places
    now = time.monotonic()
    if _places is None or now - _places[0] > SECONDS:
        rows = BudgetUnit.objects.public().order_by("code")
        known = directory.tree().by_id
        _places = (
            now,
            {
                unit_id: Place(known[unit_id], code, department or unit_id)
                for unit_id, code, department in rows.values_list("unit_id", "code", "department__unit_id")
                if unit_id in known
            },
        )
    return _places[1]


def forget() -> None:
    """Ask again at the next question: between tests."""
    global _places
    _places = None


def place(code: str) -> Place:
    """The public budget unit with that code of the directory; Absent when there is none."""
    found = places().get(directory.unit(code).id)
    if found is None:
        raise Absent
    return found


def ids(where: Where) -> list[int] | None:
    """The units whose money it is; None for all. Raises Absent for unknown codes."""
    if where.unit:
        return [place(where.unit).unit.id]
    if where.department:
        head = place(where.department).unit.id
        return [key for key, row in places().items() if head in {row.department, key}]
    return None


# --- sums


_MEASURES = {  # the columns of Sums that are added up from the running totals: measure, payee kind, what
    "requested": ("requested", "", "fen"),
    "reviewed": ("approved", "", "fen"),
    "ordered": ("ordered", "", "fen"),
    "paid_firm": ("paid", "firm", "fen"),
    "paid_institution": ("paid", "institution", "fen"),
    "cleared_firm": ("cleared", "firm", "fen"),
    "cleared_institution": ("cleared", "institution", "fen"),
    "returned_firm": ("returned", "firm", "fen"),
    "returned_institution": ("returned", "institution", "fen"),
    "people": ("told", "", "fen"),
    "people_returned": ("told_back", "", "fen"),
    "count": ("paid", "", "count"),
    "people_count": ("told", "", "count"),
}


def _pivot() -> str:
    columns = []
    for name, (measure, kind, what) in _MEASURES.items():
        only = f" AND payee_kind = '{kind}'" if kind else ""
        columns.append(f"coalesce(sum({what}) FILTER (WHERE measure = '{measure}'{only}), 0)::bigint AS {name}")
    return ", ".join(columns)


# Of payments to natural persons only what is told: the measures told and told_back. Nothing of what is withheld.
_PUBLIC = (
    "(measure IN ('told', 'told_back') OR payee_kind IN ('firm', 'institution') AND measure IN"
    " ('requested', 'approved', 'ordered', 'paid', 'cleared', 'returned'))"
)
_FLOW = f"""
SELECT key, {_pivot()} FROM (
    SELECT {{key}} AS key, measure, payee_kind, sum(fen) AS fen, sum(count) AS count FROM (
        SELECT unit_id, month, function, economic, fund, measure, payee_kind, fen, count FROM disclosures_flow
        WHERE year = $1::int AND grain = {{grain}} AND {_PUBLIC}{{more}}
        UNION ALL
        SELECT unit_id, month, function, economic, fund, measure, payee_kind, fen, count FROM disclosures_flowdelta
        WHERE year = $1::int AND {_PUBLIC}{{more}}
    ) found GROUP BY 1, 2, 3
) summed GROUP BY key
"""  # noqa: S608 - names of our own only
_LINES = """
SELECT {key} AS key, sum(approved_fen)::bigint, sum(frozen_fen)::bigint, sum(allotted_fen)::bigint, count(*)
FROM disclosures_budgetline WHERE year = $1::int AND NOT withheld{more} GROUP BY 1
"""
_WITHHELD = (
    "SELECT coalesce(sum(approved_fen), 0)::bigint FROM disclosures_budgetline WHERE year = $1::int AND withheld"
)
_GRAINS = {  # who, when, what for
    (True, True, True): Grain.CELL,
    (True, False, True): Grain.YEAR,
    (True, True, False): Grain.MONTH,
    (True, False, False): Grain.UNIT,
    (False, True, True): Grain.CITY_CELL,
    (False, False, True): Grain.CITY_YEAR,
    (False, True, False): Grain.CITY_MONTH,
    (False, False, False): Grain.CITY_MONTH,
}


def view(where: Where, by: str, *, digits: int = 0) -> View:
    """2 queries, 3 for the whole year. A part of the pipe, divided by one of BY; headings to so many digits.

    What no single part is named for (people's payments told over several months or headings) is a part without a code.
    """
    sums = divided(where, by, digits=digits)
    parts = [Part(code, name_of(by, code, where), found) for code, found in sums.items()]
    if by == "month":
        parts.sort(key=lambda part: int(part.code or 99))
    else:
        parts.sort(key=lambda part: (not part.code, -part.sums.approved, -part.sums.paid, part.code))
    whole = Sums()
    for part in parts:
        whole += part.sums
    withheld = int(statements.rows(_WITHHELD, [where.year])[0][0]) if where.whole else 0
    return View(where, by, whole, parts, withheld)


def divided(where: Where, by: str, *, digits: int = 0) -> dict[str, Sums]:
    """2 queries, 1 by month or of one month: budget lines know no months. The sums by code of the dimension."""
    found = _flows(where, by, digits)
    if where.month or by == "month":
        return found
    for code, sums in _lines(where, by, digits).items():
        found[code] = found.get(code, Sums()) + sums
    return found


def _flows(where: Where, by: str, digits: int) -> dict[str, Sums]:
    who = bool(where.unit or where.department) or by in {"unit", "department"}
    what = bool(where.function or where.economic or where.fund) or by in {"function", "economic", "fund"}
    more, values = _conditions(where)
    if where.month:
        more += f" AND month = ${len(values) + 2}::int"
        values.append(where.month)
    grain = _GRAINS[who, bool(where.month) or by == "month", what]
    statement = _FLOW.format(key=_key(by, digits), grain=int(grain), more=more)
    sums: dict[str, Sums] = {}
    for key, *row in statements.rows(statement, [where.year, *values]):
        code = _code(by, key)
        sums[code] = sums.get(code, Sums()) + Sums(**dict(zip(_MEASURES, row, strict=True)))
    return sums


def _lines(where: Where, by: str, digits: int) -> dict[str, Sums]:
    more, values = _conditions(where)
    statement = _LINES.format(key=_key(by, digits), more=more)
    sums: dict[str, Sums] = {}
    for key, approved, frozen, allotted, lines in statements.rows(statement, [where.year, *values]):
        code = _code(by, key)
        sums[code] = sums.get(code, Sums()) + Sums(approved, frozen, allotted, lines=lines)
    return sums


def _conditions(where: Where) -> tuple[str, list[object]]:
    """The rest of a condition after the year ($1), and its values; the same for lines and for totals."""
    more, values = "", list[object]()
    units = ids(where)
    for name, value in (("unit_id", units), ("function", where.function), ("economic", where.economic)):
        if name == "unit_id" and value is not None:
            more, values = f"{more} AND unit_id = ANY(${len(values) + 2}::bigint[])", [*values, value]
        elif name != "unit_id" and value:
            more, values = f"{more} AND {name} LIKE ${len(values) + 2}::text || '%'", [*values, value]
    if where.fund:
        more, values = f"{more} AND fund = ${len(values) + 2}::text", [*values, where.fund]
    return more, values


def _key(by: str, digits: int) -> str:
    if by in LEVELS:
        return f"left({by}, {digits or LEVELS[by][0]})"
    return {"unit": "unit_id", "department": "unit_id", "fund": "fund", "month": "month"}[by]


def _code(by: str, key: object) -> str:
    """The code of a part as addresses carry it; empty when there is none for it."""
    if by in {"unit", "department"}:
        found = places().get(int(str(key)))
        if found is None or key == CITY:
            return ""
        return found.unit.code if by == "unit" else directory.unit(found.department).code
    return str(key or "")


# --- names


def name_of(by: str, code: str, where: Where) -> str:
    """What a part is called; empty for the part without a code."""
    if not code:
        return ""
    if by in {"unit", "department"}:
        return directory.unit(code).name
    if by == "fund":
        return str(Fund(code).label) if code in Fund.values else code
    if by == "month":
        return code
    return headings.name(Scheme.FUNCTION if by == "function" else Scheme.ECONOMIC, code, where.year)


def digits_below(by: str, code: str) -> int:
    """How many digits the headings have that divide this one; those of the last level divide no further."""
    return next((digits for digits in LEVELS[by] if digits > len(code)), LEVELS[by][-1])


# --- months against the calendar


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a unit's money has come against the year's time: spent of budget, and how much of the year is over."""

    unit: UnitRef
    sums: Sums
    elapsed_days: int
    days: int

    @property
    def behind(self) -> int:
        """The share of the year that is over less the share of the budget that is spent, over `bottom`."""
        return self.elapsed_days * self.sums.budget - self.sums.spent * self.days

    @property
    def apart(self) -> int:
        """The same without its sign."""
        return abs(self.behind)

    @property
    def bottom(self) -> int:
        """The denominator of `behind`."""
        return self.days * self.sums.budget


def elapsed(year: int) -> tuple[int, int]:
    """(days of the fiscal year that are over, all its days)."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    days = (after - first).days
    return min(max((clocks.today() - first).days, 0), days), days


def pace(where: Where) -> list[Pace]:
    """2 queries. Every unit with a budget, the furthest behind the calendar first."""
    gone, days = elapsed(where.year)
    found = divided(replace(where, month=0), "unit")
    rows = [Pace(directory.unit(code), sums, gone, days) for code, sums in found.items() if code and sums.budget > 0]
    return sorted(rows, key=lambda row: (-row.behind / row.bottom, row.unit.code))


# --- years and proofs


def years() -> list[int]:
    """1 query. The fiscal years that have budget lines, newest first."""
    found = statements.rows(_YEARS, [])
    return [int(row[0]) for row in found if row[0]]


_YEARS = """
WITH RECURSIVE y (year) AS (
    SELECT max(year) FROM disclosures_budgetline
    UNION ALL SELECT (SELECT max(l.year) FROM disclosures_budgetline l WHERE l.year < y.year) FROM y WHERE y.year > 0
)
SELECT year FROM y
"""


def proof(year: int) -> FlowProof | None:
    """1 query. The newest proof that the year's totals equal its rows."""
    return FlowProof.objects.filter(year=year).order_by("-at").first()


def open_proofs() -> list[FlowProof]:
    """1 query. Proofs that found differences and no later one agreed; newest first: work for the operator."""
    return list(FlowProof.objects.filter(settled_at=None, differing__gt=0).order_by("-at")[:20])
