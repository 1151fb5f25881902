"""Changes of the working-day calendar: each adds a version that says who, why and on what ground.

Whoever keeps open deadlines recomputes them afterwards (`reports.calendar` gives the new calendar at once).
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from django.db import connection, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from minxin.kernel import clocks, identifiers, reports, text
from minxin.kernel.clocks import Day, DayKind
from minxin.kernel.errors import Refused
from minxin.kernel.models import CalendarDay, CalendarVersion

SEEDS = Path(__file__).parent / "seeds"
_KINDS = {"放假": DayKind.HOLIDAY, "休": DayKind.HOLIDAY, "上班": DayKind.WORKDAY, "班": DayKind.WORKDAY} | {
    kind.value: kind for kind in DayKind
}


def set_day(
    on: date, *, kind: DayKind, note: str, region: str = "", by: str, why: str, basis: str = ""
) -> CalendarVersion:
    """Let one day be a holiday, a make-up workday, or what the week says, in one region (empty: the nation)."""
    _check_year(on.year)
    return _add({on: Day(kind, note)}, settles=None, region=region, by=by, why=why, basis=basis)


def import_year(
    year: int, table: str, *, settled: bool = True, region: str = "", by: str, why: str, basis: str = ""
) -> CalendarVersion:
    """Take over a year's notice from CSV text (columns on, kind, note, or 日期, 安排, 说明), whole or not at all.

    Days the region itself had as exceptions in that year and the table does not name become ordinary again. `settled`
    means the official notice is out: deadlines of that year are no longer provisional.
    """
    _check_year(year)
    return _replace(year, rows(year, table), settled=settled, region=region, by=by, why=why, basis=basis)


def reseed(*, by: str, why: str) -> list[CalendarVersion]:
    """Take over the years of the seed files that say something new; the versions made, none when all is known."""
    basis = {int(row["year"]): row["basis"] for row in _seed("notices.csv")}
    seeds: dict[int, dict[date, Day]] = {year: {} for year in basis}
    for row in _seed("calendar.csv"):
        seeds[int(row["year"])][date.fromisoformat(row["on"])] = Day(DayKind(row["kind"]), row["note"])
    named = {on for days in seeds.values() for on in days}
    current = reports.calendar_at("", CalendarVersion.objects.order_by("id").values_list("id", flat=True).last() or 0)
    made = []
    with transaction.atomic():
        for year, days in seeds.items():
            settled = bool(basis[year])
            if current.knows(year) and not settled:  # an estimate never replaces a notice
                continue
            dropped = any(on.year == year and on not in named for on in current.days)
            changed = any(current.days.get(on) != day for on, day in days.items())
            if current.knows(year) != settled or dropped or changed:
                made.append(_replace(year, days, settled=settled, region="", by=by, why=why, basis=basis[year]))
    return made


@app.periodic(cron="7 3 * * *")
@app.task(name="kernel.clear_rate_windows", queueing_lock="kernel.clear_rate_windows")
def clear_rate_windows(timestamp: int = 0) -> None:
    """Drop the counters of the rate limits once a night, so that they do not pile up; running ones begin anew."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE kernel_ratewindow")


def rows(year: int, table: str) -> dict[date, Day]:
    """The days of a CSV table, each once, of that year or the last days of the year before.

    Refuses with every row that is wrong, what is wrong with it, and how it should be.
    """
    reader = csv.reader(io.StringIO(text.clean(table, limit=100_000, field="table")))
    days: dict[date, Day] = {}
    wrong: list[str] = []
    for number, cells in enumerate(reader, start=1):
        if not any(cells) or (number == 1 and cells[0].strip().lower() in {"on", "date", "日期"}):
            continue
        try:
            on, day = _row(year, cells, known=days)
            days[on] = day
        except Refused as refusal:
            wrong.append(_("第 %(row)s 行：%(what)s。") % {"row": number, "what": refusal.sentence.rstrip("。")})
    if wrong:
        raise Refused("calendar_rows", "".join(wrong[:20]), field="table")
    if not days:
        raise Refused(
            "calendar_empty",
            _("表里没有日期。每行写日期、放假或上班、说明，例如 2027-10-01,放假,国庆节。"),
            field="table",
        )
    return days


def _row(year: int, cells: list[str], *, known: Mapping[date, Day]) -> tuple[date, Day]:
    cells = [*(cell.strip() for cell in cells), "", ""]
    try:
        on = date(*map(int, re.split(r"[-/.年月]", cells[0].removesuffix("日"))))
    except (ValueError, TypeError):
        raise Refused("calendar_date", _("日期要写成 2027-10-01 的样子")) from None
    if not date(year - 1, 12, 15) <= on <= date(year, 12, 31):
        raise Refused("calendar_year", _("%(day)s 不在 %(year)s 年") % {"day": on, "year": year})
    if on in known:
        raise Refused("calendar_twice", _("%(day)s 出现了两次，请留一行") % {"day": on})
    kind = _KINDS.get(cells[1].lower())
    if kind is None:
        raise Refused("calendar_kind", _("安排只能写“放假”或“上班”"))
    return on, Day(kind, text.clean(cells[2], limit=40, field="table"))


def _replace(
    year: int, days: Mapping[date, Day], *, settled: bool, region: str, by: str, why: str, basis: str
) -> CalendarVersion:
    gone = {on: Day(DayKind.ORDINARY, "") for on in reports.own_days(region, year) if on not in days}
    return _add(gone | dict(days), settles=year if settled else None, region=region, by=by, why=why, basis=basis)


def _add(
    days: Mapping[date, Day], *, settles: int | None, region: str, by: str, why: str, basis: str
) -> CalendarVersion:
    region = identifiers.region(region, field="region") if region else ""
    why = text.clean(why, limit=300, field="why")
    if not why or not by:
        raise Refused("calendar_why", _("请写明为什么调整日历。"), field="why")
    with transaction.atomic():
        version = CalendarVersion.objects.create(
            region=region,
            settles=settles,
            by=by,
            why=why,
            basis=text.clean(basis, limit=200, field="basis"),
            made_at=clocks.now(),
        )
        CalendarDay.objects.bulk_create(_stored(version, days.items()))
        reports.forget()
        transaction.on_commit(reports.forget)
    return version


def _stored(version: CalendarVersion, days: Iterable[tuple[date, Day]]) -> list[CalendarDay]:
    return [
        CalendarDay(version=version, on=on, kind=day.kind.value, note=text.clean(day.note, limit=40, field="note"))
        for on, day in days
    ]


def _check_year(year: int) -> None:
    if not 1990 <= year <= 2100:
        raise Refused("calendar_year", _("日历只管 1990 年到 2100 年，请核对年份。"), field="year")


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
