"""Running totals of the pipe, kept by the database in the very transaction that moves a payment.

Triggers on the payments (migration `flow`) write what changed as deltas; `actions.flow.fold` adds them up; readers sum
both. Three grains, so that a page never adds more than some thousand rows whatever the number of payments:
CELL has every dimension; YEAR has month 0; MONTH has only unit and month, its other dimensions empty.
"""

from django.db import models

from minxin.disclosures.rules.codes import Grain, Measure


class Flow(models.Model):
    """One total in fen, and of how many payments."""

    grain = models.PositiveSmallIntegerField(choices=Grain.choices)
    year = models.PositiveSmallIntegerField()
    measure = models.CharField(max_length=10, choices=Measure.choices)
    unit_id = models.BigIntegerField()
    month = models.PositiveSmallIntegerField()  # 1 to 12 within the fiscal year; 13 after its end; 0: of the whole year
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
