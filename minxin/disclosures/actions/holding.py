"""Holding budget lines: every change of a balance locks its lines first, in the order of their keys."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from django.db import connection
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory import rules as reach
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.models import BudgetLine, BudgetUnit, Request, Submission
from minxin.disclosures.models.line import number_of, ref_of
from minxin.disclosures.rules import pipe
from minxin.kernel import money, statements, text
from minxin.kernel.errors import Absent, Refused

DOC_NO, REASON = 60, 200

_COLUMNS = [field.attname for field in BudgetLine._meta.concrete_fields]
_LOCKED = f"""
SELECT {", ".join(_COLUMNS)} FROM disclosures_budgetline
WHERE (year, number) IN (SELECT * FROM unnest($1::smallint[], $2::bigint[])) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - names of our own only
_TAKE_BACK = """
WITH wanted AS (
    SELECT * FROM unnest(%(lines)s::bigint[], %(fen)s::bigint[]) AS w (line_id, fen)
), issued AS (
    SELECT a.id, a.amount_fen, w.fen - sum(a.amount_fen) OVER later + a.amount_fen AS left_fen
    FROM disclosures_allotment a JOIN wanted w USING (line_id)
    WHERE a.stage = 'issued'
    WINDOW later AS (PARTITION BY a.line_id ORDER BY a.month DESC, a.id DESC)
), plans AS (
    UPDATE disclosures_allotment a
    SET stage = CASE WHEN i.left_fen >= i.amount_fen THEN 'void' ELSE a.stage END,
        amount_fen = CASE WHEN i.left_fen >= i.amount_fen THEN a.amount_fen ELSE a.amount_fen - i.left_fen END
    FROM issued i WHERE i.id = a.id AND i.left_fen > 0
)
UPDATE disclosures_budgetline l SET allotted_fen = l.allotted_fen - w.fen FROM wanted w WHERE w.line_id = l.id
"""


def locked(refs: Collection[str], *, by: Officer) -> dict[str, BudgetLine]:
    """The lines by ref as given, locked in the order of their keys. Absent when one of them may not be seen."""
    numbers = {ref: number_of(ref, field="line") for ref in refs}
    pairs = sorted(set(numbers.values()))
    found = statements.rows(_LOCKED, [[year for year, _number in pairs], [number for _year, number in pairs]])
    known = [BudgetLine.from_db(connection.alias, _COLUMNS, row) for row in found]
    lines = {(line.year, line.number): line for line in known if sees(by, line)}
    if len(lines) != len(pairs):
        raise Absent("absent", _("没有找到您填写的指标，请核对指标编号。"), field="line")
    return {ref: lines[pair] for ref, pair in numbers.items()}


def sees(by: Officer, row: BudgetLine | Request | Submission) -> bool:
    """Whether an officer sees this row, which is at hand: the same as `visible_to`, said of one."""
    return row.finance_id in by.unit_ids() or reach.sees(by, directory.unit(row.unit_id).path)


def one(ref: str, verb: str, *, by: Officer) -> BudgetLine:
    """One locked line of a finance bureau where this officer may do this verb of rules.pipe.LINE."""
    line = locked([ref], by=by)[ref]
    pipe.check(pipe.LINE[verb], by, unit=directory.unit(line.unit_id), finance_id=line.finance_id)
    return line


def take_back(amounts: Mapping[int, int]) -> None:
    """Lower what is allotted to locked lines (by id, in fen): the newest issued plans give first, a whole one is void.

    So the sum of a line's issued plans stays its `allotted_fen`. One statement.
    """
    amounts = {key: fen for key, fen in amounts.items() if fen > 0}
    if amounts:
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_BACK, {"lines": list(amounts), "fen": list(amounts.values())})


def budget_unit(code: str) -> tuple[UnitRef, BudgetUnit]:
    """The unit of that code of the directory and its enrolment. Absent when it has no budget."""
    unit = directory.unit(code)
    row = BudgetUnit.objects.filter(unit_id=unit.id).first()
    if row is None:
        raise Absent("absent", _("没有找到这个预算单位。请先由财政部门登记。"), field="unit")
    return unit, row


def above_zero(amount: object, *, field: str = "amount") -> int:
    """The amount in fen. Refuses what is no money or not above zero."""
    fen = money.fen(amount, field=field)  # type: ignore[arg-type]
    if fen <= 0:
        raise Refused("invalid", _("金额必须大于零，单位是元。"), field=field)
    return fen


def document(doc_no: str, *, field: str = "doc_no") -> str:
    """The document's number; no money moves without one."""
    doc_no = text.clean(doc_no, limit=DOC_NO, field=field)
    if not doc_no:
        raise Refused("required", _("请填写文号。"), field=field)
    return doc_no


def because(reason: str, *, field: str = "reason") -> str:
    """The reason; it is kept and shown."""
    reason = text.clean(reason, limit=REASON, field=field)
    if not reason:
        raise Refused("required", _("请写明原因，它会和记录一起保存。"), field=field)
    return reason


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def named(lines: Iterable[BudgetLine]) -> str:
    """A few lines by ref, for a sentence."""
    refs = [ref_of(line) for line in lines]
    first = "、".join(refs[:3])
    return _("%(refs)s 等 %(count)d 条") % {"refs": first, "count": len(refs)} if len(refs) > 3 else first
