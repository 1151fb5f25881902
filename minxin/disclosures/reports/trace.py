"""One yuan through the pipe: joint by joint, with day, document, office and waiting; forward and back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.disclosures.models import (
    Allotment,
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
from minxin.kernel import clocks, refs, statements
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
    """At most 6 queries. Raises Absent for what may not be told: not paid yet, to a person, withheld, unknown."""
    found = _paid(_id(ref))
    if found is None or found.unit_id not in flow.places():
        raise Absent
    calendar = kernel.calendar(directory.unit(found.finance_id).region)
    figure = _figure(found)
    joints = _waited(_joints(found, figure), calendar)
    last = max((joint.on for joint in joints if joint.on and joint.state == "done"), default=found.requested_on)
    (named,) = told.named([found.row], found.year)
    return OnePayment(
        row=named[0],
        where=_where(found),
        joints=joints,
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
        changes=_changes(found.pk),
        allotments=_allotments(found.pk),
        contracts=[_contract([row]) for row in _contracts("contracts", found.pk)],
        payments=told.of_lines(found.year, [found.pk], before=before),
        sums=sums,
        together=together,
        summary=found.summary,
        mode=str(PayMode(found.mode).label),
    )


def contract(unit: str, contract_no: str, *, before: str = "") -> OneContract:
    """2 queries. Raises Absent for what is not published, and for contracts with natural persons."""
    rows = _contracts("contract", flow.place(unit).unit.id, contract_no[:60])
    if not rows:
        raise Absent
    keys = [row.key for row in rows]
    payments = told.of_lines(rows[0].year, [row.line_id for row in rows], contracts=keys, before=before)
    return replace(_contract(rows), payments=payments)


def find(words: str) -> list[tuple[str, Any]]:
    """At most 2 queries. What a number or name typed in leads to: ("payment"|"line", ref), ("contract"|"unit", it)."""
    plain = words.strip()[:60]
    if not plain:
        return []
    for kind, key in (("payment", _payment_ref(plain)), ("line", _line_ref(plain))):
        if key:
            return [(kind, key)]
    numbered = _contracts("numbered", plain)[:20]
    contracts: list[tuple[str, Any]] = [("contract", _contract([row])) for row in numbered]
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
    for *facts, people in _run("line", year, number):
        found = BudgetLine.from_db(None, told.LINE, facts)
        if found.unit_id in flow.places():
            return found, people
    raise Absent


def _where(row: "BudgetLine | _Paid") -> Where:
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


@dataclass(frozen=True, slots=True)
class _Paid:
    """A payment that may be told, with what its joints need of its line, request, order and contract."""

    row: Told
    unit_id: int
    finance_id: int
    line_id: int
    year: int
    function: str
    economic: str
    fund: str
    project: str
    section: str
    mode: str
    request_id: int | None
    round: int | None
    bank_id: int | None
    contract_fen: int | None
    request_no: str
    order_no: str
    requested_on: date
    unit_reviewed_on: date | None
    section_reviewed_on: date | None
    approved_on: date | None
    ordered_on: date | None
    paid_on: date
    cleared_on: date | None
    returned_on: date | None
    announced_on: date | None


_PAID = (
    "unit_id", "finance_id", "line_id", "year", "function", "economic", "fund", "line__project", "line__section",
    "mode", "request_id", "request__round", "order__bank_id", "commitment__amount_fen", "request_no", "order_no",
    "requested_on", "unit_reviewed_on", "section_reviewed_on", "approved_on", "ordered_on", "paid_on", "cleared_on",
    "returned_on", "commitment__published_on",
)  # fmt: skip


def _paid(key: int) -> _Paid | None:
    rows = _run("payment", key)
    if not rows:
        return None
    width = len(told.COLUMNS)
    return _Paid(told.told(rows[0][:width]), *rows[0][width:])


def _joints(paid: _Paid, figure: Figure | None) -> list[Joint]:
    unit, finance = directory.unit(paid.unit_id).name, directory.unit(paid.finance_id).name
    offices = dict(_run("offices", paid.request_id, paid.round)) if paid.request_id else {}
    before = [
        Joint(_("预算公开"), figure.published_on, finance, figure.publication, figure.fen) if figure else None,
        *(
            Joint(change.kind, change.on, finance, change.doc_no, change.fen)
            for change in _changes(paid.line_id)
            if change.on <= paid.requested_on
        ),
        *_last_allotment(paid, finance),
    ]
    if paid.row.contract:
        before.append(Joint(_("合同公告"), paid.announced_on, unit, paid.row.contract, paid.contract_fen))
    bank = directory.unit(paid.bank_id).name if paid.bank_id else _("代理银行")
    after = [
        Joint(_("支付申请"), paid.requested_on, unit, paid.request_no, paid.row.fen),
        Joint(_("单位复核"), paid.unit_reviewed_on, offices.get(Step.UNIT, unit)),
        Joint(_("业务科室审核"), paid.section_reviewed_on, offices.get(Step.SECTION, f"{finance} {paid.section}")),
        Joint(_("支付中心审核"), paid.approved_on, offices.get(Step.CENTRE, f"{finance} {_('支付中心')}")),
        Joint(_("开支付凭证"), paid.ordered_on, finance, paid.order_no),
        Joint(_("银行支付"), paid.paid_on, bank, fen=paid.row.fen),
        Joint(_("与国库单一账户清算"), paid.cleared_on, finance, state="done" if paid.cleared_on else "wait"),
    ]
    first = sorted((joint for joint in before if joint), key=lambda joint: joint.on or date.min)
    return [*first, *(joint for joint in after if joint.on or joint.state == "wait"), *_returns(paid, bank)]


def _last_allotment(paid: _Paid, finance: str) -> list[Joint]:
    """The allotment that was the newest when the money was asked for."""
    known = [row for row in _allotments(paid.line_id) if row.on and row.on <= paid.requested_on]
    return [replace(known[-1], office=finance)] if known else []


def _returns(paid: _Paid, bank: str) -> list[Joint]:
    if not paid.row.returned_fen:
        return []
    found = [Joint(_("退款"), on, bank, fen=fen, state="back") for on, fen in _run("returns", payment_id(paid.row.ref))]
    return found or [Joint(_("退款"), paid.returned_on, bank, fen=paid.row.returned_fen, state="back")]


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


def _changes(line_id: int) -> list[Change]:
    """1 query. The changes of a line's amount, in order."""
    return [
        Change(
            on=on,
            kind=str(ChangeKind(kind).label),
            fen=SIGNS[ChangeKind(kind)] * fen,
            doc_no=doc_no,
            reason=reason,
            counterpart=refs.written("ZB", year, number) if number and not withheld else "",
        )
        for on, kind, fen, doc_no, reason, year, number, withheld in _run("changes", line_id)
    ]


