"""Supervision: reminders, coloured slips, listed cases, lifting to the superior, and the unit's answers to them."""

from django.utils.translation import gettext as _

from minxin.cases.actions.moving import Act, moving
from minxin.cases.models import Case, SlipRow
from minxin.cases.rules import codes
from minxin.directory import reports as directory
from minxin.directory.rules import SYSTEM, Officer, Role, UnitRef
from minxin.kernel import clocks, text
from minxin.kernel.errors import Refused

REASON = 500
_WEIGHT = {slip: weight for weight, slip in enumerate(codes.Slip)}


def remind(ref: str, *, reason: str, by: Officer) -> Case:
    """提醒: a friendly word before anything is late."""
    with moving("remind", ref, by=by) as act:
        issue(act, codes.Slip.REMINDER, reason)
    return act.case


def slip(ref: str, *, colour: str, reason: str, by: Officer) -> Case:
    """发督办单: blue (nearly due), yellow (behind or poor), red (overdue); the unit must answer it."""
    if colour not in {codes.Slip.BLUE, codes.Slip.YELLOW, codes.Slip.RED}:
        raise Refused("invalid", _("请选择蓝单、黄单或红单。"), field="colour")
    with moving("slip", ref, by=by) as act:
        issue(act, codes.Slip(colour), reason)
    return act.case


def list_case(ref: str, *, reason: str, by: Officer) -> Case:
    """挂牌督办: the case is on the list that leaders look at until it is closed."""
    with moving("list_case", ref, by=by) as act:
        issue(act, codes.Slip.LISTED, reason)
    return act.case


def escalate(ref: str, *, reason: str, by: Officer = SYSTEM) -> Case:
    """提级督办: the superior of the handling unit becomes answerable too."""
    with moving("escalate", ref, by=by) as act:
        lift(act, reason)
    return act.case


def answer_slip(ref: str, *, slip: int, answer: str, by: Officer) -> Case:
    """The unit answers a slip."""
    with moving("answer_slip", ref, by=by) as act:
        mine = SlipRow.objects.filter(unit_id__in=by.unit_ids(), answered_at__isnull=True)
        row = mine.filter(pk=slip, case=act.case).first()
        if row is None:
            raise Refused("invalid", _("这张督办单已经回复过，或不是发给本单位的。"), field="slip")
        row.answer, row.answered_at = text.clean(answer, limit=1_000, field="answer"), clocks.now()
        if not row.answer:
            raise Refused("invalid", _("请写明回复内容。"), field="answer")
        row.save(update_fields=["answer", "answered_at"])
        act.facts |= {"slip": row.slip, "row": row.pk}
    return act.case


def issue(act: Act, what: codes.Slip, reason: str, *, unit_id: int | None = None) -> SlipRow:
    """One slip to a unit, else to the one that has the case, or to the centre; for other actions' use."""
    reason = text.clean(reason, limit=REASON, field="reason")
    if not reason:
        raise Refused("invalid", _("请写明理由。"), field="reason")
    unit_id = unit_id or (act.holder.unit_id if act.case.holder_id else act.case.lead_id or act.case.centre_id)
    row = SlipRow.objects.create(
        case=act.case, unit_id=unit_id, slip=what, reason=reason, at=clocks.now(), by_label=act.by.label
    )
    if not act.case.supervision or _WEIGHT[what] > _WEIGHT[codes.Slip(act.case.supervision)]:
        act.case.supervision = what
    act.facts |= {"slip": what, "unit": directory.unit(unit_id).code}
    return row


def lift(act: Act, reason: str) -> None:
    """Make the superior of the handling unit answerable; the top stays answerable for itself."""
    case = act.case
    above = answerable(case.lead_id or case.centre_id, accused=case.accused_id)
    issue(act, codes.Slip.ESCALATED, reason)
    if above is not None:
        case.superior_id = above.id
        act.facts["superior"] = above.code


def answerable(unit_id: int, *, accused: int | None) -> UnitRef | None:
    """1 query for each unit climbed. The nearest superior whose leader or head can answer for the case.

    The accused unit and those below it are passed over, and so are units where nobody could sign. None at the top.
    """
    above = directory.superior(unit_id)
    while above is not None:
        caught = accused is not None and directory.answers_to(above.id, of=accused)
        if not caught and directory.staffed(above.id) & {Role.LEADER, Role.HEAD}:
            return above
        above = directory.superior(above.id)
    return None
