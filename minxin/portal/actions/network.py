"""The demo's network, as it stood in 2007 and as it has been renamed since: units, posts, people, sign-ins, duties.

Everything comes from the seed files beside this folder; people are known by their offices only.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.contrib.auth.hashers import make_password

from minxin.cases.actions import catalogue
from minxin.cases.rules.duties import ImportRow
from minxin.directory import reports as directory
from minxin.directory.actions import appointments, networks, people, units
from minxin.directory.actions.networks import NewUnit, Seat
from minxin.directory.rules import SYSTEM, Role, UnitKind
from minxin.kernel import clocks
from minxin.kernel.errors import Absent

SEEDS = Path(__file__).parents[1] / "seeds"
OPENED = datetime(2004, 5, 21, 9, tzinfo=clocks.ZONE)  # the network's first day
PROVINCE = "210000"
STORY_CITY = "211400"
PASSWORD = "Minxin-Demo-2007"  # noqa: S105 - of the demo, printed wherever it runs; production refuses the demo
BASIS = "民心网派单目录（2004年首版）"
AREA_CODES = {
    "2101": "024", "2102": "0411", "2103": "0412", "2104": "024", "2105": "024", "2106": "0415", "2107": "0416",
    "2108": "0417", "2109": "0418", "2110": "0419", "2111": "0427", "2112": "024", "2113": "0421", "2114": "0429",
}  # fmt: skip
OFFICE_HOURS = "工作日 8:30—11:30，13:00—17:00"
ALL_DAY = "二十四小时值班"
CITY_CENTRE = "head editor dispatcher reviewer supervisor visitor arbitrator"
PROVINCE_CENTRE = f"{CITY_CENTRE} system_admin security_admin auditor"
COUNTY_CENTRE = "editor dispatcher reviewer supervisor visitor"
BUREAU = "head leader clerk"
DISCIPLINE = "head clerk discipline:案件监督管理室 discipline:信访室"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who may sign in to the demo."""

    username: str
    password: str
    unit: str
    roles: tuple[str, ...]


def build(say: Say) -> None:
    """Found the network on its first day, rename what was renamed since, give the main characters their sign-ins."""
    with clocks.at(OPENED):
        say("单位与岗位")
        networks.open_network(units=list(_units()), on=OPENED.date(), by=SYSTEM)
        say("派单目录")
        catalogue.import_duties(rows=list(_duties()), by=SYSTEM)
    say("机构改革后的名称")
    _rename()
    say("演示登录")
    _sign_ins()


def sign_ins() -> list[SignIn]:
    """The demo's sign-ins that exist in this database, the story's first."""
    found = []
    for row in _rows("signins.csv"):
        try:
            officer = directory.officer_by_username(row["username"])
        except Absent:
            continue
        roles = tuple(duty.role.label for duty in officer.duties)
        unit = officer.duties[0].unit.name if officer.duties else ""
        found.append(SignIn(row["username"], PASSWORD, unit, roles))
    return found


def bureaus() -> list[dict[str, str]]:
    """The departments that every city has, by the key in their codes."""
    return _rows("bureaus.csv")


def budget_units() -> list[dict[str, str]]:
    """The 265 departments and budget units of the story's city; those without a name are bureaus named elsewhere."""
    return _rows("budget_units.csv")


def phone(region: str, number: int) -> str:
    """A line of an office that nobody has: 0429-3…, by region and running number."""
    area = AREA_CODES.get(region[:4], "024")
    if len(area) == 3:
        return f"{area}-{86_000_000 + int(region[2:6]) % 10_000 * 60 + number:08d}"
    return f"{area}-{3_000_000 + int(region[2:6]) % 10_000 * 60 + number:07d}"


def _rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _units() -> Iterator[NewUnit]:
    taken = {(row["unit"], row["role"], row["title"]) for row in _rows("signins.csv")}
    regions = directory.regions()
    cities = [row for row in regions if row.level == "city"]
    yield _centre(PROVINCE, "辽宁省民心网中心", short="省民心网中心", posts=PROVINCE_CENTRE, taken=taken)
    singles = _rows("units.csv")
    yield from (_single(row, number, taken) for number, row in enumerate(singles) if row["region"] == PROVINCE)
    for city in cities:
        yield _centre(city.code, f"{city.name}民心网中心", parent=f"{PROVINCE}-MX", posts=CITY_CENTRE, taken=taken)
        for number, row in enumerate(bureaus(), start=1):
            yield _bureau(row, city.code, city.name, number, taken)
    for region in regions:
        if region.level == "county":
            name = _county_name(region.code, region.name)
            parent = f"{region.parent}-MX"
            yield _centre(region.code, f"{name}民心网中心", parent=parent, posts=COUNTY_CENTRE, taken=taken)
    yield from (_single(row, number, taken) for number, row in enumerate(singles) if row["region"] != PROVINCE)
    yield from (_budget_unit(row, number, taken) for number, row in enumerate(budget_units()) if row["name"])


def _county_name(code: str, name: str) -> str:
    """A district is named with its city: three cities have a 铁西区 or a 龙城区 of their own."""
    city = directory.region(f"{code[:4]}00").name
    return name if name.endswith(("县", "市")) else f"{city}{name}"


def _centre(
    region: str, name: str, *, short: str = "", parent: str | None = None, posts: str, taken: set[tuple[str, str, str]]
) -> NewUnit:
    code = f"{region}-MX"
    return NewUnit(
        code=code,
        name=name,
        short_name=short or ("市民心网中心" if region == STORY_CITY else name.replace("民心网中心", "中心")),
        kind=UnitKind.CENTRE,
        region=region,
        parent=parent,
        line_parent=parent,
        is_centre=True,
        duty_phone=phone(region, 0),
        hours=ALL_DAY,
        about="受理群众的投诉、举报、咨询、求助、建议和表扬，分转到承办单位，并对办理结果负责到底。",
        seats=_seats(code, posts, taken),
    )


