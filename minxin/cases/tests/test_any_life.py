"""Any sequence of moves, by anybody who may, at any time: what must never be false stays true."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from minxin.cases.actions import (
    centre,
    closing,
    filing,
    following,
    outcome,
    sealed,
    signing,
    supervision,
    unit,
    watching,
)
from minxin.cases.models import Assignment, Case, Clock, PublicCase, SlipRow, standing
from minxin.cases.models.case import id_of
from minxin.cases.rules import codes, moves
from minxin.cases.rules.filing import Contact, Draft
from minxin.directory.rules import CITIZEN, SYSTEM
from minxin.kernel import clocks
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
START = datetime(2026, 9, 28, 9, tzinfo=clocks.ZONE)
ANSWER = "您好，我局于9月29日与您联系并到现场核实，所反映的问题已经改正，多收的款项已退还给您。联系电话 0429-6123456。"
UNITS = ["211400-CZJ", "211421-CZJ", "211421-JYJ", "211421-GTZX", "211404-MZJ", "211404-JW"]


class Undone(Exception):
    """Rolls one example back."""


def plays(ref, code, pick):
    """verb -> a call with facts that have the right shape; which ones is the example's choice."""
    one = lambda *options: options[pick % len(options)]  # noqa: E731
    unit_code = UNITS[pick % len(UNITS)]
    return {
        "add": lambda by: following.add(ref, code=code, body="再补充一点情况"),
        "urge": lambda by: following.urge(ref, code=code),
        "supply": lambda by: following.supply(ref, code=code, body="这是您要的材料"),
        "withdraw": lambda by: following.withdraw(ref, code=code),
        "rate": lambda by: following.rate(
            ref, code=code, satisfaction=pick % 5 + 1, contacted=True, solved=pick % 2 == 0, reasons=["delay"]
        ),
        "request_redo": lambda by: following.request_redo(ref, code=code, reason="问题又出现了"),
        "request_review": lambda by: following.request_review(ref, code=code, reason="不服答复"),
        "request_recheck": lambda by: following.request_recheck(ref, code=code, reason="仍然不服"),
        "condense": lambda by: centre.condense(ref, title="反映收费问题", digest="反映某单位多收费用。", by=by),
        "classify": lambda by: centre.classify(ref, category="16", urgency=one(*codes.Urgency.values), by=by),
        "ask_supplement": lambda by: centre.ask_supplement(ref, question="请补充收据照片", by=by),
        "accept": lambda by: centre.accept(ref, by=by),
        "decline": lambda by: centre.decline(ref, ground="other_area", explanation="请向所在地反映", by=by),
        "answer_directly": lambda by: centre.answer_directly(ref, answer=ANSWER, resolution="answered", by=by),
        "merge": lambda by: centre.merge(ref, master=ref, by=by),
        "dispatch": lambda by: centre.dispatch(
            ref, unit=unit_code, assisting=one((), ("211404-JW",)), conflict_reason=one("", "情况紧急"), by=by
        ),
        "call_in": lambda by: centre.call_in(ref, unit=unit_code, by=by),
        "uphold_return": lambda by: centre.uphold_return(ref, by=by),
        "overrule_return": lambda by: centre.overrule_return(ref, reason="属于你单位职责", by=by),
        "refer_dispute": lambda by: centre.refer_dispute(ref, reason="两家都说不归自己管", by=by),
        "arbitrate": lambda by: centre.arbitrate(
            ref, unit=unit_code, ruling="由你单位主办", conflict_reason="裁定", by=by
        ),
        "sign_for": lambda by: unit.sign_for(ref, by=by),
        "give_back": lambda by: unit.give_back(ref, reason="not_ours", explanation="不是我局职责", by=by),
        "pass_down": lambda by: unit.pass_down(ref, unit=unit_code, by=by),
        "take_back": lambda by: unit.take_back(ref, reason="由我局自己办", by=by),
        "record_contact": lambda by: unit.record_contact(ref, how="phone", reached=True, by=by),
        "ask": lambda by: unit.ask(ref, question="请说明交费日期", by=by),
        "resume": lambda by: unit.resume(ref, by=by),
        "request_extension": lambda by: unit.request_extension(
            ref, days=pick % 5 + 1, reason="papers", explanation="等材料", by=by
        ),
        "decide_extension": lambda by: unit.decide_extension(ref, granted=pick % 2 == 0, by=by),
        "find": lambda by: unit.find(ref, finding="true", resolution="solved", by=by),
        "write_report": lambda by: unit.write_report(ref, body="查明情况如下", by=by),
        "write_answer": lambda by: unit.write_answer(ref, body=ANSWER, by=by),
        "record_money": lambda by: outcome.record_money(
            ref, kind="refund", amount=Decimal(pick + 1), evidence="收据", by=by
        ),
        "record_measure": lambda by: outcome.record_measure(
            ref, subject="unit", unit=unit_code, measure="circular", basis="通报一号", by=by
        ),
        "record_rule_change": lambda by: outcome.record_rule_change(ref, what="改了收费公示办法", by=by),
        "submit": lambda by: signing.submit(ref, by=by),
        "countersign": lambda by: signing.countersign(ref, by=by),
        "return_draft": lambda by: signing.return_draft(ref, remark="写清楚日期", by=by),
        "sign_assist": lambda by: unit.sign_assist(ref, by=by),
        "opine": lambda by: unit.opine(ref, opinion="同意主办单位意见", dissents=pick % 2 == 0, by=by),
        "approve": lambda by: closing.approve(ref, by=by),
        "send_back": lambda by: closing.send_back(ref, remark="没有答到点上", by=by),
        "publish": lambda by: closing.publish(ref, title="收费问题", question="反映收费。", answer="已经退费。", by=by),
        "unpublish": lambda by: closing.unpublish(ref, reason="反映人要求", by=by),
        "call_back": lambda by: closing.call_back(
            ref, reached=pick % 2 == 0, satisfaction=pick % 5 + 1, reasons=["delay"], by=by
        ),
        "close_unrated": lambda by: closing.close_unrated(ref, by=by),
        "redo": lambda by: closing.redo(ref, instruction="请重新核实", by=by),
        "rule_closing": lambda by: closing.rule_closing(ref, ruling="办理并无不当", by=by),
        "decide_appeal": lambda by: closing.decide_appeal(
            ref, decision=one("supported", "explained", "not_supported"), opinion="复查意见如下", by=by
        ),
        "appeal_stars": lambda by: closing.appeal_stars(ref, reason="已再次沟通", by=by),
        "decide_stars": lambda by: closing.decide_stars(ref, supported=pick % 2 == 0, opinion="裁定如下", by=by),
        "remind": lambda by: supervision.remind(ref, reason="请抓紧", by=by),
        "slip": lambda by: supervision.slip(ref, colour=one("blue", "yellow", "red"), reason="进度慢", by=by),
        "list_case": lambda by: supervision.list_case(ref, reason="群众反映强烈", by=by),
        "escalate": lambda by: supervision.escalate(ref, reason="长期未决", by=by),
        "answer_slip": lambda by: supervision.answer_slip(ref, slip=_a_slip(ref), answer="已在抓紧办理", by=by),
        "take_up": lambda by: sealed.take_up(ref, by=by),
        "name_officer": lambda by: sealed.name_officer(ref, post=pick, by=by),
        "breach": lambda by: watching.watch_clocks(),
        "fan_out": lambda by: None,
        "release": lambda by: None,
    }


