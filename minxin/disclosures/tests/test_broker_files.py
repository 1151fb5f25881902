"""Bad files: each gets a report by sheet, row and column, or a refusal that says what to do; none gets an error."""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from minxin.disclosures.actions import intake
from minxin.disclosures.models import Entry, Submission
from minxin.disclosures.rules.codes import SubmissionStage
from minxin.disclosures.tests.broker_others import line, payments
from minxin.disclosures.tests.broker_sheets import NOTE, clean, tables, workbook
from minxin.disclosures.tests.cast import Money
from minxin.kernel import clocks, files, sheets
from minxin.kernel.errors import Refused


@pytest.fixture(autouse=True)
def _then(db: None) -> Iterator[None]:
    with clocks.at(datetime(2007, 3, 1, 9, tzinfo=clocks.ZONE)), files.using(files.Memory()):
        yield


def hand_in(money: Money, data: bytes, name: str = "预算.xlsx", *, note: str = NOTE, **more: Any) -> Submission:
    facts = {"template": "department_budget", "fiscal_year": 2007, "version": "initial", **more}
    return intake.hand_in(
        unit=money.units["education"], name=name, data=data, note=note, by=money.officers["education_clerk"], **facts
    )


def told(found: Submission) -> list[tuple[str, str, int | None, str, str]]:
    return [(f.rule, f.sheet, f.row, f.column, f.value) for f in found.findings.order_by("id")]


def changed(change: Any) -> bytes:
    """The clean workbook after somebody worked on it."""
    book = load_workbook(io.BytesIO(workbook(clean())))
    change(book)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def test_a_missing_sheet_and_a_strange_one_are_named(money: Money) -> None:
    def change(book: Any) -> None:
        del book["表5 一般公共预算支出表"]
        book.create_sheet("草稿")["A1"] = "随手写的"

    found = hand_in(money, changed(change))
    assert ("S01", "表5 一般公共预算支出表", None, "", "表5 一般公共预算支出表") in told(found)
    assert ("S02", "", None, "", "草稿") in told(found)
    assert found.stage == SubmissionStage.FAILED


def test_renamed_missing_extra_and_doubled_columns_are_named(money: Money) -> None:
    def change(book: Any) -> None:
        sheet = book["预算明细"]
        sheet["G1"] = "金额（万元）"
        sheet["H1"], sheet["H2"] = "备注", "随手写的"
        sheet["I1"] = "单位代码"

    found = told(hand_in(money, changed(change)))
    assert ("S03", "预算明细", 1, "金额（元）", "金额（元）") in found
    assert ("S04", "预算明细", 1, "", "备注") in found
    assert ("S05", "预算明细", 1, "单位代码", "单位代码") in found


def test_a_title_may_stand_above_the_headings_and_rows_count_as_in_the_file(money: Money) -> None:
    def change(book: Any) -> None:
        sheet = book["预算明细"]
        sheet.insert_rows(1, 2)
        sheet["A1"], sheet["A2"] = "2007 年预算明细", "编制单位：市教育局"
        sheet["G4"] = "一百元"

    assert ("S06", "预算明细", 4, "金额（元）", "一百元") in told(hand_in(money, changed(change)))


def test_merged_cells_are_refused_with_what_to_do(money: Money) -> None:
    with pytest.raises(Refused, match="取消合并"):
        hand_in(money, changed(lambda book: book["预算明细"].merge_cells("A2:B2")))


def test_a_formula_without_a_value_and_an_error_are_told_with_their_cells(money: Money) -> None:
    def change(book: Any) -> None:
        sheet = book["预算明细"]
        sheet["G2"] = "=600000*2"
        sheet["G3"].value, sheet["G3"].data_type = "#REF!", "e"

    found = told(hand_in(money, changed(change)))
    assert ("S14", "预算明细", 2, "", "G2") in found
    assert ("S15", "预算明细", 3, "", "G3") in found


def test_a_formula_with_its_value_is_read_as_the_value(money: Money) -> None:
    data = changed(lambda book: book["预算明细"].__setitem__("G2", "=600000*2"))
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(output, "w") as new:
        for entry in old.infolist():
            content = old.read(entry).replace(b"<f>600000*2</f><v />", b"<f>600000*2</f><v>1200000</v>")
            new.writestr(entry, content)
    assert told(hand_in(money, output.getvalue())) == []


def test_full_width_digits_separators_and_dashes_are_read(money: Money) -> None:
    def change(book: Any) -> None:
        sheet = book["预算明细"]
        sheet["G2"], sheet["G3"] = "￥１，２００，０００．００元", "800,000"
        book["表3 支出总表"]["F3"] = "—"

    assert told(hand_in(money, changed(change))) == []


def test_numbers_typed_as_numbers_are_exact(money: Money) -> None:
    def change(book: Any) -> None:
        for row in book["表6 一般公共预算基本支出表"].iter_rows(min_row=2, min_col=3):
            for cell in row:
                cell.value = float(cell.value)

    assert told(hand_in(money, changed(change))) == []


