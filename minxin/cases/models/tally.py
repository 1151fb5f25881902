"""Running totals of what the public may count: kept by the database in the very transaction that changes a case.

Counting millions of rows for a page is too slow, and a total that lags is not true. So triggers (migration
`tally`) write what changed as small deltas, without any row that two writers would wait for; a job folds them into
`Tally` every minute; a reader sums both. Sealed reports are in neither. `rebuild` recounts everything from the rows.
"""

from django.db import models

NETWORK = 0  # the "unit" of the totals of the whole network


class Tally(models.Model):
    """One measure of one unit (0: the whole network) in one month; `n` counts cases, stars, or fen."""

    measure = models.CharField(max_length=24)
    month = models.DateField()  # its first day; of the filing, and for money of the payment
    unit_id = models.BigIntegerField()
    n = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit_id", "month", "measure"], name="tally_once")]

    def __str__(self) -> str:
        return f"{self.measure} {self.month:%Y-%m} {self.unit_id}: {self.n}"


class TallyDelta(models.Model):
    """A change of a measure that is not yet folded into its tally."""

    measure = models.CharField(max_length=24)
    month = models.DateField()
    unit_id = models.BigIntegerField()
    n = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.measure} {self.month:%Y-%m} {self.unit_id}: {self.n:+d}"
