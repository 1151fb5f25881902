"""The three public expenses (三公经费): going abroad, official cars, receptions; by unit, against last year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import Appropriation, Entry
from minxin.disclosures.reports import allocation, headings
from minxin.disclosures.reports.allocation import Roll
from minxin.disclosures.rules import allocation as rules
from minxin.disclosures.rules.allocation import Asked, By, Change
from minxin.disclosures.rules.codes import Fund

SHEET = "three_public"
NAMES = MappingProxyType(
    {
        "abroad": _("因公出国（境）"),
        "purchase": _("公务用车购置"),
        "upkeep": _("公务用车运行"),
        "reception": _("公务接待"),
    }
)
_OF = {code: name for name, codes in rules.THREE.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Expenses:
    """The four figures in fen of one unit and year."""

    abroad: int = 0
    purchase: int = 0
    upkeep: int = 0
    reception: int = 0

    @property
    def total(self) -> int:
        """All three: abroad, cars, receptions."""
        return self.abroad + self.purchase + self.upkeep + self.reception

    @property
    def vehicles(self) -> int:
        """Cars bought and kept running."""
        return self.purchase + self.upkeep

    def plus(self, name: str, fen: int) -> "Expenses":
        """With one figure more."""
        facts: dict[str, int] = {name: getattr(self, name) + fen}
        return replace(self, **facts)

    def of(self, name: str) -> int:
        """One figure by its name."""
        value: int = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True)
class Spender:
    """A unit (or a department with all its units): this year and the year before, and why, where it told."""

    unit: UnitRef
    now: Expenses
    before: Expenses | None
    reason: str
    query: str

    @property
    def change(self) -> Change | None:
        """Against the year before; None when that year is not published."""
        return Change(self.before.total, self.now.total) if self.before is not None else None


@dataclass(frozen=True, slots=True)
class Item:
    """One economic heading of the three, of all units together; its query opens the rows behind it."""

    name: str
    heading: str
    explanation: str
    now: int
    change: Change | None
    query: str


@dataclass(frozen=True, slots=True)
class Table:
    """The three public expenses of a year, the largest first; `department` when narrowed to one."""

    asked: Asked
    rows: Sequence[Spender]
    now: Expenses
    before: Expenses | None
    items: Sequence["Item"]

    @property
    def change(self) -> Change | None:
        """The whole against the year before."""
        return Change(self.before.total, self.now.total) if self.before is not None else None


def table(asked: Asked, among: Roll, *, last_year: bool) -> Table:
    """2 queries. By department, or by unit within one. `last_year`: whether the year before has the same version.

    Paid from the general budget only (一般公共预算财政拨款), as the three expenses are defined.
    """
    found = _found(asked, among)
    now, before = _by_unit(found, asked, among), _by_unit(found, replace(asked, year=asked.year - 1), among)
    keys = sorted(set(now) | set(before), key=lambda key: -now.get(key, Expenses()).total)
    reasons = _reasons(asked, among) if asked.department or asked.unit else {}
    rows = [
        Spender(
            directory.unit(key),
            now.get(key, Expenses()),
            before.get(key, Expenses()) if last_year else None,
            reasons.get(key, ""),
            _leads(asked, among, key),
        )
        for key in keys
    ]
    earlier = _sum(before) if last_year else None
    return Table(asked, rows, _sum(now), earlier, _items(found, asked, last_year=last_year))


_Found = Mapping[tuple[int, int, str], int]  # fen by unit id, fiscal year and economic heading


def _found(asked: Asked, among: Roll) -> _Found:
    """1 query for both years."""
    both_years = allocation.in_version(asked) | allocation.in_version(replace(asked, year=asked.year - 1))
    rows = Appropriation.objects.public(allocation.moment(asked.on)).filter(
        both_years, economic__in=list(_OF), fund=Fund.GENERAL
    )
    if asked.department or asked.unit:
        rows = rows.filter(unit_id__in=_ids(asked, among))
    summed = rows.order_by().values("unit_id", "fiscal_year", "economic").annotate(sum=Sum("amount_fen"))
    found = summed.values_list("unit_id", "fiscal_year", "economic", "sum")
    return {(unit, year, code): int(fen) for unit, year, code, fen in found if unit not in among.hidden}


def _by_unit(found: _Found, asked: Asked, among: Roll) -> dict[int, Expenses]:
    """Of the place's year: by unit within a department, else by department."""
    sums: dict[int, Expenses] = {}
    for (unit, year, code), fen in found.items():
        if year == asked.year:
            key = unit if asked.department or asked.unit else _head(unit, among)
            sums[key] = sums.get(key, Expenses()).plus(_OF[code], fen)
    return sums


def _items(found: _Found, asked: Asked, *, last_year: bool) -> list[Item]:
    """Every heading that has a figure, in the order of the three."""
    sums: dict[tuple[int, str], int] = {}
    for (_unit, year, code), fen in found.items():
        sums[year, code] = sums.get((year, code), 0) + fen
    return [
        _item(asked, code, sums.get((asked.year, code), 0), sums.get((asked.year - 1, code), 0), last_year=last_year)
        for code in _OF
        if (asked.year, code) in sums or (asked.year - 1, code) in sums
    ]


def _item(asked: Asked, code: str, now: int, before: int, *, last_year: bool) -> Item:
    heading = headings.find("economic", code, asked.year)
    place = replace(asked, by=By.UNIT, economic=code, fund=Fund.GENERAL)
    return Item(
        name=str(NAMES[_OF[code]]),
        heading=heading.name if heading else code,
        explanation=heading.explanation if heading else "",
        now=now,
        change=Change(before, now) if last_year else None,
        query=place.query(),
    )


def _reasons(asked: Asked, among: Roll) -> Mapping[int, str]:
    """1 query. What each unit told about the change, in its table of the three expenses."""
    rows = Entry.objects.public(allocation.moment(asked.on)).filter(
        unit_id__in=_ids(asked, among), fiscal_year=asked.year, version=asked.version, sheet=SHEET
    )
    found = rows.filter(cells__year=asked.year).values_list("unit_id", "cells__reason")
    return {unit_id: reason for unit_id, reason in found if reason}


def _ids(asked: Asked, among: Roll) -> list[int]:
    member = among.find(asked.unit) if asked.unit else None
    return [member.unit.id] if member else among.ids(asked.department)


def _head(key: int, among: Roll) -> int:
    return among.by_id[key].head if key in among.by_id else key


def _sum(found: Mapping[int, Expenses]) -> Expenses:
    total = Expenses()
    for one in found.values():
        for name in NAMES:
            total = total.plus(name, one.of(name))
    return total


def _leads(asked: Asked, among: Roll, key: int) -> str:
    """A department with units under it opens; anything else shows its rows in the drill-down (no query)."""
    code = directory.unit(key).code
    if asked.department or among.under.get(key, 1) == 1:
        return ""
    return replace(asked, department=code, by=By.UNIT).query()
