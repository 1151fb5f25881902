"""What supervisors and leaders look at: cases under supervision, what is red in my units, the best and the worst."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from minxin.cases.models import Assignment, Case, Money, Rating
from minxin.cases.models.case import OVER
from minxin.cases.reports import desk as lists
from minxin.cases.reports.desk import Page, Row
from minxin.cases.rules import codes, desk
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.kernel import clocks

SHOWN = 8
RECENT = timedelta(days=90)


def supervision(officer: Officer, slip: str = "", *, before: str = "") -> Page:
    """2 queries. Open cases under supervision in the officer's regions, newest first; `slip` keeps one weight."""
    rows = _supervised(officer)
    if slip in codes.Slip.values:
        rows = rows.filter(supervision=slip)
    return lists.paged(officer, rows, before=before)


def supervision_counts(officer: Officer) -> list[tuple[codes.Slip, int]]:
    """1 query over the open cases under supervision, by index."""
    found = dict(_supervised(officer).values_list("supervision").annotate(n=Count("pk")))
    shown = (codes.Slip.LISTED, codes.Slip.ESCALATED, codes.Slip.RED, codes.Slip.YELLOW, codes.Slip.BLUE)
    return [(slip, found.get(slip, 0)) for slip in (*shown, codes.Slip.URGE, codes.Slip.REMINDER)]


def _supervised(officer: Officer) -> "QuerySet[Case]":
    return Case.objects.visible_to(officer).exclude(supervision="").exclude(stage__in=OVER)


@dataclass(frozen=True)
class Minute:
    """A head's one minute: what waits for his signature, what is red below him, and what came of it."""

    to_sign: Sequence[Row]
    red: Sequence[Row]
    red_number: int
    worst: Row | None
    worst_stars: int | None
    worst_words: str
    best: Row | None
    best_stars: int | None
    returned_fen: int
    returned_cases: int
    rated: int
    satisfied: int
    since: date

    @property
    def returned_note(self) -> str:
        """How many cases the money came from, and since when."""
        return _("%(n)d 件，%(year)d 年 1 月 1 日以来") % {"n": self.returned_cases, "year": self.since.year}

    @property
    def satisfied_share(self) -> str:
        """The share of the rated ones, with one decimal; a dash when nothing has been rated."""
        return f"{100 * self.satisfied / self.rated:.1f}%" if self.rated else "—"

    @property
    def satisfied_note(self) -> str:
        """Numerator and denominator."""
        return f"{self.satisfied} / {self.rated}"


def minute(officer: Officer) -> Minute:
    """At most 14 queries. For the units the officer leads and everything below them; sealed reports left out."""
    year = clocks.today().replace(month=1, day=1)
    below = _below(officer)
    recent = Case.objects.visible_to(officer).exclude(lane=codes.Lane.SEALED).filter(lead_id__in=below)
    recent = recent.filter(answered_at__gte=clocks.now() - RECENT)
    worst = recent.filter(final_rating__lte=codes.Satisfaction.BAD).order_by("final_rating", "-answered_at").first()
    best = (
        recent.filter(final_rating=codes.Satisfaction.VERY_GOOD)
        .order_by(F("stars").desc(nulls_last=True), "-answered_at")
        .first()
    )
    rates = recent.aggregate(
        rated=Count("final_rating"), good=Count("pk", filter=Q(final_rating__gte=codes.Satisfaction.FAIR))
    )
    sums = Money.objects.filter(unit_id__in=below, on__gte=year, kind__in=sorted(codes.TO_PEOPLE))
    money = sums.exclude(case__lane=codes.Lane.SEALED).aggregate(
        fen=Sum("amount_fen"), cases=Count("case", distinct=True)
    )
    words = Rating.objects.filter(case=worst).order_by("-round").first() if worst else None
    return Minute(
        to_sign=lists.inbox(officer, desk.BY_CODE["sign"]).rows[:SHOWN],
        red=_red(officer, below),
        red_number=_late(below).count(),
        worst=_one(officer, worst),
        worst_stars=worst.final_rating if worst else None,
        worst_words=words.comment if words else "",
        best=_one(officer, best),
        best_stars=best.stars if best else None,
        returned_fen=money["fen"] or 0,
        returned_cases=money["cases"],
        rated=rates["rated"],
        satisfied=rates["good"],
        since=year,
    )


def _below(officer: Officer) -> list[int]:
    """The units this officer leads and those below them; for a leader of a centre its own unit only."""
    paths = officer.paths(Role.LEADER, Role.HEAD)
    return [unit.id for unit in directory.tree().by_id.values() if any(unit.path.startswith(path) for path in paths)]


def _red(officer: Officer, units: Sequence[int]) -> Sequence[Row]:
    """2 queries. Work past its time in these units, the longest first."""
    late = _late(units).order_by("due_at", "id")
    dues = dict(late.values_list("case_id", "due_at")[:SHOWN])
    return lists.rows(officer, list(dues), dues=dues)


def _late(units: Sequence[int]) -> "QuerySet[Assignment]":
    late = Assignment.objects.filter(unit_id__in=units, state__in=sorted(codes.OPEN_WORK), due_at__lt=clocks.now())
    return late.exclude(case__lane=codes.Lane.SEALED)


def _one(officer: Officer, case: Case | None) -> Row | None:
    found = lists.rows(officer, [case.pk]) if case else []
    return found[0] if found else None
