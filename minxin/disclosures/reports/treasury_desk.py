"""The payment centre's desk: payment orders by stage, day and bank, one order with its vouchers, one payment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory import rules as directory_rules
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.disclosures.models import (
    Account,
    Failure,
    Order,
    Payment,
    Reversal,
    Voucher,
)
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.models.payment import PER_YEAR, order_number, order_ref, payment_id, payment_ref, request_ref
from minxin.disclosures.models.settlement import number_of
from minxin.disclosures.reports import headings
from minxin.disclosures.reports.history import Step, happened
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import (
    OrderStage,
    PayeeKind,
    PaymentStage,
    PayMode,
    Scheme,
    SettleMode,
    VoucherKind,
)
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

SIZE, ROWS = 50, 100
TAIL = 4  # digits of an account that a desk may see
COLOURS: Mapping[str, str] = {
    OrderStage.GENERATED: "amber",
    OrderStage.SEALED: "amber",
    OrderStage.SENT: "grey",
    OrderStage.SIGNED: "grey",
    OrderStage.PAID: "amber",
    OrderStage.FAILED: "red",
    OrderStage.CLEARED: "green",
    OrderStage.RECONCILED: "green",
}
PAYMENT_COLOURS: Mapping[int, str] = {
    PaymentStage.PAID: "green",
    PaymentStage.CLEARED: "green",
    PaymentStage.RETURNED: "amber",
    PaymentStage.FAILED: "red",
}
ON_THE_WAY = (OrderStage.GENERATED, OrderStage.SEALED, OrderStage.SENT, OrderStage.SIGNED, OrderStage.PAID)
_ORDERS = (VoucherKind.DIRECT_ORDER, VoucherKind.AUTHORISED_ORDER)
_REVERSIBLE = {PaymentStage.PAID, PaymentStage.CLEARED}


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which orders: empty or None is any."""

    stage: str = ""
    on: date | None = None
    bank: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list; `payer` is the unit whose account pays, None for the finance bureau's own."""

    key: int
    ref: str
    payer: UnitRef | None
    bank: UnitRef
    finance: UnitRef
    mode: PayMode
    stage: OrderStage
    colour: str
    count: int
    fen: int
    ordered_at: datetime
    sent_at: datetime | None
    paid_at: datetime | None
    cleared_on: date | None


@dataclass(frozen=True, slots=True)
class Total:
    """How many orders, how many payments in them, how much."""

    orders: int
    payments: int
    fen: int


@dataclass(frozen=True, slots=True)
class Orders:
    """A page of orders, newest first; `total` of all that fit, where they are few enough to be counted."""

    rows: Sequence[OrderRow]
    older: int | None
    total: Total | None


