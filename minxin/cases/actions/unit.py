"""The unit handles: sign for, return, pass down, contact, ask, extend, find, report, answer; assisting units opine."""

from datetime import timedelta

from django.utils.translation import gettext as _

from minxin.cases.actions import centre, timing
from minxin.cases.actions.centre import assign_lead, note, tell, write
from minxin.cases.actions.moving import Act, moving
from minxin.cases.models import Assignment, Case, Contact, Extension, standing
from minxin.cases.rules import codes, signing
from minxin.cases.rules.moves import Stand
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.kernel import clocks, text
from minxin.kernel.errors import Refused

OPINION = 5_000
REPORT = 20_000
HOW = ("phone", "visit", "relay", "video", "letter")


def sign_for(ref: str, *, by: Officer) -> Case:
    """签收: the unit has the case and begins."""
    with moving("sign_for", ref, by=by) as act:
        holder = act.holder
        _set(holder, state=codes.Work.HANDLING, signed_at=clocks.now())
        act.case.signed_at = act.case.signed_at or clocks.now()
        timing.stop(act.case, codes.ClockCode.SIGN, assignment=holder)
        if act.case.contacted_at is None and not act.case.anonymous:
            timing.start(act.case, codes.ClockCode.CONTACT, assignment=holder)
        act.facts["unit"] = holder.unit.code
    return act.case


def give_back(ref: str, *, reason: str, explanation: str, by: Officer) -> Case:
    """退回, once: to the centre, or to the unit above that passed it down."""
    if reason not in codes.ReturnReason.values:
        raise Refused("invalid", _("请选择退回的理由。"), field="reason")
    with moving("give_back", ref, by=by) as act:
        holder = act.holder
        note(act, explanation)
        _set(holder, state=codes.Work.RETURNED, done_at=clocks.now())
        timing.stop_assignment(holder)
        act.case.returns += 1
        act.facts |= {"unit": holder.unit.code, "reason": reason}
        if holder.parent:
            _to_parent(act, holder.parent)
            act.to = codes.Stage.HANDLING
        else:
            timing.start(act.case, codes.ClockCode.DISPATCH)  # the centre decides on the return as fast as it sends out
    return act.case


def pass_down(ref: str, *, unit: str, days: int | None = None, instruction: str = "", by: Officer) -> Case:
    """下派, at most four levels: to a unit that answers to this one, which stays answerable."""
    with moving("pass_down", ref, by=by) as act:
        holder = act.holder
        below = centre.unit_of(unit, "unit")
        if below.id == holder.unit_id or not directory.answers_to(below.id, of=holder.unit_id):
            raise Refused("invalid", _("只能下派给本单位的下属单位。"), field="unit")
        if act.case.accused_id and directory.answers_to(below.id, of=act.case.accused_id):
            sentence = _("%(unit)s是被反映单位或其下属，按回避原则不能下派给它。")
            raise Refused("conflict", sentence % {"unit": below.name}, field="unit")
        centre.refuse_busy(act.case, below, field="unit")
        _set(holder, state=codes.Work.PASSED_DOWN)
        child = assign_lead(act, below, days=days, instruction=instruction, parent=holder)
        act.facts |= {"unit": below.code, "level": child.level}
    return act.case


def take_back(ref: str, *, reason: str, by: Officer) -> Case:
    """收回自办: a unit above takes back what it passed down."""
    with moving("take_back", ref, by=by) as act:
        row = act.holder
        note(act, reason)
        units = by.unit_ids(Role.LEADER, Role.HEAD)
        while row.parent_id and row.unit_id not in units:
            _set(row, state=codes.Work.CANCELLED, done_at=clocks.now())
            timing.stop_assignment(row)
            row.extensions.filter(decision=codes.Decision.PENDING).update(decision=codes.Decision.CANCELLED)
            row = Assignment.objects.select_related("unit").get(pk=row.parent_id)
        _set(row, state=codes.Work.HANDLING)
        act.case.holder = row
        act.facts["unit"] = row.unit.code
    return act.case


