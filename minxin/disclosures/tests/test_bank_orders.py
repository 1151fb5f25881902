"""Approved payments become orders, orders vouchers; the bank answers; each amount moves once."""

import hashlib
from datetime import timedelta

import pytest

from minxin.disclosures import outside
from minxin.disclosures.actions import accounts, banking, delivery, orders
from minxin.disclosures.models import Account, Difference, Failure, Order, Payment, Request, Voucher
from minxin.disclosures.models.payment import order_ref, payment_ref
from minxin.disclosures.models.settlement import text_of
from minxin.disclosures.rules import settling, vouchers
from minxin.disclosures.rules.codes import OrderStage, PaymentStage, RequestStage, VoucherKind
from minxin.disclosures.tests import pipe_walk
from minxin.disclosures.tests.bank_walk import BANK, DAY, FINANCE, MARCH
from minxin.disclosures.tests.pipe_walk import refused
from minxin.kernel import clocks
from minxin.kernel.errors import Absent
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(banked):
    return banked


# Making


def test_approved_payments_are_bundled_by_mode_and_account(walk):
    walk.approved("100.00", "200.00")
    walk.approved("50.00", unit="education")
    walk.approved("30.00", economic="30201")
    walk.approved("20.00", unit="civil", economic="30201")
    made = walk.made()
    assert [(o.mode, o.unit_id and o.unit_id, o.count, o.amount_fen) for o in made] == [
        ("authorised", walk.money.units["school"].id, 1, 3000),
        ("authorised", walk.money.units["civil"].id, 1, 2000),
        ("direct", None, 3, 35000),
    ]
    assert {o.bank_id for o in made} == {walk.money.units["bank"].id}
    assert [o.number for o in made] == list(range(made[0].number, made[0].number + 3))
    row = Payment.objects.filter(order=made[2]).order_by("pk")[0]
    assert (row.stage, row.ordered_on, row.order_no) == (PaymentStage.ORDERED, DAY, order_ref(made[2]))
    assert set(Request.objects.values_list("stage", flat=True)) == {RequestStage.ORDERED}
    assert ledger.history(order_ref(made[0]))[0].verb == "make_order"


def test_an_order_holds_at_most_499_payments_and_adds_up(walk):
    line = walk.ref("school", "30101")
    rows = [pipe_walk.row(line, f"{n}.37", external_id=str(n), name=f"供应商{n % 7}") for n in range(1, 1100)]
    for begin in range(0, len(rows), 400):
        walk.approved(*rows[begin : begin + 400])
    made = walk.made()
    assert [order.count for order in made] == [499, 499, 101]
    assert sum(order.amount_fen for order in made) == sum(n * 100 + 37 for n in range(1, 1100))
    for order in made:
        fen = Payment.objects.filter(order=order).values_list("amount_fen", flat=True)
        assert (len(fen), sum(fen)) == (order.count, order.amount_fen)


def test_making_again_makes_nothing(walk):
    walk.approved("100.00")
    assert len(walk.made()) == 1
    assert walk.made() == []


def test_only_what_was_approved_up_to_the_day_and_of_the_unit_is_ordered(walk):
    walk.approved("100.00")
    assert walk.made(on=DAY - timedelta(days=1)) == []
    assert walk.made(unit=pipe_walk.CIVIL) == []
    assert [order.amount_fen for order in walk.made(on=DAY, unit=pipe_walk.SCHOOL)] == [10000]


def test_who_pays_without_an_account_is_named_and_nothing_is_ordered(walk):
    walk.approved("100.00")
    walk.approved("30.00", economic="30201")
    accounts.close_account(finance=FINANCE, unit=pipe_walk.SCHOOL, on=DAY, by=walk.by("finance_cashier"))
    with refused("no_account", "葫芦岛市第一高级中学"):
        walk.made()
    assert not Order.objects.exists()
    assert set(Payment.objects.values_list("stage", flat=True)) == {PaymentStage.APPROVED}


@pytest.mark.parametrize(
    ("who", "error"),
    [("finance_budget", "forbidden"), ("school_clerk", "absent"), ("bank_banker", "absent")],
)
def test_only_the_payment_centre_makes_and_sends_orders(walk, who, error):
    walk.approved("100.00")
    with refused(error):
        orders.make(finance=FINANCE, by=walk.by(who))
    (order,) = walk.made()
    with refused(error):
        orders.send([order_ref(order)], by=walk.by(who))
    assert Voucher.objects.count() == 0


