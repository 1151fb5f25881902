"""From the tables of a file to the sheets of a template: which is which, where its heading stands, what is missing."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from minxin.disclosures.rules.broker import Fault, Typed
from minxin.disclosures.rules.templates import GUIDE, Sheet, Template
from minxin.kernel.sheets import Table

MOST_ROWS = 20_000  # of a file at the desk; what is larger is imported (Delivery.COMMAND)
LONGEST_CELL = 6000
HEADING_WITHIN = 6  # rows: a title and a line about the unit may stand above the heading
MOST_TOLD = 20  # columns too many: of five hundred so many are named
_IGNORED = frozenset({GUIDE, "说明"})  # sheets of the template that hold no rows
_DROPPED = re.compile(r"[\s*＊：:“”\"'《》]")
_NUMBERED = re.compile(r"^表\d+")

Line = tuple[int, tuple[str, ...]]


def arrange(template: Template, version: str, tables: Sequence[Table]) -> tuple[dict[str, list[Typed]], list[Fault]]:
    """The rows of each sheet as typed, and what is wrong with the sheets themselves."""
    faults: list[Fault] = []
    names = {
        name: sheet for sheet in template.sheets for title in (sheet.label, sheet.settled) for name in _names(title)
    }
    found: dict[str, list[Typed]] = {}
    for table in _sections(template, tables, names):
        sheet = names.get(_plain(table.title)) or (template.sheets[0] if len(template.sheets) == 1 else None)
        if sheet is None or sheet.code in found:
            if _plain(table.title) not in _IGNORED:
                faults.append(Fault("stranger", "", value=table.title[:60]))
            continue
        found[sheet.code] = _typed(sheet, version, table.rows, faults)
        faults += [Fault("formula", sheet.code, _row_of(cell), value=cell) for cell in table.formulas]
        faults += [Fault("error", sheet.code, _row_of(cell), value=cell) for cell in table.errors]
    return found, faults


def _names(title: str) -> set[str]:
    return {_plain(title), _NUMBERED.sub("", _plain(title))}


def _plain(title: str) -> str:
    return _DROPPED.sub("", unicodedata.normalize("NFKC", title))


def _row_of(cell: str) -> int:
    return int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def _sections(template: Template, tables: Sequence[Table], names: Mapping[str, Sheet]) -> list[Table]:
    """A CSV holds all tables one below the other, each under a row that has its title only."""
    if len(tables) != 1 or tables[0].title or len(template.sheets) == 1:
        return list(tables)
    parts: list[tuple[str, list[Line]]] = [("", [])]
    for number, cells in tables[0].rows:
        title = cells[0].lstrip("#").strip() if cells else ""
        if not any(cells[1:]) and _plain(title) in names:
            parts.append((title, []))
        else:
            parts[-1][1].append((number, cells))
    return [Table(title, tuple(rows)) for title, rows in parts if title or rows]


def heading(sheet: Sheet, version: str, rows: Sequence[Line], faults: list[Fault]) -> tuple[int, dict[int, str]]:
    """Of a file's first rows: which one is the heading, and the column's code by its place in the row."""
    at, known, extra = _heading(sheet, version, rows, faults)
    faults += [Fault("extra", sheet.code, rows[at][0], value=name[:60]) for name in extra.values() if name]
    return at, known


def _heading(
    sheet: Sheet, version: str, rows: Sequence[Line], faults: list[Fault]
) -> tuple[int, dict[int, str], dict[int, str]]:
    headings = {_plain(name): column.code for column in sheet.shown(version) for name in (column.heading, column.label)}
    at = _heading_at(rows, headings)
    return at, *_places(sheet, version, rows[at] if rows else None, headings, faults)


def _typed(sheet: Sheet, version: str, rows: Sequence[Line], faults: list[Fault]) -> list[Typed]:
    at, known, extra = _heading(sheet, version, rows, faults)
    typed = []
    for number, cells in rows[at + 1 :]:
        line = {code: cells[place] for place, code in known.items() if place < len(cells)}
        if any(value for code, value in line.items() if code not in sheet.prefilled):
            typed.append(Typed(number, line))
    for place, name in extra.items():
        if any(place < len(cells) and cells[place] for _, cells in rows[at + 1 :]) or name:
            faults.append(Fault("extra", sheet.code, rows[at][0], value=(name or f"第{place + 1}列")[:60]))
    return typed


def _heading_at(rows: Sequence[Line], headings: Mapping[str, str]) -> int:
    """The row among the first ones that has the most headings."""
    scores = [sum(_plain(cell) in headings for cell in cells) for _, cells in rows[:HEADING_WITHIN]]
    return scores.index(max(scores)) if scores else 0


def _places(
    sheet: Sheet, version: str, heading: Line | None, headings: Mapping[str, str], faults: list[Fault]
) -> tuple[dict[int, str], dict[int, str]]:
    """Which column of the file is which of the template's; the first of those too many, with what they are called."""
    known: dict[int, str] = {}
    extra: dict[int, str] = {}
    number, cells = heading or (1, ())
    for place, cell in enumerate(cells):
        code = headings.get(_plain(cell))
        if code is None:
            if len(extra) < MOST_TOLD:
                extra[place] = cell
        elif code in known.values():
            faults.append(Fault("twice", sheet.code, number, code, cell[:60]))
        else:
            known[place] = code
    for column in sheet.shown(version):
        if column.needed and column.code not in known.values():
            faults.append(Fault("heading", sheet.code, number, column.code, column.heading))
    return known, {place: name for place, name in extra.items() if name or place < len(cells)}
