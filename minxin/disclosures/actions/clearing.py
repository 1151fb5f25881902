"""A day's end: what the bank advanced is cleared against the single account, and its statement is compared.

The truth is in the payments and reversals that are not yet cleared; a `Clearing` is the act that took them to zero.
What arrives late joins the next act as its opening balance.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from minxin.directory import reports as directory
from minxin.directory.rules import SYSTEM, Officer, UnitRef
from minxin.disclosures.actions import arrivals, delivery, differences
from minxin.disclosures.actions.arrivals import Arrival, Received
from minxin.disclosures.actions.differences import Found
from minxin.disclosures.models import Account, Clearing
from minxin.disclosures.models.payment import payment_ref
from minxin.disclosures.models.settlement import number_of
from minxin.disclosures.rules import pipe, settling, vouchers
from minxin.disclosures.rules.codes import DifferenceKind, Scheme, VoucherKind
from minxin.disclosures.rules.settling import Movement
from minxin.kernel import clocks, refs
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

_HOLD = """
SELECT id FROM disclosures_order WHERE finance_id = %s AND stage IN ('signed', 'paid') ORDER BY id FOR NO KEY UPDATE
"""
_CLEAR = """
WITH paid AS (
    UPDATE disclosures_payment p SET cleared_on = %(on)s, stage = CASE WHEN p.stage = 4 THEN 5 ELSE p.stage END
    FROM disclosures_order o
    WHERE o.id = ANY(%(orders)s) AND p.order_id = o.id AND p.stage IN (4, 6) AND p.cleared_on IS NULL
      AND p.paid_on <= %(on)s
    RETURNING o.bank_id, o.unit_id, p.amount_fen AS fen, p.paid_on AS day
), back AS (
    UPDATE disclosures_reversal r SET cleared_on = %(on)s
    FROM disclosures_payment p JOIN disclosures_order o ON o.id = p.order_id
    WHERE p.id = r.payment_id AND o.finance_id = %(finance)s AND r.cleared_on IS NULL AND r.on <= %(on)s
      AND (p.order_id = ANY(%(orders)s) OR p.cleared_on IS NOT NULL)
    RETURNING r.id, o.bank_id, o.unit_id, -r.amount_fen AS fen, r.on AS day
), moved AS (
    SELECT bank_id, unit_id, fen, day FROM paid UNION ALL SELECT bank_id, unit_id, fen, day FROM back
), days AS (
    INSERT INTO disclosures_clearing AS c (finance_id, bank_id, unit_id, "on", opening_fen, advanced_fen, refunded_fen,
                                           cleared_fen, closed_at)
    SELECT %(finance)s, bank_id, unit_id, %(on)s, coalesce(sum(fen) FILTER (WHERE day < %(on)s), 0),
           coalesce(sum(fen) FILTER (WHERE day = %(on)s AND fen > 0), 0),
           coalesce(-sum(fen) FILTER (WHERE day = %(on)s AND fen < 0), 0), sum(fen), %(now)s
    FROM moved GROUP BY bank_id, unit_id
    ON CONFLICT ON CONSTRAINT clearing_once_a_day DO UPDATE
    SET opening_fen = c.opening_fen + excluded.opening_fen, advanced_fen = c.advanced_fen + excluded.advanced_fen,
        refunded_fen = c.refunded_fen + excluded.refunded_fen, cleared_fen = c.cleared_fen + excluded.cleared_fen,
        closed_at = excluded.closed_at
    RETURNING c.id
)
SELECT (SELECT count(*) FROM days), coalesce((SELECT sum(fen)::bigint FROM moved), 0), (SELECT count(*) FROM paid),
       coalesce((SELECT array_agg(id) FROM back), '{}')
"""
_ORDERS = """
UPDATE disclosures_order o SET stage = 'cleared', cleared_on = %s
WHERE o.id = ANY(%s) AND o.stage = 'paid' AND NOT EXISTS (
    SELECT 1 FROM disclosures_payment p
    WHERE p.order_id = o.id AND (p.stage = 3 OR p.stage IN (4, 6) AND p.cleared_on IS NULL)
)
"""
_REFUNDS = """
SELECT r.id, r.amount_fen, r.on, r.bank_no, r.reason, p.id AS payment, p.year, p.unit_id, p.function,
       p.economic, o.bank_id, o.unit_id AS payer, coalesce(b.code, '') AS agency
