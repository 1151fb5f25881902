"""How answers are written in JSON: codes for programs, labels for people, moments in Beijing time, money in yuan."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from minxin.cases.models import Case, Clock, Measure, Money, PublicCase, Text
from minxin.cases.reports import desk, dossier, public, track
from minxin.cases.rules import codes
from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.kernel import money
from minxin.kernel.clocks import ZONE
from minxin.ui.words import said

_ = said
Moment = Annotated[
    datetime,
    PlainSerializer(lambda at: at.astimezone(ZONE).isoformat(timespec="seconds"), return_type=str),
    Field(json_schema_extra={"format": "date-time"}, description=_("北京时间。")),
]
Yuan = Annotated[
    Decimal,
    PlainSerializer(lambda sum: f"{sum:.2f}", return_type=str),
    Field(json_schema_extra={"pattern": r"^\d+\.\d\d$"}, description=_("单位：元。")),
]


class Out(BaseModel):
    """What we answer, read from the reports' values."""

    model_config = ConfigDict(from_attributes=True)


class ReceiptOut(Out):
    """What the filer keeps."""

    ref: str = Field(description=_("编号。"), examples=["MX2026-0000123-8"])
    code: str = Field(description=_("查询码：与编号一起打开此件，请妥善保管。"), examples=["7KPM3XQ9"])
    stage: codes.Stage = Field(description=_("现在的阶段。"))
    due_at: Moment = Field(description=_("最迟答复的时刻。"))


class StateOut(Out):
    """Where a case is now, and the verbs that may be used next."""

    ref: str
    stage: codes.Stage
    stage_label: str
    due_at: Moment
    verbs: Sequence[str] = Field(description=_("现在可以做的操作，最要紧的在前。"))


class DayOut(Out):
    """One day of a due date's explanation."""

    on: date
    counts: bool = Field(description=_("这一天是否计入。"))
    number: int | None = Field(description=_("计入的第几天。"))
    why: str = Field(description=_("为什么计入或不计入。"))


class DueOut(Out):
    """A limit: from when, until when, by which rule, and every day of it."""

    code: codes.ClockCode
    label: str
    started_at: Moment
    due_at: Moment
    stopped_at: Moment | None
    late: bool
    paused: bool
    basis: str = Field(description=_("规定的出处。"))
    provisional: bool = Field(description=_("涉及尚未公布放假安排的年份，暂算。"))
    days: Sequence[DayOut]

    @classmethod
    def of(cls, due: track.Due) -> Self:
        """With the explanation unfolded."""
        given = {name: getattr(due, name) for name in cls.model_fields if hasattr(due, name)}
        days = [DayOut.model_validate(step) for step in due.explanation.steps]
        return cls(**given, provisional=due.explanation.provisional, days=days)


class HappeningOut(Out):
    """Something that happened."""

    at: Moment
    verb: str
    what: str
    unit: str


class MessageOut(Out):
    """Something said between the complainant and the network."""

    at: Moment
    voice: codes.Voice
    note: codes.Note
    body: str


class RatingOut(Out):
    """The complainant's verdict."""

    satisfaction: int = Field(description=_("5 非常满意 至 1 非常不满意。"))
    contacted: bool
    solved: bool
    reasons: Sequence[codes.BadReason]
    comment: str
    at: Moment


class FileOut(Out):
    """An attachment."""

    ref: str
    name: str
    size: int = Field(description=_("字节。"))


