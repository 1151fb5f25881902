"""The table of the cache that all workers share (sign-in limits), as Django's createcachetable makes it, unlogged."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_rate_window")]
    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE kernel_cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamptz NOT NULL
            );
            CREATE INDEX kernel_cache_expires ON kernel_cache (expires);
            """,
            "DROP TABLE kernel_cache",
        ),
    ]
