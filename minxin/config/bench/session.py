"""One run of the bench: every promise of speed measured several times, medians and ratios within the run, in tables."""

import json
import os
import platform
import secrets
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psutil

from minxin.config import console, database, processes
from minxin.config.bench import house, load, money, pgbench, pipe
from minxin.config.bench.command import name_of
from minxin.config.bench.probe import Probe, requests

CASES = frozenset({"filing", "inbox", "track", "search"})
PAGES = frozenset({"pipe", "trace"})
PARTS = CASES | PAGES | {"import"}
RUNS = 3
FILERS, READERS, ALONE = 32, 8, 2
FILED_PER_SECOND, STATEMENTS_FILING = 500, 8
INBOX_MS, INBOX_STATEMENTS, GROWTH = 60, 6, 1.3
TRACK_MS, SEARCH_MS, WORKER_MIB = 30, 150, 150
MIB = 1024 * 1024


@dataclass(frozen=True)
class Sizes:
    """How large the databases are: cases of both, payments of the city, rows of the file that is imported."""

    large: int
    small: int
    payments: int
    rows: int

    def needed(self, only: frozenset[str]) -> list[tuple[str, int]]:
        """The databases these parts measure: ("cases" or "payments", how many)."""
        cases = [("cases", self.small), ("cases", self.large)] if only & CASES else []
        city = [("payments", 0)] if "import" in only else []
        return [*cases, *city, *([("payments", self.payments)] if only & PAGES else [])]


@dataclass(frozen=True)
class Line:
    """A row of the table: what was promised, what came out, and whether it holds (None: only told)."""

    what: str
    target: str
    measured: str
    holds: bool | None = None


@dataclass
class Session:
    """What the parts share, and the lines they leave."""

    home: Path
    seconds: float
    large: int
    small: int
    probes: dict[int, Probe]
    urls: dict[int, str]
    houses: dict[int, house.House]
    lines: list[Line] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, what: str, target: str, measured: str, holds: bool | None = None) -> None:
        """One more row, shown at once."""
        line = Line(what, target, measured, holds)
        self.lines.append(line)
        console.say(f"  {_verdict(line):<6} {what}: {measured}" + (f" ({target})" if target else ""))

    def drive(self, cases: int, what: str, concurrency: int) -> load.Result:
        """One measurement on the house over that database."""
        opened = self.houses[cases]
        return self.measure(opened, what, requests(self.probes[cases], what, opened.port), concurrency)

    def measure(self, opened: house.House, what: str, asked: list[str], concurrency: int) -> load.Result:
        """One measurement of these requests."""
        before = house.spent(opened)
        result = house.drive(
            load.Spec(
                port=opened.port,
                requests=asked,
                concurrency=concurrency,
                seconds=self.seconds,
                first=secrets.randbits(48),
            )
        )
        after = house.spent(opened)
        result.spent = {who: after[who] - before[who] for who in before}
        if result.bad or not result.good:
            self.faults.append(f"{what}: {result.bad} of {result.bad + result.good} failed: {result.faults[:1]}")
        return result

    def tell_latency(self, what: str, results: list[load.Result]) -> None:
        """A row that is only told."""
        self.add(f"{what}: latency and rate", "", _latency(results))

    def runs(self, cases: int, what: str, concurrency: int = READERS) -> list[load.Result]:
        """Several measurements, one after the other."""
        return [self.drive(cases, what, concurrency) for _run in range(RUNS)]


def run(home: Path, *, sizes: Sizes, seconds: float, only: frozenset[str]) -> int:
    """Measure `only` these parts; 0 when every promise measured holds. The tables are kept in `home`/report.md."""
    first = database.attach(home / "postgres", name=_names(sizes, only)[0], say=console.say)
    os.environ.pop("MINXIN_DATABASE_URL")
    urls = {name: first.replace(_names(sizes, only)[0], name) for name in _names(sizes, only)}
    console.say(_machine())
    session = Session(home, seconds, sizes.large, sizes.small, {}, {}, {})
    if only & CASES:
        _cases(session, urls, only)
    if only & PAGES:
        pipe.pages(session, urls[money.name_of(sizes.payments)], sizes.payments, only)
    if "import" in only:
        pipe.imports(session, urls[money.name_of(0)], sizes.rows)
    report = _report(session)
    (home / "report.md").write_text(report)
    console.say("\n" + report)
    return 0 if all(line.holds is not False for line in session.lines) and not session.faults else 1


