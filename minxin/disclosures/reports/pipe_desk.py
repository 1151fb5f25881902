"""What waits for whom in the pipe's first half, and one request as its desks see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, DateTimeField, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.models import Allotment, Approval, BudgetLine, Payment, Request, ruling
from minxin.disclosures.models.line import number_of, ref_of
from minxin.disclosures.models.payment import PER_YEAR, payment_ref, request_ref
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import (
    Decision,
    PayeeKind,
    PaymentStage,
    PayMode,
    PlanStage,
    RequestStage,
    RuleCode,
    Step,
)
from minxin.disclosures.rules.pipe import Move, Party
from minxin.kernel import clocks, refs
from minxin.kernel import reports as kernel
from minxin.kernel.errors import Absent

SIZE, MOST_ROWS = 50, 200

# The verbs that somebody waits for, with the stage in which it waits. A returned request waits for its unit.
_REQUESTS = {
    "review_unit": RequestStage.UNIT_REVIEW,
    "review_section": RequestStage.SECTION_REVIEW,
    "review_centre": RequestStage.CENTRE_REVIEW,
    "resubmit": RequestStage.RETURNED,
}
_PLANS = {"approve_plans": PlanStage.SUBMITTED, "issue_plans": PlanStage.APPROVED}


@dataclass(frozen=True, slots=True)
class Available:
    """What a line has left, in fen: to be allotted, and to be asked for now."""

    ref: str
    to_allot_fen: int
    to_request_fen: int


def available(ref: str, *, by: Officer) -> Available:
    """1 query. Absent when the officer may not see the line."""
    year, number = number_of(ref)
    line = BudgetLine.objects.visible_to(by).filter(year=year, number=number).first()
    if line is None:
        raise Absent
    return Available(
        ref_of(line),
        line.approved_fen - line.frozen_fen - line.allotted_fen,
        line.allotted_fen - line.requested_fen - line.paid_fen,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of work on this officer's desk: the verb that is waited for, how much, since when."""

    verb: str
    label: str
    count: int
    fen: int
    since: datetime


