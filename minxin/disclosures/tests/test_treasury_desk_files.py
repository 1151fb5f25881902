"""Bad files and bad input at the treasury's desks: a sentence each, everything kept, nothing half-done."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import accounts
from minxin.disclosures.models import Difference, Order, Reversal, Voucher
from minxin.disclosures.models.payment import order_ref, payment_ref
from minxin.disclosures.rules.codes import OrderStage, VoucherKind
from minxin.disclosures.tests import pipe_walk
from minxin.disclosures.tests.bank_walk import BANK, DAY, FINANCE, BankWalk
from minxin.disclosures.tests.treasury_walk import PIPE, at, first, opened, page, paid, xml

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(banked: BankWalk) -> BankWalk:
    return banked


# ---- Bad files

BOMB = b'<?xml version="1.0"?><!DOCTYPE MOF [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><MOF>&b;</MOF>'
BAD = {
    "empty.xml": (b"", "报文是空的"),
    "bomb.xml": (BOMB, "不能有 DOCTYPE 或 ENTITY"),
    "root.xml": (b"<html><body/></html>", "最外层应当是 MOF"),
    "bare.xml": (b"<MOF/>", "没有 VoucherBody"),
    "binary.xml": (bytes(range(128, 256)) * 9, "读不出来"),
    "utf16.xml": ('<?xml version="1.0" encoding="UTF-16"?><MOF/>'.encode("utf-16"), "请用 UTF-8"),
    "large.xml": (b"<" * 20 * 2**20, "超过 16 MB"),
    "words.xml": ("一张纸条".encode("gbk"), "读不出来"),
}


def test_bad_files_get_a_sentence_each_and_the_good_one_is_taken(walk: BankWalk) -> None:
    order = walk.sent("100.00", "50.00")
    good = walk.receipt(order).decode().replace('encoding="UTF-8"', 'encoding="GBK"').encode("gbk")
    files = [xml(data, name) for name, (data, _said) in BAD.items()]
    files += [xml(good[:-40], "cut.xml"), xml(good, "good.xml")]
    answer = at(walk, "bank_banker").post(f"{PIPE}/bank/", {"receipts": files})
    text = answer.content.decode()
    assert answer.status_code == 422
    for name, (_data, said) in BAD.items():
        row = text.split(name, 1)[1].split("</tr>", 1)[0]
        assert said in row, name
        assert "没有收下" in row
    assert "不是完整的 XML" in text.split("cut.xml", 1)[1].split("</tr>", 1)[0]
    assert "付出 2 笔" in text.split("good.xml", 1)[1].split("</tr>", 1)[0]
    assert Voucher.objects.filter(outgoing=False).count() == 1
    order.refresh_from_db()
    assert order.stage == OrderStage.PAID


MISTAKES = [
    ("<XPayAmt>100.00<", "<XPayAmt>100.001<", "不是金额"),
    ("<PayAmt>150.00<", "<PayAmt>151.00<", "相差 -1.00 元"),
    ("<XPayDate>20060306<", "<XPayDate>-<", "不是日期"),
    ("<XPayDate>20060306<", "<XPayDate>20060307<", "还没有到"),
    ("<XAgentBusinessNo>B", "<XAgentBusinessNo>号", "银行流水号"),
    ('VtCode="2301"', 'VtCode="9999"', "不认识凭证类型"),
    ('StYear="2006"', 'StYear="20060"', "StYear"),
    ("<VoucherBillNo>PZ2006-", "<VoucherBillNo>PZ2007-", "编号"),
]


def test_a_receipt_with_a_mistake_changes_nothing(walk: BankWalk) -> None:
    order, banker = walk.sent("100.00", "50.00"), at(walk, "bank_banker")
    text = walk.receipt(order).decode()
    for old, new, said in MISTAKES:
        assert old in text
        answer = banker.post(f"{PIPE}/bank/", {"receipts": [xml(text.replace(old, new).encode())]})
        assert answer.status_code == 422, new
        assert said in answer.content.decode(), new
    assert not Voucher.objects.filter(outgoing=False).exists()
    assert walk.balances()[1:] == (15000, 0)


def test_a_statement_whose_day_is_none_is_refused(walk: BankWalk) -> None:
    paid(walk, "100.00")
    head = {"Id": "1", "VouDate": "-", "PayBankCode": BANK, "AllAmt": "0.00"}
    data = walk.paper(VoucherKind.STATEMENT, head, [])
    answer = at(walk, "bank_banker").post(f"{PIPE}/bank/", {"receipts": [xml(data)]})
    assert answer.status_code == 422
    assert "VouDate 不是日期" in answer.content.decode()


def test_no_file_and_too_many_files(walk: BankWalk) -> None:
    banker = at(walk, "bank_banker")
    answer = banker.post(f"{PIPE}/bank/", {})
    assert answer.status_code == 422
    assert "请选择要上传的 XML 文件" in answer.content.decode()
    answer = banker.post(f"{PIPE}/bank/", {"receipts": [xml(b"<MOF/>", f"{n}.xml") for n in range(11)]})
    assert answer.status_code == 422
    assert "一次最多上传 10 个文件" in answer.content.decode()
    answer = banker.post(f"{PIPE}/bank/", {"receipts": [xml(b"<MOF/>", f"{n}.xml") for n in range(13)]})
    assert answer.status_code == 413  # more than the house reads of any form


STATEMENTS = [
    (b"", "文件是空的"),
    (b"\xff\xfe\x00", "读不出来"),
    ("日期,金额\n".encode(), "应当有这几列"),
    ("类型,银行流水号,金额\n支付,B1\n".encode(), "第 2 行少了列"),
    ("类型,银行流水号,金额\n支付,B1,一元\n".encode(), "第 2 行"),
    ("类型,银行流水号,金额\n支付,B1,-1\n".encode(), "必须大于零"),
    ("类型,银行流水号,金额\n支付,B1,100000000000.01\n".encode(), "1,000 亿元"),
    ("类型,银行流水号,金额\n转账,B1,1\n".encode(), "只能是支付、退款、余额"),
    ("类型,银行流水号,金额\n支付,流水,1\n".encode(), "银行流水号"),
    (b'"' + b"x" * 200_000, "读不出来"),
    (b"<MOF", "不是完整的 XML"),
    (BOMB, "不能有 DOCTYPE"),
    (b"x" * 17 * 2**20, "超过 16 MB"),
]


def test_a_statement_that_cannot_be_read_is_refused_beside_its_field(walk: BankWalk) -> None:
    cashier = at(walk, "finance_cashier")
    for data, told in STATEMENTS:
        given = {
            "on": DAY.isoformat(),
            "finance": FINANCE,
            "bank": BANK,
            "statement": SimpleUploadedFile("a.csv", data),
        }
        answer = cashier.post(f"{PIPE}/clearing/statements/", given)
        text = answer.content.decode()
        assert answer.status_code == 422, told
        assert told in text
        assert 'value="2006-03-06"' in text
    assert not Difference.objects.exists()
    assert not Voucher.objects.filter(outgoing=False).exists()


# ---- Bad input


REFUNDS = [
    ({"amount": "100.01"}, "最多还能退 100.00 元"),
    ({"amount": "0"}, "必须大于零"),
    ({"amount": "一百"}, "退款金额"),
    ({"amount": "NaN"}, "退款金额"),
    ({"amount": "1e30"}, "退款金额"),
    ({"amount": "1.001"}, "退款金额"),
    ({"on": "2006-03-07"}, "日期不能晚于今天"),
    ({"on": "2006-03-05"}, "不能早于支付日期"),
    ({"on": "昨天"}, "请按年-月-日填写"),
    ({"bank_no": "流水"}, "银行流水号要写"),
    ({"bank_no": ""}, "银行流水号"),
    ({"reason": " "}, "退款原因"),
    ({"reason": "长" * 201}, "退款原因"),
]


def test_a_refund_that_cannot_be_keeps_what_was_typed(walk: BankWalk) -> None:
    row, banker = first(paid(walk, "100.00")), at(walk, "bank_banker")
    for given, said in REFUNDS:
        typed = {"amount": "10.00", "on": DAY.isoformat(), "bank_no": "T77", "reason": "收款人销户"} | given
        answer = banker.post(f"{PIPE}/payments/{payment_ref(row.pk)}/refunds/", typed)
        text = answer.content.decode()
        assert answer.status_code == 422, given
        assert said in text, given
        assert all(value in text for value in typed.values() if value.strip()), given
    assert not Reversal.objects.exists()


def test_a_bank_number_twice_and_a_payment_that_was_not_made_are_refused(walk: BankWalk) -> None:
    banker, row = at(walk, "bank_banker"), first(paid(walk, "100.00"))
    typed = {"amount": "10.00", "on": DAY.isoformat(), "bank_no": "T1", "reason": "收款人销户"}
    address = f"{PIPE}/payments/{payment_ref(row.pk)}/refunds/"
    assert banker.post(address, typed).status_code == 302
    answer = banker.post(address, typed)
    assert answer.status_code == 422
    assert "已经登记过了" in answer.content.decode()
    waiting = first(walk.sent("30.00", economic="30201"))
    answer = banker.post(f"{PIPE}/payments/{payment_ref(waiting.pk)}/refunds/", typed)
    assert answer.status_code == 422
    assert "还没有付出" in answer.content.decode()


def test_orders_that_cannot_be_made_or_sent_are_refused_on_the_page(walk: BankWalk) -> None:
    cashier = at(walk, "finance_cashier")
    sent = walk.sent("100.00")
    refusals = [
        ("/orders/sending/", {}, "请先选中"),
        ("/orders/sending/", {"refs": ["乱写"]}, "编号的样子"),
        ("/orders/sending/", {"refs": [order_ref(sent)]}, "不能“签章”"),
        ("/limits/", {"finance": FINANCE, "month": "下个月"}, "请按年-月-日填写"),
        ("/orders/new/", {}, "必填"),
    ]
    for address, given, said in refusals:
        answer = cashier.post(PIPE + address, given)
        assert answer.status_code == 422, address
        assert said in answer.content.decode(), address
    for address in ("/orders/new/", "/limits/"):
        given = {"finance": "nobody", "month": "2006-01-01"}
        assert cashier.post(PIPE + address, given).status_code == 404, address
    accounts.close_account(finance=FINANCE, unit=pipe_walk.SCHOOL, on=DAY, by=SYSTEM)
    walk.approved("30.00", economic="30201")
    answer = cashier.post(f"{PIPE}/orders/new/", {"finance": FINANCE})
    assert answer.status_code == 422
    assert "还没有登记零余额账户" in answer.content.decode()
    assert Order.objects.count() == 1


def test_a_day_that_cannot_be_cleared_and_a_difference_without_reason(walk: BankWalk) -> None:
    paid(walk, "100.00")
    cashier = at(walk, "finance_cashier")
    for on, said in (("2006-03-07", "还没有到这一天"), ("某日", "请按年-月-日填写")):
        answer = cashier.post(f"{PIPE}/clearing/days/", {"finance": FINANCE, "on": on})
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert cashier.post(f"{PIPE}/clearing/days/", {"finance": "nobody", "on": "2006-03-06"}).status_code == 404
    key = opened(walk, 1)
    for reason in ("", "  ", "长" * 201):
        answer = cashier.post(f"{PIPE}/differences/{key}/", {"reason": reason})
        assert answer.status_code == 422
        assert reason.strip() in answer.content.decode()
    cashier.post(f"{PIPE}/differences/{key}/", {"reason": "查清"})
    answer = cashier.post(f"{PIPE}/differences/{key}/", {"reason": "再写一遍"})
    assert answer.status_code == 422
    assert "已经处理过了" in answer.content.decode()
    assert Difference.objects.get().resolution == "查清"


def test_addresses_that_make_no_sense_are_no_errors(walk: BankWalk) -> None:
    order = paid(walk, "100.00")
    cashier = at(walk, "finance_cashier")
    for address in (
        "/orders/?stage=x&on=x&bank=x&unit=没有&before=x", "/orders/?before=99999999999999999999",
        "/orders/refused/?before=-1",
        f"/orders/{order_ref(order)}/?after=x", "/vouchers/?way=x&kind=x&before=x", "/clearing/?on=2006-13-99",
        "/clearing/?on=0001-01-01", "/clearing/?on=9999-12-31", "/accounts/?q=没有&after=x",
        "/differences/?kind=x&on=x&settled=x&before=x",
    ):  # fmt: skip
        page(cashier, address)
    wrong = ("/orders/PZ/", "/orders/PZ2006-0000009-9/", "/payments/ZF/", "/vouchers/999999/", "/differences/999999/")
    wrong += (
        "/vouchers/99999999999999999999/",
        "/differences/99999999999999999999/",
        "/vouchers/99999999999999999999/xml/",
    )
    for address in (*wrong, "/clearing/?finance=nobody", "/accounts/?finance=nobody"):
        page(cashier, address, 404)


def test_an_account_is_closed_and_another_registered(walk: BankWalk) -> None:
    cashier = at(walk, "finance_cashier")
    address = f"{PIPE}/accounts/"
    assert "每个单位都已登记零余额账户" in page(cashier, "/accounts/new/")
    for given, said in (
        ({"closing-unit": "nobody", "closing-on": "2006-03-06"}, "nobody"),
        ({"closing-unit": pipe_walk.SCHOOL, "closing-on": "2004-01-01"}, "没有可以销户"),
        ({"closing-unit": pipe_walk.SCHOOL, "closing-on": "昨天"}, "请按年-月-日填写"),
    ):
        answer = cashier.post(f"{address}closing/", given)
        assert answer.status_code == 422, given
        assert said in answer.content.decode(), given
    answer = cashier.post(f"{address}closing/", {"closing-unit": pipe_walk.SCHOOL, "closing-on": "2006-03-06"})
    assert answer["Location"] == address
    typed = {
        "unit": pipe_walk.SCHOOL,
        "bank": BANK,
        "name": "市一高新户",
        "number": "0701 9999 0009",
        "on": "2006-03-06",
    }
    for change, said in (
        ({"number": "一二三"}, "8 到 32 位数字"),
        ({"bank": "211400-YZ"}, "211400-YZ"),
        ({"name": ""}, "户名"),
        ({"on": "x"}, "请按年-月-日填写"),
    ):
        answer = cashier.post(f"{address}new/", typed | change)
        assert answer.status_code == 422, change
        assert said in answer.content.decode(), change
        assert 'value="0701 9999 0009"' in answer.content.decode() or "number" in change
    assert cashier.post(f"{address}new/", typed)["Location"] == address
    text = page(cashier, "/accounts/")
    assert "市一高新户" in text
    assert "99990009" not in text
    for who in ("finance_budget", "bank_banker", "school_clerk"):
        assert at(walk, who).get(f"{address}new/").status_code == 404
        assert at(walk, who).post(f"{address}closing/").status_code == 404
