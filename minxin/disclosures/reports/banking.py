"""What the agent bank may fetch: the vouchers that the treasury has sent to it.

A cursor is the place of the last voucher seen; a bank keeps it and asks for what came after.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from minxin.directory.rules import Officer, Role
from minxin.disclosures.models import Voucher
from minxin.disclosures.models.settlement import text_of
from minxin.kernel.errors import Absent

PAGE = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """A voucher on its way to the bank, without its text."""

    kind: str
    year: int
    number: str
    sha256: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    """Vouchers sent, oldest first; the place of the last of them (or where the caller was); whether more wait."""

    vouchers: Sequence[Sent]
    cursor: str
    more: bool


def mail(officer: Officer, *, after: str = "") -> Mail:
    """1 query. What was sent to the officer's bank after that place."""
    rows = _mine(officer).filter(sent_at__isnull=False, pk__gt=int(after) if after.isdecimal() else 0).order_by("pk")
    found = list(rows.values_list("pk", "kind", "year", "number", "sha256", "sent_at")[: PAGE + 1])
    told = [Sent(kind, year, number, digest, at) for _key, kind, year, number, digest, at in found[:PAGE] if at]
    return Mail(told, str(found[:PAGE][-1][0]) if found else after, len(found) > PAGE)


def letter(officer: Officer, *, kind: str, year: int, number: str) -> bytes:
    """1 query. A voucher's text as it went out. Raises Absent for another bank's."""
    row = _mine(officer).filter(kind=kind, year=year, number=number).first()
    if row is None:
        raise Absent
    return text_of(row)


def _mine(officer: Officer) -> QuerySet[Voucher]:
    return Voucher.objects.visible_to(officer).filter(outgoing=True, bank_id__in=officer.unit_ids(Role.BANKER))
