"""A year's budget as planned, adjusted, spent and settled, side by side, and why they differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Left

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import Appropriation, Submission
from minxin.disclosures.reports import allocation
from minxin.disclosures.reports.allocation import Line, Roll
from minxin.disclosures.rules import allocation as rules
from minxin.disclosures.rules.allocation import Asked, By, Change
from minxin.disclosures.rules.codes import Version

MOST_REASONS = 300
WAYS = (By.UNIT, By.FUNCTION, By.ECONOMIC, By.FUND)


@dataclass(frozen=True, slots=True)
class Figures:
    """The four figures of one row in fen; None for a version that the year does not have."""

    initial: int | None
    adjusted: int | None
    executed: int | None
    final: int | None

    @property
    def adjustment(self) -> Change | None:
        """From the plan at the year's start to the adjusted one."""
        return _change(self.initial, self.adjusted)

    @property
    def settlement(self) -> Change | None:
        """From the plan in force (adjusted, else initial) to the final account."""
        return _change(self.adjusted if self.adjusted is not None else self.initial, self.final)

    @property
    def plan(self) -> int | None:
        """What the execution rate is measured by: the adjusted plan where there is one (预算法 75)."""
        return self.adjusted if self.adjusted is not None else self.initial

    @property
    def rate(self) -> Decimal | None:
        """The execution rate (执行率) in hundredths: what was paid of the plan."""
        return None if self.executed is None or not self.plan else rules.percentage(self.executed, self.plan)


@dataclass(frozen=True, slots=True)
class Row:
    """One heading, unit or fund with its four figures."""

    line: Line
    figures: Figures


@dataclass(frozen=True, slots=True)
class Sides:
    """The versions side by side; `adjusting` units published an adjusted budget, the others keep their first."""

    asked: Asked
    rows: Sequence[Row]
    total: Figures
    adjusting: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why figures are as they are, as units told with their submissions; those who told the same are together."""

    units: Sequence[UnitRef]
    version: str
    text: str
    at: datetime | None
    correction: bool


def sides(asked: Asked, known: Sequence[Version], among: Roll) -> Sides:
    """3 queries. Each row of the place in every version. A unit without an adjusted budget keeps its initial one."""
    asked = asked if asked.by in WAYS else asked.at(By.FUNCTION)
    asked = asked.without("kind")
    key, name = _key(asked)
    adjusted = _adjusted(asked, among)
    planned = _planned(asked, among, adjusted, key)
    paid = allocation.added(replace(asked, version=Version.EXECUTED), among, key=key) if _has(known, "executed") else {}
    by_row: dict[Any, dict[str, int]] = {}
    for code, figures in planned.items():
        _add(by_row.setdefault(name(code, among), {}), figures)
    for (code,), fen in paid.items():
        _add(by_row.setdefault(name(code, among), {}), {"executed": fen})
    rows = [Row(_line(asked, among, code), _figures(figures, known, adjusted)) for code, figures in by_row.items()]
    rows.sort(key=lambda row: (-(row.figures.initial or row.figures.final or 0), row.line.code))
    total: dict[str, int] = {}
    for figures in by_row.values():
        _add(total, figures)
    return Sides(asked, rows, _figures(total, known, adjusted), len(adjusted))


def reasons(asked: Asked, among: Roll) -> list[Reason]:
    """1 query. What the units told about differences and corrections of that year, the newest first."""
    told = ~Q(reason="") | ~Q(note="")
    rows = Submission.objects.public().filter(told, template=allocation.TEMPLATE, fiscal_year=asked.year)
    if moment := allocation.moment(asked.on):
        rows = rows.filter(published_at__lte=moment)
    if asked.unit or asked.department:
        rows = rows.filter(unit_id__in=_chosen(asked, among))
    found = rows.order_by("-published_at", "-id").values_list(
        "unit_id", "version", "reason", "note", "published_at", "corrects_id"
    )
    units: dict[tuple[str, str, datetime | None, bool], list[UnitRef]] = {}
    for unit_id, version, reason, note, at, corrects in found[:MOST_REASONS]:
        if unit_id not in among.hidden:
            told_so = (str(Version(version).label), reason or note, at, corrects is not None)
            units.setdefault(told_so, []).append(directory.unit(unit_id))
    return [Reason(of, *told_so) for told_so, of in units.items()]


def _chosen(asked: Asked, among: Roll) -> list[int]:
    member = among.find(asked.unit) if asked.unit else None
    return [member.unit.id] if member else among.ids(asked.department)


def _key(asked: Asked) -> tuple[Any, Callable[[Any, Roll], Any]]:
    """The expression that rows are told apart by, and how its values are put together on the page."""
    if asked.by is By.UNIT:
        return allocation.WHO, (lambda code, _among: code) if asked.department or asked.unit else _head
    if asked.by is By.FUND:
        return F("fund"), lambda code, _among: code
    length = rules.digits(getattr(asked, asked.by.value), allocation.DIGITS[asked.by])
    return Left(asked.by.value, length), lambda code, _among: code


def _head(key: int, among: Roll) -> int:
    return among.by_id[key].head if key in among.by_id else key


def _adjusted(asked: Asked, among: Roll) -> frozenset[int]:
    rows = _rows(asked, among).filter(version=Version.ADJUSTED)
    return frozenset(rows.order_by().values_list("unit_id", flat=True).distinct())


def _planned(asked: Asked, among: Roll, adjusted: frozenset[int], key: Any) -> dict[Any, dict[str, int]]:
    """One scan: the sums of the three published versions, and the first budgets of those who did not adjust."""
    kept = Q(version=Version.INITIAL) & ~Q(unit_id__in=adjusted)
    rows = _rows(asked, among).filter(version__in=[Version.INITIAL, Version.ADJUSTED, Version.FINAL])
    found = rows.order_by().annotate(key=key).values("key").annotate(
        initial=Sum("amount_fen", filter=Q(version=Version.INITIAL), default=0),
        adjusted=Sum("amount_fen", filter=Q(version=Version.ADJUSTED) | kept, default=0),
        final=Sum("amount_fen", filter=Q(version=Version.FINAL), default=0),
    )  # fmt: skip
    return {
        code: {"initial": int(first), "adjusted": int(second), "final": int(last)}
        for code, first, second, last in found.values_list("key", "initial", "adjusted", "final")
    }


def _rows(asked: Asked, among: Roll) -> QuerySet[Appropriation]:
    """The rows of every version at a place."""
    return allocation.cells(asked, among, versions=[Version.INITIAL, Version.ADJUSTED, Version.FINAL])


def _add(total: dict[str, int], figures: Mapping[str, int]) -> None:
    for name, fen in figures.items():
        total[name] = total.get(name, 0) + fen


def _figures(found: Mapping[str, int], known: Sequence[Version], adjusted: frozenset[int]) -> Figures:
    """What is not published is None, not nought; without any adjusted budget there is no adjusted figure."""
    return Figures(
        initial=found.get("initial", 0) if _has(known, "initial") else None,
        adjusted=found.get("adjusted", 0) if adjusted else None,
        executed=found.get("executed", 0) if _has(known, "executed") else None,
        final=found.get("final", 0) if _has(known, "final") else None,
    )


def _has(known: Sequence[Version], name: str) -> bool:
    return Version(name) in known


def _line(asked: Asked, among: Roll, code: Any) -> Line:
    return allocation.line(asked, among, code, 0)


def _change(before: int | None, after: int | None) -> Change | None:
    return Change(before, after) if before is not None and after is not None else None
