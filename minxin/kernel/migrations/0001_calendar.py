import django.db.models.deletion
from django.db import migrations, models

KINDS = ["holiday", "workday", "ordinary"]


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="CalendarVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("region", models.CharField(blank=True, db_comment="区划代码；空为全国", max_length=12)),
                (
                    "settles",
                    models.PositiveSmallIntegerField(db_comment="本次变更使这一年的放假安排成为定案", null=True),
                ),
                ("by", models.CharField(max_length=100)),
                ("why", models.CharField(max_length=300)),
                ("basis", models.CharField(blank=True, db_comment="依据（文件名称或文号）", max_length=200)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["region", "-id"], name="kernel_calversion_region")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(region__regex=r"^(\d{6}|\d{9}|\d{12})?$"),
                        name="kernel_calversion_region_digits",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(why="") & ~models.Q(by=""), name="kernel_calversion_has_why"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on", models.DateField()),
                ("kind", models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=10)),
                ("note", models.CharField(blank=True, max_length=40)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="days",
                        to="kernel.calendarversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "on"), name="kernel_calday_once"),
                    models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="kernel_calday_kind"),
                ],
            },
        ),
    ]
