"""Efficiency stars (结案效率): a pure, versioned formula from the clock.

No 2007 formula survives; this one is ours, published with its version: anybody recomputes it from the open data.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from minxin.kernel.clocks import ZONE

VERSION = 1


@dataclass(frozen=True)
class Band:
    """Up to this share of the limit used, a case earns these stars."""

    used: Fraction
    stars: int


# Within the limit: half of it leaves five stars, the whole of it three.
BANDS = (Band(Fraction(1, 2), 5), Band(Fraction(3, 4), 4), Band(Fraction(1), 3))
# Late: by at most the limit again two stars, by at most three times the limit one, later none.
LATE = (Band(Fraction(2), 2), Band(Fraction(4), 1))


@dataclass(frozen=True)
class Run:
    """How one case used its answer clock: moments, and pauses in seconds that do not count."""

    started_at: datetime
    due_at: datetime
    answered_at: datetime | None
    paused: int = 0
    redos: int = 0


def efficiency(run: Run, *, now: datetime) -> int | None:
    """0 to 5 stars; None while the case is open and in time.

    The same day is five stars. Otherwise by the share of the limit used: to 1/2 five, to 3/4 four, to 1 three; late by
    no more than the limit two, by no more than three limits one, else none. An open case past its due date counts as if
    it were answered now. Pauses do not count as used; extensions lengthen the limit. Every redo costs one star.
    """
    if run.answered_at is None and now <= run.due_at:
        return None
    return max(0, _base(run, run.answered_at or now) - run.redos)


def _base(run: Run, end: datetime) -> int:
    if run.answered_at and end.astimezone(ZONE).date() == run.started_at.astimezone(ZONE).date():
        return 5
    limit = int((run.due_at - run.started_at).total_seconds()) - run.paused
    used = Fraction(int((end - run.started_at).total_seconds()) - run.paused, max(limit, 1))
    return next((band.stars for band in (*BANDS, *LATE) if used <= band.used), 0)


@dataclass(frozen=True)
class Mean:
    """A unit's stars: mean with its numerator and denominator; not ranked below `least` cases."""

    total: int
    cases: int

    @property
    def value(self) -> Decimal | None:
        return Decimal(self.total) / self.cases if self.cases else None


LEAST_RANKED = 5
