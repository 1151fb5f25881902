"""The centre takes in and sends out: condense, classify, accept, decline, answer, merge, dispatch, rule on returns."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from minxin.cases.actions import filing as taking_in
from minxin.cases.actions import supervision, timing
from minxin.cases.actions.following import end_work, stop_work
from minxin.cases.actions.moving import Act, moving
from minxin.cases.actions.moving import following as bringing_about
from minxin.cases.models import Assignment, Case, Message, PublicCase, Text, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.rules import codes, desk, filing, moves, overdue
from minxin.directory import reports as directory
from minxin.directory.rules import SYSTEM, Officer, UnitRef
from minxin.kernel import clocks, text
from minxin.kernel.errors import Absent, Refused

DIGEST = 3_000
ANSWER = 10_000
REASON = 500
LONGEST_LIMIT = 60  # working days a dispatcher may set


def register(draft: filing.Draft, *, key: str, by: Officer, uploads: Sequence[filing.Upload] = ()) -> taking_in.Receipt:
    """Enter a case told by phone, letter or visit: the same filing, its channel and the entering post on record.

    Raises Refused `forbidden` for officers without a post at a centre.
    """
    if not by.has(*desk.ENTERING):
        raise Refused("forbidden", _("登记来电、来信、来访是网络中心的工作。请把来人或来电转给本级网络中心。"))
    return taking_in.file(draft, key=key, by=by, uploads=uploads)


def condense(ref: str, *, title: str, digest: str, by: Officer) -> Case:
    """Write the digest (摘编) that units will see instead of the original text."""
    with moving("condense", ref, by=by) as act:
        act.case.digest_title = required(title, "title", filing.TITLE)
        write(act, codes.Words.DIGEST, required(digest, "digest", DIGEST))
    return act.case


def classify(
    ref: str, *, category: str, urgency: str = codes.Urgency.NORMAL, tags: Sequence[str] = (), by: Officer
) -> Case:
    """Set nature and class (定性分类) and urgency; the answer is due anew by the rule of its urgency."""
    if not any(row.code == category and row.valid_to is None for row in snapshot.categories()):
        raise Refused("invalid", _("请在类别表中选择一个类别。"), field="category")
    if urgency not in codes.Urgency.values:
        raise Refused("invalid", _("请选择紧急程度。"), field="urgency")
    kept = [tag for tag in dict.fromkeys(text.clean(tag, limit=20, field="tags") for tag in tags) if tag][:8]
    with moving("classify", ref, by=by) as act:
        act.facts |= {"category": category, "urgency": urgency, "tags": len(kept)}
        act.case.category, act.case.tags = category, kept
        if act.case.urgency != urgency:
            act.case.urgency = urgency
            timing.retime(act.case)
    return act.case


def ask_supplement(ref: str, *, question: str, by: Officer) -> Case:
    """Ask for what is missing before the case can be accepted; the answer clock stands still, capped."""
    with moving("ask_supplement", ref, by=by) as act:
        tell(act.case, required(question, "question", 1_000), codes.Note.QUESTION, by=by)
        timing.pause(act.case)
    return act.case


def accept(ref: str, *, by: Officer) -> Case:
    """Accept (受理); the complainant sees it on the track."""
    with moving("accept", ref, by=by) as act:
        act.case.accepted_at = clocks.now()
        timing.stop(act.case, codes.ClockCode.ACCEPT)
        if act.case.lane != codes.Lane.SEALED:  # a sealed report is never sent on
            timing.start(act.case, codes.ClockCode.DISPATCH)
    return act.case


def decline(ref: str, *, ground: str, explanation: str, by: Officer) -> Case:
    """Not accept (不予受理), with the ground and the right route for the complainant."""
    if ground not in codes.DeclineGround.values:
        raise Refused("invalid", _("请选择不予受理的理由。"), field="ground")
    with moving("decline", ref, by=by) as act:
        tell(act.case, required(explanation, "explanation", 2_000), codes.Note.DECLINED, by=by)
        act.facts["ground"] = ground
        end_work(act.case)
    return act.case


def answer_directly(ref: str, *, answer: str, resolution: str, by: Officer) -> Case:
    """The centre, or a discipline officer in a sealed case, answers without passing on."""
    if resolution not in codes.Resolution.values:
        raise Refused("invalid", _("请选择办理结果。"), field="resolution")
    with moving("answer_directly", ref, by=by) as act:
        row = write(act, codes.Words.ANSWER, required(answer, "answer", ANSWER))
        act.case.accepted_at = act.case.accepted_at or clocks.now()
        act.case.resolution = resolution
        act.case.lead_id = act.case.lead_id or act.case.centre_id
        reach(act.case, row)
        act.facts["resolution"] = resolution
    return act.case


def merge(ref: str, *, master: str, by: Officer) -> Case:
    """Put a duplicate under a master: its answer will reach this complainant too, who rates for himself."""
    with moving("merge", ref, by=by) as act:
        found = _master(master, by=by)  # locked: its answer must not go out past the one that joins it now
        if found is None or found.pk == act.case.pk:
            raise Refused("invalid", _("没有找到要并入的主件，请核对编号。"), field="master")
        answering = found.stage in moves.BEFORE_ANSWER and found.lane != codes.Lane.SEALED
        if found.master_id or not answering or act.case.members.exists():
            raise Refused(
                "invalid",
                _("只能并入一件还没有答复、自己没有被并案的件；带有并案的主件不能再并入别的件。"),
                field="master",
            )
        act.facts["master"] = found.ref
        timing.stop(act.case)
        act.case.master, act.case.closed_at = found, clocks.now()
    return act.case


def dispatch(
    ref: str,
    *,
    unit: str,
    assisting: Sequence[str] = (),
    days: int | None = None,
    instruction: str = "",
    conflict_reason: str = "",
    suggested: str = "",
    by: Officer,
) -> Case:
    """Send to a lead unit and assisting units (分转), with the limit of the rules or `days` working days.

    `suggested` is the mark of what the catalogue had suggested (`Suggestion.mark`), kept beside what was decided.

    Raises Refused `conflict` when a unit is the accused or answers to it and no written reason is given; with a reason
    the accused unit's superior stays answerable, and the case says so.
    """
    with moving("dispatch", ref, by=by) as act:
        lead = unit_of(unit, "unit")
        helpers = [unit_of(code, "assisting") for code in dict.fromkeys(assisting) if code != unit]
        _drop_assisting(act.case)
        _conflict(act, [lead, *helpers], conflict_reason)
        _transfer(act, lead, days=days, instruction=instruction)
        for helper in helpers:
            _assist(act, helper, days=days, instruction=instruction)
        _clear_conflict(act.case)
        act.facts |= {"unit": lead.code, "assisting": [helper.code for helper in helpers]}
        if suggested:
            act.facts["suggested"] = text.clean(suggested, limit=80, field="suggested")
    return act.case


def call_in(ref: str, *, unit: str, instruction: str = "", conflict_reason: str = "", by: Officer) -> Case:
    """Add an assisting unit (增加协办) while the case is being handled; the accused one only with a written reason."""
    with moving("call_in", ref, by=by) as act:
        helper = unit_of(unit, "unit")
        _conflict(act, [helper], conflict_reason)
        _assist(act, helper, days=None, instruction=instruction)
        act.facts["unit"] = helper.code
    return act.case


def uphold_return(ref: str, *, by: Officer) -> Case:
    """The unit was right to return it: it must be sent elsewhere, and its assisting units are free."""
    with moving("uphold_return", ref, by=by) as act:
        _drop_assisting(act.case)
        act.case.holder_id = act.case.lead_id = None
        timing.start(act.case, codes.ClockCode.DISPATCH)
    return act.case


def overrule_return(ref: str, *, reason: str, by: Officer) -> Case:
    """The unit must handle it after all; no second return."""
    with moving("overrule_return", ref, by=by) as act:
        unit = directory.unit(act.holder.unit_id)
        act.case.locked = True
        assign_lead(act, unit, days=None, instruction=required(reason, "reason", REASON))
        act.facts["unit"] = unit.code
    return act.case


def refer_dispute(ref: str, *, reason: str, by: Officer) -> Case:
    """Hand a dispute over competence to the arbitrator."""
    with moving("refer_dispute", ref, by=by) as act:
        act.case.holder_id = None
        note(act, reason)
    return act.case


def arbitrate(ref: str, *, unit: str, ruling: str, conflict_reason: str = "", by: Officer) -> Case:
    """The arbitrator names the lead unit; the ruling ends all returns."""
    with moving("arbitrate", ref, by=by) as act:
        lead = unit_of(unit, "unit")
        act.case.assignments.filter(unit_id=lead.id, state__in=codes.OPEN_WORK).update(
            state=codes.Work.CANCELLED, done_at=clocks.now()
        )
        _conflict(act, [lead], conflict_reason)
        act.case.locked = True
        _transfer(act, lead, days=None, instruction=required(ruling, "ruling", REASON))
        _clear_conflict(act.case)
        act.facts["unit"] = lead.code
    return act.case


def assign_lead(
    act: Act, unit: UnitRef, *, days: int | None, instruction: str, parent: Assignment | None = None
) -> Assignment:
    """Make `unit` the lead, at once answerable, with its sign-for and handling clocks; for other actions' use."""
    case, limit = act.case, _limit(days)
    row = Assignment(
        case=case,
        unit_id=unit.id,
        part=codes.Part.LEAD,
        level=parent.level + 1 if parent else 1,
        parent=parent,
        round=case.redos + 1,
        instruction=text.clean(instruction, limit=REASON, field="instruction"),
        assigned_at=clocks.now(),
        due_at=case.due_at,
    )
    row.save(force_insert=True)
    timing.stop(case, codes.ClockCode.DISPATCH, codes.ClockCode.ACCEPT)
    timing.start(case, codes.ClockCode.SIGN, assignment=row)
    timing.start(case, codes.ClockCode.HANDLE, assignment=row, limit=limit)
    case.holder = row
    if parent is None:
        case.lead_id = unit.id
        case.dispatched_at = clocks.now()
    return row


