"""Whatever the days bring, every account is at zero every night, and no fen is lost or made."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F, Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from minxin.disclosures.actions import banking, clearing, reversals
from minxin.disclosures.models import BudgetLine, Clearing, Difference, Order, Payment, Reversal
from minxin.disclosures.models.payment import payment_ref
from minxin.disclosures.tests import bank_walk
from minxin.disclosures.tests.bank_walk import FINANCE, MARCH
from minxin.kernel import clocks

pytestmark = pytest.mark.django_db

KINDS = [("school", "30101"), ("school", "30201"), ("civil", "30201")]
requests = st.tuples(st.sampled_from(KINDS), st.lists(st.integers(1, 5_000_00), min_size=1, max_size=4))
refunds = st.tuples(st.integers(0, 30), st.integers(1, 6_000_00))
days = st.lists(
    st.fixed_dictionaries(
        {
            "asked": st.lists(requests, max_size=2),
            "answers": st.lists(st.integers(0, 7), max_size=4),  # bits: which payments of an order failed
            "late": st.booleans(),  # the bank answers on the next day only
            "refunds": st.lists(refunds, max_size=3),
            "twice": st.booleans(),  # the day is cleared twice, with refunds between
        }
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture
def walk(banked):
    return banked


class Days:
    """Some days of a small treasury, played through the actions."""

    def __init__(self, walk: bank_walk.BankWalk) -> None:
        self.walk = walk
        self.waiting: list[Order] = []
        self.serial = 0

    def play(self, day) -> None:
        for (unit, economic), amounts in day["asked"]:
            rows = [f"{fen / 100:.2f}" for fen in amounts]
            self.waiting.append(self.walk.sent(*rows, unit=unit, economic=economic))
        if not day["late"]:
            for order, bits in zip(list(self.waiting), day["answers"], strict=False):
                self.waiting.remove(order)
                failed = [place for place in range(order.count) if bits >> place & 1]
                self.walk.answer(order, failed=failed)
        for place, fen in day["refunds"]:
            self.refund(place, fen)

    def refund(self, place: int, fen: int) -> None:
        paid = list(Payment.objects.filter(paid_on__isnull=False, returned_fen__lt=F("amount_fen")).order_by("pk"))
        if paid:
            row = paid[place % len(paid)]
            self.serial += 1
            amount = Decimal(min(fen, row.amount_fen - row.returned_fen)) / 100
            reversals.reverse(
                payment_ref(row.pk), amount=amount, reason="退回", bank_no=f"T{self.serial}",
                by=self.walk.by("bank_banker"),
            )  # fmt: skip


@settings(
    max_examples=12,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(days=days)
def test_every_account_is_at_zero_every_night(walk, days):
    from django.db import transaction

    with transaction.atomic():
        treasury = Days(walk)
        for number, day in enumerate(days):
            with clocks.at(MARCH + timedelta(days=number)):
                today = clocks.today()
                treasury.play(day)
                clearing.clear(finance=FINANCE, on=today, by=walk.by("finance_cashier"))
                if day["twice"]:
                    treasury.refund(number, 100)
                    clearing.clear(finance=FINANCE, on=today, by=walk.by("finance_cashier"))
                assert clearing.balances(today) == []
            with clocks.at(MARCH + timedelta(days=number + 1)):
                assert clearing.check_zero() == 0
        assert not Difference.objects.exists()
        check_books()
        transaction.set_rollback(True)


def check_books() -> None:
    """What is cleared is what was paid less what came back; lines hold exactly what is on its way and what is paid."""
    paid = Payment.objects.filter(paid_on__isnull=False)
    assert not paid.filter(cleared_on=None).exists()
    back = Reversal.objects.aggregate(fen=Sum("amount_fen"))["fen"] or 0
    cleared = Clearing.objects.aggregate(fen=Sum("cleared_fen"))["fen"] or 0
    assert cleared == (paid.aggregate(fen=Sum("amount_fen"))["fen"] or 0) - back
    for day in Clearing.objects.all():
        assert day.closed_at
        assert day.opening_fen + day.advanced_fen - day.refunded_fen - day.cleared_fen == 0
    for line in BudgetLine.objects.all():
        rows = Payment.objects.filter(line=line, recorded_to=None)
        way = rows.filter(stage__in=[1, 2, 3]).aggregate(fen=Sum("amount_fen"))["fen"] or 0
        gone = rows.filter(stage__in=[4, 5, 6]).aggregate(fen=Sum(F("amount_fen") - F("returned_fen")))["fen"] or 0
        assert (line.requested_fen, line.paid_fen) == (way, gone)
    for order in Order.objects.all():
        total = Payment.objects.filter(order=order).aggregate(fen=Sum("amount_fen"))["fen"]
        assert total == order.amount_fen


def test_the_banks_voucher_may_tell_all_refunds_of_a_day(walk):
    order = walk.sent("100.00", "200.00", "300.00")
    walk.answer(order)
    rows = list(Payment.objects.filter(order=order).order_by("pk"))
    data = walk.refund((rows[0], "100.00", "T1"), (rows[1], "50.00", "T2"), (rows[1], "150.00", "T3"))
    assert banking.receive(data, by=walk.by("bank_banker")).refunded == 3
    clearing.clear(finance=FINANCE, on=clocks.today(), by=walk.by("finance_cashier"))
    assert walk.balances()[1:] == (0, 30000)
    check_books()
