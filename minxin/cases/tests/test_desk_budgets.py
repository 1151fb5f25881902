"""What the desk's pages cost: the statements each report states, for one row and for twenty-five."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from minxin.cases.actions import reading, unit
from minxin.cases.models import Case
from minxin.cases.models.case import id_of
from minxin.cases.reports import board, dossier
from minxin.cases.reports import desk as lists
from minxin.cases.rules import desk
from minxin.cases.tests import desk_cast as cases

pytestmark = pytest.mark.django_db


def statements(act) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        act()
    return len([row for row in seen if "directory_treestamp" not in row["sql"]])


def many(cast, number):
    return [cases.dispatched(cast, f"n{at}") for at in range(number)]


def test_lists_cost_the_same_for_one_row_and_for_twenty_five(cast):
    many(cast, 1)
    assert_page_costs_six(cast)
    assert_queue_costs_two_and_counts_one(cast)
    for at in range(24):
        cases.dispatched(cast, f"more{at}")
    assert_page_costs_six(cast)
    assert_queue_costs_two_and_counts_one(cast)


def assert_page_costs_six(cast):
    browser = cases.signed_in(cast, "suizhong_education_clerk")
    browser.get("/desk/")
    assert statements(lambda: browser.get("/desk/")) <= 6
    assert statements(lambda: browser.get("/desk/cases/?queue=to_sign")) <= 6


def assert_queue_costs_two_and_counts_one(cast):
    officer = cast.officers["suizhong_education_clerk"]
    assert statements(lambda: lists.counts(officer)) == 1
    assert statements(lambda: lists.inbox(officer, desk.BY_CODE["to_sign"])) == 2
    assert statements(lambda: lists.listing(officer, lists.Filters())) == 2
    assert statements(lambda: lists.next_ref(officer, desk.BY_CODE["to_sign"], done="MX2026-0000001-5")) == 1


def test_every_queue_of_every_officer_costs_two_statements(cast):
    cases.dispatched(cast)
    for officer in cast.officers.values():
        for queue in desk.queues_of(officer):
            assert statements(lambda officer=officer, queue=queue: lists.inbox(officer, queue)) <= 2


def test_a_dossier_costs_the_same_however_long_its_history(cast):
    ref = cases.handled(cast)
    clerk, dispatcher = cast.officers["suizhong_education_clerk"], cast.officers["suizhong_dispatcher"]
    for contacts in (1, 24):
        for at in range(contacts):
            unit.record_contact(ref, how="phone", reached=True, remark=str(at), by=clerk)
        case = reading.read(ref, by=clerk)
        assert statements(lambda case=case: dossier.dossier(case, clerk)) <= 34
        assert statements(lambda case=case: dossier.dossier(case, dispatcher)) <= 34


def test_a_reading_costs_three_statements_and_again_two(cast):
    ref = cases.filed()
    editor = cast.officers["suizhong_editor"]
    assert statements(lambda: reading.read(ref, by=editor)) == 3
    assert statements(lambda: reading.read(ref, by=editor)) == 2


def test_a_heads_minute_costs_at_most_fourteen_statements(cast):
    many(cast, 3)
    assert statements(lambda: board.minute(cast.officers["suizhong_education_head"])) <= 14


def test_pages_follow_each_other_without_losing_or_repeating_a_row(cast, monkeypatch):
    monkeypatch.setattr(lists, "PAGE", 4)
    refs = set(many(cast, 11))
    officer, queue = cast.officers["suizhong_education_clerk"], desk.BY_CODE["to_sign"]
    for turn in (
        lambda after: lists.inbox(officer, queue, after=after),
        lambda after: lists.listing(officer, lists.Filters(), before=after),
    ):
        seen, after = [], ""
        while True:
            page = turn(after)
            seen += [row.ref for row in page.rows]
            after = page.after
            if not after:
                break
        assert len(seen) == len(set(seen))
        assert set(seen) == refs


def test_the_most_urgent_stands_first(cast):
    many(cast, 3)
    from datetime import timedelta

    from minxin.cases.models import Assignment
    from minxin.kernel import clocks

    late = Assignment.objects.order_by("-id").first()
    Assignment.objects.filter(pk=late.pk).update(due_at=clocks.now() - timedelta(days=2))
    officer = cast.officers["suizhong_education_clerk"]
    page = lists.inbox(officer, desk.BY_CODE["to_sign"])
    assert id_of(page.rows[0].ref) == late.case_id
    assert next(row for row in lists.counts(officer) if row.queue.code == "to_sign").late


def test_the_inbox_starts_at_its_partial_index(cast):
    many(cast, 3)
    officer = cast.officers["suizhong_education_clerk"]
    found = lists.source(desk.BY_CODE["to_sign"], officer).order_by("due", "key").values_list("case_key", "due", "key")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    assert "assignment_inbox" in found[:51].explain()


def test_words_of_titles_and_digests_are_found_within_what_may_be_seen(cast):
    ref = cases.dispatched(cast, "x")
    mine, other = cast.officers["suizhong_education_clerk"], cast.officers["nanpiao_finance_clerk"]
    for words in ("教师反映", "被拖欠", "429 元", ref, ref.lower(), "师"):
        assert [row.ref for row in lists.listing(mine, lists.Filters(q=words)).rows] == [ref], words
        assert not lists.listing(other, lists.Filters(q=words)).rows
    assert not lists.listing(mine, lists.Filters(q="密语")).rows
    assert Case.objects.count() == 1
