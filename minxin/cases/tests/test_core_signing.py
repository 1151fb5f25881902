"""The countersign chain: its steps by the unit's posts, sent back with remarks, the head where he must."""

import pytest

from minxin.cases.actions import signing, supervision
from minxin.cases.models import Signature
from minxin.cases.rules import signing as rules
from minxin.cases.rules.codes import Step
from minxin.cases.tests.walk import day, filed, refused
from minxin.directory.actions import appointments
from minxin.directory.rules import SYSTEM, Role
from minxin.kernel import clocks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
SECTION, LEADER, HEAD = Role.SECTION, Role.LEADER, Role.HEAD


@pytest.mark.parametrize(
    ("staffed", "head", "superior", "steps"),
    [
        ({SECTION, LEADER, HEAD}, False, False, ["section", "leader"]),
        ({SECTION, LEADER, HEAD}, True, False, ["section", "leader", "head"]),
        ({SECTION, LEADER, HEAD}, True, True, ["section", "leader", "head", "superior"]),
        ({LEADER}, False, False, ["leader"]),
        ({HEAD}, False, False, ["head"]),
        ({SECTION, HEAD}, False, True, ["section", "head", "superior"]),
        ({SECTION, LEADER}, True, False, []),
        ({SECTION}, False, False, []),
        (set(), False, True, []),
        ({Role.CLERK}, False, False, []),
    ],
)
def test_the_chain_follows_the_posts_and_never_ends_below_a_leader(staffed, head, superior, steps):
    assert rules.chain(staffed, head=head, superior=superior) == [Step(step) for step in steps]


@pytest.mark.parametrize("overdue", [False, True])
@pytest.mark.parametrize("redos", [0, 1])
@pytest.mark.parametrize("extensions", [0, 1, 2])
@pytest.mark.parametrize("conflict", [False, True])
def test_the_head_signs_what_is_late_redone_twice_extended_or_about_himself(overdue, redos, extensions, conflict):
    expected = overdue or redos > 0 or extensions == 2 or conflict
    assert rules.needs_head(overdue=overdue, redos=redos, extensions=extensions, conflict=conflict) is expected


def steps(walk):
    rows = Signature.objects.filter(case=walk.case, draft=draft(walk))
    return list(rows.order_by("order").values_list("step", "decision"))


def draft(walk):
    return Signature.objects.filter(case=walk.case).latest("draft").draft


def submitted(cast):
    return filed(cast).dispatched().signed().drafted().submitted()


def test_each_signs_in_turn_and_nobody_twice(cast):
    walk = submitted(cast)
    for name in ("suizhong_finance_leader", "suizhong_finance_head"):
        with refused("not_your_turn") as refusal:
            signing.countersign(walk.ref, by=walk.by(name))
        assert "科室" in refusal.value.sentence
    with refused("forbidden"):
        signing.countersign(walk.ref, by=walk.by("suizhong_finance_clerk"))
    signing.countersign(walk.ref, remark="可以", by=walk.by("suizhong_finance_section"))
    assert steps(walk) == [("section", "signed"), ("leader", "pending")]
    with refused("not_your_turn"):
        signing.countersign(walk.ref, by=walk.by("suizhong_finance_section"))
    signing.countersign(walk.ref, by=walk.by("suizhong_finance_leader"))
    assert (walk.case.stage, walk.work("suizhong_finance").state) == ("review", "reported")


def test_each_may_send_back_with_remarks_and_the_next_submission_begins_a_new_chain(cast):
    walk = submitted(cast)
    signing.countersign(walk.ref, by=walk.by("suizhong_finance_section"))
    with refused("invalid", field="remark"):
        signing.return_draft(walk.ref, remark=" ", by=walk.by("suizhong_finance_leader"))
    signing.return_draft(walk.ref, remark="请写明日期", by=walk.by("suizhong_finance_leader"))
    assert (walk.case.stage, walk.holder.state) == ("handling", "handling")
    assert steps(walk) == [("section", "signed"), ("leader", "sent_back")]
    walk.submitted()
    assert (draft(walk), steps(walk)) == (2, [("section", "pending"), ("leader", "pending")])
    assert walk.countersigned().case.stage == "review"


