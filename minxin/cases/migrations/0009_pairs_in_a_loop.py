"""Pairs of characters for the desk's search, gathered in a loop: a title in a twentieth of the time, a long digest in
milliseconds where the query of before took time with the square of its length. The pairs are the same: the indexes stay.
"""

from importlib import import_module

from django.db import migrations

LOOP = """
CREATE OR REPLACE FUNCTION cases_pairs(VARIADIC texts text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    letters text[] := string_to_array(lower(array_to_string(texts, E'\\n')), NULL);
    pairs text[] := '{}';
BEGIN
    FOR at IN 2 .. cardinality(letters) LOOP
        pairs := pairs || (letters[at - 1] || letters[at]);
    END LOOP;
    RETURN array_to_tsvector(pairs);
END $$
"""
QUERY = import_module("minxin.cases.migrations.0007_desk_search").FUNCTION.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_desk_queues")]
    operations = [migrations.RunSQL(LOOP, QUERY)]
