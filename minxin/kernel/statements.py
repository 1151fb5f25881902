"""The few statements that are worth keeping planned: those behind a door that must be fast."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Generic, TypeVar, cast

import psycopg
from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import get_related_populators
from psycopg import sql
from psycopg.abc import Loader

Row = TypeVar("Row")
_HOLE = re.compile("%s|%%")
_NAMED = re.compile(r"%\((\w+)\)s")
_MOMENTS = psycopg.adapters.types["timestamptz"].oid
_UTC = cast(type[Loader], psycopg.adapters.get_loader(_MOMENTS, psycopg.pq.Format.TEXT))
_NUMBER, _WORD = -(2**40), "‹asked›"  # stand for what is asked in a question that is kept


class _Cursor(psycopg.RawCursor[tuple[Any, ...]]):
    """Reads moments by the driver's own reader: a list has hundreds, and Django's costs six times as much for the same,
    UTC on a connection whose time zone is UTC.
    """

    def __init__(self, at: psycopg.Connection[tuple[Any, ...]]) -> None:
        super().__init__(at)
        self.adapters.register_loader("timestamptz", _UTC)


def run(statement: str, values: Sequence[object]) -> tuple[Any, ...] | None:
    """Execute one statement with PostgreSQL's own placeholders ($1, $2, …); its first row, or None.

    Each connection keeps it planned, and its text is not searched for placeholders every time. Database errors are
    Django's. Inside a transaction it is part of it, else one of its own.
    """
    connection.ensure_connection()
    _note(statement)
    with connection.wrap_database_errors, _Cursor(connection.connection) as cursor:
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchone() if _has_rows(cursor) else None


def rows(statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    """The same, with all its rows; none of a statement that gives none."""
    connection.ensure_connection()
    _note(statement)
    with connection.wrap_database_errors, _Cursor(connection.connection) as cursor:
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchall() if _has_rows(cursor) else []


def numbered(statement: str) -> tuple[str, tuple[str, ...]]:
    """A statement with named places (%(name)s) fit for `run` and `rows`, and whose value each place takes, in order."""
    names = tuple(dict.fromkeys(_NAMED.findall(statement)))
    return _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", statement), names


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


class Kept(Generic[Row]):
    """What belongs to one number (the clocks of a case) or one word (the events of a stream), asked at doors that must
    be fast: the ORM writes the question once, each connection keeps its plan, and the rows are those of the queryset.

    `write` gets a value that stands for the number or the word; nothing else in it may change from call to call.
    """

    def __init__(self, write: Callable[[Any], QuerySet[Any, Row]], *, by: type[int] | type[str] = int) -> None:
        self._write, self._by = write, by
        self._written: tuple[str, tuple[object, ...], Callable[[Iterable[Any]], Iterable[Row]]] | None = None

    def __call__(self, asked: int | str) -> list[Row]:
        """1 query. The rows that belong to this number or word."""
        if self._written is None:
            self._written = _written(self._write(_NUMBER if self._by is int else _WORD))
        statement, values, read = self._written
        return list(read(rows(statement, [asked if value in (_NUMBER, _WORD) else value for value in values])))


def _written(queryset: QuerySet[Any, Any]) -> tuple[str, tuple[object, ...], Callable[[Iterable[Any]], Iterable[Any]]]:
    """A queryset as a statement, its values, and how its rows are read: what the ORM does for every question anew."""
    compiler: Any = queryset.query.get_compiler(connection=connection)
    statement, values = planned(*compiler.as_sql())
    converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
    kinds = compiler.klass_info

    def plain(found: Iterable[Any]) -> Iterable[Any]:
        return map(tuple, compiler.apply_converters(found, converters) if converters else found)

    if queryset.query.values_select:
        return statement, values, plain
    first, last = kinds["select_fields"][0], kinds["select_fields"][-1] + 1
    names = [column[0].target.attname for column in compiler.select[first:last]]
    populators: Any = get_related_populators  # its stub is of another version
    beside = populators(kinds, compiler.select, connection.alias)

    def objects(found: Iterable[Any]) -> Iterable[Any]:
        for row in plain(found):
            one = kinds["model"].from_db(connection.alias, names, row[first:last])
            for related in beside:
                related.populate(row, one)
            yield one

    return statement, values, objects


def _placeholder(value: object) -> str:
    if value == _WORD:
        return "varchar"
    if isinstance(value, list):
        return "bigint[]"
    if isinstance(value, int) and not isinstance(value, bool):
        return "bigint"
    if isinstance(value, datetime):
        return "timestamptz"
    return "date" if isinstance(value, date) else ""


def _has_rows(cursor: _Cursor) -> bool:
    """Whether the statement gives rows; `cursor.description` would tell too, and describe every column for it."""
    return cursor.pgresult is not None and cursor.pgresult.nfields > 0


def _note(statement: str) -> None:
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "0"})
