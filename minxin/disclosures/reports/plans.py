"""Plans by month (用款计划) as their desks see them: a unit's own, and what waits for the finance bureau."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Min, Sum

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.models import Allotment, BudgetUnit
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.reports.lines import Own, in_words
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import PayMode, PlanStage

MOST_LINES = 400  # of one unit and month on a page

WAITS = {"approve_plans": PlanStage.SUBMITTED, "issue_plans": PlanStage.APPROVED}


@dataclass(frozen=True, slots=True)
class Batch:
    """The plans of a unit for a month in one stage: how many lines, how much in fen, since when, by which notice."""

    unit: UnitRef
    section: str
    month: date
    stage: PlanStage
    count: int
    fen: int
    since: datetime
    doc_no: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits at a bureau for one verb: its months with how many units, and the units of the month looked at."""

    verb: str
    finance: UnitRef
    months: Sequence[tuple[date, int]]
    month: date | None
    rows: Sequence[Batch]

    @property
    def count(self) -> int:
        """How many lines' plans these are."""
        return sum(row.count for row in self.rows)

    @property
    def fen(self) -> int:
        """Their sum."""
        return sum(row.fen for row in self.rows)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One line's plan for a month, with what its line has, in fen; `unused` of its allotments nobody has asked for."""

    line: str
    name: str
    code: str
    mode: PayMode
    stage: PlanStage
    fen: int
    approved_fen: int
    allotted_fen: int
    unused_fen: int
    doc_no: str
    submitted_at: datetime
    approved_at: datetime | None
    issued_at: datetime | None


def of_unit(own: Own, *, year: int) -> list[Batch]:
    """1 query. A unit's plans of a year by month, stage and notice, the newest month first."""
    rows = Allotment.objects.filter(unit_id=own.unit.id, month__year=year).values("month", "stage", "doc_no")
    found = _summed(rows).order_by("-month", "since", "stage", "doc_no")
    return [_batch(row | {"unit_id": own.unit.id}, own.section) for row in found]


def desk(by: Officer, *, verb: str, month: date | None = None) -> Desk | None:
    """2 queries. The plans that wait for this officer to approve or issue them; None when it is not his work.

    Of the month asked for, else the first in which something waits.
    """
    bureaus = by.unit_ids(*pipe.PLAN[verb].roles)
    if not bureaus:
        return None
    finance = directory.unit(min(bureaus))
    rows = Allotment.objects.filter(finance_id=finance.id, stage=WAITS[verb]).values("month", "unit_id")
    found = list(_summed(rows).order_by("month", "unit_id"))
    months: dict[date, int] = {}
    for row in found:
        months[row["month"]] = months.get(row["month"], 0) + 1
    month = month if month in months else next(iter(months), None)
    here = [row for row in found if row["month"] == month]
    sections = _sections(row["unit_id"] for row in here)
    batches = [_batch(row | {"stage": WAITS[verb], "doc_no": ""}, sections[row["unit_id"]]) for row in here]
    return Desk(verb, finance, list(months.items()), month, sorted(batches, key=lambda one: (one.section, one.since)))


def lines(own: Own, *, month: date) -> list[PlanLine]:
    """1 query and those of the headings. A unit's plans for a month, line by line."""
    rows = Allotment.objects.filter(unit_id=own.unit.id, month=month).select_related("line")
    return [_line(row) for row in rows.order_by("line__function", "line__economic", "line_id", "pk")[:MOST_LINES]]


def _summed(rows: Any) -> Any:
    return rows.annotate(count=Count("pk"), fen=Sum("amount_fen"), since=Min("submitted_at"), last=Max("issued_at"))


def _batch(row: Mapping[str, Any], section: str) -> Batch:
    since = row["last"] or row["since"]
    unit = directory.unit(row["unit_id"])
    return Batch(unit, section, row["month"], PlanStage(row["stage"]), row["count"], row["fen"], since, row["doc_no"])


def _sections(units: Iterable[int]) -> dict[int, str]:
    return dict(BudgetUnit.objects.filter(unit_id__in=set(units)).values_list("unit_id", "section"))


def _line(row: Allotment) -> PlanLine:
    line = row.line
    return PlanLine(
        ref_of(line),
        in_words(line),
        f"{line.function} {line.economic}",
        PayMode(row.mode),
        PlanStage(row.stage),
        row.amount_fen,
        line.approved_fen,
        line.allotted_fen,
        line.allotted_fen - line.requested_fen - line.paid_fen,
        row.doc_no,
        row.submitted_at,
        row.approved_at,
        row.issued_at,
    )
