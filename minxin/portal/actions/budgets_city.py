"""The demo's government budget of 葫芦岛: what its 265 units plan together, and what only the city's treasury knows.

Spending is the units' own plans to the yuan; revenue, transfers and social insurance grow by the rates of those years.
What the subsidies from above have to fill is what is left. Figures are the same in every demo.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from minxin.directory import reports as directory
from minxin.disclosures.reports import headings
from minxin.disclosures.rules import government_tables
from minxin.disclosures.rules.broker_tables import Line
from minxin.disclosures.rules.codes import Scheme
from minxin.disclosures.rules.government_tables import Besides, Transfer
from minxin.portal.actions import budgets

CITY = "211400"
TEN_THOUSAND = 10_000
UNNAMED = "2299901"
RESERVE = Decimal("0.02")  # of what is spent at the city's level: 预算法 wants one to three hundredths
GROWTH = {2006: Decimal(1), 2007: Decimal("1.12")}
EXECUTED = {2006: Decimal("0.91"), 2007: Decimal("1.03")}  # the year before, against the plan of 2006
NO_ROWS = (
    "%d年还没有政府预算支出经济分类、地方政府债务限额和国有资本经营预算，这些表没有数据，按规定公开空表。"
    "基本支出按部门的经济分类，见各部门的一般公共预算基本支出表。"
)

# Yuan of 2006, at the city's level.
REVENUE = {
    "10101": ("增值税", 92_400_000),
    "10103": ("营业税", 118_600_000),
    "10104": ("企业所得税", 51_300_000),
    "10106": ("个人所得税", 28_900_000),
    "10107": ("资源税", 6_200_000),
    "10109": ("城市维护建设税", 47_500_000),
    "10110": ("房产税", 21_400_000),
    "10111": ("印花税", 7_800_000),
    "10112": ("城镇土地使用税", 13_600_000),
    "10113": ("土地增值税", 5_100_000),
    "10114": ("车船税", 2_900_000),
    "10119": ("契税", 24_700_000),
    "10302": ("专项收入", 23_100_000),
    "10304": ("行政事业性收费收入", 61_800_000),
    "10305": ("罚没收入", 38_600_000),
    "10306": ("国有资本经营收入", 9_400_000),
    "10307": ("国有资源（资产）有偿使用收入", 12_200_000),
    "10399": ("其他收入", 4_500_000),
}
LAND = "1030148"  # what land is granted for pays what the fund's purse spends on it
ABOVE = {
    "合计": "合计",
    "101": "税收收入",
    "103": "非税收入",
    "10301": "政府性基金收入",
    LAND: "国有土地使用权出让收入",
}
HANDED_UP = 12_600_000
TRANSFERS = [  # kind, 项, project, yuan for all counties
    ("refund", "2300101", "增值税和消费税税收返还", 46_800_000),
    ("general", "2300201", "体制补助", 58_200_000),
    ("general", "2300299", "农村税费改革转移支付", 71_500_000),
    ("special", "2300305", "农村义务教育经费保障", 52_600_000),
    ("special", "2300308", "城乡居民最低生活保障补助", 39_400_000),
    ("special", "2300399", "农村公路建设补助", 33_000_000),
]
SHARES = {"211402": 14, "211403": 10, "211404": 15, "211421": 22, "211422": 21, "211481": 18}  # hundredths
SOCIAL = {  # 收入, 支出
    "企业职工基本养老保险基金": (1_062_000_000, 998_000_000),
    "失业保险基金": (88_000_000, 41_000_000),
    "城镇职工基本医疗保险基金": (214_000_000, 168_000_000),
    "工伤保险基金": (31_000_000, 22_000_000),
    "生育保险基金": (9_000_000, 6_000_000),
}


def sheets(year: int) -> budgets.Sheets:
    """The fifteen tables of the template government_budget by their codes; amounts in yuan."""
    lines = _lines(year)
    general = sum((line.amount for line in lines if line.fund == "general"), Decimal(0))
    reserve = _round(general * RESERVE / (1 - RESERVE))
    revenue = {code: _round(yuan * GROWTH[year]) for code, (_name, yuan) in REVENUE.items()}
    transfers = _transfers(year)
    down = sum((one.amount for one in transfers), Decimal(0))
    handed = _round(HANDED_UP * GROWTH[year])
    from_above = general + reserve + down + handed - sum(revenue.values())
    land = sum((line.amount for line in lines if line.fund == "fund"), Decimal(0))
    return government_tables.build(
        lines,
        Besides(
            names=_names(year),
            revenue=revenue,
            revenue_before={code: _round(yuan * EXECUTED[year]) for code, (_name, yuan) in REVENUE.items()},
            received={"上级补助收入": from_above},
            handed={"上解上级支出": handed},
            reserve=reserve,
            unnamed=UNNAMED,
            transfers=transfers,
            fund_revenue={LAND: land},
            social_revenue={name: _round(got * GROWTH[year]) for name, (got, _spent) in SOCIAL.items()},
            social_expenditure={name: _round(spent * GROWTH[year]) for name, (_got, spent) in SOCIAL.items()},
            narrative=_narrative(year, down, from_above, reserve),
        ),
    )


def _lines(year: int) -> list[Line]:
    """What every unit plans, as the rows of its own tables say it."""
    return [
        Line(unit.code, item.function, item.economic, item.fund, Decimal(item.yuan), item.project)
        for unit in budgets.units()
        for item in budgets.plan(unit, year)
    ]


def _transfers(year: int) -> list[Transfer]:
    """To each county of the city, by its share."""
    counties = {row.code: row.name for row in directory.regions(CITY) if row.code in SHARES}
    return [
        Transfer(kind, counties[code], function, _round(yuan * GROWTH[year] * share / 100), project)
        for kind, function, project, yuan in TRANSFERS
        for code, share in SHARES.items()
    ]


@lru_cache(maxsize=2)
def _names(year: int) -> Mapping[str, str]:
    functions = {code: named.name for code, named in headings.of(Scheme.FUNCTION, year).items()}
    return functions | ABOVE | {code: name for code, (name, _yuan) in REVENUE.items()}


def _narrative(year: int, down: Decimal, from_above: Decimal, reserve: Decimal) -> dict[str, str]:
    return {
        "transfers": f"上级补助收入 {from_above / TEN_THOUSAND:.2f} 万元；对所属县（市）区补助 "
        f"{down / TEN_THOUSAND:.2f} 万元，专项转移支付列到项目，见转移支付表。",
        "debt": f"{year}年市本级没有举借政府债务，国家还没有下达地方政府债务限额，两张债务表公开空表。",
        "changes": "支出按各部门、各单位的预算逐项汇总，增减主要是人员工资和定额标准调整；"
        f"另按预算法设预备费 {reserve / TEN_THOUSAND:.2f} 万元，动用须经市政府批准。",
        "performance": "项目支出的绩效目标由各部门编报，见各部门的绩效目标表。",
        "terms": "本级支出是市级各部门花的钱；转移支付是补助县（市）区、由它们安排的钱；"
        "预备费是留着应付自然灾害等意外的钱。",
    }


def _round(yuan: Decimal) -> Decimal:
    """To the whole ten thousand yuan, as such plans are made."""
    return yuan // TEN_THOUSAND * TEN_THOUSAND
