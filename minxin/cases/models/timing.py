"""From a stored clock back to the values `kernel.clocks` reckons with."""

from datetime import datetime

from django.utils.translation import gettext as _

from minxin.cases.models.case import Case
from minxin.cases.models.handling import Clock
from minxin.cases.rules import codes, stars
from minxin.kernel import clocks


def pauses_of(clock: Clock) -> list[clocks.Pause]:
    """The times the clock stood still, and what the complainant is told about it.

    A wait that is not over counts to its latest end, so that nothing is late while somebody is waited for.
    """
    return [
        clocks.Pause(datetime.fromisoformat(start), datetime.fromisoformat(end or latest), _("等待反映人补充"))
        for start, end, latest in clock.pauses
    ]


def extensions_of(clock: Clock) -> list[clocks.Extension]:
    """The working days granted, one by one."""
    return [clocks.Extension(days, clocks.Unit.WORKING_DAY) for days in clock.extended]


def graded_clock(case: Case) -> Clock | None:
    """1 query. The answer clock of the first round, which the stars are given for.

    Every redo has started one more; one that ended with a refusal to take the case in is not among them.
    """
    return Clock.objects.filter(case_id=case.pk, code=codes.ClockCode.ANSWER).order_by("-id")[case.redos :].first()


def run_of(case: Case, clock: Clock) -> stars.Run:
    """How the case used that clock, for the efficiency stars."""
    ends = clock.stopped_at or clocks.now()
    paused = sum(
        max(0, int((min(pause.end or ends, ends) - pause.start).total_seconds())) for pause in pauses_of(clock)
    )
    return stars.Run(clock.started_at, clock.due_at, clock.stopped_at, paused, case.redos)
