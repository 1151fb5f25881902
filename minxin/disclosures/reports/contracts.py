"""Contracts (合同) as a unit's desk sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from minxin.disclosures.models import Commitment
from minxin.disclosures.models.line import number_of, ref_of
from minxin.disclosures.reports.lines import Own, in_words
from minxin.disclosures.rules.codes import PayeeKind
from minxin.kernel.errors import Absent

SIZE, MOST_NUMBERS = 50, 300


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of a unit against one line, in fen. It may be paid from the day on which it was announced."""

    key: int
    unit: str
    line: str
    line_name: str
    contract_no: str
    title: str
    payee: str
    payee_kind: PayeeKind
    fen: int
    used_fen: int
    signed_on: date
    published_on: date | None

    @property
    def left_fen(self) -> int:
        """What may still be asked for."""
        return self.fen - self.used_fen


@dataclass(frozen=True, slots=True)
class Contracts:
    """A page of them, the newest first, and the key before which the next one begins."""

    rows: Sequence[Contract]
    before: int | None


def of_unit(own: Own, *, words: str = "", before: int | None = None, size: int = SIZE) -> Contracts:
    """1 query and those of the headings. A unit's contracts whose number, title or payee holds these words."""
    rows = Commitment.objects.filter(unit_id=own.unit.id).select_related("line", "payee").order_by("-pk")
    for word in words.split():
        rows = rows.filter(Q(contract_no__icontains=word) | Q(title__icontains=word) | Q(payee__name__icontains=word))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = [_contract(row, own) for row in rows[: size + 1]]
    return Contracts(found[:size], found[size - 1].key if len(found) > size else None)


def one(own: Own, line: str, contract_no: str) -> Contract:
    """1 query and those of the headings. Absent when there is none."""
    year, number = number_of(line)
    rows = Commitment.objects.filter(unit_id=own.unit.id, line__year=year, line__number=number)
    found = rows.filter(contract_no=contract_no).select_related("line", "payee").first()
    if found is None:
        raise Absent
    return _contract(found, own)


def numbers(own: Own, *, year: int) -> list[tuple[str, str]]:
    """1 query. (number, title) of the contracts that may be paid from a year's lines: suggestions for a form."""
    rows = Commitment.objects.filter(unit_id=own.unit.id, line__year=year, published_on__isnull=False)
    return list(rows.order_by("-pk").values_list("contract_no", "title")[:MOST_NUMBERS])


def _contract(row: Commitment, own: Own) -> Contract:
    line = row.line
    return Contract(
        row.pk,
        own.unit.code,
        ref_of(line),
        in_words(line),
        row.contract_no,
        row.title,
        row.payee.name,
        PayeeKind(row.payee.kind),
        row.amount_fen,
        row.used_fen,
        row.signed_on,
        row.published_on,
    )
