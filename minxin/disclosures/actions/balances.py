"""The nightly proof of the balances: what each line and contract keeps equals its changes, plans and payments."""

from dataclasses import dataclass

from django.db import connection, transaction
from procrastinate.contrib.django import app

from minxin.directory.rules import SYSTEM
from minxin.kernel import refs
from minxin.ledger import actions as ledger

STREAM = "balances"
MOST_TOLD = 20

# One statement sees one moment. Payments that came with an import are the line's as all others.
_DIFFERING = """
WITH changes AS (
    SELECT line_id, sum(CASE WHEN kind IN ('cut', 'revive_out') THEN -amount_fen ELSE amount_fen END)::bigint AS fen
    FROM disclosures_linechange GROUP BY 1
), issued AS (
    SELECT line_id, sum(amount_fen)::bigint AS fen FROM disclosures_allotment WHERE stage = 'issued' GROUP BY 1
), rows AS (
    SELECT line_id, commitment_id, sum(amount_fen) FILTER (WHERE stage IN (1, 2, 3))::bigint AS requested,
           sum(amount_fen - returned_fen) FILTER (WHERE stage IN (4, 5, 6))::bigint AS paid
    FROM disclosures_payment WHERE recorded_to IS NULL GROUP BY 1, 2
), used AS (
    SELECT line_id, sum(requested)::bigint AS requested, sum(paid)::bigint AS paid FROM rows GROUP BY 1
), bound AS (
    SELECT commitment_id, sum(coalesce(requested, 0) + coalesce(paid, 0))::bigint AS fen FROM rows GROUP BY 1
)
SELECT l.year, l.number, b.balance, b.kept, b.counted
FROM disclosures_budgetline l
LEFT JOIN changes c ON c.line_id = l.id LEFT JOIN issued i ON i.line_id = l.id LEFT JOIN used u ON u.line_id = l.id
CROSS JOIN LATERAL (VALUES
    ('approved', l.approved_fen, coalesce(c.fen, 0)),
    ('allotted', l.allotted_fen, coalesce(i.fen, 0)),
    ('requested', l.requested_fen, coalesce(u.requested, 0)),
    ('paid', l.paid_fen, coalesce(u.paid, 0))
) b (balance, kept, counted)
WHERE b.kept <> b.counted
UNION ALL
SELECT l.year, l.number, 'used', m.used_fen, coalesce(b.fen, 0)
FROM disclosures_commitment m JOIN disclosures_budgetline l ON l.id = m.line_id
LEFT JOIN bound b ON b.commitment_id = m.id
WHERE m.used_fen <> coalesce(b.fen, 0)
ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Differing:
    """A balance of a line (approved, allotted, requested, paid; or used, of a contract) that its rows do not give."""

    ref: str
    balance: str
    kept_fen: int
    counted_fen: int


@app.periodic(cron="25 18 * * *")  # UTC: 02:25 in Beijing
@app.task(name="disclosures.prove_balances", queueing_lock="disclosures.prove_balances")
def prove(timestamp: int = 0) -> int:
    """Every night: count every balance anew from its rows and say in the ledger whether they agree; how many differ."""
    found = differing()
    told = list(dict.fromkeys(row.ref for row in found))[:MOST_TOLD]
    facts = {"differing": len(found), "lines": told}
    with transaction.atomic():
        verb = "miss_balances" if found else "prove_balances"
        ledger.record(stream=STREAM, verb=verb, by=SYSTEM, facts=facts if found else {"differing": 0})
    return len(found)


def differing() -> list[Differing]:
    """Every balance that differs from its rows, by line. 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERING)
        return [
            Differing(refs.written("ZB", year, number), balance, kept, counted)
            for year, number, balance, kept, counted in cursor.fetchall()
        ]
