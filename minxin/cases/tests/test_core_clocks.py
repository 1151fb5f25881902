"""The clocks of a case: pauses and their cap, extensions, urgency, calendars, and what runs when."""

from datetime import date, timedelta

import pytest

from minxin.cases.actions import centre, following, signing, timing, unit, watching
from minxin.cases.models import Clock, Extension, Message
from minxin.cases.reports import track
from minxin.cases.rules import codes
from minxin.cases.tests.walk import START, day, filed, refused
from minxin.kernel import actions as kernel
from minxin.kernel import clocks
from minxin.kernel import reports as calendars
from minxin.kernel.clocks import DayKind
from minxin.ledger import reports as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
CLERK, HEAD, SUPERVISOR = "suizhong_finance_clerk", "suizhong_finance_head", "huludao_supervisor"
DUE = day(15).replace(hour=0)  # ten working days after Monday 2 March: the end of Monday 16 March


def handling(cast, **facts):
    return filed(cast).dispatched(**facts).signed()


def ask(walk):
    unit.ask(walk.ref, question="请说明交费日期", by=walk.by(CLERK))


def supply(walk):
    following.supply(walk.ref, code=walk.code, body="三月一日交的费")


# --- contact


def test_the_first_contact_is_due_a_working_day_after_signing_and_recorded_once(cast):
    walk = handling(cast)
    assert walk.clock("contact").due_at == day(2).replace(hour=0)
    unit.record_contact(walk.ref, how="phone", reached=False, by=walk.by(CLERK))
    first = walk.case.contacted_at
    with clocks.at(day(1)):
        unit.record_contact(walk.ref, how="visit", reached=True, by=walk.by(CLERK))
    assert (walk.case.contacted_at, walk.case.contacts.count()) == (first, 2)
    assert walk.clock("contact").stopped_at == first


def test_nobody_has_to_contact_the_anonymous(cast):
    walk = filed(cast, anonymous=True).dispatched().signed()
    assert not Clock.objects.filter(case_id=walk.case.id, code="contact").exists()


# --- waiting for the complainant


def test_asking_pauses_the_answer_and_the_units_clock_and_answering_starts_them_again(cast):
    walk = handling(cast)
    with clocks.at(day(1)):
        ask(walk)
        assert (walk.case.stage, walk.clock("answer").paused, walk.clock("handle").paused) == ("asking", True, True)
        assert not walk.clock("sign").paused
    with clocks.at(day(5)):
        supply(walk)
    assert (walk.case.stage, walk.case.paused_days) == ("handling", 4)
    # Tuesday to Saturday: Wednesday, Thursday, Friday did not count
    assert walk.case.due_at == walk.clock("answer").due_at == DUE + timedelta(days=3)
    assert walk.clock("supplement").stopped_at


def test_the_cap_is_shown_to_the_complainant(cast):
    walk = handling(cast)
    ask(walk)
    due = next(due for due in track.dues(walk.case) if due.code == codes.ClockCode.SUPPLEMENT)
    assert due.explanation.due_at == day(15).replace(hour=0) + timedelta(0) or due.due_at >= day(15).replace(hour=0)
    assert "十五日" in due.basis


def test_nothing_is_late_while_somebody_is_waited_for(cast):
    walk = handling(cast)
    with clocks.at(day(10)):
        ask(walk)
    with clocks.at(day(20)):
        watching.watch_clocks()
        assert not walk.case.slips.filter(slip__in=["red", "escalated"]).exists()
        assert walk.case.due_at > clocks.now()
        assert timing.regrade()[1] == 0
        assert walk.case.stars is None


def test_the_engine_goes_on_when_the_cap_has_run_out_however_late_it_looks(cast):
    walk = handling(cast)
    ask(walk)
    with clocks.at(day(40)):
        watching.watch_clocks()
    assert (walk.case.stage, walk.case.paused_days) == ("handling", 15)
    answer = walk.clock("answer")
    # ten working days were left on 2 March, the wait ended on 17 March
    assert answer.due_at == clocks.due(day(15), clocks.Limit(10, clocks.Unit.WORKING_DAY), calendars.calendar("211421"))


def test_several_waits_share_one_cap(cast):
    walk = handling(cast)
    for begin, end in ((0, 6), (7, 13)):
        with clocks.at(day(begin)):
            ask(walk)
        with clocks.at(day(end)):
            supply(walk)
    assert walk.case.paused_days == 12
    with clocks.at(day(14)):
        ask(walk)
        assert walk.clock("supplement").amount == 3
    with clocks.at(day(30)):
        watching.watch_clocks()
        assert (walk.case.stage, walk.case.paused_days) == ("handling", 15)
        with refused("pause_left"):
            ask(walk)


def test_the_unit_may_go_on_without_an_answer_and_so_may_the_centre(cast):
    for name in (CLERK, "suizhong_editor"):
        walk = handling(cast)
        ask(walk)
        with clocks.at(day(3)):
            unit.resume(walk.ref, by=walk.by(name))
        assert (walk.case.stage, walk.case.paused_days) == ("handling", 3)


