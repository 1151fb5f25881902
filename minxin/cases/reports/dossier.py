"""One case as its file, read from the top: what it is about, its clocks, who and where, what happened, what came of it.

Who sees what is decided here, once, by `rules.desk.may_read_original` and `rules.desk.may_know`.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.cases.models import (
    Appeal,
    Assignment,
    Attachment,
    Case,
    Clock,
    Contact,
    Extension,
    Filing,
    Measure,
    Message,
    Money,
    Rating,
    Reading,
    RuleChange,
    Signature,
    SlipRow,
    Text,
    Visit,
    standing,
)
from minxin.cases.models.timing import pauses_of
from minxin.cases.reports import catalogue, others, suggestion, track
from minxin.cases.rules import codes, desk, moves, quality
from minxin.cases.rules.desk import Lamp
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.kernel import clocks, sealing
from minxin.kernel import reports as kernel
from minxin.kernel.errors import Absent
from minxin.ledger import reports as ledger
from minxin.ledger.reports import Event

EARLIER = 20  # answers of the same unit that a new one is compared with
_JUDGING = {"write_answer", "submit", "countersign", "approve", "publish"}  # verbs before which an answer is looked at
_ROUTING = {"classify", "dispatch", "arbitrate"}  # verbs that the catalogue's suggestion helps with


@dataclass(frozen=True)
class ClockBar:
    """A clock with how much of it is used: `used` of `total` in working days, calendar days or hours."""

    due: track.Due
    used: int
    total: int
    measure: str
    lamp: Lamp
    unit: str = ""  # whose, where a clock belongs to one unit


@dataclass(frozen=True)
class Identity:
    """Who filed, unsealed for a reader who has just opened it."""

    name: str
    phone: str
    email: str


@dataclass(frozen=True)
class Original:
    """What the filer wrote, for those who may read it."""

    title: str
    text: str
    wanted: str
    place: str
    respondent_name: str
    about: str = ""  # the published figure or payment it is about, in words with its reference
    digest: str = ""  # of that figure as it stood then


@dataclass(frozen=True)
class Words:
    """The newest version of one text, with its readers and how many versions there are."""

    code: str
    label: str
    audience: str
    body: str
    unit: str
    by: str
    at: datetime
    versions: int


@dataclass(frozen=True)
class Happening:
    """One line of the timeline: a recorded act, in words."""

    at: datetime
    seq: int
    what: str
    by: str
    detail: str
    unit: str


@dataclass(frozen=True)
class Part:
    """One unit's work on the case."""

    unit: str
    code: str
    part: str
    level: int
    state: str
    due_at: datetime
    lamp: Lamp | None
    instruction: str
    dissents: bool
    here: bool


@dataclass(frozen=True)
class Chain:
    """One submission's countersign chain."""

    unit: str
    draft: int
    steps: Sequence[Signature]


@dataclass(frozen=True)
class Talk:
    """What was said with the complainant: through the relay, by the unit's contacts, by call-backs."""

    messages: Sequence[Message]
    contacts: Sequence[Contact]
    visits: Sequence[Visit]

    def __bool__(self) -> bool:
        return bool(self.messages or self.contacts or self.visits)


@dataclass(frozen=True)
class Outcome:
    """What came of it: money, accountability, rules changed, ratings and appeals."""

    money: Sequence[Money]
    returned_fen: int
    measures: Sequence[Measure]
    rule_changes: Sequence[RuleChange]
    ratings: Sequence[Rating]
    appeals: Sequence[Appeal]

    def __bool__(self) -> bool:
        return bool(self.money or self.measures or self.rule_changes or self.ratings)


