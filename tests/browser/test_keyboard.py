"""Without a mouse: a whole filing, and the desk's keys. Wherever the focus goes, it can be seen."""

import pytest
from playwright.sync_api import Page, expect

from minxin.directory.rules import Role
from tests.browser import steps
from tests.browser.steps import Receipt
from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser

_SEEN = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return true;
  const drawn = [one, ...one.querySelectorAll('*'), one.closest('label'), one.parentElement].filter(Boolean);
  return drawn.some((each) => {
    const style = getComputedStyle(each);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  });
}"""


def tab_to(page: Page, selector: str, *, most: int = 80) -> None:
    """Press Tab until the focus is there; on every stop on the way it must be visible."""
    for _ in range(most):
        if page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
        assert page.evaluate(_SEEN), page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")
    raise AssertionError(f"Tab never comes to {selector}")


def choose(page: Page, name: str, value: str) -> None:
    """Choose among radio buttons with the arrow keys."""
    tab_to(page, f"[name={name}]")
    page.keyboard.press("Space")
    for _ in range(40):
        if page.evaluate("(value) => document.activeElement.value === value", value):
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no {value} among {name}")


def go_on(page: Page, question: str) -> None:
    """By Tab to the primary button and Enter."""
    tab_to(page, ".filing-buttons .button-primary")
    page.keyboard.press("Enter")
    steps.asked(page, question)


def test_a_filing_by_keyboard_only(visitors: Visitors) -> None:
    page = visitors.page()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    tab_to(page, "a.door-primary")
    page.keyboard.press("Enter")
    steps.asked(page, "您要反映的是哪一类")
    choose(page, "kind", "complaint")
    page.keyboard.press("Enter")  # one sends a form of one question so
    steps.asked(page, "用一句话说说是什么事")
    tab_to(page, "[name=title]")
    page.keyboard.type("拖欠工资")
    tab_to(page, "[name=text]")
    page.keyboard.type("学校拖欠工资，问过几次没有结果。")
    go_on(page, "在哪个市")
    tab_to(page, "[name=region_q]")
    page.keyboard.type("绥中")
    page.keyboard.press("Enter")  # looks the name up, does not go on
    steps.asked(page, "绥中县")
    choose(page, "county", "211421")
    go_on(page, "您反映的是哪个单位")
    choose(page, "unit", "unknown")
    go_on(page, "属于哪一类事")
    go_on(page, "您希望怎样解决")
    go_on(page, "怎样和您联系")
    choose(page, "identity", "anonymous")
    go_on(page, "请核对")
    tab_to(page, ".filing-buttons .button-primary")
    page.keyboard.press("Enter")
    steps.receipt(page)


def test_the_keys_of_the_desk(visitors: Visitors, filed: Receipt, another: Receipt) -> None:
    page = visitors.desk(visitors.house.who(filed.centre, Role.EDITOR))
    page.goto("/desk/cases/?queue=accept")
    rows = page.locator(".rows-link")
    for key, at in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(at)).to_be_focused()
        assert page.evaluate(_SEEN)
    page.keyboard.press("j")
    wanted = rows.nth(1).get_attribute("href")
    assert wanted
    page.keyboard.press("Enter")
    expect(page.locator("#main .case-head .ref")).to_be_visible()
    expect(page.locator(".rows-link[aria-current]")).to_have_attribute("href", wanted)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="键盘快捷键")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="键盘快捷键")).to_be_hidden()
    page.keyboard.press("a")
    assert page.evaluate("() => document.activeElement.closest('[data-moves]') !== null")
    page.keyboard.press("/")
    expect(page.locator("#bar-q")).to_be_focused()
    page.keyboard.type("jk?")  # typed, not obeyed
    assert page.locator("#bar-q").input_value() == "jk?"
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    assert page.evaluate("() => document.activeElement.closest('.pane-queues') !== null")
