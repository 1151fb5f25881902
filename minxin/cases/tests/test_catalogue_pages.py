"""The desk's pages of the catalogue: who sees them, what they offer, what they do with good and bad input."""

import io
from datetime import date, datetime

import pytest
from django.test import Client

from minxin.cases.actions import catalogue as actions
from minxin.cases.models import Category, ClockRule, DutyRow, KeywordRow, snapshot
from minxin.cases.reports import catalogue
from minxin.cases.rules.duties import COLUMNS
from minxin.directory.models import Person
from minxin.directory.rules import SYSTEM
from minxin.kernel import clocks, sheets

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=clocks.ZONE)
BASIS = "葫政办发〔2026〕1号"
PAGES = ["", "categories/1001/", "duties/", "words/", "limits/", "trial/"]
ROOT = "/desk/catalogue/"


@pytest.fixture(autouse=True)
def _at_a_moment(cast):
    snapshot.forget()
    with clocks.at(MOMENT):
        Person.objects.update(password_changed_at=MOMENT)
        yield
    snapshot.forget()


def desk(cast, username: str) -> Client:
    client = Client()
    client.force_login(Person.objects.get(pk=cast.person(username)))
    return client


def assign(category="1601", region="211421", unit="211421-CZJ") -> int:
    return actions.assign_duty(
        category=category, region=region, unit=unit, valid_from=date(2020, 1, 1), basis="三定方案", by=SYSTEM
    )


@pytest.mark.parametrize("page", PAGES)
def test_the_centre_and_system_administrators_see_the_pages_and_units_do_not(cast, page):
    for username in ["huludao_dispatcher", "province_editor", "suizhong_visitor", "huludao_system_admin"]:
        assert desk(cast, username).get(ROOT + page).status_code == 200, username
    for username in ["suizhong_finance_clerk", "city_discipline_discipline", "province_auditor"]:
        assert desk(cast, username).get(ROOT + page).status_code == 404, username
    assert Client().get(ROOT + page).status_code == 302


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("number", [1, 25])
def test_a_page_costs_the_same_queries_for_one_row_and_for_many(cast, page, number, django_assert_max_num_queries):
    codes = [node.code for top in catalogue.tree() for node in top.children][:number]
    for code in codes:
        assign(category=code)
    client = desk(cast, "province_supervisor")
    client.get(ROOT + page)
    with django_assert_max_num_queries(9):
        assert client.get(ROOT + page).status_code == 200


def test_a_page_offers_only_what_the_officer_may_do(cast):
    county = desk(cast, "suizhong_editor").get(f"{ROOT}categories/1001/").content.decode()
    assert "增加关键词" in county
    assert "更改名称" not in county
    top = desk(cast, "province_editor").get(f"{ROOT}categories/1001/").content.decode()
    assert "更改名称" in top
    visitor = desk(cast, "suizhong_visitor").get(f"{ROOT}duties/").content.decode()
    assert "增加或更换承办单位" not in visitor


def test_a_category_is_added_renamed_and_closed_through_its_page(cast):
    client = desk(cast, "province_editor")
    assert client.post(f"{ROOT}categories/", {"name": "新业态", "basis": BASIS}).status_code == 302
    assert client.post(f"{ROOT}categories/22/children/", {"name": "外卖骑手", "basis": BASIS}).status_code == 302
    assert client.post(f"{ROOT}categories/2201/name/", {"name": "外卖配送", "basis": BASIS}).status_code == 302
    assert catalogue.name("2201") == "新业态 › 外卖配送"
    page = client.post(f"{ROOT}categories/22/closing/", {"basis": BASIS})
    assert page.status_code == 422
    assert "请先停用它们" in page.content.decode()
    assert client.post(f"{ROOT}categories/2201/closing/", {"basis": BASIS}).status_code == 302
    assert "已停用" in client.get(f"{ROOT}categories/2201/").content.decode()


