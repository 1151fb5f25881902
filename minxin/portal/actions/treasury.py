"""The demo's treasury in 2006: a year of payments through the glass pipe, and 130 million idle yuan put to use.

Every unit plans its year by months, asks in batches, is reviewed by its leader, its business section and the payment
centre; the orders go to the agent bank, which pays, and every night the zero-balance accounts are back at zero.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from random import Random

from minxin.directory.rules import Officer, Role
from minxin.disclosures.actions import (
    accounts,
    banking,
    clearing,
    contracts,
    flow,
    lines,
    orders,
    plans,
    requests,
    statistics,
)
from minxin.disclosures.actions.asking import NewPayment
from minxin.disclosures.actions.payees import NewPayee
from minxin.disclosures.reports import lines as reports
from minxin.disclosures.reports.lines import LineRow
from minxin.disclosures.rules.codes import Fund, PayMode, Step
from minxin.disclosures.rules.settling import NewAccount
from minxin.kernel import clocks, refs
from minxin.portal.actions import acting, budgets
from minxin.portal.actions.bank import Bank
from minxin.portal.actions.budgets import SEEDS, Unit
from minxin.portal.actions.glass import FINANCE, moment

BANK = "211400-YH"
YEAR = 2006
LARGE = 100  # posts: a unit of this size is paid its wages every month, a smaller one every half-year
FEW = {10, 40, 130}  # units: enough to tell the planner what plans and requests look like
WAGES = ("301", "303")
SPENT = Decimal("0.98")  # of what running costs were planned
STAGES = {1: "0.4", 7: "0.45"}  # how works are paid
Tell = Callable[[int, int], None]

# Idle money: what was planned in earlier years and never spent, by unit, purpose and year. Yuan.
IDLE = [
    ("211400-ZJJ", "2120399", "30905", "旧城改造配套", 2003, 46_000_000),
    ("211400-JTJ", "2140105", "30905", "县乡公路改造", 2004, 38_500_000),
    ("211400-132", "2060402", "30227", "科技三项费用", 2004, 9_800_000),
    ("211400-NYJ", "2130106", "30218", "农业科技推广", 2003, 12_600_000),
    ("211400-146", "2130305", "30905", "水利工程配套", 2005, 27_300_000),
    ("211400-162", "2120399", "30905", "集中供热管网", 2005, 19_400_000),
    ("211400-WLJ", "2070101", "31006", "文化馆维修", 2004, 6_700_000),
    ("211400-HBJ", "2110301", "30905", "河道治理", 2005, 14_900_000),
]
# 盘活: taken from there, given to here: 130,000,000.00 in all, in the months of these documents.
REVIVED = [
    (3, "旧城改造配套", "211400-JYJ", "2050299", "30402", "农村义务教育经费保障", "31500000.00"),
    (4, "县乡公路改造", "211400-MZJ", "2080899", "30306", "城市居民最低生活保障", "22800000.00"),
    (5, "水利工程配套", "211400-WJW", "2100499", "30307", "新型农村合作医疗补助", "16450000.00"),
    (6, "集中供热管网", "211400-RSJ", "2080199", "30305", "下岗失业人员再就业补助", "13700000.00"),
    (7, "农业科技推广", "211400-NYJ", "2130199", "30310", "粮食直补", "9250000.00"),
    (8, "河道治理", "211400-JTJ", "2140105", "30905", "农村公路改造", "11300000.00"),
    (9, "科技三项费用", "211400-ZJJ", "2120399", "30905", "城市道路改造", "7600000.00"),
    (9, "旧城改造配套", "211400-ZJJ", "2120399", "30905", "城市道路改造", "8900000.00"),
    (10, "文化馆维修", "211400-JYJ", "2050299", "30402", "农村义务教育经费保障", "3500000.00"),
    (11, "县乡公路改造", "211400-NYJ", "2130106", "30218", "农业技术推广示范", "5000000.00"),
]
PURPOSES = {
    "30101": "基本工资", "30102": "津贴补贴", "30103": "奖金", "30104": "社会保障缴费", "30107": "绩效工资",
    "30201": "办公用品", "30202": "文件印刷", "30205": "水费", "30206": "电费", "30207": "邮电费", "30208": "取暖费",
    "30211": "差旅费报销", "30212": "出国团组费用", "30213": "办公楼维修", "30215": "会议费", "30216": "业务培训",
    "30217": "公务接待", "30229": "职工福利", "30231": "公务用车油料和维修", "30302": "退休费",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Supplier:
    """A row of seeds/suppliers.csv."""

    key: str
    name: str
    kind: str
    headings: frozenset[str]


def open_treasury() -> None:
    """Accounts at the agent bank; the year's lines; what earlier years left."""
    with moment(YEAR, 1, 17):
        accounts.open_accounts(finance=FINANCE, accounts=_accounts(), on=date(YEAR, 1, 17), by=_finance(Role.CASHIER))
        lines.open_lines(
            finance=FINANCE,
            fiscal_year=YEAR,
            doc_no="葫财指〔2006〕1号",
            on=date(YEAR, 1, 17),
            by=_finance(Role.BUDGET),
        )
        _take_over_idle()
    statistics.analyse(*statistics.BUDGETS, *statistics.LINES)