def _bureau(row: dict[str, str], region: str, city: str, number: int, taken: set[tuple[str, str, str]]) -> NewUnit:
    code, name = f"{region}-{row['key']}", row["name"].format(city=city)
    own = region == STORY_CITY
    posts = DISCIPLINE if row["key"] == "JW" else BUREAU + (" section" if own else "")
    if own and row["key"] == "CZJ":
        posts += " publisher budget cashier"
    short = _short(row["key"], name, city) if own else ("" if row["key"] != "JW" else f"{city}纪委")
    return NewUnit(
        code=code,
        name=name,
        short_name=short,
        kind=UnitKind(row["kind"]),
        region=region,
        parent=f"{region}-GAJ" if row["key"] == "JJZD" else f"{region}-MX",
        line_parent=row["line"] or None,
        duty_phone=phone(region, number),
        hours=ALL_DAY if row["kind"] in {"utility", "transport"} or row["key"] in {"GAJ", "YJJ"} else OFFICE_HOURS,
        about=row["about"],
        seats=_seats(code, posts, taken),
    )


def _short(key: str, name: str, city: str) -> str:
    if key == "JW":
        return "市纪委"
    return "市" + name.removeprefix(city).removeprefix("市").removeprefix("公安局")


def _single(row: dict[str, str], number: int, taken: set[tuple[str, str, str]]) -> NewUnit:
    return NewUnit(
        code=row["code"],
        name=row["name"],
        short_name=row["short"],
        kind=UnitKind(row["kind"]),
        region=row["region"],
        parent=row["parent"],
        line_parent=row["line"] or None,
        duty_phone=phone(row["region"], 30 + number % 30),
        hours=OFFICE_HOURS,
        about=row["about"],
        seats=_seats(row["code"], row["seats"], taken),
    )


def _budget_unit(row: dict[str, str], number: int, taken: set[tuple[str, str, str]]) -> NewUnit:
    return NewUnit(
        code=row["unit"],
        name=row["name"],
        short_name=row["short"],
        kind=UnitKind(row["kind"]),
        region=STORY_CITY,
        parent=row["department"] or f"{STORY_CITY}-MX",
        duty_phone=phone(STORY_CITY, 100 + number),
        hours=OFFICE_HOURS,
        about="在这里反映本单位的服务、收费和作风问题；预算和每一笔支出在理财公开栏目可以查到。",
        seats=_seats(row["unit"], BUREAU, taken),
    )


def _seats(code: str, posts: str, taken: set[tuple[str, str, str]]) -> tuple[Seat, ...]:
    """The posts with their holders; those of the main characters stay vacant until they get their sign-ins."""
    seats = []
    for number, post in enumerate(posts.split(), start=1):
        role, _, title = post.partition(":")
        section = "办公室" if role == "section" and not title else title if role == "section" else ""
        title = "" if role == "section" else title
        vacant = (code, role, section or title) in taken or ((code, role, "") in taken and not title)
        holder = "" if vacant else f"u{code.lower()}.{number}"
        seats.append(Seat(Role(role), holder, title=title, section=section))
    return tuple(seats)


def _duties() -> Iterator[ImportRow]:
    cities = [row.code for row in directory.regions() if row.level == "city"]
    own = {"17": "JRJ", "1701": "SWJ", "1705": "TXJ", "1706": "TXJ", "1707": "YZJ"}
    wanted = [(category, PROVINCE, f"{PROVINCE}-{key}") for category, key in own.items()]
    for city in cities:
        wanted += [(part, city, f"{city}-{row['key']}") for row in bureaus() for part in row["duties"].split()]
    wanted += [("1601", county, f"{county}-CZJ") for county in ("211421", "211422", "211481", "211404")]
    wanted += [("1302", county, f"{county}-JYJ") for county in ("211421", "211422", "211402")]
    wanted += [("1302", "210202", "210202-JYJ"), ("06", "210106", "210106-CGJ"), ("1101", "211322", "211322-MZJ")]
    for number, (category, region, unit) in enumerate(wanted, start=1):
        facts = {"category": category, "region": region, "unit": unit, "basis": BASIS}
        yield ImportRow(number, {**facts, "valid_from": OPENED.date().isoformat(), "valid_to": ""})


def _rename() -> None:
    for row in bureaus():
        if not row["now"]:
            continue
        with clocks.at(datetime.combine(date.fromisoformat(row["since"]), OPENED.timetz())):
            for city in (region for region in directory.regions() if region.level == "city"):
                name = row["now"].format(city=city.name)
                short = _short(row["key"], name, city.name) if city.code == STORY_CITY else ""
                units.rename_unit(code=f"{city.code}-{row['key']}", name=name, short_name=short, by=SYSTEM)


def _sign_ins() -> None:
    """One slow hash for all: they share the demo's password."""
    encoded = make_password(PASSWORD)
    for row in _rows("signins.csv"):
        at, role = directory.unit(row["unit"]), Role(row["role"])
        label = f"{at.short}{role.label}"
        people.create_person(
            username=row["username"], label=label, unit=at.code, encoded=encoded, change_first=False, by=SYSTEM
        )
        section = row["title"] or "办公室" if role is Role.SECTION else ""
        title = "" if role is Role.SECTION else row["title"]
        post = units.open_post(unit=at.code, role=role, title=title, section=section, by=SYSTEM)
        appointments.appoint(person=row["username"], post=post, from_on=OPENED.date(), by=SYSTEM)
