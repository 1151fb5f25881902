"""Payments in parts by fiscal year; `disclosures_part(year)` makes one more, harmless when it is there."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION disclosures_part(year integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part text := 'disclosures_payment_' || year;
BEGIN
    IF to_regclass(part) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('disclosures_part'));
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS %I PARTITION OF disclosures_payment FOR VALUES FROM (%s) TO (%s)',
            part, year::bigint * 1000000000, (year::bigint + 1) * 1000000000
        );
    END IF;
END $$
"""
YEARS = [f"SELECT disclosures_part({year})" for year in (2006, 2007, *range(2025, 2029))]


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0001_money")]
    operations = [migrations.RunSQL([FUNCTION, *YEARS], ["DROP FUNCTION disclosures_part(integer)"])]
