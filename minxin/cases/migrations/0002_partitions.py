"""Parts by year: everything before 2026, then year by year; `cases_partition(year)` makes one more."""

from django.db import migrations

TABLES = ("cases_case", "cases_filing", "cases_clock")
FUNCTION = """
CREATE FUNCTION cases_partition(year integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    base text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('cases_partition'));
    FOREACH base IN ARRAY ARRAY['cases_case', 'cases_filing', 'cases_clock'] LOOP
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
            base || '_' || year, base, year::bigint * 1000000000, (year::bigint + 1) * 1000000000
        );
    END LOOP;
END $$
"""
EARLIER = [
    f"CREATE TABLE {table}_earlier PARTITION OF {table} FOR VALUES FROM (MINVALUE) TO (2026000000000)"
    for table in TABLES
]
YEARS = [f"SELECT cases_partition({year})" for year in (2026, 2027, 2028)]


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_cases")]
    operations = [
        migrations.RunSQL([FUNCTION, *EARLIER, *YEARS], ["DROP FUNCTION cases_partition(integer)"]),
    ]
