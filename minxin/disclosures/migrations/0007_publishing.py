"""A submission knows the act that published it; a city's run to publish everything at once knows how far it is."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

VERSIONS = [("initial", "年初预算"), ("adjusted", "调整预算"), ("executed", "执行数"), ("final", "决算")]
PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0006_request_maker")]
    operations = [
        migrations.AddField(
            "submission",
            "publication",
            models.ForeignKey(
                to="disclosures.publication", blank=True, null=True, on_delete=PROTECT, related_name="submissions"
            ),
        ),
        migrations.CreateModel(
            "CityRun",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("template", models.CharField(max_length=40)),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("version", models.CharField(blank=True, choices=VERSIONS, max_length=10)),
                ("title", models.CharField(max_length=200)),
                ("person_id", models.BigIntegerField(blank=True, null=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField()),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("refusal", models.CharField(blank=True, max_length=1000)),
                ("finance", models.ForeignKey(on_delete=PROTECT, related_name="+", to="directory.unit")),
                (
                    "publication",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=PROTECT, related_name="+", to="disclosures.publication"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["finance", "-id"], name="city_run_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(finished_at__isnull=True), fields=["finance"], name="city_run_one_at_a_time"
                    ),
                    models.CheckConstraint(condition=Q(done__lte=F("total")), name="city_run_not_beyond_its_end"),
                    models.CheckConstraint(
                        condition=Q(finished_at__isnull=True) | Q(publication__isnull=False) | ~Q(refusal=""),
                        name="city_run_ends_one_way_or_the_other",
                    ),
                ],
            },
        ),
    ]
