"""The bank's answer to an order (2301): payments made or failed; and that it has signed for one (5201, 8202 back)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from minxin.disclosures.actions import arrivals, differences
from minxin.disclosures.actions.arrivals import Arrival, Received
from minxin.disclosures.actions.differences import Found
from minxin.disclosures.models import Order
from minxin.disclosures.models.payment import in_years, order_number, order_ref, payment_ref
from minxin.disclosures.rules import settling, vouchers
from minxin.disclosures.rules.codes import DifferenceKind, OrderStage, PaymentStage
from minxin.disclosures.rules.settling import Answer
from minxin.kernel import clocks, statements
from minxin.kernel.errors import Refused
from minxin.ledger import actions as ledger

_ROWS = """
SELECT id, stage, amount_fen, bank_no, line_id, commitment_id, ordered_on
FROM disclosures_payment p WHERE order_id = $1::bigint AND {years} ORDER BY id
"""
_ANSWER = """
UPDATE disclosures_payment p
SET stage = CASE WHEN a.paid THEN 4 ELSE 7 END, paid_on = CASE WHEN a.paid THEN a.day END, bank_no = a.bank_no
FROM unnest($2::bigint[], $3::boolean[], $4::date[], $5::text[]) AS a (id, paid, day, bank_no)
WHERE p.id = a.id AND p.order_id = $1::bigint AND {years} AND p.stage = 3 RETURNING p.id
"""
_LINES = """
UPDATE disclosures_budgetline l
SET requested_fen = l.requested_fen - m.asked, paid_fen = l.paid_fen + m.paid,
    last_paid_on = greatest(l.last_paid_on, m.day)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::date[]) AS m (id, asked, paid, day) WHERE l.id = m.id
