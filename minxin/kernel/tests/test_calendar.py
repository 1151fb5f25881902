from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from minxin.kernel import actions, clocks, reports
from minxin.kernel.clocks import DayKind
from minxin.kernel.errors import Refused
from minxin.kernel.management.commands import seed_calendar
from minxin.kernel.models import CalendarDay, CalendarVersion

pytestmark = pytest.mark.django_db
WHO = {"by": "系统管理员", "why": "收到通知"}


@pytest.fixture(autouse=True)
def _fresh():
    reports.forget()
    yield
    reports.forget()


def days_of(year, text):
    """Days written as in the standard's table: 01-28…31, 02-03."""
    found, month = set(), "01"
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("…")
        month, day = first.split("-") if "-" in first else (month, first)
        found |= {date(year, int(month), n) for n in range(int(day), int(last or day) + 1)}
    return found


@pytest.mark.parametrize(
    ("year", "weekdays_off", "weekend_work", "total"),
    [
        (2025, "01-01, 01-28…31, 02-03, 02-04, 04-04, 05-01, 02, 05, 06-02, 10-01…03, 06…08",
         "01-26, 02-08, 04-27, 09-28, 10-11", 248),
        (2026, "01-01, 02, 02-16…20, 23, 04-06, 05-01, 04, 05, 06-19, 09-25, 10-01, 02, 05…07",
         "01-04, 02-14, 02-28, 05-09, 09-20, 10-10", 248),
    ],
)  # fmt: skip
def test_the_seeded_years_are_those_of_the_official_notices(year, weekdays_off, weekend_work, total):
    calendar = reports.calendar()
    every = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert {day for day in every if day.weekday() < 5 and not calendar.works(day)} == days_of(year, weekdays_off)
    assert {day for day in every if day.weekday() > 4 and calendar.works(day)} == days_of(year, weekend_work)
    assert calendar.working_days(date(year - 1, 12, 31), date(year, 12, 31)) == total
    assert calendar.knows(year)


def test_the_estimated_year_is_not_passed_off_as_known():
    calendar = reports.calendar()
    assert [year for year in range(2003, 2029) if not calendar.knows(year)] == [2003, 2027, 2028]
    off = {day for day in calendar.days if day.year == 2027 and day.weekday() < 5}
    assert off == days_of(2027, "01-01, 02-05, 02-08…10, 04-05, 05-03, 04, 06-09, 09-15, 10-01, 04, 05")


def test_the_spring_of_2007_is_the_story_s():
    calendar = reports.calendar()
    assert calendar.works(date(2006, 12, 31))
    assert not calendar.works(date(2007, 2, 23))
    with clocks.at(clocks.datetime(2007, 3, 7, 9, tzinfo=clocks.ZONE)):
        due = clocks.due(clocks.now(), clocks.Limit(10, clocks.Unit.WORKING_DAY), calendar)
    assert due == clocks.datetime(2007, 3, 22, tzinfo=clocks.ZONE)


def test_the_seed_files_are_what_the_package_says():
    stored = [(int(r["year"]), r["on"], r["kind"], r["note"]) for r in actions._seed("calendar.csv")]
    made = [(year, str(on), kind, note) for year, on, kind, note in sorted(seed_calendar.rows(range(2004, 2027)))]
    assert [row for row in stored if row[0] < 2027] == made


def test_a_day_set_by_hand_makes_a_new_version_and_the_old_one_can_still_be_asked():
    before = reports.calendar()
    on = date(2026, 11, 25)
    version = actions.set_day(on, kind=DayKind.HOLIDAY, note="暴雪停工", basis="市政府通知", **WHO)
    after = reports.calendar()
    assert (before.works(on), after.works(on)) == (True, False)
    assert after.version == version.pk > before.version
    assert reports.calendar_at("", before.version).works(on)
    newest = reports.changes()[0]
    assert (newest.version, newest.by, newest.why, newest.basis, newest.days) == (
        version.pk, "系统管理员", "收到通知", "市政府通知", 1)  # fmt: skip
    actions.set_day(on, kind=DayKind.ORDINARY, note="", **WHO)
    assert reports.calendar().works(on)


