"""What the planner knows of the tables of public money."""

from django.db import connection

_TABLES = (
    *("entry", "submission", "appropriation", "budgetline", "linechange", "allotment"),
    *("request", "approval", "payee", "payment"),
)


def analyse() -> None:
    """Let the planner know how much the transaction under way has written: nobody else can see it before its end.

    For loads of thousands of acts in one transaction, as the demo's; otherwise autovacuum sees to it.
    """
    tables = ", ".join(f"disclosures_{name}" for name in _TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")
