"""The category tree as a value; who may change which part of the catalogue where; how dated rows follow. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.cases.rules import codes, routing
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.kernel.clocks import Unit
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


def acts(officer: Officer) -> frozenset[str]:
    """What the officer may do at least at his own centre: what a page offers him."""
    regions = ["", *(duty.unit.region for duty in officer.duties)]
    return frozenset(act for act in MAY if any(may(officer, act, region=region) for region in regions))


def check(officer: Officer, act: str, *, region: str = "") -> None:
    """Refuse `act` to an officer without the right, or beyond its reach."""
    if may(officer, act, region=region):
        return
    if not officer.roles & MAY[act].roles:
        raise Refused("forbidden", _("您的岗位不维护这一部分。如需修改，请联系本级网络中心的督办员或系统管理员。"))
    if MAY[act].reach == Reach.NETWORK or not region:
        raise Refused("forbidden", _("这一部分全网共用，由最高一级网络中心维护。请把修改建议报给上级中心。"))
    raise Refused("forbidden", _("这个地区不在您所在中心的范围内，请选择本地区或下级地区。"), field="region")


def near(unit_region: str, region: str) -> bool:
    """Whether a unit of that region may handle matters of `region`: its own, one it holds, or one of the same city."""
    same_city = len(unit_region) >= 4 and unit_region[2:4] != "00" and unit_region[:4] == region[:4]
    return same_city or routing.inside(region, unit_region)


@dataclass(frozen=True, slots=True)
class Span:
    """The days from which and until which a row is in force; None: no end."""

    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Succession:
    """How a new row takes its place: it rewrites the last row, or follows it; `ends` (an index) ends the day before."""

    rewrites: bool
    ends: int | None


def succeed(spans: Sequence[Span], valid_from: date, *, today: date) -> Succession:
    """Where a row in force from `valid_from` belongs after the rows there are (in order of time).

    It follows the last one, which ends the day before. A last row that has not begun, begins today or begins on the
    very same day is rewritten. Raises Refused when it would reach back behind a row that has already been in force.
    """
    if not spans:
        return Succession(rewrites=False, ends=None)
    last = spans[-1]
    if last.valid_to is not None and valid_from > last.valid_to:
        return Succession(rewrites=False, ends=None)
    if last.valid_from < valid_from:
        return Succession(rewrites=False, ends=len(spans) - 1)
    if valid_from != last.valid_from and (last.valid_from < today or valid_from < today):
        raise _too_early(last.valid_from)
    if len(spans) == 1 or _over(spans[-2], valid_from):
        return Succession(rewrites=True, ends=None)
    if spans[-2].valid_from >= valid_from:
        raise _too_early(spans[-2].valid_from)
    return Succession(rewrites=True, ends=len(spans) - 2)


def _over(span: Span, valid_from: date) -> bool:
    return span.valid_to is not None and span.valid_to < valid_from


def _too_early(day: date) -> Refused:
    sentence = _("现行规定自 %(day)s 起生效，新的生效日期应当在这一天之后。") % {"day": day.isoformat()}
    return Refused("invalid", sentence, field="valid_from")


UNITS: Mapping[Unit, str | Promise] = {
    Unit.HOUR: gettext_lazy("小时"),
    Unit.WORKING_DAY: gettext_lazy("个工作日"),
    Unit.CALENDAR_DAY: gettext_lazy("个自然日"),
}
LONGEST: Mapping[Unit, int] = {Unit.HOUR: 720, Unit.WORKING_DAY: 250, Unit.CALENDAR_DAY: 365}
# These are counted against days that have passed, so hours would say nothing.
IN_DAYS = frozenset(
    {
        codes.ClockCode.SUPPLEMENT,
        codes.ClockCode.EXTENSION,
        codes.ClockCode.REDO_REQUEST,
        codes.ClockCode.APPEAL_REQUEST,
        codes.ClockCode.RECHECK_REQUEST,
    }
)


def limit_problem(code: str, amount: int, unit: str) -> tuple[str, str] | None:
    """What is wrong with such a limit: field and sentence; None when nothing is."""
    if code not in codes.ClockCode.values:
        return "code", _("请选择环节。")
    if unit not in set(Unit):
        return "unit", _("请选择时限单位。")
    most = LONGEST[Unit(unit)]
    if not 1 <= amount <= most:
        return "amount", _("时限请填 1 到 %(most)d。") % {"most": most}
    if code in IN_DAYS and unit == Unit.HOUR:
        return "unit", _("这个环节按天计算，请选择工作日或自然日。")
    return None