def run_year(tell: Tell) -> None:
    """Twelve months: plans issued, requests, reviews, orders, the bank, clearing; documents that revive idle money."""
    every = {unit.unit: unit for unit in budgets.units()}
    known = _known()
    with moment(YEAR, 1, 18):
        for number, unit in enumerate(every.values(), 1):
            if wanted := _plans(known.get(unit.unit, [])):
                plans.submit_all(plans=wanted, unit=unit.unit, by=acting.officer(unit.unit, Role.CLERK))
            if number in FEW:
                statistics.analyse(*statistics.LINES)
        _contracts(known)
    statistics.analyse(*statistics.LINES)
    with Bank(BANK) as bank:
        for month in range(1, 13):
            _month(month, every, known, bank)
            if month in {1, 4}:
                statistics.analyse(*statistics.LINES, *statistics.PIPE)
            tell(month, 12)
    flow.tell()
    flow.fold()


def _month(month: int, every: dict[str, Unit], known: dict[str, list[LineRow]], bank: Bank) -> None:
    first = date(YEAR, month, 1)
    with moment(YEAR, month, 19):
        plans.approve(finance=FINANCE, month=first, by=_finance(Role.BUDGET))
        plans.issue(finance=FINANCE, month=first, doc_no=f"葫财支〔2006〕{month}号", by=_finance(Role.CASHIER))
        banking.notify_limits(finance=FINANCE, month=first, by=_finance(Role.CASHIER))
    _revive(month, known)
    asked: list[str] = []
    for number, unit in enumerate(every.values(), 1):
        with moment(YEAR, month, 20, 8 + len(asked) % 6, len(asked) % 60):
            asked += _ask(unit, known.get(unit.unit, []), month)
        if month == 1 and number in FEW:
            statistics.analyse(*statistics.PIPE)  # from here on plans are for tables that are not empty, and grow
    with moment(YEAR, month, 21, 10):
        requests.review(asked, step=Step.SECTION, by=_finance(Role.BUDGET))
    with moment(YEAR, month, 21, 15):
        requests.review(asked, step=Step.CENTRE, by=_finance(Role.CASHIER))
    with moment(YEAR, month, 22, 9):
        made = orders.make(finance=FINANCE, by=_finance(Role.CASHIER))
        sent = [refs.written("PZ", order.year, order.number) for order in made]
        orders.send(sent, by=_finance(Role.CASHIER))
    with moment(YEAR, month, 22, 14):
        for answer in bank.answers(len(made)):
            banking.receive(answer, bank=BANK, by=acting.officer(BANK, Role.BANKER))
    with moment(YEAR, month, 22, 17):
        clearing.clear(finance=FINANCE, on=date(YEAR, month, 22), by=_finance(Role.CASHIER))
    with moment(YEAR, month, 24, 14):
        for refund in bank.refunds():
            banking.receive(refund, bank=BANK, by=acting.officer(BANK, Role.BANKER))
        clearing.clear(finance=FINANCE, on=date(YEAR, month, 24), by=_finance(Role.CASHIER))


