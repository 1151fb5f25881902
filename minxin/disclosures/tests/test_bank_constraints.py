"""What can never be false of the pipe's end, whoever writes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from minxin.disclosures.models import Account, Clearing, Difference, Failure, Order, Reversal, Voucher
from minxin.disclosures.tests.bank_walk import DAY, MARCH

pytestmark = pytest.mark.django_db


@pytest.fixture
def between(money):
    """The keys of the two parties."""
    return {"finance_id": money.units["finance"].id, "bank_id": money.units["bank"].id}


def order(**changes):
    return {"year": 2006, "number": 1, "mode": "direct", "count": 1, "amount_fen": 1, "ordered_at": MARCH} | changes


def day(**changes):
    return {"on": DAY, "advanced_fen": 100, "cleared_fen": 100, "closed_at": MARCH} | changes


def difference(**changes):
    return {"on": DAY, "kind": "amount", "reference": "B1", "opened_at": MARCH} | changes


def voucher(**changes):
    return {
        "kind": "2301",
        "outgoing": False,
        "number": "1",
        "year": 2006,
        "key": b"",
        "body": b"",
        "at": MARCH,
    } | changes


@pytest.mark.parametrize(
    ("name", "model", "rows"),
    [
        ("order_size", Order, [order(count=500)]),
        ("order_size", Order, [order(amount_fen=0)]),
        ("order_stage_known", Order, [order(stage="lost")]),
        ("order_ref_once", Order, [order(), order()]),
        ("clearing_closes_at_zero", Clearing, [day(cleared_fen=99)]),
        ("clearing_closes_at_zero", Clearing, [day(refunded_fen=1)]),
        ("clearing_closes_at_zero", Clearing, [day(opening_fen=1)]),
        ("clearing_once_a_day", Clearing, [day(), day()]),
        ("difference_once", Difference, [difference(), difference()]),
        ("difference_settled_with_reason", Difference, [difference(settled_at=MARCH)]),
        ("voucher_once", Voucher, [voucher(), voucher()]),
        ("voucher_kind_known", Voucher, [voucher(kind="9999")]),
    ],
)
def test_the_database_holds(between, name, model, rows):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        model.objects.bulk_create([model(**between, **row) for row in rows])


def test_an_open_day_may_hold_money_until_it_is_closed(between):
    row = Clearing.objects.create(**between, **day(cleared_fen=0, closed_at=None))
    assert row.closed_at is None


def test_one_account_is_open_at_a_time_and_closed_after_it_was_opened(between):
    mine = Account.objects.get(unit_id=None, **between)
    again = {"unit_id": None, "name": "又一个", "key": b"", "number": b"", "opened_on": DAY}
    with pytest.raises(IntegrityError, match="account_one_open"), transaction.atomic():
        Account.objects.create(**between, **again)
    with pytest.raises(IntegrityError, match="account_days_in_order"), transaction.atomic():
        Account.objects.filter(pk=mine.pk).update(closed_on=mine.opened_on - timedelta(days=1))
    Account.objects.filter(pk=mine.pk).update(closed_on=DAY)
    assert Account.objects.create(**between, **again).pk


def test_a_payment_fails_once_and_a_refund_is_above_zero_and_once(db):
    facts = {"payment_id": 2006 * 10**9 + 1, "on": DAY, "reason": "销户", "at": MARCH}
    with pytest.raises(IntegrityError, match="failure_once"), transaction.atomic():
        Failure.objects.bulk_create([Failure(**facts), Failure(**facts)])
    for name, rows in {
        "reversal_above_zero": [Reversal(**facts, bank_no="T1", amount_fen=0)],
        "reversal_once": [Reversal(**facts, bank_no="T1", amount_fen=1), Reversal(**facts, bank_no="T1", amount_fen=2)],
    }.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Reversal.objects.bulk_create(rows)
