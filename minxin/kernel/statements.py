"""The few statements that are worth keeping planned: those behind a door that must be fast."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

_HOLE = re.compile("%s|%%")


def run(statement: str, values: Sequence[object]) -> tuple[Any, ...] | None:
    """Execute one statement with PostgreSQL's own placeholders ($1, $2, …); its first row, or None.

    Each connection keeps it planned, and its text is not searched for placeholders every time. Database errors are
    Django's. Inside a transaction it is part of it, else one of its own.
    """
    connection.ensure_connection()
    _note(statement)
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchone() if cursor.description else None


def rows(statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    """The same, with all its rows."""
    connection.ensure_connection()
    _note(statement)
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchall()


def planned(statement: str, values: Sequence[object]) -> tuple[str, tuple[object, ...]]:
    """A statement of the ORM fit for `run` and `rows`: numbers (and lists of them), days and moments stay values, words
    are written out.

    The words are codes: with them in the text a plan may use partial indexes, and one plan serves every officer.
    """
    connection.ensure_connection()
    kept: list[object] = []  # a list is one value: the numbers of a page
    left = iter(values)

    def fill(hole: re.Match[str]) -> str:
        if hole[0] == "%%":
            return "%"
        value = next(left)
        kind = _placeholder(value)
        if not kind:
            return sql.Literal(value).as_string(connection.connection)
        kept.append(value)
        return f"${len(kept)}::{kind}"

    return _HOLE.sub(fill, statement), tuple(kept)


def _placeholder(value: object) -> str:
    if isinstance(value, list):
        return "bigint[]"
    if isinstance(value, int) and not isinstance(value, bool):
        return "bigint"
    if isinstance(value, datetime):
        return "timestamptz"
    return "date" if isinstance(value, date) else ""


def _note(statement: str) -> None:
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "0"})
