"""One yuan through the pipe: joint by joint, with day, document, office and waiting; forward and back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.disclosures.models import (
    Allotment,
    Appropriation,
    Approval,
    BudgetLine,
    Commitment,
    Flow,
    FlowDelta,
    LineChange,
    Payment,
    Reversal,
    publication,
)
from minxin.disclosures.models.line import number_of
from minxin.disclosures.models.line import ref_of as line_ref
from minxin.disclosures.models.payment import payment_id, payment_ref
from minxin.disclosures.reports import flow, told
from minxin.disclosures.reports.flow import Where
from minxin.disclosures.reports.told import Line, Page, Told
from minxin.disclosures.rules.codes import (
    SIGNS,
    ChangeKind,
    Grain,
    Measure,
    PayeeKind,
    PayMode,
    PlanStage,
    Step,
    Version,
)
from minxin.disclosures.rules.pipe_public import Sums
from minxin.kernel import clocks, refs
from minxin.kernel import reports as kernel
from minxin.kernel.clocks import Calendar
from minxin.kernel.errors import Absent, Refused


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint of the pipe: what was done there, on which day, by which document and office.

    `waited` is how many working days went by since the joint before; `state` is done, wait (not yet) or back.
    """

    title: str
    on: date | None
    office: str = ""
    document: str = ""
    fen: int | None = None
    note: str = ""
    waited: int | None = None
    state: str = "done"
    longest: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """The budget figure a line came from, and the publication in which it stands."""

    fen: int
    version: str
    publication: str
    published_on: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a line's amount: signed, with its document; `counterpart` is the other end of a revival."""

    on: date
    kind: str
    fen: int
    doc_no: str
    reason: str
    counterpart: str


@dataclass(frozen=True, slots=True)
class OnePayment:
    """A payment's way from the budget to its payee, and the line and contract it belongs to."""

    row: Told
    where: Where
    joints: Sequence[Joint]
    line: Line
    figure: Figure | None
    mode: str
    working_days: int
    function_name: str
    economic_name: str


@dataclass(frozen=True, slots=True)
class OneLine:
    """A budget line's way forward: changes, allotments, contracts, the payments from it.

    `sums` are the line's own, or, where people are paid from its heading, those of the `together` lines of the unit
    with that heading, people's money as far as it is told.
    """

    line: Line
    where: Where
    figure: Figure | None
    changes: Sequence[Change]
    allotments: Sequence[Joint]
    contracts: Sequence["OneContract"]
    payments: Page
    sums: Sums
    together: int
    summary: str
    mode: str


@dataclass(frozen=True, slots=True)
class OneContract:
    """A published contract: whom with, over how much, what was paid of it, from which lines."""

    contract_no: str
    title: str
    unit: str
    unit_name: str
    payee: str
    fen: int
    used_fen: int
    signed_on: date
    published_on: date
    year: int
    lines: Sequence[str] = ()
    payments: Page = field(default_factory=lambda: Page([], ""))


def payment(ref: str) -> OnePayment:
    """At most 7 queries. Raises Absent for what may not be told: not paid yet, to a person, withheld, unknown."""
    found = (
        Payment.objects.public()
        .filter(pk=_id(ref))
        .select_related("line", "request", "order", "commitment", "payee")
        .first()
    )
    if found is None or found.unit_id not in flow.places():
        raise Absent
    line = found.line
    calendar = kernel.calendar(directory.unit(found.finance_id).region)
    figure = _figure(line)
    joints = _waited(_joints(found, figure), calendar)
    last = max((joint.on for joint in joints if joint.on and joint.state == "done"), default=found.requested_on)
    (named,) = told.named([told.one(found)], found.year)
    return OnePayment(
        row=named[0],
        where=_where(line),
        joints=joints,
        line=told.line_of(line, shielded=True),
        figure=figure,
        mode=str(PayMode(found.mode).label),
        working_days=calendar.working_days(found.requested_on, last),
        function_name=named[1],
        economic_name=named[2],
    )


def line(ref: str, *, before: str = "") -> OneLine:
    """At most 8 queries. Raises Absent for what may not be told."""
    found, shielded = _line(ref)
    where = _where(found)
    sums, together = _sums(found, where, shielded=shielded)
    return OneLine(
        line=told.line_of(found, shielded=shielded),
        where=where,
        figure=_figure(found),
        changes=[_change(row) for row in _changes(found)],
        allotments=[_allotted(row) for row in _allotments([found.pk])],
        contracts=[_contract([row]) for row in _contracts(line_id=found.pk)],
        payments=told.of_lines([found.pk], before=before),
        sums=sums,
        together=together,
        summary=found.summary,
        mode=str(PayMode(found.mode).label),
    )


