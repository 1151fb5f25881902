"""Time: the only clock in the code, and deadlines as pure functions that can explain themselves day by day.

Rules of counting (民法典 201, 203): the day of the event is not counted; a limit in days ends with the last day, at
24:00; when that day is no working day the limit ends with the next working day. Hours run round the clock.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

ZONE = ZoneInfo("Asia/Shanghai")
LONGEST = 20_000  # the largest amount a limit may have, in its unit: nothing in law comes near
_DAY = timedelta(days=1)
_moved: ContextVar[datetime | None] = ContextVar("moved", default=None)

# The festivals of the seeds, so that a day's note is translated like everything else on the screen.
FESTIVALS = {
    "元旦": gettext_lazy("元旦"),
    "春节": gettext_lazy("春节"),
    "清明节": gettext_lazy("清明节"),
    "劳动节": gettext_lazy("劳动节"),
    "端午节": gettext_lazy("端午节"),
    "中秋节": gettext_lazy("中秋节"),
    "国庆节": gettext_lazy("国庆节"),
}


def now() -> datetime:
    """This moment, in Beijing time; the moved one inside `at`."""
    return _moved.get() or datetime.now(ZONE)


def today() -> date:
    """This day, in Beijing time."""
    return now().date()


@contextmanager
def at(moment: datetime) -> Iterator[datetime]:
    """Let it be `moment` (aware) within the block: for the demo, simulations and tests. Blocks nest."""
    if moment.tzinfo is None:
        raise ValueError("clocks.at needs a moment with a time zone")
    token = _moved.set(moment.astimezone(ZONE))
    try:
        yield moment
    finally:
        _moved.reset(token)


class Unit(StrEnum):
    """What a limit is counted in: 小时, 工作日, 自然日."""

    HOUR = "hour"
    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"


class DayKind(StrEnum):
    """How a day departs from the week: 放假, 调休上班; ORDINARY takes an earlier exception back."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Limit:
    """So much time, in one unit."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= LONGEST:
            raise ValueError(f"a limit has 0 to {LONGEST} {self.unit}, not {self.amount}")


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stands still from `start` to `end`; an open end means it still does. `why` is told to the citizen."""

    start: datetime
    end: datetime | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """More time (延期), counted from where the limit before it ends."""

    days: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 < self.days <= LONGEST:
            raise ValueError(f"an extension has 1 to {LONGEST} {self.unit}, not {self.days}")


@dataclass(frozen=True, slots=True)
class Day:
    """A day that departs from the week, and the festival or reason it departs for."""

    kind: DayKind
    note: str


@dataclass(frozen=True)
class Calendar:
    """The working days of one region in one version: the week, except `days`.

    `years` are those whose official notice (国务院办公厅节假日安排的通知) is in; others are counted by the week and
    the statutory festivals, and what is counted with them is provisional.
    """

    version: int
    region: str
    days: Mapping[date, Day]
    years: frozenset[int] = frozenset()
    _working: dict[int, tuple[date, ...]] = field(default_factory=dict, repr=False, compare=False)

    def knows(self, year: int) -> bool:
        """Whether the notice of that year is in."""
        return year in self.years

    def works(self, day: date) -> bool:
        """Whether it is a working day."""
        exception = self.days.get(day)
        return exception.kind is DayKind.WORKDAY if exception else day.weekday() < 5

    def working_day(self, day: date, number: int) -> date:
        """The `number`-th working day after `day`; with number 0 the first one not before `day`."""
        year, days = day.year, self._of(day.year)
        index = bisect_right(days, day) + number - 1 if number else bisect_left(days, day)
        while index >= len(days):
            index -= len(days)
            year += 1
            days = self._of(year)
        return days[index]

    def working_days(self, after: date, through: date) -> int:
        """How many working days lie in (after, through]."""
        if through <= after:
            return 0
        whole = sum(len(self._of(year)) for year in range(after.year, through.year))
        return whole + bisect_right(self._of(through.year), through) - bisect_right(self._of(after.year), after)

    def _of(self, year: int) -> tuple[date, ...]:
        if year not in self._working:
            first = date(year, 1, 1)
            length = (date(year, 12, 31) - first).days + 1
            self._working[year] = tuple(day for n in range(length) if self.works(day := first + n * _DAY))
        return self._working[year]