@dataclass(frozen=True)
class Dossier:
    """A case as one officer may read it, and the verbs he may use now, the primary one first."""

    case: Case
    ref: str
    title: str
    kind: str
    stage: str
    marks: Sequence[str]
    lamp: Lamp
    category: str
    region: str
    stands: frozenset[moves.Stand]
    verbs: Sequence[str]
    owed: str
    blocked: Sequence[str]
    clocks: Sequence[ClockBar]
    past_clocks: Sequence[ClockBar]
    original: Original | None
    identity: Identity | None
    may_open_identity: bool
    respondent: UnitRef | None
    lead: UnitRef | None
    centre: UnitRef
    superior: UnitRef | None
    parts: Sequence[Part]
    timeline: Sequence[Happening]
    readings: Sequence[Reading]
    words: dict[str, Words]
    notes: Sequence[Text]
    talk: Talk
    attachments: Sequence[Attachment]
    chains: Sequence[Chain]
    extensions: Sequence[Extension]
    slips: Sequence[SlipRow]
    open_slips: Sequence[SlipRow]
    outcome: Outcome
    master: others.Other | None
    members: Sequence[others.Other]
    repeats: Sequence[others.Other]
    alike: Sequence[others.Other]
    weaknesses: Sequence[str]
    personal: Sequence[str]
    suggestion: suggestion.Suggestion | None

    @property
    def digest(self) -> str:
        """The centre's digest, empty before it is written."""
        found = self.words.get(codes.Words.DIGEST)
        return found.body if found else ""

    @property
    def answer(self) -> str:
        """The newest public answer, draft or final."""
        found = self.words.get(codes.Words.ANSWER)
        return found.body if found else ""

    @property
    def report(self) -> str:
        """The newest internal report."""
        found = self.words.get(codes.Words.REPORT)
        return found.body if found else ""

    @property
    def remarks(self) -> Sequence[Text]:
        """Internal remarks, newest first."""
        return [row for row in self.notes if row.words == codes.Words.REMARK]

    @property
    def opinions(self) -> Sequence[Text]:
        """Opinions of assisting units, newest first."""
        return [row for row in self.notes if row.words == codes.Words.OPINION]

    @property
    def texts(self) -> Sequence[Words]:
        """Report, answer and what was published, in the order they are written."""
        order = (codes.Words.REPORT, codes.Words.ANSWER, codes.Words.REDACTED, codes.Words.REDACTED_ANSWER)
        return [self.words[code] for code in order if code in self.words]

    @property
    def over_shown(self) -> bool:
        """Whether there is anything that came of it to show."""
        return bool(self.case.finding or self.case.resolution or self.outcome)


def dossier(case: Case, officer: Officer) -> Dossier:
    """At most 34 queries, however long its history. `case` has been opened by `actions.reading.read`."""
    now = clocks.now()
    situation = standing.situation(case, officer, now)
    filing = Filing.objects.get(pk=case.pk)
    original = desk.may_read_original(situation.stands, shares=case.shares_identity)
    nobody = case.anonymous or filing.identity is None
    may_know = desk.may_know(situation.stands, anonymous=nobody, shares=case.shares_identity)
    texts = list(Text.objects.filter(case=case).select_related("unit").order_by("-id"))
    words = _words(texts, original=original)
    parts = list(case.assignments.select_related("unit").order_by("id"))
    owed = _owed(case, words) if situation.stands & desk.UNIT_STANDS else _owed_beside(parts, officer)
    slips = list(SlipRow.objects.filter(case=case).select_related("unit").order_by("-id"))
    to_answer = [row for row in slips if row.answered_at is None]
    verbs = desk.first(owed, [verb for verb in moves.allowed(situation) if verb not in _idle(owed, to_answer)])
    bars = _bars(case, parts, now)
    judged = words[codes.Words.ANSWER].body if codes.Words.ANSWER in words and _JUDGING & set(verbs) else ""
    return Dossier(
        case=case,
        ref=case.ref,
        title=case.shown_title if original or case.digest_title else _("（待摘编）"),
        kind=str(codes.Kind(case.kind).label),
        stage=desk.stage_label(case.stage),
        marks=_marks(case),
        lamp=desk.lamp(stage=case.stage, due_at=_shown_due(case), now=now),
        category=catalogue.name(case.category),
        region=directory.region_name(case.region),
        stands=situation.stands,
        verbs=verbs,
        owed=owed,
        blocked=desk.blocked(situation),
        clocks=[bar for bar in bars if bar.due.stopped_at is None],
        past_clocks=[bar for bar in bars if bar.due.stopped_at is not None],
        original=_original(case, filing) if original else None,
        identity=_identity(case, filing) if may_know and _opened(case, officer, now) else None,
        may_open_identity=may_know,
        respondent=_unit(case.respondent_id),
        lead=_unit(case.lead_id),
        centre=directory.unit(case.centre_id),
        superior=_unit(case.superior_id),
        parts=[_part(row, case, now) for row in parts],
        timeline=[_happening(event) for event in reversed(ledger.history(case.ref))],
        readings=list(Reading.objects.filter(case_id=case.pk).order_by("-at")[:50]),
        words=words,
        notes=[row for row in texts if row.words in {codes.Words.REMARK, codes.Words.OPINION}],
        talk=_talk(case),
        attachments=files(case, original=original),
        chains=_chains(case),
        extensions=list(Extension.objects.filter(case=case).order_by("id")),
        slips=slips,
        open_slips=to_answer,
        outcome=_outcome(case),
        master=others.master(case, officer),
        members=others.others(case.members.all(), officer) if case.lane != codes.Lane.SEALED else [],
        repeats=others.repeats(case, filing, officer) if situation.stands & desk.CENTRE_STANDS else [],
        alike=others.alike(case, officer) if "merge" in verbs else [],
        weaknesses=weaknesses(case, judged) if judged else [],
        personal=quality.personal(judged),
        suggestion=suggestion.suggest(case, officer) if _ROUTING & set(verbs) else None,
    )


