"""导入支付明细: a year of payments from another treasury system, a million rows at once, all of them or none.

The file streams through `rules/broker_bulk` into a table of its own; the rules of the broker check that table in the
database, the same ones as at the desk and those of imports (template `payments.import`) besides; one statement for each
kind of row makes payees, payments and balances of it. Lines and contracts are locked before. While a second connection
checks, this one already stores: what the checks refuse is rolled back, and nobody has seen it.
"""

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.actions import asking, checking, payees, pieces
from minxin.disclosures.models import BudgetUnit, Finding, Submission
from minxin.disclosures.models.broker import ref_of
from minxin.disclosures.models.payment import PER_YEAR
from minxin.disclosures.rules import broker_bulk, broker_file, pipe, templates
from minxin.disclosures.rules.broker import Fault
from minxin.disclosures.rules.codes import Delivery, Severity, SubmissionStage
from minxin.disclosures.rules.templates import Sheet
from minxin.kernel import clocks, refs, sheets, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

BLOCK = 5_000  # payees
CHUNK = 1 << 20  # bytes
MOST_BYTES = 4 << 30
# Two connections keep two processors busy: workers of theirs would only cost more. Pages of new indexes are written to
# the log whole, and to press them takes longer than to write them; it is the administrator's to allow.
_SETTINGS = """
SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true),
       CASE WHEN has_parameter_privilege('wal_compression', 'SET') THEN set_config('wal_compression', 'off', true) END
"""
Tell = Callable[[str, int, int], None]  # (what is being done, so far, of how many)


@dataclass(frozen=True, slots=True)
class Total:
    """How often a rule was broken, however many of its findings are told."""

    rule: str
    severity: str
    times: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file. Without `ref` nothing of it was stored: some of the findings are fatal."""

    ref: str
    rows: int
    fen: int
    sha256: str
    findings: Sequence[Finding]
    totals: Sequence[Total]
    read_to: int = 0  # the last row that was read, when there was too much to put right

    @property
    def stored(self) -> bool:
        """Whether its payments are in the pipe."""
        return bool(self.ref)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    encoding: str
    sha256: str
    size: int


@dataclass(slots=True)
class _Staged:
    """The file as a table, and what can be seen of it without the rules."""

    table: str
    rows: int = 0
    last: int = 0  # the number of the last of them
    fen: int = 0
    faults: list[Fault] = field(default_factory=list)
    read_to: int = 0
    shown: bool = False  # whether other connections see the table
    stored: int = 0
    apart: str = ""  # the part of the year that is built apart


def import_payments(
    *,
    unit: UnitRef | str,
    fiscal_year: int,
    path: Path,
    by: Officer,
    tell: Tell | None = None,
) -> Imported:
    """导入支付明细 of a unit and those below it, or, with a finance bureau as `unit`, of all units it keeps.

    The file is a CSV on the template `payments` (UTF-8 with or without BOM, GBK), of payments already made. Nothing is
    stored when a finding is fatal. Raises Refused for what is no such file (field `file`), for one that is in already
    (`already`), for another post's work; Absent for units that are not the officer's.
    """
    say = tell or (lambda what, done, total: None)
    if not 1990 <= fiscal_year <= 2100:
        raise Refused("fiscal_year", _("请填写四位的预算年度，例如 2007。"), field="fiscal_year")
    where = directory.unit(unit) if isinstance(unit, str) else unit
    finance_id = _finance(where, by)
    file = _looked_through(path, say)
    given = checking.Given(templates.get("payments"), fiscal_year, "", where.id, finance_id)
    with _staging(given.template.sheets[0], file, say) as staged, transaction.atomic(), connection.cursor() as cursor:
        _alone(cursor, finance_id)
        _refuse_again(where, file)
        cursor.execute(_SETTINGS)
        _lock(cursor, staged, given)
        submission = _submission(given, file, staged)
        found = _checked_and_stored(given, staged, lambda: _store(cursor, staged, submission, say))
        if _fatal(found):
            transaction.set_rollback(True)
            return Imported("", staged.rows, staged.fen, file.sha256, *found, staged.read_to)
        _finish(cursor, submission, staged, found)
        _record(cursor, submission, where, staged, by)
    return Imported(ref_of(submission), staged.rows, staged.fen, file.sha256, *found)


def sentence(finding: Finding) -> str:
    """A finding in one line: severity, sheet, row, column, what to do."""
    place = _("第 %(row)d 行") % {"row": finding.row} if finding.row else ""
    where = " ".join(filter(None, [finding.sheet, place, finding.column]))
    return f"[{Severity(finding.severity).label}] {where}：{finding.message}（{finding.rule}）"


def report(done: Imported) -> bytes:
    """The findings as CSV: rule, severity, sheet, row, column, both values, the difference, what to do."""
    headings = [_("规则"), _("程度"), _("工作表"), _("行"), _("列"), _("值"), _("对照值"), _("差额"), _("说明")]
    return sheets.lines(
        headings,
        (
            [f.rule, str(Severity(f.severity).label), f.sheet, str(f.row or ""), f.column, f.value, f.other,
             f.difference, f.message]
            for f in done.findings
        ),
    )  # fmt: skip


def _finance(unit: UnitRef, by: Officer) -> int:
    """The bureau that keeps the unit's budget, itself for a bureau. Raises Absent, Refused."""
    row = BudgetUnit.objects.filter(unit_id=unit.id).values_list("finance_id", flat=True).first()
    keeps = BudgetUnit.objects.filter(finance_id=unit.id).exists()
    finance_id = unit.id if keeps else row
    if finance_id is None:
        raise Absent("absent", _("没有找到这个预算单位。请先由财政部门登记。"), field="unit")
    pipe.check(pipe.IMPORT["import_payments"], by, unit=unit, finance_id=finance_id)
    return finance_id


