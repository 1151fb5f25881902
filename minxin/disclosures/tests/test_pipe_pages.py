"""The pages of the pipe: what they tell, what they hide, and how few questions they ask."""

import re
import time
from copy import deepcopy
from datetime import date, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils.html import strip_tags

from minxin.directory.models import Person
from minxin.disclosures.actions import flow as totals
from minxin.disclosures.models import Allotment, Approval, Flow, LineChange, Order, Payment, Request, Reversal
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.models.payment import payment_ref
from minxin.disclosures.reports import flow, headings, idle, told, trace
from minxin.disclosures.reports.flow import Where
from minxin.disclosures.rules import pipe_public
from minxin.disclosures.rules.codes import Grain
from minxin.disclosures.rules.pipe_public import Age, Stretch
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.pipe_rows import NOON, YEAR, Pipe, make_pipe
from minxin.kernel import clocks
from minxin.kernel.errors import Absent

pytestmark = pytest.mark.django_db
NIGHT = datetime(YEAR, 12, 31, 23, tzinfo=clocks.ZONE)
SCHOOL, EDUCATION, CIVIL = "211400-YZ", "211400-JYJ", "211400-MZJ"


@pytest.fixture(autouse=True)
def _anew() -> None:
    flow.forget()
    headings.forget()


@pytest.fixture(scope="module")
def _pipe(_money: Money, kept: None) -> Pipe:
    return make_pipe({name: unit.id for name, unit in _money.units.items()})


@pytest.fixture
def pipe(_pipe: Pipe, money: Money) -> Pipe:
    """A school's chairs and wages, a bureau's line, something withheld: see pipe_rows."""
    return deepcopy(_pipe)


def get(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, (address, response.status_code)
    return response.content.decode()


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(page))


def payment(pipe: Pipe, **facts: object) -> Payment:
    return Payment.objects.get(**facts)


def test_the_picture_tells_every_joint_and_what_stands(pipe: Pipe) -> None:
    view = flow.view(Where(YEAR), "department")
    amounts = {row.stretch: row.fen for row in pipe_public.flowing(view.whole)}
    told_ = sum(3_100_00 + n for n in range(18))
    assert view.whole.approved == 3 * 1_000_000_00
    assert amounts[Stretch.FROZEN] == 50_000_00
    assert view.whole.legal == (120_000 + 3_000 + 2_000 + 600) * 100
    assert view.whole.people == told_  # the payment of September waits for four more
    assert amounts[Stretch.AT_BANK] == 9_000_00
    assert amounts[Stretch.RETURNED] == amounts[Stretch.REUSED] == 2_000_00
    assert amounts[Stretch.FIRMS] == 123_600_00
    assert view.withheld_fen == 777_000_00
    assert [part.code for part in view.parts] == [EDUCATION]
    assert view.parts[0].sums == view.whole


@pytest.mark.parametrize("by", flow.BY)
@pytest.mark.parametrize("narrow", [{}, {"department": EDUCATION}, {"unit": SCHOOL}, {"function": "205"}, {"month": 3}])
def test_every_division_adds_up_to_the_same(pipe: Pipe, by: str, narrow: dict[str, str | int]) -> None:
    where = Where(YEAR, **narrow)  # type: ignore[arg-type]
    whole, other = flow.view(where, by).whole, flow.view(where, "fund").whole
    assert (whole.legal, whole.returned, whole.count) == (other.legal, other.returned, other.count)
    if by != "month":
        assert whole == other


def test_what_is_not_folded_yet_counts_already(pipe: Pipe) -> None:
    before = flow.view(Where(YEAR, unit=SCHOOL), "function").whole.legal
    pipe.pay(pipe.lines[0], 50, on=date(YEAR, 7, 1))
    assert flow.view(Where(YEAR, unit=SCHOOL), "function").whole.legal == before + 50_00


