"""The files of a publication: read back from every format, they are the rows; descriptors have what they must."""

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import exports, publishing
from minxin.disclosures.models import Publication
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.rules import packages, templates
from minxin.disclosures.rules import publishing as rules
from minxin.disclosures.tests import papers
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import detail
from minxin.kernel import files, merkle, money
from minxin.ledger import reports as ledger

SHEETS = {
    "detail": [
        detail("2050201", "30101", 123_456_789, project="=HYPERLINK(1)"),
        detail("2050202", "30201", -50, project="'-负数，“引号”和\n换行"),
        detail("2050203", "30299", 0, project="@"),
    ],
    "expenditure": [
        {"code": "合计", "name": "合计", "total": 123_456_739, "basic": 100, "project": 0},
        {"code": "205", "name": "教育支出", "total": 123_456_739, "basic": None},
    ],
    "three_public": [{"year": 2007, "total": 300, "abroad": 0, "reason": "减少出国"}],
    "narrative": [{"part": "duties", "text": "主管全市教育工作。"}],
}


@pytest.fixture
def store() -> Iterator[files.Memory]:
    with files.using(files.Memory()) as memory:
        yield memory


@pytest.fixture
def published(money: Money, store: files.Memory) -> Publication:
    """The bureau's four tables, and the files of the act."""
    ref = papers.signed(
        money.units["education"].id, SHEETS, finance=money.units["finance"].id, note="没有政府性基金预算拨款"
    )
    found = publishing.publish([ref], by=money.officers["finance_publisher"])
    assert exports.write_exports(ref=ref_of(found)) == 18
    return found


def read(published: Publication, name: str) -> bytes:
    export = published.exports.get(name=name)
    with files.store().open(export.file) as file:
        data = file.read()
    assert (export.size, export.sha256) == (len(data), sha256(data).hexdigest())
    return data


def rows_of(published: Publication, sheet: str) -> list[dict[str, Any]]:
    """The cells as they are stored, without empty ones."""
    rows = published.entries.filter(sheet=sheet).order_by("leaf").values_list("cells", flat=True)
    return [{name: value for name, value in cells.items() if value not in {None, ""}} for cells in rows]


def typed(column: templates.Column, text: str) -> Any:
    if column.kind in templates.AMOUNTS:
        return money.fen(text)
    return int(text) if column.kind == "count" else plain(text)


def plain(text: str) -> str:
    """As docs/open-data.md says to read a text."""
    return text[1:] if re.match(r"''*[=+\-@\t\r]", text) else text


def test_every_csv_reads_back_as_the_rows(published: Publication) -> None:
    for sheet in templates.get("department_budget").sheets:
        data = read(published, f"{sheet.code}.csv")
        assert data.startswith(b"\xef\xbb\xbf")
        lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        columns = {column.code: column for column in sheet.shown("initial")}
        cells = [
            {name: typed(columns[name], text) for name, text in line.items() if name in columns and text}
            for line in lines
        ]
        assert cells == rows_of(published, sheet.code), sheet.code
        assert {line["unit_code"] for line in lines} <= {"211400-JYJ"}
        leaves = published.entries.filter(sheet=sheet.code).order_by("leaf").values_list("leaf", flat=True)
        assert [int(line["leaf"]) for line in lines] == list(leaves)


def test_no_cell_of_a_csv_is_a_formula(published: Publication) -> None:
    line = read(published, "detail.csv").decode("utf-8-sig").splitlines()[1]
    assert line == "3,211400-JYJ,葫芦岛市教育局,205,2050201,30101,,'=HYPERLINK(1),general,1234567.89"


@given(text=st.text(max_size=12))
def test_a_text_made_harmless_is_read_back(text: str) -> None:
    assert plain(packages.harmless(text)) == text
    assert not packages.harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_the_workbook_reads_back_as_the_rows(published: Publication) -> None:
    book = load_workbook(io.BytesIO(read(published, "rows.xlsx")))
    for sheet in templates.get("department_budget").sheets:
        page = book[sheet.label]
        columns = sheet.shown("initial")
        cells = []
        for line in page.iter_rows(min_row=2, values_only=True):
            told: dict[str, Any] = {}
            for column, value in zip(columns, line[3:], strict=True):
                codes = {label: code for code, label in column.options.items()}
                if isinstance(value, int | float) and column.kind in templates.AMOUNTS:
                    told[column.code] = money.fen(Decimal(str(value)))
                elif value is not None:
                    told[column.code] = codes.get(str(value), value)
            cells.append(told)
        assert cells == rows_of(published, sheet.code), sheet.code
    assert book["预算明细"]["J1"].value == "金额（元）"


def test_the_rows_in_json_hash_to_the_root_on_record(published: Publication) -> None:
    told = json.loads(read(published, "rows.json"))
    assert [row["cells"] for row in told["rows"]] == list(
        published.entries.order_by("leaf").values_list("cells", flat=True)
    )
    leaves = [merkle.leaf(rules.written(row)) for row in told["rows"]]
    assert merkle.root(leaves).hex() == told["root"] == published.root
    assert told["size"] == len(leaves) == published.rows


