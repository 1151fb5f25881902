"""The parts of a run about public money: pages over ten million payments, a million brought in as a file."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil
import psycopg

from minxin.config import console, database
from minxin.config.bench import house, load, money

if TYPE_CHECKING:
    from minxin.config.bench.session import Session

PAGE_MS, TRACE_MS, READERS, ALONE = 80, 30, 8, 2
IMPORTED_PER_SECOND, IMPORT_MB = 40_000, 500
RUNS = 3
TRACED, DEEP = 60, 24  # different payments traced, pages deep in a list
MB = 1_000_000
IMPORT = "minxin_bench_import"


@dataclass
class Pages:
    """Addresses by kind of page, and how many statements one of each takes."""

    paths: dict[str, list[str]] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def probe() -> Pages:
    """Ask the database of this process (Django is set up on it) what there is to look at, and look once at each."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    found = Pages(paths=_paths())
    browser = Client(SERVER_NAME="127.0.0.1")
    for kind, paths in found.paths.items():
        for path in paths[:2]:
            browser.get(path)
        with CaptureQueriesContext(connection) as captured:
            answer = browser.get(paths[0])
        found.statements[kind] = len(captured)
        bad = next((path for path in paths if browser.get(path).status_code != 200), "")
        if bad or answer.status_code != 200:
            found.faults.append(f"{kind}: {bad or paths[0]}")
    return found


def _paths() -> dict[str, list[str]]:
    """The newest year's pages: of the city, of units with most and with few payments, lists to their end, traces."""
    from django.db import connection

    from minxin.disclosures.reports import flow

    year = flow.years()[0]
    home = f"/pipe/{year}/"
    units = [money.unit_code(place) for place in (0, 1, 3, 40, 100, 200, 263)]
    departments = [money.unit_code(place) for place in (0, 40, 100)]
    with connection.cursor() as cursor:
        cursor.execute(_SOME, [TRACED, year * 10**9])
        payments = [row[0] for row in cursor.fetchall()]
        cursor.execute(_DEEP, [money.unit_code(0), year * 10**9, (year + 1) * 10**9, DEEP])
        deep = [f"{on:%Y%m%d}-{key}" for on, key in cursor.fetchall()]
        cursor.execute(_HEADINGS, [year, money.unit_code(0)])
        function, economic = cursor.fetchone()
    cities = (f"by={by}" for by in ("unit", "function", "economic", "fund", "month"))
    narrower = ("month=3", f"function={function[:3]}", f"economic={economic[:3]}&by=unit")
    rows = f"{home}payments/?unit={units[0]}"
    return {
        "city": [home, *(f"{home}?{asked}" for asked in (*cities, *narrower))],
        "department": [f"{home}?department={code}" for code in departments],
        "unit": [f"{home}?unit={unit}&by={by}" for unit in units for by in ("function", "economic", "month")],
        "units to choose from": [f"{home}payments/", f"{home}payments/?stretch=firms"],
        "payments": [f"{home}payments/?unit={unit}" for unit in units],
        "payments, narrowed": [f"{rows}&{more}" for more in (f"function={function}", "month=3", "stretch=returned")],
        "payments, deep": [f"{rows}&before={key}" for key in deep],
        "lines": [f"{home}lines/", *(f"{home}lines/?unit={unit}" for unit in units)],
        "pace": [f"{home}pace/", *(f"{home}pace/?department={code}" for code in departments)],
        "idle": [f"{home}idle/", *(f"{home}idle/?unit={unit}" for unit in units)],
        **_refs(payments),
    }


