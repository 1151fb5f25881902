"""Taking in what units hand in: read, staged, checked at once; nothing is half done and everything typed is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.actions import checking
from minxin.disclosures.models import BudgetUnit, Finding, Submission
from minxin.disclosures.models.broker import number_of, ref_of
from minxin.disclosures.rules import broker, broker_file, broker_moves, templates
from minxin.disclosures.rules.broker import Fault, Staged, Typed
from minxin.disclosures.rules.codes import Delivery, Severity
from minxin.disclosures.rules.codes import SubmissionStage as S
from minxin.disclosures.rules.templates import Template
from minxin.kernel import clocks, files, refs, sheets, statements, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


@dataclass(frozen=True, slots=True)
class _Batch:
    """What arrived, before it is anybody's: read but not yet stored."""

    unit: UnitRef
    template: Template
    fiscal_year: int
    version: str
    staged: Staged
    sha256: str
    delivery: Delivery
    external_id: str = ""
    corrects: str = ""
    reason: str = ""
    note: str = ""
    name: str = ""
    data: bytes = b""


def hand_in(
    *,
    unit: UnitRef | str,
    template: str,
    fiscal_year: int,
    version: str = "",
    name: str = "",
    data: bytes | Path,
    delivery: Delivery = Delivery.UPLOAD,
    external_id: str = "",
    corrects: str = "",
    reason: str = "",
    note: str = "",
    by: Officer,
) -> Submission:
    """报送 a file (XLSX or CSV on the template): the submission, CHECKED or FAILED with its findings.

    Handed in again with the same `external_id` and content it is the same submission. Raises Refused for what is no
    such file (field `file`), for another content under a known id (`conflict`), for a table that is published or signed
    already (`already`); Absent for units that are not the officer's.
    """
    kind = _known(template, version, fiscal_year)
    raw = _read(data)
    tables = sheets.read(name, raw, most=broker_file.MOST_ROWS, longest=broker_file.LONGEST_CELL)
    typed, faults = broker_file.arrange(kind, version, tables)
    batch = _Batch(
        unit=_unit(unit),
        template=kind,
        fiscal_year=fiscal_year,
        version=version,
        staged=broker.stage(kind, version, typed, faults=faults, from_file=True),
        sha256=sha256(raw).hexdigest(),
        delivery=delivery,
        external_id=text.clean(external_id, limit=100, field="external_id"),
        corrects=corrects,
        reason=text.clean(reason, limit=500, field="reason"),
        note=text.clean(note, limit=500, field="note"),
        name=text.clean(name[-200:], limit=200, field="file"),
        data=raw,
    )
    return _take(batch, by)


def hand_in_rows(
    *,
    unit: UnitRef | str,
    template: str,
    fiscal_year: int,
    version: str = "",
    sheets: Mapping[str, Sequence[Mapping[str, object]]],
    delivery: Delivery = Delivery.API,
    external_id: str = "",
    corrects: str = "",
    reason: str = "",
    note: str = "",
    by: Officer,
) -> Submission:
    """报送 rows by sheet and column code, as another system or the demo has them; as `hand_in` in everything else.

    Amounts are yuan in every sheet (Decimal, integer or text), whatever the file's unit; rows count from 2, as if a
    heading stood above them.
    """
    kind = _known(template, version, fiscal_year)
    names = {sheet.code for sheet in kind.sheets}
    if unknown := next((name for name in sheets if name not in names), None):
        raise Refused("sheet", _("没有“%(name)s”这张表，请核对表的代码。") % {"name": unknown[:40]}, field="sheets")
    if sum(map(len, sheets.values())) > broker_file.MOST_ROWS:
        sentence = _("一次最多报送 %(most)d 行，请分几批报送。")
        raise Refused("too_many_rows", sentence % {"most": broker_file.MOST_ROWS}, field="sheets")
    typed = {code: [Typed(n, row) for n, row in enumerate(rows, start=2)] for code, rows in sheets.items()}
    staged = broker.stage(kind, version, typed, faults=_strangers(kind, sheets), from_file=False)
    batch = _Batch(
        unit=_unit(unit),
        template=kind,
        fiscal_year=fiscal_year,
        version=version,
        staged=staged,
        sha256=staged.sha256,
        delivery=delivery,
        external_id=text.clean(external_id, limit=100, field="external_id"),
        corrects=corrects,
        reason=text.clean(reason, limit=500, field="reason"),
        note=text.clean(note, limit=500, field="note"),
    )
    return _take(batch, by)


def _strangers(kind: Template, sheets: Mapping[str, Sequence[Mapping[str, object]]]) -> list[Fault]:
    """Names of cells that no column has: nothing is dropped in silence."""
    faults = []
    for code, rows in sheets.items():
        known = {column.code for column in kind.sheet(code).columns}
        strange = sorted({name for row in rows for name in row} - known)
        faults += [Fault("extra", code, 1, value=name[:60]) for name in strange[: broker_file.MOST_TOLD]]
    return faults


