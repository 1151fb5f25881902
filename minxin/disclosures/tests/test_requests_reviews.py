"""Three desks in their order, distinct officers, each signing exactly the rows that were asked for."""

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import requests
from minxin.disclosures.models import Approval, Flow, Payee, Payment, Request
from minxin.disclosures.models.payment import request_ref
from minxin.disclosures.rules.codes import Decision, PaymentStage, RequestStage, Step
from minxin.disclosures.tests.pipe_walk import CENTRE, NEW_YEAR, REVIEWERS, SECTION, UNIT, live, refused, row
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

BOOKS, OFFICE = ("school", "30201"), ("civil", "30201")
RETURN = Decision.RETURN


@pytest.fixture(autouse=True)
def new_year():
    with clocks.at(NEW_YEAR):
        yield


@pytest.fixture
def walk(opened):
    return opened.allotted({BOOKS: "1000.00", OFFICE: "1000.00"})


@pytest.fixture
def asked(walk):
    return walk.asked(row(walk.ref(*BOOKS), "100.00"), row(walk.ref(*BOOKS), "50.00"))


def test_three_desks_let_it_pass_and_the_dates_move_with_it(walk, asked):
    for day, step in enumerate((UNIT, SECTION, CENTRE)):
        with clocks.at(NEW_YEAR + timedelta(days=day)):
            walk.passed(asked, step)
    assert (asked.stage, asked.decided_at) == ("approved", NEW_YEAR + timedelta(days=2))
    days = {
        (row.stage, row.unit_reviewed_on.day, row.section_reviewed_on.day, row.approved_on.day) for row in live(asked)
    }
    assert days == {(PaymentStage.APPROVED, 10, 11, 12)}
    signed = Approval.objects.order_by("pk")
    assert [row.step for row in signed] == ["unit", "section", "centre"]
    assert {row.digest for row in signed} == {asked.digest}
    assert len({row.person_id for row in signed}) == 3
    assert signed[1].office == walk.by("finance_budget").label
    assert [event.verb for event in ledger.history(request_ref(asked))] == ["request", "review", "review", "review"]
    assert walk.line(*BOOKS).requested_fen == 15_000, "approved money is still held until it is paid"


def test_the_order_of_the_desks_is_fixed(walk, asked):
    for step in (SECTION, CENTRE):
        with refused("stage", "单位复核"):
            walk.passed(asked, step)
    walk.passed(asked, UNIT)
    with refused("stage", "业务科室审核"):
        walk.passed(asked, UNIT)


def test_nobody_reviews_what_he_asked_for_nor_twice(walk, asked):
    Request.objects.filter(pk=asked.pk).update(maker_id=walk.by("school_leader").id)
    with refused("maker"):
        walk.passed(asked, UNIT)
    requests.review([request_ref(asked)], step=UNIT, by=walk.by("school_head"))
    Approval.objects.update(person_id=walk.by("finance_budget").id)
    with refused("same_officer"):
        walk.passed(asked, SECTION)


@pytest.mark.parametrize(
    "changed",
    [{"amount_fen": 1}, {"purpose": "别的"}, {"external_id": "X"}, {"commitment_id": 5}, {"settle": "cash"}],
    ids=lambda changed: next(iter(changed)),
)
def test_changed_rows_are_not_signed_but_can_be_returned(walk, asked, changed):
    Payment.objects.filter(pk=live(asked).first().pk).update(**changed)
    with refused("changed", "请退回"):
        walk.passed(asked, UNIT)


def test_another_payees_account_behind_a_row_is_noticed(walk, asked):
    walk.asked(row(walk.ref(*BOOKS), account="66666666"))
    Payment.objects.filter(pk=live(asked).first().pk).update(payee=Payee.objects.last())
    with refused("changed"):
        walk.passed(asked, UNIT)
    assert requests.review(
        [request_ref(asked)], step=UNIT, decision=RETURN, reason="明细被改", by=walk.by("school_head")
    )


@pytest.mark.parametrize("step", list(Step))
def test_a_return_frees_the_money_and_keeps_the_reason(walk, asked, step):
    walk.asked(row(walk.ref(*BOOKS), "7.00"))
    before = [s for s in Step if list(Step).index(s) < list(Step).index(step)]
    if before:
        walk.passed(asked, *before)
    by = walk.by(REVIEWERS[step].format(unit="school"))
    with refused("required", "原因"):
        requests.review([request_ref(asked)], step=step, decision=RETURN, reason=" ", by=by)
    requests.review([request_ref(asked)], step=step, decision=RETURN, reason="缺发票", by=by)
    asked.refresh_from_db()
    assert (asked.stage, walk.line(*BOOKS).requested_fen) == ("returned", 700)
    assert {row.stage for row in live(asked)} == {PaymentStage.VOID}
    assert Approval.objects.get(request=asked, step=step).reason == "缺发票"


def test_corrected_rows_begin_a_new_round(walk, asked):
    walk.passed(asked, UNIT)
    requests.review(
        [request_ref(asked)], step=SECTION, decision=RETURN, reason="金额有误", by=walk.by("finance_budget")
    )
    again = requests.resubmit(request_ref(asked), rows=[row(walk.ref(*BOOKS), "80.00")], by=walk.by("school_clerk"))
    assert (again.round, again.count, again.amount_fen, again.stage) == (2, 1, 8000, "unit_review")
    assert again.digest != asked.digest
    assert Payment.objects.filter(request=asked).count() == 3, "what was asked for first is kept"
    assert live(again).get().amount_fen == 8000
    assert walk.line(*BOOKS).requested_fen == 8000
    assert walk.passed(again).stage == RequestStage.APPROVED, "the same officers, in a new round"
    assert Approval.objects.filter(request=again, round=2).count() == 3
    with refused("stage"):
        requests.resubmit(request_ref(asked), rows=[row(walk.ref(*BOOKS), "80.00")], by=walk.by("school_clerk"))


