"""Contracts (合同): promises of a unit against a line, announced before the first payment, never overpaid."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer
from minxin.disclosures.actions import holding, payees
from minxin.disclosures.actions.payees import NewPayee
from minxin.disclosures.models import BudgetLine, Commitment
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.rules import pipe
from minxin.kernel import clocks, money, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


@transaction.atomic
def sign(
    *,
    line: str,
    contract_no: str,
    title: str,
    payee: NewPayee,
    amount: Decimal,
    signed_on: date,
    published_on: date | None = None,
    by: Officer,
) -> Commitment:
    """登记合同 (in yuan) of a unit's line with a payee, who is entered in the unit's register.

    Contracts of a line stay together within what is approved and not frozen: a contract is signed for the year, while
    allotments come month by month. Raises Refused (`overdrawn`) with what is left, (`already`) for a number twice.
    """
    fen = holding.above_zero(amount)
    contract_no = _required(contract_no, 60, "contract_no", _("请填写合同编号。"))
    title = _required(title, 120, "title", _("请填写合同名称。"))
    _check_days(signed_on, published_on)
    held = holding.locked([line], by=by)[line]
    pipe.check(pipe.CONTRACT["sign_contract"], by, unit=directory.unit(held.unit_id), finance_id=held.finance_id)
    if Commitment.objects.filter(unit_id=held.unit_id, contract_no=contract_no, line=held).exists():
        raise Refused("already", _("这条指标下已登记过这个合同编号，请核对，或变更它的金额。"), field="contract_no")
    _check_room(held, fen)
    made = Commitment.objects.create(
        line=held,
        unit_id=held.unit_id,
        finance_id=held.finance_id,
        contract_no=contract_no,
        title=title,
        payee_id=_entered(held.unit_id, payee),
        amount_fen=fen,
        signed_on=signed_on,
        published_on=published_on,
    )
    _record("sign_contract", held, made, by)
    return made


@transaction.atomic
def announce(*, line: str, contract_no: str, on: date, by: Officer) -> Commitment:
    """公告合同: from that day on it may be paid. A day once told is not changed."""
    held, found = _found(line, contract_no, "announce_contract", by)
    _check_days(found.signed_on, on)
    if found.published_on is not None:
        raise Refused("already", _("这份合同已经公告过。"), field="on")
    found.published_on = on
    found.save(update_fields=["published_on"])
    _record("announce_contract", held, found, by)
    return found


@transaction.atomic
def amend(*, line: str, contract_no: str, amount: Decimal, by: Officer) -> Commitment:
    """变更合同金额, in yuan: never below what was asked for and paid, never above what the line has."""
    fen = holding.above_zero(amount)
    held, found = _found(line, contract_no, "amend_contract", by)
    if fen < found.used_fen:
        sentence = _("这份合同已申请和支付 %(used)s 元，金额不能比它更小。")
        raise Refused("overdrawn", sentence % {"used": money.written(found.used_fen)}, field="amount")
    _check_room(held, fen - found.amount_fen)
    before, found.amount_fen = found.amount_fen, fen
    found.save(update_fields=["amount_fen"])
    _record("amend_contract", held, found, by, before=before)
    return found


def _required(value: str, limit: int, field: str, sentence: str) -> str:
    value = " ".join(text.clean(value, limit=limit, field=field).split())
    if not value:
        raise Refused("required", sentence, field=field)
    return value


def _check_days(signed_on: date, published_on: date | None) -> None:
    if signed_on > clocks.today():
        raise Refused("invalid", _("签订日期不能晚于今天。"), field="signed_on")
    if published_on is not None and published_on < signed_on:
        raise Refused("invalid", _("公告日期不能早于签订日期。"), field="published_on")


def _check_room(line: BudgetLine, fen: int) -> None:
    bound = line.commitments.aggregate(fen=Sum("amount_fen"))["fen"] or 0
    left = line.approved_fen - line.frozen_fen - bound
    if fen > left:
        sentence = _("这条指标还可以签订合同的金额是 %(left)s 元。")
        raise Refused("overdrawn", sentence % {"left": money.written(max(0, left))}, field="amount")


def _entered(unit_id: int, payee: NewPayee) -> int:
    clean = payees.checked(payee)
    known = payees.entered(unit_id, [clean])[0]
    payees.check_kind(clean, known)
    return known.id


def _found(line: str, contract_no: str, verb: str, by: Officer) -> tuple[BudgetLine, Commitment]:
    held = holding.locked([line], by=by)[line]
    pipe.check(pipe.CONTRACT[verb], by, unit=directory.unit(held.unit_id), finance_id=held.finance_id)
    found = held.commitments.select_for_update(no_key=True).filter(contract_no=contract_no).first()
    if found is None:
        raise Absent("absent", _("这条指标下没有登记这份合同。"), field="contract_no")
    return held, found


def _record(verb: str, line: BudgetLine, found: Commitment, by: Officer, **more: int) -> None:
    facts = {
        "contract": found.contract_no,
        "fen": found.amount_fen,
        "on": found.published_on or found.signed_on,
        **more,
    }
    ledger.record(stream=ref_of(line), verb=verb, by=by, facts=facts, sealed=line.withheld)
