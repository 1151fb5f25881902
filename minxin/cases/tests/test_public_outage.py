"""The database goes away in the middle of filing: really, by ending the connection that files."""

import os
import threading
import time
from contextlib import contextmanager
from importlib import import_module

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from minxin.cases.models import Case, ClockRule, snapshot
from minxin.cases.tests.test_public_filing import ANSWERS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _limits(db):
    """A test with real commits empties every table behind it, the limits of the first migrations too."""
    if not ClockRule.objects.exists():
        import_module("minxin.cases.migrations.0003_limits").plant(apps, None)
    snapshot.forget()


def stranger() -> psycopg.Connection:
    """A connection of somebody else to the same database."""
    facts = connection.get_connection_params()
    return psycopg.connect(**{name: facts[name] for name in ("dbname", "host", "port", "user") if facts.get(name)})


@contextmanager
def ended_while_writing(table: str):
    """Somebody locks the table; the server ends whoever then waits for it: our connection, in the midst of writing."""
    pids: list[int] = []

    def end() -> None:
        with stranger() as other:
            for _ in range(500):
                waiting = (
                    "SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
                    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )  # the server's locks: a copy of this database has its tables under the same numbers
                pids.extend(pid for (pid,) in other.execute(waiting, [table]))
                if pids:
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", [pids[0]])
                    return
                other.rollback()
                time.sleep(0.02)

    with stranger() as locker:
        locker.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        watcher = threading.Thread(target=end)
        watcher.start()
        yield
        watcher.join()
        locker.rollback()
    assert pids, "nobody wrote"


@pytest.mark.parametrize("table", ["cases_case", "cases_filing", "cases_filingkey", "ledger_event"])
def test_the_whole_text_comes_back_and_the_page_says_it_was_not_filed(client, cast, settings, table):
    settings.MINXIN_OPEN_FILING = True
    data = ANSWERS | {"step": "check", "key": os.urandom(16).hex(), "go": "next"}
    client.raise_request_exception = False
    with ended_while_writing(table):
        answer = client.post("/file/", data)
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "没有生成编号" in page
    assert "九月起没有发课时费，\n找过校长两次。" in page
    assert "138 0000 1234" in page
    assert Case.objects.count() == 0
    sent = {name: ANSWERS[name] for name in ANSWERS} | {"step": "check", "key": data["key"], "go": "next"}
    assert f'value="{data["key"]}"' in page
    assert client.post("/file/", sent).status_code == 302
    assert client.post("/file/", sent).status_code == 302
    assert Case.objects.count() == 1
