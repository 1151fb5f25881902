"""Which limit applies: dated rows by clock, kind, region and urgency."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from minxin.cases.rules import routing
from minxin.kernel.clocks import Limit


@dataclass(frozen=True)
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
        return (
            self.code == code
            and self.kind in {"", kind}
            and self.urgency in {"", urgency}
            and (not self.region or region.startswith(routing.significant(self.region)))
            and self.valid_from <= on
            and (self.valid_to is None or on <= self.valid_to)
        )


def choose(rows: Iterable[LimitRow], *, code: str, kind: str, region: str, urgency: str, on: date) -> LimitRow:
    """The most specific row in force: urgency weighs most, then kind, then the narrower region.

    Raises LookupError when no row is in force: the seed holds a row for every clock from 2004 on.
    """
    fitting = [row for row in rows if row.fits(code, kind, region, urgency, on)]
    if not fitting:
        raise LookupError(f"no limit for {code} on {on}")
    return max(
        fitting, key=lambda row: (bool(row.urgency), bool(row.kind), len(routing.significant(row.region)), row.id)
    )
