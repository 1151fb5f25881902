"""The agent bank's door: what it sends is read and given to whoever acts on it; limits are told to it."""

import logging
from collections.abc import Callable, Mapping
from datetime import date
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from minxin.directory import reports as directory
from minxin.directory.rules import SYSTEM, Officer, UnitRef
from minxin.disclosures import outside
from minxin.disclosures.actions import answers, arrivals, clearing, delivery, holding, reversals
from minxin.disclosures.actions.arrivals import Arrival, Received
from minxin.disclosures.models import Account, Order
from minxin.disclosures.models.payment import order_number, order_ref
from minxin.disclosures.models.settlement import number_of
from minxin.disclosures.rules import pipe, settling, vouchers
from minxin.disclosures.rules.codes import Fund, OrderStage, PayMode, Scheme, VoucherKind
from minxin.kernel import clocks, refs
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

logger = logging.getLogger(__name__)

_HANDLERS: Mapping[VoucherKind, Callable[[Arrival], Received]] = {
    VoucherKind.DIRECT_ORDER: answers.signed,
    VoucherKind.AUTHORISED_ORDER: answers.signed,
    VoucherKind.TRANSFER_RECEIPT: answers.answered,
    VoucherKind.REFUND_RECEIPT: reversals.refunded,
    VoucherKind.STATEMENT: clearing.stated,
}
_LIMITS = """
WITH told AS (
    UPDATE disclosures_allotment SET notified_at = %(now)s
    WHERE finance_id = %(finance)s AND month = %(month)s AND stage = 'issued' AND notified_at IS NULL
    RETURNING line_id, unit_id, mode, amount_fen, doc_no
)
SELECT t.mode, CASE WHEN t.mode = 'authorised' THEN t.unit_id END AS payer, t.doc_no, t.unit_id, l.fund, l.function,
       coalesce(b.code, '') AS agency, coalesce(d.code, b.code, '') AS department, d.unit_id AS department_id,
       sum(t.amount_fen)::bigint AS fen
FROM told t
JOIN disclosures_budgetline l ON l.id = t.line_id
LEFT JOIN disclosures_budgetunit b ON b.unit_id = t.unit_id
LEFT JOIN disclosures_budgetunit d ON d.id = b.department_id
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2 NULLS FIRST, 3, 4, 5, 6
"""


def receive(xml: bytes, *, bank: str = "", by: Officer) -> Received:
    """接收银行回单: what it brought about. `bank`: whose folder it lay in; an officer speaks for his own bank.

    2301 answers an order, 5201 and 8202 sign for one, 2302 tells of money come back, 3502 is the day's statement. The
    same voucher twice changes nothing. Raises Refused with what is wrong in it, Absent for an order of another bank.
    """
    paper = vouchers.parse(xml)
    handler = _HANDLERS.get(paper.envelope.kind)
    if handler is None:
        raise Refused("voucher_kind", _("这类凭证由财政发出，银行不用回传。"), field="VtCode")
    with transaction.atomic():
        return handler(Arrival(paper, xml, arrivals.speaking_for(bank, by), by))


def sign(ref: str, *, by: Officer) -> Received:
    """签收: the bank has the order and will pay it, said at its desk; kept as the 5201 or 8202 that it sends back.

    Raises Absent for an order of another bank, Refused (`forbidden`) for another post, (`stage`) before it was sent.
    """
    year, number = order_number(ref, field="order")
    order = Order.objects.visible_to(by).filter(year=year, number=number).first()
    if order is None:
        raise Absent
    pipe.check(pipe.ORDER["sign"], by, finance_id=order.finance_id, bank_id=order.bank_id)
    pipe.allowed(pipe.ORDER["sign"], OrderStage(order.stage))
    division = directory.unit(order.finance_id).region
    envelope = vouchers.Envelope(settling.order_kind(PayMode(order.mode)), division, year, order_ref(order))
    head = {
        "Id": str(order.pk),
        "VouDate": vouchers.day(clocks.today()),
        "PayAmt": vouchers.yuan(order.amount_fen),
        "VoucherNo": envelope.number,
    }
    return receive(vouchers.build(envelope, head, []), by=by)


