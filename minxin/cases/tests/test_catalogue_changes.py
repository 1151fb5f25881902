"""Changing the catalogue: dated rows that follow each other, who may do it, what goes on record."""

from datetime import date, datetime, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.cases.actions import catalogue as actions
from minxin.cases.models import Category, ClockRule, DutyRow, KeywordRow, snapshot
from minxin.cases.reports import catalogue as reports
from minxin.cases.rules import catalogue as rules
from minxin.cases.rules import codes, limits, routing
from minxin.cases.rules.catalogue import Span
from minxin.cases.rules.duties import ImportRow
from minxin.directory.rules import SYSTEM, Officer, Role
from minxin.directory.rules import Duty as Post
from minxin.kernel import clocks
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=clocks.ZONE)
TODAY = MOMENT.date()
BASIS = "葫政办发〔2026〕1号"


@pytest.fixture(autouse=True)
def _at_a_moment():
    snapshot.forget()
    with clocks.at(MOMENT):
        yield
    snapshot.forget()


def refused(code, field=None):
    return pytest.raises(Refused, check=lambda no: no.code == code and (field is None or no.field == field))


# --- who may do what


def officer(cast, unit: str, role: Role) -> Officer:
    return Officer(1, "某岗位", (Post(role, cast.units[unit], 1),))


EVERY = [role for role in Role if role not in {Role.CITIZEN, Role.CHANNEL, Role.SYSTEM}]


@pytest.mark.parametrize("act", rules.MAY)
def test_the_matrix_of_rights_holds_for_every_role_at_three_levels_of_centre(cast, act):
    right = rules.MAY[act]
    for role, unit in product(EVERY, ["province", "huludao", "suizhong", "city_finance"]):
        who = officer(cast, unit, role)
        centre = unit != "city_finance"
        reaches = {
            rules.Reach.ANYWHERE: {"": True, "211400": True, "211421": True, "210100": True},
            rules.Reach.NETWORK: dict.fromkeys(["", "211400", "211421", "210100"], unit == "province"),
            rules.Reach.REGION: {
                "": unit == "province",
                "211400": unit in {"province", "huludao"},
                "211421": True,
                "210100": unit == "province",
            },
        }[right.reach]
        for region, within in reaches.items():
            assert rules.may(who, act, region=region) == (role in right.roles and centre and within), (
                role,
                unit,
                region,
            )


def test_pseudo_actors_change_nothing_and_the_system_may_all():
    for act in rules.MAY:
        assert rules.may(SYSTEM, act)
        assert not rules.may(Officer(None, "群众", kind="citizen"), act)


def test_each_refusal_says_whom_to_ask(cast):
    for name, kind in [("suizhong_finance_clerk", "岗位"), ("huludao_editor", "最高一级")]:
        with refused("forbidden") as no:
            actions.add_category(parent="", name="新类", basis=BASIS, by=cast.officers[name])
        assert kind in no.value.sentence
    with refused("forbidden", "region"):
        actions.assign_duty(
            category="1001",
            region="210100",
            unit="210100-MX",
            valid_from=TODAY,
            basis=BASIS,
            by=cast.officers["huludao_dispatcher"],
        )


# --- rows that follow each other


def apply(spans: list[Span], start: date, today: date) -> list[Span]:
    place = rules.succeed(spans, start, today=today)
    after = list(spans)
    if place.ends is not None:
        after[place.ends] = Span(after[place.ends].valid_from, start - timedelta(days=1))
    if place.rewrites:
        after.pop()
    return [*after, Span(start, None)]


days = st.dates(date(2026, 1, 1), date(2026, 3, 1))


@given(st.lists(st.tuples(days, days), max_size=12))
def test_whatever_is_set_on_whatever_day_rows_never_overlap_and_only_the_last_is_open(acts):
    spans: list[Span] = []
    for today, start in sorted(acts):
        try:
            spans = apply(spans, start, today)
        except Refused:
            continue
        assert all(span.valid_to is None or span.valid_from <= span.valid_to for span in spans)
        assert all(one.valid_to is not None and one.valid_to < two.valid_from for one, two in pairwise(spans))
        assert spans[-1] == Span(start, None)


def test_a_row_that_has_been_in_force_is_never_rewritten_from_behind():
    spans = [Span(date(2026, 2, 1), None)]
    with refused("invalid", "valid_from"):
        rules.succeed(spans, date(2026, 1, 15), today=TODAY)


