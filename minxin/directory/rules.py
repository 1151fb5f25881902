"""What each role is and may do in the directory; the value types by which every floor above names units and officers.

Pure: no database, no clock, no request.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.kernel.errors import Refused


class Role(StrEnum):
    """What somebody is to a unit, or, for the last three, which pseudo-actor acts."""

    HEAD = "head"
    LEADER = "leader"
    CLERK = "clerk"
    SECTION = "section"
    PUBLISHER = "publisher"
    EDITOR = "editor"
    DISPATCHER = "dispatcher"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    VISITOR = "visitor"
    ARBITRATOR = "arbitrator"
    DISCIPLINE = "discipline"
    OBSERVER = "observer"
    BUDGET = "budget"
    CASHIER = "cashier"
    BANKER = "banker"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"
    CITIZEN = "citizen"
    CHANNEL = "channel"
    SYSTEM = "system"

    @property
    def label(self) -> str:
        """The role's name on the screen."""
        return str(ROLES[self])


ROLES: dict[Role, str | Promise] = {
    Role.HEAD: gettext_lazy("一把手"),
    Role.LEADER: gettext_lazy("分管领导"),
    Role.CLERK: gettext_lazy("承办员"),
    Role.SECTION: gettext_lazy("信息监督员"),
    Role.PUBLISHER: gettext_lazy("发布员"),
    Role.EDITOR: gettext_lazy("摘编员"),
    Role.DISPATCHER: gettext_lazy("分转员"),
    Role.REVIEWER: gettext_lazy("审核员"),
    Role.SUPERVISOR: gettext_lazy("督办员"),
    Role.VISITOR: gettext_lazy("回访员"),
    Role.ARBITRATOR: gettext_lazy("裁定员"),
    Role.DISCIPLINE: gettext_lazy("纪检监察员"),
    Role.OBSERVER: gettext_lazy("审计监督员"),
    Role.BUDGET: gettext_lazy("业务科室审核员"),
    Role.CASHIER: gettext_lazy("支付中心审核员"),
    Role.BANKER: gettext_lazy("代理银行经办员"),
    Role.SYSTEM_ADMIN: gettext_lazy("系统管理员"),
    Role.SECURITY_ADMIN: gettext_lazy("安全管理员"),
    Role.AUDITOR: gettext_lazy("审计管理员"),
    Role.CITIZEN: gettext_lazy("群众"),
    Role.CHANNEL: gettext_lazy("接入渠道"),
    Role.SYSTEM: gettext_lazy("系统"),
}
PSEUDO = frozenset({Role.CITIZEN, Role.CHANNEL, Role.SYSTEM})
CENTRE = frozenset(
    {Role.EDITOR, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR, Role.VISITOR, Role.ARBITRATOR}
)  # these posts exist only at a centre of the network
ADMINS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})  # 三员分立: GB/T 22239-2019 8.1.4
SINGLE = frozenset({Role.HEAD})  # 一把手工程: one head answers for a unit
EVERYWHERE = ADMINS | {Role.OBSERVER}  # these see the whole tree; all others see their units and what is below

# Acts in the directory and who may do them, over the unit where the role is held and everything below it.
MAY: dict[Role, frozenset[str]] = {
    Role.SYSTEM_ADMIN: frozenset(
        {
            "open_unit",
            "rename_unit",
            "move_unit",
            "close_unit",
            "edit_line",
            "open_post",
            "close_post",
            "edit_unit",
            "open_region",
            "rename_region",
            "close_region",
            "import_directory",
        }
    ),
    Role.SECURITY_ADMIN: frozenset(
        {
            "create_person",
            "deactivate_person",
            "reset_password",
            "reset_factors",
            "appoint",
            "end_appointment",
            "hand_over",
            "issue_token",
            "revoke_token",
            "import_people",
        }
    ),
    Role.AUDITOR: frozenset({"read_log"}),
    Role.HEAD: frozenset({"edit_line"}),
    Role.LEADER: frozenset({"edit_line"}),
    Role.CLERK: frozenset({"edit_line"}),
}


def may(act: str) -> tuple[Role, ...]:
    """The roles that may do `act`."""
    return tuple(role for role, acts in MAY.items() if act in acts)


def allowed(officer: "Officer", path: str) -> frozenset[str]:
    """The acts this officer may do over what stands at `path`."""
    if officer.kind == "system":
        return frozenset().union(*MAY.values())
    held = [MAY.get(duty.role, frozenset()) for duty in officer.duties if path.startswith(duty.unit.path)]
    return frozenset().union(*held)


_REGION_ACTS = frozenset({"open_region", "rename_region", "close_region"})


