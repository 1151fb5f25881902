"""The agent bank, outside the house: vouchers are handed to it and collected from it."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings

from minxin.disclosures.rules.vouchers import MOST_BYTES

SUFFIX = ".xml"
WRITERS = 8


class Unreachable(Exception):
    """The bank's door is shut: a full disk, a missing mount. What was to be handed over waits."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A voucher on its way: the bank's code in the directory, a file name of its own, its bytes."""

    bank: str
    name: str
    data: bytes


class Bank(Protocol):
    """Where vouchers go and come from."""

    def put(self, letters: Sequence[Letter]) -> None:
        """Hand letters over, each whole or not at all; one of the same name is replaced. Raises Unreachable."""

    def waiting(self) -> Iterator[Letter]:
        """What banks have left for us, by name; a letter over the size limit comes cut, so that reading refuses it."""

    def take(self, letter: Letter) -> None:
        """It was read and acted on: away with it."""

    def refuse(self, letter: Letter, sentence: str) -> None:
        """It could not be read: laid aside with the sentence that says why, for the bank to see."""


class Folders:
    """A folder shared with the banks: `outbox/<bank>/`, `inbox/<bank>/`, `refused/<bank>/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, letters: Sequence[Letter]) -> None:
        """Each written beside its place and renamed once all are on the disk."""
        try:
            drop([(self._folder("outbox", letter.bank) / named(letter.name), letter.data) for letter in letters])
        except OSError as error:
            raise Unreachable(str(error)) from error

    def waiting(self) -> Iterator[Letter]:
        """Files of inbox/<bank>/, oldest name first; one still being written (`.new-…`) is not seen."""
        inbox = self.root / "inbox"
        for folder in sorted(inbox.iterdir()) if inbox.is_dir() else []:
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                if path.suffix == SUFFIX and not path.name.startswith(".") and path.is_file():
                    with path.open("rb") as file:
                        yield Letter(folder.name, path.name, file.read(MOST_BYTES + 1))

    def take(self, letter: Letter) -> None:
        """Unlinked: the voucher is kept in our own tables."""
        (self.root / "inbox" / letter.bank / letter.name).unlink(missing_ok=True)

    def refuse(self, letter: Letter, sentence: str) -> None:
        """Moved to refused/<bank>/, the sentence beside it."""
        folder = self._folder("refused", letter.bank)
        (self.root / "inbox" / letter.bank / letter.name).replace(folder / letter.name)
        drop([(folder / f"{letter.name}.txt", f"{sentence}\n".encode())])

    def _folder(self, side: str, bank: str) -> Path:
        folder = self.root / side / named(bank)
        folder.mkdir(parents=True, exist_ok=True, mode=0o770)
        return folder


class Memory:
    """The bank's twin for tests: what was put, what waits, what was refused and why."""

    def __init__(self) -> None:
        self.sent: dict[tuple[str, str], bytes] = {}
        self.inbox: dict[tuple[str, str], Letter] = {}
        self.refused: dict[tuple[str, str], str] = {}
        self.shut = False

    def put(self, letters: Sequence[Letter]) -> None:
        """Into the dictionary, unless the door is shut."""
        if self.shut:
            raise Unreachable("shut")
        self.sent |= {(letter.bank, named(letter.name)): letter.data for letter in letters}

    def waiting(self) -> Iterator[Letter]:
        """What a test has laid there."""
        yield from [self.inbox[key] for key in sorted(self.inbox)]

    def take(self, letter: Letter) -> None:
        """Out of the dictionary."""
        self.inbox.pop((letter.bank, letter.name), None)

    def refuse(self, letter: Letter, sentence: str) -> None:
        """Remembered with its sentence."""
        self.take(letter)
        self.refused[letter.bank, letter.name] = sentence


_bank: ContextVar[Bank | None] = ContextVar("bank", default=None)


def bank() -> Bank:
    """The banks of this installation: the folder MINXIN_BANK, or what `using` gave."""
    return _bank.get() or Folders(settings.MINXIN_BANK)


@contextmanager
def using(other: Bank) -> Iterator[Bank]:
    """Let `bank()` be another one within the block."""
    token = _bank.set(other)
    try:
        yield other
    finally:
        _bank.reset(token)


def named(name: str) -> str:
    """The name, if it is one for a file or folder. A mistake of the caller otherwise."""
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]{0,120}", name):
        raise ValueError(f"no name for a voucher: {name!r}")
    return name


def drop(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write files so that a reader sees each whole or not at all, and a power cut loses none that was seen.

    Flushed by several threads: one after the other, each would wait for the disk.
    """
    with ThreadPoolExecutor(WRITERS) as writers:
        written = [writers.submit(_write, path, data) for path, data in files]
    try:
        for (path, _data), done in zip(files, written, strict=True):
            done.result().replace(path)
    finally:
        for done in written:
            if not done.exception():
                done.result().unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> Path:
    """A new file beside that place, on the disk."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o660)
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return Path(file.name)