def orders(by: Officer, narrow: Narrow, *, before: int | None = None) -> Orders:
    """1 query, 2 with a total. Orders this officer may see. Counted are those of one day, or of a stage on the way."""
    rows = _narrowed(_mine(by), narrow)
    counted = narrow.on is not None or narrow.stage in ON_THE_WAY
    total = _sum(rows) if counted else None
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = [order_row(row) for row in rows.order_by("-pk")[: SIZE + 1]]
    return Orders(found[:SIZE], found[SIZE - 1].key if len(found) > SIZE else None, total)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage on the way and what stands in it."""

    stage: OrderStage
    colour: str
    total: Total


def stages(by: Officer) -> list[Stage]:
    """1 query. What is on its way, in the order of the pipe; cleared and failed orders are history."""
    rows = _mine(by).filter(stage__in=ON_THE_WAY).values("stage").order_by()
    summed = rows.annotate(orders=Count("pk"), rows=Sum("count"), fen=Sum("amount_fen"))
    sums = {row["stage"]: Total(row["orders"], row["rows"], row["fen"]) for row in summed}
    return [Stage(stage, COLOURS[stage], sums.get(stage, Total(0, 0, 0))) for stage in ON_THE_WAY]


def banks(by: Officer) -> list[UnitRef]:
    """1 query. The agent banks of whom this officer may see accounts."""
    ids = Account.objects.visible_to(by).order_by().values_list("bank_id", flat=True).distinct()
    return sorted((directory.unit(key) for key in ids), key=lambda unit: unit.code)


# ---- One order


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment in an order; never with its account."""

    key: int
    ref: str
    unit: UnitRef
    line: str
    payee: str
    payee_kind: PayeeKind
    purpose: str
    fen: int
    returned_fen: int
    stage: PaymentStage
    colour: str


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A payment that the bank could not make, and why."""

    key: int
    ref: str
    order: str
    unit: UnitRef
    payee: str
    fen: int
    reason: str
    on: date


@dataclass(frozen=True, slots=True)
class RefundRow:
    """Money that came back; `cleared_on`: when it went back to the single account."""

    payment: str
    fen: int
    on: date
    reason: str
    bank_no: str
    cleared_on: date | None


@dataclass(frozen=True, slots=True)
class VoucherRow:
    """A voucher of an order; its text is not here."""

    key: int
    kind: VoucherKind
    number: str
    outgoing: bool
    at: datetime
    sent_at: datetime | None
    sha256: str


@dataclass(frozen=True, slots=True)
class OrderPage:
    """An order: where it stands, its payments from a place on, what failed and what came back, its vouchers."""

    row: OrderRow
    account: str
    tail: str
    next: str
    offers: frozenset[str]
    between: bool  # whether this officer may open its vouchers: they are the treasury's and its bank's
    payments: Sequence[PaymentRow]
    after: int | None
    failures: Sequence[FailureRow]
    refunds: Sequence[RefundRow]
    vouchers: Sequence[VoucherRow]
    history: Sequence[Step]


def order_page(ref: str, *, by: Officer, after: int = 0) -> OrderPage:
    """7 queries. Raises Absent when there is none or this officer may not see it."""
    found = order(ref, by=by)
    events = ledger.history(order_ref(found))
    owner = Q(unit_id=found.unit_id) if found.unit_id else Q(unit_id__isnull=True)
    account = Account.objects.filter(owner, finance_id=found.finance_id).order_by("-opened_on").first()
    payments = list(_of(found).filter(pk__gt=after).select_related("line", "payee").order_by("pk")[: ROWS + 1])
    failures = Failure.objects.filter(payment__in=_of(found)).select_related("payment__payee", "payment__order")
    refunds = Reversal.objects.filter(payment__in=_of(found)).order_by("pk")
    return OrderPage(
        row=order_row(found),
        account=account.name if account else "",
        tail=number_of(account)[-TAIL:] if account else "",
        next=_next(found, by),
        offers=_offers(found, by),
        between=found.finance_id in by.unit_ids() or found.bank_id in by.unit_ids(Role.BANKER),
        payments=[_payment(row) for row in payments[:ROWS]],
        after=payments[ROWS - 1].pk if len(payments) > ROWS else None,
        failures=[_failure(row) for row in failures.order_by("payment_id")],
        refunds=[_refund(row) for row in refunds],
        vouchers=_vouchers(found, [event.facts.get("voucher") for event in events]),
        history=happened(events, lambda event: _said(event.facts)),
    )


def order(ref: str, *, by: Officer) -> Order:
    """1 query. Raises Absent for what this officer may not see."""
    try:
        year, number = order_number(ref)
    except Refused as refusal:
        raise Absent(sentence=refusal.sentence) from refusal
    found = Order.objects.visible_to(by).filter(year=year, number=number).first()
    if found is None:
        raise Absent
    return found


@dataclass(frozen=True, slots=True)
class Failures:
    """A page of what the bank could not pay, newest first."""

    rows: Sequence[FailureRow]
    older: int | None


def failures(by: Officer, *, before: int | None = None) -> Failures:
    """1 query. Payments of this officer's units, bureau or bank that could not be made."""
    rows = Failure.objects.visible_to(by)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    told = rows.select_related("payment__payee", "payment__order").order_by("-pk")[: SIZE + 1]
    found = [_failure(row) for row in told]
    return Failures(found[:SIZE], found[SIZE - 1].key if len(found) > SIZE else None)


# ---- One payment


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """A payment with its joints, why it failed, what came back, and whether a refund may be registered here."""

    row: PaymentRow
    year: int
    request: str
    request_seen: bool  # whether this officer may open the request's page: a bank may not
    order: OrderRow | None
    order_seen: bool  # whether this officer may open the order's page
    contract: str
    function: str
    economic: str
    mode: PayMode
    settle: SettleMode
    bank_no: str
    external_id: str
    failure: FailureRow | None
    refunds: Sequence[RefundRow]
    left_fen: int
    reversible: bool
    may_refund: bool
    history: Sequence[Step]