def _alone(cursor: Any, finance_id: int) -> None:
    """One file of a bureau after the other; requests go on meanwhile until their lines are locked."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('disclosures.import'), %s::int)", [finance_id])


def _refuse_again(unit: UnitRef, file: _File) -> None:
    known = Submission.objects.filter(unit_id=unit.id, delivery=Delivery.COMMAND, sha256=file.sha256).first()
    if known is not None:
        sentence = _("这个文件已经导入过了（%(ref)s），不要重复导入。")
        raise Refused("already", sentence % {"ref": ref_of(known)}, field="file")


# --- the file


def _looked_through(path: Path, say: Tell) -> _File:
    """Its encoding, size and SHA-256, by reading it once or twice. Raises Refused."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise Refused("file", _("读不到这个文件，请核对路径和权限。"), field="file") from error
    if not size:
        raise Refused("file", _("文件是空的，请选择填好的模板。"), field="file")
    if size > MOST_BYTES:
        raise Refused("file", _("文件超过 4 GB。请按单位或月份拆成几个文件。"), field="file")
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Refused("file", _("批量导入只收 csv 文件。请在表格软件里另存为 csv，再导入。"), field="file")
    digest = sha256()
    for encoding in ("utf-8-sig", "gb18030"):
        if _reads(path, encoding, None if encoding == "gb18030" else digest):
            return _File(path, encoding, digest.hexdigest(), size)
    raise Refused("file", _("看不懂这个文件的文字编码。请另存为 UTF-8 或 GBK 编码的 csv。"), field="file")


def _reads(path: Path, encoding: str, digest: Any) -> bool:
    """Whether the whole file is text of that encoding; `digest` sees all of it in any case."""
    decoder, good = codecs.getincrementaldecoder(encoding)(), True
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if digest is not None:
                digest.update(chunk)
            if good:
                good = _decodes(decoder, chunk)
            elif digest is None:
                return False
    return good and _decodes(decoder, b"", final=True)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return b"\0" not in chunk


# --- from the file to a table of its own