def test_what_is_missing_may_be_asked_before_the_case_is_accepted(cast):
    walk = filed(cast)
    centre.ask_supplement(walk.ref, question="请补充收据", by=walk.by("suizhong_editor"))
    assert (walk.case.stage, walk.clock("answer").paused) == ("supplement", True)
    with clocks.at(day(4)):
        supply(walk)
    assert (walk.case.stage, walk.case.paused_days) == ("filed", 4)


def test_a_supplement_that_never_came_brings_the_case_back_to_the_editor_by_itself(cast):
    walk = filed(cast)
    centre.ask_supplement(walk.ref, question="请补充收据", by=walk.by("suizhong_editor"))
    with clocks.at(day(25)):
        watching.watch_clocks()
    assert (walk.case.stage, walk.case.paused_days, walk.clock("answer").paused) == ("filed", 15, False)


def test_withdrawn_while_waiting_no_clock_stands_open(cast):
    walk = handling(cast)
    ask(walk)
    with clocks.at(day(2)):
        following.withdraw(walk.ref, code=walk.code)
    assert not Clock.objects.filter(case_id=walk.case.id, stopped_at__isnull=True).exists()
    assert not walk.clock("answer").paused


# --- extensions


def ask_more(walk, name=CLERK, days=5):
    unit.request_extension(walk.ref, days=days, reason="expertise", explanation="需要鉴定", by=walk.by(name))


def decide(walk, granted=True, name=SUPERVISOR):
    unit.decide_extension(walk.ref, granted=granted, by=walk.by(name))


def test_a_granted_extension_moves_the_dates_and_the_complainant_is_told_why_and_when(cast):
    walk = handling(cast)
    ask_more(walk)
    decide(walk)
    assert (walk.case.extensions, walk.case.due_at) == (1, DUE + timedelta(days=7))
    assert walk.work("suizhong_finance").due_at == walk.case.due_at
    told = Message.objects.get(case=walk.case, note=codes.Note.EXTENDED).body
    assert "需要鉴定检测" in told
    assert "2026年3月23日" in told
    explained = track.explain(walk.clock("answer")).explanation
    assert explained.due_at == walk.case.due_at
    assert sum("延期" in step.why for step in explained.steps) == 5


def test_a_refused_extension_changes_no_date(cast):
    walk = handling(cast)
    ask_more(walk)
    decide(walk, granted=False)
    assert (walk.case.extensions, walk.case.due_at) == (0, DUE)
    assert not Message.objects.filter(case=walk.case, note=codes.Note.EXTENDED).exists()


def test_an_extension_is_asked_before_it_is_due_one_at_a_time_and_within_its_cap(cast):
    walk = handling(cast)
    for days in (0, 6):
        with refused("invalid", field="days"):
            ask_more(walk, days=days)
    with refused("invalid", field="reason"):
        unit.request_extension(walk.ref, days=1, reason="tired", explanation="x", by=walk.by(CLERK))
    ask_more(walk)
    with refused("no_open_extension"):
        ask_more(walk)
    decide(walk, granted=False)
    with clocks.at(DUE + timedelta(minutes=1)), refused("not_overdue"):
        ask_more(walk)


def test_the_second_is_asked_by_the_head_in_person_and_there_is_no_third(cast):
    walk = handling(cast)
    ask_more(walk)
    decide(walk)
    with refused("head_only"):
        ask_more(walk)
    ask_more(walk, HEAD)
    decide(walk)
    assert walk.case.extensions == 2
    with refused("extensions_left"):
        ask_more(walk, HEAD)


def test_nobody_grants_his_own_units_request_whatever_else_he_is(cast):
    from minxin.directory.rules import Officer

    walk = handling(cast)
    ask_more(walk)
    for name in (CLERK, HEAD, "suizhong_reviewer"):
        with refused("forbidden"):
            decide(walk, name=name)
    both = Officer(None, "两处任职", (*walk.by(SUPERVISOR).duties, *walk.by(CLERK).duties))
    with refused("own_request"):
        unit.decide_extension(walk.ref, granted=True, by=both)


def test_a_unit_above_gives_its_own_unit_more_time_within_its_own_and_the_answer_stays_due(cast):
    walk = filed(cast).dispatched("city_finance").signed("city_finance")
    walk.passed_down("suizhong_finance", "city_finance_clerk", days=4).signed()
    before = walk.work("suizhong_finance").due_at
    ask_more(walk, days=3)
    decide(walk, name="city_finance_leader")
    assert walk.work("suizhong_finance").due_at > before
    assert (walk.case.due_at, walk.case.extensions) == (DUE, 0)
    assert not Message.objects.filter(case=walk.case, note=codes.Note.EXTENDED).exists()