def record_contact(ref: str, *, how: str, reached: bool, remark: str = "", by: Officer) -> Case:
    """The unit reached the complainant, or tried: the evidence of first contact."""
    if how not in HOW:
        raise Refused("invalid", _("请选择联系方式。"), field="how")
    with moving("record_contact", ref, by=by) as act:
        Contact.objects.create(
            case=act.case,
            unit_id=_unit_id(act),
            how=how,
            reached=reached,
            note=text.clean(remark, limit=500, field="remark"),
            at=clocks.now(),
            by_label=by.label,
        )
        if act.case.contacted_at is None:
            act.case.contacted_at = clocks.now()
            timing.stop(act.case, codes.ClockCode.CONTACT)
        act.facts |= {"how": how, "reached": reached}
    return act.case


def ask(ref: str, *, question: str, by: Officer) -> Case:
    """Ask the complainant; the clocks stand still until he answers or the cap is used up. He sees both."""
    with moving("ask", ref, by=by) as act:
        tell(act.case, centre.required(question, "question", 1_000), codes.Note.QUESTION, by=by, voice=codes.Voice.UNIT)
        timing.pause(act.case)
    return act.case


def resume(ref: str, *, by: Officer) -> Case:
    """Go on without the complainant's answer."""
    with moving("resume", ref, by=by) as act:
        timing.resume(act.case)
    return act.case


def request_extension(ref: str, *, days: int, reason: str, explanation: str, by: Officer) -> Case:
    """请求延期, before it is due; a second one by the head in person; never a third."""
    if reason not in codes.ExtensionReason.values:
        raise Refused("invalid", _("请选择延期的理由。"), field="reason")
    with moving("request_extension", ref, by=by) as act:
        case = act.case
        most = standing.limit(case, codes.ClockCode.EXTENSION, clocks.now()).limit.amount
        if not 1 <= days <= most:
            sentence = _("一次最多延长 %(most)d 个工作日。") % {"most": most}
            raise Refused("invalid", sentence, field="days")
        if case.extensions == signing.MOST_EXTENSIONS - 1 and Stand.HEAD not in act.stands:
            raise Refused("head_only", _("第二次延期须由本单位主要负责人提出。"))
        Extension.objects.create(
            case=case,
            assignment_id=act.holder_id,
            days=days,
            reason=reason,
            text=centre.required(explanation, "explanation", 500),
            asked_at=clocks.now(),
            asked_by=by.label,
        )
        act.facts |= {"days": days, "reason": reason}
    return act.case


def decide_extension(ref: str, *, granted: bool, remark: str = "", by: Officer) -> Case:
    """The unit above or the centre grants or refuses, never the unit that asks.

    A centre or the answerable superior moves the date of the answer, and the complainant is told the new one and why.
    A unit that has passed the case down gives its own unit more time, within its own due date.
    """
    with moving("decide_extension", ref, by=by) as act:
        case = act.case
        asked = Extension.objects.select_related("assignment").get(case=case, decision=codes.Decision.PENDING)
        if asked.assignment.unit_id in by.unit_ids():
            raise Refused("own_request", _("延期由上级单位或网络中心审批，不能审批本单位自己的申请。"))
        asked.decision = codes.Decision.GRANTED if granted else codes.Decision.REFUSED
        asked.remark = text.clean(remark, limit=500, field="remark")
        asked.decided_at, asked.decided_by = clocks.now(), by.label
        asked.save(update_fields=["decision", "remark", "decided_at", "decided_by"])
        act.facts |= {"granted": granted, "days": asked.days}
        if granted:
            _extend(act, asked)
    return case


def find(ref: str, *, finding: str = "", resolution: str, by: Officer) -> Case:
    """What is true, and what has been done: two answers that are never one."""
    if finding and finding not in codes.Finding.values:
        raise Refused("invalid", _("请选择事实认定。"), field="finding")
    if resolution not in codes.Resolution.values:
        raise Refused("invalid", _("请选择办理结果。"), field="resolution")
    with moving("find", ref, by=by) as act:
        act.case.finding, act.case.resolution = finding, resolution
        act.facts |= {"finding": finding, "resolution": resolution}
    return act.case


