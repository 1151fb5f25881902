"""Reading events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


def history(stream: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
    """1 query. The events of a stream in order, those after number `after`, at most `limit`."""
    rows = models.Event.objects.filter(stream=stream, seq__gt=after).order_by("seq")[:limit]
    return [Event(*row) for row in rows.values_list(*_FIELDS)]
