"""At the same moment: receipts, refunds and clearings never count an amount twice, nor lose one."""

import contextvars
import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum

from minxin.disclosures.actions import banking, clearing, orders, reversals
from minxin.disclosures.models import Clearing, Difference, Order, Payment, Reversal, Voucher
from minxin.disclosures.models.payment import payment_ref
from minxin.disclosures.tests.bank_walk import DAY, FINANCE, banked, march
from minxin.disclosures.tests.test_clearing_zero import check_books
from minxin.kernel.errors import Refused

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each returned, or its refusal; all begin together, each on a connection of its own."""
    gate, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[place] = act()
        except Refused as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(run, place, act))
        for place, act in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert None not in results
    return results


def test_nothing_is_counted_twice_whoever_comes_at_once(money):
    with march() as bank:
        walk = banked(money, bank)
        two_receipts_at_once(walk)
        the_same_answer_under_two_numbers(walk)
        four_refunds_of_one_payment(walk)
        orders_made_twice(walk)
        a_day_cleared_while_all_moves(walk)


def two_receipts_at_once(walk):
    order = walk.sent("100.00", "200.00")
    data = walk.receipt(order, failed=[1])
    results = at_once(*[lambda: banking.receive(data, by=walk.by("bank_banker"))] * 4)
    assert sorted((result.again, result.paid, result.failed) for result in results) == [
        (False, 1, 1), (True, 0, 0), (True, 0, 0), (True, 0, 0),
    ]  # fmt: skip
    assert walk.balances()[1:] == (0, 10000)
    assert Voucher.objects.filter(kind="2301").count() == 1


def the_same_answer_under_two_numbers(walk):
    order = walk.sent("50.00", "70.00")
    papers = [walk.receipt(order), walk.receipt(order)]
    results = at_once(*[lambda data=data: banking.receive(data, by=walk.by("bank_banker")) for data in papers])
    assert sorted(result.paid for result in results) == [0, 2]
    assert walk.balances()[1:] == (0, 22000)
    assert not Difference.objects.exists()


def four_refunds_of_one_payment(walk):
    row = Payment.objects.filter(amount_fen=10000, stage=4).get()

    def back(number: int) -> Reversal:
        return reversals.reverse(
            payment_ref(row.pk), amount=Decimal(40), reason="退回", bank_no=f"T{number}", by=walk.by("bank_banker")
        )

    results = at_once(*[lambda n=n: back(n) for n in range(4)])
    assert sorted(getattr(result, "code", "") for result in results) == ["", "", "too_much", "too_much"]
    row.refresh_from_db()
    assert row.returned_fen == Reversal.objects.aggregate(fen=Sum("amount_fen"))["fen"] == 8000
    assert walk.balances()[1:] == (0, 14000)


def orders_made_twice(walk):
    walk.approved("10.00", "20.00")
    before = Order.objects.count()
    results = at_once(*[lambda: orders.make(finance=FINANCE, by=walk.by("finance_cashier"))] * 3)
    assert sorted(len(result) for result in results) == [0, 0, 1]
    assert Order.objects.count() == before + 1


def a_day_cleared_while_all_moves(walk):
    waiting = [walk.sent("11.00", "22.00"), walk.sent("33.00", unit="civil", economic="30201")]
    papers = [walk.receipt(order) for order in waiting]
    paid = list(Payment.objects.filter(stage=4, returned_fen=0).order_by("pk"))

    def back(place: int) -> Reversal:
        return reversals.reverse(
            payment_ref(paid[place].pk), amount=Decimal(5), reason="退回", bank_no="R1", by=walk.by("bank_banker")
        )

    def clear() -> clearing.Cleared:
        return clearing.clear(finance=FINANCE, on=DAY, by=walk.by("finance_cashier"))

    def receive(data: bytes) -> object:
        return banking.receive(data, by=walk.by("bank_banker"))

    results = at_once(
        clear, lambda: back(0), *[lambda data=data: receive(data) for data in papers],
        lambda: back(1), clear, clear,
    )  # fmt: skip
    assert not [result for result in results if isinstance(result, Refused)]
    clear()
    assert clearing.balances(DAY) == []
    left = Payment.objects.filter(stage=4)
    assert not left.exists()
    check_books()
    assert {row.on for row in Clearing.objects.all()} == {DAY}
