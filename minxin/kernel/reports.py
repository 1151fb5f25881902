"""Questions about the working-day calendar."""

import re
import time
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Max, QuerySet

from minxin.kernel.clocks import Calendar, Day, DayKind
from minxin.kernel.models import CalendarDay, CalendarVersion

FRESH_SECONDS = 3.0  # how long a worker may go on with a calendar that another one has just changed


@dataclass(slots=True)
class _Known:
    """What this process has read: the newest version of each region that has its own days, and calendars by lineage."""

    newest: dict[str, int]
    checked: float
    calendars: dict[tuple[str, ...], Calendar] = field(default_factory=dict)


_known: _Known | None = None


def calendar(region: str = "") -> Calendar:
    """The calendar that holds in a region now: the nation's days, overruled by its province's, city's, its own.

    0 queries while fresh, 1 every few seconds to ask for changes, 2 after a change. Regions without days of their own
    share one calendar.
    """
    global _known
    if _known is None or time.monotonic() - _known.checked > FRESH_SECONDS:
        newest = _newest()
        calendars = _known.calendars if _known is not None and _known.newest == newest else {}
        _known = _Known(newest, time.monotonic(), calendars)
    known = _known
    lineage = tuple(code for code in _lineage(region) if code in known.newest)
    if lineage not in known.calendars:
        known.calendars[lineage] = _read(lineage, max((known.newest[code] for code in lineage), default=0))
    return known.calendars[lineage]


def calendar_at(region: str, version: int) -> Calendar:
    """The calendar that held in a region when `version` was the newest: to prove an old deadline. 2 queries."""
    return _read(_lineage(region), version)


def forget() -> None:
    """Ask the database again at the next question: after a change, and between tests."""
    global _known
    _known = None


@dataclass(frozen=True, slots=True)
class Change:
    """One version of the calendar, as the desk lists it."""

    version: int
    region: str
    settles: int | None
    by: str
    why: str
    basis: str
    made_at: datetime
    days: int


def changes(region: str = "", *, most: int = 100) -> list[Change]:
    """The newest changes that reach a region, newest first. 1 query."""
    rows = CalendarVersion.objects.filter(region__in=_lineage(region)).annotate(count=Count("days")).order_by("-id")
    return [
        Change(row.pk, row.region, row.settles, row.by, row.why, row.basis, row.made_at, row.count)
        for row in rows[:most]
    ]


def own_days(region: str, year: int) -> dict[date, Day]:
    """The days of a year that depart from the week by this region's own rows, not its parents'. 1 query.

    Without the make-up workdays of December that came with the next year's notice.
    """
    rows = CalendarDay.objects.filter(version__region=region, on__year=year).exclude(version__settles=year + 1)
    return _in_force(rows, (region,))


def _newest() -> dict[str, int]:
    return dict(CalendarVersion.objects.order_by().values_list("region").annotate(newest=Max("id")))


def _lineage(region: str) -> tuple[str, ...]:
    """The regions whose days hold in a region, widest first: nation, province, city, county, town, village."""
    if not re.fullmatch(r"(\d{6}|\d{9}|\d{12})?", region):
        raise ValueError(f"no region code: {region!r}")
    county = region[:6]
    above = [f"{county[:2]}0000", f"{county[:4]}00", county, region[:9], region] if region else []
    return tuple(dict.fromkeys(["", *above]))


def _read(lineage: tuple[str, ...], version: int) -> Calendar:
    settled = CalendarVersion.objects.filter(region__in=lineage, id__lte=version, settles__isnull=False)
    years = frozenset(year for year in settled.values_list("settles", flat=True) if year is not None)
    rows = CalendarDay.objects.filter(version__region__in=lineage, version_id__lte=version)
    return Calendar(version, lineage[-1] if lineage else "", _in_force(rows, lineage), years)


def _in_force(rows: QuerySet[CalendarDay], lineage: tuple[str, ...]) -> dict[date, Day]:
    """The exceptions that hold: a narrower region overrules a wider one, a newer version an older one."""
    found = list(rows.values_list("version__region", "version_id", "on", "kind", "note"))
    found.sort(key=lambda row: (lineage.index(row[0]), row[1]))
    days = {on: Day(DayKind(kind), note) for _region, _version, on, kind, note in found}
    return {on: day for on, day in days.items() if day.kind is not DayKind.ORDINARY}