FROM disclosures_reversal r
JOIN disclosures_payment p ON p.id = r.payment_id
JOIN disclosures_order o ON o.id = p.order_id
LEFT JOIN disclosures_budgetunit b ON b.unit_id = p.unit_id
WHERE r.id = ANY(%s) ORDER BY o.bank_id, o.unit_id NULLS FIRST, p.year, r.id
"""
_OPEN = """
SELECT o.finance_id, o.bank_id, o.unit_id, sum(m.fen)::bigint
FROM (
    SELECT p.order_id, p.amount_fen AS fen
    FROM disclosures_order o JOIN disclosures_payment p ON p.order_id = o.id
    WHERE o.stage IN ('signed', 'paid') AND p.stage IN (4, 6) AND p.cleared_on IS NULL AND p.paid_on <= %(on)s
    UNION ALL
    SELECT p.order_id, -r.amount_fen FROM disclosures_reversal r JOIN disclosures_payment p ON p.id = r.payment_id
    WHERE r.cleared_on IS NULL AND r.on <= %(on)s
) m JOIN disclosures_order o ON o.id = m.order_id
WHERE %(finance)s::bigint IS NULL OR o.finance_id = %(finance)s
GROUP BY 1, 2, 3 HAVING sum(m.fen) <> 0
"""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a day's clearing did: accounts that moved, payments cleared, fen taken from the single account (net)."""

    accounts: int
    payments: int
    fen: int


def clear(*, finance: str, on: date, by: Officer) -> Cleared:
    """日终清算: every account of the finance bureau back to zero for that day; a second time clears what came since.

    Refunds that went back are told to the bank (2203). Raises Refused for a day to come, or before one already cleared.
    """
    bureau = directory.unit(finance)
    pipe.check(pipe.SETTLING["clear_day"], by, finance_id=bureau.id)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM disclosures_account WHERE finance_id = %s ORDER BY id FOR UPDATE", [bureau.id])
        _check_day(bureau, on)
        cursor.execute(_HOLD, [bureau.id])
        orders = [row[0] for row in cursor.fetchall()]
        cursor.execute(_CLEAR, {"finance": bureau.id, "on": on, "orders": orders, "now": clocks.now()})
        accounts, fen, payments, reversals = cursor.fetchone()
        cursor.execute(_ORDERS, [on, orders])
        texts = delivery.keep(_notices(bureau, reversals)) if reversals else {}
        if accounts:
            facts = {"on": on, "accounts": accounts, "payments": payments, "fen": fen}
            ledger.record(stream=f"unit:{bureau.code}", verb="clear_day", by=by, facts=facts)
    if texts:
        delivery.deliver(texts)
    return Cleared(accounts, payments, fen)


def _check_day(bureau: UnitRef, on: date) -> None:
    if on > clocks.today():
        raise Refused("invalid", _("还没有到这一天，不能清算。"), field="on")
    later = Clearing.objects.filter(finance_id=bureau.id, on__gt=on).order_by("on").values_list("on", flat=True).first()
    if later:
        raise Refused("stage", _("%(day)s 已经清算过，之前的收支请并入当天清算。") % {"day": later}, field="on")


def _notices(bureau: UnitRef, reversals: Sequence[int]) -> list[delivery.Draft]:
    """直接支付退款通知书 (2203): which refunds went back to the single account with this clearing."""
    with connection.cursor() as cursor:
        cursor.execute(_REFUNDS, [list(reversals)])
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    accounts = {row.unit_id: row for row in Account.objects.filter(finance_id=bureau.id).order_by("id")}
    drafts = []
    for (payer, year), group in groupby(rows, key=lambda row: (row["payer"], row["year"])):
        found = list(group)
        for begin in range(0, len(found), settling.MOST_ROWS):
            drafts.append(_notice(bureau, accounts[payer], year, found[begin : begin + settling.MOST_ROWS]))
    return drafts


