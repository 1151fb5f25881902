from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.kernel import clocks
from minxin.kernel.clocks import Calendar, Day, DayKind, Extension, Limit, Pause, Unit

HOLIDAY, WORKDAY = DayKind.HOLIDAY, DayKind.WORKDAY
NATIONAL_2026 = Calendar(
    7,
    "",
    {
        **{date(2026, 10, n): Day(HOLIDAY, "国庆节") for n in (1, 2, 3, 5, 6, 7)},
        date(2026, 9, 25): Day(HOLIDAY, "中秋节"),
        date(2026, 9, 20): Day(WORKDAY, "国庆节"),
        date(2026, 10, 10): Day(WORKDAY, "国庆节"),
    },
    frozenset({2026}),
)


def moment(month, day, hour=10, minute=0, year=2026):
    return datetime(year, month, day, hour, minute, tzinfo=clocks.ZONE)


def end_of(month, day, year=2026):
    return moment(month, day, 0, year=year) + timedelta(days=1)


def working(amount):
    return Limit(amount, Unit.WORKING_DAY)


def test_it_is_the_moment_one_says_and_blocks_nest():
    outer, inner = moment(3, 7, year=2007), moment(1, 1)
    with clocks.at(outer):
        assert (clocks.now(), clocks.today()) == (outer, date(2007, 3, 7))
        with clocks.at(inner):
            assert clocks.now() == inner
        assert clocks.now() == outer
    assert clocks.now() - outer > timedelta(days=7000)


def test_now_is_told_in_beijing_time_wherever_the_moment_came_from():
    with clocks.at(datetime(2007, 3, 6, 18, tzinfo=UTC)):
        assert clocks.today() == date(2007, 3, 7)
        assert clocks.now().utcoffset() == timedelta(hours=8)


def test_a_moment_without_a_zone_is_no_moment():
    with pytest.raises(ValueError, match="time zone"), clocks.at(datetime(2026, 1, 1)):  # noqa: DTZ001
        pass
    with pytest.raises(ValueError, match="time zone"):
        clocks.due(datetime(2026, 1, 1), working(1), NATIONAL_2026)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        (moment(11, 23), working(1), end_of(11, 24)),  # Monday to Tuesday
        (moment(11, 20), working(1), end_of(11, 23)),  # Friday to Monday
        (moment(11, 23, 0), working(1), end_of(11, 24)),  # midnight begins the day
        (moment(11, 23), working(0), end_of(11, 23)),  # the same day
        (moment(11, 21), working(0), end_of(11, 23)),  # the same day is a Saturday
        (moment(9, 30), working(1), end_of(10, 8)),  # over the national holiday
        (moment(9, 30), working(3), end_of(10, 10)),  # its make-up Saturday works
        (moment(9, 18), working(1), end_of(9, 20)),  # a make-up Sunday works
        (moment(9, 25), Limit(5, Unit.CALENDAR_DAY), end_of(9, 30)),
        (moment(9, 25), Limit(7, Unit.CALENDAR_DAY), end_of(10, 8)),  # the last day falls into the holiday
        (moment(11, 23), Limit(5, Unit.CALENDAR_DAY), end_of(11, 30)),  # ... on a Saturday
        (moment(11, 20, 16, 30), Limit(24, Unit.HOUR), moment(11, 21, 16, 30)),  # round the clock
    ],
)
def test_a_limit_ends_where_the_law_says(start, limit, due):
    assert clocks.due(start, limit, NATIONAL_2026) == due
    assert clocks.deadline(start, limit, NATIONAL_2026).due_at == due


def test_every_day_says_why_it_counts_or_not():
    told = clocks.deadline(
        moment(9, 29),
        working(3),
        NATIONAL_2026,
        pauses=[Pause(moment(10, 8, 9), moment(10, 9, 9), "等您补充材料")],
        extensions=[Extension(1, Unit.WORKING_DAY)],
    )
    assert [(step.on.day, step.counts, step.number, step.why) for step in told.steps] == [
        (29, False, None, "事情发生的当天不计入"),
        (30, True, 1, "工作日"),
        (1, False, None, "国庆节放假"),
        (2, False, None, "国庆节放假"),
        (3, False, None, "国庆节放假"),
        (4, False, None, "周末"),
        (5, False, None, "国庆节放假"),
        (6, False, None, "国庆节放假"),
        (7, False, None, "国庆节放假"),
        (8, True, 2, "工作日"),
        (9, False, None, "暂停：等您补充材料"),
        (10, True, 3, "国庆节调休上班"),
        (11, False, None, "周末"),
        (12, True, 4, "延期：工作日"),
    ]
    assert told.due_at == end_of(10, 12)
    assert (told.provisional, told.calendar_version) == (False, 7)


