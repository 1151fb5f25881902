"""Checking staged rows by the rules in force: one statement in the database, whatever their number."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache

from minxin.directory import reports as directory
from minxin.disclosures.models import CheckRule, Finding, ruling
from minxin.disclosures.rules import broker_checks
from minxin.disclosures.rules.broker import Fault
from minxin.disclosures.rules.broker_checks import Rule
from minxin.disclosures.rules.codes import Severity
from minxin.disclosures.rules.templates import Template
from minxin.kernel import clocks, statements


@dataclass(frozen=True, slots=True)
class Given:
    """What a check may know besides the rows: whose they are, of which year and version, and the note beside them."""

    template: Template
    fiscal_year: int
    version: str
    unit_id: int
    finance_id: int
    note: str = ""
    submission_id: int = 0


def check(given: Given, *, faults: Sequence[Fault] = (), relations: Mapping[str, str] | None = None) -> list[Finding]:
    """What is wrong, fatal first, unsaved. 1 statement.

    The rows are the submission's entries, or those of `relations`: tables by sheet, whose columns are named after the
    template's, besides "row" (an import's own staging table).
    """
    rules = _in_force(given.template.code, clocks.today())
    statement = broker_checks.statement(given.template, rules, tuple((relations or {}).items()))
    return _told(given, rules, _rows(statement, _values(given, faults)))


def counted(
    given: Given, *, faults: Sequence[Fault], relations: Mapping[str, str]
) -> tuple[list[Finding], dict[str, int]]:
    """The same of rows to be imported, by the rules of imports too; and how often each rule was broken. 1 statement."""
    today = clocks.today()
    rules = _in_force(given.template.code, today) + _in_force(f"{given.template.code}.import", today, everywhere=False)
    statement = broker_checks.statement(given.template, rules, tuple(relations.items()), counted=True)
    found = statements.rows(statement, _values(given, faults))
    return _told(given, rules, [(code, json.loads(what)) for code, what, _times in found]), {
        code: times for code, _what, times in found
    }


def _values(given: Given, faults: Sequence[Fault]) -> list[object]:
    today = clocks.today()
    return [
        *(given.submission_id, given.fiscal_year, given.version, given.unit_id, given.finance_id, given.note),
        *(json.dumps([asdict(fault) for fault in faults], ensure_ascii=False), today),
        json.dumps(ruling.values(region=directory.unit(given.finance_id).region, on=today)),
    ]


def _told(given: Given, rules: Sequence[Rule], found: Iterable[tuple[str, Mapping[str, object]]]) -> list[Finding]:
    by_code = {rule.code: rule for rule in rules}
    findings = [_finding(by_code[code], given, what) for code, what in found]
    order = {sheet.title(given.version): number for number, sheet in enumerate(given.template.sheets)}
    return sorted(
        findings,
        key=lambda f: (f.severity != Severity.FATAL, order.get(f.sheet, -1), f.rule[0] != "S", f.row or 0, f.rule),
    )


_SETTINGS = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)"


def _rows(statement: str, values: Sequence[object]) -> Iterable[tuple[str, dict[str, object]]]:
    """Planned once per connection for any values: to plan it takes ten times as long as to run it."""
    statements.run(_SETTINGS, [])
    return [(str(code), json.loads(what)) for code, what in statements.rows(statement, values)]


def _finding(rule: Rule, given: Given, what: Mapping[str, object]) -> Finding:
    told = broker_checks.told(rule, given.template, what, given.version)
    return Finding(submission_id=given.submission_id, rule=rule.code, severity=rule.severity, **told)


@lru_cache(maxsize=1000)
def _in_force(template: str, day: date, *, everywhere: bool = True) -> tuple[Rule, ...]:
    """The rules of a template on that day, in the order of their codes; by default those of all templates too."""
    wanted = {template, ""} if everywhere else {template}
    return tuple(rule for since, until, rule in _planted() if rule.template in wanted and since <= day <= until)


@lru_cache(maxsize=1)
def _planted() -> tuple[tuple[date, date, Rule], ...]:
    """1 query, once. Rules come with a release: a process need not ask again."""
    names = ("code", "template", "sheet", "column", "severity", "quality", "message", "expression", "basis")
    rows = CheckRule.objects.order_by("code").values_list("valid_from", "valid_to", *names)
    return tuple((since, until or date.max, Rule(*row)) for since, until, *row in rows)
