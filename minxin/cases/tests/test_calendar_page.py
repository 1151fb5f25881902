"""The calendar on the desk: read by everybody, changed by system administrators, followed by open deadlines at once."""

from datetime import date, datetime, timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from minxin.cases.actions import calendar as actions
from minxin.cases.models import Clock
from minxin.cases.reports import calendar
from minxin.cases.rules import calendar as rules
from minxin.cases.tests import desk_cast as cases
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 2, 9, tzinfo=clocks.ZONE)
DAY = {
    "region": "211421",
    "on": "2026-11-04",
    "kind": "holiday",
    "note": "县庆",
    "why": "县庆放假",
    "basis": "绥政发〔2026〕9号",
}
YEAR = {"region": "", "year": "2027", "settled": "on", "why": "通知已发布", "basis": "国办发明电〔2026〕7号",
        "table": "日期,安排,说明\n2027-10-01,放假,国庆节\n2027-10-09,上班,国庆节"}  # fmt: skip


def test_only_a_system_administrator_changes_days_and_only_within_his_region(cast):
    for name, officer in cast.officers.items():
        for region, keepers in {
            "": {"province_system_admin"},
            "210100": {"province_system_admin"},
            "211400": {"province_system_admin", "huludao_system_admin"},
            "211421": {"province_system_admin", "huludao_system_admin"},
        }.items():
            assert rules.may(officer, region) == (name in keepers), (name, region)


def test_everybody_on_the_desk_reads_the_year_and_others_find_no_form(cast, client):
    assert client.get("/desk/calendar/").status_code == 302
    for name in ("suizhong_education_clerk", "huludao_supervisor", "province_auditor"):
        browser = cases.signed_in(cast, name)
        page = browser.get("/desk/calendar/?year=2026&region=")
        assert page.status_code == 200
        assert "2026 年工作日日历" in page.text
        assert "通知已发布" in page.text
        assert 'name="why"' not in page.text
        assert browser.post("/desk/calendar/days/", DAY).status_code == 404
        with pytest.raises(Refused, match="系统管理员维护"):
            actions.set_day(date(2026, 11, 4), kind="holiday", note="", region="", why="x", by=cast.officers[name])


def test_a_year_shows_every_day_with_its_kind_and_word(cast):
    seen = calendar.year(2026, "")
    squares = [square for month in seen.months for week in month.weeks for square in week if square]
    assert [square.on for square in squares] == [date(2026, 1, 1) + timedelta(days=at) for at in range(365)]
    kinds = {square.on: (square.kind, square.word) for square in squares}
    assert kinds[date(2026, 10, 1)] == ("holiday", "休")
    assert kinds[date(2026, 10, 10)] == ("makeup", "班")
    assert kinds[date(2026, 11, 7)] == ("rest", "")
    assert kinds[date(2026, 11, 9)] == ("working", "")
    assert seen.working == 248, "as the notice of 2026 has it"
    assert ("holiday", "10月1日至10月7日 国庆节") in seen.months[9].departures
    assert seen.settled
    assert not calendar.year(2027, "").settled


def test_a_year_without_its_notice_is_said_to_be_provisional(cast):
    page = cases.signed_in(cast, "suizhong_education_clerk").get("/desk/calendar/?year=2027").text
    assert "暂定，通知还没有发布" in page


def test_a_new_holiday_is_followed_by_open_deadlines_with_both_values_on_record(cast):
    with clocks.at(MONDAY):
        ref = cases.filed()
        before = cases.case_of(ref).due_at
        waiting = ProcrastinateJob.objects.filter(task_name="cases.follow_calendar")
        assert not waiting.exists()
        answer = cases.signed_in(cast, "huludao_system_admin").post("/desk/calendar/days/", DAY)
        assert answer["Location"] == "/desk/calendar/?year=2026&region=211421"
        assert waiting.count() == 1, "deferred with the change itself"
        assert actions.follow_calendar() == 1
    clock = Clock.objects.get(case_id=cases.case_of(ref).pk, code="answer")
    assert (clock.first_due_at, clock.due_at) == (before, before + timedelta(days=1))
    event = ledger.history(ref)[-1]
    moved = event.facts["clocks"][0]
    assert event.verb == "recompute"
    assert [datetime.fromisoformat(moved[end]) for end in ("from", "to")] == [before, clock.due_at]
    assert [event.verb for event in ledger.history("calendar:211421")] == ["set_day"]
    change = kernel.changes("211421")[0]
    assert (change.by, change.why, change.basis) == (
        cast.officers["huludao_system_admin"].label, "县庆放假", "绥政发〔2026〕9号",
    )  # fmt: skip