@contextmanager
def _staging(sheet: Sheet, file: _File, say: Tell) -> Iterator[_Staged]:
    """The rows in a table for as long as the block lasts; seen by other connections, but within a transaction."""
    shown = not connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(_LEFT_OVER)
        for (table,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
        with transaction.atomic():
            staged = _stage(cursor, sheet, file, say)
        staged.shown = shown
        try:
            yield staged
        finally:
            if shown:
                cursor.execute(f"DROP TABLE IF EXISTS {staged.table}")


# Tables are named after the process that works with them: those of processes that are gone were left by a crash.
_LEFT_OVER = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relname ~ '^disclosures_import_[0-9]+$' AND c.relkind = 'r' AND c.relpersistence = 'u'
    AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = split_part(c.relname, '_', 3)::int
                    AND a.pid <> pg_backend_pid())
"""


def _stage(cursor: Any, sheet: Sheet, file: _File, say: Tell) -> _Staged:
    """The rows, typed, in an unlogged table: the template's columns and "row", those first that all have one width."""
    cursor.execute("SELECT pg_backend_pid()")
    staged = _Staged(f"disclosures_import_{cursor.fetchone()[0]}")
    kinds = {"money": "bigint", "count": "bigint", "date": "date"}
    narrow_first = sorted(sheet.columns, key=lambda column: column.kind not in kinds)  # read without what stands before
    columns = "".join(f', "{column.code}" {kinds.get(column.kind, "text")}' for column in narrow_first)
    cursor.execute(f'CREATE UNLOGGED TABLE {staged.table} ("row" int{columns}) WITH (autovacuum_enabled = off)')
    _copy(cursor, sheet, file, staged, say)
    about = "SET LOCAL default_statistics_target {}"  # how many groups there are can be seen without reading all of it
    cursor.execute(f"{about.format('= 10')}; ANALYZE {staged.table}; {about.format('TO DEFAULT')}")
    cursor.execute(f"SELECT coalesce(sum(amount), 0)::bigint, coalesce(max(row), 0) FROM {staged.table}")  # noqa: S608
    staged.fen, staged.last = cursor.fetchone()
    return staged


def _copy(cursor: Any, sheet: Sheet, file: _File, staged: _Staged, say: Tell) -> None:
    with file.path.open("rb") as raw:
        parts = pieces.cut(raw)
        first, places, text = _under_heading(sheet, next(parts).decode(file.encoding), staged)
        if staged.faults:
            return
        columns = ", ".join(f'"{column.code}"' for column in sheet.columns)
        statement = f"COPY {staged.table} (\"row\", {columns}) FROM STDIN WITH (FREEZE, NULL '{broker_bulk.NOTHING}')"
        read = pieces.read(parts, file.encoding.removesuffix("-sig"), sheet, places, text=text, first=first)
        with cursor.copy(statement) as copy, closing(read):
            for piece in read:
                copy.write(piece.lines)
                staged.rows += piece.rows
                staged.faults += piece.faults
                say(_("读取"), raw.tell(), file.size)
                if len(staged.faults) >= broker_bulk.MOST_FAULTS:
                    staged.read_to = piece.next - 1
                    break


def _under_heading(sheet: Sheet, text: str, staged: _Staged) -> tuple[int, dict[int, str], str]:
    """Of a file's beginning: the number of the row after its heading, the columns by place, and what follows it."""
    lines = list(islice(StringIO(text, newline=""), broker_file.HEADING_WITHIN))
    try:
        few = list(csv.reader(lines))
    except csv.Error as error:
        raise Refused("file", _("看不懂这个文件的表头。请用模板重新另存为 csv。"), field="file") from error
    head = [(number, tuple(cell.strip() for cell in row)) for number, row in enumerate(few, start=1)]
    at, places = broker_file.heading(sheet, "", head, staged.faults)
    return at + 2, places, text[sum(map(len, lines[: at + 1])) :]


# --- locked, checked

