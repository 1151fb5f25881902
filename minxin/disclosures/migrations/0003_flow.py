"""Running totals of the pipe: statement triggers write deltas, a function folds them, another counts anew.

What is withheld goes into the sum of the finance bureau that keeps it, without function and economic heading: one
disclosed sum (see models/flow.py).
"""

from django.db import migrations

MONTH = """
CREATE FUNCTION disclosures_flow_month(day date, year int) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN extract(year FROM day)::int = year THEN extract(month FROM day)::smallint
                WHEN extract(year FROM day)::int > year THEN 13::smallint ELSE 1::smallint END
$$
"""
COLUMNS = "year, measure, unit_id, month, function, economic, fund, payee_kind, fen, count"
ROWS = """
    SELECT p.year, m.measure, CASE WHEN p.withheld THEN p.finance_id ELSE p.unit_id END AS unit_id,
           disclosures_flow_month(m.day, p.year) AS month,
           CASE WHEN p.withheld THEN '' ELSE p.function END AS function,
           CASE WHEN p.withheld THEN '' ELSE p.economic END AS economic,
           p.fund, p.payee_kind, sum(p.sign * m.fen)::bigint AS fen, sum(p.sign)::bigint AS count
    FROM ({source}) p
    CROSS JOIN LATERAL (VALUES
        ('requested', CASE WHEN p.stage <> 8 THEN p.requested_on END, p.amount_fen),
        ('approved', CASE WHEN p.stage <> 8 THEN p.approved_on END, p.amount_fen),
        ('ordered', p.ordered_on, p.amount_fen),
        ('paid', CASE WHEN p.stage IN (4, 5, 6) THEN p.paid_on END, p.amount_fen),
        ('cleared', p.cleared_on, p.amount_fen),
        ('returned', CASE WHEN p.returned_fen > 0 THEN p.returned_on END, p.returned_fen)
    ) m (measure, day, fen)
    WHERE m.day IS NOT NULL AND p.recorded_to IS NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    HAVING sum(p.sign * m.fen) <> 0 OR sum(p.sign) <> 0
"""
NEW, OLD = "SELECT 1 AS sign, n.* FROM new_rows n", "SELECT -1 AS sign, o.* FROM old_rows o"


def _trigger(act, source):
    tables = " ".join(
        f"{kind} TABLE AS {kind.lower()}_rows" for kind in ("OLD", "NEW") if f"{kind.lower()}_rows" in source
    )
    name = f"disclosures_flow_{act.lower()}"
    return [
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO disclosures_flowdelta ({COLUMNS}) {ROWS.format(source=source)};
            RETURN NULL;
        END $$
        """,
        f"CREATE TRIGGER {name} AFTER {act} ON disclosures_payment REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


FOLD = f"""
CREATE FUNCTION disclosures_flow_fold() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('disclosures_flow'));
    WITH gone AS (DELETE FROM disclosures_flowdelta RETURNING {COLUMNS}),
    grains AS (
        SELECT 0::smallint AS grain, {COLUMNS} FROM gone
        UNION ALL
        SELECT 1, year, measure, unit_id, 0, function, economic, fund, payee_kind, fen, count FROM gone
        UNION ALL
        SELECT 2, year, measure, unit_id, month, '', '', '', '', fen, count FROM gone
    ),
    summed AS (
        SELECT grain, year, measure, unit_id, month, function, economic, fund, payee_kind,
               sum(fen)::bigint AS fen, sum(count)::bigint AS count
        FROM grains GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    )
    INSERT INTO disclosures_flow AS f (grain, {COLUMNS}) SELECT grain, {COLUMNS} FROM summed
    ON CONFLICT ON CONSTRAINT flow_once DO UPDATE SET fen = f.fen + excluded.fen, count = f.count + excluded.count;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END $$
"""
REBUILD = f"""
CREATE FUNCTION disclosures_flow_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE disclosures_payment IN SHARE MODE;
    DELETE FROM disclosures_flow;
    DELETE FROM disclosures_flowdelta;
    INSERT INTO disclosures_flowdelta ({COLUMNS}) {ROWS.format(source="SELECT 1 AS sign, n.* FROM disclosures_payment n")};
    PERFORM disclosures_flow_fold();
END $$
"""
TRIGGERS = [*_trigger("INSERT", NEW), *_trigger("UPDATE", f"{NEW} UNION ALL {OLD}"), *_trigger("DELETE", OLD)]
UNDO = [
    *(f"DROP TRIGGER disclosures_flow_{act} ON disclosures_payment" for act in ("insert", "update", "delete")),
    *(f"DROP FUNCTION disclosures_flow_{act}()" for act in ("insert", "update", "delete", "rebuild", "fold")),
    "DROP FUNCTION disclosures_flow_month(date, int)",
]


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0002_parts")]
    operations = [migrations.RunSQL([MONTH, *TRIGGERS, FOLD, REBUILD], UNDO)]
