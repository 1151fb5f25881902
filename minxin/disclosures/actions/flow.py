"""Keeping the pipe's running totals small, and proving every night that they equal the rows. See models/flow.py."""

from django.db import connection, transaction
from procrastinate.contrib.django import app


@app.periodic(cron="* * * * *")
@app.task(name="disclosures.fold_flows", queueing_lock="disclosures.fold_flows")
def fold(timestamp: int = 0) -> int:
    """Every minute: fold the changes into the totals; how many totals moved. A reader sees the same sums throughout."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT disclosures_flow_fold()")
        return int(cursor.fetchone()[0])


def rebuild() -> None:
    """Count every total anew from the rows. Writers wait meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT disclosures_flow_rebuild()")
