"""A block of a file is read the same, whether at once or cell by cell."""

import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from minxin.disclosures.rules import templates
from minxin.disclosures.rules.broker import Fault
from minxin.disclosures.rules.broker_bulk import Reading

SHEET = templates.get("payments").sheets[0]
PLAIN = {"date": "2007-02-03", "money": "12.50", "choice": "企业", "text": "用途", "code": "E-1"}
CELLS = st.sampled_from(
    ["", " ", "1.00 2.00", "0.00", "3.5", "-", "二百", "2007-2-3", "2007-02-30", "款 项", " 款 ", "\\", "\u3000",
     "a\x07", "长" * 200, "E 1", "E-1", "１２", '""', 'a"b', "a,b", "第一\r\n第二", "\n", "1" * 70]
)  # fmt: skip


def read(rows: list[list[str]], *, quoting: int, end: str) -> tuple[str, int, list[Fault]]:
    output = StringIO(newline="")
    csv.writer(output, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
    reading = Reading(SHEET, {place: column.code for place, column in enumerate(SHEET.columns)})
    return *reading.block(7, output.getvalue()), reading.faults


@given(
    changes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, len(SHEET.columns) - 1), CELLS), max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
    uneven=st.booleans(),
)
def test_cells_without_quotation_marks_are_read_as_those_between_them(
    changes: list[tuple[int, int, str]], end: str, uneven: bool
) -> None:
    rows = [[PLAIN[column.kind] for column in SHEET.columns] for _row in range(6)]
    for row, place, cell in changes:
        rows[row][place] = cell
    if uneven:
        rows[2] = rows[2][:3]
        rows[4].append("多")
    assert read(rows, quoting=csv.QUOTE_MINIMAL, end=end) == read(rows, quoting=csv.QUOTE_ALL, end=end)


@given(cells=st.lists(st.sampled_from(["0.00", "12.50", "3.5", "7", "-", "二百", "1.00 2.00", " 5.00"]), min_size=1))
def test_a_column_of_amounts_is_read_as_its_cells_are(cells: list[str]) -> None:
    places = {0: "external_id", 1: "amount"}
    together = Reading(SHEET, places).block(1, "".join(f"E,{cell}\n" for cell in cells))[0]
    apart = "".join(Reading(SHEET, places).block(n, f"E,{cell}\n")[0] for n, cell in enumerate(cells, start=1))
    amounts = [[int(line.split("\t")[-3]) for line in lines.splitlines()] for lines in (together, apart)]
    assert amounts[0] == amounts[1]


def test_empty_cells_as_postgresql_writes_them_are_empty() -> None:
    reading = Reading(SHEET, {place: column.code for place, column in enumerate(SHEET.columns)})
    cells = [PLAIN[column.kind] for column in SHEET.columns]
    bare, quoted = list(cells), list(cells)
    for place in (3, 8, 9, 15, len(cells) - 1):
        bare[place], quoted[place] = "", '""'
    told = [reading.block(2, f"{','.join(line)}\n") for line in (bare, quoted)]
    assert told[0] == told[1] != reading.block(2, f"{','.join(cells)}\n")
