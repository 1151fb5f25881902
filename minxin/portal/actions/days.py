"""The demo's calendar: working days counted back from the last one before today, and hours in them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from minxin.kernel import clocks
from minxin.kernel import reports as kernel

REGION = "210000"
FAR = 80  # working days that a demo may look back
MORNING, EVENING = 8 * 60 + 35, 16 * 60 + 50  # minutes of the day


@dataclass(frozen=True, slots=True)
class Days:
    """`last` is the last working day before today; `of(5)` is the fifth before it."""

    back: tuple[date, ...]

    def of(self, ago: int) -> date:
        """The working day so many before the last one."""
        return self.back[ago]

    def ago(self, day: date) -> int:
        """How many working days ago the first working day not before `day` is; -1 when it has not been yet."""
        return max((index for index, one in enumerate(self.back) if one >= day), default=-1)


def until(now: datetime) -> Days:
    """The working days before the day of `now`, the latest first."""
    calendar, day = kernel.calendar(REGION), now.date()
    found: list[date] = []
    while len(found) < FAR:
        day -= timedelta(days=1)
        if calendar.works(day):
            found.append(day)
    return Days(tuple(found))


def moment(day: date, minutes: int) -> datetime:
    """That minute of that day, in Beijing time."""
    return datetime.combine(day, time(minutes // 60, minutes % 60), clocks.ZONE)


def written(day: date) -> str:
    """10月8日."""
    return f"{day.month}月{day.day}日"
