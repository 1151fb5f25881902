"""The pipe's addresses: what part of the money is asked for, read and written."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from minxin.disclosures.reports.flow import BY, Where
from minxin.disclosures.rules.codes import Fund
from minxin.disclosures.rules.pipe_public import Stretch
from minxin.kernel.errors import Absent

FULL = 7  # digits of a function heading that divides no further
YEARS = range(1949, 2101)
_SHAPES = {
    "department": re.compile(r"[0-9A-Za-z_-]{1,40}"),
    "unit": re.compile(r"[0-9A-Za-z_-]{1,40}"),
    "function": re.compile(r"\d{3}(\d{2}){0,2}"),
    "economic": re.compile(r"\d{3}(\d{2})?"),
    "fund": re.compile("|".join(Fund.values)),
    "month": re.compile(r"[1-9]|1[0-3]"),
}


def read(asked: Mapping[str, str], year: int) -> Where:
    """The part of the money an address names. What has no shape is no address: Absent."""
    if year not in YEARS:
        raise Absent
    values: dict[str, Any] = {}
    for name, shape in _SHAPES.items():
        value = asked.get(name, "")
        if value and not shape.fullmatch(value):
            raise Absent
        values[name] = (int(value) if value else 0) if name == "month" else value
    if values["unit"]:
        values["department"] = ""
    return Where(year, **values)


def division(asked: Mapping[str, str], where: Where) -> str:
    """What the page is divided by: as asked, else what is narrower than what was chosen."""
    by = asked.get("by", "")
    if by in BY:
        return by
    if where.unit or where.month or where.function:
        return "function" if len(where.function) < FULL else "economic"
    return "unit" if where.department else "department"


def stretch(asked: Mapping[str, str]) -> Stretch | None:
    """The stretch that is looked at, if any."""
    value = asked.get("stretch", "")
    return Stretch(value) if value in list(Stretch) else None


def address(door: str, where: Where, **changes: Any) -> str:
    """The address of a part; `changes` of Where's own fields narrow it, all others are added to the query."""
    asked = [(name, changes.pop(name, None) if name in changes else getattr(where, name)) for name in _SHAPES]
    if dict(asked)["unit"]:
        asked = [pair for pair in asked if pair[0] != "department"]
    query = urlencode([(name, value) for name, value in (*asked, *changes.items()) if value])
    return f"{_door(door, where.year)}?{query}" if query else _door(door, where.year)


@lru_cache(maxsize=256)
def _door(name: str, year: int) -> str:
    return reverse(name, args=[year])