class TrackOut(Out):
    """A case as its complainant sees it."""

    ref: str
    kind: codes.Kind
    title: str
    stage: codes.Stage
    stage_label: str
    filed_at: Moment
    due_at: Moment
    due: DueOut | None = Field(description=_("答复期限，逐日说明。"))
    clocks: Sequence[DueOut] = Field(description=_("与您有关的全部期限。"))
    timeline: Sequence[HappeningOut]
    respondent: str
    handler: str = Field(description=_("主办单位；密封举报不显示。"))
    question: str = Field(description=_("等您回答的问题。"))
    answer: str
    answered_by: str
    finding: codes.Finding | None
    resolution: codes.Resolution | None
    stars: int | None = Field(description=_("结案效率星级，由用时算出。"))
    rating: RatingOut | None
    messages: Sequence[MessageOut]
    files: Sequence[FileOut]
    verbs: Sequence[str] = Field(description=_("您现在可以做的操作。"))

    @classmethod
    def of(cls, seen: track.Track) -> Self:
        """The track as JSON."""
        case = seen.case
        dues = [DueOut.of(due) for due in seen.dues]
        return cls(
            ref=seen.ref,
            kind=codes.Kind(case.kind),
            title=seen.title,
            stage=codes.Stage(case.stage),
            stage_label=str(codes.Stage(case.stage).label),
            filed_at=case.filed_at,
            due_at=case.due_at,
            due=next((due for due in dues if due.code == codes.ClockCode.ANSWER), None),
            clocks=dues,
            timeline=[HappeningOut.model_validate(step) for step in seen.steps],
            respondent=seen.respondent,
            handler=seen.handler,
            question=seen.question,
            answer=seen.answer,
            answered_by=seen.answered_by,
            finding=_found(case),
            resolution=_resolved(case),
            stars=case.stars if case.answered_at else None,
            rating=RatingOut.model_validate(seen.rating) if seen.rating else None,
            messages=[MessageOut.model_validate(message) for message in seen.messages],
            files=[FileOut.model_validate(file) for file in seen.files],
            verbs=list(seen.verbs),
        )


def _found(case: Case) -> codes.Finding | None:
    """What was found, once it has been told."""
    return codes.Finding(case.finding) if case.finding and case.answered_at else None


def _resolved(case: Case) -> codes.Resolution | None:
    return codes.Resolution(case.resolution) if case.resolution and case.answered_at else None


class PublicOut(Out):
    """A published case in a list."""

    ref: str
    kind: codes.Kind
    region: str
    category: str
    unit: str = Field(description=_("主办单位的代码。"))
    unit_name: str
    title: str
    resolution: codes.Resolution | None
    stars: int | None = Field(description=_("结案效率星级。"))
    rating: int | None = Field(description=_("反映人的评价，1 至 5。"))
    money: Yuan = Field(description=_("还给群众的金额，单位：元。"))
    supports: int
    filed_at: Moment
    answered_at: Moment
    published_at: Moment

    @classmethod
    def of(cls, row: PublicCase, **more: Any) -> Self:
        """One row as JSON."""
        own = set(PublicOut.model_fields) - {"unit", "resolution", "money"}
        given = {name: getattr(row, name) for name in own} | {"money": money.yuan(row.money_fen)}
        return cls(
            **given,
            unit=_code(row.unit_id),
            resolution=codes.Resolution(row.resolution) if row.resolution else None,
            **more,
        )


class PublicListOut(Out):
    """A page of published cases, newest first."""

    items: Sequence[PublicOut]
    cursor: str = Field(description=_("下一页的位置；空的是最后一页。"))
    next: str = Field(description=_("下一页的地址；空的是最后一页。"))


class MoneyOut(Out):
    """One item of money that came back."""

    on: date
    kind: codes.MoneyKind
    label: str
    amount: Yuan
    people: int | None = Field(description=_("人数；太少、能认出人时不显示。"))
    unit: str
    region: str
    ref: str = Field(description=_("已公开的件的编号。"))
    to_people: bool = Field(description=_("是否还给了群众。"))


class MoneyListOut(Out):
    """A page of the money ledger, the latest payment first."""

    items: Sequence[MoneyOut]
    cursor: str
    next: str