def _notice(bureau: UnitRef, account: Account, year: int, rows: Sequence[dict[str, Any]]) -> delivery.Draft:
    ref = refs.written("TK", year, refs.next_number("refundnotice", year))
    names = delivery.heading_names(year, {row[name] for row in rows for name in ("function", "economic")})
    head = delivery.payer(bureau, account, number_of(account)) | {
        "Id": ref,
        "VoucherNo": ref,
        "VouDate": vouchers.day(clocks.today()),
        "PayAmt": vouchers.yuan(sum(row["amount_fen"] for row in rows)),
    }
    details = [
        {
            "Id": f"{ref}/{place}",
            "VoucherBillNo": payment_ref(row["payment"]),
            **settling.pair("Agency", (row["agency"], delivery.unit_name(row["unit_id"]))),
            **settling.pair("ExpFunc", (row["function"], names[Scheme.FUNCTION].get(row["function"], ""))),
            **settling.pair("ExpEco", (row["economic"], names[Scheme.ECONOMIC].get(row["economic"], ""))),
            "PayAmt": vouchers.yuan(row["amount_fen"]),
            "XPayDate": vouchers.day(row["on"]),
            "XAgentBusinessNo": row["bank_no"],
            "Remark": row["reason"],
        }
        for place, row in enumerate(rows, 1)
    ]
    envelope = vouchers.Envelope(VoucherKind.REFUND_NOTICE, bureau.region, year, ref)
    return delivery.Draft(envelope, bureau.id, account.bank_id, vouchers.build(envelope, head, details))


# ---- Zero every night


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account still held at a day's end: advanced and not cleared (below zero: come back and not passed on)."""

    finance_id: int
    bank_id: int
    unit_id: int | None
    fen: int


def balances(on: date, *, finance: str = "") -> list[Balance]:
    """The accounts that were not at zero at that day's end, by what is known now; none is as it should be."""
    bureau = directory.unit(finance).id if finance else None
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"on": on, "finance": bureau})
        return [Balance(*row) for row in cursor.fetchall()]


@app.periodic(cron="40 15 * * *")  # UTC: 23:40 in Beijing
@app.task(name="disclosures.clear_days", queueing_lock="disclosures.clear_days")
def clear_all(timestamp: int = 0) -> int:
    """Every day's end: whatever the payment centres have not cleared themselves; in how many accounts."""
    bureaus = sorted({row.finance_id for row in balances(clocks.today())})
    return sum(clear(finance=directory.unit(key).code, on=clocks.today(), by=SYSTEM).accounts for key in bureaus)


@app.periodic(cron="10 16 * * *")  # UTC: 00:10 in Beijing
@app.task(name="disclosures.check_zero", queueing_lock="disclosures.check_zero")
def check_zero(timestamp: int = 0) -> int:
    """Every night: an account that was not at zero when the day ended is opened as a difference; how many."""
    yesterday = clocks.today() - timedelta(days=1)
    found = balances(yesterday)
    with transaction.atomic():
        for row in found:
            owner = directory.unit(row.unit_id or row.finance_id).code
            difference = Found(DifferenceKind.BALANCE, owner, row.fen, 0)
            differences.open_all([difference], finance_id=row.finance_id, bank_id=row.bank_id, on=yesterday)
    return len(found)


# ---- The bank's statement of the day

