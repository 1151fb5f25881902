"""The files of a publication: rows as CSV, JSON and XLSX, described by Frictionless, Fiscal Data Package and DCAT-AP.

Pure: from rows and facts to bytes. The forms are documented in docs/open-data.md.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import Version
from minxin.kernel import money, sheets, xlsx

FIXED = ("leaf", "unit_code", "unit_name")  # before every sheet's own columns
FISCAL = "https://specs.frictionlessdata.io/fiscal-data-package/"
TAXONOMY = "https://raw.githubusercontent.com/frictionlessdata/taxonomies/master/fiscal/budgets.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
PHASES: dict[str, str] = {
    Version.INITIAL: "approved",
    Version.ADJUSTED: "adjusted",
    Version.EXECUTED: "executed",
    Version.FINAL: "final",
}
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_UNIT, _FUNCTION = "administrative-classification:generic:level2", "functional-classification:generic"
_ECONOMIC = "economic-classification:generic"
# What a column is in the fiscal taxonomy, by sheet and column; amounts are measures, all else has no type.
COLUMN_TYPES = {
    ("detail", "unit"): f"{_UNIT}:code",
    ("detail", "function"): f"{_FUNCTION}:level3:code",
    ("detail", "economic"): f"{_ECONOMIC}:level2:code",
    ("detail", "gov_economic"): f"{_ECONOMIC}:level2:code:government",
    ("detail", "project"): "activity:generic:project:label",
    ("detail", "fund"): "fin-source:generic:level1:code",
    ("three_public", "year"): "date:fiscal-year",
    ("procurement", "project"): "activity:generic:project:label",
    ("procurement", "fund"): "fin-source:generic:level1:code",
    ("targets", "project"): "activity:generic:project:label",
} | {
    (sheet, column): f"{kind}:{part}"
    for kind, sheets in {
        _FUNCTION: ("expenditure", "general", "gov_fund", "state_capital", "gov_expenditure", "own_expenditure"),
        _ECONOMIC: ("basic", "own_basic"),
    }.items()
    for sheet in sheets
    for column, part in {"code": "code", "name": "label"}.items()
}


@dataclass(frozen=True, slots=True)
class Line:
    """A published row: its leaf, whose it is, its sheet, key and cells (amounts in fen)."""

    leaf: int
    unit: str
    unit_name: str
    sheet: str
    key: str
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gone:
    """A row that this publication took off the page: where it had been published."""

    unit: str
    sheet: str
    key: str
    publication: str
    leaf: int


@dataclass(frozen=True, slots=True)
class Facts:
    """A publication as its descriptors tell it. `notes`: unit code and what it says beside its empty tables."""

    ref: str
    title: str
    publisher: str
    office: str
    region: str
    template: templates.Template
    fiscal_year: int
    version: str
    published_at: datetime
    units: int
    rows: int
    root: str
    corrects: str = ""
    reason: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    origin: str = ""  # "https://host" of the public pages, where it is known


@dataclass(frozen=True, slots=True)
class File:
    """A file to be kept: `media_type` as it is served."""

    name: str
    media_type: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The hash, hex."""
        return sha256(self.data).hexdigest()


def files(facts: Facts, lines: Sequence[Line], gone: Sequence[Gone] = ()) -> list[File]:
    """Everything that may be taken home of a publication. A correction has the tables it touches, others have all."""
    parts = [
        (sheet, [line for line in lines if line.sheet == sheet.code])
        for sheet in facts.template.sheets
        if not facts.corrects or any(line.sheet == sheet.code for line in lines)
    ]
    tables = [
        File(f"{sheet.code}.csv", "text/csv; charset=utf-8", table(columns(sheet, facts), rows))
        for sheet, rows in parts
    ]
    made = [
        *tables,
        File("rows.json", "application/json", rows_json(facts, lines, gone)),
        File("rows.xlsx", sheets.XLSX, workbook(facts, parts)),
    ]
    made.append(File("datapackage.json", "application/json", _json(descriptor(facts, parts, made))))
    made.append(File("dcat.json", "application/ld+json", _json(dcat(facts, made))))
    told = "".join(f"{file.sha256}  {file.name}\n" for file in made)
    return [*made, File("checksums.txt", "text/plain; charset=utf-8", told.encode())]


def columns(sheet: templates.Sheet, facts: Facts) -> tuple[templates.Column, ...]:
    """The sheet's own columns in the version published."""
    return sheet.shown(facts.version)


# --- rows


def harmless(text: str) -> str:
    """A text that no office program takes for a formula. Reading: one ' goes from where it stands before '*[=+-@]."""
    return f"'{text}" if _RISKY.match(text) else text


def table(shown: Sequence[templates.Column], lines: Iterable[Line]) -> bytes:
    """One sheet as CSV (RFC 4180, UTF-8 with BOM): amounts in yuan with two decimals, an empty cell for none."""
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    writer.writerow([*FIXED, *(column.code for column in shown)])
    for line in lines:
        cells = [_told(column, line.cells.get(column.code)) for column in shown]
        writer.writerow([line.leaf, line.unit, harmless(line.unit_name), *cells])
    return output.getvalue().encode("utf-8-sig")


