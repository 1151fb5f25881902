"""The glass pipe in a browser: every kind of page at every width, with axe, in the dark, without script."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visitors import DESKTOP, accessible, everywhere, readable_in_the_dark

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SCHOOL = "211400-YZ"


@pytest.fixture
def site(cast: Any, live_server: Any) -> tuple[str, list[str]]:
    """A year of payments: the house's address and every kind of page of the pipe."""
    from minxin.disclosures.actions import flow as totals
    from minxin.disclosures.models import LineChange, Payment
    from minxin.disclosures.models.line import ref_of
    from minxin.disclosures.models.payment import payment_ref
    from minxin.disclosures.reports import flow
    from minxin.disclosures.tests.cast import make_money
    from minxin.disclosures.tests.pipe_rows import NOON, YEAR, make_pipe

    flow.forget()
    money = make_money(cast.units["city_finance"], cast.officers)
    pipe = make_pipe({name: unit.id for name, unit in money.units.items()})
    LineChange.objects.create(
        line=pipe.lines[2], kind="revive_in", amount_fen=130_000_000_00, doc_no="葫财指〔2007〕88号", on=NOON.date(),
        counterpart=pipe.lines[0], at=NOON,
    )  # fmt: skip
    totals.prove()
    paid = [payment_ref(row.pk) for row in Payment.objects.public().order_by("-amount_fen")]
    year = f"/pipe/{YEAR}/"
    return live_server.url, [
        year, f"{year}?by=unit", f"{year}?unit={SCHOOL}", f"{year}?unit={SCHOOL}&month=3", f"{year}?by=month",
        f"{year}?stretch=at_bank", f"{year}payments/", f"{year}payments/?unit={SCHOOL}", f"{year}lines/",
        f"{year}pace/", f"{year}idle/", f"/pipe/payments/{paid[0]}/", f"/pipe/payments/{paid[2]}/",
        f"/pipe/lines/{ref_of(pipe.lines[0])}/", f"/pipe/lines/{ref_of(pipe.lines[1])}/",
        f"/pipe/contracts/{SCHOOL}/HT-2007/3/", "/pipe/?q=高级中学", "/pipe/?q=没有这个", f"/pipe/{YEAR - 9}/",
    ]  # fmt: skip


def test_every_page_fits_every_width_and_axe_is_content_in_the_dark_too(
    browser: Browser, site: tuple[str, list[str]]
) -> None:
    page = _page(browser)
    for address in site[1]:
        page.goto(site[0] + address)
        readable_in_the_dark(page)
        everywhere(page)
    page.context.close()


def test_one_yuan_is_followed_both_ways_without_script(browser: Browser, site: tuple[str, list[str]]) -> None:
    page = _page(browser, java_script_enabled=False)
    page.goto(site[0] + "/pipe/2007/")
    expect(page.locator("figure.chart")).to_be_hidden()
    page.locator("#stretches").get_by_role("link", name="银行支付", exact=True).click()
    page.get_by_role("link", name="葫芦岛市第一高级中学").click()
    page.locator("#payments").get_by_role("row", name="120,000.00").locator("th a").click()
    expect(page.get_by_role("heading", name="开支付凭证")).to_be_visible()
    page.locator("dl").get_by_role("link", name="ZB2007").click()
    expect(page.get_by_role("heading", name="指标的来历和变动")).to_be_visible()
    expect(page.locator("#payments tbody tr")).to_have_count(3)
    page.locator("aside").get_by_role("link", name="HT-2007/3").click()
    expect(page.get_by_role("heading", name="课桌椅采购合同")).to_be_visible()
    page.context.close()


def test_the_picture_is_drawn_in_the_dark_too(browser: Browser, site: tuple[str, list[str]]) -> None:
    page = _page(browser, color_scheme="dark")
    page.goto(site[0] + "/pipe/2007/")
    expect(page.locator("figure.chart canvas").first).to_be_visible()
    accessible(page)
    page.context.close()


def _page(browser: Browser, **options: Any) -> Page:
    options |= {"viewport": {"width": DESKTOP, "height": 900}, "locale": "zh-CN", "reduced_motion": "reduce"}
    return browser.new_context(**options).new_page()