_COMPARE = """
WITH ours AS (
    SELECT kind, reference, sum(fen)::bigint AS fen FROM (
        SELECT '1' AS kind, p.bank_no AS reference, p.amount_fen AS fen
        FROM disclosures_payment p JOIN disclosures_order o ON o.id = p.order_id
        WHERE p.unit_id IN (SELECT unit_id FROM disclosures_budgetunit WHERE finance_id = %(finance)s)
          AND p.paid_on = %(on)s AND p.stage IN (4, 5, 6) AND o.finance_id = %(finance)s AND o.bank_id = %(bank)s
        UNION ALL
        SELECT '2', r.bank_no, r.amount_fen
        FROM disclosures_reversal r
        JOIN disclosures_payment p ON p.id = r.payment_id JOIN disclosures_order o ON o.id = p.order_id
        WHERE r.on = %(on)s AND o.finance_id = %(finance)s AND o.bank_id = %(bank)s
    ) m GROUP BY 1, 2
), theirs AS (
    SELECT kind, reference, sum(fen)::bigint AS fen
    FROM unnest(%(kinds)s::text[], %(references)s::text[], %(fen)s::bigint[]) AS t (kind, reference, fen)
    GROUP BY 1, 2
)
SELECT kind, reference, coalesce(ours.fen, 0), coalesce(theirs.fen, 0)
FROM ours FULL JOIN theirs USING (kind, reference)
"""
_SETTLED = """
UPDATE disclosures_difference SET settled_at = %(now)s, resolution = %(words)s
WHERE finance_id = %(finance)s AND bank_id = %(bank)s AND "on" = %(on)s AND settled_at IS NULL
  AND (kind IN ('missing_here', 'missing_at_bank') OR kind = 'amount' AND reference = ANY(%(agreed)s))
  AND NOT EXISTS (
      SELECT 1 FROM unnest(%(kinds)s::text[], %(references)s::text[]) AS f (kind, reference)
      WHERE f.kind = disclosures_difference.kind AND f.reference = disclosures_difference.reference
  )
"""
_RECONCILED = """
WITH today AS (
    UPDATE disclosures_clearing SET reconciled_at = %(now)s
    WHERE finance_id = %(finance)s AND bank_id = %(bank)s AND "on" = %(on)s
), agreed AS (
    SELECT DISTINCT p.order_id
    FROM disclosures_payment p
    WHERE p.unit_id IN (SELECT unit_id FROM disclosures_budgetunit WHERE finance_id = %(finance)s)
      AND p.paid_on = %(on)s AND p.bank_no = ANY(%(agreed)s) AND p.order_id IS NOT NULL
)
UPDATE disclosures_order o SET stage = 'reconciled'
FROM agreed
WHERE o.id = agreed.order_id AND o.finance_id = %(finance)s AND o.bank_id = %(bank)s AND o.stage = 'cleared'
  AND NOT EXISTS (
    SELECT 1 FROM disclosures_payment p
    WHERE p.order_id = o.id AND p.stage IN (4, 5, 6) AND (
        p.paid_on = %(on)s AND p.bank_no <> ALL(%(agreed)s)
        OR p.paid_on <> %(on)s AND NOT EXISTS (
            SELECT 1 FROM disclosures_clearing c
            WHERE c.finance_id = o.finance_id AND c.bank_id = o.bank_id AND c.unit_id IS NOT DISTINCT FROM o.unit_id
              AND c.on = p.paid_on AND c.reconciled_at IS NOT NULL)
        OR EXISTS (
            SELECT 1 FROM disclosures_difference d
            WHERE d.finance_id = o.finance_id AND d.bank_id = o.bank_id AND d.on = p.paid_on
              AND d.settled_at IS NULL AND d.reference = p.bank_no)
    )
  )
"""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a comparison found: movements on both sides alike, what is open as work, orders that are through."""

    agreed: int
    differences: int
    orders: int


def reconcile(*, finance: str, on: date, statement: bytes, bank: str = "", by: Officer) -> Reconciled:
    """与银行对账: the bank's statement of a day (CSV, or XML 3502) against our books; what does not agree is opened.

    Compared anew, what agrees now is settled by itself. With one agent bank `bank` need not be said. Raises Refused
    for a statement that cannot be read, or of another day.
    """
    bureau = directory.unit(finance)
    pipe.check(pipe.SETTLING["reconcile"], by, finance_id=bureau.id)
    bank_id = directory.unit(bank).id if bank else _only_bank(bureau)
    if statement.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        paper = vouchers.parse(statement)
        if paper.envelope.kind != VoucherKind.STATEMENT or vouchers.on(paper.head, "VouDate") != on:
            raise Refused("statement_day", _("这不是 %(day)s 的对账单，请核对。") % {"day": on}, field="statement")
        movements = settling.read_statement(paper)
        envelope = paper.envelope
    else:
        movements = settling.read_csv(statement)
        number = f"CSV-{on:%Y%m%d}-{hashlib.sha256(statement).hexdigest()[:12]}"
        envelope = vouchers.Envelope(VoucherKind.STATEMENT, bureau.region, on.year, number)
    with transaction.atomic():
        head = {"AllAmt": vouchers.yuan(sum(row.fen for row in movements))}
        arrival = Arrival(vouchers.Paper(envelope, head, ()), statement, None, by)
        arrivals.keep(arrival, finance_id=bureau.id, bank_id=bank_id)
        return _reconcile(bureau, bank_id, on, movements, by)


def stated(arrival: Arrival) -> Received:
    """对账单 (3502) as the bank sends it by itself at its day's end."""
    day = vouchers.on(arrival.paper.head, "VouDate")
    assert day is not None
    movements = settling.read_statement(arrival.paper)
    bureau, bank_id = _parties(arrival)
    if not arrivals.keep(arrival, finance_id=bureau.id, bank_id=bank_id):
        return replace(arrival.nothing, again=True)
    done = _reconcile(bureau, bank_id, day, movements, arrival.by)
    return replace(arrival.nothing, agreed=done.agreed, differences=done.differences)