def _talk(case: Case) -> Talk:
    """3 queries."""
    return Talk(
        list(Message.objects.filter(case=case).order_by("id")),
        list(Contact.objects.filter(case=case).select_related("unit").order_by("id")),
        list(Visit.objects.filter(case=case).order_by("id")),
    )


def _outcome(case: Case) -> Outcome:
    """5 queries."""
    money = list(Money.objects.filter(case=case).select_related("unit", "payer").order_by("id"))
    return Outcome(
        money,
        sum(row.amount_fen for row in money if row.kind in codes.TO_PEOPLE),
        list(Measure.objects.filter(case=case).select_related("unit").order_by("id")),
        list(RuleChange.objects.filter(case=case).select_related("unit").order_by("id")),
        list(Rating.objects.filter(case=case).order_by("round")),
        list(Appeal.objects.filter(case=case).select_related("unit").order_by("id")),
    )


def files(case: Case, *, original: bool) -> list[Attachment]:
    """1 query. What staff may fetch: the units' own files; the complainant's only for readers of the original."""
    rows = Attachment.objects.filter(case=case).order_by("id")
    return list(rows if original else rows.filter(from_citizen=False))


def attachment(case: Case, officer: Officer, ref: str) -> Attachment:
    """2 or 3 queries. One attachment of a case this officer has opened; Absent when it is not his to read."""
    stands = standing.stands(case, officer, list(case.assignments.all()))
    original = desk.may_read_original(stands, shares=case.shares_identity)
    found = next((row for row in files(case, original=original) if row.ref == ref), None)
    if found is None:
        raise Absent
    return found


def weaknesses(case: Case, answer: str) -> list[str]:
    """1 query. What is weak about an answer, compared with the latest ones of the same unit."""
    newest = Case.objects.filter(lead_id=case.lead_id).exclude(pk=case.pk).order_by("-id").values("pk")[:EARLIER]
    earlier = Text.objects.filter(case__in=list(newest.values_list("pk", flat=True)), words=codes.Words.ANSWER)
    return quality.weaknesses(answer, earlier=earlier.values_list("body", flat=True)[: 2 * EARLIER])


def _idle(owed: str, to_answer: Sequence[SlipRow]) -> set[str]:
    """Verbs that the table allows and nothing calls for: no slip to answer, the assistance signed for already."""
    return ({"sign_assist"} - {owed}) | (set() if to_answer else {"answer_slip"})


def _owed(case: Case, words: dict[str, Words]) -> str:
    """What the handling unit owes next; nothing outside handling."""
    if case.stage != codes.Stage.HANDLING:
        return ""
    found, contacted = bool(case.resolution), case.contacted_at is not None
    answered, reported = codes.Words.ANSWER in words, codes.Words.REPORT in words
    return desk.next_step(desk.Done(case.anonymous, contacted, found, answered, reported))


