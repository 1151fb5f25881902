"""Words in titles and digests are found on the desk by an index over pairs of neighbouring characters."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION cases_pairs(VARIADIC texts text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_to_tsvector(array_agg(DISTINCT letters[at] || letters[at + 1])), ''::tsvector)
    FROM (SELECT string_to_array(lower(array_to_string(texts, E'\\n')), NULL) AS letters) AS one,
         generate_series(1, cardinality(letters) - 1) AS at
$$
"""
TITLES = "CREATE INDEX case_pairs ON cases_case USING gin (cases_pairs(title, digest_title))"
DIGESTS = "CREATE INDEX digest_pairs ON cases_text USING gin (cases_pairs(body)) WHERE words = 'digest'"


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_tray")]
    operations = [
        migrations.RunSQL(
            [FUNCTION, TITLES, DIGESTS],
            ["DROP INDEX digest_pairs", "DROP INDEX case_pairs", "DROP FUNCTION cases_pairs(text[])"],
        ),
    ]
