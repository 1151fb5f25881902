"""Large workbooks for whoever takes data home: written row by row, every text a text, so that no formula gets in."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import xlsxwriter

Cell = str | int | Decimal | None
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # no character of XML


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, its headings (bold, frozen), its rows; Decimal cells are shown as amounts."""

    name: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def book(sheets: Sequence[Sheet]) -> bytes:
    """The workbook's bytes. Characters that XML cannot hold are left out of texts."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"constant_memory": True}) as package:
        head, amount = package.add_format({"bold": True}), package.add_format({"num_format": "#,##0.00"})
        for name, sheet in zip(_names(sheets), sheets, strict=True):
            page = package.add_worksheet(name)
            page.freeze_panes(1, 0)
            for place, heading in enumerate(sheet.headings):
                page.set_column(place, place, min(60, max(12, 2 * len(heading) + 2)))
            _write(page, 0, sheet.headings, head, head)
            for number, row in enumerate(sheet.rows, start=1):
                _write(page, number, row, None, amount)
    return output.getvalue()


def _names(sheets: Sequence[Sheet]) -> list[str]:
    """Names that a spreadsheet program accepts: 31 characters, none of []:*?/\\, each once."""
    names: list[str] = []
    for number, sheet in enumerate(sheets, start=1):
        name = re.sub(r"[\[\]:*?/\\]", " ", _UNWRITABLE.sub("", sheet.name)).strip("'")[:31] or str(number)
        taken = {other.lower() for other in names}
        names.append(f"{name[:27]} {number}" if name.lower() in taken else name)
    return names


def _write(page: Any, number: int, cells: Sequence[Cell], plain: Any, amount: Any) -> None:
    for place, cell in enumerate(cells):
        if isinstance(cell, str):
            if cell:
                page.write_string(number, place, _UNWRITABLE.sub("", cell), plain)
        elif cell is not None:
            page.write_number(number, place, cell, amount if isinstance(cell, Decimal) else plain)
