"""Payment orders (支付凭证): approved payments bundled for the agent bank, sealed, sent. Every step is set-based."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.actions import delivery
from minxin.disclosures.models import Account, Order, Payee, Request
from minxin.disclosures.models.payment import account_of, order_number, order_ref, payment_ref, request_ref
from minxin.disclosures.models.settlement import number_of
from minxin.disclosures.rules import pipe, settling, vouchers
from minxin.disclosures.rules.codes import Fund, OrderStage, PayMode, RequestStage, Scheme, SettleMode
from minxin.kernel import clocks, refs
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

AT_ONCE = 100  # orders whose vouchers are written together: some 50,000 payments at most are in memory

_BUNDLE = """
WITH due AS (
    SELECT p.id, p.year, p.mode, CASE WHEN p.mode = 'authorised' THEN p.unit_id END AS payer, p.amount_fen
    FROM disclosures_payment p
    WHERE p.request_id = ANY(%(requests)s) AND p.stage = 2 AND p.order_id IS NULL AND p.recorded_to IS NULL
      AND (%(on)s::date IS NULL OR p.approved_on <= %(on)s)
), placed AS (
    SELECT due.*, (row_number() OVER (PARTITION BY year, mode, payer ORDER BY id) - 1) / %(most)s AS bundle FROM due
)
SELECT year, mode, payer, array_agg(id ORDER BY id), sum(amount_fen)::bigint
FROM placed GROUP BY year, mode, payer, bundle ORDER BY year, mode, payer NULLS FIRST, bundle
"""
_ORDER = """
UPDATE disclosures_payment p SET order_id = m.order_id, order_no = m.ref, stage = 3, ordered_on = %(on)s
FROM unnest(%(ids)s::bigint[], %(orders)s::bigint[], %(refs)s::text[]) AS m (id, order_id, ref)
WHERE p.id = m.id AND p.id >= %(first)s AND p.id < %(end)s AND p.stage = 2 AND p.order_id IS NULL
"""
_DONE = """
UPDATE disclosures_request r SET stage = 'ordered'
WHERE r.id = ANY(%(requests)s) AND NOT EXISTS (
    SELECT 1 FROM disclosures_payment p WHERE p.request_id = r.id AND p.stage = 2 AND p.recorded_to IS NULL
) RETURNING r.year, r.number
"""
_UNPROVEN = """
SELECT o.year, o.number FROM disclosures_order o
JOIN disclosures_payment p ON p.order_id = o.id
WHERE o.id = ANY(%s) GROUP BY o.id HAVING sum(p.amount_fen) <> o.amount_fen OR count(*) <> o.count
"""
_DETAILS = """
SELECT p.order_id, p.id, p.unit_id, p.function, p.economic, p.fund, p.settle, p.purpose, p.amount_fen, p.payee_id,
       l.doc_no, l.section, l.project, l.formed_year < l.year AS carried, b.code AS agency,
       coalesce(d.code, b.code) AS department, coalesce(d.unit_id, b.unit_id) AS department_id
