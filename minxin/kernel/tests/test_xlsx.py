"""Large workbooks: other programs read just what was put in."""

import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from minxin.kernel import xlsx

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=20
)
CELLS = st.one_of(st.none(), TEXT, st.integers(-(10**9), 10**9), st.decimals(-(10**9), 10**9, places=2))


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6))
def test_two_other_programs_read_what_was_written(rows: list[tuple[xlsx.Cell, ...]]) -> None:
    data = xlsx.book([xlsx.Sheet("明细", ["一", "二", "三"], rows)])
    page = load_workbook(io.BytesIO(data))["明细"]
    for number, row in enumerate(rows, start=2):
        assert [_close(page.cell(number, place).value) for place in (1, 2, 3)] == [_close(cell) for cell in row]
    other = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("明细").to_python(skip_empty_area=False)
    assert other[0] == ["一", "二", "三"]
    for mine, theirs in zip(rows, other[1:], strict=False):
        assert [_close(cell) or "" for cell in mine] == [_close(cell) or "" for cell in [*theirs, "", "", ""][:3]]


def _close(cell: object) -> object:
    return float(cell) if isinstance(cell, int | float | Decimal) else cell


def test_nothing_is_ever_calculated_and_broken_characters_are_left_out() -> None:
    data = xlsx.book([xlsx.Sheet("a", ["=1+1"], [["=HYPERLINK(1)"], ["\x01@\x0b+<&>"]])])
    page = load_workbook(io.BytesIO(data))["a"]
    assert [(cell.value, cell.data_type) for row in page.iter_rows() for cell in row] == [
        ("=1+1", "s"),
        ("=HYPERLINK(1)", "s"),
        ("@+<&>", "s"),
    ]


def test_names_of_sheets_are_made_acceptable_and_stay_apart() -> None:
    long = "表" * 40
    names = [long, long, "a/b:c[d]", "'", '"<&>']
    book = load_workbook(io.BytesIO(xlsx.book([xlsx.Sheet(name, ["x"], []) for name in names])))
    assert book.sheetnames == ["表" * 31, "表" * 27 + " 2", "a b c d ", "4", '"<&>']


def test_names_that_differ_in_case_only_stay_apart() -> None:
    book = load_workbook(io.BytesIO(xlsx.book([xlsx.Sheet(name, ["x"], []) for name in ("Ab", "aB")])))
    assert book.sheetnames == ["Ab", "aB 2"]


def test_columns_beyond_z_have_two_letters() -> None:
    data = xlsx.book([xlsx.Sheet("a", [f"c{n}" for n in range(60)], [list(range(60))])])
    page = load_workbook(io.BytesIO(data))["a"]
    assert page["BH2"].value == 59
    assert page["AA1"].value == "c26"
    assert page.freeze_panes == "A2"