def test_words_are_added_and_removed_on_the_page_of_their_category(cast):
    client = desk(cast, "suizhong_editor")
    assert client.post(f"{ROOT}categories/0401/words/", {"word": "地热冰凉", "weight": "6"}).status_code == 302
    assert KeywordRow.objects.filter(word="地热冰凉", category="0401", weight=6).exists()
    client.post(f"{ROOT}categories/0401/words/removal/", {"word": "地热冰凉"})
    assert not KeywordRow.objects.filter(word="地热冰凉").exists()


@pytest.mark.parametrize(
    ("path", "typed", "kept"),
    [
        ("categories/0401/words/", {"word": "热", "weight": "6"}, 'value="热"'),
        ("categories/0401/words/", {"word": "<b>x</b>", "weight": "99"}, "&lt;b&gt;x&lt;/b&gt;"),
        ("duties/", {"category": "1601", "region": "999999", "unit": "211421-CZJ", "basis": "某文件"}, "某文件"),
        ("duties/", {"category": "xx", "region": "", "unit": "没有这个单位", "basis": ""}, "没有这个单位"),
        ("limits/", {"code": "handle", "amount": "-1", "unit": "hour", "basis": "某文件"}, "某文件"),
        ("limits/", {"code": "handle", "amount": "5", "unit": "hour", "valid_from": "昨天", "basis": "某文件"}, "昨天"),
    ],
)
def test_bad_input_comes_back_with_everything_typed(cast, path, typed, kept):
    page = desk(cast, "province_supervisor").post(ROOT + path, typed)
    assert page.status_code == 422
    assert kept in page.content.decode()
    assert not DutyRow.objects.exists()


def test_what_the_page_does_not_offer_is_refused_with_a_sentence(cast):
    page = desk(cast, "suizhong_editor").post(f"{ROOT}categories/0401/name/", {"name": "别名", "basis": BASIS})
    assert page.status_code == 422
    assert Category.objects.filter(code="0401").count() == 1


def test_a_duty_is_assigned_found_and_ended_through_the_pages(cast):
    client = desk(cast, "huludao_dispatcher")
    typed = {"category": "1601", "region": "211421 绥中县", "unit": "绥中县财政局", "basis": BASIS}
    assert client.post(f"{ROOT}duties/", typed).status_code == 302
    row = DutyRow.objects.get()
    assert (row.region, row.valid_from, row.unit_id) == ("211421", MOMENT.date(), cast.units["suizhong_finance"].id)
    for query, there in [
        ("category=16", True),
        ("category=10", False),
        ("region=211400", True),
        ("region=210100", False),
    ]:
        found = client.get(f"{ROOT}duties/?{query}").content.decode()
        assert (f"<td>{BASIS}</td>" in found) == there, query
    assert client.post(f"{ROOT}duties/1601/211421/end/", {"on": "2026-03-31"}).status_code == 302
    row.refresh_from_db()
    assert row.valid_to == date(2026, 3, 31)
    assert client.get(f"{ROOT}duties/1601/211421/end/").status_code == 404


def test_a_long_list_goes_on_by_key_and_every_row_comes_once(cast):
    codes = [node.code for top in catalogue.tree() for node in top.children][:60]
    for code in codes:
        assign(category=code)
    first = catalogue.duties()
    second = catalogue.duties(after=first.after)
    assert [row.category for row in (*first.rows, *second.rows)] == codes
    assert second.after == ""
    assert catalogue.duties(after="nonsense").rows == first.rows
    found, after = [], ""
    while True:
        page = catalogue.words(category="04", after=after)
        found += [row.word for row in page.rows]
        after = page.after
        if not after:
            break
    assert len(found) == len(set(found)) == KeywordRow.objects.filter(category__startswith="04").count()


