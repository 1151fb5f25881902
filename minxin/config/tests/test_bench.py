"""The bench: its rows are true to the product, its load generator counts what was answered."""

import itertools
import json
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from django.apps import apps
from django.db import connection

from minxin.config.bench import fill, load, money, pipe, rows, session, words
from minxin.directory.rules import SYSTEM
from minxin.directory.tests.cast import Cast
from minxin.disclosures.actions import balances, flow, importing
from minxin.kernel import clocks, text


@pytest.fixture
def tables(cast: Cast) -> dict[str, rows.Table]:
    """Forty closed cases and the open ones, handled by the cast."""
    unit = cast.units["suizhong_finance"]
    bureaus = dict.fromkeys(words.BUREAUS, (unit.id, unit.name))
    place = rows.Place("211421", "绥中县", cast.units["suizhong"].id, bureaus)
    plan = rows.Plan(40, (place,), datetime(2026, 11, 20, tzinfo=UTC), unit.id)
    made = rows.Chunk(plan, 0, plan.total).fill()
    with connection.cursor() as cursor:
        for table in made.values():
            columns = ", ".join(f'"{column}"' for column in table.columns)
            with cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
                copy.write("\n".join(table.lines) + "\n")
    return made


def test_what_the_generator_writes_keeps_every_constraint_and_foreign_key(tables: dict[str, rows.Table]) -> None:
    connection.check_constraints()
    stages = Counter(apps.get_model("cases", "Case").objects.values_list("stage", flat=True))
    assert stages["closed"] == apps.get_model("cases", "PublicCase").objects.count() == 40
    assert stages["handling"] >= rows.BUSY


def test_the_same_plan_gives_the_same_titles(tables: dict[str, rows.Table]) -> None:
    first, again = (words.write(Random(7), "绥中县") for _time in range(2))
    assert first == again


def test_the_written_search_vector_is_that_of_the_kernel(tables: dict[str, rows.Table]) -> None:
    for page in apps.get_model("cases", "PublicCase").objects.all():
        body = " ".join((page.title, page.question, page.answer, page.unit_name))
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_tsvector('simple', %s)::text", [text.bigrams(body)])
            assert cursor.fetchone()[0] == page.search


def test_a_database_is_known_by_what_fills_it() -> None:
    assert len({fill.wanted(10), fill.wanted(11), money.wanted(10), money.wanted(11)}) == 4


def test_a_part_needs_its_own_databases_only() -> None:
    sizes = session.Sizes(large=1000, small=10, payments=5000, rows=100)
    assert sizes.needed(frozenset({"trace"})) == [("payments", 5000)]
    assert sizes.needed(frozenset({"import", "pipe"})) == [("payments", 0), ("payments", 5000)]
    assert sizes.needed(session.PARTS)[:2] == [("cases", 10), ("cases", 1000)]


@pytest.mark.django_db
def test_a_city_s_payments_hold_every_proof_and_its_file_is_imported_without_a_finding(tmp_path: Path) -> None:
    today = clocks.today()
    years = [year for year in money.plan(400, today) if year.year >= today.year - 1]
    connection.ensure_connection()
    money.city(connection.connection, [year.year for year in years], say=print)
    money.pay(connection.connection, years, say=print)
    connection.check_constraints()
    path = tmp_path / "payments.csv"
    money.write_csv(connection.connection, path, money.file_year(150, today))
    done = importing.import_payments(unit=money.FINANCE, fiscal_year=today.year, path=path, by=SYSTEM)
    assert (done.stored, done.rows, [importing.sentence(finding) for finding in done.findings]) == (True, 150, [])
    assert [line.ref for line in balances.differing()] == []
    assert flow.prove() == 0
    assert apps.get_model("disclosures", "Payment")._default_manager.count() == 50 + 200 + 150
    found = pipe.probe()
    assert found.faults == []
    assert {kind for kind, paths in found.paths.items() if not paths} == set()


@pytest.fixture
def server() -> Iterator[int]:
    """A server that creates four times and then refuses, over and over; by keep-alive, once in chunks, once closing."""
    answers = [
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy",
    ]
    turn = itertools.count()

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer = b""
            while b"close" not in answer:
                while (line := self.rfile.readline()) != b"\r\n":
                    if not line:
                        return
                answer = answers[next(turn) % len(answers)]
                self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield serving.server_address[1]
        serving.shutdown()
        thread.join()


def test_the_load_generator_counts_answers_refusals_and_time(server: int, tmp_path: Path) -> None:
    asked = load.request("GET", "/", port=server, headers={"X": load.STAMP})
    spec = load.Spec(port=server, requests=[asked], concurrency=3, seconds=0.4, warmup=0.1, keep=2)
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(spec.__dict__))
    with ThreadPoolExecutor(1) as thread:  # its loop is its own, whatever runs in this one (a browser's, maybe)
        result = load.Result(**json.loads(thread.submit(load.main, str(path)).result()))
    assert result.statuses.keys() == {"201", "503"}
    assert result.good == pytest.approx(4 * result.bad, rel=0.2)
    assert result.faults[0] == "503 busy"
    assert len(result.kept) == 2
    assert 0 < result.percentile(0.5) <= result.percentile(0.99) < 400
    assert result.rate == result.good / 0.4


def test_without_any_answer_no_promise_holds() -> None:
    assert load.Result(1.0).percentile(0.95) == float("inf")
