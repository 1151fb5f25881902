"""`minxin bank`: an agent bank to try things out with. A program of another house: it never opens our database.

It reads vouchers and writes vouchers, through the shared folder or our API, and keeps a book of its own. What it does
to a payment depends on the seed and the payment alone, so that the same order read twice is answered in the same words.
"""

import csv
import json
import random
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from minxin.disclosures.outside import drop, named
from minxin.disclosures.rules import vouchers
from minxin.disclosures.rules.codes import VoucherKind
from minxin.disclosures.rules.settling import BACK, PAID
from minxin.disclosures.rules.vouchers import Envelope, Paper
from minxin.kernel import clocks
from minxin.kernel.errors import Refused

REASONS = ("账号户名不符", "收款账户已销户", "收款行行号有误", "收款账户状态异常")
ORDERS = {VoucherKind.DIRECT_ORDER, VoucherKind.AUTHORISED_ORDER}
AT_ONCE = 50  # orders answered together
LINES = ["on", "kind", "number", "amount", "division", "payment"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A voucher that came, and what it is called at the door it came through."""

    name: str
    data: bytes


class Door(Protocol):
    """How the bank reaches the treasury."""

    def mail(self) -> Iterator[Mail]:
        """What waits for the bank."""

    def done(self, mail: Mail) -> None:
        """It was acted on."""

    def send(self, letters: Sequence[tuple[str, bytes]]) -> None:
        """Vouchers for the treasury, by name."""


class FolderDoor:
    """The shared folder, from its other side."""

    def __init__(self, root: Path, code: str) -> None:
        self._outbox, self._inbox = root / "outbox" / code, root / "inbox" / code
        self._inbox.mkdir(parents=True, exist_ok=True, mode=0o770)

    def mail(self) -> Iterator[Mail]:
        """Files that are whole, by name."""
        if self._outbox.is_dir():
            for path in sorted(self._outbox.glob("[!.]*.xml")):
                yield Mail(path.name, path.read_bytes())

    def done(self, mail: Mail) -> None:
        """Taken away."""
        (self._outbox / mail.name).unlink(missing_ok=True)

    def send(self, letters: Sequence[tuple[str, bytes]]) -> None:
        """Each whole or not at all."""
        drop([(self._inbox / named(name), data) for name, data in letters])


class ApiDoor:
    """Our API, by a banker's token. Where the bank has read to is kept beside its book."""

    def __init__(self, address: str, token: str, place: Path) -> None:
        if not address.startswith(("http://", "https://")):
            raise CommandError("--api 要写完整网址，例如 https://minxin.example.gov.cn")
        self._address, self._token, self._place = f"{address.rstrip('/')}/api/v1/desk/vouchers", token, place
        self._pages: list[tuple[set[str], str]] = []  # numbers not yet acted on, and the place after them

    def mail(self) -> Iterator[Mail]:
        """Page by page, until there is no more."""
        cursor, more = self._place.read_text() if self._place.exists() else "", True
        self._pages = []
        while more:
            page = json.loads(self._call(f"?cursor={cursor}"))
            cursor, more = page["cursor"], page["more"]
            if page["vouchers"]:
                self._pages.append(({row["number"] for row in page["vouchers"]}, cursor))
            for row in page["vouchers"]:
                yield Mail(row["number"], self._call(f"/{row['kind']}/{row['year']}/{row['number']}"))

    def done(self, mail: Mail) -> None:
        """The place moves when all of a page is done: what is read again is answered in the same words."""
        for numbers, _cursor in self._pages:
            numbers.discard(mail.name)
        while self._pages and not self._pages[0][0]:
            drop([(self._place, self._pages.pop(0)[1].encode())])

    def send(self, letters: Sequence[tuple[str, bytes]]) -> None:
        """Posted one by one."""
        for _name, data in letters:
            self._call("", data)

    def _call(self, path: str, data: bytes | None = None) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/xml"}
        request = urllib.request.Request(f"{self._address}{path}", data, headers)  # noqa: S310 - http(s), see above
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                found: bytes = answer.read()
        except urllib.error.HTTPError as error:
            raise CommandError(f"{error.code} {error.read().decode(errors='replace')[:500]}") from error
        return found


class Book:
    """The bank's own book: a CSV of every movement, one folder for each bank, read once and then kept in memory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o770)
        self.folder, self._path = folder, folder / "book.csv"
        self._rows: dict[tuple[str, str], dict[str, str]] = {}
        if self._path.exists():
            with self._path.open(newline="") as file:
                self._rows = {(row["kind"], row["number"]): row for row in csv.DictReader(file, LINES)}

    def write(self, rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        """Append movements; those that are new. One that was written before stands once."""
        new = [row for row in rows if (row["kind"], row["number"]) not in self._rows]
        self._rows |= {(row["kind"], row["number"]): row for row in new}
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, LINES).writerows(new)
        return new

    def rows(self) -> list[dict[str, str]]:
        """Every movement in its order."""
        return list(self._rows.values())


@dataclass(frozen=True, slots=True)
class Habits:
    """How this bank behaves."""

    code: str
    delay: int
    failures: float
    refunds: float
    omissions: float
    signs: bool
    seed: int


class Bank:
    """An agent bank at work."""

    def __init__(self, door: Door, book: Book, habits: Habits) -> None:
        self._door, self._book, self._habits = door, book, habits
        self._letters: list[tuple[str, bytes]] = []
        self.count = {"orders": 0, "paid": 0, "failed": 0, "refunded": 0, "notices": 0, "statements": 0}
        rows = book.rows()
        gone = {row["payment"] for row in rows if row["kind"] == BACK}
        self._bouncing = [row for row in rows if row["payment"] not in gone and self._bounces(row)]

    def work(self, today: date) -> None:
        """Act on everything that waits and whose day has come, some at a time; then send back what bounces by now."""
        read: list[Mail] = []
        for mail in self._door.mail():
            paper = vouchers.parse(mail.data)
            if paper.envelope.kind not in ORDERS:
                self.count["notices"] += 1
            elif not self._pay(paper, today):
                continue
            read.append(mail)
            if len(read) == AT_ONCE:
                self._hand_over(read)
        self._bounce(today)
        self._hand_over(read)

    def _hand_over(self, read: list[Mail]) -> None:
        """The answers go out before the orders are taken away: after a crash they are answered again."""
        if self._letters:
            self._door.send(self._letters)
            self._letters = []
        for mail in read:
            self._door.done(mail)
        read.clear()

    def close(self, on: date) -> None:
        """The day's statement (3502): every movement of that day in our book."""
        rows = [row for row in self._book.rows() if row["on"] == vouchers.day(on)]
        told = [row for row in rows if not self._chance("omit", row["number"], self._habits.omissions)]
        for division in sorted({row["division"] for row in rows}):
            self._state(on, division, [row for row in told if row["division"] == division])
        self._hand_over([])

    def _state(self, on: date, division: str, rows: list[dict[str, str]]) -> None:
        number = f"DZ{on:%Y%m%d}-{len(rows)}"
        head = self._head(number, vouchers.day(on)) | {
            "AllNum": str(len(rows)),
            "AllAmt": _sum(row["amount"] for row in rows),
        }
        details = [
            {"Id": str(n), "Kind": row["kind"], "XAgentBusinessNo": row["number"], "PayAmt": row["amount"]}
            for n, row in enumerate(rows, 1)
        ]
        self._send(Envelope(VoucherKind.STATEMENT, division, on.year, number), head, details)
        self.count["statements"] += 1

    def _pay(self, paper: Paper, today: date) -> bool:
        """Answer an order; not yet, when its day has not come."""
        ordered = vouchers.on(paper.head, "VouDate")
        assert ordered is not None
        on = ordered + timedelta(days=self._habits.delay)
        if on > today:
            return False
        envelope = paper.envelope
        if self._habits.signs:
            signed = {"Id": paper.head["Id"], "VouDate": vouchers.day(ordered), "PayAmt": paper.head["PayAmt"]}
            self._send(envelope, signed, [], name=f"0-{envelope.number}")
        details = [self._answer(row, on) for row in paper.details]
        paid = [row for row in details if row["XPayAmt"] != "0.00"]
        number = f"HD{envelope.number}"
        head = self._head(number, vouchers.day(on)) | {
            "VoucherBillNo": envelope.number,
            "PayAmt": _sum(row["XPayAmt"] for row in details),
        }
        new = self._book.write([self._line(row, envelope.division) for row in paid])
        self._bouncing += [row for row in new if self._bounces(row)]
        answer = Envelope(VoucherKind.TRANSFER_RECEIPT, envelope.division, envelope.year, number)
        self._send(answer, head, details, name=f"1-{number}")
        self.count["orders"] += 1
        self.count["paid"] += len(paid)
        self.count["failed"] += len(details) - len(paid)
        return True

    def _answer(self, row: Mapping[str, str], on: date) -> dict[str, str]:
        failed = self._chance("fail", row["Id"], self._habits.failures)
        reason = random.Random(f"{self._habits.seed} why {row['Id']}").choice(REASONS) if failed else ""  # noqa: S311
        return {
            "Id": row["Id"],
            "VoucherBillNo": row["VoucherBillNo"],
            "PayAmt": row["PayAmt"],
            "XPayDate": vouchers.day(on),
            "XAgentBusinessNo": "" if failed else f"ZF{row['Id'].removeprefix('ZF').replace('-', '')}",
            "XPayAmt": "0.00" if failed else row["PayAmt"],
            "XPayeeAcctName": row["PayeeAcctName"],
            "XPayeeAcctBankName": row["PayeeAcctBankName"],
            "XAddWord": reason,
        }

    def _line(self, row: Mapping[str, str], division: str) -> dict[str, str]:
        return {
            "on": row["XPayDate"],
            "kind": PAID,
            "number": row["XAgentBusinessNo"],
            "amount": row["XPayAmt"],
            "division": division,
            "payment": row["Id"],
        }

    def _bounces(self, row: Mapping[str, str]) -> bool:
        return row["kind"] == PAID and self._chance("bounce", row["payment"], self._habits.refunds)

    def _bounce(self, today: date) -> None:
        """Payments that come back two days after they went out (2302), as far as their day has come."""
        waiting = []
        for row in self._bouncing:
            paid = vouchers.on(row, "on")
            assert paid is not None
            if paid + timedelta(days=2) <= today:
                self._refund(row, paid + timedelta(days=2))
            else:
                waiting.append(row)
        self._bouncing = waiting

    def _refund(self, row: Mapping[str, str], on: date) -> None:
        number = f"TK{row['number'].removeprefix('ZF')}"
        head = self._head(number, vouchers.day(on)) | {"PayAmt": row["amount"], "Remark": REASONS[1]}
        detail = {
            "Id": "1",
            "VoucherBillNo": row["payment"],
            "PayAmt": row["amount"],
            "XPayDate": vouchers.day(on),
            "XAgentBusinessNo": number,
            "Remark": REASONS[1],
        }
        self._book.write([dict(row) | {"on": vouchers.day(on), "kind": BACK, "number": number}])
        envelope = Envelope(VoucherKind.REFUND_RECEIPT, row["division"], on.year, number)
        self._send(envelope, head, [detail], name=f"2-{number}")
        self.count["refunded"] += 1

    def _head(self, number: str, day: str) -> dict[str, str]:
        code = self._habits.code
        return {"Id": number, "VoucherNo": number, "VouDate": day, "PayBankCode": code, "PayBankName": code}

    def _send(self, envelope: Envelope, head: dict[str, str], details: list[dict[str, str]], *, name: str = "") -> None:
        name = name or f"3-{envelope.number}"
        self._letters.append((f"{name}-{envelope.kind.value}.xml", vouchers.build(envelope, head, details)))

    def _chance(self, what: str, about: str, share: float) -> bool:
        return random.Random(f"{self._habits.seed} {what} {about}").random() < share  # noqa: S311 - a simulation


def _sum(amounts: Any) -> str:
    return f"{sum((Decimal(amount) for amount in amounts), Decimal(0)):.2f}"


class Command(BaseCommand):
    """Run the simulated bank."""

    help = "模拟代理银行：读取支付凭证，发回回单、退款和对账单。不连接数据库。"
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who it is, where its door is, how it behaves, how long it runs."""
        parser.add_argument("bank", help="银行在单位目录里的代码，例如 211400-ICBC")
        parser.add_argument("--folder", type=Path, default=None, help="共享文件夹，默认 MINXIN_BANK")
        parser.add_argument("--api", default="", help="改用接口：网址，例如 http://127.0.0.1:8000")
        parser.add_argument("--token", default="", help="接口令牌，用银行经办员的账号签发")
        parser.add_argument("--today", type=date.fromisoformat, default=None, help="今天，默认当天")
        parser.add_argument("--delay", type=int, default=0, metavar="天", help="收到几天后付款")
        parser.add_argument("--failures", type=float, default=0.0, metavar="比例", help="付款失败的比例，例如 0.01")
        parser.add_argument("--refunds", type=float, default=0.0, metavar="比例", help="付出两天后被退回的比例")
        parser.add_argument("--omissions", type=float, default=0.0, metavar="比例", help="对账单上漏记的比例")
        parser.add_argument("--sign", action="store_true", help="先发签收，再发回单")
        parser.add_argument("--seed", type=int, default=1, help="随机数种子；同一种子结果相同")
        parser.add_argument(
            "--close", type=date.fromisoformat, nargs="+", default=(), metavar="日期", help="发出这几天的对账单"
        )
        parser.add_argument("--once", action="store_true", help="处理完就停")
        parser.add_argument("--every", type=float, default=2.0, metavar="秒", help="每隔几秒看一次")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work once, or until it is stopped; say what was done."""
        bank = self._bank(options)
        try:
            while True:
                bank.work(options["today"] or clocks.today())
                for on in options["close"]:
                    bank.close(on)
                if options["once"] or options["close"]:
                    break
                time.sleep(options["every"])
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        words = (
            "凭证 {orders} 张：付出 {paid} 笔，失败 {failed} 笔，退款 {refunded} 笔；"
            "通知 {notices} 张，对账单 {statements} 张"
        )
        self.stdout.write(words.format(**bank.count))

    def _bank(self, options: Mapping[str, Any]) -> Bank:
        root, code = options["folder"] or settings.MINXIN_BANK, options["bank"]
        try:
            named(code)
        except ValueError as error:
            raise CommandError("银行代码只能用字母、数字和短横线，例如 211400-ICBC") from error
        book = Book(root / "book" / code)
        names = ("delay", "failures", "refunds", "omissions", "seed")
        habits = Habits(code=code, signs=options["sign"], **{name: options[name] for name in names})
        address, token = options["api"], options["token"]
        door: Door = ApiDoor(address, token, book.folder / "cursor") if address else FolderDoor(root, code)
        return Bank(door, book, habits)
