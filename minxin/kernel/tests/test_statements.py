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


@pytest.mark.django_db
def test_what_belongs_to_a_word_is_asked_once_planned_and_read_as_the_orm_reads_it() -> None:
    days = statements.Kept(lambda note: CalendarDay.objects.filter(note=note).order_by("id"), by=str)
    named = statements.Kept(lambda key: CalendarDay.objects.filter(pk=key).values_list("on", "note"))
    beside = statements.Kept(lambda key: CalendarDay.objects.filter(pk=key).select_related("version"))
    first = CalendarDay.objects.select_related("version").order_by("id")[0]
    for _time in range(2):
        found = days(first.note)
        assert found == list(CalendarDay.objects.filter(note=first.note).order_by("id"))
        assert [(day.on, day.kind) for day in found][:1] == [(first.on, first.kind)]
        assert not found[0]._state.adding
        assert days("o'clock") == []
        assert named(first.pk) == [(first.on, first.note)]
        assert "version" in beside(first.pk)[0]._state.fields_cache
        assert beside(first.pk)[0].version == first.version


@pytest.mark.django_db
def test_a_statement_without_rows_gives_none() -> None:
    assert statements.rows("UPDATE kernel_calendarday SET note = note WHERE id = $1::bigint", [0]) == []
    assert statements.run("UPDATE kernel_calendarday SET note = note WHERE id = $1::bigint", [0]) is None


@pytest.mark.django_db
def test_a_connection_plans_a_kept_statement_once() -> None:
    statement = "SELECT note FROM kernel_calendarday WHERE id = $1::bigint"
    for key in range(3):
        statements.rows(statement, [key])
    asked = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1::text"
    assert statements.rows(asked, [statement]) == [(3, 0)]


def test_named_places_are_numbered_in_the_order_they_come_and_a_name_keeps_its_number() -> None:
    text, names = statements.numbered("SELECT %(b)s::text, %(a)s::bigint, %(b)s::text")
    assert (text, names) == ("SELECT $1::text, $2::bigint, $1::text", ("b", "a"))