def upload(name: str, data: bytes) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_is_exported_comes_back_unchanged_and_a_changed_cell_changes_the_duty(cast, kind):
    assign()
    assign(category="0401", region="211400", unit="211400-CZJ")
    client = desk(cast, "province_dispatcher")
    data = client.get(f"{ROOT}duties/sheet/?as={kind}").content
    page = client.post(f"{ROOT}duties/import/", {"file": upload(f"a.{kind}", data), "check": "1"}).content.decode()
    assert "不变 2 行" in page
    rows = list(catalogue.sheet_rows())
    rows[1][4], rows[1][6], rows[1][8] = "211400-CZJ", "2026-04-01", BASIS
    changed = sheets.workbook("派单目录", catalogue.headings(), rows)
    page = client.post(f"{ROOT}duties/import/", {"file": upload("a.xlsx", changed), "import": "1"}).content.decode()
    assert "已全部导入" in page
    assert [row.valid_to for row in DutyRow.objects.filter(category="1601").order_by("id")] == [date(2026, 3, 31), None]


def test_an_import_with_faults_names_each_and_changes_nothing(cast):
    client = desk(cast, "huludao_dispatcher")
    lines = "类别代码,区划代码,单位代码,依据\n1601,211421,211421-CZJ,文件\n1601,211499,NOBODY,\n"
    page = client.post(f"{ROOT}duties/import/", {"file": upload("a.csv", lines.encode()), "import": "1"})
    assert page.status_code == 422
    assert "什么都没有导入" in page.content.decode()
    assert not DutyRow.objects.exists()
    wrong = client.post(f"{ROOT}duties/import/", {"file": upload("a.csv", "甲,乙\n1,2\n".encode())})
    assert wrong.status_code == 422
    assert "第一行缺少这些列" in wrong.content.decode()
    assert client.post(f"{ROOT}duties/import/", {}).status_code == 422


def test_the_sheet_has_the_columns_that_the_import_reads():
    assert catalogue.headings() == [column.heading for column in COLUMNS]


def test_a_limit_is_set_and_a_special_one_ended_through_the_page(cast):
    client = desk(cast, "huludao_supervisor")
    typed = {"code": "handle", "kind": "complaint", "region": "211400", "amount": "7", "unit": "working_day"}
    assert client.post(f"{ROOT}limits/", typed | {"basis": BASIS}).status_code == 302
    row = ClockRule.objects.get(region="211400")
    page = client.get(f"{ROOT}limits/").content.decode()
    assert page.count("今天结束") == 1
    assert BASIS in page
    assert client.post(f"{ROOT}limits/{row.pk}/end/").status_code == 302
    row.refresh_from_db()
    assert row.valid_to == MOMENT.date()
    general = ClockRule.objects.get(code="handle", kind="", region="", urgency="")
    client.post(f"{ROOT}limits/{general.pk}/end/")
    general.refresh_from_db()
    assert general.valid_to is None


def test_a_sentence_is_tried_and_the_reasons_are_shown(cast):
    assign()
    client = desk(cast, "huludao_dispatcher")
    page = client.get(f"{ROOT}trial/", {"text": "县里拖欠财政工资", "region": "211421"}).content.decode()
    assert "绥中县财政局办理" in page
    lifted = client.get(
        f"{ROOT}trial/", {"text": "县里拖欠财政工资", "region": "211421", "respondent": "绥中县财政局"}
    ).content.decode()
    assert "按回避原则上提一级" in lifted


def test_the_simulator_page_runs_and_refuses_days_the_wrong_way_round(cast):
    client = desk(cast, "huludao_dispatcher")
    page = client.get(f"{ROOT}trial/", {"since": "2026-01-01", "until": "2026-03-02", "region": ""})
    assert page.status_code == 200
    assert "没有可以试派的件" in page.content.decode()
    assert client.get(f"{ROOT}trial/", {"since": "2026-03-02", "until": "2026-01-01"}).status_code == 422


@pytest.mark.parametrize("path", ["categories/zz/", "categories/1001/nonsense/", "duties/9999/211421/end/"])
def test_what_does_not_exist_is_not_found(cast, path):
    assert desk(cast, "huludao_dispatcher").get(ROOT + path).status_code == 404
