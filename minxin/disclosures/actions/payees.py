"""Payees (收款人): each unit's register, found again by a fingerprint, their accounts sealed."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from minxin.directory.rules import Officer
from minxin.disclosures.actions import holding
from minxin.disclosures.models.payment import seal_context
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import PayeeKind
from minxin.kernel import identifiers, sealing, statements, text
from minxin.kernel.errors import Refused
from minxin.ledger import actions as ledger

NAME, BANK = 120, 80
_KINDS = frozenset(PayeeKind.values)
_ACCOUNT = re.compile(r"[0-9A-Z]{4,40}")

_KNOWN = "SELECT mark, id, kind FROM disclosures_payee WHERE unit_id = $1::bigint AND mark = ANY($2::text[])"
_ENTER = """
INSERT INTO disclosures_payee (unit_id, kind, name, uscc, bank, key, account, mark)
SELECT $1::bigint, g.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::text[])
    AS g (kind, name, uscc, bank, key, account, mark) ORDER BY mark
ON CONFLICT (unit_id, mark) DO UPDATE SET mark = excluded.mark
RETURNING mark, id, kind
"""


@dataclass(frozen=True, slots=True)
class NewPayee:
    """Whom a unit pays; without an account for cash and cheques."""

    kind: str
    name: str
    account: str = ""
    bank: str = ""
    uscc: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """A payee as it stands in the register."""

    id: int
    kind: str
    mark: str


@transaction.atomic
def register(*, unit: str, payees: Sequence[NewPayee], by: Officer) -> int:
    """登记收款人 in a unit's register, all or none; how many different ones. Those known stay as they are."""
    where, row = holding.budget_unit(unit)
    pipe.check(pipe.REQUEST["request"], by, unit=where, finance_id=row.finance_id)
    clean = [checked(payee) for payee in payees]
    found = entered(where.id, clean)
    for payee, known in zip(clean, found, strict=True):
        check_kind(payee, known)
    count = len({known.id for known in found})
    ledger.record(stream=f"unit:{where.code}", verb="register_payees", by=by, facts={"payees": count})
    return count


def checked(payee: NewPayee) -> NewPayee:
    """The same with everything cleaned and its shape checked."""
    if payee.kind not in _KINDS:
        raise Refused("invalid", _("请选择收款人类别：企业、机关事业单位和社会组织，或个人。"), field="payee_kind")
    name = _line(payee.name, NAME, "name")
    if not name:
        raise Refused("required", _("请填写收款人名称。"), field="name")
    account = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", payee.account[:100])).upper()
    if account and not _ACCOUNT.fullmatch(account):
        raise Refused("invalid", _("收款账号只含数字和字母，4 到 40 位，请核对。"), field="account")
    uscc = identifiers.uscc(payee.uscc, field="uscc") if payee.uscc else ""
    return NewPayee(str(payee.kind), name, account, _line(payee.bank, BANK, "bank"), uscc)


def entered(unit_id: int, payees: Sequence[NewPayee]) -> list[Entered]:
    """Each of these (checked) payees in the unit's register, in their order; the new ones are entered.

    One statement, two when some are new. Every row has a key of its own: to make one and seal with it costs some
    fifteen microseconds, only for payees never seen before, and no key opens more than one account.
    """
    marks = [_mark(unit_id, payee) for payee in payees]
    wanted = dict(zip(marks, payees, strict=True))
    known = {row[0]: Entered(row[1], row[2], row[0]) for row in statements.rows(_KNOWN, [unit_id, list(wanted)])}
    if fresh := {mark: payee for mark, payee in wanted.items() if mark not in known}:
        known |= {row[0]: Entered(row[1], row[2], row[0]) for row in statements.rows(_ENTER, _sealed(unit_id, fresh))}
    return [known[mark] for mark in marks]


def marked(unit_id: int, name: str) -> tuple[str, str]:
    """(name in one line, mark) of a payee without an account, as it comes from another treasury system."""
    name = " ".join(name.split())
    return name, _mark(unit_id, NewPayee("", name))


def check_kind(payee: NewPayee, known: Entered) -> None:
    """Raises Refused (`payee_kind`) when the register has it as something else: the kind decides what is public."""
    if known.kind != payee.kind:
        facts = {"name": payee.name, "kind": PayeeKind(known.kind).label}
        sentence = _("收款人“%(name)s”在本单位已登记为%(kind)s，请改用同一类别。")
        raise Refused("payee_kind", sentence % facts, field="payee_kind")


def _mark(unit_id: int, payee: NewPayee) -> str:
    """Keyed, and bound to the register: the same payee of two units cannot be told from the marks."""
    return sealing.fingerprint(f"{unit_id}\n{payee.name}\n{payee.account}", "payee")


def _sealed(unit_id: int, payees: dict[str, NewPayee]) -> list[object]:
    keys = {mark: sealing.new_key() for mark, payee in payees.items() if payee.account}
    accounts = [
        sealing.seal(keys[mark], payee.account.encode(), seal_context(unit_id, mark)) if payee.account else None
        for mark, payee in payees.items()
    ]
    rows = payees.values()
    return [
        unit_id,
        [row.kind for row in rows],
        [row.name for row in rows],
        [row.uscc for row in rows],
        [row.bank for row in rows],
        [keys.get(mark) for mark in payees],
        accounts,
        list(payees),
    ]


def _line(value: str, limit: int, field: str) -> str:
    """One line of text: a digest over rows counts on it."""
    return " ".join(text.clean(value, limit=limit, field=field).split())