def region_acts(officer: "Officer", code: str, level: str) -> frozenset[str]:
    """The acts this officer may do on a region: inside the regions of the units where his role is held.

    Names may be changed at every level; only towns and villages are opened, under counties and towns, and closed.
    """
    if officer.kind == "system":
        acts = _REGION_ACTS
    else:
        held = [MAY.get(duty.role, frozenset()) for duty in officer.duties if code.startswith(stem(duty.unit.region))]
        acts = frozenset().union(*held) & _REGION_ACTS
    opens, closes = level in {Level.COUNTY, Level.TOWN}, level in {Level.TOWN, Level.VILLAGE}
    return acts - (frozenset() if opens else {"open_region"}) - (frozenset() if closes else {"close_region"})


def sees(officer: "Officer", path: str) -> bool:
    """Whether this officer may see what stands at `path`: his own units and what is below, or everything."""
    return officer.kind == "system" or officer.has(*EVERYWHERE) or path.startswith(officer.paths())


class UnitKind(StrEnum):
    """The unit types of the network (单位类型)."""

    CENTRE = "centre"
    PARTY = "party"
    GOVERNMENT = "government"
    VERTICAL = "vertical"
    OUTPOST = "outpost"
    STATION = "station"
    VILLAGE = "village"
    SCHOOL = "school"
    HOSPITAL = "hospital"
    UTILITY = "utility"
    TELECOM = "telecom"
    FINANCE = "finance"
    POST = "post"
    TRANSPORT = "transport"
    PROPERTY = "property"
    STATE_FIRM = "state_firm"
    INSTITUTION = "institution"
    ASSOCIATION = "association"
    AGENCY = "agency"
    WINDOW = "window"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The type's name on the screen."""
        return str(KINDS[self])


KINDS: dict[UnitKind, str | Promise] = {
    UnitKind.CENTRE: gettext_lazy("网络中心"),
    UnitKind.PARTY: gettext_lazy("党委部门"),
    UnitKind.GOVERNMENT: gettext_lazy("政府部门"),
    UnitKind.VERTICAL: gettext_lazy("垂直管理"),
    UnitKind.OUTPOST: gettext_lazy("派出机构（街道、乡镇）"),
    UnitKind.STATION: gettext_lazy("基层站所"),
    UnitKind.VILLAGE: gettext_lazy("村、社区"),
    UnitKind.SCHOOL: gettext_lazy("学校"),
    UnitKind.HOSPITAL: gettext_lazy("医院"),
    UnitKind.UTILITY: gettext_lazy("公用企业（水电气热）"),
    UnitKind.TELECOM: gettext_lazy("通信"),
    UnitKind.FINANCE: gettext_lazy("银行、保险"),
    UnitKind.POST: gettext_lazy("邮政"),
    UnitKind.TRANSPORT: gettext_lazy("公交"),
    UnitKind.PROPERTY: gettext_lazy("物业"),
    UnitKind.STATE_FIRM: gettext_lazy("国有企业"),
    UnitKind.INSTITUTION: gettext_lazy("事业单位"),
    UnitKind.ASSOCIATION: gettext_lazy("行业协会"),
    UnitKind.AGENCY: gettext_lazy("中介机构"),
    UnitKind.WINDOW: gettext_lazy("窗口大厅"),
    UnitKind.OTHER: gettext_lazy("其他"),
}


class Level(StrEnum):
    """The five levels of territory (行政区划级别)."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"

    @property
    def label(self) -> str:
        """The level's name on the screen."""
        return str(LEVELS[self])


LEVELS: dict[Level, str | Promise] = {
    Level.PROVINCE: gettext_lazy("省"),
    Level.CITY: gettext_lazy("市"),
    Level.COUNTY: gettext_lazy("县（市、区）"),
    Level.TOWN: gettext_lazy("乡镇、街道"),
    Level.VILLAGE: gettext_lazy("村、社区"),
}


SMALL = {9: Level.TOWN, 12: Level.VILLAGE}  # digits of the codes that a network keeps itself; the rest is GB/T 2260's


@dataclass(frozen=True, slots=True)
class UnitRef:
    """A unit as the floors above name it. `path` holds the ids from the root of the tree down to it: "/1/15/220/"."""

    id: int
    code: str
    name: str
    kind: str
    region: str
    path: str
    short_name: str = ""
    parent_id: int | None = None
    line_parent_id: int | None = None
    is_centre: bool = False
    closed_on: date | None = None

    @property
    def short(self) -> str:
        """The short name where there is one, else the full name."""
        return self.short_name or self.name

    def within(self, other: "UnitRef") -> bool:
        """Whether this unit is `other` or stands below it in the territory tree."""
        return self.path.startswith(other.path)