def _told(column: templates.Column, value: Any) -> str:
    if value is None:
        return ""
    if column.kind in templates.AMOUNTS and isinstance(value, int):
        return str(money.yuan(value))
    return harmless(str(value)) if isinstance(value, str) else str(value)


def rows_json(facts: Facts, lines: Iterable[Line], gone: Iterable[Gone]) -> bytes:
    """Every row just as it is hashed, in the order of the leaves: whoever hashes them again arrives at the root."""
    head = {
        "publication": facts.ref,
        "published_at": facts.published_at.isoformat(),
        "root": facts.root,
        "size": facts.rows,
        "corrects": facts.corrects or None,
        "rows": [
            {
                "cells": dict(line.cells),
                "fiscal_year": facts.fiscal_year,
                "key": line.key,
                "sheet": line.sheet,
                "template": facts.template.code,
                "unit": line.unit,
                "version": facts.version,
            }
            for line in lines
        ],
        "gone": [
            {"unit": row.unit, "sheet": row.sheet, "key": row.key, "publication": row.publication, "leaf": row.leaf}
            for row in gone
        ],
    }
    return json.dumps(head, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def workbook(facts: Facts, parts: Sequence[tuple[templates.Sheet, Sequence[Line]]]) -> bytes:
    """One worksheet for each table, with its headings in words; amounts in yuan as numbers, choices in words."""
    pages = []
    for sheet, lines in parts or [(facts.template.sheets[0], [])]:
        shown = columns(sheet, facts)
        heads = [_("行号"), _("单位编码"), _("单位名称"), *(_heading(column) for column in shown)]
        pages.append(xlsx.Sheet(sheet.title(facts.version), heads, _worded(shown, lines)))
    return xlsx.book(pages)


def _worded(shown: Sequence[templates.Column], lines: Iterable[Line]) -> Iterable[list[xlsx.Cell]]:
    for line in lines:
        row: list[xlsx.Cell] = [line.leaf, line.unit, line.unit_name]
        for column in shown:
            value = line.cells.get(column.code)
            if column.kind in templates.AMOUNTS and isinstance(value, int):
                value = money.yuan(value)
            row.append(column.options.get(value, value) if isinstance(value, str) else value)
        yield row


def _heading(column: templates.Column) -> str:
    """The column's words; amounts are told in yuan in every file."""
    unit = _("（元）")
    return column.label if column.kind not in templates.AMOUNTS or unit in column.label else f"{column.label}{unit}"


# --- descriptors


def descriptor(
    facts: Facts, parts: Sequence[tuple[templates.Sheet, Sequence[Line]]], made: Sequence[File]
) -> dict[str, Any]:
    """datapackage.json: Frictionless Data Package v2 of tabular resources, typed as a Fiscal Data Package 1.0."""
    known = {file.name: file for file in made}
    told = {
        "$schema": PROFILE,
        "profile": "fiscal-data-package",
        "name": facts.ref.lower(),
        "id": f"{facts.origin}/publications/{facts.ref}/",
        "title": facts.title,
        "description": _description(facts),
        "created": facts.published_at.isoformat(),
        "version": facts.ref,
        "columnTypes": TAXONOMY,
        "countryCode": "CN",
        "regionCode": facts.region,
        "granularity": "aggregated",
        "fiscalPeriod": {"start": f"{facts.fiscal_year}-01-01", "end": f"{facts.fiscal_year}-12-31"},
        "contributors": [{"title": facts.publisher, "roles": ["publisher"]}],
        "sources": [{"title": facts.office}],
        "rowTree": {"algorithm": "RFC 6962 SHA-256", "root": facts.root, "size": facts.rows},
        "notes": [{"unit_code": unit, "note": note} for unit, note in facts.notes],
        "resources": [_resource(facts, sheet, known[f"{sheet.code}.csv"]) for sheet, _lines in parts]
        or [_all_rows(known["rows.json"])],  # a correction that only takes rows off the page
    }
    if facts.corrects:
        told["corrects"] = facts.corrects
    return told


def _description(facts: Facts) -> str:
    sentence = _("%(units)d 个单位，%(rows)d 行。金额单位：元。") % {"units": facts.units, "rows": facts.rows}
    return sentence + (_("更正原因：%(reason)s") % {"reason": facts.reason} if facts.reason else "")


def _all_rows(file: File) -> dict[str, Any]:
    return {"name": "rows", "path": file.name, "format": "json", "mediatype": file.media_type, **_stamp(file)}


def _stamp(file: File) -> dict[str, Any]:
    return {"bytes": len(file.data), "hash": f"sha256:{file.sha256}"}


def _resource(facts: Facts, sheet: templates.Sheet, file: File) -> dict[str, Any]:
    return {
        "name": sheet.code.replace("_", "-"),
        "type": "table",
        "title": sheet.title(facts.version),
        "path": file.name,
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        **_stamp(file),
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": schema(sheet, facts),
    }


def schema(sheet: templates.Sheet, facts: Facts) -> dict[str, Any]:
    """The Table Schema of one sheet's CSV with fiscal column types; what is the same in every row are extraFields."""
    shown = columns(sheet, facts)
    measures = [column for column in shown if column.kind in templates.AMOUNTS]
    types = {COLUMN_TYPES.get((sheet.code, column.code)) for column in shown}
    fields: list[dict[str, Any]] = [
        {"name": "leaf", "type": "integer", "title": _("行号"), "constraints": {"required": True, "minimum": 0}},
        {"name": "unit_code", "type": "string", "title": _("单位编码"), "constraints": {"required": True}},
        {"name": "unit_name", "type": "string", "title": _("单位名称"), "columnType": f"{_UNIT}:label"},
    ]
    if f"{_UNIT}:code" not in types:
        fields[1]["columnType"] = f"{_UNIT}:code"
    fields += [_field(sheet, column, many=len(measures) > 1) for column in shown]
    extra: list[dict[str, Any]] = [
        {"name": "fiscal_year", "type": "year", "columnType": "date:fiscal-year", "constant": facts.fiscal_year},
        {"name": "phase", "type": "string", "columnType": "phase:id", "constant": PHASES[facts.version]},
        {"name": "currency", "type": "string", "columnType": "value-currency:code", "constant": "CNY"},
    ]
    if len(measures) > 1:
        extra.append(
            {"name": "measure", "type": "string", "columnType": "value-kind:label", "normalizationTarget": True}
        )
    kept = [field for field in extra if field["columnType"] not in types]
    return {"fields": fields, "primaryKey": ["leaf"], "missingValues": [""], "extraFields": kept}


def _field(sheet: templates.Sheet, column: templates.Column, *, many: bool) -> dict[str, Any]:
    amount = column.kind in templates.AMOUNTS
    kind = "number" if amount else "integer" if column.kind == "count" else column.kind
    told: dict[str, Any] = {
        "name": column.code,
        "type": kind if kind in {"number", "integer", "date"} else "string",
        "title": _heading(column),
    }
    if column.needed:
        told["constraints"] = {"required": True}
    if column.options:
        told["categories"] = [{"value": value, "label": label} for value, label in column.options.items()]
    if amount:
        told |= {"decimalChar": ".", "bareNumber": True, "columnType": "value"}
        if many:
            told["normalize"] = {"measure": column.label}
    elif known := COLUMN_TYPES.get((sheet.code, column.code)):
        told["columnType"] = known
    return told


def dcat(facts: Facts, made: Sequence[File]) -> dict[str, Any]:
    """dcat.json: the publication as a DCAT-AP 3 dataset in JSON-LD, each file a distribution with its checksum."""
    page = f"{facts.origin}/publications/{facts.ref}/"
    told: dict[str, Any] = {
        "@context": _CONTEXT,
        "@id": page,
        "@type": "dcat:Dataset",
        "dct:identifier": facts.ref,
        "dct:title": {"@language": "zh", "@value": facts.title},
        "dct:description": {"@language": "zh", "@value": _description(facts)},
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": facts.publisher},
        "dct:creator": {"@type": "foaf:Agent", "foaf:name": facts.office},
        "dct:issued": _typed(facts.published_at.isoformat(), "xsd:dateTime"),
        "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/ZHO"},
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _typed(f"{facts.fiscal_year}-01-01", "xsd:date"),
            "dcat:endDate": _typed(f"{facts.fiscal_year}-12-31", "xsd:date"),
        },
        "dct:spatial": {"@type": "dct:Location", "dct:identifier": facts.region},
        "dct:conformsTo": {"@id": FISCAL},
        "dcat:theme": {"@id": "http://publications.europa.eu/resource/authority/data-theme/ECON"},
        "dcat:keyword": [facts.template.label, str(facts.fiscal_year)],
        "dcat:landingPage": {"@id": page},
        "dcat:distribution": [_distribution(page, facts, file) for file in made],
    }
    if facts.corrects:
        told["dct:isVersionOf"] = {"@id": f"{facts.origin}/publications/{facts.corrects}/"}
        told["adms:versionNotes"] = {"@language": "zh", "@value": facts.reason}
    return told


def _distribution(page: str, facts: Facts, file: File) -> dict[str, Any]:
    bare = file.media_type.partition(";")[0]
    return {
        "@id": f"{page}files/{file.name}",
        "@type": "dcat:Distribution",
        "dct:title": file.name,
        "dcat:accessURL": {"@id": page},
        "dcat:downloadURL": {"@id": f"{page}files/{file.name}"},
        "dcat:mediaType": {"@id": f"http://www.iana.org/assignments/media-types/{bare}"},
        "dcat:byteSize": _typed(str(len(file.data)), "xsd:nonNegativeInteger"),
        "dct:issued": _typed(facts.published_at.isoformat(), "xsd:dateTime"),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": SHA256},
            "spdx:checksumValue": _typed(file.sha256, "xsd:hexBinary"),
        },
    }


def _typed(value: str, kind: str) -> dict[str, str]:
    return {"@type": kind, "@value": value}


_CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()
