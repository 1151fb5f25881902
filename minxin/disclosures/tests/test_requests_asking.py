"""A unit asks for payments: checked row by row, written at once, held against line and contract."""

from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from minxin.disclosures.actions import contracts, lines, payees, requests
from minxin.disclosures.models import Commitment, Payee, Payment, Request
from minxin.disclosures.models.payment import PER_YEAR, account_of, payment_ref, request_ref
from minxin.disclosures.rules.codes import ChangeKind
from minxin.disclosures.tests.pipe_walk import (
    CIVIL,
    FINANCE,
    NEW_YEAR,
    SCHOOL,
    YEAR,
    live,
    refused,
    row,
)
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

BOOKSHOP = payees.NewPayee("firm", "葫芦岛市新华书店", "0701 2345 6789", "工商银行连山支行")
TODAY = NEW_YEAR.date()
BOOKS, WAGES, ROOMS = ("school", "30201"), ("school", "30101"), ("school", "31002")


@pytest.fixture(autouse=True)
def new_year():
    with clocks.at(NEW_YEAR):
        yield


@pytest.fixture
def walk(opened):
    return opened.allotted({BOOKS: "1000.00", WAGES: "500000.00", ROOMS: "300000.00"})


def sign(walk, amount="500.00", published=TODAY, line=BOOKS):
    return contracts.sign(
        line=walk.ref(*line), contract_no="HT-1", title="图书采购", payee=BOOKSHOP, amount=Decimal(amount),
        signed_on=TODAY, published_on=published, by=walk.by("school_clerk"),
    )  # fmt: skip


def test_a_request_holds_its_money_and_each_row_keeps_the_dimensions_of_its_line(walk):
    ref = walk.ref(*BOOKS)
    asked = walk.asked(row(ref, "100.10"), row(ref, "200.20", external_id="YZ-7"))
    assert (asked.stage, asked.count, asked.amount_fen, asked.round) == ("unit_review", 2, 30_030, 1)
    assert (asked.mode, asked.section) == ("authorised", "教科文科")
    assert walk.line(*BOOKS).requested_fen == 30_030
    first, second = live(asked)
    assert first.pk // PER_YEAR == YEAR
    assert (first.function, first.economic, first.fund, first.stage) == ("2050204", "30201", "general", 1)
    assert (first.request_no, first.requested_on, first.amount_fen) == (request_ref(asked), TODAY, 10_010)
    assert [first.external_id, second.external_id] == [f"{request_ref(asked)}-1", "YZ-7"]
    assert payment_ref(second.pk).startswith(f"ZF{YEAR}-")
    event = ledger.history(request_ref(asked))[0]
    assert (event.verb, event.facts) == ("request", {"count": 2, "fen": 30_030, "digest": asked.digest})
    assert Request.objects.get().digest == asked.digest


def test_the_digest_can_be_worked_out_from_the_rows(walk):
    sign(walk)
    ref = walk.ref(*BOOKS)
    asked = walk.asked(row(ref, "1.00", contract="HT-1"), row(ref, "2.50", purpose="“课桌” 两 套", name="木器厂"))
    lines_ = [
        "\x1f".join(
            str(value)
            for value in (
                each.pk, each.line_id, each.commitment_id or 0, each.payee_kind, each.payee.mark, each.settle,
                each.amount_fen, each.external_id, each.purpose,
            )
        )
        for each in live(asked).select_related("payee")
    ]  # fmt: skip
    assert sha256("\n".join(lines_).encode()).hexdigest() == asked.digest


def test_a_payee_is_found_again_without_the_plain_account(walk):
    ref = walk.ref(*BOOKS)
    walk.asked(row(ref), row(ref, account="0701-2345-6789"), row(ref, account="９９９９"))
    walk.asked(row(ref))
    assert Payee.objects.count() == 2
    known, other = sorted(Payee.objects.all(), key=account_of)
    assert [account_of(known), account_of(other)] == ["070123456789", "9999"]
    assert b"070123456789" not in bytes(known.account)
    other.key, other.account = known.key, known.account
    with pytest.raises(Exception, match="changed or belongs elsewhere"):
        account_of(other)


def test_the_same_payee_of_two_units_has_two_marks(walk):
    walk.asked(row(walk.ref(*BOOKS)))
    payees.register(unit=CIVIL, payees=[BOOKSHOP, BOOKSHOP], by=walk.by("civil_clerk"))
    assert len(set(Payee.objects.values_list("mark", flat=True))) == 2


