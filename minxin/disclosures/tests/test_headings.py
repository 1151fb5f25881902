"""The code lists: what a code meant in a fiscal year, and that the seeds are whole."""

import csv
from importlib import import_module
from itertools import pairwise, product
from pathlib import Path

import pytest
from django.apps import apps

from minxin.disclosures.models import Heading
from minxin.disclosures.reports import headings
from minxin.disclosures.rules.codes import Fund

SEEDS = Path(__file__).parent.parent / "seeds"
NAMES = ["functions.csv", "economics.csv", "gov_economics.csv", "incomes.csv", "funds.csv"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_anew():
    headings.forget()


def rows(name):
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("scheme", "code", "year", "expected"),
    [
        ("function", "207", 2006, "文化体育与传媒"),
        ("function", "207", 2026, "文化旅游体育与传媒支出"),
        ("function", "210", 2007, "医疗卫生"),
        ("function", "210", 2019, "卫生健康支出"),
        ("function", "211", 2010, "环境保护"),
        ("function", "211", 2011, "节能环保"),
        ("function", "215", 2006, "工业商业金融等事务"),
        ("function", "2010601", 2006, "行政运行"),
        ("function", "2010602", 2026, "一般行政管理事务"),
        ("economic", "304", 2017, "对企事业单位的补贴"),
        ("economic", "30212", 2006, "因公出国(境)费"),
        ("economic", "30108", 2018, "机关事业单位基本养老保险缴费"),
        ("gov_economic", "50208", 2026, "公务用车运行维护费"),
        ("income", "operation", 2006, "事业收入"),
        ("fund", "general", 2006, "一般公共预算"),
    ],
)
def test_a_code_is_named_as_in_its_year(scheme, code, year, expected):
    assert headings.name(scheme, code, year) == expected


@pytest.mark.parametrize(
    ("scheme", "code", "year"),
    [
        ("function", "224", 2018),
        ("economic", "304", 2018),
        ("economic", "30108", 2017),
        ("gov_economic", "501", 2006),
        ("function", "201", 2005),
        ("economic", "99999", 2006),
    ],
)
def test_a_code_that_meant_nothing_then_is_not_found_and_stands_for_itself(scheme, code, year):
    assert headings.find(scheme, code, year) is None
    assert headings.name(scheme, code, year) == code


def test_the_codes_of_the_story_are_valid_in_its_years():
    functions = (
        "2010601 2010602 2010605 2050201 2050202 2050203 2050204 2080501 2100201 2120101 2130101 2140101 2040201 "
        "2070101 2010301 2010302"
    )
    economics = (
        "30101 30102 30103 30201 30202 30205 30206 30207 30211 30212 "
        "30213 30215 30216 30217 30231 30301 30302 30305 30308 31002 31003 31007 31013 30905"
    )
    for year in (2006, 2007):
        assert set(functions.split()) <= set(headings.of("function", year))
        assert set(economics.split()) <= set(headings.of("economic", year))


def test_a_lineage_leads_from_class_to_item():
    assert [row.code for row in headings.lineage("function", "2010601", 2006)] == ["201", "20106", "2010601"]
    assert headings.lineage("function", "9999999", 2006) == []


@pytest.mark.parametrize(("scheme", "year"), list(product(["function", "economic", "gov_economic"], range(2006, 2028))))
def test_every_heading_stands_below_one_of_its_year(scheme, year):
    of_year = headings.of(scheme, year)
    assert {row.parent for row in of_year.values() if row.level > 1} <= set(of_year)


def test_every_class_and_every_public_expense_is_explained():
    unexplained = [
        (row.code, row.name)
        for row in Heading.objects.filter(explanation="")
        if row.level == 1 or row.code in {"30212", "30217", "30231", "30913", "31013", "50206", "50207", "50208"}
    ]
    assert unexplained == []


@pytest.mark.parametrize("name", NAMES)
def test_a_code_means_one_thing_at_a_time(name):
    for before, after in pairwise(rows(name)):
        if before["code"] == after["code"]:
            assert before["until_year"]
            assert int(before["until_year"]) < int(after["since_year"])


def test_the_funds_are_those_of_the_house():
    assert set(headings.of("fund", 2026)) == set(Fund.values)


def test_planting_twice_changes_nothing():
    before = set(Heading.objects.values_list("id", "name"))
    import_module("minxin.disclosures.migrations.0005_headings").seed(apps, None)
    assert set(Heading.objects.values_list("id", "name")) == before
    assert len(before) == sum(len(rows(name)) for name in NAMES)


def test_lists_are_kept_and_a_change_is_seen(django_assert_num_queries):
    with django_assert_num_queries(2):
        headings.of("function", 2026)
    with django_assert_num_queries(0):
        headings.of("function", 2026)
    Heading.objects.create(scheme="function", code="298", name="新设科目", level=1, since_year=2026)
    headings._known.checked -= headings.SECONDS + 1
    with django_assert_num_queries(2):
        assert headings.name("function", "298", 2026) == "新设科目"
