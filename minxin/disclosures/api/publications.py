"""/api/v1/public/publications, /api/v1/public/tables/…: what was published, for machines. Amounts are integer fen."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from minxin.directory import reports as directory
from minxin.disclosures.reports import publications as reports
from minxin.disclosures.reports import tables
from minxin.ui.words import said as _

router = Router(tags=["publications"])
Code = Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{0,40}$")]
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Year = Annotated[int, Path(ge=1990, le=2100)]


class PublishingOut(Schema):
    """A publication. `root` is the root of its rows' hash tree (RFC 6962, SHA-256)."""

    ref: str
    title: str
    template: str
    fiscal_year: int
    version: str
    publisher: str
    office: str
    published_at: datetime
    units: int
    rows: int
    root: str
    corrects: str
    reason: str


class ActsOut(Schema):
    """Publications, the newest first; `before` leads to older ones, empty at the end."""

    rows: list[PublishingOut]
    before: str


class PublishedFileOut(Schema):
    """A file of a publication."""

    name: str
    media_type: str
    size: int
    sha256: str
    href: str


class PublicationOut(PublishingOut):
    """A publication with its files and the corrections made to it."""

    files: list[PublishedFileOut]
    corrections: list[str]


class ColumnOut(Schema):
    """A column of a table: amounts (`money`, `wan`) are integer fen in the rows."""

    code: str
    label: str
    kind: str


class PublishedRowOut(Schema):
    """A row as it was hashed, and where: publication and leaf."""

    key: str
    cells: dict[str, Any]
    publication: str
    leaf: int
    digest: str


class TableOut(Schema):
    """A unit's table at a moment. `after` is the publication it stood by: ask with it for an answer that keeps."""

    unit: str
    unit_name: str
    fiscal_year: int
    version: str
    sheet: str
    title: str
    after: str
    note: str
    columns: list[ColumnOut]
    rows: list[PublishedRowOut]
    publications: list[str]


class ProofOut(Schema):
    """A row and its path to the root, as `minxin verify_row` reads it."""

    format: str
    publication: str
    title: str
    published_at: str
    leaf: int
    size: int
    root: str
    path: list[str]
    row: dict[str, Any]


@router.get("/public/publications", response=ActsOut, summary=_("公开的批次，新的在前"))
def acts(
    request: HttpRequest,
    unit: Code = "",
    year: Annotated[int | None, Query(ge=1990, le=2100)] = None,
    table: Code = "",
    before: Annotated[str, Query(max_length=60)] = "",
) -> dict[str, Any]:
    """Narrowed by unit (code), fiscal year and set of tables (code)."""
    narrow = reports.Narrow(unit=directory.unit(unit) if unit else None, year=year, template=table)
    rows, older = reports.acts(narrow, before=before)
    return {"rows": [_act(row) for row in rows], "before": older}


@router.get("/public/publications/{ref}", response=PublicationOut, summary=_("一次公开和它的文件"))
def one(request: HttpRequest, ref: Name) -> dict[str, Any]:
    """404 for what was never published."""
    page = reports.page(ref)
    files = [{**file, "href": f"/publications/{page.act.ref}/files/{file['name']}"} for file in page.files]
    return _act(page.act) | {"files": files, "corrections": [row.ref for row in page.corrections]}


@router.get("/public/publications/{ref}/rows/{leaf}", response=ProofOut, summary=_("一行数据和它的证明"))
def proof(request: HttpRequest, ref: Name, leaf: Annotated[int, Path(ge=0, lt=2**31)]) -> dict[str, Any]:
    """404 for a row that there is none of."""
    return reports.row(ref, leaf).proof


@router.get("/public/tables/{unit}/{year}/{version}/{sheet}", response=TableOut, summary=_("一个单位的一张表"))
def table(  # noqa: PLR0917 - an address has its parts
    request: HttpRequest, unit: Name, year: Year, version: Name, sheet: Name, on: date | None = None, after: Code = ""
) -> dict[str, Any]:
    """As it stands now, stood at the end of a day (`on`), or right after a publication (`after`)."""
    found = tables.table(tables.address(unit, year, version, sheet), at=tables.moment(on, after))
    place = found.address
    return {
        "unit": place.unit.code,
        "unit_name": place.unit.name,
        "fiscal_year": place.year,
        "version": place.version,
        "sheet": place.sheet.code,
        "title": place.title,
        "after": found.standing.ref if found.standing else "",
        "note": found.note,
        "columns": [{"code": one.code, "label": one.label, "kind": one.kind} for one in found.columns],
        "rows": [
            {"key": row.key, "cells": row.raw, "publication": row.ref, "leaf": row.leaf, "digest": row.digest}
            for row in found.rows
        ],
        "publications": [act.ref for act in found.versions],
    }


def _act(row: reports.Act) -> dict[str, Any]:
    names = ("ref", "title", "template", "fiscal_year", "version", "office", "published_at", "units", "rows", "root")
    return {name: getattr(row, name) for name in (*names, "corrects", "reason")} | {"publisher": row.publisher.code}
