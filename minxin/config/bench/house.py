"""The product under load: real web workers as `minxin up` starts them, over one database, and what they weigh."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from json import dumps, loads
from pathlib import Path
from tempfile import NamedTemporaryFile

import psutil

from minxin.config import database
from minxin.config.bench import load


@dataclass(frozen=True)
class House:
    """Open doors on this machine."""

    port: int
    process: subprocess.Popen[bytes]

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in family if "resource_tracker" not in " ".join(child.cmdline())]

    def memory(self) -> list[tuple[int, int]]:
        """(resident, proportional) bytes of each worker: the second shares out what several processes map."""
        return [(full.rss, getattr(full, "pss", full.uss)) for full in (w.memory_full_info() for w in self.workers())]


@contextmanager
def opened(url: str) -> Iterator[House]:
    """Web workers over that database until the block ends; no job worker, whose clockwork would move the cases."""
    port = _free_port()
    environment = os.environ | {
        "MINXIN_DATABASE_URL": url,
        "PORT": str(port),
        "MINXIN_BIND": "127.0.0.1",
        "MINXIN_SUPERVISOR": str(os.getpid()),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "minxin.config.cli", "web"], env=environment, stdin=subprocess.DEVNULL
    )
    try:
        _await(process, port)
        house = House(port, process)
        _wake(house)
        yield house
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    for _attempt in range(600):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise database.Unusable("网页进程没有启动，原因见上 · the web workers did not start; the reason is above")


def spent(house: House) -> dict[str, float]:
    """Seconds of processor time so far, of web workers and PostgreSQL: steadier than time on a shared machine."""
    return {"web": seconds(house.workers()), "database": seconds(database.processes())}


def seconds(found: list[psutil.Process]) -> float:
    """Processor time of these processes so far."""
    total = 0.0
    for process in found:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _wake(house: House) -> None:
    """Each worker's first request loads what all later ones find loaded: it is not what is measured."""
    path = load.request("GET", "/", port=house.port)
    drive(load.Spec(port=house.port, requests=[path], concurrency=16, seconds=2, warmup=0))


def drive(spec: load.Spec) -> load.Result:
    """One measurement by the load generator in a process of its own."""
    with NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        file.write(dumps(asdict(spec)))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "minxin.config.bench.load", file.name], check=True, stdout=subprocess.PIPE
        )
    finally:
        Path(file.name).unlink()
    return load.Result(**loads(done.stdout))