def payment_page(ref: str, *, by: Officer) -> PaymentPage:
    """3 queries, and those of the headings. Raises Absent for a payment of nobody this officer may see."""
    try:
        key = payment_id(ref)
    except Refused as refusal:
        raise Absent(sentence=refusal.sentence) from refusal
    seen = Payment.objects.visible_to(by) | Payment.objects.filter(order__bank_id__in=by.unit_ids(Role.BANKER))
    found = seen.filter(pk=key).select_related("line", "payee", "commitment", "order", "request").first()
    if found is None:
        raise Absent
    failed = Failure.objects.filter(payment=found).select_related("payment__payee", "payment__order").first()
    refunds = [_refund(row) for row in Reversal.objects.filter(payment=found).order_by("on", "pk")]
    bank_id = found.order.bank_id if found.order else 0
    reversible = found.stage in _REVERSIBLE and found.recorded_to is None
    bank_no = found.bank_no if by.unit_ids(Role.CASHIER, Role.BANKER) & {found.finance_id, bank_id} else ""
    return PaymentPage(
        row=_payment(found),
        year=found.year,
        request=request_ref(found.request) if found.request else found.request_no,
        request_seen=found.request is not None and _within(found.unit_id, found.finance_id, by),
        order=order_row(found.order) if found.order else None,
        order_seen=found.order is not None and _seen(found.order, by),
        contract=found.commitment.contract_no if found.commitment else "",
        function=headings.name(Scheme.FUNCTION, found.function, found.year),
        economic=headings.name(Scheme.ECONOMIC, found.economic, found.year),
        mode=PayMode(found.mode),
        settle=SettleMode(found.settle),
        bank_no=bank_no,
        external_id=found.external_id,
        failure=_failure(failed) if failed else None,
        refunds=refunds,
        left_fen=found.amount_fen - found.returned_fen,
        reversible=reversible,
        may_refund=reversible and pipe.may(pipe.PAYMENT["reverse"], by, bank_id=bank_id),
        history=_joints(found, failed),
    )


# ---- Inside


def _mine(by: Officer) -> QuerySet[Order]:
    """What this officer may see; of a payment centre and of a bank by the key that their indices begin with."""
    rows = Order.objects.visible_to(by)
    if by.has(Role.CASHIER, Role.BUDGET):
        return rows.filter(finance_id__in=by.unit_ids(Role.CASHIER, Role.BUDGET))
    return rows.filter(bank_id__in=by.unit_ids(Role.BANKER)) if by.has(Role.BANKER) else rows


def _sum(rows: QuerySet[Order]) -> Total:
    found = rows.order_by().aggregate(orders=Count("pk"), payments=Sum("count"), fen=Sum("amount_fen"))
    return Total(found["orders"], found["payments"] or 0, found["fen"] or 0)


def _narrowed(rows: QuerySet[Order], narrow: Narrow) -> QuerySet[Order]:
    if narrow.stage:
        rows = rows.filter(stage=narrow.stage)
    if narrow.on:
        begin = datetime.combine(narrow.on, time(), clocks.ZONE)
        rows = rows.filter(ordered_at__gte=begin, ordered_at__lt=begin + timedelta(days=1))
    if narrow.bank:
        rows = rows.filter(bank_id=directory.unit(narrow.bank).id)
    if narrow.unit:
        rows = rows.filter(unit_id__in=[unit.id for unit in directory.search_units(narrow.unit, limit=400)])
    return rows


def order_row(row: Order) -> OrderRow:
    """An order as lists show it."""
    return OrderRow(
        key=row.pk,
        ref=order_ref(row),
        payer=directory.unit(row.unit_id) if row.unit_id else None,
        bank=directory.unit(row.bank_id),
        finance=directory.unit(row.finance_id),
        mode=PayMode(row.mode),
        stage=OrderStage(row.stage),
        colour=COLOURS[row.stage],
        count=row.count,
        fen=row.amount_fen,
        ordered_at=row.ordered_at,
        sent_at=row.sent_at,
        paid_at=row.paid_at,
        cleared_on=row.cleared_on,
    )


def _seen(found: Order, by: Officer) -> bool:
    """As Order.visible_to says, for one at hand."""
    return _within(found.unit_id, found.finance_id, by) or found.bank_id in by.unit_ids(Role.BANKER)


def _within(unit_id: int | None, finance_id: int, by: Officer) -> bool:
    if finance_id in by.unit_ids():
        return True
    return unit_id is not None and directory_rules.sees(by, directory.unit(unit_id).path)


def _of(found: Order) -> QuerySet[Payment]:
    """Its payments, in the part of its year."""
    first = found.year * PER_YEAR
    return Payment.objects.filter(order=found, pk__gte=first, pk__lt=first + PER_YEAR)


def _payment(row: Payment) -> PaymentRow:
    return PaymentRow(
        key=row.pk,
        ref=payment_ref(row.pk),
        unit=directory.unit(row.unit_id),
        line=ref_of(row.line),
        payee=row.payee.name,
        payee_kind=PayeeKind(row.payee_kind),
        purpose=row.purpose,
        fen=row.amount_fen,
        returned_fen=row.returned_fen,
        stage=PaymentStage(row.stage),
        colour=PAYMENT_COLOURS.get(row.stage, "grey"),
    )


