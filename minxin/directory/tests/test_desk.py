from importlib import import_module

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from minxin.directory import forms, models, reports
from minxin.directory.actions import appointments, imports, people, units
from minxin.directory.actions.imports import ImportRow
from minxin.directory.rules import SYSTEM, Role
from minxin.kernel.errors import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = import_module("minxin.config.urls").urlpatterns


@pytest.fixture
def desk(client, cast):
    def enter(username):
        client.force_login(models.Person.objects.get(username=username))
        return client

    return enter


# --- units and people on the desk


def test_the_tree_is_browsed_and_searched(desk):
    client = desk("huludao_system_admin")
    assert "辽宁省民心网中心" in client.get("/desk/units/").content.decode()
    found = client.get("/desk/units/?q=南票").content.decode()
    assert "葫芦岛市南票区财政局" in found
    assert "绥中" not in found
    own = desk("suizhong_education_head").get("/desk/units/").content.decode()
    assert "绥中县教育局" in own
    assert "财政局" not in own


def test_a_unit_one_may_not_see_does_not_exist(desk):
    client = desk("suizhong_education_head")
    assert client.get("/desk/units/211421-GTZX/").status_code == 200
    assert client.get("/desk/units/211421-CZJ/").status_code == 404
    assert client.get("/desk/units/none/").status_code == 404
    assert client.post("/desk/units/211421-CZJ/line/", {}).status_code == 404
    assert client.post("/desk/units/211421-GTZX/nothing/", {}).status_code == 404


def test_a_page_offers_only_what_its_reader_may_do(desk):
    page = desk("suizhong_education_head").get("/desk/units/211421-JYJ/").content.decode()
    assert "编辑专线" in page
    assert "新增下级单位" not in page
    page = desk("huludao_system_admin").get("/desk/units/211421-JYJ/").content.decode()
    assert "新增下级单位" in page
    page = desk("huludao_auditor").get("/desk/units/211421-JYJ/").content.decode()
    assert 'class="move"' not in page


def test_a_unit_is_opened_renamed_moved_and_closed_on_the_desk(desk):
    client = desk("huludao_system_admin")
    facts = {"code": "211421-CJS", "name": "绥中县财经所", "kind": "station", "region": "211421"}
    assert client.post("/desk/units/211421-CZJ/children/", facts).status_code == 302
    assert reports.unit("211421-CJS").parent_id == reports.unit("211421-CZJ").id
    base = "/desk/units/211421-CJS/"
    for noun, form in [
        ("name", {"name": "绥中县财政所"}),
        ("place", {"parent": "211421-JYJ"}),
        ("line", {"duty_phone": "0429-6122345", "hours": "工作日"}),
        ("posts", {"role": "head"}),
        ("closing", {}),
    ]:
        assert client.post(f"{base}{noun}/", form).status_code == 302, noun
    unit = reports.unit("211421-CJS")
    assert (unit.name, unit.closed_on is not None) == ("绥中县财政所", True)
    assert client.get(base).status_code == 200


@pytest.mark.parametrize(
    ("noun", "form", "sentence"),
    [
        ("children", {"code": "211421-JYJ", "name": "某所", "kind": "station", "region": "211421"}, "已被使用"),
        ("children", {"code": "x", "name": "y", "kind": "castle", "region": "211421"}, "选择"),
        ("line", {"duty_phone": "12"}, ""),
        ("place", {"parent": "none"}, ""),
    ],
)
def test_a_refused_form_comes_back_with_everything_typed(desk, noun, form, sentence):
    response = desk("huludao_system_admin").post(f"/desk/units/211421-CZJ/{noun}/", form)
    page = response.content.decode()
    assert response.status_code in {404, 422}
    assert sentence in page
    if response.status_code == 422:
        assert all(f'value="{value}"' in page for value in form.values() if value not in {"castle"})


def test_a_person_is_made_appointed_and_handed_over_on_the_desk(desk, cast):
    client = desk("huludao_security_admin")
    made = client.post("/desk/people/", {"username": "xin_ren", "label": "工号0099", "unit": "211421-CZJ"})
    assert "只显示这一次" in made.content.decode()
    assert made["Cache-Control"] == "no-store"
    post = units.open_post(unit="211421-CZJ", role=Role.PUBLISHER, by=SYSTEM)
    assert client.post("/desk/people/xin_ren/appointments/", {"post": post}).status_code == 302
    assert reports.officer_by_username("xin_ren").has(Role.PUBLISHER)
    again = client.post("/desk/people/xin_ren/appointments/", {"post": post})
    assert (again.status_code, "已担任" in again.content.decode()) == (422, True)
    assert client.post("/desk/people/suizhong_finance_clerk/hand-over/", {"to": "xin_ren"}).status_code == 302
    assert reports.officer_by_username("xin_ren").has(Role.CLERK)
    assert "初始密码" in client.post("/desk/people/xin_ren/password/").content.decode()
    assert "mx_" in client.post("/desk/people/xin_ren/tokens/").content.decode()
    page = reports.person_page("xin_ren", by=cast.officers["huludao_security_admin"])
    assert client.post(f"/desk/people/xin_ren/tokens/{page.tokens[0].id}/revocation/").status_code == 302
    for row in page.appointments:
        assert client.post(f"/desk/people/xin_ren/appointments/{row.id}/end/").status_code == 302
    assert client.post("/desk/people/xin_ren/closing/").status_code == 302
    assert "已停用" in client.get("/desk/people/xin_ren/").content.decode()
    assert client.post("/desk/people/xin_ren/nothing/").status_code == 404


