"""Filing, following and handling with JavaScript switched off, on a desk and on a phone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from minxin.directory.rules import Role
from tests.browser import steps
from tests.browser.steps import act
from tests.browser.visitors import Visitors, fits

pytestmark = pytest.mark.browser


@pytest.fixture
def note(tmp_path: Path) -> str:
    """A file that a complainant has at hand."""
    path = tmp_path / "工资条.txt"
    path.write_text("三月工资 429 元未发\n")
    return str(path)


def test_filing_following_and_the_first_acts_of_the_desk(visitors: Visitors, width: int, note: str) -> None:
    page = visitors.page(width, script=False)
    matter = steps.Matter(**(vars(steps.WAGES) | {"files": (note,)}))
    receipt = steps.file(page, matter, each=fits)
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
    page.get_by_role("button", name="查进度").click()
    expect(page.locator(".page-head .ref")).to_have_text(receipt.ref)
    steps.track(page, receipt)
    expect(page.locator("main")).to_contain_text("工资条.txt")
    fits(page)

    page.locator("#act-add > summary").click()
    page.locator("#act-add").get_by_role("button", name="补充情况").click()
    expect(page.locator("#act-add [aria-invalid=true]").first).to_be_visible()
    page.locator("#act-add textarea").fill("学校说钱已经在路上。")
    page.locator("#act-add input[type=file]").set_input_files(note)
    page.locator("#act-add").get_by_role("button", name="补充情况").click()
    expect(page.get_by_text("“补充情况”已经收到")).to_be_visible()
    page.locator("#act-urge > summary").click()
    page.locator("#act-urge").get_by_role("button", name="催办").click()
    expect(page.get_by_text("“催办”已经收到")).to_be_visible()
    expect(page.locator("main")).to_contain_text("学校说钱已经在路上。")

    desk = visitors.desk(visitors.house.who(receipt.centre, Role.EDITOR), width, script=False)
    steps.queue(desk, "待受理", receipt.ref)
    expect(desk.locator("#main")).to_contain_text("学校说钱已经在路上。")
    fits(desk)
    act(desk, "受理", done="已受理")
    desk.goto(f"/desk/cases/{receipt.ref}/condense/")
    steps.fill(steps.opened(desk, "摘编"), {"title": " ", "digest": "只写了一半"})
    steps.opened(desk, "摘编").get_by_role("button", name="摘编", exact=True).click()
    expect(desk.locator("#moves [aria-invalid=true]").first).to_be_visible()
    assert desk.locator("#moves [name=digest]").input_value() == "只写了一半"
    act(desk, "摘编", done="摘编已保存", title="教师反映拖欠工资", digest="一名教师反映被拖欠工资 429 元。")
    fits(desk)

    page.goto("/track/")
    expect(page.locator("main")).to_contain_text("受理")
    page.locator("#act-withdraw > summary").click()
    page.locator("#act-withdraw").get_by_label("我确定要撤回").check()
    page.locator("#act-withdraw").get_by_role("button", name="撤回").click()
    expect(page.get_by_text("“撤回”已经收到")).to_be_visible()
    page.get_by_role("button", name="看完了，关上").click()
    expect(page.get_by_label("查询码")).to_be_visible()


def test_a_wrong_code_opens_nothing_and_says_what_to_do(visitors: Visitors, width: int) -> None:
    page = visitors.page(width, script=False)
    page.goto("/track/")
    page.get_by_label("编号").fill("MX2026-0000001-5")
    page.get_by_label("查询码").fill("AAAA AAAA")
    page.get_by_role("button", name="查看").click()
    expect(page.locator("main")).to_contain_text("查询码")
    assert page.get_by_label("编号").input_value() == "MX2026-0000001-5"
    fits(page)
