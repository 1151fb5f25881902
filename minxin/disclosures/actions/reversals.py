"""Money that comes back (退款): in whole or in part, more than once, never more than was paid; it restores the line."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext as _

from minxin.directory.rules import Officer
from minxin.disclosures.actions import arrivals, differences, holding
from minxin.disclosures.actions.arrivals import Arrival, Received
from minxin.disclosures.actions.differences import Found
from minxin.disclosures.models import Order, Reversal
from minxin.disclosures.models.payment import payment_id, payment_ref
from minxin.disclosures.rules import pipe, settling
from minxin.disclosures.rules.codes import DifferenceKind, PaymentStage
from minxin.disclosures.rules.settling import Refund
from minxin.kernel import clocks, money
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

_ORDERS = "SELECT DISTINCT order_id FROM disclosures_payment WHERE id = ANY(%s) AND order_id IS NOT NULL"
_ROWS = """
SELECT p.id, p.stage, p.amount_fen, p.returned_fen, p.paid_on, p.line_id, p.commitment_id, p.order_id
FROM disclosures_payment p WHERE p.id = ANY(%s) AND p.order_id = ANY(%s) ORDER BY p.id FOR NO KEY UPDATE
"""
_BACK = """
UPDATE disclosures_payment p
SET returned_fen = p.returned_fen + b.fen, returned_on = greatest(p.returned_on, b.day),
    stage = CASE WHEN p.returned_fen + b.fen = p.amount_fen THEN 6 ELSE p.stage END