def test_people_are_for_administrators_only(desk):
    assert desk("suizhong_finance_head").get("/desk/people/").status_code == 404
    assert desk("huludao_auditor").get("/desk/people/").status_code == 200
    refused = desk("huludao_auditor").post("/desk/people/suizhong_finance_clerk/password/")
    assert refused.status_code == 403


def test_people_are_found_and_turned_over_by_pages(desk):
    client = desk("province_security_admin")
    first = client.get("/desk/people/")
    rows = first.context["people"]
    assert len(rows) == reports.PAGE
    after = client.get(f"/desk/people/?after={rows[-1].username}").context["people"]
    assert after[0].username > rows[-1].username
    assert [row.username for row in client.get("/desk/people/?q=gaotai").context["people"]] == [
        "gaotai_school_clerk",
        "gaotai_school_head",
    ]


def test_pages_ask_the_database_as_often_for_one_row_as_for_twenty_five(cast, django_assert_num_queries):
    admin = cast.officers["province_security_admin"]
    for number in range(24):
        units.open_post(unit="211421-GTZX", role=Role.SECTION, section=f"{number}组", by=SYSTEM)
        people.create_person(username=f"xin_ren_{number:02}", label="人员", unit="211421-GTZX", by=SYSTEM)
        post = units.open_post(unit="211421-GTZX", role=Role.CLERK, section=f"{number}组", by=SYSTEM)
        appointments.appoint(person="gaotai_school_clerk", post=post, by=SYSTEM)
    reports.tree()
    for code in ("211421-GTZX", "211404-MZJ"):
        with django_assert_num_queries(3):
            reports.unit_page(code, by=admin)
    for username in ("gaotai_school_clerk", "gaotai_school_head"):
        with django_assert_num_queries(3):
            reports.person_page(username, by=admin)
    with django_assert_num_queries(1):
        assert len(reports.people(admin, q="xin_ren")) == 24
    with django_assert_num_queries(1):
        assert len(reports.people(admin, q="xin_ren_01")) == 1
    with django_assert_num_queries(0):
        reports.units_seen(admin, q="财政")


# --- import