def as_csv(*, title: str = "{}") -> str:
    """All tables one below the other, each under its title."""
    text = ""
    for name, headings, rows, _ in tables(clean()):
        body = sheets.lines(headings, rows).decode("utf-8-sig")
        text += f"{title.format(name)}\r\n{body}\r\n"
    return text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_with_all_tables_is_read_in_the_encodings_that_offices_use(money: Money, encoding: str) -> None:
    assert told(hand_in(money, as_csv(title="#{}").encode(encoding), "预算.csv")) == []


def test_a_csv_without_titles_misses_its_tables(money: Money) -> None:
    body = sheets.lines(*tables(clean())[2][1:3])
    found = hand_in(money, body, "支出.csv")
    assert {f[0] for f in told(found)} >= {"S01"}
    assert found.stage == SubmissionStage.FAILED


def test_rows_of_five_hundred_columns_are_told(money: Money) -> None:
    data = sheets.workbook("预算明细", [f"列{n}" for n in range(500)], [["1"] * 500])
    found = told(hand_in(money, data))
    assert sum(f[0] == "S04" for f in found) == 20
    assert ("S03", "预算明细", 1, "功能科目编码", "功能科目编码") in found


def ole(inner: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512 + inner.encode("utf-16-le") + b"\x00" * 512


def bomb() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (sheets.UNPACKED_BYTES + 1))
    return output.getvalue()


def lying_bomb() -> bytes:
    """A package that says it is small and is not."""
    data = bytearray(bomb())
    size = (sheets.UNPACKED_BYTES + 1).to_bytes(4, "little")
    return bytes(data.replace(size, (1000).to_bytes(4, "little")))


def far_away() -> bytes:
    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "单位代码", "1"
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def locked_archive() -> bytes:
    """A package whose members say they are encrypted."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/_rels/workbook.xml.rels", "<Relationships/>")
    data = bytearray(output.getvalue())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(sign)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(sign, at + 1)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (ole("EncryptedPackage"), "a.xlsx", "取消密码"),
        (ole("Workbook"), "a.xls", "另存为 xlsx"),
        (locked_archive(), "a.xlsx", "打不开"),
        (bomb(), "a.xlsx", "展开后过大"),
        (lying_bomb(), "a.xlsx", "打不开"),
        (far_away(), "a.xlsx", "很远的地方"),
        (b"%PDF-1.7 not a table", "a.pdf", "只能导入 xlsx 或 csv"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "a.png", "只能导入 xlsx 或 csv"),
        (b"PK\x03\x04 broken", "a.xlsx", "打不开"),
        (b"", "a.xlsx", "空的"),
        (b"\xff\xfe\x00\x00\xff", "a.csv", "文字编码"),
        (b"1,2\n" * (sheets.MOST_BYTES // 4 + 1), "a.csv", "超过 10 MB"),
        (b"a,b\n" * 20_005, "a.csv", "拆成几个文件"),
    ],
)
def test_what_is_no_sheet_at_all_is_refused_with_what_to_do(money: Money, data: bytes, name: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as no:
        hand_in(money, data, name)
    assert no.value.field == "file"
    assert not Submission.objects.exists()


def test_two_hundred_megabytes_on_disk_are_refused_unread(money: Money, tmp_path: Any) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    with pytest.raises(Refused, match="超过 10 MB"):
        intake.hand_in(
            unit=money.units["education"], template="payments", fiscal_year=2007, name="a.csv", data=path,
            by=money.officers["education_clerk"],
        )  # fmt: skip


def test_an_empty_table_is_taken_with_its_note_and_asked_for_one_without(money: Money) -> None:
    empty = sheets.workbook("支付明细", ["外部编号", "预算单位编码", "指标编号", "申请号", "申请日期", "收款人名称",
                                     "收款人类别", "用途", "金额", "支付方式"], [])  # fmt: skip
    without = hand_in(money, empty, template="payments", version="", note="")
    assert [f[0] for f in told(without)] == ["S17"]
    noted = hand_in(money, empty, template="payments", version="", note="本月没有支付。")
    assert (noted.stage, noted.rows, told(noted)) == (SubmissionStage.CHECKED, 0, [])


def test_what_could_not_be_read_is_kept_as_typed_and_the_file_too(money: Money) -> None:
    data = changed(lambda book: book["预算明细"].__setitem__("G2", "一百\u200b万元"))
    found = hand_in(money, data)
    cells = Entry.objects.get(submission=found, sheet="detail", row=2).cells
    assert cells["amount"] == {"typed": "一百万元"}
    with files.store().open(found.file) as file:
        assert file.read() == data


def test_payments_come_as_csv_in_gbk(money: Money) -> None:
    ref = line(money.units["education"], money.units["finance"], year=2007)
    rows = payments(ref)
    for cells in rows["payments"]:
        cells |= {name: value.replace("2024", "2007") for name, value in cells.items() if name.endswith("_on")}
    ((_, headings, body, _),) = tables(rows, "", "payments")
    found = hand_in(money, sheets.lines(headings, body).decode("utf-8-sig").encode("gb18030"), "支付.csv",
                    template="payments", version="")  # fmt: skip
    assert told(found) == []
    assert found.rows == 3
