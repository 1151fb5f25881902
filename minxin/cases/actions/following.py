"""What the complainant does with the case: add, answer, urge, withdraw, rate, ask for redo and review."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from minxin.cases.actions import attaching, timing
from minxin.cases.actions.moving import following as bringing_about
from minxin.cases.actions.moving import moving
from minxin.cases.models import Appeal, Case, Message, PublicCase, Rating, SlipRow, Support
from minxin.cases.models.case import id_of
from minxin.cases.rules import codes, filing
from minxin.directory import reports as directory
from minxin.directory.rules import CITIZEN, SYSTEM, Officer
from minxin.kernel import clocks, sealing, text
from minxin.kernel.errors import Absent, Refused

WORDS = 2_000  # characters of one message
REASON = 1_000


def add(ref: str, *, code: str, body: str, uploads: Sequence[filing.Upload] = (), by: Officer = CITIZEN) -> Case:
    """More facts or files from the complainant, seen by whoever handles the case."""
    return _say("add", ref, code=code, body=body, note=codes.Note.SUPPLEMENT, uploads=uploads, by=by)


def supply(ref: str, *, code: str, body: str, uploads: Sequence[filing.Upload] = (), by: Officer = CITIZEN) -> Case:
    """The answer to a question put to the complainant; the clocks go on."""
    return _say("supply", ref, code=code, body=body, note=codes.Note.ANSWER, uploads=uploads, by=by)


def urge(ref: str, *, code: str, body: str = "", by: Officer = CITIZEN) -> Case:
    """The complainant urges (催办); the unit that holds the case gets it as a slip. Once a day."""
    with moving("urge", ref, by=by, code=code) as act:
        latest = SlipRow.objects.filter(case=act.case, slip=codes.Slip.URGE).order_by("-at").first()
        if latest and latest.at.astimezone(clocks.ZONE).date() == clocks.today():
            raise Refused("urged_today", _("您今天已经催办过，办理单位已收到。明天仍无进展，可以再次催办。"))
        unit_id = act.holder.unit_id if act.case.holder_id else act.case.centre_id
        reason = text.clean(body, limit=500, field="body") or _("反映人催办")
        SlipRow.objects.create(
            case=act.case, unit_id=unit_id, slip=codes.Slip.URGE, reason=reason, at=clocks.now(), by_label=by.label
        )
        act.facts["unit"] = directory.unit(unit_id).code
    return act.case


def withdraw(ref: str, *, code: str, reason: str = "", by: Officer = CITIZEN) -> Case:
    """The complainant takes the case back; all work on it ends."""
    with moving("withdraw", ref, by=by, code=code) as act:
        _message(act.case, reason or _("反映人撤回"), codes.Note.NOTICE)
        end_work(act.case)
    return act.case


def rate(
    ref: str,
    *,
    code: str,
    satisfaction: int,
    contacted: bool,
    solved: bool,
    reasons: Sequence[str] = (),
    comment: str = "",
    by: Officer = CITIZEN,
) -> Case:
    """The complainant's verdict. 1 or 2 stars lead to a mandatory review, otherwise the case closes.

    Raises Refused `reasons` when a bad mark gives no reason.
    """
    with moving("rate", ref, by=by, code=code) as act:
        act.to = give(act.case, Verdict(satisfaction, contacted, solved, reasons, comment))
        act.facts |= {"satisfaction": satisfaction, "contacted": contacted, "solved": solved, "reasons": list(reasons)}
    return act.case


def request_redo(ref: str, *, code: str, reason: str, by: Officer = CITIZEN) -> Case:
    """The complainant asks for a redo after closing; the centre must look at it again."""
    with moving("request_redo", ref, by=by, code=code) as act:
        _message(act.case, _required(reason, "reason"), codes.Note.REDO)
        act.case.closed_at = None
        timing.start(act.case, codes.ClockCode.BAD_MARK)
    return act.case


def request_review(ref: str, *, code: str, reason: str, by: Officer = CITIZEN) -> Case:
    """复查: the centre above looks at the answer or the refusal again (信访工作条例 35: 30 days each)."""
    return _appeal("request_review", ref, codes.Tier.REVIEW, codes.ClockCode.APPEAL, code=code, reason=reason, by=by)


def request_recheck(ref: str, *, code: str, reason: str, by: Officer = CITIZEN) -> Case:
    """复核: the last look, after which the same facts are not taken up again (信访工作条例 36)."""
    return _appeal("request_recheck", ref, codes.Tier.RECHECK, codes.ClockCode.RECHECK, code=code, reason=reason, by=by)


def support(ref: str, *, mark: str) -> int:
    """Somebody says "me too" of a public case; one voice per `mark`. The number of voices now."""
    case_id = id_of(ref)
    with transaction.atomic():
        page = PublicCase.objects.select_for_update().filter(pk=case_id).first()
        if page is None:
            raise Absent
        row = Support(case_id=case_id, mark=sealing.fingerprint(mark, "support"), at=clocks.now())
        Support.objects.bulk_create([row], ignore_conflicts=True)
        page.supports = Support.objects.filter(case_id=case_id).count()
        page.save(update_fields=["supports"])
    return page.supports


@dataclass(frozen=True)
class Verdict:
    """What the complainant says of an answer; `by_visit`: told to a call-back officer."""

    satisfaction: int
    contacted: bool
    solved: bool
    reasons: Sequence[str]
    comment: str
    by_visit: bool = False


def give(case: Case, verdict: Verdict) -> codes.Stage:
    """Store a rating inside the caller's move; where the case goes with it."""
    if verdict.satisfaction not in codes.Satisfaction.values:
        raise Refused("invalid", _("请在五档满意度中选择一档。"), field="satisfaction")
    unknown = set(verdict.reasons) - set(codes.BadReason.values)
    bad = verdict.satisfaction <= codes.Satisfaction.BAD
    if unknown or (bad and not verdict.reasons):
        raise Refused("reasons", _("请选择不满意的原因，可以选多项，这样复核时才知道问题在哪里。"), field="reasons")
    Rating.objects.create(
        case=case,
        round=case.redos + 1,
        contacted=verdict.contacted,
        solved=verdict.solved,
        satisfaction=verdict.satisfaction,
        reasons=list(dict.fromkeys(verdict.reasons)),
        comment=text.clean(verdict.comment, limit=REASON, field="comment"),
        by_visit=verdict.by_visit,
        at=clocks.now(),
    )
    case.first_rating = case.first_rating or verdict.satisfaction
    case.final_rating = verdict.satisfaction
    PublicCase.objects.filter(pk=case.pk).update(rating=verdict.satisfaction)
    timing.stop(case, codes.ClockCode.CALL_BACK)
    if bad:
        timing.start(case, codes.ClockCode.BAD_MARK)
        return codes.Stage.REASSESS
    case.closed_at = clocks.now()
    return codes.Stage.CLOSED


