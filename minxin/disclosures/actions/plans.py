"""Plans by month (用款计划) and the allotments (用款额度) they become: submitted, approved, issued, taken back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.actions import holding
from minxin.disclosures.models import Allotment, BudgetLine, BudgetUnit
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import PlanStage
from minxin.kernel import clocks, money, statements
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

_OPEN = """
SELECT a.line_id, sum(a.amount_fen)::bigint, array_agg(a.month)
FROM disclosures_allotment a
WHERE a.line_id = ANY($1::bigint[]) AND a.stage IN ('submitted', 'approved') GROUP BY 1
"""
_SUBMIT = """
INSERT INTO disclosures_allotment
    (line_id, unit_id, finance_id, month, mode, amount_fen, stage, doc_no, submitted_at)
SELECT l.id, l.unit_id, l.finance_id, g.month, l.mode, g.fen, 'submitted', '', $4::timestamptz
FROM unnest($1::bigint[], $2::date[], $3::bigint[]) AS g (line_id, month, fen)
JOIN disclosures_budgetline l ON l.id = g.line_id
"""
_TOO_MUCH = """
SELECT l.id FROM disclosures_budgetline l JOIN unnest($1::bigint[], $2::bigint[]) AS s (id, fen) USING (id)
WHERE l.approved_fen - l.frozen_fen < l.allotted_fen + s.fen
"""
_ISSUE = """
WITH issued AS (
    UPDATE disclosures_allotment SET stage = 'issued', issued_at = $3::timestamptz, doc_no = $2::text
    WHERE id = ANY($1::bigint[]) RETURNING line_id, amount_fen
)
UPDATE disclosures_budgetline l SET allotted_fen = l.allotted_fen + s.fen
FROM (SELECT line_id, sum(amount_fen)::bigint AS fen FROM issued GROUP BY 1) s WHERE s.line_id = l.id
"""
_MOVE = """
UPDATE disclosures_allotment SET stage = $2::text, approved_at = coalesce($3::timestamptz, approved_at)
WHERE id = ANY($1::bigint[])
"""


@dataclass(frozen=True, slots=True)
class NewPlan:
    """So many yuan of a line (by ref) for the month of that day."""

    line: str
    month: date
    amount: Decimal


def submit(*, unit: str, month: date, amounts: Mapping[str, Decimal], by: Officer) -> int:
    """上报一个月的用款计划: yuan by line ref; how many lines. All lines are the unit's own and of the month's year.

    Raises Refused (`overdrawn`), its field the line's ref, with what the line has left, and (`already`) when a plan for
    it still waits.
    """
    return submit_all(plans=[NewPlan(line, month, amount) for line, amount in amounts.items()], unit=unit, by=by)


@transaction.atomic
def submit_all(*, plans: Sequence[NewPlan], unit: str = "", by: Officer) -> int:
    """The same for many lines, months and units at once, all or none; with `unit` they are all its own."""
    if not plans:
        raise Refused("required", _("请至少填写一条指标的计划金额。"))
    lines = holding.locked({plan.line for plan in plans}, by=by)
    only = directory.unit(unit) if unit else None
    units = {key: directory.unit(key) for key in {line.unit_id for line in lines.values()}}
    if only is not None and units.keys() != {only.id}:
        raise Refused("line", _("有的指标不是本单位的，请核对。"), field="line")
    for line in {row.unit_id: row for row in lines.values()}.values():
        pipe.check(pipe.PLAN["submit_plans"], by, unit=units[line.unit_id], finance_id=line.finance_id)
    rows = [
        (lines[plan.line], holding.month_of(plan.month), holding.above_zero(plan.amount, field=plan.line))
        for plan in plans
    ]
    _check_room(rows)
    of, months, fen = [row[0].pk for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    statements.run(_SUBMIT, [of, months, fen, clocks.now()])
    _record(rows, units, by)
    return len(rows)


@transaction.atomic
def withdraw(*, unit: str, month: date, reason: str, by: Officer) -> int:
    """撤回 the unit's plans of a month that are not approved yet; how many."""
    where, row = holding.budget_unit(unit)
    reason = holding.because(reason)
    pipe.check(pipe.PLAN["withdraw_plans"], by, unit=where, finance_id=row.finance_id)
    plans = Allotment.objects.filter(unit_id=where.id)
    return _moved("withdraw_plans", plans, where, month, by=by, reason=reason)