def _parties(arrival: Arrival) -> tuple[UnitRef, int]:
    """Whose statement it is: the finance bureau of that division with accounts at that bank."""
    banks = Account.objects.all() if arrival.banks is None else Account.objects.filter(bank_id__in=arrival.banks)
    pairs = set(banks.values_list("finance_id", "bank_id"))
    division = arrival.paper.envelope.division
    found = [(directory.unit(key), bank) for key, bank in pairs if directory.unit(key).region == division]
    found = [pair for pair in found if directory.unit(pair[1]).code == arrival.paper.head["PayBankCode"]] or found
    if len(found) != 1:
        raise Absent("absent", _("没有找到这张对账单的财政部门和银行，请核对 AdmDivCode 和 PayBankCode。"))
    return found[0]


def _only_bank(bureau: UnitRef) -> int:
    banks = set(Account.objects.filter(finance_id=bureau.id).values_list("bank_id", flat=True))
    if len(banks) != 1:
        raise Refused("bank", _("请选择这是哪家代理银行的对账单。"), field="bank")
    return int(banks.pop())


def _reconcile(bureau: UnitRef, bank_id: int, on: date, movements: Sequence[Movement], by: Officer) -> Reconciled:
    values: dict[str, Any] = {"finance": bureau.id, "bank": bank_id, "on": on, "now": clocks.now()}
    moved = [row for row in movements if row.kind != settling.BALANCE]
    lists = {
        "kinds": [row.kind for row in moved],
        "references": [row.reference for row in moved],
        "fen": [row.fen for row in moved],
    }
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, values | lists)
        rows = cursor.fetchall()
        found = [_found(*row) for row in rows if row[2] != row[3]]
        found += [Found(DifferenceKind.BALANCE, m.reference, 0, m.fen) for m in movements if _left_over(m)]
        values |= {
            "kinds": [row.kind.value for row in found],
            "references": [row.reference for row in found],
            "agreed": [row[1] for row in rows if row[2] == row[3]],
            "words": settling.AGREED_NOW,
        }
        cursor.execute(_SETTLED, values)
        differences.open_all(found, finance_id=bureau.id, bank_id=bank_id, on=on)
        cursor.execute(_RECONCILED, values)
        orders = cursor.rowcount
    facts = {"on": on, "agreed": len(rows) - sum(row[2] != row[3] for row in rows), "differences": len(found)}
    ledger.record(stream=f"unit:{bureau.code}", verb="reconcile", by=by, facts=facts)
    return Reconciled(facts["agreed"], len(found), orders)


def _left_over(movement: Movement) -> bool:
    """A balance that the bank tells at the day's end and that is not zero."""
    return movement.kind == settling.BALANCE and movement.fen != 0


def _found(_kind: str, reference: str, ours: int, theirs: int) -> Found:
    if not theirs:
        return Found(DifferenceKind.MISSING_AT_BANK, reference, ours, 0)
    if not ours:
        return Found(DifferenceKind.MISSING_HERE, reference, 0, theirs)
    return Found(DifferenceKind.AMOUNT, reference, ours, theirs)