def test_a_calendar_day_limit_says_why_it_moved_on():
    told = clocks.deadline(moment(9, 24), Limit(7, Unit.CALENDAR_DAY), NATIONAL_2026)
    assert [step.why for step in told.steps[-8:]] == ["自然日", *["国庆节放假，期限顺延"] * 2, "周末，期限顺延",
        *["国庆节放假，期限顺延"] * 3, "期限顺延到这一天"]  # fmt: skip
    assert told.due_at == end_of(10, 8)


def test_hours_explain_themselves_in_one_line_and_wait_during_a_pause():
    told = clocks.deadline(
        moment(11, 20), Limit(24, Unit.HOUR), NATIONAL_2026, pauses=[Pause(moment(11, 20, 12), moment(11, 20, 15))]
    )
    assert told.due_at == moment(11, 21, 13)
    assert [(step.on, step.counts, step.number) for step in told.steps] == [(date(2026, 11, 21), True, 24)]
    assert not told.provisional


def test_an_open_pause_counts_until_now_and_is_never_overdue_meanwhile():
    pause = Pause(moment(11, 24), None)
    for day in (24, 25, 30):
        due = clocks.due(moment(11, 23), working(1), NATIONAL_2026, pauses=[pause], now=moment(11, day, 12))
        assert due == end_of(11, day)
    with clocks.at(moment(11, 26)):
        assert clocks.due(moment(11, 23), working(1), NATIONAL_2026, pauses=[pause]) == end_of(11, 26)


def test_a_year_without_its_notice_makes_a_deadline_provisional():
    assert not clocks.deadline(moment(12, 30), working(1), NATIONAL_2026).provisional
    assert clocks.deadline(moment(12, 30), working(2), NATIONAL_2026).provisional
    assert clocks.deadline(moment(3, 7, year=2019), working(2), NATIONAL_2026).provisional


def test_the_time_left_is_negative_once_it_is_over():
    told = clocks.deadline(moment(11, 23), working(1), NATIONAL_2026)
    assert clocks.remaining(told, moment(11, 24, 12)) == timedelta(hours=12)
    assert clocks.remaining(told, moment(11, 25, 12)) == timedelta(hours=-12)


@pytest.mark.parametrize(
    "make", [lambda: Limit(-1, Unit.HOUR), lambda: Limit(10**9, Unit.HOUR), lambda: Extension(0, Unit.HOUR)]
)
def test_an_impossible_limit_cannot_be_made(make):
    with pytest.raises(ValueError, match="has"):
        make()


# Properties, over calendars with any exceptions, limits, pauses and extensions.
FIRST = date(2026, 1, 1)
days = st.integers(0, 400).map(lambda n: FIRST + timedelta(days=n))
moments = st.builds(
    lambda day, minute: datetime(day.year, day.month, day.day, tzinfo=clocks.ZONE) + timedelta(minutes=minute),
    days,
    st.integers(0, 24 * 60 - 1),
)
calendars = st.dictionaries(
    days, st.builds(Day, st.sampled_from([HOLIDAY, WORKDAY]), st.just("国庆节")), max_size=60
).map(lambda exceptions: Calendar(1, "", exceptions, frozenset({2026})))
limits = st.builds(Limit, st.integers(0, 40), st.sampled_from(Unit))
day_limits = st.builds(Limit, st.integers(0, 40), st.sampled_from([Unit.WORKING_DAY, Unit.CALENDAR_DAY]))
pauses = st.lists(st.builds(lambda a, b: Pause(min(a, b), max(a, b), "等您补充材料"), moments, moments), max_size=4)
extensions = st.lists(st.builds(Extension, st.integers(1, 20), st.sampled_from(Unit)), max_size=3)
day_extensions = st.lists(
    st.builds(Extension, st.integers(1, 20), st.sampled_from([Unit.WORKING_DAY, Unit.CALENDAR_DAY])), max_size=3
)


@given(moments, limits, calendars, pauses, extensions)
def test_the_fast_way_and_the_explained_way_agree(start, limit, calendar, pauses, extensions):
    told = clocks.deadline(start, limit, calendar, pauses=pauses, extensions=extensions)
    assert clocks.due(start, limit, calendar, pauses=pauses, extensions=extensions) == told.due_at
    assert told.due_at >= start


@given(moments, day_limits, calendars, pauses, day_extensions)
def test_a_deadline_in_days_ends_at_midnight_after_a_working_day_that_is_its_last_step(
    start, limit, calendar, pauses, extensions
):
    told = clocks.deadline(start, limit, calendar, pauses=pauses, extensions=extensions)
    last = (told.due_at - timedelta(microseconds=1)).date()
    assert told.due_at == datetime(last.year, last.month, last.day, tzinfo=clocks.ZONE) + timedelta(days=1)
    assert calendar.works(last)
    assert told.steps[-1].on == last


