"""What the desk shows of a case: the queues of each duty, the lamp by the time left, what is asked next. Pure."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from minxin.cases.rules import catalogue, codes
from minxin.cases.rules.codes import ClockCode, Slip, Stage
from minxin.cases.rules.moves import MOVES, NEEDS, Situation, Stand
from minxin.directory.rules import CENTRE, Officer, Role
from minxin.kernel import clocks, text

CHIEFS = (Role.LEADER, Role.HEAD)
SIGNERS = (Role.SECTION, Role.LEADER, Role.HEAD)
UNIT = (Role.CLERK, Role.SECTION, Role.LEADER, Role.HEAD, Role.DISCIPLINE)
ENTERING = tuple(sorted(CENTRE))
OVERSEEING = (Role.SUPERVISOR, Role.DISPATCHER, Role.OBSERVER)
SUPERVISING = (Role.SUPERVISOR, Role.DISPATCHER)
AMBER = timedelta(hours=48)  # a lamp turns amber when so little is left
TO_ANSWER = (Slip.URGE, Slip.BLUE, Slip.YELLOW, Slip.RED, Slip.LISTED)  # slips that a unit has to answer
AGAIN = timedelta(minutes=10)  # reading on within this time is the same reading; an opened identity closes after it
CAP = 99  # a queue is counted no further: 99+


_OURS = gettext_lazy("本单位")


@dataclass(frozen=True)
class Queue:
    """One pile of work: who has it, what is asked there, and from which rows it is read."""

    code: str
    label: Promise
    roles: tuple[Role, ...]
    source: str  # how `reports.desk` finds its rows
    ask: str  # the verb asked for, where the case itself does not tell more
    stages: tuple[Stage, ...] = ()
    clock: ClockCode | None = None  # the clock whose due moment the row shows; None: that of the assignment or answer
    group: Promise = _OURS
    waits: Promise | str = ""  # said instead of a verb where nothing is asked but patience


_CENTRE = gettext_lazy("网络中心")
_MINE = gettext_lazy("等我签发")
_SEALED = gettext_lazy("密封举报")
_ABOVE = gettext_lazy("上级职责")
_PATIENCE = gettext_lazy("等待反映人补充")

# In the order of the pane: what waits for a signature first, then the centre's way in, then the unit's work.
QUEUES: tuple[Queue, ...] = (
    Queue("sign", gettext_lazy("待我审签"), SIGNERS, "signature", "countersign", group=_MINE),
    Queue("sealed", gettext_lazy("密封举报"), (Role.DISCIPLINE,), "sealed", "take_up", group=_SEALED),
    Queue(
        "accept", gettext_lazy("待受理"), (Role.EDITOR,), "centre", "accept", (Stage.FILED,), ClockCode.ACCEPT, _CENTRE
    ),
    Queue(
        "supplement",
        gettext_lazy("等待补充"),
        (Role.EDITOR,),
        "centre",
        "ask_supplement",
        (Stage.SUPPLEMENT,),
        ClockCode.SUPPLEMENT,
        _CENTRE,
        waits=_PATIENCE,
    ),
    Queue(
        "dispatch",
        gettext_lazy("待摘编分转"),
        (Role.EDITOR, Role.DISPATCHER),
        "centre",
        "dispatch",
        (Stage.ACCEPTED,),
        ClockCode.DISPATCH,
        _CENTRE,
    ),
    Queue(
        "triage",
        gettext_lazy("无匹配待分"),
        (Role.DISPATCHER,),
        "triage",
        "classify",
        (Stage.ACCEPTED,),
        ClockCode.DISPATCH,
        _CENTRE,
    ),
    Queue(
        "returned",
        gettext_lazy("退回待审"),
        (Role.DISPATCHER,),
        "centre",
        "uphold_return",
        (Stage.RETURNED,),
        ClockCode.DISPATCH,
        _CENTRE,
    ),
    Queue(
        "disputed", gettext_lazy("待裁定"), (Role.ARBITRATOR,), "centre", "arbitrate", (Stage.DISPUTED,), None, _CENTRE
    ),
    Queue(
        "review",
        gettext_lazy("待审核"),
        (Role.REVIEWER,),
        "centre",
        "approve",
        (Stage.REVIEW,),
        ClockCode.REVIEW,
        _CENTRE,
    ),
    Queue(
        "call_back",
        gettext_lazy("待回访"),
        (Role.VISITOR,),
        "centre",
        "call_back",
        (Stage.RATING,),
        ClockCode.CALL_BACK,
        _CENTRE,
    ),
    Queue(
        "reassess",
        gettext_lazy("不满意复核"),
        (Role.REVIEWER, Role.SUPERVISOR),
        "centre",
        "redo",
        (Stage.REASSESS,),
        ClockCode.BAD_MARK,
        _CENTRE,
    ),
    Queue(
        "appeal",
        gettext_lazy("复查复核"),
        (Role.REVIEWER, Role.SUPERVISOR),
        "appeal",
        "decide_appeal",
        (Stage.APPEAL,),
        ClockCode.APPEAL,
        _CENTRE,
    ),
    Queue(
        "stars", gettext_lazy("评星复议"), (Role.SUPERVISOR, Role.ARBITRATOR), "stars", "decide_stars", group=_CENTRE
    ),
    Queue("extension", gettext_lazy("延期待批"), SUPERVISING, "extension", "decide_extension", group=_CENTRE),
    Queue("to_sign", gettext_lazy("待签收"), UNIT, "unit", "sign_for", clock=ClockCode.SIGN),
    Queue("handling", gettext_lazy("办理中"), UNIT, "unit", "submit"),
    Queue("asking", gettext_lazy("等待补充"), UNIT, "unit", "resume", clock=ClockCode.SUPPLEMENT, waits=_PATIENCE),
    Queue("signing", gettext_lazy("审签中"), UNIT, "unit", "countersign", waits=gettext_lazy("等待审签")),
    Queue("assist", gettext_lazy("协办"), UNIT, "unit", "opine"),
    Queue("slips", gettext_lazy("督办待回复"), UNIT, "slip", "answer_slip"),
    Queue(
        "below", gettext_lazy("下派给下级的"), UNIT, "unit", "remind", group=_ABOVE, waits=gettext_lazy("下级办理中")
    ),
    Queue("grant", gettext_lazy("下级延期待批"), CHIEFS, "grant", "decide_extension", group=_ABOVE),
)
BY_CODE = {queue.code: queue for queue in QUEUES}


@dataclass(frozen=True)
class Nav:
    """Which of the desk's other pages an officer's duties open."""

    enter: bool
    supervision: bool
    minute: bool
    catalogue: bool


def nav(officer: Officer) -> Nav:
    """The doors beside the list."""
    return Nav(officer.has(*ENTERING), officer.has(*OVERSEEING), officer.has(*CHIEFS), officer.has(*catalogue.READERS))


def queues_of(officer: Officer) -> list[Queue]:
    """The piles this officer's duties bring, in the order of the pane."""
    return [queue for queue in QUEUES if officer.has(*queue.roles)]


