"""The pipe's end: electronic vouchers in and out, each account's day that ends at zero, what did not agree."""

from django.db import models
from django.db.models import F, Q

from minxin.disclosures.rules.codes import DifferenceKind, VoucherKind


class Voucher(models.Model):
    """An electronic voucher (电子凭证) as it went over the wire, kept whole; the number of its kind once per year."""

    kind = models.CharField(max_length=4, choices=VoucherKind.choices)
    outgoing = models.BooleanField()
    number = models.CharField(max_length=40)
    year = models.PositiveSmallIntegerField()
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    bank = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    file = models.CharField(max_length=80)  # in the store, sealed: it holds account numbers
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "outgoing", "year", "number"], name="voucher_once"),
            models.CheckConstraint(condition=Q(kind__in=VoucherKind.values), name="voucher_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class Clearing(models.Model):
    """One day of one zero-balance account (零余额账户): what the bank advanced, got back, and cleared.

    closing = opening + advanced - refunded - cleared; once `closed_at` is set it is zero, by constraint.
    """

    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    bank = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    unit = models.ForeignKey(
        "directory.Unit", models.PROTECT, null=True, blank=True, related_name="+"
    )  # null: finance's
    on = models.DateField()
    opening_fen = models.BigIntegerField(default=0)
    advanced_fen = models.BigIntegerField(default=0)
    refunded_fen = models.BigIntegerField(default=0)
    cleared_fen = models.BigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finance", "bank", "unit", "on"], nulls_distinct=False, name="clearing_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True)
                | Q(cleared_fen=F("opening_fen") + F("advanced_fen") - F("refunded_fen")),
                name="clearing_closes_at_zero",
            ),
        ]
        indexes = [models.Index(fields=["finance", "-on"], name="clearing_newest")]

    def __str__(self) -> str:
        return f"{self.on}"


class Difference(models.Model):
    """Something a day's reconciliation found: open work until somebody settles it with a reason."""

    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    bank = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    on = models.DateField()
    kind = models.CharField(max_length=16, choices=DifferenceKind.choices)
    reference = models.CharField(max_length=60)  # an order's ref, a bank's number, or an account
    ours_fen = models.BigIntegerField(default=0)
    theirs_fen = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["finance", "bank", "on", "kind", "reference"], name="difference_once"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | ~Q(resolution=""), name="difference_settled_with_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["finance", "-on"], condition=Q(settled_at__isnull=True), name="difference_open")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
