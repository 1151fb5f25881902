"""The pipe's desk in pages: from a month's plan to an approved payment, who sees what, what a wrong form gives back."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from minxin.directory.models import Person
from minxin.directory.rules import SYSTEM, Role
from minxin.disclosures.actions import contracts, plans, requests
from minxin.disclosures.actions.payees import NewPayee
from minxin.disclosures.models import Allotment, Commitment, Payment, Request
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.models.payment import account_of, request_ref
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import Decision
from minxin.disclosures.tests import pipe_walk
from minxin.disclosures.tests.pipe_walk import CIVIL, EDUCATION, FINANCE, NEW_YEAR, SCHOOL, SECTION, UNIT, Walk, row
from minxin.disclosures.views.pipe_desk import READERS
from minxin.kernel import clocks

BOOKS, ROOMS, WAGES, OFFICE = ("school", "30201"), ("school", "31002"), ("school", "30101"), ("civil", "30201")
HOME, REQUESTS = "/desk/pipe/", "/desk/pipe/requests/"


@pytest.fixture(autouse=True)
def _new_year() -> Iterator[None]:
    with clocks.at(NEW_YEAR):
        yield


@pytest.fixture
def walk(opened: Walk) -> Walk:
    return opened.allotted({BOOKS: "1000.00", OFFICE: "1000.00"})


@pytest.fixture
def at(money: Any, cast: Any) -> Callable[[str], Client]:
    """The browser of an officer of either cast, signed in once."""
    known: dict[str, Client] = {}

    def enter(who: str) -> Client:
        if who not in known:
            officer = money.officers.get(who) or cast.officers[who]
            known[who] = Client()
            known[who].force_login(Person.objects.get(pk=officer.id))
        return known[who]

    return enter


def typed(number: int, line: str, **changes: str) -> dict[str, str]:
    """One row of the request's form."""
    facts = {
        "line": line, "amount": "100.00", "purpose": "购买图书", "payee_kind": "firm", "name": "葫芦岛市新华书店",
        "account": "0701 2345 6789", "bank": "工商银行连山支行", "uscc": "", "contract": "", "settle": "transfer",
        "external_id": "",
    } | changes  # fmt: skip
    return {f"r{number}-{name}": value for name, value in facts.items()}


def asked(walk: Walk, yuan: str = "5.00", **facts: Any) -> Request:
    return walk.asked(row(walk.ref(*BOOKS), yuan, **facts))


def test_money_goes_from_a_plan_to_approval_by_the_pages(opened: Walk, at: Callable[[str], Client]) -> None:
    books, rooms = opened.ref(*BOOKS), opened.ref(*ROOMS)
    clerk, budget, cashier = at("school_clerk"), at("finance_budget"), at("finance_cashier")

    page = clerk.get("/desk/pipe/plans/new/")
    assert "400,000.00" in page.text
    answer = clerk.post("/desk/pipe/plans/new/", {"month": "2006-02-01", books: "1,000.00", rooms: ""})
    assert answer["Location"] == f"/desk/pipe/plans/{SCHOOL}/2006-02/"
    assert "已上报" in clerk.get(answer["Location"]).text

    assert '/desk/pipe/plans/">批准用款计划' in budget.get(HOME).text
    chosen = {"finance": FINANCE, "month": "2006-02-01", "units": [SCHOOL]}
    assert budget.post("/desk/pipe/plans/acts/approve_plans/", chosen).status_code == 302
    assert "没有等待批准的用款计划" in budget.get("/desk/pipe/plans/").text
    issued = cashier.post("/desk/pipe/plans/acts/issue_plans/", chosen | {"doc_no": "葫财支〔2006〕2号"})
    assert issued.status_code == 302
    assert opened.line(*BOOKS).allotted_fen == 100_000
    assert "葫财支〔2006〕2号" in clerk.get("/desk/pipe/plans/").text

    page = clerk.get(f"{REQUESTS}new/?line={books}")
    assert f'value="{books}" selected' in page.text
    assert "可用 1,000.00 元" in page.text
    answer = clerk.post(f"{REQUESTS}new/", {"rows": "3", **typed(0, books), **typed(2, books, amount="30.5")})
    (made,) = Request.objects.all()
    where = answer["Location"]
    assert where == f"{REQUESTS}{request_ref(made)}/"
    assert (made.count, made.amount_fen, opened.line(*BOOKS).requested_fen) == (2, 13_050, 13_050)

    for who, step in (("school_leader", "unit"), ("finance_budget", "section"), ("finance_cashier", "centre")):
        desk = at(who)
        queue = f"{REQUESTS}waiting/review_{step}/"
        assert f'href="{queue}"' in desk.get(HOME).text, who
        assert request_ref(made) in desk.get(queue).text, who
        assert f'{where}review_{step}/"' in desk.get(where).text, who
        assert desk.post(f"{where}review_{step}/")["Location"] == where
        assert f'{where}review_{step}/"' not in desk.get(where).text, who
        assert "看下一份" not in desk.get(where).text
    made.refresh_from_db()
    assert made.stage == "approved"
    page = clerk.get(where).text
    for words in (
        "提出支付申请",
        "单位复核：通过",
        "支付中心审核：通过",
        "市财政局 支付中心审核员",
        "等待：开支付凭证",
    ):
        assert words in page
    assert "0701" not in page


