from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from minxin.kernel import clocks
from minxin.ledger import actions, models, reports, rules

MOMENT = datetime(2007, 3, 7, 9, 30, tzinfo=clocks.ZONE)


@dataclass(frozen=True)
class Clerk:
    kind: str = "officer"
    id: int | None = 7
    label: str = "市财政局 承办员"
    unit_id: int | None = 15


def record(**facts):
    actions.record(stream="case:1", verb="sign", by=Clerk(), facts=facts)


@pytest.mark.django_db
def test_an_event_keeps_who_when_and_what():
    with clocks.at(MOMENT):
        record(amount=42900, on=date(2007, 3, 7), units={3, 1, 2}, money={"fen": 42900}, none=None)
    assert reports.history("case:1") == [
        reports.Event(
            stream="case:1",
            seq=1,
            verb="sign",
            at=MOMENT,
            actor_kind="officer",
            actor_id=7,
            actor_label="市财政局 承办员",
            unit_id=15,
            facts={"amount": 42900, "on": "2007-03-07", "units": [1, 2, 3], "money": {"fen": 42900}, "none": None},
        )
    ]


@pytest.mark.django_db
def test_a_stream_without_a_counter_of_its_own_is_numbered_without_gaps():
    for number in range(5):
        record(number=number)
    actions.record(stream="case:2", verb="file", by=Clerk())
    assert [event.seq for event in reports.history("case:1")] == [1, 2, 3, 4, 5]
    assert [event.seq for event in reports.history("case:2")] == [1]
    assert [event.seq for event in reports.history("case:1", after=3)] == [4, 5]
    assert [event.seq for event in reports.history("case:1", limit=2)] == [1, 2]


@pytest.mark.django_db
def test_a_batch_writes_one_event_for_each_stream_by_one_statement():
    record(number=0)
    with CaptureQueriesContext(connection) as queries:
        actions.record_many(
            verb="review",
            by=Clerk(),
            facts={f"case:{n}": {"number": n} for n in (3, 1, 2)},
            sealed=["case:2"],
        )
    assert len(queries) == 1
    assert [(event.seq, event.verb, event.facts) for event in reports.history("case:1")] == [
        (1, "sign", {"number": 0}),
        (2, "review", {"number": 1}),
    ]
    assert [event.seq for event in reports.history("case:3")] == [1]
    assert set(models.Event.objects.filter(sealed=True).values_list("stream", flat=True)) == {"case:2"}


@pytest.mark.django_db
def test_a_number_given_back_by_a_rollback_is_given_again():
    record()
    with transaction.atomic():
        record()
        transaction.set_rollback(True)
    record()
    assert [event.seq for event in reports.history("case:1")] == [1, 2]


@pytest.mark.django_db
def test_recording_is_one_statement_with_and_without_a_number():
    with CaptureQueriesContext(
        connection,
    ) as queries:
        actions.record(stream="case:9", verb="file", by=Clerk(), seq=1)
        actions.record(stream="case:8", verb="file", by=Clerk())
    assert len(queries) == 2


@pytest.mark.django_db
def test_history_is_one_statement_for_one_event_and_for_twenty_five(django_assert_num_queries):
    record()
    with django_assert_num_queries(1):
        reports.history("case:1")
    for _number in range(24):
        record()
    with django_assert_num_queries(1):
        assert len(reports.history("case:1")) == 25


@pytest.mark.django_db
def test_the_same_number_twice_in_a_stream_is_refused_by_the_database():
    actions.record(stream="case:1", verb="file", by=Clerk(), seq=1)
    with pytest.raises(IntegrityError, match="event_seq_unique"), transaction.atomic():
        actions.record(stream="case:1", verb="file", by=Clerk(), seq=1)


@pytest.mark.django_db
def test_numbers_begin_with_one():
    with pytest.raises(IntegrityError, match="event_seq_from_one"), transaction.atomic():
        actions.record(stream="case:1", verb="file", by=Clerk(), seq=0)


@pytest.mark.django_db
def test_a_stream_counter_begins_with_one():
    with pytest.raises(IntegrityError, match="stream_seq_from_one"), transaction.atomic():
        models.Stream.objects.create(name="x", seq=0)


@pytest.mark.django_db
def test_only_the_four_kinds_of_actors_act():
    with pytest.raises(IntegrityError, match="event_actor_known"), transaction.atomic():
        actions.record(stream="case:1", verb="file", by=Clerk(kind="robot"))


@pytest.mark.parametrize("value", ["字" * 201, {"inner": "字" * 201}, ["字" * 201]])
def test_free_text_is_no_fact(value):
    with pytest.raises(ValueError, match="no free text"):
        rules.facts({"note": value})


@pytest.mark.parametrize("value", [Decimal("1.5"), object(), b"bytes"])
def test_only_codes_numbers_and_days_are_facts(value):
    with pytest.raises(TypeError):
        rules.facts({"thing": value})


def test_a_fact_has_a_short_name():
    with pytest.raises(ValueError, match="short name"):
        rules.facts({"n" * 61: 1})


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=200) | st.dates(),
            lambda inner: st.lists(inner, max_size=4),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_facts_stay_the_same_when_taken_twice(values):
    once = rules.facts(values)
    assert rules.facts(once) == once