def contract(unit: str, contract_no: str, *, before: str = "") -> OneContract:
    """2 queries. Raises Absent for what is not published, and for contracts with natural persons."""
    rows = list(_contracts(unit_id=flow.place(unit).unit.id, contract_no=contract_no[:60]))
    if not rows:
        raise Absent
    payments = told.of_lines([row.line_id for row in rows], contracts=[row.pk for row in rows], before=before)
    return replace(_contract(rows), payments=payments)


def find(words: str) -> list[tuple[str, Any]]:
    """At most 2 queries. What a number or name typed in leads to: ("payment"|"line", ref), ("contract"|"unit", it)."""
    plain = words.strip()[:60]
    if not plain:
        return []
    for kind, key in (("payment", _payment_ref(plain)), ("line", _line_ref(plain))):
        if key:
            return [(kind, key)]
    contracts: list[tuple[str, Any]] = [("contract", _contract([row])) for row in _contracts(contract_no=plain)[:20]]
    known = flow.places()
    units = [("unit", known[unit.id]) for unit in directory.search_units(plain, limit=40) if unit.id in known]
    return contracts or units[:20]


def _payment_ref(words: str) -> str:
    try:
        key = payment_id(words)
    except Refused:
        return ""
    return payment_ref(key) if Payment.objects.public().filter(pk=key).exists() else ""


def _line_ref(words: str) -> str:
    try:
        year, number = number_of(words)
    except Refused:
        return ""
    row = BudgetLine.objects.public().filter(year=year, number=number).first()
    return line_ref(row) if row and row.unit_id in flow.places() else ""


def _id(ref: str) -> int:
    try:
        return payment_id(ref)
    except Refused as refusal:
        raise Absent("absent", refusal.sentence) from refusal


def _line(ref: str) -> tuple[BudgetLine, bool]:
    """A line that is told, and whether people are paid from its heading (see told.paying_people)."""
    try:
        year, number = number_of(ref)
    except Refused as refusal:
        raise Absent("absent", refusal.sentence) from refusal
    people: dict[str, Any] = {name: OuterRef(name) for name in ("year", "unit_id", "function", "economic", "fund")}
    people |= {"measure": Measure.REQUESTED, "payee_kind": PayeeKind.PERSON}
    paid = Exists(Flow.objects.filter(grain=Grain.YEAR, **people)) | Exists(FlowDelta.objects.filter(**people))
    found = BudgetLine.objects.public().filter(year=year, number=number).annotate(people=paid).first()
    if found is None or found.unit_id not in flow.places():
        raise Absent
    return found, bool(vars(found)["people"])


def _where(row: BudgetLine) -> Where:
    return Where(row.year, unit=directory.unit(row.unit_id).code, function=row.function, economic=row.economic)


def _sums(row: BudgetLine, where: Where, *, shielded: bool) -> tuple[Sums, int]:
    """The line's own sums and 1; where people are paid from its heading, those of the heading and of how many lines."""
    if not shielded:
        own = Sums(
            approved=row.approved_fen, frozen=row.frozen_fen, allotted=row.allotted_fen,
            requested=row.requested_fen + row.paid_fen, paid_firm=row.paid_fen, lines=1,
        )  # fmt: skip
        return own, 1
    whole = flow.view(replace(where, fund=row.fund), "unit").whole
    return whole, whole.lines


# --- the joints of a payment


def _joints(paid: Payment, figure: Figure | None) -> list[Joint]:
    unit, finance = directory.unit(paid.unit_id).name, directory.unit(paid.finance_id).name
    offices = _offices(paid)
    before = [
        Joint(_("预算公开"), figure.published_on, finance, figure.publication, figure.fen) if figure else None,
        *(
            Joint(change.kind, change.on, finance, change.doc_no, change.fen)
            for change in map(_change, _changes(paid.line))
            if change.on <= paid.requested_on
        ),
        *_last_allotment(paid, finance),
    ]
    held = paid.commitment
    if held and held.published_on and held.published_on <= clocks.today():
        before.append(Joint(_("合同公告"), held.published_on, unit, held.contract_no, held.amount_fen))
    bank = directory.unit(paid.order.bank_id).name if paid.order else _("代理银行")
    after = [
        Joint(_("支付申请"), paid.requested_on, unit, paid.request_no, paid.amount_fen),
        Joint(_("单位复核"), paid.unit_reviewed_on, offices.get(Step.UNIT, unit)),
        Joint(_("业务科室审核"), paid.section_reviewed_on, offices.get(Step.SECTION, f"{finance} {paid.line.section}")),
        Joint(_("支付中心审核"), paid.approved_on, offices.get(Step.CENTRE, f"{finance} {_('支付中心')}")),
        Joint(_("开支付凭证"), paid.ordered_on, finance, paid.order_no),
        Joint(_("银行支付"), paid.paid_on, bank, fen=paid.amount_fen),
        Joint(_("与国库单一账户清算"), paid.cleared_on, finance, state="done" if paid.cleared_on else "wait"),
    ]
    first = sorted((joint for joint in before if joint), key=lambda joint: joint.on or date.min)
    return [*first, *(joint for joint in after if joint.on or joint.state == "wait"), *_returns(paid, bank)]


