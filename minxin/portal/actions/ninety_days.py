"""The last ninety days: some two hundred cases played in the order of time, with the clock-watching job between them.

The texts and the order of events are fixed (seeds/cases/*.toml); the days are counted back from today in working days,
so that the same cases are late, answered or waiting whenever the demo is loaded.
"""

import heapq
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from minxin.cases.actions import timing, watching
from minxin.kernel import clocks
from minxin.portal.actions import days
from minxin.portal.actions.network import SEEDS
from minxin.portal.actions.playing import Play, parts

WATCHES = (2,)  # minutes of the day at which the job looks at the clocks; every five minutes in a real office
Tell = Callable[[int, int], None]


def rows() -> list[dict[str, Any]]:
    """The cases of the seed in the order of its files, each with the steps of its life written out."""
    with (SEEDS / "lives.toml").open("rb") as file:
        lives: dict[str, dict[str, str]] = tomllib.load(file)
    found = []
    for path in sorted((SEEDS / "cases").glob("*.toml")):
        with path.open("rb") as file:
            for number, row in enumerate(tomllib.load(file)["case"], start=1):
                life = lives[row["life"]]
                steps = f"{life['steps']} {row.get('more', '')}".format(**{"stars": 5, "resolution": "answered"} | row)
                found.append(
                    {"key": f"{path.stem}-{number}", **row, "steps": steps, "ends": row.get("ends", life["ends"])}
                )
    return found


def play(tell: Tell, *, now: datetime) -> dict[str, str]:
    """Play every case up to `now`; their refs by the keys of `rows`. `tell` hears how many steps are done."""
    told, calendar, refs = rows(), days.until(now), dict[str, str]()
    queue: list[tuple[datetime, int, Iterator[datetime]]] = []
    for number, row in enumerate(told, start=1):
        steps = Play(row, number, calendar, now, refs).steps()
        queue.append((next(steps), number, steps))
    heapq.heapify(queue)
    total, done = sum(1 + len(parts(row["steps"])) for row in told), 0
    watches = _watches(queue[0][0], now)
    watch = next(watches)
    while queue:
        moment, number, steps = heapq.heappop(queue)
        if moment > now:
            raise ValueError(f"{told[number - 1]['key']} leads beyond the present: {moment}")
        while watch < moment:
            _watch(watch)
            watch = next(watches)
        with clocks.at(moment):
            following = next(steps, None)
        if following is not None:
            heapq.heappush(queue, (following, number, steps))
        done += 1
        tell(done, total)
    while watch < now:
        _watch(watch)
        watch = next(watches)
    with clocks.at(now):
        watching.watch_clocks()
        timing.regrade()
    return refs


def _watches(first: datetime, now: datetime) -> Iterator[datetime]:
    """The moments at which the job runs, from the first day on, without end."""
    day = first.date()
    while True:
        yield from (days.moment(day, minutes) for minutes in WATCHES)
        day += timedelta(days=1)


def _watch(moment: datetime) -> None:
    with clocks.at(moment):
        watching.watch_clocks()