def test_two_changes_in_a_row_are_both_followed_while_the_periodic_run_waits(cast):
    actions.follow_calendar.defer()
    browser = cases.signed_in(cast, "huludao_system_admin")
    for day in ("2026-11-04", "2026-11-05"):
        assert browser.post("/desk/calendar/days/", DAY | {"on": day}).status_code == 302
    assert ProcrastinateJob.objects.filter(task_name="cases.follow_calendar").count() == 3


def test_a_refused_change_leaves_neither_a_version_nor_a_job(cast):
    browser, before = cases.signed_in(cast, "huludao_system_admin"), kernel.changes("211421")
    for bad, field in (
        ({"on": ""}, "on"), ({"on": "2026-02-30"}, "on"), ({"on": "1889-01-01"}, None), ({"kind": "x"}, "kind"),
        ({"why": ""}, "why"), ({"why": "x" * 301}, "why"), ({"note": "长" * 41}, "note"), ({"region": ""}, None),
        ({"region": "210100"}, "region"), ({"region": "<script>"}, "region"),
    ):  # fmt: skip
        answer = browser.post("/desk/calendar/days/", DAY | bad)
        assert answer.status_code == 422, bad
        errors = answer.context["forms"]["days"].errors
        assert errors
        assert field is None or field in errors, (bad, errors)
        assert "<script>" not in answer.text
    assert kernel.changes("211421") == before
    assert not ProcrastinateJob.objects.filter(task_name="cases.follow_calendar").exists()


def test_a_years_notice_is_imported_and_settles_the_year(cast):
    with clocks.at(MONDAY):
        browser = cases.signed_in(cast, "province_system_admin")
        assert browser.post("/desk/calendar/years/", YEAR).status_code == 302
    page = browser.get("/desk/calendar/?year=2027&region=")
    assert page.context["file"].settled
    assert page.context["file"].notice.change.basis == "国办发明电〔2026〕7号"
    assert "国办发明电〔2026〕7号" in page.text
    assert kernel.calendar("").works(date(2027, 10, 9))


def test_a_file_saved_by_an_office_program_is_read(cast):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("2027.csv", YEAR["table"].encode("gb18030"))
    answer = cases.signed_in(cast, "province_system_admin").post(
        "/desk/calendar/years/", YEAR | {"table": "", "file": file}
    )
    assert answer.status_code == 302
    assert not kernel.calendar("").works(date(2027, 10, 1))


def test_every_wrong_row_of_an_import_is_told_and_nothing_is_imported(cast):
    table = "2027-10-01,放假,国庆节\n2027-13-01,放假,\n2027-05-01,也许,\n2026-05-01,放假,\n2027-10-01,上班,"
    browser, before = cases.signed_in(cast, "province_system_admin"), kernel.changes("")
    answer = browser.post("/desk/calendar/years/", YEAR | {"table": table})
    assert answer.status_code == 422
    told = answer.context["forms"]["years"].errors["table"]
    assert [line[:5].rstrip("：") for line in told] == ["第 2 行", "第 3 行", "第 4 行", "第 5 行"]
    assert "2027-10-01,放假,国庆节" in answer.text, "what was typed is kept"
    assert kernel.changes("") == before


@pytest.mark.parametrize(
    "bad",
    [{"table": ""}, {"table": "  \n "}, {"table": "日期,安排,说明"}, {"year": "1"}, {"year": "x"}, {"why": ""},
     {"table": "🙂" * 60_000}, {"table": "=HYPERLINK(1)"}, {"region": "999999"}],
)  # fmt: skip
def test_an_import_that_cannot_stand_is_refused(cast, bad):
    before = kernel.changes("")
    answer = cases.signed_in(cast, "province_system_admin").post("/desk/calendar/years/", YEAR | bad)
    assert answer.status_code == 422
    assert kernel.changes("") == before


def test_a_regions_own_days_never_settle_a_year(cast):
    browser = cases.signed_in(cast, "huludao_system_admin")
    assert browser.post("/desk/calendar/years/", YEAR | {"region": "211400"}).status_code == 302
    assert not calendar.year(2027, "211400").settled
    assert "settled" not in browser.get("/desk/calendar/").context["forms"]["years"].fields


@pytest.mark.parametrize("query", ["year=1", "year=x", "year=²", f"year={'9' * 400}", "region=999999", "region=<b>"])
def test_a_year_or_region_that_is_not_there_is_not_found(cast, query):
    assert cases.signed_in(cast, "suizhong_editor").get(f"/desk/calendar/?{query}").status_code == 404
