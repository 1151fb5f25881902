"""Keeping the pipe's running totals small, telling what people were paid, proving every night that all is equal.

See models/flow.py. The triggers on the payments write what changed; nothing here is in the way of a payment.
"""

import json
from collections import defaultdict
from collections.abc import Iterable

from django.db import connection, transaction
from procrastinate.contrib.django import app

from minxin.directory.rules import SYSTEM
from minxin.disclosures.models import FlowDelta, FlowProof
from minxin.disclosures.rules import pipe_public
from minxin.disclosures.rules.codes import Measure
from minxin.disclosures.rules.pipe_public import Block, Cell
from minxin.kernel import clocks
from minxin.ledger import actions as ledger

STREAM = "flows"
BATCH = 2_000
MOST_TOLD = 20  # of the differences of a proof
PERSON = "person"
TOLD = {Measure.PAID: Measure.TOLD, Measure.RETURNED: Measure.TOLD_BACK}


@app.periodic(cron="* * * * *")
@app.task(name="disclosures.fold_flows", queueing_lock="disclosures.fold_flows")
def fold(timestamp: int = 0) -> int:
    """Every minute: fold the changes into the totals; how many totals moved. A reader sees the same sums throughout."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT disclosures_flow_fold()")
        return int(cursor.fetchone()[0])


def rebuild() -> None:
    """Count every total anew from the rows; what was told to the public stays told. Writers wait meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT disclosures_flow_rebuild()")


_UNTOLD = """
WITH changed AS (
    SELECT year, CASE measure WHEN 'paid' THEN 'told' ELSE 'told_back' END AS measure, unit_id, month, function,
           economic, fund, fen, count
    FROM disclosures_flow WHERE grain = 0 AND payee_kind = 'person' AND measure IN ('paid', 'returned')
    UNION ALL SELECT year, measure, unit_id, month, function, economic, fund, -fen, -count FROM disclosures_told
)
SELECT year, measure, unit_id, month, function, economic, fund, sum(fen)::bigint, sum(count)::bigint
FROM changed GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(fen) <> 0 OR sum(count) <> 0
"""
_TELL = """
INSERT INTO disclosures_told AS t (year, measure, unit_id, month, function, economic, fund, fen, count)
VALUES {rows}
ON CONFLICT ON CONSTRAINT told_once DO UPDATE SET fen = t.fen + excluded.fen, count = t.count + excluded.count
"""


@app.periodic(cron="40 17 * * *")  # UTC: 01:40 in Beijing
@app.task(name="disclosures.tell_people", queueing_lock="disclosures.tell_people")
def tell(timestamp: int = 0) -> int:
    """Every night: add to the public's sums what people were paid since, in blocks that hide each of them; how many.

    Once a day and never less than five payments at a time: nobody can tell one payment by looking before and after.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT disclosures_flow_fold()")  # takes the lock of the totals
        cursor.execute(_UNTOLD)
        cells: dict[tuple[int, str], list[Cell]] = defaultdict(list)
        for year, measure, *cell in cursor.fetchall():
            cells[year, measure].append(Cell(*cell))
        blocks = 0
        for (year, measure), untold in cells.items():
            merged = pipe_public.merge(untold, closed=year < clocks.today().year)
            _tell(year, measure, merged.told)
            blocks += len(merged.told)
        cursor.execute("SELECT disclosures_flow_fold()")
    return blocks


def _tell(year: int, measure: str, blocks: Iterable[Block]) -> None:
    labels = [_delta(year, measure, block.label) for block in blocks]
    FlowDelta.objects.bulk_create(labels, batch_size=BATCH)
    cells = [(year, measure, *_values(cell)) for block in blocks for cell in block.cells]
    with connection.cursor() as cursor:
        for at in range(0, len(cells), BATCH):
            rows = cells[at : at + BATCH]
            places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(rows))
            cursor.execute(_TELL.format(rows=places), [value for row in rows for value in row])


def _delta(year: int, measure: str, cell: Cell) -> FlowDelta:
    return FlowDelta(
        year=year, measure=measure, unit_id=cell.unit_id, month=cell.month, function=cell.function,
        economic=cell.economic, fund=cell.fund, payee_kind=PERSON, fen=cell.fen, count=cell.count,
    )  # fmt: skip


def _values(cell: Cell) -> tuple[int | str, ...]:
    return cell.unit_id, cell.month, cell.function, cell.economic, cell.fund, cell.fen, cell.count


_GRAINS = """
    CASE grouping(unit_id, month, function, economic, fund)
    WHEN 0 THEN 0 WHEN 8 THEN 1 WHEN 7 THEN 2 WHEN 15 THEN 3 WHEN 16 THEN 4 WHEN 24 THEN 5 WHEN 23 THEN 6
    WHEN 27 THEN 7 WHEN 29 THEN 8 WHEN 30 THEN 9 WHEN 19 THEN 10 WHEN 21 THEN 11 WHEN 22 THEN 12 END AS grain,
    measure, coalesce(unit_id, 0) AS unit_id, coalesce(month, 0) AS month, coalesce(function, '') AS function,
    coalesce(economic, '') AS economic, coalesce(fund, '') AS fund, payee_kind, sum(fen) AS fen, sum(count) AS count
"""
_SETS = """
    GROUP BY measure, payee_kind, GROUPING SETS (
        (unit_id, month, function, economic, fund), (unit_id, function, economic, fund), (unit_id, month), (unit_id),
        (month, function, economic, fund), (function, economic, fund), (month), (function), (economic), (fund),
        (month, function), (month, economic), (month, fund)
    )
