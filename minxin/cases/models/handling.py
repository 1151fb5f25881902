"""The work on a case: assignments to units, clocks, signatures, extensions, contacts, slips, call-backs, appeals."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from minxin.cases.models.case import Case
from minxin.cases.rules import codes

OPEN_WORK = sorted(codes.OPEN_WORK)


class Assignment(models.Model):
    """One unit's part in a case. A lead passed down has a child; the parent stays answerable."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="assignments")
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=8, choices=codes.Part)
    level = models.PositiveSmallIntegerField(default=1)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    state = models.CharField(max_length=12, choices=codes.Work, default=codes.Work.TO_SIGN)
    round = models.PositiveSmallIntegerField(default=1)  # 1, then one more with every redo
    instruction = models.CharField(max_length=500, blank=True)
    assigned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    dissents = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__range=(1, 4)), name="assignment_four_levels"),
            models.CheckConstraint(
                condition=Q(part=codes.Part.LEAD) | Q(level=1, parent__isnull=True), name="assignment_assist_is_flat"
            ),
            models.CheckConstraint(condition=Q(level=1) | Q(parent__isnull=False), name="assignment_child_has_parent"),
            models.UniqueConstraint(
                fields=["case", "unit"], condition=Q(state__in=OPEN_WORK), name="assignment_once_per_unit"
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(part=codes.Part.LEAD, state__in=sorted(codes.OPEN_WORK - {codes.Work.PASSED_DOWN})),
                name="assignment_one_active_lead",
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "due_at", "id"], condition=Q(state__in=OPEN_WORK), name="assignment_inbox"),
            models.Index(fields=["unit", "case"], name="assignment_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.unit_id} {self.state}"


class Clock(models.Model):
    """One limit running against a case: everything `kernel.clocks.deadline` needs to explain it again."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="clocks", db_constraint=False, db_index=False)
    assignment_id = models.BigIntegerField(null=True)
    code = models.CharField(max_length=16, choices=codes.ClockCode)
    rule_id = models.BigIntegerField(null=True)  # the dated row that fixed the limit
    basis = models.CharField(max_length=120, blank=True)
    region = models.CharField(max_length=12, blank=True)
    started_at = models.DateTimeField()
    amount = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=14)
    extended = ArrayField(models.PositiveSmallIntegerField(), default=list)  # days of each extension granted
    pauses = models.JSONField(default=list)  # [[start, end or null, latest end], ...] in ISO 8601
    due_at = models.DateTimeField()
    first_due_at = models.DateTimeField()  # before a changed calendar moved it
    provisional = models.BooleanField(default=False)
    calendar_version = models.IntegerField(default=0)
    stopped_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(code__in=codes.ClockCode.values), name="clock_code_known")]
        indexes = [
            models.Index(fields=["case", "code"], name="clock_case"),
            models.Index(
                fields=["due_at"], condition=Q(stopped_at__isnull=True, breached_at__isnull=True), name="clock_running"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.code}"

    @property
    def paused(self) -> bool:
        """Waiting on the complainant now."""
        return bool(self.pauses) and self.pauses[-1][1] is None


class Signature(models.Model):
    """One step of a countersign chain, made when a draft is submitted and decided once."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="signatures")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="signatures")
    draft = models.PositiveSmallIntegerField()  # which submission of this assignment
    order = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=10, choices=codes.Step)
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_index=False)
    decision = models.CharField(max_length=14, choices=codes.Decision, default=codes.Decision.PENDING)
    remark = models.CharField(max_length=500, blank=True)
    by_post = models.BigIntegerField(null=True)
    by_label = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "draft", "order"], name="signature_order"),
            models.CheckConstraint(
                condition=Q(decision__in=[codes.Decision.PENDING, codes.Decision.CANCELLED]) | Q(at__isnull=False),
                name="signature_is_dated",
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "step"], condition=Q(decision=codes.Decision.PENDING), name="signature_pending"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.step} {self.decision}"


class Extension(models.Model):
    """Asked before the case is due, decided above."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="asked_extensions")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="extensions")
    days = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=14, choices=codes.ExtensionReason)
    text = models.CharField(max_length=500)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=200)
    decision = models.CharField(max_length=14, choices=codes.Decision, default=codes.Decision.PENDING)
    remark = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(decision=codes.Decision.PENDING), name="extension_one_pending"
            ),
            models.CheckConstraint(condition=Q(days__range=(1, 60)), name="extension_days"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} +{self.days}"


class Contact(models.Model):
    """The unit spoke with the complainant: who, when, how, with what result."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="contacts")
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_index=False)
    how = models.CharField(max_length=20)
    reached = models.BooleanField()
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.case_id} {self.how}"


class SlipRow(models.Model):
    """One act of supervision, and the unit's answer to it."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="slips")
    unit = models.ForeignKey("directory.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    slip = models.CharField(max_length=10, choices=codes.Slip)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=200)
    answer = models.CharField(max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["case"], name="slip_case"),
            models.Index(fields=["unit", "-at"], name="slip_unit"),
            models.Index(fields=["unit", "id"], condition=Q(answered_at__isnull=True), name="slip_open"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.slip}"


class Visit(models.Model):
    """A call-back by the centre: reached or not, and what the complainant said."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="visits")
    reached = models.BooleanField()
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.case_id} {self.reached}"


class Appeal(models.Model):
    """A request for review (复查), second review (复核), or a unit's appeal against a rating (评星复议)."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="appeals")
    tier = models.CharField(max_length=8, choices=codes.Tier)
    reason = models.CharField(max_length=1000)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=200)
    unit = models.ForeignKey(
        "directory.Unit", models.PROTECT, null=True, related_name="+", db_index=False
    )  # that decides
    decision = models.CharField(max_length=14, choices=codes.Decision, default=codes.Decision.PENDING)
    opinion = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "tier"], name="appeal_once_per_tier"),
        ]
        indexes = [
            models.Index(fields=["unit", "at", "id"], condition=Q(decision="pending"), name="appeal_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.tier}"