# Accounts


def test_an_account_is_kept_sealed_and_stands_once(walk):
    row = Account.objects.get(unit_id=walk.money.units["school"].id)
    assert b"070100000002" not in bytes(row.number)
    with refused("already"):
        accounts.open_accounts(
            finance=FINANCE, on=DAY, by=walk.by("finance_cashier"),
            accounts=[settling.NewAccount(BANK, "0701 0000 0009", "又一个", unit=pipe_walk.SCHOOL)],
        )  # fmt: skip
    with refused("number"):
        accounts.open_accounts(
            finance=FINANCE, on=DAY, by=walk.by("finance_cashier"), accounts=[settling.NewAccount(BANK, "甲乙", "户名")]
        )
    assert Account.objects.visible_to(walk.by("bank_banker")).count() == 4
    assert Account.objects.visible_to(walk.by("civil_clerk")).count() == 1


# Sending


def test_an_order_goes_out_as_its_voucher_and_is_kept_whole(walk):
    order = walk.sent("100.00", "200.00")
    name = f"5201-{order_ref(order)}.xml"
    data = walk.outside.sent[BANK, name]
    paper = vouchers.parse(data)
    assert paper.envelope == vouchers.Envelope(VoucherKind.DIRECT_ORDER, "211400", 2006, order_ref(order))
    assert (paper.head["PayAmt"], paper.head["PayCount"], paper.head["PayAcctNo"]) == ("300.00", "2", "070100000001")
    first = paper.details[0]
    assert {
        name: first[name]
        for name in ("PayAmt", "PayeeAcctName", "PayeeAcctNo", "AgencyCode", "SupDepName", "FileNo", "ExpFunc1Code",
                     "ExpFunc3Code", "ExpEco2Code", "FundTypeName", "ProCatName", "PaySummaryName", "SetModeName")
    } == {
        "PayAmt": "100.00", "PayeeAcctName": "葫芦岛市新华书店", "PayeeAcctNo": "070123456789", "AgencyCode": "205001",
        "SupDepName": "葫芦岛市教育局", "FileNo": "葫财预〔2006〕1号", "ExpFunc1Code": "205", "ExpFunc3Code": "2050204",
        "ExpEco2Code": "30101", "FundTypeName": "一般公共预算资金", "ProCatName": "基本支出",
        "PaySummaryName": "购买图书", "SetModeName": "汇兑",
    }  # fmt: skip
    assert first["ExpFunc3Name"]
    assert first["Id"] == payment_ref(Payment.objects.order_by("pk")[0].pk)
    kept = Voucher.objects.get()
    assert (text_of(kept), kept.sha256) == (data, hashlib.sha256(data).hexdigest())
    assert b"070123456789" not in bytes(kept.body)
    assert (order.stage, kept.sent_at is not None, order.sent_at is not None) == (OrderStage.SENT, True, True)
    event = ledger.history(order_ref(order))[-1]
    assert (event.verb, event.facts["sha256"]) == ("send_order", kept.sha256)


def test_what_a_unit_is_authorised_to_pay_goes_out_from_its_own_account(walk):
    order = walk.sent("30.00", economic="30201")
    paper = vouchers.parse(walk.outside.sent[BANK, f"8202-{order_ref(order)}.xml"])
    assert (paper.head["PayAcctNo"], paper.head["PayTypeName"]) == ("070100000002", "授权支付")


def test_an_order_is_sent_once(walk):
    order = walk.sent("100.00")
    with refused("stage", "已发银行"):
        orders.send([order_ref(order)], by=walk.by("finance_cashier"))
    with pytest.raises(Absent):
        orders.send(["PZ2006-0000999-" + order_ref(Order(year=2006, number=999))[-1]], by=walk.by("finance_cashier"))


def test_when_the_bank_cannot_be_reached_the_voucher_waits_for_the_job(walk):
    walk.approved("100.00")
    (order,) = walk.made()
    walk.outside.shut = True
    assert orders.send([order_ref(order)], by=walk.by("finance_cashier")) == 1
    order.refresh_from_db()
    assert (order.stage, walk.outside.sent) == (OrderStage.SEALED, {})
    with refused("stage"):
        walk.answer(order)
    walk.outside.shut = False
    assert delivery.deliver_waiting() == 1
    order.refresh_from_db()
    assert (order.stage, len(walk.outside.sent)) == (OrderStage.SENT, 1)
    assert delivery.deliver_waiting() == 0


