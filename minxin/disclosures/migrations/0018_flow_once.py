"""What a statement changed is grouped once, by the months of its joints, before it is told joint by joint.

A million rows that come with one statement were multiplied by six measures and then grouped: now some ten thousand
groups are. Months are reckoned without leaving the type of days. Both for the triggers and for the proof of a night.
"""

from django.db import migrations

MONTH = """
CREATE OR REPLACE FUNCTION disclosures_flow_month(day date, year int) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN day < make_date(year, 1, 1) THEN 1::smallint WHEN day > make_date(year, 12, 31) THEN 13::smallint
                ELSE date_part('month', day)::smallint END
$$
"""
COLUMNS = "year, measure, unit_id, month, function, economic, fund, payee_kind, fen, count"
JOINTS = {
    "requested": "CASE WHEN p.stage NOT IN (7, 8) THEN p.requested_on END",
    "approved": "CASE WHEN p.stage NOT IN (7, 8) THEN p.approved_on END",
    "ordered": "CASE WHEN p.stage NOT IN (7, 8) THEN p.ordered_on END",
    "paid": "CASE WHEN p.stage IN (4, 5, 6) THEN p.paid_on END",
    "cleared": "p.cleared_on",
    "returned": "CASE WHEN p.returned_fen > 0 THEN p.returned_on END",
}
DAYS = ", ".join(f"disclosures_flow_month({day}, p.year) AS {joint}" for joint, day in JOINTS.items())
MEASURES = ", ".join(f"('{joint}', g.{joint}, g.{'back' if joint == 'returned' else 'fen'})" for joint in JOINTS)
ROWS = f"""
    SELECT g.year, m.measure, g.unit_id, m.month, g.function, g.economic, g.fund, g.payee_kind,
           sum(m.fen)::bigint AS fen, sum(g.count)::bigint AS count
    FROM (
        SELECT p.year, CASE WHEN p.withheld THEN p.finance_id ELSE p.unit_id END AS unit_id,
               CASE WHEN p.withheld THEN '' ELSE p.function END AS function,
               CASE WHEN p.withheld THEN '' ELSE p.economic END AS economic,
               CASE WHEN p.withheld THEN '' ELSE p.fund END AS fund,
               CASE WHEN p.withheld THEN 'withheld' ELSE p.payee_kind END AS payee_kind, {DAYS},
               sum(p.sign * p.amount_fen) AS fen, sum(p.sign * p.returned_fen) AS back, sum(p.sign) AS count
        FROM ({{source}}) p
        WHERE p.recorded_to IS NULL{{more}}
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    ) g
    CROSS JOIN LATERAL (VALUES {MEASURES}) m (measure, month, fen)
    WHERE m.month IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    HAVING sum(m.fen) <> 0 OR sum(g.count) <> 0
"""
NEW, OLD = "SELECT 1 AS sign, n.* FROM new_rows n", "SELECT -1 AS sign, o.* FROM old_rows o"
ALL = "SELECT 1 AS sign, n.* FROM disclosures_payment n WHERE n.year = only_year"


def _trigger(act, source):
    return f"""
    CREATE OR REPLACE FUNCTION disclosures_flow_{act}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO disclosures_flowdelta ({COLUMNS}) {ROWS.format(source=source, more="")};
        RETURN NULL;
    END $$
    """


RECOUNT = f"""
CREATE OR REPLACE FUNCTION disclosures_flow_recount(only_year int) RETURNS TABLE (
    year smallint, measure text, unit_id bigint, month smallint, function text, economic text, fund text,
    payee_kind text, fen bigint, count bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT year::smallint, measure::text, unit_id, month, function::text, economic::text, fund::text,
                        payee_kind::text, fen, count
                 FROM ({
    ROWS.format(
        source=ALL, more=" AND p.id >= only_year * 1000000000::bigint AND p.id < (only_year + 1) * 1000000000::bigint"
    )
}) counted;
END $$
"""
SQL = [MONTH, _trigger("insert", NEW), _trigger("update", f"{NEW} UNION ALL {OLD}"), _trigger("delete", OLD), RECOUNT]


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0017_importing")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