@dataclass(frozen=True)
class Lamp:
    """A signal: green, amber, red or grey, and the words that say the same."""

    colour: str
    words: str


def lamp(*, stage: str, due_at: datetime | None, now: datetime, language: str | None = None) -> Lamp:
    """By the time left: red late, amber within 48 hours, else green; grey while the clock stands still or is done.

    `language` is the reader's, for those who know it already: a list has fifty.
    """
    if stage in _DONE:
        return Lamp("grey", str(Stage(stage).label))
    if stage in _PAUSED:
        return Lamp("grey", _("暂停计时"))
    if due_at is None:
        return Lamp("grey", _("未计时"))
    left = due_at - now
    if left < _NOTHING:
        return _lit("red", *_in_units(-left), language or get_language())
    return _lit("amber" if left <= AMBER else "green", *_in_units(left), language or get_language())


_DONE = frozenset({Stage.CLOSED, Stage.DECLINED, Stage.WITHDRAWN, Stage.MERGED})
_PAUSED = frozenset({Stage.ASKING, Stage.SUPPLEMENT})
_NOTHING = timedelta(0)


@lru_cache(maxsize=2048)
def _lit(colour: str, number: int, unit: str, _language: str | None) -> Lamp:
    """Said once: many rows of a list have as many days left."""
    words = _("超期 %(time)s") if colour == "red" else _("还剩 %(time)s")
    return Lamp(colour, words % {"time": _said(number, unit)})


def stage_label(stage: str) -> str:
    """Where a case is, in the words of those who handle it."""
    return _stage_label(stage, get_language())


def kind_label(kind: str) -> str:
    """What a case is: 投诉, 举报, 咨询 …"""
    return _kind_label(kind, get_language())


def verb_label(verb: str) -> str:
    """The words on a verb's button."""
    return _verb_label(verb, get_language())


@lru_cache(maxsize=128)
def _stage_label(stage: str, _language: str | None) -> str:
    return str(_PATIENCE if stage in _PAUSED else Stage(stage).label)


@lru_cache(maxsize=64)
def _kind_label(kind: str, _language: str | None) -> str:
    return str(codes.Kind(kind).label)


@lru_cache(maxsize=512)
def _verb_label(verb: str, _language: str | None) -> str:
    return str(MOVES[verb].label)


def span(length: timedelta) -> str:
    """A length of time in its largest whole unit: 3 天, 5 小时, 20 分钟."""
    return _said(*_in_units(length))