# Payments to legal persons, from all over the year; and where in the longest list a page begins.
_SOME = """
SELECT p.id FROM generate_series(1, %s::int) n CROSS JOIN LATERAL (
    SELECT id FROM disclosures_payment
    WHERE id >= %s::bigint + n * (SELECT max(id) %% 1000000000 / 100 FROM disclosures_payment)
        AND payee_kind IN ('firm', 'institution') AND NOT withheld AND stage IN (4, 5, 6) ORDER BY id LIMIT 1) p
"""
_DEEP = """
SELECT paid_on, id FROM (
    SELECT paid_on, id, row_number() OVER (ORDER BY paid_on DESC, id DESC) AS at, count(*) OVER () AS many
    FROM disclosures_payment WHERE unit_id = (SELECT id FROM directory_unit WHERE code = %s)
        AND id >= %s AND id < %s AND paid_on IS NOT NULL
) p WHERE at %% greatest(1, many / %s) = 0 ORDER BY at
"""
_HEADINGS = """
SELECT function, economic FROM disclosures_budgetline
WHERE year = %s AND unit_id = (SELECT id FROM directory_unit WHERE code = %s) ORDER BY paid_fen DESC LIMIT 1
"""


def _refs(payments: list[int]) -> dict[str, list[str]]:
    """The pages of these payments, of their lines and of their contracts."""
    from django.apps import apps

    from minxin.kernel import refs

    rows = apps.get_model("disclosures", "Payment")._default_manager.filter(pk__in=payments)
    lines = dict.fromkeys(rows.values_list("line__year", "line__number"))
    contracts = dict.fromkeys(
        rows.filter(commitment__isnull=False).values_list("unit__code", "commitment__contract_no")
    )
    return {
        "trace a payment": [f"/pipe/payments/{refs.written('ZF', *divmod(key, 10**9))}/" for key in payments],
        "trace a line": [f"/pipe/lines/{refs.written('ZB', *line)}/" for line in lines],
        "trace a contract": [f"/pipe/contracts/{unit}/{number}/" for unit, number in contracts],
    }


