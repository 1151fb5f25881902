"""Dated rows that regulations fix: categories, duties, keywords, limits."""

from django.db import models
from django.db.models import F, Q

from minxin.cases.rules import codes


class Category(models.Model):
    """The category tree, three levels by code length (2, 4, 6); a change closes a row and opens another."""

    code = models.CharField(max_length=6)
    name = models.CharField(max_length=60)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    basis = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=Q(valid_to__isnull=True), name="category_one_in_force"),
            models.CheckConstraint(condition=Q(code__regex=r"^(\d\d){1,3}$"), name="category_code_shape"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="category_dates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class DutyRow(models.Model):
    """派单目录: this unit handles this category in this region, from a day to a day."""

    category = models.CharField(max_length=6)
    region = models.CharField(max_length=12)
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    basis = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["category", "region"], condition=Q(valid_to__isnull=True), name="duty_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="duty_dates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.region}"


class KeywordRow(models.Model):
    """A word that points to a category."""

    word = models.CharField(max_length=30)
    category = models.CharField(max_length=6)
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["word", "category"], name="keyword_once")]

    def __str__(self) -> str:
        return self.word


class ClockRule(models.Model):
    """A limit by clock, kind, region and urgency ("" = any), in force from a day to a day, with its basis."""

    code = models.CharField(max_length=16, choices=codes.ClockCode)
    kind = models.CharField(max_length=12, blank=True)
    region = models.CharField(max_length=12, blank=True)
    urgency = models.CharField(max_length=12, blank=True)
    amount = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=14)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    basis = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "kind", "region", "urgency"],
                condition=Q(valid_to__isnull=True),
                name="clock_rule_one_in_force",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="clock_rule_positive"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="clock_rule_dates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.kind} {self.amount} {self.unit}"
