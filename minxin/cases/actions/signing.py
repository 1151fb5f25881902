"""Countersign (审签): a draft goes up the chain of the unit, and down again with remarks."""

from django.db.models import Max
from django.utils.translation import gettext as _

from minxin.cases.actions import timing
from minxin.cases.actions.moving import Act, moving
from minxin.cases.models import Assignment, Case, Signature
from minxin.cases.rules import codes, signing
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.kernel import clocks, text
from minxin.kernel.errors import Refused


def submit(ref: str, *, by: Officer) -> Case:
    """提交审签: the steps are fixed now, by the unit's posts and the state of the case."""
    with moving("submit", ref, by=by) as act:
        case, holder = act.case, act.holder
        head = signing.needs_head(
            overdue=clocks.now() > case.due_at,
            redos=case.redos,
            extensions=case.extensions,
            conflict=bool(case.conflict_reason),
        )
        superior_id = case.superior_id if holder.level == 1 and case.superior_id != holder.unit_id else None
        steps = signing.chain(directory.staffed(holder.unit_id), head=head, superior=superior_id is not None)
        if not steps:
            post = _("主要负责人") if head else _("分管领导或主要负责人")
            raise _no_signer(_("本单位"), post)
        if superior_id and not directory.staffed(superior_id) & {Role.LEADER, Role.HEAD}:
            raise _no_signer(directory.unit(superior_id).name, _("分管领导或主要负责人"))
        draft = (holder.signatures.aggregate(last=Max("draft"))["last"] or 0) + 1
        Signature.objects.bulk_create(
            Signature(
                case=case,
                assignment=holder,
                draft=draft,
                order=order,
                step=step,
                unit_id=(superior_id if step == codes.Step.SUPERIOR else None) or holder.unit_id,
            )
            for order, step in enumerate(steps, start=1)
        )
        holder.state = codes.Work.COUNTERSIGN
        holder.save(update_fields=["state"])
        act.facts |= {"draft": draft, "steps": [str(step) for step in steps]}
    return case


def countersign(ref: str, *, remark: str = "", by: Officer) -> Case:
    """同意: the step that is due signs; after the last one the answer goes to the unit above, or to the centre."""
    with moving("countersign", ref, by=by) as act:
        row = _decide(act, codes.Decision.SIGNED, remark)
        left = Signature.objects.filter(assignment=row.assignment, draft=row.draft, decision=codes.Decision.PENDING)
        if not left.exists():
            _report_up(act)
    return act.case


def return_draft(ref: str, *, remark: str, by: Officer) -> Case:
    """退回修改: with remarks, back to the clerk; the chain begins anew with the next submission."""
    if not remark.strip():
        raise Refused("invalid", _("请写明需要修改什么。"), field="remark")
    with moving("return_draft", ref, by=by) as act:
        row = _decide(act, codes.Decision.SENT_BACK, remark)
        pending = Signature.objects.filter(assignment=row.assignment, draft=row.draft, decision=codes.Decision.PENDING)
        pending.update(decision=codes.Decision.CANCELLED)
        Assignment.objects.filter(pk=row.assignment_id).update(state=codes.Work.HANDLING)
    return act.case


def _no_signer(where: str, post: str) -> Refused:
    sentence = _("%(unit)s还没有登记%(post)s，不能审签。请先请系统管理员登记岗位和人员。")
    return Refused("no_signer", sentence % {"unit": where, "post": post})


def _decide(act: Act, decision: codes.Decision, remark: str) -> Signature:
    """The first pending step, decided by this officer; Refused when it is somebody else's turn."""
    row = (
        Signature.objects.select_related("assignment", "unit")
        .filter(assignment_id=act.holder_id, decision=codes.Decision.PENDING)
        .order_by("draft", "order")
        .first()
    )
    if row is None:
        raise Refused("stage", _("没有等待审签的步骤，请刷新页面。"))
    if signing.SIGNS[codes.Step(row.step)] not in act.stands or row.unit_id not in act.by.unit_ids(*_SIGNERS):
        sentence = _("现在轮到%(unit)s的%(step)s审签。")
        raise Refused("not_your_turn", sentence % {"unit": row.unit.name, "step": codes.Step(row.step).label})
    row.decision, row.at = decision, clocks.now()
    row.remark = text.clean(remark, limit=500, field="remark")
    row.by_label, row.by_post = act.by.label, act.by.post_id
    row.save(update_fields=["decision", "at", "remark", "by_label", "by_post"])
    act.facts |= {"step": row.step, "draft": row.draft, "unit": row.unit.code}
    return row


_SIGNERS = (Role.SECTION, Role.LEADER, Role.HEAD)


def _report_up(act: Act) -> None:
    """To the unit above, or out to the centre. An extension not decided by now is no longer needed."""
    holder = act.holder
    moot = act.case.asked_extensions.filter(decision=codes.Decision.PENDING)
    (moot.filter(assignment=holder) if holder.parent_id else moot).update(decision=codes.Decision.CANCELLED)
    holder.state, holder.done_at = codes.Work.REPORTED, clocks.now()
    holder.save(update_fields=["state", "done_at"])
    timing.stop_assignment(holder)
    if holder.parent_id:
        parent = Assignment.objects.get(pk=holder.parent_id)
        parent.state = codes.Work.HANDLING
        parent.save(update_fields=["state"])
        act.case.holder = parent
        act.to = codes.Stage.HANDLING
    else:
        act.to = codes.Stage.REVIEW
        timing.start(act.case, codes.ClockCode.REVIEW)
