"""What the terminal is told: short lines in both languages, before Django and its translations are there."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator


def say(line: str = "") -> None:
    """One line, at once, also into a pipe."""
    print(line, flush=True)


def complain(line: str) -> None:
    """One line to the error stream."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(chinese: str, english: str) -> Iterator[Callable[[str], None]]:
    """A step of a start: its name, what it reports on the way, and the seconds it took."""
    label = f"  {chinese} {english}"
    began = time.monotonic()
    if sys.stdout.isatty():
        print(f"{label} …", end="\r", flush=True)
    yield lambda detail: say(f"{label}: {detail}")
    say(f"{label} {'·' * max(3, 40 - _width(label))} {time.monotonic() - began:.1f} s")


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
