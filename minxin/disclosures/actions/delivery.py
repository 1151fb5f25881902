"""Vouchers on their way out: kept with the change they belong to, then handed to the bank until it has them."""

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from procrastinate.contrib.django import app

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures import outside
from minxin.disclosures.models import Account, Heading, Voucher
from minxin.disclosures.models.payment import order_number
from minxin.disclosures.models.settlement import sealed, text_of
from minxin.disclosures.rules import settling, vouchers
from minxin.disclosures.rules.codes import Scheme, VoucherKind
from minxin.kernel import clocks

logger = logging.getLogger(__name__)

AT_ONCE = 200  # vouchers of one hand-over
_SENT = """
UPDATE disclosures_order o SET stage = 'sent', sent_at = %s
FROM unnest(%s::smallint[], %s::bigint[]) AS n (year, number)
WHERE o.year = n.year AND o.number = n.number AND o.stage = 'sealed'
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A voucher to be kept and sent: between which two, and its text."""

    envelope: vouchers.Envelope
    finance_id: int
    bank_id: int
    data: bytes


def keep(drafts: Sequence[Draft]) -> dict[int, bytes]:
    """Keep outgoing vouchers in the transaction of what they tell: their texts by key, for `deliver`."""
    now = clocks.now()
    rows = [
        sealed(
            Voucher(
                kind=draft.envelope.kind,
                outgoing=True,
                number=draft.envelope.number,
                year=draft.envelope.year,
                finance_id=draft.finance_id,
                bank_id=draft.bank_id,
                sha256=hashlib.sha256(draft.data).hexdigest(),
                at=now,
            ),
            draft.data,
        )
        for draft in drafts
    ]
    made = Voucher.objects.bulk_create(rows, batch_size=AT_ONCE)
    return {row.pk: draft.data for row, draft in zip(made, drafts, strict=True)}


def deliver(texts: Mapping[int, bytes] | None = None) -> int:
    """Hand over what has not been handed over, oldest first; how many. `texts` spares opening what is at hand.

    A voucher is handed over at least once: under the same name again when the transaction is lost after it. When the
    bank's door is shut all waits for the job.
    """
    handed = 0
    try:
        while count := _deliver_some(texts or {}):
            handed += count
    except outside.Unreachable as error:
        logger.warning("the bank cannot be reached, vouchers wait: %s", error)
    return handed


@app.periodic(cron="* * * * *")
@app.task(name="disclosures.deliver_vouchers", queueing_lock="disclosures.deliver_vouchers")
def deliver_waiting(timestamp: int = 0) -> int:
    """Every minute: vouchers that a shut door or a crash has left behind."""
    return deliver()


@transaction.atomic
def _deliver_some(texts: Mapping[int, bytes]) -> int:
    waiting = Voucher.objects.filter(outgoing=True, sent_at=None).order_by("id").defer("key", "body")
    rows = list(waiting.select_for_update(skip_locked=True)[:AT_ONCE])
    if not rows:
        return 0
    keys = [row.pk for row in rows]
    Voucher.objects.filter(pk__in=keys).update(sent_at=clocks.now())
    _mark_orders(rows)
    unopened = [key for key in keys if key not in texts]
    opened = {row.pk: text_of(row) for row in Voucher.objects.filter(pk__in=unopened)} if unopened else {}
    outside.bank().put([_letter(row, {**texts, **opened}[row.pk]) for row in rows])  # last: the answer may be quick
    return len(rows)


def _mark_orders(rows: Sequence[Voucher]) -> None:
    orders = [row for row in rows if row.kind in {VoucherKind.DIRECT_ORDER, VoucherKind.AUTHORISED_ORDER}]
    numbers = [order_number(row.number) for row in orders]
    with connection.cursor() as cursor:
        cursor.execute(
            _SENT, [clocks.now(), [year for year, _number in numbers], [number for _year, number in numbers]]
        )


def _letter(row: Voucher, data: bytes) -> outside.Letter:
    return outside.Letter(directory.unit(row.bank_id).code, f"{row.kind}-{row.number}.xml", data)


# ---- What every voucher says in the same words


def payer(bureau: UnitRef, account: Account, number: str) -> dict[str, str]:
    """The account a voucher is about, its bank, and where it is cleared."""
    bank = directory.unit(account.bank_id)
    return {
        **settling.pair("PayBank", (bank.code, bank.name)),
        **settling.pair("ClearBank", (bureau.region, settling.CENTRAL_BANK)),
        "PayAcctName": account.name,
        "PayAcctNo": number,
        "PayAcctBankName": bank.name,
    }


def heading_names(year: int, codes: Collection[str]) -> dict[str, Mapping[str, str]]:
    """What these headings and those above them meant in that fiscal year, by scheme and code. One query."""
    wanted = {code[:size] for code in codes for size in (3, 5, 7)}
    known = Heading.objects.of(year).filter(scheme__in=[Scheme.FUNCTION, Scheme.ECONOMIC], code__in=wanted)
    names: dict[str, dict[str, str]] = {Scheme.FUNCTION: {}, Scheme.ECONOMIC: {}}
    for scheme, code, name in known.values_list("scheme", "code", "name"):
        names[scheme][code] = name
    return dict(names)


def unit_name(key: int | None) -> str:
    """The unit's full name; nothing for none."""
    return directory.unit(key).name if key else ""