def _known(template: str, version: str, fiscal_year: int) -> Template:
    kind = templates.get(template)
    if version not in kind.versions:
        raise Refused("version", _("请选择这种报表的预算版本。"), field="version")
    if not 1990 <= fiscal_year <= 2100:
        raise Refused("fiscal_year", _("请填写四位的预算年度，例如 2007。"), field="fiscal_year")
    return kind


def _unit(unit: UnitRef | str) -> UnitRef:
    return directory.unit(unit) if isinstance(unit, str) else unit


def _read(data: bytes | Path) -> bytes:
    if isinstance(data, bytes):
        return data
    if data.stat().st_size > sheets.MOST_BYTES:
        raise Refused("file", _("文件超过 10 MB。请拆成几个文件，分次上传。"), field="file")
    return data.read_bytes()


def _take(batch: _Batch, by: Officer) -> Submission:
    """One transaction: who, again, allowed, stored, checked, recorded."""
    with transaction.atomic():
        _lock(batch.unit)
        finance_id = _finance(batch, by)
        again = _again(batch)
        if again is not None:
            return again
        earlier = _corrected(batch)
        replaced = _replaced(batch, earlier)
        submission = _stored(batch, finance_id, earlier)
        _enter(submission, batch.staged)
        found = _checked(submission, batch)
        _replace(replaced, submission, by)
        facts = {"unit": batch.unit.code, "template": batch.template.code, "fiscal_year": batch.fiscal_year,
                 "version": batch.version, "rows": submission.rows, "fatal": submission.fatal,
                 "warnings": submission.warnings, "digest": submission.sha256}  # fmt: skip
        ledger.record(stream=ref_of(submission), verb="hand_in", by=by, facts=facts)
        if found:
            Finding.objects.bulk_create(found, batch_size=500)
    return submission


def _lock(unit: UnitRef) -> None:
    """Two files of one unit are taken one after the other: each sees what the other left."""
    statements.run("SELECT pg_advisory_xact_lock(hashtext('disclosures.hand_in'), $1::int)", [unit.id])


_KEEPER = """
SELECT b.finance_id, d.unit_id FROM disclosures_budgetunit b
LEFT JOIN disclosures_budgetunit d ON d.id = b.department_id WHERE b.unit_id = $1::bigint
"""


def _finance(batch: _Batch, by: Officer) -> int:
    """The bureau that keeps the unit's budget; its own is the government's. Raises Absent, Refused."""
    if batch.template.code == "government_budget":
        broker_moves.check_hands_in(frozenset({batch.unit.id}), by=by)
        if not BudgetUnit.objects.filter(finance_id=batch.unit.id).exists():
            raise Refused("unit", _("政府预算由财政部门报送。请选择财政部门。"), field="unit")
        return batch.unit.id
    row = statements.run(_KEEPER, [batch.unit.id])
    broker_moves.check_hands_in(frozenset({batch.unit.id, *(row[1:] if row else ())} - {None}), by=by)
    if row is None:
        raise Refused("unit", _("这个单位还没有登记为预算单位，请先由财政部门登记。"), field="unit")
    return int(row[0])


_BEFORE = """
SELECT id FROM disclosures_submission WHERE unit_id = $1::bigint AND external_id = $2::text AND external_id <> ''
"""


def _again(batch: _Batch) -> Submission | None:
    if not batch.external_id:
        return None
    row = statements.run(_BEFORE, [batch.unit.id, batch.external_id])
    if row is None:
        return None
    known = Submission.objects.get(pk=row[0])
    if known.sha256 != batch.sha256:
        sentence = _("编号“%(id)s”已经报过，内容和这一次不同。内容有变化时请换一个编号。")
        raise Refused("conflict", sentence % {"id": batch.external_id}, field="external_id")
    return known


def _corrected(batch: _Batch) -> Submission | None:
    """The published submission this one corrects. Raises Absent for one of another table, Refused without a reason."""
    if not batch.corrects:
        return None
    year, number = number_of(batch.corrects)
    found = Submission.objects.filter(
        year=year, number=number, unit_id=batch.unit.id, template=batch.template.code,
        fiscal_year=batch.fiscal_year, version=batch.version,
    ).first()  # fmt: skip
    if found is None:
        raise Absent(sentence=_("没有找到要更正的报送，请核对编号、年度和版本。"), field="corrects")
    if found.stage != S.PUBLISHED:
        raise Refused("wrong_stage", _("这份报送还没有公开，不用更正，改好后再报一次即可。"), field="corrects")
    if not batch.reason:
        raise Refused("reason", _("请写明更正的原因，它会和更正一起公开。"), field="reason")
    return found


