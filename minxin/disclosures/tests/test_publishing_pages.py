"""The public pages and their JSON twins: what was published, what a correction changed, a table on any day, a proof."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import exports, publishing
from minxin.disclosures.models import Finding, Publication
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.reports import headings, tables
from minxin.disclosures.reports import publications as reports
from minxin.disclosures.rules import publishing as rules
from minxin.disclosures.tests import papers
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import detail
from minxin.kernel import clocks, files
from minxin.kernel.errors import Absent

MARCH = datetime(2007, 3, 7, 10, tzinfo=clocks.ZONE)
OVERVIEW = [
    {"side": "income", "item": "general", "amount": 123_450_000},
    {"side": "income", "item": "received", "amount": 123_450_000},
    {"side": "expense", "code": "205", "item": "教育支出", "amount": 123_000_000},
    {"side": "expense", "item": "carry", "amount": 450_000},
    {"side": "expense", "item": "spent", "amount": 123_450_000},
]
SHEETS = {
    "overview": OVERVIEW,
    "detail": [detail("2050201", "30101", 1_000_000), detail("2050202", "30201", 250_050, project="教师培训")],
}
TABLE = "/tables/211400-JYJ/2007/initial/detail/"


def publish(money: Money, who: str = "education", sheets: Any = SHEETS, **facts: Any) -> tuple[str, Publication]:
    ref = papers.signed(money.units[who].id, sheets, finance=money.units["finance"].id, **facts)
    return ref, publishing.publish([ref], by=money.officers["finance_publisher"])


@pytest.fixture
def first(money: Money) -> Publication:
    with clocks.at(MARCH):
        return publish(money, note="没有政府性基金预算拨款")[1]


@pytest.fixture
def second(money: Money, first: Publication) -> Publication:
    """On the next day: one row changed, one added, one gone."""
    submission = first.submissions.get()
    sheets = SHEETS | {
        "detail": [detail("2050201", "30101", 1_500_000), detail("2050203", "30299", 5)],
    }
    ref = papers.refs.written("BS", submission.year, submission.number)
    with clocks.at(MARCH + timedelta(days=1)):
        return publish(money, sheets=sheets, corrects=ref, reason="工资漏列")[1]


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def test_the_list_has_the_newest_first_and_can_be_narrowed(client: Client, money: Money, second: Publication) -> None:
    with clocks.at(MARCH + timedelta(days=2)):
        other = publish(money, "civil", fiscal_year=2006)[1]
    page = text(client, "/publications/")
    places = [
        page.index(f">{ref_of(row)}<")
        for row in (other, second, Publication.objects.get(corrects=None, units=1, fiscal_year=2007))
    ]
    assert places == sorted(places)
    assert "更正原因：工资漏列" in page
    assert ref_of(other) not in text(client, "/publications/?unit=教育局")
    assert ref_of(other) not in text(client, "/publications/?year=2007")
    assert ref_of(second) not in text(client, "/publications/?unit=211400-MZJ&year=2006&table=department_budget")
    assert "没有找到这个单位" in text(client, "/publications/?unit=没有这个单位")
    assert ref_of(other) in text(client, "/publications/?year=abc&table=nothing&before=nonsense~x")


def test_older_publications_follow_by_key(client: Client, money: Money, first: Publication) -> None:
    row = first
    for number in range(reports.PAGE + 4):
        row.pk, row.number = None, 9_000 + number
        row.save(force_insert=True)
    found, older = reports.acts(reports.Narrow())
    rest, end = reports.acts(reports.Narrow(), before=older)
    assert (len(found), len(rest), end) == (reports.PAGE, 5, "")
    assert not {act.ref for act in found} & {act.ref for act in rest}
    assert 'rel="next"' in text(client, "/publications/")


def test_a_publication_tells_who_when_what_and_its_files(client: Client, first: Publication) -> None:
    page = text(client, f"/publications/{ref_of(first)}/")
    assert "文件正在生成" in page
    with files.using(files.Memory()):
        exports.write_exports(ref=ref_of(first))
        page = text(client, f"/publications/{ref_of(first)}/")
        for export in first.exports.all():
            assert export.sha256 in page
            answer = client.get(f"/publications/{ref_of(first)}/files/{export.name}")
            assert answer.status_code == 200
            assert answer["Content-Type"] == export.media_type
            assert answer["Content-Length"] == str(export.size)
            assert answer["ETag"] == f'"{export.sha256}"'
            assert "immutable" in answer["Cache-Control"]
            assert answer["Content-Disposition"].startswith("attachment")
            assert b"".join(answer.streaming_content)
    assert first.root in page
    assert "市财政局 发布员" in page
    assert "空表说明：没有政府性基金预算拨款" in page
    assert f"/tables/211400-JYJ/2007/initial/gov_fund/?after={ref_of(first)}" in page
    text(client, f"/publications/{ref_of(first)}/files/nothing.csv", 404)


def test_warnings_stand_beside_the_figures(client: Client, first: Publication) -> None:
    Finding.objects.create(
        submission=first.submissions.get(), rule="T", severity="warning", sheet="预算明细", row=3, column="金额（元）",
        message="比上年增加一倍", difference="1,250.25 元",
    )  # fmt: skip
    Finding.objects.create(submission=first.submissions.get(), rule="T", severity="fatal", message="不该公开的")
    for address in (f"/publications/{ref_of(first)}/", TABLE):
        page = text(client, address)
        assert "比上年增加一倍" in page
        assert "1,250.25 元" in page
        assert "不该公开的" not in page
    assert page.count('href="#warned"') == 1


def test_a_citys_page_lists_its_units_and_opens_one(client: Client, money: Money) -> None:
    for who in ("education", "school", "civil"):
        papers.signed(money.units[who].id, SHEETS, finance=money.units["finance"].id)
    city = publishing.publish_city(finance="211400-CZJ", fiscal_year=2007, version="initial", title="全市", by=SYSTEM)
    page = text(client, f"/publications/{ref_of(city)}/")
    assert "葫芦岛市民政局" in page
    assert "/tables/" not in page
    assert f"/tables/211400-YZ/2007/initial/detail/?after={ref_of(city)}" in text(
        client, f"/publications/{ref_of(city)}/?unit=211400-YZ"
    )
    text(client, f"/publications/{ref_of(city)}/?unit=211400-CZJ", 404)


def test_the_diff_shows_row_column_before_after_difference_and_reason(
    client: Client, first: Publication, second: Publication
) -> None:
    act, rows, onward = reports.diff(ref_of(second))
    assert onward == ""
    assert act.corrects == ref_of(first)
    told = {
        (row.kind, change.label, change.old.fen, change.new.fen, change.difference and change.difference.fen)
        for row in rows
        for change in row.changes
        if change.label == "金额（元）"
    }
    assert told == {
        ("changed", "金额（元）", 1_000_000, 1_500_000, 500_000),
        ("removed", "金额（元）", 250_050, None, None),
        ("added", "金额（元）", None, 5, None),
    }
    page = text(client, f"/publications/{ref_of(second)}/diff/")
    assert "5,000.00" in page
    assert page.count("工资漏列") >= 4
    assert "教师培训" in page
    text(client, f"/publications/{ref_of(first)}/diff/", 404)
    assert "其中有内容后来更正过" in text(client, f"/publications/{ref_of(first)}/")


def test_a_long_diff_follows_by_key_and_loses_nothing(money: Money) -> None:
    many = [detail(f"20502{n:02d}", f"301{m:02d}", n + m) for n in range(20) for m in range(12)]
    ref, _first = publish(money, sheets={"detail": many})
    changed = [row | {"amount": row["amount"] + 1} for row in many[::2]] + [detail("2059999", "30199", 4)]
    found = publish(money, sheets={"detail": changed}, corrects=ref)[1]
    seen: list[str] = []
    kinds: list[str] = []
    after = ""
    while True:
        _act, rows, after = reports.diff(ref_of(found), after=after)
        seen += [row.key for row in rows]
        kinds += [row.kind for row in rows]
        if not after:
            break
    assert len(seen) == len(set(seen)) == 241
    assert (kinds.count("changed"), kinds.count("removed"), kinds.count("added")) == (120, 120, 1)


def test_a_row_has_its_page_its_proof_and_its_question(client: Client, first: Publication) -> None:
    page = text(client, f"/publications/{ref_of(first)}/rows/6/")
    assert "教师培训" in page
    assert "2,500.50" in page
    assert first.root in page
    assert f"about={ref_of(first)}%2Frows%2F6" in page
    answer = client.get(f"/publications/{ref_of(first)}/rows/6/proof.json")
    proof = answer.json()
    assert rules.check_proof(proof) == rules.Checked(True, "", first.root, 6, 7)
    assert escape(json.dumps(proof["row"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))) in page
    assert client.get(f"/api/v1/public/publications/{ref_of(first)}/rows/6").json() == proof
    for leaf in ("7", "99999999999"):
        text(client, f"/publications/{ref_of(first)}/rows/{leaf}/", 404)
    text(client, "/publications/GK2007-0009999-1/rows/0/", 404)


def test_the_table_stands_as_it_did_on_a_day_and_after_an_act(
    client: Client, first: Publication, second: Publication
) -> None:
    now = text(client, TABLE)
    assert "15,000.00" in now
    assert "教师培训" not in now
    for query in ("?on=2007-03-07", f"?after={ref_of(first)}"):
        past = text(client, TABLE + query)
        assert "10,000.00" in past
        assert "教师培训" in past
        assert "您看的是过去的页面" in past
    assert "15,000.00" in text(client, f"{TABLE}?after={ref_of(second)}")
    assert "那一天这张表还没有公开" in text(client, f"{TABLE}?on=2007-03-06")
    assert "15,000.00" in text(client, f"{TABLE}?on=2099-01-01")
    wrong = text(client, f"{TABLE}?on=3月")
    assert "日期请写成" in wrong
    assert "15,000.00" in wrong
    text(client, f"{TABLE}?after=GK2007-0009999-1", 404)


def test_a_row_that_no_correction_touched_leads_to_its_first_act(first: Publication, second: Publication) -> None:
    found = tables.table(tables.address("211400-JYJ", 2007, "initial", "overview"))
    assert {row.ref for row in found.rows} == {ref_of(first)}
    assert found.standing is not None
    assert found.standing.ref == ref_of(second)
    assert [act.ref for act in found.versions] == [ref_of(second), ref_of(first)]


def test_income_stands_beside_expense(client: Client, first: Publication) -> None:
    page = text(client, "/tables/211400-JYJ/2007/initial/overview/")
    assert "单位：万元" in page
    assert page.index("收入项目") < page.index("支出项目")
    row = page[page.index("一般公共预算拨款收入") :]
    assert row.index("123.45") < row.index("教育支出") < row.index("123.00") < row.index("收入总计")


def test_an_empty_table_is_shown_with_its_note(client: Client, first: Publication) -> None:
    page = text(client, "/tables/211400-JYJ/2007/initial/gov_fund/")
    assert "空表" in page
    assert "没有政府性基金预算拨款" in page


@pytest.mark.parametrize(
    "address",
    [
        *("/tables/211400-JYJ/2007/initial/nothing/", "/tables/211400-JYJ/2007/first/detail/"),
        *("/tables/211400-XX/2007/initial/detail/", "/tables/211400-MZJ/2007/initial/detail/"),
        *("/tables/211400-JYJ/99999999/initial/detail/", "/tables/211400-JYJ/2007/final/detail/"),
        *("/publications/GK2007-1/", "/publications/nothing/", "/publications/GK2007-0009999-1/diff/"),
    ],
)
def test_what_was_never_published_does_not_exist(client: Client, first: Publication, address: str) -> None:
    text(client, address, 404)


def test_the_table_may_be_taken_home(client: Client, first: Publication, second: Publication) -> None:
    answer = client.get(f"{TABLE}table.csv?after={ref_of(first)}")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("10000.00")
    told = client.get(f"/api/v1/public/tables/211400-JYJ/2007/initial/detail?after={ref_of(first)}").json()
    assert [row["cells"]["amount"] for row in told["rows"]] == [1_000_000, 250_050]
    assert told["publications"] == [ref_of(second), ref_of(first)]
    now = client.get("/api/v1/public/tables/211400-JYJ/2007/initial/detail").json()
    assert [row["cells"]["amount"] for row in now["rows"]] == [1_500_000, 5]
    assert now["after"] == ref_of(second)
    then = client.get("/api/v1/public/tables/211400-JYJ/2007/initial/detail?on=2007-03-07").json()
    assert then["rows"] == told["rows"]
    assert client.get("/api/v1/public/tables/211400-JYJ/2007/initial/none").status_code == 404
    assert client.get("/api/v1/public/tables/211400-JYJ/2007/initial/detail?on=x").status_code == 422


def test_publications_in_json(client: Client, first: Publication, second: Publication) -> None:
    told = client.get("/api/v1/public/publications?unit=211400-JYJ&year=2007").json()
    assert [row["ref"] for row in told["rows"]] == [ref_of(second), ref_of(first)]
    assert told["before"] == ""
    one = client.get(f"/api/v1/public/publications/{ref_of(first)}").json()
    assert one["root"] == first.root
    assert one["corrections"] == [ref_of(second)]
    assert client.get("/api/v1/public/publications?unit=nobody").status_code == 404
    assert client.get("/api/v1/public/publications/GK2007-0009999-1").status_code == 404


def test_the_guide_holds_the_program_that_checks_a_proof(
    client: Client,
    first: Publication,
    tmp_path: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from html import unescape

    page = text(client, "/publications/guide/")
    program = unescape(page[page.index("import hashlib") :].partition("</pre>")[0])
    proof = client.get(f"/publications/{ref_of(first)}/rows/3/proof.json").json()
    path = tmp_path / "proof.json"
    for expected, told in {"OK": proof, "WRONG": proof | {"leaf": 2}}.items():
        path.write_text(json.dumps(told), encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["check", str(path)])
        exec(compile(program, "guide", "exec"), {})
        assert capsys.readouterr().out.startswith(expected)


@pytest.mark.parametrize("many", [1, 25])
def test_pages_ask_no_more_for_many_rows(
    money: Money, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(headings, "SECONDS", 3600.0)  # the code lists are read before, however slow the machine
    rows = [detail(f"20502{n:02d}", "30101", 10 + n) for n in range(many)]
    with clocks.at(MARCH):
        ref, found = publish(money, sheets={"detail": rows})
    with clocks.at(MARCH + timedelta(days=1)):
        corrected = publish(money, sheets={"detail": [row | {"amount": 1} for row in rows]}, corrects=ref)[1]
    tables.table(tables.address("211400-JYJ", 2007, "initial", "detail"))  # the year's headings are known now
    with django_assert_num_queries(1):
        reports.acts(reports.Narrow())
    with django_assert_num_queries(7):
        reports.page(ref_of(corrected))
    with django_assert_num_queries(4):
        reports.diff(ref_of(corrected))
    reports._tree.cache_clear()
    with django_assert_num_queries(3):
        reports.row(ref_of(found), many - 1)
    with django_assert_num_queries(2):
        reports.row(ref_of(found), 0)
    with django_assert_num_queries(5):
        tables.table(tables.address("211400-JYJ", 2007, "initial", "detail"), at=MARCH)
    with pytest.raises(Absent):
        tables.table(tables.address("211400-MZJ", 2007, "initial", "detail"))
