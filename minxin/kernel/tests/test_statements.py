"""Statements that are kept planned give what the ORM gives."""

from datetime import date, datetime

import pytest

from minxin.kernel import clocks, statements
from minxin.kernel.models import CalendarDay


@pytest.mark.django_db
def test_a_query_of_the_orm_gives_the_same_rows_when_it_is_kept_planned() -> None:
    asked = CalendarDay.objects.filter(on__gte=date(2026, 1, 1), on__lt=date(2026, 3, 1)).values_list("on", "note")
    found = list(asked.order_by("on"))
    statement, values = statements.planned(*asked.order_by("on").query.sql_with_params())
    assert found
    assert statements.rows(statement, values) == found
    assert statements.run(statement, values) == found[0]


@pytest.mark.django_db
def test_words_are_written_out_and_quoted_while_numbers_and_moments_stay_values() -> None:
    moment: datetime = clocks.now()
    statement, values = statements.planned(
        "SELECT %s, %s::text, %s, %s, %s, 5 %% 3", [7, "o'clock $1 %s", moment, date(2026, 3, 7), True]
    )
    assert values == (7, moment, date(2026, 3, 7))
    assert "o''clock $1 %s" in statement
    assert statements.rows(statement, values) == [(7, "o'clock $1 %s", moment, date(2026, 3, 7), True, 2)]


@pytest.mark.django_db
def test_a_kept_statement_counts_as_a_query(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(2):
        statements.rows("SELECT $1::bigint", [1])
        statements.run("SELECT $1::bigint", [1])


@pytest.mark.django_db
def test_a_list_of_numbers_is_one_value() -> None:
    statement, values = statements.planned("SELECT %s = ANY(%s)", [2, [1, 2]])
    assert values == (2, [1, 2])
    assert [statements.rows(statement, [2, numbers]) for numbers in ([1, 2], [3], [])] == [
        [(True,)],
        [(False,)],
        [(False,)],
    ]
