"""What the agent bank may fetch, what it has to do, and what it has sent: its door and its desk.

A cursor is the place of the last voucher seen; a bank keeps it and asks for what came after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.disclosures.models import Order, Voucher
from minxin.disclosures.models.settlement import text_of
from minxin.disclosures.reports import treasury_desk
from minxin.disclosures.reports.treasury_desk import OrderRow, VoucherRow
from minxin.disclosures.rules import settling, vouchers
from minxin.disclosures.rules.codes import OrderStage, VoucherKind
from minxin.kernel.errors import Absent

PAGE = 100
TASKS, LATEST, MOST_LINES = 50, 10, 200
ORDER_KINDS = (VoucherKind.DIRECT_ORDER, VoucherKind.AUTHORISED_ORDER)
NOTICE_KINDS = (VoucherKind.DIRECT_LIMIT, VoucherKind.AUTHORISED_LIMIT, VoucherKind.REFUND_NOTICE)


@dataclass(frozen=True, slots=True)
class Sent:
    """A voucher on its way to the bank, without its text."""

    kind: str
    year: int
    number: str
    sha256: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    """Vouchers sent, oldest first; the place of the last of them (or where the caller was); whether more wait."""

    vouchers: Sequence[Sent]
    cursor: str
    more: bool


def mail(officer: Officer, *, after: str = "") -> Mail:
    """1 query. What was sent to the officer's bank after that place."""
    rows = _mine(officer).filter(sent_at__isnull=False, pk__gt=int(after) if after.isdecimal() else 0).order_by("pk")
    found = list(rows.values_list("pk", "kind", "year", "number", "sha256", "sent_at")[: PAGE + 1])
    told = [Sent(kind, year, number, digest, at) for _key, kind, year, number, digest, at in found[:PAGE] if at]
    return Mail(told, str(found[:PAGE][-1][0]) if found else after, len(found) > PAGE)


def letter(officer: Officer, *, kind: str, year: int, number: str) -> bytes:
    """1 query. A voucher's text as it went out. Raises Absent for another bank's."""
    row = _mine(officer).filter(kind=kind, year=year, number=number).first()
    if row is None:
        raise Absent
    return text_of(row)


def _mine(officer: Officer) -> QuerySet[Voucher]:
    return Voucher.objects.visible_to(officer).filter(outgoing=True, bank_id__in=officer.unit_ids(Role.BANKER))


# ---- At the desk


@dataclass(frozen=True, slots=True)
class Task:
    """An order that waits for the bank, with the key of its voucher."""

    key: int | None
    kind: VoucherKind
    order: OrderRow


@dataclass(frozen=True, slots=True)
class Desk:
    """The agent bank's desk: what waits for it, what else it was told, what it has sent."""

    banks: Sequence[UnitRef]
    orders: int
    payments: int
    fen: int
    tasks: Sequence[Task]
    after: int | None
    notices: Sequence[VoucherRow]
    received: Sequence[VoucherRow]


def desk(by: Officer, *, after: int = 0) -> Desk:
    """5 queries. Orders that the officer's bank has to pay, oldest first; its last notices and receipts."""
    banks = by.unit_ids(Role.BANKER)
    waiting = Order.objects.visible_to(by).filter(bank_id__in=banks, stage__in=(OrderStage.SENT, OrderStage.SIGNED))
    sums = waiting.aggregate(orders=Count("pk"), payments=Sum("count"), fen=Sum("amount_fen"))
    rows = list(waiting.filter(pk__gt=after).order_by("pk")[: TASKS + 1])
    orders = [treasury_desk.order_row(row) for row in rows[:TASKS]]
    mine = _mine(by).defer("key", "body")
    keys = dict(mine.filter(kind__in=ORDER_KINDS, number__in=[row.ref for row in orders]).values_list("number", "pk"))
    notices = mine.filter(kind__in=NOTICE_KINDS, sent_at__isnull=False).order_by("-pk")[:LATEST]
    received = Voucher.objects.visible_to(by).filter(bank_id__in=banks, outgoing=False).defer("key", "body")
    return Desk(
        banks=sorted((directory.unit(key) for key in banks), key=lambda unit: unit.code),
        orders=sums["orders"],
        payments=sums["payments"] or 0,
        fen=sums["fen"] or 0,
        tasks=[Task(keys.get(row.ref), settling.order_kind(row.mode), row) for row in orders],
        after=orders[-1].key if len(rows) > TASKS else None,
        notices=[treasury_desk.voucher_row(row) for row in notices],
        received=[treasury_desk.voucher_row(row) for row in received.order_by("-pk")[:LATEST]],
    )


@dataclass(frozen=True, slots=True)
class Vouchers:
    """A page of vouchers, newest first."""

    rows: Sequence[VoucherRow]
    older: int | None


