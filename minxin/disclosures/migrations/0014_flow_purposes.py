"""Totals of the city by one heading alone, so that its page by function adds a hundred totals, not all purposes.

The fold groups once for all grains (grouping sets) instead of writing every change as often as there are grains.
"""

from django.db import migrations, models

COLUMNS = "year, measure, unit_id, month, function, economic, fund, payee_kind, fen, count"
SETS = """
    (unit_id, month, function, economic, fund), (unit_id, function, economic, fund), (unit_id, month), (unit_id),
    (month, function, economic, fund), (function, economic, fund), (month), (function), (economic), (fund),
    (month, function), (month, economic), (month, fund)
"""
FOLD = f"""
CREATE OR REPLACE FUNCTION disclosures_flow_fold() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('disclosures_flow'));
    WITH gone AS (DELETE FROM disclosures_flowdelta RETURNING {COLUMNS}),
    grains AS (
        SELECT CASE grouping(unit_id, month, function, economic, fund)
               WHEN 0 THEN 0 WHEN 8 THEN 1 WHEN 7 THEN 2 WHEN 15 THEN 3 WHEN 16 THEN 4 WHEN 24 THEN 5 WHEN 23 THEN 6
               WHEN 27 THEN 7 WHEN 29 THEN 8 WHEN 30 THEN 9 WHEN 19 THEN 10 WHEN 21 THEN 11 WHEN 22 THEN 12 END AS grain,
               year, measure, coalesce(unit_id, 0) AS unit_id, coalesce(month, 0) AS month,
               coalesce(function, '') AS function, coalesce(economic, '') AS economic, coalesce(fund, '') AS fund,
               payee_kind, sum(fen)::bigint AS fen, sum(count)::bigint AS count
        FROM gone GROUP BY year, measure, payee_kind, GROUPING SETS ({SETS})
    )
    INSERT INTO disclosures_flow AS f (grain, {COLUMNS})
    SELECT grain, {COLUMNS} FROM grains WHERE fen <> 0 OR count <> 0
    ON CONFLICT ON CONSTRAINT flow_once DO UPDATE SET fen = f.fen + excluded.fen, count = f.count + excluded.count;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END $$
"""
GRAINS = [
    (0, "单位、月份、用途"), (1, "单位、用途"), (2, "单位、月份"), (3, "单位"), (4, "月份、用途"), (5, "用途"), (6, "月份"),
    (7, "功能科目"), (8, "经济科目"), (9, "资金性质"), (10, "月份、功能科目"), (11, "月份、经济科目"), (12, "月份、资金性质"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0013_limits_told")]
    operations = [
        migrations.AlterField("flow", "grain", models.PositiveSmallIntegerField(choices=GRAINS)),
        migrations.RunSQL([FOLD, "SELECT disclosures_flow_rebuild()"], migrations.RunSQL.noop),
    ]