def test_a_row_that_has_not_begun_gives_way_and_the_one_before_is_ended_anew():
    spans = [Span(date(2020, 1, 1), date(2026, 5, 31)), Span(date(2026, 6, 1), None)]
    assert apply(spans, date(2026, 4, 1), TODAY) == [
        Span(date(2020, 1, 1), date(2026, 3, 31)),
        Span(date(2026, 4, 1), None),
    ]


# --- categories


def test_a_new_category_takes_the_next_number_below_its_parent_and_shows_in_the_tree(cast):
    editor = cast.officers["province_editor"]
    assert actions.add_category(parent="04", name="供热计量", basis=BASIS, by=editor) == "0407"
    assert reports.name("0407") == "供热供气 › 供热计量"
    assert actions.add_category(parent="0407", name="分户计量", basis=BASIS, by=editor) == "040701"
    assert actions.add_category(parent="", name="新业态", basis=BASIS, by=editor) == "22"
    event = ledger.history("catalogue:category:0407")[0]
    assert (event.verb, event.facts["name"], event.facts["basis"]) == ("add_category", "供热计量", BASIS)


def test_a_closed_number_is_never_given_again(cast):
    editor = cast.officers["province_editor"]
    code = actions.add_category(parent="04", name="供热计量", basis=BASIS, by=editor)
    actions.close_category(code, basis=BASIS, by=editor)
    assert actions.add_category(parent="04", name="供热投诉", basis=BASIS, by=editor) == "0408"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"parent": "99"}, "parent"),
        ({"parent": "100101"}, "parent"),
        ({"name": " "}, "name"),
        ({"name": "室温不达标"}, "name"),
        ({"name": "长" * 61}, "name"),
        ({"basis": ""}, "basis"),
    ],
)
def test_a_category_that_cannot_be_is_refused_at_its_field(cast, facts, field):
    with pytest.raises(Refused) as no:
        actions.add_category(
            **({"parent": "04", "name": "新类别", "basis": BASIS} | facts), by=cast.officers["province_editor"]
        )
    assert no.value.field == field
    assert Category.objects.filter(valid_from=TODAY).count() == 0


def test_renaming_ends_the_old_row_yesterday_and_the_history_keeps_both(cast):
    editor = cast.officers["province_editor"]
    actions.rename_category("0401", name="室内温度不达标", basis=BASIS, by=editor)
    rows = list(Category.objects.filter(code="0401").order_by("valid_from").values_list("name", "valid_to"))
    assert rows == [("室温不达标", date(2026, 3, 1)), ("室内温度不达标", None)]
    actions.rename_category("0401", name="室温不够", basis=BASIS, by=editor)  # the same day: a slip put right
    assert Category.objects.filter(code="0401").count() == 2
    assert reports.name("0401") == "供热供气 › 室温不够"
    assert [event.verb for event in ledger.history("catalogue:category:0401")] == ["rename_category"] * 2


def test_closing_a_category_ends_its_duties_and_words_and_waits_for_those_below(cast):
    editor = cast.officers["province_editor"]
    with refused("invalid"):
        actions.close_category("1001", basis=BASIS, by=editor)
    assign(cast, category="0404")
    actions.close_category("0404", basis=BASIS, by=editor)
    assert not KeywordRow.objects.filter(category="0404").exists()
    assert DutyRow.objects.get(category="0404").valid_to == TODAY
    assert ledger.history("catalogue:category:0404")[0].facts["duties"] == 1
    with refused("invalid", "category"):
        actions.rename_category("0404", name="管网", basis=BASIS, by=editor)


# --- duties


def assign(cast, by="huludao_dispatcher", **changes) -> int:
    facts = {"category": "1601", "region": "211421", "unit": "211421-CZJ", "valid_from": TODAY, "basis": BASIS}
    return actions.assign_duty(**(facts | changes), by=cast.officers[by])


def test_a_duty_follows_the_one_before_and_the_rules_see_it_at_once(cast):
    first = assign(cast, valid_from=date(2020, 1, 1))
    second = assign(cast, unit="211400-CZJ", valid_from=date(2026, 4, 1))
    assert DutyRow.objects.get(pk=first).valid_to == date(2026, 3, 31)
    for on, row in [(date(2026, 3, 31), first), (date(2026, 4, 1), second)]:
        found = routing.match_duty("1601", "211421", snapshot.duties(), on)
        assert found is not None
        assert found.id == row
    events = ledger.history("catalogue:duty:1601:211421")
    assert [event.facts["unit"] for event in events] == ["211421-CZJ", "211400-CZJ"]


