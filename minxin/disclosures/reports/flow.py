"""The pipe as anybody reads it: what runs through each joint, part by part, from running totals and budget lines."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, TypeVar

from django.utils.translation import get_language

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import BudgetUnit, FlowProof
from minxin.disclosures.models.payment import PER_YEAR
from minxin.disclosures.reports import headings
from minxin.disclosures.rules.codes import Fund, Grain, Scheme
from minxin.disclosures.rules.pipe_public import CITY, SUMS, Sums
from minxin.kernel import clocks, statements
from minxin.kernel.errors import Absent

T = TypeVar("T")
Asked = tuple[str, tuple[object, ...]]  # a condition, {} for each of its values
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


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A part of the pipe: whole, and divided by one dimension; `withheld_fen` is the one sum of what is withheld."""

    where: Where
    by: str
    whole: Sums
    parts: Sequence[Part]
    withheld_fen: int = 0


# --- units


_places: tuple[float, Mapping[int, Place]] | None = None
_units: Mapping[str, UnitRef] = {}


def places() -> Mapping[int, Place]:
    """0 queries, or 1 every few seconds. The budget units that are told, by the unit's id, in order of their codes."""
    global _places, _units
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
        _units = {place_.unit.code: place_.unit for place_ in _places[1].values()}
    return _places[1]


def forget() -> None:
    """Ask again at the next question: between tests."""
    global _places
    _places = None
    _kept.clear()


def unit_of(key: int) -> UnitRef:
    """A budget unit by its id; those that are told are known without asking the directory."""
    found = places().get(key)
    return found.unit if found else directory.unit(key)


def _named(code: str) -> UnitRef:
    """The same by its code, when `places` were asked for already."""
    return _units.get(code) or directory.unit(code)


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


