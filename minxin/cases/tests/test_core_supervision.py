"""Supervision: urging, slips and their answers, listing, escalation, and what each clock does when it runs out."""

from datetime import timedelta

import pytest

from minxin.cases.actions import closing, following, supervision, timing, unit, watching
from minxin.cases.models import Case, Clock, SlipRow
from minxin.cases.rules import codes, desk, overdue
from minxin.cases.rules.codes import ClockCode, Part, Slip
from minxin.cases.rules.overdue import Whose
from minxin.cases.tests.walk import CODES, START, day, filed, refused
from minxin.kernel import clocks
from minxin.ledger import reports as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
SUPERVISOR, CLERK = "huludao_supervisor", "suizhong_finance_clerk"


def handling(cast, **facts):
    return filed(cast).dispatched(**facts).signed()


def slips(walk):
    return list(SlipRow.objects.filter(case=walk.case).order_by("id").values_list("slip", "unit__code"))


# --- lamps


@pytest.mark.parametrize(
    ("stage", "left", "colour"),
    [
        ("handling", timedelta(hours=49), "green"),
        ("handling", timedelta(hours=48), "amber"),
        ("handling", timedelta(0), "amber"),
        ("handling", timedelta(seconds=-1), "red"),
        ("asking", timedelta(days=-1), "grey"),
        ("supplement", timedelta(days=9), "grey"),
        ("closed", timedelta(days=-9), "grey"),
    ],
)
def test_a_lamp_is_red_late_amber_within_two_days_grey_while_the_clock_stands(stage, left, colour):
    assert desk.lamp(stage=stage, due_at=START + left, now=START).colour == colour


# --- people supervise


def test_the_complainant_urges_once_a_day_and_the_unit_that_has_the_case_gets_it(cast):
    walk = handling(cast)
    following.urge(walk.ref, code=walk.code)
    with refused("urged_today"):
        following.urge(walk.ref, code=walk.code)
    with clocks.at(day(1)):
        following.urge(walk.ref, code=walk.code, body="请尽快")
    assert slips(walk) == [("urge", CODES["suizhong_finance"])] * 2


def test_before_it_is_sent_on_the_centre_is_urged(cast):
    walk = filed(cast)
    following.urge(walk.ref, code=walk.code)
    assert slips(walk) == [("urge", cast.units["suizhong"].code)]


@pytest.mark.parametrize("colour", ["blue", "yellow", "red"])
def test_a_slip_has_a_colour_and_a_reason_and_is_answered_by_its_unit_once(cast, colour):
    walk = handling(cast)
    supervision.slip(walk.ref, colour=colour, reason="进度慢", by=walk.by(SUPERVISOR))
    row = SlipRow.objects.get(case=walk.case)
    assert walk.case.supervision == colour
    with refused("forbidden"):
        supervision.answer_slip(walk.ref, slip=row.pk, answer="好", by=walk.by(SUPERVISOR))
    with refused("invalid", field="answer"):
        supervision.answer_slip(walk.ref, slip=row.pk, answer=" ", by=walk.by(CLERK))
    supervision.answer_slip(walk.ref, slip=row.pk, answer="已抓紧办理", by=walk.by(CLERK))
    with refused("invalid", field="slip"):
        supervision.answer_slip(walk.ref, slip=row.pk, answer="再答", by=walk.by(CLERK))


def test_a_slip_of_another_unit_or_another_case_cannot_be_answered(cast):
    walk, other = handling(cast, assisting=["nanpiao_discipline"]), handling(cast)
    for at in (walk, other):
        supervision.slip(at.ref, colour="blue", reason="进度慢", by=walk.by(SUPERVISOR))
    mine, foreign = (SlipRow.objects.get(case=at.case).pk for at in (walk, other))
    with refused("invalid", field="slip"):
        supervision.answer_slip(walk.ref, slip=foreign, answer="好", by=walk.by(CLERK))
    with refused("invalid", field="slip"):
        supervision.answer_slip(walk.ref, slip=mine, answer="好", by=walk.by("nanpiao_discipline_clerk"))


