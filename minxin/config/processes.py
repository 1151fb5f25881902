"""The processes that serve: web workers and the job worker, and how they end with the one that started them."""

import ctypes
import os
import signal
import sys
from tempfile import NamedTemporaryFile


class Mistyped(Exception):
    """A variable of the environment holds what it cannot hold; the message is a sentence."""


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the supervisor dies, even by kill -9. Linux only; elsewhere nothing happens."""
    parent = os.environ.get("MINXIN_SUPERVISOR")
    if not parent or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() == 1 and parent != "1":  # it died between our birth and the request
        os.kill(os.getpid(), signal.SIGTERM)


def web() -> int:
    """Serve pages and API with granian until told to stop. MINXIN_BIND, PORT, MINXIN_WORKERS, MINXIN_THREADS."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    die_with_parent()
    with NamedTemporaryFile(prefix="minxin-web-") as tally:
        os.environ["MINXIN_TALLY"] = tally.name  # the workers' own: see crowd.Tally
        Granian(
            "minxin.config.server:application",
            address=bind(),
            port=port(),
            interface=Interfaces.WSGI,
            workers=_number("MINXIN_WORKERS", 2),
            blocking_threads=threads(),
            websockets=False,
            backlog=2048,
            log_level=LogLevels.error,
            respawn_failed_workers=True,
            respawn_interval=1,
            workers_kill_timeout=15,
        ).serve()
    return 0


def jobs() -> int:
    """Work through the queue until told to stop. MINXIN_JOBS is how many jobs run at once.

    A finished job leaves the queue: what it did is in the ledger. A failed one stays, to be looked at.
    """
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector
    from procrastinate.jobs import DeleteJobCondition

    die_with_parent()
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    with app.replace_connector(connector.get_worker_connector()) as worker:
        worker.run_worker(
            concurrency=_number("MINXIN_JOBS", 4),
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            shutdown_graceful_timeout=15,
        )
    return 0


def bind() -> str:
    """The address to listen on; this machine only, unless told otherwise."""
    return os.environ.get("MINXIN_BIND", "127.0.0.1")


def port() -> int:
    """The port to listen on."""
    return _number("PORT", 8000)


def threads() -> int:
    """Requests served at once by each web worker; also the size of its connection pool."""
    return _number("MINXIN_THREADS", 12)


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if not value.strip():
        return default
    if not value.strip().isdecimal() or not 0 < int(value) < 65536:
        raise Mistyped(f"{name}={value}: 请写一个正整数 · a positive number is expected")
    return int(value)