@app.periodic(cron="* * * * *")
@app.task(name="disclosures.collect_vouchers", queueing_lock="disclosures.collect_vouchers")
def collect(timestamp: int = 0) -> int:
    """Every minute: act on what the banks have left in their folders; how many were read. A bad one is laid aside."""
    count = 0
    for letter in outside.bank().waiting():
        try:
            receive(letter.data, bank=letter.bank, by=SYSTEM)
        except Refused as refusal:
            logger.warning("voucher %s of %s: %s", letter.name, letter.bank, refusal.sentence)
            outside.bank().refuse(letter, refusal.sentence)
        else:
            outside.bank().take(letter)
        count += 1
    return count


def notify_limits(*, finance: str, month: date, by: Officer) -> int:
    """通知清算额度: what was issued for that month goes to the bank (5108 direct, 5106 authorised); how many notices.

    Every allotment is told once. Raises Refused (`no_account`) when a unit has no zero-balance account to be limited.
    """
    bureau, month = directory.unit(finance), holding.month_of(month)
    pipe.check(pipe.SETTLING["notify_limits"], by, finance_id=bureau.id)
    with transaction.atomic():
        rows = _told(bureau, month)
        accounts = {row.unit_id: row for row in Account.objects.filter(finance_id=bureau.id, closed_on=None)}
        names = delivery.heading_names(month.year, {row["function"] for row in rows})[Scheme.FUNCTION]
        drafts = []
        for (mode, payer, doc_no), group in groupby(rows, key=lambda row: (row["mode"], row["payer"], row["doc_no"])):
            if payer not in accounts:
                facts = {"name": directory.unit(payer or bureau.id).name}
                raise Refused("no_account", _("%(name)s还没有登记零余额账户，登记后再通知。") % facts, field="unit")
            found = list(group)
            for begin in range(0, len(found), settling.MOST_ROWS):
                ref = refs.written("ED", month.year, refs.next_number("limitnotice", month.year))
                head = delivery.payer(bureau, accounts[payer], number_of(accounts[payer])) | {
                    **settling.pair("PayType", settling.PAY_TYPES[PayMode(mode)]),
                    "VoucherNo": ref,
                    "FileNo": doc_no,
                    "PlanMonth": f"{month:%Y%m}",
                }
                envelope = vouchers.Envelope(settling.limit_kind(PayMode(mode)), bureau.region, month.year, ref)
                data = _notice(envelope, head, found[begin : begin + settling.MOST_ROWS], names)
                drafts.append(delivery.Draft(envelope, bureau.id, accounts[payer].bank_id, data))
        texts = delivery.keep(drafts)
        if drafts:
            told = {"month": month, "notices": len(drafts), "fen": sum(row["fen"] for row in rows)}
            ledger.record(stream=f"unit:{bureau.code}", verb="notify_limits", by=by, facts=told)
    delivery.deliver(texts)
    return len(drafts)


def _told(bureau: UnitRef, month: date) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_LIMITS, {"finance": bureau.id, "month": month, "now": clocks.now()})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _notice(
    envelope: vouchers.Envelope, head: dict[str, str], rows: list[dict[str, Any]], names: Mapping[str, str]
) -> bytes:
    head |= {
        "Id": envelope.number,
        "VouDate": vouchers.day(clocks.today()),
        "PlanAmt": vouchers.yuan(sum(row["fen"] for row in rows)),
    }
    details = [
        {
            "Id": f"{envelope.number}/{place}",
            **settling.pair("SupDep", (row["department"], delivery.unit_name(row["department_id"] or row["unit_id"]))),
            **settling.pair("Agency", (row["agency"], delivery.unit_name(row["unit_id"]))),
            **settling.pair("FundType", settling.FUND_TYPES[Fund(row["fund"])]),
            **settling.pair("ExpFunc", (row["function"], names.get(row["function"], ""))),
            "PlanAmt": vouchers.yuan(row["fen"]),
        }
        for place, row in enumerate(rows, 1)
    ]
    return vouchers.build(envelope, head, details)
