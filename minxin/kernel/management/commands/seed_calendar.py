"""`seed_calendar`: writes the calendar's seed files anew from the `holidays` package, for the maintainers."""

import csv
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import holidays
from django.core.management.base import BaseCommand

from minxin.kernel import clocks

SEEDS = Path(__file__).parents[2] / "seeds"
_IN_LIEU = re.compile(r"休息日（由 (\d{4}-\d\d-\d\d) 调休）")


class Command(BaseCommand):
    """Years after `--settled` are the package's estimate: their deadlines stay provisional."""

    help = "Write minxin/kernel/seeds/*.csv anew from the holidays package."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--first", type=int, default=2004)
        parser.add_argument("--last", type=int, required=True)
        parser.add_argument("--settled", type=int, required=True, help="the last year whose official notice is out")

    def handle(self, *, first: int, last: int, settled: int, **_options: object) -> None:
        years = range(first, last + 1)
        with (SEEDS / "calendar.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["year", "on", "kind", "note"])
            writer.writerows(sorted(rows(years)))
        with (SEEDS / "notices.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["year", "basis"])
            for year in years:
                writer.writerow([year, f"国务院办公厅关于{year}年部分节假日安排的通知" if year <= settled else ""])
        self.stdout.write(f"{SEEDS}: {first} to {last}, settled to {settled}")


def rows(years: range) -> Iterator[tuple[int, date, str, str]]:
    """(year of the rest day, day, kind, festival) of every day that departs from the week."""
    days = holidays.country_holidays("CN", years=years, language="zh_CN")
    festivals = {day: name for day in days if (name := _festival(days[day]))}
    for day, text in sorted(days.items()):
        nearest = festivals[min(festivals, key=lambda other: (abs(other - day), other))]
        if moved := _IN_LIEU.search(text):
            yield day.year, date.fromisoformat(moved[1]), clocks.DayKind.WORKDAY.value, nearest
        yield day.year, day, clocks.DayKind.HOLIDAY.value, nearest


def _festival(text: str) -> str:
    text = "春节" if text == "农历除夕" else text
    return next((name for name in reversed(clocks.FESTIVALS) if name in text), "")
