"""A unit's table as it stands on the page, or stood on any day or right after any publication."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import Entry, Submission
from minxin.disclosures.models.publication import PREFIX, publication
from minxin.disclosures.reports.publications import Act, Cell, Warned, act_of, cell, warnings
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import Version
from minxin.disclosures.rules.templates import Column, Sheet, Template
from minxin.kernel import clocks, refs
from minxin.kernel.errors import Absent

FIRST_YEAR, LAST_YEAR = 1990, 2100
TOTALS = frozenset({"income", "received", "expense", "spent"})  # the items of two-sided tables that add up


@dataclass(frozen=True, slots=True)
class Address:
    """Which table: as in the address of its page."""

    unit: UnitRef
    year: int
    version: str
    template: Template
    sheet: Sheet

    @property
    def title(self) -> str:
        """The table's name in that version."""
        return self.sheet.told(self.version)


def address(unit: str, year: int, version: str, sheet: str) -> Address:
    """No query. Absent for a table that no template has."""
    for template in templates.every() if FIRST_YEAR <= year <= LAST_YEAR else ():
        if not template.repeated and version in template.versions:
            found = next((one for one in template.sheets if one.code == sheet), None)
            if found:
                return Address(directory.unit(unit), year, version, template, found)
    raise Absent


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: its cells, and where it was published: ref and leaf."""

    cells: list[Cell]
    by_column: Mapping[str, Cell]
    raw: Mapping[str, Any]
    key: str
    row: int
    ref: str
    leaf: int
    digest: str
    total: bool
    warned: bool = False

    @property
    def about(self) -> str:
        """What a question about this row refers to."""
        return f"{self.ref}/rows/{self.leaf}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table at a moment. `at` is None for now; `standing` is the last act before that moment, none: nothing yet."""

    address: Address
    columns: tuple[Column, ...]
    rows: list[Row]
    at: datetime | None
    standing: Act | None
    versions: list[Act]
    note: str
    warned: list[Warned]
    others: list[tuple[Sheet, str, int]]
    siblings: list[tuple[str, str]]

    @property
    def sides(self) -> list[tuple[Row | None, Row | None]]:
        """Income and expense beside each other, for the tables that have two sides."""
        left = [row for row in self.rows if row.raw.get("side") == "income"]
        right = [row for row in self.rows if row.raw.get("side") != "income"]
        length = max(len(left), len(right))
        return [(left[at] if at < len(left) else None, right[at] if at < len(right) else None) for at in range(length)]

    @property
    def measure(self) -> str:
        """What the amounts are told in, for the table's head; a column with another unit says so itself."""
        kinds = {column.kind for column in self.columns}
        return _("单位：万元") if "wan" in kinds else _("单位：元") if "money" in kinds else ""

    @property
    def two_sided(self) -> bool:
        """Whether it is laid out as 收入 beside 支出."""
        return self.columns[0].code == "side"


def moment(on: date | None, after: str = "") -> datetime | None:
    """1 query with `after` (a publication's ref), else none: the end of a past day; None for now."""
    if after:
        return publication(after).published_at
    if on is None or on >= clocks.today():
        return None
    return datetime.combine(on + timedelta(days=1), time(), clocks.ZONE) - timedelta(microseconds=1)


def table(place: Address, *, at: datetime | None = None) -> Table:
    """5 queries, 4 where nothing stood yet. Absent when the unit never published this table."""
    acts = list(
        Submission.objects.public()
        .filter(
            unit_id=place.unit.id,
            template=place.template.code,
            fiscal_year=place.year,
            version__in=place.template.versions,
            publication__isnull=False,
        )
        .select_related("publication__corrects")
        .order_by("-published_at", "-id")
    )
    mine = [row for row in acts if row.version == place.version]
    if not mine:
        raise Absent
    standing = next((row for row in mine if at is None or (row.published_at and row.published_at <= at)), None)
    columns = place.sheet.shown(place.version)
    warned = warnings(standing, sheet=place.title) if standing else []
    rows = _rows(place, columns, standing, at, {one.row for one in warned if one.row}) if standing else []
    siblings = {row.version for row in acts}
    return Table(
        address=place,
        columns=columns,
        rows=rows,
        at=at,
        standing=_act(standing) if standing else None,
        versions=[_act(row) for row in mine],
        note=standing.note if standing and not rows else "",
        warned=warned,
        others=_others(place, at),
        siblings=[(one.value, str(one.label)) for one in Version if one.value in siblings],
    )


def _act(row: Submission) -> Act:
    """The publication, with this unit's own reason."""
    assert row.publication is not None
    return replace(act_of(row.publication), reason=row.reason)


def _rows(
    place: Address, columns: tuple[Column, ...], standing: Submission, at: datetime | None, warned: set[int]
) -> list[Row]:
    """The rows on the page at that moment, in the order of the file that stood then, whichever act brought each."""
    order = dict(standing.entries.filter(sheet=place.sheet.code).values_list("key", "row"))
    found = (
        Entry.objects.public(at)
        .filter(unit_id=place.unit.id, fiscal_year=place.year, version=place.version, sheet=place.sheet.code)
        .values_list("key", "cells", "leaf", "digest", "publication__year", "publication__number")
    )
    rows = [
        Row(
            cells=list((told := _told(columns, cells, place.year)).values()),
            by_column=told,
            raw=cells,
            key=key,
            row=order.get(key, 0),
            ref=refs.written(PREFIX, year or 0, number or 0),
            leaf=leaf or 0,
            digest=bytes(digest).hex(),
            total=templates.TOTAL in key.split("|") or cells.get("item") in TOTALS,
            warned=order.get(key, 0) in warned,
        )
        for key, cells, leaf, digest, year, number in found
    ]
    return sorted(rows, key=lambda row: (row.row, row.key))


def _told(columns: tuple[Column, ...], cells: Mapping[str, Any], year: int) -> dict[str, Cell]:
    return {column.code: cell(column, cells.get(column.code), year=year) for column in columns}


def _others(place: Address, at: datetime | None) -> list[tuple[Sheet, str, int]]:
    """Every table of the set with its rows on the page then."""
    counted = dict(
        Entry.objects.public(at)
        .filter(unit_id=place.unit.id, fiscal_year=place.year, version=place.version)
        .order_by()
        .values_list("sheet")
        .annotate(n=Count("id"))
    )
    return [(sheet, sheet.told(place.version), counted.get(sheet.code, 0)) for sheet in place.template.sheets]
