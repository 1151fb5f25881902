"""One unit's budget page: its figures by year and version, what they go to, and how it stands beside units like it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import F, Q, Sum
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.disclosures.models import Appropriation, Flow, FlowDelta
from minxin.disclosures.reports import allocation, government
from minxin.disclosures.reports.allocation import Line, Member, Roll
from minxin.disclosures.rules import allocation as rules
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.allocation import Asked, By, Compared
from minxin.disclosures.rules.codes import Grain, UnitType, Version
from minxin.kernel.errors import Absent

_PEOPLE, _RUNNING = "301", "302"


@dataclass(frozen=True, slots=True)
class YearRow:
    """A fiscal year of the unit with its figures by version in fen; None where nothing is published."""

    year: int
    figures: Sequence[tuple[str, int | None, str]]  # version, fen, query of the drill-down


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure in fen, per person of staff, and beside the median of like units unless those are too few."""

    name: str
    explanation: str
    fen: int
    head_fen: int
    compared: Compared | None


@dataclass(frozen=True, slots=True)
class Beside:
    """A like unit and its whole budget per person of staff, in fen."""

    unit: UnitRef
    staff: int
    head_fen: int


@dataclass(frozen=True, slots=True)
class Tables:
    """The published tables of the unit in one year and version: (sheet, title), in their order.

    `whole`: they are its government's, in which every unit's are summed up.
    """

    year: int
    version: str
    label: str
    sheets: Sequence[tuple[str, str]]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A unit's budget: who it is, its years, the newest year's headings, its figures per head, the units like it."""

    member: Member
    department: UnitRef | None
    kind: str
    years: Sequence[YearRow]
    asked: Asked
    functions: Sequence[Line]
    economics: Sequence[Line]
    measured: Sequence[Measured]
    tables: Sequence[Tables]
    like: Sequence[Beside]  # the unit itself among them


def profile(code: str, known: Mapping[int, Sequence[Version]], among: Roll) -> Profile:
    """5 queries, 6 for a finance bureau. A budget unit's page; Absent for what is none, or withheld."""
    member = among.find(code)
    if member is None:
        raise Absent
    department = directory.unit(member.head) if member.head != member.unit.id else None
    years = _years(member, known, among)
    newest = next((row.year for row in years if any(fen is not None for _v, fen, _q in row.figures)), 0)
    version = next((one for one in known.get(newest, []) if one != Version.EXECUTED), Version.INITIAL)
    asked = Asked(newest, By.FUNCTION, version, directory.unit(member.head).code, member.unit.code)
    sums = _like(member, asked, among)
    return Profile(
        member=member,
        department=department,
        kind=str(UnitType(member.type).label),
        years=years,
        asked=asked,
        functions=_functions(asked, among),
        economics=_economics(asked, among, sums.get(member.unit.id, {})),
        tables=[*_governments(member, among), *_tables(years)],
        measured=_measured(member, sums, among),
        like=_beside(sums, among),
    )


def _years(member: Member, known: Mapping[int, Sequence[Version]], among: Roll) -> list[YearRow]:
    """2 queries."""
    rows = Appropriation.objects.public().filter(unit_id=member.unit.id).order_by()
    found = {
        (year, version): int(fen)
        for year, version, fen in rows.values("fiscal_year", "version")
        .annotate(sum=Sum("amount_fen"))
        .values_list("fiscal_year", "version", "sum")
    }
    for year, fen in _paid(member.unit.id):
        found[year, Version.EXECUTED] = found.get((year, Version.EXECUTED), 0) + int(fen)
    head = directory.unit(member.head).code
    return [
        YearRow(
            year,
            [
                (version, found.get((year, version)), Asked(year, By.FUNCTION, version, head, member.unit.code).query())
                for version in (Version.INITIAL, Version.ADJUSTED, Version.EXECUTED, Version.FINAL)
            ],
        )
        for year in known
    ]


def _tables(years: Sequence[YearRow]) -> list[Tables]:
    """No query. A published version has every table of its template; those without figures are published as empty."""
    sheets = templates.get(allocation.TEMPLATE).sheets
    return [
        Tables(row.year, version, str(Version(version).label), [(one.code, one.told(version)) for one in sheets])
        for row in years
        for version, fen, _query in row.figures
        if fen is not None and version != Version.EXECUTED
    ]


