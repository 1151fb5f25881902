"""Queues of the desk begin at small indexes: open slips of a unit, appeals to decide, cases a superior answers for."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_desk_search")]
    operations = [
        migrations.AddIndex(
            "sliprow", models.Index(fields=["unit", "id"], condition=Q(answered_at__isnull=True), name="slip_open")
        ),
        migrations.AddIndex(
            "appeal", models.Index(fields=["unit", "at", "id"], condition=Q(decision="pending"), name="appeal_pending")
        ),
        migrations.AddIndex(
            "case", models.Index(fields=["superior", "id"], condition=Q(superior__isnull=False), name="case_superior")
        ),
        migrations.AddIndex("reading", models.Index(fields=["person_id", "at"], name="reading_person")),
    ]