@dataclass(frozen=True, slots=True)
class Duty:
    """One role held today, at one unit, through one post."""

    role: Role
    unit: UnitRef
    post_id: int


@dataclass(frozen=True, slots=True)
class Officer:
    """Whoever acts: a person through the duties held today, a channel, the citizen or the system."""

    id: int | None
    label: str
    duties: tuple[Duty, ...] = ()
    kind: str = "officer"

    @property
    def roles(self) -> frozenset[Role]:
        """Every role held today, wherever; a pseudo-actor holds its own."""
        if self.kind != "officer":
            return frozenset({Role(self.kind)})
        return frozenset(duty.role for duty in self.duties)

    def has(self, *roles: Role) -> bool:
        """Whether at least one of `roles` is held."""
        return not self.roles.isdisjoint(roles)

    def unit_ids(self, *roles: Role) -> frozenset[int]:
        """The ids of the units where one of `roles` is held; without roles, of all units of this officer."""
        return frozenset(duty.unit.id for duty in self.duties if not roles or duty.role in roles)

    def paths(self, *roles: Role) -> tuple[str, ...]:
        """The tree paths of those units: everything below them begins with one of these."""
        return tuple(dict.fromkeys(duty.unit.path for duty in self.duties if not roles or duty.role in roles))

    @property
    def unit_id(self) -> int | None:
        """The unit that goes on record with an act: that of the first duty."""
        return self.duties[0].unit.id if self.duties else None

    @property
    def post_id(self) -> int | None:
        """The post that goes on record with an act: that of the first duty."""
        return self.duties[0].post_id if self.duties else None


SYSTEM = Officer(None, "系统", kind="system")
CITIZEN = Officer(None, "群众", kind="citizen")


def label(unit: UnitRef, role: Role) -> str:
    """How an officer is shown and recorded: by office, never by name, in Chinese. "市财政局 承办员"."""
    with translation.override("zh-hans"):
        return f"{unit.short} {role.label}"


@dataclass(frozen=True, slots=True)
class Channel:
    """Another system that files through the API: its token's id, its name, its own limit per minute or none."""

    id: int
    name: str
    limit_per_minute: int | None

    @property
    def officer(self) -> Officer:
        """The channel as the one who acts."""
        return Officer(self.id, self.name, kind="channel")


def stem(region: str) -> str:
    """What every code at or below this region begins with: "211400" gives "2114", "211421113" itself."""
    if len(region) == 6:
        return region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region
    return region


def upward(region: str) -> tuple[str, ...]:
    """The region and those above it, nearest first: "211421113", "211421", "211400", "210000"."""
    chain = [region, *([region[:9]] if len(region) == 12 else []), region[:6], f"{region[:4]}00", f"{region[:2]}0000"]
    return tuple(dict.fromkeys(chain))


_LEVEL_WORDS = str.maketrans("", "", " 　省市县区旗镇乡")  # people leave these out: 绥中财政局


class Tree:
    """Every unit's small facts at one moment, in memory: looked up, climbed and searched without the database."""

    def __init__(self, units: Iterable[UnitRef], *, stamp: object = None, regions: object = None) -> None:
        self.stamp, self.regions = stamp, regions
        self.by_id = {unit.id: unit for unit in units}
        self.by_code = {unit.code: unit for unit in self.by_id.values()}
        open_units = [unit for unit in self.by_id.values() if unit.closed_on is None]
        self.centres = {unit.region: unit for unit in open_units if unit.is_centre}
        names = Counter(unit.name for unit in open_units)
        self.by_name = {unit.name: unit for unit in open_units if names[unit.name] == 1}
        self._words = [
            ((unit.name, unit.short_name, unit.code.lower()), unit.name.translate(_LEVEL_WORDS), unit)
            for unit in open_units
        ]

    def centre_for(self, region: str) -> UnitRef | None:
        """The centre of this region, or of the nearest region above that has one."""
        return next((self.centres[code] for code in upward(region) if code in self.centres), None)

    def superior(self, unit: UnitRef) -> UnitRef | None:
        """Whoever the unit answers to in its trade (条), else in its territory (块)."""
        above = unit.line_parent_id or unit.parent_id
        return self.by_id.get(above) if above else None

    def answers_to(self, unit: UnitRef, of: UnitRef) -> bool:
        """Whether `unit` is `of` or its subordinate, by territory or by trade, over any number of levels."""
        return of.id in self.above([unit.id])

    def above(self, ids: Iterable[int]) -> frozenset[int]:
        """These units and every unit they answer to, by territory or by trade."""
        seen: set[int] = set()
        queue: list[int | None] = list(ids)
        while queue:
            current = self.by_id.get(queue.pop() or 0)
            if current is not None and current.id not in seen:
                seen.add(current.id)
                queue += [current.parent_id, current.line_parent_id]
        return frozenset(seen)

    def search(self, text: str, *, region: str | None = None, limit: int = 20) -> list[UnitRef]:
        """Open units with every word of `text` in name, short name or code, best first; 省市县区 may be left out.

        Rank: the very name, then beginning with it, then containing it; shorter names first. `region` keeps the units
        of that region and of those inside it, its own before the others.
        """
        words = text.lower().split()
        if not words:
            return []
        bare = [word.translate(_LEVEL_WORDS) or word for word in words]
        within = stem(region) if region else ""
        found: list[tuple[int, bool, int, str, UnitRef]] = []
        for names, core, unit in self._words:
            if not unit.region.startswith(within):
                continue
            rank = _rank(words, bare, names, core)
            if rank is not None:
                found.append((rank, unit.region != region, len(unit.name), unit.code, unit))
        return [row[4] for row in sorted(found, key=lambda row: row[:4])[:limit]]


