"""Where a payment begins: the budget line with its exact balances, what was allotted to it, what it is bound to."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from minxin.directory.models import Unit
from minxin.disclosures.rules.codes import ChangeKind, Fund, PayMode, PlanStage
from minxin.kernel import refs

if TYPE_CHECKING:
    from minxin.directory.rules import Officer


def _within(officer: "Officer") -> Q:
    """Rows of units this officer may see, and of those whose money a finance bureau of theirs keeps."""
    if officer.kind == "system":
        return Q()
    return Q(unit__in=Unit.objects.visible_to(officer)) | Q(finance_id__in=officer.unit_ids())


class BudgetLineQuerySet(models.QuerySet["BudgetLine"]):
    """Lines are public but for the withheld ones."""

    def visible_to(self, officer: "Officer") -> "BudgetLineQuerySet":
        """The lines of the officer's units and below; of all its units to a finance bureau."""
        return self.filter(_within(officer))

    def public(self) -> "BudgetLineQuerySet":
        """Those told line by line."""
        return self.filter(withheld=False)


class BudgetLine(models.Model):
    """A budget line (指标) of a year and its balances in fen, kept by the transactions that move them.

    available to allot   = approved - frozen - allotted
    available to request = allotted - requested - paid     (a refund lowers `paid`)
    """

    year = models.PositiveSmallIntegerField()  # fiscal year; with `number` the ref ZB{year}-{number}
    number = models.BigIntegerField()
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    doc_no = models.CharField(max_length=60)  # 指标文号
    doc_on = models.DateField()
    section = models.CharField(max_length=40)  # 业务科室 that keeps it
    function = models.CharField(max_length=7)
    economic = models.CharField(max_length=5)
    project = models.CharField(max_length=80, blank=True)
    fund = models.CharField(max_length=8, choices=Fund.choices)
    mode = models.CharField(max_length=10, choices=PayMode.choices)
    formed_year = models.PositiveSmallIntegerField()  # the year whose money it is; earlier than `year` when carried
    summary = models.CharField(max_length=120, blank=True)
    withheld = models.BooleanField(default=False)  # 涉密: in one disclosed sum only
    approved_fen = models.BigIntegerField(default=0)
    frozen_fen = models.BigIntegerField(default=0)
    allotted_fen = models.BigIntegerField(default=0)
    requested_fen = models.BigIntegerField(default=0)  # asked for and not yet paid (在途)
    paid_fen = models.BigIntegerField(default=0)  # paid and not refunded
    last_paid_on = models.DateField(null=True, blank=True)

    objects = BudgetLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="line_ref_once"),
            models.UniqueConstraint(
                fields=["year", "unit", "doc_no", "function", "economic", "project", "fund", "formed_year"],
                name="line_natural_key",
            ),
            models.CheckConstraint(
                condition=Q(approved_fen__gte=0, frozen_fen__gte=0, allotted_fen__gte=0),
                name="line_amounts_not_negative",
            ),
            models.CheckConstraint(condition=Q(requested_fen__gte=0, paid_fen__gte=0), name="line_use_not_negative"),
            models.CheckConstraint(
                condition=Q(allotted_fen__lte=F("approved_fen") - F("frozen_fen")), name="line_allotted_within_approved"
            ),
            models.CheckConstraint(
                condition=Q(requested_fen__lte=F("allotted_fen") - F("paid_fen")), name="line_use_within_allotted"
            ),
            models.CheckConstraint(condition=Q(formed_year__lte=F("year")), name="line_formed_before"),
        ]
        indexes = [
            models.Index(fields=["year", "unit", "id"], name="line_of_unit"),
            models.Index(fields=["finance", "year", "section"], name="line_of_section"),
            models.Index(fields=["year", "formed_year"], name="line_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.number}"


def ref_of(line: BudgetLine) -> str:
    """`ZB2006-0000123-8`: how a line is named outside the database."""
    return refs.written("ZB", line.year, line.number)


def number_of(ref: str, *, field: str | None = None) -> tuple[int, int]:
    """(year, number) of a line's ref as somebody typed it. Refuses what is none."""
    return refs.parse("ZB", ref, field=field)


class LineChange(models.Model):
    """A change of a line's approved amount; their signed sum is `approved_fen`."""

    line = models.ForeignKey(BudgetLine, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=ChangeKind.choices)
    amount_fen = models.BigIntegerField()  # as written in the document, above zero; its kind gives the sign
    doc_no = models.CharField(max_length=60)
    on = models.DateField()
    reason = models.CharField(max_length=200, blank=True)
    counterpart = models.ForeignKey(BudgetLine, models.PROTECT, null=True, blank=True, related_name="+")  # of a revival
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="line_change_above_zero"),
            models.CheckConstraint(condition=Q(kind__in=ChangeKind.values), name="line_change_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind__in=["revive_in", "revive_out"]) | Q(counterpart__isnull=False),
                name="line_revival_has_both_ends",
            ),
        ]
        indexes = [models.Index(fields=["kind", "on"], name="line_change_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_fen}"


class Allotment(models.Model):
    """A month's plan for a line (用款计划) and, once issued, its allotment (用款额度)."""

    line = models.ForeignKey(BudgetLine, models.PROTECT, related_name="allotments")
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    month = models.DateField()  # its first day
    mode = models.CharField(max_length=10, choices=PayMode.choices)
    amount_fen = models.BigIntegerField()
    stage = models.CharField(max_length=10, choices=PlanStage.choices, default=PlanStage.SUBMITTED)
    doc_no = models.CharField(max_length=60, blank=True)  # of the notice that issued it
    submitted_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True)  # the agent bank was told of it

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="allotment_above_zero"),
            models.CheckConstraint(condition=Q(stage__in=PlanStage.values), name="allotment_stage_known"),
            models.CheckConstraint(
                condition=~Q(stage="issued") | Q(issued_at__isnull=False) & ~Q(doc_no=""), name="allotment_issued_by"
            ),
        ]
        indexes = [
            models.Index(fields=["finance", "stage", "month", "unit"], name="allotment_open"),
            models.Index(fields=["unit", "month"], name="allotment_of_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.amount_fen}"


class Commitment(models.Model):
    """A contract or other promise (承诺) that payments fulfil; `requested` and `paid` never pass its amount."""

    line = models.ForeignKey(BudgetLine, models.PROTECT, related_name="commitments")
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    contract_no = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    payee = models.ForeignKey("disclosures.Payee", models.PROTECT, related_name="commitments")
    amount_fen = models.BigIntegerField()
    used_fen = models.BigIntegerField(default=0)  # asked for or paid, refunds taken off
    signed_on = models.DateField()
    published_on = models.DateField(null=True, blank=True)  # its notice: before the first payment

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "contract_no", "line"], name="commitment_once"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="commitment_above_zero"),
            models.CheckConstraint(
                condition=Q(used_fen__gte=0, used_fen__lte=F("amount_fen")), name="commitment_not_overdrawn"
            ),
        ]

    def __str__(self) -> str:
        return self.contract_no
