"""Writing events: in the transaction of the change itself, one statement."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from minxin.kernel import clocks, statements
from minxin.ledger import rules

# The parts of the one INSERT, for a change that is itself a single statement: `INSERT SELECT VALUES FROM …`, run with
# `values(…)` among its parameters.
INSERT = "INSERT INTO ledger_event (stream, seq, verb, at, actor_kind, actor_id, actor_label, unit_id, facts, sealed)"
VALUES = """
    %(event_stream)s::text, %(event_seq)s::bigint, %(event_verb)s::text, %(event_at)s::timestamptz, %(event_by)s::text,
    %(event_by_id)s::bigint, %(event_by_label)s::text, %(event_unit)s::bigint, %(event_facts)s::jsonb,
    %(event_sealed)s::boolean
"""
_RECORD = f"{INSERT} VALUES ({VALUES})"
_RECORD_NEXT = f"""
WITH next AS (
    INSERT INTO ledger_stream (name, seq) VALUES (%(event_stream)s::text, 1)
    ON CONFLICT (name) DO UPDATE SET seq = ledger_stream.seq + 1
    RETURNING seq
)
{INSERT} SELECT {VALUES.replace("%(event_seq)s::bigint", "next.seq")} FROM next
"""  # noqa: S608 - no value in it

_RECORD_MANY = f"""
WITH given AS (
    SELECT * FROM unnest(%(streams)s::text[], %(many_facts)s::text[], %(seals)s::boolean[]) g (name, facts, sealed)
), next AS (
    INSERT INTO ledger_stream (name, seq) SELECT name, 1 FROM given ORDER BY name
    ON CONFLICT (name) DO UPDATE SET seq = ledger_stream.seq + 1
    RETURNING name, seq
)
{INSERT}
SELECT next.name, next.seq, %(event_verb)s::text, %(event_at)s::timestamptz, %(event_by)s::text,
       %(event_by_id)s::bigint, %(event_by_label)s::text, %(event_unit)s::bigint, given.facts::jsonb, given.sealed
FROM next JOIN given USING (name)
"""  # noqa: S608 - no value in it


def values(
    *,
    stream: str,
    verb: str,
    by: rules.Actor,
    facts: Mapping[str, Any] | None = None,
    seq: int | None = None,
    sealed: bool = False,
) -> dict[str, Any]:
    """The parameters of VALUES for one event, dated `clocks.now()`; `sealed` as for `record`."""
    return {
        "event_stream": stream,
        "event_seq": seq,
        "event_verb": verb,
        "event_at": clocks.now(),
        "event_by": by.kind,
        "event_by_id": by.id,
        "event_by_label": by.label,
        "event_unit": by.unit_id,
        "event_facts": json.dumps(rules.facts(facts or {}), ensure_ascii=False),
        "event_sealed": sealed,
    }


def record(
    *,
    stream: str,
    verb: str,
    by: rules.Actor,
    facts: Mapping[str, Any] | None = None,
    seq: int | None = None,
    sealed: bool = False,
) -> None:
    """Write one event, dated `clocks.now()`, by one INSERT.

    With `seq` the caller vouches for the number: it holds the row lock of its own aggregate and keeps the counter.
    Without, the next number of the stream is taken; the stream's row stays locked until the transaction ends, so two
    writers never leave a gap or share a number. A `sealed` event is told to those only who may read its stream's owner:
    the auditor's log leaves it out.
    """
    event = values(stream=stream, verb=verb, by=by, facts=facts, seq=seq, sealed=sealed)
    _run(_RECORD_NEXT if seq is None else _RECORD, event)


def record_many(
    *, verb: str, by: rules.Actor, facts: Mapping[str, Mapping[str, Any]], sealed: Sequence[str] = ()
) -> None:
    """One event for each stream (`facts` by stream), all of one act, by one INSERT; numbered as `record` does it.

    The streams' rows are locked in the order of their names, so that two batches never wait for each other. Those
    named in `sealed` get sealed events.
    """
    event = values(stream="", verb=verb, by=by)
    event["streams"] = list(facts)
    event["many_facts"] = [json.dumps(rules.facts(row), ensure_ascii=False) for row in facts.values()]
    hidden = frozenset(sealed)
    event["seals"] = [stream in hidden for stream in facts]
    _run(_RECORD_MANY, event)


def _run(statement: str, event: Mapping[str, Any]) -> None:
    """One of the statements above, kept planned: every change of the house runs one."""
    text, names = _NUMBERED[statement]
    statements.run(text, [event[name] for name in names])


_NUMBERED = {statement: statements.numbered(statement) for statement in (_RECORD, _RECORD_NEXT, _RECORD_MANY)}
