"""What a bureau's published initial budget holds that has no line yet: for the act that opens lines, and before it."""

UNOPENED = """
SELECT a.unit_id, a.function, a.economic, a.project, a.fund, u.section, u.withheld, sum(a.amount_fen)::bigint AS fen,
       coalesce(d.unit_id, u.unit_id) AS department_id, u.code
FROM disclosures_appropriation a
JOIN disclosures_budgetunit u ON u.unit_id = a.unit_id AND u.finance_id = %(finance)s
LEFT JOIN disclosures_budgetunit d ON d.id = u.department_id
WHERE a.fiscal_year = %(year)s AND a.version = 'initial' AND a.recorded_to IS NULL
AND NOT EXISTS (
    SELECT 1 FROM disclosures_budgetline l
    WHERE l.year = %(year)s AND l.unit_id = a.unit_id AND l.function = a.function AND l.economic = a.economic
    AND l.project = a.project AND l.fund = a.fund AND l.formed_year = %(year)s
)
GROUP BY u.code, d.unit_id, u.unit_id, 1, 2, 3, 4, 5, 6, 7 HAVING sum(a.amount_fen) > 0
"""
