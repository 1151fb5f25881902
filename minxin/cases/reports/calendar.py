"""The working-day calendar as a page: a year in months, whose notice is out, and who changed what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from minxin.cases.rules import calendar as rules
from minxin.directory import reports as directory
from minxin.directory.rules import Officer
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.clocks import Calendar, DayKind
from minxin.kernel.reports import Change

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Square:
    """One day of a month: `kind` is working, rest (the week's), holiday or makeup; `word` says what departs."""

    on: date
    kind: str
    word: str
    note: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month in weeks from Monday; None outside the month. `working` days in all, and what departs, in words."""

    first: date
    weeks: tuple[tuple[Square | None, ...], ...]
    working: int
    departures: tuple[tuple[str, str], ...]  # (kind, "1日至7日 国庆节")


@dataclass(frozen=True, slots=True)
class History:
    """A version of the calendar: the change, and its region in words."""

    change: Change
    region: str


@dataclass(frozen=True, slots=True)
class Year:
    """A region's year. `settled`: the official notice is in, by `notice`; else deadlines in it are provisional."""

    year: int
    region: str
    region_name: str
    months: tuple[Month, ...]
    working: int
    settled: bool
    notice: History | None
    history: Sequence[History]
    version: int


def year(number: int, region: str) -> Year:
    """At most 4 queries. Absent when there is no such region."""
    name = _name(region)
    found = kernel.calendar(region)
    history = [History(change, _name(change.region)) for change in kernel.changes(region)]
    months = tuple(_month(found, number, month) for month in range(1, 13))
    return Year(
        number,
        region,
        name,
        months,
        sum(month.working for month in months),
        found.knows(number),
        next((row for row in history if row.change.settles == number), None),
        history,
        found.version,
    )


def regions_of(officer: Officer) -> list[tuple[str, str]]:
    """No query while the tree is known. The regions whose days this officer may change: (code, indented name)."""
    found = [(rules.NATION, _("全国"))] if rules.may(officer, rules.NATION) else []
    for row in directory.regions():
        if len(row.code) == 6 and rules.may(officer, row.code):
            found.append((row.code, f"{row.name} {row.code}"))
    return found


def _name(region: str) -> str:
    return directory.region(region).name if region else _("全国")


def _month(calendar: Calendar, number: int, month: int) -> Month:
    first = date(number, month, 1)
    squares = [_square(calendar, on) for on in _days_of(first)]
    cells: list[Square | None] = [None] * first.weekday() + squares
    cells += [None] * (-len(cells) % 7)
    weeks = tuple(tuple(cells[at : at + 7]) for at in range(0, len(cells), 7))
    working = sum(square.kind in {"working", "makeup"} for square in squares)
    return Month(first, weeks, working, tuple(_departures(squares)))


def _days_of(first: date) -> Iterator[date]:
    on = first
    while on.month == first.month:
        yield on
        on += _DAY


def _square(calendar: Calendar, on: date) -> Square:
    exception = calendar.days.get(on)
    if exception is None:
        return Square(on, "working" if calendar.works(on) else "rest", "", "")
    note = str(clocks.FESTIVALS.get(exception.note, exception.note))
    if exception.kind is DayKind.WORKDAY:
        return Square(on, "makeup", _("班"), note)
    return Square(on, "holiday", _("休"), note)


def _departures(squares: Sequence[Square]) -> Iterator[tuple[str, str]]:
    """Days in a row that depart alike, as one line; a weekend between two holidays of one festival is part of it."""
    runs: list[list[Square]] = []
    for square in squares:
        if square.kind not in {"holiday", "makeup"}:
            continue
        last = runs[-1][-1] if runs else None
        between = squares[last.on.day : square.on.day - 1] if last else []
        alike = last is not None and (last.kind, last.note) == (square.kind, square.note)
        if alike and all(day.kind == "rest" for day in between):
            runs[-1].append(square)
        else:
            runs.append([square])
    for run in runs:
        facts = {"first": _said(run[0].on), "last": _said(run[-1].on)}
        span = facts["first"] if len(run) == 1 else _("%(first)s至%(last)s") % facts
        yield run[0].kind, f"{span} {run[0].note}".strip()


def _said(on: date) -> str:
    return _("%(month)d月%(day)d日") % {"month": on.month, "day": on.day}
