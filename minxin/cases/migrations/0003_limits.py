"""The limits to begin with, from seeds/limits.csv; each row may be closed and replaced at the desk."""

import csv
from pathlib import Path

from django.db import migrations

SEED = Path(__file__).parent.parent / "seeds" / "limits.csv"


def plant(apps, schema_editor):
    rule = apps.get_model("cases", "ClockRule")
    with SEED.open(encoding="utf-8") as file:
        rule.objects.bulk_create(rule(**row) for row in csv.DictReader(file))


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_partitions")]
    operations = [migrations.RunPython(plant, migrations.RunPython.noop)]