@transaction.atomic
def approve(*, finance: str, month: date, units: Collection[str] | None = None, by: Officer) -> int:
    """批准 the plans submitted to a finance bureau for a month, of all units or of these; how many lines."""
    bureau, plans = _of(finance, units, "approve_plans", by)
    return _moved("approve_plans", plans, bureau, month, by=by, approved_at=clocks.now())


@transaction.atomic
def void(*, finance: str, month: date, units: Collection[str] | None = None, reason: str, by: Officer) -> int:
    """作废 plans of a month that are not issued yet, with the reason; how many lines."""
    reason = holding.because(reason)
    bureau, plans = _of(finance, units, "void_plans", by)
    return _moved("void_plans", plans, bureau, month, by=by, reason=reason)


@transaction.atomic
def issue(*, finance: str, month: date, doc_no: str, units: Collection[str] | None = None, by: Officer) -> int:
    """下达用款额度: approved plans of a month become allotments by a notice with this number; how many lines.

    All or none; Refused (`overdrawn`) names the lines whose approved amount was cut since.
    """
    doc_no = holding.document(doc_no)
    bureau, plans = _of(finance, units, "issue_plans", by)
    plans = plans.filter(month=holding.month_of(month), stage=PlanStage.APPROVED)
    rows = _held(plans)
    if not rows:
        raise Refused("nothing", _("这个月没有已批准、待下达的用款计划。"))
    sums: dict[int, int] = {}
    for _pk, line, fen in rows:
        sums[line] = sums.get(line, 0) + fen
    if too_much := statements.rows(_TOO_MUCH, [list(sums), list(sums.values())]):
        over = BudgetLine.objects.filter(pk__in=[row[0] for row in too_much])
        sentence = _("指标 %(lines)s 的余额不够下达，可能已被调减或冻结。请先作废或调整这些计划。")
        raise Refused("overdrawn", sentence % {"lines": holding.named(over)})
    statements.run(_ISSUE, [[row[0] for row in rows], doc_no, clocks.now()])
    facts = {"month": holding.month_of(month), "lines": len(rows), "fen": sum(sums.values()), "doc_no": doc_no}
    ledger.record(stream=f"unit:{bureau.code}", verb="issue_plans", by=by, facts=facts)
    return len(rows)


@transaction.atomic
def reduce(ref: str, *, amount: Decimal, reason: str, by: Officer) -> BudgetLine:
    """收回用款额度 (yuan) of a line that nobody has asked for, newest plan first; Refused (`overdrawn`) above that."""
    fen, reason = holding.above_zero(amount), holding.because(reason)
    line = holding.locked([ref], by=by)[ref]
    pipe.check(pipe.PLAN["reduce_plan"], by, unit=directory.unit(line.unit_id), finance_id=line.finance_id)
    unused = line.allotted_fen - line.requested_fen - line.paid_fen
    if fen > unused:
        sentence = _("这条指标没有动用的额度只有 %(left)s 元。")
        raise Refused("overdrawn", sentence % {"left": money.written(unused)}, field="amount")
    holding.take_back({line.pk: fen})
    line.allotted_fen -= fen
    facts = {"fen": fen, "reason": reason}
    ledger.record(stream=ref_of(line), verb="reduce_plan", by=by, facts=facts, sealed=line.withheld)
    return line


