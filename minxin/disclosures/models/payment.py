"""The pipe's middle: payees, requests and their reviews, payments, the orders to the bank, money that came back."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast

from minxin.directory.rules import Role
from minxin.disclosures.models.line import _within
from minxin.disclosures.rules.codes import (
    Decision,
    OrderStage,
    PayeeKind,
    PaymentStage,
    PayMode,
    RequestStage,
    SettleMode,
    Step,
)
from minxin.kernel import refs, sealing

if TYPE_CHECKING:
    from minxin.directory.rules import Officer

PER_YEAR = 10**9  # Payment.id = year * PER_YEAR + number, so that a table in yearly parts needs no second key


class Payee(models.Model):
    """Somebody a unit pays (收款人). The account is sealed; a natural person's name is never told outside the desk."""

    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")  # whose register it is in
    kind = models.CharField(max_length=12, choices=PayeeKind.choices)
    name = models.CharField(max_length=120)
    uscc = models.CharField(max_length=18, blank=True)
    bank = models.CharField(max_length=80, blank=True)
    key = models.BinaryField(max_length=80, null=True, blank=True)  # wrapped, see kernel.sealing
    account = models.BinaryField(max_length=120, null=True, blank=True)  # sealed
    mark = models.CharField(max_length=64)  # keyed fingerprint of name and account: the same payee again

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "mark"], name="payee_once"),
            models.CheckConstraint(condition=Q(kind__in=PayeeKind.values), name="payee_kind_known"),
        ]

    def __str__(self) -> str:
        return self.mark[:8]


def seal_context(unit_id: int, mark: str) -> str:
    """What a payee's account is bound to when it is sealed: it opens in no other row."""
    return f"payee {unit_id} {mark}"


def account_of(payee: Payee) -> str:
    """The account in plain text, for the voucher that goes to the bank; empty for cash."""
    if not payee.key or not payee.account:
        return ""
    return sealing.unseal(bytes(payee.key), bytes(payee.account), seal_context(payee.unit_id, payee.mark)).decode()


class RequestQuerySet(models.QuerySet["Request"]):
    """Requests are the desk's."""

    def visible_to(self, officer: "Officer") -> "RequestQuerySet":
        """Those of the officer's units and below; of all its units to a finance bureau."""
        return self.filter(_within(officer))


