"""What units hand in, the rules it is checked by, and what the checks found."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from minxin.directory.models import Unit
from minxin.disclosures.models.heading import BudgetUnit
from minxin.disclosures.rules.codes import Delivery, Quality, Severity, SubmissionStage, Version
from minxin.kernel import refs

if TYPE_CHECKING:
    from datetime import date

    from minxin.directory.rules import Officer


PREFIX = "BS"


class CheckRuleQuerySet(models.QuerySet["CheckRule"]):
    """The rules are public: who is judged may read by what."""

    def public(self) -> "CheckRuleQuerySet":
        """All of them."""
        return self

    def on(self, day: "date") -> "CheckRuleQuerySet":
        """Those in force on that day."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day), valid_from__lte=day)


class CheckRule(models.Model):
    """One check as data: what must hold, in SQL over the staged rows of a template; seeded, never typed by anybody."""

    code = models.CharField(max_length=20)
    template = models.CharField(max_length=40)
    sheet = models.CharField(max_length=40, blank=True)  # empty: across sheets
    column = models.CharField(max_length=40, blank=True)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    quality = models.CharField(max_length=14, choices=Quality.choices)
    message = models.CharField(max_length=300)  # with {value}, {other}, {difference} and what to do
    expression = models.TextField()
    basis = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    objects = CheckRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="check_rule_once"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="check_rule_severity_known"),
            models.CheckConstraint(condition=Q(quality__in=Quality.values), name="check_rule_quality_known"),
        ]

    def __str__(self) -> str:
        return self.code


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """A submission is its unit's, its department's and the finance bureau's until it is published."""

    def visible_to(self, officer: "Officer") -> "SubmissionQuerySet":
        """Those of the officer's units and below (by budget too), and those handed in to a finance bureau of theirs."""
        if officer.kind == "system":
            return self
        own = officer.unit_ids()
        subordinates = BudgetUnit.objects.filter(department__unit_id__in=own).values("unit_id")
        below = Q(unit_id__in=subordinates) | Q(finance_id__in=own)
        return self.filter(Q(unit__in=Unit.objects.visible_to(officer)) | below)

    def public(self) -> "SubmissionQuerySet":
        """Those published."""
        return self.filter(stage=SubmissionStage.PUBLISHED)


class Submission(models.Model):
    """A file or batch handed in by a unit (报送): received, checked, signed off by its head, published."""

    year = models.PositiveSmallIntegerField()  # of the ref; BS{year}-{number}
    number = models.BigIntegerField()
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    template = models.CharField(max_length=40)
    fiscal_year = models.PositiveSmallIntegerField()
    version = models.CharField(max_length=10, choices=Version.choices, blank=True)
    delivery = models.CharField(max_length=8, choices=Delivery.choices)
    external_id = models.CharField(max_length=100, blank=True)  # the unit's own number of the batch: idempotency
    file_name = models.CharField(max_length=200, blank=True)
    file = models.CharField(max_length=80, blank=True)  # in the store
    sha256 = models.CharField(max_length=64)
    stage = models.CharField(max_length=10, choices=SubmissionStage.choices, default=SubmissionStage.DRAFT)
    corrects = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrections")
    reason = models.CharField(max_length=500, blank=True)  # of a correction, published with it
    note = models.CharField(max_length=500, blank=True)  # beside an empty table
    rows = models.PositiveIntegerField(default=0)
    fatal = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.CharField(max_length=100, blank=True)  # an office, never a name
    withdrawal = models.CharField(max_length=300, blank=True, default="", db_default="")  # why it was taken back
    publication = models.ForeignKey(
        "disclosures.Publication", models.PROTECT, null=True, blank=True, related_name="submissions"
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="submission_ref_once"),
            models.UniqueConstraint(
                fields=["unit", "external_id"], condition=~Q(external_id=""), name="submission_external_once"
            ),
            models.CheckConstraint(condition=Q(stage__in=SubmissionStage.values), name="submission_stage_known"),
            models.CheckConstraint(
                condition=~Q(stage__in=["signed", "published"]) | Q(fatal=0), name="submission_signed_without_fatal"
            ),
            models.CheckConstraint(
                condition=~Q(stage="published") | Q(signed_at__isnull=False, published_at__isnull=False),
                name="submission_published_after_signing",
            ),
            models.CheckConstraint(condition=Q(corrects__isnull=True) | ~Q(reason=""), name="correction_has_reason"),
        ]
        indexes = [
            models.Index(fields=["unit", "-id"], name="submission_of_unit"),
            models.Index(fields=["finance", "stage", "-id"], name="submission_of_finance"),
            models.Index(fields=["template", "fiscal_year", "version", "unit"], name="submission_of_table"),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.number}"


class Finding(models.Model):
    """What one check found in one place of a submission. `row` counts in the file as the sender sees it, from 1."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="findings")
    rule = models.CharField(max_length=20)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    sheet = models.CharField(max_length=60, blank=True)
    row = models.PositiveIntegerField(null=True, blank=True)
    column = models.CharField(max_length=60, blank=True)
    value = models.CharField(max_length=100, blank=True)
    other = models.CharField(max_length=100, blank=True)
    difference = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=500)

    class Meta:
        indexes = [models.Index(fields=["submission", "severity", "id"], name="finding_of_submission")]

    def __str__(self) -> str:
        return f"{self.rule} {self.sheet} {self.row}"


def ref_of(submission: Submission) -> str:
    """BS2007-0000001-9."""
    return refs.written(PREFIX, submission.year, submission.number)


def number_of(ref: str) -> tuple[int, int]:
    """(year, number) of a submission's ref as somebody typed it. Raises Refused."""
    return refs.parse(PREFIX, ref, field="ref")