def _offices(paid: Payment) -> dict[str, str]:
    if paid.request is None:
        return {}
    rows = Approval.objects.filter(request=paid.request, round=paid.request.round).values_list("step", "office")
    return dict(rows)


def _last_allotment(paid: Payment, finance: str) -> list[Joint]:
    """The allotment that was the newest when the money was asked for."""
    rows = [_allotted(row) for row in _allotments([paid.line_id])]
    known = [row for row in rows if row.on and row.on <= paid.requested_on]
    return [replace(known[-1], office=finance)] if known else []


def _returns(paid: Payment, bank: str) -> list[Joint]:
    if not paid.returned_fen:
        return []
    rows = Reversal.objects.filter(payment_id=paid.pk).order_by("on", "id")
    found = [Joint(_("退款"), row.on, bank, fen=row.amount_fen, state="back") for row in rows]
    return found or [Joint(_("退款"), paid.returned_on, bank, fen=paid.returned_fen, state="back")]


def _waited(joints: Iterable[Joint], calendar: Calendar) -> list[Joint]:
    """Each joint with the working days since the one before; from the request on the longest wait is marked."""
    found: list[Joint] = []
    last: date | None = None
    begun = False
    for joint in joints:
        waited = calendar.working_days(last, joint.on) if last and joint.on and begun else None
        found.append(replace(joint, waited=waited))
        last = joint.on or last
        begun = begun or joint.title == _("支付申请")
    most = max((joint.waited or 0 for joint in found if joint.state == "done"), default=0)
    return [replace(joint, longest=bool(most > 1 and joint.waited == most)) for joint in found]


# --- what belongs to a line


def _changes(row: BudgetLine) -> list[LineChange]:
    return list(LineChange.objects.filter(line=row).select_related("counterpart").order_by("on", "id"))


def _change(row: LineChange) -> Change:
    other = row.counterpart
    return Change(
        on=row.on,
        kind=str(ChangeKind(row.kind).label),
        fen=SIGNS[ChangeKind(row.kind)] * row.amount_fen,
        doc_no=row.doc_no,
        reason=row.reason,
        counterpart=line_ref(other) if other and not other.withheld else "",
    )


def _allotments(lines: Iterable[int]) -> list[Allotment]:
    rows = Allotment.objects.filter(line_id__in=list(lines), stage=PlanStage.ISSUED)
    return list(rows.order_by("issued_at", "id"))


def _allotted(row: Allotment) -> Joint:
    on = row.issued_at.astimezone(clocks.ZONE).date() if row.issued_at else None
    note = _("%(month)d月用款额度") % {"month": row.month.month}
    return Joint(_("用款额度下达"), on, document=row.doc_no, fen=row.amount_fen, note=note)


def _figure(row: BudgetLine) -> Figure | None:
    """1 query. The figure of the budget as it was first published."""
    found = (
        Appropriation.objects.public()
        .filter(
            unit_id=row.unit_id, fiscal_year=row.year, version=Version.INITIAL, function=row.function,
            economic=row.economic, project=row.project, fund=row.fund,
        )
        .values_list(
            "amount_fen", "version", "entry__publication__year", "entry__publication__number",
            "entry__publication__published_at",
        )
        .first()
    )  # fmt: skip
    if found is None:
        return None
    fen, version, year, number, at = found
    return Figure(
        fen=fen,
        version=str(Version(version).label),
        publication=refs.written(publication.PREFIX, year, number) if number else "",
        published_on=at.astimezone(clocks.ZONE).date() if at else None,
    )


def _contracts(**facts: Any) -> Any:
    """Published contracts with legal persons."""
    return (
        Commitment.objects.filter(
            published_on__lte=clocks.today(), payee__kind__in=told.LEGAL, line__withheld=False, **facts
        )
        .select_related("payee", "line")
        .order_by("id")
    )


def _contract(rows: Sequence[Commitment]) -> OneContract:
    first = rows[0]
    unit = directory.unit(first.unit_id)
    return OneContract(
        contract_no=first.contract_no,
        title=first.title,
        unit=unit.code,
        unit_name=unit.name,
        payee=f"{first.payee.name}（{PayeeKind(first.payee.kind).label}）",
        fen=sum(row.amount_fen for row in rows),
        used_fen=sum(row.used_fen for row in rows),
        signed_on=first.signed_on,
        published_on=first.published_on or first.signed_on,
        year=first.line.year,
        lines=[line_ref(row.line) for row in rows],
    )