def tell(case: Case, body: str, what: codes.Note, *, by: Officer, voice: codes.Voice = codes.Voice.CENTRE) -> None:
    """A message to the complainant, through the relay."""
    Message.objects.create(case=case, voice=voice, note=what, body=body, by_label=by.label, at=clocks.now())


def write(act: Act, words: codes.Words, body: str, *, unit_id: int | None = None) -> Text:
    """A new version of one of the case's texts; its number goes into the event, its words do not."""
    owner = unit_id or act.by.unit_id or act.case.centre_id
    row = Text.objects.create(
        case=act.case, words=words, body=body, unit_id=owner, by_label=act.by.label, at=clocks.now()
    )
    act.facts |= {"words": words, "text": row.pk, "length": len(body)}
    return row


def note(act: Act, reason: str) -> None:
    """An internal remark, kept as a text of its own so that the event needs no free text."""
    write(act, codes.Words.REMARK, required(reason, "reason", REASON))


def reach(case: Case, answer: Text | None) -> None:
    """The answer goes out to the complainant, and to those of every merged case, who each rate for themselves."""
    _answered(case)
    for member in case.members.select_for_update().filter(stage=codes.Stage.MERGED):
        _fan_out(member, case, answer)


def _answered(case: Case) -> None:
    """Work still open ends, the stars are given, the call-back clock starts; a page already public tells the result."""
    case.answered_at = clocks.now()
    stop_work(case)
    timing.grade(case)
    timing.start(case, codes.ClockCode.CALL_BACK)
    if case.published_at:
        result = {"finding": case.finding, "resolution": case.resolution, "stars": case.stars}
        PublicCase.objects.filter(pk=case.pk).update(**result)


