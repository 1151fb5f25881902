"""The budget pages: what they show, what is not there, files equal to the page, the cost in queries."""

import csv
import io
import re

import pytest
from django.test import Client

from minxin.disclosures.reports import headings
from minxin.disclosures.rules.codes import Version
from minxin.disclosures.tests import budgets

EDUCATION, SCHOOL = "211400-JYJ", "211400-YZ"


@pytest.fixture
def site(planned: Client) -> Client:
    headings.forget()
    return planned


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def table(client, address):
    response = client.get(address)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    body = b"".join(response.streaming_content).decode()
    assert body.startswith("\ufeff")
    return list(csv.reader(io.StringIO(body[1:])))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/budget/", ["2007年的钱分到哪里", "3,200.00 元", "教育", "葫芦岛市教育局", "三公经费"]),
        ("/budget/?year=2006", ["2006年的钱分到哪里", "1,800.00 元", "按 2007 年改革后的收支科目重新归类"]),
        ("/budget/2007/", ["2007年年初预算", "3,200.00 元", "葫芦岛市教育局", "81.3%"]),
        ("/budget/2006/", ["按 2007 年改革后的收支科目重新归类"]),
        ("/budget/2007/?by=function&function=205", ["教育管理事务", "普通教育", "用途"]),
        ("/budget/2007/?by=project&kind=project", ["教师培训", "公务用车更新"]),
        ("/budget/2007/?by=row", ["基本工资", "对这个数字有疑问", "体育器材"]),
        ("/budget/2007/?q=教师", ["名称里有“教师”的", "教师培训", "教师进修"]),
        ("/budget/2007/?q=没有这样的", ["没有找到"]),
        ("/budget/2007/?function=204", ["这个范围里没有预算"]),
        ("/budget/2007/?on=2007-03-01", ["这是过去某一天的页面", "3,600.00 元"]),
        ("/budget/2007/?on=2006-03-01", ["那一天还没有公开这一年度的预算"]),
        ("/budget/2006/versions/", ["年初预算", "有 1 个单位公开了调整预算", budgets.WHY, "+55.6%"]),
        ("/budget/2007/versions/", ["这一年没有调整预算", budgets.WRONG, "更正"]),
        ("/budget/2006/versions/?on=2006-01-01", ["那一天还没有公开"]),
        ("/budget/2007/three/", ["700.00 元", "比上年增减", "350.00 元", "公务用车购置"]),
        (f"/budget/2007/three/?department={EDUCATION}", [budgets.CARS]),
        ("/budget/2006/three/", ["三项合计"]),
        (f"/budget/units/{SCHOOL}/", ["葫芦岛市第一高级中学的预算", "212 人", "主管部门", "不到 5 个", budgets.WRONG]),
    ],
)
def test_a_page_says_what_it_is_for(site, address, words):
    response = site.get(address)
    assert response.status_code == 200
    told = text(response)
    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize(
    "address",
    [
        "/budget/1999/",
        "/budget/1999/versions/",
        "/budget/1999/three/",
        "/budget/1999/table.csv",
        "/budget/2007/?unit=NOBODY",
        "/budget/2007/?department=211400-MX",
        "/budget/units/211400-MX/",
        "/budget/units/NOBODY/",
    ],
)
def test_what_does_not_exist_is_not_found(site, address):
    assert site.get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/budget/?year=9999",
        "/budget/?year=x&on=1999-01-01",
        "/budget/2007/?by=no&version=no&function=abc&fund=x&on=2007-13-40",
        "/budget/2007/?by=row&before=_&q=",
        "/budget/2007/?by=row&before=99999999999999999999999_1",
        "/budget/2007/?project=%22%3Cb%3E",
        "/budget/99999999999999999999/?on=2007-01-01",
    ],
)
def test_an_address_written_at_random_gets_a_page_or_none(site, address):
    assert site.get(address).status_code in {200, 404}


def test_a_narrowing_is_shown_with_its_steps_and_comes_off(site):
    page = site.get(f"/budget/2007/?by=economic&department={EDUCATION}&unit={EDUCATION}&function=2050101")
    html = page.content.decode()
    assert re.search(r"教育</a>.*教育管理事务</a>.*<b>行政运行</b>", html, re.DOTALL)
    assert f'href="?by=economic&amp;version=initial&amp;department={EDUCATION}&amp;unit={EDUCATION}"' in html
    assert f'href="?by=economic&amp;version=initial&amp;department={EDUCATION}&amp;function=2050101"' in html
    assert f'href="/budget/units/{EDUCATION}/"' in html


def test_words_are_explained_in_place_without_script(site):
    html = site.get("/budget/2007/?by=economic&economic=302").content.decode()
    assert re.search(r"<details class=\"gloss\"><summary>.*?</summary><p>三公经费之一：按规定开支的", html, re.DOTALL)


