"""`minxin up`: the whole house in one process tree, from an empty folder to open doors, and clean away again."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from minxin.config import console, database, preparation, processes

_GRACE = 20  # seconds a child may take to finish what it does
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STEADY = 60  # seconds after which a child counts as well again


class Blocked(Exception):
    """The house cannot open; the message is a sentence that says why and what to do."""


class _Stop(BaseException):
    """Somebody asked us to stop."""


def up(var: Path) -> int:
    """Open the house and keep it open until a signal; 0 when it closed as asked."""
    began = time.monotonic()
    for number in _SIGNALS:
        signal.signal(number, _stop)
    children: list[_Child] = []
    try:
        with _alone(var):
            _check_port()
            console.say("民心 Minxin")
            _prepare(var)
            environment = {**os.environ, "MINXIN_SUPERVISOR": str(os.getpid())}
            for name in ("web", "jobs"):
                children.append(_Child(name, environment))
            with console.step("网页", "web"):
                _await_web(children)
            _announce(time.monotonic() - began)
            _watch(children)
    except _Stop:
        console.say("\n正在停止 · stopping …")
    finally:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # from here on everything ends by itself, in bounded time
        _end(children)
        database.detach()
    console.say("已停止 · stopped")
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stop


@contextlib.contextmanager
def _alone(var: Path) -> Iterator[None]:
    """Two houses over one var/ would fight: the second is told where the first one is."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Blocked(
                f"已在运行 · already running: {file.read().strip()}\n"
                "先停止它，或用 MINXIN_VAR=别的目录 PORT=别的端口 · stop it, or choose another MINXIN_VAR and PORT"
            ) from None
        file.truncate(0)
        file.write(f"{_url()} (pid {os.getpid()})")
        file.flush()
        yield


def _url() -> str:
    host = processes.bind()
    host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{processes.port()}" if ":" in host else f"http://{host}:{processes.port()}"


def _check_port() -> None:
    """granian shares ports between its workers and would share one with a stranger: look first."""
    host, port = processes.bind(), processes.port()
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise Blocked(
            f"不能使用 {host}:{port}（{error.strerror}），换一个端口：PORT={port + 1} make run\n"
            f"Cannot listen on {host}:{port} ({error.strerror}). Choose another port: PORT={port + 1} make run"
        ) from None


def _prepare(var: Path) -> None:
    with console.step("数据库", "database") as tell:
        database.attach(var / "postgres", say=tell)
    with console.step("程序", "code"):
        import django

        preparation.compile_messages()
        django.setup()
    with console.step("数据表", "tables") as tell:
        preparation.migrate(tell)
    if demo():
        with console.step("演示数据", "demo") as tell:
            preparation.load_demo(tell)
    with console.step("静态文件", "static files"):
        preparation.collect_static()


def demo() -> bool:
    """Whether this start shows the demo: yes, unless DEMO=0 or it is a production."""
    default = "0" if os.environ.get("MINXIN_PRODUCTION", "0").lower() in {"1", "true", "yes", "on"} else "1"
    return os.environ.get("DEMO", default).strip().lower() not in {"0", "false", "no", "off"}


class _Child:
    """A process of ours in a group of its own, started again when it dies, each time a little later."""

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        self.name, self._environment = name, environment
        self.deaths, self._due = 0, 0.0
        self._start()

    def _start(self) -> None:
        self._born = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "minxin.config.cli", self.name],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def tend(self) -> None:
        """Note a death; start again when its pause is over."""
        now = time.monotonic()
        if self._due and now >= self._due:
            self._due = 0.0
            self._start()
        elif not self._due and self.process.poll() is not None:
            self._kill_group()  # its workers must not outlive it
            self.deaths = 1 if now - self._born > _STEADY else self.deaths + 1
            pause = min(30, 2 ** (self.deaths - 1))
            console.complain(f"{self.name} 意外退出，{pause} 秒后重新启动 · died, starts again in {pause} s")
            self._due = now + pause

    def ask_to_end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()

    def end(self, deadline: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.1, deadline - time.monotonic()))
        self._kill_group()
        self.process.wait()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def _await_web(children: list[_Child]) -> None:
    while not _answers():
        for child in children:
            child.tend()
            if child.deaths >= 3:
                raise Blocked(f"{child.name} 无法启动，原因见上 · does not start; the reason is above")
        time.sleep(0.05)


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"{_url()}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _announce(seconds: float) -> None:
    from django.conf import settings

    url = _url()
    console.say(f"\n已启动 · open after {seconds:.1f} s")
    if "public" in settings.MINXIN_SURFACES:
        console.say(f"  公众 public   {url}/")
    if "desk" in settings.MINXIN_SURFACES:
        console.say(f"  工作台 desk   {url}/desk/")
    console.say(f"  接口 API      {url}/api/v1/docs")
    if demo():
        if settings.MINXIN_OPEN_FILING:
            console.say(
                "  演示方式：接口提交不设限，登录不要第二因素 · demo: open filing, no second factor (DEMO=0 ends it)"
            )
        if "desk" in settings.MINXIN_SURFACES:
            _list_users(preparation.demo_users())
    console.say("\nCtrl-C 停止 · stops everything")


def _list_users(users: list[dict[str, Any]]) -> None:
    if not users:
        return
    console.say("\n演示登录 · demo sign-ins (minxin demo users)")
    for user in users[:16]:
        roles = user["roles"] if isinstance(user["roles"], str) else "、".join(user["roles"])
        console.say(f"  {user['username']:<20} {user['password']:<20} {user['unit']} {roles}")
    if len(users) > 16:
        console.say(f"  … {len(users)}")


def _watch(children: list[_Child]) -> None:
    """Until a signal. The supervisor itself needs no connection; it only looks after the others."""
    from django.db import connections

    connections.close_all()
    for connection in connections.all():
        close = getattr(connection, "close_pool", None)
        if close:
            close()
    while True:
        time.sleep(1)
        for child in children:
            child.tend()
        if database.revive():
            console.complain("数据库意外退出，已重新启动 · the database died and was started again")


def _end(children: list[_Child]) -> None:
    deadline = time.monotonic() + _GRACE
    for child in children:
        child.ask_to_end()
    for child in children:
        child.end(deadline)
