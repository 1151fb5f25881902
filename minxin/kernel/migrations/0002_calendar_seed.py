"""The working days from 2004 on, one version for each year's notice, read from kernel/seeds."""

import csv
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from django.db import migrations
from django.db.migrations.state import StateApps

MADE_AT = datetime(2026, 11, 23, tzinfo=UTC)
SEEDS = Path(__file__).parent.parent / "seeds"


def _rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seed(apps: StateApps, _schema_editor: object) -> None:
    versions = apps.get_model("kernel", "CalendarVersion")
    days_of = apps.get_model("kernel", "CalendarDay")
    basis = {row["year"]: row["basis"] for row in _rows("notices.csv")}
    for year, days in groupby(_rows("calendar.csv"), key=lambda row: row["year"]):
        version = versions.objects.create(
            settles=int(year) if basis[year] else None,
            by="系统",
            why=f"{year}年节假日初始数据",
            basis=basis[year],
            made_at=MADE_AT,
        )
        days_of.objects.bulk_create(
            days_of(version=version, on=day["on"], kind=day["kind"], note=day["note"]) for day in days
        )


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_calendar")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
