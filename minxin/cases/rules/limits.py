"""Which limit applies: dated rows by clock, kind, region and urgency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from minxin.cases.rules import routing
from minxin.kernel.clocks import Limit


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One row of the limits; an empty kind, region or urgency means any."""

    id: int
    code: str
    kind: str
    region: str
    urgency: str
    limit: Limit
    valid_from: date
    valid_to: date | None
    basis: str

    def fits(self, code: str, kind: str, region: str, urgency: str, on: date) -> bool:
        """Whether this row speaks about such a case on that day; its last day is included."""
        return (
            self.code == code
            and self.kind in {"", kind}
            and self.urgency in {"", urgency}
            and (not self.region or region.startswith(routing.significant(self.region)))
            and self.valid_from <= on
            and (self.valid_to is None or on <= self.valid_to)
        )


LimitBook = Mapping[str, tuple[LimitRow, ...]]  # clock -> its rows, the weightiest first


def book(rows: Iterable[LimitRow]) -> LimitBook:
    """The rows by clock; among those of one clock urgency weighs most, then kind, then the narrower region."""
    by_code: dict[str, list[LimitRow]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(row)
    return {code: tuple(sorted(found, key=_weight, reverse=True)) for code, found in by_code.items()}


def _weight(row: LimitRow) -> tuple[bool, bool, int, int]:
    return bool(row.urgency), bool(row.kind), len(routing.significant(row.region)), row.id


def choose(rows: LimitBook, *, code: str, kind: str, region: str, urgency: str, on: date) -> LimitRow:
    """The most specific row in force: the first of the clock's rows that fits.

    Raises LookupError when no row is in force: the seed holds a row for every clock from 2004 on.
    """
    for row in rows.get(code, ()):
        if row.fits(code, kind, region, urgency, on):
            return row
    raise LookupError(f"no limit for {code} on {on}")
