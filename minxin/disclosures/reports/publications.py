"""What was published: the list of acts, one act with its files, what a correction changed, one row with its proof."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, Q, QuerySet

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import Entry, Finding, Publication, Submission
from minxin.disclosures.models.broker import ref_of as submission_ref
from minxin.disclosures.models.publication import publication, ref_of
from minxin.disclosures.reports import headings
from minxin.disclosures.rules import publishing as rules
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import Severity
from minxin.disclosures.rules.templates import Column, Sheet, Template
from minxin.kernel import merkle
from minxin.kernel.errors import Absent

PAGE = 30
DIFFERENCES = 100  # rows of a diff's page
MOST_FINDINGS = 200  # warnings shown at once


# --- the list


@dataclass(frozen=True, slots=True)
class Act:
    """A publication in a list."""

    ref: str
    title: str
    template: str
    fiscal_year: int
    version: str
    publisher: UnitRef
    office: str
    published_at: datetime
    units: int
    rows: int
    root: str
    corrects: str
    reason: str


@dataclass(frozen=True, slots=True)
class Narrow:
    """What of the list is asked for; None and "" are everything."""

    unit: UnitRef | None = None
    year: int | None = None
    template: str = ""


def acts(narrow: Narrow, *, before: str = "") -> tuple[list[Act], str]:
    """1 query. Publications, the newest first, at most PAGE, and the key of the older ones."""
    rows = Publication.objects.public()
    if narrow.unit:
        rows = rows.filter(pk__in=Submission.objects.public().filter(unit_id=narrow.unit.id).values("publication_id"))
    if narrow.year:
        rows = rows.filter(fiscal_year=narrow.year)
    if narrow.template:
        rows = rows.filter(template=narrow.template)
    at, key = _place(before)
    if at is not None:
        rows = rows.filter(Q(published_at__lt=at) | Q(published_at=at, id__lt=key))
    found = list(rows.select_related("corrects").order_by("-published_at", "-id")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    older = f"{last.published_at.isoformat()}~{last.pk}" if last else ""
    return [act_of(row) for row in found[:PAGE]], older


def act_of(row: Publication) -> Act:
    """No query when `corrects` was fetched with it."""
    return Act(
        ref=ref_of(row),
        title=row.title,
        template=templates.get(row.template).label,
        fiscal_year=row.fiscal_year,
        version=row.get_version_display(),
        publisher=directory.unit(row.publisher_id),
        office=row.office,
        published_at=row.published_at,
        units=row.units,
        rows=row.rows,
        root=row.root,
        corrects=ref_of(row.corrects) if row.corrects else "",
        reason=row.reason,
    )


def _place(before: str) -> tuple[datetime | None, int]:
    at, _tilde, key = before.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None, 0
    known = moment.tzinfo is not None and key.isdecimal() and len(key) < 19
    return (moment, int(key)) if known else (None, 0)


def years() -> list[int]:
    """1 query. The fiscal years of which something was published, the newest first."""
    return list(Publication.objects.public().order_by("-fiscal_year").values_list("fiscal_year", flat=True).distinct())


# --- one act


@dataclass(frozen=True, slots=True)
class Part:
    """One unit's share of an act: rows that came onto the page with it, its warnings, its note."""

    unit: UnitRef
    submission: str
    rows: int
    warnings: int
    note: str
    reason: str


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning of the checks, published beside the figure."""

    sheet: str
    row: int | None
    column: str
    value: str
    other: str
    difference: str
    message: str


@dataclass(frozen=True, slots=True)
class TableOf:
    """A table of one unit: how many rows came with this act."""

    sheet: Sheet
    title: str
    rows: int


@dataclass(frozen=True, slots=True)
class Page:
    """A publication's page. `tables` and `warned` are of one unit: the only one, or the one asked for."""

    act: Act
    version: str
    template: Template
    parts: list[Part]
    files: list[Any]
    corrections: list[Act]
    here: Part | None
    tables: list[TableOf]
    warned: list[Warned]


def page(ref: str, *, unit: str = "") -> Page:
    """6 queries, 8 for one unit (the only one or that with the code `unit`). Absent for what was never published."""
    found = publication(ref)
    rows = dict(found.entries.order_by().values_list("unit_id").annotate(n=Count("id")))
    submissions = list(found.submissions.order_by("id"))
    parts = [_part(row, rows.get(row.unit_id, 0)) for row in submissions]
    chosen = next((at for at, part in enumerate(parts) if unit in {part.unit.code, *([""] * (len(parts) == 1))}), None)
    if unit and chosen is None:
        raise Absent
    here = None if chosen is None else submissions[chosen]
    return Page(
        act=act_of(found),
        version=found.version,
        template=templates.get(found.template),
        parts=sorted(parts, key=lambda part: part.unit.code),
        files=_files(found),
        corrections=[act_of(row) for row in found.corrections.select_related("corrects").order_by("id")],
        here=None if chosen is None else parts[chosen],
        tables=_tables(found, here) if here else [],
        warned=warnings(here) if here else [],
    )