def test_one_person_s_money_cannot_be_reckoned_from_the_pages(pipe: Pipe, client: Client) -> None:
    """77,777 yuan went to one person in September: no page has it, nor any sum with it."""
    wages = pipe.lines[1]
    pages = [f"/pipe/{YEAR}/{tail}" for tail in ("", "?by=unit", "?by=month", f"?unit={SCHOOL}",
             f"?unit={SCHOOL}&month=9", f"?unit={SCHOOL}&by=economic", f"?unit={SCHOOL}&economic=301",
             "pace/", "idle/", f"idle/?unit={SCHOOL}",
             f"lines/?unit={SCHOOL}", f"payments/?unit={SCHOOL}")]  # fmt: skip
    pages += [f"/pipe/lines/{ref_of(wages)}/"]
    wages.refresh_from_db()
    alone = 77_777_00
    told_ = sum(3_100_00 + n for n in range(18))
    secrets = {
        alone,
        told_ + alone,
        wages.paid_fen,
        wages.allotted_fen - wages.paid_fen,
        wages.approved_fen - wages.paid_fen,
    }
    for address in pages:
        text = plain(get(client, address))
        for fen in secrets:
            for written in (f"{fen / 100:,.2f}", f"{fen / 1_000_000:,.2f}"):
                assert written not in text.split(), (address, written)
        assert "合并公开" in text or "只公开合计" in text or "/pace/" in address or "/idle/" in address


def test_payments_are_told_to_legal_persons_only_and_payees_only_by_published_contracts(
    pipe: Pipe, client: Client
) -> None:
    page = get(client, f"/pipe/{YEAR}/payments/?unit={SCHOOL}")
    assert page.count("/pipe/payments/ZF") == 3  # the one on its way is not paid
    assert "收款人firm" in page
    assert page.count("收款人firm") == 1
    assert "HT-2007/3" in page
    assert "HT-未公告" not in page
    for never in ("用途不公开", "流水1", "流水2", "收款人person", "3,100.00"):
        assert never not in page
    csv = client.get(f"/pipe/{YEAR}/payments.csv?unit={SCHOOL}").content.decode("utf-8-sig")
    assert csv.count("\n") == 4
    assert "120000.00" in csv
    assert "流水" not in csv
    assert "用途不公开" not in csv


def test_rows_are_paged_by_key_and_each_is_seen_once(pipe: Pipe) -> None:
    line = pipe.lines[0]
    pipe.pay_many([(line, 100 + n, "firm", date(YEAR, 1 + n % 12, 3), {}) for n in range(60)])
    totals.fold()
    seen: list[str] = []
    before = ""
    for _turn in range(9):
        page = told.payments(Where(YEAR, unit=SCHOOL), before=before, size=10)
        seen += [row.ref for row in page.rows]
        before = page.older
        if not before:
            break
    wanted = Payment.objects.public().filter(unit_id=line.unit_id).order_by("-paid_on", "-id")
    assert seen == [payment_ref(row.pk) for row in wanted]


def test_a_rare_stretch_is_paged_to_its_end(pipe: Pipe) -> None:
    line, back = pipe.lines[0], {"returned_fen": 100, "returned_on": date(YEAR, 1, 20)}
    pipe.pay_many([(line, 100 + n, "firm", date(YEAR, 1 + n % 12, 3), back if n % 36 == 0 else {}) for n in range(72)])
    totals.fold()
    seen: list[str] = []
    before = ""
    for _turn in range(5):
        page = told.payments(Where(YEAR, unit=SCHOOL), stretch=Stretch.RETURNED, before=before, size=10)
        assert page.rows or not page.older
        seen += [row.ref for row in page.rows]
        before = page.older
        if not before:
            break
    wanted = Payment.objects.public().filter(unit_id=line.unit_id, returned_fen__gt=0).order_by("-paid_on", "-id")
    assert seen == [payment_ref(row.pk) for row in wanted]
    assert len(seen) == 3


def test_without_a_unit_the_rows_page_asks_for_one(pipe: Pipe, client: Client) -> None:
    page = get(client, f"/pipe/{YEAR}/payments/?function=205")
    assert "先选一个单位" in page
    assert f"/pipe/{YEAR}/payments/?unit={SCHOOL}&amp;function=205" in page
    with pytest.raises(Absent):
        told.payments(Where(YEAR))


@pytest.mark.parametrize(
    "address",
    [
        "?unit=nobody",
        f"?unit={CIVIL}0",
        "?function=2'",
        "?month=14",
        "?fund=gold",
        "?department=" + "9" * 41,
    ],
)
def test_what_is_no_part_of_the_money_does_not_exist(pipe: Pipe, client: Client, address: str) -> None:
    get(client, f"/pipe/{YEAR}/{address}", 404)


