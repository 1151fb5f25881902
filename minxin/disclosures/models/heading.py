"""Code lists by fiscal year, and the units that have a budget."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from minxin.directory.models import Unit
from minxin.disclosures.rules.codes import Scheme, UnitType

if TYPE_CHECKING:
    from minxin.directory.rules import Officer


class HeadingQuerySet(models.QuerySet["Heading"]):
    """Code lists are public."""

    def public(self) -> "HeadingQuerySet":
        """All of them."""
        return self

    def of(self, year: int) -> "HeadingQuerySet":
        """Those valid in that fiscal year."""
        return self.filter(Q(until_year__isnull=True) | Q(until_year__gte=year), since_year__lte=year)


class Heading(models.Model):
    """A code of a classification (科目), with what it meant from one fiscal year to another, both included."""

    scheme = models.CharField(max_length=16, choices=Scheme.choices)
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    parent = models.CharField(max_length=20, blank=True)  # the code above in the same scheme and year; empty at the top
    level = models.PositiveSmallIntegerField()
    since_year = models.PositiveSmallIntegerField()
    until_year = models.PositiveSmallIntegerField(null=True, blank=True)
    explanation = models.CharField(max_length=300, blank=True)  # in plain words, shown in place

    objects = HeadingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scheme", "code", "since_year"], name="heading_once"),
            models.CheckConstraint(condition=Q(until_year__gte=F("since_year")), name="heading_years_in_order"),
            models.CheckConstraint(condition=Q(scheme__in=Scheme.values), name="heading_scheme_known"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class BudgetUnitQuerySet(models.QuerySet["BudgetUnit"]):
    """Who has a budget is public; what a desk may work on is not everybody's."""

    def public(self) -> "BudgetUnitQuerySet":
        """Those told to the public: all but the withheld ones."""
        return self.filter(withheld=False)

    def visible_to(self, officer: "Officer") -> "BudgetUnitQuerySet":
        """Own units, those below them, by budget too, and for a finance bureau all whose budget it keeps."""
        own = officer.unit_ids()
        below = Q(department__unit_id__in=own) | Q(finance_id__in=own)
        return self.filter(Q(unit__in=Unit.objects.visible_to(officer)) | below)


class BudgetUnit(models.Model):
    """A unit with a budget of its own (预算单位), under its department (主管部门), kept by a finance bureau."""

    unit = models.OneToOneField("directory.Unit", models.PROTECT, related_name="budget_unit")
    code = models.CharField(max_length=9)  # 预算单位编码: three digits a department, three more a unit below it
    department = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="subordinates")
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    type = models.CharField(max_length=16, choices=UnitType.choices)
    likeness = models.CharField(max_length=20)  # units of the same likeness are compared: "school", "bureau"
    section = models.CharField(max_length=40)  # 业务科室 of the finance bureau
    staff = models.PositiveIntegerField()  # 编制人数
    withheld = models.BooleanField(default=False)  # 涉密单位: in one disclosed sum only
    since_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)

    objects = BudgetUnitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["finance", "code"], name="budget_unit_code_once"),
            models.CheckConstraint(condition=Q(code__regex=r"^(\d{3}){1,3}$"), name="budget_unit_code_shape"),
            models.CheckConstraint(condition=Q(type__in=UnitType.values), name="budget_unit_type_known"),
            models.CheckConstraint(condition=Q(until_on__gte=F("since_on")), name="budget_unit_days_in_order"),
            models.CheckConstraint(condition=~Q(id=F("department")), name="budget_unit_not_own_department"),
        ]

    def __str__(self) -> str:
        return self.code
