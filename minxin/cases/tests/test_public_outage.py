"""The database goes away in the middle of filing: really, by ending the connection that files."""

import os
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


@contextmanager
def ended(words: str):
    """The server ends our connection just before a statement with these words."""

    def end(execute, sql, params, many, context):
        if words in sql:
            pid = connection.connection.info.backend_pid
            facts = connection.get_connection_params()
            with psycopg.connect(
                dbname=facts["dbname"], host=facts.get("host"), port=facts.get("port"), user=facts.get("user"),
                autocommit=True,
            ) as other:  # fmt: skip
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end):
        yield


@pytest.mark.parametrize("words", ['INSERT INTO "cases_case"', 'INSERT INTO "cases_filing"', "kernel_next_number"])
def test_the_whole_text_comes_back_and_the_page_says_it_was_not_filed(client, cast, settings, words):
    settings.MINXIN_OPEN_FILING = True
    data = ANSWERS | {"step": "check", "key": os.urandom(16).hex(), "go": "next"}
    client.raise_request_exception = False
    with ended(words):
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
