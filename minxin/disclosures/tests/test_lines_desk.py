"""The desk of budget lines: who sees and who moves them, what an act would do, and that nothing typed is lost."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from minxin.directory.models import Person
from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import lines
from minxin.disclosures.models import BudgetLine, BudgetUnit, LineChange
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.reports import headings
from minxin.disclosures.reports import lines_desk as reports
from minxin.disclosures.rules.codes import ChangeKind, Fund
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.pipe_walk import BUDGET, FINANCE, NEW_YEAR, YEAR, Walk, publish, refused
from minxin.kernel import clocks
from minxin.ledger import reports as ledger

LIST, OPENING, CARRYING, NEW = "/desk/lines/", "/desk/lines/opening/", "/desk/lines/carrying/", "/desk/lines/new/"
REVIVALS, REVIVE = "/desk/lines/revivals/", "/desk/lines/revivals/new/"
BOOKS, ROOM, OFFICE = ("school", "30201"), ("school", "31002"), ("civil", "30201")
DOC = {"doc_no": "葫财指〔2006〕7号", "on": "2006-06-01"}
ONE = {"unit": "211400-MZJ", "fiscal_year": "2006", "formed_year": "", "function": "2080201", "economic": "30201",
       "fund": "general", "project": "", "amount": "50,000.00", "summary": "省级专款", **DOC}  # fmt: skip


@pytest.fixture(autouse=True)
def _june(db: None) -> Iterator[None]:
    headings.forget()
    with clocks.at(NEW_YEAR + timedelta(days=150)):
        yield


@pytest.fixture
def walk(opened: Walk) -> Walk:
    return opened


def enter(walk: Walk | Money, who: str) -> Client:
    money = walk.money if isinstance(walk, Walk) else walk
    client = Client()
    client.force_login(Person.objects.get(pk=money.officers[who].id))
    return client


def typed_change(noun: str = "changes", **more: str) -> dict[str, str]:
    return {
        f"{noun}-{name}": value
        for name, value in ({"kind": "add", "amount": "10.00", "reason": ""} | DOC | more).items()
    }


def names(by: Any, **narrow: Any) -> list[str]:
    rows, _ = reports.listing(by, reports.Narrow(YEAR, **narrow))
    return [f"{row.unit.short} {row.economic}" for row in rows]


def test_everybody_sees_his_own_and_the_finance_bureau_all(walk: Walk) -> None:
    assert len(names(walk.by("finance_budget"))) == len(BUDGET)
    assert set(names(walk.by("school_clerk"))) == {"市一高 30101", "市一高 30201", "市一高 31002"}
    assert names(walk.by("civil_head")) == ["市民政局 30201"]
    assert names(walk.by("bank_head")) == []
    ref = walk.ref(*BOOKS)
    seen = dict.fromkeys(("finance_budget", "finance_cashier", "school_clerk"), 200)
    seen |= dict.fromkeys(("education_head", "civil_head", "bank_head", "bank_banker"), 404)
    for who, status in seen.items():
        assert enter(walk, who).get(f"{LIST}{ref}/").status_code == status, who


def test_lines_are_found_by_what_people_know_of_them(walk: Walk) -> None:
    by = walk.by("finance_cashier")
    lines.freeze(walk.ref(*OFFICE), amount=Decimal(5), reason="审计", by=SYSTEM)
    room, office = "市一高 31002", "市民政局 30201"
    for asked, expected in (
        ({"words": "多媒体"}, [room]),
        ({"words": "办公费"}, ["市一高 30201", office]),
        ({"words": "社会保障 办公费"}, [office]),
        ({"words": "20802 302"}, [office]),
        ({"words": walk.ref(*ROOM).lower()}, [room]),
        ({"words": "葫财预〔2006〕1号", "unit": "民政局"}, [office]),
        ({"look": "frozen"}, [office]),
        ({"look": "carried"}, []),
        ({"fund": "fund"}, []),
    ):
        assert names(by, **asked) == expected, asked
    page = enter(walk, "finance_cashier").get(LIST, {"year": "x", "look": "y", "fund": "z", "after": "w"})
    assert "5 条指标" in page.text


def test_a_line_s_page_tells_every_change_and_what_was_done(walk: Walk) -> None:
    walk.allotted({BOOKS: "300000.00"})
    ref, target, by = walk.ref(*BOOKS), walk.ref(*OFFICE), walk.by("finance_budget")
    lines.change(ref, kind=ChangeKind.ADD, amount=Decimal("10.00"), doc_no="追1号", on=date(2006, 3, 1), by=by)
    lines.freeze(ref, amount=Decimal("20000.00"), reason="执行审计意见", by=by)
    act = {"source": ref, "target": target, "amount": Decimal("5000.00"), "doc_no": "盘活1号", "on": date(2006, 5, 8)}
    lines.revive(**act, reason="多年未用", by=by)
    page = reports.page(ref, by=by)
    assert [(change.label, change.fen, change.counterpart) for change in page.changes] == [
        ("批复", 40_000_000, ""),
        ("追加", 1_000, ""),
        ("盘活收回", -500_000, target),
    ]
    assert sum(change.fen for change in page.changes) == page.row.has.approved_fen
    assert (page.row.has.free_fen, page.row.has.idle_fen) == (7_501_000, 37_501_000)
    text = enter(walk, "school_clerk").get(f"{LIST}{ref}/").text
    for words in ("追1号", "执行审计意见", "盘活1号", "多年未用", "395,010.00", "逐月下达的额度", "2006年1月", target):
        assert words in text, words
    assert "<form" not in text.partition('id="balances"')[0].partition("case-head")[2], "nothing is offered to a unit"


EVERYBODY = ["finance_budget", "finance_cashier", "finance_head", "finance_publisher", "school_clerk", "school_head",
             "education_leader", "civil_clerk", "bank_banker"]  # fmt: skip


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_the_section_of_the_bureau_moves_lines(walk: Walk, who: str) -> None:
    client, ref = enter(walk, who), walk.ref(*BOOKS)
    may, reads = who == "finance_budget", who not in {"bank_banker", "finance_publisher"}
    for address in (LIST, REVIVALS):
        assert client.get(address).status_code == (200 if reads else 404)
    page = client.get(f"{LIST}{ref}/")
    assert (f"{ref}/changes/" in page.text, REVIVE in page.text) == (may, may)
    assert ((OPENING in client.get(LIST).text), REVIVE in client.get(REVIVALS).text) == (may, may)
    for address in (OPENING, CARRYING, NEW, REVIVE):
        assert client.get(address).status_code == (200 if may else 404), address
    posts = {
        f"{LIST}{ref}/changes/": typed_change(),
        f"{LIST}{ref}/freezes/": {"freezes-amount": "20", "freezes-reason": "审计"},
        f"{LIST}{ref}/releases/": {"releases-amount": "20", "releases-reason": "审计完了"},
        NEW: ONE,
        REVIVE: {"source": ref, "target": walk.ref(*OFFICE), "amount": "3", "reason": "闲置", **DOC},
        CARRYING: {"finance": FINANCE, "fiscal_year": "2006", **DOC},
    }
    for address, typed in posts.items():
        answer = client.post(address, typed)
        expected = 404 if not may else 422 if address == CARRYING else 302  # 2005 left nothing
        assert answer.status_code == expected, (address, answer.content.decode()[:2000])
    assert LineChange.objects.count() == len(BUDGET) + (4 if may else 0)


def test_lines_of_another_bureau_are_out_of_reach(walk: Walk) -> None:
    BudgetLine.objects.update(finance_id=walk.money.units["education"].id)
    BudgetUnit.objects.exclude(code="208").update(finance_id=walk.money.units["education"].id)
    client = enter(walk, "finance_budget")
    assert client.post(f"{LIST}{walk.ref(*BOOKS)}/changes/", typed_change()).status_code == 404
    assert client.post(NEW, ONE | {"unit": "211400-YZ"}).status_code == 422
    assert LineChange.objects.count() == len(BUDGET)


WRONG_CHANGES = [
    ({"amount": "五千"}, "请用数字填写金额"),
    ({"amount": "-3"}, "金额必须大于零"),
    ({"amount": "1.005"}, "最多写到分"),
    ({"kind": "carry"}, "carry"),
    ({"kind": "cut", "amount": "400000.01"}, "未下达额度、未冻结的只有 400,000.00 元"),
    ({"doc_no": " "}, "文号"),
    ({"on": "2006-12-31"}, "文件日期不能晚于今天"),
    ({"on": "六月"}, "日期请写成 2026-03-07 的样子"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG_CHANGES)
def test_a_wrong_change_is_said_and_all_that_was_typed_is_kept(
    walk: Walk, wrong: dict[str, str], sentence: str
) -> None:
    ref = walk.ref(*BOOKS)
    typed = {"doc_no": "葫财追〔2006〕9号", "reason": "年中追加的原因"} | wrong
    answer = enter(walk, "finance_budget").post(f"{LIST}{ref}/changes/", typed_change(**typed))
    assert answer.status_code == 422
    assert sentence in answer.text
    for value in (*(value for name, value in typed.items() if value.strip() and name != "kind"), "年中追加的原因"):
        assert value in answer.text, value
    assert LineChange.objects.count() == len(BUDGET)


@pytest.mark.parametrize(
    ("address", "typed", "sentence"),
    [
        (NEW, {"unit": "NO"}, "NO"),
        (NEW, {"function": "9999999"}, "里没有 9999999"),
        (NEW, {"formed_year": "1980"}, "1990"),
        (NEW, {"formed_year": "2007"}, "不能晚于预算年度"),
        (NEW, {"fiscal_year": "1999"}, "1999 年"),
        (NEW, {"amount": "零"}, "请用数字"),
        (REVIVE, {"source": "ZB2006-0000001-1"}, "写错了"),
        (REVIVE, {"target": "钱包"}, "编号的样子"),
        (REVIVE, {"amount": "99999999"}, "闲置的只有 400,000.00 元"),
        (REVIVE, {"reason": ""}, "原因"),
        (OPENING, {"doc_no": ""}, "文号"),
        (OPENING, {"fiscal_year": "2009"}, "还没有公开 2009 年的年初预算"),
        (CARRYING, {"fiscal_year": "2007"}, "新的年度开始之后"),
    ],
)
def test_wrong_acts_are_said_and_all_that_was_typed_is_kept(
    walk: Walk, address: str, typed: dict[str, str], sentence: str
) -> None:
    given = {
        NEW: ONE | {"doc_no": "葫财指〔2006〕99号"},
        REVIVE: {"source": walk.ref(*BOOKS), "target": walk.ref(*OFFICE), "amount": "3", "reason": "闲置两年", **DOC},
        OPENING: {"finance": FINANCE, "fiscal_year": "2006", **DOC},
        CARRYING: {"finance": FINANCE, "fiscal_year": "2007", **DOC},
    }[address] | typed
    publish(walk.money, [("civil", "2080201", "31002", "", "general", "7.00")], first=90)
    answer = enter(walk, "finance_budget").post(address, given)
    assert answer.status_code == 422
    assert sentence in answer.text
    for name in ("doc_no", "on", "amount", "summary", "source", "target"):
        assert given.get(name, "") in answer.text, name
    assert LineChange.objects.count() == len(BUDGET)


def test_a_document_sent_twice_changes_a_line_once(walk: Walk) -> None:
    client, ref = enter(walk, "finance_budget"), walk.ref(*BOOKS)
    assert client.post(f"{LIST}{ref}/changes/", typed_change()).status_code == 302
    answer = client.post(f"{LIST}{ref}/changes/", typed_change())
    assert (answer.status_code, "没有重复登记" in answer.text) == (422, True)
    act = {
        "source": ref,
        "target": walk.ref(*OFFICE),
        "amount": Decimal(3),
        "doc_no": "盘活1号",
        "on": date(2006, 5, 8),
    }
    lines.revive(**act, reason="闲置", by=SYSTEM)
    with refused("already", "没有重复登记"):
        lines.revive(**act, reason="再写一遍", by=SYSTEM)
    assert walk.line(*BOOKS).approved_fen == 40_000_000 + 1_000 - 300


def test_a_year_of_a_line_on_the_desk(walk: Walk) -> None:
    """The walk: opened by a document, added to, frozen and set free, put to new use; each with its trace."""
    client = enter(walk, "finance_budget")
    where = client.post(NEW, ONE)["Location"]
    line = BudgetLine.objects.get(summary="省级专款")
    assert where == f"{LIST}{ref_of(line)}/"
    assert (line.approved_fen, line.fund, line.doc_no) == (5_000_000, Fund.GENERAL, "葫财指〔2006〕7号")
    for noun, typed in (
        ("changes", typed_change(amount="8,000", doc_no="追2号", reason="物价上涨")),
        ("freezes", {"freezes-amount": "6000.00", "freezes-reason": "执行审计意见"}),
        ("releases", {"releases-amount": "1000.00", "releases-reason": "审计完了"}),
    ):
        assert client.post(f"{where}{noun}/", typed)["Location"] == where
    page = client.get(where).text
    for words in ("已解冻", "物价上涨", "58,000.00", "5,000.00", "解冻指标"):
        assert words in page, words
    source = walk.ref(*BOOKS)
    answer = client.get(REVIVE, {"source": source})
    assert source in answer.text
    act = {"source": source, "target": ref_of(line), "amount": "30000", "reason": "闲置满两年", **DOC}
    assert client.post(REVIVE, act)["Location"] == where
    assert "88,000.00" in client.get(where).text
    revived = client.get(REVIVALS).text
    for words in ("闲置满两年", "30,000.00", "市一高", "市民政局"):
        assert words in revived, words
    assert [event.verb for event in ledger.history(ref_of(line))] == [
        "open_line", "change_line", "freeze_line", "unfreeze_line", "revive",
    ]  # fmt: skip


@pytest.mark.parametrize("many", [1, 25])
def test_pages_ask_as_much_for_many_as_for_one(walk: Walk, django_assert_num_queries: Any, many: int) -> None:
    by, finance = walk.by("finance_budget"), walk.money.units["finance"]
    source = walk.ref(*BOOKS)
    for number in range(many):
        line = lines.open_line(
            unit="211400-MZJ", fiscal_year=YEAR, function="2080201", economic="30201", fund=Fund.GENERAL,
            amount=Decimal(100), doc_no=f"指{number}号", on=date(2006, 5, 8), formed_year=2004, by=SYSTEM,
        )  # fmt: skip
        lines.revive(
            source=source, target=ref_of(line), amount=Decimal(1), doc_no=f"盘{number}号", on=date(2006, 5, 8),
            reason="闲置", by=SYSTEM,
        )  # fmt: skip
    reports.page(source, by=by)  # the headings are read
    with django_assert_num_queries(1):
        rows, _ = reports.listing(by, reports.Narrow(YEAR, look="carried"))
    with django_assert_num_queries(1):
        assert reports.sums(by, reports.Narrow(YEAR))[0] == len(BUDGET) + many
    with django_assert_num_queries(1):
        assert (len(rows), len(reports.revivals(by)[0])) == (many, many)
    with django_assert_num_queries(1):
        assert len(reports.idle(finance, by=by)) == min(many, reports.MOST_IDLE)
    with django_assert_num_queries(5):
        assert len(reports.page(source, by=by).changes) == many + 1
    with django_assert_num_queries(2):
        reports.opening(finance, YEAR)
    with django_assert_num_queries(2):
        reports.carrying(finance, YEAR + 1)


def test_later_pages_go_on_behind_the_last_row(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE", 2)
    by, seen, after = walk.by("finance_budget"), [], None
    for _ in range(3):
        rows, after = reports.listing(by, reports.Narrow(YEAR), after=after)
        seen += [row.ref for row in rows]
    assert (len(set(seen)), after) == (len(BUDGET), None)