class Request(models.Model):
    """A payment request (支付申请): some payments of one unit, reviewed together."""

    year = models.PositiveSmallIntegerField()  # with `number` the ref SQ{year}-{number}
    number = models.BigIntegerField()
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    section = models.CharField(max_length=40)  # 业务科室 that reviews it
    mode = models.CharField(max_length=10, choices=PayMode.choices)
    external_id = models.CharField(max_length=100, blank=True)
    stage = models.CharField(max_length=16, choices=RequestStage.choices)
    round = models.PositiveSmallIntegerField(default=1)  # grows when it was returned and handed in again
    count = models.PositiveIntegerField()
    amount_fen = models.BigIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 of its rows in order: what every review signs
    maker_id = models.BigIntegerField(null=True)  # the person who asked (制单): reviews nothing of it; null: a system
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="request_ref_once"),
            models.UniqueConstraint(
                fields=["unit", "external_id"], condition=~Q(external_id=""), name="request_external_once"
            ),
            models.CheckConstraint(condition=Q(stage__in=RequestStage.values), name="request_stage_known"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0, count__gt=0), name="request_asks_for_something"),
        ]
        indexes = [
            models.Index(fields=["finance", "stage", "id"], name="request_queue"),
            models.Index(fields=["unit", "stage", "-id"], name="request_of_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.number}"


def request_ref(request: Request) -> str:
    """`SQ2006-0000123-8`."""
    return refs.written("SQ", request.year, request.number)


class Approval(models.Model):
    """One review of a request, by one officer, of exactly the rows with that digest."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="approvals")
    round = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=8, choices=Step.choices)
    person_id = models.BigIntegerField(null=True)  # never shown; null: the system of another treasury
    office = models.CharField(max_length=100)
    decision = models.CharField(max_length=8, choices=Decision.choices)
    reason = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "round", "step"], name="approval_once_per_step"),
            models.UniqueConstraint(fields=["request", "round", "person_id"], name="approval_by_distinct_officers"),
            models.CheckConstraint(condition=~Q(decision="return") | ~Q(reason=""), name="approval_return_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.decision}"


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders are the desk's."""

    def visible_to(self, officer: "Officer") -> "OrderQuerySet":
        """Those of a finance bureau to its people, of an agent bank to its bankers, of a unit to those above it."""
        if officer.kind == "system":
            return self
        return self.filter(_within(officer) | Q(bank_id__in=officer.unit_ids(Role.BANKER)))


class Order(models.Model):
    """A payment order to the agent bank (支付凭证): the payments of one day, account class and bank, at most 499."""

    year = models.PositiveSmallIntegerField()  # with `number` the ref PZ{year}-{number}, which is the VoucherNo
    number = models.BigIntegerField()
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    unit = models.ForeignKey("directory.Unit", models.PROTECT, null=True, blank=True, related_name="+")  # authorised
    bank = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")  # the agent bank
    mode = models.CharField(max_length=10, choices=PayMode.choices)
    stage = models.CharField(max_length=12, choices=OrderStage.choices, default=OrderStage.GENERATED)
    count = models.PositiveIntegerField()
    amount_fen = models.BigIntegerField()
    ordered_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    cleared_on = models.DateField(null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="order_ref_once"),
            models.CheckConstraint(condition=Q(stage__in=OrderStage.values), name="order_stage_known"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0, count__gt=0, count__lt=500), name="order_size"),
        ]
        indexes = [
            models.Index(fields=["bank", "stage", "id"], name="order_at_bank"),
            models.Index(fields=["finance", "stage", "id"], name="order_queue"),
            models.Index(fields=["finance", "-ordered_at"], name="order_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.number}"


def order_ref(order: Order) -> str:
    """`PZ2006-0000123-8`: the VoucherNo."""
    return refs.written("PZ", order.year, order.number)


def order_number(ref: str, *, field: str | None = None) -> tuple[int, int]:
    """(year, number) of an order's ref as somebody typed it. Refuses what is none."""
    return refs.parse("PZ", ref, field=field)


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Public payments are those to legal persons; those to natural persons appear only in sums."""

    def visible_to(self, officer: "Officer") -> "PaymentQuerySet":
        """Those of the officer's units and below; of all its units to a finance bureau."""
        return self.filter(_within(officer))

    def public(self) -> "PaymentQuerySet":
        """Rows that may be told one by one (standards 2.4): paid, to legal persons, not withheld, not corrected."""
        told = [PaymentStage.PAID, PaymentStage.CLEARED, PaymentStage.RETURNED]
        return self.filter(payee_kind__in=["firm", "institution"], withheld=False, stage__in=told, recorded_to=None)


class Payment(models.Model):
    """One payment (支付明细): from one budget line to one payee, with the date of every joint it has passed.

    `id` = year * 10**9 + number, the ref ZF{year}-{number}; the table is in yearly parts. Its line's dimensions are
    repeated here, so that rows can be found and added without a join. Dates are null until the joint is passed.
    """

    id = models.BigIntegerField(primary_key=True)
    year = models.PositiveSmallIntegerField()  # fiscal year
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    line = models.ForeignKey("disclosures.BudgetLine", models.PROTECT, related_name="payments",
                             db_constraint=False, db_index=False)  # fmt: skip
    request = models.ForeignKey(Request, models.PROTECT, null=True, related_name="payments", db_constraint=False,
                                db_index=False)  # fmt: skip
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="payments", db_constraint=False,
                              db_index=False)  # fmt: skip
    commitment = models.ForeignKey("disclosures.Commitment", models.PROTECT, null=True, related_name="payments",
                                   db_constraint=False, db_index=False)  # fmt: skip
    payee = models.ForeignKey(Payee, models.PROTECT, related_name="payments", db_constraint=False, db_index=False)
    payee_kind = models.CharField(max_length=12)
    function = models.CharField(max_length=7)
    economic = models.CharField(max_length=5)
    fund = models.CharField(max_length=8)
    mode = models.CharField(max_length=10)
    settle = models.CharField(max_length=8, choices=SettleMode.choices, default=SettleMode.TRANSFER)
    purpose = models.CharField(max_length=120)  # 用途
    amount_fen = models.BigIntegerField()
    returned_fen = models.BigIntegerField(default=0)
    stage = models.PositiveSmallIntegerField(choices=PaymentStage.choices)
    external_id = models.CharField(max_length=60)  # the unit's own number
    request_no = models.CharField(max_length=40, blank=True)  # as written on the documents
    order_no = models.CharField(max_length=40, blank=True)
    bank_no = models.CharField(max_length=40, blank=True)  # 银行流水: never public
    requested_on = models.DateField()
    unit_reviewed_on = models.DateField(null=True)
    section_reviewed_on = models.DateField(null=True)
    approved_on = models.DateField(null=True)  # by the payment centre
    ordered_on = models.DateField(null=True)
    paid_on = models.DateField(null=True)
    cleared_on = models.DateField(null=True)
    returned_on = models.DateField(null=True)  # of the last refund
    withheld = models.BooleanField(default=False)
    submission_id = models.BigIntegerField(null=True)  # the import it came with
    recorded_from = models.DateTimeField()
    recorded_to = models.DateTimeField(null=True)  # set when a correction replaced it

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="payment_above_zero"),
            models.CheckConstraint(
                condition=Q(returned_fen__gte=0, returned_fen__lte=F("amount_fen")), name="payment_returned_within"
            ),
            models.CheckConstraint(
                condition=Q(returned_fen=0) | Q(returned_on__isnull=False), name="payment_returned_has_day"
            ),
            models.CheckConstraint(
                condition=Q(id__gte=Cast(F("year"), models.BigIntegerField()) * PER_YEAR), name="payment_in_its_year"
            ),
            models.CheckConstraint(condition=Q(stage__in=PaymentStage.values), name="payment_stage_known"),
            models.CheckConstraint(
                condition=~Q(stage__in=[3, 4, 5]) | Q(ordered_on__isnull=False), name="payment_ordered_has_day"
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=[4, 5, 6]) | Q(paid_on__isnull=False), name="payment_paid_has_day"
            ),
            models.CheckConstraint(condition=~Q(stage=5) | Q(cleared_on__isnull=False), name="payment_cleared_has_day"),
        ]
        indexes = [
            models.Index(fields=["line", "id"], name="payment_of_line"),
            models.Index(fields=["unit", "paid_on", "id"], name="payment_of_unit"),
            models.Index(fields=["unit", "external_id"], name="payment_external"),
            models.Index(fields=["request"], condition=Q(request__isnull=False), name="payment_of_request"),
            models.Index(fields=["order"], condition=Q(order__isnull=False), name="payment_of_order"),
        ]

    def __str__(self) -> str:
        return str(self.id)