def _a_slip(ref):
    return SlipRow.objects.filter(case_id=id_of(ref)).order_by("-id").values_list("id", flat=True).first() or 0


def test_every_verb_has_a_play():
    assert set(plays("", "", 0)) == set(moves.MOVES)


@settings(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["complaint", "report", "enquiry"]), anonymous=st.booleans())
def test_any_sequence_of_moves_keeps_the_invariants(cast, data, kind, anonymous):
    actors = [CITIZEN, CITIZEN, SYSTEM, *(cast.officers[name] for name in sorted(cast.officers))]
    try:
        with transaction.atomic():
            _live(cast, data, kind, anonymous, actors)
            raise Undone  # noqa: TRY301 - nothing of an example stays
    except Undone:
        pass


def _live(cast, data, kind, anonymous, actors):
    moment = START
    with clocks.at(moment):
        receipt = filing.file(_draft(cast, kind, anonymous), key=f"life {data.draw(st.integers())}", by=CITIZEN)
    played = []
    for _turn in range(data.draw(st.integers(5, 25))):
        moment += timedelta(minutes=data.draw(st.sampled_from([5, 60, 600, 1440, 4320, 20000])))
        with clocks.at(moment):
            played.append(_play(receipt, data, actors))
            _check_invariants(receipt.ref, played)


