"""The agent bank by API: it fetches what was sent to it and sends its receipts as XML."""

import pytest
from django.test import Client

from minxin.directory.actions import tokens
from minxin.directory.rules import SYSTEM
from minxin.disclosures.models.payment import order_ref
from minxin.disclosures.reports import banking
from minxin.disclosures.rules import vouchers
from minxin.disclosures.tests.bank_walk import BANK

pytestmark = pytest.mark.django_db
VOUCHERS = "/api/v1/desk/vouchers"


@pytest.fixture
def walk(banked):
    return banked


@pytest.fixture
def bank(walk):
    """A caller with the banker's token."""
    return caller("bank_banker")


def caller(username: str) -> Client:
    token = tokens.issue_token(by=SYSTEM, person=username)
    return Client(raise_request_exception=False, headers={"authorization": f"Bearer {token}"})


def send(client: Client, data: bytes, content_type: str = "application/xml"):
    return client.post(VOUCHERS, data=data, content_type=content_type)


def test_a_bank_fetches_an_order_and_answers_it(walk, bank):
    order = walk.sent("100.00", "200.00")
    page = bank.get(VOUCHERS).json()
    (row,) = page["vouchers"]
    assert (row["kind"], row["number"], page["more"]) == ("5201", order_ref(order), False)
    answer = bank.get(f"{VOUCHERS}/5201/2006/{row['number']}")
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.content == walk.outside.sent[BANK, f"5201-{order_ref(order)}.xml"]
    assert vouchers.parse(answer.content).head["PayCount"] == "2"
    data = walk.receipt(order, failed=[1])
    first, second = send(bank, data), send(bank, data)
    assert (first.status_code, first.json()["paid"], first.json()["failed"]) == (200, 1, 1)
    assert (second.status_code, second.json()["again"]) == (200, True)
    assert bank.get(VOUCHERS, {"cursor": page["cursor"]}).json()["vouchers"] == []


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "voucher_empty"),
        (b'{"a": 1}', 422, "voucher_shape"),
        (b"<!DOCTYPE a []><MOF/>", 422, "voucher_declaration"),
        (b"<MOF>" + b"x" * (12 * 2**20 + 1), 413, "too_large"),
    ],
)
def test_whatever_is_sent_gets_a_sentence(walk, bank, data, status, code):
    answer = send(bank, data)
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"], bool(answer.json()["detail"])) == (status, code, True)


def test_what_is_not_the_banks_does_not_exist(walk, bank):
    order = walk.sent("100.00")
    for client in (caller("finance_cashier"), caller("school_clerk")):
        assert client.get(VOUCHERS).json()["vouchers"] == []
        assert client.get(f"{VOUCHERS}/5201/2006/{order_ref(order)}").status_code == 404
        assert send(client, walk.receipt(order)).status_code == 403
    assert bank.get(f"{VOUCHERS}/5201/2006/PZ2006-0000999-9").status_code == 404
    assert bank.get(f"{VOUCHERS}/9999/2006/{order_ref(order)}").status_code == 422
    assert Client().get(VOUCHERS).status_code == 401
    other = walk.receipt(order).replace(order_ref(order).encode(), b"PZ2006-0000999-" + b"0")
    assert send(bank, other).status_code in {404, 422}


@pytest.mark.parametrize("count", [1, 25])
def test_the_mail_is_read_by_one_query(walk, money, count, django_assert_num_queries):
    for _ in range(count):
        walk.sent("1.00", unit="school")
    with django_assert_num_queries(1):
        assert len(banking.mail(money.officers["bank_banker"]).vouchers) == count


def test_the_mail_comes_in_pages(walk, money, monkeypatch):
    monkeypatch.setattr(banking, "PAGE", 2)
    for _ in range(3):
        walk.sent("1.00")
    first = banking.mail(money.officers["bank_banker"])
    second = banking.mail(money.officers["bank_banker"], after=first.cursor)
    assert ([len(page.vouchers) for page in (first, second)], first.more, second.more) == ([2, 1], True, False)
