"""Budget units: which units have a budget, under which department, kept by which section of which finance bureau."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.disclosures.models import BudgetUnit
from minxin.disclosures.rules.codes import UnitType
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

MAY = (Role.BUDGET, Role.PUBLISHER, Role.SYSTEM_ADMIN)


@dataclass(frozen=True, slots=True)
class NewBudgetUnit:
    """A unit to be given a budget; `unit` and `department` are codes of the directory, `code` is the budget's own."""

    unit: str
    code: str
    type: UnitType
    likeness: str
    section: str
    staff: int
    department: str = ""
    withheld: bool = False


@transaction.atomic
def enrol(*, finance: str, units: Sequence[NewBudgetUnit], on: date, by: Officer) -> int:
    """登记预算单位: how many were enrolled, all or none. Departments stand before their subordinates.

    Raises Absent for units that do not exist, Refused (`forbidden`) for officers without a post at the finance bureau.
    """
    bureau = directory.unit(finance)
    if by.kind != "system" and bureau.id not in by.unit_ids(*MAY):
        raise (
            Absent
            if bureau.id not in by.unit_ids()
            else Refused("forbidden", _("请由财政部门的业务科室登记预算单位。"))
        )
    known = {row.unit_id: row for row in BudgetUnit.objects.filter(finance_id=bureau.id)}
    made = []
    for new in units:
        above = known.get(directory.unit(new.department).id) if new.department else None
        if new.department and above is None:
            raise Refused(
                "department_unknown", _("主管部门还没有登记为预算单位，请先登记主管部门。"), field="department"
            )
        row = BudgetUnit(
            unit_id=directory.unit(new.unit).id,
            code=new.code,
            department=above,
            finance_id=bureau.id,
            type=new.type,
            likeness=new.likeness,
            section=new.section,
            staff=new.staff,
            withheld=new.withheld,
            since_on=on,
        )
        if above is None:
            row.save(force_insert=True)
        made.append(row)
        known[row.unit_id] = row
    BudgetUnit.objects.bulk_create([row for row in made if row.pk is None])
    ledger.record(stream=f"unit:{bureau.code}", verb="enrol", by=by, facts={"units": len(made), "on": on})
    return len(made)
