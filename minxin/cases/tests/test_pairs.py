"""The pairs by which the desk's search finds words."""

from importlib import import_module

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BEFORE = import_module("minxin.cases.migrations.0007_desk_search").FUNCTION.replace(
    "cases_pairs", "pg_temp.pairs_asked"
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, TEXT)
def test_the_loop_finds_the_pairs_that_the_query_found_so_that_indexes_stay(title: str, digest: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
        cursor.execute(
            "SELECT cases_pairs(%s::text, %s::text) = pg_temp.pairs_asked(%s::text, %s::text)", [title, digest] * 2
        )
        assert cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_long_digest_is_indexed_at_once() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '2s'")  # the query of before took half a minute
        cursor.execute("SELECT length(cases_pairs(%s))", ["工资拖欠" * 2_500])
        assert cursor.fetchone()[0] == 4