def _owed_beside(parts: Sequence[Assignment], officer: Officer) -> str:
    """What an assisting unit owes next; nothing once its opinion is in."""
    units, assist = officer.unit_ids(), codes.Part.ASSIST
    mine = [row.state for row in parts if row.part == assist and row.unit_id in units and row.state in codes.OPEN_WORK]
    return desk.assisting_step(mine[0]) if mine else ""


def _unit(unit_id: int | None) -> UnitRef | None:
    return directory.unit(unit_id) if unit_id else None


def _shown_due(case: Case) -> datetime | None:
    return None if case.stage in {codes.Stage.RATING, codes.Stage.REASSESS, codes.Stage.APPEAL} else case.due_at


def _marks(case: Case) -> list[str]:
    found = [str(codes.Channel(case.channel).label)]
    if case.urgency != codes.Urgency.NORMAL:
        found.append(str(codes.Urgency(case.urgency).label))
    if case.lane != codes.Lane.OPEN:
        found.append(str(codes.Lane(case.lane).label))
    if case.anonymous:
        found.append(_("匿名"))
    if case.supervision:
        found.append(str(codes.Slip(case.supervision).label))
    if case.redos:
        found.append(_("重办 %(n)d 次") % {"n": case.redos})
    if case.extensions:
        found.append(_("延期 %(n)d 次") % {"n": case.extensions})
    if case.published_at:
        found.append(_("已公开"))
    return found


def _original(case: Case, filing: Filing) -> Original:
    about = (filing.about_ref, filing.about_digest)
    return Original(case.title, filing.text, filing.wanted, filing.place, filing.respondent_name, *about)


def _opened(case: Case, officer: Officer, now: datetime) -> bool:
    rows = Reading.objects.filter(case_id=case.pk, person_id=officer.id or 0, what="identity", at__gt=now - desk.AGAIN)
    return rows.exists()


def _identity(case: Case, filing: Filing) -> Identity:
    plain = json.loads(sealing.unseal(bytes(filing.key or b""), bytes(filing.identity or b""), f"{case.ref} identity"))
    return Identity(plain["name"], plain["phone"], plain["email"])


# --- clocks

_MEASURES: dict[str, Promise] = {
    clocks.Unit.HOUR: gettext_lazy("小时"),
    clocks.Unit.WORKING_DAY: gettext_lazy("个工作日"),
    clocks.Unit.CALENDAR_DAY: gettext_lazy("天"),
}


def _bars(case: Case, parts: Sequence[Assignment], now: datetime) -> list[ClockBar]:
    """1 query. Every clock of the case, the answer first, then as they began."""
    rows = list(Clock.objects.filter(case_id=case.pk).order_by("id"))
    rows.sort(key=lambda clock: clock.code != codes.ClockCode.ANSWER)
    units = {part.pk: part.unit.short_name or part.unit.name for part in parts}
    return [_bar(clock, units.get(clock.assignment_id or 0, ""), now) for clock in rows]


def _bar(clock: Clock, unit_name: str, now: datetime) -> ClockBar:
    unit, end = clocks.Unit(clock.unit), clock.stopped_at or now
    calendar = kernel.calendar(clock.region)
    used = clocks.elapsed(clock.started_at, end, unit, calendar, pauses=pauses_of(clock), now=now)
    total = clock.amount + sum(clock.extended)
    lamp = desk.lamp(stage="", due_at=clock.due_at, now=end)
    if clock.paused:
        lamp = Lamp("grey", _("暂停计时"))
    elif clock.stopped_at:
        lamp = Lamp("red", lamp.words) if end > clock.due_at else Lamp("green", _("按时"))
    return ClockBar(track.explain(clock), used, total, str(_MEASURES[unit]), lamp, unit_name)


# --- words, units, signatures


