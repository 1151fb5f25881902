"""Budget lines (指标): opened from the published budget, changed, frozen, carried over the year, put to new use."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer
from minxin.disclosures.actions import holding
from minxin.disclosures.models import BudgetLine, Heading, LineChange, ruling
from minxin.disclosures.models.line import number_of, ref_of
from minxin.disclosures.models.unopened import UNOPENED
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import SIGNS, ChangeKind, Fund, PayMode, RuleCode, Scheme
from minxin.disclosures.rules.ruling import Ruling
from minxin.kernel import clocks, money, refs, text
from minxin.kernel.errors import Refused
from minxin.ledger import actions as ledger

_FRESH = f"""
SELECT unit_id, function, economic, project, fund, section, withheld, fen FROM ({UNOPENED}) u
ORDER BY code, function, economic, project, fund
"""  # noqa: S608 - names of columns, no values
_OPEN = """
WITH given AS (
    SELECT * FROM unnest(
        %(unit)s::bigint[], %(section)s::text[], %(function)s::text[], %(economic)s::text[], %(project)s::text[],
        %(fund)s::text[], %(mode)s::text[], %(formed)s::smallint[], %(withheld)s::boolean[], %(fen)s::bigint[],
        %(summary)s::text[]
    ) AS g (unit_id, section, function, economic, project, fund, mode, formed_year, withheld, fen, summary)
), opened AS (
    INSERT INTO disclosures_budgetline (
        year, number, unit_id, finance_id, doc_no, doc_on, section, function, economic, project, fund, mode,
        formed_year, summary, withheld, approved_fen, frozen_fen, allotted_fen, requested_fen, paid_fen
    )
    SELECT %(year)s, nextval(%(sequence)s::regclass), unit_id, %(finance)s, %(doc_no)s, %(on)s, section, function,
           economic, project, fund, mode, formed_year, summary, withheld, fen, 0, 0, 0, 0
    FROM given
    ON CONFLICT ON CONSTRAINT line_natural_key DO NOTHING
    RETURNING id, number, approved_fen, unit_id, function, economic, project, fund, formed_year
), changed AS (
    INSERT INTO disclosures_linechange (line_id, kind, amount_fen, doc_no, "on", reason, at)
    SELECT id, %(kind)s, approved_fen, %(doc_no)s, %(on)s, '', %(at)s FROM opened
    WHERE %(kind)s <> ''
)
SELECT * FROM opened
"""
Opened = tuple[int, int, int, int, str, str, str, str, int]  # as _OPEN returns it

MOST_YEARS_IDLE = 20


@dataclass(frozen=True, slots=True)
class _New:
    """A line to be opened."""

    unit_id: int
    section: str
    function: str
    economic: str
    project: str
    fund: str
    mode: str
    formed_year: int
    withheld: bool
    fen: int
    summary: str = ""


@dataclass(frozen=True, slots=True)
class _Deed:
    """The document by which a finance bureau opens lines of a year."""

    finance_id: int
    year: int
    doc_no: str
    on: date


@transaction.atomic
def open_lines(*, finance: str, fiscal_year: int, doc_no: str, on: date, by: Officer) -> int:
    """下达年初指标: a line for each unit, function, economic heading, project and fund of the published initial budget.

    How many were opened. What has its line already is left alone; Refused (`already`) when that is everything, and
    (`nothing`) when nothing is published.
    """
    bureau = directory.unit(finance)
    pipe.check(pipe.LINE["open_lines"], by, unit=bureau, finance_id=bureau.id)
    doc_no, modes = holding.document(doc_no), _modes(bureau.id, fiscal_year)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('disclosures_open_lines'), %s::int)", [bureau.id])
        cursor.execute(_FRESH, {"finance": bureau.id, "year": fiscal_year})
        fresh = [
            _New(unit, section, function, economic, project, fund, pipe.mode_of(modes, economic, project),
                 fiscal_year, withheld, fen)
            for unit, function, economic, project, fund, section, withheld, fen in cursor.fetchall()
        ]  # fmt: skip
    if not fresh:
        _refuse_nothing(bureau.id, fiscal_year)
    opened = _opened(fresh, _Deed(bureau.id, fiscal_year, doc_no, on), ChangeKind.APPROVE)
    facts = {
        "year": fiscal_year,
        "lines": len(opened),
        "fen": sum(row[2] for row in opened),
        "doc_no": doc_no,
        "on": on,
    }
    ledger.record(stream=f"unit:{bureau.code}", verb="open_lines", by=by, facts=facts)
    return len(opened)


@transaction.atomic
def open_line(
    *,
    unit: str,
    fiscal_year: int,
    function: str,
    economic: str,
    fund: Fund,
    amount: Decimal,
    doc_no: str,
    on: date,
    project: str = "",
    mode: PayMode | None = None,
    summary: str = "",
    formed_year: int | None = None,
    by: Officer,
) -> BudgetLine:
    """下达一条指标 (in yuan) outside the published budget, by its own document, for example from above.

    With an earlier `formed_year` it is money left by that year, taken over from books kept before (上年结转). Without
    `mode` it is paid as that year's rule has it; Refused (`mode`) for a way of paying the year does not know.
    """
    where, row = holding.budget_unit(unit)
    pipe.check(pipe.LINE["open_line"], by, unit=where, finance_id=row.finance_id)
    formed = fiscal_year if formed_year is None else formed_year
    if not fiscal_year - MOST_YEARS_IDLE <= formed <= fiscal_year:
        raise Refused("formed_year", _("资金形成的年度不能晚于预算年度，也不能早于它二十年。"), field="formed_year")
    fen, doc_no = holding.above_zero(amount), holding.document(doc_no)
    _check_codes(fiscal_year, function, economic, fund)
    modes = _modes(row.finance_id, fiscal_year)
    if mode:
        pipe.check_mode(modes, mode)
    new = _New(
        where.id,
        row.section,
        function,
        economic,
        text.clean(project, limit=80, field="project"),
        fund,
        mode or pipe.mode_of(modes, economic, project),
        formed,
        row.withheld,
        fen,
        text.clean(summary, limit=120, field="summary"),
    )
    kind = ChangeKind.APPROVE if formed == fiscal_year else ChangeKind.CARRY
    opened = _opened([new], _Deed(row.finance_id, fiscal_year, doc_no, on), kind)
    if not opened:
        raise Refused(
            "already", _("这个文号下同样科目、项目和资金性质的指标已经下达，请用“调整指标”追加。"), field="doc_no"
        )
    line = BudgetLine.objects.get(pk=opened[0][0])
    facts = {"unit": where.code, "fen": fen, "doc_no": doc_no, "on": on, "formed_year": formed}
    ledger.record(stream=ref_of(line), verb="open_line", by=by, facts=facts, sealed=line.withheld)
    return line


@transaction.atomic
def change(
    ref: str, *, kind: ChangeKind, amount: Decimal, doc_no: str, on: date, reason: str = "", by: Officer
) -> BudgetLine:
    """调整指标: add or cut, in yuan. A cut leaves what is frozen and what is allotted; else Refused (`overdrawn`)."""
    if kind not in {ChangeKind.ADD, ChangeKind.CUT}:
        raise Refused("invalid", _("请选择追加或调减。"), field="kind")
    fen, doc_no = holding.above_zero(amount), holding.document(doc_no)
    reason = text.clean(reason, limit=holding.REASON, field="reason")
    line = holding.one(ref, "change_line", by=by)
    _check_new(line, kind, fen, doc_no, on)
    if kind == ChangeKind.CUT:
        _check_free(line, fen)
    _change(line, kind, fen, doc_no, on, reason=reason)
    facts = {"kind": kind, "fen": fen, "doc_no": doc_no, "on": on}
    ledger.record(stream=ref_of(line), verb="change_line", by=by, facts=facts, sealed=line.withheld)
    return line


@transaction.atomic
def freeze(ref: str, *, amount: Decimal, reason: str, by: Officer) -> BudgetLine:
    """冻结 so many yuan of what is not allotted yet."""
    fen, reason = holding.above_zero(amount), holding.because(reason)
    line = holding.one(ref, "freeze_line", by=by)
    _check_free(line, fen)
    return _frozen(line, fen, "freeze_line", reason, by)


@transaction.atomic
def unfreeze(ref: str, *, amount: Decimal, reason: str, by: Officer) -> BudgetLine:
    """解冻 so many yuan of what is frozen."""
    fen, reason = holding.above_zero(amount), holding.because(reason)
    line = holding.one(ref, "unfreeze_line", by=by)
    if fen > line.frozen_fen:
        sentence = _("这条指标只冻结了 %(left)s 元。")
        raise Refused("overdrawn", sentence % {"left": money.written(line.frozen_fen)}, field="amount")
    return _frozen(line, -fen, "unfreeze_line", reason, by)


@transaction.atomic
def carry(*, finance: str, fiscal_year: int, doc_no: str, on: date, refs: Collection[str] = (), by: Officer) -> int:
    """结转: what the year before `fiscal_year` left unspent becomes lines of this year, keeping the year it was formed.

    All lines of the bureau, or those of `refs`; how many were carried. The old line keeps what was approved (its
    execution stays what it was), gives back the allotment nobody used (standards 2.3) and has its remainder frozen, so
    that no yuan stands twice. Money asked for and not yet paid stays behind, to be carried once it is settled.
    """
    bureau = directory.unit(finance)
    pipe.check(pipe.LINE["carry_lines"], by, unit=bureau, finance_id=bureau.id)
    doc_no = holding.document(doc_no)
    if on.year < fiscal_year:
        raise Refused("invalid", _("结转要在新的年度开始之后办理。"), field="on")
    old = _leftover(bureau.id, fiscal_year - 1, [number_of(ref) for ref in refs])
    if not old:
        raise Refused("nothing", _("%(year)d 年度没有可以结转的指标余额。") % {"year": fiscal_year - 1})
    left = {line.pk: line.approved_fen - line.frozen_fen - line.requested_fen - line.paid_fen for line in old}
    holding.take_back({line.pk: line.allotted_fen - line.requested_fen - line.paid_fen for line in old})
    _freeze_all(left)
    count = _carried(old, left, _Deed(bureau.id, fiscal_year, doc_no, on))
    facts = {"year": fiscal_year, "lines": count, "fen": sum(left.values()), "doc_no": doc_no, "on": on}
    ledger.record(stream=f"unit:{bureau.code}", verb="carry_lines", by=by, facts=facts)
    return len(old)


@transaction.atomic
def revive(
    *, source: str, target: str, amount: Decimal, doc_no: str, on: date, reason: str, by: Officer
) -> tuple[BudgetLine, BudgetLine]:
    """盘活存量: so many yuan that stand idle in `source` go to `target`, in one act with both ends linked.

    Unused allotments of the source are taken back as far as needed. Money keeps its purse: both lines are of one fund.
    Raises Refused (`overdrawn`) with what the source has left.
    """
    fen, doc_no, reason = holding.above_zero(amount), holding.document(doc_no), holding.because(reason)
    held = holding.locked({source, target}, by=by)
    giver, taker = held[source], held[target]
    _check_revival(giver, taker, fen, by)
    _check_new(giver, ChangeKind.REVIVE_OUT, fen, doc_no, on, counterpart=taker)
    free = giver.approved_fen - giver.frozen_fen - giver.allotted_fen
    if fen > free:
        holding.take_back({giver.pk: fen - free})
        giver.allotted_fen -= fen - free
    _change(giver, ChangeKind.REVIVE_OUT, fen, doc_no, on, reason=reason, counterpart=taker)
    _change(taker, ChangeKind.REVIVE_IN, fen, doc_no, on, reason=reason, counterpart=giver)
    facts = {"fen": fen, "doc_no": doc_no, "on": on, "from": ref_of(giver), "to": ref_of(taker)}
    hidden = [ref_of(line) for line in (giver, taker) if giver.withheld or taker.withheld]
    events = {ref_of(giver): facts, ref_of(taker): facts}
    ledger.record_many(verb="revive", by=by, facts=events, sealed=hidden)
    return giver, taker


def _opened(rows: Sequence[_New], deed: _Deed, kind: ChangeKind | None) -> list[Opened]:
    """Lines and, with a `kind`, a change of that kind for each, by one statement; those whose key is taken are left."""
    values: dict[str, Any] = {
        "unit": [row.unit_id for row in rows],
        "section": [row.section for row in rows],
        "function": [row.function for row in rows],
        "economic": [row.economic for row in rows],
        "project": [row.project for row in rows],
        "fund": [row.fund for row in rows],
        "mode": [row.mode for row in rows],
        "formed": [row.formed_year for row in rows],
        "withheld": [row.withheld for row in rows],
        "fen": [row.fen for row in rows],
        "summary": [row.summary for row in rows],
    }
    values |= {"year": deed.year, "sequence": refs.sequence("line", deed.year), "finance": deed.finance_id}
    values |= {"doc_no": deed.doc_no, "on": deed.on, "kind": str(kind or ""), "at": clocks.now()}
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, values)
        return [*cursor.fetchall()]


def _modes(finance_id: int, year: int) -> Ruling:
    """How the bureau pays in that fiscal year."""
    return ruling.in_force(RuleCode.MODES, region=directory.unit(finance_id).region, on=date(year, 1, 1))


def _refuse_nothing(finance_id: int, year: int) -> None:
    if BudgetLine.objects.filter(finance_id=finance_id, year=year).exists():
        raise Refused("already", _("%(year)d 年已公开的年初预算都已经下达指标，没有新的。") % {"year": year})
    raise Refused("nothing", _("还没有公开 %(year)d 年的年初预算。请先公开预算，再下达指标。") % {"year": year})


def _check_codes(year: int, function: str, economic: str, fund: str) -> None:
    known = set(Heading.objects.of(year).filter(code__in=[function, economic, fund]).values_list("scheme", "code"))
    for scheme, code, field in (
        (Scheme.FUNCTION, function, "function"),
        (Scheme.ECONOMIC, economic, "economic"),
        (Scheme.FUND, fund, "fund"),
    ):
        if (scheme, code) not in known:
            facts = {"code": code, "scheme": scheme.label, "year": year}
            raise Refused("code", _("%(year)d 年的%(scheme)s里没有 %(code)s，请核对编码。") % facts, field=field)


def _change(
    line: BudgetLine,
    kind: ChangeKind,
    fen: int,
    doc_no: str,
    on: date,
    *,
    reason: str,
    counterpart: BudgetLine | None = None,
) -> None:
    line.approved_fen += SIGNS[kind] * fen
    line.save(update_fields=["approved_fen"])
    LineChange.objects.create(
        line=line, kind=kind, amount_fen=fen, doc_no=doc_no, on=on, reason=reason, counterpart=counterpart,
        at=clocks.now(),
    )  # fmt: skip


def _check_free(line: BudgetLine, fen: int) -> None:
    free = line.approved_fen - line.frozen_fen - line.allotted_fen
    if fen > free:
        sentence = _("这条指标未下达额度、未冻结的只有 %(left)s 元。请先收回用款额度，或减少金额。")
        raise Refused("overdrawn", sentence % {"left": money.written(free)}, field="amount")


def _check_new(
    line: BudgetLine, kind: ChangeKind, fen: int, doc_no: str, on: date, *, counterpart: BudgetLine | None = None
) -> None:
    """A document changes a line by the same amount once: what is sent twice is no second change."""
    same = line.changes.filter(kind=kind, amount_fen=fen, doc_no=doc_no, on=on, counterpart=counterpart)
    if same.exists():
        sentence = _("这个文号已按同样的日期和金额登记过%(kind)s，没有重复登记。")
        raise Refused("already", sentence % {"kind": kind.label}, field="doc_no")


def _frozen(line: BudgetLine, fen: int, verb: str, reason: str, by: Officer) -> BudgetLine:
    line.frozen_fen += fen
    line.save(update_fields=["frozen_fen"])
    facts = {"fen": abs(fen), "reason": reason}
    ledger.record(stream=ref_of(line), verb=verb, by=by, facts=facts, sealed=line.withheld)
    return line


def _leftover(finance_id: int, year: int, numbers: list[tuple[int, int]]) -> list[BudgetLine]:
    """The lines of a closed year that have something left, locked in the order of their keys."""
    lines = BudgetLine.objects.filter(finance_id=finance_id, year=year).order_by("pk").select_for_update(no_key=True)
    if numbers:
        lines = lines.filter(number__in=[number for of, number in numbers if of == year])
    return [line for line in lines if line.approved_fen - line.frozen_fen > line.requested_fen + line.paid_fen]


def _freeze_all(left: dict[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE disclosures_budgetline l SET frozen_fen = l.frozen_fen + w.fen"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS w (id, fen) WHERE w.id = l.id",
            [list(left), list(left.values())],
        )


def _carried(old: list[BudgetLine], left: dict[int, int], deed: _Deed) -> int:
    """New lines, one for each natural key among the old ones, and a change for each old line; how many lines."""
    key: dict[int, tuple[int, str, str, str, str, int]] = {
        line.pk: (line.unit_id, line.function, line.economic, line.project, line.fund, line.formed_year) for line in old
    }
    sums: dict[tuple[int, str, str, str, str, int], int] = {}
    for line in old:
        sums[key[line.pk]] = sums.get(key[line.pk], 0) + left[line.pk]
    first = {key[line.pk]: line for line in reversed(old)}
    rows = [
        _New(line.unit_id, line.section, line.function, line.economic, line.project, line.fund, line.mode,
             line.formed_year, line.withheld, sums[of])
        for of, line in first.items()
    ]  # fmt: skip
    opened = {row[3:]: row[0] for row in _opened(rows, deed, None)}
    if len(opened) != len(rows):
        raise Refused("already", _("这个文号已经用来结转过同样的指标，请换一个文号。"), field="doc_no")
    at = clocks.now()
    LineChange.objects.bulk_create(
        LineChange(line_id=opened[key[line.pk]], kind=ChangeKind.CARRY, amount_fen=left[line.pk], doc_no=deed.doc_no,
                   on=deed.on, counterpart=line, at=at)
        for line in old
    )  # fmt: skip
    return len(opened)


def _check_revival(giver: BudgetLine, taker: BudgetLine, fen: int, by: Officer) -> None:
    for line in (giver, taker):
        pipe.check(pipe.LINE["revive"], by, unit=directory.unit(line.unit_id), finance_id=line.finance_id)
    if giver.pk == taker.pk or giver.finance_id != taker.finance_id:
        raise Refused("invalid", _("盘活要在同一财政部门的两条不同指标之间进行。"), field="target")
    if giver.fund != taker.fund:
        raise Refused("fund", _("盘活的资金不能改变资金性质，请选择同一资金性质的指标。"), field="target")
    if giver.year > taker.year:
        raise Refused("invalid", _("不能把今年的指标盘活到过去的年度。"), field="target")
    idle = giver.approved_fen - giver.frozen_fen - giver.requested_fen - giver.paid_fen
    if fen > idle:
        sentence = _("这条指标闲置的只有 %(left)s 元，不能盘活这么多。")
        raise Refused("overdrawn", sentence % {"left": money.written(idle)}, field="amount")
