"""The budget added up: every way leads to the same total, versions and days keep apart, nothing withheld is told."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations

import pytest
from django.http import QueryDict
from django.test import Client

from minxin.directory import reports as directory
from minxin.directory.actions import units as directory_units
from minxin.directory.rules import SYSTEM, UnitKind
from minxin.disclosures.actions import flow, units
from minxin.disclosures.forms import allocation as forms
from minxin.disclosures.models import BudgetUnit
from minxin.disclosures.reports import allocation, headings, profile, three, versions
from minxin.disclosures.rules.allocation import Asked, By
from minxin.disclosures.rules.codes import Measure, UnitType, Version
from minxin.disclosures.tests import budgets
from minxin.disclosures.tests.cast import Money
from minxin.kernel.errors import Absent

INITIAL = Asked(2007, By.UNIT, "initial")
EDUCATION, SCHOOL, CIVIL = "211400-JYJ", "211400-YZ", "211400-MZJ"


@pytest.fixture
def plan(planned: Client, money: Money) -> Money:
    headings.forget()
    return money


def drill(asked, among=None):
    among = among or allocation.roll()
    return allocation.drill(allocation.settled(asked, allocation.years(asked.on), among), among)


def figures(asked):
    return {line.code or line.name: line.fen for line in drill(asked).lines}


def test_the_years_and_versions_are_those_published(plan):
    budgets.pay(plan, "school", 100)
    assert allocation.years() == {
        2007: [Version.INITIAL],
        2006: [Version.INITIAL, Version.ADJUSTED, Version.FINAL, Version.EXECUTED],
    }
    assert allocation.years(date(2006, 7, 31)) == {2006: [Version.INITIAL]}
    assert allocation.years(date(2006, 1, 31)) == {}


def test_departments_hold_their_units_and_open_into_them(plan):
    assert figures(INITIAL) == {EDUCATION: 260_000, CIVIL: 60_000}
    within = replace(INITIAL, department=EDUCATION)
    assert figures(within) == {EDUCATION: 200_000, SCHOOL: 60_000}
    opened = {line.code: line.query for line in drill(INITIAL).lines}
    assert "unit=" not in opened[EDUCATION]
    assert f"unit={CIVIL}" in opened[CIVIL]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"by": By.FUNCTION}, {"205": 220_000, "208": 60_000, "229": 40_000}),
        ({"by": By.FUNCTION, "function": "205"}, {"20501": 140_000, "20502": 80_000}),
        ({"by": By.FUNCTION, "function": "20502"}, {"2050204": 60_000, "2050299": 20_000}),
        ({"by": By.FUNCTION, "function": "2050204"}, {"2050204": 60_000}),
        ({"by": By.ECONOMIC}, {"301": 190_000, "302": 90_000, "310": 40_000}),
        ({"by": By.ECONOMIC, "economic": "302", "unit": SCHOOL}, {"30217": 10_000}),
        ({"by": By.FUND}, {"general": 280_000, "fund": 40_000}),
        ({"by": By.FUND, "function": "229"}, {"fund": 40_000}),
        ({"by": By.PROJECT}, {"basic": 220_000, "project": 100_000}),
        ({"by": By.PROJECT, "kind": "project"}, {"公务用车更新": 40_000, "教师培训": 20_000, "体育器材": 40_000}),
        ({"by": By.UNIT, "kind": "project", "project": "教师培训"}, {EDUCATION: 20_000}),
        ({"by": By.UNIT, "economic": "30101", "kind": "basic"}, {EDUCATION: 130_000, CIVIL: 60_000}),
        ({"by": By.FUNCTION, "function": "204"}, {}),
    ],
)
def test_every_narrowing_adds_up_its_rows(plan, narrowed, expected):
    assert figures(replace(INITIAL, **narrowed)) == expected


def test_whatever_is_combined_the_lines_make_the_total_and_the_rows_too(plan):
    parts = {"department": EDUCATION, "function": "205", "economic": "301", "fund": "general", "kind": "basic"}
    among = allocation.roll()
    for names in (pair for size in range(len(parts) + 1) for pair in combinations(parts, size)):
        place = replace(INITIAL, **{name: parts[name] for name in names})
        total = sum(row.fen for row in allocation.every(place, among))
        assert {drill(place.at(by), among).total_fen for by in By if by is not By.ROW} == {total}


def test_a_line_leads_to_a_place_with_its_own_total(plan):
    for by in (By.UNIT, By.FUNCTION, By.ECONOMIC, By.PROJECT, By.FUND):
        for line in drill(INITIAL.at(by)).lines:
            place = forms.read(2007, QueryDict(line.query))
            assert drill(place).total_fen == line.fen


def test_a_day_shows_what_stood_on_the_page_then(plan):
    place = replace(INITIAL, department=EDUCATION)
    assert figures(replace(place, on=date(2007, 3, 4))) == {EDUCATION: 200_000, SCHOOL: 100_000}
    assert figures(replace(place, on=date(2007, 3, 5))) == {EDUCATION: 200_000, SCHOOL: 60_000}
    assert figures(replace(place, on=date(2007, 1, 31))) == {}


def test_the_adjusted_budget_is_that_of_every_unit_and_of_those_that_adjusted_nothing_the_first(plan):
    adjusted = Asked(2006, By.UNIT, "adjusted")
    assert figures(adjusted) == {EDUCATION: 250_000, CIVIL: 30_000}
    assert figures(replace(adjusted, on=date(2006, 7, 31))) == {EDUCATION: 150_000, CIVIL: 30_000}  # initial then
    assert three.table(adjusted, allocation.roll(), last_year=False).now.reception == 6_000 + 5_000


def test_what_was_paid_has_no_projects_and_leaves_out_what_came_back_and_what_may_not_be_told(plan):
    budgets.pay(plan, "school", 1_000)
    budgets.pay(plan, "school", 300, measure=Measure.RETURNED)
    budgets.pay(plan, "school", 7_777, payee_kind="person")
    budgets.pay(plan, "education", 500)
    flow.fold()
    budgets.pay(plan, "education", 20)
    budgets.pay(plan, "", 40, measure=Measure.TOLD, payee_kind="person", function="", economic="", fund="")
    budgets.pay(plan, "finance", 9, payee_kind="withheld", function="", economic="", fund="")
    executed = Asked(2006, By.UNIT, "executed", kind="project")
    assert figures(executed) == {EDUCATION: 1_220, str(allocation.WITHHELD): 49}
    assert figures(replace(executed, department=EDUCATION)) == {SCHOOL: 700, EDUCATION: 520}
    assert figures(replace(executed, by=By.PROJECT)) == {"205": 1_220, str(allocation.WITHHELD): 49}
    finance = Asked(2006, By.FUNCTION, "executed", unit=EDUCATION)
    assert figures(finance) == {"205": 520}


def test_a_unit_withheld_later_is_in_no_figure_and_has_no_place(plan):
    BudgetUnit.objects.filter(unit_id=plan.units["school"].id).update(withheld=True)
    assert figures(INITIAL) == {EDUCATION: 200_000, CIVIL: 60_000}
    assert figures(INITIAL.at(By.FUNCTION))["205"] == 160_000
    among = allocation.roll()
    with pytest.raises(Absent):
        allocation.settled(replace(INITIAL, unit=SCHOOL), allocation.years(), among)
    with pytest.raises(Absent):
        profile.profile(SCHOOL, allocation.years(), among)
    assert allocation.search(INITIAL, among, "第一高级中学") == []
    sides = versions.sides(Asked(2006, By.FUNCTION), allocation.years()[2006], among)
    assert sides.total.initial == 130_000
    assert three.table(INITIAL, among, last_year=True).now.reception == 6_000


@pytest.mark.parametrize(
    ("facts", "version", "by"),
    [
        ({"version": ""}, "initial", By.UNIT),
        ({"version": "final"}, "initial", By.UNIT),
        ({"year": 2006, "version": "final"}, "final", By.UNIT),
        ({"year": 2006, "version": "executed", "by": By.ROW}, "executed", By.FUNCTION),
    ],
)
def test_a_version_that_is_not_published_gives_way_to_one_that_is(plan, facts, version, by):
    budgets.pay(plan, "school", 100)
    place = allocation.settled(replace(INITIAL, **facts), allocation.years(), allocation.roll())
    assert (place.version, place.by) == (version, by)


def test_rows_come_the_largest_first_page_by_page_each_once(plan):
    among, seen, key = allocation.roll(), [], ""
    while True:
        page, key = allocation.rows(INITIAL, among, before=key, size=4)
        seen += page
        if not key:
            break
    assert [row.id for row in seen] == [row.id for row in allocation.every(INITIAL, among)]
    assert [row.fen for row in seen] == sorted((row.fen for row in seen), reverse=True)
    assert len(seen) == 9
    assert all(len(row.digest) == 64 and row.sheet == "detail" and row.publication[:2] == "GK" for row in seen)
    first, _key = allocation.rows(INITIAL, among, before="nonsense_x")
    assert first[0].id == seen[0].id


def test_one_look_holds_what_the_ways_say_one_by_one(plan):
    whole = allocation.whole(INITIAL, allocation.roll())
    assert whole.total_fen == 320_000
    assert whole.units == 3
    assert {line.code: line.fen for line in whole.departments} == figures(INITIAL)
    assert {line.code: line.fen for line in whole.functions} == figures(INITIAL.at(By.FUNCTION))
    assert sum(branch.fen for branch in whole.branches) == 320_000
    assert {branch.name for branch in whole.branches if branch.above == "教育"} == {"教育管理事务", "普通教育"}
    assert (whole.largest[0].code, whole.largest[0].fen) == (EDUCATION, 200_000)
    assert sum(line.percentage or 0 for line in whole.departments) == 100


def test_the_search_finds_units_headings_and_projects_by_any_part(plan):
    among = allocation.roll()
    assert [hit.name for hit in allocation.search(INITIAL, among, "第一高级")] == ["葫芦岛市第一高级中学"]
    hits = allocation.search(INITIAL, among, "教师")
    assert ("教师培训", 20_000) in [(hit.name, hit.fen) for hit in hits]
    assert "教师进修" in [hit.name for hit in hits]
    assert allocation.search(INITIAL, among, "没有这样的") == []
    assert allocation.search(INITIAL, among, "%") == []


# --- versions


def test_versions_stand_side_by_side_and_who_did_not_adjust_keeps_the_first(plan):
    budgets.pay(plan, "education", 50_000)
    sides = versions.sides(Asked(2006, By.UNIT), allocation.years()[2006], allocation.roll())
    assert sides.adjusting == 1
    total = sides.total
    assert (total.initial, total.adjusted, total.executed, total.final) == (180_000, 280_000, 50_000, 180_000)
    assert total.adjustment is not None
    assert (total.adjustment.fen, round(total.adjustment.percentage or 0)) == (100_000, 56)
    assert total.settlement is not None
    assert total.settlement.fen == -100_000
    assert total.rate is not None
    assert round(total.rate, 1) == Decimal("17.9")
    by_code = {row.line.code: row.figures for row in sides.rows}
    assert (by_code[EDUCATION].initial, by_code[EDUCATION].adjusted) == (150_000, 250_000)
    assert (by_code[CIVIL].initial, by_code[CIVIL].adjusted, by_code[CIVIL].executed) == (30_000, 30_000, 0)


@pytest.mark.parametrize("by", versions.WAYS)
def test_every_way_of_comparing_has_the_same_totals(plan, by):
    budgets.pay(plan, "education", 50_000)
    sides = versions.sides(Asked(2006, by), allocation.years()[2006], allocation.roll())
    for name in ("initial", "adjusted", "executed", "final"):
        assert sum(getattr(row.figures, name) for row in sides.rows) == getattr(sides.total, name)


def test_a_version_that_is_missing_is_not_a_nought(plan):
    sides = versions.sides(INITIAL, allocation.years()[2007], allocation.roll())
    assert sides.total == versions.Figures(320_000, None, None, None)
    assert sides.total.adjustment is sides.total.settlement is sides.total.rate is None


def test_the_reasons_told_are_shown_with_who_told_them(plan):
    among = allocation.roll()
    (why,) = versions.reasons(Asked(2006), among)
    assert (why.text, why.version, why.correction) == (budgets.WHY, "调整预算", False)
    assert [unit.code for unit in why.units] == [EDUCATION]
    (wrong,) = versions.reasons(Asked(2007), among)
    assert (wrong.text, wrong.correction) == (budgets.WRONG, True)
    assert versions.reasons(Asked(2007, unit=CIVIL, department=CIVIL), among) == []
    assert versions.reasons(Asked(2007, on=date(2007, 3, 4)), among) == []


# --- the three public expenses


def test_the_three_expenses_by_department_against_last_year(plan):
    table = three.table(INITIAL, allocation.roll(), last_year=True)
    assert table.now == three.Expenses(abroad=0, purchase=40_000, upkeep=14_000, reception=16_000)
    assert table.before == three.Expenses(abroad=0, purchase=20_000, upkeep=7_000, reception=8_000)
    assert (table.now.total, table.now.vehicles) == (70_000, 54_000)
    assert table.change is not None
    assert table.change.fen == 35_000
    assert [(item.heading, item.now) for item in table.items] == [
        ("公务用车购置", 40_000),
        ("公务用车运行维护费", 14_000),
        ("公务接待费", 16_000),
    ]
    (education,) = table.rows
    assert (education.unit.code, education.now.total, education.reason) == (EDUCATION, 70_000, "")


def test_within_a_department_each_unit_stands_with_its_reason(plan):
    table = three.table(replace(INITIAL, department=EDUCATION), allocation.roll(), last_year=False)
    assert table.before is None
    assert {(row.unit.code, row.now.total, row.reason, row.change) for row in table.rows} == {
        (EDUCATION, 60_000, budgets.CARS, None),
        (SCHOOL, 10_000, "", None),
    }


def test_a_figure_of_the_three_opens_rows_of_the_same_sum(plan):
    for item in three.table(INITIAL, allocation.roll(), last_year=False).items:
        assert drill(forms.read(2007, QueryDict(item.query))).total_fen == item.now


# --- one unit


def more_bureaus(money, count):
    """So many more bureaus of 10 people with 100 yuan each in 2007, enrolled and published."""
    for number in range(count):
        code = f"211400-X{number}"
        directory_units.open_unit(
            code=code, name=f"葫芦岛市第{number}局", short_name="", kind=UnitKind.GOVERNMENT, region="211400",
            parent="211400-MX", line_parent=None, is_centre=False, opened_on=date(2005, 1, 1), by=SYSTEM,
        )  # fmt: skip
        new = units.NewBudgetUnit(code, f"{300 + number}", UnitType.ADMINISTRATIVE, "bureau", "行政科", 10)
        units.enrol(finance=money.units["finance"].code, units=[new], on=date(2005, 1, 1), by=SYSTEM)
        money.units[code] = directory.unit(code)
        rows = [budgets.detail("2010301", "30101", 10_000, unit=f"{300 + number}")]
        budgets.publish(money, code, rows, budgets.at(2007, 2, 1))


def test_a_unit_has_its_years_and_its_headings(plan):
    budgets.pay(plan, "education", 50_000)
    found = profile.profile(EDUCATION, allocation.years(), allocation.roll())
    assert [(row.year, [fen for _version, fen, _query in row.figures]) for row in found.years] == [
        (2007, [200_000, None, None, None]),
        (2006, [100_000, 200_000, 50_000, 100_000]),
    ]
    assert {line.code: line.fen for line in found.functions} == {
        "2050101": 100_000, "2050102": 40_000, "2050299": 20_000, "2296003": 40_000,
    }  # fmt: skip
    assert {line.code: line.fen for line in found.economics} == {"301": 80_000, "302": 80_000, "310": 40_000}
    assert found.department is None
    assert profile.profile(SCHOOL, allocation.years(), allocation.roll()).department == plan.units["education"]


def test_few_like_units_are_not_compared_and_enough_are_by_their_median(plan):
    few = profile.profile(EDUCATION, allocation.years(), allocation.roll())
    assert few.like == []
    assert [row.compared for row in few.measured] == [None] * 4
    more_bureaus(plan, 3)
    found = profile.profile(EDUCATION, allocation.years(), allocation.roll())
    whole = found.measured[0]
    assert (whole.fen, whole.head_fen) == (200_000, 4_348)  # of 46 people
    assert whole.compared is not None
    assert (whole.compared.median, whole.compared.among) == (1_000, 5)
    assert [one.head_fen for one in found.like] == [4_348, 1_579, 1_000, 1_000, 1_000]  # 60,000 fen of 38 people


def test_who_has_no_budget_has_no_page(plan):
    with pytest.raises(Absent):
        profile.profile("211400-MX", allocation.years(), allocation.roll())


# --- the cost


def test_reports_cost_the_same_for_three_units_and_for_twenty_five(plan, django_assert_num_queries):
    def cost():
        headings.of("function", 2007), headings.of("economic", 2007), headings.of("fund", 2007)
        with django_assert_num_queries(2):
            known, among = allocation.years(), allocation.roll()
        for by in (By.UNIT, By.FUNCTION, By.ECONOMIC, By.PROJECT, By.FUND):
            with django_assert_num_queries(1):
                allocation.drill(INITIAL.at(by), among)
        with django_assert_num_queries(2):
            allocation.rows(INITIAL, among)
        with django_assert_num_queries(1):
            allocation.whole(INITIAL, among)
        with django_assert_num_queries(1):
            allocation.search(INITIAL, among, "教师")
        with django_assert_num_queries(3):
            versions.sides(Asked(2006, By.UNIT, "initial"), [*Version], among)
        with django_assert_num_queries(1):
            versions.reasons(INITIAL, among)
        with django_assert_num_queries(2):
            three.table(replace(INITIAL, department=EDUCATION), among, last_year=True)
        with django_assert_num_queries(4):
            profile.profile(EDUCATION, known, among)

    cost()
    more_bureaus(plan, 22)
    cost()