FROM unnest(%s::bigint[], %s::bigint[], %s::date[]) AS b (id, fen, day) WHERE p.id = b.id
"""
_LINES = """
UPDATE disclosures_budgetline l SET paid_fen = l.paid_fen - m.fen
FROM unnest(%s::bigint[], %s::bigint[]) AS m (id, fen) WHERE l.id = m.id
"""
_COMMITMENTS = """
UPDATE disclosures_commitment c SET used_fen = c.used_fen - m.fen
FROM unnest(%s::bigint[], %s::bigint[]) AS m (id, fen) WHERE c.id = m.id
"""
_RETURNABLE = {PaymentStage.PAID, PaymentStage.CLEARED, PaymentStage.RETURNED}


@transaction.atomic
def reverse(ref: str, *, amount: Decimal, on: date | None = None, reason: str, bank_no: str, by: Officer) -> Reversal:
    """登记退款 in yuan of one payment, under the bank's own number; the line and the commitment have it again.

    Raises Absent for a payment of another bank, Refused (`too_much`) beyond what was paid and has not come back,
    (`already`) for a number that was registered before, (`stage`) for what was never paid.
    """
    fen = money.fen(amount, field="amount")
    if fen <= 0:
        raise Refused("invalid", _("退款金额必须大于零。"), field="amount")
    refund = Refund(payment_id(ref), fen, on or clocks.today(), settling.bank_number(bank_no), holding.because(reason))
    if refund.on > clocks.today():
        raise Refused("invalid", _("日期不能晚于今天。"), field="on")
    held = _hold([refund], banks=None)
    row = held.rows.get(refund.payment)
    order = held.orders.get(row.order_id) if row else None
    if row is None or order is None:
        raise Absent
    pipe.check(pipe.PAYMENT["reverse"], by, finance_id=order.finance_id, bank_id=order.bank_id)
    if (refund.payment, refund.bank_no) in held.known:
        raise Refused("already", _("这个银行流水号的退款已经登记过了。"), field="bank_no")
    _check(refund, row, row.fen - row.returned)
    _restore([refund], held, by)
    return Reversal.objects.get(payment_id=refund.payment, bank_no=refund.bank_no)


def refunded(arrival: Arrival) -> Received:
    """退款回单 (2302): each line restores what it tells, once; what cannot be is opened as a difference."""
    refunds = settling.read_refunds(arrival.paper, today=clocks.today())
    held = _hold(refunds, banks=arrival.banks)
    strange = [refund.payment for refund in refunds if refund.payment not in held.rows]
    parties = {(order.finance_id, order.bank_id) for order in held.orders.values()}
    if strange:
        facts = {"id": payment_ref(strange[0])}
        raise Absent("absent", _("没有找到支付明细 %(id)s，请核对。") % facts, field="VoucherBillNo")
    if len(parties) != 1:
        raise Refused("voucher_parties", _("一张退款回单只写一个财政部门的退款，请分开发送。"))
    finance_id, bank_id = parties.pop()
    if not arrivals.keep(arrival, finance_id=finance_id, bank_id=bank_id):
        return replace(arrival.nothing, again=True)
    good, found = _sorted_out(refunds, held)
    _restore(good, held, arrival.by)
    differences.open_all(found, finance_id=finance_id, bank_id=bank_id, on=clocks.today())
    return replace(arrival.nothing, refunded=len(good), differences=len(found))


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    stage: int
    fen: int
    returned: int
    paid_on: date | None
    line_id: int
    commitment_id: int | None
    order_id: int


@dataclass(frozen=True, slots=True)
class _Held:
    """What the refunds are about, locked: orders, then lines and commitments, then payments; and what is known."""

    orders: Mapping[int, Order]
    rows: Mapping[int, _Row]
    known: Mapping[tuple[int, str], int]  # fen by payment and bank number


def _hold(refunds: Sequence[Refund], *, banks: Collection[int] | None) -> _Held:
    keys = sorted({refund.payment for refund in refunds})
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, [keys])
        mine = Order.objects.filter(pk__in=[row[0] for row in cursor.fetchall()])
        mine = mine if banks is None else mine.filter(bank_id__in=banks)
        orders = {order.pk: order for order in mine.order_by("pk").select_for_update(no_key=True)}
        cursor.execute(_ROWS.replace(" FOR NO KEY UPDATE", ""), [keys, list(orders)])
        seen = [_Row(*row) for row in cursor.fetchall()]
        commitments = {row.commitment_id for row in seen if row.commitment_id}
        arrivals.hold_balances({row.line_id for row in seen}, commitments)
        cursor.execute(_ROWS, [keys, list(orders)])
        rows = {row[0]: _Row(*row) for row in cursor.fetchall()}
    told = Reversal.objects.filter(payment_id__in=list(rows)).values_list("payment_id", "bank_no", "amount_fen")
    return _Held(orders, rows, {(payment, number): fen for payment, number, fen in told})


def _check(refund: Refund, row: _Row, left: int) -> None:
    """Raises Refused when this cannot have come back."""
    if row.stage not in _RETURNABLE or row.paid_on is None:
        raise Refused("stage", _("这笔支付还没有付出，不能登记退款。"))
    if refund.on < row.paid_on:
        facts = {"day": row.paid_on}
        raise Refused("invalid", _("退款日期不能早于支付日期 %(day)s。") % facts, field="on")
    if refund.fen > left:
        sentence = _("这笔支付最多还能退 %(left)s 元，请核对金额。") % {"left": money.written(left)}
        raise Refused("too_much", sentence, field="amount")


def _sorted_out(refunds: Iterable[Refund], held: _Held) -> tuple[list[Refund], list[Found]]:
    good: list[Refund] = []
    found: list[Found] = []
    left = {row.id: row.fen - row.returned for row in held.rows.values()}
    seen = dict(held.known)
    for refund in refunds:
        key = (refund.payment, refund.bank_no)
        if key in seen:
            if seen[key] != refund.fen:
                found.append(Found(DifferenceKind.AMOUNT, refund.bank_no, seen[key], refund.fen))
            continue
        seen[key] = refund.fen
        try:
            _check(refund, held.rows[refund.payment], left[refund.payment])
        except Refused:
            found.append(Found(DifferenceKind.AMOUNT, refund.bank_no, left[refund.payment], refund.fen))
        else:
            left[refund.payment] -= refund.fen
            good.append(refund)
    return good, found


def _restore(good: Sequence[Refund], held: _Held, by: Officer) -> None:
    if not good:
        return
    now = clocks.now()
    payments: dict[int, tuple[int, date]] = {}
    lines: dict[int, int] = defaultdict(int)
    commitments: dict[int, int] = defaultdict(int)
    for refund in good:
        row = held.rows[refund.payment]
        fen, day = payments.get(row.id, (0, refund.on))
        payments[row.id] = (fen + refund.fen, max(day, refund.on))
        lines[row.line_id] += refund.fen
        if row.commitment_id:
            commitments[row.commitment_id] += refund.fen
    Reversal.objects.bulk_create(
        Reversal(payment_id=r.payment, amount_fen=r.fen, on=r.on, reason=r.reason, bank_no=r.bank_no, at=now)
        for r in good
    )
    with connection.cursor() as cursor:
        cursor.execute(_BACK, [list(payments), *map(list, zip(*payments.values(), strict=True))])
        cursor.execute(_LINES, [list(lines), list(lines.values())])
        if commitments:
            cursor.execute(_COMMITMENTS, [list(commitments), list(commitments.values())])
    facts = {payment_ref(key): {"fen": fen, "on": day} for key, (fen, day) in payments.items()}
    ledger.record_many(verb="reverse", by=by, facts=facts)
