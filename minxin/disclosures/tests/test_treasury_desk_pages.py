"""The payment centre's and the agent bank's desks: who sees what, the walk of the money, bad files, bad input."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from minxin.directory import reports as directory
from minxin.directory.actions import appointments, people
from minxin.directory.actions import units as directory_units
from minxin.directory.rules import SYSTEM, Officer, Role, UnitKind
from minxin.disclosures.actions import accounts, clearing, reversals
from minxin.disclosures.models import Account, Clearing, Difference, Order, Payment, Reversal, Voucher
from minxin.disclosures.models.payment import order_ref, payment_ref
from minxin.disclosures.models.settlement import sealed
from minxin.disclosures.reports import banking as bank_reports
from minxin.disclosures.reports import headings, treasury_days, treasury_work
from minxin.disclosures.reports import treasury_desk as reports
from minxin.disclosures.rules.codes import DifferenceKind, OrderStage, VoucherKind
from minxin.disclosures.rules.settling import NewAccount
from minxin.disclosures.tests.bank_walk import BANK, DAY, FINANCE, BankWalk
from minxin.disclosures.tests.cast import SINCE
from minxin.disclosures.tests.treasury_walk import PIPE, at, enter, first, opened, page, paid, xml
from minxin.kernel import clocks

pytestmark = pytest.mark.django_db
NUMBER = "070100000002"  # the school's account
PAYEE = "070123456789"


@pytest.fixture
def walk(banked: BankWalk) -> BankWalk:
    return banked


def other_bank(finance: str = "") -> Officer:
    """A clerk of another bank, without any account."""
    unit = directory_units.open_unit(
        code="211400-ABC", name="另一家银行葫芦岛分行", short_name="另一家银行", kind=UnitKind.FINANCE, region="211400",
        parent="211400-MX", line_parent=None, is_centre=False, opened_on=SINCE, by=SYSTEM,
    )  # fmt: skip
    person = people.create_person(
        username="other_banker", label="另一家银行经办员", unit=unit.code, change_first=False, by=SYSTEM
    )
    post = directory_units.open_post(unit=unit.code, role=Role.BANKER, by=SYSTEM)
    appointments.appoint(person=person.username, post=post, from_on=SINCE, by=SYSTEM)
    return directory.officer(person.id)


# ---- Who sees what


def test_who_may_open_which_page(walk: BankWalk) -> None:
    direct, own = paid(walk, "100.00"), walk.sent("30.00", economic="30201")
    (difference,) = [opened(walk, 1)]
    key = Voucher.objects.get(kind=VoucherKind.AUTHORISED_ORDER).pk
    pages = {
        "/orders/": "cfhb os",
        "/orders/refused/": "cfhb os",
        f"/orders/{order_ref(direct)}/": "cfhb  ",
        f"/orders/{order_ref(own)}/": "cfhb  s",
        f"/payments/{payment_ref(first(direct).pk)}/": "cfhb  s",
        f"/payments/{payment_ref(first(own).pk)}/": "cfhb  s",
        "/bank/": "b o",
        "/vouchers/": "cfhb",
        f"/vouchers/{key}/": "cfhb",
        f"/vouchers/{key}/xml/": "b",
        "/clearing/": "cfhb",
        "/accounts/": "cfhb",
        "/differences/": "cfhb",
        f"/differences/{difference}/": "cfhb",
    }
    visitors = {
        "c": walk.by("finance_cashier"), "f": walk.by("finance_budget"), "h": walk.by("finance_head"),
        "b": walk.by("bank_banker"), "o": other_bank(), "s": walk.by("school_clerk"),
        "v": walk.by("civil_clerk"), "l": walk.by("civil_leader"),
    }  # fmt: skip
    for letter, officer in visitors.items():
        client = enter(Client(), officer)
        for address, who in pages.items():
            may = letter in who or (letter in "vl" and address in {"/orders/", "/orders/refused/"})
            assert client.get(PIPE + address).status_code == (200 if may else 404), (letter, address)
    for address in pages:
        assert Client().get(PIPE + address)["Location"].startswith("/desk/account/login/"), address


def test_another_bank_sees_nothing_of_this_banks(walk: BankWalk) -> None:
    order = paid(walk, "100.00")
    stranger = enter(Client(), other_bank())
    assert order_ref(order) not in page(stranger, "/bank/")
    assert order_ref(order) not in page(stranger, "/orders/")
    answer = stranger.post(f"{PIPE}/bank/", {"receipts": [xml(walk.receipt(order))]})
    assert answer.status_code == 422
    assert "没有找到这张支付凭证" in answer.content.decode()
    address = f"{PIPE}/payments/{payment_ref(first(order).pk)}/refunds/"
    given = {"amount": "1", "on": DAY.isoformat(), "bank_no": "T1", "reason": "退"}
    assert stranger.post(address, given).status_code == 404
    assert not Reversal.objects.exists()


def test_who_may_press_which_button(walk: BankWalk) -> None:
    order = paid(walk, "100.00")
    walk.approved("5.00")
    difference = opened(walk, 1)
    acts = {
        "/orders/new/": {"finance": FINANCE}, "/orders/sending/": {"all": "1"}, "/orders/sending/again/": {},
        "/limits/": {"finance": FINANCE, "month": "2006-01-01"},
        "/clearing/days/": {"finance": FINANCE, "on": "2006-03-06"},
        "/clearing/statements/": {"finance": FINANCE, "on": "2006-03-06", "bank": BANK},
        f"/differences/{difference}/": {"reason": "查清"},
    }  # fmt: skip
    refusing = {
        "bank_banker": {f"/differences/{difference}/": 403},
        "finance_budget": {f"/differences/{difference}/": 403},
    }
    for who in ("bank_banker", "finance_budget", "school_clerk"):
        for address, given in acts.items():
            expected = refusing.get(who, {}).get(address, 404)
            assert at(walk, who).post(PIPE + address, given).status_code == expected, (who, address)
    refund = f"{PIPE}/payments/{payment_ref(first(order).pk)}/refunds/"
    assert at(walk, "finance_cashier").post(refund, {"amount": "1"}).status_code == 404
    assert Order.objects.count() == 1
    assert not Clearing.objects.exists()
    assert Difference.objects.get().settled_at is None
    seen = {who: page(at(walk, who), "/orders/") for who in ("finance_cashier", "finance_budget", "school_clerk")}
    assert ["开支付凭证</button>" in text for text in seen.values()] == [True, False, False]
    day = [
        page(at(walk, who), "/clearing/?on=2006-03-06") for who in ("finance_cashier", "finance_budget", "bank_banker")
    ]
    assert ["清算这一天" in text for text in day] == [True, False, False]
    row = f"/payments/{payment_ref(first(order).pk)}/"
    refunds = [page(at(walk, who), row) for who in ("bank_banker", "finance_cashier", "school_clerk")]
    assert ["登记退款</button>" in text for text in refunds] == [True, False, False]
    assert [first(order).bank_no in text for text in refunds] == [True, True, False]


def test_an_account_is_told_to_the_bank_alone_and_in_its_xml_alone(walk: BankWalk) -> None:
    order = walk.sent("30.00", economic="30201")
    key = Voucher.objects.get(kind=VoucherKind.AUTHORISED_ORDER).pk
    banker = at(walk, "bank_banker")
    answer = banker.get(f"{PIPE}/vouchers/{key}/xml/")
    assert answer.content == walk.outside.sent[BANK, f"8202-{order_ref(order)}.xml"]
    assert NUMBER in answer.content.decode()
    assert PAYEE in answer.content.decode()
    assert answer["Content-Disposition"] == f"attachment; filename*=UTF-8''8202-{order_ref(order)}.xml"
    for who in ("bank_banker", "finance_cashier"):
        client = at(walk, who)
        row = payment_ref(first(order).pk)
        for address in (f"/orders/{order_ref(order)}/", f"/vouchers/{key}/", f"/payments/{row}/", "/accounts/"):
            text = page(client, address)
            assert NUMBER not in text
            assert PAYEE not in text
    assert "尾号 0002" in page(banker, f"/orders/{order_ref(order)}/")


# ---- The walk


def test_the_money_goes_its_whole_way_through_the_pages(walk: BankWalk) -> None:
    walk.approved("100.00", "50.00", "20.00")
    cashier, banker = at(walk, "finance_cashier"), at(walk, "bank_banker")
    assert "3 笔、170.00 元等开凭证" in page(cashier, "/orders/")
    answer = cashier.post(f"{PIPE}/orders/new/", {"finance": FINANCE}, follow=True)
    assert "已开 1 张支付凭证，共 3 笔、170.00 元" in answer.content.decode()
    order = Order.objects.get()
    ref = order_ref(order)
    assert "签章并发送银行" in page(cashier, f"/orders/{ref}/")
    assert ref not in page(banker, "/bank/")
    assert cashier.post(f"{PIPE}/orders/sending/", {"refs": [ref]})["Location"] == f"{PIPE}/orders/{ref}/"
    text = page(banker, "/bank/")
    key = Voucher.objects.get(outgoing=True).pk
    assert ref in text
    assert f"{PIPE}/vouchers/{key}/xml/" in text
    assert b"<VoucherBody" in banker.get(f"{PIPE}/vouchers/{key}/xml/").content

    receipt = walk.receipt(order, failed=[2], number="YH1")
    answer = banker.post(f"{PIPE}/bank/", {"receipts": [xml(receipt, "回单一.xml")]}, follow=True)
    assert "回单一.xml：2301 YH1 已收到：付出 2 笔，没有付出 1 笔。" in answer.content.decode()
    answer = banker.post(f"{PIPE}/bank/", {"receipts": [xml(receipt)]}, follow=True)
    assert "2301 YH1 以前收到过，没有重复记账。" in answer.content.decode()
    order.refresh_from_db()
    assert order.stage == OrderStage.PAID
    text = page(cashier, f"/orders/{ref}/")
    assert "账号户名不符" in text
    assert "改正后重新提出支付申请" in text
    assert "回单 YH1：付出 2 笔，没有付出 1 笔。" in text
    assert "账号户名不符" in page(at(walk, "school_clerk"), "/orders/refused/")

    one = first(order)
    given = {"amount": "40.00", "on": DAY.isoformat(), "bank_no": "T1", "reason": "收款人销户"}
    assert banker.post(f"{PIPE}/payments/{payment_ref(one.pk)}/refunds/", given).status_code == 302
    assert "收款人销户" in page(cashier, f"/orders/{ref}/")

    text = page(cashier, "/clearing/?on=2006-03-06")
    assert "2 笔支付、净额 110.00 元还没有清算" in text
    given = {"on": DAY.isoformat(), "finance": FINANCE}
    answer = cashier.post(f"{PIPE}/clearing/days/", given, follow=True)
    assert "已清算 1 个账户、2 笔支付，从国库单一账户净划出 110.00 元。" in answer.content.decode()
    assert "全部回到零" in answer.content.decode()

    mine = {row.bank_no: row.amount_fen for row in Payment.objects.filter(order=order, stage=5)}
    rows = [f"支付,{number},{fen / 100:.2f}" for number, fen in mine.items()]
    statement = "\n".join(["类型,银行流水号,金额", *rows, "退款,T1,40.00", "支付,B9,7.00", f"余额,{FINANCE},0.00"])
    file = SimpleUploadedFile("对账单.csv", statement.encode("gbk"))
    answer = cashier.post(f"{PIPE}/clearing/statements/", given | {"bank": BANK, "statement": file}, follow=True)
    assert "对账完成：相符 3 笔，差异 1 笔。" in answer.content.decode()
    order.refresh_from_db()
    assert order.stage == OrderStage.RECONCILED
    found = Difference.objects.get()
    assert (found.reference, found.kind) == ("B9", DifferenceKind.MISSING_HERE)
    assert "请银行补发这笔的回单" in page(cashier, f"/differences/{found.pk}/")
    answer = cashier.post(f"{PIPE}/differences/{found.pk}/", {"reason": "银行误列，已更正。"}, follow=True)
    assert "银行误列，已更正。" in answer.content.decode()
    assert "没有待处理的差异" in page(cashier, "/differences/")
    assert "银行误列，已更正。" in page(banker, "/differences/?settled=1")


def test_the_bank_signs_for_an_order_at_its_desk_once(walk: BankWalk) -> None:
    order = walk.sent("100.00")
    address = f"/orders/{order_ref(order)}/"
    banker = at(walk, "bank_banker")
    assert "签收凭证</button>" in page(banker, address)
    assert "签收凭证</button>" not in page(at(walk, "finance_cashier"), address)
    assert enter(Client(), other_bank()).post(f"{PIPE}{address}signature/").status_code == 404
    assert at(walk, "finance_cashier").post(f"{PIPE}{address}signature/").status_code == 404
    assert banker.post(f"{PIPE}{address}signature/").status_code == 302
    order.refresh_from_db()
    assert order.stage == OrderStage.SIGNED
    assert "签收凭证</button>" not in page(banker, address)
    answer = banker.post(f"{PIPE}{address}signature/")
    assert answer.status_code == 422
    assert "不能“银行签收”" in answer.content.decode()
    kept = Voucher.objects.get(outgoing=False)
    assert (kept.kind, kept.number) == (VoucherKind.DIRECT_ORDER, order_ref(order))
    assert page(at(walk, "finance_cashier"), f"/vouchers/{kept.pk}/")
    walk.answer(order)
    order.refresh_from_db()
    assert order.stage == OrderStage.PAID


def test_what_waits_is_on_the_landing_page_with_its_door(walk: BankWalk) -> None:
    paid(walk, "100.00", "50.00")
    walk.sent("30.00", economic="30201")
    walk.approved("5.00", "2.00")
    walk.made()
    walk.approved("1.00")
    opened(walk, 2)
    told = [(item.verb, item.count, item.fen, door) for item, door in treasury_work.waiting(walk.by("finance_cashier"))]
    assert told == [
        ("order", 1, 100, "desk_orders"),
        ("seal", 1, 700, "desk_orders"),
        ("clear", 1, 15000, "desk_clearing"),
        ("settle", 2, 201, "desk_differences"),
    ]
    told = [(item.verb, item.count, item.fen, door) for item, door in treasury_work.waiting(walk.by("bank_banker"))]
    assert told == [("pay", 1, 3000, "desk_bank")]
    assert treasury_work.waiting(walk.by("school_clerk")) == []
    assert f'href="{PIPE}/bank/"' in page(at(walk, "bank_banker"), "/")
    assert "处理差异" in page(at(walk, "finance_cashier"), "/")


def test_a_shut_door_is_told_and_tried_again(walk: BankWalk) -> None:
    walk.approved("100.00")
    cashier = at(walk, "finance_cashier")
    cashier.post(f"{PIPE}/orders/new/", {"finance": FINANCE})
    walk.outside.shut = True
    cashier.post(f"{PIPE}/orders/sending/", {"all": "1"})
    ref = order_ref(Order.objects.get())
    assert "有凭证还没交到银行" in page(cashier, "/orders/")
    assert "现在再送一次" in page(cashier, f"/orders/{ref}/")
    key = Voucher.objects.get().pk
    assert page(at(walk, "bank_banker"), f"/vouchers/{key}/", 404)
    assert f"/vouchers/{key}/" not in page(at(walk, "bank_banker"), "/vouchers/")
    assert "凭证都在" in cashier.post(f"{PIPE}/orders/sending/again/", follow=True).content.decode()
    walk.outside.shut = False
    assert "又交出 1 份凭证" in cashier.post(f"{PIPE}/orders/sending/again/", follow=True).content.decode()
    assert Order.objects.get().stage == OrderStage.SENT
    assert ref in page(at(walk, "bank_banker"), "/bank/")


def test_the_bank_is_told_its_limits(walk: BankWalk) -> None:
    cashier = at(walk, "finance_cashier")
    assert "1 个月的额度还没有通知银行" in page(cashier, "/orders/")
    given = {"finance": FINANCE, "month": "2006-01-01"}
    assert "额度通知单 3 份" in cashier.post(f"{PIPE}/limits/", given, follow=True).content.decode()
    assert "还没有通知银行" not in page(cashier, "/orders/")
    text = page(at(walk, "bank_banker"), "/bank/")
    assert text.count("5106 授权支付清算额度通知单") == 2
    notice = Voucher.objects.get(kind=VoucherKind.DIRECT_LIMIT)
    text = page(at(walk, "bank_banker"), f"/vouchers/{notice.pk}/")
    assert "葫财支〔2006〕1号" in text
    assert "3,000,000.00" in text


def test_a_refund_receipt_and_a_statement_come_by_file_too(walk: BankWalk) -> None:
    order = paid(walk, "100.00")
    row = first(order)
    files = [xml(walk.refund((row, "40.00", "T1"), number="YH7"))]
    text = at(walk, "bank_banker").post(f"{PIPE}/bank/", {"receipts": files}, follow=True).content.decode()
    assert "2302 YH7 已收到：退款 1 笔。" in text
    head = {"Id": "1", "VouDate": "20060306", "PayBankCode": BANK, "AllAmt": "140.00"}
    details = [
        {"Id": "1", "Kind": "1", "XAgentBusinessNo": row.bank_no, "PayAmt": "100.00"},
        {"Id": "2", "Kind": "2", "XAgentBusinessNo": "T1", "PayAmt": "40.00"},
    ]
    files = [xml(walk.paper(VoucherKind.STATEMENT, head, details, number="YH8"))]
    text = at(walk, "bank_banker").post(f"{PIPE}/bank/", {"receipts": files}, follow=True).content.decode()
    assert "3502 YH8 已收到：对账相符 2 笔。" in text
    keys = Voucher.objects.filter(outgoing=False).order_by("pk").values_list("pk", flat=True)
    told = [page(at(walk, "finance_cashier"), f"/vouchers/{key}/") for key in keys]
    assert [payment_ref(row.pk) in text for text in told] == [True, True, False]
    assert "收款人销户" in told[1]
    assert "只有代理银行可以下载" in told[2]


# ---- What the pages say


def test_orders_are_listed_by_stage_day_and_unit_with_their_sum(walk: BankWalk) -> None:
    done, own = paid(walk, "100.00"), walk.sent("30.00", "12.00", economic="30201")
    cashier = at(walk, "finance_cashier")
    text = page(cashier, "/orders/?stage=sent")
    assert "共 1 张凭证、2 笔、42.00 元" in text
    assert order_ref(own) in text
    assert order_ref(done) not in text
    assert "共 2 张凭证、3 笔、142.00 元" in page(cashier, "/orders/?on=2006-03-06")
    assert "没有符合条件的支付凭证" in page(cashier, "/orders/?on=2006-03-07")
    text = page(cashier, f"/orders/?unit=高级中学&bank={BANK}")
    assert order_ref(own) in text
    assert order_ref(done) not in text


def test_a_night_that_is_not_zero_has_a_lamp(walk: BankWalk) -> None:
    cashier = at(walk, "finance_cashier")
    order = paid(walk, "100.00")
    paid(walk, "30.00", economic="30201")
    assert page(cashier, "/accounts/").count("每晚都是零") == 4
    with clocks.at(clocks.now() + timedelta(days=1)):
        found = treasury_days.accounts(walk.by("finance_cashier"))
        assert [(night.on, night.wrong, night.fen) for night in found.nights[:2]] == [
            (DAY, 2, 13000), (DAY - timedelta(days=1), 0, 0),
        ]  # fmt: skip
        text = page(cashier, "/accounts/")
        assert "2 个账户到昨晚还没有回到零" in text
        assert text.count("1 晚不是零") == 2
        assert clearing.check_zero() == 2
        clearing.clear(finance=FINANCE, on=clocks.today(), by=walk.by("finance_cashier"))
        found = treasury_days.accounts(walk.by("bank_banker"))
        assert (found.wrong, found.nights[0].fen) == (2, 13000)
        assert {row.open_fen for row in found.rows} == {0}
        assert "账户日终没有回到零" in page(cashier, f"/differences/{Difference.objects.first().pk}/")
    order.refresh_from_db()
    assert order.stage == OrderStage.CLEARED
    reversals.reverse(
        payment_ref(first(order).pk), amount=Decimal(5), bank_no="T1", reason="退", by=walk.by("bank_banker")
    )
    assert "-5.00" in page(cashier, "/clearing/?on=2006-03-06")


def test_a_day_before_one_that_was_cleared_cannot_be_cleared_and_says_so(walk: BankWalk) -> None:
    order = walk.sent("100.00", "50.00")
    walk.answer(order, only=[0])
    with clocks.at(clocks.now() + timedelta(days=1)):
        walk.answer(order, only=[1])
        clearing.clear(finance=FINANCE, on=clocks.today(), by=walk.by("finance_cashier"))
        other = walk.sent("7.00")
        walk.answer(other, on=DAY + timedelta(days=1))
        cashier = at(walk, "finance_cashier")
        assert "清算这一天" not in page(cashier, "/clearing/?on=2006-03-06")
        assert "清算这一天" in page(cashier, "/clearing/?on=2006-03-07")
        day = treasury_days.day(walk.by("finance_cashier"), DAY + timedelta(days=1))
        (row,) = day.accounts
        assert (row.opening_fen, row.paid_fen, row.cleared_fen, row.open_fen) == (10000, 5700, 15000, 700)


# ---- Queries


def multiplied(walk: BankWalk, many: int) -> Order:
    """An order of `many` payments, half of them failed, with a refund each; and as many orders, vouchers, accounts."""
    order = paid(walk, *["100.00"] * many, failed=tuple(range(0, many, 2)) if many > 1 else ())
    for place, row in enumerate(Payment.objects.filter(order=order, stage=4)):
        reversals.reverse(
            payment_ref(row.pk), amount=Decimal(1), bank_no=f"T{place}", reason="退", by=walk.by("bank_banker")
        )
    rest = range(many)
    copies = {"year": 2006, "finance_id": order.finance_id, "bank_id": order.bank_id, "mode": "direct", "count": 1}
    Order.objects.bulk_create(
        Order(number=1000 + place, amount_fen=1, stage="sent", ordered_at=clocks.now(), **copies) for place in rest
    )
    for kind, outgoing in ((VoucherKind.DIRECT_ORDER, True), (VoucherKind.REFUND_NOTICE, True), ("2301", False)):
        Voucher.objects.bulk_create(
            sealed(
                Voucher(
                    kind=kind, outgoing=outgoing, number=f"N{place}", year=2006, finance_id=order.finance_id,
                    bank_id=order.bank_id, sha256="0" * 64, at=clocks.now(), sent_at=clocks.now(),
                ),
                b"<MOF/>",
            )
            for place in rest
        )  # fmt: skip
    known = set(Account.objects.values_list("unit_id", flat=True))
    units = [unit for unit in directory.units_seen(SYSTEM, q="市") if unit.id not in known]
    names = [NewAccount(BANK, f"0702000{place:05d}", unit.name, unit=unit.code) for place, unit in enumerate(units)]
    accounts.open_accounts(finance=FINANCE, accounts=names if many > 1 else [], on=SINCE, by=SYSTEM)
    Clearing.objects.bulk_create(
        Clearing(finance_id=order.finance_id, bank_id=order.bank_id, on=DAY - timedelta(days=place))
        for place in range(many)
    )
    opened(walk, many)
    return order


@pytest.mark.parametrize("many", [1, 25])
def test_a_page_asks_as_much_for_many_rows_as_for_one(walk: BankWalk, django_assert_num_queries, many: int) -> None:
    order = multiplied(walk, many)
    cashier, banker = walk.by("finance_cashier"), walk.by("bank_banker")
    row = first(order)
    headings.name("function", row.function, row.year)
    headings.name("economic", row.economic, row.year)
    asked = [
        (1, lambda: reports.orders(cashier, reports.Narrow())),
        (2, lambda: reports.orders(cashier, reports.Narrow(on=DAY))),
        (1, lambda: reports.stages(cashier)),
        (3, lambda: treasury_work.ready(cashier)),
        (3, lambda: treasury_work.waiting(cashier)),
        (1, lambda: treasury_work.waiting(banker)),
        (1, lambda: reports.banks(cashier)),
        (7, lambda: reports.order_page(order_ref(order), by=cashier)),
        (1, lambda: reports.failures(cashier)),
        (3, lambda: reports.payment_page(payment_ref(row.pk), by=cashier)),
        (5, lambda: bank_reports.desk(banker)),
        (1, lambda: bank_reports.vouchers_between(cashier)),
        (1, lambda: treasury_days.side(cashier)),
        (6, lambda: treasury_days.day(cashier, DAY)),
        (6, lambda: treasury_days.accounts(cashier)),
        (2, lambda: treasury_days.differences(cashier)),
        (4, lambda: treasury_days.difference(Difference.objects.latest("pk").pk, by=cashier)),
    ]  # fmt: skip
    for count, ask in asked[:-1]:
        with django_assert_num_queries(count):
            ask()
    key = Difference.objects.latest("pk").pk
    with django_assert_num_queries(asked[-1][0]):
        treasury_days.difference(key, by=cashier)
    assert len(reports.orders(cashier, reports.Narrow()).rows) == many + 1
    assert len(bank_reports.vouchers_between(cashier).rows) >= many
    assert len(treasury_days.differences(cashier).rows) == many
    assert len(bank_reports.desk(banker).tasks) == many
    rows = Payment.objects.filter(order=order, stage__in=[4, 6])
    total = treasury_days.day(cashier, DAY).total
    assert total is not None
    assert total.open_fen == sum(row.amount_fen - row.returned_fen for row in rows)