def _play(receipt, data, actors):
    case = Case.objects.get(pk=id_of(receipt.ref))
    needs = {need for move in moves.MOVES.values() if case.stage in move.to for need in move.needs}
    whole = standing.situation(case, SYSTEM, clocks.now(), needs=needs)  # the needs are the case's, whoever looks
    work = list(case.assignments.select_related("unit"))
    chances = [
        (actor, verb)
        for actor in actors
        for verb in moves.allowed(replace(whole, stands=standing.stands(case, actor, work)))
    ]
    if not chances:
        return "nothing"
    # verbs first, so that the many officers who may remind do not crowd out the one who must sign
    verb = data.draw(st.sampled_from(sorted({verb for _actor, verb in chances})))
    actor = data.draw(st.sampled_from([actor for actor, able in chances if able == verb]))
    if actor.kind == "officer":
        assert Case.objects.visible_to(actor).filter(pk=case.pk).exists(), (
            f"{actor.label} may {verb} what he may not see"
        )
    before = _state(case.pk)
    try:
        with transaction.atomic():
            plays(receipt.ref, receipt.code, data.draw(st.integers(0, 60)))[verb](actor)
    except Refused:
        assert _state(case.pk) == before, f"{verb} was refused and yet changed something"
    return f"{verb} by {actor.label}"


def _state(key):
    return (
        Case.objects.filter(pk=key).values().get(),
        list(Assignment.objects.filter(case_id=key).order_by("id").values()),
        list(Clock.objects.filter(case_id=key).order_by("id").values()),
    )


def _check_invariants(ref, played):
    case = Case.objects.get(pk=id_of(ref))
    events = ledger.history(ref)
    assert [event.seq for event in events] == list(range(1, case.seq + 1)), played
    changes = [(e.facts["from"], e.facts["to"]) for e in events if "from" in e.facts and "to" in e.facts]
    assert all(one[1] == other[0] for one, other in pairwise(changes)), "a stage was skipped"
    assert (changes[-1][1] if changes else "filed") == case.stage
    work = list(Assignment.objects.filter(case=case))
    active = [row for row in work if row.part == "lead" and row.state in codes.OPEN_WORK - {codes.Work.PASSED_DOWN}]
    if case.stage in moves.AT_UNIT and case.lane != codes.Lane.SEALED:
        assert [row.id for row in active] == [case.holder_id], played
    if case.over:
        assert case.closed_at
        assert not active, played
        assert not Clock.objects.filter(case_id=case.id, stopped_at__isnull=True).exists(), played
    if case.stage in {codes.Stage.ASKING}:
        assert any(
            clock.paused for clock in Clock.objects.filter(case_id=case.id, code="answer", stopped_at__isnull=True)
        )
    page = PublicCase.objects.filter(pk=case.id).exists()
    assert page == (case.published_at is not None)
    assert not page or (case.lane == codes.Lane.OPEN and case.consents)
    answer = Clock.objects.filter(case_id=case.id, code="answer").order_by("-id").first()
    assert case.due_at == answer.due_at, played


def _draft(cast, kind, anonymous):
    return Draft(
        kind=codes.Kind(kind),
        title="多收费用",
        text="窗口多收了我的费用，请查一查。",
        region="211421",
        respondent_id=cast.units["suizhong_education"].id,
        contact=Contact() if anonymous else Contact("某人", "13800001234", ""),
        anonymous=anonymous,
        consents=True,
    )
