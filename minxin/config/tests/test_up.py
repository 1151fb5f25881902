"""`minxin up` as a newcomer has it: from an empty folder to open doors, and everything gone after Ctrl-C."""

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

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
UP = [sys.executable, "-m", "minxin.config.cli", "up"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(var: Path, port: int, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MINXIN_", "DJANGO_", "PYTEST"))}
    return {**kept, "MINXIN_VAR": str(var), "PORT": str(port), "DEMO": "0", "PYTHONUNBUFFERED": "1", **more}


def get(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def until_open(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return "".join(lines)
    raise AssertionError("never opened:\n" + "".join(lines))


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("up") / "var"
    if os.geteuid() == 0:
        for parent in [p for p in folder.parents if p.stat().st_uid == 0]:
            parent.chmod(parent.stat().st_mode | 0o011)
    return folder


@pytest.fixture
def up(var: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    process = subprocess.Popen(
        UP, env=environment(var, port), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until_open(process)
    yield process, port
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def family(process: subprocess.Popen[str], var: Path) -> list[psutil.Process]:
    """The supervisor, all its descendants, and the database server, which lives in a session of its own."""
    postmaster = psutil.Process(int((var / "postgres" / "postmaster.pid").read_text().split()[0]))
    mother = psutil.Process(process.pid)
    return [mother, *mother.children(recursive=True), postmaster, *postmaster.children(recursive=True)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_opens_answers_and_leaves_no_process_behind(
    up: tuple[subprocess.Popen[str], int], var: Path, number: signal.Signals
) -> None:
    process, port = up
    assert get(port, "/healthz") == 200
    assert get(port, "/readyz") == 200
    assert get(port, "/robots.txt") == 200
    everyone = family(process, var)
    assert len(everyone) > 8
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    _, alive = psutil.wait_procs(everyone, timeout=5)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    assert not (var / "postgres" / "postmaster.pid").exists()


def test_a_second_start_is_told_where_the_first_one_is(up: tuple[subprocess.Popen[str], int], var: Path) -> None:
    _, port = up
    second = subprocess.run(
        UP, env=environment(var, free_port()), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"http://127.0.0.1:{port}" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_worker_that_dies_comes_back(up: tuple[subprocess.Popen[str], int]) -> None:
    process, port = up
    web = next(p for p in psutil.Process(process.pid).children() if p.cmdline()[-1] == "web")
    for worker in web.children():
        worker.kill()
    web.kill()
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        try:
            if get(port, "/readyz") == 200:
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the web worker did not come back")


def test_a_port_in_use_is_said_in_a_sentence(var: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        refused = subprocess.run(UP, env=environment(var, port), cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert f"PORT={port + 1}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_that_is_no_number_is_said_in_a_sentence(var: Path) -> None:
    wrong = environment(var, 0, PORT="http")
    refused = subprocess.run(UP, env=wrong, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "PORT=http" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_help_lists_every_command_in_two_languages(var: Path) -> None:
    shown = subprocess.run(
        [*UP[:-1], "--help"], env=environment(var, 8000), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in ("up", "web", "jobs", "migrate", "check"):
        assert f"\n  {name} " in shown
    assert "启动全部" in shown
    assert "start everything" in shown


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "MINXIN_SECRET_KEY"),
        (
            {"MINXIN_SECRET_KEY": "x" * 64, "MINXIN_MASTER_KEY": "y" * 64, "MINXIN_OPEN_FILING": "1"},
            "MINXIN_OPEN_FILING",
        ),
        ({"MINXIN_SECRET_KEY": "x" * 64, "MINXIN_MASTER_KEY": "y" * 64, "MINXIN_DEBUG": "1"}, "MINXIN_DEBUG"),
        ({"MINXIN_SECRET_KEY": "x" * 64, "MINXIN_MASTER_KEY": "y" * 64, "MINXIN_SURFACES": "in"}, "MINXIN_SURFACES"),
    ],
)
def test_a_production_refuses_to_start_open_or_without_its_keys(
    given: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    refused = subprocess.run(
        [sys.executable, "-c", "import minxin.config.settings"],
        env=environment(tmp_path, 8000, MINXIN_PRODUCTION="1", **given),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode
    assert complaint in refused.stderr