def test_a_payment_is_followed_joint_by_joint(pipe: Pipe, client: Client) -> None:
    row = payment(pipe, amount_fen=120_000_00)
    found = trace.payment(payment_ref(row.pk))
    titles = [joint.title for joint in found.joints]
    assert titles == ["批复", "合同公告", "支付申请", "单位复核", "业务科室审核", "支付中心审核", "开支付凭证",
                      "银行支付", "与国库单一账户清算"]  # fmt: skip
    asked = found.joints[2]
    assert (asked.on, asked.document, asked.fen) == (date(YEAR, 3, 3), row.request_no, 120_000_00)
    # 3 March 2007 is a Saturday: review on Sunday waits no working day, the section's on Monday one
    assert [joint.waited for joint in found.joints[2:]] == [None, 0, 1, 1, 1, 0, 0]
    page = get(client, f"/pipe/payments/{payment_ref(row.pk)}/")
    assert "120,000.00 元" in page
    assert "HT-2007/3" in page
    assert f"/ask/?about={payment_ref(row.pk)}" in page
    assert found.row.digest in page


def test_the_offices_of_its_reviews_and_the_month_s_allotment_are_named(pipe: Pipe, money: Money) -> None:
    row = payment(pipe, amount_fen=120_000_00)
    asked = Request.objects.create(
        year=YEAR, number=7, unit_id=row.unit_id, finance_id=row.finance_id, section="教科文科", mode="direct",
        stage="ordered", round=2, count=1, amount_fen=row.amount_fen, digest="a" * 64, requested_at=NOON,
    )  # fmt: skip
    for round_, office in ((1, "上一轮"), (2, "葫芦岛市财政局教科文科")):
        Approval.objects.create(request=asked, round=round_, step="section", office=office, decision="pass",
                                digest="a" * 64, at=NOON)  # fmt: skip
    order = Order.objects.create(year=YEAR, number=8, finance_id=row.finance_id, bank_id=money.units["bank"].id,
                                 mode="direct", count=1, amount_fen=row.amount_fen, ordered_at=NOON)  # fmt: skip
    Payment.objects.filter(pk=row.pk).update(request=asked, order=order)
    for month in (2, 3, 4):
        Allotment.objects.create(
            line=row.line, unit_id=row.unit_id, finance_id=row.finance_id, month=date(YEAR, month, 1), mode="direct",
            amount_fen=month * 100, stage="issued", doc_no=f"葫财库〔2007〕{month}号", submitted_at=NOON,
            issued_at=datetime(YEAR, month, 2, 9, tzinfo=clocks.ZONE),
        )  # fmt: skip
    joints = {joint.title: joint for joint in trace.payment(payment_ref(row.pk)).joints}
    assert joints["业务科室审核"].office == "葫芦岛市财政局教科文科"
    assert joints["银行支付"].office == "代理银行葫芦岛分行"
    assert (joints["用款额度下达"].document, joints["用款额度下达"].fen) == ("葫财库〔2007〕3号", 300)


def test_a_refund_and_its_day_stand_at_the_end(pipe: Pipe) -> None:
    row = payment(pipe, amount_fen=2_000_00)
    Reversal.objects.create(payment=row, amount_fen=2_000_00, on=date(YEAR, 6, 20), reason="账号 6222 有误",
                            bank_no="X1", at=NOON)  # fmt: skip
    last = trace.payment(payment_ref(row.pk)).joints[-1]
    assert (last.title, last.on, last.fen, last.state, last.note) == ("退款", date(YEAR, 6, 20), 2_000_00, "back", "")


@pytest.mark.parametrize("facts", [{"payee_kind": "person", "amount_fen": 77_777_00}, {"withheld": True}, {"stage": 3}])
def test_a_payment_that_may_not_be_told_does_not_exist(pipe: Pipe, client: Client, facts: dict[str, object]) -> None:
    ref = payment_ref(payment(pipe, **facts).pk)
    get(client, f"/pipe/payments/{ref}/", 404)
    get(client, f"/api/v1/public/pipe/payments/{ref}/", 404)
    assert trace.find(ref) == []