@dataclass(frozen=True, slots=True)
class Step:
    """One day of a deadline's explanation: does it count, as which number, and why (not)."""

    on: date
    counts: bool
    number: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A due moment with its reasons. `provisional` when it touches a year whose calendar is not settled (暂算)."""

    due_at: datetime
    provisional: bool
    calendar_version: int
    steps: tuple[Step, ...]


def due(
    start: datetime,
    limit: Limit,
    calendar: Calendar,
    *,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    now: datetime | None = None,
) -> datetime:
    """The moment the limit ends, without explanation: microseconds, for every filing. `deadline` explains the same.

    A pause takes out the days after the one it begins on, through the one it ends on (the day of an event is not
    counted), and a limit never ends on a day at whose end the clock stands still. An open pause counts as ending at
    `now`. Each extension begins where the limit before it ended, so it always gives at least its days.
    """
    stops = _merged(pauses, now)
    event, moment = _local(start).date(), _local(start)
    for amount, unit in _segments(limit, extensions):
        if unit is Unit.HOUR:
            moment = _after_hours(moment, amount, stops)
            event = moment.date()
        else:
            event = _last_day(event, amount, unit, calendar, stops)
            moment = _end_of(event)
    return moment


def deadline(
    start: datetime,
    limit: Limit,
    calendar: Calendar,
    *,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    now: datetime | None = None,
) -> Deadline:
    """The same moment as `due`, with every day from the event to the end and why it counts or not."""
    stops = _merged(pauses, now)
    event, moment = _local(start).date(), _local(start)
    steps = [] if limit.unit is Unit.HOUR else [Step(event, False, None, _("事情发生的当天不计入"))]
    counted = 0
    for index, (amount, unit) in enumerate(_segments(limit, extensions)):
        if unit is Unit.HOUR:
            moment = _after_hours(moment, amount, stops)
            event = moment.date()
            counted += amount
            steps.append(Step(event, True, counted, _hours(amount, index > 0)))
        else:
            walked = _walk(event, amount, unit, calendar, stops, counted=counted, extended=index > 0)
            steps += walked
            counted += amount
            event = walked[-1].on if walked else event
            moment = _end_of(event)
    unsure = provisional(start, moment, limit, calendar, extensions=extensions)
    return Deadline(moment, unsure, calendar.version, tuple(steps))


def provisional(
    start: datetime, due_at: datetime, limit: Limit, calendar: Calendar, *, extensions: Sequence[Extension] = ()
) -> bool:
    """Whether a due moment in days touches a year whose notice is not in (暂算). Hours need no calendar."""
    if all(unit is Unit.HOUR for _amount, unit in _segments(limit, extensions)):
        return False
    last = (_local(due_at) - timedelta(microseconds=1)).year
    return not all(calendar.knows(year) for year in range(_local(start).year, last + 1))


def elapsed(
    start: datetime,
    end: datetime,
    unit: Unit,
    calendar: Calendar,
    *,
    pauses: Sequence[Pause] = (),
    now: datetime | None = None,
) -> int:
    """How much of a limit is used up between two moments: the days counted, 0 on the same day; or the hours begun."""
    stops = _merged(pauses, now)
    if unit is Unit.HOUR:
        running = end - start - sum((_overlap(stop, start, end) for stop in stops), timedelta())
        return max(0, -(-running // timedelta(hours=1)))
    first, last = _local(start).date(), _local(end).date()
    stood = sum(_between(max(first, stop.start.date()), min(last, stop.end.date()), unit, calendar) for stop in stops)
    return _between(first, last, unit, calendar) - stood


def remaining(deadline: Deadline, now: datetime) -> timedelta:
    """The time left until the deadline; negative once it has passed."""
    return deadline.due_at - now


# A stop is a merged pause: its two moments and what to say about it.
@dataclass(frozen=True, slots=True)
class _Stop:
    start: datetime
    end: datetime
    why: str

    def takes(self, day: date) -> bool:
        return self.start.date() < day <= self.end.date()

    def holds(self, day: date) -> bool:
        """Whether the clock stands still when that day ends."""
        return self.start.date() <= day < self.end.date()


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a deadline needs moments with a time zone")
    return moment.astimezone(ZONE)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + _DAY, time.min, ZONE)


def _segments(limit: Limit, extensions: Iterable[Extension]) -> list[tuple[int, Unit]]:
    return [(limit.amount, limit.unit), *((more.days, more.unit) for more in extensions)]


def _merged(pauses: Iterable[Pause], now: datetime | None) -> list[_Stop]:
    """The pauses in order, overlapping and touching ones made one, open ones ended at `now`."""
    if not pauses:
        return []
    stops: list[_Stop] = []
    for start, end, why in sorted(_closed(pause, now) for pause in pauses):
        if stops and start <= stops[-1].end:
            stops[-1] = _Stop(stops[-1].start, max(stops[-1].end, end), stops[-1].why)
        else:
            stops.append(_Stop(start, end, why))
    return stops


def _closed(pause: Pause, moment: datetime | None) -> tuple[datetime, datetime, str]:
    start = _local(pause.start)
    end = pause.end or moment or now()
    return start, max(start, _local(end)), pause.why


def _after_hours(moment: datetime, hours: int, stops: Iterable[_Stop]) -> datetime:
    due_at = moment + timedelta(hours=hours)
    for stop in stops:
        if stop.start < due_at:
            due_at += _overlap(stop, moment, stop.end)
    return due_at


def _overlap(stop: _Stop, start: datetime, end: datetime) -> timedelta:
    """How long the clock stood still between two moments."""
    return max(timedelta(), min(stop.end, end) - max(stop.start, start))


def _last_day(event: date, amount: int, unit: Unit, calendar: Calendar, stops: Iterable[_Stop]) -> date:
    """The day on which so many countable days after `event` have gone by, moved on to one it may end on."""
    last, left = event, amount
    for stop in stops:
        before = _between(last, stop.start.date(), unit, calendar)
        if before >= left:
            break
        left -= before
        last = max(last, stop.end.date())
    if left:
        last = calendar.working_day(last, left) if unit is Unit.WORKING_DAY else last + left * _DAY
    last = calendar.working_day(last, 0)
    for stop in stops:
        if stop.holds(last):
            last = calendar.working_day(stop.end.date(), 0)
    return last


def _between(after: date, through: date, unit: Unit, calendar: Calendar) -> int:
    if unit is Unit.WORKING_DAY:
        return calendar.working_days(after, through)
    return max(0, (through - after).days)


def _walk(
    event: date,
    amount: int,
    unit: Unit,
    calendar: Calendar,
    stops: Sequence[_Stop],
    *,
    counted: int,
    extended: bool,
) -> list[Step]:
    """Every day after `event` until so many have counted and the last one may be the end.

    Deliberately the plain way, one day at a time: the tests hold the fast way of `due` to it.
    """
    steps: list[Step] = []
    day, done = event, 0
    while done < amount or not _may_end(day, calendar, stops):
        day += _DAY
        stop = next((stop for stop in stops if stop.takes(day)), None)
        counts = done < amount and stop is None and (unit is Unit.CALENDAR_DAY or calendar.works(day))
        done += counts
        why = _why(day, unit, calendar, stop, counts=counts, over=done >= amount and not counts, extended=extended)
        steps.append(Step(day, counts, counted + done if counts else None, why))
    return steps


def _may_end(day: date, calendar: Calendar, stops: Iterable[_Stop]) -> bool:
    return calendar.works(day) and not any(stop.holds(day) for stop in stops)


def _why(
    day: date, unit: Unit, calendar: Calendar, stop: _Stop | None, *, counts: bool, over: bool, extended: bool
) -> str:
    """The sentence part beside one day."""
    if counts:
        what = _("自然日") if unit is Unit.CALENDAR_DAY else _kind_of(day, calendar)
        return _("延期：%(day)s") % {"day": what} if extended else what
    if stop:
        return _("暂停：%(why)s") % {"why": stop.why} if stop.why else _("暂停计时")
    if over and calendar.works(day):
        return _("期限顺延到这一天")
    if over:
        return _("%(day)s，期限顺延") % {"day": _kind_of(day, calendar)}
    return _kind_of(day, calendar)


def _kind_of(day: date, calendar: Calendar) -> str:
    exception = calendar.days.get(day)
    if exception is None:
        return _("工作日") if day.weekday() < 5 else _("周末")
    name = FESTIVALS.get(exception.note, exception.note)
    if exception.kind is DayKind.WORKDAY:
        return _("%(name)s调休上班") % {"name": name}
    return _("%(name)s放假") % {"name": name}


def _hours(amount: int, extended: bool) -> str:
    text = _("延期 %(hours)s 小时，昼夜连续计算") if extended else _("共 %(hours)s 小时，昼夜连续计算")
    return text % {"hours": amount}
