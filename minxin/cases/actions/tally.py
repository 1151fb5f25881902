"""Keeping the public's running totals small: fold what changed, or recount everything. See models/tally.py."""

from django.db import connection, transaction
from procrastinate.contrib.django import app

_FOLD = """
WITH gone AS (DELETE FROM cases_tallydelta RETURNING measure, month, unit_id, n),
summed AS (SELECT measure, month, unit_id, sum(n)::bigint AS n FROM gone GROUP BY measure, month, unit_id)
INSERT INTO cases_tally AS t (measure, month, unit_id, n) SELECT measure, month, unit_id, n FROM summed
ON CONFLICT (unit_id, month, measure) DO UPDATE SET n = t.n + excluded.n
"""


@app.periodic(cron="* * * * *")
@app.task(name="cases.fold_tallies", queueing_lock="cases.fold_tallies")
def fold(timestamp: int = 0) -> int:
    """Every minute: fold the changes into the totals; how many moved. A reader sees the same sums all the while."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cases_tally'))")  # two folds would wait for each row
        cursor.execute(_FOLD)
        return int(cursor.rowcount)


def rebuild() -> None:
    """Recount every total from its rows: after a bulk load that went past the triggers. Writers wait meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cases_tally'))")
        cursor.execute("SELECT cases_tally_rebuild()")