def test_a_line_tells_its_own_balance_unless_people_are_paid_from_its_heading(pipe: Pipe, client: Client) -> None:
    chairs = get(client, f"/pipe/lines/{ref_of(pipe.lines[0])}/")
    assert "课桌椅更新" in chairs
    assert "同一科目" not in chairs
    wages = get(client, f"/pipe/lines/{ref_of(pipe.lines[1])}/")
    assert "同一科目" in wages
    assert "/pipe/payments/" not in wages
    get(client, f"/pipe/lines/{ref_of(pipe.lines[3])}/", 404)


def test_a_contract_is_told_when_it_is_published_and_not_with_a_person(pipe: Pipe, client: Client) -> None:
    page = get(client, f"/pipe/contracts/{SCHOOL}/HT-2007/3/")
    assert "120,000.00" in page
    assert "收款人firm" in page
    get(client, f"/pipe/contracts/{SCHOOL}/HT-未公告/", 404)
    pipe.contract(pipe.lines[0], kind="person", contract_no="HT-P")
    get(client, f"/pipe/contracts/{SCHOOL}/HT-P/", 404)


def test_the_search_leads_to_payments_lines_contracts_and_units(pipe: Pipe, client: Client) -> None:
    ref = payment_ref(payment(pipe, amount_fen=120_000_00).pk)
    for words, address in {
        ref.lower().replace("-", " "): f"/pipe/payments/{ref}/",
        ref_of(pipe.lines[0]): f"/pipe/lines/{ref_of(pipe.lines[0])}/",
        "HT-2007/3": f"/pipe/contracts/{SCHOOL}/HT-2007/3/",
    }.items():
        assert client.get("/pipe/", {"q": words})["Location"] == address
    assert "市第一高级中学" in get(client, "/pipe/?q=第一高级中学")
    assert "没有找到" in get(client, "/pipe/?q=HT-未公告")
    assert client.get("/pipe/")["Location"] == f"/pipe/{YEAR}/"


def test_money_that_stands_is_told_by_age_and_what_was_revived_by_document(pipe: Pipe, client: Client) -> None:
    source, target = pipe.lines[0], pipe.lines[2]
    LineChange.objects.create(line=target, kind="revive_in", amount_fen=130_000_000_00, doc_no="葫财指〔2007〕88号",
                              on=date(YEAR, 6, 20), counterpart=source, at=NOON)  # fmt: skip
    found = idle.standing(Where(YEAR))
    old = next(row for row in found.ages if row.age is Age.OLD)
    source.refresh_from_db()
    assert old.unallotted_fen == source.approved_fen - source.frozen_fen - source.allotted_fen
    assert old.unrequested_fen == source.allotted_fen - source.requested_fen - source.paid_fen
    amounts = {row.stretch: row.fen for row in pipe_public.flowing(flow.view(Where(YEAR), "fund").whole)}
    assert found.fen == amounts[Stretch.UNALLOTTED] + amounts[Stretch.UNREQUESTED]
    assert (found.revived_fen, found.revived) == (130_000_000_00, 1)
    page = plain(get(client, f"/pipe/{YEAR}/idle/"))
    assert "1.30 亿元" in page
    assert "葫财指〔2007〕88号" in page
    assert "ZB2007" in get(client, f"/pipe/{YEAR}/lines/?age=old")


def test_what_is_kept_for_some_seconds_is_kept_in_each_language(pipe: Pipe, client: Client) -> None:
    pages = ["?by=fund", "idle/", "pace/"]
    chinese = [get(client, f"/pipe/{YEAR}/{page}") for page in pages]
    client.cookies.load({settings.LANGUAGE_COOKIE_NAME: "en"})
    english = [get(client, f"/pipe/{YEAR}/{page}") for page in pages]
    for before, after, word in zip(chinese, english, ("一般公共预算", "当年形成", "时间进度"), strict=True):
        assert word in before
        assert word not in after


def test_one_asker_makes_anew_what_was_kept_and_the_others_get_the_old_one_meanwhile() -> None:
    meanwhile: list[str] = []

    def make() -> str:
        meanwhile.append(flow.keep("sum", lambda: "made twice"))
        return "new"

    flow._kept["sum"] = (time.monotonic() - flow.KEPT_SECONDS - 1, "old")
    assert flow.keep("sum", make) == "new"
    assert meanwhile == ["old"]
    flow._kept["sum"] = (time.monotonic() - 3 * flow.KEPT_SECONDS, "very old")
    assert flow.keep("sum", lambda: "newer") == "newer"


