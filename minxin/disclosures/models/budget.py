"""What was allocated: every budget figure by who, what for, spent on what, from which purse."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from minxin.disclosures.rules.codes import Fund, Version


class AppropriationQuerySet(models.QuerySet["Appropriation"]):
    """Figures as they stood on the page."""

    def public(self, on: datetime | None = None) -> "AppropriationQuerySet":
        """Those shown now, or at the moment `on`."""
        if on is None:
            return self.filter(recorded_to__isnull=True)
        return self.filter(Q(recorded_to__isnull=True) | Q(recorded_to__gt=on), recorded_from__lte=on)


class Appropriation(models.Model):
    """A published figure of the detail sheet (预算明细), in columns to be added up. Bitemporal like its `entry`."""

    entry = models.OneToOneField("disclosures.Entry", models.CASCADE, related_name="appropriation")
    unit_id = models.BigIntegerField()
    fiscal_year = models.PositiveSmallIntegerField()
    version = models.CharField(max_length=10, choices=Version.choices)
    function = models.CharField(max_length=7)  # 项
    economic = models.CharField(max_length=5)  # 款
    project = models.CharField(max_length=80, blank=True)  # empty: basic expenditure (基本支出)
    fund = models.CharField(max_length=8, choices=Fund.choices)
    amount_fen = models.BigIntegerField()
    recorded_from = models.DateTimeField()
    recorded_to = models.DateTimeField(null=True, blank=True)

    objects = AppropriationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(recorded_to__gte=F("recorded_from")), name="appropriation_in_order"),
            models.CheckConstraint(condition=Q(fund__in=Fund.values), name="appropriation_fund_known"),
        ]
        indexes = [
            models.Index(
                fields=["fiscal_year", "version"],
                include=["unit_id", "function", "economic", "fund", "amount_fen"],
                condition=Q(recorded_to__isnull=True),
                name="appropriation_shown",
            ),
            models.Index(fields=["unit_id", "fiscal_year", "version"], name="appropriation_of_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.function} {self.economic}"
