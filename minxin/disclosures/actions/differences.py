"""Differences between the treasury's books and the bank's: opened by what finds them, settled by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer
from minxin.disclosures.actions import holding
from minxin.disclosures.models import Difference
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import DifferenceKind
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

_OPEN = """
INSERT INTO disclosures_difference AS d
    (finance_id, bank_id, "on", kind, reference, ours_fen, theirs_fen, opened_at, resolution)
SELECT %s, %s, %s, f.kind, f.reference, sum(f.ours), sum(f.theirs), %s, ''
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[]) AS f (kind, reference, ours, theirs)
GROUP BY f.kind, f.reference
ON CONFLICT ON CONSTRAINT difference_once DO UPDATE SET ours_fen = excluded.ours_fen, theirs_fen = excluded.theirs_fen
WHERE d.settled_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that does not agree: what it is about, what we have, what they have, in fen."""

    kind: DifferenceKind
    reference: str
    ours: int
    theirs: int


def open_all(found: Sequence[Found], *, finance_id: int, bank_id: int, on: date) -> None:
    """Open them as work; one that is open already keeps its row and takes the new amounts. One statement."""
    if not found:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _OPEN,
            [
                finance_id,
                bank_id,
                on,
                clocks.now(),
                [row.kind.value for row in found],
                [row.reference for row in found],
                [row.ours for row in found],
                [row.theirs for row in found],
            ],
        )


@transaction.atomic
def settle(key: int, *, reason: str, by: Officer) -> Difference:
    """处理差异: how it came about and what was done about it; it stays on record.

    Raises Absent for one that may not be seen, Refused (`already`) when it was settled, (`required`) without a reason.
    """
    reason = holding.because(reason)
    row = Difference.objects.visible_to(by).filter(pk=key).select_for_update(no_key=True).first()
    if row is None:
        raise Absent
    pipe.check(pipe.SETTLING["settle"], by, finance_id=row.finance_id, bank_id=row.bank_id)
    if row.settled_at:
        raise Refused("already", _("这条差异已经处理过了。"))
    row.settled_at, row.resolution = clocks.now(), reason
    row.save(update_fields=["settled_at", "resolution"])
    facts = {"kind": row.kind, "on": row.on, "reference": row.reference}
    ledger.record(stream=f"unit:{directory.unit(row.finance_id).code}", verb="settle", by=by, facts=facts)
    return row