"""
_COMMITMENTS = """
UPDATE disclosures_commitment c SET used_fen = c.used_fen - m.fen
FROM unnest($1::bigint[], $2::bigint[]) AS m (id, fen) WHERE c.id = m.id
"""
_FAILURES = """
INSERT INTO disclosures_failure (payment_id, reason, "on", at)
SELECT f.id, f.reason, f.day, $1::timestamptz FROM unnest($2::bigint[], $3::text[], $4::date[]) AS f (id, reason, day)
"""
_ADVANCE = "UPDATE disclosures_order SET stage = $2::text, paid_at = $3::timestamptz WHERE id = $1::bigint"
_PAID = {PaymentStage.PAID, PaymentStage.CLEARED, PaymentStage.RETURNED}


def signed(arrival: Arrival) -> Received:
    """银行签收: the order comes back under its own number and amount."""
    order = arrivals.order_of(order_number(arrival.number, field="VoucherNo"), arrival.banks)
    if vouchers.fen(arrival.paper.head, "PayAmt") != order.amount_fen:
        raise Refused("voucher_sum", _("签收的金额和凭证不一致，请核对凭证号。"), field="PayAmt")
    if not arrivals.keep(arrival, finance_id=order.finance_id, bank_id=order.bank_id):
        return replace(arrival.nothing, again=True)
    if order.stage != OrderStage.SENT:
        return arrival.nothing
    Order.objects.filter(pk=order.pk).update(stage=OrderStage.SIGNED)
    ledger.record(stream=order_ref(order), verb="sign_order", by=arrival.by)
    return replace(arrival.nothing, signed=1)


def answered(arrival: Arrival) -> Received:
    """支付回单: each payment that still waits takes its answer, once; a contradiction is opened as a difference."""
    receipt = settling.read_receipt(arrival.paper, today=clocks.today())
    order = arrivals.order_of(receipt.order, arrival.banks)
    if not arrivals.keep(arrival, finance_id=order.finance_id, bank_id=order.bank_id):
        return replace(arrival.nothing, again=True)
    rows = _rows(order)
    answers = _spread(receipt.whole, order, rows) if receipt.whole else receipt.answers
    good, found = _compare(answers, rows, order)
    if good:
        _move(good, rows, order)
    _advance(order, good, rows)
    differences.open_all(found, finance_id=order.finance_id, bank_id=order.bank_id, on=clocks.today())
    paid = sum(1 for answer in good if answer.paid)
    facts = {"voucher": arrival.number, "paid": paid, "failed": len(good) - paid, "fen": sum(a.fen for a in good)}
    ledger.record(stream=order_ref(order), verb="pay_order", by=arrival.by, facts=facts | {"to": str(order.stage)})
    return replace(arrival.nothing, paid=paid, failed=len(good) - paid, differences=len(found))


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    stage: int
    fen: int
    bank_no: str
    line_id: int
    commitment_id: int | None
    ordered_on: date


def _rows(order: Order) -> dict[int, _Row]:
    found = statements.rows(_ROWS.format(years=in_years(order.year, order.year)), [order.pk])
    return {row[0]: _Row(*row) for row in found}


def _spread(whole: Answer, order: Order, rows: Mapping[int, _Row]) -> tuple[Answer, ...]:
    """One answer for each payment of an order that was answered as a whole."""
    if whole.paid and whole.fen != order.amount_fen:
        return (whole,)
    return tuple(replace(whole, payment=key, fen=row.fen if whole.paid else 0) for key, row in rows.items())


def _compare(answers: Sequence[Answer], rows: Mapping[int, _Row], order: Order) -> tuple[list[Answer], list[Found]]:
    """The answers that can be acted on, and those that contradict; what was said before is neither."""
    good: list[Answer] = []
    found: list[Found] = []
    for answer in answers:
        row = rows.get(answer.payment)
        if row is None:
            found.append(_foreign(answer, order))
        elif answer.on < row.ordered_on:
            facts = {"id": payment_ref(row.id), "day": row.ordered_on}
            raise Refused("voucher_day", _("%(id)s 的支付日期早于开凭证的 %(day)s，请核对。") % facts)
        elif row.stage == PaymentStage.ORDERED and answer.fen in {0, row.fen}:
            good.append(answer)
        elif not _said_before(answer, row):
            ours = 0 if row.stage == PaymentStage.FAILED else row.fen
            found.append(Found(DifferenceKind.AMOUNT, payment_ref(row.id), ours, answer.fen))
    return good, found


def _foreign(answer: Answer, order: Order) -> Found:
    """Of an order answered as a whole with another amount. A payment that is not in the order is refused."""
    if answer.payment:
        facts = {"id": payment_ref(answer.payment)}
        raise Refused("voucher_detail", _("明细 %(id)s 不属于这张支付凭证，请核对。") % facts, field="Id")
    return Found(DifferenceKind.AMOUNT, order_ref(order), order.amount_fen, answer.fen)


def _said_before(answer: Answer, row: _Row) -> bool:
    if answer.paid:
        return row.stage in _PAID and (answer.fen, answer.bank_no) == (row.fen, row.bank_no)
    return row.stage == PaymentStage.FAILED


def _move(good: Sequence[Answer], rows: Mapping[int, _Row], order: Order) -> None:
    """Payments take their answers, lines and commitments their balances: each amount moves exactly once."""
    freed: dict[int, int] = defaultdict(int)
    for answer in good:
        commitment = rows[answer.payment].commitment_id
        if commitment and not answer.paid:
            freed[commitment] += rows[answer.payment].fen
    lines = _by_line(good, rows)
    answers = [[a.payment for a in good], [a.paid for a in good], [a.on for a in good], [a.bank_no for a in good]]
    arrivals.hold_balances(lines, freed)
    moved = statements.rows(_ANSWER.format(years=in_years(order.year, order.year)), [order.pk, *answers])
    if len(moved) != len(good):
        raise AssertionError("a payment was answered twice under the lock of its order")
    statements.run(_LINES, [list(lines), *map(list, zip(*lines.values(), strict=True))])
    if freed:
        statements.run(_COMMITMENTS, [list(freed), list(freed.values())])
    if failed := [answer for answer in good if not answer.paid]:
        ids, reasons = [answer.payment for answer in failed], [answer.reason for answer in failed]
        statements.run(_FAILURES, [clocks.now(), ids, reasons, [answer.on for answer in failed]])


def _by_line(good: Sequence[Answer], rows: Mapping[int, _Row]) -> dict[int, tuple[int, int, date | None]]:
    """For each budget line: what is no longer on its way, what of it was paid, the last day of it."""
    lines: dict[int, tuple[int, int, date | None]] = {}
    for answer in good:
        row = rows[answer.payment]
        asked, paid, day = lines.get(row.line_id, (0, 0, None))
        if answer.paid:
            day = max(day or answer.on, answer.on)
        lines[row.line_id] = (asked + row.fen, paid + answer.fen, day)
    return lines


def _advance(order: Order, good: Sequence[Answer], rows: Mapping[int, _Row]) -> None:
    """The order is signed for with the first answer, paid or failed with the last one."""
    if order.stage not in {OrderStage.SENT, OrderStage.SIGNED}:
        return
    waiting = sum(1 for row in rows.values() if row.stage == PaymentStage.ORDERED) - len(good)
    paid = any(answer.paid for answer in good) or any(row.stage in _PAID for row in rows.values())
    if waiting and good:
        order.stage = OrderStage.SIGNED
    elif not waiting:
        order.stage = OrderStage.PAID if paid else OrderStage.FAILED
        order.paid_at = clocks.now() if paid else None
    statements.run(_ADVANCE, [order.pk, str(order.stage), order.paid_at])
