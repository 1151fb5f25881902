import threading

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from minxin.kernel import refs
from minxin.kernel.errors import Refused


def test_a_reference_is_written_with_its_check_digit():
    assert refs.written("MX", 2026, 123) == "MX2026-0000123-" + refs.written("MX", 2026, 123)[-1]
    # ISO 7064 MOD 11,10, the standard's own example: 0794 has check digit 5.
    assert refs._check_digit("0794") == "5"


@pytest.mark.parametrize("form", ["{}", " {} ", "{lower}", "{bare}", "{wide}", "{spaced}", "{dashed}", "{digits}"])
def test_a_reference_is_understood_as_people_type_it(form):
    ref = refs.written("MX", 2026, 123)
    typed = form.format(
        ref,
        lower=ref.lower(),
        bare=ref.replace("-", ""),
        wide="".join(chr(ord(c) + 0xFEE0) for c in ref),
        spaced=" ".join(ref),
        dashed=ref.replace("-", "—"),
        digits=ref.removeprefix("MX"),
    )
    assert refs.parse("MX", typed) == (2026, 123)


@given(st.integers(2000, 2999), st.integers(1, 99_999_999), st.data())
def test_one_wrong_digit_is_always_noticed(year, number, data):
    ref = refs.written("MX", year, number)
    place = data.draw(st.sampled_from([i for i, c in enumerate(ref) if c.isdigit()]))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != ref[place]]))
    with pytest.raises(Refused) as refusal:
        refs.parse("MX", ref[:place] + other + ref[place + 1 :])
    assert refusal.value.code == "ref_check"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "ref_shape"),
        ("MX", "ref_shape"),
        ("MX2026", "ref_shape"),
        ("٣" * 12, "ref_shape"),
        ("x" * 10_000, "ref_shape"),
    ],
)
def test_what_is_no_reference_is_refused_with_an_example(typed, code):
    with pytest.raises(Refused) as refusal:
        refs.parse("MX", typed)
    assert refusal.value.code == code
    assert "MX2026-0000123-" in refusal.value.sentence


def test_a_reference_of_another_series_is_refused():
    with pytest.raises(Refused) as refusal:
        refs.parse("MX", refs.written("XF", 2026, 1))
    assert refusal.value.code == "ref_prefix"


@pytest.mark.django_db
def test_numbers_rise_by_series_and_year_with_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert refs.next_number("tests", 2026) == 1
    with django_assert_num_queries(1):
        assert refs.next_number("tests", 2026) == 2
    assert refs.next_number("tests", 2027) == 1
    assert refs.next_number("others", 2026) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("series", "year"), [("x'; drop", 2026), ("", 2026), ("mx", 26), ("MX", 2026)])
def test_a_series_has_a_plain_name(series, year):
    with pytest.raises(ValueError, match="no series"):
        refs.next_number(series, year)


@pytest.fixture
def committing(django_db_setup, django_db_blocker):
    """The real thing, with commits; the sequence of series `race` is dropped afterwards, nothing else is touched."""
    with django_db_blocker.unblock():
        yield
        with connection.cursor() as cursor:
            cursor.execute("DROP SEQUENCE IF EXISTS kernel_ref_race_2031")
        connection.close()


@pytest.mark.usefixtures("committing")
def test_those_who_need_the_first_number_at_once_get_different_numbers():
    barrier, numbers = threading.Barrier(4), []

    def work():
        try:
            barrier.wait()
            with transaction.atomic():
                numbers.append(refs.next_number("race", 2031))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [1, 2, 3, 4]


@pytest.mark.usefixtures("committing")
def test_a_rolled_back_first_number_does_not_break_the_next():
    with transaction.atomic():
        refs.next_number("race", 2031)
        transaction.set_rollback(True)
    assert refs.next_number("race", 2031) == 1
