"""A large file cut into pieces at the ends of rows, and read by helper processes, some pieces ahead of the database.

To read a row costs more than to COPY it. A helper is a copy of this process (fork): it has nothing to load, knows the
columns already, and never touches the connection. Where there is no fork, or one processor only, nothing is handed out.
"""

import csv
import gc
import multiprocessing
import os
import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from multiprocessing.pool import AsyncResult
from typing import BinaryIO, NoReturn

from django.utils.translation import gettext as _

from minxin.disclosures.rules.broker import Fault
from minxin.disclosures.rules.broker_bulk import Reading
from minxin.disclosures.rules.templates import Sheet
from minxin.kernel.errors import Refused

BYTES = 1 << 20  # of a piece
MOST_BYTES = 64 << 20  # until its quotation marks come in pairs
HELPERS = 3
AHEAD = 2  # pieces for each helper that wait for the database
_QUOTED = re.compile(b'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of the file: as lines of a COPY, how many became rows, the number after the last, what was wrong."""

    lines: bytes
    rows: int
    next: int
    faults: tuple[Fault, ...]


def cut(file: BinaryIO) -> Iterator[bytes]:
    """The file in pieces that end with a line outside quotation marks; in GBK too such bytes are no part of a letter.

    Raises Refused (field `file`) where quotation marks do not come in pairs.
    """
    rest = b""
    while more := file.read(BYTES):
        rest += more
        at = rest.rfind(b"\n")
        while at >= 0 and rest.count(b'"', 0, at) % 2:
            at = rest.rfind(b"\n", 0, at)
        if at >= 0:
            yield rest[: at + 1]
            rest = rest[at + 1 :]
        elif len(rest) > MOST_BYTES:
            _refuse(1)
    if rest:
        yield rest


def read(
    parts: Iterator[bytes], encoding: str, sheet: Sheet, places: Mapping[int, str], *, text: str, first: int
) -> Generator[Piece, None, None]:
    """The rows from `text` (what is left of the part that held the heading) on, the first of them with that number.

    They come in order. Raises Refused (field `file`) where quotation marks do not come in pairs.
    """
    reading = Reading(sheet, places)
    piece = _read(reading, first, text)
    yield piece
    helpers = min((os.cpu_count() or 1), HELPERS) if hasattr(os, "fork") else 1
    ahead = next(parts, None)
    if ahead is None:
        return
    parts = chain([ahead], parts)
    if helpers > 1:
        yield from _beside(reading, encoding, piece.next, parts, helpers)
    else:
        for part in parts:
            piece = _read(reading, piece.next, part.decode(encoding))
            yield piece


def _beside(reading: Reading, encoding: str, first: int, parts: Iterable[bytes], helpers: int) -> Iterator[Piece]:
    waiting: deque[AsyncResult[Piece]] = deque()
    context = multiprocessing.get_context("fork")
    with context.Pool(helpers, initializer=_help, initargs=(reading, encoding)) as pool:
        for part in parts:
            after = first + _records(part)
            waiting.append(pool.apply_async(_handed, (first, after, part)))
            first = after
            if len(waiting) >= helpers * AHEAD:
                yield waiting.popleft().get()
        while waiting:
            yield waiting.popleft().get()


_helping: tuple[Reading, str]


def _help(reading: Reading, encoding: str) -> None:
    global _helping
    _helping = reading, encoding
    gc.disable()  # cells are no circles; looking for some among them took a tenth of the time


def _handed(first: int, after: int, part: bytes) -> Piece:
    """Read in a helper; the numbers of the rows after it were given out by counting the ends of lines."""
    reading, encoding = _helping
    piece = _read(reading, first, part.decode(encoding))
    if piece.next != after:
        _refuse(first)
    return piece


def _read(reading: Reading, first: int, text: str) -> Piece:
    reading.faults, before = [], reading.rows
    try:
        lines, read = reading.block(first, text)
    except csv.Error:
        _refuse(first)
    return Piece(lines.encode(), reading.rows - before, first + read, tuple(reading.faults))


def _refuse(row: int) -> NoReturn:
    sentence = _("第 %(row)d 行之后的格式有误，可能有一格过长或引号不成对。请核对后再导入。")
    raise Refused("file", sentence % {"row": row}, field="file")


def _records(part: bytes) -> int:
    """How many rows: ends of lines outside quotation marks, and what follows the last.

    Where all of them stand in pairs, as in empty cells, nothing stands between them.
    """
    plain = part if part.count(b'"') == 2 * part.count(b'""') else _QUOTED.sub(b"", part)
    return plain.count(b"\n") + (not plain.endswith(b"\n"))
