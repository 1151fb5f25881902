"""Places in the budget: where a row leads, how a narrowing comes off, the address; comparing only with enough."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from minxin.disclosures.forms import allocation as forms
from minxin.disclosures.rules import allocation as rules
from minxin.disclosures.rules.allocation import Asked, By, Change
from minxin.disclosures.rules.codes import Fund, Version
from minxin.kernel import clocks

ASKED = Asked(2007, version="initial")


@pytest.mark.parametrize(
    ("place", "code", "expected"),
    [
        (ASKED, "211400-JYJ", replace(ASKED, department="211400-JYJ")),
        (replace(ASKED, department="D"), "U", replace(ASKED, department="D", unit="U", by=By.FUNCTION)),
        (ASKED.at(By.FUNCTION), "205", replace(ASKED, by=By.FUNCTION, function="205")),
        (ASKED.at(By.FUNCTION), "2050201", replace(ASKED, by=By.ECONOMIC, function="2050201")),
        (ASKED.at(By.ECONOMIC), "301", replace(ASKED, by=By.ECONOMIC, economic="301")),
        (ASKED.at(By.ECONOMIC), "30101", replace(ASKED, by=By.FUNCTION, economic="30101")),
        (ASKED.at(By.FUND), "general", replace(ASKED, by=By.FUNCTION, fund="general")),
        (ASKED.at(By.PROJECT), "basic", replace(ASKED, by=By.FUNCTION, kind="basic")),
        (ASKED.at(By.PROJECT), "project", replace(ASKED, by=By.PROJECT, kind="project")),
        (replace(ASKED, by=By.PROJECT, kind="project"), "修路",
         replace(ASKED, by=By.FUNCTION, kind="project", project="修路")),
        (ASKED.at(By.ROW), "x", ASKED.at(By.ROW)),
    ],
)  # fmt: skip
def test_a_row_leads_to_finer_rows_or_on_to_another_way(place, code, expected):
    assert place.deeper(code) == expected


def test_a_department_without_units_leads_to_itself_at_once():
    assert ASKED.deeper("D", lone=True) == replace(ASKED, department="D", unit="D", by=By.FUNCTION)


@given(
    st.sampled_from(list(By)),
    st.dictionaries(st.sampled_from(["function", "economic", "fund", "unit", "kind"]), st.booleans()),
)
def test_going_deeper_always_ends_at_the_rows(by, given):
    codes = {"function": "2050201", "economic": "30101", "fund": "general", "unit": "U", "kind": "basic"}
    place = replace(ASKED.at(by), **{name: codes[name] for name, here in given.items() if here})
    for _step in range(20):
        if place.by is By.ROW:
            return
        code = {By.UNIT: "U", By.FUNCTION: "2050201", By.ECONOMIC: "30101", By.FUND: "fund", By.PROJECT: "basic"}
        place = place.deeper(code[place.by])
    pytest.fail(f"never arrives: {place}")


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("department", {"function": "205", "kind": "project", "project": "修路"}),
        ("unit", {"department": "D", "function": "205", "kind": "project", "project": "修路"}),
        ("function", {"department": "D", "unit": "U", "kind": "project", "project": "修路"}),
        ("kind", {"department": "D", "unit": "U", "function": "205"}),
        ("project", {"department": "D", "unit": "U", "function": "205", "kind": "project"}),
    ],
)
def test_a_narrowing_comes_off_with_what_stands_on_it(name, left):
    place = replace(ASKED, department="D", unit="U", function="205", kind="project", project="修路")
    assert place.without(name) == replace(ASKED, **left)


@given(
    st.builds(
        Asked,
        st.just(2007),
        st.sampled_from(list(By)),
        st.sampled_from(["", *Version.values]),
        department=st.sampled_from(["", "211400-JYJ"]),
        unit=st.sampled_from(["", "211400-YZ"]),
        function=st.sampled_from(["", "205", "20502", "2050201"]),
        economic=st.sampled_from(["", "301", "30101"]),
        kind=st.just("project"),
        project=st.sampled_from(["", "校舍 & 维修=1"]),
        fund=st.sampled_from(["", *Fund.values]),
        on=st.sampled_from([None, date(2007, 3, 1)]),
    )
)
def test_the_address_of_a_place_is_read_back_as_that_place(place):
    assert forms.read(2007, QueryDict(place.query())) == place


@pytest.mark.parametrize(
    "query",
    [
        "by=nothing&version=old&department=%3Cb%3E&unit=a%00b&function=20&economic=3x1&kind=all&fund=cash&on=yesterday",
        "function=" + "9" * 5000,
        "",
    ],
)
def test_a_part_that_makes_no_sense_is_left_out(query):
    assert forms.read(2007, QueryDict(query)) == Asked(2007)


def test_a_day_to_come_is_today():
    with clocks.at(clocks.datetime(2007, 3, 1, tzinfo=clocks.ZONE)):
        assert forms.read(2007, QueryDict("on=2007-03-01")).on is None
        assert forms.read(2007, QueryDict("on=2007-02-28")).on == date(2007, 2, 28)


def test_what_is_searched_for_is_trimmed():
    assert forms.words(QueryDict("q=%20%E5%B0%8F%E5%AD%A6%07%20")) == "小学"
    assert len(forms.words(QueryDict("q=" + "a" * 500))) == rules.LONGEST_SEARCH
    assert dict(parse_qsl(ASKED.query())) == {"by": "unit", "version": "initial"}


@pytest.mark.parametrize(
    ("before", "after", "fen", "percentage"),
    [(100, 150, 50, 50), (100, 100, 0, 0), (200, 50, -150, -75), (0, 10, 10, None), (-100, 0, 100, -100)],
)
def test_a_change_is_a_difference_and_a_share_of_what_was_before(before, after, fen, percentage):
    change = Change(before, after)
    assert (change.fen, change.percentage) == (fen, percentage)


def test_fewer_than_five_are_not_compared():
    assert rules.compare(100, [100, 200, 300, 400]) is None
    compared = rules.compare(100, [100, 200, 300, 400, 1000])
    assert compared is not None
    assert (compared.median, compared.among) == (300, 5)
    assert compared.percentage is not None
    assert round(compared.percentage, 1) == Decimal("-66.7")
    nothing = rules.compare(0, [0] * 6)
    assert nothing is not None
    assert nothing.percentage is None