def write_report(ref: str, *, body: str, by: Officer) -> Case:
    """The internal report (内部办理报告): for the units and the centre, never for the public."""
    with moving("write_report", ref, by=by) as act:
        write(act, codes.Words.REPORT, centre.required(body, "body", REPORT), unit_id=_unit_id(act))
    return act.case


def write_answer(ref: str, *, body: str, by: Officer) -> Case:
    """The public answer (公开答复), in draft until it is countersigned and approved."""
    with moving("write_answer", ref, by=by) as act:
        write(act, codes.Words.ANSWER, centre.required(body, "body", centre.ANSWER), unit_id=_unit_id(act))
    return act.case


def sign_assist(ref: str, *, by: Officer) -> Case:
    """签收协办."""
    with moving("sign_assist", ref, by=by) as act:
        row = _assisting(act)
        if row.state != codes.Work.TO_SIGN:
            raise Refused("stage", _("本单位已经签收过协办。"))
        _set(row, state=codes.Work.HANDLING, signed_at=clocks.now())
        timing.stop(act.case, codes.ClockCode.SIGN, assignment=row)
        act.facts["unit"] = row.unit.code
    return act.case


def opine(ref: str, *, opinion: str, dissents: bool = False, by: Officer) -> Case:
    """出具协办意见: agreement or dissent, both kept with the case."""
    with moving("opine", ref, by=by) as act:
        row = _assisting(act)
        write(act, codes.Words.OPINION, centre.required(opinion, "opinion", OPINION), unit_id=row.unit_id)
        _set(
            row,
            state=codes.Work.OPINED,
            done_at=clocks.now(),
            dissents=dissents,
            signed_at=row.signed_at or clocks.now(),
        )
        timing.stop_assignment(row)
        act.facts |= {"unit": row.unit.code, "dissents": dissents}
    return act.case


def _extend(act: Act, asked: Extension) -> None:
    if act.stands & _OUTSIDE:
        timing.extend(act.case, days=asked.days)
        act.case.extensions += 1
        act.facts["due"] = act.case.due_at
        _tell_extended(act.case, asked, by=act.by)
    elif timing.extend_one(act.case, asked.assignment, days=asked.days):
        act.facts["within"] = True
    else:
        sentence = _("下级的期限不能晚于本单位的期限。需要延长答复期限的，请由网络中心审批。")
        raise Refused("no_room", sentence)


_OUTSIDE = frozenset({Stand.DISPATCHER, Stand.SUPERVISOR, Stand.ABOVE})


def _tell_extended(case: Case, asked: Extension, *, by: Officer) -> None:
    due = case.due_at.astimezone(clocks.ZONE) - timedelta(microseconds=1)
    body = _(
        "办理单位申请延期 %(days)d 个工作日，已经批准。理由：%(reason)s。新的答复期限是%(year)d年%(month)d月%(day)d日。"
    ) % {
        "days": asked.days,
        "reason": codes.ExtensionReason(asked.reason).label,
        "year": due.year,
        "month": due.month,
        "day": due.day,
    }
    tell(case, body, codes.Note.EXTENDED, by=by)


def _assisting(act: Act) -> Assignment:
    rows = act.case.assignments.select_related("unit").filter(part=codes.Part.ASSIST, state__in=codes.OPEN_WORK)
    row = next((row for row in rows if row.unit_id in act.by.unit_ids()), None)
    if row is None:
        raise Refused("forbidden", _("本单位没有未完成的协办。"))
    return row


def _to_parent(act: Act, parent: Assignment) -> None:
    _set(parent, state=codes.Work.HANDLING)
    act.case.holder = parent


def _unit_id(act: Act) -> int:
    return act.holder.unit_id if act.case.holder_id else act.by.unit_id or act.case.centre_id


def _set(row: Assignment, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
