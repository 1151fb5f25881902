"""Where the money goes: the published budget added up by who, what for, spent on what, from which purse."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django.db.models import BigIntegerField, Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import Appropriation, BudgetUnit, Flow, FlowDelta, Publication
from minxin.disclosures.models.publication import PREFIX
from minxin.disclosures.reports import headings
from minxin.disclosures.rules import allocation as rules
from minxin.disclosures.rules.allocation import Asked, By
from minxin.disclosures.rules.codes import Fund, Grain, Measure, PayeeKind, Scheme, Version
from minxin.kernel import clocks, refs
from minxin.kernel.errors import Absent

TEMPLATE = "department_budget"
DIGITS = MappingProxyType({By.FUNCTION: (3, 5, 7), By.ECONOMIC: (3, 5)})
MOST_PROJECTS = 200
PAGE = 50
FOUND = 20
TOP = 10
WHO = F("unit_id")
NOBODY = 0  # the unit of what no unit is named for: sums of payments to people, and what is withheld
KEPT_BACK = "withheld"  # the payee kind of withheld payments (see models/flow.py)
WITHHELD = _("依法不单独公开的部分")
LABELS = MappingProxyType(
    {
        "department": _("部门"),
        "unit": _("单位"),
        "function": _("用途"),
        "economic": _("花法"),
        "kind": _("支出性质"),
        "project": _("项目"),
        "fund": _("资金来源"),
    }
)
EXPLAINED = MappingProxyType(
    {
        rules.BASIC: _("单位日常运转要花的钱：人员工资和办公费用。"),
        rules.PROJECT: _("为完成一件专门的事安排的钱，做完就没有了。"),
    }
)


@dataclass(frozen=True, slots=True)
class Member:
    """A budget unit told to the public. `head` is its department's unit id, its own for a department."""

    unit: UnitRef
    head: int
    finance: int
    code: str
    type: str
    likeness: str
    staff: int


@dataclass(frozen=True, slots=True)
class Roll:
    """The budget units by unit id; `hidden` are those withheld; `under` counts the units of each department."""

    by_id: Mapping[int, Member]
    hidden: frozenset[int]
    under: Mapping[int, int]

    def ids(self, department: str) -> list[int]:
        """The unit ids of a department, itself included; none when the code is nobody's."""
        head = next((key for key, member in self.by_id.items() if member.unit.code == department), None)
        return [key for key, member in self.by_id.items() if member.head == head]

    def find(self, code: str) -> Member | None:
        """The budget unit with that code of the directory."""
        return next((member for member in self.by_id.values() if member.unit.code == code), None)


def roll() -> Roll:
    """1 query. Every budget unit."""
    known = directory.tree().by_id
    rows = BudgetUnit.objects.order_by("code").values_list(
        "id", "unit_id", "department_id", "finance_id", "code", "type", "likeness", "staff", "withheld"
    )
    found = list(rows)
    heads = {key: unit_id for key, unit_id, *_rest in found}
    units = {
        unit_id: Member(known[unit_id], heads[department or key], finance, code, type_, likeness, staff)
        for key, unit_id, department, finance, code, type_, likeness, staff, withheld in found
        if unit_id in known and not withheld
    }
    hidden = {unit_id for _key, unit_id, *_facts, withheld in found if withheld}
    under: dict[int, int] = {}
    for member in units.values():
        under[member.head] = under.get(member.head, 0) + 1
    return Roll(units, frozenset(hidden), under)


def moment(on: date | None) -> datetime | None:
    """The end of that day, when something is asked as of a day."""
    return datetime.combine(on + timedelta(days=1), time(), clocks.ZONE) - timedelta(microseconds=1) if on else None


def years(on: date | None = None) -> dict[int, list[Version]]:
    """1 query. The versions published for each fiscal year, the newest year first, as they stood on a day.

    What has been paid (执行数) is known for now only.
    """
    rows = Publication.objects.filter(template=TEMPLATE)
    if on:
        rows = rows.filter(published_at__lte=moment(on))
    paid = {"year": OuterRef("fiscal_year"), "measure": Measure.PAID}
    folded = Exists(Flow.objects.filter(grain=Grain.YEAR, **paid))
    found = rows.order_by().values_list("fiscal_year", "version").distinct()
    known: dict[int, set[str]] = {}
    for year, version, moved in found.annotate(moved=folded | Exists(FlowDelta.objects.filter(**paid))):
        known.setdefault(year, set()).update({version, Version.EXECUTED} if moved and not on else {version})
    return {year: [one for one in rules.SHOWN_FIRST if one in known[year]] for year in sorted(known, reverse=True)}


