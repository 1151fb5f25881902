"""Questions about what was handed in: lists, one submission with its findings and history, the rules, templates."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.db.models import Q
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.models import BudgetUnit, CheckRule, Finding, Submission
from minxin.disclosures.models.broker import number_of, ref_of
from minxin.disclosures.reports.history import Step, happened
from minxin.disclosures.rules import broker_moves, templates
from minxin.disclosures.rules.codes import Delivery, Quality, Severity, SubmissionStage, Version
from minxin.disclosures.rules.templates import AMOUNTS, TOTAL, Column, Sheet, Template
from minxin.kernel import sheets
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

PAGE = 50
MOST_SHOWN = 300  # findings on the page; the file has all of them
MOST_UNITS = 400


@dataclass(frozen=True, slots=True)
class Row:
    """A submission in a list. `colour` is the lamp's."""

    ref: str
    unit: UnitRef
    template: str
    fiscal_year: int
    version: str
    stage: str
    stage_label: str
    colour: str
    rows: int
    fatal: int
    warnings: int
    received_at: datetime
    corrects: bool


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which of them: empty or None is any."""

    stage: str = ""
    template: str = ""
    fiscal_year: int | None = None
    unit: str = ""


_COLOURS: Mapping[str, str] = {
    SubmissionStage.DRAFT: "grey",
    SubmissionStage.FAILED: "red",
    SubmissionStage.CHECKED: "amber",
    SubmissionStage.SIGNED: "green",
    SubmissionStage.PUBLISHED: "green",
    SubmissionStage.WITHDRAWN: "grey",
    SubmissionStage.IMPORTED: "green",
}


def listing(officer: Officer, narrow: Narrow, *, before: int | None = None) -> tuple[list[Row], int | None]:
    """1 query. Submissions this officer may see, the newest first, and the key of the next page."""
    rows = Submission.objects.visible_to(officer)
    if narrow.stage:
        rows = rows.filter(stage=narrow.stage)
    if narrow.template:
        rows = rows.filter(template=narrow.template)
    if narrow.fiscal_year:
        rows = rows.filter(fiscal_year=narrow.fiscal_year)
    if narrow.unit:
        rows = rows.filter(unit_id__in=[unit.id for unit in directory.search_units(narrow.unit, limit=MOST_UNITS)])
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    return [_row(row) for row in found[:PAGE]], found[PAGE - 1].pk if len(found) > PAGE else None


def _row(row: Submission) -> Row:
    return Row(
        ref=ref_of(row),
        unit=directory.unit(row.unit_id),
        template=templates.get(row.template).label,
        fiscal_year=row.fiscal_year,
        version=str(Version(row.version).label) if row.version else "",
        stage=row.stage,
        stage_label=str(SubmissionStage(row.stage).label),
        colour=_COLOURS[row.stage],
        rows=row.rows,
        fatal=row.fatal,
        warnings=row.warnings,
        received_at=row.received_at,
        corrects=row.corrects_id is not None,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one sheet, fatal first."""

    id: str
    sheet: str
    fatal: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A submission as its page shows it."""

    row: Row
    submission: Submission
    delivery: str
    next: str
    moves: tuple[str, ...]
    groups: tuple[Group, ...]
    more: int
    history: Sequence[Step]
    corrects: str


def page(ref: str, *, by: Officer) -> Page:
    """4 queries, 3 when it is no correction. One submission with findings and history. Raises Absent."""
    found = submission(ref, by=by)
    told = list(Finding.objects.filter(submission=found).order_by("severity", "id")[: MOST_SHOWN + 1])
    earlier = Submission.objects.visible_to(by).filter(pk=found.corrects_id).first() if found.corrects_id else None
    return Page(
        row=_row(found),
        submission=found,
        delivery=str(Delivery(found.delivery).label),
        next=str(broker_moves.NEXT[found.stage]),
        moves=tuple(broker_moves.allowed(found.stage, unit_id=found.unit_id, by=by)),
        groups=_groups(told[:MOST_SHOWN]),
        more=max(0, found.fatal + found.warnings - MOST_SHOWN),
        history=happened(ledger.history(ref_of(found)), _said),
        corrects=ref_of(earlier) if earlier else "",
    )


def submission(ref: str, *, by: Officer) -> Submission:
    """1 query. Raises Absent for what this officer may not see."""
    try:
        year, number = number_of(ref)
    except Refused as refusal:
        raise Absent(sentence=refusal.sentence) from refusal
    found = Submission.objects.visible_to(by).filter(year=year, number=number).first()
    if found is None:
        raise Absent
    return found


def _groups(found: Sequence[Finding]) -> tuple[Group, ...]:
    """By sheet; sheets with fatal findings first, in the order in which the checks told them."""
    order = {sheet: place for place, sheet in enumerate(dict.fromkeys(finding.sheet for finding in found))}
    rows = sorted(found, key=lambda finding: order[finding.sheet])  # stable: fatal stays first
    groups = [(sheet, tuple(part)) for sheet, part in groupby(rows, key=lambda finding: finding.sheet)]
    return tuple(
        Group(f"findings-{place}", sheet, sum(f.severity == Severity.FATAL for f in part), part)
        for place, (sheet, part) in enumerate(groups, start=1)
    )


def _said(event: ledger.Event) -> str:
    facts = event.facts
    if event.verb == "hand_in":
        words = _("共 %(rows)s 行，错误 %(fatal)s 处，提示 %(warnings)s 处。")
        return words % {name: facts.get(name, 0) for name in ("rows", "fatal", "warnings")}
    if event.verb == "sign":
        return _("内容指纹（SHA-256）%(digest)s") % {"digest": facts.get("digest", "")}
    if "replaced_by" in facts:
        return _("由 %(ref)s 代替") % {"ref": facts["replaced_by"]}
    return ""


def findings_csv(ref: str, *, by: Officer) -> bytes:
    """2 queries. Every finding of a submission as a table to take home. Raises Absent."""
    found = submission(ref, by=by)
    headings = [
        _("轻重"),
        _("表"),
        _("行"),
        _("列"),
        _("写的是"),
        _("应当对上"),
        _("相差"),
        _("问题和怎样改"),
        _("规则"),
    ]
    rows = Finding.objects.filter(submission=found).order_by("severity", "id")
    return sheets.lines(headings, [_line(finding) for finding in rows])


def _line(finding: Finding) -> list[str]:
    place = [finding.sheet, str(finding.row or ""), finding.column]
    values = [finding.value, finding.other, finding.difference]
    return [str(Severity(finding.severity).label), *place, *values, finding.message, finding.rule]


# --- who may hand in what


@dataclass(frozen=True, slots=True)
class Sender:
    """A unit one may hand in for: `code` is the directory's, `budget` the budget's (empty: a finance bureau)."""

    code: str
    budget: str
    name: str


def senders(officer: Officer) -> list[Sender]:
    """1 query. The officer's own budget units, those below them, and his finance bureau for the government's budget."""
    own = officer.unit_ids(*broker_moves.HANDS_IN)
    rows = BudgetUnit.objects.visible_to(officer)
    if officer.kind != "system":
        rows = rows.filter(Q(unit_id__in=own) | Q(department__unit_id__in=own) | Q(finance_id__in=own))
    values = list(
        rows.order_by("code").values_list("unit_id", "department__unit_id", "finance_id", "code")[:MOST_UNITS]
    )
    bureaus = dict.fromkeys(finance for _unit, _above, finance, _code in values if finance in own)
    found = [Sender(unit.code, "", unit.name) for unit in map(directory.unit, bureaus)]
    for unit_id, above, _finance, code in values:
        if officer.kind == "system" or {unit_id, above} & own:
            unit = directory.unit(unit_id)
            found.append(Sender(unit.code, code, unit.name))
    return found


# --- the rules, for everybody


@dataclass(frozen=True, slots=True)
class Told:
    """A rule as the public reads it."""

    code: str
    sheet: str
    column: str
    severity: str
    fatal: bool
    quality: str
    message: str
    basis: str
    since: date


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """The rules of one template; of files of any template first."""

    id: str
    label: str
    rules: tuple[Told, ...]


def rules() -> list[RuleGroup]:
    """1 query. Every check there is, by template: the shape of files first."""
    found: dict[str, list[Told]] = {code: [] for code in ("", *templates.CODES)}
    for rule in CheckRule.objects.public().filter(valid_to=None).order_by("template", "code"):
        found[_template(rule)].append(_told(rule))
    labels = {template.code: _(template.label) for template in templates.every()}
    return [
        RuleGroup(f"rules-{code or 'files'}", labels.get(code) or _("所有报表的文件"), tuple(sorted(told, key=_place)))
        for code, told in found.items()
    ]


def _place(told: Told) -> tuple[str, int]:
    return told.code[0], int(told.code[1:])


def _template(rule: CheckRule) -> str:
    """Rules of imports ("payments.import") stand with those of their template."""
    return rule.template.partition(".")[0]


def _told(rule: CheckRule) -> Told:
    template = templates.get(_template(rule)) if rule.template else None
    sheet = next((s for s in template.sheets if s.code == rule.sheet), None) if template else None
    column = sheet.column(rule.column) if sheet else None
    return Told(
        code=rule.code,
        sheet=_(sheet.label) if sheet else "",
        column=column.told if column else "",
        severity=str(Severity(rule.severity).label),
        fatal=rule.severity == Severity.FATAL,
        quality=str(Quality(rule.quality).label),
        message=_blanks(rule.message),
        basis=rule.basis,
        since=rule.valid_from,
    )


_BLANK = "…"


def _blanks(message: str) -> str:
    """The sentence with its values left open."""

    class Open(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return _BLANK

    return message.format_map(Open())


# --- templates to fill in


def template_file(
    code: str, *, unit: str, fiscal_year: int, version: str, as_csv: bool = False, by: Officer
) -> tuple[str, bytes]:
    """1 query. (file name, content): the template with the unit's codes, names and year, those of its subordinates too.

    Raises Absent for a unit the officer does not hand in for, Refused for an unknown template or version.
    """
    kind = templates.get(code)
    if version not in kind.versions:
        raise Refused("version", _("请选择这种报表的预算版本。"), field="version")
    ref = directory.unit(unit)
    mine = [sender for sender in senders(by) if sender.code == ref.code]
    if not mine:
        raise Absent
    units = _own(ref.id)
    tables = [_table(sheet, version, fiscal_year, units) for sheet in kind.sheets]
    name = f"{ref.short}{fiscal_year}{kind.label}"
    if as_csv:
        return f"{name}.csv", _sections(tables)
    return f"{name}.xlsx", sheets.workbook_of([*tables, _guide(kind, version)])


def _own(unit_id: int) -> list[tuple[str, str]]:
    """(budget code, name) of the unit and of its subordinates."""
    rows = BudgetUnit.objects.filter(Q(unit_id=unit_id) | Q(department__unit_id=unit_id)).order_by("code")
    return [(code, directory.unit(key).name) for code, key in rows.values_list("code", "unit_id")]


Table = tuple[str, list[str], list[list[str]], list[int]]


def _table(sheet: Sheet, version: str, year: int, units: Sequence[tuple[str, str]]) -> Table:
    shown = sheet.shown(version)
    rows = [[str(cells.get(column.code, "")) for column in shown] for cells in _prefilled(sheet, year, units)]
    widths = [40 if column.longest > 200 else max(12, 2 * len(column.heading) + 2) for column in shown]
    return sheet.title(version), [column.heading for column in shown], rows, widths


def _prefilled(sheet: Sheet, year: int, units: Sequence[tuple[str, str]]) -> Iterator[Mapping[str, object]]:
    first = sheet.column(sheet.prefilled[0]) if sheet.prefilled else None
    if first is None:
        return
    if first.code == "side":
        yield from _two_sides(sheet)
    elif first.code in {"code", "item"}:
        yield {first.code: TOTAL}
        if sheet.code == "income":
            yield from ({"code": code, "name": name} for code, name in units)
    elif first.code == "unit":
        yield from ({"unit": code} for code, _name in units)
    elif first.code == "year":
        yield from ({"year": year}, {"year": year - 1})
    else:
        yield from ({first.code: label} for label in first.options.values())


_SPENT = frozenset({"expense", "carry", "spent", "spending", "subsidies"})  # items of a table's right side


def _two_sides(sheet: Sheet) -> Iterator[dict[str, object]]:
    side, item = sheet.column("side"), sheet.column("item")
    if side and item:
        for code, label in item.options.items():
            yield {"side": side.options["expense" if code in _SPENT else "income"], "item": label}


def _guide(kind: Template, version: str) -> Table:
    """The last sheet: what goes into each column."""
    rows = [
        [sheet.title(version), column.heading, _("必填") if column.needed else _("选填"), _wanted(column)]
        for sheet in kind.sheets
        for column in sheet.shown(version)
    ]
    return templates.GUIDE, [_("表"), _("列"), _("要求"), _("怎样填")], rows, [36, 24, 8, 80]


def _wanted(column: Column) -> str:
    parts = [column.hint] if column.hint else []
    if column.options and not column.open:
        parts.append(_("从这些里选：%(options)s") % {"options": "、".join(column.options.values())})
    elif column.kind in AMOUNTS:
        parts.append(_("数字，单位万元") if column.kind == "wan" else _("数字，单位元，最多两位小数"))
    elif column.kind == "date":
        parts.append(_("日期，例如 2007-03-01"))
    elif column.kind == "count":
        parts.append(_("整数"))
    return "；".join(parts)


def _sections(tables: Sequence[Table]) -> bytes:
    """All tables one below the other as CSV, each under its title; one alone without."""
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    for title, headings, rows, _widths in tables:
        if len(tables) > 1:
            writer.writerow([f"#{title}"])
        writer.writerows([headings, *rows])
    return output.getvalue().encode("utf-8-sig")