# Answers


def test_a_receipt_pays_every_payment_of_its_order(walk):
    order = walk.sent("100.00", "200.00")
    assert walk.balances()[1:] == (30000, 0)
    result = walk.answer(order)
    assert (result.paid, result.failed, result.differences) == (2, 0, 0)
    order.refresh_from_db()
    rows = Payment.objects.filter(order=order)
    assert {(row.stage, row.paid_on) for row in rows} == {(PaymentStage.PAID, DAY)}
    assert all(row.bank_no for row in rows)
    assert order.stage == OrderStage.PAID
    assert walk.balances()[1:] == (0, 30000)
    assert walk.line("school", "30101").last_paid_on == DAY
    assert ledger.history(order_ref(order))[-1].verb == "pay_order"


def test_what_failed_is_free_again_and_says_why(walk):
    order = walk.sent("100.00", "200.00")
    walk.answer(order, failed=[0])
    order.refresh_from_db()
    first, second = Payment.objects.filter(order=order).order_by("pk")
    assert (first.stage, first.paid_on, second.stage) == (PaymentStage.FAILED, None, PaymentStage.PAID)
    assert Failure.objects.get(payment=first).reason == "账号户名不符"
    assert walk.balances()[1:] == (0, 20000)
    assert order.stage == OrderStage.PAID


def test_an_order_of_which_all_failed_has_failed(walk):
    order = walk.sent("100.00")
    walk.answer(order, failed=[0])
    order.refresh_from_db()
    assert (order.stage, order.paid_at) == (OrderStage.FAILED, None)
    assert walk.balances()[1:] == (0, 0)


def test_an_order_may_be_answered_in_parts(walk):
    order = walk.sent("100.00", "200.00", "300.00")
    walk.answer(order, only=[1])
    order.refresh_from_db()
    assert order.stage == OrderStage.SIGNED
    walk.answer(order, only=[0, 2], failed=[2])
    order.refresh_from_db()
    assert order.stage == OrderStage.PAID
    assert walk.balances()[1:] == (0, 30000)


def test_an_order_may_be_answered_as_a_whole(walk):
    order = walk.sent("100.00", "200.00")
    head = {
        "Id": "1", "VouDate": "20060306", "VoucherBillNo": order_ref(order), "PayAmt": "300.00", "XPayAmt": "300.00",
        "PayBankCode": BANK, "XAgentBusinessNo": "B77",
    }  # fmt: skip
    result = banking.receive(walk.paper(VoucherKind.TRANSFER_RECEIPT, head, []), by=walk.by("bank_banker"))
    assert result.paid == 2
    assert set(Payment.objects.values_list("bank_no", flat=True)) == {"B77"}


def test_the_bank_signs_for_an_order_by_sending_it_back(walk):
    order = walk.sent("100.00")
    head = {"Id": "1", "VouDate": "20060306", "PayAmt": "100.00"}
    data = walk.paper(VoucherKind.DIRECT_ORDER, head, [], number=order_ref(order))
    assert banking.receive(data, by=walk.by("bank_banker")).signed == 1
    order.refresh_from_db()
    assert order.stage == OrderStage.SIGNED
    assert banking.receive(data, by=walk.by("bank_banker")).again
    wrong = walk.paper(VoucherKind.DIRECT_ORDER, head | {"PayAmt": "100.01"}, [], number=order_ref(order))
    with refused("voucher_sum"):
        banking.receive(wrong, by=walk.by("bank_banker"))


# Once


def test_the_same_receipt_twice_changes_nothing(walk):
    order = walk.sent("100.00", "200.00")
    data = walk.receipt(order)
    assert banking.receive(data, by=walk.by("bank_banker")).paid == 2
    before = (walk.balances(), list(Payment.objects.values()), Voucher.objects.count())
    assert banking.receive(data, by=walk.by("bank_banker")).again
    assert (walk.balances(), list(Payment.objects.values()), Voucher.objects.count()) == before
    assert not Difference.objects.exists()


def test_the_same_answer_under_another_number_changes_nothing(walk):
    order = walk.sent("100.00", "200.00")
    walk.answer(order)
    result = walk.answer(order)
    assert (result.again, result.paid, result.differences) == (False, 0, 0)
    assert walk.balances()[1:] == (0, 30000)


