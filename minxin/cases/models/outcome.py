"""What came of a case: money, accountability, rules changed, and the complainant's verdict."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Sum

from minxin.cases.models.case import Case
from minxin.cases.rules import codes


class Money(models.Model):
    """One item of money returned to people, or recovered from wrongdoing. The public ledger sums these rows."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="money")
    kind = models.CharField(max_length=14, choices=codes.MoneyKind)
    amount_fen = models.BigIntegerField()
    people = models.PositiveIntegerField(default=1)
    on = models.DateField()
    payer = models.ForeignKey("directory.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    evidence = models.CharField(max_length=200)
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_index=False)  # that recorded it
    region = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="money_positive"),
            models.CheckConstraint(condition=Q(kind__in=codes.MoneyKind.values), name="money_kind_known"),
        ]
        indexes = [
            models.Index(fields=["case"], name="money_case"),
            models.Index(fields=["-on", "-id"], name="money_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.amount_fen}"

    @classmethod
    def returned(cls, case_id: int) -> int:
        """1 query. Fen that came back to people (还利于民) through this case."""
        found = cls.objects.filter(case_id=case_id, kind__in=codes.TO_PEOPLE).aggregate(fen=Sum("amount_fen"))
        return found["fen"] or 0


class Measure(models.Model):
    """A unit or a person, by office, held to account, with the document it rests on."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="measures")
    subject = models.CharField(max_length=8, choices=codes.Subject)
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_index=False)
    office = models.CharField(max_length=60, blank=True)  # 主要负责人: the office, never the name
    measure = models.CharField(max_length=24, choices=codes.Measure)
    people = models.PositiveSmallIntegerField(default=1)
    basis = models.CharField(max_length=200)
    on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(basis=""), name="measure_has_basis"),
            models.CheckConstraint(
                condition=Q(subject=codes.Subject.UNIT) | ~Q(office=""), name="measure_person_has_office"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.measure}"


class RuleChange(models.Model):
    """A rule or practice changed because of a case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="rule_changes")
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_index=False)
    what = models.CharField(max_length=500)
    document = models.CharField(max_length=200, blank=True)
    on = models.DateField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.case_id} {self.document}"


class Rating(models.Model):
    """What the complainant says. The first and the final rating are both kept."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="ratings")
    round = models.PositiveSmallIntegerField()
    contacted = models.BooleanField()
    solved = models.BooleanField()
    satisfaction = models.PositiveSmallIntegerField(choices=codes.Satisfaction)
    reasons = ArrayField(models.CharField(max_length=14, choices=codes.BadReason), default=list)
    comment = models.CharField(max_length=1000, blank=True)
    by_visit = models.BooleanField(default=False)  # told to a call-back officer
    struck_at = models.DateTimeField(null=True)  # taken out of the counts after an appeal, with its ruling
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "round"], name="rating_once_per_round"),
            models.CheckConstraint(condition=Q(satisfaction__range=(1, 5)), name="rating_range"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.satisfaction}"
