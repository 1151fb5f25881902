"""What was published, in a browser: every kind of page at every width, with axe, and without script."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visitors import DESKTOP, everywhere, readable_in_the_dark

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TABLES = "/tables/211400-JYJ/2007/initial"


@pytest.fixture
def site(cast: Any, live_server: Any) -> Iterator[tuple[str, list[str]]]:
    """A budget, its correction and a city's final accounts: the house's address and every kind of page in it."""
    from minxin.disclosures.actions import exports, publishing
    from minxin.disclosures.models.publication import ref_of
    from minxin.disclosures.tests import papers
    from minxin.disclosures.tests.cast import make_money
    from minxin.disclosures.tests.papers import detail
    from minxin.disclosures.tests.test_publishing_pages import MARCH, SHEETS, publish
    from minxin.kernel import clocks, files

    money = make_money(cast.units["city_finance"], cast.officers)
    with files.using(files.Memory()):
        with clocks.at(MARCH):
            ref, first = publish(money, note="没有政府性基金预算拨款")
            exports.write_exports(ref=ref_of(first))
        with clocks.at(MARCH + timedelta(days=1)):
            changed = SHEETS | {"detail": [detail("2050201", "30101", 1_500_000), detail("2050203", "30299", 5)]}
            second = publish(money, sheets=changed, corrects=ref, reason="工资漏列一项，教师培训改列其他")[1]
            for who in ("education", "school", "civil"):
                papers.signed(money.units[who].id, SHEETS, finance=money.units["finance"].id, version="final")
            city = publishing.publish_city(
                finance="211400-CZJ", fiscal_year=2007, version="final", title="2007 年部门决算一次性公开",
                by=money.officers["finance_publisher"],
            )  # fmt: skip
        act = f"/publications/{ref_of(first)}/"
        yield live_server.url, [
            "/publications/", "/publications/?unit=教育局", "/publications/guide/", act, f"{act}rows/3/",
            f"/publications/{ref_of(second)}/", f"/publications/{ref_of(second)}/diff/",
            f"/publications/{ref_of(city)}/", f"/publications/{ref_of(city)}/?unit=211400-YZ",
            f"{TABLES}/overview/", f"{TABLES}/detail/", f"{TABLES}/detail/?on=2007-03-07", f"{TABLES}/gov_fund/",
            f"{TABLES}/detail/?on=2006-01-01",
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


def test_a_past_day_is_chosen_without_script(browser: Browser, site: tuple[str, list[str]]) -> None:
    page = _page(browser, java_script_enabled=False)
    page.goto(f"{site[0]}{TABLES}/detail/")
    expect(page.locator("#rows")).to_contain_text("15,000.00")
    page.get_by_label("哪一天的页面").fill("2007-03-07")
    page.get_by_role("button", name="看这一天").click()
    expect(page.locator("#rows")).to_contain_text("教师培训")
    expect(page.get_by_text("您看的是过去的页面")).to_be_visible()
    page.locator("#rows tbody th a").first.click()
    expect(page.get_by_role("heading", name="怎样证明这一行没有改过")).to_be_visible()
    page.get_by_role("link", name="看整张表").click()
    expect(page.locator("#rows")).to_contain_text("10,000.00")
    page.context.close()


def _page(browser: Browser, **options: Any) -> Page:
    options |= {"viewport": {"width": DESKTOP, "height": 900}, "locale": "zh-CN", "reduced_motion": "reduce"}
    return browser.new_context(**options).new_page()
