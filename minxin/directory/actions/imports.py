"""Units, posts and people from a file, all or nothing."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.actions import appointments, people, units
from minxin.directory.actions.people import Account
from minxin.directory.rules import Officer
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an import sheet: its heading, the fact it gives, whether it must be filled, an example."""

    heading: str
    fact: str
    needed: bool
    example: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of an import file: its name, the act it needs the right to, its columns."""

    name: str
    act: str
    columns: tuple[Column, ...]


# The headings stand in people's files: they are data, the same in every language of the screen.
SHEETS = {
    "units": Sheet(
        "单位",
        "import_directory",
        (
            Column("单位代码", "code", True, "211421-CZJ"),
            Column("单位名称", "name", True, "绥中县财政局"),
            Column("简称", "short_name", False, "县财政局"),
            Column("单位类型", "kind", True, "政府部门"),
            Column("区划代码", "region", True, "211421"),
            Column("上级单位代码", "parent", True, "211421-MX"),
            Column("条线上级代码", "line_parent", False, "211400-CZJ"),
            Column("是否网络中心", "is_centre", False, "否"),
            Column("统一社会信用代码", "uscc", False, ""),
            Column("启用日期", "opened_on", False, "2004-05-01"),
        ),
    ),
    "posts": Sheet(
        "岗位",
        "import_directory",
        (
            Column("单位代码", "unit", True, "211421-CZJ"),
            Column("岗位角色", "role", True, "承办员"),
            Column("岗位名称", "title", False, ""),
            Column("科室", "section", False, ""),
        ),
    ),
    "people": Sheet(
        "人员",
        "import_people",
        (
            Column("用户名", "username", True, "sz_caizheng_01"),
            Column("姓名或工号", "label", True, "工号0001"),
            Column("所在单位代码", "unit", True, "211421-CZJ"),
            Column("任职岗位角色", "role", False, "承办员"),
            Column("任职岗位名称", "title", False, ""),
            Column("任职科室", "section", False, ""),
            Column("任职日期", "from_on", False, "2026-03-01"),
        ),
    ),
}
IMPORT_ROWS = 5000  # rows of one file: all of it is one transaction


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One filled row of an import file: its sheet (a key of SHEETS), its number in the file, its texts by fact."""

    sheet: str
    number: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What stands in the way of an import: where in the file, the value there, what is wrong, what to do."""

    sheet: str
    row: int
    column: str
    value: str
    wrong: str
    todo: str


def typed(row: ImportRow) -> tuple[dict[str, Any], list[Finding]]:
    """The row's facts as the actions take them, and what about its cells cannot be understood."""
    facts: dict[str, Any] = {}
    findings: list[Finding] = []
    for column in SHEETS[row.sheet].columns:
        text = row.texts.get(column.fact, "").strip()
        if not text:
            if column.needed:
                findings.append(finding(row, column.fact, _("这一格没有填写。"), _("这一列必填，请补上。")))
            continue
        try:
            facts[column.fact] = _READERS.get(column.fact, str)(text)
        except ValueError:
            findings.append(finding(row, column.fact, _("看不懂这一格。"), _HINTS[column.fact]()))
    return facts, findings


def finding(row: ImportRow, fact: str | None, wrong: str, todo: str) -> Finding:
    """A finding about one cell of a row; about the row as a whole when the fact is no column."""
    sheet = SHEETS[row.sheet]
    heading = next((column.heading for column in sheet.columns if column.fact == fact), "")
    return Finding(sheet.name, row.number, heading, row.texts.get(fact or "", "")[:80] if heading else "", wrong, todo)


def _named(names: Mapping[Any, str | Promise]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        with translation.override("zh-hans"):
            known = {str(name): member for member, name in names.items()}
        if text in known:
            return known[text]
        return type(next(iter(names)))(text.lower())

    return read


def _day(text: str) -> date:
    parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text)
    if not parts:
        raise ValueError(text)
    return date(*(int(part) for part in parts.groups()))


def _yes(text: str) -> bool:
    if text not in {"是", "否"}:
        raise ValueError(text)
    return text == "是"


