"""A changed calendar moves what is still open, keeps both values, and leaves the closed alone."""

from datetime import date, datetime, timedelta

import pytest

from minxin.cases.actions import calendar, centre, filing
from minxin.cases.models import Case, Clock
from minxin.cases.models.case import id_of
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Contact, Draft
from minxin.directory.rules import CITIZEN
from minxin.kernel import actions as kernel
from minxin.kernel import clocks
from minxin.kernel import reports as calendars
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 2, 9, tzinfo=clocks.ZONE)


def _file(region):
    contact = Contact("某人", "13800001234", "")
    draft = Draft(codes.Kind.ENQUIRY, "问一个政策", "想问一下补贴政策。", region, contact=contact)
    return filing.file(draft, key=region, by=CITIZEN).ref


def test_a_new_holiday_moves_open_cases_of_its_region_alone_and_both_values_stay(cast):
    with clocks.at(MONDAY):
        here, there, over = _file("211421"), _file("210102"), _file("211404")
        centre.decline(over, ground="no_request", explanation="请写明诉求", by=cast.officers["huludao_editor"])
        assert calendar.follow_calendar() == 0, "nothing has changed yet"
        before = {ref: Case.objects.get(pk=id_of(ref)).due_at for ref in (here, there, over)}
        kernel.set_day(
            date(2026, 11, 4),
            kind=clocks.DayKind.HOLIDAY,
            note="县庆",
            region="211421",
            by="系统管理员",
            why="县庆放假",
        )
        calendars.forget()
        assert calendar.follow_calendar() == 1
        assert calendar.follow_calendar() == 0, "a second run finds nothing to do"
    after = {ref: Case.objects.get(pk=id_of(ref)).due_at for ref in before}
    assert after[here] - before[here] == timedelta(days=1), "Monday's end becomes Tuesday's"
    assert (after[there], after[over]) == (before[there], before[over])
    clock = Clock.objects.get(case_id=id_of(here), code="answer")
    assert (clock.first_due_at, clock.due_at) == (before[here], after[here])
    event = ledger.history(here)[-1]
    assert event.verb == "recompute"
    moved = event.facts["clocks"][0]
    assert moved["code"] == "answer"
    assert [datetime.fromisoformat(moved[end]) for end in ("from", "to")] == [before[here], after[here]]


def test_limits_in_hours_need_no_calendar(cast):
    with clocks.at(MONDAY):
        ref = _file("211421")
        centre.accept(ref, by=cast.officers["huludao_editor"])
        centre.classify(ref, category="16", urgency="urgent", by=cast.officers["huludao_editor"])
        Clock.objects.filter(case_id=id_of(ref)).exclude(unit="hour").update(stopped_at=clocks.now())
        kernel.set_day(date(2026, 11, 4), kind=clocks.DayKind.HOLIDAY, note="县庆", by="系统管理员", why="县庆放假")
        calendars.forget()
        assert calendar.follow_calendar() == 0
