"""The rows behind the public's totals: cases received, money, accountability. Sealed reports are in none of them.

A case that is not published appears without number, title and unit; one filed in confidence (保密) shows neither
place nor unit anywhere. What is published links to its page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet, Sum

from minxin.cases.models import Case, Measure, Money, PublicCase
from minxin.cases.rules import codes
from minxin.directory import reports as directory

SIZE = 50
FEW = 3  # so few people could be told apart: the number is not shown


@dataclass(frozen=True)
class CaseRow:
    """One case of the ledger; `ref` and `title` only when it is published, region only when it is not in confidence."""

    filed_at: datetime
    kind: str
    region: str
    stage: str
    closed_at: datetime | None
    stars: int | None
    rating: int | None
    ref: str
    title: str


@dataclass(frozen=True)
class MoneyRow:
    """One item of money; `people` None when too few to be told, `ref` only when its case is published."""

    on: date
    kind: str
    label: str
    fen: int
    people: int | None
    unit: str
    region: str
    ref: str
    to_people: bool


@dataclass(frozen=True)
class MeasureRow:
    """One unit, or some persons by office, held to account; the unit is empty for a case in confidence."""

    on: date
    subject: str
    unit: str
    office: str
    label: str
    people: int
    basis: str
    ref: str


@dataclass(frozen=True)
class Ledger:
    """Rows, newest first, and the key of the next older page."""

    rows: Sequence[CaseRow | MoneyRow | MeasureRow]
    older: str


_CASES = {
    "received": Q(),
    "closed": Q(stage=codes.Stage.CLOSED),
    "rated": Q(final_rating__isnull=False),
}
CASES = tuple(_CASES)


def cases(which: str, *, before: str = "", size: int = SIZE) -> Ledger:
    """2 queries. The cases that one of the home page's numbers counts: received, closed, or rated."""
    rows = Case.objects.exclude(lane=codes.Lane.SEALED).filter(_CASES[which]).order_by("-id")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(id__lt=int(before))
    fields = ("id", "filed_at", "kind", "lane", "region", "stage", "closed_at", "stars", "final_rating", "published_at")
    found = list(rows.only(*fields)[: size + 1])
    older = str(found[size - 1].id) if len(found) > size else ""
    titles = dict(PublicCase.objects.filter(pk__in=[row.id for row in found]).values_list("case_id", "title"))
    return Ledger([_case(row, titles.get(row.id, "")) for row in found[:size]], older)


def money(*, kind: str = "", before: str = "", size: int = SIZE) -> Ledger:
    """1 query. Items of money, the latest payment first."""
    rows = _money()
    if kind:
        rows = rows.filter(kind=kind)
    day, _sep, number = before.rpartition("-")
    try:
        on, last = date.fromisoformat(day), int(number[:18])
        rows = rows.filter(Q(on__lt=on) | Q(on=on, id__lt=last), on__lte=on)
    except ValueError:
        pass
    found = list(rows[: size + 1])
    older = f"{found[size - 1].on.isoformat()}-{found[size - 1].id}" if len(found) > size else ""
    return Ledger([_item(row) for row in found[:size]], older)


def every_money(*, chunk: int = 2_000) -> Iterator[MoneyRow]:
    """One query for each `chunk`. All items of money, for a download that is streamed."""
    before = ""
    while True:
        batch = money(before=before, size=chunk)
        yield from (row for row in batch.rows if isinstance(row, MoneyRow))
        if not batch.older:
            return
        before = batch.older


def measures(*, before: str = "", size: int = SIZE) -> Ledger:
    """1 query. Who was held to account, and by which document, newest first."""
    rows = Measure.objects.exclude(case__lane=codes.Lane.SEALED).select_related("unit", "case").order_by("-id")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(id__lt=int(before))
    found = list(rows[: size + 1])
    older = str(found[size - 1].id) if len(found) > size else ""
    return Ledger([_measure(row) for row in found[:size]], older)


def measure_totals() -> list[tuple[str, int, int, int]]:
    """1 query over a small table. (label, times, units, people) of every measure that was taken, gravest last."""
    rows = Measure.objects.exclude(case__lane=codes.Lane.SEALED).values("measure").order_by("measure")
    found = {
        row["measure"]: (row["times"], row["units"], row["people"] or 0)
        for row in rows.annotate(
            times=Count("id"),
            units=Count("id", filter=Q(subject=codes.Subject.UNIT)),
            people=Sum("people", filter=Q(subject=codes.Subject.PERSON)),
        )
    }
    return [(str(measure.label), *found[measure.value]) for measure in codes.Measure if measure.value in found]


def _case(row: Case, title: str) -> CaseRow:
    shown = row.published_at is not None and row.lane == codes.Lane.OPEN
    return CaseRow(
        filed_at=row.filed_at,
        kind=row.get_kind_display(),
        region=directory.region_name(row.region[:6]) if row.lane == codes.Lane.OPEN else "",
        stage=row.get_stage_display(),
        closed_at=row.closed_at,
        stars=row.stars,
        rating=row.final_rating,
        ref=row.ref if shown else "",
        title=title if shown else "",
    )


def _money() -> QuerySet[Money]:
    rows = Money.objects.exclude(case__lane=codes.Lane.SEALED).select_related("case", "unit")
    return rows.order_by("-on", "-id")


def _item(row: Money) -> MoneyRow:
    kind, open_lane = codes.MoneyKind(row.kind), row.case.lane == codes.Lane.OPEN
    shown = row.case.published_at is not None and open_lane
    return MoneyRow(
        on=row.on,
        kind=kind.value,
        label=str(kind.label),
        fen=row.amount_fen,
        people=row.people if shown or row.people >= FEW else None,
        unit=row.unit.name if open_lane else "",
        region=row.region[:6] if open_lane else "",
        ref=row.case.ref if shown else "",
        to_people=kind in codes.TO_PEOPLE,
    )


def _measure(row: Measure) -> MeasureRow:
    shown = row.case.lane == codes.Lane.OPEN
    return MeasureRow(
        on=row.on,
        subject=row.get_subject_display(),
        unit=row.unit.name if shown else "",
        office=row.office,
        label=row.get_measure_display(),
        people=row.people,
        basis=row.basis if shown else "",
        ref=row.case.ref if row.case.published_at and shown else "",
    )