def test_the_same_duty_again_changes_nothing(cast):
    assert assign(cast) == assign(cast)
    assert len(ledger.history("catalogue:duty:1601:211421")) == 1


def test_an_ended_duty_leaves_its_last_day_in_force(cast):
    assign(cast)
    by = cast.officers["huludao_dispatcher"]
    actions.end_duty(category="1601", region="211421", on=date(2026, 3, 10), by=by)
    assert routing.match_duty("1601", "211421", snapshot.duties(), date(2026, 3, 10)) is not None
    assert routing.match_duty("1601", "211421", snapshot.duties(), date(2026, 3, 11)) is None
    with refused("invalid", "category"):
        actions.end_duty(category="1601", region="211421", on=date(2026, 3, 10), by=by)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"category": "9999"}, "category"),
        ({"region": "211499"}, "region"),
        ({"unit": "NOBODY"}, "unit"),
        ({"unit": "210100-MX"}, "unit"),
        ({"basis": "  "}, "basis"),
    ],
)
def test_a_duty_that_cannot_be_is_refused_at_its_field(cast, facts, field):
    with refused("invalid", field):
        assign(cast, **facts)
    assert not DutyRow.objects.exists()


def row(number, **texts):
    known = {"category": "1601", "region": "211421", "unit": "211421-czj", "basis": BASIS, "valid_from": "2026-01-01"}
    return ImportRow(number, known | texts)


def test_an_import_assigns_and_ends_rows_and_a_second_run_changes_nothing(cast):
    by = cast.officers["huludao_dispatcher"]
    rows = [row(2), row(3, category="0401", region="211400", unit="211400-CZJ")]
    done = actions.import_duties(rows=rows, by=by)
    assert (done.assigned, done.ended, done.unchanged, done.findings) == (2, 0, 0, ())
    assert actions.import_duties(rows=rows, by=by).unchanged == 2
    ended = actions.import_duties(rows=[row(2, valid_to="2026/3/31", unit="", basis="")], by=by)
    assert ended.ended == 1
    assert DutyRow.objects.get(category="1601").valid_to == date(2026, 3, 31)


def test_a_spreadsheet_that_ate_the_first_zero_is_understood(cast):
    done = actions.import_duties(rows=[row(2, category="401")], by=cast.officers["huludao_dispatcher"])
    assert done.assigned == 1
    assert DutyRow.objects.get().category == "0401"


def test_a_dry_run_and_a_run_with_findings_change_nothing_and_name_row_column_and_value(cast):
    by = cast.officers["huludao_dispatcher"]
    assert actions.import_duties(rows=[row(2)], by=by, dry=True).assigned == 1
    bad = [
        row(2),
        row(3, unit="NOBODY", category="0401"),
        row(4, basis="", category="0402"),
        row(5, valid_from="三月", category="0403"),
        row(6),
        row(7, region="210100", category="0404"),
        row(8, category="9999"),
    ]
    done = actions.import_duties(rows=bad, by=by)
    assert [(one.row, one.column, one.value) for one in done.findings] == [
        (3, "单位代码", "NOBODY"),
        (4, "依据", ""),
        (5, "生效日期", "三月"),
        (6, "类别代码", "1601"),
        (7, "区划代码", "210100"),
        (8, "类别代码", "9999"),
    ]
    assert all(one.wrong and one.todo for one in done.findings)
    assert not DutyRow.objects.exists()
    assert ledger.history("catalogue:duties") == []
    assert routing.match_duty("1601", "211421", snapshot.duties(), TODAY) is None


# --- keywords


