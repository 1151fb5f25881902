"""The house's fixed cast: units and officers for every test, built by calling the real actions.

`make_cast()` gives the units by short names and the officers by sign-in names: `cast.units["suizhong_finance"]`,
`cast.officers["suizhong_finance_clerk"]`. People are named after their offices.
"""

from dataclasses import dataclass
from datetime import date

from minxin.directory import reports
from minxin.directory.actions import appointments, people, units
from minxin.directory.rules import SYSTEM, Officer, Role, UnitKind, UnitRef

R, K = Role, UnitKind
GOV = K.GOVERNMENT

# key: (code, name, short name, kind, region, parent, line parent)
UNITS: dict[str, tuple[str, str, str, UnitKind, str, str | None, str | None]] = {
    "province": ("210000-MX", "辽宁省民心网中心", "省民心网中心", K.CENTRE, "210000", None, None),
    "huludao": ("211400-MX", "葫芦岛市民心网中心", "市民心网中心", K.CENTRE, "211400", "province", "province"),
    "shenyang": ("210100-MX", "沈阳市民心网中心", "沈阳市中心", K.CENTRE, "210100", "province", "province"),
    "city_finance": ("211400-CZJ", "葫芦岛市财政局", "市财政局", GOV, "211400", "huludao", None),
    "city_discipline": ("211400-JW", "中共葫芦岛市纪律检查委员会", "市纪委", K.PARTY, "211400", "huludao", None),
    "suizhong": ("211421-MX", "绥中县民心网中心", "绥中县中心", K.CENTRE, "211421", "huludao", "huludao"),
    "suizhong_finance": ("211421-CZJ", "绥中县财政局", "绥中县财政局", GOV, "211421", "suizhong", "city_finance"),
    "suizhong_education": ("211421-JYJ", "绥中县教育局", "绥中县教育局", GOV, "211421", "suizhong", None),
    "gaotai_school": ("211421-GTZX", "绥中县高台中学", "高台中学", K.SCHOOL, "211421113", "suizhong_education", None),
    "nanpiao_finance": ("211404-CZJ", "葫芦岛市南票区财政局", "南票区财政局", GOV, "211404", "huludao", "city_finance"),
    "nanpiao_civil": ("211404-MZJ", "葫芦岛市南票区民政局", "南票区民政局", GOV, "211404", "huludao", None),
    "nanpiao_discipline": (
        "211404-JW",
        "中共南票区纪律检查委员会",
        "南票区纪检委",
        K.PARTY,
        "211404",
        "huludao",
        "city_discipline",
    ),
}

_DESK = (R.HEAD, R.LEADER, R.CLERK, R.SECTION)
_CENTRE = (R.HEAD, R.EDITOR, R.DISPATCHER, R.REVIEWER, R.SUPERVISOR, R.VISITOR, R.ARBITRATOR)
# Who is where; the sign-in name is "<unit>_<role>".
POSTS: dict[str, tuple[Role, ...]] = {
    "province": (*_CENTRE, R.SYSTEM_ADMIN, R.SECURITY_ADMIN, R.AUDITOR, R.OBSERVER),
    "huludao": (*_CENTRE, R.SYSTEM_ADMIN, R.SECURITY_ADMIN, R.AUDITOR),
    "shenyang": (R.EDITOR, R.DISPATCHER),
    "city_finance": (*_DESK, R.PUBLISHER),
    "city_discipline": (R.HEAD, R.CLERK, R.DISCIPLINE),
    "suizhong": (R.EDITOR, R.DISPATCHER, R.REVIEWER, R.VISITOR),
    "suizhong_finance": _DESK,
    "suizhong_education": (R.HEAD, R.CLERK),
    "gaotai_school": (R.HEAD, R.CLERK),
    "nanpiao_finance": _DESK,
    "nanpiao_civil": (R.HEAD, R.CLERK),
    "nanpiao_discipline": (R.HEAD, R.CLERK, R.DISCIPLINE),
}
SINCE = date(2004, 5, 1)  # the cast is in office from the network's first month on, for cases of any date


@dataclass(frozen=True, slots=True)
class Cast:
    """The cast: `units` by key of UNITS, `officers` by sign-in name, `posts` by sign-in name."""

    units: dict[str, UnitRef]
    officers: dict[str, Officer]
    posts: dict[str, int]

    def person(self, username: str) -> int:
        """The person's id."""
        key = self.officers[username].id
        assert key is not None
        return key


def make_cast() -> Cast:
    """Open the units and appoint the officers; about a second."""
    for code, name, short, kind, region, parent, line in UNITS.values():
        units.open_unit(
            code=code,
            name=name,
            short_name=short,
            kind=kind,
            region=region,
            parent=UNITS[parent][0] if parent else None,
            line_parent=UNITS[line][0] if line else None,
            is_centre=kind is K.CENTRE,
            opened_on=SINCE,
            by=SYSTEM,
        )
    ids: dict[str, int] = {}
    posts: dict[str, int] = {}
    for key, roles in POSTS.items():
        for role in roles:
            username = f"{key}_{role.value}"
            code, short = UNITS[key][0], UNITS[key][2]
            account = people.create_person(
                username=username, label=f"{short}{role.label}", unit=code, change_first=False, by=SYSTEM
            )
            ids[username] = account.id
            posts[username] = units.open_post(unit=code, role=role, by=SYSTEM)
            appointments.appoint(person=username, post=posts[username], from_on=SINCE, by=SYSTEM)
    officers = {username: reports.officer(key) for username, key in ids.items()}
    return Cast({key: reports.unit(row[0]) for key, row in UNITS.items()}, officers, posts)
