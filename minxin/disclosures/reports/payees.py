"""A unit's register of payees, as the clerk who pays them meets it again: of accounts the last digits only."""

from collections.abc import Collection
from dataclasses import dataclass, field

from minxin.disclosures.models import Payee
from minxin.disclosures.models.payment import account_of
from minxin.disclosures.reports.lines import Own
from minxin.disclosures.rules.codes import PayeeKind

MOST_NAMES, TAIL = 300, 4
HIDDEN = "****"  # stands for the digits that are not told


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody this unit has paid before. The account is for the bank's voucher, never for a page."""

    name: str
    kind: PayeeKind
    uscc: str
    bank: str
    account: str = field(repr=False)

    @property
    def told(self) -> str:
        """`****6789`, or nothing for somebody without an account."""
        return masked(self.account)


def masked(account: str) -> str:
    """An account as a page may show it to the unit's own clerk."""
    return HIDDEN + account[-TAIL:] if account else ""


def names(own: Own) -> list[str]:
    """1 query. Names in the unit's register, the newest first: suggestions for a form."""
    rows = Payee.objects.filter(unit_id=own.unit.id).order_by("-pk").values_list("name", flat=True)
    return list(dict.fromkeys(rows[:MOST_NAMES]))


def known(own: Own, names: Collection[str]) -> dict[str, list[Known]]:
    """1 query, none without names. Who stands in the unit's register under each of these names."""
    found: dict[str, list[Known]] = {}
    if names:
        for row in Payee.objects.filter(unit_id=own.unit.id, name__in=names).order_by("pk"):
            one = Known(row.name, PayeeKind(row.kind), row.uscc, row.bank, account_of(row))
            found.setdefault(row.name, []).append(one)
    return found


def recalled(name: str, account: str, known: Collection[Known]) -> Known | None:
    """Whom the clerk means who left the account empty (the only one of that name) or as it was told (`****6789`)."""
    here = [one for one in known if one.name == name and one.account]
    if account:
        here = [one for one in here if one.told == account]
    return here[0] if len(here) == 1 else None
