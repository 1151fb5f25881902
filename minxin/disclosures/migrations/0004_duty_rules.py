"""The duties to publish to begin with, from seeds/duties.csv; what the database has already is left alone."""

import csv
from pathlib import Path

from django.db import migrations

SEED = Path(__file__).parent.parent / "seeds" / "duties.csv"


def seed(apps, schema_editor):
    rule = apps.get_model("disclosures", "DutyRule")
    with SEED.open(encoding="utf-8") as file:
        rows = [rule(**{**row, "valid_to": row["valid_to"] or None}) for row in csv.DictReader(file)]
    rule.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0003_flow")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
