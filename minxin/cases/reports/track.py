"""What the complainant sees with number and code: the track, the due dates and why, the answer, what he may do now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy

from minxin.cases.models import Attachment, Case, Clock, Message, Rating, Text, access, standing
from minxin.cases.models.case import id_of
from minxin.cases.models.timing import extensions_of, pauses_of
from minxin.cases.rules import codes, moves
from minxin.directory import reports as directory
from minxin.directory.rules import CITIZEN
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.errors import Absent, Refused
from minxin.kernel.statements import Kept
from minxin.ledger import reports as ledger


@dataclass(frozen=True)
class TrackStep:
    """One thing that happened, in the complainant's words."""

    at: datetime
    verb: str
    what: str
    unit: str


@dataclass(frozen=True)
class Due:
    """A clock that runs: what is due, when, with the explanation day by day."""

    code: codes.ClockCode
    label: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    late: bool
    paused: bool
    basis: str
    explanation: clocks.Deadline


@dataclass(frozen=True)
class File:
    """An attachment the complainant may fetch."""

    ref: str
    name: str
    size: int


@dataclass(frozen=True)
class Track:
    """The complainant's view of his case: never the internal report, never a name."""

    case: Case
    ref: str
    title: str
    text: str
    steps: Sequence[TrackStep]
    dues: Sequence[Due]
    messages: Sequence[Message]
    question: str
    answer: str
    answered_by: str
    rating: Rating | None
    files: Sequence[File]
    verbs: Sequence[str]
    respondent: str
    handler: str
    public_ref: str


# What each event is called on the track, `%(unit)s` being the unit concerned. Verbs that are not here are internal.
STEPS = {
    "file": gettext_lazy("已收到您的反映"),
    "ask_supplement": gettext_lazy("请您补充材料"),
    "supply": gettext_lazy("您回答了询问"),
    "add": gettext_lazy("您补充了情况"),
    "urge": gettext_lazy("您催办了此件"),
    "accept": gettext_lazy("已受理"),
    "decline": gettext_lazy("不予受理，理由和应走的途径见下方告知"),
    "answer_directly": gettext_lazy("已答复"),
    "merge": gettext_lazy("与反映同一问题的另一件合并办理，答复会同样送达您"),
    "fan_out": gettext_lazy("合并办理的答复已送达"),
    "dispatch": gettext_lazy("已分转%(unit)s办理"),
    "call_in": gettext_lazy("已请%(unit)s协助办理"),
    "give_back": gettext_lazy("%(unit)s提出退回"),
    "uphold_return": gettext_lazy("重新选择办理单位"),
    "overrule_return": gettext_lazy("仍由%(unit)s办理"),
    "refer_dispute": gettext_lazy("正在裁定由哪个单位办理"),
    "arbitrate": gettext_lazy("裁定由%(unit)s办理"),
    "sign_for": gettext_lazy("%(unit)s已签收，开始办理"),
    "pass_down": gettext_lazy("已下派%(unit)s办理"),
    "take_back": gettext_lazy("由%(unit)s收回自办"),
    "record_contact": gettext_lazy("办理单位与您联系"),
    "ask": gettext_lazy("办理单位请您补充情况，等待期间暂停计时"),
    "resume": gettext_lazy("恢复办理"),
    "request_extension": gettext_lazy("办理单位申请延期，等待批准"),
    "decide_extension": gettext_lazy("延期申请已有结果，见下方告知"),
    "submit": gettext_lazy("答复已写好，正在单位内部审签"),
    "countersign": gettext_lazy("答复审签通过一级"),
    "return_draft": gettext_lazy("答复退回修改"),
    "approve": gettext_lazy("答复已通过审核，请您评价"),
    "send_back": gettext_lazy("审核后退回重办"),
    "publish": gettext_lazy("经您同意，隐去个人信息后公开"),
    "unpublish": gettext_lazy("已撤下公开"),
    "rate": gettext_lazy("您已评价"),
    "call_back": gettext_lazy("网络中心回访"),
    "close_unrated": gettext_lazy("到期未评价，已办结"),
    "request_redo": gettext_lazy("您要求重办"),
    "redo": gettext_lazy("责成办理单位重新办理"),
    "rule_closing": gettext_lazy("复核后办结，意见见下方告知"),
    "request_review": gettext_lazy("您申请了复查"),
    "request_recheck": gettext_lazy("您申请了复核"),
    "decide_appeal": gettext_lazy("复查复核意见已作出"),
    "withdraw": gettext_lazy("您撤回了此件"),
    "escalate": gettext_lazy("上级单位开始督办"),
    "list_case": gettext_lazy("已挂牌督办"),
    "breach": gettext_lazy("办理超期，已督办并报上级单位"),
    "take_up": gettext_lazy("已开始核查"),
    "recompute": gettext_lazy("放假安排调整，期限已重新计算"),
}
_NO_UNIT = gettext_lazy("办理单位")
_SHOWN = (codes.ClockCode.ACCEPT, codes.ClockCode.ANSWER, codes.ClockCode.SUPPLEMENT, codes.ClockCode.CALL_BACK,
          codes.ClockCode.BAD_MARK, codes.ClockCode.APPEAL, codes.ClockCode.RECHECK)  # fmt: skip