_REAL_ROLES = {role: name for role, name in rules.ROLES.items() if role not in rules.PSEUDO}
_READERS: dict[str, Callable[[str], Any]] = {
    "kind": _named(rules.KINDS),
    "role": _named(_REAL_ROLES),
    "opened_on": _day,
    "from_on": _day,
    "is_centre": _yes,
}
_HINTS: dict[str, Callable[[], str]] = {
    "kind": lambda: _("请填：%(names)s。") % {"names": "、".join(map(str, rules.KINDS.values()))},
    "role": lambda: _("请填：%(names)s。") % {"names": "、".join(map(str, _REAL_ROLES.values()))},
    "opened_on": lambda: _("请填年月日，如 2026-03-01。"),
    "from_on": lambda: _("请填年月日，如 2026-03-01。"),
    "is_centre": lambda: _("请填“是”或“否”。"),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done, or, with findings, would have to be put right first: then nothing was done."""

    units: int
    posts: int
    people: int
    accounts: tuple[Account, ...]
    findings: tuple[Finding, ...]


def import_directory(
    *, rows: Sequence[ImportRow], by: Officer, dry: bool = False, progress: Callable[[int], None] | None = None
) -> Imported:
    """Open units and posts and make accounts row by row, all or nothing; with `dry`, nothing at all.

    Every row goes through the same actions as on the screen, so the dry run finds exactly what the import would.
    `progress` is told how many rows are done.
    """
    for key in {row.sheet for row in rows}:
        rules.check_act(by, SHEETS[key].act)
    accounts: list[Account] = []
    findings: list[Finding] = []
    counts = Counter(row.sheet for row in rows)
    with transaction.atomic():
        for done, row in enumerate(_parents_first(rows), start=1):
            findings += _import_row(row, accounts, by=by)
            if progress:
                progress(done)
        facts = {"units": counts["units"], "posts": counts["posts"], "people": counts["people"]}
        ledger.record(stream="directory", verb="import_directory", by=by, facts=facts)
        transaction.set_rollback(bool(findings) or dry)
    if findings or dry:
        accounts = []
        models.changes.tree += 1  # this process may have looked at what has just been undone
    found = tuple(sorted(findings, key=lambda one: (one.sheet, one.row)))
    return Imported(counts["units"], counts["posts"], counts["people"], tuple(accounts), found)


def _parents_first(rows: Sequence[ImportRow]) -> list[ImportRow]:
    """Units before posts before people, and each unit after those of the same file that it stands below."""
    units = {row.texts.get("code", "").strip().upper(): row for row in rows if row.sheet == "units"}
    ordered: dict[int, ImportRow] = {}

    def place(row: ImportRow) -> None:
        chain = [row]  # climb by hand: a file may be deeper than Python's stack, or a circle
        while (above := _above(chain[-1], units)) is not None and above not in chain and id(above) not in ordered:
            chain.append(above)
        ordered.update((id(one), one) for one in reversed(chain))

    for row in rows:
        if row.sheet == "units":
            place(row)
    others = [row for sheet in ("posts", "people") for row in rows if row.sheet == sheet]
    return [*ordered.values(), *others]


def _above(row: ImportRow, units: dict[str, ImportRow]) -> ImportRow | None:
    keys = [row.texts.get(fact, "").strip().upper() for fact in ("parent", "line_parent")]
    return next((units[key] for key in keys if key in units), None)


def _import_row(row: ImportRow, accounts: list[Account], *, by: Officer) -> list[Finding]:
    facts, findings = typed(row)
    if findings:
        return findings
    try:
        with transaction.atomic():
            _IMPORTS[row.sheet](facts, accounts, by)
    except Absent:
        wrong = _("没有这个单位，或不在您的管理范围内。")
        return [finding(row, "parent" if row.sheet == "units" else "unit", wrong, _("请核对单位代码。"))]
    except Refused as refusal:
        return [finding(row, refusal.field, refusal.sentence, _("请改正后重新上传整个文件。"))]
    return []


def _import_unit(facts: dict[str, Any], accounts: list[Account], by: Officer) -> None:
    for key in ("parent", "line_parent"):
        if key in facts:
            facts[key] = rules.unit_code(facts[key])
    units.open_unit(**facts, by=by)


def _import_post(facts: dict[str, Any], accounts: list[Account], by: Officer) -> None:
    facts["unit"] = rules.unit_code(facts["unit"])
    units.open_post(**facts, by=by)


def _import_person(facts: dict[str, Any], accounts: list[Account], by: Officer) -> None:
    unit = rules.unit_code(facts["unit"])
    account = people.create_person(username=facts["username"], label=facts["label"], unit=unit, by=by)
    if role := facts.get("role"):
        post = models.Post.objects.filter(
            unit__code=unit,
            role=role.value,
            closed_on=None,
            title=facts.get("title", ""),
            section=facts.get("section", ""),
        ).first()
        if post is None:
            raise Refused("post_missing", _("该单位没有这个岗位。请先开设岗位，或核对角色、名称和科室。"), field="role")
        appointments.appoint(person=account.username, post=post.pk, from_on=facts.get("from_on"), by=by)
    accounts.append(account)


_IMPORTS = {"units": _import_unit, "posts": _import_post, "people": _import_person}
