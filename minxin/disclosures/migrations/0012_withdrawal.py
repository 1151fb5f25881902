"""Why a submission was taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0011_payment_year")]
    operations = [
        migrations.AddField(
            "submission", "withdrawal", models.CharField(max_length=300, blank=True, default="", db_default="")
        ),
    ]
