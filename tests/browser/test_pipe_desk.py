"""The pipe's desk in a browser: from a plan to an approved payment at every width with axe, and once without script."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitors import accessible, everywhere

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOME = "/desk/pipe/"
BUDGET = [("30201", "", "400000"), ("30205", "", "90000"), ("31002", "课桌椅更新", "260000")]


@pytest.fixture
def school(cast: Any, live_server: Any) -> Any:
    """A school with lines of this year, by the real clock: the server lives in it too."""
    from minxin.disclosures.actions import lines
    from minxin.disclosures.rules.codes import Fund
    from minxin.disclosures.tests.cast import make_money
    from minxin.kernel import clocks

    money = make_money(cast.units["city_finance"], cast.officers)
    for economic, project, yuan in BUDGET:
        lines.open_line(
            unit="211400-YZ", fiscal_year=clocks.today().year, function="2050204", economic=economic, project=project,
            fund=Fund.GENERAL, amount=Decimal(yuan), doc_no="葫财预1号", on=clocks.today(),
            by=money.officers["finance_budget"],
        )  # fmt: skip
    return money


@pytest.fixture
def desk(school: Any, seated: Callable[..., Page]) -> Callable[..., Page]:
    """The desk of one of its officers."""
    return lambda who, **options: seated(school.officers[who], **options)


def allot(school: Any) -> list[str]:
    """Every line with a tenth of its money; their refs."""
    from minxin.directory.rules import SYSTEM
    from minxin.disclosures.actions import plans
    from minxin.disclosures.models import BudgetLine
    from minxin.disclosures.models.line import ref_of

    rows = list(BudgetLine.objects.public().order_by("pk"))
    month = date(rows[0].year, 1, 1)
    plans.submit_all(
        plans=[plans.NewPlan(ref_of(row), month, Decimal(row.approved_fen) / 1000) for row in rows], by=SYSTEM
    )
    plans.approve(finance="211400-CZJ", month=month, by=school.officers["finance_budget"])
    plans.issue(finance="211400-CZJ", month=month, doc_no="葫财支1号", by=school.officers["finance_cashier"])
    return [ref_of(row) for row in rows]


def fill(page: Page, number: int, ref: str, yuan: str, name: str = "葫芦岛市新华书店") -> None:
    """One row of the request's form."""
    row = page.get_by_role("group", name=f"第 {number} 笔")
    row.get_by_label("指标").select_option(ref)
    for label, value in {
        "金额": yuan, "用途": "购买图书", "收款人名称": name, "收款账号": "0701 2345 6789", "开户银行": "工行",
    }.items():  # fmt: skip
        row.get_by_label(label).fill(value)


def test_a_payment_is_planned_asked_for_and_approved(desk: Callable[..., Page], school: Any) -> None:
    clerk, budget, cashier, leader = (
        desk(who) for who in ("school_clerk", "finance_budget", "finance_cashier", "school_leader")
    )
    clerk.goto(HOME)
    clerk.get_by_role("link", name="上报用款计划").click()
    clerk.get_by_label("办公费 的计划金额").fill("500000")
    clerk.get_by_role("button", name="上报用款计划").click()
    expect(clerk.locator(".notice")).to_contain_text("只有 400,000.00 元")
    everywhere(clerk)
    clerk.get_by_label("办公费 的计划金额").fill("1,000")
    clerk.get_by_role("button", name="上报用款计划").click()
    expect(clerk.get_by_text("已上报", exact=True)).to_be_visible()
    budget.goto("/desk/pipe/plans/")
    budget.get_by_label("选", exact=True).check()
    everywhere(budget)
    budget.get_by_role("button", name="批准选中的计划").click()
    cashier.goto("/desk/pipe/plans/")
    cashier.get_by_label("选中市一高").check()
    cashier.get_by_label("通知文号").fill("葫财支2号")
    cashier.get_by_role("button", name="下达选中的额度").click()
    expect(cashier.get_by_text("没有等待下达的用款计划")).to_be_visible()

    clerk.goto("/desk/pipe/lines/")
    accessible(clerk)
    clerk.get_by_role("link", name=re.compile("办公费.*申请支付")).click()
    ref = str(clerk.get_by_role("group", name="第 1 笔").get_by_label("指标").input_value())
    fill(clerk, 1, ref, "1000.01")
    clerk.get_by_role("button", name="提交申请").click()
    expect(clerk.locator("#id_r0-amount-fault")).to_contain_text("还有 1,000.00 元")
    everywhere(clerk)
    clerk.get_by_label("金额").first.fill("1000.00")
    clerk.get_by_role("button", name="提交申请").click()
    expect(clerk.get_by_role("heading", name="市一高申请支付 1 笔")).to_be_visible()

    for page, step in ((leader, "单位复核"), (budget, "业务科室审核"), (cashier, "支付中心审核")):
        page.goto(HOME)
        page.get_by_role("link", name=step).click()
        expect(page.get_by_role("heading", name=step, exact=True)).to_be_visible()
        page.wait_for_load_state()
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="市一高申请支付 1 笔")).to_be_visible()
        page.keyboard.press("a")
        if step == "单位复核":
            accessible(page)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=f"{step}：通过")).to_be_visible()
    clerk.reload()
    expect(clerk.get_by_text("审核通过", exact=True)).to_be_visible()
    clerk.goto(HOME)
    accessible(clerk)


def test_all_of_it_works_without_script(desk: Callable[..., Page], school: Any) -> None:
    office, water, _chairs = allot(school)
    clerk, leader = (desk(who, java_script_enabled=False) for who in ("school_clerk", "school_leader"))
    clerk.goto("/desk/pipe/requests/new/")
    fill(clerk, 1, office, "20")
    clerk.get_by_role("button", name="再加 5 行").click()
    fill(clerk, 8, water, "30.50", "葫芦岛市自来水公司")
    clerk.get_by_role("button", name="提交申请").click()
    expect(clerk.get_by_role("heading", name="市一高申请支付 2 笔")).to_be_visible()
    for yuan in ("1", "2"):
        clerk.goto("/desk/pipe/requests/new/")
        fill(clerk, 1, office, yuan)
        clerk.get_by_role("button", name="提交申请").click()

    leader.goto("/desk/pipe/requests/waiting/review_unit/")
    leader.locator("#queue tbody th a").first.click()
    leader.locator("summary", has_text="单位复核退回").click()
    leader.get_by_label("原因").fill("水费要附发票号")
    leader.get_by_role("button", name="单位复核退回").click()
    leader.goto("/desk/pipe/requests/waiting/review_unit/")
    for box in leader.locator("tbody input[name=refs]").all():
        box.check()
    leader.get_by_role("button", name="通过选中的申请").click()
    expect(leader.get_by_text("已通过 2 份申请")).to_be_visible()

    clerk.goto("/desk/pipe/requests/waiting/resubmit/")
    clerk.locator("#queue tbody th a").click()
    clerk.get_by_role("link", name="改正后重报").click()
    expect(clerk.get_by_text("水费要附发票号")).to_be_visible()
    clerk.get_by_role("group", name="第 1 笔").get_by_label("这一笔不要").check()
    clerk.get_by_role("group", name="第 2 笔").get_by_label("用途").fill("11月水费，发票 0087")
    clerk.get_by_role("button", name="改正后重报").click()
    expect(clerk.get_by_role("heading", name="市一高申请支付 1 笔")).to_be_visible()
    expect(clerk.get_by_text("第 2 次报送")).to_be_visible()
