"""What came of it: money to the fen, accountability with its document, rules changed."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from minxin.cases.actions.centre import required, unit_of
from minxin.cases.actions.moving import Act, moving
from minxin.cases.models import Case, Measure, Money, RuleChange
from minxin.cases.rules import codes
from minxin.directory.rules import Officer
from minxin.kernel import clocks, money
from minxin.kernel.errors import Refused

LINE = 200


def record_money(
    ref: str,
    *,
    kind: str,
    amount: Decimal,
    people: int = 1,
    evidence: str,
    on: date | None = None,
    payer: str = "",
    by: Officer,
) -> Case:
    """登记金额 in yuan: refunded, arrears paid, compensated (还利于民), recovered or fined, with its evidence."""
    if kind not in codes.MoneyKind.values:
        raise Refused("invalid", _("请选择金额的类型。"), field="kind")
    if amount <= 0:
        raise Refused("invalid", _("金额必须大于零。"), field="amount")
    if people < 0:
        raise Refused("invalid", _("人数不能小于零。"), field="people")
    with moving("record_money", ref, by=by) as act:
        row = Money.objects.create(
            case=act.case,
            kind=kind,
            amount_fen=money.fen(amount, field="amount"),
            people=people,
            on=_day(on),
            payer_id=unit_of(payer, "payer").id if payer else None,
            evidence=required(evidence, "evidence", LINE),
            unit_id=_unit_id(act),
            region=act.case.region,
            at=clocks.now(),
        )
        act.facts |= {"kind": kind, "fen": row.amount_fen, "people": people, "row": row.pk}
    return act.case


def record_measure(
    ref: str,
    *,
    subject: str,
    unit: str,
    measure: str,
    basis: str,
    office: str = "",
    people: int = 1,
    on: date | None = None,
    by: Officer,
) -> Case:
    """登记问责: a unit, or a person by office, with the document it rests on. Never a name."""
    if subject not in codes.Subject.values or measure not in codes.Measure.values:
        raise Refused("invalid", _("请选择问责对象和方式。"), field="measure")
    if subject == codes.Subject.PERSON and not office.strip():
        raise Refused("invalid", _("请写明职务，例如“主要负责人”，不写姓名。"), field="office")
    if people < 1:
        raise Refused("invalid", _("人数至少是 1。"), field="people")
    with moving("record_measure", ref, by=by) as act:
        row = Measure.objects.create(
            case=act.case,
            subject=subject,
            unit_id=unit_of(unit, "unit").id,
            office=office.strip()[:60],
            measure=measure,
            people=people,
            basis=required(basis, "basis", LINE),
            on=_day(on),
            at=clocks.now(),
        )
        act.facts |= {"subject": subject, "measure": measure, "people": people, "row": row.pk}
    return act.case


def record_rule_change(ref: str, *, what: str, document: str = "", on: date | None = None, by: Officer) -> Case:
    """登记制度改进: what was changed, and by which document."""
    with moving("record_rule_change", ref, by=by) as act:
        row = RuleChange.objects.create(
            case=act.case,
            unit_id=_unit_id(act),
            what=required(what, "what", 500),
            document=document.strip()[:LINE],
            on=_day(on),
            at=clocks.now(),
        )
        act.facts["row"] = row.pk
    return act.case


def _day(on: date | None) -> date:
    on = on or clocks.today()
    if on > clocks.today():
        raise Refused("invalid", _("日期不能晚于今天。"), field="on")
    return on


def _unit_id(act: Act) -> int:
    """The unit that records: the officer's own among those at work on the case."""
    return act.by.unit_id or act.case.lead_id or act.case.centre_id
