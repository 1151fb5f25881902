"""The sheet of the duty catalogue (派单目录) as people keep it in a spreadsheet: its columns, and what a row means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

SHEET = "派单目录"  # names and headings stand in people's files: they are data, the same in every language
MOST_ROWS = 5000  # rows of one file: all of it is one transaction


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, the fact it gives ("" = only for the reader), whether it must be filled, its width."""

    heading: str
    fact: str
    needed: bool
    width: int


COLUMNS = (
    Column("类别代码", "category", True, 12),
    Column("类别名称", "", False, 36),
    Column("区划代码", "region", True, 14),
    Column("地区", "", False, 28),
    Column("单位代码", "unit", True, 22),
    Column("单位名称", "", False, 32),
    Column("生效日期", "valid_from", False, 14),
    Column("截止日期", "valid_to", False, 14),
    Column("依据", "basis", True, 44),
)


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A filled row of the file: its number there, its texts by fact."""

    number: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What stands in the way of an import: row and column in the file, the value, what is wrong, what to do."""

    row: int
    column: str
    value: str
    wrong: str
    todo: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row understood; with a last day it ends a duty."""

    category: str
    region: str
    unit: str
    valid_from: date
    valid_to: date | None
    basis: str


def typed(row: ImportRow, *, today: date) -> tuple[Line | None, list[Finding]]:
    """The row's meaning, or what about its cells cannot be understood. Without a first day it holds from today."""
    texts = {column.fact: row.texts.get(column.fact, "").strip() for column in COLUMNS if column.fact}
    ends = bool(texts["valid_to"])
    findings = [
        finding(row, column.fact, _("这一格没有填写。"), _("这一列必填，请补上。"))
        for column in COLUMNS
        if column.needed and not texts[column.fact] and not (ends and column.fact in {"unit", "basis"})
    ]
    days: dict[str, date | None] = {}
    for fact in ("valid_from", "valid_to"):
        try:
            days[fact] = _day(texts[fact]) if texts[fact] else None
        except ValueError:
            findings.append(finding(row, fact, _("看不懂这个日期。"), _("请填年月日，如 2026-03-01。")))
    if findings:
        return None, findings
    code = texts["category"]
    # Spreadsheets take the first zero of a number away; a code has an even number of digits.
    category = f"0{code}" if code.isdigit() and len(code) % 2 else code
    return (
        Line(category, texts["region"], texts["unit"], days["valid_from"] or today, days["valid_to"], texts["basis"]),
        [],
    )


def finding(row: ImportRow, fact: str | None, wrong: str, todo: str) -> Finding:
    """A finding about one cell of a row; about the row as a whole when the fact is no column."""
    fact = {"on": "valid_to"}.get(fact or "", fact)
    heading = next((column.heading for column in COLUMNS if fact and column.fact == fact), "")
    return Finding(row.number, heading, row.texts.get(fact or "", "")[:80] if heading else "", wrong, todo)


def _day(text: str) -> date:
    parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text)
    if not parts:
        raise ValueError(text)
    return date(*(int(part) for part in parts.groups()))
