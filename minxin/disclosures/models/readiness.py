"""How far a city is from publishing everything at once: which budget units have their table signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from minxin.disclosures.models.broker import Submission
from minxin.disclosures.models.heading import BudgetUnit
from minxin.disclosures.rules.codes import SubmissionStage


@dataclass(frozen=True, slots=True)
class Readiness:
    """Ids of submissions to be published (by unit), and of units: without a signed table, already on the page."""

    ready: dict[int, int]
    missing: Sequence[int]
    shown: Sequence[int]

    @property
    def total(self) -> int:
        """All enrolled units."""
        return len(self.ready) + len(self.missing) + len(self.shown)


def readiness(finance_id: int, *, template: str, fiscal_year: int, version: str) -> Readiness:
    """2 queries. Every unit whose budget the bureau keeps in that year, withheld ones left out, by code.

    Of several signed tables of a unit the newest counts; a unit that is on the page already needs none.
    """
    units = (
        BudgetUnit.objects.public()
        .filter(finance_id=finance_id, since_on__lte=date(fiscal_year, 12, 31))
        .exclude(until_on__lt=date(fiscal_year, 1, 1))
        .order_by("code")
        .values_list("unit_id", flat=True)
    )
    rows = (
        Submission.objects.get_queryset()
        .filter(finance_id=finance_id, template=template, fiscal_year=fiscal_year, version=version)
        .filter(stage__in=[SubmissionStage.SIGNED, SubmissionStage.PUBLISHED])
        .order_by("id")
        .values_list("unit_id", "stage", "id")
    )
    shown = {unit for unit, stage, _key in rows if stage == SubmissionStage.PUBLISHED}
    signed = {unit: key for unit, stage, key in rows if stage == SubmissionStage.SIGNED}
    known = list(units)
    return Readiness(
        ready={unit: signed[unit] for unit in known if unit in signed and unit not in shown},
        missing=[unit for unit in known if unit not in signed and unit not in shown],
        shown=[unit for unit in known if unit in shown],
    )