def test_a_region_overrules_the_nation_and_its_province_for_itself_only():
    on = date(2026, 8, 3)
    actions.set_day(on, kind=DayKind.HOLIDAY, note="建县纪念日", region="210000", **WHO)
    actions.set_day(on, kind=DayKind.ORDINARY, note="", region="211421", **WHO)
    works = {
        code: reports.calendar(code).works(on) for code in ("", "110000", "210000", "211400", "211421", "211421113")
    }
    assert works == {"": True, "110000": True, "210000": False, "211400": False, "211421": True, "211421113": True}
    assert reports.calendar("110101") is reports.calendar()


def test_importing_a_year_settles_it_and_takes_back_the_estimate():
    table = "日期,安排,说明\n2027-01-01,放假,元旦\n2026-12-27,上班,元旦\n2027年2月6日,放假,春节\n2027/2/14,班,春节\n"
    version = actions.import_year(2027, table, basis="国办通知", **WHO)
    calendar = reports.calendar()
    assert version.settles == 2027
    assert calendar.knows(2027)
    assert calendar.works(date(2026, 12, 27))
    assert calendar.works(date(2027, 2, 14))
    assert calendar.works(date(2027, 10, 1))  # estimated, but not in the notice
    actions.import_year(2026, "2026-01-01,放假,元旦", **WHO)
    assert reports.calendar().works(date(2026, 12, 27)), "the next year's notice keeps its December"


def test_a_wrong_table_is_refused_row_by_row_and_changes_nothing():
    table = "on,kind,note\n2027-13-01,放假,x\n2027-05-01,假,x\n2028-05-01,放假,x\n2027-05-02,放假\n2027-05-02,放假\n"
    count = CalendarVersion.objects.count()
    with pytest.raises(Refused) as refusal:
        actions.import_year(2027, table, **WHO)
    for row in (2, 3, 4, 6):
        assert f"第 {row} 行" in refusal.value.sentence
    assert "第 5 行" not in refusal.value.sentence
    assert CalendarVersion.objects.count() == count


@pytest.mark.parametrize("table", ["", "\x00\x00", "日期,安排", "a" * 300_000, '"', "2027-01-01", "\ud800,放假"])
def test_a_hostile_table_is_refused(table):
    with pytest.raises(Refused):
        actions.import_year(2027, table, **WHO)


def test_reseeding_what_is_known_changes_nothing_and_mends_what_was_lost():
    assert actions.reseed(**WHO) == []
    actions.set_day(date(2026, 10, 1), kind=DayKind.ORDINARY, note="", **WHO)
    actions.set_day(date(2025, 7, 1), kind=DayKind.HOLIDAY, note="误录", **WHO)
    assert [version.settles for version in actions.reseed(**WHO)] == [2025, 2026]
    calendar = reports.calendar()
    assert not calendar.works(date(2026, 10, 1))
    assert calendar.works(date(2025, 7, 1))
    assert calendar.works(date(2006, 12, 30))


def test_a_change_says_why():
    with pytest.raises(Refused, match="为什么"):
        actions.set_day(date(2026, 1, 5), kind=DayKind.HOLIDAY, note="", by="x", why="  ")
    with pytest.raises(Refused, match="年份"):
        actions.set_day(date(1900, 1, 5), kind=DayKind.HOLIDAY, note="", **WHO)


def test_the_calendar_is_asked_for_once_and_then_kept(django_assert_num_queries):
    with django_assert_num_queries(3):
        reports.calendar("211421")
    with django_assert_num_queries(0):
        for _ in range(100):
            reports.calendar("211421")


@pytest.mark.parametrize("region", ["21", "2114211", "x", "211421 ", "' or 1=1"])
def test_what_is_no_region_has_no_calendar(region):
    with pytest.raises(ValueError, match="no region"):
        reports.calendar(region)


def test_the_database_itself_keeps_the_calendar_true():
    version = CalendarVersion.objects.create(by="x", why="y", made_at=clocks.now())
    day = {"version": version, "on": date(2026, 1, 5), "kind": "holiday"}
    for name, make in {
        "kernel_calversion_region_digits": lambda: CalendarVersion.objects.create(
            region="21", by="x", why="y", made_at=clocks.now()
        ),
        "kernel_calversion_has_why": lambda: CalendarVersion.objects.create(by="x", why="", made_at=clocks.now()),
        "kernel_calday_kind": lambda: CalendarDay.objects.create(**day | {"kind": "feast"}),
        "kernel_calday_once": lambda: [CalendarDay.objects.create(**day) for _ in range(2)],
    }.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            make()
