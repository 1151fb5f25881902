"""What makes it bearable: reading aloud, drafts, paper, one case from many clicks, and a policy without holes."""

import pytest
from playwright.sync_api import expect

from minxin.directory.rules import Role
from tests.browser import steps
from tests.browser.steps import Receipt
from tests.browser.visitors import PHONE, Visitors, fits

pytestmark = pytest.mark.browser


def test_elders_get_large_letters_and_a_voice(visitors: Visitors) -> None:
    page = visitors.page(PHONE)
    page.goto("/")
    expect(page.locator("[data-read-aloud]")).to_have_count(0)
    page.get_by_role("button", name="长辈模式").click()
    expect(page.get_by_role("button", name="长辈模式")).to_have_attribute("aria-pressed", "true")
    voice = page.get_by_role("button", name="朗读本页")
    expect(voice).to_be_visible()
    small = [
        box["height"]
        for box in (one.bounding_box() for one in page.locator("main a.door, main button, main input").all())
        if box and box["height"] < 44
    ]
    assert small == []
    page.goto("/file/")
    expect(page.get_by_role("button", name="朗读本页")).to_be_visible()
    page.get_by_role("button", name="长辈模式").click()
    expect(page.locator("[data-read-aloud]")).to_have_count(0)


def test_what_was_typed_is_there_again_after_a_reload_and_gone_after_the_receipt(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/file/?kind=complaint")
    steps.onward(page)
    page.get_by_label("用一句话说说是什么事").fill("写到一半")
    page.get_by_label("把经过写下来").fill("刚写了两行就断电了。")
    page.wait_for_timeout(600)
    page.goto("/")
    page.goto("/file/?kind=complaint")
    steps.onward(page)
    expect(page.get_by_text("上次没写完的内容已经放回来了")).to_be_visible()
    assert page.get_by_label("把经过写下来").input_value() == "刚写了两行就断电了。"
    page.get_by_role("button", name="清空重写").click()
    assert page.get_by_label("把经过写下来").input_value() == ""
    page.get_by_label("把经过写下来").fill("留着")
    steps.file(page, steps.WAGES)
    assert page.evaluate("() => localStorage.getItem('minxin-draft:file')") is None


def test_nobodys_name_and_number_stay_in_the_browser(visitors: Visitors) -> None:
    page = visitors.page()
    kept: list[str] = []
    steps.file(page, steps.WAGES, each=lambda at: kept.append(at.evaluate("() => JSON.stringify(localStorage)")))
    assert steps.WAGES.text in kept[-1]
    assert not [one for one in kept if steps.WAGES.phone in one or steps.WAGES.name in one]


def test_many_clicks_make_one_case(visitors: Visitors) -> None:
    page = visitors.page()
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    steps.file(page, steps.WAGES, until="check")
    posts.clear()
    page.locator(".filing-buttons .button-primary").evaluate("(one) => { one.click(); one.click(); one.click(); }")
    steps.receipt(page)
    assert len(posts) == 1


def test_the_receipt_on_paper_has_number_and_code_and_no_buttons(visitors: Visitors) -> None:
    page = visitors.page()
    steps.file(page, steps.WAGES)
    page.emulate_media(media="print")
    for gone in (".site-nav", ".site-foot", ".prefs", ".buttons", ".skip"):
        expect(page.locator(gone).first).to_be_hidden()
    for there in (".receipt-big", ".next", ".only-print"):
        expect(page.locator(there)).to_be_visible()
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") in {
        "rgb(255, 255, 255)", "rgba(0, 0, 0, 0)",
    }  # fmt: skip


def test_a_case_on_paper_is_the_file_without_the_desk(visitors: Visitors, filed: Receipt) -> None:
    page = visitors.at_work(visitors.house.who(filed.centre, Role.EDITOR))
    page.goto(f"/desk/cases/{filed.ref}/print/")
    page.emulate_media(media="print")
    expect(page.get_by_text(filed.ref).first).to_be_visible()
    expect(page.get_by_role("link", name="回到此件")).to_be_hidden()
    page.emulate_media(media="screen")


@pytest.mark.parametrize("address", ["/", "/file/", "/cases/", "/track/", "/desk/account/login/", "/nowhere/"])
def test_the_policy_allows_no_script_from_anywhere_else(visitors: Visitors, address: str) -> None:
    page = visitors.reader()
    answer = page.goto(address)
    assert answer
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    done = page.evaluate(
        """() => { const script = document.createElement('script'); script.textContent = 'window.broken = 1';
                   document.body.append(script); return window.broken === undefined; }"""
    )
    assert done
    visitors.complaints[:] = [one for one in visitors.complaints if "Content Security Policy" not in one]


def test_the_public_pages_set_no_cookie_of_a_session(visitors: Visitors) -> None:
    page = visitors.page()
    for address in ("/", "/cases/", "/units/", "/about/"):
        page.goto(address)
    assert {cookie["name"] for cookie in page.context.cookies()} <= {"minxin_csrf"}
    fits(page)