def test_a_word_added_speaks_at_once_and_one_removed_is_silent(cast):
    editor = cast.officers["suizhong_editor"]
    actions.add_keyword("地热 盘管", category="0404", weight=9, by=editor)
    found = routing.guess_category("家里地热盘管坏了", snapshot.keywords())
    assert found is not None
    assert (found.category, found.words) == ("0404", ("地热盘管",))
    actions.add_keyword("地热盘管", category="0404", weight=4, by=editor)
    assert KeywordRow.objects.get(word="地热盘管").weight == 4
    actions.remove_keyword("地热盘管", category="0404", by=editor)
    assert routing.guess_category("家里地热盘管坏了", snapshot.keywords()) is None
    verbs = [event.verb for event in ledger.history("catalogue:keyword:0404")]
    assert verbs == ["add_keyword", "add_keyword", "remove_keyword"]
    with refused("invalid", "word"):
        actions.remove_keyword("地热盘管", category="0404", by=editor)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"word": "水"}, "word"),
        ({"word": "  "}, "word"),
        ({"word": "长" * 31}, "word"),
        ({"weight": 0}, "weight"),
        ({"weight": 11}, "weight"),
        ({"category": "9999"}, "category"),
    ],
)
def test_a_word_that_cannot_be_is_refused_at_its_field(cast, facts, field):
    with pytest.raises(Refused) as no:
        actions.add_keyword(
            **({"word": "新词", "category": "0404", "weight": 3} | facts), by=cast.officers["suizhong_editor"]
        )
    assert no.value.field == field


# --- limits


def limit(cast, by="province_supervisor", **changes) -> int:
    facts = {"code": "handle", "amount": 7, "unit": "working_day", "valid_from": TODAY, "basis": BASIS}
    return actions.set_limit(**(facts | changes), by=cast.officers[by])


def days_to_handle(on: date, region: str = "211421") -> int:
    return limits.choose(
        snapshot.limits(), code="handle", kind="complaint", region=region, urgency="normal", on=on
    ).limit.amount


def test_a_new_limit_holds_from_its_day_and_the_old_one_keeps_the_days_before(cast):
    key = limit(cast, valid_from=date(2026, 4, 1))
    assert (days_to_handle(TODAY), days_to_handle(date(2026, 3, 31)), days_to_handle(date(2026, 4, 1))) == (10, 10, 7)
    rows = ClockRule.objects.filter(code="handle", kind="", region="", urgency="").order_by("valid_from")
    assert [(one.valid_to, one.amount) for one in rows] == [(date(2026, 3, 31), 10), (None, 7)]
    assert ledger.history("catalogue:limit:handle:-:-:-")[0].facts["row"] == key


def test_a_region_may_be_stricter_by_its_own_supervisor_and_its_limit_can_end(cast):
    key = limit(cast, by="huludao_supervisor", region="211400", kind="complaint", amount=3)
    assert days_to_handle(TODAY) == 3
    assert days_to_handle(TODAY, region="210100") == 10
    actions.end_limit(key, on=date(2026, 3, 15), by=cast.officers["huludao_supervisor"])
    assert (days_to_handle(date(2026, 3, 15)), days_to_handle(date(2026, 3, 16))) == (3, 10)


def test_the_general_limit_cannot_end_and_a_limit_cannot_begin_in_the_past(cast):
    general = ClockRule.objects.get(code="handle", kind="", region="", urgency="")
    with refused("invalid"):
        actions.end_limit(general.pk, on=TODAY, by=cast.officers["province_supervisor"])
    with refused("invalid", "valid_from"):
        limit(cast, valid_from=date(2026, 3, 1))


def test_a_district_cannot_change_what_holds_for_all(cast):
    with refused("forbidden"):
        limit(cast, by="huludao_supervisor")
    with refused("forbidden", "region"):
        limit(cast, by="huludao_supervisor", region="210100")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"code": "nonsense"}, "code"),
        ({"unit": "fortnight"}, "unit"),
        ({"amount": 0}, "amount"),
        ({"amount": 251}, "amount"),
        ({"code": "supplement", "unit": "hour", "amount": 4}, "unit"),
        ({"kind": "nonsense"}, "kind"),
        ({"urgency": "nonsense"}, "urgency"),
        ({"region": "211499"}, "region"),
        ({"basis": ""}, "basis"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_at_its_field(cast, facts, field):
    with refused("invalid", field):
        limit(cast, **facts)


def test_whatever_limits_are_set_every_clock_keeps_one_in_force(cast):
    for code in codes.ClockCode.values:
        limit(cast, code=code, amount=9)
        found = limits.choose(snapshot.limits(), code=code, kind="help", region="211421", urgency="normal", on=TODAY)
        assert found.valid_to is None