def test_a_unit_above_cannot_give_what_it_does_not_have_but_the_centre_can(cast):
    walk = filed(cast).dispatched("city_finance").signed("city_finance")
    walk.passed_down("suizhong_finance", "city_finance_clerk").signed()
    ask_more(walk)
    with refused("no_room"):
        decide(walk, name="city_finance_leader")
    assert Extension.objects.get(case=walk.case).decision == "pending"
    decide(walk)
    assert walk.work("suizhong_finance").due_at == walk.work("city_finance").due_at == DUE + timedelta(days=7)


def test_a_request_that_was_not_decided_in_time_is_moot_when_the_answer_goes_up(cast):
    walk = handling(cast)
    ask_more(walk)
    walk.drafted().submitted().countersigned()
    assert Extension.objects.get(case=walk.case).decision == "cancelled"


# --- urgency, dispatch limits, calendars


@pytest.mark.parametrize(
    ("urgency", "due"),
    [
        ("critical", START + timedelta(hours=2)),
        ("urgent", START + timedelta(hours=24)),
        ("normal", DUE),
        ("complex", DUE + timedelta(days=7)),
    ],
)
def test_the_answer_is_due_anew_by_urgency_counted_from_the_filing(cast, urgency, due):
    walk = filed(cast)
    with clocks.at(START + timedelta(hours=1)):
        centre.classify(walk.ref, category="16", urgency=urgency, by=walk.by("suizhong_editor"))
    assert walk.case.due_at == walk.clock("answer").due_at == due
    assert walk.clock("answer").started_at == START


def test_a_unit_is_never_due_after_the_answer_that_was_promised(cast):
    assert filed(cast).dispatched(days=60).holder.due_at == DUE
    assert filed(cast).dispatched(days=3).holder.due_at == day(4).replace(hour=0)


def test_a_unit_that_gets_a_late_case_has_the_whole_limit_of_its_own(cast):
    walk = filed(cast).prepared()
    with clocks.at(day(30)):
        walk.dispatched()
        assert walk.holder.due_at > clocks.now()


def test_a_changed_calendar_moves_open_clocks_and_keeps_both_dates_on_record(cast):
    walk = handling(cast)
    before = walk.case.due_at
    kernel.set_day(date(2026, 3, 10), kind=DayKind.HOLIDAY, note="暴雪停工", region="211421", by="test", why="通知")
    calendars.forget()
    assert timing.recompute() >= 2
    clock = walk.clock("answer")
    assert walk.case.due_at == clock.due_at == before + timedelta(days=1)
    assert clock.first_due_at == before
    assert walk.work("suizhong_finance").due_at == walk.case.due_at
    facts = ledger.history(walk.ref)[-1]
    assert facts.verb == "recompute"
    moved = {row["code"]: (row["from"], row["to"]) for row in facts.facts["clocks"]}
    assert moved["answer"] == (before.isoformat(), walk.case.due_at.isoformat()) or len(moved) >= 2
    assert timing.recompute() == 0, "a second run finds nothing to do"


def test_a_holiday_of_one_county_moves_no_clock_of_another(cast):
    here = filed(cast)
    kernel.set_day(date(2026, 3, 10), kind=DayKind.HOLIDAY, note="停工", region="211422", by="test", why="通知")
    calendars.forget()
    timing.recompute()
    assert here.case.due_at == DUE


def test_every_leg_of_the_way_has_its_clock(cast):
    walk = filed(cast)
    running = lambda: set(  # noqa: E731
        Clock.objects.filter(case_id=walk.case.id, stopped_at__isnull=True).values_list("code", flat=True)
    )
    assert running() == {"accept", "answer"}
    walk.prepared()
    assert running() == {"dispatch", "answer"}
    walk.dispatched()
    assert running() == {"sign", "handle", "answer"}
    walk.signed()
    assert running() == {"contact", "handle", "answer"}
    walk.drafted()
    assert running() == {"handle", "answer"}
    walk.submitted().countersigned()
    assert running() == {"review", "answer"}
    from minxin.cases.actions import closing

    closing.approve(walk.ref, by=walk.by("suizhong_reviewer"))
    assert running() == {"call_back"}
    walk.rated(1)
    assert running() == {"bad_mark"}
    closing.rule_closing(walk.ref, ruling="办理并无不当", by=walk.by("suizhong_reviewer"))
    assert running() == set()


def test_sent_back_by_the_centre_the_unit_has_a_handling_clock_again(cast):
    from minxin.cases.actions import closing

    walk = filed(cast).reviewing()
    with clocks.at(day(1)):
        closing.send_back(walk.ref, remark="没有答到点上", by=walk.by("suizhong_reviewer"))
    assert walk.clock("handle").stopped_at is None
    assert walk.clock("handle").due_at == walk.holder.due_at == walk.case.due_at
    assert walk.clock("review").stopped_at
    signing.submit(walk.ref, by=walk.by(CLERK))
    assert walk.holder.signatures.order_by("-draft").first().draft == 2