def _part(row: Submission, rows: int) -> Part:
    return Part(directory.unit(row.unit_id), submission_ref(row), rows, row.warnings, row.note, row.reason)


def _files(found: Publication) -> list[dict[str, Any]]:
    """The files with what they hold: a table's name for its CSV."""
    titles = {f"{sheet.code}.csv": sheet.told(found.version) for sheet in templates.get(found.template).sheets}
    rows = found.exports.order_by("id").values("name", "media_type", "size", "sha256")
    return [{**row, "title": titles.get(row["name"], "")} for row in rows]


def _tables(found: Publication, submission: Submission) -> list[TableOf]:
    counted = dict(
        found.entries.filter(unit_id=submission.unit_id).order_by().values_list("sheet").annotate(n=Count("id"))
    )
    sheets = templates.get(found.template).sheets
    return [TableOf(sheet, sheet.told(found.version), counted.get(sheet.code, 0)) for sheet in sheets]


def warnings(submission: Submission, *, sheet: str = "") -> list[Warned]:
    """1 query. What the checks warned of in a published submission, at most MOST_FINDINGS."""
    rows = Finding.objects.filter(submission=submission, severity=Severity.WARNING)
    if sheet:
        rows = rows.filter(sheet=sheet)
    fields = ("sheet", "row", "column", "value", "other", "difference", "message")
    return [Warned(*row) for row in rows.order_by("id")[:MOST_FINDINGS].values_list(*fields)]


def file(ref: str, name: str) -> Any:
    """1 query. A file of a publication with its place in the store; Absent when there is none of that name."""
    found = Publication.objects.public().numbered(ref).filter(exports__name=name[:80])
    row = found.values("exports__name", "exports__media_type", "exports__file", "exports__size", "exports__sha256")
    told = row.first()
    if told is None:
        raise Absent
    return {key.removeprefix("exports__"): value for key, value in told.items()}


# --- cells in words


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell on a page: `fen` for an amount (`wan`: told in 万元), `number` for a count, else words and their code."""

    words: str = ""
    code: str = ""
    number: int | None = None
    fen: int | None = None
    wan: bool = False

    @property
    def counted(self) -> bool:
        """Whether it stands at the right."""
        return self.fen is not None or self.number is not None


_SCHEMES = {"function": "function", "economic": "economic", "gov_economic": "gov_economic"}


def cell(column: Column, value: Any, *, year: int) -> Cell:
    """A stored value as the page tells it. No query when the year's headings are known."""
    if value is None or value == "":
        return Cell()
    if column.kind in templates.AMOUNTS and isinstance(value, int):
        return Cell(fen=value, wan=column.kind == "wan")
    if isinstance(value, int):
        return Cell(words=str(value)) if column.code == "year" else Cell(number=value)
    scheme = _SCHEMES.get(column.code)
    if scheme:
        name = headings.name(scheme, value, year)
        return Cell(words=name if name != value else "", code=value)
    return Cell(words=str(column.options.get(value, value)))


# --- what a correction changed


@dataclass(frozen=True, slots=True)
class Change:
    """One column of a changed row; `difference` in fen or units where both are numbers."""

    label: str
    old: Cell
    new: Cell
    difference: Cell | None


@dataclass(frozen=True, slots=True)
class Differing:
    """A row before and after: changed, added or removed."""

    unit: UnitRef
    sheet: str
    title: str
    key: str
    names: list[Cell]
    kind: str
    changes: list[Change]
    reason: str
    was: str
    now: str


def diff(ref: str, *, after: str = "") -> tuple[Act, list[Differing], str]:
    """4 queries. What a correction changed, by unit, table and row, and the key of what follows. Absent for others.

    The before and after of a row are found by its key: it is the same over all versions.
    """
    found = publication(ref)
    if found.corrects_id is None:
        raise Absent
    reasons = dict(found.submissions.values_list("unit_id", "reason"))
    start = _key(after)
    opened = _side(found.entries.all(), start)
    closed = _side(Entry.objects.closed_by(found), start)
    keys = sorted({*opened, *closed})
    rows = [_differing(found, key, closed.get(key), opened.get(key), reasons) for key in keys[:DIFFERENCES]]
    onward = "~".join(map(str, keys[DIFFERENCES - 1])) if len(keys) > DIFFERENCES else ""
    return act_of(found), rows, onward


_Key = tuple[int, str, str]


def _key(after: str) -> _Key | None:
    unit, _first, rest = after.partition("~")
    sheet, _second, key = rest.partition("~")
    return (int(unit), sheet, key) if unit.isdecimal() and len(unit) < 19 else None