def test_a_request_is_returned_put_right_and_handed_in_again(walk: Walk, at: Callable[[str], Client]) -> None:
    made = asked(walk)
    where = f"{REQUESTS}{request_ref(made)}/"
    leader, clerk = at("school_leader"), at("school_clerk")
    silent = leader.post(f"{where}return_unit/", {"reason": " "})
    assert silent.status_code == 422
    assert leader.post(f"{where}return_unit/", {"reason": "用途写得不清楚"}).status_code == 302
    assert f'{REQUESTS}waiting/resubmit/">改正后重报' in clerk.get(HOME).text
    assert "用途写得不清楚" in clerk.get(where).text
    page = clerk.get(f"{where}resubmit/").text
    assert "用途写得不清楚" in page
    assert 'value="****6789"' in page
    assert "2345" not in page
    sent = {"rows": "1", **typed(0, walk.ref(*BOOKS), amount="7", purpose="购买初一课本", account="****6789", bank="")}
    assert clerk.post(f"{where}resubmit/", sent)["Location"] == where
    (before, after) = Payment.objects.filter(request=made).order_by("pk")
    assert (after.payee_id, after.amount_fen, after.purpose) == (before.payee_id, 700, "购买初一课本")
    assert account_of(after.payee) == "070123456789"
    page = clerk.get(where).text
    assert "改正后重报" in page
    assert "第 2 次报送" in page
    assert leader.get(f"{where}resubmit/").status_code == 404
    assert clerk.post(f"{where}void_request/", {"reason": "不买了"}).status_code == 302
    assert "不买了" in clerk.get(where).text
    assert walk.line(*BOOKS).requested_fen == 0


# --- who sees what


def test_the_pane_shows_the_pipe_to_those_who_have_a_role_in_it(walk: Walk, at: Callable[[str], Client]) -> None:
    work = {
        role
        for moves in (pipe.LINE, pipe.PLAN, pipe.REQUEST, pipe.ORDER)
        for move in moves.values()
        for role in move.roles
    }
    assert set(READERS) == work | {Role.OBSERVER}
    entry = f'<a href="{HOME}"'
    seen = {
        who: entry in at(who).get("/desk/submissions/").text
        for who in ("school_clerk", "civil_head", "finance_budget", "bank_banker", "province_observer",
                    "finance_publisher", "province_auditor", "province_system_admin")
    }  # fmt: skip
    assert [who for who, shown in seen.items() if not shown] == [
        "finance_publisher", "province_auditor", "province_system_admin"
    ]  # fmt: skip