_SAME = """
SELECT id, year, number, stage FROM disclosures_submission
WHERE unit_id = $1::bigint AND template = $2::text AND fiscal_year = $3::smallint AND version = $4::text
    AND stage <> 'withdrawn'
"""


def _replaced(batch: _Batch, earlier: Submission | None) -> list[Submission]:
    """Submissions of the same table that are not signed yet: the new one takes their place.

    Raises Refused when it is signed, or published and this is no correction.
    """
    if batch.template.repeated:
        return []
    of = [batch.unit.id, batch.template.code, batch.fiscal_year, batch.version]
    rows = [
        Submission(pk=pk, year=year, number=number, stage=stage)
        for pk, year, number, stage in statements.rows(_SAME, of)
    ]
    if signed := next((row for row in rows if row.stage == S.SIGNED), None):
        sentence = _("同一张表的 %(ref)s 已经签发，还没有公开。要改的话，请一把手先撤回它。")
        raise Refused("already", sentence % {"ref": ref_of(signed)})
    published = next((row for row in rows if row.stage == S.PUBLISHED), None)
    if published and earlier is None:
        sentence = _("这张表已经公开（%(ref)s）。要改的话，请作为更正报送，并写明原因。")
        raise Refused("already", sentence % {"ref": ref_of(published)}, field="corrects")
    return [row for row in rows if row.stage in broker_moves.OPEN]


def _stored(batch: _Batch, finance_id: int, earlier: Submission | None) -> Submission:
    now = clocks.now()
    year = clocks.today().year
    stored = ""
    if batch.data:
        kind = files.KINDS["xlsx" if batch.data[:2] == b"PK" else "csv"]
        stored = files.new_name(kind)
        files.store().put(stored, batch.data)
    try:
        return Submission.objects.create(
            year=year,
            number=refs.next_number("submission", year),
            unit_id=batch.unit.id,
            finance_id=finance_id,
            template=batch.template.code,
            fiscal_year=batch.fiscal_year,
            version=batch.version,
            delivery=batch.delivery,
            external_id=batch.external_id,
            file_name=batch.name,
            file=stored,
            sha256=batch.sha256,
            corrects=earlier,
            reason=batch.reason if earlier else "",
            note=batch.note,
            rows=len(batch.staged.rows),
            received_at=now,
        )
    except IntegrityError as error:  # a database restored from a backup may know the id
        raise Refused("conflict", _("这个编号刚刚被用过，请刷新后再试。"), field="external_id") from error


_ENTER = """
INSERT INTO disclosures_entry (submission_id, unit_id, fiscal_year, version, sheet, "row", key, cells, digest)
SELECT $1::bigint, $2::bigint, $3::smallint, $4::text, s.sheet, s."row", s.key, s.cells, ''::bytea
FROM json_to_recordset($5::json) AS s(sheet text, "row" int, key text, cells jsonb)
"""


def _enter(submission: Submission, staged: Staged) -> None:
    """The rows, by one statement. Their digests are those of the publication they will be in."""
    of = [submission.pk, submission.unit_id, submission.fiscal_year, submission.version]
    statements.run(_ENTER, [*of, broker.as_json(staged.rows)])


_CHECKED = """
UPDATE disclosures_submission SET fatal = $1::int, warnings = $2::int, stage = $3::text, checked_at = $4::timestamptz
WHERE id = $5::bigint
"""


def _checked(submission: Submission, batch: _Batch) -> list[Finding]:
    given = checking.Given(
        template=batch.template,
        fiscal_year=batch.fiscal_year,
        version=batch.version,
        unit_id=submission.unit_id,
        finance_id=submission.finance_id,
        note=batch.note,
        submission_id=submission.pk,
    )
    found = checking.check(given, faults=batch.staged.faults)
    submission.fatal = sum(finding.severity == Severity.FATAL for finding in found)
    submission.warnings = len(found) - submission.fatal
    submission.stage = S.FAILED if submission.fatal else S.CHECKED
    submission.checked_at = clocks.now()
    told = [submission.fatal, submission.warnings, submission.stage, submission.checked_at, submission.pk]
    statements.run(_CHECKED, told)
    return found


def _replace(rows: Sequence[Submission], new: Submission, by: Officer) -> None:
    if not rows:
        return
    words = _("由 %(ref)s 代替") % {"ref": ref_of(new)}
    Submission.objects.filter(pk__in=[row.pk for row in rows]).update(stage=S.WITHDRAWN, withdrawal=words)
    for row in rows:
        facts = {"from": row.stage, "to": S.WITHDRAWN, "replaced_by": ref_of(new)}
        ledger.record(stream=ref_of(row), verb="withdraw", by=by, facts=facts)
