"""What people do in the house, step by step, on its pages. The same steps serve with script and without."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

Look = Callable[[Page], object]


@dataclass(frozen=True)
class Receipt:
    """What a complainant takes home."""

    ref: str
    code: str
    centre: str


@dataclass(frozen=True)
class Matter:
    """What somebody comes to tell."""

    title: str
    text: str
    city: str
    county: str
    unit_words: str = ""
    unit: str = ""
    wanted: str = ""
    amount: str = ""
    name: str = "某老师"
    phone: str = "13800001234"
    files: tuple[str, ...] = ()


WAGES = Matter(
    title="县里拖欠我工资 429 元",
    text="我是绥中县高台中学的教师。县财政局拖欠我的工资 429 元，问过几次都没有结果，请帮助解决。",
    city="葫芦岛市",
    county="绥中县",
    unit_words="绥中 财政",
    unit="绥中县财政局",
    wanted="请把 429 元补发给我。",
    amount="429.00",
)
DEDUCTIONS = Matter(
    title="工资里被扣了扶贫款和优抚款",
    text="南票区民政局让南票区财政局从教师和机关职工的工资里扣“扶贫款”“优抚款”，没有文件，也没有征求过意见。",
    city="葫芦岛市",
    county="南票区",
    unit_words="南票 财政",
    unit="葫芦岛市南票区财政局",
    wanted="停止扣款，把扣的钱查清楚。",
)


def onward(page: Page) -> None:
    """The page's own primary button."""
    page.locator("button.button-primary[value=next]").click()


def asked(page: Page, question: str) -> None:
    """The page that asks this has come."""
    expect(page.get_by_text(question, exact=False).first).to_be_visible()


def nothing(_page: Page) -> None:
    """No demand on a page."""


def file(page: Page, matter: Matter, *, kind: str = "投诉", each: Look = nothing, until: str = "") -> Receipt:
    """File by the public pages, from the home page's door to the receipt.

    `each` looks at every filled page before it is sent.
    `until="check"` stops before the last button; the receipt is then empty.
    """

    def on() -> None:
        each(page)
        onward(page)

    page.goto("/")
    page.locator("a.door-primary").click()
    page.get_by_role("radio", name=kind).check()
    on()
    page.get_by_label("用一句话说说是什么事").fill(matter.title)
    page.get_by_label("把经过写下来").fill(matter.text)
    on()
    page.get_by_role("radio", name=matter.city, exact=True).check()
    on()
    page.get_by_role("radio", name=matter.county, exact=True).check()
    on()
    page.get_by_label("输入单位名称查找").fill(matter.unit_words)
    page.get_by_role("button", name="查找").click()
    page.get_by_role("radio", name=matter.unit, exact=True).check()
    on()
    asked(page, "属于哪一类事")
    on()
    page.get_by_label("您希望怎样解决").fill(matter.wanted)
    page.get_by_label("涉及金额").fill(matter.amount)
    if matter.files:
        page.get_by_label("照片、录音、合同等材料").set_input_files(list(matter.files))
    on()
    page.get_by_label("怎么称呼您").fill(matter.name)
    page.locator("[name=phone]").fill(matter.phone)
    page.get_by_label("办结后可以隐去个人信息公开这件事").check()
    on()
    asked(page, "请核对")
    for told in (matter.title, matter.text, matter.unit, matter.name):
        expect(page.locator(".review")).to_contain_text(told)
    if until == "check":
        return Receipt("", "", "")
    on()
    return receipt(page)


def receipt(page: Page) -> Receipt:
    """The number and the code that the receipt shows."""
    expect(page.get_by_role("heading", name="已经收到您的反映")).to_be_visible()
    ref, code = page.locator(".receipt-big dd").all_inner_texts()
    assert re.fullmatch(r"MX\d{4}-\d{7}-\d", ref.strip()), ref
    assert re.fullmatch(r"[0-9A-Z]{4} [0-9A-Z]{4}", code.strip()), code
    centre = page.locator(".receipt .facts > div", has_text="受理").locator("dd").inner_text()
    return Receipt(ref.strip(), code.replace(" ", "").strip(), centre.strip())


def track(page: Page, kept: Receipt) -> None:
    """Open the case with what is on the receipt."""
    page.goto("/track/?ref=" + kept.ref)
    page.get_by_label("编号").fill(kept.ref.lower())
    page.get_by_label("查询码").fill(kept.code)
    page.get_by_role("button", name="查看").click()
    expect(page.locator(".page-head .ref")).to_have_text(kept.ref)


def rate(page: Page, *, satisfaction: str = "非常满意", comment: str = "") -> None:
    """The complainant's three answers, on the track page."""
    act = page.locator("#act-rate")
    if not act.evaluate("one => one.open"):
        act.locator("summary").click()
    act.locator("fieldset", has_text="联系过您吗").get_by_label("是", exact=True).check()
    act.locator("fieldset", has_text="解决了吗").get_by_label("是", exact=True).check()
    act.get_by_role("radio", name=satisfaction, exact=True).check()
    if comment:
        act.get_by_label("还想说的话").fill(comment)
    act.get_by_role("button", name="评价").click()
    expect(page.get_by_text("“评价”已经收到")).to_be_visible()


# --- the desk


def find(page: Page, ref: str) -> None:
    """Open a case by its number in the desk's search, as from a telephone call."""
    page.goto("/desk/")
    page.locator("#bar-q").fill(ref)
    page.locator("#bar-q").press("Enter")
    page.locator(".rows-link", has_text=ref).click()
    expect(page.locator("#main .case-head .ref")).to_have_text(ref)


def queue(page: Page, label: str, ref: str) -> None:
    """Go to the queue and open the case there."""
    page.goto("/desk/")
    page.locator(".pane-queues").get_by_role("link", name=label).click()
    page.locator(".rows-link", has_text=ref).click()
    expect(page.locator("#main .case-head .ref")).to_have_text(ref)


def act(page: Page, label: str, *, done: str, **fields: str | bool) -> None:
    """One move of the action panel: its form opened, filled and sent; `done` is what the page then says."""
    form = opened(page, label)
    fill(form, fields)
    form.get_by_role("button", name=label, exact=True).click()
    expect(page.locator(".messages, .notice").filter(has_text=done).first).to_be_visible()


def opened(page: Page, label: str) -> Locator:
    """The move's form, in sight."""
    moves = page.locator("#moves")
    plain = moves.locator("form.move-plain", has=page.get_by_role("button", name=label, exact=True))
    if plain.count():
        return plain
    move = moves.locator("details.move", has=page.locator("summary", has_text=re.compile(f"^{label}$")))
    if not move.evaluate("one => one.open"):
        move.locator("summary").click()
    return move


def fill(form: Locator, fields: dict[str, str | bool]) -> None:
    """Fields by their names; choices by the words a person sees."""
    for name, value in fields.items():
        control = form.locator(f"[name={name}]")
        if value is True:
            control.check()
        elif control.first.get_attribute("type") == "radio":
            form.locator(f"label:has([name={name}])", has_text=re.compile(f"^\\s*{value}")).first.click()
        elif control.evaluate("one => one.tagName") == "SELECT":
            control.select_option(label=control.locator("option", has_text=str(value)).first.inner_text())
        else:
            control.fill(str(value))
