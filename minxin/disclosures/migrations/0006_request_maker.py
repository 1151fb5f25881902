"""Who asked for a payment (制单), so that nobody reviews his own request."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0005_headings")]
    operations = [migrations.AddField("request", "maker_id", models.BigIntegerField(null=True))]
