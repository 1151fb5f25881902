"""Tables in files: read cell by cell, refused with what to do, written so that nothing is calculated."""

import io
import zipfile

import pytest
from openpyxl import Workbook

from minxin.kernel import sheets
from minxin.kernel.errors import Refused

ROWS = [["401", "=1+1"], ["0402", "数据"]]


def test_a_workbook_written_is_read_back_cell_by_cell_with_row_numbers():
    data = sheets.workbook("目录", ["代码", "名称"], ROWS, widths=[10, 20])
    (table,) = sheets.read("a.xlsx", data, most=10)
    assert table.title == "目录"
    assert table.rows == ((1, ("代码", "名称")), (2, ("401", "=1+1")), (3, ("0402", "数据")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_the_encodings_that_offices_use_and_empty_rows_keep_their_numbers(encoding):
    data = "代码,名称\r\n\r\n 401 ,数据\r\n".encode(encoding)
    (table,) = sheets.read("a.csv", data, most=10)
    assert table.rows == ((1, ("代码", "名称")), (3, ("401", "数据")))


def test_formulas_in_a_csv_are_made_harmless():
    assert "'=1+1" in sheets.lines(["代码", "名称"], ROWS).decode("utf-8-sig")


def test_numbers_and_days_of_a_workbook_come_as_people_write_them():
    from datetime import date

    book = Workbook()
    book.active.append([401, 1.5, date(2026, 3, 1)])
    output = io.BytesIO()
    book.save(output)
    (table,) = sheets.read("a.xlsx", output.getvalue(), most=10)
    assert table.rows[0][1] == ("401", "1.5", "2026-03-01")


def merged() -> bytes:
    book = Workbook()
    book.active["A1"] = "代码"
    book.active.merge_cells("A1:B1")
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def bomb() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/a.xml", b"0" * (sheets.UNPACKED_BYTES + 1))
    return output.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "空的"),
        ("a.csv", b" \n", "空的"),
        ("a.pdf", b"%PDF-1.7", "只能导入"),
        ("a.csv", b"\xff\xfe\x00\x00\xff", "文字编码"),
        ("a.csv", b"a,b\n" * 30, "拆成几个文件"),
        ("a.csv", b'"' + b"x" * 200_000, "格式有误"),
        ("a.xlsx", b"PK\x03\x04broken", "打不开"),
        ("a.csv", b"x" * (sheets.MOST_BYTES + 1), "10 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(name, data, said):
    with pytest.raises(Refused) as no:
        sheets.read(name, data, most=10)
    assert said in no.value.sentence
    assert no.value.field == "file"


@pytest.mark.parametrize(("make", "said"), [(merged, "合并单元格"), (bomb, "过大")])
def test_merged_cells_and_bombs_are_refused(make, said):
    with pytest.raises(Refused) as no:
        sheets.read("a.xlsx", make(), most=10)
    assert said in no.value.sentence
