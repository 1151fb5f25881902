"""A government's own tables (政府预算), put together from its departments' detail and what only the government knows.

What is spent at its own level is the sum of the departments to the fen, of the units withheld (涉密) and of the reserve
(预备费). What its checks hold in the other tables is true by how they are made; that revenue meets expenditure is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from minxin.disclosures.rules.broker_tables import ZERO, Line, Rows
from minxin.disclosures.rules.templates import TOTAL

RESERVE = "227"  # 预备费: the government's, never a department's
DIGITS = (3, 5, 7, 9)
Figures = Mapping[str, Decimal]  # yuan by the finest code, or by item


@dataclass(frozen=True, slots=True)
class Transfer:
    """转移支付 to a region below: `kind` refund, general or special (with its project); `function` is a 项 of 230."""

    kind: str
    region: str
    function: str
    amount: Decimal
    project: str = ""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a region may owe and owes, in yuan."""

    region: str
    ceiling: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Besides:
    """What no department's detail tells; amounts in yuan. `names` of functions, revenue and economic headings by code.

    `received` and `handed` are the other items of the balance: subsidies from above, what is handed up.
    `withheld` is, by fund, the sum of the units whose budgets are not public; it stands under the heading `unnamed`.
    """

    names: Mapping[str, str]
    revenue: Figures
    revenue_before: Figures = field(default_factory=dict)
    received: Figures = field(default_factory=dict)
    handed: Figures = field(default_factory=dict)
    reserve: Decimal = ZERO
    withheld: Figures = field(default_factory=dict)
    unnamed: str = "2299999"
    expenditure_before: Figures = field(default_factory=dict)
    transfers: Sequence[Transfer] = ()
    debt: Sequence[Debt] = ()
    fund_revenue: Figures = field(default_factory=dict)
    fund_debt: Sequence[Debt] = ()
    capital_revenue: Figures = field(default_factory=dict)
    social_revenue: Figures = field(default_factory=dict)
    social_expenditure: Figures = field(default_factory=dict)
    narrative: Mapping[str, str] = field(default_factory=dict)


def build(detail: Iterable[Line], besides: Besides) -> dict[str, Rows]:
    """The sheets of `government_budget`, rows by column code, amounts in yuan: fit for `intake.hand_in_rows`.

    Of the detail, money outside the budget (财政专户, 单位资金) is in none of them.
    """
    lines, names = list(detail), besides.names
    own = _spent(lines, "general", besides)
    return {
        "revenue": _tree(besides.revenue, names, besides.revenue_before),
        "gov_expenditure": _tree(_with_transfers(own, besides.transfers), names, besides.expenditure_before),
        "balance": _balance(own, besides),
        "own_expenditure": _tree(own, names),
        "own_basic": _tree(_basic(lines), names),
        "transfers": [_transfer(one) for one in besides.transfers],
        "debt": [_debt(one) for one in besides.debt],
        "fund_revenue": _tree(besides.fund_revenue, names),
        "fund_expenditure": _tree(_spent(lines, "fund", besides), names),
        "fund_debt": [_debt(one) for one in besides.fund_debt],
        "capital_revenue": _tree(besides.capital_revenue, names),
        "capital_expenditure": _tree(_spent(lines, "capital", besides), names),
        "social_revenue": _items(besides.social_revenue),
        "social_expenditure": _items(besides.social_expenditure),
        "gov_narrative": [{"part": part, "text": text} for part, text in besides.narrative.items()],
    }


def own_level(detail: Iterable[Line], besides: Besides) -> Decimal:
    """一般公共预算本级支出, in yuan: what the balance has to find the money for."""
    return sum(_spent(detail, "general", besides).values(), ZERO)


def _spent(lines: Iterable[Line], fund: str, besides: Besides) -> dict[str, Decimal]:
    """By 项, from one purse; the reserve is of the general one."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.fund == fund:
            sums[line.function] += line.amount
    sums[besides.unnamed] += besides.withheld.get(fund, ZERO)
    if fund == "general":
        sums[RESERVE] += besides.reserve
    return {code: amount for code, amount in sums.items() if amount}


def _with_transfers(own: Figures, transfers: Iterable[Transfer]) -> dict[str, Decimal]:
    sums = defaultdict(Decimal, own)
    for one in transfers:
        sums[one.function] += one.amount
    return sums


def _basic(lines: Iterable[Line]) -> dict[str, Decimal]:
    """Basic expenditure by the government's economic headings.

    They began in 2018: as long as one line has none, the table stays empty rather than too small.
    """
    basic = [line for line in lines if line.fund == "general" and not line.project]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in basic:
        if not line.gov_economic:
            return {}
        sums[line.gov_economic] += line.amount
    return sums


def _tree(figures: Figures, names: Mapping[str, str], before: Figures | None = None) -> Rows:
    """A row for the sum and for each heading above and at the codes given; none of nothing."""
    now, then = _up(figures), _up(before or {})
    if not now:
        return []
    rows: Rows = []
    for code in (TOTAL, *sorted({*now, *then} - {TOTAL})):
        row = {"code": code, "name": names.get(code, code), "amount": now.get(code, ZERO)}
        rows.append(row | {"previous": then[code]} if code in then else row)
    return rows


def _up(figures: Figures) -> dict[str, Decimal]:
    """The figures added up to every heading above them, and all together."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for code, amount in figures.items():
        for above in (TOTAL, *(code[:digits] for digits in DIGITS if digits <= len(code))):
            sums[above] += amount
    return sums


def _balance(own: Figures, besides: Besides) -> Rows:
    down = sum((one.amount for one in besides.transfers), ZERO)
    sides: dict[str, dict[str, Decimal]] = {
        "income": {"revenue": sum(besides.revenue.values(), ZERO), **besides.received},
        "expense": {"spending": sum(own.values(), ZERO), **({"subsidies": down} if down else {}), **besides.handed},
    }
    sides["income"]["received"] = sum(sides["income"].values(), ZERO)
    sides["expense"]["spent"] = sum(sides["expense"].values(), ZERO)
    return [
        {"side": side, "item": item, "amount": sum_} for side, items in sides.items() for item, sum_ in items.items()
    ]


def _transfer(one: Transfer) -> dict[str, Any]:
    row = {"kind": one.kind, "region": one.region, "amount": one.amount}
    return row | ({"project": one.project} if one.project else {})


def _debt(one: Debt) -> dict[str, Any]:
    return {"region": one.region, "ceiling": one.ceiling, "balance": one.balance}


def _items(figures: Figures) -> Rows:
    if not figures:
        return []
    every = {TOTAL: sum(figures.values(), ZERO), **figures}
    return [{"item": item, "amount": amount} for item, amount in every.items()]