def test_the_heaviest_supervision_stands_on_the_case(cast):
    walk = handling(cast)
    by = walk.by(SUPERVISOR)
    for act, mark in (
        (lambda: supervision.remind(walk.ref, reason="请抓紧", by=by), "reminder"),
        (lambda: supervision.slip(walk.ref, colour="yellow", reason="慢", by=by), "yellow"),
        (lambda: supervision.slip(walk.ref, colour="blue", reason="慢", by=by), "yellow"),
        (lambda: supervision.list_case(walk.ref, reason="群众反映强烈", by=by), "listed"),
        (lambda: supervision.escalate(walk.ref, reason="长期未决", by=by), "escalated"),
    ):
        act()
        assert walk.case.supervision == mark
    assert walk.case.superior_id == cast.units["city_finance"].id


@pytest.mark.parametrize("act", [supervision.remind, supervision.list_case, supervision.escalate])
def test_supervision_gives_its_reason(cast, act):
    walk = handling(cast)
    with refused("invalid", field="reason"):
        act(walk.ref, reason=" ", by=walk.by(SUPERVISOR))
    assert walk.case.supervision == ""


def test_escalation_never_makes_the_accused_answer_for_the_case(cast):
    walk = filed(cast).dispatched("gaotai_school", conflict_reason="在校内可以查清")
    supervision.escalate(walk.ref, reason="长期未决", by=walk.by(SUPERVISOR))
    assert walk.case.superior_id == cast.units["huludao"].id


def test_the_top_has_nobody_above_to_be_lifted_to(cast):
    walk = filed(cast, region="210000", respondent=None)
    supervision.escalate(walk.ref, reason="长期未决", by=walk.by("province_supervisor"))
    assert (walk.case.supervision, walk.case.superior_id) == ("escalated", None)


# --- the engine


EXPECTED = {
    ClockCode.ACCEPT: (Slip.REMINDER, Whose.CENTRE, False),
    ClockCode.DISPATCH: (Slip.REMINDER, Whose.CENTRE, False),
    ClockCode.REVIEW: (Slip.REMINDER, Whose.CENTRE, False),
    ClockCode.BAD_MARK: (Slip.REMINDER, Whose.CENTRE, False),
    ClockCode.SIGN: (Slip.REMINDER, Whose.UNIT, False),
    ClockCode.CONTACT: (Slip.REMINDER, Whose.UNIT, False),
    ClockCode.HANDLE: (Slip.RED, Whose.UNIT, True),
    ClockCode.ANSWER: (Slip.RED, Whose.UNIT, True),
    ClockCode.APPEAL: (Slip.RED, Whose.JUDGE, False),
    ClockCode.RECHECK: (Slip.RED, Whose.JUDGE, False),
}


@pytest.mark.parametrize("code", ClockCode)
def test_what_every_clock_brings_about_is_one_row_of_a_table(code):
    found = overdue.breach(code, Part.LEAD)
    assert (found and (found.slip, found.whose, found.lifts)) == EXPECTED.get(code)
    assisting = overdue.breach(code, Part.ASSIST)
    assert assisting is None or not assisting.lifts


def run(moment):
    with clocks.at(moment):
        return watching.watch_clocks()


def test_an_unaccepted_and_an_unsent_case_remind_the_centre(cast):
    filed_only, accepted = filed(cast), filed(cast).accepted()
    run(day(3))
    for walk in (filed_only, accepted):
        assert slips(walk) == [("reminder", cast.units["suizhong"].code)]
        assert walk.case.superior_id is None


def test_a_unit_that_does_not_sign_is_reminded(cast):
    walk = filed(cast).dispatched()
    run(day(3))
    assert slips(walk) == [("reminder", CODES["suizhong_finance"])]


def test_a_review_that_takes_too_long_is_the_centres_and_not_the_units(cast):
    walk = filed(cast).reviewing()
    run(day(4))
    assert slips(walk) == [("reminder", cast.units["suizhong"].code)]


def test_a_bad_mark_that_nobody_looks_at_reminds_the_centre(cast):
    walk = filed(cast).answered().rated(1)
    run(day(9))
    assert slips(walk) == [("reminder", cast.units["suizhong"].code)]


