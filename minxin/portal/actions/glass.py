"""The demo's glass counter: 265 units hand in their budgets, their heads sign, the bureau publishes them in one act.

2006 and 2007 as the finance bureau told it; what the year's money did is in `treasury`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime

from minxin.directory.rules import Officer, Role
from minxin.disclosures.actions import duties, intake, publishing, signing, statistics, units
from minxin.disclosures.reports import lines
from minxin.kernel import clocks, refs
from minxin.portal.actions import acting, budgets, budgets_city
from minxin.portal.actions.budgets import Item, Unit

FINANCE = "211400-CZJ"
ACCOUNTS = ("211400-JYJ", "211400-MZJ", "211400-CGJ", "211400-JTJ", "211400-NYJ", "211400-HBJ")
FEW = 20  # tables: enough to tell the planner what their rows look like
LATE = "211400-HBJ"  # its account of 2006 came eight days after the limit, and the counter says so
NO_ROWS = "本单位没有这类资金安排，按规定公开空表。"
Tell = Callable[[int, int], None]


def open_counter() -> None:
    """Enrol the 265 units, on the first working day of 2006."""
    with moment(2006, 1, 4):
        units.enrol(
            finance=FINANCE,
            units=[unit.enrolled for unit in budgets.units()],
            on=date(2006, 1, 1),
            by=_finance(Role.BUDGET),
        )


def publish_budgets(year: int, tell: Tell) -> None:
    """The year's budgets: approved, handed in by each unit, signed by its head, published at once to everybody."""
    with moment(year, 1, 9, 9):
        _ratify(year, "initial", "congress", f"葫人发〔{year}〕1号")
        _ratify(year, "initial", "finance", f"葫财预〔{year}〕1号")
        _ratify(year, "initial", "department", f"葫财预〔{year}〕2号")
    every = budgets.units()
    refs = []
    for number, unit in enumerate(every, 1):
        with moment(year, 1, 10 + number % 2, 9 + number % 7, number % 60):
            refs.append(_handed_in(unit, year))
        if number == FEW:
            statistics.analyse(*statistics.BUDGETS)
        tell(number, len(every))
    with moment(year, 1, 12, 14):
        for unit, ref in zip(every, refs, strict=True):
            signing.sign(ref, by=acting.officer(unit.unit, Role.HEAD))
    statistics.analyse(*statistics.BUDGETS)
    with moment(year, 1, 16, 9):
        publishing.publish_city(
            finance=FINANCE,
            fiscal_year=year,
            version="initial",
            title=f"葫芦岛市本级{year}年部门预算：{len(every)}个部门和预算单位一次公开",
            by=_finance(Role.PUBLISHER),
        )


def publish_government(year: int) -> None:
    """The city's own budget, in which all of theirs are summed up: handed in, signed, published half an hour later."""
    with moment(year, 1, 12, 15):
        made = intake.hand_in_rows(
            unit=FINANCE,
            template="government_budget",
            fiscal_year=year,
            version="initial",
            sheets=budgets_city.sheets(year),
            external_id=f"{year}-government",
            note=budgets_city.NO_ROWS % year,
            by=_finance(Role.CLERK),
        )
    ref = refs.written("BS", made.year, made.number)
    with moment(year, 1, 12, 16):
        signing.sign(ref, by=_finance(Role.HEAD))
    with moment(year, 1, 16, 9, 30):
        publishing.publish([ref], title=f"葫芦岛市{year}年政府预算", by=_finance(Role.PUBLISHER))


def publish_accounts(year: int) -> None:
    """Six departments' final accounts, added up from what the pipe paid: five on time, one late."""
    known = {unit.unit: unit for unit in budgets.units()}
    with moment(year + 1, 7, 2):
        for number, code in enumerate(ACCOUNTS, 11):
            _ratify(year, "final", "finance", f"葫财决〔{year + 1}〕{number}号", department=code)
    for codes, day in (([code for code in ACCOUNTS if code != LATE], 18), ([LATE], 31)):
        with moment(year + 1, 7, day, 10):
            signed = [_account(known[code], year) for code in codes]
            publishing.publish(signed, by=_finance(Role.PUBLISHER))


def _handed_in(unit: Unit, year: int) -> str:
    made = intake.hand_in_rows(
        unit=unit.unit,
        template="department_budget",
        fiscal_year=year,
        version="initial",
        sheets=budgets.sheets(unit, year),
        external_id=f"{year}-{unit.code}",
        note=NO_ROWS,
        by=acting.officer(unit.unit, Role.CLERK),
    )
    return refs.written("BS", made.year, made.number)


def _account(unit: Unit, year: int) -> str:
    """The unit's account of what its lines have paid, handed in and signed."""
    spent = [
        Item(line.function, line.economic, line.project, line.fund, line.paid_fen // 100)
        for line in lines.of_year(year, unit=unit.unit, by=_finance(Role.BUDGET))
        if line.paid_fen >= 100
    ]
    made = intake.hand_in_rows(
        unit=unit.unit,
        template="department_budget",
        fiscal_year=year,
        version="final",
        sheets=budgets.account(unit, year, spent),
        external_id=f"{year}-final-{unit.code}",
        note=NO_ROWS,
        by=acting.officer(unit.unit, Role.CLERK),
    )
    ref = refs.written("BS", made.year, made.number)
    signing.sign(ref, by=acting.officer(unit.unit, Role.HEAD))
    return ref


def _finance(role: Role) -> Officer:
    return acting.officer(FINANCE, role)


def _ratify(year: int, version: str, ratifier: str, doc_no: str, department: str = "") -> None:
    duties.ratify(
        finance=FINANCE,
        fiscal_year=year,
        version=version,
        ratifier=ratifier,
        on=clocks.today(),
        doc_no=doc_no,
        department=department,
        by=_finance(Role.BUDGET),
    )


def moment(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> AbstractContextManager[datetime]:
    """Let it be that moment in Beijing."""
    return clocks.at(datetime(year, month, day, hour, minute, tzinfo=clocks.ZONE))
