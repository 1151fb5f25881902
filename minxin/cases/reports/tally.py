"""The public's running totals: the network, its months, its units. Sealed reports are in none of them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import connection

from minxin.cases.models.tally import NETWORK
from minxin.cases.rules import codes, stars

SECONDS = 3.0  # a page may be so old; a total is asked for on every visit of the home page
_SUMS = """
SELECT {what}, measure, sum(n)::bigint FROM (
    SELECT unit_id, month, measure, n FROM cases_tally WHERE {where}
    UNION ALL SELECT unit_id, month, measure, n FROM cases_tallydelta WHERE {where}
) AS sums GROUP BY {what}, measure
"""


@dataclass(frozen=True)
class Totals:
    """Counts by measure: received, closed, answered, rated, satisfied, five, stars, starred; fen_*, items_*: money."""

    by: Mapping[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.by.get(name, 0)

    @property
    def returned_fen(self) -> int:
        """Money that came back to people: refunds, arrears, compensation."""
        return sum(self.by.get(f"fen_{kind}", 0) for kind in codes.TO_PEOPLE)

    @property
    def returned_items(self) -> int:
        """How many items that were."""
        return sum(self.by.get(f"items_{kind}", 0) for kind in codes.TO_PEOPLE)

    @property
    def mean(self) -> Decimal | None:
        """The mean of the efficiency stars, to be shown with `stars` / `starred`."""
        return stars.Mean(self.stars, self.starred).value

    @property
    def ranked(self) -> bool:
        """Whether there are enough graded cases to be compared."""
        return self.starred >= stars.LEAST_RANKED

    @property
    def satisfaction(self) -> Fraction:
        """Satisfied of rated; 0 of none."""
        return Fraction(self.satisfied, self.rated) if self.rated else Fraction(0)


@dataclass(frozen=True)
class MoneyTotal:
    """One kind of money: how many items, how much."""

    kind: str
    label: str
    items: int
    fen: int
    to_people: bool


_kept: tuple[float, Totals] | None = None


def totals() -> Totals:
    """At most 1 query every few seconds. The whole network, all time."""
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > SECONDS:
        _kept = (time.monotonic(), _sums("unit_id", "unit_id = %s", [NETWORK]).get(NETWORK, Totals()))
    return _kept[1]


def forget() -> None:
    """Ask again at the next question: between tests."""
    global _kept
    _kept = None


def months() -> list[tuple[date, Totals]]:
    """1 query. The network month by month, newest first."""
    found = _sums("month", "unit_id = %s", [NETWORK])
    return [(month, found[month]) for month in sorted(found, reverse=True)]


def units(ids: Iterable[int]) -> dict[int, Totals]:
    """1 query. These units, all time; units without cases are left out."""
    return _sums("unit_id", "unit_id = ANY(%s)", [list(ids)])


def graded(*, most: int = 300) -> dict[int, Totals]:
    """2 queries. The units with the most graded cases, for the table when no region is chosen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT unit_id FROM cases_tally WHERE unit_id <> 0 AND measure = 'starred'"
            " GROUP BY unit_id ORDER BY sum(n) DESC, unit_id LIMIT %s",
            [most],
        )
        folded = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT DISTINCT unit_id FROM cases_tallydelta WHERE unit_id <> 0 LIMIT %s", [most])
        fresh = [row[0] for row in cursor.fetchall()]
    return units({*folded, *fresh})


def money(total: Totals) -> list[MoneyTotal]:
    """No query. The totals of money kind by kind, those for people first."""
    return [
        MoneyTotal(
            kind.value,
            str(kind.label),
            total.by.get(f"items_{kind.value}", 0),
            total.by.get(f"fen_{kind.value}", 0),
            kind in codes.TO_PEOPLE,
        )
        for kind in codes.MoneyKind
    ]


def _sums(what: str, where: str, facts: Sequence[int | list[int]]) -> dict[Any, Totals]:
    """By unit id or by month: `what` names the column."""
    sums: dict[Any, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(what=what, where=where), (*facts, *facts))
        for key, measure, n in cursor.fetchall():
            sums.setdefault(key, {})[measure] = n
    return {key: Totals(found) for key, found in sums.items()}
