"""What came of it: money to the fen, accountability with its document, rules changed."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from minxin.cases.actions.centre import required, unit_of
from minxin.cases.actions.moving import Act, moving
from minxin.cases.models import Case, Measure, Money, PublicCase, RuleChange
from minxin.cases.rules import codes
from minxin.directory.rules import Officer
from minxin.kernel import clocks, money, text
from minxin.kernel.errors import Refused

LINE = 200
MOST_PEOPLE = 10_000_000  # more than live in any city: a slip of the hand
MOST_HELD = 10_000


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
    fen = money.fen(amount, field="amount")
    if fen <= 0:
        raise Refused("invalid", _("金额必须大于零。"), field="amount")
    _check_people(people, least=0, most=MOST_PEOPLE)
    with moving("record_money", ref, by=by) as act:
        row = Money.objects.create(
            case=act.case,
            kind=kind,
            amount_fen=fen,
            people=people,
            on=_day(on),
            payer_id=unit_of(payer, "payer").id if payer else None,
            evidence=required(evidence, "evidence", LINE),
            unit_id=_unit_id(act),
            region=act.case.region,
            at=clocks.now(),
        )
        act.facts |= {"kind": kind, "fen": fen, "people": people, "row": row.pk}
        if act.case.published_at:
            PublicCase.objects.filter(pk=act.case.pk).update(money_fen=Money.returned(act.case.pk))
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
    office = text.clean(office, limit=60, field="office")
    if subject == codes.Subject.PERSON and not office:
        raise Refused("invalid", _("请写明职务，例如“主要负责人”，不写姓名。"), field="office")
    _check_people(people, least=1, most=MOST_HELD)
    with moving("record_measure", ref, by=by) as act:
        row = Measure.objects.create(
            case=act.case,
            subject=subject,
            unit_id=unit_of(unit, "unit").id,
            office=office,
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
            document=text.clean(document, limit=LINE, field="document"),
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


def _check_people(people: int, *, least: int, most: int) -> None:
    if not least <= people <= most:
        sentence = _("人数请填 %(least)d 到 %(most)d。") % {"least": least, "most": most}
        raise Refused("invalid", sentence, field="people")


def _unit_id(act: Act) -> int:
    """The unit that records: the officer's own among those at work on the case."""
    case = act.case
    mine = case.assignments.filter(unit_id__in=act.by.unit_ids()).order_by("-id").values_list("unit_id", flat=True)
    return mine.first() or act.by.unit_id or case.lead_id or case.centre_id
