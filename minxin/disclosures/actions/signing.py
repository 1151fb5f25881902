"""Signing off what was checked, and taking back what is not public yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _

from minxin.directory.rules import Officer
from minxin.disclosures.models import Submission
from minxin.disclosures.models.broker import number_of, ref_of
from minxin.disclosures.rules import broker_moves, templates
from minxin.disclosures.rules.codes import SubmissionStage as S
from minxin.kernel import clocks, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


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
        submission.save(update_fields=["stage", "signed_at", "signed_by", "withdrawal"])
        facts = {"from": before, "to": move.target, "digest": submission.sha256, "rows": submission.rows,
                 "warnings": submission.warnings}  # fmt: skip
        ledger.record(stream=ref_of(submission), verb=verb, by=by, facts=facts)


def _locked(ref: str, by: Officer) -> Submission:
    try:
        year, number = number_of(ref)
    except Refused as refusal:
        raise Absent(sentence=refusal.sentence) from refusal
    rows = Submission.objects.visible_to(by).select_for_update(of=("self",))
    found = rows.filter(year=year, number=number).first()
    if found is None:
        raise Absent
    return found


def _check_alone(submission: Submission) -> None:
    """Of a table that is published whole, one version at a time is on its way."""
    if templates.get(submission.template).repeated:
        return
    other = (
        Submission.objects.filter(
            unit_id=submission.unit_id, template=submission.template, fiscal_year=submission.fiscal_year,
            version=submission.version, stage=S.SIGNED,
        )
        .exclude(pk=submission.pk)
        .first()
    )  # fmt: skip
    if other is not None:
        sentence = _("同一张表的 %(ref)s 已经签发，还没有公开。请先撤回它。")
        raise Refused("already", sentence % {"ref": ref_of(other)})
