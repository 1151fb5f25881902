"""What somebody typed into a cell, read as the column says; what cannot be read is kept as typed and named."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import sha256
from typing import Any

from minxin.disclosures.rules.templates import AMOUNTS, Column, Sheet, Template
from minxin.kernel import money, text
from minxin.kernel.errors import Refused

LONGEST_KEY = 110
LONGEST_TYPED = 5000
AGAIN = "\x1f"  # between a key and the count of its repetitions
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_DAY = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?")
_NOTHING = frozenset({"", "-", "—", "－", "——", "–"})  # how tables write that there is no figure
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about the file that can be seen without its rules. `row` counts in the file; None: the whole sheet."""

    kind: str
    sheet: str
    row: int | None = None
    column: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """A row as it was typed: its number in the file and its cells by column code."""

    row: int
    cells: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is staged. `cells` is JSON: integers, texts, ISO days; {"typed": …} for what could not be read."""

    sheet: str
    row: int
    key: str
    cells: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A whole file or batch, ready to be stored and checked. `sha256` is of its rows in their order."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    sha256: str


class Unreadable(Exception):
    """A cell that is not what its column says; its words are the kind of fault."""


def stage(
    template: Template,
    version: str,
    sheets: Mapping[str, Sequence[Typed]],
    *,
    faults: Sequence[Fault] = (),
    from_file: bool,
) -> Staged:
    """Read every cell. Amounts of a file are in the column's unit, those of a program (`from_file=False`) in yuan."""
    found = list(faults)
    rows: list[Row] = []
    for sheet in template.sheets:
        if sheet.code in sheets:
            rows += _rows(sheet, version, sheets[sheet.code], found, from_file=from_file)
        elif not sheet.empty:
            found.append(Fault("sheet", sheet.code, value=sheet.title(version)))
    whole = sha256(_encode([template.code, version]).encode())
    for row in rows:
        whole.update(f"\n{row.sheet}\t{row.key}\t{row.cells}".encode())
    for fault in found:
        whole.update(f"\n{fault.kind}\t{fault.value}".encode())
    return Staged(tuple(rows), tuple(found), whole.hexdigest())


def as_json(rows: Iterable[Row]) -> str:
    """The rows as a JSON array of sheet, row, key and cells, for the database to take apart."""
    return f"[{','.join(_as_json(row) for row in rows)}]"


def _as_json(row: Row) -> str:
    return f'{{"sheet":"{row.sheet}","row":{row.row},"key":{_encode(row.key)},"cells":{row.cells}}}'


def _rows(sheet: Sheet, version: str, typed: Sequence[Typed], faults: list[Fault], *, from_file: bool) -> Iterator[Row]:
    readers = _readers(sheet, version, from_file)
    times: dict[str, int] = {}
    for line in typed:
        cells: dict[str, Any] = {}
        for column, read in readers:
            raw = line.cells.get(column.code)
            if raw is None or raw == "":
                if column.needed:
                    faults.append(Fault("needed", sheet.code, line.row, column.code))
                continue
            try:
                value: str | int | dict[str, str] | None = read(raw)
            except Unreadable as fault:
                kept = _kept(raw)
                faults.append(Fault(str(fault), sheet.code, line.row, column.code, kept[:100]))
                value = {"typed": kept}
            if value is not None:
                cells[column.code] = value
            elif column.needed and column.kind not in AMOUNTS:
                faults.append(Fault("needed", sheet.code, line.row, column.code))
        key = _key(sheet, cells)
        times[key] = count = times.get(key, 0) + 1
        yield Row(sheet.code, line.row, key if count == 1 else f"{key}{AGAIN}{count}", _encode(cells))


def _key(sheet: Sheet, cells: Mapping[str, Any]) -> str:
    parts = [str(value) if isinstance(value := cells.get(name, ""), str | int) else "" for name in sheet.key]
    key = "|".join(parts)
    return key if len(key) <= LONGEST_KEY else f"{key[:80]}…{sha256(key.encode()).hexdigest()[:16]}"


