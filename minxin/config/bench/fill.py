"""A large database of the bench's own, filled in bulk: COPY from two processes, indexes built afterwards."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from minxin.config.bench import rows, words

VERSION = 1  # of the rows; a database of another is filled anew
CHUNK = 10_000
CHANNEL = "bench"
CLERK = "bench_clerk"
Say = Callable[[str], None]

INDEXES = """
SELECT i.indexrelid::regclass::text, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
"""
_SERIALS = """
SELECT setval(pg_get_serial_sequence(%(table)s, 'id'), greatest(1, (SELECT max(id) FROM {table})))
WHERE pg_get_serial_sequence(%(table)s, 'id') IS NOT NULL
"""


def wanted(cases: int) -> str:
    """What a database is marked with when it holds so many cases of this generator."""
    return f"minxin bench {VERSION}: {cases} cases"


def holds(url: str, mark: str) -> bool:
    """Whether that database is marked as filled by this very generator."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    return bool(found and found[0] == mark)


def fill(url: str, cases: int, *, say: Say) -> None:
    """Fill the empty, migrated database of this process (Django is set up on it) with `cases` closed ones and more."""
    from minxin.kernel import clocks

    began = time.monotonic()
    places, busy = _directory(say)
    plan = rows.Plan(cases, places, rows.today_in(clocks.now()), busy)
    tables = [rows.Table(app, model).name for app, model in rows.TABLES]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        with _without_indexes(connection, tables, say):
            _copy(url, plan, say)
        _settle(connection, plan, tables, say)
        name = connection.info.dbname
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), wanted(cases)))
    say(f"{plan.total:,} cases in {time.monotonic() - began:.0f} s")


def _directory(say: Say) -> tuple[tuple[rows.Place, ...], int]:
    """Open the units by the real actions: a centre and eight bureaus in every city and county, one clerk at work."""
    from minxin.directory import reports
    from minxin.directory.actions import appointments, people, units
    from minxin.directory.rules import SYSTEM, Role, UnitKind

    top = units.open_unit(
        code="210000-MX", name="辽宁省民心网中心", kind=UnitKind.CENTRE, region="210000", is_centre=True, by=SYSTEM
    )
    regions = [region for region in reports.regions() if len(region.code) == 6 and region.code != "210000"]
    places = []
    for done, region in enumerate(sorted(regions, key=lambda region: region.code)):
        centre = units.open_unit(
            code=f"{region.code}-MX",
            name=f"{region.name}民心网中心",
            kind=UnitKind.CENTRE,
            region=region.code,
            parent=top.code,
            is_centre=True,
            by=SYSTEM,
        )
        bureaus = {}
        for short, name in words.BUREAUS.items():
            unit = units.open_unit(
                code=f"{region.code}-{short}",
                name=region.name + name,
                kind=UnitKind.GOVERNMENT,
                region=region.code,
                parent=centre.code,
                by=SYSTEM,
            )
            bureaus[short] = (unit.id, unit.name)
        places.append(rows.Place(region.code, region.name, centre.id, bureaus))
        if done % 20 == 0:
            say(f"units: {done}/{len(regions)} regions")
    busy, code = places[0].bureaus["CZJ"][0], f"{places[0].region}-CZJ"
    people.create_person(username=CLERK, label="财政局承办员", unit=code, change_first=False, by=SYSTEM)
    appointments.appoint(person=CLERK, post=units.open_post(unit=code, role=Role.CLERK, by=SYSTEM), by=SYSTEM)
    return tuple(places), busy


@contextmanager
def _without_indexes(connection: psycopg.Connection, tables: list[str], say: Say) -> Iterator[None]:
    """A million insertions into a GIN index take far longer than building it once."""
    definitions = []
    for table in tables:
        for name, definition in connection.execute(INDEXES, [table]).fetchall():
            definitions.append((name, definition))
            connection.execute(f"DROP INDEX {name}")
    yield
    for done, (name, definition) in enumerate(definitions):
        say(f"indexes: {done}/{len(definitions)} {name}")
        connection.execute(definition)


def _copy(url: str, plan: rows.Plan, say: Say) -> None:
    chunks = [(url, plan, begin, min(begin + CHUNK, plan.total)) for begin in range(0, plan.total, CHUNK)]
    began, done = time.monotonic(), 0
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(os.cpu_count() or 2, 4), initializer=_awake) as pool:
        for count in pool.imap_unordered(_copy_chunk, chunks):
            done += count
            if done % (5 * CHUNK) < count or done == plan.total:
                say(f"cases: {done:,}/{plan.total:,}, {done / (time.monotonic() - began):,.0f} a second")


def _awake() -> None:
    import django

    django.setup()


def _copy_chunk(chunk: tuple[str, rows.Plan, int, int]) -> int:
    url, plan, begin, end = chunk
    tables = rows.Chunk(plan, begin, end).fill()
    with psycopg.connect(url) as connection:
        # Foreign keys hold by construction, totals are counted once at the end: no triggers while loading.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        for table in filter(lambda table: table.lines, tables.values()):
            columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write("\n".join(table.lines) + "\n")
    return end - begin


def _settle(connection: psycopg.Connection, plan: rows.Plan, tables: list[str], say: Say) -> None:
    """Sequences behind the last number, totals, statistics and visibility: as after years of service."""
    say("sequences, totals, statistics")
    for year in range(plan.until.year - rows.YEARS, plan.until.year + 2):
        connection.execute("SELECT kernel_next_number('case', %s)", [year])
        connection.execute("SELECT setval(%s, %s)", [f"kernel_ref_case_{year}", plan.total])
    for table in tables:
        if any(row[0] == "id" for row in connection.execute(_COLUMNS, [table])):
            connection.execute(sql.SQL(_SERIALS).format(table=sql.Identifier(table)), {"table": table})
    connection.execute("SELECT cases_tally_rebuild()")
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")


_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_identity = 'YES'"


def make(url: str, name: str) -> str:
    """The database of that name dropped and made anew on the server of `url`; its address."""
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return url
