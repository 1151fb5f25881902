"""Running totals of the pipe, kept by the database in the very transaction that moves a payment.

Triggers on the payments (migration `flow`) write what changed as deltas; `actions.flow.fold` adds them up; readers sum
both. A grain for every choice of unit, month and purpose, so that a page never adds more than some thousand totals
whatever the number of payments: dimensions that a grain leaves out are 0 or empty.

`payee_kind` is "withheld" for what is withheld: one sum of the finance bureau. Sums of payments to natural persons are
for the desk only; the public's are the measures TOLD and TOLD_BACK, written by `actions.flow.tell` from `Told`.
"""

from django.db import models
from django.db.models import Q

from minxin.disclosures.rules.codes import Grain, Measure


class Flow(models.Model):
    """One total in fen, and of how many payments. unit_id 0: of no named unit."""

    grain = models.PositiveSmallIntegerField(choices=Grain.choices)
    year = models.PositiveSmallIntegerField()
    measure = models.CharField(max_length=10, choices=Measure.choices)
    unit_id = models.BigIntegerField()
    month = models.PositiveSmallIntegerField()  # 1 to 12 within the fiscal year; 13 after its end; 0: of several
    function = models.CharField(max_length=7, blank=True)
    economic = models.CharField(max_length=5, blank=True)
    fund = models.CharField(max_length=8, blank=True)
    payee_kind = models.CharField(max_length=12, blank=True)
    fen = models.BigIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "year",
                    "grain",
                    "measure",
                    "unit_id",
                    "month",
                    "function",
                    "economic",
                    "fund",
                    "payee_kind",
                ],
                name="flow_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.measure} {self.fen}"


class FlowDelta(models.Model):
    """A change of a total that is not yet folded into it; always of the finest grain."""

    year = models.PositiveSmallIntegerField()
    measure = models.CharField(max_length=10)
    unit_id = models.BigIntegerField()
    month = models.PositiveSmallIntegerField()
    function = models.CharField(max_length=7)
    economic = models.CharField(max_length=5)
    fund = models.CharField(max_length=8)
    payee_kind = models.CharField(max_length=12)
    fen = models.BigIntegerField()
    count = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.year} {self.measure} {self.fen:+d}"


class Told(models.Model):
    """How much of a cell of payments to natural persons is in the sums already told; never public itself.

    What a sum has told stays told: the next one is made of what came after it, so that two days' pages lead no further
    than one page does (see rules/pipe_public.merge).
    """

    year = models.PositiveSmallIntegerField()
    measure = models.CharField(max_length=10, choices=Measure.choices)
    unit_id = models.BigIntegerField()
    month = models.PositiveSmallIntegerField()
    function = models.CharField(max_length=7)
    economic = models.CharField(max_length=5)
    fund = models.CharField(max_length=8)
    fen = models.BigIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["year", "measure", "unit_id", "month", "function", "economic", "fund"], name="told_once"
            ),
            models.CheckConstraint(condition=Q(measure__in=["told", "told_back"]), name="told_measure_known"),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.measure} {self.fen}"


class FlowProof(models.Model):
    """One night's proof that the totals of a year equal its rows. Differences stay open until a later proof agrees."""

    year = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    payments = models.BigIntegerField()  # rows counted anew
    totals = models.BigIntegerField()  # totals compared
    differing = models.BigIntegerField()
    first = models.JSONField(default=list)  # of the differences: at most 20, in words of the columns
    settled_at = models.DateTimeField(null=True, blank=True)  # when a later proof agreed

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(differing__gt=0) | Q(first=[]), name="proof_without_difference_is_empty"
            ),
        ]
        indexes = [models.Index(fields=["year", "-at"], name="proof_newest")]

    def __str__(self) -> str:
        return f"{self.year} {self.differing}"
