"""Every change is one event of its own verb in the same transaction; a refused one is nothing; none costs much."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from minxin.cases.actions import centre, closing, following, outcome, signing, supervision, unit
from minxin.cases.models import Assignment, Case, Clock, Message, SlipRow, Text
from minxin.cases.rules import codes
from minxin.cases.tests.walk import ANSWER, CODES, filed, refused
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
SECRET = "只有当事人知道的话"
EDITOR, DISPATCHER, REVIEWER, SUPERVISOR = (
    "suizhong_editor", "suizhong_dispatcher", "suizhong_reviewer", "huludao_supervisor",
)  # fmt: skip
CLERK, HEAD, HELPER = "suizhong_finance_clerk", "suizhong_finance_head", "nanpiao_discipline_clerk"

new = filed
taken = lambda cast: filed(cast).accepted()  # noqa: E731
ready = lambda cast: filed(cast).prepared()  # noqa: E731
sent = lambda cast: filed(cast).dispatched(assisting=["nanpiao_discipline"])  # noqa: E731
working = lambda cast: sent(cast).signed()  # noqa: E731
alone = lambda cast: filed(cast).dispatched().signed()  # noqa: E731
drafted = lambda cast: alone(cast).drafted()  # noqa: E731
signing_stage = lambda cast: drafted(cast).submitted()  # noqa: E731
review = lambda cast: filed(cast).reviewing()  # noqa: E731
out = lambda cast: filed(cast).answered()  # noqa: E731
bad = lambda cast: out(cast).rated(1)  # noqa: E731
closed = lambda cast: out(cast).rated(3)  # noqa: E731


def returned(cast):
    walk = filed(cast).dispatched()
    unit.give_back(walk.ref, reason="not_ours", explanation="不是我局职责", by=walk.by(CLERK))
    return walk


def asking(cast):
    walk = alone(cast)
    unit.ask(walk.ref, question="请说明", by=walk.by(CLERK))
    return walk


def extending(cast):
    walk = alone(cast)
    unit.request_extension(walk.ref, days=3, reason="works", explanation="等材料", by=walk.by(CLERK))
    return walk


def disputed(cast):
    walk = returned(cast)
    centre.refer_dispute(walk.ref, reason="争议", by=walk.by(DISPATCHER))
    return walk


def slipped(cast):
    walk = alone(cast)
    supervision.slip(walk.ref, colour="blue", reason="慢", by=walk.by(SUPERVISOR))
    return walk


def public(cast):
    walk = out(cast)
    closing.publish(walk.ref, title="题", question="问", answer="答", by=walk.by(REVIEWER))
    return walk


def ruled(cast):
    walk = bad(cast)
    closing.rule_closing(walk.ref, ruling="并无不当", by=walk.by(REVIEWER))
    return walk


def starred(cast):
    walk = ruled(cast)
    closing.appeal_stars(walk.ref, reason="已沟通", by=walk.by(HEAD))
    return walk


def appealed(cast):
    walk = closed(cast)
    following.request_review(walk.ref, code=walk.code, reason="不服")
    return walk


def reviewed(cast):
    walk = appealed(cast)
    closing.decide_appeal(walk.ref, decision="explained", opinion="如下", by=walk.by("huludao_reviewer"))
    return walk


def down(cast):
    return (
        filed(cast)
        .dispatched("city_finance")
        .signed("city_finance")
        .passed_down("suizhong_finance", "city_finance_clerk")
    )


# verb -> (state, the office or None for the complainant, the call); SECRET is in every free text
ACTS = {
    "add": (new, None, lambda r, b: following.add(r, body=SECRET, **b)),
    "urge": (new, None, lambda r, b: following.urge(r, body=SECRET, **b)),
    "supply": (asking, None, lambda r, b: following.supply(r, body=SECRET, **b)),
    "withdraw": (new, None, lambda r, b: following.withdraw(r, reason=SECRET, **b)),
    "rate": (
        out,
        None,
        lambda r, b: following.rate(
            r, satisfaction=1, contacted=True, solved=False, reasons=["other"], comment=SECRET, **b
        ),
    ),
    "request_redo": (closed, None, lambda r, b: following.request_redo(r, reason=SECRET, **b)),
    "request_review": (closed, None, lambda r, b: following.request_review(r, reason=SECRET, **b)),
    "request_recheck": (reviewed, None, lambda r, b: following.request_recheck(r, reason=SECRET, **b)),
    "condense": (new, EDITOR, lambda r, b: centre.condense(r, title=SECRET, digest=SECRET, **b)),
    "classify": (new, EDITOR, lambda r, b: centre.classify(r, category="16", tags=[SECRET], **b)),
    "ask_supplement": (new, EDITOR, lambda r, b: centre.ask_supplement(r, question=SECRET, **b)),
    "accept": (new, EDITOR, lambda r, b: centre.accept(r, **b)),
    "decline": (new, EDITOR, lambda r, b: centre.decline(r, ground="secret", explanation=SECRET, **b)),
    "answer_directly": (
        new,
        EDITOR,
        lambda r, b: centre.answer_directly(r, answer=SECRET, resolution="answered", **b),
    ),
    "dispatch": (
        ready,
        DISPATCHER,
        lambda r, b: centre.dispatch(
            r, unit=CODES["suizhong_education"], instruction=SECRET, conflict_reason=SECRET, **b
        ),
    ),
    "call_in": (
        alone,
        DISPATCHER,
        lambda r, b: centre.call_in(
            r, unit=CODES["suizhong_education"], instruction=SECRET, conflict_reason=SECRET, **b
        ),
    ),
    "uphold_return": (returned, DISPATCHER, lambda r, b: centre.uphold_return(r, **b)),
    "overrule_return": (returned, DISPATCHER, lambda r, b: centre.overrule_return(r, reason=SECRET, **b)),
    "refer_dispute": (returned, DISPATCHER, lambda r, b: centre.refer_dispute(r, reason=SECRET, **b)),
    "arbitrate": (
        disputed,
        "huludao_arbitrator",
        lambda r, b: centre.arbitrate(r, unit=CODES["nanpiao_civil"], ruling=SECRET, **b),
    ),
    "sign_for": (sent, CLERK, lambda r, b: unit.sign_for(r, **b)),
    "give_back": (sent, CLERK, lambda r, b: unit.give_back(r, reason="not_ours", explanation=SECRET, **b)),
    "pass_down": (
        lambda cast: filed(cast).dispatched("city_finance").signed("city_finance"),
        "city_finance_clerk",
        lambda r, b: unit.pass_down(r, unit=CODES["suizhong_finance"], instruction=SECRET, **b),
    ),
    "take_back": (down, "city_finance_head", lambda r, b: unit.take_back(r, reason=SECRET, **b)),
    "record_contact": (
        alone,
        CLERK,
        lambda r, b: unit.record_contact(r, how="phone", reached=True, remark=SECRET, **b),
    ),
    "ask": (alone, CLERK, lambda r, b: unit.ask(r, question=SECRET, **b)),
    "resume": (asking, CLERK, lambda r, b: unit.resume(r, **b)),
    "request_extension": (
        alone,
        CLERK,
        lambda r, b: unit.request_extension(r, days=2, reason="works", explanation=SECRET, **b),
    ),
    "decide_extension": (
        extending,
        SUPERVISOR,
        lambda r, b: unit.decide_extension(r, granted=True, remark=SECRET, **b),
    ),
    "find": (alone, CLERK, lambda r, b: unit.find(r, finding="true", resolution="solved", **b)),
    "write_report": (alone, CLERK, lambda r, b: unit.write_report(r, body=SECRET, **b)),
    "write_answer": (alone, CLERK, lambda r, b: unit.write_answer(r, body=SECRET, **b)),
    "sign_assist": (working, HELPER, lambda r, b: unit.sign_assist(r, **b)),
    "opine": (working, HELPER, lambda r, b: unit.opine(r, opinion=SECRET, dissents=True, **b)),
    "submit": (drafted, CLERK, lambda r, b: signing.submit(r, **b)),
    "countersign": (
        signing_stage,
        "suizhong_finance_section",
        lambda r, b: signing.countersign(r, remark=SECRET, **b),
    ),
    "return_draft": (
        signing_stage,
        "suizhong_finance_section",
        lambda r, b: signing.return_draft(r, remark=SECRET, **b),
    ),
    "record_money": (
        alone,
        CLERK,
        lambda r, b: outcome.record_money(r, kind="refund", amount=Decimal(1), evidence=SECRET, **b),
    ),
    "record_measure": (
        alone,
        CLERK,
        lambda r, b: outcome.record_measure(
            r,
            subject="person",
            unit=CODES["suizhong_education"],
            measure="criticism",
            basis=SECRET,
            office=SECRET,
            **b,
        ),
    ),
    "record_rule_change": (alone, CLERK, lambda r, b: outcome.record_rule_change(r, what=SECRET, document=SECRET, **b)),
    "approve": (review, REVIEWER, lambda r, b: closing.approve(r, **b)),
    "send_back": (review, REVIEWER, lambda r, b: closing.send_back(r, remark=SECRET, **b)),
    "publish": (out, REVIEWER, lambda r, b: closing.publish(r, title=SECRET, question=SECRET, answer=SECRET, **b)),
    "unpublish": (public, REVIEWER, lambda r, b: closing.unpublish(r, reason=SECRET, **b)),
    "call_back": (
        out,
        "suizhong_visitor",
        lambda r, b: closing.call_back(r, reached=True, satisfaction=5, remark=SECRET, comment=SECRET, **b),
    ),
    "redo": (bad, REVIEWER, lambda r, b: closing.redo(r, instruction=SECRET, **b)),
    "rule_closing": (bad, REVIEWER, lambda r, b: closing.rule_closing(r, ruling=SECRET, **b)),
    "decide_appeal": (
        appealed,
        "huludao_reviewer",
        lambda r, b: closing.decide_appeal(r, decision="supported", opinion=SECRET, **b),
    ),
    "appeal_stars": (ruled, HEAD, lambda r, b: closing.appeal_stars(r, reason=SECRET, **b)),
    "decide_stars": (starred, SUPERVISOR, lambda r, b: closing.decide_stars(r, supported=True, opinion=SECRET, **b)),
    "remind": (alone, SUPERVISOR, lambda r, b: supervision.remind(r, reason=SECRET, **b)),
    "slip": (alone, SUPERVISOR, lambda r, b: supervision.slip(r, colour="red", reason=SECRET, **b)),
    "list_case": (alone, SUPERVISOR, lambda r, b: supervision.list_case(r, reason=SECRET, **b)),
    "escalate": (alone, SUPERVISOR, lambda r, b: supervision.escalate(r, reason=SECRET, **b)),
    "answer_slip": (
        slipped,
        CLERK,
        lambda r, b: supervision.answer_slip(r, slip=SlipRow.objects.latest("id").pk, answer=SECRET, **b),
    ),
}
MOST = {"decide_appeal": 26}  # statements; every other act takes 20 or fewer


def caller(walk, name):
    return {"code": walk.code} if name is None else {"by": walk.by(name)}


@pytest.mark.parametrize("verb", ACTS)
def test_an_act_is_one_event_of_its_own_verb_by_whoever_did_it_without_any_free_text(cast, verb):
    make, name, act = ACTS[verb]
    walk = make(cast)
    before = walk.case.seq
    with CaptureQueriesContext(
        connection,
    ) as queries:
        act(walk.ref, caller(walk, name))
    assert len(queries) <= MOST.get(verb, 20), [query["sql"][:120] for query in queries]
    events = ledger.history(walk.ref)
    assert [event.seq for event in events] == list(range(1, before + 2)), "one event more, no gap"
    assert walk.case.seq == before + 1
    event = events[-1]
    assert event.verb == verb
    assert (event.actor_kind, event.actor_label) == (
        ("citizen", "群众") if name is None else ("officer", walk.by(name).label)
    )
    assert event.unit_id == (None if name is None else walk.by(name).unit_id)
    assert SECRET not in str(event.facts)
    assert "某人" not in str(event.facts)
    assert all(len(value) <= 200 for value in event.facts.values() if isinstance(value, str))
    if {"from", "to"} <= set(event.facts):
        assert event.facts["to"] == walk.case.stage


def state(walk):
    key = walk.case.pk
    tables = (Case, Clock, Assignment, Text, Message, SlipRow)
    rows = [list(t.objects.filter(**{"pk" if t is Case else "case_id": key}).order_by("pk").values()) for t in tables]
    return rows, len(ledger.history(walk.ref))


@pytest.mark.parametrize("verb", [verb for verb, (_make, name, _act) in ACTS.items() if name])
def test_by_an_office_that_may_not_it_is_refused_and_writes_nothing(cast, verb):
    make, name, act = ACTS[verb]
    walk = make(cast)
    before = state(walk)
    with refused("forbidden"):
        act(walk.ref, {"by": walk.by("suizhong_editor" if name == "suizhong_visitor" else "suizhong_visitor")})
    assert state(walk) == before


@pytest.mark.parametrize("verb", ACTS)
def test_on_a_case_that_is_over_it_is_refused_and_writes_nothing(cast, verb):
    _make, name, act = ACTS[verb]
    walk = slipped(cast)
    following.withdraw(walk.ref, code=walk.code)
    before = state(walk)
    with pytest.raises(Refused):
        act(walk.ref, caller(walk, name))
    assert state(walk) == before


@pytest.mark.parametrize("verb", ["give_back", "find", "write_answer", "submit", "pass_down"])
def test_a_refusal_in_the_middle_of_an_act_leaves_no_trace(cast, verb):
    walk = sent(cast) if verb == "give_back" else alone(cast)
    before = state(walk)
    by = walk.by(CLERK)
    with pytest.raises(Refused):
        {
            "give_back": lambda: unit.give_back(walk.ref, reason="not_ours", explanation="长" * 600, by=by),
            "find": lambda: unit.find(walk.ref, finding="maybe", resolution="solved", by=by),
            "write_answer": lambda: unit.write_answer(walk.ref, body=" \u200b ", by=by),
            "submit": lambda: signing.submit(walk.ref, by=by),
            "pass_down": lambda: unit.pass_down(walk.ref, unit=CODES["gaotai_school"], by=by),
        }[verb]()
    assert state(walk) == before


@pytest.mark.parametrize("verb", ACTS)
def test_every_act_is_absent_for_those_who_may_not_see_the_case(cast, verb):
    _make, name, act = ACTS[verb]
    walk = filed(cast, kind=codes.Kind.REPORT, respondent="suizhong_finance")
    if verb == "answer_slip":
        SlipRow.objects.create(case=walk.case, slip="blue", reason="x", at=walk.case.filed_at, by_label="x")
    who = {"code": "WRONGONE"} if name is None else {"by": walk.by(name)}
    with refused("absent"):
        act(walk.ref, who)
    assert len(ledger.history(walk.ref)) == 1


def test_tags_are_cleaned_bounded_and_not_in_the_event(cast):
    walk = filed(cast)
    by = walk.by(EDITOR)
    with refused("too_long", field="tags"):
        centre.classify(walk.ref, category="16", tags=["长" * 21], by=by)
    centre.classify(walk.ref, category="16", tags=[" 收费 ", "收费", "", *map(str, range(20))], by=by)
    assert walk.case.tags[0] == "收费"
    assert len(walk.case.tags) == 8
    assert ledger.history(walk.ref)[-1].facts["tags"] == 8


def test_the_answer_is_the_text_that_was_approved(cast):
    walk = review(cast)
    closing.approve(walk.ref, by=walk.by(REVIEWER))
    event = ledger.history(walk.ref)[-1]
    assert Text.objects.get(pk=event.facts["text"]).body == ANSWER