def waiting(by: Officer) -> list[Waiting]:
    """2 queries at most. What waits for this officer, in the order of the pipe; what he may not do is not there."""
    plans = Allotment.objects.filter(_mine(pipe.PLAN, _PLANS, by)).values("stage")
    asked = Request.objects.visible_to(by).filter(_mine(pipe.REQUEST, _REQUESTS, by)).values("stage")
    sums = {"count": Count("pk"), "fen": Sum("amount_fen")}
    return [
        *_sums(plans.annotate(**sums, since=Min("submitted_at")).order_by(), pipe.PLAN, _PLANS),
        *_sums(asked.annotate(**sums, since=Min("requested_at")).order_by(), pipe.REQUEST, _REQUESTS),
    ]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A request in a queue. `due_on` is the working day the treasury should handle it (none at the unit's own desk),
    by the rule of `due_basis`.
    """

    key: int
    ref: str
    unit: UnitRef
    stage: RequestStage
    mode: PayMode
    section: str
    round: int
    count: int
    fen: int
    received_at: datetime
    due_on: date | None
    late: bool
    due_basis: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of a queue, the oldest first, and the key after which the next one begins."""

    rows: Sequence[QueueRow]
    after: int | None


def queue(by: Officer, *, verb: str, section: str = "", after: int = 0, size: int = SIZE) -> Queue:
    """1 query. The requests that wait for this officer to do `verb` (review_unit, review_section, …), oldest first.

    Of one section (业务科室) if asked: whoever reviews for one looks at its own.
    """
    rows = Request.objects.visible_to(by).filter(_mine(pipe.REQUEST, {verb: _REQUESTS[verb]}, by), pk__gt=after)
    if section:
        rows = rows.filter(section=section)
    return _page(rows.order_by("pk"), size)


def requests(by: Officer, *, unit: str = "", stage: str = "", before: int | None = None, size: int = SIZE) -> Queue:
    """1 query. All requests that this officer may see, newest first, of one unit or stage if asked."""
    rows = Request.objects.visible_to(by).order_by("-pk")
    if unit:
        rows = rows.filter(unit_id=directory.unit(unit).id)
    if stage:
        rows = rows.filter(stage=stage)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return _page(rows, size)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment of a request, as the desk sees it; the account is never shown."""

    ref: str
    line: str
    function: str
    economic: str
    payee: str
    payee_kind: PayeeKind
    contract: str
    purpose: str
    fen: int
    stage: PaymentStage
    external_id: str


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A review of a request, by office."""

    round: int
    step: Step
    office: str
    decision: Decision
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """Something this officer may do with it now."""

    verb: str
    label: str


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request with its reviews, the first MOST_ROWS rows of its present round, and what may be done."""

    head: QueueRow
    external_id: str
    digest: str
    decided_at: datetime | None
    rows: Sequence[PaymentRow]
    approvals: Sequence[ApprovalRow]
    offers: Sequence[Offer]


def request_page(ref: str, *, by: Officer) -> RequestPage:
    """3 queries. Absent when the officer may not see the request."""
    year, number = refs.parse("SQ", ref)
    found = _received(Request.objects.visible_to(by).filter(year=year, number=number)).first()
    if found is None:
        raise Absent
    approvals = list(Approval.objects.filter(request=found).order_by("pk"))
    rows = Payment.objects.filter(
        request=found, recorded_to=None, pk__gte=year * PER_YEAR, pk__lt=(year + 1) * PER_YEAR
    ).select_related("line", "payee", "commitment")
    return RequestPage(
        _row(found),
        found.external_id,
        found.digest,
        found.decided_at,
        [_payment(row) for row in rows.order_by("pk")[:MOST_ROWS]],
        [
            ApprovalRow(row.round, Step(row.step), row.office, Decision(row.decision), row.reason, row.at)
            for row in approvals
        ],
        _offers(found, approvals, by),
    )


def _sums(rows: Iterable[Mapping[str, Any]], moves: Mapping[str, Move], verbs: Mapping[str, str]) -> list[Waiting]:
    stages = {row["stage"]: row for row in rows}
    return [
        Waiting(verb, str(moves[verb].label), row["count"], row["fen"], row["since"])
        for verb, stage in verbs.items()
        if (row := stages.get(stage))
    ]


def _mine(moves: Mapping[str, Move], verbs: Mapping[str, str], by: Officer) -> Q:
    """Rows in a stage where this officer holds the post at the right party."""
    if by.kind == "system":
        return Q(stage__in=list(verbs.values()))
    mine = Q(pk__in=())
    for verb, stage in verbs.items():
        column = "unit_id" if moves[verb].at == Party.UNIT else "finance_id"
        if there := by.unit_ids(*moves[verb].roles):
            mine |= Q(**{f"{column}__in": there}, stage=stage)
    return mine


def _page(rows: QuerySet[Request], size: int) -> Queue:
    found = [_row(row) for row in _received(rows)[: size + 1]]
    return Queue(found[:size], found[size - 1].key if len(found) > size else None)


def _received(rows: QuerySet[Request]) -> QuerySet[Request]:
    """With `received_at`: when it came to the desk where it is now."""
    last = Approval.objects.filter(request=OuterRef("pk"), round=OuterRef("round")).order_by().values("request")
    passed = Subquery(last.annotate(at_last=Max("at")).values("at_last"), output_field=DateTimeField())
    return rows.annotate(received_at=Coalesce(passed, F("requested_at")))


def _row(row: Request) -> QueueRow:
    stage, due_on, basis = RequestStage(row.stage), None, ""
    received_at: datetime = row.received_at  # type: ignore[attr-defined]
    if stage in {RequestStage.SECTION_REVIEW, RequestStage.CENTRE_REVIEW}:
        region = directory.unit(row.finance_id).region
        cut_off = ruling.in_force(RuleCode.CUT_OFF, region=region, on=received_at.astimezone(clocks.ZONE).date())
        due_on, basis = pipe.due_on(received_at, kernel.calendar(region), cut_off), cut_off.basis
    return QueueRow(
        row.pk,
        request_ref(row),
        directory.unit(row.unit_id),
        stage,
        PayMode(row.mode),
        row.section,
        row.round,
        row.count,
        row.amount_fen,
        received_at,
        due_on,
        due_on is not None and clocks.today() > due_on,
        basis,
    )


def _payment(row: Payment) -> PaymentRow:
    return PaymentRow(
        payment_ref(row.pk),
        ref_of(row.line),
        row.function,
        row.economic,
        row.payee.name,
        PayeeKind(row.payee_kind),
        row.commitment.contract_no if row.commitment else "",
        row.purpose,
        row.amount_fen,
        PaymentStage(row.stage),
        row.external_id,
    )


def _offers(found: Request, approvals: Sequence[Approval], by: Officer) -> list[Offer]:
    """What the table allows, but for reviews by whoever asked or has already signed in this round."""
    signed = {row.person_id for row in approvals if row.round == found.round} | {found.maker_id}
    barred = by.id is not None and by.id in signed
    return [
        Offer(verb, str(move.label))
        for verb, move in pipe.REQUEST.items()
        if found.stage in move.sources
        and verb != "order"
        and not (barred and verb.startswith(("review", "return")))
        and pipe.may(move, by, unit_id=found.unit_id, finance_id=found.finance_id)
    ]
