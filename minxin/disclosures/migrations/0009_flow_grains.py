"""A total for every choice of unit, month and purpose; what people were paid as far as it is told; nightly proofs.

Beside the grains: payments that failed or were refused are on no joint (their money is the line's again); what is
withheld has a payee kind of its own, so that a finance bureau's own payments stay apart from it.
"""

from django.db import migrations, models
from django.db.models import Q

COLUMNS = "year, measure, unit_id, month, function, economic, fund, payee_kind, fen, count"
ROWS = """
    SELECT p.year, m.measure, CASE WHEN p.withheld THEN p.finance_id ELSE p.unit_id END AS unit_id,
           disclosures_flow_month(m.day, p.year) AS month,
           CASE WHEN p.withheld THEN '' ELSE p.function END AS function,
           CASE WHEN p.withheld THEN '' ELSE p.economic END AS economic,
           CASE WHEN p.withheld THEN '' ELSE p.fund END AS fund,
           CASE WHEN p.withheld THEN 'withheld' ELSE p.payee_kind END AS payee_kind,
           sum(p.sign * m.fen)::bigint AS fen, sum(p.sign)::bigint AS count
    FROM ({source}) p
    CROSS JOIN LATERAL (VALUES
        ('requested', CASE WHEN p.stage NOT IN (7, 8) THEN p.requested_on END, p.amount_fen),
        ('approved', CASE WHEN p.stage NOT IN (7, 8) THEN p.approved_on END, p.amount_fen),
        ('ordered', CASE WHEN p.stage NOT IN (7, 8) THEN p.ordered_on END, p.amount_fen),
        ('paid', CASE WHEN p.stage IN (4, 5, 6) THEN p.paid_on END, p.amount_fen),
        ('cleared', p.cleared_on, p.amount_fen),
        ('returned', CASE WHEN p.returned_fen > 0 THEN p.returned_on END, p.returned_fen)
    ) m (measure, day, fen)
    WHERE m.day IS NOT NULL AND p.recorded_to IS NULL{more}
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    HAVING sum(p.sign * m.fen) <> 0 OR sum(p.sign) <> 0
"""
NEW, OLD = "SELECT 1 AS sign, n.* FROM new_rows n", "SELECT -1 AS sign, o.* FROM old_rows o"
ALL = "SELECT 1 AS sign, n.* FROM disclosures_payment n WHERE n.year = only_year"
TOLD = "'told', 'told_back'"


def _trigger(act, source):
    return f"""
    CREATE OR REPLACE FUNCTION disclosures_flow_{act}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO disclosures_flowdelta ({COLUMNS}) {ROWS.format(source=source, more="")};
        RETURN NULL;
    END $$
    """


RECOUNT = f"""
CREATE FUNCTION disclosures_flow_recount(only_year int) RETURNS TABLE (
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
FOLD = f"""
CREATE OR REPLACE FUNCTION disclosures_flow_fold() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('disclosures_flow'));
    WITH gone AS (DELETE FROM disclosures_flowdelta RETURNING {COLUMNS}),
    summed AS MATERIALIZED (
        SELECT {COLUMNS.replace("fen, count", "sum(fen)::bigint AS fen, sum(count)::bigint AS count")}
        FROM gone GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ),
    grains AS (
        SELECT g.grain::smallint AS grain, year, measure,
               CASE WHEN g.who THEN unit_id ELSE 0 END AS unit_id,
               CASE WHEN g.whenever THEN month ELSE 0 END::smallint AS month,
               CASE WHEN g.what THEN function ELSE '' END AS function,
               CASE WHEN g.what THEN economic ELSE '' END AS economic,
               CASE WHEN g.what THEN fund ELSE '' END AS fund,
               payee_kind, sum(fen)::bigint AS fen, sum(count)::bigint AS count
        FROM summed
        CROSS JOIN (VALUES (0, true, true, true), (1, true, false, true), (2, true, true, false),
                           (3, true, false, false), (4, false, true, true), (5, false, false, true),
                           (6, false, true, false)) g (grain, who, whenever, what)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    )
    INSERT INTO disclosures_flow AS f (grain, {COLUMNS})
    SELECT grain, {COLUMNS} FROM grains WHERE fen <> 0 OR count <> 0
    ON CONFLICT ON CONSTRAINT flow_once DO UPDATE SET fen = f.fen + excluded.fen, count = f.count + excluded.count;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END $$
"""
REBUILD = f"""
CREATE OR REPLACE FUNCTION disclosures_flow_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE disclosures_payment IN SHARE MODE;
    PERFORM disclosures_flow_fold();
    INSERT INTO disclosures_flowdelta ({COLUMNS})
    SELECT {COLUMNS} FROM disclosures_flow WHERE measure IN ({TOLD}) AND grain = 0;
    DELETE FROM disclosures_flow;
    INSERT INTO disclosures_flowdelta ({COLUMNS})
    SELECT {", ".join(f"r.{name}" for name in COLUMNS.split(", "))}
    FROM (SELECT DISTINCT year FROM disclosures_payment) y CROSS JOIN LATERAL disclosures_flow_recount(y.year) r;
    PERFORM disclosures_flow_fold();
END $$
"""
SQL = [
    _trigger("insert", NEW),
    _trigger("update", f"{NEW} UNION ALL {OLD}"),
    _trigger("delete", OLD),
    RECOUNT,
    FOLD,
    REBUILD,
    "SELECT disclosures_flow_rebuild()",
]
GRAINS = [
    (0, "单位、月份、用途"),
    (1, "单位、用途"),
    (2, "单位、月份"),
    (3, "单位"),
    (4, "月份、用途"),
    (5, "用途"),
    (6, "月份"),
]
MEASURES = [
    ("requested", "已申请"), ("approved", "已审核"), ("ordered", "已开凭证"), ("paid", "已支付"), ("cleared", "已清算"),
    ("returned", "已退回"), ("told", "付给个人，合并公开"), ("told_back", "个人退回，合并公开"),
]  # fmt: skip
KEY = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0008_settling")]
    operations = [
        migrations.AlterField("flow", "grain", models.PositiveSmallIntegerField(choices=GRAINS)),
        migrations.AlterField("flow", "measure", models.CharField(choices=MEASURES, max_length=10)),
        migrations.CreateModel(
            "FlowProof",
            [
                KEY,
                ("year", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("payments", models.BigIntegerField()),
                ("totals", models.BigIntegerField()),
                ("differing", models.BigIntegerField()),
                ("first", models.JSONField(default=list)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
            ],
            {
                "indexes": [models.Index(fields=["year", "-at"], name="proof_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("differing__gt", 0), ("first", []), _connector="OR"),
                        name="proof_without_difference_is_empty",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "Told",
            [
                KEY,
                ("year", models.PositiveSmallIntegerField()),
                ("measure", models.CharField(choices=MEASURES, max_length=10)),
                ("unit_id", models.BigIntegerField()),
                ("month", models.PositiveSmallIntegerField()),
                ("function", models.CharField(max_length=7)),
                ("economic", models.CharField(max_length=5)),
                ("fund", models.CharField(max_length=8)),
                ("fen", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
            ],
            {
                "constraints": [
                    models.UniqueConstraint(
                        fields=["year", "measure", "unit_id", "month", "function", "economic", "fund"],
                        name="told_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(("measure__in", ["told", "told_back"])), name="told_measure_known"
                    ),
                ]
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
