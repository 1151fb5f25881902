"""The budgets of the demo's 265 units: what each plans by function, heading, project and purse, and its eleven tables.

Figures come from the number of posts and a generator seeded by unit and year: the same in every demo, and no two units
alike. The tables are put together from the detail by `rules.broker_tables`.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from random import Random

from minxin.directory import reports as directory
from minxin.disclosures.actions.units import NewBudgetUnit
from minxin.disclosures.reports import headings
from minxin.disclosures.rules import broker_tables
from minxin.disclosures.rules.broker_tables import Besides, Line
from minxin.disclosures.rules.codes import Scheme, UnitType

SEEDS = Path(__file__).parents[1] / "seeds"
GROWTH = {2006: Decimal(1), 2007: Decimal("1.08")}
THRIFT = {"30217", "30231"}  # 公务接待, 公务用车: only less, never more
Row = dict[str, object]
Sheets = dict[str, broker_tables.Rows]

# Yuan a post and year, and how far a unit may lie from it. Standards 1.4; 2006's money.
STAFF = {
    "administrative": {"30101": 7200, "30102": 8400, "30103": 600, "30104": 1900},
    "institution": {"30101": 7600, "30102": 5200, "30104": 1700, "30107": 2600},
}
RUNNING = {
    "30201": 620, "30202": 130, "30205": 90, "30206": 240, "30207": 310, "30208": 520, "30211": 480, "30213": 260,
    "30215": 170, "30216": 110, "30217": 180, "30231": 640, "30229": 60,
}  # fmt: skip
PROJECTS = {
    "school": [("教学设备购置", "31003", 1400), ("校舍维修改造", "31006", 1900), ("助学金", "30308", 220)],
    "kindergarten": [("园舍维修", "31006", 1500), ("玩教具购置", "31003", 700)],
    "hospital": [("医疗设备购置", "31003", 2600), ("公共卫生服务", "30218", 500)],
    "bureau": [("专项业务经费", "30227", 2400), ("办公设备更新", "31002", 500), ("信息网络建设", "31007", 900)],
    "institution": [("专项业务经费", "30227", 1700), ("专用设备购置", "31003", 1100)],
}
LARGE = {  # projects of the city that are larger than their offices: yuan of 2006
    "211400-MZJ": [
        ("城市居民最低生活保障", "30306", 46_800_000, "2080899"),
        ("优抚对象补助", "30305", 11_400_000, "2080803"),
    ],
    "211400-JTJ": [("农村公路改造", "30905", 62_500_000, "2140105")],
    "211400-ZJJ": [("城市道路改造", "30905", 58_000_000, "2120399")],
    "211400-NYJ": [("粮食直补", "30310", 31_700_000, "2130199"), ("农业技术推广示范", "30218", 4_600_000, "2130106")],
    "211400-WJW": [("新型农村合作医疗补助", "30307", 18_900_000, "2100499")],
    "211400-RSJ": [("下岗失业人员再就业补助", "30305", 27_300_000, "2080199")],
    "211400-JYJ": [("农村义务教育经费保障", "30402", 38_600_000, "2050299")],
    "211400-CZJ": [("党政内网二期", "31007", 5_800_000, "2010607")],
    "211400-ZRJ": [("征地和拆迁补偿", "31012", 44_000_000, "2120801")],
}  # fmt: skip
FUND_OF = {"2120801": "fund"}
ABROAD = {"211400-103": 120_000, "211400-163": 420_000, "211400-138": 90_000, "211400-132": 60_000}
CAR = {("211400-GAJ", 2006): 560_000, ("211400-GAJ", 2007): 420_000}


@dataclass(frozen=True, slots=True)
class Unit:
    """A row of seeds/budget_units.csv."""

    unit: str
    code: str
    department: str
    type: str
    likeness: str
    section: str
    staff: int
    function: str

    @property
    def enrolled(self) -> NewBudgetUnit:
        """As it is enrolled."""
        return NewBudgetUnit(
            self.unit, self.code, UnitType(self.type), self.likeness, self.section, self.staff, self.department
        )


@dataclass(frozen=True, slots=True)
class Item:
    """One figure of a unit's plan; amounts in whole hundreds of yuan, so that 万元 with two decimals are exact."""

    function: str
    economic: str
    project: str
    fund: str
    yuan: int


