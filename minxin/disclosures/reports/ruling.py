"""What regulations fix for the pipe, for everybody: which rule, from when to when, what it says, by what it is so."""

from collections.abc import Sequence
from dataclasses import dataclass

from minxin.directory import reports as directory
from minxin.disclosures.models import PipeRule
from minxin.disclosures.rules.codes import RuleCode
from minxin.disclosures.rules.ruling import Ruling
from minxin.kernel import clocks


@dataclass(frozen=True, slots=True)
class Told:
    """A rule as it is read: where it holds ("" is everywhere), and whether it does today."""

    name: str
    region: str
    ruling: Ruling
    present: bool


def every() -> Sequence[Told]:
    """1 query. Every dated rule of the pipe, by name, those in force first."""
    today, order = clocks.today(), list(RuleCode)
    names = ("code", "region", "value", "basis", "valid_from", "valid_to")
    rows = [Ruling(*row) for row in PipeRule.objects.public().order_by("-valid_from", "id").values_list(*names)]
    found = [
        Told(
            str(RuleCode(row.code).label),
            directory.region_name(row.region) if row.region else "",
            row,
            row.valid_from <= today and (row.valid_to is None or today <= row.valid_to),
        )
        for row in rows
    ]
    return sorted(found, key=lambda told: (order.index(RuleCode(told.ruling.code)), not told.present))
