"""Orders of a day at a finance bureau: its desk's list and sums."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0015_pipe_rules")]
    operations = [
        migrations.AddIndex("order", models.Index(fields=["finance", "-ordered_at"], name="order_of_day")),
    ]
