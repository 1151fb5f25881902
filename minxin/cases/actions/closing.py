"""Review, publication, call-back, redo, ruled closing, appeals: how a case ends, and how it may begin again."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from minxin.cases.actions import timing
from minxin.cases.actions.centre import assign_lead, note, reach, required, tell, write
from minxin.cases.actions.following import Verdict, give
from minxin.cases.actions.moving import Act, moving
from minxin.cases.actions.supervision import lift
from minxin.cases.models import Appeal, Case, Money, PublicCase, Rating, Text, Visit
from minxin.cases.rules import codes, filing, overdue, quality
from minxin.directory import reports as directory
from minxin.directory.rules import SYSTEM, Officer
from minxin.kernel import clocks, text
from minxin.kernel.errors import Refused

REMARK = 500
OPINION = 10_000


def approve(ref: str, *, by: Officer) -> Case:
    """审核通过: the answer reaches the complainant, and those of every merged case, who each rate for themselves."""
    with moving("approve", ref, by=by) as act:
        newest = Text.objects.filter(case=act.case, words=codes.Words.ANSWER).order_by("-id").first()
        reach(act.case, newest)
        act.facts["text"] = newest.pk if newest else None
    return act.case


def send_back(ref: str, *, remark: str, by: Officer) -> Case:
    """退回重办 before anything is told: the lead unit goes on under the same answer clock."""
    with moving("send_back", ref, by=by) as act:
        note(act, remark)
        last = act.case.assignments.filter(part=codes.Part.LEAD, level=1).order_by("-id").first()
        if last is None:
            raise Refused("stage", _("此件没有主办单位。"))
        last.state, last.done_at = codes.Work.HANDLING, None
        last.save(update_fields=["state", "done_at"])
        act.case.holder = last
        timing.stop(act.case, codes.ClockCode.REVIEW)
        timing.start(act.case, codes.ClockCode.HANDLE, assignment=last)
        act.facts["unit"] = last.unit.code
    return act.case


def publish(ref: str, *, title: str, question: str, answer: str, by: Officer) -> Case:
    """公开, with the complainant's consent and after redaction: what these three texts say is what everybody reads.

    Raises Refused `personal` when a telephone, identity, account number or address is still in them.
    """
    title = required(title, "title", filing.TITLE)
    question, answer = required(question, "question", filing.TEXT), required(answer, "answer", OPINION)
    for field, value in (("title", title), ("question", question), ("answer", answer)):
        if left := quality.personal(value):
            sentence = _("里面还有个人信息（%(what)s），请隐去后再公开。")
            raise Refused("personal", sentence % {"what": "、".join(left)}, field=field)
    with moving("publish", ref, by=by) as act:
        case = act.case
        write(act, codes.Words.REDACTED, question)
        write(act, codes.Words.REDACTED_ANSWER, answer)
        case.published_at = clocks.now()
        _page(case, title, question, answer)
    return case


def unpublish(ref: str, *, reason: str, by: Officer) -> Case:
    """撤下公开; the reason stays with the case and the act on record."""
    with moving("unpublish", ref, by=by) as act:
        note(act, reason)
        act.case.published_at = None
        PublicCase.objects.filter(pk=act.case.pk).delete()
    return act.case


def call_back(
    ref: str,
    *,
    reached: bool,
    remark: str = "",
    satisfaction: int | None = None,
    contacted: bool = False,
    solved: bool = False,
    reasons: Sequence[str] = (),
    comment: str = "",
    by: Officer,
) -> Case:
    """登记回访: reached or not; a rating told by telephone counts, and is marked as told to the call-back desk."""
    with moving("call_back", ref, by=by) as act:
        remark = text.clean(remark, limit=REMARK, field="remark")
        Visit.objects.create(case=act.case, reached=reached, note=remark, at=clocks.now(), by_label=by.label)
        act.facts |= {"reached": reached, "satisfaction": satisfaction}
        if reached and satisfaction is not None:
            said = Verdict(satisfaction, contacted, solved, reasons, comment, by_visit=True)
            act.to = give(act.case, said)
    return act.case


def close_unrated(ref: str, *, by: Officer = SYSTEM) -> Case:
    """Nobody rated before the call-back clock ran out: closed, and counted as unrated."""
    with moving("close_unrated", ref, by=by) as act:
        timing.stop(act.case)
        act.case.closed_at = clocks.now()
    return act.case


def redo(ref: str, *, instruction: str, by: Officer) -> Case:
    """责成重办: a new round for the lead unit under a new answer clock; the head must sign. The third lifts it up."""
    with moving("redo", ref, by=by) as act:
        _again(act, required(instruction, "instruction", REMARK))
    return act.case


def rule_closing(ref: str, *, ruling: str, by: Officer) -> Case:
    """研判办结: the mandatory review finds the handling right; the complainant's rating stays, and both show."""
    with moving("rule_closing", ref, by=by) as act:
        tell(act.case, required(ruling, "ruling", 2_000), codes.Note.NOTICE, by=by)
        timing.stop(act.case)
        act.case.closed_at = clocks.now()
    return act.case