def test_a_payee_stays_of_its_kind(walk):
    ref = walk.ref(*BOOKS)
    walk.asked(row(ref))
    with refused("payee_kind", "第 2 行.*已登记为企业"):
        walk.asked(row(ref, name="别的"), row(ref, payee_kind="person"))
    with refused("payee_kind"):
        payees.register(
            unit=SCHOOL, payees=[payees.NewPayee("person", BOOKSHOP.name, BOOKSHOP.account)],
            by=walk.by("school_clerk"),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "code", "field", "words"),
    [
        ({"yuan": "0"}, "invalid", "amount", "大于零"),
        ({"yuan": "-5"}, "invalid", "amount", "大于零"),
        ({"yuan": "1.001"}, "finer_than_fen", "amount", "两位小数"),
        ({"purpose": " \n"}, "required", "purpose", "用途"),
        ({"name": ""}, "required", "name", "收款人"),
        ({"payee_kind": "bank"}, "invalid", "payee_kind", "类别"),
        ({"account": ""}, "required", "account", "账号"),
        ({"bank": ""}, "required", "account", "开户银行"),
        ({"account": "一二三四"}, "invalid", "account", "数字和字母"),
        ({"uscc": "91110000600037341X"}, "uscc_check", "uscc", "校验位"),
        ({"settle": "gold"}, "invalid", "settle", "结算方式"),
        ({"contract": "没有"}, "contract", "contract", "登记合同"),
        ({"line": "ZB2006-0000001-0"}, None, "line", "编号"),
        ({"purpose": "长" * 121}, "too_long", "purpose", "120"),
    ],
)
def test_a_wrong_row_is_named_with_what_to_do(walk, facts, code, field, words):
    good = walk.ref(*BOOKS)
    facts = {"line": good, "yuan": "1"} | facts
    with pytest.raises(Refused, match=words) as caught:
        walk.asked(row(good), row(facts.pop("line"), facts.pop("yuan"), **facts))
    assert caught.value.sentence.startswith("第 2 行")
    assert caught.value.field == f"2.{field}"
    assert code in {caught.value.code, None}
    assert walk.line(*BOOKS).requested_fen == 0
    assert not Payment.objects.exists()


def test_cash_needs_no_account(walk):
    asked = walk.asked(row(walk.ref(*BOOKS), account="", bank="", settle="cash", payee_kind="person", name="王某"))
    payee = live(asked).get().payee
    assert (payee.account, account_of(payee)) == (None, "")


def test_whoever_asks_for_too_much_is_told_what_is_left(walk):
    ref = walk.ref(*BOOKS)
    walk.asked(row(ref, "400.00"))
    with refused("overdrawn", r"第 2 行：.*还有 100\.00 元"):
        walk.asked(row(ref, "500.00"), row(ref, "100.01"))
    walk.asked(row(ref, "600.00"))
    with refused("overdrawn", r"还有 0\.00 元"):
        walk.asked(row(ref, "0.01"))


def test_a_request_is_of_one_mode_and_of_this_year(walk):
    with refused("mixed", "授权支付"):
        walk.asked(row(walk.ref(*BOOKS)), row(walk.ref(*WAGES)))
    with clocks.at(datetime(2007, 1, 4, 9, tzinfo=clocks.ZONE)), refused("year", "2006"):
        walk.asked(row(walk.ref(*BOOKS)))
    with refused("line"):
        walk.asked(row(walk.ref("civil", "30201")))
    with refused("invalid", "1 到"):
        walk.asked()


def test_the_same_batch_twice_is_one_request(walk):
    ref = walk.ref(*BOOKS)
    first = walk.asked(row(ref, "10.00"), external_id="PC-1")
    assert walk.asked(row(ref, "10.00"), external_id="PC-1") == first
    assert walk.line(*BOOKS).requested_fen == 1000
    with refused("conflict", "PC-1"):
        walk.asked(row(ref, "10.01"), external_id="PC-1")


def test_a_units_own_number_is_asked_for_once_until_it_comes_back(walk):
    ref = walk.ref(*BOOKS)
    with refused("already", "第 2 行"):
        walk.asked(row(ref, external_id="A"), row(ref, external_id="A"))
    asked = walk.asked(row(ref, external_id="A"))
    with refused("already", "A"):
        walk.asked(row(ref, external_id="A"))
    requests.void(request_ref(asked), reason="填错", by=walk.by("school_clerk"))
    assert walk.asked(row(ref, external_id="A"))


