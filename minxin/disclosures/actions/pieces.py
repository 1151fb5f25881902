"""A large file cut into pieces at the ends of rows, and read by helper processes, some pieces ahead of the database.

To read a row costs more than to COPY it. A helper is a copy of this process (fork): it has nothing to load, knows the
columns already, and never touches the connection. Where there is no fork, or one processor only, nothing is handed out.
"""

import csv
import io
import multiprocessing
import os
import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from multiprocessing.pool import AsyncResult
from typing import NoReturn, TextIO

from django.utils.translation import gettext as _

from minxin.disclosures.rules.broker import Fault
from minxin.disclosures.rules.broker_bulk import Reading
from minxin.disclosures.rules.templates import Sheet
from minxin.kernel.errors import Refused

LETTERS = 1 << 20  # of a piece
MOST_LETTERS = 32 << 20  # until its quotation marks come in pairs
HELPERS = 3
AHEAD = 2  # pieces for each helper that wait for the database
_QUOTED = re.compile('"[^"]*"')


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of the file: as lines of a COPY, how many became rows, the number after the last, what was wrong."""

    lines: bytes
    rows: int
    next: int
    faults: tuple[Fault, ...]


def read(
    file: TextIO, sheet: Sheet, places: Mapping[int, str], *, text: str, first: int
) -> Generator[Piece, None, None]:
    """The rows from `text` (what was read of the file already) on, the first of them with that number, in order.

    Raises Refused (field `file`) where quotation marks do not come in pairs.
    """
    reading = Reading(sheet, places)
    cut = _cut(file, text)
    piece = _read(reading, first, next(cut, ""))
    yield piece
    helpers = min((os.cpu_count() or 1), HELPERS) if hasattr(os, "fork") else 1
    ahead = next(cut, None)
    if ahead is None:
        return
    texts = chain([ahead], cut)
    if helpers > 1:
        yield from _beside(reading, piece.next, texts, helpers)
    else:
        for part in texts:
            piece = _read(reading, piece.next, part)
            yield piece


def _beside(reading: Reading, first: int, texts: Iterable[str], helpers: int) -> Iterator[Piece]:
    waiting: deque[AsyncResult[Piece]] = deque()
    context = multiprocessing.get_context("fork")
    with context.Pool(helpers, initializer=_help, initargs=(reading,)) as pool:
        for text in texts:
            after = first + _records(text)
            waiting.append(pool.apply_async(_handed, (first, after, text)))
            first = after
            if len(waiting) >= helpers * AHEAD:
                yield waiting.popleft().get()
        while waiting:
            yield waiting.popleft().get()


_reading: Reading


def _help(reading: Reading) -> None:
    global _reading
    _reading = reading


def _handed(first: int, after: int, text: str) -> Piece:
    """Read in a helper; the numbers of the rows after it were given out by counting the ends of lines."""
    piece = _read(_reading, first, text)
    if piece.next != after:
        _refuse(first)
    return piece


def _read(reading: Reading, first: int, text: str) -> Piece:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        _refuse(first)
    reading.faults, before = [], reading.rows
    lines = reading.block(first, rows) if rows else ""
    return Piece(lines.encode(), reading.rows - before, first + len(rows), tuple(reading.faults))


def _refuse(row: int) -> NoReturn:
    sentence = _("第 %(row)d 行之后的格式有误，可能有一格过长或引号不成对。请核对后再导入。")
    raise Refused("file", sentence % {"row": row}, field="file")


def _cut(file: TextIO, text: str) -> Iterator[str]:
    """The text in pieces that end with a line outside quotation marks."""
    while more := file.read(LETTERS):
        text += more
        at = text.rfind("\n")
        while at >= 0 and text.count('"', 0, at) % 2:
            at = text.rfind("\n", 0, at)
        if at >= 0:
            yield text[: at + 1]
            text = text[at + 1 :]
        elif len(text) > MOST_LETTERS:
            _refuse(1)
    if text:
        yield text


def _records(text: str) -> int:
    """How many rows: ends of lines outside quotation marks, and what follows the last."""
    plain = _QUOTED.sub("", text) if '"' in text else text
    return plain.count("\n") + (not plain.endswith("\n"))