def test_the_files_and_their_hashes_are_on_record(published: Publication) -> None:
    event = ledger.history(ref_of(published))[1]
    assert event.verb == "write_exports"
    assert event.facts["files"] == dict(published.exports.values_list("name", "sha256"))
    sums = read(published, "checksums.txt").decode().splitlines()
    listed = dict(reversed(line.split("  ")) for line in sums)
    assert listed == {name: told for name, told in event.facts["files"].items() if name != "checksums.txt"}


def test_a_second_run_writes_nothing(published: Publication, store: files.Memory) -> None:
    before = dict(store.files)
    assert exports.write_exports(ref=ref_of(published)) == 0
    assert exports._keep(published, [packages.File("rows.json", "application/json", b"{}")]) == 0
    assert store.files == before


def test_the_data_package_has_what_frictionless_demands(published: Publication) -> None:
    told = json.loads(read(published, "datapackage.json"))
    assert re.fullmatch(r"[a-z0-9._-]+", told["name"])
    assert told["$schema"] == packages.PROFILE
    assert told["notes"] == [{"unit_code": "211400-JYJ", "note": "没有政府性基金预算拨款"}]
    names = [resource["name"] for resource in told["resources"]]
    assert len(names) == len(set(names)) == 13
    for resource in told["resources"]:
        data = read(published, resource["path"])
        assert resource["bytes"] == len(data)
        assert resource["hash"] == f"sha256:{sha256(data).hexdigest()}"
        header = next(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == header
        assert len(set(header)) == len(header)
        assert {field["type"] for field in fields} <= {"string", "number", "integer", "date"}
        assert set(resource["schema"]["primaryKey"]) <= set(header)


def test_the_data_package_is_a_fiscal_one(published: Publication) -> None:
    told = json.loads(read(published, "datapackage.json"))
    assert told["fiscalPeriod"] == {"start": "2007-01-01", "end": "2007-12-31"}
    assert (told["countryCode"], told["regionCode"]) == ("CN", "211400")
    schemas = {resource["name"]: resource["schema"] for resource in told["resources"]}
    types = {field["name"]: field.get("columnType") for field in schemas["detail"]["fields"]}
    assert types["function"] == "functional-classification:generic:level3:code"
    assert types["economic"] == "economic-classification:generic:level2:code"
    assert types["unit"] == "administrative-classification:generic:level2:code"
    assert types["fund"] == "fin-source:generic:level1:code"
    assert types["amount"] == "value"
    assert types["unit_code"] is None
    constants = {field["columnType"]: field.get("constant") for field in schemas["detail"]["extraFields"]}
    assert constants == {"date:fiscal-year": 2007, "phase:id": "approved", "value-currency:code": "CNY"}
    for schema in schemas.values():
        kinds = [field["columnType"] for field in [*schema["fields"], *schema["extraFields"]] if "columnType" in field]
        unique = [kind for kind in kinds if kind != "value"]
        assert len(unique) == len(set(unique))
        measures = [field for field in schema["fields"] if field.get("columnType") == "value"]
        assert len(measures) < 2 or all("normalize" in field for field in measures)


def test_the_catalogue_entry_has_what_dcat_ap_demands(published: Publication) -> None:
    told = json.loads(read(published, "dcat.json"))
    assert told["@type"] == "dcat:Dataset"
    assert told["dct:title"]["@value"] == published.title
    assert told["dct:description"]["@value"]
    assert told["dct:publisher"]["foaf:name"] == "葫芦岛市财政局"
    assert len(told["dcat:distribution"]) == 16
    for file in told["dcat:distribution"]:
        assert file["dcat:accessURL"]["@id"] == f"/publications/{ref_of(published)}/"
        assert file["spdx:checksum"]["spdx:algorithm"]["@id"]
        name = file["dct:title"]
        assert file["spdx:checksum"]["spdx:checksumValue"]["@value"] == published.exports.get(name=name).sha256
        assert file["dcat:byteSize"]["@value"] == str(published.exports.get(name=name).size)


def test_a_correction_has_the_tables_it_touches_and_says_what_went(
    money: Money, published: Publication, store: files.Memory
) -> None:
    first = published.submissions.get()
    changed = {**SHEETS, "detail": SHEETS["detail"][:2]}
    ref = papers.signed(
        money.units["education"].id, changed, finance=money.units["finance"].id, reason="多列一行",
        corrects=papers.refs.written("BS", first.year, first.number),
    )  # fmt: skip
    second = publishing.publish([ref], by=SYSTEM)
    exports.write_exports(ref=ref_of(second))
    assert set(second.exports.values_list("name", flat=True)) == {
        *("rows.json", "rows.xlsx", "datapackage.json", "dcat.json", "checksums.txt")
    }
    told = json.loads(read(second, "rows.json"))
    gone = published.entries.get(sheet="detail", cells__function="2050203")
    assert told["gone"] == [
        {"unit": "211400-JYJ", "sheet": "detail", "key": gone.key, "publication": ref_of(published), "leaf": gone.leaf}
    ]
    package = json.loads(read(second, "datapackage.json"))
    assert package["corrects"] == ref_of(published)
    assert [resource["path"] for resource in package["resources"]] == ["rows.json"]
    assert json.loads(read(second, "dcat.json"))["adms:versionNotes"]["@value"] == "多列一行"


def test_our_own_columns_never_meet_a_tables_columns() -> None:
    codes = {column.code for template in templates.every() for sheet in template.sheets for column in sheet.columns}
    assert not codes & set(packages.FIXED)
