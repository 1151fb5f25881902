"""When the agent bank was told of an allotment: each once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0012_withdrawal")]
    operations = [migrations.AddField("allotment", "notified_at", models.DateTimeField(blank=True, null=True))]