def _words(rows: Iterable[Text], *, original: bool) -> dict[str, Words]:
    """The newest of each single text; `rows` newest first."""
    shown: dict[str, Words] = {}
    for row in rows:
        code = codes.Words(row.words)
        if code in {codes.Words.REMARK, codes.Words.OPINION} or (code == codes.Words.ORIGINAL and not original):
            continue
        if code in shown:
            before = shown[code]
            shown[code] = Words(**(vars(before) | {"versions": before.versions + 1}))
        else:
            shown[code] = Words(
                code, str(code.label), desk.audience(code), row.body, row.unit.name, row.by_label, row.at, 1,
            )  # fmt: skip
    return shown


def _part(row: Assignment, case: Case, now: datetime) -> Part:
    done = row.state not in codes.OPEN_WORK
    return Part(
        unit=row.unit.name,
        code=row.unit.code,
        part=str(codes.Part(row.part).label),
        level=row.level,
        state=str(codes.Work(row.state).label),
        due_at=row.due_at,
        lamp=None if done else desk.lamp(stage=case.stage, due_at=row.due_at, now=now),
        instruction=row.instruction,
        dissents=row.dissents,
        here=row.pk == case.holder_id,
    )


def _chains(case: Case) -> list[Chain]:
    """1 query. Every submission's chain, newest first."""
    rows = Signature.objects.filter(case=case).select_related("unit", "assignment__unit")
    rows = rows.order_by("-assignment_id", "-draft", "order")
    key: Callable[[Signature], tuple[int, int]] = lambda row: (row.assignment_id, row.draft)  # noqa: E731
    found = []
    for (_assignment, draft), steps in groupby(rows, key):
        signatures = list(steps)
        found.append(Chain(signatures[0].assignment.unit.name, draft, signatures))
    return found


# --- the timeline

_VERBS: dict[str, Promise] = {
    "file": gettext_lazy("提交反映"),
    "recompute": gettext_lazy("放假安排调整，期限重新计算"),
}
_CODES: dict[str, Any] = {
    "ground": codes.DeclineGround,
    "resolution": codes.Resolution,
    "finding": codes.Finding,
    "urgency": codes.Urgency,
    "slip": codes.Slip,
    "step": codes.Step,
    "tier": codes.Tier,
    "decision": codes.Decision,
    "clock": codes.ClockCode,
    "measure": codes.Measure,
}
_REASONS = {"give_back": codes.ReturnReason, "request_extension": codes.ExtensionReason}


def _happening(event: Event) -> Happening:
    label = _VERBS.get(event.verb) or (moves.MOVES[event.verb].label if event.verb in moves.MOVES else event.verb)
    return Happening(event.at, event.seq, str(label), event.actor_label, "；".join(_details(event)), _named(event))


def _named(event: Event) -> str:
    code = event.facts.get("unit")
    if not isinstance(code, str | int):
        return ""
    try:
        return directory.unit(code).name
    except Absent:
        return ""


def _details(event: Event) -> list[str]:
    facts, found = event.facts, []
    for name, known in _CODES.items():
        if facts.get(name) in known.values:
            found.append(str(known(facts[name]).label))
    if event.verb in _REASONS and facts.get("reason") in _REASONS[event.verb].values:
        found.append(str(_REASONS[event.verb](facts["reason"]).label))
    if event.verb in {"request_extension", "decide_extension"} and facts.get("days"):
        found.append(_("%(n)d 个工作日") % {"n": facts["days"]})
    for name, yes, no in _YES_NO:
        if name in facts:
            found.append(str(yes if facts[name] else no))
    if isinstance(facts.get("master"), str):
        found.append(facts["master"])
    if isinstance(facts.get("category"), str):
        found.append(catalogue.name(facts["category"]))
    if facts.get("to") in codes.Stage.values and facts.get("from") in codes.Stage.values:
        found.append(_("%(a)s → %(b)s") % {"a": desk.stage_label(facts["from"]), "b": desk.stage_label(facts["to"])})
    return found


_YES_NO: tuple[tuple[str, Promise, Promise], ...] = (
    ("granted", gettext_lazy("批准"), gettext_lazy("不批准")),
    ("reached", gettext_lazy("已联系上"), gettext_lazy("没有联系上")),
    ("dissents", gettext_lazy("有不同意见"), gettext_lazy("无不同意见")),
    ("supported", gettext_lazy("支持"), gettext_lazy("不支持")),
)
