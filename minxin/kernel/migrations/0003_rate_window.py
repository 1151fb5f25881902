"""Counters of the rate limits: unlogged, since losing them costs nothing and writing them must cost little."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_calendar_seed")]
    operations = [
        migrations.CreateModel(
            name="RateWindow",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("window", models.BigIntegerField()),
                ("hits", models.PositiveIntegerField()),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE kernel_ratewindow SET UNLOGGED; ALTER TABLE kernel_ratewindow SET (fillfactor = 50)",
            migrations.RunSQL.noop,
        ),
    ]