def test_every_page_is_there_for_whom_it_is_for(walk: Walk, at: Callable[[str], Client]) -> None:
    made = asked(walk)
    signed = contract(walk)
    one, line = f"{REQUESTS}{request_ref(made)}/", walk.ref(*ROOMS)
    pages = {
        HOME: "clerk leader budget cashier banker observer other",
        f"/desk/pipe/lines/?unit={SCHOOL}": "clerk leader budget cashier observer",
        f"/desk/pipe/plans/{SCHOOL}/2006-01/": "clerk leader budget cashier observer",
        f"/desk/pipe/contracts/?unit={SCHOOL}": "clerk leader budget cashier observer",
        f"/desk/pipe/contracts/{SCHOOL}/{line}/{signed.contract_no}/": "clerk leader budget cashier observer",
        one: "clerk leader budget cashier observer",
        f"{REQUESTS}waiting/review_unit/": "leader",
        f"{REQUESTS}waiting/review_section/": "budget",
        f"{REQUESTS}waiting/review_centre/": "cashier",
        f"{REQUESTS}waiting/resubmit/": "clerk other",
        f"{REQUESTS}waiting/order/": "",
        f"{REQUESTS}new/?unit={SCHOOL}": "clerk",
        f"/desk/pipe/plans/new/?unit={SCHOOL}": "clerk",
        f"/desk/pipe/contracts/new/?unit={SCHOOL}": "clerk",
        f"{one}resubmit/": "",
    }
    people = {
        "clerk": "school_clerk", "leader": "school_leader", "budget": "finance_budget", "cashier": "finance_cashier",
        "banker": "bank_banker", "observer": "province_observer", "other": "civil_clerk", "auditor": "province_auditor",
        "publisher": "finance_publisher",
    }  # fmt: skip
    for address, those in pages.items():
        may = {name for name, who in people.items() if at(who).get(address).status_code == 200}
        assert may == set(those.split()), address
        assert Client().get(address)["Location"].startswith("/desk/account/login/"), address
    assert request_ref(made) not in at("civil_clerk").get(REQUESTS).text
    assert request_ref(made) in at("province_observer").get(REQUESTS).text


def test_the_buttons_are_those_of_the_table(walk: Walk, at: Callable[[str], Client]) -> None:
    made = asked(walk)
    one = f"{REQUESTS}{request_ref(made)}/"
    found = {
        who: sorted(re.findall(rf'"{one}(\w+)/"', at(who).get(one).text))
        for who in ("school_clerk", "school_leader", "school_head", "finance_budget", "province_observer")
    }
    assert found == {
        "school_clerk": ["void_request"],
        "school_leader": ["return_unit", "review_unit"],
        "school_head": ["return_unit", "review_unit"],
        "finance_budget": [],
        "province_observer": [],
    }
    for who, verb, status in (
        ("finance_budget", "review_unit", 403),
        ("civil_leader", "review_unit", 404),
        ("school_leader", "order", 404),
        ("school_leader", "review_moon", 404),
        ("province_observer", "review_unit", 404),
    ):
        assert at(who).post(f"{one}{verb}/", {"reason": "x"}).status_code == status, (who, verb)
    assert at("school_leader").get(f"{one}review_unit/").status_code == 405
    assert at("civil_clerk").post(f"{REQUESTS}new/?unit={SCHOOL}", {"rows": "1"}).status_code == 404
    plan = f"/desk/pipe/plans/{SCHOOL}/2006-01/"
    assert "acts/withdraw_plans" not in at("school_clerk").get(plan).text  # issued: nothing to take back


def test_others_cannot_act_on_plans(walk: Walk, at: Callable[[str], Client]) -> None:
    chosen = {"finance": FINANCE, "month": "2006-02-01", "units": [SCHOOL], "doc_no": "x", "reason": "x"}
    for who, verb, status in (
        ("school_clerk", "approve_plans", 404),
        ("finance_cashier", "approve_plans", 403),
        ("finance_budget", "issue_plans", 403),
        ("finance_budget", "reduce_plan", 404),
        ("school_leader", "withdraw_plans", 404),
        ("province_observer", "approve_plans", 404),
    ):
        assert at(who).post(f"/desk/pipe/plans/acts/{verb}/", chosen).status_code == status, (who, verb)


# --- what a wrong form gives back


