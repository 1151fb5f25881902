"""The cast stands: budget units under their department, officers in their posts."""

from datetime import date

import pytest

from minxin.directory.rules import Role
from minxin.disclosures.actions import units
from minxin.disclosures.models import BudgetUnit
from minxin.disclosures.tests.cast import BUDGET_UNITS, Money
from minxin.kernel.errors import Absent, Refused

ON = date(2006, 1, 1)


def test_a_school_has_its_budget_under_its_department(money: Money) -> None:
    school = BudgetUnit.objects.get(unit_id=money.units["school"].id)
    assert school.department is not None
    assert school.department.unit_id == money.units["education"].id
    assert money.officers["bank_banker"].has(Role.BANKER)


def test_only_the_finance_bureau_enrols_units(money: Money) -> None:
    with pytest.raises(Absent):
        units.enrol(finance="211400-CZJ", units=BUDGET_UNITS, on=ON, by=money.officers["school_clerk"])
    with pytest.raises(Refused, match="业务科室"):
        units.enrol(finance="211400-CZJ", units=BUDGET_UNITS, on=ON, by=money.officers["finance_clerk"])


def test_an_officer_sees_the_budget_units_of_his_own_tree_and_finance_sees_all(money: Money) -> None:
    def seen(who: str) -> set[str]:
        return {row.code for row in BudgetUnit.objects.visible_to(money.officers[who])}

    assert seen("finance_budget") == {"205", "205001", "208"}
    assert seen("school_clerk") == {"205001"}
    assert seen("bank_banker") == set()