def test_a_withdrawn_request_is_void_and_an_approved_one_is_not_withdrawn(walk, asked):
    requests.void(request_ref(asked), reason="不再需要", by=walk.by("school_clerk"))
    assert walk.line(*BOOKS).requested_fen == 0
    with refused("stage", "已作废"):
        requests.void(request_ref(asked), reason="再来", by=walk.by("school_clerk"))
    other = walk.passed(walk.asked(row(walk.ref(*BOOKS))))
    with refused("stage"):
        requests.void(request_ref(other), reason="晚了", by=walk.by("school_clerk"))


def test_a_returned_request_is_made_void_without_freeing_twice(walk, asked):
    requests.review([request_ref(asked)], step=UNIT, decision=RETURN, reason="错", by=walk.by("school_head"))
    requests.void(request_ref(asked), reason="不再申请", by=walk.by("school_clerk"))
    assert walk.line(*BOOKS).requested_fen == 0


def test_many_are_reviewed_at_once_and_each_refusal_is_told(walk, asked):
    others = [walk.asked(row(walk.ref(*BOOKS), "1.00")) for _ in range(3)]
    mine = walk.asked(row(walk.ref(*OFFICE), "1.00"), unit="civil", code="211400-MZJ")
    walk.passed(others[0], UNIT)
    refs = [request_ref(each) for each in (asked, *others, mine)]
    done = requests.review_many([*refs, refs[0], "SQ没有"], step=UNIT, by=walk.by("school_leader"))
    assert done.count == 3
    assert {ref: refusal.code for ref, refusal in done.refused.items()} == {
        request_ref(others[0]): "stage",
        request_ref(mine): "absent",
        "SQ没有": "ref_shape",
    }
    with refused("stage", request_ref(asked)):
        requests.review(refs[:2], step=UNIT, by=walk.by("school_leader"))
    with pytest.raises(Absent):
        requests.review([*refs[:1], request_ref(mine)], step=UNIT, by=walk.by("school_leader"))
    assert requests.review([request_ref(mine)], step=UNIT, by=SYSTEM) == 1


def test_a_batch_costs_the_same_statements_for_one_and_for_many(walk):
    made = [walk.asked(row(walk.ref(*BOOKS), "1.00")) for _ in range(26)]
    counts = []
    for batch in (made[:1], made[1:]):
        with CaptureQueriesContext(connection) as queries:
            requests.review([request_ref(each) for each in batch], step=UNIT, by=walk.by("school_leader"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11
    counts = []
    for batch in (made[:1], made[1:]):
        with CaptureQueriesContext(connection) as queries:
            requests.review(
                [request_ref(each) for each in batch], step=SECTION, decision=RETURN, reason="错",
                by=walk.by("finance_budget"),
            )  # fmt: skip
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 13


def test_the_totals_of_the_pipe_follow(walk, asked):
    from minxin.disclosures.actions import flow

    walk.passed(asked)
    back = walk.asked(row(walk.ref(*BOOKS), "9.00"))
    requests.review([request_ref(back)], step=UNIT, decision=RETURN, reason="错", by=walk.by("school_head"))
    flow.fold()
    totals = {row["measure"]: row["fen"] for row in Flow.objects.filter(grain=2, month=1).values("measure", "fen")}
    assert {key: fen for key, fen in totals.items() if fen} == {"requested": 15_000, "approved": 15_000}


OFFICERS = [f"{unit}_{role}" for unit in ("school", "civil") for role in ("clerk", "leader", "head")]
OFFICERS += ["finance_budget", "finance_cashier", "finance_clerk", "bank_banker"]
MAY = {UNIT: {"school_leader", "school_head"}, SECTION: {"finance_budget"}, CENTRE: {"finance_cashier"}}


@pytest.mark.parametrize("step", list(Step))
def test_each_review_is_its_desks(walk, step):
    asked = walk.asked(row(walk.ref(*BOOKS)))
    before = [s for s in Step if list(Step).index(s) < list(Step).index(step)]
    if before:
        walk.passed(asked, *before)
    for who in OFFICERS:
        if who in MAY[step]:
            with transaction.atomic():
                assert requests.review([request_ref(asked)], step=step, by=walk.by(who)) == 1
                transaction.set_rollback(True)
            continue
        with pytest.raises(Refused) as caught, transaction.atomic():
            requests.review([request_ref(asked)], step=step, by=walk.by(who))
        sees = who.startswith(("school", "finance"))
        assert caught.value.code == ("forbidden" if sees else "absent"), who


@pytest.mark.parametrize("act", ["resubmit", "void"])
def test_only_the_units_clerk_hands_in_again_or_gives_up(walk, asked, act):
    requests.review([request_ref(asked)], step=UNIT, decision=RETURN, reason="错", by=walk.by("school_head"))
    more = {"rows": [row(walk.ref(*BOOKS))]} if act == "resubmit" else {"reason": "不要了"}
    for who in OFFICERS:
        if who == "school_clerk":
            continue
        with pytest.raises(Refused) as caught, transaction.atomic():
            getattr(requests, act)(request_ref(asked), by=walk.by(who), **more)
        assert caught.value.code == ("forbidden" if who.startswith(("school", "finance")) else "absent"), who
    assert getattr(requests, act)(request_ref(asked), by=walk.by("school_clerk"), **more)


def test_a_request_of_the_past_year_can_still_be_reviewed(walk, asked):
    with clocks.at(datetime(2007, 1, 4, 9, tzinfo=clocks.ZONE)):
        walk.passed(asked)
    assert live(asked).first().approved_on.year == 2007
