import ast
from dataclasses import replace
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection

from minxin.kernel import clocks
from minxin.kernel.errors import Absent
from minxin.ledger import actions, models, reports, rules
from minxin.ledger.reports import Narrow, Place
from minxin.ledger.tests.test_events import MOMENT, Clerk

MINXIN = Path(rules.__file__).parents[1]


@pytest.fixture
def events(db):
    """Ten days of 2007, three events a day, of two units and of nobody's."""
    models.Event.objects.all().delete()
    models.Stream.objects.all().delete()
    for day in range(10):
        with clocks.at(MOMENT + timedelta(days=day)):
            for unit, verb in ((15, "sign_for"), (16, "submit"), (None, "file")):
                by = replace(Clerk(), unit_id=unit)
                actions.record(stream=f"case:{day}", verb=verb, by=by, facts={"day": day})
    cache.clear()


def told(narrow=None, **facts):
    return [(event.stream, event.seq) for event in reports.log(narrow or Narrow(), **facts)]


def test_the_newest_stand_first(events):
    assert told(limit=4) == [("case:9", 3), ("case:9", 2), ("case:9", 1), ("case:8", 3)]


def test_pages_turn_without_a_gap_or_a_repetition_though_many_events_share_a_moment(events):
    whole = reports.log(Narrow(), limit=100)
    seen, before = [], None
    while page := reports.log(Narrow(), before=before, limit=7):
        seen += page
        before = Place(page[-1].at, page[-1].stream, page[-1].seq)
        assert Place.read(str(before)) == before
    assert seen == whole
    assert len(seen) == 30


@pytest.mark.parametrize(
    "text", ["", "~", "x~1~case", "2007-03-07~1~case:1", "2007-03-07T00:00:00+00:00~0~a", "2007-03-07T00:00:00Z~1~"]
)
def test_a_malformed_place_is_no_place(text):
    assert Place.read(text) is None


def test_the_log_is_narrowed_by_stream_verb_unit_and_days(events):
    assert told(Narrow(streams=frozenset({"case:3"}))) == [("case:3", 3), ("case:3", 2), ("case:3", 1)]
    assert told(Narrow(streams=frozenset())) == []
    assert len(told(Narrow(verb="submit"))) == 10
    assert len(told(Narrow(units=frozenset({15, 16})))) == 20
    days = Narrow(since=date(2007, 3, 8), until=date(2007, 3, 8), units=frozenset({16}))
    assert told(days) == [("case:1", 2)]


def test_a_reach_leaves_out_what_other_units_and_no_unit_did(events):
    assert len(told(Narrow(within=frozenset({15})))) == 10
    assert told(Narrow(within=frozenset({15}), units=frozenset({16}))) == []
    assert reports.logged("case:3", 1, within=frozenset({15})).verb == "sign_for"
    for seq in (2, 3, 4):
        with pytest.raises(Absent):
            reports.logged("case:3", seq, within=frozenset({15}))


def test_of_a_sealed_report_the_log_tells_nothing(events):
    before = told(limit=100)
    with clocks.at(MOMENT + timedelta(days=3)):
        for verb in ("file", "take_up"):
            actions.record(stream="sealed:1", verb=verb, by=Clerk(), sealed=True)
    assert told(limit=100) == before
    assert told(Narrow(streams=frozenset({"sealed:1"}))) == []
    assert "take_up" not in reports.verbs()
    with pytest.raises(Absent):
        reports.logged("sealed:1", 1)
    assert [event.verb for event in reports.history("sealed:1")] == ["file", "take_up"]


def test_how_much_is_left_out_is_one_number_of_past_months(events):
    with clocks.at(MOMENT):
        actions.record(stream="sealed:1", verb="file", by=Clerk(), sealed=True)
        assert reports.sealed() == 0
    cache.clear()
    with clocks.at(datetime(2007, 3, 31, 23, 59, tzinfo=clocks.ZONE)):
        assert reports.sealed() == 0
    with clocks.at(datetime(2007, 4, 1, tzinfo=clocks.ZONE)):
        assert reports.sealed() == 1


def test_the_verbs_are_those_recorded(events):
    assert reports.verbs() == ["file", "sign_for", "submit"]


def test_each_page_is_one_query_for_one_event_and_for_twenty_five(events, django_assert_num_queries):
    for limit in (1, 25):
        with django_assert_num_queries(1):
            assert len(told(limit=limit)) == limit
    with django_assert_num_queries(1):
        reports.verbs()


@pytest.mark.parametrize(
    ("narrow", "index"),
    [
        (Narrow(), "event_log"),
        (Narrow(verb="submit"), "event_log_of_verb"),
        (Narrow(units=frozenset({15})), "event_log_of_unit"),
        (Narrow(since=date(2007, 3, 8)), "event_log"),
    ],
)
def test_every_way_to_narrow_has_its_index(events, narrow, index):
    rows = reports._narrowed(narrow).order_by("-at", "-stream", "-seq")[:50]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    assert f"using {index} on" in rows.explain()


def _recorded() -> set[str]:
    """Every verb that stands as a literal where an event is written."""
    found: set[str] = set()
    for path in MINXIN.rglob("*.py"):
        if {"tests", "migrations", "bench"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in {"record", "values"}:
                given = [word.value for word in node.keywords if word.arg == "verb"]
            elif name in {"record_unit", "record_person", "record_region"}:
                given = node.args[1:2]
            else:
                continue
            found |= {value.value for value in given if isinstance(value, ast.Constant)}
    return found


def test_every_recorded_verb_has_its_words():
    verbs = _recorded() | set(import_module("minxin.cases.rules.moves").MOVES)
    assert {"file", "sign_in", "open_unit", "accept"} <= verbs
    assert not verbs - set(rules.VERBS), "give it its words in ledger.rules.VERBS"
    assert rules.verb_label("accept") == "受理"
    assert rules.verb_label("unheard_of") == "unheard_of"
