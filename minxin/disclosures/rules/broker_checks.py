"""The checks of a template as one statement: every table of the staged rows a relation, every rule a query over it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from minxin.disclosures.rules.templates import AMOUNTS, Column, Sheet, Template

MOST_PER_RULE = 200  # findings told of one rule in one submission; the first ones tell what to do


@dataclass(frozen=True, slots=True)
class Rule:
    """A check in force: see models.CheckRule."""

    code: str
    template: str
    sheet: str
    column: str
    severity: str
    quality: str
    message: str
    expression: str
    basis: str


# What an expression may read besides the tables of its template. Parameters: $1 submission, $2 fiscal year, $3 version,
# $4 unit, $5 finance bureau, $6 note, $7 faults as JSON, $8 today,
# $9 what regulations fix for the bureau's region (rules.ruling), as JSON.
_CONTEXT = """
context AS MATERIALIZED (
    SELECT $1::bigint AS submission, $2::int AS year, $3::text AS version, $4::bigint AS unit_id,
        $5::bigint AS finance_id, $6::text AS note, $8::date AS today,
        coalesce(b.code, '') AS unit, coalesce(b.type, '') AS type
    FROM (SELECT 1) one LEFT JOIN disclosures_budgetunit b ON b.unit_id = $4
),
faults AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($7::jsonb)
        AS f(kind text, sheet text, "row" int, "column" text, value text)
),
enrolled AS NOT MATERIALIZED (
    SELECT b.code, b.unit_id, b.type, b.withheld, b.unit_id = $4 OR d.unit_id = $4 OR b.finance_id = $4 AS ours
    FROM disclosures_budgetunit b LEFT JOIN disclosures_budgetunit d ON d.id = b.department_id
    WHERE b.finance_id = $5
),
previous AS MATERIALIZED (
    SELECT sheet, key, cells FROM disclosures_entry
    WHERE unit_id = $4 AND fiscal_year = $2 - 1 AND version = $3
        AND recorded_from IS NOT NULL AND recorded_to IS NULL
),
approved AS MATERIALIZED (
    SELECT DISTINCT ON (sheet, key) sheet, key, cells FROM disclosures_entry
    WHERE unit_id = $4 AND fiscal_year = $2 AND version IN ('initial', 'adjusted')
        AND recorded_from IS NOT NULL AND recorded_to IS NULL
    ORDER BY sheet, key, version
),
ruling AS NOT MATERIALIZED (SELECT key AS code, value FROM jsonb_each_text($9::jsonb))"""
_ENTRIES = """
staged AS MATERIALIZED (SELECT sheet, "row", key, cells FROM disclosures_entry WHERE submission_id = $1)"""


# What several rules of a template ask for, grouped once: any of its rules may read it.
_GROUPED = {
    "payments": """