def _ask(unit: Unit, known: Sequence[LineRow], month: int) -> list[str]:
    """The unit's requests of the month, one by each mode, reviewed by its leader at once."""
    by, made = acting.officer(unit.unit, Role.CLERK), []
    for mode in (PayMode.DIRECT, PayMode.AUTHORISED):
        rows = [row for line in known if line.mode == mode for row in _payments(unit, line, month)]
        if rows:
            asked = requests.request(unit=unit.unit, rows=rows, external_id=f"2006-{month:02d}-{mode}", by=by)
            made.append(refs.written("SQ", asked.year, asked.number))
    if made:
        requests.review(made, step=Step.UNIT, by=_leader(unit))
    return made


def _payments(unit: Unit, line: LineRow, month: int) -> Iterator[NewPayment]:
    for number, amount in enumerate(_due(unit, line, month), 1):
        if amount > 0:
            yield _payment(unit, line, month, number, amount)


def _payment(unit: Unit, line: LineRow, month: int, number: int, amount: Decimal) -> NewPayment:
    supplier = _supplier(line, month)
    person = line.economic.startswith(WAGES) and line.economic != "30104"
    return NewPayment(
        line=line.ref,
        amount=amount,
        purpose=f"{month}月{line.project or PURPOSES.get(line.economic, '办公支出')}",
        payee_kind="person" if person else supplier.kind,
        name=f"{unit.code}单位职工（工资统发）" if person else supplier.name,
        account=_number(unit.code if person else supplier.key),
        bank="代理银行葫芦岛分行",
        uscc="",
        contract=_contract_no(line) if _bought(line) else "",
        external_id=f"{line.ref}-{month:02d}-{number}",
    )


