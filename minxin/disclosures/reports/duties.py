"""Who publishes in time: punctuality by unit, and each duty with when it was due, why then, and when it was done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import BudgetUnit, Duty
from minxin.disclosures.rules import duties as rules
from minxin.disclosures.rules.codes import DutyState, Ratifier
from minxin.disclosures.rules.duties import Punctuality
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.clocks import Deadline


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit with its duties of a year counted, and the days of its latest publication beyond the due day."""

    unit: UnitRef
    counted: Punctuality
    days_late: int


@dataclass(frozen=True, slots=True)
class Board:
    """The punctuality of every unit in one fiscal year: those behind first, then by name; and all together."""

    year: int
    years: Sequence[int]
    rows: Sequence[UnitRow]
    total: Punctuality


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One duty: what, after which approval, due when and why, done when, in which publication (year, number)."""

    id: int
    name: str
    unit: UnitRef
    fiscal_year: int
    state: DutyState
    started_on: date | None
    deadline: Deadline | None
    due_at: datetime | None
    provisional: bool
    done_at: datetime | None
    days_late: int
    basis: str
    ratifier: str
    publication: tuple[int, int] | None
    code: str
    template: str
    version: str

    @property
    def behind(self) -> bool:
        """Whether it was late or is missing."""
        return self.state in {DutyState.LATE, DutyState.MISSING}


def years() -> list[int]:
    """1 query. Fiscal years with duties, newest first."""
    return sorted(set(Duty.objects.order_by().values_list("fiscal_year", flat=True).distinct()), reverse=True)


def board(year: int | None = None) -> Board:
    """2 queries. The public table of a year; of the newest that has duties when none is given."""
    known = years()
    year = year if year is not None else (known[0] if known else clocks.today().year)
    hidden = BudgetUnit.objects.filter(withheld=True).values("unit_id")
    shown = Duty.objects.filter(fiscal_year=year).exclude(unit_id__in=hidden)
    rows: Iterable[Mapping[str, Any]] = shown.values("unit_id").annotate(**_counts())
    units = directory.tree().by_id
    found = [UnitRow(units[row["unit_id"]], _counted(row), row["most"] or 0) for row in rows if row["unit_id"] in units]
    found.sort(key=lambda row: (-row.counted.missing, -row.counted.late, -row.days_late, row.unit.code))
    total = Punctuality(
        *(
            sum(getattr(row.counted, name) for row in found)
            for name in ("on_time", "late", "missing", "not_due", "waiting")
        )
    )
    return Board(year, known, found, total)


def of_unit(unit_id: int) -> list[DutyRow]:
    """1 query. Every duty of a unit, the newest year first."""
    return _rows(Duty.objects.filter(unit_id=unit_id))


def behind(*, finance_id: int | None = None) -> list[DutyRow]:
    """1 query. Duties that are overdue and not done: what a floor above may turn into supervised cases."""
    rows = Duty.objects.filter(done_at__isnull=True, due_at__lte=clocks.now())
    return _rows(rows.filter(finance_id=finance_id) if finance_id is not None else rows)


def _rows(rows: QuerySet[Duty]) -> list[DutyRow]:
    now = clocks.now()
    rows = rows.select_related("rule", "publication").order_by("-fiscal_year", "due_at", "id")
    return [row_of(duty, now) for duty in rows]


def row_of(duty: Duty, now: datetime, *, explained: bool = True) -> DutyRow:
    """No query, when rule and publication came with the duty. Without `deadline` when it need not be explained."""
    unit, rule, shown = directory.unit(duty.unit_id), duty.rule, duty.publication
    deadline = None
    if explained and duty.started_on:
        calendar = kernel.calendar(directory.unit(duty.finance_id).region)
        deadline = rules.due(duty.started_on, rule.amount, rule.counted_in, calendar)
    return DutyRow(
        id=duty.pk,
        name=rule.name,
        unit=unit,
        fiscal_year=duty.fiscal_year,
        state=rules.state(duty.due_at, duty.done_at, now),
        started_on=duty.started_on,
        deadline=deadline,
        due_at=duty.due_at,
        provisional=duty.provisional,
        done_at=duty.done_at,
        days_late=_days(duty, now),
        basis=rule.basis,
        ratifier=str(Ratifier(rule.ratifier).label),
        publication=(shown.year, shown.number) if shown else None,
        code=rule.code,
        template=rule.template,
        version=rule.version,
    )


def _days(duty: Duty, now: datetime) -> int:
    if duty.done_at is None and duty.due_at is not None and duty.due_at <= now:
        return rules.days_late(duty.due_at, now)
    return duty.days_late


def _counts() -> dict[str, Count | Max]:
    now = clocks.now()
    done, open_ = Q(done_at__isnull=False), Q(done_at__isnull=True)
    return {
        "on_time": Count("id", filter=done & Q(days_late=0)),
        "late": Count("id", filter=done & Q(days_late__gt=0)),
        "missing": Count("id", filter=open_ & Q(due_at__lte=now)),
        "not_due": Count("id", filter=open_ & Q(due_at__gt=now)),
        "waiting": Count("id", filter=open_ & Q(due_at__isnull=True)),
        "most": Max("days_late"),
    }


def _counted(row: Mapping[str, Any]) -> Punctuality:
    return Punctuality(row["on_time"], row["late"], row["missing"], row["not_due"], row["waiting"])
