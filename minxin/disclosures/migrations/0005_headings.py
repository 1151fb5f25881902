"""The headings of the budget by fiscal year, read from disclosures/seeds: standards 1.3 and 1.4, and the reform of 2007.

The budgets of 2006 are shown by the headings of 2007. The level of a heading is told by the length of its code.
"""

import csv
from pathlib import Path
from typing import Any

from django.db import migrations

SEEDS = Path(__file__).parent.parent / "seeds"
SCHEMES = {
    "function": ("functions.csv", (3, 5, 7)),
    "economic": ("economics.csv", (3, 5)),
    "gov_economic": ("gov_economics.csv", (3, 5)),
    "income": ("incomes.csv", ()),
    "fund": ("funds.csv", ()),
}


def seed(apps: Any, schema_editor: Any) -> None:
    """Plant what is not there yet."""
    heading = apps.get_model("disclosures", "Heading")
    for scheme, (name, lengths) in SCHEMES.items():
        with (SEEDS / name).open(encoding="utf-8", newline="") as file:
            rows = [_heading(heading, scheme, lengths, row) for row in csv.DictReader(file)]
        heading.objects.bulk_create(rows, ignore_conflicts=True)


def _heading(heading: Any, scheme: str, lengths: tuple[int, ...], row: dict[str, str]) -> Any:
    code = row["code"]
    level = lengths.index(len(code)) + 1 if lengths else 1
    return heading(
        scheme=scheme,
        code=code,
        name=row["name"],
        parent=code[: lengths[level - 2]] if level > 1 else "",
        level=level,
        since_year=row["since_year"],
        until_year=row["until_year"] or None,
        explanation=row["explanation"],
    )


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0004_duty_rules")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
