"""A government's tables: each is the sum of the departments' detail and what the government adds; the checks agree."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.disclosures.actions import intake
from minxin.disclosures.models import Finding
from minxin.disclosures.reports import headings
from minxin.disclosures.rules import government_tables, templates
from minxin.disclosures.rules.broker_tables import Line
from minxin.disclosures.rules.government_tables import Besides, Debt, Transfer
from minxin.disclosures.tests.cast import Money
from minxin.kernel import clocks

Y = Decimal
LINES = [
    Line("205", "2050101", "30101", "general", Y(5_000_000), gov_economic="50101"),
    Line("205", "2050101", "30201", "general", Y(1_000_000), gov_economic="50201"),
    Line("205", "2050299", "31006", "general", Y(2_000_000), "校舍维修", "50307"),
    Line("208", "2080501", "30302", "general", Y(1_000_000), gov_economic="50905"),
    Line("205", "2120801", "31012", "fund", Y(700_000), "征地补偿"),
    Line("208", "2296003", "30299", "fund", Y(200_000), "体育器材"),
    Line("205", "2050204", "30101", "special", Y(90_000), gov_economic="50501"),
    Line("205", "2050204", "30101", "own", Y(80_000), gov_economic="50501"),
]
BESIDES = Besides(
    names={"205": "教育支出", "10101": "增值税"},
    revenue={"10101": Y(6_000_000), "1030401": Y(1_500_000)},
    revenue_before={"10101": Y(5_000_000), "10399": Y(1_400_000)},
    received={"上级补助收入": Y(4_730_000)},
    handed={"上解上级支出": Y(30_000)},
    reserve=Y(200_000),
    withheld={"general": Y(500_000), "fund": Y(40_000)},
    transfers=[
        Transfer("general", "绥中县", "2300201", Y(1_500_000)),
        Transfer("special", "绥中县", "2300305", Y(1_000_000), "农村义务教育"),
    ],
    debt=[Debt("市本级", Y(900_000), Y(800_000))],
    fund_revenue={"1030148": Y(940_000)},
    fund_debt=[Debt("市本级", Y(300_000), Y(0))],
    social_revenue={"养老保险": Y(70), "失业保险": Y(5)},
    social_expenditure={"养老保险": Y(60)},
    narrative={"transfers": "见表。", "debt": "在限额以内。"},
)


def figures(rows: list[dict[str, Any]], key: str = "code") -> dict[str, Decimal]:
    return {row[key]: row["amount"] for row in rows}


@pytest.fixture
def then(db: None) -> Iterator[None]:
    with clocks.at(datetime(2024, 1, 20, 9, tzinfo=clocks.ZONE)):
        yield


def test_the_sheets_are_those_of_the_template() -> None:
    made = government_tables.build(LINES, BESIDES)
    assert list(made) == [sheet.code for sheet in templates.get("government_budget").sheets]


def test_what_is_spent_at_its_own_level_is_the_departments_the_withheld_and_the_reserve() -> None:
    own = figures(government_tables.build(LINES, BESIDES)["own_expenditure"])
    assert own["合计"] == government_tables.own_level(LINES, BESIDES) == 9_000_000 + 500_000 + 200_000
    assert (own["205"], own["20501"], own["2050101"]) == (8_000_000, 6_000_000, 6_000_000)
    assert (own["227"], own["229"], own["2299999"]) == (200_000, 500_000, 500_000)


def test_all_expenditure_is_its_own_and_the_transfers() -> None:
    made = government_tables.build(LINES, BESIDES)
    own, whole = figures(made["own_expenditure"]), figures(made["gov_expenditure"])
    assert whole["合计"] - own["合计"] == whole["230"] == 2_500_000
    assert {code: whole[code] for code in own if code != "合计"} == {c: a for c, a in own.items() if c != "合计"}
    assert [(row["kind"], row.get("project", "")) for row in made["transfers"]] == [
        ("general", ""),
        ("special", "农村义务教育"),
    ]


def test_revenue_stands_beside_the_year_before_with_what_came_only_then() -> None:
    rows = {row["code"]: row for row in government_tables.build(LINES, BESIDES)["revenue"]}
    assert list(rows) == ["合计", "101", "10101", "103", "10304", "1030401", "10399"]
    assert (rows["合计"]["amount"], rows["合计"]["previous"]) == (7_500_000, 6_400_000)
    assert (rows["10399"]["amount"], rows["10399"]["previous"], rows["10101"]["name"]) == (0, 1_400_000, "增值税")
    assert "previous" not in rows["1030401"]


def test_the_balance_adds_up_both_sides() -> None:
    balance = government_tables.build(LINES, BESIDES)["balance"]
    sides = {
        side: [(row["item"], row["amount"]) for row in balance if row["side"] == side] for side in ("income", "expense")
    }
    assert sides["income"] == [("revenue", 7_500_000), ("上级补助收入", 4_730_000), ("received", 12_230_000)]
    assert sides["expense"] == [
        ("spending", 9_700_000), ("subsidies", 2_500_000), ("上解上级支出", 30_000), ("spent", 12_230_000),
    ]  # fmt: skip


def test_basic_expenditure_stands_by_the_government_s_headings_or_not_at_all() -> None:
    assert figures(government_tables.build(LINES, BESIDES)["own_basic"]) == {
        "合计": 7_000_000, "501": 5_000_000, "50101": 5_000_000, "502": 1_000_000, "50201": 1_000_000,
        "509": 1_000_000, "50905": 1_000_000,
    }  # fmt: skip
    before_2018 = [replace(LINES[0], gov_economic=""), *LINES[1:]]
    assert government_tables.build(before_2018, BESIDES)["own_basic"] == []


def test_each_purse_has_its_own_table_and_money_outside_the_budget_none() -> None:
    made = government_tables.build(LINES, BESIDES)
    funds = figures(made["fund_expenditure"])
    assert (funds["合计"], funds["2120801"], funds["229"]) == (940_000, 700_000, 240_000)
    assert made["capital_expenditure"] == made["capital_revenue"] == []
    assert not any("2050204" in figures(made[name]) for name in ("gov_expenditure", "own_expenditure"))
    assert figures(made["fund_revenue"])["103"] == 940_000
    assert figures(made["social_revenue"], "item") == {"合计": 75, "养老保险": 70, "失业保险": 5}
    assert made["debt"] == [{"region": "市本级", "ceiling": 900_000, "balance": 800_000}]


def test_of_nothing_every_table_but_the_balance_is_empty() -> None:
    made = government_tables.build([], Besides(names={}, revenue={}))
    assert {code for code, rows in made.items() if rows} == {"balance"}


@given(st.lists(st.tuples(st.sampled_from(["2050101", "2050299", "2080501"]), st.integers(1, 10**9)), max_size=30))
def test_the_order_of_the_detail_changes_nothing(rows: list[tuple[str, int]]) -> None:
    lines = [Line("205", function, "30101", "general", Y(yuan)) for function, yuan in rows]
    made = government_tables.build(lines, BESIDES)
    assert government_tables.build(reversed(lines), BESIDES) == made
    own = figures(made["own_expenditure"])
    assert own["合计"] == sum(yuan for _function, yuan in rows) + 700_000
    assert own["合计"] == sum(amount for code, amount in own.items() if len(code) == 3)


def test_the_checks_find_nothing(money: Money, then: None) -> None:
    names = {
        code: one.name for scheme in ("function", "gov_economic") for code, one in headings.of(scheme, 2024).items()
    }
    made = intake.hand_in_rows(
        unit=money.units["finance"], template="government_budget", fiscal_year=2024, version="initial",
        sheets=government_tables.build(LINES, replace(BESIDES, names=names)), note="没有这项内容，公开空表。",
        by=money.officers["finance_clerk"],
    )  # fmt: skip
    found = Finding.objects.filter(submission=made)
    assert list(found.values_list("rule", "message")) == []
