"""The pipe's end: zero-balance accounts, vouchers in and out, each account's day that ends at zero, what disagrees."""

import zlib
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from minxin.directory.models import Unit
from minxin.directory.rules import Role
from minxin.disclosures.models.line import _within
from minxin.disclosures.rules.codes import DifferenceKind, VoucherKind
from minxin.kernel import sealing

if TYPE_CHECKING:
    from minxin.directory.rules import Officer


def _between(officer: "Officer") -> Q:
    """Rows between a finance bureau and its agent bank: each sees its own."""
    if officer.kind == "system":
        return Q()
    return Q(finance_id__in=officer.unit_ids()) | Q(bank_id__in=officer.unit_ids(Role.BANKER))


class AccountQuerySet(models.QuerySet["Account"]):
    """Accounts are the desk's, their numbers the vouchers' only."""

    def visible_to(self, officer: "Officer") -> "AccountQuerySet":
        """Those of the officer's units and below; of all its units to a finance bureau; its own to a bank."""
        return self.filter(_within(officer) | _between(officer))


class Account(models.Model):
    """A zero-balance account (零余额账户) at the agent bank: the finance bureau's own, or a unit's."""

    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    bank = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    unit = models.ForeignKey(
        "directory.Unit", models.PROTECT, null=True, blank=True, related_name="+"
    )  # null: finance's
    name = models.CharField(max_length=120)
    key = models.BinaryField(max_length=80)  # wrapped, see kernel.sealing
    number = models.BinaryField(max_length=120)  # sealed
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finance", "unit"],
                condition=Q(closed_on__isnull=True),
                nulls_distinct=False,
                name="account_one_open",
            ),
            models.CheckConstraint(condition=Q(closed_on__gte=F("opened_on")), name="account_days_in_order"),
        ]

    def __str__(self) -> str:
        return self.name


def number_context(finance_id: int, unit_id: int | None) -> str:
    """What an account's number is bound to when it is sealed."""
    return f"account {finance_id} {unit_id or 0}"


def number_of(account: Account) -> str:
    """The number in plain text, for a voucher that goes to the bank."""
    context = number_context(account.finance_id, account.unit_id)
    return sealing.unseal(bytes(account.key), bytes(account.number), context).decode()


class VoucherQuerySet(models.QuerySet["Voucher"]):
    """Vouchers are between the treasury and its bank."""

    def visible_to(self, officer: "Officer") -> "VoucherQuerySet":
        """Those of a finance bureau, or of an agent bank, to its own people."""
        return self.filter(_between(officer))


class Voucher(models.Model):
    """An electronic voucher (电子凭证) as it went over the wire, kept whole; a bank's number of a kind once per year.

    Its text is in the row and not in the store, so that it is kept in the transaction that acts on it: neither without
    the other. What is outgoing and has no `sent_at` still waits to be handed to the bank.
    """

    kind = models.CharField(max_length=4, choices=VoucherKind.choices)
    outgoing = models.BooleanField()
    number = models.CharField(max_length=40)
    year = models.PositiveSmallIntegerField()
    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    bank = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    key = models.BinaryField(max_length=80)  # wrapped, see kernel.sealing
    body = models.BinaryField()  # packed and sealed: it holds account numbers
    sha256 = models.CharField(max_length=64)  # of what went over the wire
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = VoucherQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bank", "kind", "outgoing", "year", "number"], name="voucher_once"),
            models.CheckConstraint(condition=Q(kind__in=VoucherKind.values), name="voucher_kind_known"),
        ]
        indexes = [
            models.Index(fields=["bank", "outgoing", "-id"], name="voucher_of_bank"),
            models.Index(fields=["id"], condition=Q(outgoing=True, sent_at__isnull=True), name="voucher_unsent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def sealed(voucher: Voucher, data: bytes) -> Voucher:
    """The voucher with `data` as its text, packed and sealed."""
    voucher.key = sealing.new_key()
    voucher.body = sealing.seal(voucher.key, zlib.compress(data, 1), _context(voucher))
    return voucher


def text_of(voucher: Voucher) -> bytes:
    """The XML as it went over the wire."""
    return zlib.decompress(sealing.unseal(bytes(voucher.key), bytes(voucher.body), _context(voucher)))


def _context(voucher: Voucher) -> str:
    return f"voucher {voucher.bank_id} {voucher.kind} {voucher.year} {voucher.number}"


class FailureQuerySet(models.QuerySet["Failure"]):
    """Failures are the desk's."""

    def visible_to(self, officer: "Officer") -> "FailureQuerySet":
        """Those of the officer's units and below; of all its units to a finance bureau; of its orders to a bank."""
        if officer.kind == "system":
            return self
        units = Q(payment__unit__in=Unit.objects.visible_to(officer)) | Q(payment__finance_id__in=officer.unit_ids())
        return self.filter(units | Q(payment__order__bank_id__in=officer.unit_ids(Role.BANKER)))


class Failure(models.Model):
    """Why the bank could not pay (失败原因): the money is free again and may be asked for anew."""

    payment = models.ForeignKey(
        "disclosures.Payment", models.PROTECT, related_name="failures", db_constraint=False, db_index=False
    )
    reason = models.CharField(max_length=200)
    on = models.DateField()
    at = models.DateTimeField()

    objects = FailureQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payment"], name="failure_once")]

    def __str__(self) -> str:
        return self.reason


class ClearingQuerySet(models.QuerySet["Clearing"]):
    """Balances of the treasury's accounts are never public (standards 2.4)."""

    def visible_to(self, officer: "Officer") -> "ClearingQuerySet":
        """Those of a finance bureau, or of an agent bank, to its own people."""
        return self.filter(_between(officer))


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
    reconciled_at = models.DateTimeField(null=True, blank=True)  # the bank's statement of the day was compared

    objects = ClearingQuerySet.as_manager()

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


class DifferenceQuerySet(models.QuerySet["Difference"]):
    """Differences are work between the treasury and its bank."""

    def visible_to(self, officer: "Officer") -> "DifferenceQuerySet":
        """Those of a finance bureau, or of an agent bank, to its own people."""
        return self.filter(_between(officer))


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

    objects = DifferenceQuerySet.as_manager()

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