def _in_units(length: timedelta) -> tuple[int, str]:
    minutes = int(length.total_seconds()) // 60
    if minutes >= 48 * 60:
        return minutes // 1440, "day"
    return (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")


def _said(number: int, unit: str) -> str:
    if unit == "day":
        return ngettext("%(n)d 天", "%(n)d 天", number) % {"n": number}
    if unit == "hour":
        return ngettext("%(n)d 小时", "%(n)d 小时", number) % {"n": number}
    return ngettext("%(n)d 分钟", "%(n)d 分钟", number) % {"n": number}


@dataclass(frozen=True)
class Done:
    """What a unit has already done on a case it handles."""

    anonymous: bool
    contacted: bool
    found: bool
    answered: bool
    reported: bool


def next_step(done: Done) -> str:
    """The verb a handling unit owes next: contact, finding, answer, report, then submission."""
    if not done.contacted and not done.anonymous:
        return "record_contact"
    for met, verb in ((done.found, "find"), (done.answered, "write_answer"), (done.reported, "write_report")):
        if not met:
            return verb
    return "submit"


def assisting_step(work: str) -> str:
    """The verb an assisting unit owes next: it signs for its part, then gives its opinion."""
    return "sign_assist" if work == codes.Work.TO_SIGN else "opine"


def first(owed: str, verbs: Sequence[str]) -> list[str]:
    """The verbs with what is owed next in front, where it is allowed."""
    return sorted(verbs, key=lambda verb: verb != owed)


def blocked(situation: Situation) -> list[str]:
    """Why the way on is not open yet, for those who will go it: one sentence for every unmet need."""
    found: list[str] = []
    for verb in ("submit", "dispatch"):
        move = MOVES[verb]
        if situation.stage in move.to and move.by & situation.stands and situation.lane != codes.Lane.SEALED:
            found += [str(NEEDS[need]) for need in move.needs if need not in situation.holds]
    return found


def short_due(moment: datetime) -> str:
    """A due moment in a row: 11月5日; midnight is the end of the day before."""
    last = moment.astimezone(clocks.ZONE) - timedelta(microseconds=1)
    return _month_day(last.month, last.day, get_language())


@lru_cache(maxsize=1024)
def _month_day(month: int, day: int, _language: str | None) -> str:
    return _("%(month)d月%(day)d日") % {"month": month, "day": day}


def masked(value: str) -> str:
    """The text with phones, identity numbers, bank cards and mail addresses starred out: a draft for publication."""
    pieces, at = [], 0
    for hit in text.pii(value):
        pieces += [value[at : hit.start], hit.masked]
        at = hit.end
    return "".join([*pieces, value[at:]])


CENTRE_STANDS = frozenset(
    {Stand.EDITOR, Stand.DISPATCHER, Stand.REVIEWER, Stand.SUPERVISOR, Stand.VISITOR, Stand.ARBITRATOR}
)
UNIT_STANDS = frozenset({Stand.CLERK, Stand.SECTION, Stand.LEADER, Stand.HEAD})


def may_read_original(stands: AbstractSet[Stand], *, shares: bool) -> bool:
    """The centre, the named discipline officers, and the handling unit when the complainant shares his identity."""
    if stands & CENTRE_STANDS or Stand.DISCIPLINE in stands:
        return True
    return shares and bool(stands & UNIT_STANDS)


def may_know(stands: AbstractSet[Stand], *, anonymous: bool, shares: bool) -> bool:
    """Who may open the complainant's identity: the readers of the original, when there is one to open."""
    return not anonymous and may_read_original(stands, shares=shares)


def audience(words: str) -> str:
    """Who may read one of a case's texts, as a sentence part beside it."""
    return str(_AUDIENCES.get(codes.Words(words), ""))


_AUDIENCES: dict[codes.Words, Promise] = {
    codes.Words.ORIGINAL: gettext_lazy("仅网络中心可见；反映人同意时办理单位可见"),
    codes.Words.DIGEST: gettext_lazy("办理单位和网络中心可见"),
    codes.Words.REPORT: gettext_lazy("仅内部可见，不对外"),
    codes.Words.ANSWER: gettext_lazy("审核通过后反映人可见"),
    codes.Words.OPINION: gettext_lazy("仅内部可见"),
    codes.Words.REMARK: gettext_lazy("仅内部可见"),
    codes.Words.REDACTED: gettext_lazy("所有人可见"),
    codes.Words.REDACTED_ANSWER: gettext_lazy("所有人可见"),
}


def similar_enough(pairs: Sequence[tuple[str, float]], *, least: float = 0.3, most: int = 5) -> list[tuple[str, float]]:
    """The likest first, those too unlike left out."""
    return sorted((pair for pair in pairs if pair[1] >= least), key=lambda pair: -pair[1])[:most]
