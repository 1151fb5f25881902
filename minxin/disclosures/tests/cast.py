"""The fixed cast of the glass counter: a finance bureau, its sections, an agent bank, a department with a school."""

from dataclasses import dataclass
from datetime import date

from minxin.directory import reports
from minxin.directory.actions import appointments, people
from minxin.directory.actions import units as directory_units
from minxin.directory.rules import SYSTEM, Officer, Role, UnitKind, UnitRef
from minxin.disclosures.actions import accounts, units
from minxin.disclosures.rules.codes import UnitType
from minxin.disclosures.rules.settling import NewAccount

R = Role
SINCE = date(2005, 1, 1)
UNITS = {
    "education": ("211400-JYJ", "葫芦岛市教育局", "市教育局", UnitKind.GOVERNMENT),
    "school": ("211400-YZ", "葫芦岛市第一高级中学", "市一高", UnitKind.SCHOOL),
    "civil": ("211400-MZJ", "葫芦岛市民政局", "市民政局", UnitKind.GOVERNMENT),
    "bank": ("211400-ICBC", "代理银行葫芦岛分行", "代理银行", UnitKind.FINANCE),
}
POSTS = {
    "city_finance": (R.BUDGET, R.CASHIER),
    "education": (R.HEAD, R.LEADER, R.CLERK),
    "school": (R.HEAD, R.LEADER, R.CLERK),
    "civil": (R.HEAD, R.LEADER, R.CLERK),
    "bank": (R.HEAD, R.BANKER),
}
BUDGET_UNITS = [
    units.NewBudgetUnit("211400-JYJ", "205", UnitType.ADMINISTRATIVE, "bureau", "教科文科", 46),
    units.NewBudgetUnit("211400-YZ", "205001", UnitType.PUBLIC_INSTITUTION, "school", "教科文科", 212, "211400-JYJ"),
    units.NewBudgetUnit("211400-MZJ", "208", UnitType.ADMINISTRATIVE, "bureau", "社会保障科", 38),
]
BANK = "211400-ICBC"
ACCOUNTS = [
    NewAccount(BANK, "0701 0000 0001", "葫芦岛市财政局零余额账户"),
    NewAccount(BANK, "0701 0000 0002", "市一高零余额账户", unit="211400-YZ"),
    NewAccount(BANK, "0701 0000 0003", "市教育局零余额账户", unit="211400-JYJ"),
    NewAccount(BANK, "0701 0000 0004", "市民政局零余额账户", unit="211400-MZJ"),
]


@dataclass(frozen=True)
class Money:
    """`units` by key of UNITS and "finance"; `officers` by "<unit>_<role>": finance_budget, finance_cashier, …"""

    units: dict[str, UnitRef]
    officers: dict[str, Officer]


def make_money(finance: UnitRef, old: dict[str, Officer]) -> Money:
    """Open the units beside the house's cast, appoint officers, enrol the budget units, register their accounts."""
    for code, name, short, kind in UNITS.values():
        directory_units.open_unit(
            code=code, name=name, short_name=short, kind=kind, region="211400", parent="211400-MX", line_parent=None,
            is_centre=False, opened_on=SINCE, by=SYSTEM,
        )  # fmt: skip
    known = {key: reports.unit(row[0]) for key, row in UNITS.items()} | {"finance": finance}
    officers = {f"finance_{role}": old[f"city_finance_{role}"] for role in ("head", "leader", "clerk", "publisher")}
    for key, roles in POSTS.items():
        name = key.removeprefix("city_")
        for role in roles:
            unit = known[name]
            person = people.create_person(
                username=f"{name}_{role.value}", label=f"{unit.short}{role.label}", unit=unit.code,
                change_first=False, by=SYSTEM,
            )  # fmt: skip
            post = directory_units.open_post(unit=unit.code, role=role, by=SYSTEM)
            appointments.appoint(person=person.username, post=post, from_on=SINCE, by=SYSTEM)
            officers[f"{name}_{role.value}"] = reports.officer(person.id)
    units.enrol(finance=finance.code, units=BUDGET_UNITS, on=SINCE, by=SYSTEM)
    accounts.open_accounts(finance=finance.code, accounts=ACCOUNTS, on=SINCE, by=SYSTEM)
    return Money(known, officers)
