"""What regulations fix for the pipe, as dated rows; read once by each process, for they come with a release."""

from datetime import date
from functools import lru_cache

from django.db import models
from django.db.models import F, Q

from minxin.disclosures.rules import ruling
from minxin.disclosures.rules.codes import RuleCode
from minxin.disclosures.rules.ruling import Ruling


class PipeRuleQuerySet(models.QuerySet["PipeRule"]):
    """The rules are public: who is judged may read by what."""

    def public(self) -> "PipeRuleQuerySet":
        """All of them."""
        return self


class PipeRule(models.Model):
    """What holds in a finance bureau's region ("" = the whole country) from a day to a day, with its basis."""

    code = models.CharField(max_length=10, choices=RuleCode.choices)
    region = models.CharField(max_length=12, blank=True)
    value = models.CharField(max_length=20)  # its shape is the code's: rules.ruling
    basis = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    objects = PipeRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "region", "valid_from"], name="pipe_rule_once"),
            models.UniqueConstraint(
                fields=["code", "region"], condition=Q(valid_to__isnull=True), name="pipe_rule_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="pipe_rule_dates"
            ),
            models.CheckConstraint(
                condition=Q(code=RuleCode.MODES, value__in=ruling.MODES)
                | Q(code=RuleCode.CUT_OFF, value__regex=ruling.CUT_OFF)
                | Q(code=RuleCode.CONTRACT, value__regex=ruling.FEN),
                name="pipe_rule_value_shape",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.region} {self.value}"


def in_force(code: RuleCode, *, region: str, on: date) -> Ruling:
    """No query, or the first of a process. What holds in a region on a day; Refused when nothing is laid down."""
    return ruling.choose(_every(), code, region=region, on=on)


def values(*, region: str, on: date) -> dict[str, str]:
    """What holds there on that day, by code: for rules that are SQL."""
    found = (ruling.find(_every(), code, region=region, on=on) for code in RuleCode)
    return {row.code: row.value for row in found if row is not None}


def forget() -> None:
    """Read again at the next question: for tests that lay down rules of their own."""
    _every.cache_clear()


@lru_cache(maxsize=1)
def _every() -> tuple[Ruling, ...]:
    names = ("code", "region", "value", "basis", "valid_from", "valid_to")
    return tuple(Ruling(*row) for row in PipeRule.objects.order_by("id").values_list(*names))