def _check_room(rows: Sequence[tuple[BudgetLine, date, int]]) -> None:
    """Plans of the right year, one open plan for a line and month, together within what the line may still allot."""
    opened = statements.rows(_OPEN, [list({line.pk for line, _month, _fen in rows})])
    waiting = {line: (fen, set(months)) for line, fen, months in opened}
    seen: set[tuple[int, date]] = set()
    asked: dict[int, int] = {}
    for line, month, fen in rows:
        if month.year != line.year:
            facts = {"line": ref_of(line), "year": line.year}
            raise Refused("year", _("指标 %(line)s 属于 %(year)d 年度，计划月份要在这一年。") % facts, field="month")
        if (line.pk, month) in seen or month in waiting.get(line.pk, (0, ()))[1]:
            sentence = _("指标 %(line)s 在 %(month)s 已有一份计划等待批准或下达，请先撤回，或等它下达之后再追加。")
            raise Refused("already", sentence % {"line": ref_of(line), "month": f"{month:%Y-%m}"}, field="month")
        seen.add((line.pk, month))
        asked[line.pk] = asked.get(line.pk, waiting.get(line.pk, (0, ()))[0]) + fen
        left = line.approved_fen - line.frozen_fen - line.allotted_fen - asked[line.pk]
        if left < 0:
            sentence = _("指标 %(line)s 可以安排计划的只有 %(left)s 元。")
            facts = {"line": ref_of(line), "left": money.written(max(0, left + fen))}
            raise Refused("overdrawn", sentence % facts, field=ref_of(line))


def _record(rows: Sequence[tuple[BudgetLine, date, int]], units: Mapping[int, UnitRef], by: Officer) -> None:
    """One event for each unit: from which month until which, how many plans, how much."""
    own: dict[int, list[tuple[date, int]]] = {key: [] for key in units}
    for line, month, fen in rows:
        own[line.unit_id].append((month, fen))
    facts = {
        f"unit:{units[key].code}": {
            "month": min(plans)[0],
            "until": max(plans)[0],
            "plans": len(plans),
            "fen": sum(fen for _month, fen in plans),
        }
        for key, plans in own.items()
    }
    ledger.record_many(verb="submit_plans", by=by, facts=facts)


def _of(finance: str, units: Collection[str] | None, verb: str, by: Officer) -> tuple[UnitRef, QuerySet[Allotment]]:
    """The bureau and the plans it keeps, of all units or of these."""
    bureau = directory.unit(finance)
    pipe.check(pipe.PLAN[verb], by, unit=bureau, finance_id=bureau.id)
    plans = Allotment.objects.filter(finance_id=bureau.id)
    if units is not None:
        ids = {directory.unit(code).id for code in units}
        if BudgetUnit.objects.filter(finance_id=bureau.id, unit_id__in=ids).count() != len(ids):
            raise Absent
        plans = plans.filter(unit_id__in=ids)
    return bureau, plans


def _held(plans: QuerySet[Allotment]) -> list[tuple[int, int, int]]:
    """(plan, line, fen) of these plans, their lines locked in the order of their keys as everybody locks them.

    Asked again after the lock: what somebody else has moved meanwhile is not among them.
    """
    wanted = plans.values("line_id")
    lines = BudgetLine.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
    held = frozenset(lines.values_list("pk", flat=True))
    return [row for row in plans.order_by("pk").values_list("pk", "line_id", "amount_fen") if row[1] in held]


def _moved(
    verb: str,
    plans: QuerySet[Allotment],
    where: UnitRef,
    month: date,
    *,
    by: Officer,
    reason: str = "",
    approved_at: datetime | None = None,
) -> int:
    move = pipe.PLAN[verb]
    month = holding.month_of(month)
    rows = _held(plans.filter(month=month, stage__in=move.sources))
    if not rows:
        raise Refused("nothing", _("这个月没有可以“%(verb)s”的用款计划。") % {"verb": move.label})
    statements.run(_MOVE, [[row[0] for row in rows], str(move.target), approved_at])
    facts = {"month": month, "plans": len(rows), "fen": sum(row[2] for row in rows)}
    ledger.record(stream=f"unit:{where.code}", verb=verb, by=by, facts=facts | ({"reason": reason} if reason else {}))
    return len(rows)
