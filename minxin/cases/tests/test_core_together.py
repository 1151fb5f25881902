"""Several units on one case: a lead and those that assist, each with its clock and its opinion."""

import pytest

from minxin.cases.actions import centre, signing, unit, watching
from minxin.cases.models import SlipRow, Text
from minxin.cases.rules import codes
from minxin.cases.tests.walk import CODES, day, filed, refused
from minxin.kernel import clocks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HELPER = "nanpiao_discipline"


@pytest.fixture
def walk(cast):
    return filed(cast).dispatched(assisting=[HELPER]).signed()


def opine(walk, **facts):
    unit.opine(walk.ref, opinion="同意主办单位意见", by=walk.by(f"{HELPER}_clerk"), **facts)


def test_each_assisting_unit_has_its_own_sign_for_and_handling_clock(walk):
    for code in ("sign", "handle"):
        assert walk.clock(code, HELPER).stopped_at is None
    unit.sign_assist(walk.ref, by=walk.by(f"{HELPER}_clerk"))
    assert walk.clock("sign", HELPER).stopped_at
    assert walk.work(HELPER).signed_at
    opine(walk)
    assert walk.clock("handle", HELPER).stopped_at
    assert walk.clock("handle", "suizhong_finance").stopped_at is None, "the lead's clock is its own"


def test_an_assisting_unit_signs_once(walk):
    unit.sign_assist(walk.ref, by=walk.by(f"{HELPER}_clerk"))
    with refused("stage"):
        unit.sign_assist(walk.ref, by=walk.by(f"{HELPER}_head"))


def test_dissent_is_kept_with_its_words(walk):
    opine(walk, dissents=True)
    assert (walk.work(HELPER).state, walk.work(HELPER).dissents) == ("opined", True)
    assert Text.objects.get(case=walk.case, words=codes.Words.OPINION).unit_id == walk.cast.units[HELPER].id
    with refused("forbidden"):
        opine(walk)


def test_the_lead_waits_for_opinions(walk):
    walk.drafted()
    with refused("opinions_in"):
        walk.submitted()
    opine(walk)
    assert walk.submitted().case.stage == "countersign"


def test_after_their_due_date_the_lead_goes_on_without_them(walk):
    walk.drafted()
    with clocks.at(day(16)):
        assert walk.submitted().countersigned().case.stage == "review"
    assert walk.work(HELPER).state == "to_sign", "it may still say something until the answer is out"


def test_an_opinion_that_never_came_is_answered_over(walk):
    from minxin.cases.actions import closing

    walk.drafted()
    with clocks.at(day(16)):
        walk.submitted().countersigned()
        closing.approve(walk.ref, by=walk.by("suizhong_reviewer"))
        assert walk.work(HELPER).state == "cancelled"
        with refused("forbidden"):
            opine(walk)


def test_an_assisting_unit_is_never_due_after_the_answer(cast):
    walk = filed(cast).dispatched(assisting=[HELPER], days=60)
    assert walk.work(HELPER).due_at == walk.case.due_at


def test_a_late_assisting_unit_gets_the_red_slip_itself_and_the_case_is_not_lifted(cast):
    walk = filed(cast).dispatched(assisting=[HELPER], days=3).signed()
    unit.sign_assist(walk.ref, by=walk.by(f"{HELPER}_clerk"))
    walk.drafted()
    opined_late = walk.work(HELPER).due_at
    from minxin.cases.models import Clock

    Clock.objects.filter(case_id=walk.case.id, code="handle").exclude(assignment_id=walk.work(HELPER).pk).update(
        stopped_at=opined_late
    )
    with clocks.at(day(5)):
        watching.watch_clocks()
    assert walk.case.superior_id is None
    slip = SlipRow.objects.get(case=walk.case, slip=codes.Slip.RED)
    assert slip.unit_id == walk.cast.units[HELPER].id


def test_the_lead_and_a_stranger_cannot_speak_for_an_assisting_unit(walk):
    for name in ("suizhong_finance_clerk", "suizhong_dispatcher"):
        with refused("forbidden"):
            unit.opine(walk.ref, opinion="同意", by=walk.by(name))


def test_an_assisting_unit_does_not_write_the_answer(walk):
    with refused("forbidden"):
        unit.write_answer(walk.ref, body="答复", by=walk.by(f"{HELPER}_clerk"))
    with refused("forbidden"):
        signing.submit(walk.ref, by=walk.by(f"{HELPER}_head"))


def test_one_more_unit_is_called_in_while_it_is_handled_but_none_twice(walk):
    dispatcher = walk.by("suizhong_dispatcher")
    centre.call_in(walk.ref, unit=CODES["nanpiao_civil"], by=dispatcher)
    assert walk.work("nanpiao_civil").part == "assist"
    for key in ("nanpiao_civil", HELPER, "suizhong_finance"):
        with refused("invalid", field="assisting"):
            centre.call_in(walk.ref, unit=CODES[key], by=dispatcher)
