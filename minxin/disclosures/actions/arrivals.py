"""A bank's voucher on the table: who speaks, which order it is about, and that it is acted on once."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.disclosures.actions import differences
from minxin.disclosures.models import Order, Voucher
from minxin.disclosures.models.settlement import sealed
from minxin.disclosures.rules import vouchers
from minxin.disclosures.rules.codes import DifferenceKind, OrderStage, VoucherKind
from minxin.kernel import clocks, statements
from minxin.kernel.errors import Absent, Refused

_KEEP = """
INSERT INTO disclosures_voucher (kind, outgoing, number, year, finance_id, bank_id, key, body, sha256, at)
VALUES ($1::text, false, $2::text, $3::smallint, $4::bigint, $5::bigint, $6::bytea, $7::bytea, $8::text,
    $9::timestamptz)
ON CONFLICT (bank_id, kind, outgoing, year, number) DO NOTHING RETURNING id
"""


_COLUMNS = [field.attname for field in Order._meta.concrete_fields]
_ORDER = f"""
SELECT {", ".join(_COLUMNS)} FROM disclosures_order
WHERE year = $1::smallint AND number = $2::bigint AND ($3::bigint[] IS NULL OR bank_id = ANY($3)) FOR NO KEY UPDATE
"""  # noqa: S608 - names of our own only


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
    if statements.run(_KEEP, [*values, clocks.now()]):
        return True
    same = Voucher.objects.filter(bank_id=bank_id, kind=envelope.kind, year=envelope.year, outgoing=False)
    if not same.filter(number=envelope.number, sha256=digest).exists():
        theirs = vouchers.fen(arrival.paper.head, vouchers.FORMS[envelope.kind].total)
        found = differences.Found(DifferenceKind.AMOUNT, envelope.number, 0, theirs)
        differences.open_all([found], finance_id=finance_id, bank_id=bank_id, on=clocks.today())
    return False


def order_of(number: tuple[int, int], banks: frozenset[int] | None) -> Order:
    """The order, locked. Raises Absent when there is none or it is another bank's, Refused before it was sent."""
    row = statements.run(_ORDER, [*number, None if banks is None else list(banks)])
    if row is None:
        raise Absent("absent", _("没有找到这张支付凭证，请核对凭证号。"), field="VoucherBillNo")
    order = Order.from_db(connection.alias, _COLUMNS, row)
    if order.stage in {OrderStage.GENERATED, OrderStage.SEALED}:
        raise Refused("stage", _("这张支付凭证还没有发往银行，不能接收它的回单。"))
    return order


def hold_balances(lines: Collection[int], commitments: Collection[int]) -> None:
    """Lock budget lines, then commitments, each in the order of their keys, as everybody does who moves balances."""
    for table, keys in (("budgetline", lines), ("commitment", commitments)):
        if keys:
            statement = f"SELECT id FROM disclosures_{table} WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608
            statements.rows(statement, [list(keys)])
