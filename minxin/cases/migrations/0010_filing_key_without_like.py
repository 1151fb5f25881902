"""An idempotency key is a digest and only ever asked for whole: the index for its beginnings, which Django adds to a
key made of characters, cost every filing a second write at a random place.
"""

from django.db import migrations

DROP = "DROP INDEX IF EXISTS cases_filingkey_key_b4158931_like"
MAKE = "CREATE INDEX cases_filingkey_key_b4158931_like ON cases_filingkey (key varchar_pattern_ops)"


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_pairs_in_a_loop")]
    operations = [migrations.RunSQL(DROP, MAKE)]