def test_the_file_is_the_table_of_the_page(site):
    rows = table(site, "/budget/2007/table.csv?by=function")
    assert rows == [
        ["代码", "名称", "金额（元）", "占合计的百分比"],
        ["205", "教育", "2200.00", "68.75"],
        ["208", "社会保障和就业", "600.00", "18.75"],
        ["229", "其他支出", "400.00", "12.50"],
        ["", "合计", "3200.00", "100.00"],
    ]


def test_the_file_of_the_rows_holds_all_of_them_and_no_formula(site, money):
    rows = budgets.civil(3)
    rows[0]["project"] = "=1+1"
    budgets.publish(money, "civil", rows, budgets.at(2008, 2, 1), fiscal_year=2008)
    lines = table(site, "/budget/2008/table.csv?by=row")
    assert [line[6] for line in lines[1:]] == ["'=1+1"]
    assert len(table(site, "/budget/2007/table.csv?by=row")) == 10


def test_a_question_carries_what_it_is_about(site):
    html = site.get("/budget/2007/?by=row&department=" + EDUCATION).content.decode()
    found = re.findall(r'href="(/ask/\?[^"]+)"', html)
    assert len(found) == 8
    assert all("digest=" in link and "version=initial" in link and "unit=211400-" in link for link in found)


def test_each_total_of_the_versions_opens_what_it_is_made_of(site):
    page = site.get("/budget/2006/versions/?by=function&function=205")
    for version, address in page.context["opens"].items():
        if version != Version.EXECUTED:
            assert site.get(address).context["drill"].total_fen == getattr(page.context["sides"].total, version)


def test_a_row_and_a_table_of_the_budget_lead_to_their_published_pages(site):
    html = site.get("/budget/2007/?by=row&department=" + EDUCATION).content.decode()
    rows = re.findall(r'href="(/publications/GK[^"]+/rows/\d+/)">([\d.,]+)<', html)
    assert len(rows) == 8
    for link, amount in rows[:2]:
        assert amount in text(site.get(link))
    html = site.get(f"/budget/units/{EDUCATION}/").content.decode()
    tables = re.findall(r'href="(/tables/[^"]+)"', html)
    assert f"/tables/{EDUCATION}/2007/initial/detail/" in tables
    assert {site.get(link).status_code for link in tables[:14]} == {200}


def test_the_three_expenses_of_what_was_paid_are_those_of_the_plan(site, money):
    budgets.pay(money, "school", 100)
    assert site.get("/budget/2006/?version=executed").status_code == 200
    page = site.get("/budget/2006/three/?version=executed")
    assert page.context["asked"].version == Version.INITIAL
    assert Version.EXECUTED.label not in [label for label, _query, _here in page.context["versions"]]


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/budget/", 4),
        ("/budget/2007/", 4),
        ("/budget/2007/?function=205", 3),
        ("/budget/2007/?by=row", 4),
        ("/budget/2007/?q=教师", 3),
        ("/budget/2006/versions/", 6),
        ("/budget/2007/three/", 3),
        (f"/budget/units/{EDUCATION}/", 7),
    ],
)
def test_a_page_asks_the_database_few_questions(site, address, most, django_assert_max_num_queries):
    site.get(address)
    with django_assert_max_num_queries(most):
        site.get(address)


# --- for machines


def test_the_api_tells_the_same_figures(site):
    years = site.get("/api/v1/public/budget").json()
    assert years == [
        {"year": 2007, "versions": ["initial"]},
        {"year": 2006, "versions": ["initial", "adjusted", "final"]},
    ]
    told = site.get("/api/v1/public/budget/2007?by=function&function=205").json()
    assert (told["total"], told["version"], told["by"]) == ("2200.00", "initial", "function")
    assert [(line["code"], line["name"], line["amount"]) for line in told["lines"]] == [
        ("20501", "教育管理事务", "1400.00"),
        ("20502", "普通教育", "800.00"),
    ]
    deeper = site.get(f"/api/v1/public/budget/2007?{told['lines'][0]['query']}").json()
    assert deeper["total"] == "1400.00"


def test_the_api_tells_rows_page_by_page(site):
    told = site.get("/api/v1/public/budget/2007?by=row&project=教师培训").json()
    assert [(row["amount"], row["unit"], row["economic"]) for row in told["rows"]] == [("200.00", EDUCATION, "30216")]
    assert told["cursor"] == ""
    assert told["total"] is None


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?by=x", 422),
        ("?function=20", 422),
        ("?unit=NOBODY", 404),
        ("?on=2006-01-01", 404),
        ("?kind=x", 422),
    ],
)
def test_the_api_says_what_is_wrong(site, query, status):
    assert site.get(f"/api/v1/public/budget/2007{query}").status_code == status
