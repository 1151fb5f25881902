"""The treasury's desks in a browser: orders, receipts by file, clearing, a difference; at every width with axe."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitors import everywhere

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PIPE = "/desk/pipe"


@pytest.fixture
def approved(cast: Any, live_server: Any) -> Any:
    """Two approved payments of this year, by the real clock: the server lives in it too."""
    from minxin.directory.rules import SYSTEM
    from minxin.disclosures.actions import lines, plans, requests
    from minxin.disclosures.models import BudgetLine
    from minxin.disclosures.models.line import ref_of
    from minxin.disclosures.models.payment import request_ref
    from minxin.disclosures.rules.codes import Fund, Step
    from minxin.disclosures.tests.cast import make_money
    from minxin.disclosures.tests.pipe_walk import row
    from minxin.kernel import clocks

    money, today = make_money(cast.units["city_finance"], cast.officers), clocks.today()
    lines.open_line(
        unit="211400-YZ", fiscal_year=today.year, function="2050204", economic="30201", project="", fund=Fund.GENERAL,
        amount=Decimal(400_000), doc_no="葫财预1号", on=today, by=money.officers["finance_budget"],
    )  # fmt: skip
    line, month = ref_of(BudgetLine.objects.get()), today.replace(month=1, day=1)
    plans.submit_all(plans=[plans.NewPlan(line, month, Decimal(400_000))], by=SYSTEM)
    plans.approve(finance="211400-CZJ", month=month, by=SYSTEM)
    plans.issue(finance="211400-CZJ", month=month, doc_no="葫财支1号", by=SYSTEM)
    asked = requests.request(unit="211400-YZ", rows=[row(line, "1200.00"), row(line, "50.00")], by=SYSTEM)
    for step in Step:
        requests.review([request_ref(asked)], step=step, by=SYSTEM)
    return money


@pytest.fixture
def desk(approved: Any, seated: Callable[..., Page]) -> Callable[..., Page]:
    """The desk of one of its officers."""
    return lambda who, **options: seated(approved.officers[who], **options)


def receipt(order: bytes) -> bytes:
    """What a bank answers to an order as it came: the first payment made, the second not."""
    from minxin.disclosures.rules import vouchers
    from minxin.disclosures.rules.codes import VoucherKind

    paper = vouchers.parse(order)
    day, details = paper.head["VouDate"], []
    for place, row in enumerate(paper.details):
        answer = {"XPayAmt": "0.00", "XAddWord": "账号户名不符"} if place else {"XPayAmt": row["PayAmt"]}
        details.append({"Id": row["Id"], "XPayDate": day, "XAgentBusinessNo": f"B{place}"} | answer)
    head = {"Id": "1", "VouDate": day, "VoucherBillNo": paper.envelope.number, "PayAmt": paper.details[0]["PayAmt"]}
    envelope = vouchers.Envelope(VoucherKind.TRANSFER_RECEIPT, paper.envelope.division, paper.envelope.year, "YH1")
    return vouchers.build(envelope, head, details)


def seen(page: Page, address: str) -> None:
    """The page fits everywhere and axe is content."""
    page.goto(PIPE + address)
    everywhere(page)


def test_from_the_order_to_the_settled_difference(desk: Callable[[str], Page], tmp_path: Path) -> None:
    cashier, banker = desk("finance_cashier"), desk("bank_banker")
    seen(cashier, "/orders/")
    cashier.get_by_role("button", name="开支付凭证").click()
    expect(cashier.get_by_text("已开 1 张支付凭证")).to_be_visible()
    cashier.get_by_label("选", exact=True).check()
    cashier.get_by_role("button", name="签章并发送选中的").click()
    expect(cashier.get_by_role("heading", name="1,250.00 元")).to_be_visible()

    banker.goto(f"{PIPE}/")
    banker.get_by_role("link", name="付款并交回单").click()
    with banker.expect_download() as download:
        banker.locator("#tasks").get_by_role("link", name="下载 XML").click()
    download.value.save_as(tmp_path / "order.xml")
    (tmp_path / "receipt.xml").write_bytes(receipt((tmp_path / "order.xml").read_bytes()))
    (tmp_path / "broken.xml").write_bytes(b"<MOF><VoucherBody")
    banker.get_by_label("回单文件").set_input_files([tmp_path / "receipt.xml", tmp_path / "broken.xml"])
    banker.get_by_role("button", name="上传回单").click()
    expect(banker.get_by_role("row", name="broken.xml")).to_contain_text("没有收下")
    expect(banker.get_by_role("row", name="receipt.xml")).to_contain_text("付出 1 笔，没有付出 1 笔")
    everywhere(banker)
    banker.locator("#received").get_by_role("link", name="YH1", exact=True).click()
    expect(banker.get_by_text("账号户名不符")).to_be_visible()
    everywhere(banker)
    banker.locator("#lines").get_by_role("link").first.click()
    everywhere(banker)

    cashier.reload()
    expect(cashier.locator("#failures")).to_contain_text("账号户名不符")
    everywhere(cashier)
    cashier.goto(f"{PIPE}/clearing/")
    cashier.get_by_role("button", name="清算这一天").click()
    expect(cashier.get_by_text("全部回到零")).to_be_visible()
    (tmp_path / "statement.csv").write_text("类型,银行流水号,金额\n支付,B0,1200.00\n支付,B9,7.00\n", encoding="gbk")
    cashier.get_by_label("银行对账单").set_input_files(tmp_path / "statement.csv")
    cashier.get_by_role("button", name="上传并对账").click()
    expect(cashier.get_by_text("对账完成：相符 1 笔，差异 1 笔。")).to_be_visible()
    everywhere(cashier)
    cashier.locator("#differences").get_by_role("link", name="B9").click()
    everywhere(cashier)
    cashier.get_by_label("怎么产生的，怎么处理的").fill("银行误列，已更正。")
    cashier.get_by_role("button", name="处理完毕").click()
    expect(cashier.get_by_text("银行误列，已更正。")).to_be_visible()
    seen(cashier, "/accounts/")
