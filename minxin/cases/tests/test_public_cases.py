"""Published cases: list, search, page; and that a sealed report is nowhere public."""

from datetime import timedelta

import pytest

from minxin.cases.actions import closing, following
from minxin.cases.actions import tally as folding
from minxin.cases.models import Case, Money, PublicCase, Tally, TallyDelta, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.reports import ledgers, public, tally
from minxin.cases.rules import codes
from minxin.cases.tests import public_cast
from minxin.kernel import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(cast):
    snapshot.forget()
    tally.forget()


def many(number: int, **changes) -> list[PublicCase]:
    """Published pages written at once, for lists and searches."""
    rows = []
    for n in range(number):
        title = changes.get("title", f"第 {n} 件供暖不热")
        values = {
            "kind": "complaint", "region": "211421", "category": "0401", "unit_id": 1, "unit_name": "热力公司",
            "title": title, "question": "室温十五度。", "answer": "已经修好，室温达标。", "finding": "true",
            "resolution": "solved", "stars": 5, "rating": 4, "filed_at": public_cast.DAY,
            "answered_at": public_cast.DAY, "published_at": public_cast.DAY + timedelta(minutes=n // 3),
        } | changes  # fmt: skip
        rows.append(PublicCase(case_id=2026_000_900_000 + PublicCase.objects.count() + n, **values))
        rows[-1].search = text.vector(f"{title} {values['question']} {values['answer']} {values['unit_name']}")
    for row in rows:
        row.save(force_insert=True)
    return rows


def refs(page: public.Page) -> list[str]:
    return [row.ref for row in page.rows]


def test_pages_by_key_show_every_case_once_newest_first():
    rows = many(47)
    seen: list[str] = []
    before = ""
    for _ in range(5):
        page = public.find(public.Filters(), before=before)
        seen += refs(page)
        before = page.older
        if not before:
            break
    wanted = [r.ref for r in sorted(rows, key=lambda r: (r.published_at, r.case_id), reverse=True)]
    assert seen == wanted


@pytest.mark.parametrize("windows", [(200, 800, 3_000), (1, 2, 2)], ids=["among the newest", "by the index of words"])
def test_any_two_characters_are_found_common_and_rare_alike(windows, monkeypatch):
    monkeypatch.setattr(public, "WINDOWS", windows)
    many(30)
    (rare,) = many(1, title="井盖丢失已补", published_at=public_cast.DAY - timedelta(days=9))
    assert refs(public.find(public.Filters(q="井盖"))) == [rare.ref]
    assert refs(public.find(public.Filters(q="室温 井盖"))) == [rare.ref]
    assert len(public.find(public.Filters(q="温达")).rows) == 20
    page = public.find(public.Filters(q="供暖"))
    rest = public.find(public.Filters(q="供暖"), before=page.older)
    assert (len(page.rows), len(rest.rows), rest.older) == (20, 10, "")
    assert not public.find(public.Filters(q="没有的词")).rows
    assert public.find(public.Filters(q="井盖")).rows[0].title[:1] == [("井盖", True)]


def test_filters_hold_together(cast):
    many(3)
    many(2, kind="praise", region="210100", stars=3, category="1601")
    assert len(public.find(public.Filters(kind="praise")).rows) == 2
    assert len(public.find(public.Filters(region="211400")).rows) == 3
    assert len(public.find(public.Filters(region="210000", stars=4)).rows) == 3
    assert len(public.find(public.Filters(category="16", q="室温")).rows) == 2


@pytest.mark.parametrize("number", [1, 25])
def test_the_list_costs_the_same_for_one_case_and_for_many(number, django_assert_max_num_queries):
    many(number)
    with django_assert_max_num_queries(1):
        public.find(public.Filters())
    with django_assert_max_num_queries(5):
        public.find(public.Filters(q="供暖"))


@pytest.mark.parametrize(
    "query",
    ["q=<script>x</script>", "q=%F0%9F%8E%89", "q=' | ! & <->:*", "q=%E2%80%AE", "q=" + "长" * 3000, "kind=nonsense",
     "region=99%27", "stars=-1", "stars=x", "unit=NO", "before=x", "before=99999999T999999.0-9", "before=-",
     "before=20261102T090000.000000-999999999999999999999", "category=%22"],
)  # fmt: skip
def test_a_hostile_search_is_answered_calmly(client, query):
    many(2)
    answer = client.get(f"/cases/?{query}")
    assert answer.status_code == 200
    assert "<script>x" not in answer.content.decode()


def test_the_case_page_shows_both_views_the_money_and_the_formula(client, cast):
    case = public_cast.published(cast)
    page = client.get(f"/cases/{case.ref}/").content.decode()
    for words in ("不属实", "已解决", "429.00", "学校工资发放表", "这几颗星是怎么算的", "公式第 1 版", "绥中县财政局"):
        assert words in page
    assert "某老师" not in page
    assert "13800001234" not in page
    assert client.get("/cases/MX2026-9999999-1/").status_code == 404
    assert client.get("/cases/nonsense/").status_code == 404


def test_me_too_counts_one_voice_for_each_address(client, cast):
    case = public_cast.published(cast)
    for _ in range(2):
        assert client.post(f"/cases/{case.ref}/support/").status_code == 302
    assert client.get(f"/cases/{case.ref}/support/").status_code == 405
    client.post(f"/cases/{case.ref}/support/", REMOTE_ADDR="203.0.113.9")
    assert PublicCase.objects.get().supports == 2


def test_what_is_taken_down_is_gone_everywhere(client, cast):
    case = public_cast.published(cast)
    closing.unpublish(case.ref, reason="反映人要求", by=cast.officers["huludao_reviewer"])
    assert client.get(f"/cases/{case.ref}/").status_code == 404
    assert not public.find(public.Filters()).rows
    assert case.ref not in client.get("/data/cases.csv").getvalue().decode()


def test_totals_equal_their_rows_whatever_happens_and_folding_changes_nothing(cast):
    public_cast.published(cast, key="a")
    public_cast.published(cast, key="b", satisfaction=3)
    public_cast.answered(cast, key="c")
    public_cast.filed(key="d", restricted=True)
    case = public_cast.filed(key="e")
    following.withdraw(case.ref, code=case.code)
    public_cast.report()
    before = counted()
    assert of(tally.totals()) == before
    assert folding.fold() > 0
    tally.forget()
    assert of(tally.totals()) == before
    assert not TallyDelta.objects.exists()
    unit = cast.units["suizhong_finance"].id
    assert tally.units([unit])[unit].closed == 2
    folding.rebuild()
    tally.forget()
    assert of(tally.totals()) == before
    assert sum(sums.received for _month, sums in tally.months()) == before["received"]


def test_a_case_that_is_sealed_later_leaves_the_totals_with_its_money(cast):
    case = public_cast.answered(cast)
    assert tally.totals().fen_arrears == 42_900
    Case.objects.filter(pk=id_of(case.ref)).update(lane="sealed")
    tally.forget()
    assert of(tally.totals()) == counted()
    assert tally.totals().fen_arrears == tally.totals().received == 0


def test_totals_are_the_sum_of_the_ledgers_rows(cast):
    public_cast.published(cast, key="a")
    public_cast.answered(cast, key="b")
    public_cast.report()
    totals = tally.totals()
    assert len(ledgers.cases("received").rows) == totals.received
    assert len(ledgers.cases("closed").rows) == totals.closed
    assert len(ledgers.cases("rated").rows) == totals.rated
    assert sum(row.fen for row in ledgers.money().rows) == totals.returned_fen


def test_an_unpublished_case_shows_neither_number_nor_title_nor_few_people(cast):
    public_cast.answered(cast)
    (row,) = ledgers.cases("received").rows
    assert (row.ref, row.title) == ("", "")
    (item,) = ledgers.money().rows
    assert (item.ref, item.people) == ("", None)


def test_a_sealed_report_is_nowhere_public(client, cast):
    public_cast.published(cast)
    case = public_cast.report(respondent_id=cast.units["nanpiao_civil"].id)
    tally.forget()
    pages = ["/", "/cases/", "/cases/?q=密封词", "/ledger/received/", "/ledger/closed/", "/ledger/rated/", "/money/",
             "/accountability/", "/stars/", "/units/", "/units/211404-MZJ/", "/data/", "/sitemap.xml"]  # fmt: skip
    for path in pages:
        body = client.get(path)
        page = b"".join(body.streaming_content).decode() if body.streaming else body.content.decode()
        assert case.ref not in page, path
        assert "举报虚列" not in page, path
    for path in ("/data/cases.csv", "/data/cases.json", "/data/money.csv", "/data/money.json"):
        assert case.ref not in client.get(path).getvalue().decode()
    assert client.get(f"/cases/{case.ref}/").status_code == 404
    assert client.post(f"/cases/{case.ref}/support/").status_code == 404
    assert not public.similar("举报虚列开支密封词", "套取资金，密封词")[1:]
    assert all("密封词" not in row.title[0][0] for row in public.similar("举报虚列开支密封词", "密封词"))
    assert tally.totals().received == 1


def of(totals: tally.Totals) -> dict[str, int]:
    names = ("received", "closed", "answered", "rated", "satisfied", "five", "starred", "stars", "fen_arrears")
    return {name: getattr(totals, name) for name in names}


def counted() -> dict[str, int]:
    """The same totals from the rows, by brute force."""
    cases = list(Case.objects.exclude(lane=codes.Lane.SEALED))
    money = Money.objects.exclude(case__lane=codes.Lane.SEALED).filter(kind="arrears")
    return {
        "received": len(cases),
        "closed": sum(case.stage == "closed" for case in cases),
        "answered": sum(case.answered_at is not None for case in cases),
        "rated": sum(case.final_rating is not None for case in cases),
        "satisfied": sum((case.final_rating or 0) >= 3 for case in cases),
        "five": sum(case.final_rating == 5 for case in cases),
        "starred": sum(case.stars is not None for case in cases),
        "stars": sum(case.stars or 0 for case in cases),
        "fen_arrears": sum(money.values_list("amount_fen", flat=True)),
    }


def test_no_tally_is_ever_kept_for_nothing(cast):
    public_cast.report()
    folding.fold()
    assert not Tally.objects.exclude(n=0).exists()