# The lines the rows name, by the text in which they name them; what it does not find is told by the rules.
_LINES = """
CREATE TEMP TABLE {table}_line AS
SELECT p.*, l.id AS line_id, l.number, l.unit_id, l.finance_id, l.function, l.economic, l.fund, l.withheld
FROM (
    SELECT unit, line, min(row) AS row, count(*) AS rows, sum(amount)::bigint AS fen, max(paid_on) AS last_on
    FROM {table} GROUP BY unit, line
) p
JOIN disclosures_budgetunit b ON b.finance_id = %(finance)s AND b.code = p.unit
JOIN disclosures_budgetline l ON l.unit_id = b.unit_id AND l.year = %(year)s AND substr(p.line, 3, 4) = l.year::text
    AND l.number = CASE WHEN p.line ~ '^ZB\\d{{4}}-\\d{{7,12}}-\\d$' THEN split_part(p.line, '-', 2)::bigint END
"""
_LOCKS = (
    "SELECT 1 FROM disclosures_budgetunit WHERE unit_id IN (SELECT unit_id FROM {table}_line) ORDER BY id"
    " FOR NO KEY UPDATE",
    "SELECT 1 FROM disclosures_budgetline WHERE id IN (SELECT line_id FROM {table}_line) ORDER BY id FOR NO KEY UPDATE",
    "SELECT 1 FROM disclosures_commitment WHERE line_id IN (SELECT line_id FROM {table}_line) ORDER BY id"
    " FOR NO KEY UPDATE",
)


def _lock(cursor: Any, staged: _Staged, given: checking.Given) -> None:
    """Hold the units, lines and contracts of the rows, in the order of their keys, as every request does."""
    facts = {"finance": given.finance_id, "year": given.fiscal_year}
    cursor.execute(_LINES.format(table=staged.table), facts)
    cursor.execute(f"SELECT line, number, row FROM {staged.table}_line")  # noqa: S608 - our own name
    for line, number, row in cursor.fetchall():
        if line != refs.written("ZB", given.fiscal_year, number):
            staged.faults.append(Fault("ref", given.template.sheets[0].code, row, "line", line))
    for lock in _LOCKS:
        cursor.execute(lock.format(table=staged.table))


_Checks = tuple[list[Finding], list[Total]]


def _checked_and_stored(given: checking.Given, staged: _Staged, store: Callable[[], None]) -> _Checks:
    """Check on a connection of its own and store meanwhile; one after the other where nobody else sees the table.

    A row that breaks a constraint of the database breaks a rule that names it: what the database says against storing
    is an error only when the checks have nothing to say.
    """
    if not staged.shown:
        found = _checked(given, staged)
        if not _fatal(found):
            store()
        return found
    with ThreadPoolExecutor(1) as beside:
        checks = beside.submit(copy_context().run, _checked_beside, given, staged)
        try:
            with transaction.atomic():
                if not staged.faults:
                    store()
        except DatabaseError:
            if not _fatal(checks.result()):
                raise
        return checks.result()


def _fatal(found: _Checks) -> bool:
    return any(total.severity == Severity.FATAL for total in found[1])


def _checked_beside(given: checking.Given, staged: _Staged) -> _Checks:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_SETTINGS)
            return _checked(given, staged)
    finally:
        connection.close()


def _checked(given: checking.Given, staged: _Staged) -> _Checks:
    """What is wrong, as at the desk, and how often."""
    relations = {given.template.sheets[0].code: staged.table}
    found, times = checking.counted(given, faults=staged.faults, relations=relations)
    severities = {finding.rule: finding.severity for finding in found}
    return found, [Total(rule, severities[rule], times[rule]) for rule in severities]


# --- stored