class MeasureOut(Out):
    """A unit, or persons by office, held to account."""

    on: date
    subject: codes.Subject
    measure: codes.Measure
    label: str
    unit: str
    office: str
    people: int
    basis: str

    @classmethod
    def of(cls, row: Measure) -> Self:
        """One row as JSON."""
        given = {name: getattr(row, name) for name in ("on", "subject", "measure", "office", "people", "basis")}
        return cls(**given, unit=row.unit.name, label=row.get_measure_display())


class ItemOut(Out):
    """One item of money of a case."""

    on: date
    kind: codes.MoneyKind
    amount: Yuan
    people: int
    evidence: str

    @classmethod
    def of(cls, row: Money) -> Self:
        """One row as JSON."""
        return cls(on=row.on, kind=codes.MoneyKind(row.kind), amount=money.yuan(row.amount_fen), people=row.people,
                   evidence=row.evidence)  # fmt: skip


class PublishedOut(PublicOut):
    """A published case whole."""

    question: str
    answer: str
    finding: codes.Finding | None
    due: DueOut | None = Field(description=_("答复期限和逐日说明：星级由它算出。"))
    money_items: Sequence[ItemOut]
    measures: Sequence[MeasureOut]
    rule_changes: Sequence[str]

    @classmethod
    def whole(cls, seen: public.Opened) -> Self:
        """The opened case as JSON."""
        row = seen.row
        return cls.of(
            row,
            question=row.question,
            answer=row.answer,
            finding=row.finding or None,
            due=_due(seen.clock),
            money_items=[ItemOut.of(item) for item in seen.money],
            measures=[MeasureOut.of(item) for item in seen.measures],
            rule_changes=[item.what for item in seen.rule_changes],
        )


def _due(clock: Clock | None) -> DueOut | None:
    return DueOut.of(track.explain(clock)) if clock else None


def _code(unit_id: int) -> str:
    found = directory.units_by_id([unit_id]).get(unit_id)
    return found.code if found else ""


class TotalsOut(Out):
    """What a unit has to show, all time, without sealed reports; every rate can be reckoned from these."""

    closed: int
    answered: int
    rated: int
    satisfied: int
    five: int = Field(description=_("五星件：群众评五星。"))
    stars: int = Field(description=_("结案效率星级之和。"))
    starred: int = Field(description=_("有效率星级的件数。"))
    returned: Yuan = Field(description=_("还给群众的金额，单位：元。"))


class UnitOut(Out):
    """A unit's line (专线)."""

    code: str
    name: str
    kind: str
    region: str
    region_name: str
    superior: str
    duty_phone: str
    hours: str
    about: str
    answers_by: str = Field(description=_("负责人的职务。"))
    totals: TotalsOut
    latest: Sequence[PublicOut]


class CategoryOut(Out):
    """One category of the tree in force."""

    code: str
    name: str
    level: int


class RegionOut(Out):
    """One region."""

    code: str
    name: str
    level: str
    parent: str | None


class QueueOut(Out):
    """A pile of work."""

    code: str
    label: str
    number: int = Field(description=_("件数，数到 99 为止。"))
    late: bool = Field(description=_("里面有已超期的。"))


class LampOut(Out):
    """A signal with its words."""

    colour: str
    words: str


class RowOut(Out):
    """One line of a list: what is asked of the reader, and how it stands with time."""

    ref: str
    title: str
    kind: str
    stage: str
    unit: str
    due_at: Moment | None
    lamp: LampOut
    ask: str
    marks: Sequence[str]


class InboxOut(Out):
    """A page of one queue, most urgent first."""

    items: Sequence[RowOut]
    cursor: str = Field(description=_("下一页的位置；空的是最后一页。"))

    @classmethod
    def of(cls, page: desk.Page) -> Self:
        """The page as JSON."""
        return cls(items=[RowOut.model_validate(row) for row in page.rows], cursor=page.after)


class UnitRefOut(Out):
    """A unit."""

    code: str
    name: str


class TextOut(Out):
    """One text of a case, its newest version."""

    words: codes.Words
    body: str
    unit: str
    by: str
    at: Moment


