"""From the approved payment to the closed day: which order a payment goes into, how it is written, what an answer says.

Codes of the local system (standards 2.2, [G]: each region has its own list) are in the tables at the top.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from minxin.disclosures.rules import vouchers
from minxin.disclosures.rules.codes import Fund, PayMode, SettleMode, VoucherKind
from minxin.disclosures.rules.vouchers import Paper
from minxin.kernel import money, refs
from minxin.kernel.errors import Refused

MOST_ROWS = vouchers.MOST_DETAILS
PER_YEAR = 10**9  # as models.payment has it: a payment's id is its year and number
BANK_NO = 40  # characters of a bank's own number
REASON = 200
_BANK_NO = re.compile(rf"[0-9A-Za-z_.:/-]{{1,{BANK_NO}}}")

PAY_TYPES: Mapping[PayMode, tuple[str, str]] = {
    PayMode.DIRECT: ("11", "直接支付"),
    PayMode.AUTHORISED: ("12", "授权支付"),
    PayMode.UNIFIED: ("1", "国库集中支付"),
}
FUND_TYPES: Mapping[Fund, tuple[str, str]] = {
    Fund.GENERAL: ("1", "一般公共预算资金"),
    Fund.FUND: ("2", "政府性基金预算资金"),
    Fund.CAPITAL: ("3", "国有资本经营预算资金"),
    Fund.SPECIAL: ("4", "财政专户管理资金"),
    Fund.OWN: ("5", "单位资金"),
}
SET_MODES: Mapping[SettleMode, tuple[str, str]] = {
    SettleMode.CASH: ("1", "现金支票"),
    SettleMode.CHEQUE: ("2", "转账支票"),
    SettleMode.TRANSFER: ("3", "汇兑"),
    SettleMode.OTHER: ("9", "其他"),
}
CURRENT, CARRIED = ("001001", "当年预算"), ("001", "上年结转")  # 指标来源: 当年指标
BASIC, PROJECT = ("11", "基本支出"), ("12", "项目支出")  # 收支管理
CENTRAL_BANK = "中国人民银行国库"
AGREED_NOW = "再次对账，已经相符。"  # how a difference settled itself
SINGLE = ("1", "单笔")  # BusinessType


def order_kind(mode: PayMode) -> VoucherKind:
    """《财政授权支付凭证》 for what a unit pays within its limit, 《财政直接支付凭证》 for all else."""
    return VoucherKind.AUTHORISED_ORDER if mode == PayMode.AUTHORISED else VoucherKind.DIRECT_ORDER


def limit_kind(mode: PayMode) -> VoucherKind:
    """The notice of a limit goes the way its orders will."""
    return VoucherKind.AUTHORISED_LIMIT if mode == PayMode.AUTHORISED else VoucherKind.DIRECT_LIMIT


def pair(name: str, coded: tuple[str, str]) -> dict[str, str]:
    """The two elements of a coded field."""
    return {f"{name}Code": coded[0], f"{name}Name": coded[1]}


def levels(name: str, code: str, names: Mapping[str, str], digits: Sequence[int]) -> dict[str, str]:
    """ExpFunc, ExpFunc1, ExpFunc2, …: the heading itself, then each level from the widest."""
    parts = {name: code} | {f"{name}{place}": code[:size] for place, size in enumerate(digits, 1)}
    return {
        element: value
        for field, part in parts.items()
        for element, value in ((f"{field}Code", part), (f"{field}Name", names.get(part, "")))
    }


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A zero-balance account as the bank opened it; `unit` empty: the finance bureau's own. Codes of the directory."""

    bank: str
    number: str
    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bank says of one payment: paid on that day under its number, or not, and why."""

    payment: int
    fen: int
    on: date
    bank_no: str
    reason: str

    @property
    def paid(self) -> bool:
        """Whether money has gone out."""
        return self.fen > 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """2301: the bank's answer to one order, for some of its payments or (`answers` None) for the whole of it."""

    order: tuple[int, int]
    total: int
    whole: Answer | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of one payment that came back, under the bank's own number."""

    payment: int
    fen: int
    on: date
    bank_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of the bank's statement: paid out or come back under that number; or an account's balance at the end."""

    kind: str  # PAID, BACK, BALANCE
    reference: str  # the bank's number; for a balance the code of the account's owner
    fen: int


PAID, BACK, BALANCE = "1", "2", "9"
_KINDS = {PAID: PAID, BACK: BACK, BALANCE: BALANCE, "支付": PAID, "退款": BACK, "余额": BALANCE}


def read_receipt(paper: Paper, *, today: date) -> Receipt:
    """A 2301 as what it says. Raises Refused for what cannot be: no number, no reason, a day to come."""
    head = paper.head
    order = refs.parse("PZ", head["VoucherBillNo"], field="VoucherBillNo")
    day = vouchers.on(head, "XPayDate") or vouchers.on(head, "VouDate")
    number = head["XAgentBusinessNo"]
    if not paper.details:
        whole = _answer(head, payment=0, day=day, number=number, today=today, reason=head["XAddWord"])
        return Receipt(order, vouchers.fen(head, "XPayAmt"), whole, ())
    answers = tuple(
        _answer(row, payment=payment_id(row["Id"]), day=day, number=number, today=today, reason=row["XAddWord"])
        for row in paper.details
    )
    return Receipt(order, vouchers.fen(head, "PayAmt"), None, answers)


def read_refunds(paper: Paper, *, today: date) -> list[Refund]:
    """A 2302 as what it says: VoucherBillNo names the payment, which may have come back in parts."""
    found = []
    for row in paper.details:
        day, fen = vouchers.on(row, "XPayDate"), vouchers.fen(row, "PayAmt")
        _check_day(day, today)
        if fen <= 0:
            raise Refused("voucher_amount", _("退款金额必须大于零，请核对。"), field="PayAmt")
        reason = row["Remark"] or paper.head["Remark"] or "银行退回"
        assert day is not None
        found.append(
            Refund(payment_id(row["VoucherBillNo"]), fen, day, bank_number(row["XAgentBusinessNo"]), reason[:REASON])
        )
    return found


def read_statement(paper: Paper) -> list[Movement]:
    """A 3502 as the movements and balances of its day."""
    return [_movement(row["Kind"], row["XAgentBusinessNo"], vouchers.fen(row, "PayAmt")) for row in paper.details]


COLUMNS = ("类型", "银行流水号", "金额")
EXAMPLE = "类型,银行流水号,金额\n支付,B20060306001,1200.00\n退款,T20060306001,35.50\n余额,211400-CZJ,0.00\n"
MOST_FEN = 10**13  # of one line: 100,000 of them still add up within a column of the database


def read_csv(data: bytes) -> list[Movement]:
    """A statement as CSV: 类型 (支付, 退款 or 余额), 银行流水号 (of a balance: the unit's code), 金额 in yuan."""
    if len(data) > vouchers.MOST_BYTES:
        raise Refused("too_large", _("对账单太大了，请按银行分开上传。"))
    rows = csv.reader(io.StringIO(vouchers.text(data), newline=""))
    try:
        head = [cell.strip() for cell in next(rows, [])]
        if not set(COLUMNS) <= set(head):
            facts = {"columns": "、".join(COLUMNS)}
            raise Refused("statement_columns", _("对账单第一行应当有这几列：%(columns)s。") % facts)
        places = [head.index(name) for name in COLUMNS]
        found = [_csv_row(row, places, number) for number, row in enumerate(rows, 2) if any(row)]
    except csv.Error as error:
        raise Refused("statement_shape", _("对账单读不出来，请另存为 CSV 后重新上传。")) from error
    if len(found) > vouchers.MOST_LINES:
        raise Refused("too_large", _("对账单超过 10 万行，请按银行分开上传。"))
    return found


def _csv_row(row: Sequence[str], places: Sequence[int], number: int) -> Movement:
    if len(row) <= max(places):
        raise Refused("statement_row", _("对账单第 %(row)d 行少了列，请核对。") % {"row": number})
    kind, reference, amount = (row[place].strip() for place in places)
    try:
        return _movement(kind, reference, money.fen(amount))
    except Refused as refusal:
        sentence = _("对账单第 %(row)d 行：%(sentence)s") % {"row": number, "sentence": refusal.sentence}
        raise Refused(refusal.code, sentence) from refusal


def _movement(kind: str, reference: str, fen: int) -> Movement:
    if kind not in _KINDS:
        raise Refused("statement_kind", _("类型只能是支付、退款、余额。"))
    if _KINDS[kind] != BALANCE and fen <= 0:
        raise Refused("statement_amount", _("支付和退款的金额必须大于零。"))
    if abs(fen) > MOST_FEN:
        raise Refused("statement_amount", _("一行的金额不能超过 1,000 亿元，请核对单位是不是元。"))
    return Movement(_KINDS[kind], bank_number(reference), fen)


def payment_id(written: str) -> int:
    """The id of a payment by its ref, as it stands in a voucher's detail."""
    year, number = refs.parse("ZF", written)
    return year * PER_YEAR + number


def bank_number(written: str) -> str:
    """The bank's own number (银行流水). Raises Refused when it is none."""
    if not _BANK_NO.fullmatch(written):
        sentence = _("银行流水号要写 1 到 %(most)d 位字母和数字，请核对。")
        raise Refused("voucher_bank_number", sentence % {"most": BANK_NO}, field="XAgentBusinessNo")
    return written


def _answer(row: Mapping[str, str], *, payment: int, day: date | None, number: str, today: date, reason: str) -> Answer:
    fen = vouchers.fen(row, "XPayAmt")
    day = vouchers.on(row, "XPayDate") or day
    _check_day(day, today)
    assert day is not None
    if fen < 0:
        raise Refused("voucher_amount", _("支付金额不能小于零；退款请用 2302 报文。"), field="XPayAmt")
    if fen:
        return Answer(payment, fen, day, bank_number(row["XAgentBusinessNo"] or number), "")
    if not reason:
        raise Refused("voucher_reason", _("没有付出的明细要写明失败原因（XAddWord）。"), field="XAddWord")
    number = row["XAgentBusinessNo"] or number
    return Answer(payment, 0, day, bank_number(number) if number else "", reason[:REASON])


def _check_day(day: date | None, today: date) -> None:
    if day is None:
        raise Refused("voucher_day", _("请写明支付日期（XPayDate）。"), field="XPayDate")
    if day > today:
        raise Refused("voucher_day", _("支付日期 %(day)s 还没有到，请核对。") % {"day": day}, field="XPayDate")
