"""The portal's pages, by the test client without script."""

import csv
import io
import json

import pytest

from minxin.cases.actions import reading
from minxin.cases.reports import dossier, tally
from minxin.cases.tests import public_cast

pytestmark = pytest.mark.django_db
PAGES = ["/", "/ledger/received/", "/ledger/closed/", "/ledger/rated/", "/money/", "/money/?kind=arrears",
         "/accountability/", "/stars/", "/stars/?region=211400", "/units/", "/units/?q=财政", "/units/?region=211400",
         "/units/211421-CZJ/", "/data/", "/disclosures/fees/", "/about/", "/privacy/", "/sitemap.xml"]  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh(cast):
    tally.forget()


def test_every_page_opens_empty_and_full(client, cast):
    assert {path: client.get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)
    public_cast.published(cast)
    tally.forget()
    assert {path: client.get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)
    assert "minxin_desk" not in client.cookies


@pytest.mark.parametrize(
    "path", ["/ledger/nothing/", "/units/NO/", "/data/people.csv", "/data/cases.xml", "/disclosures/x/"]
)
def test_what_is_not_there_is_not_found(client, cast, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["before=x", "before=-", "before=9999-99-99-1", "before=" + "9" * 50, "kind=<b>", "region=%27", "q=" + "长" * 999],
)
@pytest.mark.parametrize("path", ["/ledger/received/", "/money/", "/accountability/", "/stars/", "/units/"])
def test_hostile_addresses_are_answered_calmly(client, cast, path, query):
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200
    assert "<b>" not in answer.content.decode().replace("<b><time", "")


def test_the_four_numbers_come_from_rows_and_lead_to_them(client, cast):
    public_cast.published(cast, key="a")
    public_cast.answered(cast, key="b")
    tally.forget()
    page = client.get("/").content.decode()
    for words in (
        "858.00",
        'href="/ledger/received/"',
        'href="/ledger/closed/"',
        'href="/ledger/rated/"',
        'href="/money/"',
    ):
        assert words in page
    assert "1 / 1" in page


def test_the_home_page_promises_no_figure_it_does_not_have(client, cast):
    page = client.get("/").content.decode()
    assert "会客厅" not in page
    assert "一线传真" not in page
    assert "随下一版开放" in page


@pytest.mark.parametrize("number", [1, 6])
def test_the_home_page_asks_the_database_twice(client, cast, number, django_assert_max_num_queries):
    for n in range(number):
        public_cast.published(cast, key=f"k{n}")
    tally.forget()
    client.get("/about/")
    with django_assert_max_num_queries(3):  # and once every few seconds for the tree of units
        client.get("/")


def test_units_with_few_cases_are_not_ranked(client, cast):
    public_cast.published(cast)
    assert "件数太少，不排名" in client.get("/stars/").content.decode()
    for n in range(5):
        public_cast.answered(cast, key=f"m{n}")
    page = client.get("/stars/").content.decode()
    assert "单位排名" in page
    assert "30 / 6" in page


def test_a_line_page_leads_to_a_filing_about_this_unit(client, cast):
    public_cast.published(cast)
    page = client.get("/units/211421-CZJ/").content.decode()
    assert 'href="/file/?unit=211421-CZJ"' in page
    assert "教师工资 429 元当日补发" in page


def test_open_data_are_the_rows_of_the_pages(client, cast):
    case = public_cast.published(cast)
    public_cast.answered(cast, key="b")
    rows = list(csv.DictReader(io.StringIO(client.get("/data/cases.csv").getvalue().decode("utf-8-sig"))))
    assert [(row["ref"], row["returned_yuan"], row["stars"]) for row in rows] == [(case.ref, "429.00", "5")]
    money = json.loads(client.get("/data/money.json").getvalue())
    told = {(row["yuan"], row["people"], row["ref"], bool(row["on"])) for row in money}
    assert told == {("429.00", 1, case.ref, True), ("429.00", None, "", False)}


def test_no_cell_of_a_sheet_begins_a_formula(client, cast):
    public_cast.published(cast, title="=HYPERLINK(1)")
    assert "'=HYPERLINK" in client.get("/data/cases.csv").getvalue().decode()


def test_from_a_figure_to_a_filing_about_it_with_one_click(client, cast):
    query = {"about": "ZF2006-0000429-3", "version": "v1", "digest": "ab" * 32, "unit": "211421-CZJ"}
    query["label"] = "购置办公设备"
    answer = client.get("/ask/", query, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[0][0].startswith("/file/?about=")
    assert "购置办公设备（ZF2006-0000429-3 · v1）" in page
    assert "您要反映的是这条公开信息" in page
    assert f'value="{"ab" * 32}"' in page


@pytest.mark.parametrize("query", ["", "about=", "label=x", "about=%20"])
def test_a_question_about_nothing_is_not_found(client, cast, query):
    assert client.get(f"/ask/?{query}").status_code == 404


def test_what_a_filing_is_about_reaches_the_centres_desk(client, cast):
    filed = public_cast.filed(about_ref="购置办公设备（ZF2006-0000429-3）", about_digest="ab" * 32)
    case = reading.read(filed.ref, by=cast.officers["huludao_editor"])
    file = dossier.dossier(case, cast.officers["huludao_editor"])
    assert file.original is not None
    assert (file.original.about, file.original.digest) == ("购置办公设备（ZF2006-0000429-3）", "ab" * 32)