CSV = """单位代码,单位名称,简称,单位类型,区划代码,上级单位代码
211421-A,甲所,,基层站所,211421,211421-B
211421-B,乙局,,政府部门,211421,211421-MX
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_csv_is_read_in_the_encodings_people_have(encoding):
    rows = forms.read_import("单位.csv", CSV.encode(encoding))
    assert [(row.sheet, row.number, row.texts["name"]) for row in rows] == [("units", 2, "甲所"), ("units", 3, "乙局")]


def test_children_may_stand_before_their_parents(cast):
    done = imports.import_directory(rows=forms.read_import("a.csv", CSV.encode()), by=SYSTEM)
    assert (done.findings, done.units) == ((), 2)
    assert reports.unit("211421-A").within(reports.unit("211421-B"))


def test_the_template_with_its_examples_is_understood(cast):
    rows = forms.read_import("t.xlsx", forms.template())
    assert [row.sheet for row in rows] == ["units", "posts", "people"]
    result = imports.import_directory(rows=rows, by=SYSTEM, dry=True)
    assert [(one.sheet, one.row, one.column) for one in result.findings] == [("单位", 2, "单位代码")]


def people_rows(*texts):
    return [ImportRow("people", number, row) for number, row in enumerate(texts, start=2)]


def test_people_are_imported_with_first_passwords_and_posts(cast):
    unit = {"unit": "211421-CZJ", "label": "工号0001"}
    rows = people_rows(
        {"username": "sz_01", "role": "承办员", "from_on": "2026-03-01", **unit}, {"username": "sz_02", **unit}
    )
    assert imports.import_directory(rows=rows, by=SYSTEM, dry=True).accounts == ()
    assert not models.Person.objects.filter(username="sz_01").exists()
    seen: list[int] = []
    done = imports.import_directory(rows=rows, by=SYSTEM, progress=seen.append)
    assert seen == [1, 2]
    assert [len(account.password) for account in done.accounts] == [19, 19]
    assert reports.officer_by_username("sz_01").label == "绥中县财政局 承办员"


def test_one_wrong_row_keeps_everything_out_and_is_reported_with_row_and_column(cast):
    unit = {"unit": "211421-CZJ", "label": "工号0001"}
    rows = people_rows(
        {"username": "sz_01", **unit},
        {"username": "", **unit},
        {"username": "大写", **unit},
        {"username": "sz_02", **unit, "role": "国王"},
        {"username": "sz_03", **unit, "from_on": "昨天"},
        {"username": "sz_04", **unit, "unit": "none"},
        {"username": "sz_01", **unit},
        {"username": "sz_05", **unit, "role": "发布员"},
    )
    result = imports.import_directory(rows=rows, by=SYSTEM)
    assert [(one.row, one.column) for one in result.findings] == [
        (3, "用户名"),
        (4, "用户名"),
        (5, "任职岗位角色"),
        (6, "任职日期"),
        (7, "所在单位代码"),
        (8, "用户名"),
        (9, "任职岗位角色"),
    ]
    assert all(one.wrong and one.todo for one in result.findings)
    assert not models.Person.objects.filter(username__startswith="sz_").exists()
    assert "sz_01" in {one.value for one in result.findings}


def test_a_circle_of_parents_is_reported(cast):
    facts = {"name": "某所", "kind": "基层站所", "region": "211421"}
    rows = [
        ImportRow("units", 2, {"code": "R-1", "parent": "R-2", **facts}),
        ImportRow("units", 3, {"code": "R-2", "parent": "R-1", **facts}),
    ]
    assert [one.row for one in imports.import_directory(rows=rows, by=SYSTEM).findings] == [2, 3]


def test_each_administrator_imports_what_is_his(cast):
    unit = ImportRow("posts", 2, {"unit": "211421-CZJ", "role": "发布员"})
    person = people_rows({"username": "sz_01", "label": "工号", "unit": "211421-CZJ"})[0]
    system, security = (cast.officers[f"huludao_{role}_admin"] for role in ("system", "security"))
    assert imports.import_directory(rows=[unit], by=system).findings == ()
    assert imports.import_directory(rows=[person], by=security).findings == ()
    for row, by in [(unit, security), (person, system)]:
        with pytest.raises(Refused):
            imports.import_directory(rows=[row], by=by)


def workbook(change):
    import io

    import openpyxl

    book = openpyxl.Workbook()
    change(book.active)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def merged(sheet):
    sheet.append(["用户名", "姓名或工号", "所在单位代码"])
    sheet.append(["a", "b", "c"])
    sheet.merge_cells("A2:B2")


def bomb():
    import io
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (forms.UNPACKED_BYTES + 1))
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.xlsx", b"", "空的"),
        ("a.csv", b"  \n", "空的"),
        ("a.pdf", b"%PDF-1.4", "xlsx 或 csv"),
        ("a.xlsx", b"PK\x03\x04 not a workbook", "打不开"),
        ("a.csv", b"\x00\x01\x02\x03", "编码"),
        ("a.csv", b"a,b\n1,2\n", "表头"),
        ("a.csv", "用户名,姓名或工号,所在单位代码\n".encode(), "没有数据行"),
        ("a.csv", "用户名,姓名或工号,所在单位代码\n".encode() + b"a,b,c\n" * 5001, "最多导入 5000 行"),
        ("a.csv", b'a,"' + b"x" * 200_000, "格式有误"),
        ("a.xlsx", lambda: workbook(merged), "合并单元格"),
        ("a.xlsx", lambda: workbook(lambda sheet: sheet.append(["x"])), "表头"),
        ("a.xlsx", bomb, "过大"),
        ("a.csv", b"x" * (forms.IMPORT_BYTES + 1), "10 MB"),
    ],
)
def test_a_bad_file_gets_a_sentence(name, data, sentence):
    with pytest.raises(Refused, match=sentence):
        forms.read_import(name, data() if callable(data) else data)


def test_a_file_is_checked_and_imported_on_the_desk(desk):
    client = desk("huludao_system_admin")
    assert client.get("/desk/directory/import/").status_code == 200
    assert client.get("/desk/directory/import/template/").content[:2] == b"PK"

    def send(text, button):
        return client.post("/desk/directory/import/", {"file": SimpleUploadedFile("a.csv", text.encode()), button: "1"})

    assert "检查通过" in send(CSV, "check").content.decode()
    assert reports.search_units("甲所") == []
    assert "已全部导入" in send(CSV, "import").content.decode()
    assert reports.search_units("甲所")
    again = send(CSV, "import")
    assert (again.status_code, "什么都没有导入" in again.content.decode()) == (422, True)
    wrong = client.post("/desk/directory/import/", {"file": SimpleUploadedFile("a.pdf", b"%PDF")})
    assert (wrong.status_code, "xlsx 或 csv" in wrong.content.decode()) == (422, True)
    assert client.post("/desk/directory/import/", {}).status_code == 422
    assert desk("suizhong_finance_head").get("/desk/directory/import/").status_code == 404