def in_years(first: int, last: int) -> str:
    """SQL: payments p of these fiscal years, written out: a plan that is kept then reads the parts of these years only.

    As values of a kept statement they would be unknown when it is planned, and every part be read.
    """
    return f"p.id >= {int(first) * PER_YEAR} AND p.id < {(int(last) + 1) * PER_YEAR}"


def payment_ref(key: int) -> str:
    """`ZF2006-0000123-8` of a payment's id."""
    return refs.written("ZF", *divmod(key, PER_YEAR))


def payment_id(ref: str) -> int:
    """The id of a payment's ref as somebody typed it. Refuses what is none."""
    year, number = refs.parse("ZF", ref)
    return year * PER_YEAR + number


class Reversal(models.Model):
    """Money that came back (退款): it restores the line's balance; never more than was paid."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="reversals", db_constraint=False)
    amount_fen = models.BigIntegerField()
    on = models.DateField()
    reason = models.CharField(max_length=200)
    bank_no = models.CharField(max_length=40)  # the bank's own number: never public, never twice
    at = models.DateTimeField()
    cleared_on = models.DateField(null=True, blank=True)  # the day it went back to the single account

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="reversal_above_zero"),
            models.UniqueConstraint(fields=["payment", "bank_no"], name="reversal_once"),
        ]
        indexes = [models.Index(fields=["on"], condition=Q(cleared_on__isnull=True), name="reversal_uncleared")]

    def __str__(self) -> str:
        return f"{self.on} {self.amount_fen}"