def _side(rows: "QuerySet[Entry]", start: _Key | None) -> dict[_Key, Mapping[str, Any]]:
    """One more than a page of the rows behind `start`: what is first in both sides together is first in each."""
    if start:
        unit, sheet, key = start
        rows = rows.filter(
            Q(unit_id__gt=unit) | Q(unit_id=unit, sheet__gt=sheet) | Q(unit_id=unit, sheet=sheet, key__gt=key)
        )
    told = rows.order_by("unit_id", "sheet", "key")[: DIFFERENCES + 1]
    fields = ("unit_id", "sheet", "key", "cells", "leaf", "publication__year", "publication__number")
    return {(row["unit_id"], row["sheet"], row["key"]): row for row in told.values(*fields)}


def _differing(
    found: Publication,
    key: _Key,
    was: Mapping[str, Any] | None,
    now: Mapping[str, Any] | None,
    reasons: Mapping[int, str],
) -> Differing:
    unit, code, name = key
    sheet = templates.get(found.template).sheet(code)
    before, later = (was or {"cells": {}})["cells"], (now or {"cells": {}})["cells"]
    columns = sheet.shown(found.version)
    told = [cell(column, (now or was or {})["cells"].get(column.code), year=found.fiscal_year) for column in columns]
    changes = [
        change(column, before.get(column.code), later.get(column.code), year=found.fiscal_year)
        for column in columns
        if column.code not in sheet.key and before.get(column.code) != later.get(column.code)
    ]
    return Differing(
        unit=directory.unit(unit),
        sheet=code,
        title=sheet.told(found.version),
        key=name,
        names=[one for column, one in zip(columns, told, strict=True) if column.code in sheet.key and one != Cell()],
        kind="changed" if was and now else "added" if now else "removed",
        changes=changes,
        reason=reasons.get(unit, ""),
        was=_address(was),
        now=_address(now),
    )


def change(column: Column, old: Any, new: Any, *, year: int) -> Change:
    """One column before and after."""
    both = isinstance(old, int) and isinstance(new, int)
    told = cell(column, new - old, year=year) if both and column.code != "year" else None
    return Change(column.told, cell(column, old, year=year), cell(column, new, year=year), told)


def _address(row: Mapping[str, Any] | None) -> str:
    """GK…/rows/12 of a side that there is."""
    if row is None:
        return ""
    of = Publication(year=row["publication__year"], number=row["publication__number"])
    return f"{ref_of(of)}/rows/{row['leaf']}"


# --- one row and its proof


@dataclass(frozen=True, slots=True)
class Proved:
    """A published row: in words, as it is hashed, and its path to the root."""

    act: Act
    version: str
    unit: UnitRef
    sheet: Sheet
    title: str
    cells: list[tuple[Column, Cell]]
    leaf: int
    digest: str
    recorded_from: datetime
    recorded_to: datetime | None
    proof: dict[str, Any]

    @property
    def about(self) -> str:
        """What a question about this row refers to."""
        return f"{self.act.ref}/rows/{self.leaf}"


def row(ref: str, leaf: int) -> Proved:
    """2 queries, 3 when this process has not yet built the publication's tree. Absent for a leaf there is none of."""
    found = publication(ref)
    entry = found.entries.filter(leaf=leaf).first() if leaf < 2**31 else None
    if entry is None or entry.recorded_from is None:
        raise Absent
    unit = directory.unit(entry.unit_id)
    sheet = templates.get(found.template).sheet(entry.sheet)
    told = {
        "cells": entry.cells,
        "fiscal_year": entry.fiscal_year,
        "key": entry.key,
        "sheet": entry.sheet,
        "template": found.template,
        "unit": unit.code,
        "version": entry.version,
    }
    path = merkle.path(_tree(found.pk, found.root), leaf)
    proof = {
        "format": rules.FORMAT,
        "publication": ref_of(found),
        "title": found.title,
        "published_at": found.published_at.isoformat(),
        "leaf": leaf,
        "size": found.rows,
        "root": found.root,
        "path": [step.hex() for step in path],
        "row": told,
    }
    columns = sheet.shown(entry.version)
    return Proved(
        act=act_of(found),
        version=found.version,
        unit=unit,
        sheet=sheet,
        title=sheet.told(entry.version),
        cells=[(column, cell(column, entry.cells.get(column.code), year=entry.fiscal_year)) for column in columns],
        leaf=leaf,
        digest=bytes(entry.digest).hex(),
        recorded_from=entry.recorded_from,
        recorded_to=entry.recorded_to,
        proof=proof,
    )


@lru_cache(maxsize=4)
def _tree(key: int, root: str) -> Sequence[Sequence[bytes]]:
    """A publication's whole tree, some MB for a city; kept under its root, so it can never be another one."""
    digests: Iterable[Any] = (
        Entry.objects.get_queryset().filter(publication_id=key).order_by("leaf").values_list("digest", flat=True)
    )
    tree = merkle.levels([bytes(digest) for digest in digests])
    if not tree or tree[-1][0].hex() != root:
        raise ValueError(f"publication {key}: its rows do not have the root {root}")
    return tree