"""
# What a proof compares, in one statement and so at one moment: each grain with the rows counted anew, what was told
# with what was noted as told, every payment with its line, every line's balances with its payments.
_PROVE = f"""
WITH kept AS (
    SELECT grain, measure, unit_id, month, function, economic, fund, payee_kind, fen, count
    FROM disclosures_flow WHERE year = %(year)s
    UNION ALL SELECT {_GRAINS} FROM disclosures_flowdelta WHERE year = %(year)s {_SETS}
),
wanted AS (SELECT {_GRAINS} FROM disclosures_flow_recount(%(year)s) {_SETS}),
both_sides AS (
    SELECT grain, measure, unit_id, month, function, economic, fund, payee_kind,
           coalesce(sum(fen) FILTER (WHERE ours), 0)::bigint AS kept,
           coalesce(sum(fen) FILTER (WHERE NOT ours), 0)::bigint AS counted,
           sum(CASE WHEN ours THEN count ELSE -count END)::bigint AS many
    FROM (
        SELECT true AS ours, * FROM kept WHERE measure NOT IN ('told', 'told_back')
        UNION ALL SELECT false, * FROM wanted
    ) s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),
told AS (
    SELECT 'told', measure, coalesce(sum(fen) FILTER (WHERE ours), 0)::bigint AS kept,
           coalesce(sum(fen) FILTER (WHERE NOT ours), 0)::bigint AS counted
    FROM (
        SELECT true AS ours, measure, fen FROM kept WHERE measure IN ('told', 'told_back') AND grain = 0
        UNION ALL SELECT false, measure, fen FROM disclosures_told WHERE year = %(year)s
    ) s GROUP BY 2
),
paid AS MATERIALIZED (
    SELECT line_id, min(unit_id) AS unit_id, max(unit_id) AS unit_to, min(function) AS function,
           max(function) AS function_to, min(economic) AS economic, max(economic) AS economic_to,
           bool_or(withheld) AS withheld, count(*) AS rows,
           coalesce(sum(amount_fen) FILTER (WHERE stage IN (1, 2, 3)), 0) AS requested,
           coalesce(sum(amount_fen - returned_fen) FILTER (WHERE stage IN (4, 5, 6)), 0) AS paid
    FROM disclosures_payment
    WHERE id >= %(year)s * 1000000000::bigint AND id < (%(year)s + 1) * 1000000000::bigint AND recorded_to IS NULL
    GROUP BY line_id
),
lines AS (
    SELECT p.line_id, coalesce(l.requested_fen + l.paid_fen, 0) AS kept, (p.requested + p.paid)::bigint AS counted
    FROM paid p LEFT JOIN disclosures_budgetline l ON l.id = p.line_id
    WHERE l.id IS NULL OR l.unit_id <> p.unit_id OR l.unit_id <> p.unit_to OR l.function <> p.function
       OR l.function <> p.function_to OR l.economic <> p.economic OR l.economic <> p.economic_to
       OR l.withheld <> p.withheld OR l.requested_fen <> p.requested OR l.paid_fen <> p.paid
    UNION ALL
    SELECT l.id, l.requested_fen + l.paid_fen, 0 FROM disclosures_budgetline l
    WHERE l.year = %(year)s AND (l.requested_fen <> 0 OR l.paid_fen <> 0)
      AND NOT EXISTS (SELECT 1 FROM paid p WHERE p.line_id = l.id)
),
found AS (
    SELECT 'total' AS what, concat_ws(' ', grain, measure, unit_id, month, function, economic, fund, payee_kind) AS key,
           kept, counted
    FROM both_sides WHERE kept <> counted OR many <> 0
    UNION ALL SELECT 'told', measure, kept, counted FROM told WHERE kept <> counted
    UNION ALL SELECT 'line', line_id::text, kept, counted FROM lines
)
SELECT (SELECT coalesce(sum(rows), 0) FROM paid)::bigint, (SELECT count(*) FROM both_sides)::bigint,
       (SELECT count(*) FROM found)::bigint,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('what', what, 'key', key, 'kept', kept, 'counted', counted)), '[]')
        FROM (SELECT * FROM found ORDER BY what, key LIMIT %(most)s) f)
"""  # noqa: S608 - names of our own only
_YEARS = (
    "SELECT DISTINCT year FROM disclosures_flow UNION SELECT DISTINCT year FROM disclosures_flowdelta ORDER BY year"
)


@app.periodic(cron="10 18 * * *")  # UTC: 02:10 in Beijing
@app.task(name="disclosures.prove_flows", queueing_lock="disclosures.prove_flows")
def prove(timestamp: int = 0) -> int:
    """Every night: count all totals anew and compare; how many differ. A difference stays open until a proof agrees.

    Nobody waits for it: one statement sees one moment. Its result is an event, and stands under every page of the pipe.
    """
    with connection.cursor() as cursor:
        cursor.execute(_YEARS)
        years = [int(row[0]) for row in cursor.fetchall()]
    return sum(_prove(year) for year in years)


@transaction.atomic
def _prove(year: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(_PROVE, {"year": year, "most": MOST_TOLD})
        payments, totals, differing, first = cursor.fetchone()
    now = clocks.now()
    if not differing:
        FlowProof.objects.filter(year=year, settled_at=None, differing__gt=0).update(settled_at=now)
    FlowProof.objects.create(
        year=year, at=now, payments=payments, totals=totals, differing=differing, first=_read(first)
    )
    verb = "miss_flows" if differing else "prove_flows"
    facts = {"year": year, "payments": payments, "totals": totals, "differing": differing}
    ledger.record(stream=STREAM, verb=verb, by=SYSTEM, facts=facts)
    return int(differing)


def _read(first: object) -> object:
    return json.loads(first) if isinstance(first, str) else first
