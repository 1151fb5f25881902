"""The embedded server, in a folder of its own, used and left by processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from minxin.config import database

USER = """
import sys
from pathlib import Path
from minxin.config import database
print(database.attach(Path(sys.argv[1]), say=lambda _: None), flush=True)
sys.stdin.read()
"""


class User:
    """A process that attaches, and leaves (or is killed) when told."""

    def __init__(self, data: Path) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "MINXIN_DATABASE_URL"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()

    def leave(self) -> str:
        return self.process.communicate(timeout=60)[1]

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("database") / "postgres"
    for parent in folder.parents:  # pytest's folders are private to us, and the server runs under another account
        if parent.stat().st_uid == os.geteuid() and os.geteuid() == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
    yield folder
    if server := database._process(folder):
        server.kill()


def pid(data: Path) -> int | None:
    server = database._process(data)
    return server.pid if server else None


def test_the_first_starts_it_the_second_joins_it_and_the_last_to_leave_stops_it(data: Path) -> None:
    first = User(data)
    assert first.url.endswith(f"@/minxin?host={database.quote(str(data), safe='/')}") or "/tmp/minxin-" in first.url
    running = pid(data)
    second = User(data)
    assert second.url == first.url
    assert pid(data) == running
    assert first.leave() == ""
    assert pid(data) == running
    with psycopg.connect(second.url) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SELECT lower('ÄÖ'), '心' < '民'").fetchone() == ("äö", True)
    assert second.leave() == ""
    assert pid(data) is None


def test_a_killed_user_holds_nothing(data: Path) -> None:
    User(data).kill()
    assert pid(data), "the server outlives the killed one"
    assert User(data).leave() == ""
    assert pid(data) is None


def test_a_killed_server_is_started_again_whoever_has_its_number_now(data: Path) -> None:
    user = User(data)
    server = pid(data)
    assert server
    note = (data / "postmaster.pid").read_text()
    psutil.Process(server).kill()
    user.leave()
    (data / "postmaster.pid").write_text(note.replace(str(server), str(os.getpid()), 1))
    assert pid(data) is None, "this test is no server"
    user = User(data)
    assert pid(data) not in {None, server}
    assert user.leave() == ""


def test_data_of_another_version_is_refused_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINXIN_DATABASE_URL")
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(database.Unusable, match="PostgreSQL 15"):
        database.attach(tmp_path / "postgres")


def test_a_server_of_ones_own_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINXIN_DATABASE_URL", "postgresql://db.example/minxin")
    assert database.attach(tmp_path / "postgres") == "postgresql://db.example/minxin"
    assert not (tmp_path / "postgres").exists()


def test_the_operator_settings_outweigh_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINXIN_POSTGRES", "work_mem=64MB log_line_prefix='%p '")
    settings = database._effective({"work_mem": "1MB", "fsync": "off"})
    assert settings["work_mem"] == "64MB"
    assert settings["log_line_prefix"] == "%p "
    assert settings["fsync"] == "off"


def test_a_path_too_long_for_a_socket_gets_a_short_private_folder(tmp_path: Path) -> None:
    assert database._socket_folder(Path("/srv/minxin/var/postgres"), None) == Path("/srv/minxin/var/postgres")
    folder = database._socket_folder(Path("/srv") / ("x" * 100) / "postgres", None)
    assert len(str(folder)) < 60
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
