"""The first day of a network: its root centre and its three administrators, before anybody could give them rights."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from minxin.directory import models
from minxin.directory.actions import appointments, people, units
from minxin.directory.actions.people import Account
from minxin.directory.rules import SYSTEM, Role, UnitKind, UnitRef
from minxin.kernel.errors import Refused

# 三员分立 (GB/T 22239-2019 8.1.4): three people from the first minute on; the sign-in name says which.
USERNAMES = {Role.SYSTEM_ADMIN: "system_admin", Role.SECURITY_ADMIN: "security_admin", Role.AUDITOR: "auditor"}


@dataclass(frozen=True, slots=True)
class Founding:
    """What was founded: the root centre and the accounts of the administrators, each with its first password."""

    centre: UnitRef
    accounts: tuple[tuple[Role, Account], ...]


@transaction.atomic
def found(*, name: str, region: str, code: str, short_name: str = "") -> Founding:
    """Open the first centre and make the system, the security and the audit administrator (三员分立).

    The passwords are generated, returned here and stored nowhere; each must be changed at the first sign-in. Raises
    Refused `founded` when there are people or units already: from then on the administrators do the rest, on record.
    """
    units.lock_tree()
    if models.Person.objects.get_queryset().exists() or models.Unit.objects.exists():
        raise Refused("founded", _("本网络已经建立，已有单位或人员。请由在任的管理员登录办理台继续设置。"))
    centre = units.open_unit(
        code=code,
        name=name,
        short_name=short_name,
        kind=UnitKind.CENTRE,
        region=region,
        is_centre=True,
        by=SYSTEM,
    )
    return Founding(centre, tuple((role, _administrator(role, centre)) for role in USERNAMES))


def _administrator(role: Role, centre: UnitRef) -> Account:
    with translation.override("zh-hans"):  # the label is data: in the language of the records
        account = people.create_person(username=USERNAMES[role], label=role.label, unit=centre.code, by=SYSTEM)
    post = units.open_post(unit=centre.code, role=role, by=SYSTEM)
    appointments.appoint(person=account.username, post=post, by=SYSTEM)
    return account
