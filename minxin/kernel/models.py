"""What the kernel stores: the working-day calendar in versions, and the rate limits' counters."""

from django.db import models

from minxin.kernel.clocks import DayKind


class CalendarVersion(models.Model):
    """One change of one region's calendar: who, why, on what ground. Never changed afterwards."""

    region = models.CharField(max_length=12, blank=True, db_comment="区划代码；空为全国")
    settles = models.PositiveSmallIntegerField(null=True, db_comment="本次变更使这一年的放假安排成为定案")
    by = models.CharField(max_length=100)
    why = models.CharField(max_length=300)
    basis = models.CharField(max_length=200, blank=True, db_comment="依据（文件名称或文号）")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["region", "-id"], name="kernel_calversion_region")]
        constraints = [
            models.CheckConstraint(
                name="kernel_calversion_region_digits", condition=models.Q(region__regex=r"^(\d{6}|\d{9}|\d{12})?$")
            ),
            models.CheckConstraint(name="kernel_calversion_has_why", condition=~models.Q(why="") & ~models.Q(by="")),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.region or '全国'} {self.why}"


class CalendarDay(models.Model):
    """How one day departs from the week, since one version. The newest version of a day holds; all are kept."""

    version = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, related_name="days")
    on = models.DateField()
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in DayKind])
    note = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="kernel_calday_once", fields=["version", "on"]),
            models.CheckConstraint(
                name="kernel_calday_kind", condition=models.Q(kind__in=[kind.value for kind in DayKind])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.kind} {self.note}"


class RateWindow(models.Model):
    """How often something was done in the current window of time. Unlogged: a crash may forget it."""

    key = models.CharField(primary_key=True, max_length=64)
    window = models.BigIntegerField()
    hits = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.key} {self.hits}"