def _submission(given: checking.Given, file: _File, staged: _Staged) -> Submission:
    now, year = clocks.now(), clocks.today().year
    return Submission.objects.create(
        year=year,
        number=refs.next_number("submission", year),
        unit_id=given.unit_id,
        finance_id=given.finance_id,
        template=given.template.code,
        fiscal_year=given.fiscal_year,
        delivery=Delivery.COMMAND,
        file_name=text.clean(file.path.name[-200:], limit=200, field="file"),
        sha256=file.sha256,
        stage=SubmissionStage.IMPORTED,
        rows=staged.rows,
        received_at=now,
        checked_at=now,
    )


_NAMES = """
CREATE TEMP TABLE {table}_name AS
SELECT unit, payee, min(payee_kind) AS kind, max(uscc) AS uscc FROM {table} GROUP BY unit, payee
"""
_MARKED = """
CREATE TEMP TABLE {table}_payee (unit_id bigint, payee text, kind text, uscc text, name text, mark text)
"""
_ENTER = """
INSERT INTO disclosures_payee (unit_id, kind, name, uscc, bank, mark)
SELECT DISTINCT ON (unit_id, mark) unit_id, kind, name, uscc, '', mark FROM {table}_payee ORDER BY unit_id, mark
ON CONFLICT (unit_id, mark) DO NOTHING
"""
_KNOWN = """
CREATE TEMP TABLE {table}_known AS
SELECT p.unit_id, p.payee, y.id AS payee_id FROM {table}_payee p JOIN disclosures_payee y USING (unit_id, mark)
"""
_PAYMENTS = """
INSERT INTO {into} (
    id, year, unit_id, finance_id, line_id, commitment_id, payee_id, payee_kind, function, economic, fund, mode, settle,
    purpose, amount_fen, returned_fen, stage, external_id, request_no, order_no, bank_no, requested_on,
    unit_reviewed_on, section_reviewed_on, approved_on, ordered_on, paid_on, cleared_on, withheld, submission_id,
    recorded_from
)
SELECT %(year)s * 1000000000::bigint + {number}, %(year)s, l.unit_id, l.finance_id, l.line_id,
       c.id, k.payee_id, p.payee_kind, l.function, l.economic, l.fund, p.mode,
       coalesce(nullif(p.settle, ''), 'transfer'), p.purpose, p.amount, 0,
       CASE WHEN p.cleared_on IS NULL THEN 4 ELSE 5 END, p.external_id, p.request_no, p.order_no, '', p.requested_on,
       p.unit_reviewed_on, p.section_reviewed_on, p.approved_on, p.ordered_on, p.paid_on, p.cleared_on, l.withheld,
       %(submission)s, %(now)s
FROM {table} p
JOIN {table}_line l ON l.line = p.line
JOIN {table}_known k ON k.unit_id = l.unit_id AND k.payee = p.payee
LEFT JOIN disclosures_commitment c
    ON c.unit_id = l.unit_id AND c.line_id = l.line_id AND c.contract_no = p.contract_no AND p.contract_no <> ''
"""
_BALANCES = """
UPDATE disclosures_budgetline l SET paid_fen = l.paid_fen + s.fen, last_paid_on = greatest(l.last_paid_on, s.last_on)
FROM (SELECT line_id, sum(fen)::bigint AS fen, max(last_on) AS last_on FROM {table}_line GROUP BY line_id) s
WHERE l.id = s.line_id
"""
_BOUND = """
UPDATE disclosures_commitment c SET used_fen = c.used_fen + s.fen
FROM (
    SELECT l.line_id, p.contract_no, sum(p.amount)::bigint AS fen
    FROM {table} p JOIN {table}_line l ON l.unit = p.unit AND l.line = p.line WHERE p.contract_no <> '' GROUP BY 1, 2
) s
WHERE c.line_id = s.line_id AND c.contract_no = s.contract_no
"""


