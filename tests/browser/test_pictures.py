"""The pictures of the READMEs, taken where the house looks its best: MINXIN_SCREENSHOTS=1 pytest tests/browser."""

import os

import pytest

from minxin.directory.rules import Role
from tests.browser import steps
from tests.browser.visitors import DESKTOP, PHONE, Visitors, shoot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("MINXIN_SCREENSHOTS") != "1", reason="only with MINXIN_SCREENSHOTS=1"),
]


@pytest.mark.parametrize(("width", "suffix"), [(DESKTOP, ""), (PHONE, "-phone")], ids=["desktop", "phone"])
def test_pictures(visitors: Visitors, width: int, suffix: str) -> None:
    desk = visitors.desk(visitors.house.who("沈阳市民心网中心", Role.DISPATCHER), width)
    desk.goto("/desk/cases/")
    if width == DESKTOP:
        desk.locator(".rows-link").nth(2).click()
        desk.locator("#main .case-head").wait_for()
    shoot(desk, f"desk{suffix}")
    page = visitors.page(width)
    page.goto("/")
    shoot(page, f"home{suffix}")
    receipt = steps.file(
        page, steps.WAGES, each=lambda at: shoot(at, f"filing{suffix}") if "经过写" in at.inner_text("main") else None
    )
    shoot(page, f"receipt{suffix}")
    steps.track(page, receipt)
    shoot(page, f"track{suffix}")
    page.goto("/cases/?q=429")
    page.locator(".item-title a").last.click()
    shoot(page, f"public-case{suffix}")
    desk = visitors.desk(visitors.house.who("葫芦岛市民心网中心", Role.DISPATCHER), width)
    desk.goto(f"/desk/cases/{page.locator('.page-head .ref').inner_text()}/")
    shoot(desk, f"case{suffix}")
    page.goto("/budget/2007/")
    page.locator("figure.chart canvas").first.wait_for()
    page.wait_for_timeout(1200)  # the chart draws itself in
    shoot(page, f"budget{suffix}")
    page.goto("/pipe/2006/")
    page.locator("figure.chart canvas").first.wait_for()
    page.wait_for_timeout(1200)  # the chart draws itself in
    shoot(page, f"pipe{suffix}")
    page.goto("/pipe/2006/payments/?unit=211400-JYJ")
    page.locator("main table tbody a[href^='/pipe/payments/']").first.click()
    shoot(page, f"trace{suffix}")