def _governments(member: Member, among: Roll) -> list[Tables]:
    """1 query for a finance bureau, none for others."""
    return [
        Tables(year, version, str(Version(version).label), government.sheets(version), whole=True)
        for year, version in government.published(member, among)
    ]


def _paid(unit_id: int) -> list[tuple[int, int]]:
    """1 query. (year, fen) of what was paid and not returned, as far as it may be told."""
    chosen = allocation.told_to_all() & Q(unit_id=unit_id) & ~Q(payee_kind=allocation.KEPT_BACK)
    first, second = (
        rows.filter(chosen).order_by().values("year").annotate(sum=Sum(allocation.signed())).values_list("year", "sum")
        for rows in (Flow.objects.filter(grain=Grain.YEAR), FlowDelta.objects.all())
    )
    return list(first.union(second, all=True))


def _functions(asked: Asked, among: Roll) -> list[Line]:
    """1 query. By 项: a unit has few."""
    found = allocation.added(asked, among, what=F("function"))
    lines = [allocation.line(asked, among, code, fen) for (code,), fen in found.items()]
    return allocation.ranked(lines)


def _like(member: Member, asked: Asked, among: Roll) -> dict[int, dict[str, int]]:
    """1 query. The sums of every like unit of the same finance bureau's roll by economic 款, its own among them."""
    ids = [
        key
        for key, one in among.by_id.items()
        if one.staff and (one.likeness, one.finance) == (member.likeness, member.finance)
    ]
    rows = Appropriation.objects.public().filter(
        fiscal_year=asked.year, version=asked.version, unit_id__in={*ids, member.unit.id}
    )
    found = rows.order_by().annotate(what=Left("economic", 5)).values("unit_id", "what").annotate(sum=Sum("amount_fen"))
    sums: dict[int, dict[str, int]] = {}
    for unit_id, code, fen in found.values_list("unit_id", "what", "sum"):
        sums.setdefault(unit_id, {})[code] = int(fen)
    return sums


def _economics(asked: Asked, among: Roll, own: Mapping[str, int]) -> list[Line]:
    place = asked.at(By.ECONOMIC)
    classes: dict[str, int] = {}
    for code, fen in own.items():
        classes[code[:3]] = classes.get(code[:3], 0) + fen
    lines = [allocation.line(place, among, code, fen) for code, fen in classes.items()]
    return allocation.ranked(lines)


def _measured(member: Member, sums: Mapping[int, Mapping[str, int]], among: Roll) -> list[Measured]:
    if not member.staff or member.unit.id not in sums:
        return []
    three = frozenset(code for codes in rules.THREE.values() for code in codes)
    found = []
    for name, explanation, counts in (
        (_("总支出"), _("预算全部金额除以编制人数。"), lambda _code: True),
        (_("人员工资"), _("工资福利支出（301）除以编制人数。"), lambda code: code[:3] == _PEOPLE),
        (_("办公运转"), _("商品和服务支出（302）除以编制人数。"), lambda code: code[:3] == _RUNNING),
        (_("三公经费"), _("出国、公务用车、公务接待除以编制人数。"), lambda code: code in three),
    ):
        totals = {key: sum(fen for code, fen in own.items() if counts(code)) for key, own in sums.items()}
        like = [_per_head(fen, among.by_id[key].staff) for key, fen in totals.items() if among.by_id[key].staff]
        total = totals[member.unit.id]
        head = _per_head(total, member.staff)
        found.append(Measured(str(name), str(explanation), total, head, rules.compare(head, like)))
    return found


def _beside(sums: Mapping[int, Mapping[str, int]], among: Roll) -> list[Beside]:
    """The units like it with their figure per head, the highest first; none when they are too few."""
    members = [among.by_id[key] for key in sums if among.by_id[key].staff]
    if len(members) < rules.LEAST_LIKE:
        return []
    rows = [Beside(one.unit, one.staff, _per_head(sum(sums[one.unit.id].values()), one.staff)) for one in members]
    return sorted(rows, key=lambda row: -row.head_fen)


def _per_head(fen: int, staff: int) -> int:
    """To the whole fen, half up: there is nothing finer."""
    return int((Decimal(fen) / staff).quantize(Decimal(1), rounding=ROUND_HALF_UP))
