"""A payment request on its way: what happened to it, office by office, and its rows as they are put right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from minxin.directory.rules import Officer
from minxin.disclosures.models import Payment, Request
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.models.payment import PER_YEAR, account_of
from minxin.disclosures.reports import payees
from minxin.disclosures.reports.pipe_desk import ApprovalRow, RequestPage
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import RequestStage
from minxin.kernel import clocks, money, refs
from minxin.kernel import reports as kernel
from minxin.kernel.clocks import Calendar
from minxin.kernel.errors import Absent
from minxin.ledger import reports as ledger

# Who is waited for in which stage, in words.
_ACTS = {
    "request": pipe.REQUEST["request"].label,
    "resubmit": pipe.REQUEST["resubmit"].label,
    "void_request": pipe.REQUEST["void_request"].label,
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One step of a request: what, by which office, when, how long it had waited; `state` is for the track."""

    title: str
    unit: str
    at: datetime | None
    text: str = ""
    state: str = "done"


@dataclass(frozen=True, slots=True)
class Typed:
    """A row of a returned request as its form shows it again; the account by its last digits."""

    line: str
    amount: Decimal
    purpose: str
    payee_kind: str
    name: str
    account: str
    bank: str
    uscc: str
    contract: str
    settle: str
    external_id: str


@dataclass(frozen=True, slots=True)
class _Act:
    at: datetime
    title: str
    office: str
    text: str


def history(page: RequestPage) -> list[Happened]:
    """1 query. All that happened to a request, the first act first, and what it waits for now."""
    calendar = kernel.calendar(page.head.unit.region)
    acts = sorted([*_recorded(page.head.ref), *map(_reviewed, page.approvals)], key=lambda act: act.at)
    done: list[Happened] = []
    before: date | None = None
    for act in acts:
        day = act.at.astimezone(clocks.ZONE).date()
        waited = "" if before is None else _waited(calendar, before, day)
        done.append(Happened(act.title, act.office, act.at, "\n".join(filter(None, (act.text, waited)))))
        before = day
    return [*done, *_now(page, calendar, before)]


def rows_to_edit(ref: str, *, by: Officer, most: int) -> Sequence[Typed]:
    """2 queries. The rows of a request's present round, for the clerk who puts them right; at most `most` + 1."""
    year, number = refs.parse("SQ", ref)
    found = Request.objects.visible_to(by).filter(year=year, number=number).first()
    if found is None or not pipe.may(pipe.REQUEST["resubmit"], by, unit_id=found.unit_id):
        raise Absent
    rows = Payment.objects.visible_to(by).filter(
        request=found, recorded_to=None, pk__gte=year * PER_YEAR, pk__lt=(year + 1) * PER_YEAR
    )
    named = rows.select_related("line", "payee", "commitment").order_by("pk")
    return [_typed(row, ref) for row in named[: most + 1]]


def _recorded(ref: str) -> list[_Act]:
    """Asked for, handed in again, made void: as the event record has it. Reviews are rows of their own."""
    return [
        _Act(event.at, str(_ACTS[event.verb]), event.actor_label, _said(event.facts))
        for event in ledger.history(ref)
        if event.verb in _ACTS
    ]


def _said(facts: dict[str, object]) -> str:
    if reason := facts.get("reason"):
        return str(reason)
    fen = facts.get("fen")
    if not isinstance(fen, int):
        return ""
    return _("%(count)s 笔，%(fen)s 元") % {"count": facts.get("count"), "fen": money.written(fen)}


def _reviewed(row: ApprovalRow) -> _Act:
    title = _("%(step)s：%(decision)s") % {"step": row.step.label, "decision": row.decision.label}
    return _Act(row.at, title, row.office, row.reason)


def _waited(calendar: Calendar, before: date, day: date) -> str:
    days = calendar.working_days(before, day)
    return _("等了 %(days)d 个工作日") % {"days": days} if days else _("当天办理")


def _now(page: RequestPage, calendar: Calendar, before: date | None) -> list[Happened]:
    """What it waits for: the next review by its office, or the unit that puts it right."""
    stage = page.head.stage
    verb = {
        RequestStage.UNIT_REVIEW: "review_unit",
        RequestStage.SECTION_REVIEW: "review_section",
        RequestStage.CENTRE_REVIEW: "review_centre",
        RequestStage.RETURNED: "resubmit",
        RequestStage.APPROVED: "order",
    }.get(stage)
    if verb is None or before is None:
        return []
    move = pipe.REQUEST[verb]
    days = calendar.working_days(before, clocks.today())
    words = _("已等 %(days)d 个工作日") % {"days": days} if days else _("今天送到")
    office = page.head.unit.short if move.at == pipe.Party.UNIT else _("财政部门")
    if stage == RequestStage.SECTION_REVIEW:
        office = page.head.section
    state = "late" if page.head.late else "now"
    return [Happened(_("等待：%(verb)s") % {"verb": move.label}, office, None, words, state)]


def _typed(row: Payment, ref: str) -> Typed:
    own = row.external_id if not row.external_id.startswith(f"{ref}-") else ""
    return Typed(
        ref_of(row.line),
        money.yuan(row.amount_fen),
        row.purpose,
        row.payee_kind,
        row.payee.name,
        payees.masked(account_of(row.payee)),
        row.payee.bank,
        row.payee.uscc,
        row.commitment.contract_no if row.commitment else "",
        row.settle,
        own,
    )
