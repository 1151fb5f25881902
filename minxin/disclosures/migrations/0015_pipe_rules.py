"""What regulations fix for the pipe, from seeds/pipe_rules.csv; the checks are planted again, one of them reads it."""

import csv
from importlib import import_module
from pathlib import Path
from typing import Any

from django.db import migrations, models
from django.db.models import F, Q

SEED = Path(__file__).parent.parent / "seeds" / "pipe_rules.csv"
CODES = [("modes", "支付方式"), ("cut_off", "当日办理的时限"), ("contract", "写明合同的起点金额")]


def seed(apps: Any, schema_editor: Any) -> None:
    """Plant what is not there yet."""
    rule = apps.get_model("disclosures", "PipeRule")
    with SEED.open(encoding="utf-8") as file:
        rows = [rule(**{**row, "valid_to": row["valid_to"] or None}) for row in csv.DictReader(file)]
    rule.objects.bulk_create(rows, ignore_conflicts=True)
    import_module("minxin.disclosures.migrations.0010_check_rules").seed(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0014_flow_purposes")]
    operations = [
        migrations.CreateModel(
            name="PipeRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(choices=CODES, max_length=10)),
                ("region", models.CharField(blank=True, max_length=12)),
                ("value", models.CharField(max_length=20)),
                ("basis", models.CharField(max_length=120)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["code", "region", "valid_from"], name="pipe_rule_once"),
                    models.UniqueConstraint(
                        fields=["code", "region"], condition=Q(valid_to__isnull=True), name="pipe_rule_one_in_force"
                    ),
                    models.CheckConstraint(
                        condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="pipe_rule_dates"
                    ),
                    models.CheckConstraint(
                        condition=Q(code="modes", value__in=("split", "unified"))
                        | Q(code="cut_off", value__regex="^([01][0-9]|2[0-3]):[0-5][0-9]$")
                        | Q(code="contract", value__regex="^[1-9][0-9]{0,14}$"),
                        name="pipe_rule_value_shape",
                    ),
                ],
            },
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
