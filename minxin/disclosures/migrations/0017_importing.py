"""Payments that came with a file: a stage of its own for what was imported, and the checks of imports planted."""

from importlib import import_module
from typing import Any

from django.db import migrations, models
from django.db.models import Q

STAGES = [
    ("draft", "已收到"), ("failed", "校核未通过"), ("checked", "校核通过"), ("signed", "已签发"), ("published", "已公开"),
    ("withdrawn", "已撤回"), ("imported", "已导入"),
]  # fmt: skip
KNOWN = Q(stage__in=[stage for stage, _label in STAGES])


def seed(apps: Any, schema_editor: Any) -> None:
    """Plant the checks again: those of imports are new."""
    import_module("minxin.disclosures.migrations.0010_check_rules").seed(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0016_order_of_day")]
    operations = [
        migrations.AlterField("submission", "stage", models.CharField(choices=STAGES, default="draft", max_length=10)),
        migrations.RemoveConstraint("submission", "submission_stage_known"),
        migrations.AddConstraint("submission", models.CheckConstraint(condition=KNOWN, name="submission_stage_known")),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
