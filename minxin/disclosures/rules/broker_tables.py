"""The eleven tables of a unit's budget, put together from its detail (预算明细): what the checks will find in order.

A unit that has only its detail gets its template filled in by this; the demo and the tests hand in what it makes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from minxin.disclosures.rules.templates import TOTAL

Rows = list[dict[str, Any]]
STAFF = ("301", "303")  # 人员经费: wages, and payments to persons; the rest of basic expenditure is 公用经费
FISCAL = ("general", "fund", "capital")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the detail; `amount` in yuan. Without a project it is basic expenditure (基本支出)."""

    unit: str
    function: str
    economic: str
    fund: str
    amount: Decimal
    project: str = ""
    gov_economic: str = ""


@dataclass(frozen=True, slots=True)
class Besides:
    """What the detail does not tell: the unit's name, names of headings by code, the texts, last year's 三公."""

    unit: str
    name: str
    year: int
    version: str = "initial"
    names: Mapping[str, str] | None = None
    narrative: Mapping[str, str] | None = None
    before: Mapping[str, Decimal] | None = None  # columns of 表7 for the year before
    reason: str = ""  # why 三公 changed
    targets: Sequence[Mapping[str, Any]] = ()
    procurement: Sequence[Mapping[str, Any]] = ()


def build(detail: Sequence[Line], besides: Besides) -> dict[str, Rows]:
    """The sheets of `department_budget`, rows by column code, amounts in yuan: fit for `intake.hand_in_rows`."""
    names = besides.names or {}
    fiscal = [line for line in detail if line.fund in FISCAL]
    general = [line for line in detail if line.fund == "general"]
    sheets: dict[str, Rows] = {
        "overview": _overview(detail, names),
        "income": _income(detail, besides),
        "expenditure": _tree(detail, "function", names, _basic_project),
        "fiscal": _fiscal(fiscal, names),
        "general": _tree(general, "function", names, _general),
        "basic": _tree([line for line in general if not line.project], "economic", names, _staff),
        "three_public": _three(general, besides),
        "gov_fund": _of_fund(detail, "fund", names, besides.version),
        "state_capital": _of_fund(detail, "capital", names, besides.version),
        "targets": [dict(row) for row in besides.targets],
        "procurement": [dict(row) for row in besides.procurement],
        "detail": [_detail(line) for line in detail],
    }
    if besides.narrative:
        sheets["narrative"] = [{"part": part, "text": text} for part, text in besides.narrative.items()]
    return sheets


def three_expenses(lines: Iterable[Line]) -> dict[str, Decimal]:
    """三公经费 in the general budget, in yuan, by the columns of 表7: abroad, purchase, upkeep, reception."""
    general = [line for line in lines if line.fund == "general"]
    return {name: _sum(line for line in general if line.economic in codes) for name, codes in _THREE.items()}


def _sum(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)


def _by(lines: Iterable[Line], digits: int) -> dict[str, list[Line]]:
    """The lines by the first digits of their function, in order."""
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.function[:digits]].append(line)
    return dict(sorted(found.items()))


def _incomes(lines: Sequence[Line]) -> dict[str, Decimal]:
    funds = {"general": "general", "fund": "fund", "capital": "capital", "special": "special", "own": "operation"}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[funds[line.fund]] += line.amount
    return dict(sums)


def _overview(detail: Sequence[Line], names: Mapping[str, str]) -> Rows:
    total = _sum(detail)
    rows: Rows = [{"side": "income", "item": item, "amount": sum_} for item, sum_ in _incomes(detail).items()]
    rows += [{"side": "income", "item": item, "amount": total} for item in ("income", "received")]
    rows += [
        {"side": "expense", "code": code, "item": names.get(code, code), "amount": _sum(lines)}
        for code, lines in _by(detail, 3).items()
    ]
    return rows + [{"side": "expense", "item": item, "amount": total} for item in ("expense", "spent")]


def _income(detail: Sequence[Line], besides: Besides) -> Rows:
    total = _sum(detail)
    row = {"total": total, "income": total, **_incomes(detail)}
    return [{"code": TOTAL, **row}, {"code": besides.unit, "name": besides.name, **row}]


def _tree(lines: Sequence[Line], by: str, names: Mapping[str, str], figures: Any) -> Rows:
    """A row for the sum, one for each class, 款 and 项 that occur."""
    if not lines:
        return []
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        code = getattr(line, by)
        for digits in (3, 5, 7)[: len(code) // 2]:
            found[code[:digits]].append(line)
    rows: Rows = [{"code": TOTAL, **figures(lines)}]
    for code, part in sorted(found.items()):
        rows.append({"code": code, "name": names.get(code, ""), **figures(part)})
    return rows


def _basic_project(lines: Sequence[Line]) -> dict[str, Decimal]:
    basic = _sum(line for line in lines if not line.project)
    total = _sum(lines)
    return {"total": total, "basic": basic, "project": total - basic}


def _general(lines: Sequence[Line]) -> dict[str, Decimal]:
    staff = _staff([line for line in lines if not line.project])
    figures = _basic_project(lines)
    return {**figures, "staff": staff["staff"], "running": staff["running"]}


def _staff(lines: Sequence[Line]) -> dict[str, Decimal]:
    total = _sum(lines)
    staff = _sum(line for line in lines if line.economic[:3] in STAFF)
    return {"total": total, "staff": staff, "running": total - staff}


def _funds(lines: Sequence[Line]) -> dict[str, Decimal]:
    sums = {fund: _sum(line for line in lines if line.fund == fund) for fund in FISCAL}
    return {"total": _sum(lines), **sums}


def _fiscal(lines: Sequence[Line], names: Mapping[str, str]) -> Rows:
    whole = _funds(lines)
    rows: Rows = [{"side": "income", "item": item, **whole} for item in ("income", "received")]
    rows += [
        {"side": "expense", "code": code, "item": names.get(code, code), **_funds(part)}
        for code, part in _by(lines, 3).items()
    ]
    return rows + [{"side": "expense", "item": item, **whole} for item in ("expense", "spent")]


_THREE = {"abroad": ("30212",), "purchase": ("30913", "31013"), "upkeep": ("30231",), "reception": ("30217",)}


def _three(general: Sequence[Line], besides: Besides) -> Rows:
    rows: Rows = [{"year": besides.year, **_three_sums(three_expenses(general)), "reason": besides.reason}]
    if besides.before is not None:
        before = {name: besides.before.get(name, ZERO) for name in _THREE}
        rows.append({"year": besides.year - 1, **_three_sums(before)})
    return rows


def _three_sums(row: Mapping[str, Decimal]) -> dict[str, Decimal]:
    vehicles = row["purchase"] + row["upkeep"]
    return {"total": row["abroad"] + vehicles + row["reception"], "vehicles": vehicles, **row}


def _of_fund(detail: Sequence[Line], fund: str, names: Mapping[str, str], version: str) -> Rows:
    rows = _tree([line for line in detail if line.fund == fund], "function", names, _basic_project)
    return [{**row, "income": row["total"]} for row in rows] if version == "final" else rows


def _detail(line: Line) -> dict[str, Any]:
    facts = {"unit": line.unit, "function": line.function, "economic": line.economic, "project": line.project,
             "fund": line.fund, "gov_economic": line.gov_economic, "amount": line.amount}  # fmt: skip
    return {name: value for name, value in facts.items() if value != ""}
