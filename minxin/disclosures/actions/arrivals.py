"""A bank's voucher on the table: who speaks, which order it is about, and that it is acted on once."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.disclosures.actions import differences
from minxin.disclosures.models import Order, Voucher
from minxin.disclosures.models.settlement import sealed
from minxin.disclosures.rules import vouchers
from minxin.disclosures.rules.codes import DifferenceKind, OrderStage, VoucherKind
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused

_KEEP = """
INSERT INTO disclosures_voucher (kind, outgoing, number, year, finance_id, bank_id, key, body, sha256, at)
VALUES (%s, false, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (bank_id, kind, outgoing, year, number) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Received:
    """What a voucher brought about; `again`: it had been received before and changed nothing."""

    kind: VoucherKind
    number: str
    again: bool = False
    signed: int = 0
    paid: int = 0
    failed: int = 0
    refunded: int = 0
    agreed: int = 0
    differences: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A voucher that was read, as it came, and for which banks its sender speaks (None: the house's own hands)."""

    paper: vouchers.Paper
    data: bytes
    banks: frozenset[int] | None
    by: Officer

    @property
    def number(self) -> str:
        """Its number, as the sender gave it."""
        return self.paper.envelope.number

    @property
    def nothing(self) -> Received:
        """That it brought about nothing, yet."""
        return Received(self.paper.envelope.kind, self.number)


def speaking_for(bank: str, by: Officer) -> frozenset[int] | None:
    """The banks whose vouchers may come this way. Raises Refused (`forbidden`) for everybody but bankers."""
    if by.kind == "system":
        return frozenset({directory.unit(bank).id}) if bank else None
    banks = by.unit_ids(Role.BANKER)
    if not banks:
        raise Refused("forbidden", _("回单由代理银行的经办员发送。"))
    return banks


def keep(arrival: Arrival, *, finance_id: int, bank_id: int) -> bool:
    """Keep the voucher's text; False when its number was received before. Another text under it is a difference.

    Of two at once the second waits here until the first has committed.
    """
    envelope, digest = arrival.paper.envelope, hashlib.sha256(arrival.data).hexdigest()
    row = Voucher(kind=envelope.kind, number=envelope.number, year=envelope.year, bank_id=bank_id)
    sealed(row, arrival.data)
    values: list[Any] = [
        envelope.kind.value,
        envelope.number,
        envelope.year,
        finance_id,
        bank_id,
        row.key,
        row.body,
        digest,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [*values, clocks.now()])
        if cursor.fetchone():
            return True
    same = Voucher.objects.filter(bank_id=bank_id, kind=envelope.kind, year=envelope.year, outgoing=False)
    if not same.filter(number=envelope.number, sha256=digest).exists():
        theirs = vouchers.fen(arrival.paper.head, vouchers.FORMS[envelope.kind].total)
        found = differences.Found(DifferenceKind.AMOUNT, envelope.number, 0, theirs)
        differences.open_all([found], finance_id=finance_id, bank_id=bank_id, on=clocks.today())
    return False


def order_of(number: tuple[int, int], banks: frozenset[int] | None) -> Order:
    """The order, locked. Raises Absent when there is none or it is another bank's, Refused before it was sent."""
    mine = Order.objects.all() if banks is None else Order.objects.filter(bank_id__in=banks)
    order = mine.filter(year=number[0], number=number[1]).select_for_update(no_key=True).first()
    if order is None:
        raise Absent("absent", _("没有找到这张支付凭证，请核对凭证号。"), field="VoucherBillNo")
    if order.stage in {OrderStage.GENERATED, OrderStage.SEALED}:
        raise Refused("stage", _("这张支付凭证还没有发往银行，不能接收它的回单。"))
    return order


def hold_balances(cursor: CursorWrapper, lines: Collection[int], commitments: Collection[int]) -> None:
    """Lock budget lines, then commitments, each in the order of their keys, as everybody does who moves balances."""
    for table, keys in (("budgetline", lines), ("commitment", commitments)):
        if keys:
            statement = f"SELECT id FROM disclosures_{table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608
            cursor.execute(statement, [sorted(keys)])
