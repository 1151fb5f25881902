"""What is open to everybody: published cases with filters and pages, money, units, categories, regions."""

from datetime import timedelta

import pytest

from minxin.cases.models import snapshot
from minxin.cases.reports import tally
from minxin.cases.tests.api_calls import call, problem
from minxin.cases.tests.public_cast import DAY, answered, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(cast):
    snapshot.forget()
    tally.forget()


@pytest.fixture(scope="module")
def _three(_cast, kept):
    made = [published(_cast, key=f"three-{n}", at=DAY + timedelta(days=n), title=f"工资补发第{n}件") for n in range(3)]
    return [case.ref for case in reversed(made)]


@pytest.fixture
def three(_three, cast):
    """Three published cases, newest first."""
    return list(_three)


def refs(query=""):
    answer = call("GET", f"/public/cases{query}")
    assert answer.status_code == 200, answer.content.decode()
    return [item["ref"] for item in answer.json()["items"]]


def test_published_cases_come_newest_first_in_pages_by_key(three):
    assert refs() == three
    first = call("GET", "/public/cases?size=2&kind=complaint").json()
    assert [item["ref"] for item in first["items"]] == three[:2]
    assert "kind=complaint" in first["next"]
    rest = call("GET", first["next"].split("/api/v1")[1]).json()
    assert ([item["ref"] for item in rest["items"]], rest["cursor"], rest["next"]) == (three[2:], "", "")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?kind=complaint", 3), ("?kind=praise", 0), ("?region=211400", 3), ("?region=211421", 3),
        ("?region=210100", 0), ("?unit=211421-CZJ", 3), ("?unit=211421-JYJ", 0), ("?category=16", 3),
        ("?category=01", 0), ("?stars=5", 3), ("?q=%E5%B7%A5%E8%B5%84%E8%A1%A5%E5%8F%91", 3),
        ("?q=%E7%86%8A%E7%8C%AB", 0), ("?since=2026-11-03", 2), ("?until=2026-11-02", 1),
        ("?since=2026-11-03&until=2026-11-03", 1), ("?q=%E7%AC%AC1%E4%BB%B6&stars=1", 1),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_by_every_filter(three, query, count):
    assert len(refs(query)) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?kind=gossip", "kind"), ("?region=x", "region"), ("?unit=nobody", "unit"), ("?stars=9", "stars"),
        ("?since=yesterday", "since"), ("?size=0", "size"), ("?size=1000", "size"), ("?colour=red", "colour"),
        ("?category=abc", "category"), ("?q=" + "x" * 200, "q"),
    ],
)  # fmt: skip
def test_a_filter_that_is_not_understood_is_never_passed_over(cast, query, field):
    problem(call("GET", f"/public/cases{query}"), 422, "invalid", field)


@pytest.mark.parametrize("cursor", ["x", "-1", "20261103T000000.000000-9999999999999999999", "%F0%9F%90%BC"])
def test_a_broken_cursor_is_the_first_page(three, cursor):
    assert call("GET", f"/public/cases?cursor={cursor}").status_code == 200


def test_a_published_case_shows_both_views_and_what_came_of_it_and_no_identity(cast):
    case = published(cast)
    answer = call("GET", f"/public/cases/{case.ref}")
    page = answer.json()
    assert (page["rating"], page["finding"], page["resolution"], page["money"]) == (5, "untrue", "solved", "429.00")
    assert page["due"]["days"]
    assert "13800001234" not in answer.content.decode()
    assert case.code not in answer.content.decode()


def test_what_is_not_published_is_absent(cast):
    case = answered(cast)
    problem(call("GET", f"/public/cases/{case.ref}"), 404, "absent")
    assert case.ref not in refs()


def test_the_money_ledger_is_told_to_the_row(three):
    page = call("GET", "/public/money?kind=arrears&size=2").json()
    assert [item["amount"] for item in page["items"]] == ["429.00", "429.00"]
    rest = call("GET", page["next"].split("/api/v1")[1]).json()
    assert [item["ref"] for item in rest["items"]] == three[2:]
    assert call("GET", "/public/money?kind=fine").json()["items"] == []


def test_a_units_line_shows_its_totals_and_latest_answers(three):
    line = call("GET", "/public/units/211421-CZJ").json()
    assert (line["name"], line["region_name"], line["superior"]) == (
        "绥中县财政局",
        "辽宁省葫芦岛市绥中县",
        "211400-CZJ",
    )
    assert [item["ref"] for item in line["latest"]] == three
    assert (line["totals"]["five"], line["totals"]["returned"]) == (3, "1287.00")
    problem(call("GET", "/public/units/nobody"), 404, "absent")


def test_categories_and_regions_are_listed(cast):
    assert {"code", "name", "level"} == set(call("GET", "/public/categories").json()[0])
    codes = [row["code"] for row in call("GET", "/public/regions?under=211400").json()]
    assert codes[0] == "211400"
    assert "211421" in codes
    assert "210100" not in codes
