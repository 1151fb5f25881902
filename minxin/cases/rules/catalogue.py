"""The category tree as a value, and who may change which part of the catalogue where. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from minxin.cases.rules import routing
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.kernel.errors import Refused

SEALED = "20"  # 党风廉政举报: what belongs here is a report of wrongdoing, see domain list, top category 20
JOINT = " › "


@dataclass(frozen=True, slots=True)
class Node:
    """A category in force with those below it, in the order of their codes."""

    code: str
    name: str
    children: tuple["Node", ...] = ()


def grow(names: Mapping[str, str]) -> tuple[Node, ...]:
    """The tree of these categories (code -> name); one whose parent is missing is left out with all below it."""
    below: dict[str, list[str]] = {}
    for code in sorted(names):
        below.setdefault(code[:-2], []).append(code)

    def nodes(parent: str) -> tuple[Node, ...]:
        return tuple(Node(code, names[code], nodes(code)) for code in below.get(parent, ()))

    return nodes("")


def path(code: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """The names from the top down to this category; empty when it is unknown."""
    if code not in names:
        return ()
    return tuple(names[code[:size]] for size in range(2, len(code) + 1, 2) if code[:size] in names)


class Reach(StrEnum):
    """How far a right to change the catalogue goes."""

    NETWORK = "network"  # changes what everybody sees: only at the highest centre
    REGION = "region"  # the region of the officer's centre and all inside it
    ANYWHERE = "anywhere"  # any centre


@dataclass(frozen=True)
class Right:
    """Who may do an act, and how far."""

    roles: frozenset[Role]
    reach: Reach


_R = Role
_TREE = Right(frozenset({_R.EDITOR, _R.SUPERVISOR, _R.SYSTEM_ADMIN}), Reach.NETWORK)
_DUTY = Right(frozenset({_R.DISPATCHER, _R.SUPERVISOR, _R.SYSTEM_ADMIN}), Reach.REGION)
_WORDS = Right(frozenset({_R.EDITOR, _R.DISPATCHER, _R.SUPERVISOR, _R.SYSTEM_ADMIN}), Reach.ANYWHERE)
_LIMIT = Right(frozenset({_R.SUPERVISOR, _R.SYSTEM_ADMIN}), Reach.REGION)
MAY: Mapping[str, Right] = {
    "add_category": _TREE,
    "rename_category": _TREE,
    "close_category": _TREE,
    "assign_duty": _DUTY,
    "end_duty": _DUTY,
    "import_duties": _DUTY,
    "add_keyword": _WORDS,
    "remove_keyword": _WORDS,
    "set_limit": _LIMIT,
    "end_limit": _LIMIT,
}
READERS = (_R.EDITOR, _R.DISPATCHER, _R.REVIEWER, _R.SUPERVISOR, _R.VISITOR, _R.ARBITRATOR, _R.SYSTEM_ADMIN)


def may(officer: Officer, act: str, *, region: str = "") -> bool:
    """Whether the officer may do `act` for this region; the empty region means the whole network."""
    if officer.kind == "system":
        return True
    right = MAY[act]
    return any(
        duty.role in right.roles and duty.unit.is_centre and _reaches(right.reach, duty.unit, region)
        for duty in officer.duties
    )


def _reaches(reach: Reach, centre: UnitRef, region: str) -> bool:
    if reach == Reach.ANYWHERE:
        return True
    if reach == Reach.NETWORK or not region:
        return centre.parent_id is None
    return routing.inside(region, centre.region)


def check(officer: Officer, act: str, *, region: str = "") -> None:
    """Refuse `act` to an officer without the right, or beyond its reach."""
    if may(officer, act, region=region):
        return
    if not officer.roles & MAY[act].roles:
        raise Refused("forbidden", _("您的岗位不维护这一部分。如需修改，请联系本级网络中心的督办员或系统管理员。"))
    if MAY[act].reach == Reach.NETWORK or not region:
        raise Refused("forbidden", _("这一部分全网共用，由最高一级网络中心维护。请把修改建议报给上级中心。"))
    raise Refused("forbidden", _("这个地区不在您所在中心的范围内，请选择本地区或下级地区。"), field="region")