def test_who_lags_behind_the_calendar_stands_first(pipe: Pipe) -> None:
    with clocks.at(datetime(YEAR, 7, 2, 12, tzinfo=clocks.ZONE)):
        rows = flow.pace(Where(YEAR))
    assert [row.unit.code for row in rows] == [EDUCATION, SCHOOL]
    assert (rows[0].elapsed_days, rows[0].days) == (182, 365)
    assert rows[0].sums.spent == 600_00
    assert rows[0].behind / rows[0].bottom > rows[1].behind / rows[1].bottom > 0


def test_the_proof_stands_under_the_page(pipe: Pipe, client: Client) -> None:
    totals.prove()
    assert "完全一致" in get(client, f"/pipe/{YEAR}/")


def test_an_open_difference_stands_on_the_desk_until_a_proof_agrees(pipe: Pipe, money: Money, client: Client) -> None:
    client.force_login(Person.objects.get(pk=money.officers["finance_budget"].id))
    assert "还没有核对过" in get(client, "/desk/pipe/proofs/")
    Flow.objects.filter(measure="paid", grain=Grain.UNIT).update(fen=1)
    totals.prove()
    assert "还没有查明" in get(client, "/desk/pipe/proofs/")
    totals.rebuild()
    totals.prove()
    page = get(client, "/desk/pipe/proofs/")
    assert "还没有查明" not in page
    assert "已结清" in page


def test_machines_read_the_same(pipe: Pipe, client: Client) -> None:
    whole = client.get(f"/api/v1/public/pipe/{YEAR}/?by=unit").json()
    assert whole["approved"] == "3000000.00"
    assert whole["withheld"] == "777000.00"
    assert {part["code"] for part in whole["parts"]} == {SCHOOL, EDUCATION}
    assert any(row["stretch"] == "returned" and row["amount"] == "2000.00" for row in whole["stretches"])
    rows = client.get(f"/api/v1/public/pipe/{YEAR}/payments/?unit={SCHOOL}").json()["rows"]
    one = client.get(f"/api/v1/public/pipe/payments/{rows[0]['ref']}/").json()
    assert one["digest"] == rows[0]["digest"]
    assert one["joints"][-1]["title"]
    line = client.get(f"/api/v1/public/pipe/lines/{ref_of(pipe.lines[0])}/").json()
    assert line["approved"] == "1000000.00"
    assert len(line["payments"]) == 3
    assert client.get(f"/api/v1/public/pipe/{YEAR}/idle/").json()["ages"]
    assert client.get(f"/api/v1/public/pipe/{YEAR}/pace/").json()["units"]


PAGES = [
    ("/pipe/{year}/", 5),
    ("/pipe/{year}/?by=unit", 5),
    ("/pipe/{year}/?unit={school}", 5),
    ("/pipe/{year}/?unit={school}&month=3", 5),
    ("/pipe/{year}/payments/", 4),
    ("/pipe/{year}/payments/?unit={school}", 7),
    ("/pipe/{year}/lines/", 4),
    ("/pipe/{year}/pace/", 7),
    ("/pipe/{year}/idle/", 7),
    ("/pipe/lines/{line}/", 8),
    ("/pipe/payments/{payment}/", 8),
    ("/pipe/contracts/{school}/HT-2007/3/", 5),
]


@pytest.mark.parametrize(("address", "most"), PAGES)
def test_a_page_asks_as_few_questions_for_many_rows_as_for_one(
    pipe: Pipe, client: Client, django_assert_max_num_queries, address: str, most: int
) -> None:
    facts = {"year": YEAR, "school": SCHOOL, "line": ref_of(pipe.lines[0]),
             "payment": payment_ref(payment(pipe, amount_fen=120_000_00).pk)}  # fmt: skip
    address = address.format(**facts)
    get(client, address)
    with django_assert_max_num_queries(most) as few:
        get(client, address)
    contract = payment(pipe, amount_fen=120_000_00).commitment
    for n in range(25):
        pipe.line(pipe.lines[0].unit_id, function=f"20502{n:02d}")
    pipe.pay_many([(pipe.lines[0], 500 + n, "firm", date(YEAR, 3, 1) + timedelta(days=n), {"commitment": contract})
                   for n in range(25)])  # fmt: skip
    get(client, address)
    with django_assert_max_num_queries(most) as many:
        get(client, address)
    assert len(many) == len(few)