class PartOut(Out):
    """One unit's work on the case."""

    unit: str
    code: str
    part: str
    level: int
    state: str
    due_at: Moment
    instruction: str
    dissents: bool


class ActOut(Out):
    """A recorded act."""

    at: Moment
    seq: int
    what: str
    by: str
    detail: str
    unit: str


class OriginalOut(Out):
    """What the filer wrote."""

    title: str
    text: str
    wanted: str
    place: str
    respondent_name: str


class SlipOut(Out):
    """A slip of supervision; `id` is what answer_slip asks for."""

    id: int
    slip: codes.Slip
    reason: str
    at: Moment
    by_label: str
    answer: str
    answered_at: Moment | None


class DossierOut(Out):
    """A case as one officer may read it."""

    ref: str
    kind: codes.Kind
    lane: codes.Lane
    title: str
    stage: codes.Stage
    stage_label: str
    urgency: codes.Urgency
    category: str
    region: str
    due_at: Moment
    marks: Sequence[str]
    clocks: Sequence[DueOut]
    original: OriginalOut | None = Field(description=_("原文；无权看原文的为空。"))
    respondent: UnitRefOut | None
    lead: UnitRefOut | None
    centre: UnitRefOut
    parts: Sequence[PartOut]
    texts: Sequence[TextOut]
    messages: Sequence[MessageOut]
    timeline: Sequence[ActOut]
    slips: Sequence[SlipOut]
    money: Sequence[ItemOut]
    measures: Sequence[MeasureOut]
    ratings: Sequence[RatingOut]
    files: Sequence[FileOut]
    verbs: Sequence[str] = Field(description=_("您现在可以做的操作，最要紧的在前。"))

    @classmethod
    def of(cls, seen: dossier.Dossier) -> Self:
        """The dossier as JSON. Identity is opened on the desk's own pages only."""
        case = seen.case
        return cls(
            ref=seen.ref,
            kind=codes.Kind(case.kind),
            lane=codes.Lane(case.lane),
            title=seen.title,
            stage=codes.Stage(case.stage),
            stage_label=seen.stage,
            urgency=codes.Urgency(case.urgency),
            category=case.category,
            region=case.region,
            due_at=case.due_at,
            marks=[str(mark) for mark in seen.marks],
            clocks=[DueOut.of(bar.due) for bar in [*seen.clocks, *seen.past_clocks]],
            original=OriginalOut.model_validate(seen.original) if seen.original else None,
            respondent=_unit(seen.respondent),
            lead=_unit(seen.lead),
            centre=UnitRefOut.model_validate(seen.centre),
            parts=[PartOut.model_validate(part) for part in seen.parts],
            texts=_texts(seen),
            messages=[MessageOut.model_validate(message) for message in seen.talk.messages],
            timeline=[ActOut.model_validate(act) for act in seen.timeline],
            slips=[SlipOut.model_validate(slip) for slip in seen.slips],
            money=[ItemOut.of(item) for item in seen.outcome.money],
            measures=[MeasureOut.of(item) for item in seen.outcome.measures],
            ratings=[RatingOut.model_validate(rating) for rating in seen.outcome.ratings],
            files=[FileOut.model_validate(file) for file in seen.attachments],
            verbs=list(seen.verbs),
        )


def _unit(found: UnitRef | None) -> UnitRefOut | None:
    return UnitRefOut.model_validate(found) if found else None


def _texts(seen: dossier.Dossier) -> list[TextOut]:
    newest = [
        TextOut(words=codes.Words(code), body=text.body, unit=text.unit, by=text.by, at=text.at)
        for code, text in seen.words.items()
    ]
    return newest + [_text(row) for row in [*seen.opinions, *seen.remarks]]


def _text(row: Text) -> TextOut:
    return TextOut(words=codes.Words(row.words), body=row.body, unit=row.unit.name, by=row.by_label, at=row.at)
