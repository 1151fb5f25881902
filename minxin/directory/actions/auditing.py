"""What the auditor does that others must be able to audit."""

from typing import Any

from django.db import transaction

from minxin.directory import rules
from minxin.directory.rules import Officer
from minxin.ledger import actions as ledger


@transaction.atomic
def export_log(*, rows: int, by: Officer, **narrow: Any) -> None:
    """Put on record that so many rows of the log were taken home, and how it was narrowed."""
    rules.check_act(by, "read_log")
    ledger.record(stream=f"person:{by.id}", verb="export_log", by=by, facts={"rows": rows, **narrow})
