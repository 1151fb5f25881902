"""A government's own budget beside the sum of its departments', and where the two differ; read from published rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import Entry, Submission
from minxin.disclosures.reports import allocation
from minxin.disclosures.reports.allocation import Member, Roll
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.allocation import Asked, By
from minxin.disclosures.rules.codes import Fund, Version
from minxin.disclosures.rules.government_tables import RESERVE
from minxin.disclosures.rules.templates import TOTAL

TEMPLATE = "government_budget"
OWN, WHOLE, REVENUE, TRANSFERS = "own_expenditure", "gov_expenditure", "revenue", "transfers"
PURSES = {Fund.GENERAL: OWN, Fund.FUND: "fund_expenditure", Fund.CAPITAL: "capital_expenditure"}
OUTSIDE = (Fund.SPECIAL, Fund.OWN)  # money of the units that no government's budget holds
READ = (REVENUE, WHOLE, *PURSES.values())
LABELS = {
    "general": _("一般公共预算（本级）"),
    "transfers": _("补助下级的转移支付"),
    "fund": Fund.FUND.label,
    "capital": Fund.CAPITAL.label,
    "outside": _("财政专户和单位的钱"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One part of the money in fen, on both sides; None: there is none of it on that side.

    `sheet` is the government's table, `query` opens the units' figure. `reserve_fen` of the difference is the reserve.
    """

    code: str
    sheet: str
    fen: int | None
    units_fen: int | None
    query: str
    reserve_fen: int = 0

    @property
    def label(self) -> str:
        """What it is, in words."""
        return str(LABELS[self.code])

    @property
    def difference_fen(self) -> int:
        """How much more the government's has."""
        return (self.fen or 0) - (self.units_fen or 0)

    @property
    def rest_fen(self) -> int:
        """What of the difference the reserve does not explain: withheld units, or a correction on one side."""
        return self.difference_fen - self.reserve_fen


@dataclass(frozen=True, slots=True)
class Government:
    """A finance bureau's published budget of its government; `total` is the last line of `sides`, all of it."""

    unit: UnitRef
    year: int
    version: str
    revenue_fen: int
    spending_fen: int
    own_fen: int
    transfers_fen: int
    sides: Sequence[Side]
    total: Side
    sheets: Sequence[tuple[str, str]]

    @property
    def label(self) -> str:
        """The version in words."""
        return str(Version(self.version).label)


def beside(asked: Asked, among: Roll) -> list[Government]:
    """2 queries, 1 where no government published. The budgets of a year in the version asked for, else the first one.

    The units' sums beside them are of the same version and day.
    """
    found = _rows(asked, among)
    version = next((one for one in (asked.version, Version.INITIAL) if any(key[1] == one for key in found)), "")
    bureaus = sorted({unit for unit, of, _sheet, _key in found if of == version})
    if not bureaus:
        return []
    place = Asked(asked.year, By.FUND, version, on=asked.on)
    sums = _units(place, among)
    return [
        _government(
            directory.unit(bureau),
            place,
            {(sheet, key): fen for (unit, of, sheet, key), fen in found.items() if (unit, of) == (bureau, version)},
            {fund: fen for (keeper, fund), fen in sums.items() if keeper == bureau},
        )
        for bureau in bureaus
    ]


def published(member: Member, among: Roll) -> list[tuple[int, str]]:
    """1 query, none for a unit that is no finance bureau. (year, version) of its government's budgets, newest first."""
    if all(one.finance != member.unit.id for one in among.by_id.values()):
        return []
    rows = Submission.objects.public().filter(unit_id=member.unit.id, template=TEMPLATE)
    found = set(rows.values_list("fiscal_year", "version"))
    order = [*Version]
    return sorted(found, key=lambda one: (-one[0], order.index(Version(one[1]))))


def sheets(version: str) -> list[tuple[str, str]]:
    """No query. (code, title) of every table of a government's budget."""
    return [(sheet.code, sheet.told(version)) for sheet in templates.get(TEMPLATE).sheets]


def _rows(asked: Asked, among: Roll) -> dict[tuple[int, str, str, str], int]:
    """1 query. Fen of the total rows and of the reserve, by (unit, version, sheet, key)."""
    rows = Entry.objects.public(allocation.moment(asked.on)).filter(
        Q(key=TOTAL) | Q(sheet=OWN, key=RESERVE),
        unit_id__in={member.finance for member in among.by_id.values()},
        fiscal_year=asked.year,
        version__in={asked.version, Version.INITIAL},
        sheet__in=READ,
    )
    fields = ("unit_id", "version", "sheet", "key", "cells__amount")
    return {(unit, version, sheet, key): int(fen) for unit, version, sheet, key, fen in rows.values_list(*fields)}


def _units(place: Asked, among: Roll) -> dict[tuple[int, str], int]:
    """1 query. The sums of the units' budgets by (finance bureau, fund)."""
    sums: dict[tuple[int, str], int] = {}
    for (unit, fund), fen in allocation.added(place, among, who=allocation.WHO, purse=F("fund")).items():
        if unit in among.by_id:
            key = among.by_id[unit].finance, fund
            sums[key] = sums.get(key, 0) + fen
    return sums


def _government(
    unit: UnitRef, place: Asked, rows: Mapping[tuple[str, str], int], units: Mapping[str, int]
) -> Government:
    total = {sheet: rows.get((sheet, TOTAL), 0) for sheet in READ}
    down = total[WHOLE] - total[OWN]
    sides = [
        Side(fund, sheet, total[sheet], units.get(fund, 0), place.narrowed("fund", fund).at(By.UNIT).query(),
             rows.get((OWN, RESERVE), 0) if fund == Fund.GENERAL else 0)
        for fund, sheet in PURSES.items()
        if total[sheet] or units.get(fund)
    ]  # fmt: skip
    if down:
        sides.insert(1, Side("transfers", TRANSFERS, down, None, ""))
    if outside := sum(units.get(fund, 0) for fund in OUTSIDE):
        sides.append(Side("outside", "", None, outside, place.query()))
    every = total[WHOLE] + sum(total[sheet] for sheet in PURSES.values() if sheet != OWN)
    return Government(
        unit=unit,
        year=place.year,
        version=place.version,
        revenue_fen=total[REVENUE],
        spending_fen=total[WHOLE],
        own_fen=total[OWN],
        transfers_fen=down,
        sides=sides,
        total=Side("total", "", every, sum(units.values()), place.at(By.UNIT).query()),
        sheets=sheets(place.version),
    )