def _store(cursor: Any, staged: _Staged, submission: Submission, say: Tell) -> None:
    """Payees, payments, balances of lines and contracts; totals too where the table's own triggers do not see them."""
    say(_("入库"), 0, staged.rows)
    year = submission.fiscal_year
    asking.ready(year)
    _enter_payees(cursor, staged.table)
    cursor.execute("SET LOCAL enable_nestloop = off")  # a million look-ups, where few rows were expected
    number = _numbers(cursor, staged, year)
    staged.apart = _apart(cursor, year)
    into = staged.apart or "disclosures_payment"
    facts = {"year": year, "submission": submission.pk, "now": clocks.now()}
    cursor.execute(_PAYMENTS.format(table=staged.table, into=into, number=number), facts)
    staged.stored = cursor.rowcount
    if staged.apart:
        cursor.execute(_TOTALS.format(table=staged.table, into=into, year=year))
        _build_indexes(cursor, year)
    cursor.execute("SET LOCAL enable_nestloop = on")
    cursor.execute(_BALANCES.format(table=staged.table))
    cursor.execute(_BOUND.format(table=staged.table))
    say(_("入库"), staged.rows, staged.rows)


def _numbers(cursor: Any, staged: _Staged, year: int) -> str:
    """How a row gets its number: one by one, which takes half a second, or, in a year without payments, all at once.

    Others wait for their numbers until this transaction ends; they lock the year's part after it, therefore so do we.
    """
    sequence = f"kernel_ref_payment_{year}"
    if _paid(cursor, year):
        return f"nextval('{sequence}')"
    cursor.execute(f"ALTER SEQUENCE {sequence} INCREMENT BY {max(1, staged.last)}")
    cursor.execute(f"SELECT nextval('{sequence}') - {staged.last}")
    (before,) = cursor.fetchone()
    cursor.execute(f"ALTER SEQUENCE {sequence} INCREMENT BY 1")
    return f"{before} + p.row"


def _apart(cursor: Any, year: int) -> str:
    """A table that becomes the part of a year without any payment yet: its indexes are built once, behind the rows.

    Nobody writes to that year until this transaction ends; who reads finds it empty.
    """
    part = f"disclosures_payment_{year}"
    cursor.execute(f"LOCK TABLE {part} IN SHARE ROW EXCLUSIVE MODE")
    if _paid(cursor, year):
        return ""
    cursor.execute(f"CREATE TABLE {part}_new (LIKE {part} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    return f"{part}_new"


def _paid(cursor: Any, year: int) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT FROM disclosures_payment_{year})")  # noqa: S608 - our own name
    return bool(cursor.fetchone()[0])


# The same totals as the proof of a night counts, found by way of the lines: five thousand keys in place of four texts.
_TOTALS = """
INSERT INTO disclosures_flowdelta (year, measure, unit_id, month, function, economic, fund, payee_kind, fen, count)
SELECT {year}, g.measure, CASE WHEN l.withheld THEN l.finance_id ELSE l.unit_id END, g.month,
       CASE WHEN l.withheld THEN '' ELSE l.function END, CASE WHEN l.withheld THEN '' ELSE l.economic END,
       CASE WHEN l.withheld THEN '' ELSE l.fund END, CASE WHEN l.withheld THEN 'withheld' ELSE g.payee_kind END,
       g.fen, g.count
FROM (
    SELECT p.line_id, p.payee_kind, m.measure, m.month, sum(p.fen)::bigint AS fen, sum(p.count)::bigint AS count
    FROM (
        SELECT line_id, payee_kind, disclosures_flow_month(requested_on, {year}) AS requested,
               disclosures_flow_month(approved_on, {year}) AS approved,
               disclosures_flow_month(ordered_on, {year}) AS ordered, disclosures_flow_month(paid_on, {year}) AS paid,
               disclosures_flow_month(cleared_on, {year}) AS cleared, sum(amount_fen)::bigint AS fen, count(*) AS count
        FROM {into} GROUP BY 1, 2, 3, 4, 5, 6, 7
    ) p
    CROSS JOIN LATERAL (VALUES ('requested', p.requested), ('approved', p.approved), ('ordered', p.ordered),
        ('paid', p.paid), ('cleared', p.cleared)) m (measure, month)
    WHERE m.month IS NOT NULL GROUP BY 1, 2, 3, 4
) g
JOIN {table}_line l USING (line_id)
"""
_INDEXES = """
SELECT CASE WHEN i.indisprimary THEN 'ALTER TABLE {part}_new ADD PRIMARY KEY (id)'
       ELSE regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX .* USING ', ' INDEX ON {part}_new USING ') END
FROM pg_index i WHERE i.indrelid = '{part}'::regclass
"""
_ATTACH = (
    "ALTER TABLE disclosures_payment DETACH PARTITION {part}",
    "DROP TABLE {part}",
    "ALTER TABLE {part}_new RENAME TO {part}",
    "ALTER TABLE disclosures_payment ATTACH PARTITION {part} FOR VALUES FROM ({first}) TO ({after})",
)