def test_an_overdrawn_row_says_what_is_left_and_keeps_all_that_was_typed(
    walk: Walk, at: Callable[[str], Client]
) -> None:
    line = walk.ref(*BOOKS)
    sent = {"rows": "3", **typed(0, line), **typed(2, line, amount="950.00", purpose="购买书架", external_id="教-7")}
    answer = at("school_clerk").post(f"{REQUESTS}new/", sent)
    assert answer.status_code == 422
    assert "可用的额度还有 900.00 元" in answer.text
    assert 'href="#id_r2-amount"' in answer.text
    assert "第 3 笔" in answer.text
    assert "第 2 行" not in answer.text
    assert 'id="id_r1-line-fault"' not in answer.text  # an untouched row is no mistake
    for kept in ('value="950.00"', 'value="购买书架"', 'value="教-7"', 'value="0701 2345 6789"'):
        assert kept in answer.text
    assert answer.text.count(f'value="{line}" selected') == 2
    assert Request.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"amount": "一百元"}, "amount", "请用数字填写金额"),
        ({"amount": "0"}, "amount", "金额必须大于零"),
        ({"amount": "1.234"}, "amount", "最多写到分"),
        ({"line": ""}, "line", "请选择一项"),
        ({"line": "ZB2006-0000999-1"}, "line", "请重新选择"),
        ({"purpose": ""}, "purpose", "请填写这一项"),
        ({"name": ""}, "name", "请填写这一项"),
        ({"account": ""}, "account", "汇兑要填写收款人的账号和开户银行"),
        ({"account": "****0000"}, "account", "收款账号只含数字和字母"),
        ({"uscc": "123"}, "uscc", "统一社会信用代码"),
        ({"contract": "没有这份"}, "contract", "请先登记合同"),
        ({"settle": "gold"}, "settle", "选"),
    ],
)
def test_each_wrong_cell_is_said_beside_it(
    walk: Walk, at: Callable[[str], Client], changes: dict[str, str], field: str, sentence: str
) -> None:
    facts = {"line": walk.ref(*BOOKS)} | changes
    answer = at("school_clerk").post(f"{REQUESTS}new/", {"rows": "1", **typed(0, **facts)})
    assert answer.status_code == 422
    fault = re.search(rf'id="id_r0-{field}-fault">(.*?)</div>', answer.text, re.DOTALL)
    assert fault is not None
    assert sentence in fault[1]
    assert changes.get("purpose", "购买图书") in answer.text


def test_nothing_typed_is_said_so(walk: Walk, at: Callable[[str], Client]) -> None:
    for sent in ({}, {"rows": "0"}, {"rows": "x"}, {"rows": "99999"}, typed(0, "", **dict.fromkeys(
        ("amount", "purpose", "name", "account", "bank"), " "))):  # fmt: skip
        answer = at("school_clerk").post(f"{REQUESTS}new/", sent)
        assert (answer.status_code, "请至少填写一笔支付" in answer.text) == (422, True)


def test_more_rows_come_by_a_button_and_dropped_ones_do_not_count(walk: Walk, at: Callable[[str], Client]) -> None:
    line, clerk = walk.ref(*BOOKS), at("school_clerk")
    sent = {"rows": "3", **typed(0, line, purpose="留下的"), **typed(1, line, amount="x", purpose="不要的")}
    answer = clerk.post(f"{REQUESTS}new/", sent | {"more": "1"})
    assert answer.status_code == 200
    assert 'name="rows" value="8"' in answer.text
    assert 'value="留下的"' in answer.text
    assert 'id="r7"' in answer.text
    assert "is-wrong" not in answer.text  # nothing is judged before it is sent
    assert "已填 2 笔，合计 <b>100.00</b> 元" in answer.text
    many = clerk.post(f"{REQUESTS}new/", sent | {"rows": "38", "more": "1"}).text
    assert 'name="rows" value="40"' in many
    assert "再加 5 行" not in many
    clerk.post(f"{REQUESTS}new/", sent | {"r1-dropped": "on"})
    assert [row.purpose for row in pipe_walk.live(Request.objects.get())] == ["留下的"]


def test_a_form_sent_twice_asks_once(walk: Walk, at: Callable[[str], Client]) -> None:
    clerk = at("school_clerk")
    batch = re.search(r'name="batch" value="(desk-\w+)"', clerk.get(f"{REQUESTS}new/").text)
    assert batch is not None
    sent = {"rows": "1", "batch": batch[1], **typed(0, walk.ref(*BOOKS))}
    first, second = (clerk.post(f"{REQUESTS}new/", sent)["Location"] for _ in range(2))
    assert first == second
    assert batch[1] not in clerk.get(first).text


def test_a_payee_paid_before_needs_no_account(walk: Walk, at: Callable[[str], Client]) -> None:
    first = asked(walk)
    clerk = at("school_clerk")
    clerk.post(f"{REQUESTS}new/", {"rows": "1", **typed(0, walk.ref(*BOOKS), account="", bank="")})
    assert pipe_walk.live(Request.objects.latest("pk")).get().payee_id == pipe_walk.live(first).get().payee_id
    asked(walk, account="0701 9999 8888")
    two = clerk.post(f"{REQUESTS}new/", {"rows": "1", **typed(0, walk.ref(*BOOKS), account="")})
    assert (two.status_code, "汇兑要填写收款人的账号" in two.text) == (422, True)  # two accounts: which one?


