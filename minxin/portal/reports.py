"""What the public's front door shows: the four numbers, the latest answers, units with their stars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minxin.cases.reports import public, tally
from minxin.directory import reports as directory
from minxin.directory.rules import Level, UnitRef
from minxin.kernel import text

MOST_UNITS = 300


@dataclass(frozen=True)
class Home:
    """The home page's facts."""

    totals: tally.Totals
    latest: Sequence[public.Found]


@dataclass(frozen=True)
class Scored:
    """A unit with its totals; `place` only when it has enough cases to be compared."""

    unit: UnitRef
    totals: tally.Totals
    place: int | None = None


@dataclass(frozen=True)
class Line:
    """A unit's line page: who answers for it, its totals, its latest published answers."""

    page: directory.LinePage
    totals: tally.Totals
    latest: Sequence[public.Found]


def home() -> Home:
    """At most 2 queries: the totals (kept a few seconds) and the latest answers."""
    return Home(tally.totals(), public.latest(most=6))


def stars(region: str = "") -> tuple[list[Scored], list[Scored]]:
    """At most 3 queries. Units by their mean stars: those with enough cases ranked, the others by name, not ranked."""
    known = directory.tree().by_id
    totals = tally.units(unit.id for unit in units(region)) if region else tally.graded(most=MOST_UNITS)
    scored = [Scored(known[key], found) for key, found in totals.items() if key in known and found.starred]
    enough = [row for row in scored if row.totals.ranked]
    enough.sort(key=lambda row: (-(row.totals.mean or 0), -row.totals.starred, row.unit.code))
    few = sorted((row for row in scored if not row.totals.ranked), key=lambda row: row.unit.code)
    return [Scored(row.unit, row.totals, place) for place, row in enumerate(enough, 1)], few


def units(region: str = "", q: str = "") -> list[UnitRef]:
    """No query. Open units of a region and below it, or those that a search finds; at most MOST_UNITS."""
    if q.strip():
        return directory.search_units(q[:60], region or None, limit=60)
    inside = {row.code for row in directory.regions(region or None)}
    found = [unit for unit in directory.tree().by_id.values() if unit.closed_on is None and unit.region in inside]
    return sorted(found, key=lambda unit: (unit.region, not unit.is_centre, unit.code))[:MOST_UNITS]


def place(unit: UnitRef) -> str:
    """No query. Where a unit is, in full."""
    return directory.region_name(unit.region)


def line(code: str) -> Line:
    """3 queries. The line of an open unit; Absent when there is none."""
    page = directory.line_page(code)
    totals = tally.units([page.unit.id]).get(page.unit.id, tally.Totals())
    return Line(page, totals, public.latest(unit=page.unit.id, most=5))


def asked(query: Mapping[str, str]) -> str | None:
    """No query. What a filing is about, in words with reference and version; None when the address names nothing."""
    ref = text.clean(query.get("about", "")[:80], limit=80, field="about")
    if not ref:
        return None
    label = text.clean(query.get("label", "")[:100], limit=100, field="label")
    version = text.clean(query.get("version", "")[:16], limit=16, field="version")
    named = ref if not version else f"{ref} · {version}"
    return f"{label}（{named}）" if label else named


def areas() -> list[tuple[str, str]]:
    """No query. Cities with their codes, for choosing."""
    return [(row.code, row.name) for row in directory.regions() if row.level == Level.CITY]
