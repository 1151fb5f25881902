"""Reading events."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Q, QuerySet

from minxin.kernel import clocks, statements
from minxin.kernel.errors import Absent
from minxin.ledger import models


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded act: `actor_label` is the office that acted, never a name."""

    stream: str
    seq: int
    verb: str
    at: datetime
    actor_kind: str
    actor_id: int | None
    actor_label: str
    unit_id: int | None
    facts: dict[str, Any]


_FIELDS = ("stream", "seq", "verb", "at", "actor_kind", "actor_id", "actor_label", "unit_id", "facts")
WHOLE = 1000  # events of a stream that are read at once


def history(stream: str, *, after: int = 0, limit: int = WHOLE) -> list[Event]:
    """1 query. The events of a stream in order, those after number `after`, at most `limit`."""
    if not after and limit == WHOLE:
        return [Event(*row) for row in _whole(stream)]
    return [Event(*row) for row in _of(stream).filter(seq__gt=after)[:limit]]


def _of(stream: str) -> QuerySet[models.Event, tuple[Any, ...]]:
    return models.Event.objects.filter(stream=stream).order_by("seq").values_list(*_FIELDS)


_whole = statements.Kept(lambda stream: _of(stream)[:WHOLE], by=str)


# --- the auditor's log: every act that is not of a sealed report, newest first


@dataclass(frozen=True, slots=True)
class Narrow:
    """What of the log is asked for; None is everything. Days are whole days of the product's time zone, both included.

    `within` is the reader's reach, the ids of units; events without a unit (the system's, citizens') are then left out.
    """

    streams: frozenset[str] | None = None
    verb: str = ""
    units: frozenset[int] | None = None
    within: frozenset[int] | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the log: what is older comes after it. Row numbers are no part of it, for their gaps would tell."""

    at: datetime
    stream: str
    seq: int

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place from its written form; None for anything else."""
        at, _, rest = text.partition("~")
        seq, _, stream = rest.partition("~")
        try:
            found = cls(datetime.fromisoformat(at), stream, int(seq))
        except (ValueError, OverflowError):
            return None
        return found if found.at.tzinfo and stream and 0 < found.seq < 2**63 else None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.seq}~{self.stream}"


def log(narrow: Narrow, *, before: Place | None = None, limit: int = 50) -> list[Event]:
    """1 query along an index. The newest events that are asked for, those older than `before`, at most `limit`."""
    rows = _narrowed(narrow)
    if before is not None:
        later = Q(at__lt=before.at) | Q(stream__lt=before.stream) | Q(stream=before.stream, seq__lt=before.seq)
        rows = rows.filter(later, at__lte=before.at)
    return [Event(*row) for row in rows.order_by("-at", "-stream", "-seq")[:limit].values_list(*_FIELDS)]


def logged(stream: str, seq: int, *, within: frozenset[int] | None = None) -> Event:
    """1 query. One event of the log; Absent when there is none that this reach covers."""
    row = _narrowed(Narrow(frozenset({stream}), within=within)).filter(seq=seq).values_list(*_FIELDS).first()
    if row is None:
        raise Absent
    return Event(*row)


def verbs() -> list[str]:
    """1 query, as many steps along the index as there are verbs. The verbs that the log knows."""
    with connection.cursor() as cursor:
        cursor.execute(_VERBS)
        return [verb for (verb,) in cursor.fetchall()]


_VERBS = """
WITH RECURSIVE known AS (
    SELECT min(verb) AS verb FROM ledger_event WHERE NOT sealed
    UNION ALL
    SELECT (SELECT min(verb) FROM ledger_event WHERE NOT sealed AND verb > known.verb)
    FROM known WHERE known.verb IS NOT NULL
)
SELECT verb FROM known WHERE verb IS NOT NULL
"""
SEALED_SECONDS = 3600


def sealed() -> int:
    """1 query an hour. How many events the log leaves out, as of the end of last month.

    One number for the whole network and no filter reaches it: nothing in it tells whose, where or on which day.
    """
    month = clocks.today().replace(day=1)
    key = f"ledger:sealed:{month}"
    known = cache.get(key)
    if known is None:
        known = models.Event.objects.filter(sealed=True, at__lt=_midnight(month)).count()
        cache.set(key, known, SEALED_SECONDS)
    return int(known)


def _narrowed(narrow: Narrow) -> "QuerySet[models.Event]":
    rows = models.Event.objects.filter(sealed=False)
    if narrow.streams is not None:
        rows = rows.filter(stream__in=narrow.streams)
    if narrow.verb:
        rows = rows.filter(verb=narrow.verb)
    for units in (narrow.units, narrow.within):
        if units is not None:
            rows = rows.filter(unit_id__in=_ids(units))
    if narrow.since is not None:
        rows = rows.filter(at__gte=_midnight(narrow.since))
    if narrow.until is not None:
        rows = rows.filter(at__lt=_midnight(narrow.until + timedelta(days=1)))
    return rows


def _ids(units: Iterable[int]) -> list[int]:
    return sorted(units)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clocks.ZONE)
