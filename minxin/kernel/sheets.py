"""Tables in files: what people fill in a spreadsheet, read cell by cell as text, and what they take home."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from posixpath import join, normpath
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from openpyxl.styles.fonts import Font
from openpyxl.utils.cell import column_index_from_string, get_column_letter
from openpyxl.workbook.workbook import Workbook
from python_calamine import CalamineError, CalamineWorkbook

from minxin.kernel.errors import Refused

MOST_BYTES = 10 * 1024 * 1024
UNPACKED_BYTES = 100 * 1024 * 1024  # an honest sheet of 5,000 rows unpacks to a few MB
LONGEST_CELL = 2000  # characters; more is cut, for no field takes so much
MOST_CELLS = 5_000_000  # of a sheet's rectangle: one cell in the far corner makes a reader fill all before it
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what Office files were before 2007, and what holds encrypted ones


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet's filled rows: each with its number in the file, from 1, and its cells as text, stripped.

    `formulas` names the cells whose formula has no value in the file, `errors` those whose value is an error (#REF!):
    both read as empty, so whoever takes figures from a sheet looks here first.
    """

    title: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    formulas: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def read(name: str, data: bytes, *, most: int, longest: int = LONGEST_CELL) -> list[Table]:
    """The sheets of an XLSX or CSV file (UTF-8 with or without BOM, GBK) that have rows, in their order.

    Raises Refused (field `file`) saying what is wrong: size, encoding, encryption, damage, merged cells, over `most`
    rows in all. A cell's text is cut after `longest` characters.
    """
    if len(data) > MOST_BYTES:
        _refuse(_("文件超过 10 MB。请拆成几个文件，分次上传。"))
    if not data.strip():
        _refuse(_("文件是空的，请选择填好的模板。"))
    if data.startswith(_OLE):
        _refuse_old(data)
    if data[:4] == b"PK\x03\x04":
        tables = [Table(title, _filled(rows, longest), *odd) for title, rows, odd in _workbook(data)]
    else:
        tables = [Table("", _filled(_lines(name, data), longest))]
    count = sum(len(table.rows) for table in tables)
    if count > most + len(tables):  # the headings are no data
        _refuse(
            _("一次最多导入 %(most)d 行，这个文件有 %(count)d 行，请拆成几个文件。") % {"most": most, "count": count}
        )
    return [table for table in tables if table.rows]


def workbook(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, widths: Sequence[int] = ()
) -> bytes:
    """One sheet as XLSX: headings in bold and frozen, every cell a text, so that nothing in it is ever calculated."""
    return workbook_of([(title, headings, rows, widths)])