def test_a_plan_that_asks_too_much_says_so_beside_the_line(walk: Walk, at: Callable[[str], Client]) -> None:
    books, wages, clerk = walk.ref(*BOOKS), walk.ref(*WAGES), at("school_clerk")
    answer = clerk.post("/desk/pipe/plans/new/", {"month": "2006-02-01", books: "400,000.00", wages: "12.00"})
    assert answer.status_code == 422
    assert "只有 399,000.00 元" in answer.text
    assert f'href="#id_{books}"' in answer.text
    assert 'value="12.00"' in answer.text
    for sent, sentence in (
        ({"month": "2006-02-01", books: "abc"}, "请用数字填写金额"),
        ({"month": "2006-02-01"}, "请至少填写一条指标的计划金额"),
        ({"month": "2007-02-01", books: "1"}, "选择"),
        ({books: "1"}, "请选择一项"),
    ):
        answer = clerk.post("/desk/pipe/plans/new/", sent)
        assert (answer.status_code, sentence in answer.text) == (422, True), sentence
    assert Allotment.objects.filter(month__month=2).count() == 0


def test_plans_wait_for_a_document_a_choice_and_a_reason(walk: Walk, at: Callable[[str], Client]) -> None:
    february = clocks.today().replace(month=2, day=1)
    plans.submit(unit=SCHOOL, month=february, amounts={walk.ref(*BOOKS): Decimal(9)}, by=walk.by("school_clerk"))
    budget, cashier, clerk = at("finance_budget"), at("finance_cashier"), at("school_clerk")
    chosen = {"finance": FINANCE, "month": "2006-02-01", "units": [SCHOOL]}
    none = budget.post("/desk/pipe/plans/acts/approve_plans/", chosen | {"units": []})
    assert (none.status_code, "请先勾选单位" in none.text) == (422, True)
    silent = budget.post("/desk/pipe/plans/acts/void_plans/", chosen | {"reason": ""})
    assert (silent.status_code, f'value="{SCHOOL}" id="approve_plans-1"' in silent.text) == (422, True)
    assert re.search(rf'value="{SCHOOL}"[^>]* checked', silent.text)
    silent = clerk.post("/desk/pipe/plans/acts/withdraw_plans/", {"unit": SCHOOL, "month": "2006-02-01", "reason": ""})
    assert (silent.status_code, "撤回用款计划" in silent.text) == (422, True)
    budget.post("/desk/pipe/plans/acts/approve_plans/", chosen)
    bare = cashier.post("/desk/pipe/plans/acts/issue_plans/", chosen | {"doc_no": ""})
    assert (bare.status_code, "请填写这一项" in bare.text) == (422, True)
    assert re.search(rf'value="{SCHOOL}"[^>]* checked', bare.text)
    budget.post("/desk/pipe/plans/acts/void_plans/", chosen | {"reason": "预算调整"})
    gone = cashier.post("/desk/pipe/plans/acts/issue_plans/", chosen | {"doc_no": "葫财支〔2006〕9号"})
    assert (gone.status_code, "没有已批准、待下达的用款计划" in gone.text) == (422, True)
    plans.submit(unit=SCHOOL, month=february, amounts={walk.ref(*BOOKS): Decimal(9)}, by=walk.by("school_clerk"))
    assert "acts/withdraw_plans" in clerk.get(f"/desk/pipe/plans/{SCHOOL}/2006-02/").text
    clerk.post("/desk/pipe/plans/acts/withdraw_plans/", {"unit": SCHOOL, "month": "2006-02-01", "reason": "写错"})
    assert set(Allotment.objects.filter(month=february).values_list("stage", flat=True)) == {"void"}
    for month in ("2006-13", "x", "2006-1a"):
        assert clerk.get(f"/desk/pipe/plans/{SCHOOL}/{month}/").status_code == 404


def test_an_unused_allotment_is_taken_back(walk: Walk, at: Callable[[str], Client]) -> None:
    asked(walk, "400.00")
    line, cashier, plan = walk.ref(*BOOKS), at("finance_cashier"), f"/desk/pipe/plans/{SCHOOL}/2006-01/"
    assert "没有动用 600.00 元" in cashier.get(plan).text
    much = cashier.post(f"{plan}reduce/", {"line": line, "amount": "600.01", "reason": "压减"})
    assert (much.status_code, "没有动用的额度只有 600.00 元" in much.text) == (422, True)
    assert 'value="600.01"' in much.text
    bare = cashier.post(f"{plan}reduce/", {"line": "", "amount": "x", "reason": ""})
    assert (bare.status_code, bare.text.count("field-text is-wrong")) == (422, 1)
    assert cashier.post(f"{plan}reduce/", {"line": line, "amount": "600", "reason": "压减"})["Location"] == plan
    assert walk.line(*BOOKS).allotted_fen == 40_000
    assert at("finance_budget").post(f"{plan}reduce/", {}).status_code == 404


