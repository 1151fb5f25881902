"""The story's two cases as everybody can read them in the demo: every figure from a row."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitors import Visitors, accessible, fits

pytestmark = pytest.mark.browser


def public_case(page: Page, words: str, title: str) -> None:
    """Find a case by words of its text, as anybody would."""
    page.goto("/")
    page.get_by_label("搜索公开案例").fill(words)
    page.get_by_role("button", name="搜索").click()
    page.locator(".items li", has=page.locator("time[datetime^='2007']")).filter(has_text=title).first.locator(
        ".item-title a"
    ).click()
    expect(page.locator("article h1")).to_be_visible()


@pytest.fixture
def page(visitors: Visitors, width: int) -> Page:
    """A reader of the demo."""
    return visitors.reader(width)


def test_429_yuan_reached_the_teacher_the_same_day(page: Page) -> None:
    public_case(page, "429", "429")
    article = page.locator("article")
    for told in ("429.00", "2007年3月7日", "不属实", "已解决", "绥中县财政局"):
        expect(article).to_contain_text(told)
    expect(page.get_by_role("img", name="五星").or_(page.get_by_text("五星")).first).to_be_attached()
    accessible(page)
    fits(page)


def test_the_deductions_were_seized_and_the_responsible_criticised(page: Page) -> None:
    public_case(page, "扶贫", "扣")
    article = page.locator("article")
    for told in ("收缴违纪资金", "通报批评", "南票区"):
        expect(article).to_contain_text(told)
    basis = article.locator("section", has_text="问责").locator("li").first.inner_text()
    assert "〔2007〕" in basis
    page.goto("/accountability/")
    expect(page.locator("main")).to_contain_text("通报批评")
    accessible(page)
