"""How the web workers meet a crowd: few requests compute at once, in the order they came, and no worker idles alone."""

import fcntl
import mmap
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

WIDTH = 2  # requests of one worker that compute at once: Python runs one of them, the other may wait for the database
PATIENCE = 0.5  # seconds in line after which a request goes in all the same: those inside may be waiting for long
SMALL = 64 * 1024  # bytes of a body that are read before standing in line
PAUSE = 0.02  # seconds between two connections sent to another worker
_SLOTS, _SLOT = 256, 2  # workers at most; numbers of each: its process, its requests

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Turnstile:
    """Lets `width` threads through at once and the others in the order they came.

    A dozen threads that compute in turn take each other's caches and the interpreter's lock, and all of them end late;
    one after the other, each ends in its turn. Threads are still needed for those who wait for a slow sender.
    """

    def __init__(self, width: int = WIDTH, patience: float = PATIENCE) -> None:
        self._free, self._patience = width, patience
        self._line: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Wait for one's turn, `patience` seconds at most."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            place = threading.Lock()
            place.acquire()
            self._line.append(place)
        if place.acquire(timeout=self._patience):
            return
        with self._lock, suppress(ValueError):  # no longer in line: let through just now
            self._line.remove(place)
            self._free -= 1

    def leave(self) -> None:
        """Give one's turn to whoever has waited longest."""
        with self._lock:
            if self._line and self._free >= 0:
                self._line.popleft().release()
            else:
                self._free += 1


class Tally:
    """What each worker has in hand, in a file that all of them map: (process, requests) of each.

    A number is written by its worker alone and read by the others, without a lock: one that is a moment old will do.
    """

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(_SLOTS * _SLOT * 8)
            self._numbers = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")
            self._mine = next(slot for slot in range(_SLOTS) if not _alive(self._numbers[slot * _SLOT]))
            self._numbers[self._mine * _SLOT] = os.getpid()
            self.tell(0)
            fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough: the map keeps the file open

    def tell(self, requests: int) -> None:
        """So many are in this worker's hands."""
        self._numbers[self._mine * _SLOT + 1] = requests

    def least(self) -> int | None:
        """The fewest that another worker has; None when this one is alone."""
        return min(self._others(), default=None)

    def _others(self) -> Iterator[int]:
        for slot in range(_SLOTS):
            process, requests = self._numbers[slot * _SLOT : slot * _SLOT + _SLOT]
            if not process:
                return
            if slot != self._mine:
                yield requests


class Door:
    """The application behind a turnstile, in a worker that hands connections to those with less to do.

    The kernel deals new connections to the workers by a hash, and one that is kept open stays where it fell: with eight
    of them, seven may wait for one worker while the other idles. A worker with more in hand than another answers
    `Connection: close`, as HTTP has it (RFC 9112, 9.6), and the client's next connection is dealt anew.
    """

    def __init__(self, application: Application, tally: Tally | None, turnstile: Turnstile | None = None) -> None:
        self._application, self._tally, self._turnstile = application, tally, turnstile or Turnstile()
        self._inside, self._lock, self._sent = 0, threading.Lock(), 0.0

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request; a body that is still coming in is waited for outside the turnstile."""
        self._count(1)
        try:
            begin = _closing(start) if self._crowded(environ) else start
            environ["wsgi.input"] = _body(environ, self._turnstile)
            self._turnstile.enter()
            try:
                return self._application(environ, begin)
            finally:
                self._turnstile.leave()
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._inside += change
            if self._tally:
                self._tally.tell(self._inside)

    def _crowded(self, environ: Environ) -> bool:
        """Whether another worker would have less to do even with this connection."""
        least = self._tally.least() if self._tally else None
        if least is None or self._inside <= least + 1 or environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
            return False
        now = time.monotonic()
        with self._lock:
            due = now - self._sent > PAUSE
            self._sent = now if due else self._sent
        return due


class _Slow:
    """A body that is not all here yet: whoever reads it steps out of the turnstile while it comes in."""

    def __init__(self, source: BinaryIO, turnstile: Turnstile) -> None:
        self._source, self._turnstile = source, turnstile

    def read(self, size: int = -1) -> bytes:
        return self._outside(self._source.read, size)

    def readline(self, size: int = -1) -> bytes:
        return self._outside(self._source.readline, size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _outside(self, read: Callable[[int], bytes], size: int) -> bytes:
        self._turnstile.leave()
        try:
            return read(size)
        finally:
            self._turnstile.enter()


def _body(environ: Environ, turnstile: Turnstile) -> Any:
    """A small body whole, so that its request stands in line once; another as it comes."""
    length, source = environ.get("CONTENT_LENGTH") or "", environ["wsgi.input"]
    if length.isdecimal() and int(length) <= SMALL:
        return BytesIO(source.read(int(length)) if int(length) else b"")
    return _Slow(source, turnstile) if length or "HTTP_TRANSFER_ENCODING" in environ else source


def _closing(start: Callable[..., Any]) -> Callable[..., Any]:
    def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        return start(status, [*headers, ("Connection", "close")], *more)

    return begin


def _alive(process: int) -> bool:
    if not process:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
