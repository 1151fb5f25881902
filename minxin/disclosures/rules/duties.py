"""When a duty to publish was due, and whether it was done in time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from minxin.directory.rules import Role
from minxin.disclosures.rules.codes import DutyState
from minxin.kernel import clocks
from minxin.kernel.clocks import Calendar, Deadline, Limit, Unit

RATIFIES = (Role.BUDGET, Role.PUBLISHER, Role.HEAD)  # of a finance bureau: who registers an approval
SOON = timedelta(days=7)  # so long before it is due the desk counts a duty among the pressing ones
OFFICE_OPENS = time(9)  # an approval has a day, no hour; a limit in days does not look at the hour


def due(started_on: date, amount: int, counted_in: str, calendar: Calendar) -> Deadline:
    """When the duty is due, explained day by day (kernel.clocks): the day of the approval is not counted."""
    start = datetime.combine(started_on, OFFICE_OPENS, clocks.ZONE)
    return clocks.deadline(start, Limit(amount, Unit(counted_in)), calendar)


class Look(TextChoices):
    """How the desk looks at its duties."""

    OPEN = "open", _("要公开的")
    MISSING = "missing", _("逾期未公开")
    SOON = "soon", _("七天内到期")
    WAITING = "waiting", _("未到起算")
    DONE = "done", _("已公开")


def state(due_at: datetime | None, done_at: datetime | None, now: datetime) -> DutyState:
    """按时: published before the due moment; 迟报: after it; 逾期未公开: due and not published."""
    if done_at is not None:
        return DutyState.ON_TIME if due_at is None or done_at < due_at else DutyState.LATE
    if due_at is None:
        return DutyState.WAITING
    return DutyState.MISSING if due_at <= now else DutyState.NOT_DUE


def days_late(due_at: datetime, moment: datetime) -> int:
    """Days after the last day of the limit, which ends at `due_at` (24:00); 0 within it."""
    if moment < due_at:
        return 0
    last = (due_at - timedelta(microseconds=1)).astimezone(clocks.ZONE).date()
    return (moment.astimezone(clocks.ZONE).date() - last).days


def days_left(due_at: datetime, moment: datetime) -> int:
    """Days to the last day of the limit, 0 on that day itself."""
    last = (due_at - timedelta(microseconds=1)).astimezone(clocks.ZONE).date()
    return (last - moment.astimezone(clocks.ZONE).date()).days


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How a unit kept its duties: numbers of duties by state. The rate is of those that were due or done."""

    on_time: int = 0
    late: int = 0
    missing: int = 0
    not_due: int = 0
    waiting: int = 0

    @property
    def counted(self) -> int:
        """The denominator: duties done or overdue."""
        return self.on_time + self.late + self.missing

    @property
    def kept(self) -> bool:
        """Whether nothing was late or is missing."""
        return not self.late and not self.missing


def punctuality(states: Iterable[DutyState]) -> Punctuality:
    """The duties counted by state."""
    found = list(states)
    return Punctuality(**{str(state.value): found.count(state) for state in DutyState})