FROM disclosures_payment p
JOIN disclosures_budgetline l ON l.id = p.line_id
LEFT JOIN disclosures_budgetunit b ON b.unit_id = p.unit_id
LEFT JOIN disclosures_budgetunit d ON d.id = b.department_id
WHERE p.order_id = ANY(%s) ORDER BY p.order_id, p.id
"""


def make(*, finance: str, on: date | None = None, unit: str = "", by: Officer) -> list[Order]:
    """开支付凭证 for all approved payments of a finance bureau (approved up to `on`; of one unit): the new orders.

    One order holds payments of one year, mode and account, at most 499. Raises Refused (`no_account`) when somebody
    who pays has no zero-balance account; nothing is ordered then.
    """
    bureau = directory.unit(finance)
    pipe.check(pipe.ORDER["make"], by, finance_id=bureau.id)
    with transaction.atomic():
        requests = _waiting(bureau, unit)
        bundles = _bundles(requests, on)
        orders = _inserted(bureau, bundles)
        _tie(orders, bundles)
        done = _ordered(requests) if orders else []
        facts = {order_ref(order): {"rows": order.count, "fen": order.amount_fen} for order in orders}
        ledger.record_many(verb="make_order", by=by, facts=facts)
        ledger.record_many(verb="order", by=by, facts={ref: {"to": RequestStage.ORDERED.value} for ref in done})
    return orders


def send(refs: Collection[str], *, by: Officer) -> int:
    """签章并发送银行: one voucher for each order, kept whole and handed to the bank; how many orders were sealed.

    When the bank cannot be reached the orders stay sealed and a job hands them over later. Raises Absent for an order
    that may not be seen, Refused (`stage`) for one that was sent already.
    """
    numbers = sorted({order_number(ref, field="order") for ref in refs})
    for begin in range(0, len(numbers), AT_ONCE):
        delivery.deliver(_seal(numbers[begin : begin + AT_ONCE], by))
    return len(numbers)


@dataclass(frozen=True, slots=True)
class _Bundle:
    year: int
    mode: PayMode
    payer: int | None  # the unit whose account pays; None: the finance bureau's
    ids: list[int]
    fen: int


def _waiting(bureau: UnitRef, unit: str) -> list[int]:
    """The requests that wait for their orders, locked."""
    waiting = Request.objects.filter(finance_id=bureau.id, stage=RequestStage.APPROVED).order_by("id")
    if unit:
        waiting = waiting.filter(unit_id=directory.unit(unit).id)
    return list(waiting.select_for_update(no_key=True).values_list("id", flat=True))


def _bundles(requests: list[int], on: date | None) -> list[_Bundle]:
    with connection.cursor() as cursor:
        cursor.execute(_BUNDLE, {"requests": requests, "on": on, "most": settling.MOST_ROWS})
        return [_Bundle(year, PayMode(mode), payer, ids, fen) for year, mode, payer, ids, fen in cursor.fetchall()]


def _inserted(bureau: UnitRef, bundles: Sequence[_Bundle]) -> list[Order]:
    accounts: dict[int | None, int] = dict(
        Account.objects.filter(finance_id=bureau.id, closed_on=None).values_list("unit_id", "bank_id")
    )
    missing = sorted({directory.unit(b.payer or bureau.id).name for b in bundles if b.payer not in accounts})
    if missing:
        names = "、".join(missing[:3]) + (_(" 等 %(count)d 个单位") % {"count": len(missing)} if missing[3:] else "")
        sentence = _("%(names)s还没有登记零余额账户，登记后再开支付凭证。") % {"names": names}
        raise Refused("no_account", sentence, field="unit")
    now = clocks.now()
    return Order.objects.bulk_create(
        [
            Order(
                year=bundle.year,
                number=refs.next_number("paymentorder", bundle.year),
                finance_id=bureau.id,
                unit_id=bundle.payer,
                bank_id=accounts[bundle.payer],
                mode=bundle.mode,
                count=len(bundle.ids),
                amount_fen=bundle.fen,
                ordered_at=now,
            )
            for bundle in bundles
        ]
    )


def _tie(orders: Sequence[Order], bundles: Sequence[_Bundle]) -> None:
    """Payments know their orders, and add up to them: the sum was made of the same rows, and is proved again."""
    pairs = list(zip(orders, bundles, strict=True))
    with connection.cursor() as cursor:
        for year in sorted({bundle.year for bundle in bundles}):
            tied = [(key, order.pk, order_ref(order)) for order, b in pairs if b.year == year for key in b.ids]
            values: dict[str, Any] = {
                "ids": [key for key, _order, _ref in tied],
                "orders": [order for _key, order, _ref in tied],
                "refs": [ref for _key, _order, ref in tied],
                "on": clocks.today(),
                "first": year * settling.PER_YEAR,
                "end": (year + 1) * settling.PER_YEAR,
            }
            cursor.execute(_ORDER, values)
            if cursor.rowcount != len(tied):
                raise Refused("changed_meanwhile", _("有的支付刚刚被改动，请刷新后重新开凭证。"))
        cursor.execute(_UNPROVEN, [[order.pk for order in orders]])
        if cursor.fetchone():
            raise AssertionError("an order does not add up to its payments")


def _ordered(requests: list[int]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_DONE, {"requests": requests})
        return [request_ref(Request(year=year, number=number)) for year, number in cursor.fetchall()]


# ---- Sealing


@transaction.atomic
def _seal(numbers: Sequence[tuple[int, int]], by: Officer) -> dict[int, bytes]:
    orders = _locked(numbers, by)
    for finance_id in {order.finance_id for order in orders}:
        pipe.check(pipe.ORDER["send"], by, finance_id=finance_id)
    for order in orders:
        pipe.allowed(pipe.ORDER["seal"], OrderStage(order.stage))
    drafts = list(_drafts(orders))
    texts = delivery.keep(drafts)
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(stage=OrderStage.SEALED)
    facts = {
        order_ref(order): {"kind": draft.envelope.kind.value, "sha256": hashlib.sha256(draft.data).hexdigest()}
        for order, draft in zip(orders, drafts, strict=True)
    }
    ledger.record_many(verb="send_order", by=by, facts=facts)
    return texts


def _locked(numbers: Sequence[tuple[int, int]], by: Officer) -> list[Order]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM disclosures_order WHERE (year, number) IN"
            " (SELECT * FROM unnest(%s::smallint[], %s::bigint[])) ORDER BY id FOR NO KEY UPDATE",
            [[year for year, _number in numbers], [number for _year, number in numbers]],
        )
        ids = [row[0] for row in cursor.fetchall()]
    orders = list(Order.objects.visible_to(by).filter(pk__in=ids).order_by("pk"))
    if len(orders) != len(numbers):
        raise Absent("absent", _("没有找到这张支付凭证，请核对凭证号。"), field="order")
    return orders


def _drafts(orders: Sequence[Order]) -> Iterator[delivery.Draft]:
    rows = _details([order.pk for order in orders])
    payees = {row.pk: row for row in Payee.objects.filter(pk__in={row["payee_id"] for row in rows})}
    numbers = {key: account_of(payee) for key, payee in payees.items()}
    payers = _payers(orders)
    codes = {row[name] for row in rows for name in ("function", "economic")}
    names = {year: delivery.heading_names(year, codes) for year in {order.year for order in orders}}
    found = {key: list(group) for key, group in groupby(rows, key=lambda row: row["order_id"])}
    for order in orders:
        common = _common(order, payers[order.finance_id, order.unit_id])
        details = [
            common.both
            | common.ties
            | _detail(row, names[order.year])
            | _payee(payees[row["payee_id"]], numbers[row["payee_id"]])
            for row in found[order.pk]
        ]
        head = common.both | {
            "Id": str(order.pk),
            "VouDate": vouchers.day(clocks.today()),
            "PayCount": str(order.count),
            "PayAmt": vouchers.yuan(order.amount_fen),
            "VoucherNo": common.envelope.number,
        }
        yield delivery.Draft(
            common.envelope, order.finance_id, order.bank_id, vouchers.build(common.envelope, head, details)
        )


def _details(order_ids: list[int]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_DETAILS, [order_ids])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _payers(orders: Sequence[Order]) -> dict[tuple[int, int | None], dict[str, str]]:
    """The account each order is paid from, as a voucher writes it."""
    units = {order.unit_id for order in orders}
    rows = Account.objects.filter(finance_id__in={order.finance_id for order in orders}, closed_on=None)
    return {
        (row.finance_id, row.unit_id): delivery.payer(directory.unit(row.finance_id), row, number_of(row))
        for row in rows
        if row.unit_id in units
    }


@dataclass(frozen=True, slots=True)
class _Common:
    """What every detail of an order shares."""

    envelope: vouchers.Envelope
    both: dict[str, str]  # in the head and in each detail
    ties: dict[str, str]  # in each detail: to which order it belongs


def _common(order: Order, payer: Mapping[str, str]) -> _Common:
    ref, mode = order_ref(order), PayMode(order.mode)
    both = {
        **payer,
        **settling.pair("PayType", settling.PAY_TYPES[mode]),
        **settling.pair("BusinessType", settling.SINGLE),
    }
    division = directory.unit(order.finance_id).region
    envelope = vouchers.Envelope(settling.order_kind(mode), division, order.year, ref)
    return _Common(envelope, both, {"VoucherBillId": str(order.pk), "VoucherBillNo": ref})


def _detail(row: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    ref = payment_ref(row["id"])
    return {
        "Id": ref,
        "VoucherNo": ref,
        **settling.pair("FundType", settling.FUND_TYPES[Fund(row["fund"])]),
        **settling.pair("BgtType", settling.CARRIED if row["carried"] else settling.CURRENT),
        **settling.pair("ProCat", settling.PROJECT if row["project"] else settling.BASIC),
        **settling.pair("MOFDep", ("", row["section"])),
        "FileNo": row["doc_no"],
        **settling.pair("SupDep", (row["department"] or "", delivery.unit_name(row["department_id"]))),
        **settling.pair("Agency", (row["agency"] or "", delivery.unit_name(row["unit_id"]))),
        **settling.levels("ExpFunc", row["function"], names[Scheme.FUNCTION], (3, 5, 7)),
        **settling.levels("ExpEco", row["economic"], names[Scheme.ECONOMIC], (3, 5)),
        **settling.pair("DepPro", ("", row["project"])),
        **settling.pair("SetMode", settling.SET_MODES[SettleMode(row["settle"])]),
        **settling.pair("PaySummary", ("", row["purpose"])),
        "PayAmt": vouchers.yuan(row["amount_fen"]),
    }


def _payee(payee: Payee, number: str) -> dict[str, str]:
    return {"PayeeAcctNo": number, "PayeeAcctName": payee.name, "PayeeAcctBankName": payee.bank}