def _due(unit: Unit, line: LineRow, month: int) -> list[Decimal]:
    """What falls due in a month, payment by payment.

    Wages: of large units by the month, of small ones by the half-year. Running costs: in three payments, of large units
    by the quarter, of small ones once. Projects: as their works go on.
    """
    if line.formed_year < YEAR:
        return []
    yuan, large = Decimal(line.approved_fen) / 100, unit.staff >= LARGE
    if line.project:
        return [_whole(yuan * Decimal(STAGES[month]))] if month in STAGES else []
    if line.economic.startswith(WAGES):
        times = 12 if large else 2
        return [_whole(yuan / times)] if month % (12 // times) == 1 % (12 // times) else []
    if large:
        return [_whole(yuan * SPENT / 12)] * 3 if month % 3 == 1 else []
    return [_whole(yuan * SPENT / 3)] * 3 if month == _month_of(unit) else []


@lru_cache(maxsize=300)
def _month_of(unit: Unit) -> int:
    """When a small unit pays its running costs: with the wages of one half-year or the other."""
    return Random(unit.code).choice((1, 7))  # noqa: S311 - always the same demo


def _plans(known: Sequence[LineRow]) -> list[plans.NewPlan]:
    units = {unit.unit: unit for unit in budgets.units()}
    wanted = []
    for line in known:
        for month in range(1, 13):
            amount = sum(_due(units[line.unit.code], line, month), Decimal(0))
            if amount > 0:
                wanted.append(plans.NewPlan(line.ref, date(YEAR, month, 1), amount))
    return wanted


def _known() -> dict[str, list[LineRow]]:
    """This year's lines by unit."""
    found: dict[str, list[LineRow]] = defaultdict(list)
    for line in reports.of_year(YEAR, finance=FINANCE, by=_finance(Role.BUDGET)):
        found[line.unit.code].append(line)
    return found


def _take_over_idle() -> None:
    """What earlier years planned and never spent, taken over from the books."""
    for number, (unit, function, economic, project, formed, yuan) in enumerate(IDLE, 1):
        lines.open_line(
            unit=unit,
            fiscal_year=YEAR,
            function=function,
            economic=economic,
            fund=Fund.GENERAL,
            amount=Decimal(yuan),
            doc_no=f"葫财指〔{formed}〕{20 + number}号",
            on=clocks.today(),
            project=project,
            formed_year=formed,
            by=_finance(Role.BUDGET),
        )


def _revive(month: int, known: dict[str, list[LineRow]]) -> None:
    documents = [row for row in REVIVED if row[0] == month]
    if not documents:
        return
    found = [line for rows in known.values() for line in rows]
    with moment(YEAR, month, 16):
        idle = {line.project: line.ref for line in found if line.formed_year < YEAR}
        for number, (_month, source, unit, function, economic, project, yuan) in enumerate(documents, 1):
            target = next(
                line.ref
                for line in found
                if line.formed_year == YEAR
                and (line.unit.code, line.function, line.economic, line.project) == (unit, function, economic, project)
            )
            lines.revive(
                source=idle[source],
                target=target,
                amount=Decimal(yuan),
                doc_no=f"葫财盘活〔2006〕{month}-{number}号",
                on=clocks.today(),
                reason=f"{source}结余多年未用，收回后用于{project}",
                by=_finance(Role.BUDGET),
            )


def _contracts(known: dict[str, list[LineRow]]) -> None:
    """Equipment and works of the departments are bought under published contracts."""
    for unit in budgets.units():
        for line in known.get(unit.unit, []):
            if _bought(line):
                supplier = _supplier(line, 1)
                contracts.sign(
                    line=line.ref,
                    contract_no=_contract_no(line),
                    title=f"{line.project}合同",
                    payee=NewPayee(supplier.kind, supplier.name, _number(supplier.key), "代理银行葫芦岛分行"),
                    amount=_whole(Decimal(line.approved_fen) / 100 * Decimal("0.9")),
                    signed_on=date(YEAR, 1, 16),
                    published_on=date(YEAR, 1, 18),
                    by=acting.officer(unit.unit, Role.CLERK),
                )


def _bought(line: LineRow) -> bool:
    """Whether it is bought under a contract: equipment and works of departments."""
    return bool(line.project) and line.economic[:3] in {"309", "310"} and line.unit.code in _departments()


@lru_cache(maxsize=1)
def _departments() -> frozenset[str]:
    return frozenset(unit.unit for unit in budgets.units() if not unit.department)


def _contract_no(line: LineRow) -> str:
    return f"HT2006-{line.ref[7:]}"


@lru_cache(maxsize=1)
def _suppliers() -> tuple[Supplier, ...]:
    with (SEEDS / "suppliers.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Supplier(row["key"], row["name"], row["kind"], frozenset(row["headings"].split()))
            for row in csv.DictReader(file)
        )


def _supplier(line: LineRow, month: int) -> Supplier:
    """Who is paid; of a contract the same all year."""
    fitting = [one for one in _suppliers() if line.economic in one.headings] or [_suppliers()[0]]
    return Random(f"{line.ref} {0 if _bought(line) else month}").choice(fitting)  # noqa: S311 - always the same demo


def _number(key: str) -> str:
    """An account number that nobody has, the same for the same payee."""
    return f"0701{Random(key).randrange(10**12):012d}"  # noqa: S311 - as above


def _accounts() -> list[NewAccount]:
    own = [NewAccount(BANK, "0701000000000001", "葫芦岛市财政局零余额账户")]
    return own + [
        NewAccount(BANK, f"07010000{number:08d}", f"{unit.code}单位零余额账户", unit=unit.unit)
        for number, unit in enumerate(budgets.units(), 2)
    ]


def _leader(unit: Unit) -> Officer:
    roles = acting.staffed(unit.unit)
    return acting.officer(unit.unit, Role.LEADER if Role.LEADER in roles else Role.HEAD)


def _finance(role: Role) -> Officer:
    return acting.officer(FINANCE, role)


def _whole(yuan: Decimal) -> Decimal:
    """To the yuan: offices round."""
    return yuan.quantize(Decimal(1), rounding="ROUND_DOWN")
