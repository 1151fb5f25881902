"""Every kind of page: axe finds nothing, nothing sticks out at any width, nothing is fetched from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

from minxin.directory.rules import Role
from tests.browser import steps
from tests.browser.steps import Receipt
from tests.browser.visitors import NARROWEST, PHONE, Visitors, accessible, everywhere, fits

pytestmark = pytest.mark.browser

PUBLIC = [
    "/", "/file/", "/track/", "/cases/", "/cases/?q=工资", "/units/", "/units/?q=财政", "/stars/", "/money/",
    "/accountability/", "/ledger/received/", "/ledger/closed/", "/data/", "/disclosures/disbursement/", "/about/",
    "/privacy/", "/accessibility/", "/preferences/", "/desk/account/login/", "/file/receipt/", "/nowhere/",
    "/publications/rules/", "/publications/", "/publications/guide/",
]  # fmt: skip
MAIN = ["/", "/file/", "/track/", "/cases/", "/units/", "/desk/account/login/"]
CENTRE = "葫芦岛市民心网中心"
DESK = [
    (Role.EDITOR, ["/desk/", "/desk/cases/?queue=accept", "/desk/cases/", "/desk/search/?q=工资", "/desk/enter/"]),
    (Role.DISPATCHER, ["/desk/catalogue/", "/desk/catalogue/duties/", "/desk/catalogue/words/"]),
    (Role.ARBITRATOR, ["/desk/", "/desk/catalogue/trial/"]),
    (Role.SUPERVISOR, ["/desk/supervision/", "/desk/catalogue/limits/"]),
    (Role.HEAD, ["/desk/minute/", "/desk/account/", "/desk/account/password/change/", "/desk/account/2fa/"]),
    (Role.PUBLISHER, ["/desk/publishing/"]),
    (Role.SYSTEM_ADMIN, ["/desk/units/", "/desk/regions/", "/desk/directory/import/", "/desk/nowhere/"]),
    (Role.SECURITY_ADMIN, ["/desk/people/"]),
    (Role.AUDITOR, ["/desk/log/"]),
    (Role.LEADER, ["/desk/submissions/", "/desk/submissions/new/"]),
]  # fmt: skip


def goto(page: Page, address: str) -> None:
    """Open an address; what answers is a page of ours, never a failure of ours."""
    answer = page.goto(address)
    assert answer
    assert answer.status < 500
    expect(page.locator("h1").first).to_be_visible()


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_page(visitors: Visitors, address: str) -> None:
    page = visitors.reader()
    goto(page, address)
    everywhere(page)


@pytest.mark.parametrize("address", MAIN)
def test_a_public_page_in_the_dark_and_for_elders(visitors: Visitors, address: str) -> None:
    dark = visitors.reader(color_scheme="dark")
    goto(dark, address)
    accessible(dark)
    elder = visitors.reader(PHONE, elder=True)
    goto(elder, address)
    assert elder.evaluate("() => parseFloat(getComputedStyle(document.body).fontSize)") >= 22
    accessible(elder)
    fits(elder)
    elder.set_viewport_size({"width": NARROWEST, "height": 640})
    fits(elder)


def test_every_question_of_the_filing(visitors: Visitors) -> None:
    page = visitors.page()
    steps.file(page, steps.WAGES, each=everywhere)
    everywhere(page)


def test_every_question_of_the_filing_for_elders_in_the_dark(visitors: Visitors) -> None:
    page = visitors.page(PHONE, elder=True, color_scheme="dark")
    steps.file(page, steps.WAGES, each=accessible)
    accessible(page)


def test_a_question_answered_wrongly(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/file/?kind=complaint")
    steps.onward(page)
    steps.onward(page)
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    everywhere(page)


def test_the_pages_of_one_case(visitors: Visitors, filed: Receipt) -> None:
    page = visitors.page()
    steps.track(page, filed)
    everywhere(page)
    centre = filed.centre
    for role, addresses in {
        Role.EDITOR: ("", "?queue=accept", "condense/", "decline/", "print/"),
        Role.DISPATCHER: ("",),
    }.items():
        desk = visitors.at_work(visitors.house.who(centre, role))
        for address in addresses:
            goto(desk, f"/desk/cases/{filed.ref}/{address}")
            everywhere(desk)


def test_a_published_case_and_its_unit(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/cases/")
    page.locator(".item-title a").first.click()
    everywhere(page)
    page.locator("aside .facts a[href^='/units/']").first.click()
    everywhere(page)


@pytest.mark.parametrize(("role", "addresses"), DESK, ids=[role.value for role, _ in DESK])
def test_the_pages_of_a_desk(visitors: Visitors, role: Role, addresses: list[str]) -> None:
    page = visitors.at_work(_who(visitors, role))
    for address in addresses:
        goto(page, address)
        everywhere(page)


def test_one_unit_one_person_one_region_one_category(visitors: Visitors) -> None:
    for role, address, link in (
        (Role.SYSTEM_ADMIN, "/desk/units/", "main a[href^='/desk/units/']"),
        (Role.SYSTEM_ADMIN, "/desk/regions/", "main a[href^='/desk/regions/']"),
        (Role.SECURITY_ADMIN, "/desk/people/", "main a[href^='/desk/people/']"),
        (Role.DISPATCHER, "/desk/catalogue/", "a[href^='/desk/catalogue/categories/']"),
        (Role.AUDITOR, "/desk/log/", "main td a[href^='/desk/log/'], main li a[href^='/desk/log/']"),
    ):
        page = visitors.at_work(_who(visitors, role))
        goto(page, address)
        target = page.locator(link).first.get_attribute("href")
        assert target
        goto(page, target)
        everywhere(page)


def test_the_desk_in_the_dark_and_for_elders(visitors: Visitors, filed: Receipt) -> None:
    who = _who(visitors, Role.EDITOR)
    dark, elder = visitors.desk(who, color_scheme="dark"), visitors.desk(who, PHONE, elder=True)
    for address in ("/desk/", "/desk/cases/", "/desk/enter/"):
        for page in (dark, elder):
            goto(page, address)
            accessible(page)
        fits(elder)
    goto(dark, f"/desk/cases/{filed.ref}/")
    accessible(dark)


def _who(visitors: Visitors, role: Role):
    try:
        return visitors.house.who(CENTRE, role)
    except LookupError:
        return visitors.house.who("", role)
