"""The tables units hand in, as data: which sheets, which columns, what a cell may be. Read from seeds/templates.

Each exists once per process, so they are compared by identity and may be keys.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _

from minxin.disclosures.rules.codes import Version
from minxin.kernel.errors import Refused

SEEDS = Path(__file__).parent.parent / "seeds" / "templates"
CODES = ("department_budget", "government_budget", "payments")
TOTAL = "合计"  # the code of a sheet's total row, as it is written in the file
GUIDE = "填写说明"  # the title of the sheet that says what goes where; it holds no rows
AMOUNTS = frozenset({"money", "wan"})
NUMBERS = AMOUNTS | {"count"}
LONGEST = 200  # characters of a text cell, where the column does not say


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column. `kind`: text, code, choice, date, count, money (yuan in the file), wan (万元 in the file).

    An `open` choice also takes other words. `versions`: in the file of these versions only; empty: in every one.
    """

    code: str
    label: str
    kind: str
    needed: bool = False
    longest: int = LONGEST
    options: Mapping[str, str] = field(default_factory=dict)
    open: bool = False
    versions: tuple[str, ...] = ()
    hint: str = ""
    scheme: str = ""  # the classification its codes are from

    @property
    def heading(self) -> str:
        """The heading in the file: amounts in 万元 say so."""
        return f"{self.label}（万元）" if self.kind == "wan" else self.label

    @property
    def told(self) -> str:
        """The heading on a page, in the language of its reader; files keep their own."""
        return _(self.label)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A table of a template. `key`: the columns that name a row over all corrections. `empty`: may have no rows.

    `prefilled`: what the template that is downloaded has filled in; a row of a file with nothing else is none.
    """

    code: str
    label: str
    settled: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    empty: bool = False
    prefilled: tuple[str, ...] = ()

    def title(self, version: str) -> str:
        """What the table is called in that version: a budget's name, or a final account's."""
        return self.settled if version == Version.FINAL else self.label

    def told(self, version: str) -> str:
        """The same on a page, in the language of its reader."""
        return _(self.title(version))

    def shown(self, version: str) -> tuple[Column, ...]:
        """The columns that the table has in that version."""
        return tuple(column for column in self.columns if not column.versions or version in column.versions)

    def column(self, code: str) -> Column | None:
        """The column with that code."""
        return next((column for column in self.columns if column.code == code), None)


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What is handed in together. `repeated`: in many batches a year (payments), else once per year and version."""

    code: str
    label: str
    versions: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    repeated: bool = False

    def sheet(self, code: str) -> Sheet:
        """The sheet with that code. Raises KeyError for one that is not there."""
        return self._sheets()[code]

    def _sheets(self) -> dict[str, Sheet]:
        return {sheet.code: sheet for sheet in self.sheets}


def get(code: str) -> Template:
    """The template with that code. Raises Refused for an unknown one."""
    if code not in CODES:
        raise Refused("template", _("没有这种报表，请从列表里选择。"), field="template")
    return _read(code)


def every() -> tuple[Template, ...]:
    """All templates, in the order they are offered."""
    return tuple(_read(code) for code in CODES)


@lru_cache(maxsize=len(CODES))
def _read(code: str) -> Template:
    with (SEEDS / f"{code}.toml").open("rb") as file:
        facts = tomllib.load(file)
    sheets = tuple(
        Sheet(
            **{key: value for key, value in sheet.items() if key not in {"key", "columns", "prefilled"}},
            key=tuple(sheet["key"]),
            prefilled=tuple(sheet.get("prefilled", ())),
            columns=tuple(
                Column(**{**column, "versions": tuple(column.get("versions", ()))}) for column in sheet["columns"]
            ),
        )
        for sheet in facts["sheets"]
    )
    return Template(code, facts["label"], tuple(facts["versions"]), sheets, facts.get("repeated", False))
