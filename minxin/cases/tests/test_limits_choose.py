"""Which limit applies: every specificity, every day, and the seeded rows."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.cases.models import ClockRule, snapshot
from minxin.cases.rules import codes, limits
from minxin.kernel.clocks import Limit, Unit

DAY = date(2026, 3, 2)


def row(key, *, kind="", region="", urgency="", amount=1, start=date(2004, 5, 21), end=None, code="handle"):
    return limits.LimitRow(key, code, kind, region, urgency, Limit(amount, Unit.WORKING_DAY), start, end, "依据")


def asked(rows, *, kind="complaint", region="211421", urgency="normal", on=DAY, code="handle"):
    return limits.choose(limits.book(rows), code=code, kind=kind, region=region, urgency=urgency, on=on).id


SPECIFIC = list(product(["", "complaint"], ["", "210000", "211400", "211421"], ["", "normal"]))


@pytest.mark.parametrize("one", SPECIFIC)
@pytest.mark.parametrize("other", SPECIFIC)
def test_urgency_weighs_most_then_kind_then_the_narrower_region(one, other):
    rows = [
        row(1, kind=one[0], region=one[1], urgency=one[2]),
        row(2, kind=other[0], region=other[1], urgency=other[2]),
    ]
    length = {"": 0, "210000": 2, "211400": 4, "211421": 6}
    weigh = [(bool(u), bool(k), length[r], number) for number, (k, r, u) in enumerate([one, other], start=1)]
    assert asked(rows) == max(weigh)[-1]
    assert asked(rows[::-1]) == max(weigh)[-1]


@pytest.mark.parametrize(
    "stranger",
    [{"kind": "enquiry"}, {"region": "210100"}, {"region": "211422"}, {"urgency": "urgent"}, {"code": "sign"}],
)
def test_a_row_about_another_kind_region_urgency_or_clock_never_applies(stranger):
    assert asked([row(1), row(2, **stranger)]) == 1


@pytest.mark.parametrize(
    ("on", "expected"), [(date(2025, 12, 30), 1), (date(2025, 12, 31), 1), (date(2026, 1, 1), 2), (date(2030, 1, 1), 2)]
)
def test_a_row_holds_through_its_last_day_and_its_follower_from_the_next(on, expected):
    rows = [row(1, end=date(2025, 12, 31)), row(2, start=date(2026, 1, 1))]
    assert asked(rows, on=on) == expected


def test_before_the_first_day_and_without_rows_there_is_no_limit():
    with pytest.raises(LookupError):
        asked([row(1)], on=date(2004, 5, 20))
    with pytest.raises(LookupError):
        asked([])


rows_strategy = st.lists(
    st.builds(
        row,
        st.integers(1, 99),
        kind=st.sampled_from(["", "complaint", "enquiry"]),
        region=st.sampled_from(["", "210000", "211400", "211421", "210100"]),
        urgency=st.sampled_from(["", "urgent", "normal"]),
        start=st.dates(date(2004, 1, 1), date(2030, 1, 1)),
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)


@given(rows_strategy, st.sampled_from(["complaint", "enquiry"]), st.sampled_from(["211421", "210102"]))
def test_what_is_chosen_fits_and_nothing_that_fits_is_weightier(rows, kind, region):
    facts = {"code": "handle", "kind": kind, "region": region, "urgency": "urgent", "on": DAY}
    fitting = [one for one in rows if one.fits(*facts.values())]
    if not fitting:
        with pytest.raises(LookupError):
            limits.choose(limits.book(rows), **facts)
        return
    chosen = limits.choose(limits.book(rows), **facts)
    assert chosen in fitting
    assert all((bool(r.urgency), bool(r.kind)) <= (bool(chosen.urgency), bool(chosen.kind)) for r in fitting)


# --- the seed


@pytest.fixture
def seeded(db):
    snapshot.forget()
    return snapshot.limits()


@pytest.mark.parametrize("code", codes.ClockCode.values)
def test_every_clock_has_a_general_limit_in_force_from_the_first_day_of_the_network(seeded, code):
    general = ClockRule.objects.get(code=code, kind="", region="", urgency="")
    assert (general.valid_from, general.valid_to) == (date(2004, 5, 21), None)
    assert general.basis


@pytest.mark.parametrize(
    ("code", "kind", "urgency"), list(product(codes.ClockCode.values, codes.Kind.values, codes.Urgency.values))
)
def test_every_clock_kind_and_urgency_finds_one_limit_on_any_day(seeded, code, kind, urgency):
    for on in (date(2004, 5, 21), date(2007, 3, 7), DAY, DAY + timedelta(days=9999)):
        found = limits.choose(seeded, code=code, kind=kind, region="211421113", urgency=urgency, on=on)
        assert found.limit.amount > 0


# domain list 2.4 (the Liaoning practice: Shenyang 5/10/10/5) and standards 12 (XF_*, JB_*, HCP_BAD)
H, W, C = Unit.HOUR, Unit.WORKING_DAY, Unit.CALENDAR_DAY
DEFAULTS = [
    ("handle", "enquiry", "normal", 5, W),
    ("handle", "help", "normal", 10, W),
    ("handle", "complaint", "normal", 10, W),
    ("handle", "suggestion", "normal", 5, W),
    ("handle", "report", "normal", 60, C),
    ("handle", "complaint", "critical", 2, H),
    ("handle", "complaint", "urgent", 24, H),
    ("handle", "complaint", "complex", 15, W),
    ("answer", "complaint", "normal", 10, W),
    ("answer", "enquiry", "normal", 5, W),
    ("accept", "complaint", "normal", 1, W),
    ("accept", "report", "normal", 15, W),
    ("dispatch", "complaint", "normal", 1, W),
    ("appeal_request", "complaint", "normal", 30, C),
    ("appeal", "complaint", "normal", 30, C),
    ("recheck_request", "complaint", "normal", 30, C),
    ("recheck", "complaint", "normal", 30, C),
    ("extension", "complaint", "normal", 5, W),
    ("bad_mark", "complaint", "normal", 5, W),
]


@pytest.mark.parametrize(("code", "kind", "urgency", "amount", "unit"), DEFAULTS)
def test_the_seeded_limits_are_those_of_the_regulations(seeded, code, kind, urgency, amount, unit):
    found = limits.choose(seeded, code=code, kind=kind, region="211421", urgency=urgency, on=DAY)
    assert found.limit == Limit(amount, unit)
