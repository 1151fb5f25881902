"""A payment's key is in its year: reckoned in bigint, for a smallint times a thousand million overflows."""

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Cast

IN_ITS_YEAR = Q(id__gte=Cast(F("year"), models.BigIntegerField()) * 10**9)


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0010_check_rules")]
    operations = [
        migrations.RemoveConstraint("payment", "payment_in_its_year"),
        migrations.AddConstraint("payment", models.CheckConstraint(condition=IN_ITS_YEAR, name="payment_in_its_year")),
    ]
