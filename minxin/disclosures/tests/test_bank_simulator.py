"""The simulated bank: real folders or our API, and no way to our tables; as the demo runs it, a process of its own."""

import io
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from minxin.directory.actions import tokens
from minxin.directory.rules import SYSTEM
from minxin.disclosures import outside
from minxin.disclosures.actions import banking, clearing, orders
from minxin.disclosures.models import Clearing, Difference, Failure, Order, Payment, Reversal, Voucher
from minxin.disclosures.models.payment import order_ref
from minxin.disclosures.rules.codes import OrderStage
from minxin.disclosures.tests.bank_walk import BANK, FINANCE, MARCH, banked
from minxin.disclosures.tests.test_clearing_zero import check_books
from minxin.kernel import clocks

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"  # the bank has no database of ours


def bank(folder: Path, *options: str, code: str = BANK) -> str:
    """`minxin bank` to its end, here, where every question to a database would be a fault; what it said."""
    said = io.StringIO()
    with connection.execute_wrapper(_nothing_is_asked):
        call_command("bank", code, "--folder", str(folder), *options, stdout=said)
    return said.getvalue()


def _nothing_is_asked(_execute: Any, statement: str, *_more: Any) -> Any:
    raise AssertionError(statement)


def bank_alone(folder: Path, *options: str, code: str = BANK, expect: int = 0) -> str:
    """The same as a process of its own, with no way to our tables."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MINXIN_", "DJANGO_", "PYTEST"))}
    var = folder / "its-own"
    done = subprocess.run(
        [sys.executable, "-m", "minxin.config.cli", "bank", code, "--folder", str(folder), *options],
        env={**kept, "MINXIN_VAR": str(var), "MINXIN_DATABASE_URL": NOWHERE}, cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == expect, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "bank"


@pytest.fixture
def walk(money, folder):
    with clocks.at(MARCH), outside.using(outside.Folders(folder)) as door:
        yield banked(money, door)


def test_a_month_of_a_small_city(walk, folder):
    """Twenty working days, delivered week by week; at the end nothing differs and every night was at zero."""
    habits = ("--failures", "0.05", "--refunds", "0.1", "--seed", "7", "--once")
    count = 0
    for week in range(4):
        days = [MARCH + timedelta(days=7 * week + number) for number in range(5)]
        for moment in days:
            with clocks.at(moment):
                walk.approved(*[f"{100 + week}.{n:02d}" for n in range(12)])
                walk.approved("30.00", "41.50", economic="30201")
                made = walk.made()
                orders.send([order_ref(order) for order in made], by=walk.by("finance_cashier"))
                count += len(made)
        with clocks.at(days[-1]):
            today = str(clocks.today())
            assert "凭证 10 张" in bank(folder, "--today", today, *habits)
            assert banking.collect() >= 10
            for moment in days:
                clearing.clear(finance=FINANCE, on=moment.date(), by=walk.by("finance_cashier"))
                assert clearing.balances(moment.date()) == []
            bank(folder, "--today", today, *habits, "--close", *[str(moment.date()) for moment in days])
            assert banking.collect() == 5
    assert not Difference.objects.exists()
    assert not (folder / "refused").exists()
    stages = Counter(Order.objects.values_list("stage", flat=True))
    assert (count, set(stages) - {OrderStage.FAILED}) == (40, {OrderStage.RECONCILED})
    assert Failure.objects.exists()
    assert Reversal.objects.exists()
    check_books()
    assert Clearing.objects.filter(unit=None).count() == 20
    assert not list((folder / "outbox" / BANK).glob("5201*"))
    assert Voucher.objects.filter(kind="2301").count() == count
    assert Payment.objects.filter(stage__in=[1, 2, 3, 4]).count() == 0


def test_an_order_read_twice_is_answered_in_the_same_words(walk, folder):
    order = walk.sent("100.00", "200.00")
    letter = folder / "outbox" / BANK / f"5201-{order_ref(order)}.xml"
    data = letter.read_bytes()
    options = ("--today", str(clocks.today()), "--failures", "0.5", "--once")
    bank_alone(folder, *options)
    answers = {path.name: path.read_bytes() for path in (folder / "inbox" / BANK).iterdir()}
    assert banking.collect() == 1
    before = list(Payment.objects.values())
    letter.write_bytes(data)
    bank(folder, *options)
    assert {path.name: path.read_bytes() for path in (folder / "inbox" / BANK).iterdir()} == answers
    assert banking.collect() == 1
    assert list(Payment.objects.values()) == before
    assert not Difference.objects.exists()


def test_a_slow_bank_signs_first_and_pays_when_its_day_has_come(walk, folder):
    order = walk.sent("100.00")
    late = ("--delay", "2", "--sign", "--once")
    assert "凭证 0 张" in bank(folder, "--today", str(clocks.today()), *late)
    with clocks.at(MARCH + timedelta(days=2)):
        bank(folder, "--today", str(clocks.today()), *late)
        assert banking.collect() == 2
    order.refresh_from_db()
    assert order.stage == OrderStage.PAID
    assert Payment.objects.get().paid_on == date(2006, 3, 8)
    assert sorted(Voucher.objects.filter(outgoing=False).values_list("kind", flat=True)) == ["2301", "5201"]


def test_what_a_bank_leaves_out_of_its_statement_is_found(walk, folder):
    walk.sent(*["10.00"] * 8)
    today = str(clocks.today())
    bank(folder, "--today", today, "--once")
    banking.collect()
    clearing.clear(finance=FINANCE, on=clocks.today(), by=walk.by("finance_cashier"))
    bank(folder, "--today", today, "--omissions", "0.4", "--close", today)
    assert banking.collect() == 1
    rows = Difference.objects.values_list("kind", "ours_fen")
    assert 0 < len(rows) < 8
    assert set(rows) == {("missing_at_bank", 1000)}


def test_the_bank_says_what_is_wrong(folder):
    with pytest.raises(CommandError, match="银行代码"):
        bank(folder, "--once", code="../etc")
    (folder / "outbox" / BANK).mkdir(parents=True)
    (folder / "outbox" / BANK / "a.xml").write_bytes(b"<MOF>")
    assert "XML" in bank_alone(folder, "--once", expect=1)


@pytest.mark.django_db(transaction=True)
def test_the_bank_works_through_the_api_too(money, folder, live_server):
    with clocks.at(MARCH), outside.using(outside.Memory()) as door:
        walk = banked(money, door)
        order = walk.sent("100.00", "200.00")
        token = tokens.issue_token(by=SYSTEM, person="bank_banker")
        options = ("--api", live_server.url, "--token", token, "--today", str(clocks.today()), "--once")
        assert "付出 2 笔" in bank_alone(folder, *options)
        order.refresh_from_db()
        assert order.stage == OrderStage.PAID
        assert walk.balances()[1:] == (0, 30000)
        assert "凭证 0 张" in bank(folder, *options)
        with pytest.raises(CommandError, match="401"):
            bank(folder, *[*options[:3], "wrong", *options[4:]])