def test_sent_back_at_the_first_step_the_later_steps_are_cancelled(cast):
    walk = submitted(cast)
    signing.return_draft(walk.ref, remark="请写明日期", by=walk.by("suizhong_finance_section"))
    assert steps(walk) == [("section", "sent_back"), ("leader", "cancelled")]


def test_an_overdue_case_goes_to_the_head(cast):
    walk = filed(cast).dispatched().signed().drafted()
    with clocks.at(day(30)):
        walk.submitted()
    assert [step for step, _decision in steps(walk)] == ["section", "leader", "head"]


def test_an_escalated_case_goes_to_the_superior_as_well(cast):
    walk = filed(cast).dispatched().signed().drafted()
    supervision.escalate(walk.ref, reason="长期未决", by=walk.by("huludao_supervisor"))
    walk.submitted()
    last = Signature.objects.filter(case=walk.case).latest("order")
    assert (last.step, last.unit_id) == ("superior", cast.units["city_finance"].id)
    assert walk.countersigned().case.stage == "review"


def test_a_superior_does_not_countersign_its_own_work(cast):
    walk = filed(cast, respondent="suizhong_finance")
    walk.dispatched("city_finance", assisting=["suizhong_finance"], conflict_reason="须其提供账目")
    assert walk.case.superior_id == cast.units["city_finance"].id
    walk.signed("city_finance").drafted("city_finance")
    with clocks.at(day(16)):
        walk.submitted("city_finance")
    assert "superior" not in [step for step, _decision in steps(walk)]


def test_what_is_missing_is_asked_for_one_by_one(cast):
    from minxin.cases.actions import unit

    walk = filed(cast).dispatched().signed()
    clerk = walk.by("suizhong_finance_clerk")
    for code, act in (
        ("contacted", lambda: unit.record_contact(walk.ref, how="phone", reached=True, by=clerk)),
        ("found", lambda: unit.find(walk.ref, finding="true", resolution="solved", by=clerk)),
        ("reported", lambda: unit.write_report(walk.ref, body="报告", by=clerk)),
        ("answered", lambda: unit.write_answer(walk.ref, body="答复", by=clerk)),
    ):
        with refused(code):
            walk.submitted()
        act()
    assert walk.submitted().case.stage == "countersign"


def leave(cast, name):
    from minxin.directory.models import Appointment

    row = Appointment.objects.get(post_id=cast.posts[name])
    appointments.end_appointment(appointment=row.pk, on=day(0).date(), by=SYSTEM)


def test_a_unit_without_leader_and_head_cannot_let_an_answer_out_and_is_told_whom_to_ask(cast):
    walk = filed(cast).dispatched().signed().drafted()
    for role in ("leader", "head"):
        leave(cast, f"suizhong_finance_{role}")
    with clocks.at(day(1)), refused("no_signer") as refusal:
        walk.submitted()
    assert "系统管理员" in refusal.value.sentence
    assert walk.case.stage == "handling"


def test_a_superior_where_nobody_can_sign_is_named_in_the_refusal(cast):
    walk = filed(cast, respondent="suizhong_finance").dispatched(conflict_reason="当日可查").signed().drafted()
    for role in ("leader", "head"):
        leave(cast, f"city_finance_{role}")
    with clocks.at(day(1)), refused("no_signer") as refusal:
        walk.submitted()
    assert cast.units["city_finance"].name in refusal.value.sentence


def test_withdrawn_in_the_middle_of_the_chain_nothing_waits_for_a_signature(cast):
    from minxin.cases.actions import following

    walk = submitted(cast)
    following.withdraw(walk.ref, code=walk.code)
    assert not Signature.objects.filter(case=walk.case, decision="pending").exists()
