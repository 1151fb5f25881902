"""Long lists to choose from, read from the catalogue and the directory."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from minxin.cases.reports import catalogue
from minxin.directory import reports as directory

CHOOSE = gettext_lazy("请选择")


def categories(first: str | Promise = CHOOSE) -> list[Any]:
    """The categories in force, grouped by the highest level."""
    found: list[Any] = [("", first)]
    for top in catalogue.tree():
        rows = [(top.code, top.name)]
        for middle in top.children:
            rows.append((middle.code, f"　{middle.name}"))
            rows += [(low.code, f"　　{low.name}") for low in middle.children]
        found.append((top.name, rows))
    return found


def stamp() -> object:
    """What is made of these lists may be kept as long as this stays the same."""
    return catalogue.stamp(), directory.regions_stamp()


def regions(under: str | None = None) -> list[tuple[str, str]]:
    """Regions down to counties, indented by level."""
    found = []
    for row in directory.regions(under):
        if len(row.code) == 6:
            depth = 0 if row.code.endswith("0000") else 1 if row.code.endswith("00") else 2
            found.append((row.code, "　" * depth + row.name))
    return found
