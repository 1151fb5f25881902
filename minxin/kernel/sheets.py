"""Tables in files: what people fill in a spreadsheet, read cell by cell as text, and what they take home."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from django.utils.translation import gettext as _
from openpyxl.styles.fonts import Font
from openpyxl.workbook.workbook import Workbook
from python_calamine import CalamineError, CalamineWorkbook

from minxin.kernel.errors import Refused

MOST_BYTES = 10 * 1024 * 1024
UNPACKED_BYTES = 100 * 1024 * 1024  # an honest sheet of 5,000 rows unpacks to a few MB
LONGEST_CELL = 2000  # characters; more is cut, for no field takes so much
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet's filled rows: each with its number in the file, from 1, and its cells as text, stripped."""

    title: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read(name: str, data: bytes, *, most: int) -> list[Table]:
    """The sheets of an XLSX or CSV file (UTF-8 with or without BOM, GBK) that have rows, in their order.

    Raises Refused (field `file`) saying what is wrong: size, encoding, damage, merged cells, over `most` rows in all.
    """
    if len(data) > MOST_BYTES:
        _refuse(_("文件超过 10 MB。请拆成几个文件，分次上传。"))
    if not data.strip():
        _refuse(_("文件是空的，请选择填好的模板。"))
    raw = _workbook(data) if data[:4] == b"PK\x03\x04" else [("", _lines(name, data))]
    tables = [Table(title, _filled(rows)) for title, rows in raw]
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
    book = Workbook()  # type: ignore[no-untyped-call]
    sheet = book.active
    sheet.title = title
    for number, row in enumerate([headings, *rows], start=1):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place, value)
            cell.data_type = "s"
            if number == 1:
                cell.font = Font(bold=True)  # type: ignore[no-untyped-call]
    for place, width in enumerate(widths):
        sheet.column_dimensions[chr(ord("A") + place)].width = width
    sheet.freeze_panes = "A2"
    output = io.BytesIO()
    book.save(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def lines(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """One table as CSV in UTF-8 with BOM, which every office program opens; formulas are made harmless."""
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    for row in [headings, *rows]:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return output.getvalue().encode("utf-8-sig")


def _refuse(sentence: str) -> NoReturn:
    raise Refused("file", sentence, field="file")


def _workbook(data: bytes) -> list[tuple[str, list[list[str]]]]:
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_BYTES:
                _refuse(_("这个文件展开后过大，无法读取。请用模板另存一份，只保留需要导入的行。"))
        opened = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for title in opened.sheet_names:
            sheet = opened.get_sheet_by_name(title)
            if sheet.merged_cell_ranges:  # only the first of merged cells has the value
                _refuse(_("工作表“%(title)s”里有合并单元格。请取消合并，每格都填上内容，再上传。") % {"title": title})
            found.append((title, [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]))
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        sentence = _("这个文件打不开，可能已损坏或不是表格。请用 Excel 或 WPS 另存为 xlsx 再上传。")
        raise Refused("file", sentence, field="file") from error
    return found


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
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


def _filled(rows: list[list[str]]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    stripped = (
        (number, tuple(cell.strip()[:LONGEST_CELL] for cell in row)) for number, row in enumerate(rows, start=1)
    )
    return tuple((number, row) for number, row in stripped if any(row))