def test_the_day_before_the_unit_gets_a_blue_slip_and_the_day_after_a_red_one_and_its_superior(cast):
    walk = handling(cast).drafted()
    run(day(13.8))
    assert [slip for slip, _unit in slips(walk)] == ["blue", "blue"], "for the answer and for its own limit"
    run(day(14.8))
    kinds = [slip for slip, _unit in slips(walk)]
    assert kinds.count("red") == 2
    assert walk.case.supervision == "escalated"
    assert walk.case.superior_id == cast.units["city_finance"].id
    assert walk.case.stars == 2, "late stars show while it is open"


def test_the_engine_may_run_twice_and_does_everything_once(cast):
    walk = handling(cast).drafted()
    assert run(day(14.8)) > 0
    before = (slips(walk), walk.case.seq)
    assert run(day(14.8)) == 0
    assert (slips(walk), walk.case.seq) == before


def test_what_does_not_fit_into_one_run_is_done_in_the_next(cast, monkeypatch):
    walks = [filed(cast) for _ in range(5)]
    monkeypatch.setattr(watching, "BATCH", 2)
    done = [run(day(3)) for _ in range(4)]
    assert done == [2, 2, 1, 0]
    assert all(walk.case.supervision == "reminder" for walk in walks)


def test_one_case_that_is_refused_does_not_hold_up_the_others(cast, monkeypatch):
    walks = [filed(cast) for _ in range(3)]
    whole = watching.breach

    def breach(case_id, clock_id):
        if case_id == walks[0].case.pk:
            raise watching.Refused("stage", "不行")
        whole(case_id, clock_id)

    monkeypatch.setattr(watching, "breach", breach)
    assert run(day(3)) == 3
    assert [walk.case.supervision for walk in walks] == ["", "reminder", "reminder"]


def test_an_extension_after_the_breach_starts_the_watch_anew(cast):
    walk = handling(cast).drafted()
    with clocks.at(day(14.5)):
        unit.request_extension(walk.ref, days=5, reason="works", explanation="等材料", by=walk.by(CLERK))
    run(day(14.8))
    with clocks.at(day(14.9)):
        unit.decide_extension(walk.ref, granted=True, by=walk.by(SUPERVISOR))
    assert walk.clock("answer").breached_at is None
    red = [slip for slip, _unit in slips(walk)].count("red")
    run(day(30))
    assert [slip for slip, _unit in slips(walk)].count("red") > red


def test_a_sealed_report_that_is_late_leaves_no_slip_anywhere(cast):
    walk = filed(cast, kind=codes.Kind.REPORT, respondent="suizhong_finance")
    run(day(120))
    assert not SlipRow.objects.exists()
    assert ledger.history(walk.ref)[-1].verb == "breach"
    assert walk.case.superior_id is None


def test_stars_of_open_late_cases_sink_with_the_days_and_closed_ones_are_left_alone(cast):
    late, done = handling(cast), filed(cast).answered().rated(5)
    with clocks.at(day(16)):
        assert timing.regrade(everything=False) == (1, 1)
        assert late.case.stars == 2
    with clocks.at(day(90)):
        timing.regrade(everything=False)
        assert late.case.stars == 0
        assert timing.regrade() == (2, 0)
    assert done.case.stars == 5


def test_merged_and_declined_cases_have_no_stars(cast):
    from minxin.cases.actions import centre

    master, member, declined = filed(cast), filed(cast), filed(cast)
    centre.merge(member.ref, master=master.ref, by=member.by("suizhong_editor"))
    centre.decline(declined.ref, ground="secret", explanation="请到专门渠道", by=member.by("suizhong_editor"))
    with clocks.at(day(60)):
        timing.regrade()
    assert list(Case.objects.filter(stars__isnull=False)) == [master.case]


def test_no_running_clock_is_left_on_a_case_that_is_over(cast):
    walk = filed(cast).answered().rated(1)
    closing.rule_closing(walk.ref, ruling="并无不当", by=walk.by("suizhong_reviewer"))
    assert not Clock.objects.filter(case_id=walk.case.id, stopped_at__isnull=True).exists()