def _fan_out(member: Case, master: Case, answer: Text | None) -> None:
    with bringing_about("fan_out", member, by=SYSTEM) as act:
        if answer is not None:
            write(act, codes.Words.ANSWER, answer.body, unit_id=answer.unit_id)
        member.lead_id, member.finding, member.resolution = master.lead_id, master.finding, master.resolution
        member.accepted_at = member.accepted_at or clocks.now()
        member.closed_at = None
        timing.reopen_answer(member)  # answered now, not when it was merged
        _answered(member)
        act.facts["master"] = master.ref


def _master(ref: str, *, by: Officer) -> Case | None:
    try:
        key = id_of(ref)
    except Refused:
        return None
    return Case.objects.visible_to(by).filter(pk=key).select_for_update(of=("self",)).first()


def _transfer(act: Act, unit: UnitRef, *, days: int | None, instruction: str) -> None:
    """Give the case to a lead unit; the third one given it brings in the superior (提级督办)."""
    assign_lead(act, unit, days=days, instruction=instruction)
    act.case.transfers += 1
    if act.case.transfers >= overdue.MOST_TRANSFERS:
        supervision.lift(act, _("转办已达三次"))


def _drop_assisting(case: Case) -> None:
    """Assisting units of an earlier dispatch are free; the dispatcher names them anew."""
    for row in case.assignments.filter(part=codes.Part.ASSIST, state__in=codes.OPEN_WORK):
        row.state, row.done_at = codes.Work.CANCELLED, clocks.now()
        row.save(update_fields=["state", "done_at"])
        timing.stop_assignment(row)