def test_payments_never_pass_their_contract(walk):
    sign(walk)
    ref = walk.ref(*BOOKS)
    walk.asked(row(ref, "300.00", contract="HT-1"))
    with refused("overdrawn", r"第 3 行：合同还可以支付的只有 150\.00 元"):
        walk.asked(row(ref, "1"), row(ref, "50", contract="HT-1"), row(ref, "150.01", contract="HT-1"))
    assert Commitment.objects.get().used_fen == 30_000
    with refused("contract", "不一致"):
        walk.asked(row(ref, "1", contract="HT-1", account="88888888"))
    contracts.amend(line=ref, contract_no="HT-1", amount=Decimal(300), by=walk.by("school_clerk"))
    with refused("overdrawn", "300.00"):
        contracts.amend(line=ref, contract_no="HT-1", amount=Decimal("299.99"), by=walk.by("school_clerk"))


def test_a_contract_is_announced_before_it_is_paid(walk):
    sign(walk, published=None)
    ref = walk.ref(*BOOKS)
    with refused("contract", "先公告"):
        walk.asked(row(ref, "1", contract="HT-1"))
    facts = {"line": ref, "contract_no": "HT-1", "by": walk.by("school_clerk")}
    with refused("invalid", "不能早于"):
        contracts.announce(**facts, on=date(2006, 1, 1))
    contracts.announce(**facts, on=TODAY)
    walk.asked(row(ref, "1", contract="HT-1"))
    with refused("already"):
        contracts.announce(**facts, on=TODAY)
    verbs = [event.verb for event in ledger.history(ref)]
    assert verbs == ["sign_contract", "announce_contract"]


def test_contracts_stay_within_their_line(walk):
    with refused("overdrawn", "400,000.00"):
        sign(walk, amount="400000.01")
    sign(walk)
    with refused("already"):
        sign(walk)
    with refused("invalid", "不能晚于今天"):
        contracts.sign(
            line=walk.ref(*BOOKS), contract_no="HT-2", title="t", payee=BOOKSHOP, amount=Decimal(1),
            signed_on=date(2006, 1, 11), by=walk.by("school_clerk"),
        )  # fmt: skip


def test_a_cut_line_is_not_asked_for_below_its_allotment(walk):
    """What is allotted is safe from a cut: the unit counts on it."""
    with refused("overdrawn"):
        lines.change(
            walk.ref(*BOOKS), kind=ChangeKind.CUT, amount=Decimal("399000.01"), doc_no="减", on=TODAY,
            by=walk.by("finance_budget"),
        )  # fmt: skip
    walk.asked(row(walk.ref(*BOOKS), "1000.00"))


def test_a_request_costs_the_same_few_statements_for_one_row_and_for_many(walk):
    ref = walk.ref(*BOOKS)
    walk.asked(row(ref, "1.00"))
    counts = []
    for many in (1, 25):
        with CaptureQueriesContext(connection) as queries:
            walk.asked(*[row(ref, "1.00", external_id=f"{many}-{n}") for n in range(many)], external_id=f"PC{many}")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


WHO = [f"{unit}_{role}" for unit in ("school", "education", "civil") for role in ("clerk", "leader", "head")]
WHO += ["finance_budget", "finance_cashier", "bank_banker"]
ACTS = {
    "request": lambda walk, by: requests.request(unit=SCHOOL, rows=[row(walk.ref(*BOOKS))], by=by),
    "register": lambda walk, by: payees.register(unit=SCHOOL, payees=[BOOKSHOP], by=by),
    "sign": lambda walk, by: contracts.sign(
        line=walk.ref(*BOOKS), contract_no="1", title="1", payee=BOOKSHOP, amount=Decimal(1), by=by,
        signed_on=TODAY,
    ),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_only_the_units_own_clerk_asks(walk, act):
    for who in WHO:
        if who == "school_clerk":
            continue
        with pytest.raises(Refused) as caught, transaction.atomic():
            ACTS[act](walk, walk.by(who))
        sees = who.startswith(("school", "finance"))
        assert caught.value.code == ("forbidden" if sees else "absent"), who
    assert ACTS[act](walk, walk.by("school_clerk"))


def test_a_unit_without_a_budget_asks_for_nothing(walk):
    with pytest.raises(Absent):
        requests.request(unit=FINANCE, rows=[row(walk.ref(*BOOKS))], by=walk.by("finance_clerk"))