@pytest.mark.parametrize(
    ("facts", "reference", "ours", "theirs"),
    [
        ({"failed": [0]}, "payment", 10000, 0),  # paid, and now it should have failed
        ({"mark": "C"}, "payment", 10000, 10000),  # paid under another number: twice?
        ({"amounts": {0: 9900}}, "payment", 10000, 9900),
        ({"number": "R1"}, "R1", 0, 10000),  # the number of another text
    ],
)
def test_a_receipt_that_contradicts_is_opened_as_a_difference(walk, facts, reference, ours, theirs):
    order = walk.sent("100.00")
    walk.answer(order, number="R1", mark="A")
    before = list(Payment.objects.values())
    result = walk.answer(order, **({"mark": "A"} | facts))
    assert result.paid == result.failed == 0
    (row,) = Difference.objects.all()
    expected = payment_ref(before[0]["id"]) if reference == "payment" else reference
    assert (row.kind, row.reference, row.ours_fen, row.theirs_fen) == ("amount", expected, ours, theirs)
    assert list(Payment.objects.values()) == before
    assert walk.balances()[1:] == (0, 10000)


def test_another_amount_than_ordered_is_a_difference_and_the_payment_waits(walk):
    order = walk.sent("100.00", "200.00")
    assert walk.answer(order, amounts={0: 9000}).paid == 1
    order.refresh_from_db()
    assert order.stage == OrderStage.SIGNED
    assert walk.balances()[1:] == (10000, 20000)
    assert walk.answer(order, only=[0]).paid == 1
    order.refresh_from_db()
    assert order.stage == OrderStage.PAID


def test_a_whole_answer_with_another_sum_moves_nothing(walk):
    order = walk.sent("100.00", "200.00")
    head = {
        "Id": "1", "VouDate": "20060306", "VoucherBillNo": order_ref(order), "PayAmt": "299.00", "XPayAmt": "299.00",
        "PayBankCode": BANK, "XAgentBusinessNo": "B77",
    }  # fmt: skip
    result = banking.receive(walk.paper(VoucherKind.TRANSFER_RECEIPT, head, []), by=walk.by("bank_banker"))
    assert (result.paid, result.differences) == (0, 1)
    assert Difference.objects.get().reference == order_ref(order)
    assert walk.balances()[1:] == (30000, 0)


# Whose, and when


def test_only_the_bank_of_the_order_answers_it(walk):
    order = walk.sent("100.00")
    data = walk.receipt(order)
    with refused("forbidden"):
        banking.receive(data, by=walk.by("finance_cashier"))
    with pytest.raises(Absent):
        banking.receive(data, bank=pipe_walk.SCHOOL, by=pipe_walk.SYSTEM)
    assert banking.receive(data, bank=BANK, by=pipe_walk.SYSTEM).paid == 1


@pytest.mark.parametrize(("days", "code"), [(1, "voucher_day"), (-1, "voucher_day")])
def test_a_payment_is_made_between_its_order_and_today(walk, days, code):
    order = walk.sent("100.00")
    with refused(code):
        walk.answer(order, on=DAY + timedelta(days=days))
    assert walk.balances()[1:] == (10000, 0)
    assert Voucher.objects.filter(outgoing=False).count() == 0


def test_a_payment_of_another_order_is_refused_whole(walk):
    first = walk.sent("100.00")
    second = walk.sent("200.00")
    data = walk.receipt(first).replace(order_ref(first).encode(), order_ref(second).encode())
    with refused("voucher_detail"):
        banking.receive(data, by=walk.by("bank_banker"))
    assert walk.balances()[1:] == (30000, 0)


def test_what_lies_in_a_banks_folder_is_acted_on_and_what_cannot_be_read_laid_aside(walk):
    order = walk.sent("100.00")
    walk.outside.inbox = {
        (BANK, "a.xml"): outside.Letter(BANK, "a.xml", walk.receipt(order)),
        (BANK, "b.xml"): outside.Letter(BANK, "b.xml", b"<MOF>"),
    }
    assert banking.collect() == 2
    assert walk.outside.inbox == {}
    assert list(walk.outside.refused) == [(BANK, "b.xml")]
    assert "XML" in walk.outside.refused[BANK, "b.xml"]
    assert walk.balances()[1:] == (0, 10000)
    assert banking.collect() == 0


def test_a_receipt_the_next_day_is_dated_as_the_bank_says(walk):
    order = walk.sent("100.00")
    with clocks.at(MARCH + timedelta(days=1)):
        walk.answer(order, on=DAY)
    assert Payment.objects.get(order=order).paid_on == DAY