def decide_appeal(ref: str, *, decision: str, opinion: str, by: Officer) -> Case:
    """复查、复核意见, by the centre that the appeal went to: supported leads to a redo, otherwise the case closes."""
    if decision not in {codes.Decision.SUPPORTED, codes.Decision.EXPLAINED, codes.Decision.NOT_SUPPORTED}:
        raise Refused("invalid", _("请选择支持、解释说明或不支持。"), field="decision")
    with moving("decide_appeal", ref, by=by) as act:
        row = act.case.appeals.exclude(tier=codes.Tier.STARS).get(decision=codes.Decision.PENDING)
        _settle(row, codes.Decision(decision), opinion, by=by)
        tell(act.case, row.opinion, codes.Note.NOTICE, by=by)
        act.facts |= {"tier": row.tier, "decision": decision}
        timing.stop(act.case)
        if decision != codes.Decision.SUPPORTED:
            act.to = codes.Stage.CLOSED if act.case.answered_at else codes.Stage.DECLINED
            act.case.closed_at = clocks.now()
        elif act.case.lead_id is None:
            act.to = codes.Stage.ACCEPTED
            act.case.accepted_at, act.case.closed_at = clocks.now(), None
            timing.start_answer(act.case)
            timing.start(act.case, codes.ClockCode.DISPATCH)
        else:
            _again(act, row.opinion[:REMARK])
    return act.case


def appeal_stars(ref: str, *, reason: str, by: Officer) -> Case:
    """评星复议: the unit asks that a bad rating be looked at again, after speaking with the complainant once more."""
    with moving("appeal_stars", ref, by=by) as act:
        Appeal.objects.create(
            case=act.case,
            tier=codes.Tier.STARS,
            reason=required(reason, "reason", 1_000),
            at=clocks.now(),
            by_label=by.label,
            unit_id=act.case.centre_id,
        )
    return act.case


def decide_stars(ref: str, *, supported: bool, opinion: str, by: Officer) -> Case:
    """Supported: the rating leaves the counts but stays on record, struck with its ruling."""
    with moving("decide_stars", ref, by=by) as act:
        row = act.case.appeals.get(tier=codes.Tier.STARS, decision=codes.Decision.PENDING)
        _settle(row, codes.Decision.SUPPORTED if supported else codes.Decision.NOT_SUPPORTED, opinion, by=by)
        act.facts["supported"] = supported
        if supported:
            last = act.case.ratings.order_by("-round").values("pk")[:1]
            Rating.objects.filter(pk__in=last, struck_at__isnull=True).update(struck_at=clocks.now())
            act.case.final_rating = None
            PublicCase.objects.filter(pk=act.case.pk).update(rating=None)
    return act.case


def _again(act: Act, instruction: str) -> None:
    """A new round: for the lead unit, for the officers of a sealed report, or for the centre that answered itself."""
    case = act.case
    act.to = codes.Stage.HANDLING
    case.redos += 1
    case.answered_at = case.closed_at = None
    timing.stop(case)
    timing.start_answer(case)
    act.facts |= {"round": case.redos + 1}
    if case.lane == codes.Lane.SEALED:
        note(act, instruction)
    elif case.lead_id in {None, case.centre_id}:
        note(act, instruction)
        act.to, case.lead_id = codes.Stage.ACCEPTED, None
        timing.start(case, codes.ClockCode.DISPATCH)
    else:
        _again_at_unit(act, case.lead_id, instruction)
    timing.grade(case)
    if case.redos >= overdue.MOST_REDOS:
        lift(act, _("重办已达三次"))


def _again_at_unit(act: Act, lead_id: int, instruction: str) -> None:
    """The unit has the case at once: it knows it already and need not sign for it again."""
    row = assign_lead(act, directory.unit(lead_id), days=None, instruction=instruction)
    row.state, row.signed_at = codes.Work.HANDLING, clocks.now()
    row.save(update_fields=["state", "signed_at"])
    timing.stop(act.case, codes.ClockCode.SIGN, assignment=row)


def _settle(row: Appeal, decision: codes.Decision, opinion: str, *, by: Officer) -> None:
    row.decision, row.opinion = decision, required(opinion, "opinion", OPINION)
    row.decided_at, row.decided_by = clocks.now(), by.label
    row.save(update_fields=["decision", "opinion", "decided_at", "decided_by"])


def _page(case: Case, title: str, question: str, answer: str) -> None:
    unit = directory.unit(case.lead_id or case.centre_id)
    page = PublicCase(
        case_id=case.pk,
        kind=case.kind,
        region=case.region,
        category=case.category,
        unit_id=unit.id,
        unit_name=unit.name,
        title=title,
        question=question,
        answer=answer,
        finding=case.finding,
        resolution=case.resolution,
        stars=case.stars,
        rating=case.final_rating,
        money_fen=Money.returned(case.pk),
        filed_at=case.filed_at,
        answered_at=case.answered_at or clocks.now(),
        published_at=clocks.now(),
        search=text.vector(" ".join((title, question, answer, unit.name))),
    )
    page.save(force_insert=True)