def _allotments(line_id: int) -> list[Joint]:
    """1 query. The allotments issued to a line, in order."""
    return [
        Joint(
            _("用款额度下达"),
            at.astimezone(clocks.ZONE).date(),
            document=doc_no,
            fen=fen,
            note=_("%(month)d月用款额度") % {"month": month.month},
        )
        for at, month, doc_no, fen in _run("allotments", line_id)
    ]


_FIGURE = """
SELECT a.amount_fen, a.version, p.year, p.number, p.published_at FROM disclosures_appropriation a
JOIN disclosures_entry e ON e.id = a.entry_id LEFT JOIN disclosures_publication p ON p.id = e.publication_id
WHERE a.recorded_to IS NULL AND a.version = 'initial' AND a.unit_id = $1::bigint AND a.fiscal_year = $2::int
  AND a.function = $3::text AND a.economic = $4::text AND a.project = $5::text AND a.fund = $6::text
LIMIT 1
"""


def _figure(row: BudgetLine | _Paid) -> Figure | None:
    """1 query. The figure of the budget as it was first published."""
    facts = [row.unit_id, row.year, row.function, row.economic, row.project, row.fund]
    for fen, version, year, number, at in statements.rows(_FIGURE, facts):
        return Figure(
            fen=fen,
            version=str(Version(version).label),
            publication=refs.written(publication.PREFIX, year, number) if number else "",
            published_on=at.astimezone(clocks.ZONE).date() if at else None,
        )
    return None


_FIRST, _SECOND = 32_001, 32_002  # stand for the keys in a statement that is kept planned; no stage is so high
_WORD = "‹asked›"  # stands for the last of them, a word