@lru_cache(maxsize=1)
def units() -> tuple[Unit, ...]:
    """The 265, departments before their subordinates."""
    with (SEEDS / "budget_units.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Unit(**{name: row[name] for name in Unit.__slots__ if name != "staff"}, staff=int(row["staff"]))
            for row in csv.DictReader(file)
        )


@lru_cache(maxsize=1000)
def plan(unit: Unit, year: int) -> tuple[Item, ...]:
    """What the unit plans to spend in that year."""
    chance = Random(f"{unit.unit} {year}")  # noqa: S311 - a demo, the same every time
    growth = GROWTH[year]
    items = [*_basic(unit, growth, chance, year), *_projects(unit, growth, chance), *_large(unit, growth)]
    return tuple(item for item in items if item.yuan)


def sheets(unit: Unit, year: int) -> Sheets:
    """The eleven tables, the detail and the words, by the codes of the template department_budget; amounts in yuan."""
    return _tables(unit, year, plan(unit, year), plan(unit, year - 1) if year - 1 in GROWTH else ())


def account(unit: Unit, year: int, spent: Sequence[Item]) -> Sheets:
    """The final account (决算) of what was spent: the same tables, with what an account tells besides."""
    made = _tables(unit, year, spent, (), version="final")
    now, then = made["three_public"]
    now |= {"trips": 1, "travellers": 4, "bought": 2, "kept": 8, "receptions": 96, "guests": 640}
    then |= {"trips": 0, "travellers": 0, "bought": 0, "kept": 0, "receptions": 0, "guests": 0}
    made["narrative"].append(
        {"part": "travel", "text": "因公出国（境）、公务用车和公务接待的团组、人数、车辆和批次见“三公”经费表。"}
    )
    return made


def _tables(
    unit: Unit, year: int, items: Sequence[Item], before: Sequence[Item], *, version: str = "initial"
) -> Sheets:
    detail, earlier = _lines(unit, items), _lines(unit, before)
    three = broker_tables.three_expenses(detail)
    then = (
        broker_tables.three_expenses(earlier) if before else {name: _more(name, yuan) for name, yuan in three.items()}
    )
    falls = sum(three.values()) <= sum(then.values())
    return broker_tables.build(
        detail,
        Besides(
            unit=unit.code,
            name=directory.unit(unit.unit).name,
            year=year,
            version=version,
            names=_names(year),
            narrative=_narrative(unit, items, before),
            before=then,
            reason="压减公务接待和车辆运行支出，执行只减不增的要求。"
            if falls
            else "物价和任务量增加，按核定的定额安排。",
            targets=_targets(items),
            procurement=_procurement(unit, items),
        ),
    )


def _lines(unit: Unit, items: Sequence[Item]) -> list[Line]:
    return [Line(unit.code, one.function, one.economic, one.fund, Decimal(one.yuan), one.project) for one in items]


def _more(name: str, yuan: Decimal) -> Decimal:
    """The year before the demo's first: a little more of what is spent every year."""
    return Decimal(_round(yuan * Decimal("1.04"))) if name in {"upkeep", "reception"} else yuan


@lru_cache(maxsize=4)
def _names(year: int) -> dict[str, str]:
    """Names of headings by code; functions begin with 2, economic headings with 3."""
    schemes = (Scheme.FUNCTION, Scheme.ECONOMIC)
    return {code: named.name for scheme in schemes for code, named in headings.of(scheme, year).items()}


def _basic(unit: Unit, growth: Decimal, chance: Random, year: int) -> list[Item]:
    personal = [
        _item(unit.function, code, unit.staff * rate, growth, chance) for code, rate in STAFF[unit.type].items()
    ]
    running = [_item(unit.function, code, unit.staff * rate, growth, chance) for code, rate in RUNNING.items()]
    pension = "2080501" if unit.type == "administrative" else "2080502"
    retired = _item(pension, "30302", unit.staff * 3100, growth, chance)
    abroad = Item(unit.function, "30212", "", "general", _round(Decimal(ABROAD.get(unit.unit, 0)) * (3 - growth * 2)))
    car = Item(unit.function, "31013", "", "general", CAR.get((unit.unit, year), 0))
    return [*personal, *running, retired, abroad, car]


