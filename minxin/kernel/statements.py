"""The few statements that are worth keeping planned: those behind a door that must be fast."""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection


def run(statement: str, values: Sequence[object]) -> tuple[Any, ...] | None:
    """Execute one statement with PostgreSQL's own placeholders ($1, $2, …); its first row, or None.

    Each connection plans it once (after `prepare_threshold` uses: settings), and its text is not searched for
    placeholders every time. Database errors are Django's. Inside a transaction it is part of it, else one of its own.
    """
    connection.ensure_connection()
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "0"})
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None