def vouchers_between(
    by: Officer, *, kind: str = "", outgoing: bool | None = None, before: int | None = None
) -> Vouchers:
    """1 query. All vouchers of this officer's bureau or bank."""
    rows = Voucher.objects.visible_to(by).defer("key", "body").order_by("-pk")
    if not by.unit_ids(Role.CASHIER, Role.BUDGET):
        rows = rows.exclude(outgoing=True, sent_at=None)  # what was not sent is not the bank's yet
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(outgoing=outgoing) if outgoing is not None else rows
    rows = rows.filter(pk__lt=before) if before is not None else rows
    found = [treasury_desk.voucher_row(row) for row in rows[: PAGE + 1]]
    return Vouchers(found[:PAGE], found[PAGE - 1].key if len(found) > PAGE else None)


@dataclass(frozen=True, slots=True)
class Line:
    """A detail of a voucher as a desk may read it: what it is about, who, how much, what was said of it."""

    ref: str
    who: str
    what: str
    fen: int
    on: date | None
    remark: str
    payment: bool  # whether `ref` is one of our payments


@dataclass(frozen=True, slots=True)
class VoucherPage:
    """A voucher in words, without any account; `order`: which order it is about; `mine`: whether its XML may be had."""

    row: VoucherRow
    bank: UnitRef
    finance: UnitRef
    size: int
    day: date | None
    fen: int
    order: str
    doc_no: str
    month: str
    lines: Sequence[Line]
    more: int
    mine: bool


def voucher_page(key: int, *, by: Officer) -> VoucherPage:
    """1 query. Raises Absent for a voucher of others."""
    row = _voucher(key, by)
    data = text_of(row)
    paper = vouchers.parse(data)
    head, kind = paper.head, VoucherKind(row.kind)
    form = vouchers.FORMS[kind]
    order = row.number if kind in ORDER_KINDS else head.get("VoucherBillNo", "")
    return VoucherPage(
        row=treasury_desk.voucher_row(row),
        bank=directory.unit(row.bank_id),
        finance=directory.unit(row.finance_id),
        size=len(data),
        day=vouchers.on(head, "VouDate"),
        fen=vouchers.fen(head, "XPayAmt" if head.get("XPayAmt") else form.total),
        order=order,
        doc_no=head.get("FileNo", ""),
        month=head.get("PlanMonth", ""),
        lines=[_line(kind, detail) for detail in paper.details[:MOST_LINES]],
        more=max(0, len(paper.details) - MOST_LINES),
        mine=row.bank_id in by.unit_ids(Role.BANKER),
    )


def voucher_file(key: int, *, by: Officer) -> tuple[str, bytes]:
    """1 query. Name and text of a voucher, for the bank alone: it holds account numbers."""
    row = _voucher(key, by)
    if row.bank_id not in by.unit_ids(Role.BANKER):
        raise Absent
    return f"{row.kind}-{row.number}.xml", text_of(row)


def _voucher(key: int, by: Officer) -> Voucher:
    row = Voucher.objects.visible_to(by).filter(pk=key).first()
    kept_back = row is not None and row.outgoing and row.sent_at is None and row.finance_id not in by.unit_ids()
    if row is None or kept_back:
        raise Absent
    return row


def _line(kind: VoucherKind, detail: Mapping[str, str]) -> Line:
    """What each kind says in its details; no field of an account is among them."""
    fen = vouchers.fen(detail, vouchers.FORMS[kind].amount)
    what: str | Promise = ""
    if kind in ORDER_KINDS:
        what = detail["PaySummaryName"]
    elif kind in {VoucherKind.DIRECT_LIMIT, VoucherKind.AUTHORISED_LIMIT}:
        what = f"{detail['ExpFuncCode']} {detail['ExpFuncName']}".strip()
    elif kind == VoucherKind.TRANSFER_RECEIPT:
        what = _("付出") if fen else _("没有付出")
    elif kind == VoucherKind.STATEMENT:
        what = _MOVEMENTS.get(detail["Kind"], detail["Kind"])
    return Line(
        ref=detail[_NAMED_BY.get(kind, "Id")],
        who=detail.get("PayeeAcctName") or detail.get("AgencyName", ""),
        what=str(what),
        fen=fen,
        on=vouchers.on(detail, "XPayDate"),
        remark=detail.get("XAddWord") or detail.get("Remark", ""),
        payment=kind in _OF_PAYMENTS,
    )


_MOVEMENTS: Mapping[str, Promise] = {
    settling.PAID: gettext_lazy("支付"),
    settling.BACK: gettext_lazy("退款"),
    settling.BALANCE: gettext_lazy("余额"),
}
_NAMED_BY: Mapping[VoucherKind, str] = {
    VoucherKind.REFUND_RECEIPT: "VoucherBillNo",
    VoucherKind.REFUND_NOTICE: "VoucherBillNo",
    VoucherKind.STATEMENT: "XAgentBusinessNo",
}
_OF_PAYMENTS = {*ORDER_KINDS, VoucherKind.TRANSFER_RECEIPT, VoucherKind.REFUND_RECEIPT, VoucherKind.REFUND_NOTICE}
