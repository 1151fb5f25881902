"""Writing events: in the transaction of the change itself, one statement."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection

from minxin.kernel import clocks
from minxin.ledger import rules

_INSERT = """
INSERT INTO ledger_event (stream, seq, verb, at, actor_kind, actor_id, actor_label, unit_id, facts)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)
"""
_INSERT_NEXT = """
WITH next AS (
    INSERT INTO ledger_stream (name, seq) VALUES (%s, 1)
    ON CONFLICT (name) DO UPDATE SET seq = ledger_stream.seq + 1
    RETURNING seq
)
INSERT INTO ledger_event (stream, seq, verb, at, actor_kind, actor_id, actor_label, unit_id, facts)
SELECT %s, next.seq, %s, %s, %s, %s, %s, %s, %s::jsonb FROM next
"""


def record(
    *, stream: str, verb: str, by: rules.Actor, facts: Mapping[str, Any] | None = None, seq: int | None = None
) -> None:
    """Write one event, dated `clocks.now()`, by one INSERT.

    With `seq` the caller vouches for the number: it holds the row lock of its own aggregate and keeps the counter.
    Without, the next number of the stream is taken; the stream's row stays locked until the transaction ends, so two
    writers never leave a gap or share a number.
    """
    written = json.dumps(rules.facts(facts or {}), ensure_ascii=False)
    event = (verb, clocks.now(), by.kind, by.id, by.label, by.unit_id, written)
    with connection.cursor() as cursor:
        if seq is None:
            cursor.execute(_INSERT_NEXT, (stream, stream, *event))
        else:
            cursor.execute(_INSERT, (stream, seq, *event))
