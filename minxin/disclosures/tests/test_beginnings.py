"""Before anything is published, and the first opening of lines: what others find made is not there yet."""

from datetime import timedelta

import pytest
from django.test import Client

from minxin.directory.models import Person
from minxin.disclosures.actions import lines
from minxin.disclosures.models import BudgetLine, BudgetUnit
from minxin.disclosures.reports import headings
from minxin.disclosures.reports import lines_desk as reports
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.pipe_walk import BUDGET, FINANCE, NEW_YEAR, YEAR, opened, publish, refused
from minxin.disclosures.tests.test_lines_desk import CARRYING, LIST, OPENING, enter
from minxin.disclosures.tests.test_lines_opening import DOC, balanced
from minxin.kernel import clocks


@pytest.fixture(autouse=True)
def _new_year():
    headings.forget()
    with clocks.at(NEW_YEAR):
        yield


def test_before_anything_is_published_the_page_says_so(money):
    assert "还没有公开的预算" in Client().get("/budget/").text
    assert "还没有公开的预算" in Client().get("/budget/?on=2006-01-01").text


def test_nothing_published_opens_nothing(money):
    with refused("nothing", "先公开预算"):
        lines.open_lines(finance=FINANCE, fiscal_year=YEAR, by=money.officers["finance_budget"], **DOC)


def test_a_unit_published_later_gets_its_lines_and_the_others_keep_theirs(money):
    publish(money, BUDGET[:3])
    assert lines.open_lines(finance=FINANCE, fiscal_year=YEAR, by=money.officers["finance_budget"], **DOC) == 3
    publish(money, BUDGET[3:], first=91)
    assert lines.open_lines(finance=FINANCE, fiscal_year=YEAR, by=money.officers["finance_budget"], **DOC) == 2
    assert balanced()


def test_a_withheld_unit_has_withheld_lines(money):
    BudgetUnit.objects.filter(code="208").update(withheld=True)
    walk = opened(money)
    assert walk.line("civil", "30201").withheld
    assert not BudgetLine.objects.public().filter(unit_id=money.units["civil"].id).exists()


def test_opening_and_carrying_say_first_what_they_would_do(money: Money) -> None:
    client = enter(money, "finance_budget")
    assert "还没有公开 2006 年的年初预算" in client.get(OPENING).text
    publish(money)
    outlook = reports.opening(money.units["finance"], YEAR)
    assert [(part.department.short, part.units, part.lines, part.fen) for part in outlook.parts] == [
        ("市教育局", 2, 4, 880_000_000),
        ("市民政局", 1, 1, 25_000_000),
    ]
    text = client.get(OPENING, {"fiscal_year": "2006"}).text
    for words in ("下达 5 条指标", "市教育局", "8,800,000.00", "9,050,000.00"):
        assert words in text, words
    answer = client.post(OPENING, {"finance": FINANCE, "fiscal_year": "2006", **DOC})
    assert answer["Location"] == f"{LIST}?year=2006"
    assert "已下达 5 条指标" in client.get(answer["Location"]).text
    assert "都已经下达，共有 5 条" in client.get(OPENING).text
    BudgetLine.objects.filter(economic="31002").update(allotted_fen=500, requested_fen=200, paid_fen=300)
    with clocks.at(NEW_YEAR + timedelta(days=400)):
        Person.objects.update(password_changed_at=clocks.now())
        client = enter(money, "finance_budget")
        outlook = reports.carrying(money.units["finance"], 2007)
        assert (outlook.lines, outlook.fen, outlook.stays_fen) == (5, 905_000_000 - 500, 200)
        assert "结转 5 条指标" in client.get(CARRYING).text
        typed = {"finance": FINANCE, "fiscal_year": "2007", "doc_no": "结转1号", "on": "2007-01-04"}
        assert client.post(CARRYING, typed)["Location"] == f"{LIST}?year=2007"
        assert reports.sums(money.officers["finance_cashier"], reports.Narrow(2007))[1].approved_fen == outlook.fen
        assert "2006年结转" in client.get(LIST, {"look": "carried"}).text