by_line AS MATERIALIZED (
    SELECT unit, line, min(row) AS row, count(*)::text AS times, sum(amount)::bigint AS amount
    FROM payments GROUP BY unit, line
),
by_contract AS MATERIALIZED (
    SELECT unit, line, contract_no, payee, min(row) AS row, count(*) AS times, sum(amount)::bigint AS amount
    FROM payments WHERE contract_no <> '' GROUP BY unit, line, contract_no, payee
),
by_payee AS MATERIALIZED (
    SELECT unit, payee, payee_kind, min(row) AS row, count(*)::text AS times
    FROM payments GROUP BY unit, payee, payee_kind
),
by_order AS MATERIALIZED (
    SELECT order_no, min(row) AS row, count(*) AS times, min(ordered_on) AS first_on, max(ordered_on) AS last_on,
        min(mode) AS mode, max(mode) AS other_mode
    FROM payments WHERE order_no <> '' GROUP BY order_no
)"""
}


@lru_cache(maxsize=50)
def statement(
    template: Template, rules: tuple[Rule, ...], relations: tuple[tuple[str, str], ...] = (), *, counted: bool = False
) -> str:
    """One SELECT of (rule's code, finding as JSON), at most MOST_PER_RULE of each rule; `counted`: and of how many.

    The tables come from the submission's entries, or from `relations`, pairs of sheet and table: its columns are named
    after the template's, besides "row"; that is how an import checks what it has only staged.
    """
    given = dict(relations)
    tables = [_given(sheet, given[sheet.code]) if sheet.code in given else _table(sheet) for sheet in template.sheets]
    parts = [_CONTEXT, _union(given) if given else _ENTRIES, *tables, *_known(template)]
    parts += filter(None, [_GROUPED.get(template.code)])
    times = ", count(*) OVER ()" if counted else ""
    found = [
        f"(SELECT '{rule.code}', to_jsonb(f)::text{times} FROM (\n{rule.expression}\n) f LIMIT {MOST_PER_RULE})"  # noqa: S608
        for rule in rules
    ]
    return f"WITH {','.join(parts)}\n" + "\nUNION ALL\n".join(found)


def _union(given: Mapping[str, str]) -> str:
    """`staged` of an import: which sheets have rows. Repeated keys are told by the template's own rules."""
    rows = " UNION ALL ".join(
        f"SELECT '{sheet}'::text AS sheet, \"row\", ''::text AS key, NULL::jsonb AS cells FROM {table}"  # noqa: S608
        for sheet, table in given.items()
    )
    return f"\nstaged AS NOT MATERIALIZED ({rows})"


def _given(sheet: Sheet, table: str) -> str:
    columns = ", ".join(f'"{column.code}"' for column in sheet.columns)
    return f'\n"{sheet.code}" AS NOT MATERIALIZED (SELECT "row", {columns} FROM {table})'  # noqa: S608


def _table(sheet: Sheet) -> str:
    columns = ", ".join(f'{_cell(column)} AS "{column.code}"' for column in sheet.columns)
    return f"""
"{sheet.code}" AS MATERIALIZED (SELECT "row", {columns} FROM staged WHERE sheet = '{sheet.code}')"""  # noqa: S608


def _cell(column: Column) -> str:
    """A cell as a typed value: amounts 0 when empty, texts '' when empty, counts and days null; as typed: the same."""
    name = column.code
    if column.kind in AMOUNTS:
        return f"coalesce(CASE jsonb_typeof(cells->'{name}') WHEN 'number' THEN (cells->'{name}')::bigint END, 0)"
    if column.kind == "count":
        return f"CASE jsonb_typeof(cells->'{name}') WHEN 'number' THEN (cells->'{name}')::bigint END"
    if column.kind == "date":
        return f"CASE jsonb_typeof(cells->'{name}') WHEN 'string' THEN (cells->>'{name}')::date END"
    return f"CASE jsonb_typeof(cells->'{name}') WHEN 'string' THEN cells->>'{name}' ELSE '' END"


def _known(template: Template) -> Iterable[str]:
    """`known`: the codes that occur and are valid in the fiscal year, their names, and whether any are below."""
    used = [
        f'SELECT \'{column.scheme}\'::text AS scheme, "{column.code}" AS code FROM "{sheet.code}"'  # noqa: S608
        for sheet in template.sheets
        for column in sheet.columns
        if column.scheme
    ]
    if used:
        yield f"""
known AS MATERIALIZED (
    SELECT u.scheme, u.code, h.name, h.level, EXISTS (
            SELECT FROM disclosures_heading d
            WHERE d.scheme = u.scheme AND d.code > u.code AND d.code < u.code || 'A' AND d.since_year <= $2
                AND (d.until_year IS NULL OR d.until_year >= $2)
        ) AS deeper
    FROM ({" UNION ".join(used)}) u
    CROSS JOIN LATERAL (
        SELECT name, level FROM disclosures_heading h
        WHERE h.scheme = u.scheme AND h.code = u.code AND h.since_year <= $2
            AND (h.until_year IS NULL OR h.until_year >= $2)
        LIMIT 1
    ) h
)"""  # noqa: S608


def told(rule: Rule, template: Template, found: Mapping[str, object], version: str) -> dict[str, str | int | None]:
    """A finding in words: sheet and column as the sender knows them, both values, the difference, what to do."""
    sheet = next((s for s in template.sheets if s.code == (found.get("sheet") or rule.sheet)), None)
    code = str(found.get("column") or rule.column)
    column = sheet.column(code) if sheet else None
    wan = column.kind == "wan" if column else bool(sheet and any(c.kind == "wan" for c in sheet.columns))
    value, other = found.get("value"), found.get("other")
    words = {
        "value": shown(value, wan=wan),
        "other": shown(other, wan=wan),
        "difference": shown(value - other, wan=wan) if isinstance(value, int) and isinstance(other, int) else "",
    }
    apart = words["difference"].removeprefix("-")  # the sentence names both sides: the sign stands in the column
    extra = {k: shown(v, wan=wan) for k, v in found.items() if k not in {"row", "sheet", "column", *words}}
    row = found.get("row")
    return {
        "sheet": sheet.title(version) if sheet else str(found.get("sheet") or ""),
        "row": row if isinstance(row, int) else None,
        "column": column.label if column else code,
        "message": rule.message.format_map({**extra, **words, "difference": apart})[:500],
        **{key: word[:100] for key, word in words.items()},
    }


def shown(value: object, *, wan: bool) -> str:
    """Whole numbers are fen, shown in the unit of their table; everything else is words."""
    if isinstance(value, bool) or not isinstance(value, int):
        return "" if value is None else str(value)
    whole = f"{abs(value) // (1_000_000 if wan else 100):,}"
    rest = f"{abs(value) % 1_000_000:06d}" if wan else f"{abs(value) % 100:02d}"
    rest = rest[:2] + rest[2:].rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}.{rest} {'万元' if wan else '元'}"