def _run(name: str, *keys: object) -> list[tuple[Any, ...]]:
    """1 query. The rows of a question of _QUESTIONS for these keys."""
    statement, values = _planned(name)
    asked: dict[object, object] = dict(zip((_FIRST, _SECOND), keys, strict=False)) | {_WORD: keys[-1]}
    return statements.rows(
        statement, [asked.get(value, value) if isinstance(value, int | str) else value for value in values]
    )


@lru_cache
def _planned(name: str) -> tuple[str, tuple[object, ...]]:
    statement, values = statements.planned(*_QUESTIONS[name]().query.sql_with_params())
    if f"'{_WORD}'" not in statement:
        return statement, values
    return statement.replace(f"'{_WORD}'", f"${len(values) + 1}::text"), (*values, _WORD)


def _line_and_people() -> Any:
    people: dict[str, Any] = {name: OuterRef(name) for name in ("year", "unit_id", "function", "economic", "fund")}
    people |= {"measure": Measure.REQUESTED, "payee_kind": PayeeKind.PERSON}
    paid = Exists(Flow.objects.filter(grain=Grain.YEAR, **people)) | Exists(FlowDelta.objects.filter(**people))
    rows = BudgetLine.objects.public().filter(year=_FIRST, number=_SECOND)
    return rows.annotate(people=paid).values_list(*told.LINE, "people")


_QUESTIONS: dict[str, Callable[[], Any]] = {
    "contracts": lambda: _announced(line_id=_FIRST),
    "contract": lambda: _announced(unit_id=_FIRST, contract_no=_WORD),
    "numbered": lambda: _announced(contract_no=_WORD),
    "line": _line_and_people,
    "payment": lambda: Payment.objects.public().filter(pk=_FIRST).values_list(*told.COLUMNS, *_PAID),
    "offices": lambda: Approval.objects.filter(request_id=_FIRST, round=_SECOND).values_list("step", "office"),
    "returns": lambda: Reversal.objects.filter(payment_id=_FIRST).order_by("on", "id").values_list("on", "amount_fen"),
    "changes": lambda: (
        LineChange.objects.filter(line_id=_FIRST)
        .order_by("on", "id")
        .values_list(
            "on",
            "kind",
            "amount_fen",
            "doc_no",
            "reason",
            "counterpart__year",
            "counterpart__number",
            "counterpart__withheld",
        )
    ),
    "allotments": lambda: (
        Allotment.objects.filter(line_id=_FIRST, stage=PlanStage.ISSUED)
        .order_by("issued_at", "id")
        .values_list("issued_at", "month", "doc_no", "amount_fen")
    ),
}


# --- contracts


@dataclass(frozen=True, slots=True)
class _Committed:
    """A published contract with a legal person, as far as it is against one line."""

    key: int
    line_id: int
    unit_id: int
    contract_no: str
    title: str
    payee: str
    kind: str
    fen: int
    used_fen: int
    signed_on: date
    published_on: date
    year: int
    number: int


def _contracts(name: str, *keys: object) -> list[_Committed]:
    """1 query. Those of a question of _QUESTIONS that are published by today."""
    rows = [_Committed(*row) for row in _run(name, *keys)]
    return [row for row in rows if row.published_on <= clocks.today()]


def _announced(**facts: Any) -> Any:
    rows = Commitment.objects.filter(
        payee__kind__in=told.LEGAL, line__withheld=False, published_on__isnull=False, **facts
    )
    return rows.order_by("id").values_list(
        "id", "line_id", "unit_id", "contract_no", "title", "payee__name", "payee__kind", "amount_fen", "used_fen",
        "signed_on", "published_on", "line__year", "line__number",
    )  # fmt: skip


def _contract(rows: Sequence[_Committed]) -> OneContract:
    first = rows[0]
    unit = directory.unit(first.unit_id)
    return OneContract(
        contract_no=first.contract_no,
        title=first.title,
        unit=unit.code,
        unit_name=unit.name,
        payee=f"{first.payee}（{PayeeKind(first.kind).label}）",
        fen=sum(row.fen for row in rows),
        used_fen=sum(row.used_fen for row in rows),
        signed_on=first.signed_on,
        published_on=first.published_on,
        year=first.year,
        lines=[refs.written("ZB", row.year, row.number) for row in rows],
    )
