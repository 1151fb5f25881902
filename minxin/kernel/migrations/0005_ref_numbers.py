"""Numbers of public references: one sequence for each series and year, made by the first who asks.

The advisory lock is held to the end of the maker's transaction, so that a second one waits and then finds the sequence;
if the maker rolls back, the second one makes it. Once it exists a number costs one statement and no lock.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("kernel", "0004_cache_table")]
    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION kernel_next_number(series text, year int) RETURNS bigint LANGUAGE plpgsql AS $$
            DECLARE
                name text := format('kernel_ref_%s_%s', series, year);
            BEGIN
                IF to_regclass(name) IS NULL THEN
                    PERFORM pg_advisory_xact_lock(hashtextextended(name, 0));
                    EXECUTE format('CREATE SEQUENCE IF NOT EXISTS %I', name);
                END IF;
                RETURN nextval(name::regclass);
            END
            $$
            """,
            "DROP FUNCTION kernel_next_number(text, int)",
        ),
    ]
