"""The finance bureau's story as everybody can read it at the glass counter: every figure added up by the pages."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitors import Visitors, accessible, fits

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visitors: Visitors, width: int) -> Page:
    """A reader of the demo."""
    return visitors.page(width)


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