def _kept(raw: object) -> str:
    return "".join(character for character in str(raw)[:LONGEST_TYPED] if character.isprintable())


Reader = Callable[[object], "str | int | None"]


@lru_cache(maxsize=200)
def _readers(sheet: Sheet, version: str, from_file: bool) -> list[tuple[Column, Reader]]:
    return [(column, reader(column, from_file)) for column in sheet.shown(version)]


def reader(column: Column, from_file: bool) -> Reader:
    """How a cell of this column is read: integers, texts, ISO days; None for nothing. Raises Unreadable."""
    if column.kind in AMOUNTS:
        places = 6 if column.kind == "wan" and from_file else 2
        return lambda raw: _amount(raw, places)
    if column.kind == "choice":
        options = {label: code for code, label in column.options.items()} | {code: code for code in column.options}
        return lambda raw: _choice(raw, options, column)
    simple: dict[str, Reader] = {"count": _count, "date": _day, "code": lambda raw: _code(raw, column.longest)}
    return simple.get(column.kind) or (lambda raw: _text(raw, column.longest))


def _plain(raw: object) -> str:
    word = str(raw)[:LONGEST_TYPED]
    return word if word.isascii() else unicodedata.normalize("NFKC", word)


def _decimal(raw: object) -> Decimal | None:
    """The number somebody typed: full-width digits, thousands separators, ¥ and 元 do no harm; None for a dash."""
    if isinstance(raw, Decimal | int) and not isinstance(raw, bool):
        return Decimal(raw)
    word = str(raw).strip()
    if not _NUMBER.fullmatch(word):
        if word in _NOTHING:
            return None
        word = _plain(word).replace(",", "").replace(" ", "").lstrip("¥￥").removesuffix("元").removesuffix("万")
        if not _NUMBER.fullmatch(word):
            raise Unreadable("number")
    return Decimal(word)


def _amount(raw: object, places: int) -> int | None:
    value = _decimal(raw)
    if value is None:
        return None
    try:
        fen = value.scaleb(places)
        exact = int(fen)
    except (InvalidOperation, ValueError, OverflowError):
        raise Unreadable("number") from None
    if exact != fen:
        raise Unreadable("finer")
    if abs(exact) > money.MOST_FEN:
        raise Unreadable("huge")
    return exact


def _count(raw: object) -> int | None:
    value = _decimal(raw)
    if value is None:
        return None
    if not value.is_finite() or value != value.to_integral_value():
        raise Unreadable("count")
    if abs(value) >= 10**12:
        raise Unreadable("huge")
    return int(value)


def _day(raw: object) -> str | None:
    if isinstance(raw, date):
        return raw.isoformat()[:10]
    word = _plain(raw).strip()
    if word in _NOTHING:
        return None
    found = _DAY.fullmatch(word)
    if found is None:
        raise Unreadable("day")
    try:
        return date(*map(int, found.groups())).isoformat()
    except ValueError:
        raise Unreadable("day") from None


def _choice(raw: object, options: Mapping[str, str], column: Column) -> str | None:
    word = str(raw).strip()
    if word in options:
        return options[word]
    word = _plain(word).strip()
    for label, code in options.items():
        if _plain(label) == word:
            return code
    if column.open:
        return _text(raw, column.longest)
    raise Unreadable("choice")


def _code(raw: object, longest: int) -> str | None:
    word = "".join(_plain(raw).split())
    if len(word) > longest or not word.isprintable():
        raise Unreadable("long")
    return word


def _text(raw: object, longest: int) -> str | None:
    word = str(raw)
    if len(word) <= longest and word.isprintable():
        return word.strip() or None
    try:
        return text.clean(word, limit=longest, field="file") or None
    except Refused:
        raise Unreadable("long") from None
