"""Running totals for the public's pages, kept by triggers: see models/tally.py."""

from django.db import migrations, models

MEASURES = """
CREATE FUNCTION cases_tally_measures(lane text, stage text, answered_at timestamptz, rating int, stars int)
RETURNS TABLE (measure text, n bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT v.measure, v.n FROM (VALUES
        ('received', 1::bigint),
        ('closed', (stage = 'closed')::int::bigint),
        ('answered', (answered_at IS NOT NULL)::int::bigint),
        ('rated', (rating IS NOT NULL)::int::bigint),
        ('satisfied', coalesce((rating >= 3)::int, 0)::bigint),
        ('five', coalesce((rating = 5)::int, 0)::bigint),
        ('starred', (stars IS NOT NULL)::int::bigint),
        ('stars', coalesce(stars, 0)::bigint)
    ) AS v (measure, n) WHERE lane <> 'sealed' AND v.n <> 0
$$
"""
MONTH = """
CREATE FUNCTION cases_tally_month(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT date_trunc('month', at AT TIME ZONE 'Asia/Shanghai')::date
$$
"""
CASE = """
CREATE FUNCTION cases_tally_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO cases_tallydelta (measure, month, unit_id, n)
        SELECT m.measure, cases_tally_month(NEW.filed_at), u.id, m.n
        FROM cases_tally_measures(NEW.lane, NEW.stage, NEW.answered_at, NEW.final_rating, NEW.stars) m
        CROSS JOIN LATERAL (SELECT 0 AS id UNION ALL SELECT NEW.lead_id WHERE NEW.lead_id IS NOT NULL) u;
        RETURN NULL;
    END IF;
    INSERT INTO cases_tallydelta (measure, month, unit_id, n)
    SELECT d.measure, cases_tally_month(NEW.filed_at), d.unit_id, sum(d.n)
    FROM (
        SELECT m.measure, u.id AS unit_id, m.n
        FROM cases_tally_measures(NEW.lane, NEW.stage, NEW.answered_at, NEW.final_rating, NEW.stars) m
        CROSS JOIN LATERAL (SELECT 0 AS id UNION ALL SELECT NEW.lead_id WHERE NEW.lead_id IS NOT NULL) u
        UNION ALL
        SELECT m.measure, u.id, -m.n
        FROM cases_tally_measures(OLD.lane, OLD.stage, OLD.answered_at, OLD.final_rating, OLD.stars) m
        CROSS JOIN LATERAL (SELECT 0 AS id UNION ALL SELECT OLD.lead_id WHERE OLD.lead_id IS NOT NULL) u
    ) d GROUP BY d.measure, d.unit_id HAVING sum(d.n) <> 0;
    IF (OLD.lane = 'sealed') <> (NEW.lane = 'sealed') THEN
        INSERT INTO cases_tallydelta (measure, month, unit_id, n)
        SELECT r.measure, r.month, r.unit_id, CASE WHEN NEW.lane = 'sealed' THEN -r.n ELSE r.n END
        FROM cases_money w CROSS JOIN LATERAL cases_tally_money_rows(w.kind, w.amount_fen, w."on", w.unit_id) r
        WHERE w.case_id = NEW.id;
    END IF;
    RETURN NULL;
END $$
"""
MONEY_ROWS = """
CREATE FUNCTION cases_tally_money_rows(kind text, fen bigint, paid date, unit bigint)
RETURNS TABLE (measure text, month date, unit_id bigint, n bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT v.measure, date_trunc('month', paid)::date, u.id, v.n
    FROM (VALUES ('fen_' || kind, fen), ('items_' || kind, 1::bigint)) AS v (measure, n)
    CROSS JOIN (VALUES (0::bigint), (unit)) AS u (id)
$$
"""
MONEY = """
CREATE FUNCTION cases_tally_money() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND (SELECT lane FROM cases_case WHERE id = OLD.case_id) <> 'sealed' THEN
        INSERT INTO cases_tallydelta (measure, month, unit_id, n)
        SELECT r.measure, r.month, r.unit_id, -r.n
        FROM cases_tally_money_rows(OLD.kind, OLD.amount_fen, OLD."on", OLD.unit_id) r;
    END IF;
    IF TG_OP <> 'DELETE' AND (SELECT lane FROM cases_case WHERE id = NEW.case_id) <> 'sealed' THEN
        INSERT INTO cases_tallydelta (measure, month, unit_id, n)
        SELECT r.measure, r.month, r.unit_id, r.n
        FROM cases_tally_money_rows(NEW.kind, NEW.amount_fen, NEW."on", NEW.unit_id) r;
    END IF;
    RETURN NULL;
END $$
"""
REBUILD = """
CREATE FUNCTION cases_tally_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE cases_case, cases_money IN SHARE MODE;
    DELETE FROM cases_tallydelta;
    DELETE FROM cases_tally;
    INSERT INTO cases_tally (measure, month, unit_id, n)
    SELECT m.measure, cases_tally_month(c.filed_at), u.id, sum(m.n)
    FROM cases_case c
    CROSS JOIN LATERAL cases_tally_measures(c.lane, c.stage, c.answered_at, c.final_rating, c.stars) m
    CROSS JOIN LATERAL (SELECT 0 AS id UNION ALL SELECT c.lead_id WHERE c.lead_id IS NOT NULL) u
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT r.measure, r.month, r.unit_id, sum(r.n)
    FROM cases_money w JOIN cases_case c ON c.id = w.case_id AND c.lane <> 'sealed'
    CROSS JOIN LATERAL cases_tally_money_rows(w.kind, w.amount_fen, w."on", w.unit_id) r
    GROUP BY 1, 2, 3;
END $$
"""
TRIGGERS = (
    "CREATE TRIGGER cases_tally_filed AFTER INSERT ON cases_case FOR EACH ROW EXECUTE FUNCTION cases_tally_case()",
    "CREATE TRIGGER cases_tally_moved AFTER UPDATE OF lane, stage, lead_id, answered_at, final_rating, stars"
    " ON cases_case FOR EACH ROW EXECUTE FUNCTION cases_tally_case()",
    "CREATE TRIGGER cases_tally_paid AFTER INSERT OR UPDATE OR DELETE ON cases_money"
    " FOR EACH ROW EXECUTE FUNCTION cases_tally_money()",
    "SELECT cases_tally_rebuild()",
)
UNDO = (
    "DROP TRIGGER cases_tally_paid ON cases_money",
    "DROP TRIGGER cases_tally_moved ON cases_case",
    "DROP TRIGGER cases_tally_filed ON cases_case",
    "DROP FUNCTION cases_tally_rebuild, cases_tally_money, cases_tally_case, cases_tally_money_rows",
    "DROP FUNCTION cases_tally_month, cases_tally_measures",
)


def _table(name, *more):
    return migrations.CreateModel(
        name=name,
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("measure", models.CharField(max_length=24)),
            ("month", models.DateField()),
            ("unit_id", models.BigIntegerField()),
            ("n", models.BigIntegerField()),
        ],
        options={"constraints": list(more)} if more else {},
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_categories")]
    operations = [
        _table("Tally", models.UniqueConstraint(fields=("unit_id", "month", "measure"), name="tally_once")),
        _table("TallyDelta"),
        migrations.RunSQL([MEASURES, MONTH, MONEY_ROWS, CASE, MONEY, REBUILD, *TRIGGERS], list(UNDO)),
    ]
