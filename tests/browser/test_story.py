"""The two cases of the story, clicked through from the citizen's first page to the public's last, on two screens."""

import pytest
from playwright.sync_api import Page, expect

from minxin.directory.rules import Role
from tests.browser import steps
from tests.browser.steps import act
from tests.browser.visitors import DESKTOP, Visitors, accessible, fits

pytestmark = pytest.mark.browser

COUNTY_FINANCE, CITY_FINANCE = "绥中县财政局", "葫芦岛市财政局"
DISCIPLINE = "南票区纪律检查委员会"
CIRCULAR = "葫政纠〔2007〕11号"
ANSWERED = (
    "我们已上门与您联系，并与南票区纪检委联合调查。您反映的扣款属实，违规扣款 86,400.00 元已全部收缴，"
    "有关单位和主要责任人已被通报批评，今后不再扣款。联系电话 0429-3123456。谢谢您的监督。"
)
REASON = "账目在县财政局，当日可以查清；市财政局对结果负责。"
ANSWER = (
    "3月7日上午已与您联系。经查，财政已足额拨付，欠发原因在学校核算；经协调，429 元已于3月7日下午发到您手中。"
    "联系电话 0429-6123456。感谢您的信任，今后有问题可以随时联系我们。"
)


def numbers(page: Page) -> dict[str, str]:
    """The four numbers of the home page, as they stand there."""
    page.goto("/")
    labels, values = (page.locator(f".stat-{part}").all_text_contents() for part in ("label", "value"))
    return dict(zip(labels, values, strict=True))


def look(page: Page) -> None:
    """What every page of the journey must be: no wider than the screen, and, once for both screens, accessible."""
    fits(page)
    if (page.viewport_size or {})["width"] == DESKTOP:
        accessible(page)


class Office:
    """The desks that one case passes, each opened when its turn comes."""

    def __init__(self, visitors: Visitors, width: int, ref: str) -> None:
        self.visitors, self.width, self.ref = visitors, width, ref

    def at(self, unit: str, role: Role) -> Page:
        """The case on the desk of this post."""
        page = self.visitors.at_work(self.visitors.house.who(unit, role), self.width)
        page.goto(f"/desk/cases/{self.ref}/")
        return page


def test_429_yuan_from_filing_to_five_stars(visitors: Visitors, width: int) -> None:
    citizen = visitors.page(width)
    before = numbers(citizen)
    receipt = steps.file(citizen, steps.WAGES)
    look(citizen)
    steps.track(citizen, receipt)
    expect(citizen.locator("main")).to_contain_text("您现在可以")
    look(citizen)

    office = Office(visitors, width, receipt.ref)
    take_in(office, receipt.centre)
    warned(office, receipt.centre)
    handle(office)
    sign(office)
    reviewer = office.at(receipt.centre, Role.REVIEWER)
    act(reviewer, "审核通过", done="审核通过")

    steps.track(citizen, receipt)
    expect(citizen.locator(".answer")).to_contain_text("429 元已于3月7日下午发到您手中")
    look(citizen)
    steps.rate(citizen, comment="当天就办好了，谢谢。")
    expect(citizen.locator(".two-views")).to_contain_text("不属实")
    expect(citizen.locator(".two-views")).to_contain_text("非常满意")
    look(citizen)

    act(office.at(receipt.centre, Role.REVIEWER), "公开", done="已公开")
    public(visitors.page(width), receipt.ref)
    after = numbers(visitors.page(width))
    for label in ("收到", "办结", "满意", "退还群众"):
        assert after[label] != before[label], label


def take_in(office: Office, centre: str) -> None:
    """The editor accepts from the queue, condenses and classifies."""
    editor = office.visitors.at_work(office.visitors.house.who(centre, Role.EDITOR), office.width)
    steps.queue(editor, "待受理", office.ref)
    look(editor)
    act(editor, "受理", done="已受理")
    steps.find(editor, office.ref)
    act(editor, "摘编", done="摘编已保存", title="教师反映拖欠工资", digest="绥中县一名教师反映被拖欠工资 429 元。")
    act(editor, "定性分类", done="类别和紧急程度已确定", category="拖欠")
    look(editor)


def warned(office: Office, centre: str) -> None:
    """The dispatcher chooses the very unit complained of, is stopped, gives a reason, and may."""
    page = office.at(centre, Role.DISPATCHER)
    form = steps.opened(page, "分转")
    steps.fill(form, {"unit": COUNTY_FINANCE})
    form.get_by_role("button", name="分转", exact=True).click()
    expect(page.locator("#moves [aria-invalid=true]").first).to_be_visible()
    assert page.locator("#moves [name=unit]").input_value() == COUNTY_FINANCE
    look(page)
    act(page, "分转", done="已分转", conflict_reason=REASON)
    expect(page.locator("#main")).to_contain_text("交被反映单位办理")
    expect(page.locator("#main")).to_contain_text(f"{CITY_FINANCE}对结果负责")


