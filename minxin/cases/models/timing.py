"""From a stored clock back to the values `kernel.clocks` reckons with."""

from datetime import datetime

from django.utils.translation import gettext as _

from minxin.cases.models.case import Case
from minxin.cases.models.handling import Clock
from minxin.cases.rules import stars
from minxin.kernel import clocks


def pauses_of(clock: Clock) -> list[clocks.Pause]:
    """The times the clock stood still, and what the complainant is told about it."""
    return [
        clocks.Pause(datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None, _("等待反映人补充"))
        for start, end in clock.pauses
    ]


def extensions_of(clock: Clock) -> list[clocks.Extension]:
    """The working days granted, one by one."""
    return [clocks.Extension(days, clocks.Unit.WORKING_DAY) for days in clock.extended]


def run_of(case: Case, clock: Clock) -> stars.Run:
    """How the case used its first answer clock, for the efficiency stars."""
    paused = sum(int(((pause.end or clocks.now()) - pause.start).total_seconds()) for pause in pauses_of(clock))
    return stars.Run(clock.started_at, clock.due_at, clock.stopped_at, paused, case.redos)