def _limit(days: int | None) -> clocks.Limit | None:
    if days is None:
        return None
    if not 1 <= days <= LONGEST_LIMIT:
        sentence = _("办理时限请填 1 到 %(most)d 个工作日。") % {"most": LONGEST_LIMIT}
        raise Refused("invalid", sentence, field="days")
    return clocks.Limit(days, clocks.Unit.WORKING_DAY)


def _assist(act: Act, unit: UnitRef, *, days: int | None, instruction: str) -> Assignment:
    refuse_busy(act.case, unit, field="assisting")
    row = Assignment.objects.create(
        case=act.case,
        unit_id=unit.id,
        part=codes.Part.ASSIST,
        round=act.case.redos + 1,
        instruction=text.clean(instruction, limit=REASON, field="instruction"),
        assigned_at=clocks.now(),
        due_at=act.case.due_at,
    )
    timing.start(act.case, codes.ClockCode.SIGN, assignment=row)
    timing.start(act.case, codes.ClockCode.HANDLE, assignment=row, limit=_limit(days))
    return row


def refuse_busy(case: Case, unit: UnitRef, *, field: str) -> None:
    """Raises Refused when the unit has open work on this case already."""
    if case.assignments.filter(unit_id=unit.id, state__in=codes.OPEN_WORK).exists():
        raise Refused("invalid", _("%(unit)s已经在办此件。") % {"unit": unit.name}, field=field)


def _conflict(act: Act, units: Sequence[UnitRef], reason: str) -> None:
    """回避: the accused and those below it only with a written reason, under a superior that stays answerable."""
    case = act.case
    caught = [unit.name for unit in units if _caught(case, unit.id)]
    if not caught or case.accused_id is None:
        return
    reason = text.clean(reason, limit=REASON, field="conflict_reason")
    if not reason:
        sentence = _(
            "%(units)s是被反映单位或其下属，按回避原则应由上一级办理。确需交其办理，请写明理由，上级单位仍对此件负责。"
        )
        raise Refused("conflict", sentence % {"units": "、".join(caught)}, field="conflict_reason")
    above = supervision.answerable(case.accused_id, accused=case.accused_id)
    if above is None:
        sentence = _("%(units)s是被反映单位或其下属，又没有上级单位可以对此件负责，不能交其办理。请改派，或直接答复。")
        raise Refused("conflict", sentence % {"units": "、".join(caught)}, field="unit")
    note(act, reason)  # every reason is kept; the case shows the latest
    case.conflict_reason, case.superior_id = reason, above.id
    act.facts |= {"conflict": True, "superior": above.code}


def _clear_conflict(case: Case) -> None:
    """A case that is no longer in accused hands is no exception any more; its superior answers if it was escalated."""
    if not case.conflict_reason:
        return
    at_work = case.assignments.filter(state__in=codes.OPEN_WORK).values_list("unit_id", flat=True)
    if case.lead_id is None or any(_caught(case, unit_id) for unit_id in [*at_work, case.lead_id]):
        return
    case.conflict_reason, case.superior_id = "", None
    if case.supervision == codes.Slip.ESCALATED:
        above = supervision.answerable(case.lead_id, accused=case.accused_id)
        case.superior_id = above.id if above else None


def _caught(case: Case, unit_id: int) -> bool:
    return case.accused_id is not None and directory.answers_to(unit_id, of=case.accused_id)


def unit_of(code: str, field: str) -> UnitRef:
    """The unit with this code, at work today. Raises Refused when there is none."""
    try:
        found = directory.unit(code)
    except Absent:
        raise Refused("invalid", _("没有找到这个单位，请重新搜索并选择。"), field=field) from None
    if found.closed_on is not None:
        raise Refused("invalid", _("%(unit)s已经撤销，请选择承接它职责的单位。") % {"unit": found.name}, field=field)
    return found


def required(value: str, field: str, most: int) -> str:
    """The text cleaned, at most `most` characters. Raises Refused at `field` when nothing is written."""
    cleaned = text.clean(value, limit=most, field=field)
    if not cleaned:
        raise Refused("invalid", _("请写明具体内容。"), field=field)
    return cleaned