def _rank(words: list[str], bare: list[str], names: tuple[str, ...], core: str) -> int | None:
    if len(words) == 1 and words[0] in names:
        return 0
    if len(words) == 1 and any(name.startswith(words[0]) for name in names):
        return 1
    if all(any(word in name for name in names) for word in words):
        return 2
    if all(word in core for word in bare):
        return 3
    return None


def unit_code(value: str) -> str:
    """A unit's code as it is stored: capitals, digits, hyphens, at most 40; a uscc or a region code with a suffix."""
    code = value.strip().upper()
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9-]{0,39}", code):
        raise Refused("code_malformed", _("单位代码只用英文字母、数字和横线，最多 40 位，请核对。"), field="code")
    return code


def check_act(officer: Officer, act: str) -> None:
    """Refuse when none of the officer's roles may do `act` anywhere."""
    if officer.kind != "system" and not officer.has(*may(act)):
        raise Refused("not_allowed", _("您的岗位不办理这项工作。如确有需要，请联系本级网络中心的管理员。"))


def check_post(role: Role, *, is_centre: bool) -> None:
    """Refuse posts that a unit of this sort does not have: the centre's posts and the three admins are at centres."""
    if role in PSEUDO:
        raise Refused("role_unknown", _("请从列表中选择一个岗位角色。"), field="role")
    if role in CENTRE | ADMINS and not is_centre:
        raise Refused(
            "role_of_centre", _("“%(role)s”只设在网络中心，请改选本单位的岗位。") % {"role": role.label}, field="role"
        )


def check_appointment(role: Role, held: Collection[Role], *, self_appointed: bool) -> None:
    """Refuse an appointment that mixes two of the three administrators (三员分立), or of oneself."""
    if self_appointed:
        raise Refused("not_oneself", _("不能给自己任职，请由另一位安全管理员办理。"))
    other = sorted(ADMINS & set(held)) if role in ADMINS else []
    if other:
        raise Refused(
            "admins_apart",
            _("系统管理员、安全管理员、审计管理员须由不同的人担任。此人已是%(role)s，请另选一人，或先结束其原任职。")
            % {"role": other[0].label},
            field="person",
        )


SIGN_IN_TRIES = 5  # failures in a row, then the name is locked: GB/T 22239-2019 8.1.4.1
ADDRESS_TRIES = 30  # failures from one address, where a whole office may sit behind one
LOCK_MINUTES = 15
PASSWORD_DAYS = 90  # days a password may be used: GB/T 22239-2019 8.1.4.1 with the usual reading of "定期更换"


def password_due(changed_at: datetime | None, now: datetime) -> bool:
    """Whether the password must be changed before anything else: set by somebody else, or older than PASSWORD_DAYS."""
    return changed_at is None or now - changed_at >= timedelta(days=PASSWORD_DAYS)


def password_days(changed_at: datetime | None, now: datetime) -> int:
    """Whole days until the password must be changed; 0 when it must be now."""
    if password_due(changed_at, now) or changed_at is None:
        return 0
    return (changed_at + timedelta(days=PASSWORD_DAYS) - now).days


class PasswordMixture:
    """At least three of: capitals, small letters, digits, other signs (GB/T 22239-2019 8.1.4.1, complexity)."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when fewer than three kinds of characters are there."""
        if _kinds_of_characters(password) < 3:
            raise ValidationError(self.get_help_text(), code="password_mixture")

    def get_help_text(self) -> str:
        """The rule as a sentence."""
        return _("密码须包含大写字母、小写字母、数字、其他符号中的至少三种。")


def _kinds_of_characters(password: str) -> int:
    tests = (str.isupper, str.islower, str.isdigit, lambda c: not c.isalnum())
    return sum(any(map(test, password)) for test in tests)
