"""Efficiency stars: the published formula, case by case and as properties."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.cases.rules.stars import Run, efficiency
from minxin.kernel.clocks import ZONE

START = datetime(2026, 3, 2, 9, tzinfo=ZONE)
DUE = START + timedelta(days=10)
LATER = DUE + timedelta(days=400)


@pytest.mark.parametrize(
    ("days", "stars"),
    [(0.2, 5), (5, 5), (5.1, 4), (7.5, 4), (7.6, 3), (10, 3), (10.1, 2), (20, 2), (20.1, 1), (40, 1), (40.1, 0)],
)
def test_stars_follow_the_share_of_the_limit_used(days, stars):
    assert efficiency(Run(START, DUE, START + timedelta(days=days)), now=LATER) == stars


def test_the_same_day_is_five_stars_even_when_the_limit_was_two_hours():
    run = Run(START, START + timedelta(hours=2), START + timedelta(hours=9))
    assert efficiency(run, now=LATER) == 5


def test_an_open_case_has_no_stars_before_it_is_due_and_sinks_after():
    run = Run(START, DUE, None)
    assert efficiency(run, now=DUE) is None
    assert efficiency(run, now=DUE + timedelta(days=1)) == 2
    assert efficiency(run, now=LATER) == 0


def test_waiting_for_the_complainant_is_not_counted_as_used():
    paused = Run(START, DUE + timedelta(days=6), START + timedelta(days=11), paused=6 * 86_400)
    assert efficiency(paused, now=LATER) == 5


moments = st.floats(0.0, 60.0).map(lambda days: START + timedelta(days=days))


@given(moments, moments, st.integers(0, 3))
def test_later_is_never_better_and_a_redo_never_adds(one, other, redos):
    early, late = sorted((one, other))
    better, worse = (efficiency(Run(START, DUE, end, 0, redos), now=LATER) for end in (early, late))
    assert 0 <= worse <= better <= 5
    assert efficiency(Run(START, DUE, early, 0, redos + 1), now=LATER) <= better