def _names(sizes: Sizes, only: frozenset[str]) -> list[str]:
    return [name_of(size) if kind == "cases" else money.name_of(size) for kind, size in sizes.needed(only)]


def _cases(session: Session, urls: dict[str, str], only: frozenset[str]) -> None:
    """The parts about complaints."""
    large, small = session.large, session.small
    session.urls = {cases: urls[name_of(cases)] for cases in (large, small)}
    wanted = [large, small] if "inbox" in only else [large]
    for cases in wanted:
        session.probes[cases] = _probe(session.home, session.urls[cases], cases)
        session.faults += session.probes[cases].faults
    with ExitStack() as stack:
        for cases in wanted:
            session.houses[cases] = stack.enter_context(house.opened(session.urls[cases]))
        for name, part in _PARTS.items():
            if name in only:
                part(session)
        _memory(session)


def _probe(home: Path, url: str, cases: int) -> Probe:
    """In a process of its own: Django knows one database."""
    code = (
        "import sys, json, dataclasses, django; from pathlib import Path; django.setup();"
        "from minxin.config import preparation; preparation.migrate(lambda line: None); preparation.collect_static();"
        "from minxin.config.bench import probe;"
        "json.dump(dataclasses.asdict(probe.probe(Path(sys.argv[1]))), sys.stdout)"
    )
    environment = os.environ | {"MINXIN_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "minxin.config.settings"}
    here = [sys.executable, "-c", code, str(home / str(cases))]
    done = subprocess.run(here, check=False, env=environment, stdout=subprocess.PIPE)
    if done.returncode:
        raise database.Unusable(f"{name_of(cases)}: 先执行 minxin bench generate --cases {cases} · generate it first")
    return Probe(**json.loads(done.stdout))


def _filing(session: Session) -> None:
    """Web and pgbench in turn, so that both meet the same machine."""
    ours: list[load.Result] = []
    alone: list[pgbench.Alone] = []
    for _run in range(RUNS):
        ours.append(session.drive(session.large, "filing", FILERS))
        scripts = session.home / str(session.large) / "pgbench"
        alone.append(pgbench.run(session.urls[session.large], scripts, clients=FILERS, seconds=session.seconds))
    rate, theirs = median(result.rate for result in ours), median(result.rate for result in alone)
    session.add(
        f"filing: POST /api/v1/cases, concurrency {FILERS}, accepted a second",
        f"≥ {FILED_PER_SECOND}",
        f"{rate:,.0f} ({_spread([result.rate for result in ours])})",
        rate >= FILED_PER_SECOND,
    )
    session.add("filing: latency", "", _latency(ours))
    session.add("filing: pgbench alone, same statements and rows, a second", "", f"{theirs:,.0f}")
    session.add("filing: share of PostgreSQL alone", "", f"{rate / theirs:.1%} (1 : {theirs / rate:.1f})")
    session.add("filing: load generator", "", f"{median(result.core for result in ours):.0%} of one core")
    _statements(session, "filing", STATEMENTS_FILING)


def _inbox(session: Session) -> None:
    """Both databases in turn: the ratio is of neighbours in time."""
    pairs = [(session.drive(session.large, "inbox", READERS), session.drive(session.small, "inbox", READERS))
             for _run in range(RUNS)]  # fmt: skip
    at_large, at_small = (median(result.percentile(0.95) for result in side) for side in zip(*pairs, strict=True))
    growth = median(ours.percentile(0.95) / small.percentile(0.95) for ours, small in pairs)
    session.add(
        f"inbox: 50 rows among {session.large:,} cases, concurrency {READERS}, p95",
        f"≤ {INBOX_MS} ms",
        f"{at_large:.1f} ms",
        at_large <= INBOX_MS,
    )
    session.add("inbox: latency and rate", "", _latency([ours for ours, _small in pairs]))
    session.add(f"inbox: among {session.small:,} cases, p95", "", f"{at_small:.1f} ms")
    session.add("inbox: growth", f"≤ {GROWTH}", f"{growth:.2f}", growth <= GROWTH)
    _statements(session, "inbox", INBOX_STATEMENTS)


def _track(session: Session) -> None:
    """A reader on each core, for a page that everybody opens alone; and as crowded as the inbox, to be told."""
    results = session.runs(session.large, "track", ALONE)
    at = median(result.percentile(0.95) for result in results)
    session.add(f"track page, concurrency {ALONE}, p95", f"≤ {TRACK_MS} ms", f"{at:.1f} ms", at <= TRACK_MS)
    session.add("track page: latency and rate", "", _latency(results))
    crowded = session.runs(session.large, "track")
    session.add(f"track page, concurrency {READERS}: latency and rate", "", _latency(crowded))
    _statements(session, "track", None)


def _search(session: Session) -> None:
    for words in ("common", "middling", "rare"):
        what = f"search, {words}"
        results = session.runs(session.large, what)
        at = median(result.percentile(0.95) for result in results)
        session.add(
            f"{what} words, {session.large:,} public cases, p95", f"≤ {SEARCH_MS} ms", f"{at:.1f} ms", at <= SEARCH_MS
        )
        session.add(f"{what} words: latency and rate", "", _latency(results))
        _statements(session, what, None)


_PARTS = {"filing": _filing, "inbox": _inbox, "track": _track, "search": _search}


def _statements(session: Session, what: str, most: int | None) -> None:
    count = session.probes[session.large].statements.get(what)
    if count is None:
        session.add(f"{what}: statements", f"≤ {most}" if most else "", "?", False if most else None)
        return
    session.add(f"{what}: statements", f"≤ {most}" if most else "", str(count), count <= most if most else None)


def _memory(session: Session) -> None:
    """After all the load: what the workers have grown to."""
    weights = session.houses[session.large].memory()
    heaviest = max((rss for rss, _pss in weights), default=0) / MIB
    shown = "; ".join(f"RSS {rss / MIB:.0f}, PSS {pss / MIB:.0f} MiB" for rss, pss in weights)
    session.add("web worker memory, after the load", f"≤ {WORKER_MIB} MiB", shown, heaviest <= WORKER_MIB)


def _latency(results: list[load.Result]) -> str:
    p50, p95, p99 = (median(result.percentile(share) for result in results) for share in (0.50, 0.95, 0.99))
    cost = ", ".join(
        f"{who} {median(result.spent[who] * 1000 / max(1, result.finished) for result in results):.2f}"
        for who in results[0].spent
    )
    rate = median(result.rate for result in results)
    return f"p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms; {rate:,.0f}/s; processor ms each: {cost}"


def _spread(values: list[float]) -> str:
    return f"{min(values):,.0f} to {max(values):,.0f} in {len(values)} runs"


def _verdict(line: Line) -> str:
    return "" if line.holds is None else "pass" if line.holds else "FAIL"


def _machine() -> str:
    names = ("django", "psycopg", "granian", "django-ninja")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    memory = psutil.virtual_memory().total / MIB / 1024
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, load before {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, {packages}, PostgreSQL {database.VERSION} embedded; "
        f"{os.environ.get('MINXIN_WORKERS', '2')} workers of {processes.threads()} threads"
    )


def _report(session: Session) -> str:
    lines = [
        "# minxin bench",
        "",
        f"`minxin {' '.join(sys.argv[1:])}`: {RUNS} runs of {session.seconds:g} s each, medians. {_machine()}",
        "",
        "| what | target | measured | |",
        "|---|---|---|---|",
        *(f"| {line.what} | {line.target} | {line.measured} | {_verdict(line)} |" for line in session.lines),
        *([""] if session.faults else []),
        *(f"- {fault}" for fault in session.faults),
    ]
    return "\n".join(lines) + "\n"
