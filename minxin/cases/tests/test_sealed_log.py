"""A sealed report leaves no trace in the auditor's log, whatever happens to it."""

import pytest

from minxin.cases.actions import filing, following
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Draft
from minxin.directory.rules import CITIZEN
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("kind", "told"), [(codes.Kind.REPORT, []), (codes.Kind.COMPLAINT, ["add", "file"])])
def test_the_auditors_log_tells_of_a_complaint_and_not_of_a_report(cast, kind, told):
    receipt = filing.file(Draft(kind, "某事", "如此这般，请查明。", "211421", anonymous=True), key="k", by=CITIZEN)
    following.add(receipt.ref, code=receipt.code, body="补充一点情况。")
    assert [event.verb for event in ledger.history(receipt.ref)] == ["file", "add"]
    log = ledger.log(ledger.Narrow(streams=frozenset({receipt.ref})))
    assert [event.verb for event in log] == told