_FLOW_AT = tuple(SUMS.index(name) for name in _MEASURES)
_LINE_AT = tuple(SUMS.index(name) for name in ("approved", "frozen", "allotted", "lines"))


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
        WHERE year = {{year}} AND grain = {{grain}} AND {_PUBLIC}{{more}}
        UNION ALL
        SELECT unit_id, month, function, economic, fund, measure, payee_kind, fen, count FROM disclosures_flowdelta
        WHERE year = {{year}} AND {_PUBLIC}{{more}}
    ) found GROUP BY 1, 2, 3
) summed GROUP BY key
"""  # noqa: S608 - names of our own only
_LINES = """
SELECT {key} AS key, sum(approved_fen)::bigint, sum(frozen_fen)::bigint, sum(allotted_fen)::bigint, count(*)
FROM disclosures_budgetline WHERE year = {year} AND NOT withheld{more} GROUP BY 1
"""
_WITHHELD = "SELECT coalesce(sum(approved_fen), 0)::bigint FROM disclosures_budgetline WHERE year = {year} AND withheld"
_OF_UNITS = {  # when, what for
    (True, True): Grain.CELL,
    (False, True): Grain.YEAR,
    (True, False): Grain.MONTH,
    (False, False): Grain.UNIT,
}
_OF_CITY = {  # which heading, when
    ("function", False): Grain.CITY_FUNCTION,
    ("economic", False): Grain.CITY_ECONOMIC,
    ("fund", False): Grain.CITY_FUND,
    ("function", True): Grain.CITY_MONTH_FUNCTION,
    ("economic", True): Grain.CITY_MONTH_ECONOMIC,
    ("fund", True): Grain.CITY_MONTH_FUND,
}
_HEADINGS = ("function", "economic", "fund")


def _grain(where: Where, by: str) -> Grain:
    """The coarsest grain that tells what is asked."""
    what = [name for name in _HEADINGS if name == by or getattr(where, name)]
    when = bool(where.month) or by == "month"
    if where.unit or where.department or by in {"unit", "department"}:
        return _OF_UNITS[when, bool(what)]
    if len(what) == 1:
        return _OF_CITY[what[0], when]
    if what:
        return Grain.CITY_CELL if when else Grain.CITY_YEAR
    return Grain.CITY_MONTH


def view(where: Where, by: str, *, digits: int = 0) -> View:
    """2 queries, 3 for the whole year. A part of the pipe, divided by one of BY; headings to so many digits.

    What no single part is named for (people's payments told over several months or headings) is a part without a code.
    Unless it is one unit's it is kept for some seconds: a page may be so old.
    """
    if where.unit:
        return fresh(where, by, digits=digits)
    return keep(("view", where, by, digits, get_language()), lambda: fresh(where, by, digits=digits))


def fresh(where: Where, by: str, *, digits: int = 0) -> View:
    """2 queries, 3 for the whole year. The same as it is now."""
    sums = divided(where, by, digits=digits)
    parts = [Part(code, name_of(by, code, where), found) for code, found in sums.items()]
    if by == "month":
        parts.sort(key=lambda part: int(part.code or 99))
    else:
        parts.sort(key=lambda part: (not part.code, -part.sums.approved, -part.sums.paid, part.code))
    whole = total(sums.values())
    withheld = int(statements.rows(_WITHHELD.format(year=where.year), [])[0][0]) if where.whole else 0
    return View(where, by, whole, parts, withheld)


def divided(where: Where, by: str, *, digits: int = 0) -> dict[str, Sums]:
    """2 queries, 1 by month or of one month: budget lines know no months. The sums by code of the dimension."""
    found: dict[str, list[int]] = {}
    _gather(found, _flows(where, by, digits), by, _FLOW_AT)
    if not where.month and by != "month":
        _gather(found, _lines(where, by, digits), by, _LINE_AT)
    return {code: Sums(*columns) for code, columns in found.items()}


KEPT_SECONDS = 3.0
MOST_KEPT = 128
_kept: dict[object, tuple[float, Any]] = {}


def keep(key: object, make: Callable[[], T]) -> T:
    """What was made under that key in the last few seconds by this process, else what is made now.

    One makes it anew when its time is over; whoever asks meanwhile is given the old one, if it is not twice as old.
    """
    now = time.monotonic()
    kept = _kept.get(key)
    if kept is None or now - kept[0] > KEPT_SECONDS:
        if kept is not None and now - kept[0] < 2 * KEPT_SECONDS:
            _kept[key] = (now, kept[1])
        elif len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[key] = (now, make())
    found: T = kept[1]
    return found


_columns = attrgetter(*SUMS)


def total(parts: Iterable[Sums]) -> Sums:
    """All of them together."""
    rows = [_columns(part) for part in parts]
    return Sums(*map(sum, zip(*rows, strict=True))) if rows else Sums()


def _gather(found: dict[str, list[int]], rows: Iterable[Sequence[Any]], by: str, at: Sequence[int]) -> None:
    """Add rows (key, values) to the columns of Sums at these places, by the code of their key."""
    for key, *values in rows:
        columns = found.setdefault(_code(by, key), [0] * len(SUMS))
        for place_, value in zip(at, values, strict=True):
            columns[place_] += value


def _flows(where: Where, by: str, digits: int) -> list[tuple[Any, ...]]:
    month: list[Asked] = [("month = (SELECT {}::int)", (where.month,))] if where.month else []
    more, values = written([*_conditions(where), *month])
    grain = int(_grain(where, by))
    return statements.rows(_FLOW.format(key=_key(by, digits), year=where.year, grain=grain, more=more), values)


def _lines(where: Where, by: str, digits: int) -> list[tuple[Any, ...]]:
    more, values = written(_conditions(where))
    return statements.rows(_LINES.format(key=_key(by, digits), year=where.year, more=more), values)


def _conditions(where: Where) -> list[Asked]:
    """What is asked beside the year; the same for lines and for totals."""
    units = ids(where)
    found = [] if units is None else [among("unit_id", units)]
    for name in ("function", "economic"):
        if value := getattr(where, name):
            found.append((f"{name} LIKE {{}}::text || '%'", (value,)))
    if where.fund:
        found.append(("fund = {}::text", (where.fund,)))
    return found


def among(column: str, keys: Iterable[int]) -> Asked:
    """One of these keys, which stand in a question of their own: a plan made for them would be no cheaper than the one
    that is kept, so the database keeps it. A single key stands alone: its rows may come in the order of an index.
    """
    keys = list(keys)
    if len(keys) == 1:
        return f"{column} = (SELECT {{}}::bigint)", (keys[0],)
    return f"{column} = ANY((SELECT {{}}::bigint[])::bigint[])", (keys,)


def written(asked: Iterable[Asked], before: Iterable[object] = ()) -> tuple[str, list[object]]:
    """These conditions as the rest of one, and all values, those `before` first.

    The fiscal year is no value, but written into a statement: known when it is planned, for the same reason.
    """
    more, values = "", list(before)
    for condition, given in asked:
        places_ = (f"${at}" for at in range(len(values) + 1, len(values) + len(given) + 1))
        more += f" AND {condition.format(*places_)}"
        values += given
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
        return found.unit.code if by == "unit" else unit_of(found.department).code
    return str(key or "")


# --- names


def name_of(by: str, code: str, where: Where) -> str:
    """What a part is called; empty for the part without a code."""
    if not code:
        return ""
    if by in {"unit", "department"}:
        return _named(code).name
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


def days_through(year: int, month: int) -> int:
    """The days of the year up to the end of that month."""
    return (date(year + month // 12, month % 12 + 1, 1) - date(year, 1, 1)).days


def pace(where: Where) -> list[Pace]:
    """2 queries. Every unit with a budget, the furthest behind the calendar first; kept as `view` is."""
    return _pace(where) if where.unit else keep(("pace", where), lambda: _pace(where))


def _pace(where: Where) -> list[Pace]:
    gone, days = elapsed(where.year)
    found = divided(where, "unit")
    rows = [Pace(_named(code), sums, gone, days) for code, sums in found.items() if code and sums.budget > 0]
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


def newest() -> int | None:
    """1 query. The newest fiscal year in which money was paid, else the newest with budget lines."""
    row = statements.run(_NEWEST, [])
    return int(row[0]) if row and row[0] else None


_NEWEST = f"""
SELECT coalesce((SELECT max(id) / {PER_YEAR} FROM disclosures_payment WHERE stage IN (4, 5, 6)),
    (SELECT max(year) FROM disclosures_budgetline))
"""  # noqa: S608 - a number of ours


def proof(year: int) -> FlowProof | None:
    """1 query, or 0 for some seconds. The newest proof that the year's totals equal its rows."""
    return keep(("proof", year), lambda: FlowProof.objects.filter(year=year).order_by("-at").first())


def open_proofs() -> list[FlowProof]:
    """1 query. Proofs that found differences and no later one agreed; newest first: work for the operator."""
    return list(FlowProof.objects.filter(settled_at=None, differing__gt=0).order_by("-at")[:20])


def newest_proofs() -> list[FlowProof]:
    """1 query. The newest proofs of all years."""
    return list(FlowProof.objects.order_by("-at", "-id")[:30])