def _attach(cursor: Any, year: int) -> None:
    """Let the table built apart be the year's part."""
    part, first, after = f"disclosures_payment_{year}", year * PER_YEAR, (year + 1) * PER_YEAR
    for statement in _ATTACH:
        cursor.execute(statement.format(part=part, first=first, after=after))


def _build_indexes(cursor: Any, year: int) -> None:
    cursor.execute("SELECT set_config('maintenance_work_mem', '256MB', true)")
    cursor.execute(_INDEXES.format(part=f"disclosures_payment_{year}"))
    for (statement,) in cursor.fetchall():
        cursor.execute(statement)
    cursor.execute(f"ANALYZE disclosures_payment_{year}_new")


def _enter_payees(cursor: Any, table: str) -> None:
    """Everybody paid, in the register of the unit that paid; marks are keyed, so they are made here, batch by batch."""
    cursor.execute(f"SELECT DISTINCT unit, unit_id FROM {table}_line")  # noqa: S608 - our own name
    units = dict(cursor.fetchall())
    cursor.execute(_NAMES.format(table=table))
    cursor.execute(_MARKED.format(table=table))
    with connection.chunked_cursor() as names:
        names.execute(f"SELECT unit, payee, kind, uscc FROM {table}_name")  # noqa: S608 - our own name
        while found := names.fetchmany(BLOCK):
            with cursor.copy(f"COPY {table}_payee FROM STDIN") as copy:
                for unit, name, kind, uscc in found:
                    copy.write_row((units[unit], name, kind, uscc, *payees.marked(units[unit], name)))
    for statement in (_ENTER, _KNOWN, "ANALYZE {table}_known", "ANALYZE {table}_line"):
        cursor.execute(statement.format(table=table))


def _finish(cursor: Any, submission: Submission, staged: _Staged, found: _Checks) -> None:
    """Keep what was warned of. Every row must have become a payment, or the checks have missed something."""
    if staged.stored != staged.rows:
        raise RuntimeError(f"{staged.rows} rows became {staged.stored} payments")
    if staged.apart:
        _attach(cursor, submission.fiscal_year)
    submission.warnings = sum(total.times for total in found[1])
    submission.save(update_fields=["warnings"])
    for finding in found[0]:
        finding.submission_id = submission.pk
    Finding.objects.bulk_create(found[0], batch_size=500)


def _record(cursor: Any, submission: Submission, unit: UnitRef, staged: _Staged, by: Officer) -> None:
    cursor.execute(f"SELECT count(*), bool_or(withheld) FROM {staged.table}_line")  # noqa: S608 - our own name
    lines, withheld = cursor.fetchone()
    facts = {"unit": unit.code, "fiscal_year": submission.fiscal_year, "payments": staged.rows, "fen": staged.fen,
             "lines": lines, "warnings": submission.warnings, "sha256": submission.sha256}  # fmt: skip
    ledger.record(stream=ref_of(submission), verb="import_payments", by=by, facts=facts, sealed=bool(withheld))
    names = [f"{staged.table}_{part}" for part in ("line", "name", "payee", "known")]
    cursor.execute(f"DROP TABLE {', '.join(names if staged.shown else [*names, staged.table])}")
