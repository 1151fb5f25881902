"""Duties to publish: the rule, what starts its clock, and each duty with when it was due and done."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from minxin.disclosures.models.heading import BudgetUnit
from minxin.disclosures.rules.codes import Ratifier, Version
from minxin.kernel.clocks import Unit as LimitUnit

if TYPE_CHECKING:
    from minxin.directory.rules import Officer


class DutyRule(models.Model):
    """Who must publish what within which time after which approval: a dated row with its basis."""

    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    template = models.CharField(max_length=40)
    version = models.CharField(max_length=10, choices=Version.choices)
    scope = models.CharField(max_length=12)  # government | department | unit
    ratifier = models.CharField(max_length=12, choices=Ratifier.choices)
    amount = models.PositiveSmallIntegerField()
    counted_in = models.CharField(max_length=12, choices=[(unit.value, unit.value) for unit in LimitUnit])
    basis = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="duty_rule_once"),
            models.CheckConstraint(condition=Q(scope__in=["government", "department", "unit"]), name="duty_rule_scope"),
        ]

    def __str__(self) -> str:
        return self.code


class RatificationQuerySet(models.QuerySet["Ratification"]):
    """An approval is no secret to those whose clocks it starts."""

    def visible_to(self, officer: "Officer") -> "RatificationQuerySet":
        """Those of the finance bureaus that keep the budget of the officer's units."""
        if officer.kind == "system":
            return self
        keepers = BudgetUnit.objects.visible_to(officer).values("finance_id")
        return self.filter(Q(finance_id__in=keepers) | Q(finance_id__in=officer.unit_ids()))


class Ratification(models.Model):
    """A budget or final account was approved, or passed down approved: the day the clocks start from."""

    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    department = models.ForeignKey("directory.Unit", models.PROTECT, null=True, blank=True, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    version = models.CharField(max_length=10, choices=Version.choices)
    ratifier = models.CharField(max_length=12, choices=Ratifier.choices)
    on = models.DateField()
    doc_no = models.CharField(max_length=60)
    at = models.DateTimeField()

    objects = RatificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finance", "department", "fiscal_year", "version", "ratifier"],
                nulls_distinct=False,
                name="ratification_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.ratifier} {self.fiscal_year}"


class DutyQuerySet(models.QuerySet["Duty"]):
    """What a unit owes the public; a desk sees what is its own business."""

    def visible_to(self, officer: "Officer") -> "DutyQuerySet":
        """Those of the units whose budget this officer may see, and of a finance bureau of theirs."""
        if officer.kind == "system":
            return self
        units = BudgetUnit.objects.visible_to(officer).values("unit_id")
        return self.filter(Q(unit_id__in=units) | Q(finance_id__in=officer.unit_ids()))


class Duty(models.Model):
    """One unit's duty to publish one thing. `due_at` is null until its clock has started."""

    rule = models.ForeignKey(DutyRule, models.PROTECT, related_name="duties")
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    started_on = models.DateField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    provisional = models.BooleanField(default=False)  # 暂算
    calendar_version = models.PositiveIntegerField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    publication = models.ForeignKey(
        "disclosures.Publication", models.PROTECT, null=True, blank=True, related_name="duties"
    )
    missed_at = models.DateTimeField(null=True, blank=True)  # when its lateness went on record
    days_late = models.PositiveSmallIntegerField(default=0)

    objects = DutyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "unit", "fiscal_year"], name="duty_once"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(publication__isnull=False), name="duty_done_by_publication"
            ),
        ]
        indexes = [
            models.Index(fields=["fiscal_year", "unit"], name="duty_of_year"),
            models.Index(
                fields=["due_at"], condition=Q(done_at__isnull=True, missed_at__isnull=True), name="duty_running"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.unit_id} {self.fiscal_year}"