def beside(url: str, what: str, *arguments: str) -> str:
    """Run `what` of this module in a process of its own, with Django on that database; the last line it says."""
    code = f"import sys, django; django.setup(); from minxin.config.bench import pipe; pipe.{what}(*sys.argv[1:])"
    environment = os.environ | {"MINXIN_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "minxin.config.settings"}
    here = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(here, check=False, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise database.Unusable(f"minxin bench: {what}: 未完成 · not finished")
    return done.stdout.strip().rpartition("\n")[2]


def tell_pages() -> None:
    """Print the pages there are."""
    from minxin.config import preparation

    preparation.migrate(lambda line: None)
    preparation.collect_static()
    console.say(json.dumps(asdict(probe())))


# --- the parts


def pages(session: "Session", url: str, payments: int, only: frozenset[str]) -> None:
    """Every kind of page of the pipe, and of a trace, under load."""
    found = Pages(**json.loads(beside(url, "tell_pages")))
    session.faults += found.faults
    with house.opened(url) as opened:
        for kind, paths in found.paths.items():
            trace = kind.startswith("trace")
            if ("trace" if trace else "pipe") not in only or not paths:
                continue
            asked = [load.request("GET", path, port=opened.port) for path in paths]
            _measure(session, opened, kind, asked, payments)
            session.add(f"{kind}: statements", "", str(found.statements[kind]))


def _measure(session: "Session", opened: house.House, kind: str, asked: list[str], payments: int) -> None:
    """A page of the pipe is read by many at once; a trace by a reader on each core, and as crowded to be told."""
    trace = kind.startswith("trace")
    at_once, most = (ALONE, TRACE_MS) if trace else (READERS, PAGE_MS)
    results = [session.measure(opened, kind, asked, at_once) for _run in range(RUNS)]
    p95 = median(result.percentile(0.95) for result in results)
    what = f"{kind}: {payments:,} payments, concurrency {at_once}, p95"
    session.add(what, f"≤ {most} ms", f"{p95:.1f} ms", p95 <= most)
    session.tell_latency(kind, results)
    if trace:
        crowded = session.measure(opened, kind, asked, READERS)
        session.tell_latency(f"{kind}, concurrency {READERS}", [crowded])


def imports(session: "Session", url: str, rows: int) -> None:
    """A million rows from a file into a city's year; in the same minutes a bare COPY of the same payments."""
    target = url.replace(money.name_of(0), IMPORT)
    with _server(url) as connection:
        connection.execute(f"CREATE DATABASE {IMPORT} TEMPLATE {money.name_of(0)}")
    told = json.loads(beside(target, "tell_import", str(session.home), str(rows)))
    rate, bare = told["rows"] / told["seconds"], told["rows"] / told["copy"]
    session.add(
        f"import: {told['rows']:,} payments checked and stored, rows a second",
        f"≥ {IMPORTED_PER_SECOND:,}",
        f"{rate:,.0f} ({told['seconds']:.1f} s; processor s: {told['own']:.1f} here, {told['database']:.1f} database)",
        rate >= IMPORTED_PER_SECOND,
    )
    session.add("import: a bare COPY of the same rows, a second", "", f"{bare:,.0f} (1 : {bare / rate:.1f})")
    heaviest = told["memory"] / MB
    session.add("import: memory of the process", f"≤ {IMPORT_MB} MB", f"{heaviest:.0f} MB", heaviest <= IMPORT_MB)
    session.add("import: nightly proofs after it, differing", "0", str(told["differing"]), told["differing"] == 0)
    with _server(url):
        pass


@contextmanager
def _server(url: str) -> Iterator[psycopg.Connection]:
    """A connection beside the databases; the one that imports go to is gone."""
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {IMPORT} WITH (FORCE)")
        yield connection


def tell_import(home: str, rows: str) -> None:
    """Write the file when it is missing, import it, prove it, copy the same rows bare; print how long each took."""
    from django.db import connection

    from minxin.directory.rules import SYSTEM
    from minxin.disclosures.actions import balances, flow, importing
    from minxin.kernel import clocks

    year = money.file_year(int(rows), clocks.today())
    path = Path(home) / f"payments-{rows}-{year.today}.csv"
    url = os.environ["MINXIN_DATABASE_URL"]
    if not path.exists():
        with psycopg.connect(url, autocommit=True) as other:
            money.write_csv(other, path, year)
    connection.ensure_connection()
    server = psutil.Process(connection.connection.info.backend_pid).parent()
    own, database_, began = time.process_time(), _seconds(server), time.monotonic()
    done = importing.import_payments(unit=money.FINANCE, fiscal_year=year.year, path=path, by=SYSTEM)
    told = {
        "seconds": time.monotonic() - began,
        "own": time.process_time() - own,
        "database": _seconds(server) - database_,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "rows": done.rows,
    }
    if not done.stored:
        raise RuntimeError("; ".join(map(importing.sentence, done.findings[:3])))
    flow.fold()
    told |= {"differing": flow.prove() + len(balances.differing()), "copy": _bare(url, year.year, path)}
    console.say(json.dumps(told))


def _seconds(server: psutil.Process | None) -> float:
    """Processor seconds of all of PostgreSQL, those of workers that are gone included."""
    if server is None:
        return 0.0
    gone = server.cpu_times()
    return gone.children_user + gone.children_system + house.seconds(server.children())


def _bare(url: str, year: int, path: Path) -> float:
    """Seconds in which PostgreSQL takes the same payments by COPY into a table without indexes, checks or triggers."""
    part, copied = f"disclosures_payment_{year}", path.with_suffix(".copy")
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        with copied.open("wb") as file, cursor.copy(f"COPY {part} TO STDOUT") as copy:
            for block in copy:
                file.write(block)
        connection.execute(f"CREATE TABLE bench_bare (LIKE {part} INCLUDING DEFAULTS)")
        began = time.monotonic()
        with copied.open("rb") as file, cursor.copy("COPY bench_bare FROM STDIN") as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        took = time.monotonic() - began
    copied.unlink()
    return took