# --- the rows that figures are made of


def cells(asked: Asked, among: Roll, *, versions: Sequence[str] = ()) -> QuerySet[Appropriation]:
    """The published figures at a place, of its version or of `versions`. Withheld units are in none of them."""
    rows = Appropriation.objects.public(moment(asked.on)).filter(_narrowed(asked, among))
    chosen = Q(fiscal_year=asked.year, version__in=versions) if versions else in_version(asked)
    rows = rows.filter(chosen)
    if asked.kind:
        rows = rows.filter(project="") if asked.kind == rules.BASIC else rows.exclude(project="")
    return rows.filter(project=asked.project) if asked.project else rows


def in_version(asked: Asked) -> Q:
    """The figures of a year and version. The adjusted budget of a unit that adjusted nothing is its initial one."""
    year = Q(fiscal_year=asked.year)
    if asked.version != Version.ADJUSTED:
        return year & Q(version=asked.version)
    adjusted = Appropriation.objects.public(moment(asked.on)).filter(year, version=Version.ADJUSTED)
    return year & (
        Q(version=Version.ADJUSTED) | Q(version=Version.INITIAL) & ~Q(unit_id__in=adjusted.values("unit_id"))
    )


def _paid(asked: Asked, among: Roll, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """1 query. What was paid and not returned, by `values`: the folded totals and what is not yet folded."""
    own = Case(When(payee_kind=KEPT_BACK, then=Value(NOBODY)), default=F("unit_id"), output_field=BigIntegerField())
    values = {name: own if what is WHO else what for name, what in values.items()}
    chosen = _narrowed(asked, among) & told_to_all() & Q(year=asked.year)
    if asked.unit or asked.department:
        chosen &= ~Q(payee_kind=KEPT_BACK)
    first, second = (
        rows.filter(chosen)
        .order_by()
        .annotate(**values)
        .values(*values)
        .annotate(sum=Sum(signed()))
        .values_list(*values, "sum")
        for rows in (Flow.objects.filter(grain=Grain.YEAR), FlowDelta.objects.all())
    )
    return list(first.union(second, all=True))


def told_to_all() -> Q:
    """Payments to firms and institutions, and what of those to people may be told (see rules.pipe_public)."""
    return Q(measure__in=[Measure.PAID, Measure.RETURNED]) & ~Q(payee_kind=PayeeKind.PERSON) | Q(
        measure__in=[Measure.TOLD, Measure.TOLD_BACK]
    )


def signed() -> Case:
    """Fen, what came back below zero."""
    back = When(measure__in=[Measure.RETURNED, Measure.TOLD_BACK], then=-F("fen"))
    return Case(back, default=F("fen"), output_field=BigIntegerField())


def _narrowed(asked: Asked, among: Roll) -> Q:
    """The narrowing that plan and payment share."""
    chosen = Q()
    if asked.unit:
        member = among.find(asked.unit)
        chosen &= Q(unit_id=member.unit.id if member else 0)
    elif asked.department:
        chosen &= Q(unit_id__in=among.ids(asked.department))
    elif among.hidden:
        chosen &= ~Q(unit_id__in=among.hidden)
    for name, whole in (("function", 7), ("economic", 5)):
        if code := getattr(asked, name):
            chosen &= Q(**{name if len(code) == whole else f"{name}__startswith": code})
    return chosen & Q(fund=asked.fund) if asked.fund else chosen


def added(asked: Asked, among: Roll, **values: Any) -> dict[tuple[Any, ...], int]:
    """1 query. Fen by the given expressions, at a place, in the version asked for."""
    rows: Iterable[tuple[Any, ...]]
    if asked.version == Version.EXECUTED:
        rows = _paid(asked, among, values)
    else:
        grouped = cells(asked, among).order_by().annotate(**values).values(*values)
        rows = grouped.annotate(sum=Sum("amount_fen")).values_list(*values, "sum").iterator()
    total: dict[tuple[Any, ...], int] = {}
    for *key, fen in rows:
        total[tuple(key)] = total.get(tuple(key), 0) + int(fen)
    return total


# --- the drill-down


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the drill-down: what it is, how much, and the query of where it leads."""

    code: str
    name: str
    fen: int
    query: str
    explanation: str = ""
    unit: str = ""  # the code of the unit's own page
    of_fen: int = 0  # the total it is a share of

    @property
    def percentage(self) -> Decimal | None:
        """Its share of the total, in hundredths."""
        return rules.percentage(self.fen, self.of_fen)


@dataclass(frozen=True, slots=True)
class Chip:
    """One narrowing in words: its steps (name, query) from wide to narrow, and the query without it."""

    label: str
    steps: Sequence[tuple[str, str]]
    without: str
    unit: str = ""  # the code of the unit's own page


@dataclass(frozen=True, slots=True)
class Drill:
    """A place in the drill-down with its rows, the largest first. `more` rows are summed in `rest_fen`."""

    asked: Asked
    lines: Sequence[Line]
    total_fen: int
    more: int = 0
    rest_fen: int = 0


def settled(asked: Asked, known: Mapping[int, Sequence[Version]], among: Roll) -> Asked:
    """The place as it can be shown: a version that was published, and no narrowing that it does not have.

    What has been paid is known by unit, heading and fund, not by project or row. Raises Absent for a unit that is no
    budget unit, or a withheld one.
    """
    if any(code and among.find(code) is None for code in (asked.department, asked.unit)):
        raise Absent
    versions = known.get(asked.year, [])
    if asked.version not in versions:
        asked = replace(asked, version=versions[0] if versions else Version.INITIAL)
    if asked.version == Version.EXECUTED:
        asked = asked.without("kind")
        asked = asked if asked.by not in {By.PROJECT, By.ROW} else asked.at(asked.onward())
    member = among.find(asked.unit) if asked.unit else None
    if member and not asked.department:
        asked = replace(asked, department=among.by_id[member.head].unit.code if member.head in among.by_id else "")
    return asked


def drill(asked: Asked, among: Roll, *, most: int | None = MOST_PROJECTS) -> Drill:
    """1 query (headings read anew: 1 to 2 more). The rows at a place, of projects the largest; not for By.ROW."""
    match asked.by:
        case By.UNIT:
            lines = _by_unit(asked, among)
        case By.FUNCTION | By.ECONOMIC:
            lines = _by_heading(asked, among)
        case By.FUND:
            lines = _by_fund(asked, among)
        case _:
            lines = _by_project(asked, among)
    lines = ranked(lines)
    shown = most if asked.by is By.PROJECT and most else len(lines)
    rest = lines[shown:]
    return Drill(asked, lines[:shown], sum(one.fen for one in lines), len(rest), sum(one.fen for one in rest))


def line(asked: Asked, among: Roll, key: Any, fen: int) -> Line:
    """No query. The row of a place that a key stands for: a unit's id, a heading's or a fund's code."""
    match asked.by:
        case By.UNIT if (asked.department or asked.unit) and key != NOBODY:
            unit = directory.unit(int(key))
            return Line(unit.code, unit.name, fen, asked.deeper(unit.code).query(), unit=unit.code)
        case By.UNIT:
            return _department(asked, among, int(key), fen)
        case By.FUND:
            return replace(_heading(asked, Scheme.FUND, key, fen), name=fund_name(key))
    return _heading(asked, asked.by.value, key, fen)


def _by_unit(asked: Asked, among: Roll) -> list[Line]:
    found = {key: fen for (key,), fen in added(asked, among, who=WHO).items()}
    if asked.department or asked.unit:
        return [line(asked, among, key, fen) for key, fen in found.items()]
    heads: dict[int, int] = {}
    for key, fen in found.items():
        head = among.by_id[key].head if key in among.by_id else key
        heads[head] = heads.get(head, 0) + fen
    return [line(asked, among, head, fen) for head, fen in heads.items()]


def _department(asked: Asked, among: Roll, head: int, fen: int) -> Line:
    if head == NOBODY:
        return Line("", str(WITHHELD), fen, "")
    unit, lone = directory.unit(head), among.under.get(head, 1) == 1
    return Line(unit.code, unit.name, fen, asked.deeper(unit.code, lone=lone).query(), unit=unit.code)


def _by_heading(asked: Asked, among: Roll) -> list[Line]:
    name = asked.by.value
    length = rules.digits(getattr(asked, name), DIGITS[asked.by])
    found = added(asked, among, what=Left(name, length))
    return [line(asked, among, code, fen) for (code,), fen in found.items()]


def _heading(asked: Asked, scheme: str, code: str, fen: int) -> Line:
    if not code:
        return Line("", str(WITHHELD), fen, "")
    heading = headings.find(scheme, code, asked.year)
    explained = heading.explanation if heading else ""
    return Line(code, heading.name if heading else code, fen, asked.deeper(code).query(), explained)


def _by_fund(asked: Asked, among: Roll) -> list[Line]:
    return [line(asked, among, code, fen) for (code,), fen in added(asked, among, what=F("fund")).items()]


def _by_project(asked: Asked, among: Roll) -> list[Line]:
    if asked.kind == rules.PROJECT:
        found = added(asked, among, what=F("project"))
        return [Line("", name, fen, asked.deeper(name).query()) for (name,), fen in found.items()]
    kind = Case(When(project="", then=Value(rules.BASIC)), default=Value(rules.PROJECT), output_field=CharField())
    found = added(asked, among, what=kind)
    return [
        Line(code, str(rules.KINDS[code]), fen, asked.deeper(code).query(), str(EXPLAINED[code]))
        for (code,), fen in found.items()
    ]


def fund_name(code: str) -> str:
    """The purse in words."""
    return str(Fund(code).label) if code in Fund.values else code


def chips(asked: Asked, among: Roll) -> list[Chip]:
    """No query. What a place is narrowed to, in words, each with the way back."""
    found = []
    for name in rules.NARROWED:
        value = getattr(asked, name)
        if value and not (name == "department" and asked.unit == value):
            page = value if name in {"department", "unit"} else ""
            found.append(Chip(str(LABELS[name]), _steps(asked, among, name, value), asked.without(name).query(), page))
    return found


def _steps(asked: Asked, among: Roll, name: str, value: str) -> list[tuple[str, str]]:
    match name:
        case "department" | "unit":
            return [(directory.unit(value).name, "")]
        case "function" | "economic":
            way = headings.lineage(name, value, asked.year)
            steps = [(one.name, asked.at(By(name)).narrowed(name, one.code).query()) for one in way]
            return [*steps[:-1], (steps[-1][0], "")] if steps else [(value, "")]
        case "fund":
            return [(fund_name(value), "")]
        case "kind":
            return [(str(rules.KINDS[value]), "")]
    return [(value, "")]


# --- row by row


@dataclass(frozen=True, slots=True)
class Published:
    """One published row: its key in the tables, the act that published it and its leaf there with the hash in hex."""

    id: int
    unit: UnitRef
    function: str
    function_name: str
    economic: str
    economic_name: str
    project: str
    fund: str
    fen: int
    sheet: str
    key: str
    digest: str
    publication: str
    leaf: int


def rows(asked: Asked, among: Roll, *, before: str = "", size: int = PAGE) -> tuple[list[Published], str]:
    """2 queries. The published rows at a place, the largest first, and the key of the next page ("" at the end)."""
    chosen = cells(asked, among).order_by("-amount_fen", "-id")
    fen, _dash, key = before.rpartition("_")
    if re.fullmatch(r"-?\d{1,18}", fen) and re.fullmatch(r"\d{1,18}", key):
        chosen = chosen.filter(Q(amount_fen__lt=int(fen)) | Q(amount_fen=int(fen), id__lt=int(key)))
    keys = list(chosen.values_list("id", flat=True)[: size + 1])  # sorted before their entries are fetched
    shown = _told(Appropriation.objects.filter(id__in=keys[:size]).order_by("-amount_fen", "-id"))
    found = [_published(row, asked.year) for row in shown]
    return found, f"{found[-1].fen}_{found[-1].id}" if len(keys) > size else ""


def every(asked: Asked, among: Roll) -> Iterator[Published]:
    """1 query, read piece by piece. All published rows at a place, the largest first."""
    chosen = _told(cells(asked, among).order_by("-amount_fen", "-id"))
    return (_published(row, asked.year) for row in chosen.iterator(chunk_size=2000))


def _told(chosen: QuerySet[Appropriation]) -> QuerySet[Appropriation, tuple[Any, ...]]:
    return chosen.values_list(
        "id", "unit_id", "function", "economic", "project", "fund", "amount_fen",
        "entry__sheet", "entry__key", "entry__digest", "entry__publication__year", "entry__publication__number",
        "entry__leaf",
    )  # fmt: skip


def _published(row: tuple[Any, ...], year: int) -> Published:
    key, unit_id, function, economic, project, fund, fen, sheet, name, digest, of_year, number, leaf = row
    return Published(
        id=key,
        unit=directory.unit(unit_id),
        function=function,
        function_name=headings.name("function", function, year),
        economic=economic,
        economic_name=headings.name("economic", economic, year),
        project=project,
        fund=fund_name(fund),
        fen=fen,
        sheet=sheet,
        key=name,
        digest=bytes(digest).hex(),
        publication=refs.written(PREFIX, of_year, number),
        leaf=leaf,
    )


# --- the whole plan in one look


@dataclass(frozen=True, slots=True)
class Branch:
    """A class and a subclass of the functions, for the sunburst."""

    above: str
    name: str
    fen: int
    query: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A year's plan of every unit: the total, by department, by function, the two upper levels, the largest units."""

    asked: Asked
    total_fen: int
    units: int
    departments: Sequence[Line]
    functions: Sequence[Line]
    branches: Sequence[Branch]
    largest: Sequence[Line]


def whole(asked: Asked, among: Roll) -> Whole:
    """1 query. Everything the first page shows, from one adding up by unit and 款."""
    departments: dict[int, int] = {}
    functions: dict[str, int] = {}
    pairs: dict[str, int] = {}
    units: dict[int, int] = {}
    for (key, code), fen in added(asked, among, who=WHO, what=Left("function", 5)).items():
        head = among.by_id[key].head if key in among.by_id else key
        departments[head] = departments.get(head, 0) + fen
        functions[code[:3]] = functions.get(code[:3], 0) + fen
        pairs[code] = pairs.get(code, 0) + fen
        units[key] = units.get(key, 0) + fen
    by_unit, by_function = asked.at(By.UNIT), asked.at(By.FUNCTION)
    heads = [_department(by_unit, among, head, fen) for head, fen in departments.items()]
    classes = [_heading(by_function, "function", code, fen) for code, fen in functions.items()]
    top = sorted(units.items(), key=lambda pair: -pair[1])[:TOP]
    largest = [_member(by_unit, among, key, fen) for key, fen in top]
    total = sum(functions.values())
    return Whole(
        asked=asked,
        total_fen=total,
        units=len(units),
        departments=ranked(heads),
        functions=ranked(classes),
        branches=_branches(by_function, pairs),
        largest=ranked(largest, total),
    )


def ranked(lines: Sequence[Line], total: int | None = None) -> list[Line]:
    """No query. The largest first, each with the total it is a share of: that of all, or the one given."""
    total = sum(one.fen for one in lines) if total is None else total
    return sorted((replace(one, of_fen=total) for one in lines), key=lambda line: (-line.fen, line.code))


def _member(asked: Asked, among: Roll, key: int, fen: int) -> Line:
    if key == NOBODY:
        return Line("", str(WITHHELD), fen, "")
    unit = directory.unit(key)
    head = directory.unit(among.by_id[key].head) if key in among.by_id else unit
    place = replace(asked, department=head.code, unit=unit.code)
    return Line(unit.code, unit.name, fen, place.at(place.onward()).query(), unit=unit.code)


def _branches(asked: Asked, pairs: Mapping[str, int]) -> list[Branch]:
    def name(code: str) -> str:
        return headings.name("function", code, asked.year) if code else str(WITHHELD)

    return [
        Branch(name(code[:3]), name(code), fen, replace(asked, function=code).query())
        for code, fen in sorted(pairs.items())
    ]


# --- the search


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found by words: its kind, its name, where it stands, and the query that opens it."""

    kind: str
    name: str
    place: str
    query: str
    fen: int | None = None


def search(asked: Asked, among: Roll, words: str) -> list[Hit]:
    """1 query. Units, headings and projects whose name holds the words; the year and version are kept."""
    place = Asked(asked.year, By.FUNCTION, asked.version, on=asked.on)
    found = [
        Hit(
            str(LABELS["unit"]), member.unit.name, directory.unit(member.head).name, _member(place, among, key, 0).query
        )
        for key, member in among.by_id.items()
        if words in member.unit.name
    ][:FOUND]
    for scheme in ("function", "economic"):
        named = [one for one in headings.of(scheme, asked.year).values() if words in one.name]
        found += [_named(place, scheme, one) for one in named[:FOUND]]
    if asked.version == Version.EXECUTED:
        return found
    projects = cells(place, among).filter(project__contains=words).values("project").order_by()
    projects = projects.annotate(fen=Sum("amount_fen"), units=Count("unit_id", distinct=True)).order_by("-fen")
    return found + [_project(place, *row) for row in projects.values_list("project", "fen", "units")[:FOUND]]


def _named(place: Asked, scheme: str, heading: headings.Named) -> Hit:
    above = "›".join(one.name for one in headings.lineage(scheme, heading.code, place.year)[:-1])
    narrowed = place.at(By(scheme)).narrowed(scheme, heading.code)
    opened = narrowed if not narrowed.exhausted(narrowed.by) else narrowed.at(narrowed.onward())
    return Hit(str(LABELS[scheme]), heading.name, f"{heading.code} {above}".strip(), opened.query())


def _project(place: Asked, name: str, fen: int, units: int) -> Hit:
    narrowed = replace(place, by=By.UNIT, kind=rules.PROJECT, project=name)
    words = ngettext("%(n)s 个单位", "%(n)s 个单位", units) % {"n": units}
    return Hit(str(LABELS["project"]), name, words, narrowed.query(), fen)