def test_the_reviewer_goes_on_to_the_next_one(walk: Walk, at: Callable[[str], Client]) -> None:
    one, two = (request_ref(asked(walk)) for _ in range(2))
    leader = at("school_leader")
    leader.post(f"{REQUESTS}{two}/review_unit/")
    assert f'href="{REQUESTS}{one}/">' in leader.get(f"{REQUESTS}{two}/").text
    assert "看下一份" not in at("school_clerk").get(f"{REQUESTS}{two}/").text


def test_nobody_passes_what_was_changed_after_he_looked(walk: Walk, at: Callable[[str], Client]) -> None:
    made = asked(walk)
    ref, leader, queue = request_ref(made), at("school_leader"), f"{REQUESTS}waiting/review_unit/"
    sent = {f"round-{ref}": "1", "refs": [ref], "reason": "x"}
    assert f'name="round-{ref}" value="1"' in leader.get(queue).text
    assert leader.get(f"{REQUESTS}{ref}/").text.count(f'name="round-{ref}" value="1"') == 2
    requests.review([ref], step=UNIT, decision=Decision.RETURN, reason="错", by=walk.by("school_head"))
    requests.resubmit(ref, rows=[row(walk.ref(*BOOKS), "900.00")], by=walk.by("school_clerk"))
    for address in (queue, f"{REQUESTS}{ref}/review_unit/", f"{REQUESTS}{ref}/return_unit/"):
        answer = leader.post(address, sent)
        assert (answer.status_code in {409, 422}, "请看过新的内容再审核" in answer.text) == (True, True), address
    assert leader.post(f"{REQUESTS}{ref}/review_unit/", sent | {f"round-{ref}": "2"}).status_code == 302


def test_a_payroll_is_not_put_right_by_hand(walk: Walk, at: Callable[[str], Client]) -> None:
    made = walk.asked(*[row(walk.ref(*BOOKS), "1.00", name=f"教师{n}", payee_kind="person") for n in range(41)])
    requests.review([request_ref(made)], step=UNIT, decision=Decision.RETURN, reason="错", by=walk.by("school_head"))
    page = at("school_clerk").get(f"{REQUESTS}{request_ref(made)}/resubmit/").text
    assert "不能在页面上改" in page
    assert "r0-amount" not in page


CONTRACT = {
    "contract_no": "HT/2006-7", "title": "多媒体教室采购合同", "amount": "240,000.00", "signed_on": "2006-01-09",
    "published_on": "", "payee_kind": "firm", "name": "学府科技公司", "account": "0702 1111 2222", "bank": "工行",
    "uscc": "",
}  # fmt: skip