def _projects(unit: Unit, growth: Decimal, chance: Random) -> list[Item]:
    chosen = PROJECTS[unit.likeness]
    fund = "special" if unit.likeness in {"school", "kindergarten"} else "general"
    return [
        _item(unit.function, economic, unit.staff * rate, growth, chance, project=name, fund=fund if n else "general")
        for n, (name, economic, rate) in enumerate(chosen)
    ]


def _large(unit: Unit, growth: Decimal) -> list[Item]:
    return [
        Item(function, economic, name, FUND_OF.get(function, "general"), _round(Decimal(yuan) * growth))
        for name, economic, yuan, function in LARGE.get(unit.unit, [])
    ]


def _item(
    function: str,
    economic: str,
    yuan: int,
    growth: Decimal,
    chance: Random,
    *,
    project: str = "",
    fund: str = "general",
) -> Item:
    spread = Decimal(chance.randint(93, 107)) / 100
    if economic in THRIFT:
        growth, spread = 2 - growth, Decimal(chance.randint(97, 100)) / 100
    return Item(function, economic, project, fund, _round(yuan * growth * spread))


def _round(yuan: Decimal) -> int:
    return int(yuan // 100) * 100


def _sum(items: Iterable[Item]) -> int:
    return sum(item.yuan for item in items)


def _targets(items: Sequence[Item]) -> list[Row]:
    rows: list[Row] = []
    for project in dict.fromkeys(item.project for item in items if item.project):
        chosen = [item for item in items if item.project == project]
        fiscal = _sum(item for item in chosen if item.fund in {"general", "fund"})
        shared: Row = {"project": project, "nature": "continued", "fiscal": fiscal, "other": _sum(chosen) - fiscal}
        for first, second, third, value, measure, weight in _INDICATORS:
            rows.append(
                shared
                | {"first": first, "second": second, "third": third, "value": value, "measure": measure}
                | {"direction": "least", "weight": weight, "goal": "按计划完成，资金用在规定的用途上。"}
            )
    return rows


_INDICATORS = (
    ("output", "数量指标", "计划完成率", "95", "%", 40),
    ("benefit", "社会效益", "服务对象受益率", "90", "%", 40),
    ("satisfaction", "服务对象满意度", "群众满意度", "85", "%", 20),
)


def _procurement(unit: Unit, items: Sequence[Item]) -> list[Row]:
    kinds = {
        "31002": ("A02010100", "办公设备"),
        "31003": ("A02000000", "专用设备"),
        "31007": ("A02010200", "信息网络设备"),
    }
    return [
        {
            "unit": unit.code,
            "project": item.project,
            "item": kinds[item.economic][0],
            "name": kinds[item.economic][1],
            "quantity": 1,
            "price": item.yuan,
            "amount": item.yuan,
            "fund": item.fund,
            "organised": "central",
        }
        for item in items
        if item.economic in kinds
    ]


def _narrative(unit: Unit, items: Sequence[Item], before: Sequence[Item]) -> dict[str, str]:
    total, earlier = _sum(items), _sum(before)
    change = (
        f"本年支出预算 {total} 元，比上年增加 {total - earlier} 元，主要是人员工资和定额标准调整。"
        if before
        else f"本年支出预算 {total} 元，按核定的编制和定额标准安排。"
    )
    running = _sum(item for item in items if item.economic.startswith("302") and not item.project)
    bought = _sum(item for item in items if item.economic in {"31002", "31003", "31007"})
    return {
        "duties": "按照市政府批准的职责开展工作，具体职责见本单位专线的介绍。",
        "organisation": f"核定编制 {unit.staff} 人，经费由市财政局{unit.section}管理。",
        "changes": change,
        "running": f"公用经费 {running} 元，用于办公、水电、取暖、差旅和维修。",
        "procurement": f"政府采购预算 {bought} 元，全部纳入集中采购。",
        "assets": "房屋、车辆和设备按国有资产管理规定登记，处置收入上缴国库。",
        "performance": "项目支出全部编报绩效目标，见绩效目标表。",
        "terms": "基本支出是维持机构运转的支出，项目支出是完成特定任务的支出。",
    }
