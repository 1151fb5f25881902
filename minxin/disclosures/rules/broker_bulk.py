"""A file of a million rows, read in blocks and column by column: the cells as `broker` reads them, written for COPY.

What is written plainly is looked at a column at a time; whatever else there is goes the long way, cell by cell.
"""

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO

from minxin.disclosures.rules import broker
from minxin.disclosures.rules.broker import Fault
from minxin.disclosures.rules.templates import AMOUNTS, Column, Sheet

NOTHING = "\x01"  # an empty cell in the COPY: no cell that can be read holds it
MOST_FAULTS = 10_000  # who has so many cells to put right is told of these first
_KEPT = 20_000  # cells remembered of a column: the same days, codes and kinds come again and again
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?")
_AMOUNTS = re.compile(r"[0-9]{1,12}\.[0-9]{2}(?: [0-9]{1,12}\.[0-9]{2})*")


class _Known(dict[str, str]):
    """What each cell was read as; filled by asking."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read

    def __missing__(self, raw: str) -> str:
        if len(self) >= _KEPT:
            self.clear()
        value = self[raw] = self._read(raw)
        return value


@dataclass(slots=True)
class _Cells:
    """One column: how its cells are written, and which could not be read, with the kind of fault."""

    column: Column
    place: int | None
    write: Callable[[Sequence[str]], Sequence[str]]
    unread: dict[str, str] = field(default_factory=dict)


class Reading:
    """The rows of a sheet on their way from a file into a table: `block` after `block`, and what was wrong so far."""

    def __init__(self, sheet: Sheet, places: Mapping[int, str]) -> None:
        """`places`: the codes of the columns by their places in the file (see broker_file.heading)."""
        self.rows = 0
        self.faults: list[Fault] = []
        self._sheet = sheet
        self._width = max(places, default=0) + 1
        where = {code: place for place, code in places.items()}
        self._columns = [self._cells(column, where.get(column.code)) for column in sheet.columns]
        self._own = [place for code, place in where.items() if code not in sheet.prefilled]
        self._first = where.get(sheet.key[0], 0)

    @property
    def full(self) -> bool:
        """Whether there is enough to put right."""
        return len(self.faults) >= MOST_FAULTS

    def block(self, first: int, text: str) -> tuple[str, int]:
        """This part of the file, its first row with that number, as lines of a COPY; and how many rows were read.

        A line is a number and the cells by column. Rows without any cell of their own are none. Raises csv.Error.
        """
        typed = _apart(text, self._width)
        if typed and all(map(str.strip, typed[self._first])):
            numbers = range(first, first + len(typed[0]))
            return self._lines(numbers, typed), len(numbers)
        rows = list(csv.reader(StringIO(text, newline=""), strict=True))
        kept: tuple[Sequence[int], Sequence[Sequence[str]]] = (range(first, first + len(rows)), rows)
        if set(map(len, rows)) != {self._width} or not all(map(str.strip, [row[self._first] for row in rows])):
            kept = self._even(*kept)
        return self._lines(kept[0], list(zip(*kept[1], strict=True))) if kept[1] else "", len(rows)

    def _lines(self, numbers: Sequence[int], typed: Sequence[Sequence[str]]) -> str:
        self.rows += len(numbers)
        written = [self._column(cells, typed, numbers) for cells in self._columns]
        lines = "\n".join(map("\t".join, zip(map(str, numbers), *written, strict=True)))
        return lines.replace("\\", "\\\\") + "\n"

    def _even(self, numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> tuple[list[int], list[list[str]]]:
        """The same rows, all of one width, without the empty ones; what stands beyond the heading is a fault."""
        kept: tuple[list[int], list[list[str]]] = ([], [])
        for number, row in zip(numbers, rows, strict=True):
            beyond = next((cell for cell in row[self._width :] if cell.strip()), None)
            if beyond is not None and not self.full:
                self.faults.append(Fault("extra", self._sheet.code, number, value=beyond.strip()[:60]))
            line = [*row[: self._width], *[""] * (self._width - len(row))]
            if any(line[place].strip() for place in self._own):
                kept[0].append(number)
                kept[1].append(line)
        return kept

    def _column(self, cells: _Cells, typed: Sequence[Sequence[str]], numbers: Sequence[int]) -> Iterable[str]:
        if cells.place is None:
            return [_empty(cells.column)] * len(numbers)
        raw = typed[cells.place]
        written = cells.write(raw)
        if cells.unread:
            self._tell_unread(cells, raw, numbers)
        if cells.column.needed and _empty(cells.column) in written:
            self._tell_missing(cells, raw, written, numbers)
        return written

    def _tell_unread(self, cells: _Cells, raw: Sequence[str], numbers: Sequence[int]) -> None:
        for number, word in zip(numbers, raw, strict=True):
            if (kind := cells.unread.get(word)) and not self.full:
                shown = "".join(character for character in word[:100] if character.isprintable())
                self.faults.append(Fault(kind, self._sheet.code, number, cells.column.code, shown))

    def _tell_missing(self, cells: _Cells, raw: Sequence[str], written: Sequence[str], numbers: Sequence[int]) -> None:
        """A dash in a column of amounts says that there is none; everywhere else it is no answer."""
        dash = cells.column.kind in AMOUNTS
        for number, word, value in zip(numbers, raw, written, strict=True):
            nothing = not word.strip() if dash else value == _empty(cells.column) and word not in cells.unread
            if nothing and not self.full:
                self.faults.append(Fault("needed", self._sheet.code, number, cells.column.code))

    def _cells(self, column: Column, place: int | None) -> _Cells:
        unread: dict[str, str] = {}
        read, empty = broker.reader(column, from_file=True), _empty(column)

        def slowly(raw: str) -> str:
            if not raw.strip():
                return empty
            try:
                value = read(raw)
            except broker.Unreadable as fault:
                unread[raw] = str(fault)
                return empty
            return empty if value is None else " ".join(str(value).split())  # one line, as at the desk

        seldom_twice = column.code in self._sheet.key
        return _Cells(column, place, _quick(column, slowly, seldom_twice=seldom_twice), unread)


def _empty(column: Column) -> str:
    """As the rules know an empty cell: amounts 0, texts empty, days and counts null (see broker_checks)."""
    if column.kind in AMOUNTS:
        return "0"
    return NOTHING if column.kind in {"date", "count"} else ""


def _apart(text: str, width: int) -> Sequence[Sequence[str]]:
    """The columns of lines that all have so many cells; none where something stands between quotation marks.

    A pair of them is an empty cell, as PostgreSQL writes it.
    """
    marks = text.count('"')
    if marks and text.count('""') * 2 != marks:
        return []
    plain = (text.replace("\r\n", "\n") if "\r" in text else text).removesuffix("\n")
    cells = plain.replace("\n", ",\n,").split(",")
    ends = cells[width :: width + 1]
    if "\r" in plain or len(cells) % (width + 1) != width or not plain.count("\n") == ends.count("\n") == len(ends):
        return []
    columns = [cells[place :: width + 1] for place in range(width)]
    if marks:
        pairs = [column.count('""') for column in columns]
        if sum(pairs) * 2 != marks:
            return []
        columns = [_emptied(column) if some else column for column, some in zip(columns, pairs, strict=True)]
    return columns


def _emptied(column: Sequence[str]) -> list[str]:
    return ["" if cell == '""' else cell for cell in column]


def _quick(
    column: Column, slowly: Callable[[str], str], *, seldom_twice: bool
) -> Callable[[Sequence[str]], Sequence[str]]:
    """The cells of a column at once where all are written plainly, else one by one; or as remembered."""
    longest = column.longest
    if column.kind == "money":
        return lambda raw: _amounts(raw) or [_amount(cell) or slowly(cell) for cell in raw]
    if column.kind == "text":

        def word(cell: str) -> str:
            return cell.strip() if _shown(cell, [cell], longest) else slowly(cell)

        return lambda raw: list(map(str.strip if _shown("".join(raw), raw, longest) else word, raw))
    if seldom_twice:

        def code(cell: str) -> str:
            return cell if _plain(cell, [cell], longest) else slowly(cell)

        return lambda raw: raw if _plain("".join(raw), raw, longest) else list(map(code, raw))
    known = _Known(slowly).__getitem__
    return lambda raw: list(map(known, raw))


def _shown(text: str, cells: Sequence[str], longest: int) -> bool:
    """Whether these cells, `text` together, are short enough and hold no letter that cannot be shown."""
    return text.isprintable() and max(map(len, cells)) <= longest


def _plain(text: str, cells: Sequence[str], longest: int) -> bool:
    return text.isascii() and " " not in text and _shown(text, cells, longest)


def _amounts(raw: Sequence[str]) -> list[str]:
    """A column of yuan with two places each in fen, or nothing when some are written otherwise."""
    text = " ".join(raw)
    fen = text.replace(".", "").split(" ") if _AMOUNTS.fullmatch(text) else []
    return fen if len(fen) == len(raw) else []


def _amount(raw: str) -> str:
    """Yuan in fen, or nothing when it is not written plainly."""
    found = _AMOUNT.fullmatch(raw)
    if found is None:
        return ""
    whole, rest = found.groups()
    return str(int(whole) * 100 + int((rest or "").ljust(2, "0")))
