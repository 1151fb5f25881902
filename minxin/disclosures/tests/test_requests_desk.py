"""What waits for whom: queues with their due day, one request as its desks see it, what is left on a line."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import plans, requests
from minxin.disclosures.models import ruling
from minxin.disclosures.models.payment import request_ref
from minxin.disclosures.reports import pipe_desk
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import Decision, PaymentStage, RequestStage, RuleCode
from minxin.disclosures.tests.pipe_walk import CENTRE, NEW_YEAR, SCHOOL, SECTION, UNIT, row
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.errors import Absent

BOOKS, OFFICE = ("school", "30201"), ("civil", "30201")
FEBRUARY = date(2006, 2, 1)


@pytest.fixture(autouse=True)
def new_year():
    with clocks.at(NEW_YEAR):
        yield


@pytest.fixture
def walk(opened):
    return opened.allotted({BOOKS: "1000.00", OFFICE: "1000.00"})


def refs_of(queue):
    return [found.ref for found in queue.rows]


def test_a_line_says_what_it_has_left(walk):
    ref = walk.ref(*BOOKS)
    walk.asked(row(ref, "400.00"))
    left = pipe_desk.available(ref, by=walk.by("school_clerk"))
    assert (left.to_allot_fen, left.to_request_fen) == (39_900_000, 60_000)
    with pytest.raises(Absent):
        pipe_desk.available(ref, by=walk.by("civil_clerk"))


def test_each_desk_sees_its_own_work_and_no_other(walk):
    one, two = walk.asked(row(walk.ref(*BOOKS), "5.00")), walk.asked(row(walk.ref(*BOOKS), "7.00"))
    walk.passed(two, UNIT, SECTION)
    plans.submit(unit=SCHOOL, month=FEBRUARY, amounts={walk.ref(*BOOKS): Decimal(9)}, by=walk.by("school_clerk"))
    work = {
        who: [(item.verb, item.count, item.fen) for item in pipe_desk.waiting(walk.by(who))]
        for who in ("school_leader", "school_clerk", "finance_budget", "finance_cashier", "civil_head", "bank_banker")
    }
    assert work == {
        "school_leader": [("review_unit", 1, 500)],
        "school_clerk": [],
        "finance_budget": [("approve_plans", 1, 900)],
        "finance_cashier": [("review_centre", 1, 700)],
        "civil_head": [],
        "bank_banker": [],
    }
    assert refs_of(pipe_desk.queue(walk.by("school_leader"), verb="review_unit")) == [request_ref(one)]
    assert refs_of(pipe_desk.queue(walk.by("finance_cashier"), verb="review_centre")) == [request_ref(two)]
    assert refs_of(pipe_desk.queue(walk.by("finance_cashier"), verb="review_unit")) == []
    assert len(pipe_desk.waiting(SYSTEM)) == 3


def test_a_returned_request_waits_for_its_clerk(walk):
    asked = walk.asked(row(walk.ref(*BOOKS), "5.00"))
    requests.review([request_ref(asked)], step=UNIT, decision=Decision.RETURN, reason="错", by=walk.by("school_head"))
    assert [item.verb for item in pipe_desk.waiting(walk.by("school_clerk"))] == ["resubmit"]


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2006-01-10T13:59", date(2006, 1, 10)),
        ("2006-01-10T14:00", date(2006, 1, 10)),
        ("2006-01-10T14:01", date(2006, 1, 11)),
        ("2006-01-13T16:00", date(2006, 1, 16)),  # Friday afternoon
        ("2006-01-14T09:00", date(2006, 1, 16)),  # Saturday
    ],
)
def test_what_is_in_by_two_is_due_the_same_working_day(db, received, due):
    cut_off = ruling.in_force(RuleCode.CUT_OFF, region="211400", on=date(2006, 1, 10))
    assert pipe.due_on(datetime.fromisoformat(f"{received}+08:00"), kernel.calendar("211400"), cut_off) == due


def test_the_due_day_runs_from_the_desk_before(walk):
    asked = walk.asked(row(walk.ref(*BOOKS), "5.00"))
    (found,) = pipe_desk.queue(walk.by("school_leader"), verb="review_unit").rows
    assert (found.due_on, found.late) == (None, False)
    with clocks.at(NEW_YEAR + timedelta(days=1)):
        walk.passed(asked, UNIT)
    with clocks.at(NEW_YEAR + timedelta(days=2)):
        (found,) = pipe_desk.queue(walk.by("finance_budget"), verb="review_section").rows
    assert (found.received_at, found.due_on, found.late) == (NEW_YEAR + timedelta(days=1), date(2006, 1, 11), True)
    assert "14 时以前收到的当日办理" in found.due_basis


def test_a_queue_is_paged_by_key_with_one_query(walk):
    made = [request_ref(walk.asked(row(walk.ref(*BOOKS), "1.00"))) for _ in range(5)]
    by = walk.by("school_head")
    first = pipe_desk.queue(by, verb="review_unit", size=2)
    second = pipe_desk.queue(by, verb="review_unit", size=2, after=first.after)
    last = pipe_desk.queue(by, verb="review_unit", size=2, after=second.after)
    assert refs_of(first) + refs_of(second) + refs_of(last) == made
    assert last.after is None
    newest = pipe_desk.requests(by, size=3)
    older = pipe_desk.requests(by, size=3, before=newest.after)
    assert refs_of(newest) + refs_of(older) == made[::-1]
    assert refs_of(pipe_desk.requests(by, unit=SCHOOL, stage="approved")) == []
    assert refs_of(pipe_desk.requests(walk.by("civil_head"))) == []


def test_reports_cost_the_same_for_one_and_for_many(walk):
    def cost(act):
        with CaptureQueriesContext(connection) as queries:
            act()
        return len(queries)

    by = walk.by("school_head")
    counts = []
    for many in (1, 25):
        ref = request_ref(walk.asked(*[row(walk.ref(*BOOKS), "0.10") for _ in range(many)]))
        for _ in range(many):
            walk.asked(row(walk.ref(*BOOKS), "0.10"))
        counts.append(
            (
                cost(lambda: pipe_desk.queue(by, verb="review_unit")),
                cost(lambda: pipe_desk.requests(by)),
                cost(lambda: pipe_desk.waiting(by)),
                cost(lambda ref=ref: pipe_desk.request_page(ref, by=by)),
            )
        )
    assert counts == [(1, 1, 1, 3)] * 2


def test_one_request_with_its_reviews_and_what_may_be_done(walk):
    asked = walk.asked(row(walk.ref(*BOOKS), "5.00", external_id="A1"))
    walk.passed(asked, UNIT)
    page = pipe_desk.request_page(request_ref(asked), by=walk.by("finance_budget"))
    assert (page.head.stage, page.head.fen, page.digest) == (RequestStage.SECTION_REVIEW, 500, asked.digest)
    (payment,) = page.rows
    assert (payment.line, payment.payee, payment.external_id) == (walk.ref(*BOOKS), "葫芦岛市新华书店", "A1")
    assert payment.stage == PaymentStage.REQUESTED
    assert [(seen.step, seen.office) for seen in page.approvals] == [(UNIT, walk.by("school_leader").label)]
    assert [offer.verb for offer in page.offers] == ["review_section", "return_section"]
    assert "0701" not in repr(page)
    offers = {
        who: [offer.verb for offer in pipe_desk.request_page(request_ref(asked), by=walk.by(who)).offers]
        for who in ("school_clerk", "school_leader", "finance_cashier")
    }
    assert offers == {"school_clerk": ["void_request"], "school_leader": [], "finance_cashier": []}
    with pytest.raises(Absent):
        pipe_desk.request_page(request_ref(asked), by=walk.by("civil_head"))


def test_every_offer_is_accepted_and_what_is_not_offered_is_refused(walk):
    """The page's buttons come from the table that the actions ask."""
    asked = walk.asked(row(walk.ref(*BOOKS), "5.00"))
    for step, who in ((UNIT, "school_head"), (SECTION, "finance_budget"), (CENTRE, "finance_cashier")):
        page = pipe_desk.request_page(request_ref(asked), by=walk.by(who))
        assert f"review_{step}" in {offer.verb for offer in page.offers}
        requests.review([request_ref(asked)], step=step, by=walk.by(who))
    assert pipe_desk.request_page(request_ref(asked), by=walk.by("school_clerk")).offers == []