def workbook_of(tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]], Sequence[int]]]) -> bytes:
    """Several sheets as XLSX, each of title, headings, rows and widths of columns, as `workbook` writes one."""
    book = Workbook()  # type: ignore[no-untyped-call]
    book.remove(book.active)  # type: ignore[no-untyped-call]
    for title, headings, rows, widths in tables:
        _fill(book.create_sheet(title), headings, rows, widths)  # type: ignore[no-untyped-call]
    output = io.BytesIO()
    book.save(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def _fill(sheet: Any, headings: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
    for number, row in enumerate([headings, *rows], start=1):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place, value)
            cell.data_type = "s"
            if number == 1:
                cell.font = Font(bold=True)  # type: ignore[no-untyped-call]
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"


def lines(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """One table as CSV in UTF-8 with BOM, which every office program opens; formulas are made harmless."""
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    for row in [headings, *rows]:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return output.getvalue().encode("utf-8-sig")


def _refuse(sentence: str) -> NoReturn:
    raise Refused("file", sentence, field="file")


def _refuse_old(data: bytes) -> NoReturn:
    if "EncryptedPackage".encode("utf-16-le") in data:
        _refuse(_("这个文件设了打开密码，系统读不了。请在表格软件里取消密码，另存后再上传。"))
    _refuse(_("这是旧版表格（xls）。请用 Excel 或 WPS 另存为 xlsx 再上传。"))


_Odd = tuple[tuple[str, ...], tuple[str, ...]]


def _workbook(data: bytes) -> list[tuple[str, list[list[str]], _Odd]]:
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_BYTES:
                _refuse(_("这个文件展开后过大，无法读取。请用模板另存一份，只保留需要导入的行。"))
            odd = _odd_cells(archive)
        opened = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for title in opened.sheet_names:
            sheet = opened.get_sheet_by_name(title)
            if sheet.merged_cell_ranges:  # only the first of merged cells has the value
                _refuse(_("工作表“%(title)s”里有合并单元格。请取消合并，每格都填上内容，再上传。") % {"title": title})
            rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
            found.append((title, rows, odd.get(title, ((), ()))))
    except (CalamineError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        sentence = _("这个文件打不开，可能已损坏或不是表格。请用 Excel 或 WPS 另存为 xlsx 再上传。")
        raise Refused("file", sentence, field="file") from error  # RuntimeError: a password on the archive
    return found


_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_CELL = re.compile(rb"<(?:\w+:)?c\b((?:[^>]*[^/>])?)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]|<(?:\w+:)?is\b")


def _odd_cells(archive: zipfile.ZipFile) -> dict[str, _Odd]:
    """Of each sheet the cells with a formula but no value, and those with an error; the reader tells neither.

    Refuses a sheet with a cell so far out that everything before it would fill the memory.
    """
    found: dict[str, _Odd] = {}
    for title, name in _parts(archive):
        formulas, errors, last_row, last_column = [], [], 1, 1
        for cell in _CELL.finditer(archive.read(name)):
            place = _PLACE.search(cell[1])
            if place is None:
                continue
            last_row = max(last_row, int(place[2]))
            last_column = max(last_column, len(place[1]) * 1000 if len(place[1]) > 2 else _number(place[1]))
            if b't="e"' in cell[1]:
                errors.append((place[1] + place[2]).decode())
            elif b"<f" in cell[2] and not _VALUE.search(cell[2]):
                formulas.append((place[1] + place[2]).decode())
        if last_row * last_column > MOST_CELLS:
            sentence = _("工作表“%(title)s”在很远的地方（第 %(row)d 行）还有内容。请删去表格以外的内容，再上传。")
            _refuse(sentence % {"title": title, "row": last_row})
        found[title] = (tuple(formulas), tuple(errors))
    return found


def _number(letters: bytes) -> int:
    return int(column_index_from_string(letters.decode()))


def _parts(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Title and file of each worksheet."""
    names = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return []
    targets = {
        _attribute(tag, "Id"): normpath(join("xl", _attribute(tag, "Target"))).lstrip("/")
        for tag in _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels"))
    }
    sheets = _SHEET.findall(archive.read("xl/workbook.xml"))
    parts = [(_attribute(tag, "name"), targets.get(_attribute(tag, "id"), "")) for tag in sheets]
    return [(title, name) for title, name in parts if name in names]


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rf"""\b{name}=["']([^"']*)["']""", tag.decode("utf-8", "replace"))
    return unescape(found[1]) if found else ""


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if value.is_integer():
            return str(int(value))
        return format(Decimal(f"{value:.15g}"), "f")  # as a spreadsheet shows it: 0.1 + 0.2 is 0.3
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _lines(name: str, data: bytes) -> list[list[str]]:
    if not name.lower().endswith((".csv", ".txt")):
        _refuse(_("只能导入 xlsx 或 csv 文件。请下载模板，填好后上传。"))
    try:
        return list(csv.reader(io.StringIO(_decoded(data), newline="")))
    except csv.Error as error:
        sentence = _("这个 csv 文件的格式有误，可能有一格过长或引号不成对。请用模板重新另存。")
        raise Refused("file", sentence, field="file") from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    _refuse(_("看不懂这个文件的文字编码。请另存为 UTF-8 或 GBK 编码的 csv，或改用 xlsx。"))


def _filled(rows: list[list[str]], longest: int) -> tuple[tuple[int, tuple[str, ...]], ...]:
    stripped = ((number, tuple(cell.strip()[:longest] for cell in row)) for number, row in enumerate(rows, start=1))
    return tuple((number, row) for number, row in stripped if any(row))