def handle(office: Office) -> None:
    """The county's clerk signs for it, finds it untrue yet solves it, and writes the four texts' last two."""
    clerk = office.at(COUNTY_FINANCE, Role.CLERK)
    act(clerk, "签收", done="已签收")
    act(clerk, "登记联系", done="联系情况已登记", how="电话", reached="已联系上")
    act(clerk, "认定事实和结果", done="事实认定和办理结果已保存", finding="不属实", resolution="已解决")
    act(clerk, "登记金额", done="金额已登记", kind="清欠应得款", amount="429.00", people="1", evidence="学校工资发放表")
    report = "财政已足额拨付，欠发原因在学校核算；经协调当日补发。"
    act(clerk, "写办理报告", done="办理报告已保存", body=report)
    act(clerk, "写公开答复", done="公开答复已保存", body=ANSWER)
    expect(clerk.locator("#main")).to_contain_text("429.00")
    look(clerk)
    act(clerk, "提交审签", done="已提交审签")


def sign(office: Office) -> None:
    """Section, leader, head, and the superior that answers for it."""
    for role in (Role.SECTION, Role.LEADER, Role.HEAD):
        act(office.at(COUNTY_FINANCE, role), "同意并签发", done="已签发", remark="同意。")
    superior = office.at(CITY_FINANCE, Role.LEADER)
    look(superior)
    act(superior, "同意并签发", done="已签发")


def public(page: Page, ref: str) -> None:
    """Anybody finds it by search, with its money, both sides' views and its stars."""
    page.goto("/")
    page.get_by_label("搜索公开案例").fill("拖欠工资")
    page.get_by_role("button", name="搜索").click()
    look(page)
    page.goto(f"/cases/?q={ref}") if not page.locator(f"a[href*='{ref}']").count() else None
    page.locator(f"a[href*='{ref}']").first.click()
    for told in ("429.00", "不属实", "已解决", "清欠应得款"):
        expect(page.locator("article")).to_contain_text(told)
    expect(page.locator("aside .stars, aside [class*=star]").first).to_be_visible()
    look(page)


def test_deductions_from_wages_by_two_lines_of_authority(visitors: Visitors, width: int) -> None:
    citizen = visitors.page(width)
    receipt = steps.file(citizen, steps.DEDUCTIONS)
    office = Office(visitors, width, receipt.ref)

    editor = office.at(receipt.centre, Role.EDITOR)
    act(editor, "受理", done="已受理")
    act(editor, "摘编", done="摘编已保存", title="反映从工资中扣款", digest="反映南票区从职工工资中扣扶贫款、优抚款。")
    act(editor, "定性分类", done="类别和紧急程度已确定", category="乱收费")
    dispatcher = office.at(receipt.centre, Role.DISPATCHER)
    expect(steps.opened(dispatcher, "分转").locator(".suggestion")).to_be_visible()
    act(
        dispatcher,
        "分转",
        done="已分转",
        unit=CITY_FINANCE,
        assisting=DISCIPLINE,
        instruction="请联合调查，查清每一笔。",
    )

    clerk = office.at(CITY_FINANCE, Role.CLERK)
    act(clerk, "签收", done="已签收")
    assisting = office.at(DISCIPLINE, Role.CLERK)
    act(assisting, "签收协办", done="已签收协办")
    look(assisting)
    act(
        assisting, "出具协办意见", done="协办意见已出具", opinion="扣款没有依据，应当收缴，并追究有关单位和人员的责任。"
    )

    clerk = office.at(CITY_FINANCE, Role.CLERK)
    expect(clerk.locator("#main")).to_contain_text("扣款没有依据")
    act(clerk, "登记联系", done="联系情况已登记", how="上门", reached="已联系上")
    act(clerk, "认定事实和结果", done="事实认定和办理结果已保存", finding="属实", resolution="已解决")
    money = {"kind": "收缴违纪资金", "amount": "86400.00", "people": "312", "evidence": "非税收入缴款书"}
    act(clerk, "登记金额", done="金额已登记", **money)
    for measured in (
        {"subject": "单位", "unit": "葫芦岛市南票区财政局"},
        {"subject": "单位", "unit": "葫芦岛市南票区民政局"},
        {"subject": "个人", "unit": "葫芦岛市南票区民政局", "office": "主要负责人"},
    ):
        act(clerk, "登记问责", done="问责情况已登记", measure="通报批评", basis=CIRCULAR, **measured)
    look(clerk)
    act(clerk, "写办理报告", done="办理报告已保存", body="经与区纪检委联合调查，扣款属实，已全部收缴，并通报批评。")
    act(clerk, "写公开答复", done="公开答复已保存", body=ANSWERED)
    act(clerk, "提交审签", done="已提交审签")
    for role in (Role.SECTION, Role.LEADER):
        act(office.at(CITY_FINANCE, role), "同意并签发", done="已签发")
    act(office.at(receipt.centre, Role.REVIEWER), "审核通过", done="审核通过")
    steps.track(citizen, receipt)
    steps.rate(citizen, satisfaction="满意")
    act(office.at(receipt.centre, Role.REVIEWER), "公开", done="已公开")

    page = visitors.page(width)
    page.goto(f"/cases/{receipt.ref}/")
    for told in ("86,400.00", "收缴违纪资金", "通报批评", CIRCULAR, "主要负责人", "属实", CITY_FINANCE):
        expect(page.locator("article")).to_contain_text(told)
    look(page)
    page.goto("/accountability/")
    expect(page.locator("main")).to_contain_text(CIRCULAR)
    page.goto("/money/?kind=recovered")
    expect(page.locator("main")).to_contain_text("86,400.00")
