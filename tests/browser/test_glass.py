"""The finance bureau's story as everybody can read it at the glass counter: every figure added up by the pages."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visitors import Visitors, accessible, fits

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visitors: Visitors, width: int) -> Page:
    """A reader of the demo."""
    return visitors.reader(width)


def test_265_units_published_their_budgets_in_one_act_at_the_start_of_the_year(page: Page) -> None:
    page.goto("/publications/")
    for year in (2006, 2007):
        page.goto("/publications/")
        page.get_by_role("link", name=re.compile(f"葫芦岛市本级{year}年部门预算")).first.click()
        main = page.locator("main")
        expect(main).to_contain_text("265")
        expect(main).to_contain_text(f"{year}年1月16日")
    accessible(page)
    fits(page)


def test_the_government_s_budget_is_the_sum_of_its_units_and_of_what_it_keeps(page: Page) -> None:
    page.goto("/budget/2006/")
    section = page.locator("#government")
    own, units, difference = amounts(section.locator("tbody tr", has_text="一般公共预算（本级）").locator("td"))
    section.locator("tbody tr", has_text="一般公共预算（本级）").get_by_role("link").last.click()
    assert amounts(page.locator("tfoot td.n").first) == [units]
    page.goto("/budget/2006/")
    section.get_by_role("link", name=re.compile("其中本级支出")).click()
    rows = page.locator("#rows tbody tr")
    assert sum(amounts(rows.filter(has_text=re.compile(r"^\s*\d{3}\s")).locator("td.n"))) == own
    [reserve] = amounts(rows.filter(has_text=re.compile(r"^\s*227\s")).locator("td.n"))
    assert own - units == difference == reserve > 0
    accessible(page)
    fits(page)


def test_the_government_s_balance_holds_and_its_budget_came_in_time(page: Page) -> None:
    page.goto("/publications/?table=government_budget")
    page.get_by_role("link", name="葫芦岛市2007年政府预算").click()
    page.get_by_role("link", name="一般公共预算收支平衡表").first.click()
    totals = [page.locator("#rows tbody tr", has_text=words).first for words in ("收入总计", "支出总计")]
    assert amounts(totals[0].locator("td.n").first) == amounts(totals[1].locator("td.n").last)
    page.goto("/duties/211400-CZJ/?year=2007")
    expect(page.locator("main li, main tr", has_text="政府预算").first).to_contain_text("按时")
    accessible(page)


def test_130_million_idle_yuan_were_put_to_use_in_2006(page: Page) -> None:
    page.goto("/pipe/2006/idle/")
    expect(page.locator("main")).to_contain_text(re.compile(r"130,000,000\.00|1\.30? ?亿|13,000\.00"))
    accessible(page)
    fits(page)


def test_a_unit_that_published_late_is_named_with_its_days(page: Page) -> None:
    page.goto("/duties/?year=2006")
    row = page.locator("#duties tbody tr", has_text="最多迟 8 天")
    expect(row).to_have_count(1)
    row.get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("迟 8 天")
    accessible(page)
    fits(page)


def test_the_pipe_shows_the_year_and_one_yuan_can_be_followed_both_ways(page: Page) -> None:
    page.goto("/pipe/2006/")
    expect(page.locator("main table").first).to_be_visible()
    page.goto("/pipe/2006/payments/?unit=211400-JYJ")
    page.locator("main table tbody a[href^='/pipe/payments/']").first.click()
    expect(page.locator("main")).to_contain_text("葫财指〔2006〕1号")
    page.locator("main a[href^='/pipe/lines/']").first.click()
    expect(page.locator("main a[href^='/pipe/payments/']").first).to_be_visible()
    accessible(page)


def test_from_a_payment_to_a_question_about_it_is_one_click(page: Page) -> None:
    page.goto("/pipe/2006/payments/?unit=211400-JYJ")
    page.locator("main table tbody a[href^='/pipe/payments/']").first.click()
    page.get_by_role("link", name=re.compile("有疑问")).first.click()
    expect(page).to_have_url(re.compile(r"/file/\?about="))
    expect(page.locator("main")).to_contain_text("您要反映的是这条公开信息")


def amounts(cells: Locator) -> list[Decimal]:
    """The figures in these cells."""
    cells.first.wait_for()
    return [Decimal(words.replace(",", "").strip()) for words in cells.all_inner_texts()]