def test_a_contract_is_registered_announced_amended_and_paid(walk: Walk, at: Callable[[str], Client]) -> None:
    walk.allotted({ROOMS: "500000.00"}, month=clocks.today().replace(month=3, day=1))
    clerk, line = at("school_clerk"), walk.ref(*ROOMS)
    where = clerk.post("/desk/pipe/contracts/new/", CONTRACT | {"line": line})["Location"]
    assert where == f"/desk/pipe/contracts/{SCHOOL}/{line}/HT/2006-7/"
    assert "还没有公告" in clerk.get(where).text
    assert "HT/2006-7" in clerk.get("/desk/pipe/contracts/?q=学府").text
    assert "没有符合条件的合同" in clerk.get("/desk/pipe/contracts/?q=没有").text
    acts = f"/desk/pipe/contracts/{SCHOOL}/{line}/acts/"
    early = clerk.post(f"{acts}announce_contract/", {"contract_no": "HT/2006-7", "on": "2006-01-01"})
    assert (early.status_code, "公告日期不能早于签订日期" in early.text) == (422, True)
    assert clerk.post(f"{acts}announce_contract/", {"contract_no": "HT/2006-7", "on": "九日"}).status_code == 422
    assert clerk.post(f"{acts}announce_contract/", {"contract_no": "HT/2006-7", "on": "2006-01-10"}).status_code == 302
    much = clerk.post(f"{acts}amend_contract/", {"contract_no": "HT/2006-7", "amount": "900000.01"})
    assert (much.status_code, "还可以签订合同的金额是 660,000.00 元" in much.text) == (422, True)
    assert 'value="900000.01"' in much.text
    clerk.post(f"{acts}amend_contract/", {"contract_no": "HT/2006-7", "amount": "200000"})
    begun = clerk.get(f"{REQUESTS}new/?line={line}&contract=HT/2006-7").text
    for words in ('value="学府科技公司"', 'value="****2222"', 'value="HT/2006-7"', 'value="多媒体教室采购合同"'):
        assert words in begun
    sent = typed(0, line, amount="1000", contract="HT/2006-7", name="学府科技公司", account="****2222", bank="工行")
    assert clerk.post(f"{REQUESTS}new/", {"rows": "1", **sent}).status_code == 302
    found = Commitment.objects.get()
    assert (found.amount_fen, found.used_fen) == (20_000_000, 100_000)
    for who in ("civil_clerk", "school_leader"):
        assert at(who).post(f"{acts}amend_contract/", {"contract_no": "HT/2006-7", "amount": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"contract_no": ""}, "请填写这一项"),
        ({"amount": "900000.01"}, "还可以签订合同的金额是 900,000.00 元"),
        ({"signed_on": "2006-01-11"}, "签订日期不能晚于今天"),
        ({"signed_on": "前天"}, "请按 2006-03-07 的样子填写日期"),
        ({"name": ""}, "请填写这一项"),
        ({"line": ""}, "请选择一项"),
        ({"account": "中文"}, "收款账号只含数字和字母"),
    ],
)
def test_a_wrong_contract_comes_back_with_its_fault(
    walk: Walk, at: Callable[[str], Client], changes: dict[str, str], sentence: str
) -> None:
    answer = at("school_clerk").post("/desk/pipe/contracts/new/", CONTRACT | {"line": walk.ref(*ROOMS)} | changes)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert 'value="多媒体教室采购合同"' in answer.text
    assert Commitment.objects.count() == 0


# --- many at once


def test_the_ticked_ones_pass_and_the_page_says_which_did_not(walk: Walk, at: Callable[[str], Client]) -> None:
    good, gone, left = (request_ref(asked(walk)) for _ in range(3))
    leader, queue = at("school_leader"), f"{REQUESTS}waiting/review_unit/"
    assert leader.get(queue).text.count('name="refs"') == 3
    none = leader.post(queue, {})
    assert (none.status_code, "请先勾选要通过的申请" in none.text) == (422, True)
    requests.review([gone], step=UNIT, by=walk.by("school_head"))
    answer = leader.post(queue, {"refs": [good, gone, "SQ乱写"]})
    assert answer.status_code == 409
    assert re.search(rf"{gone}</span>：.*不能", answer.text)
    assert "SQ乱写" in answer.text
    assert "已通过 1 份申请" in answer.text
    assert leader.post(queue, {"refs": [left]})["Location"] == queue
    assert "这一步没有等您办的申请" in leader.get(queue).text
    assert set(Request.objects.values_list("stage", flat=True)) == {"section_review"}
    walk.passed(walk.asked(row(walk.ref(*OFFICE), "5.00"), unit="civil", code=CIVIL), UNIT, unit="civil")
    budget, queue = at("finance_budget"), f"{REQUESTS}waiting/review_section/?section=教科文科"
    assert budget.get(queue).text.count('name="refs"') == 3
    assert budget.get(queue.split("?")[0]).text.count('name="refs"') == 4
    assert unquote(budget.post(queue, {"refs": [left]})["Location"]) == queue


