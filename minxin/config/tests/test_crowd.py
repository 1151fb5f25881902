"""A crowd at the web workers: few at once, in order, none waiting for a slow sender, and no worker idle alone."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from minxin.config import crowd
from minxin.config.crowd import Door, Tally, Turnstile

LONG = 20.0  # seconds nobody waits for unless something is wrong


class Sender(BytesIO):
    """A body that comes in when somebody lets it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked, self.comes = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self.asked.set()
        assert self.comes.wait(LONG)
        return super().read(size)


def ask(door: Door, **environ: Any) -> tuple[list[tuple[str, str]], bytes]:
    found: list[Any] = []
    asked = {"SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": BytesIO(), **environ}
    body = b"".join(door(asked, lambda status, headers, *more: found.append(headers)))
    return found[0], body


def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


def waiting(turnstile: Turnstile) -> int:
    return len(turnstile._line)


def until(holds: Any) -> None:
    done = threading.Event()
    for _attempt in range(2000):
        if holds():
            return
        done.wait(0.01)
    pytest.fail("it never came to that")


@pytest.mark.parametrize("width", [1, 2])
def test_few_go_in_and_the_others_follow_in_the_order_they_came(width: int) -> None:
    turnstile, order, inside, most = Turnstile(width, LONG), [], [0], [0]
    lock, go = threading.Lock(), threading.Event()

    def pass_through(number: int) -> None:
        turnstile.enter()
        with lock:
            order.append(number)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        assert go.wait(LONG)
        with lock:
            inside[0] -= 1
        turnstile.leave()

    with ThreadPoolExecutor(8) as threads:
        for number in range(8):
            threads.submit(pass_through, number)
            until(lambda sent=number + 1: len(order) + waiting(turnstile) == sent)
        assert order == list(range(width))
        go.set()
    assert most[0] == width
    assert sorted(order) == list(range(8))
    assert width > 1 or order == list(range(8))  # two side by side may tell of themselves in either order
    assert turnstile._free == width


def test_whoever_waited_long_goes_in_all_the_same_and_no_place_is_lost() -> None:
    turnstile = Turnstile(1, 0.01)
    turnstile.enter()
    turnstile.enter()  # after a hundredth of a second
    turnstile.leave()
    turnstile.leave()
    assert turnstile._free == 1
    turnstile.enter()
    assert turnstile._free == 0


def test_one_beyond_the_width_does_not_let_in_another() -> None:
    turnstile = Turnstile(1, 0.2)
    turnstile.enter()
    turnstile.enter()
    with ThreadPoolExecutor(1) as threads:
        third = threads.submit(turnstile.enter)
        until(lambda: waiting(turnstile) == 1)
        turnstile.leave()
        assert not third.done()
        third.result(LONG)
    turnstile.leave()
    turnstile.leave()
    assert turnstile._free == 1


def test_a_slow_sender_keeps_nobody_waiting() -> None:
    turnstile = Turnstile(1, LONG)
    door = Door(echo, None, turnstile)
    large = b"x" * (crowd.SMALL + 1)
    for data in (b"small", large):
        sender = Sender(data)
        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(ask, door, **{"wsgi.input": sender, "CONTENT_LENGTH": str(len(data))})
            assert sender.asked.wait(LONG)
            assert ask(door, **{"wsgi.input": BytesIO(b"quick"), "CONTENT_LENGTH": "5"})[1] == b"quick"
            sender.comes.set()
            assert slow.result(LONG)[1] == data
    assert turnstile._free == 1


def test_lines_of_a_large_body_are_read_as_from_any_file() -> None:
    data = b"one\ntwo\n" + b"x" * crowd.SMALL

    def lines(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [])
        source = environ["wsgi.input"]
        return [source.readline(), *source.readlines()]

    assert ask(Door(lines, None), **{"wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data))})[1] == data


def test_a_place_is_given_back_when_the_application_fails() -> None:
    def failing(environ: dict[str, Any], start: Any) -> list[bytes]:
        raise LookupError

    door = Door(failing, None, Turnstile(1, LONG))
    for _again in range(3):
        with pytest.raises(LookupError):
            ask(door)


def test_a_worker_with_more_in_hand_sends_connections_on(tmp_path: Path) -> None:
    mine, other = Tally(tmp_path / "tally"), Tally(tmp_path / "tally")
    assert (mine.least(), other.least()) == (0, 0)
    door = Door(echo, mine)
    close = ("Connection", "close")
    assert close not in ask(door)[0]  # one here, none there: no better elsewhere
    door._inside = 4
    other.tell(4)
    assert close not in ask(door)[0]
    other.tell(3)
    assert close not in ask(door, SERVER_PROTOCOL="HTTP/2")[0]
    assert close in ask(door)[0]
    assert close not in ask(door)[0]  # one at a time
    door._sent = 0.0
    assert close in ask(door)[0]


def test_alone_a_worker_keeps_every_connection(tmp_path: Path) -> None:
    door = Door(echo, Tally(tmp_path / "tally"))
    door._inside = 100
    assert ("Connection", "close") not in ask(door)[0]


def test_workers_know_of_each_other_and_take_the_places_of_the_dead(tmp_path: Path) -> None:
    here = Tally(tmp_path / "tally")
    code = (
        "import sys, pathlib; from minxin.config.crowd import Tally; tally = Tally(pathlib.Path(sys.argv[1]));"
        "tally.tell(7); print(tally._mine, tally.least(), flush=True); sys.stdin.read()"
    )
    here.tell(3)
    for _worker in range(2):
        command = [sys.executable, "-c", code, str(tmp_path / "tally")]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert worker.stdout
        assert worker.stdout.readline() == "1 3\n"
        assert here.least() == 7
        worker.communicate("", timeout=60)
