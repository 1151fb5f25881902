"""One running house for all browser tests: `minxin up` in a process tree of its own, shared by pytest's workers."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from minxin.directory.rules import Role

ROOT = Path(__file__).resolve().parents[2]
MINXIN = [sys.executable, "-m", "minxin.config.cli"]
_ours: dict[int, subprocess.Popen[bytes]] = {}  # the house that this process has opened
OPENS_WITHIN = 600  # seconds; forty on a quiet machine, but this one may be busy with others' work


@dataclass(frozen=True)
class SignIn:
    """Who may sign in, with what."""

    username: str
    password: str
    unit: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class House:
    """A house with open doors."""

    url: str
    people: tuple[SignIn, ...]

    @property
    def centre(self) -> str:
        """The centre that takes in the cases of 绥中县: its own, or the city's."""
        return next(
            name for name in ("绥中县民心网中心", "葫芦岛市民心网中心") if any(one.unit == name for one in self.people)
        )

    def who(self, unit: str, role: Role) -> SignIn:
        """The first who holds this post at a unit whose full name ends so; "" for any unit."""
        for one in self.people:
            if one.unit.endswith(unit) and {role.value, str(role.label)} & set(one.roles):
                return one
        raise LookupError(f"nobody is {role.label} at {unit}")


@contextlib.contextmanager
def shared(folder: Path) -> Iterator[House]:
    """The house of this test session. Whoever comes first opens it, whoever leaves last closes it."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "house.json"
    with _locked(folder):
        facts = json.loads(note.read_text()) if note.exists() else _open(folder) | {"guests": 0}
        facts["guests"] += 1
        note.write_text(json.dumps(facts))
    people = tuple(SignIn(**(row | {"roles": tuple(row["roles"])})) for row in facts["people"])
    try:
        yield House(facts["url"], people)
    finally:
        with _locked(folder):
            facts = json.loads(note.read_text())
            facts["guests"] -= 1
            note.write_text(json.dumps(facts))
            if not facts["guests"]:
                _close(facts["pid"])
                note.unlink()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "house.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _open(folder: Path) -> dict[str, object]:
    var = folder / "var"
    if os.geteuid() == 0:  # the embedded server serves as another user, who must be able to come in
        for parent in [path for path in var.parents if path.stat().st_uid == 0]:
            parent.chmod(parent.stat().st_mode | 0o011)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MINXIN_", "DJANGO_", "PYTEST"))}
    environment = clean | {"MINXIN_VAR": str(var), "PORT": str(port), "DEMO": "1", "PYTHONUNBUFFERED": "1"}
    log = folder / "up.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*MINXIN, "up"], env=environment, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    _ours[process.pid] = process
    give_up = time.monotonic() + OPENS_WITHIN
    while "Ctrl-C" not in log.read_text():
        if process.poll() is not None or time.monotonic() > give_up:
            _close(process.pid)
            raise AssertionError(f"the house did not open:\n{log.read_text()}")
        time.sleep(0.1)
    told = subprocess.run(
        [*MINXIN, "demo", "users", "--json"], env=environment, cwd=ROOT, capture_output=True, check=True
    )
    rows = json.loads(told.stdout)
    for row in rows:
        row["roles"] = row["roles"] if isinstance(row["roles"], list) else row["roles"].split("、")
    people = [{name: row[name] for name in ("username", "password", "unit", "roles")} for row in rows]
    return {"url": f"http://127.0.0.1:{port}", "pid": process.pid, "people": people}


def _close(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(60)
    if pid in _ours:
        _ours.pop(pid).wait(5)
