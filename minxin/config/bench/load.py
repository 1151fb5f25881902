"""A lean load generator in a process of its own: keep-alive connections, one request on each at a time.

`python -m minxin.config.bench.load SPEC` reads a Spec as JSON and prints a Result as JSON. It imports nothing of
Django, for it shares two cores with the server it measures; what it cost is in the result.
"""

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

STAMP = "@" * 16  # in a request: replaced by a number that comes once, in as many letters


@dataclass
class Spec:
    """What to send: whole requests, sent in turn by `concurrency` connections for so many seconds after a warm-up."""

    port: int
    requests: list[str]
    concurrency: int
    seconds: float
    warmup: float = 2.0
    keep: int = 0  # so many answers are handed back
    host: str = "127.0.0.1"
    first: int = 0  # the first stamp


@dataclass
class Result:
    """What came back: answers by status, milliseconds in order, and the share of one core this generator took."""

    seconds: float
    statuses: dict[str, int] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    core: float = 0.0
    finished: int = 0  # good answers, those of the warm-up and after the end included
    spent: dict[str, float] = field(default_factory=dict)  # seconds of processor time by who spent it

    @property
    def good(self) -> int:
        """Answers of the 2xx."""
        return sum(count for status, count in self.statuses.items() if status.startswith("2"))

    @property
    def bad(self) -> int:
        """Everything else, lost connections included."""
        return sum(self.statuses.values()) - self.good

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which that share of the requests was answered; infinite when none was."""
        if not self.milliseconds:
            return float("inf")
        return self.milliseconds[min(len(self.milliseconds) - 1, int(share * len(self.milliseconds)))]


class _Run:
    """What the connections share."""

    def __init__(self, spec: Spec) -> None:
        self.spec, self.sent = spec, spec.first
        self.requests = [request.encode() for request in spec.requests]
        now = time.perf_counter()
        self.begin = now + spec.warmup
        self.end = self.begin + spec.seconds
        self.statuses: Counter[str] = Counter()
        self.taken: list[float] = []
        self.kept: list[str] = []
        self.faults: list[str] = []
        self.finished = 0

    def next(self) -> bytes:
        request = self.requests[self.sent % len(self.requests)]
        self.sent += 1
        return request.replace(STAMP.encode(), b"%016x" % self.sent)

    def answered(self, status: str, body: bytes, began: float) -> None:
        now = time.perf_counter()
        if self.begin <= now <= self.end:
            self.statuses[status] += 1
            self.taken.append((now - began) * 1000)
        good = status.startswith("2")
        self.finished += good
        if good and len(self.kept) < self.spec.keep:
            self.kept.append(body.decode(errors="replace"))
        if not good and len(self.faults) < 3:
            self.faults.append(f"{status} {body[:400].decode(errors='replace')}")


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run, done: asyncio.Future[None]) -> None:
        self._run, self._done = run, done
        self._began = time.perf_counter()  # of the request in hand; a first one waits for its connection too
        self._buffer, self._need, self._chunked = bytearray(), -1, False
        self._closing, self._left = False, False

    async def open(self) -> None:
        """Connect, and send until the end."""
        spec = self._run.spec
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, spec.host, spec.port)
        except OSError as error:
            self.connection_lost(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done() and not self._left:
            self._run.answered("lost", repr(exc).encode(), self._began)
            self._done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._need < 0 and not self._chunked and not self._read_head():
            return
        whole = self._buffer.endswith(b"0\r\n\r\n") if self._chunked else len(self._buffer) >= self._need
        if whole:
            self._run.answered(self._buffer[9:12].decode(), bytes(self._buffer[self._head :]), self._began)
            if self._closing:
                self._leave()
            else:
                self._began = time.perf_counter()
                self._send()

    def _leave(self) -> None:
        """The server closes this connection, as HTTP lets it: go on with a new one."""
        self._left = True
        self._transport.close()
        self._next = asyncio.ensure_future(_Connection(self._run, self._done).open())

    def _read_head(self) -> bool:
        self._head = self._buffer.find(b"\r\n\r\n") + 4
        if self._head < 4:
            return False
        head = bytes(self._buffer[: self._head]).lower()
        at = head.find(b"content-length:")
        self._chunked = at < 0 and b"chunked" in head
        self._closing = b"connection: close" in head
        self._need = self._head + (int(head[at + 15 : head.index(b"\r", at)]) if at >= 0 else 0)
        return True

    def _send(self) -> None:
        if time.perf_counter() > self._run.end:
            self._done.set_result(None)
            self._transport.close()
            return
        self._buffer.clear()
        self._need, self._chunked = -1, False
        self._transport.write(self._run.next())


async def _drive(spec: Spec) -> Result:
    run = _Run(spec)
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Future[None]] = [loop.create_future() for _number in range(spec.concurrency)]
    for done in waiting:
        await _Connection(run, done).open()
    before = _spent()
    began = time.perf_counter()
    await asyncio.wait(waiting, timeout=spec.warmup + spec.seconds + 60)
    core = (_spent() - before) / (time.perf_counter() - began)
    return Result(spec.seconds, dict(run.statuses), sorted(run.taken), run.kept, run.faults, core, run.finished)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def request(method: str, path: str, *, port: int, headers: dict[str, str] | None = None, body: str = "") -> str:
    """A whole request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return "\r\n".join([*lines, "", body])


def main(path: str) -> str:
    """The result of one spec, as JSON."""
    return json.dumps(asdict(asyncio.run(_drive(Spec(**json.loads(Path(path).read_text()))))))


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1]))
