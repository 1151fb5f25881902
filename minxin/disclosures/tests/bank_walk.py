"""The pipe's second half, reached by the real actions: approved payments, orders sent, what a bank answers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal

from minxin.directory.rules import SYSTEM
from minxin.disclosures import outside
from minxin.disclosures.actions import banking, orders
from minxin.disclosures.models import BudgetLine, Commitment, Order, Payment
from minxin.disclosures.models.payment import order_ref, payment_ref
from minxin.disclosures.rules import vouchers
from minxin.disclosures.rules.codes import VoucherKind
from minxin.disclosures.tests import pipe_walk
from minxin.disclosures.tests.cast import BANK, Money
from minxin.kernel import clocks

FINANCE, DIVISION = pipe_walk.FINANCE, "211400"
MARCH = datetime(2006, 3, 6, 10, tzinfo=clocks.ZONE)
DAY = MARCH.date()
ALLOTTED = {
    ("school", "30101"): "3000000.00",  # paid directly
    ("school", "30201"): "300000.00",  # paid under the unit's own authority
    ("education", "30101"): "900000.00",
    ("civil", "30201"): "200000.00",
}
CODES = {"school": pipe_walk.SCHOOL, "education": pipe_walk.EDUCATION, "civil": pipe_walk.CIVIL}


class BankWalk(pipe_walk.Walk):
    """The cast with lines, allotments and accounts; `outside` is the bank's twin."""

    def __init__(self, money: Money, bank: outside.Memory) -> None:
        super().__init__(money)
        self.outside = bank
        self.numbers = 0

    def approved(self, *rows, unit: str = "school", economic: str = "30101"):
        """A request of `rows` (yuan, or what pipe_walk.row takes) through its three reviews."""
        line = self.ref(unit, economic)
        given = [row if not isinstance(row, str) else pipe_walk.row(line, row) for row in rows]
        return self.passed(self.asked(*given, unit=unit, code=CODES[unit]), unit=unit)

    def made(self, **facts) -> list[Order]:
        return orders.make(finance=FINANCE, by=self.by("finance_cashier"), **facts)

    def sent(self, *rows, unit: str = "school", economic: str = "30101") -> Order:
        """One order of these payments, at the bank."""
        self.approved(*rows, unit=unit, economic=economic)
        (order,) = self.made()
        orders.send([order_ref(order)], by=self.by("finance_cashier"))
        order.refresh_from_db()
        return order

    def answer(self, order: Order, *, failed: Sequence[int] = (), only: Sequence[int] | None = None, **facts):
        """The bank's 2301 for an order: all paid but those failed (by place from 0); its result."""
        return banking.receive(self.receipt(order, failed=failed, only=only, **facts), by=self.by("bank_banker"))

    def receipt(
        self, order: Order, *, failed: Sequence[int] = (), only: Sequence[int] | None = None, number: str = "",
        on: date | None = None, mark: str = "B", amounts: dict[int, int] | None = None,
    ) -> bytes:  # fmt: skip
        rows = list(Payment.objects.filter(order=order).order_by("pk"))
        places = range(len(rows)) if only is None else only
        self.numbers += 1
        day = vouchers.day(on or clocks.today())
        details = []
        for place in places:
            row = rows[place]
            fen = 0 if place in failed else (amounts or {}).get(place, row.amount_fen)
            details.append(
                {
                    "Id": payment_ref(row.pk), "VoucherBillNo": order_ref(order), "XPayDate": day,
                    "XAgentBusinessNo": f"{mark}{row.pk}", "XPayAmt": vouchers.yuan(fen),
                    "XAddWord": "账号户名不符" if place in failed else "",
                }
            )  # fmt: skip
        total = sum(vouchers.fen(detail, "XPayAmt") for detail in details)
        head = {
            "Id": str(self.numbers), "VouDate": day, "VoucherBillNo": order_ref(order), "PayAmt": vouchers.yuan(total),
            "PayBankCode": BANK, "PayBankName": "代理银行",
        }  # fmt: skip
        return self.paper(VoucherKind.TRANSFER_RECEIPT, head, details, number=number)

    def refund(self, *rows: tuple[Payment, str, str], number: str = "", on: date | None = None) -> bytes:
        """A 2302: (payment, yuan, the bank's number) each."""
        day = vouchers.day(on or clocks.today())
        details = [
            {
                "Id": str(place), "VoucherBillNo": payment_ref(row.pk), "PayAmt": yuan, "XPayDate": day,
                "XAgentBusinessNo": bank_no, "Remark": "收款人销户",
            }
            for place, (row, yuan, bank_no) in enumerate(rows)
        ]  # fmt: skip
        total = sum((Decimal(yuan) for _row, yuan, _no in rows), Decimal(0))
        self.numbers += 1
        head = {"Id": str(self.numbers), "VouDate": day, "PayBankCode": BANK, "PayAmt": f"{total:.2f}"}
        return self.paper(VoucherKind.REFUND_RECEIPT, head, details, number=number)

    def paper(self, kind: VoucherKind, head, details, *, number: str = "") -> bytes:
        self.numbers += 1
        envelope = vouchers.Envelope(kind, DIVISION, 2006, number or f"YH{self.numbers:06d}")
        return vouchers.build(envelope, head, details)

    def balances(self, unit: str = "school", economic: str = "30101") -> tuple[int, int, int]:
        """(allotted, on its way, paid) of a line in fen."""
        line: BudgetLine = self.line(unit, economic)
        return line.allotted_fen, line.requested_fen, line.paid_fen


def banked(money: Money, bank: outside.Memory) -> BankWalk:
    """The cast with its lines opened and allotted."""
    walk = BankWalk(money, bank)
    pipe_walk.opened(money)
    walk.allotted(ALLOTTED)
    return walk


@contextmanager
def march() -> Iterator[outside.Memory]:
    """A morning in March 2006, with the bank's twin outside."""
    with clocks.at(MARCH), outside.using(outside.Memory()) as bank:
        assert isinstance(bank, outside.Memory)
        yield bank


def commitment_used(key: int) -> int:
    return Commitment.objects.get(pk=key).used_fen


__all__ = ["BANK", "CODES", "DAY", "DIVISION", "FINANCE", "MARCH", "SYSTEM", "BankWalk", "banked", "march"]
