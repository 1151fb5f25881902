"""Zero-balance accounts (零余额账户): registered as the agent bank opened them, closed when it closes them."""

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.models import Account
from minxin.disclosures.models.settlement import number_context
from minxin.disclosures.rules import pipe, settling
from minxin.kernel import sealing, text
from minxin.kernel.errors import Refused
from minxin.ledger import actions as ledger


@transaction.atomic
def open_accounts(*, finance: str, accounts: Sequence[settling.NewAccount], on: date, by: Officer) -> int:
    """登记零余额账户: how many, all or none. The finance bureau's own pays directly, a unit's what it is authorised to.

    Raises Refused (`already`) when one of them has an open account, (`number`) for a number that is none.
    """
    bureau = directory.unit(finance)
    pipe.check(pipe.ACCOUNT["open_accounts"], by, finance_id=bureau.id)
    rows = [_row(bureau, new, on) for new in accounts]
    try:
        with transaction.atomic():
            Account.objects.bulk_create(rows)
    except IntegrityError as error:
        raise Refused("already", _("有的单位已经有零余额账户，请先登记旧账户销户。"), field="unit") from error
    ledger.record(stream=f"unit:{bureau.code}", verb="open_accounts", by=by, facts={"accounts": len(rows), "on": on})
    return len(rows)


@transaction.atomic
def close_account(*, finance: str, unit: str = "", on: date, by: Officer) -> None:
    """登记销户. Raises Refused (`absent_account`) when there is none open."""
    bureau = directory.unit(finance)
    pipe.check(pipe.ACCOUNT["close_account"], by, finance_id=bureau.id)
    owner = Q(unit_id=directory.unit(unit).id) if unit else Q(unit_id__isnull=True)
    open_one = Account.objects.filter(owner, finance_id=bureau.id, closed_on=None, opened_on__lte=on)
    if not open_one.update(closed_on=on):
        raise Refused("absent_account", _("没有可以销户的零余额账户，请核对单位和日期。"), field="unit")
    ledger.record(stream=f"unit:{bureau.code}", verb="close_account", by=by, facts={"unit": unit, "on": on})


def _row(bureau: UnitRef, new: settling.NewAccount, on: date) -> Account:
    number = new.number.replace(" ", "").replace("-", "")
    if not (number.isascii() and number.isdigit() and 8 <= len(number) <= 32):
        raise Refused("number", _("账号要写 8 到 32 位数字，请照开户通知书核对。"), field="number")
    owner = directory.unit(new.unit).id if new.unit else None
    key = sealing.new_key()
    return Account(
        finance_id=bureau.id,
        bank_id=directory.unit(new.bank).id,
        unit_id=owner,
        name=text.clean(new.name, limit=120, field="name"),
        key=key,
        number=sealing.seal(key, number.encode(), number_context(bureau.id, owner)),
        opened_on=on,
    )
