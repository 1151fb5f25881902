"""A government's budget on the public pages: beside its units' sum, the difference told, every figure leading on."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import publishing, units
from minxin.disclosures.reports import allocation, government, headings
from minxin.disclosures.rules import government_tables
from minxin.disclosures.rules.allocation import Asked
from minxin.disclosures.rules.broker_tables import Line
from minxin.disclosures.rules.codes import UnitType
from minxin.disclosures.rules.government_tables import Besides, Transfer
from minxin.disclosures.tests import budgets, papers
from minxin.disclosures.tests.cast import Money
from minxin.kernel import clocks

Y = Decimal


def publish(money: Money, moment: Any, *, fiscal_year: int = 2007, version: str = "initial") -> None:
    """The city's budget as of the units' first plans of 2007: 3,200 yuan of the general purse, 400 of the fund."""
    lines = [
        Line("205", "2050101", "30101", "general", Y(1600)),
        Line("205001", "2050204", "30101", "general", Y(1000)),
        Line("208", "2080201", "30101", "general", Y(600)),
        Line("205", "2296003", "30299", "fund", Y(400), "体育器材"),
    ]
    besides = Besides(
        names={}, revenue={"10101": Y(2500)}, reserve=Y(60), received={"上级补助收入": Y(1260)},
        transfers=[Transfer("special", "绥中县", "2300305", Y(500), "教育")], fund_revenue={"1030148": Y(400)},
    )  # fmt: skip
    made = government_tables.build(lines, besides)
    sheets = {
        name: [
            {code: int(cell * 100) if isinstance(cell, Decimal) else cell for code, cell in row.items()} for row in rows
        ]
        for name, rows in made.items()
    }
    finance = money.units["finance"].id
    with clocks.at(moment):
        ref = papers.signed(
            finance, sheets, finance=finance, template=government.TEMPLATE, fiscal_year=fiscal_year, version=version,
            note="没有这类资金，公开空表。",
        )  # fmt: skip
        publishing.publish([ref], by=SYSTEM)


@pytest.fixture
def site(planned: Client, money: Money) -> Client:
    headings.forget()
    publish(money, budgets.at(2007, 2, 2))
    return planned


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_it_stands_beside_the_sum_of_its_units_and_tells_where_they_differ(site: Client) -> None:
    [one] = government.beside(Asked(2007, version="initial"), allocation.roll())
    assert (one.revenue_fen, one.spending_fen, one.own_fen, one.transfers_fen) == (250_000, 376_000, 326_000, 50_000)
    assert [(side.code, side.fen, side.units_fen, side.reserve_fen, side.rest_fen) for side in one.sides] == [
        ("general", 326_000, 280_000, 6_000, 40_000),
        ("transfers", 50_000, None, 0, 50_000),
        ("fund", 40_000, 40_000, 0, 0),
    ]
    assert (one.total.fen, one.total.units_fen, one.total.difference_fen) == (416_000, 320_000, 96_000)
    assert sum(side.difference_fen for side in one.sides) == one.total.difference_fen


@pytest.mark.parametrize("address", ["/budget/?year=2007", "/budget/2007/"])
def test_a_citizen_finds_it_where_the_units_budgets_are(site: Client, address: str) -> None:
    html = site.get(address).content.decode()
    told = text(site.get(address))
    for words in ("2007年政府预算（年初预算）", "预备费 60.00 元", "另差 400.00 元", "两边一致", "2,500.00 元"):
        assert words in told
    tables = dict(re.findall(r'<a href="(/tables/[^"]+)">([^<]+)</a>', html))
    assert len(tables) == 15
    for link in tables:
        assert site.get(link).status_code == 200
    figures = re.findall(r'<a href="(/budget/2007/\?[^"]+)">([\d,.]+)</a>', html[html.index('id="government"') :])
    assert [figure for _link, figure in figures[:3]] == ["0.28", "0.04", "0.32"]
    for link, fen in zip([link for link, _figure in figures[:3]], (280_000, 40_000, 320_000), strict=True):
        assert site.get(link.replace("&amp;", "&")).context["drill"].total_fen == fen


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/budget/2007/?version=executed", True),
        ("/budget/2007/?by=fund&on=2007-02-02", True),
        ("/budget/2007/?on=2007-02-01", False),
        ("/budget/2007/?function=205", False),
        ("/budget/2007/?by=row", False),
        ("/budget/2007/?q=教师", False),
        ("/budget/2006/", False),
    ],
)
def test_it_is_shown_for_the_whole_year_from_the_day_it_was_published(site: Client, address: str, shown: bool) -> None:
    response = site.get(address)
    assert response.status_code == 200
    assert ('id="government"' in response.content.decode()) is shown


def test_on_an_earlier_day_the_two_agreed_but_for_the_reserve(site: Client, money: Money) -> None:
    [one] = government.beside(Asked(2007, version="initial", on=date(2007, 2, 28)), allocation.roll())
    assert [side.rest_fen for side in one.sides if side.code == "general"] == [0]
    html = site.get("/budget/2007/?on=2007-02-28").content.decode()
    assert f'href="/tables/{money.units["finance"].code}/2007/initial/revenue/?on=2007-02-28"' in html


def test_a_final_account_stands_beside_the_final_accounts(site: Client, money: Money) -> None:
    publish(money, budgets.at(2007, 6, 1), fiscal_year=2006, version="final")
    [one] = government.beside(Asked(2006, version="final"), allocation.roll())
    assert (one.version, one.total.units_fen) == ("final", 180_000)
    assert government.beside(Asked(2006, version="adjusted"), allocation.roll()) == []


def test_the_bureau_s_own_page_leads_to_the_tables(site: Client, money: Money) -> None:
    code = money.units["finance"].code
    own = units.NewBudgetUnit(code, "119", UnitType.ADMINISTRATIVE, "bureau", "行政政法科", 118)
    units.enrol(finance=code, units=[own], on=date(2007, 1, 1), by=SYSTEM)
    html = site.get(f"/budget/units/{code}/").content.decode()
    assert "2007年政府预算（年初预算）" in html
    assert f'href="/tables/{code}/2007/initial/social_revenue/"' in html
    assert "没有这类资金" in text(site.get(f"/tables/{code}/2007/initial/social_revenue/"))


@pytest.mark.parametrize("address", ["/budget/?year=2007", "/budget/2007/"])
def test_it_costs_two_questions(site: Client, address: str, django_assert_num_queries: Any) -> None:
    site.get(address)
    with django_assert_num_queries(5):
        site.get(address)