# What the page asks of a case, kept planned: it is the page that everybody who has filed comes back to.
_MESSAGES = Kept(lambda case: Message.objects.filter(case_id=case).order_by("id"))
_RATINGS = Kept(lambda case: Rating.objects.filter(case_id=case).order_by("-round")[:1])
_CLOCKS = Kept(lambda case: Clock.objects.filter(case_id=case, code__in=_SHOWN).order_by("id"))
_ANSWERS = Kept(lambda case: Text.objects.filter(case_id=case, words=codes.Words.ANSWER).order_by("-id")[:1])
_FILES = Kept(
    lambda case: Attachment.objects.filter(Q(from_citizen=True) | Q(for_citizen=True), case_id=case).order_by("id")
)


def track(case: Case) -> Track:
    """At most 12 queries. `case` has been opened with its code by `opened`."""
    filing = case.filing
    words = _answer(case)
    messages = _MESSAGES(case.pk)
    now = clocks.now()
    situation = standing.situation(case, CITIZEN, now)
    question = next((m.body for m in reversed(messages) if m.note == codes.Note.QUESTION), "")
    waiting = case.stage in {codes.Stage.ASKING, codes.Stage.SUPPLEMENT}
    return Track(
        case=case,
        ref=case.ref,
        title=case.title,
        text=filing.text,
        steps=_steps(case),
        dues=dues(case),
        messages=messages,
        question=question if waiting else "",
        answer=words.body if words else "",
        answered_by=_name(words.unit_id) if words else "",
        rating=next(iter(_RATINGS(case.pk)), None),
        files=[File(f.ref, f.name, f.size) for f in _files(case)],
        verbs=moves.allowed(situation),
        respondent=_name(case.respondent_id) or filing.respondent_name,
        handler=_name(case.lead_id) if case.lane != codes.Lane.SEALED else "",
        public_ref=case.ref if case.published_at else "",
    )


def opened(ref: str, code: str) -> Case:
    """2 queries. The case behind number and code; Absent unless both fit."""
    try:
        case_id = id_of(ref)
    except Refused as refusal:
        raise Absent("absent", refusal.sentence) from refusal
    access.check(case_id, code)
    return Case.objects.get(pk=case_id)


def dues(case: Case) -> list[Due]:
    """1 query. The clocks that concern the complainant, newest of each kind, explained day by day."""
    newest = {clock.code: clock for clock in _CLOCKS(case.pk)}
    return [explain(newest[code]) for code in _SHOWN if code in newest]


def explain(clock: Clock) -> Due:
    """No query but the calendar's. A stored clock with its day-by-day explanation."""
    limit = clocks.Limit(clock.amount, clocks.Unit(clock.unit))
    deadline = clocks.deadline(
        clock.started_at,
        limit,
        kernel.calendar(clock.region),
        pauses=pauses_of(clock),
        extensions=extensions_of(clock),
        now=clocks.now(),
    )
    end = clock.stopped_at or clocks.now()
    code = codes.ClockCode(clock.code)
    return Due(
        code, str(code.label), clock.started_at, clock.due_at, clock.stopped_at, end > clock.due_at, clock.paused,
        clock.basis, deadline,
    )  # fmt: skip


def _steps(case: Case) -> list[TrackStep]:
    found = []
    for event in ledger.history(case.ref):
        if event.verb not in STEPS:
            continue
        code = event.facts.get("unit")
        unit = _unit_name(code) if case.lane != codes.Lane.SEALED else ""
        words = str(STEPS[event.verb])
        found.append(
            TrackStep(event.at, event.verb, words % {"unit": unit or _NO_UNIT} if "%" in words else words, unit)
        )
    return found


def _unit_name(code: object) -> str:
    try:
        return directory.unit(code).name if isinstance(code, str | int) else ""
    except Absent:
        return ""


def _name(unit_id: int | None) -> str:
    return _unit_name(unit_id) if unit_id else ""


def _answer(case: Case) -> Text | None:
    """The answer is the complainant's once it has been approved, not before."""
    if case.answered_at is None:
        return None
    return next(iter(_ANSWERS(case.pk)), None)


def _files(case: Case) -> list[Attachment]:
    return [file for file in _FILES(case.pk) if file.from_citizen or case.answered_at]
