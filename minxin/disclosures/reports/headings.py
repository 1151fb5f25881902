"""The headings of the budget (科目) by fiscal year, kept by each process: they change with a release, once a year."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.db.models import Count, Max

from minxin.disclosures.models import Heading

SECONDS = 5.0  # another process's change is seen after at most so long


@dataclass(frozen=True, slots=True)
class Named:
    """A heading as it read in one fiscal year."""

    code: str
    name: str
    parent: str
    level: int
    explanation: str


@dataclass(slots=True)
class _Known:
    """What this process has read: how many rows up to which key, and the lists it made of them."""

    stamp: tuple[int, int]
    checked: float
    lists: dict[tuple[str, int], Mapping[str, Named]]


_known: _Known | None = None


def of(scheme: str, year: int) -> Mapping[str, Named]:
    """The headings of a classification in a fiscal year by code, in order of code.

    0 queries when kept, 1 every few seconds to ask for changes, 1 more for a list not yet read.
    """
    lists = _fresh().lists
    kept = lists.get((scheme, year))
    if kept is None:
        kept = lists[scheme, year] = MappingProxyType(_read(scheme, year))
    return kept


def find(scheme: str, code: str, year: int) -> Named | None:
    """The heading with that code in that year; None when there was none."""
    return of(scheme, year).get(code)


def name(scheme: str, code: str, year: int) -> str:
    """What the code meant in that year; the code itself when it meant nothing then."""
    heading = find(scheme, code, year)
    return heading.name if heading else code


def lineage(scheme: str, code: str, year: int) -> list[Named]:
    """The heading and those above it, the widest first; empty when the code meant nothing then."""
    headings = of(scheme, year)
    found: list[Named] = []
    while (heading := headings.get(code)) is not None:
        found.insert(0, heading)
        code = heading.parent
    return found


def forget() -> None:
    """Read again at the next question."""
    global _known
    _known = None


def _fresh() -> _Known:
    global _known
    now = time.monotonic()
    if _known is None or now - _known.checked > SECONDS:
        seen = Heading.objects.public().aggregate(rows=Count("id"), newest=Max("id"))
        stamp = (seen["rows"], seen["newest"] or 0)
        _known = _Known(stamp, now, _known.lists if _known is not None and _known.stamp == stamp else {})
    return _known


def _read(scheme: str, year: int) -> dict[str, Named]:
    rows = Heading.objects.public().of(year).filter(scheme=scheme).order_by("code")
    return {row[0]: Named(*row) for row in rows.values_list("code", "name", "parent", "level", "explanation")}
