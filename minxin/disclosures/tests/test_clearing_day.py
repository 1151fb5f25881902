"""The day's end: refunds restore, accounts go back to zero, the bank's statement is compared."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from minxin.disclosures.actions import banking, clearing, contracts, differences, flow, payees, reversals
from minxin.disclosures.models import Clearing, Commitment, Difference, Flow, Order, Payment, Reversal, Voucher
from minxin.disclosures.models.payment import payment_ref
from minxin.disclosures.rules import vouchers
from minxin.disclosures.rules.codes import OrderStage, PaymentStage, VoucherKind
from minxin.disclosures.tests import pipe_walk
from minxin.disclosures.tests.bank_walk import BANK, DAY, FINANCE, MARCH
from minxin.disclosures.tests.pipe_walk import refused
from minxin.kernel import clocks
from minxin.kernel.errors import Absent
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def walk(banked):
    return banked


def paid(walk, *rows, **facts) -> Order:
    order = walk.sent(*rows, **facts)
    walk.answer(order)
    order.refresh_from_db()
    return order


def first(order: Order) -> Payment:
    return Payment.objects.filter(order=order).order_by("pk")[0]


def back(walk, payment: Payment, yuan: str, number: str, **facts) -> Reversal:
    given = {"reason": "收款人销户", "by": walk.by("bank_banker")} | facts
    return reversals.reverse(payment_ref(payment.pk), amount=Decimal(yuan), bank_no=number, **given)


def cleared(walk, on=DAY):
    return clearing.clear(finance=FINANCE, on=on, by=walk.by("finance_cashier"))


# Refunds


def test_a_refund_in_parts_restores_the_line_until_all_has_come_back(walk):
    row = first(paid(walk, "100.00", "50.00"))
    back(walk, row, "30.00", "T1")
    row.refresh_from_db()
    assert (row.stage, row.returned_fen, row.returned_on) == (PaymentStage.PAID, 3000, DAY)
    assert walk.balances()[1:] == (0, 12000)
    back(walk, row, "70.00", "T2")
    row.refresh_from_db()
    assert (row.stage, row.returned_fen) == (PaymentStage.RETURNED, 10000)
    assert walk.balances()[1:] == (0, 5000)
    with refused("too_much", "0.00 元"):
        back(walk, row, "0.01", "T3")
    assert [event.verb for event in ledger.history(payment_ref(row.pk))] == ["reverse", "reverse"]


@pytest.mark.parametrize(
    ("yuan", "facts", "code"),
    [
        ("100.01", {}, "too_much"),
        ("0", {}, "invalid"),
        ("1.00", {"reason": " "}, "required"),
        ("1.00", {"on": DAY + timedelta(days=1)}, "invalid"),
        ("1.00", {"on": DAY - timedelta(days=1)}, "invalid"),
        ("1.001", {}, "finer_than_fen"),
    ],
)
def test_a_refund_that_cannot_be_is_refused(walk, yuan, facts, code):
    row = first(paid(walk, "100.00"))
    with refused(code):
        back(walk, row, yuan, "T1", **facts)
    assert not Reversal.objects.exists()


def test_one_bank_number_is_registered_once(walk):
    row = first(paid(walk, "100.00"))
    back(walk, row, "10.00", "T1")
    with refused("already"):
        back(walk, row, "10.00", "T1")
    assert walk.balances()[1:] == (0, 9000)


def test_what_was_not_paid_cannot_come_back(walk):
    row = first(walk.sent("100.00"))
    with refused("stage"):
        back(walk, row, "1.00", "T1")


@pytest.mark.parametrize(("who", "code"), [("finance_cashier", "forbidden"), ("school_clerk", "absent")])
def test_only_the_bank_registers_a_refund(walk, who, code):
    row = first(paid(walk, "100.00"))
    with refused(code):
        back(walk, row, "1.00", "T1", by=walk.by(who))


def test_a_refund_frees_the_contract_again(walk):
    line = walk.ref("school", "30101")
    payee = payees.NewPayee("firm", "葫芦岛市新华书店", account="0701 2345 6789", bank="工商银行连山支行")
    contracts.sign(
        line=line, contract_no="HT-1", title="课桌椅", amount=Decimal(500), signed_on=DAY, payee=payee,
        published_on=DAY, by=walk.by("school_clerk"),
    )  # fmt: skip
    contract = Commitment.objects.get()
    order = walk.sent(pipe_walk.row(line, "300.00", contract="HT-1"), pipe_walk.row(line, "100.00", contract="HT-1"))
    contract.refresh_from_db()
    assert contract.used_fen == 40000
    walk.answer(order, failed=[1])
    contract.refresh_from_db()
    assert contract.used_fen == 30000
    back(walk, first(order), "120.00", "T1")
    contract.refresh_from_db()
    assert contract.used_fen == 18000


def test_a_refund_receipt_restores_once_and_contradictions_are_opened(walk):
    order = paid(walk, "100.00", "50.00")
    one, two = Payment.objects.filter(order=order).order_by("pk")
    data = walk.refund((one, "40.00", "T1"), (two, "50.00", "T2"))
    assert banking.receive(data, by=walk.by("bank_banker")).refunded == 2
    assert banking.receive(data, by=walk.by("bank_banker")).again
    assert walk.balances()[1:] == (0, 6000)
    again = banking.receive(walk.refund((one, "40.00", "T1"), (two, "9.00", "T3")), by=walk.by("bank_banker"))
    assert (again.refunded, again.differences) == (0, 1)
    assert walk.balances()[1:] == (0, 6000)
    assert Difference.objects.get().reference == "T3"


def test_a_refund_of_another_banks_payment_is_not_seen(walk):
    row = first(paid(walk, "100.00"))
    with pytest.raises(Absent):
        banking.receive(walk.refund((row, "1.00", "T1")), bank=pipe_walk.SCHOOL, by=pipe_walk.SYSTEM)


# Clearing


def test_the_accounts_go_back_to_zero(walk):
    direct = paid(walk, "100.00", "200.00")
    own = paid(walk, "30.00", economic="30201")
    back(walk, first(direct), "40.00", "T1")
    assert {row.fen for row in clearing.balances(DAY)} == {26000, 3000}
    result = cleared(walk)
    assert (result.accounts, result.payments, result.fen) == (2, 3, 29000)
    assert clearing.balances(DAY) == []
    day = Clearing.objects.get(unit=None)
    assert (day.opening_fen, day.advanced_fen, day.refunded_fen, day.cleared_fen) == (0, 30000, 4000, 26000)
    assert {(row.stage, row.cleared_on) for row in Payment.objects.all()} == {(PaymentStage.CLEARED, DAY)}
    for order in (direct, own):
        order.refresh_from_db()
        assert (order.stage, order.cleared_on) == (OrderStage.CLEARED, DAY)


def test_clearing_twice_clears_what_came_since(walk):
    paid(walk, "100.00")
    cleared(walk)
    assert cleared(walk) == clearing.Cleared(0, 0, 0)
    paid(walk, "50.00")
    assert cleared(walk).fen == 5000
    day = Clearing.objects.get()
    assert (day.advanced_fen, day.cleared_fen) == (15000, 15000)


def test_what_comes_back_later_goes_back_to_the_single_account_and_the_bank_is_told(walk):
    order = paid(walk, "100.00")
    cleared(walk)
    with clocks.at(MARCH + timedelta(days=1)):
        back(walk, first(order), "100.00", "T1")
        assert [row.fen for row in clearing.balances(NEXT)] == [-10000]
        assert cleared(walk, NEXT).fen == -10000
        assert clearing.balances(NEXT) == []
    row = first(order)
    assert (row.stage, row.cleared_on, row.returned_on) == (PaymentStage.RETURNED, DAY, NEXT)
    day = Clearing.objects.get(on=NEXT)
    assert (day.refunded_fen, day.cleared_fen) == (10000, -10000)
    ((_bank, name), data) = list(walk.outside.sent.items())[-1]
    notice = vouchers.parse(data)
    assert name.startswith("2203-")
    assert (notice.head["PayAmt"], notice.details[0]["VoucherBillNo"]) == ("100.00", payment_ref(row.pk))


def test_a_payment_that_came_back_on_its_day_is_cleared_with_its_refund(walk):
    order = paid(walk, "100.00")
    back(walk, first(order), "100.00", "T1")
    assert cleared(walk).fen == 0
    row = first(order)
    assert (row.stage, row.cleared_on) == (PaymentStage.RETURNED, DAY)
    order.refresh_from_db()
    assert order.stage == OrderStage.CLEARED


def test_a_day_that_was_not_cleared_is_found_at_night_and_carried_into_the_next(walk):
    order = walk.sent("100.00")
    with clocks.at(MARCH + timedelta(days=1)):
        walk.answer(order, on=DAY)
        assert clearing.check_zero() == 1
        row = Difference.objects.get()
        assert (row.kind, row.on, row.reference, row.ours_fen) == ("balance", DAY, FINANCE, 10000)
        assert cleared(walk, NEXT).fen == 10000
        day = Clearing.objects.get(on=NEXT)
        assert (day.opening_fen, day.advanced_fen, day.cleared_fen) == (10000, 0, 10000)
    with clocks.at(MARCH + timedelta(days=2)):
        assert clearing.check_zero() == 0


def test_what_nobody_cleared_is_cleared_before_midnight(walk):
    paid(walk, "100.00")
    paid(walk, "30.00", economic="30201")
    assert clearing.clear_all() == 2
    assert clearing.balances(DAY) == []
    assert clearing.clear_all() == 0
    assert ledger.history(f"unit:{FINANCE}")[-1].actor_kind == "system"


def test_days_are_cleared_in_their_order_and_not_before_they_come(walk):
    paid(walk, "100.00")
    with refused("invalid"):
        cleared(walk, NEXT)
    with clocks.at(MARCH + timedelta(days=1)):
        cleared(walk, NEXT)
        with refused("stage", "2006-03-07"):
            cleared(walk, DAY)


def test_an_order_with_unanswered_payments_is_cleared_as_far_as_it_is_paid(walk):
    order = walk.sent("100.00", "200.00", "300.00")
    walk.answer(order, only=[0])
    assert cleared(walk).fen == 10000
    order.refresh_from_db()
    assert order.stage == OrderStage.SIGNED
    walk.answer(order, only=[1, 2], failed=[1, 2])
    order.refresh_from_db()
    assert order.stage == OrderStage.PAID
    assert cleared(walk).fen == 0
    order.refresh_from_db()
    assert order.stage == OrderStage.CLEARED


def test_a_failed_order_needs_no_clearing(walk):
    order = walk.sent("100.00")
    walk.answer(order, failed=[0])
    assert cleared(walk) == clearing.Cleared(0, 0, 0)
    assert clearing.balances(DAY) == []
    order.refresh_from_db()
    assert order.stage == OrderStage.FAILED


def test_only_the_payment_centre_clears(walk):
    for who, code in [("finance_budget", "forbidden"), ("bank_banker", "absent")]:
        with refused(code):
            clearing.clear(finance=FINANCE, on=DAY, by=walk.by(who))


def test_the_totals_of_the_pipe_follow(walk):
    order = paid(walk, "100.00", "200.00")
    back(walk, first(order), "40.00", "T1")
    cleared(walk)
    flow.fold()
    totals = {
        row.measure: row.fen
        for row in Flow.objects.filter(grain=0, year=2006, unit_id=walk.money.units["school"].id, economic="30101")
    }
    assert totals == {
        "requested": 30000,
        "approved": 30000,
        "ordered": 30000,
        "paid": 30000,
        "cleared": 30000,
        "returned": 4000,
    }


# Limits


def test_what_was_issued_is_told_to_the_bank_once(walk):
    count = banking.notify_limits(finance=FINANCE, month=date(2006, 1, 15), by=walk.by("finance_cashier"))
    assert count == 3
    papers = [vouchers.parse(data) for data in walk.outside.sent.values()]
    assert sorted((p.envelope.kind.value, p.head["PlanAmt"], len(p.details)) for p in papers) == [
        ("5106", "200000.00", 1),
        ("5106", "300000.00", 1),
        ("5108", "3900000.00", 2),
    ]
    assert {p.head["PlanMonth"] for p in papers} == {"200601"}
    assert banking.notify_limits(finance=FINANCE, month=date(2006, 1, 1), by=walk.by("finance_cashier")) == 0
    assert Voucher.objects.filter(kind__in=["5106", "5108"]).count() == 3


# Reconciliation


def csv(*rows) -> bytes:
    return "\n".join(["类型,银行流水号,金额", *(",".join(row) for row in rows)]).encode()


def compared(walk, *rows, on=DAY):
    return clearing.reconcile(finance=FINANCE, on=on, statement=csv(*rows), by=walk.by("finance_cashier"))


def test_a_day_that_agrees_is_reconciled(walk):
    order = paid(walk, "100.00", "200.00")
    back(walk, first(order), "40.00", "T1")
    cleared(walk)
    one, two = Payment.objects.filter(order=order).order_by("pk")
    result = compared(
        walk, ("支付", one.bank_no, "100.00"), ("支付", two.bank_no, "200.00"), ("退款", "T1", "40.00"),
        ("余额", FINANCE, "0.00"),
    )  # fmt: skip
    assert result == clearing.Reconciled(agreed=3, differences=0, orders=1)
    order.refresh_from_db()
    assert order.stage == OrderStage.RECONCILED
    assert Clearing.objects.get().reconciled_at
    assert Voucher.objects.filter(kind="3502").count() == 1


def test_differences_are_opened_settle_by_themselves_when_they_agree_or_by_a_person(walk):
    order = paid(walk, "100.00", "200.00", "300.00")
    cleared(walk)
    one, two, three = Payment.objects.filter(order=order).order_by("pk")
    result = compared(
        walk, ("支付", one.bank_no, "100.00"), ("支付", two.bank_no, "201.00"), ("支付", "X9", "5.00"),
        ("余额", FINANCE, "7.00"),
    )  # fmt: skip
    assert (result.agreed, result.differences, result.orders) == (1, 4, 0)
    assert {(row.kind, row.reference, row.ours_fen, row.theirs_fen) for row in Difference.objects.all()} == {
        ("amount", two.bank_no, 20000, 20100),
        ("missing_here", "X9", 0, 500),
        ("missing_at_bank", three.bank_no, 30000, 0),
        ("balance", FINANCE, 0, 700),
    }
    result = compared(walk, *(("支付", row.bank_no, f"{row.amount_fen / 100:.2f}") for row in (one, two, three)))
    assert (result.agreed, result.differences, result.orders) == (3, 0, 1)
    (left,) = Difference.objects.filter(settled_at=None)
    assert left.kind == "balance"
    with refused("required"):
        differences.settle(left.pk, reason="", by=walk.by("finance_cashier"))
    for who, code in [("school_clerk", "absent"), ("finance_budget", "forbidden"), ("bank_banker", "forbidden")]:
        with refused(code):
            differences.settle(left.pk, reason="利息", by=walk.by(who))
    row = differences.settle(left.pk, reason="结息 7 元，已划转国库。", by=walk.by("finance_cashier"))
    assert row.settled_at
    assert row.resolution.startswith("结息")
    with refused("already"):
        differences.settle(left.pk, reason="再来一次", by=walk.by("finance_cashier"))


def test_an_order_paid_over_two_days_is_reconciled_when_both_agree(walk):
    order = walk.sent("100.00", "200.00")
    walk.answer(order, only=[0])
    cleared(walk)
    one, two = Payment.objects.filter(order=order).order_by("pk")
    with clocks.at(MARCH + timedelta(days=1)):
        walk.answer(order, only=[1])
        cleared(walk, NEXT)
        two.refresh_from_db()
        assert compared(walk, ("支付", two.bank_no, "200.00"), on=NEXT).orders == 0
        one.refresh_from_db()
        assert compared(walk, ("支付", one.bank_no, "100.00")).orders == 1


def test_the_banks_own_statement_comes_as_a_voucher(walk):
    order = paid(walk, "100.00")
    cleared(walk)
    head = {"Id": "1", "VouDate": "20060306", "PayBankCode": BANK, "AllNum": "1", "AllAmt": "100.00"}
    line = {"Id": "1", "Kind": "1", "XAgentBusinessNo": first(order).bank_no, "PayAmt": "100.00"}
    data = walk.paper(VoucherKind.STATEMENT, head, [line])
    result = banking.receive(data, by=walk.by("bank_banker"))
    assert (result.agreed, result.differences) == (1, 0)
    assert banking.receive(data, by=walk.by("bank_banker")).again
    order.refresh_from_db()
    assert order.stage == OrderStage.RECONCILED
    by_hand = clearing.reconcile(finance=FINANCE, on=DAY, statement=data, by=walk.by("finance_cashier"))
    assert by_hand.agreed == 1
    with refused("statement_day"):
        clearing.reconcile(finance=FINANCE, on=NEXT, statement=data, by=walk.by("finance_cashier"))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "statement_columns"),
        ("类型,金额\n支付,1".encode(), "statement_columns"),
        ("类型,银行流水号,金额\n支付,B1".encode(), "statement_row"),
        ("类型,银行流水号,金额\n支付,B1,一百".encode(), "not_money"),
        ("类型,银行流水号,金额\n借,B1,1.00".encode(), "statement_kind"),
        ("类型,银行流水号,金额\n支付,B1,-1.00".encode(), "statement_amount"),
        ("类型,银行流水号,金额\n支付,流水,1.00".encode(), "voucher_bank_number"),
        (b"\xff\xfe\x00", "voucher_encoding"),
        (b"<MOF/>", "voucher_shape"),
    ],
)
def test_a_statement_that_cannot_be_read_gets_a_sentence(walk, data, code):
    with refused(code):
        clearing.reconcile(finance=FINANCE, on=DAY, statement=data, by=walk.by("finance_cashier"))
    assert not Difference.objects.exists()


def test_a_statement_in_gbk_is_read(walk):
    order = paid(walk, "100.00")
    data = csv(("支付", first(order).bank_no, "1,00")).replace(b"1,00", b"100.00").decode().encode("gb18030")
    result = clearing.reconcile(finance=FINANCE, on=DAY, statement=data, by=walk.by("finance_cashier"))
    assert (result.agreed, result.differences) == (1, 0)