@given(moments, day_limits, calendars, pauses, day_extensions)
def test_the_counted_steps_are_the_limit_and_its_extensions(start, limit, calendar, pauses, extensions):
    told = clocks.deadline(start, limit, calendar, pauses=pauses, extensions=extensions)
    total = limit.amount + sum(extension.days for extension in extensions)
    assert [step.number for step in told.steps if step.counts] == list(range(1, total + 1))
    assert all(step.number is None for step in told.steps if not step.counts)
    on = [step.on for step in told.steps]
    assert on == [on[0] + timedelta(days=n) for n in range(len(on))]
    assert all(step.why for step in told.steps)


@given(moments, limits, calendars, pauses, extensions)
def test_a_longer_limit_never_ends_earlier(start, limit, calendar, pauses, extensions):
    longer = Limit(limit.amount + 1, limit.unit)
    facts = {"pauses": pauses, "extensions": extensions}
    assert clocks.due(start, longer, calendar, **facts) >= clocks.due(start, limit, calendar, **facts)


@given(moments, moments, limits, calendars, pauses, extensions)
def test_a_later_start_never_ends_earlier(one, other, limit, calendar, pauses, extensions):
    facts = {"pauses": pauses, "extensions": extensions}
    early, late = sorted((one, other))
    assert clocks.due(late, limit, calendar, **facts) >= clocks.due(early, limit, calendar, **facts)


@given(moments, limits, calendars, pauses, extensions)
def test_a_pause_never_shortens(start, limit, calendar, pauses, extensions):
    without = clocks.due(start, limit, calendar, pauses=pauses[1:], extensions=extensions)
    assert clocks.due(start, limit, calendar, pauses=pauses, extensions=extensions) >= without


@given(
    moments,
    day_limits,
    calendars,
    pauses,
    day_extensions,
    st.integers(1, 20),
    st.sampled_from([Unit.WORKING_DAY, Unit.CALENDAR_DAY]),
)
def test_an_extension_gives_at_least_its_days(start, limit, calendar, pauses, extensions, more, unit):
    before = clocks.due(start, limit, calendar, pauses=pauses, extensions=extensions)
    after = clocks.due(start, limit, calendar, pauses=pauses, extensions=[*extensions, Extension(more, unit)])
    assert after - before >= timedelta(days=more)


@given(calendars, days, days, st.integers(1, 300))
def test_counting_working_days_and_reaching_them_are_inverse(calendar, one, other, number):
    early, late = sorted((one, other))
    by_hand = sum(calendar.works(early + timedelta(days=n)) for n in range(1, (late - early).days + 1))
    assert calendar.working_days(early, late) == by_hand
    reached = calendar.working_day(early, number)
    assert calendar.works(reached)
    assert calendar.working_days(early, reached) == number
    assert calendar.working_day(early, 0) == (early if calendar.works(early) else calendar.working_day(early, 1))


@given(moments, moments, st.sampled_from([Unit.WORKING_DAY, Unit.CALENDAR_DAY]), calendars, pauses)
def test_the_time_used_is_the_days_that_counted(one, other, unit, calendar, pauses):
    start, end = sorted((one, other))
    days_between = [start.date() + timedelta(days=n) for n in range(1, (end.date() - start.date()).days + 1)]
    counted = [
        day
        for day in days_between
        if (unit is Unit.CALENDAR_DAY or calendar.works(day))
        and not any(pause.start.date() < day <= pause.end.date() for pause in pauses)
    ]
    assert clocks.elapsed(start, end, unit, calendar, pauses=pauses) == len(counted)


@given(moments, limits, calendars, pauses)
def test_at_the_due_moment_the_limit_is_used_up(start, limit, calendar, pauses):
    due = clocks.due(start, limit, calendar, pauses=pauses)
    last = due if limit.unit is Unit.HOUR else due - timedelta(microseconds=1)
    used = clocks.elapsed(start, last, limit.unit, calendar, pauses=pauses)
    assert used >= limit.amount
    if limit.unit is Unit.WORKING_DAY and limit.amount and not pauses:
        assert used == limit.amount


def test_hours_used_are_those_begun():
    start = moment(11, 23)
    assert clocks.elapsed(start, start, Unit.HOUR, NATIONAL_2026) == 0
    assert clocks.elapsed(start, start + timedelta(minutes=1), Unit.HOUR, NATIONAL_2026) == 1
    pause = Pause(start + timedelta(hours=1), start + timedelta(hours=3))
    assert clocks.elapsed(start, start + timedelta(hours=4), Unit.HOUR, NATIONAL_2026, pauses=[pause]) == 2