def _failure(row: Failure) -> FailureRow:
    payment = row.payment
    return FailureRow(
        key=row.pk,
        ref=payment_ref(payment.pk),
        order=order_ref(payment.order) if payment.order else payment.order_no,
        unit=directory.unit(payment.unit_id),
        payee=payment.payee.name,
        fen=payment.amount_fen,
        reason=row.reason,
        on=row.on,
    )


def _refund(row: Reversal) -> RefundRow:
    return RefundRow(payment_ref(row.payment_id), row.amount_fen, row.on, row.reason, row.bank_no, row.cleared_on)


def _vouchers(found: Order, receipts: Sequence[Any]) -> list[VoucherRow]:
    """The order itself as it went out and was signed for; the receipts that its record names."""
    numbers = [number for number in receipts if isinstance(number, str)]
    rows = Voucher.objects.filter(bank_id=found.bank_id, finance_id=found.finance_id).filter(
        Q(kind__in=_ORDERS, year=found.year, number=order_ref(found))
        | Q(kind=VoucherKind.TRANSFER_RECEIPT, outgoing=False, number__in=numbers, at__gte=found.ordered_at)
    )
    return [voucher_row(row) for row in rows.defer("key", "body").order_by("pk")]


def voucher_row(row: Voucher) -> VoucherRow:
    """A voucher without its text."""
    return VoucherRow(row.pk, VoucherKind(row.kind), row.number, row.outgoing, row.at, row.sent_at, row.sha256)


def _offers(found: Order, by: Officer) -> frozenset[str]:
    """What rules.pipe.ORDER lets this officer do with it now: `seal` and send it, `send` what was sealed, `sign`."""
    verbs = {verb: pipe.ORDER[verb] for verb in ("seal", "send", "sign")}
    return frozenset(
        verb
        for verb, move in verbs.items()
        if found.stage in move.sources and pipe.may(move, by, finance_id=found.finance_id, bank_id=found.bank_id)
    )


def _next(found: Order, by: Officer) -> str:
    """Who has to do what, in the words of whoever looks."""
    banker = found.bank_id in by.unit_ids(Role.BANKER)
    waits = {
        OrderStage.GENERATED: _("还没有发往银行，由支付中心签章并发送。"),
        OrderStage.SEALED: _("已签章，银行的接口暂时接不上。系统每分钟再送一次，也可以现在再送。"),
        OrderStage.SENT: _("请下载凭证办理，付款后上传支付回单。") if banker else _("等银行签收、付款。"),
        OrderStage.SIGNED: _("请付清其余明细，上传支付回单。")
        if banker
        else _("银行已签收或只答复了一部分，等其余的回单。"),
        OrderStage.PAID: _("银行已全部答复，等日终清算。"),
        OrderStage.FAILED: _("银行一笔也没有付出，额度已退回指标。单位改正后重新申请。"),
        OrderStage.CLEARED: _("已和国库单一账户清算，等与银行对账。"),
        OrderStage.RECONCILED: _("已和银行对账，全部办完。"),
    }
    return waits[OrderStage(found.stage)]


def _said(facts: Mapping[str, Any]) -> str:
    """The numbers of an event in words."""
    if "paid" in facts:
        sentence = _("回单 %(voucher)s：付出 %(paid)s 笔，没有付出 %(failed)s 笔。")
        return sentence % {name: facts.get(name, "") for name in ("voucher", "paid", "failed")}
    return _("%(rows)s 笔。") % {"rows": facts["rows"]} if "rows" in facts else ""


def _joints(found: Payment, failed: Failure | None) -> list[Step]:
    """The dates of a payment, in the order of the pipe; the first that is missing is what is waited for."""
    passed = [
        (_("支付申请"), found.requested_on),
        (_("单位复核"), found.unit_reviewed_on),
        (_("业务科室审核"), found.section_reviewed_on),
        (_("支付中心审核"), found.approved_on),
        (_("开支付凭证"), found.ordered_on),
        (_("银行支付"), found.paid_on),
        (_("清算"), found.cleared_on),
    ]
    steps = [Step(title, "", day, "", "done") for title, day in passed if day]
    if failed:
        return [*steps, Step(_("支付失败"), "", failed.on, failed.reason, "late")]
    if found.stage == PaymentStage.VOID:
        return [*steps, Step(_("未通过"), "", None, "", "late")]
    if found.returned_on:
        steps.append(Step(_("退款"), "", found.returned_on, "", "done"))
    waiting = [title for title, day in passed if not day][:1] if found.stage < PaymentStage.CLEARED else []
    return [*steps, *(Step(title, "", None, "", "now") for title in waiting)]
