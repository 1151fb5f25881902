"""Signing off what was checked, and taking back what is not public yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.utils.translation import gettext as _

from minxin.directory.rules import Officer
from minxin.disclosures.actions import holding
from minxin.disclosures.models import Submission
from minxin.disclosures.models.broker import number_of, ref_of
from minxin.disclosures.rules import broker_moves, templates
from minxin.kernel import clocks, statements, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

_COLUMNS = [field.attname for field in Submission._meta.concrete_fields]
_LOCKED = f"""
SELECT {", ".join(_COLUMNS)} FROM disclosures_submission WHERE year = $1::smallint AND number = $2::bigint FOR UPDATE
"""  # noqa: S608 - names of our own only
_SUBORDINATE = """
SELECT d.unit_id FROM disclosures_budgetunit b JOIN disclosures_budgetunit d ON d.id = b.department_id
WHERE b.unit_id = $1::bigint AND d.unit_id = ANY($2::bigint[])
"""
_OTHER = """
SELECT year, number FROM disclosures_submission
WHERE unit_id = $1::bigint AND template = $2::text AND fiscal_year = $3::smallint AND version = $4::text
    AND stage = 'signed' AND id <> $5::bigint ORDER BY id LIMIT 1
"""
_MOVE = """
UPDATE disclosures_submission
SET stage = $2::text, signed_at = $3::timestamptz, signed_by = $4::text, withdrawal = $5::text WHERE id = $1::bigint
"""


def sign(ref: str, *, by: Officer) -> Submission:
    """签发 by the unit's head: the event holds the digest of just what was signed. Raises Absent, Refused."""
    with _moving("sign", ref, by=by) as submission:
        _check_alone(submission)
        submission.signed_at = clocks.now()
        submission.signed_by = by.label[:100]
    return submission


def withdraw(ref: str, *, reason: str, by: Officer) -> Submission:
    """撤回 with a reason; what is signed, only the head takes back. Raises Absent, Refused."""
    reason = text.clean(reason, limit=300, field="reason")
    if not reason:
        raise Refused("reason", _("请写明为什么撤回。"), field="reason")
    with _moving("withdraw", ref, by=by) as submission:
        submission.withdrawal = reason
    return submission


@contextmanager
def _moving(verb: str, ref: str, *, by: Officer) -> Iterator[Submission]:
    with transaction.atomic():
        submission = _locked(ref, by)
        before = submission.stage
        move = broker_moves.check(verb, before, unit_id=submission.unit_id, by=by)
        yield submission
        submission.stage = move.target
        told = [submission.signed_at, submission.signed_by, submission.withdrawal]
        statements.run(_MOVE, [submission.pk, str(submission.stage), *told])
        facts = {"from": before, "to": move.target, "digest": submission.sha256, "rows": submission.rows,
                 "warnings": submission.warnings}  # fmt: skip
        ledger.record(stream=ref_of(submission), verb=verb, by=by, facts=facts)


def _locked(ref: str, by: Officer) -> Submission:
    try:
        year, number = number_of(ref)
    except Refused as refusal:
        raise Absent(sentence=refusal.sentence) from refusal
    row = statements.run(_LOCKED, [year, number])
    if row is None:
        raise Absent
    found = Submission.from_db(connection.alias, _COLUMNS, row)
    if not (holding.sees(by, found) or statements.run(_SUBORDINATE, [found.unit_id, list(by.unit_ids())])):
        raise Absent
    return found


def _check_alone(submission: Submission) -> None:
    """Of a table that is published whole, one version at a time is on its way."""
    if templates.get(submission.template).repeated:
        return
    table = [submission.unit_id, submission.template, submission.fiscal_year, submission.version]
    if other := statements.run(_OTHER, [*table, submission.pk]):
        sentence = _("同一张表的 %(ref)s 已经签发，还没有公开。请先撤回它。")
        raise Refused("already", sentence % {"ref": ref_of(Submission(year=other[0], number=other[1]))})
