"""What a clock that has run out brings about: which slip, to whom, whether the superior becomes answerable. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from minxin.cases.rules.codes import ClockCode, Part, Slip

MOST_TRANSFERS = 3  # the third unit a case is given to brings in the superior (提级督办)
MOST_REDOS = 3


class Whose(StrEnum):
    """Who let the clock run out."""

    UNIT = "unit"  # the unit of the clock's assignment, else the one that has the case
    CENTRE = "centre"  # the centre that took the case in
    JUDGE = "judge"  # the centre that a request for review went to


@dataclass(frozen=True)
class Breach:
    """The slip for a clock that has run out, its addressee, and whether it lifts the case to the superior."""

    slip: Slip
    whose: Whose
    lifts: bool = False


# Clocks that are not here end a wait (supplement, call-back) or are never started (windows and caps).
BREACHES: Mapping[ClockCode, Breach] = {
    ClockCode.ACCEPT: Breach(Slip.REMINDER, Whose.CENTRE),
    ClockCode.DISPATCH: Breach(Slip.REMINDER, Whose.CENTRE),
    ClockCode.REVIEW: Breach(Slip.REMINDER, Whose.CENTRE),
    ClockCode.BAD_MARK: Breach(Slip.REMINDER, Whose.CENTRE),
    ClockCode.SIGN: Breach(Slip.REMINDER, Whose.UNIT),
    ClockCode.CONTACT: Breach(Slip.REMINDER, Whose.UNIT),
    ClockCode.HANDLE: Breach(Slip.RED, Whose.UNIT, lifts=True),
    ClockCode.ANSWER: Breach(Slip.RED, Whose.UNIT, lifts=True),
    ClockCode.APPEAL: Breach(Slip.RED, Whose.JUDGE),
    ClockCode.RECHECK: Breach(Slip.RED, Whose.JUDGE),
}


def breach(code: ClockCode, part: Part | None) -> Breach | None:
    """What follows; an assisting unit's delay is its own and does not lift the case. None: nothing but the record."""
    found = BREACHES.get(code)
    if found is not None and part == Part.ASSIST:
        return Breach(found.slip, found.whose)
    return found