def test_pages_ask_as_much_for_many_as_for_one(walk: Walk, at: Callable[[str], Client]) -> None:
    def cost(who: str, address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = at(who).get(address)
        assert answer.status_code == 200, address
        return len(queries)

    counts = []
    for many in (1, 25):
        big = walk.asked(*[row(walk.ref(*BOOKS), "0.10", name=f"书店{n}") for n in range(many)])
        for number in range(many):
            asked(walk, "0.10")
            walk.passed(asked(walk, "0.10"), UNIT)
            contract(walk, number=f"HT-{many}-{number}")
        month = clocks.today().replace(month=3 if many == 1 else 4, day=1)
        new = [
            plans.NewPlan(walk.ref(*key), month, Decimal(1)) for key in (BOOKS, ROOMS, WAGES, OFFICE)[: 1 + many // 8]
        ]
        plans.submit_all(plans=new, by=SYSTEM)
        addresses = [
            ("school_clerk", HOME),
            ("school_leader", f"{REQUESTS}waiting/review_unit/"),
            ("finance_budget", f"{REQUESTS}waiting/review_section/"),
            ("finance_budget", REQUESTS),
            ("finance_budget", "/desk/pipe/plans/"),
            ("school_clerk", "/desk/pipe/plans/"),
            ("school_clerk", f"/desk/pipe/plans/{SCHOOL}/{month:%Y-%m}/"),
            ("school_clerk", "/desk/pipe/lines/"),
            ("school_clerk", "/desk/pipe/contracts/"),
            ("school_clerk", f"{REQUESTS}new/"),
            ("school_leader", f"{REQUESTS}{request_ref(big)}/"),
        ]
        # The lesser of two: what a process keeps is asked for again every few seconds.
        counts.append([min(cost(who, address), cost(who, address)) for who, address in addresses])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 10, counts[0]


def test_lines_are_found_by_heading_year_and_words(walk: Walk, at: Callable[[str], Client]) -> None:
    clerk, finance = at("school_clerk"), at("finance_budget")
    page = clerk.get("/desk/pipe/lines/").text
    assert page.count(f"{REQUESTS}new/?unit={SCHOOL}") == 1  # only one line has an allotment
    assert f"/pipe/lines/{walk.ref(*BOOKS)}/" in page
    for query, refs in (
        ("q=多媒体", [walk.ref(*ROOMS)]),
        ("q=30101", [walk.ref(*WAGES)]),
        ("q=葫财预 办公费", [walk.ref(*BOOKS)]),
        ("function=208", []),
        ("function=205&year=x&before=y", [walk.ref(*BOOKS), walk.ref(*ROOMS), walk.ref(*WAGES)]),
    ):
        page = clerk.get(f"/desk/pipe/lines/?{query}").text
        found = {ref_of(walk.line(*key)) for key in (BOOKS, ROOMS, WAGES) if ref_of(walk.line(*key)) in page}
        assert found == set(refs), query
    assert "请输入单位名称或代码" in finance.get("/desk/pipe/lines/").text
    assert walk.ref(*OFFICE) in finance.get("/desk/pipe/lines/?unit=民政局").text
    assert "没有找到这个单位" in finance.get("/desk/pipe/lines/?unit=没有这个单位").text
    assert at("school_clerk").get(f"/desk/pipe/lines/?unit={CIVIL}").status_code == 404
    assert "申请支付</a>" not in finance.get(f"/desk/pipe/lines/?unit={SCHOOL}").text
    assert walk.ref("education", "30101") in finance.get(f"/desk/pipe/lines/?unit={EDUCATION}").text


def test_requests_are_listed_by_unit_and_stage(walk: Walk, at: Callable[[str], Client]) -> None:
    one, two = asked(walk), walk.passed(asked(walk), UNIT)
    requests.review(
        [request_ref(two)], step=SECTION, decision=Decision.RETURN, reason="附件不全", by=walk.by("finance_budget")
    )
    finance = at("finance_budget")
    for query, found in (
        ("", {one, two}),
        ("unit=第一高级中学", {one, two}),
        ("unit=民政局", set()),
        ("stage=returned", {two}),
        ("stage=x&before=y", {one, two}),
        ("ref=SQ2006-0000001-3x", {one, two}),
    ):
        page = finance.get(f"{REQUESTS}?{query}").text
        assert {made for made in (one, two) if request_ref(made) in page} == found, query
    assert "没有找到这个单位" in finance.get(f"{REQUESTS}?unit=没有这个单位").text
    opened_by_number = finance.get(f"{REQUESTS}?ref={request_ref(one).lower().replace('-', ' ')}")
    assert opened_by_number["Location"] == f"{REQUESTS}{request_ref(one)}/"


def contract(walk: Walk, number: str = "HT-1") -> Commitment:
    return contracts.sign(
        line=walk.ref(*ROOMS), contract_no=number, title="采购合同", payee=NewPayee("firm", "学府科技公司", "07021111"),
        amount=Decimal("10"), signed_on=clocks.today(), by=walk.by("school_clerk"),
    )  # fmt: skip