def stop_work(case: Case) -> None:
    """Everything that waits or runs on a case ends here: assignments, signatures, requests, clocks."""
    pending = {"decision": codes.Decision.PENDING}
    case.assignments.filter(state__in=codes.OPEN_WORK).update(state=codes.Work.CANCELLED, done_at=clocks.now())
    case.asked_extensions.filter(**pending).update(decision=codes.Decision.CANCELLED)
    case.signatures.filter(**pending).update(decision=codes.Decision.CANCELLED)
    timing.resume(case)
    timing.stop(case)
    case.holder_id = None


def end_work(case: Case) -> None:
    """The case ends without an answer: its work too, and what was merged under it goes on by itself."""
    stop_work(case)
    case.closed_at = clocks.now()
    for member in case.members.select_for_update().filter(stage=codes.Stage.MERGED):
        _release(member)


def _release(member: Case) -> None:
    """A merged case whose master ended without an answer takes up its own way again, under its old answer clock."""
    with bringing_about("release", member, by=SYSTEM) as act:
        member.master, member.closed_at = None, None
        timing.reopen_answer(member)
        if member.accepted_at:
            act.to = codes.Stage.ACCEPTED
            timing.start(member, codes.ClockCode.DISPATCH)
        else:
            timing.start(member, codes.ClockCode.ACCEPT)
        body = _("与您的反映合并办理的另一件已经结束，没有形成答复。您的反映恢复单独办理。")
        Message.objects.create(
            case=member, voice=codes.Voice.CENTRE, note=codes.Note.NOTICE, body=body, at=clocks.now()
        )


def _say(
    verb: str,
    ref: str,
    *,
    code: str,
    body: str,
    note: codes.Note,
    uploads: Sequence[filing.Upload],
    by: Officer,
) -> Case:
    kept = attaching.prepare(uploads)
    try:
        with moving(verb, ref, by=by, code=code) as act:
            _message(act.case, _required(body, "body"), note)
            attaching.keep(act.case.id, kept, from_citizen=True, by=by)
            act.facts["files"] = len(kept)
            if verb == "supply":
                timing.resume(act.case)
    except BaseException:
        attaching.discard(kept)
        raise
    return act.case


def _appeal(
    verb: str, ref: str, tier: codes.Tier, clock: codes.ClockCode, *, code: str, reason: str, by: Officer
) -> Case:
    with moving(verb, ref, by=by, code=code) as act:
        earlier = act.case.appeals.filter(tier=codes.Tier.REVIEW).values_list("unit_id", flat=True).first()
        judged = earlier or act.case.centre_id  # the second review goes above the first
        above = directory.superior(judged)
        Appeal.objects.create(
            case=act.case,
            tier=tier,
            reason=_required(reason, "reason"),
            at=clocks.now(),
            by_label=by.label,
            unit_id=above.id if above else judged,
        )
        act.case.closed_at = None
        timing.start(act.case, clock)
        act.facts["tier"] = tier
    return act.case


def _message(case: Case, body: str, note: codes.Note) -> None:
    body = text.clean(body, limit=WORDS, field="body")
    Message.objects.create(
        case=case, voice=codes.Voice.CITIZEN, note=note, body=body, by_label=_("反映人"), at=clocks.now()
    )


def _required(value: str, field: str) -> str:
    if not value.strip():
        raise Refused("invalid", _("请写明具体内容。"), field=field)
    return value
