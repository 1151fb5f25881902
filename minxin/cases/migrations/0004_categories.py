"""The category tree to begin with (seeds/categories.csv) and the words that point to it (seeds/keywords.csv).

Three levels by code length; each row may be closed and replaced at the desk.
"""

import csv
from datetime import date
from pathlib import Path
from typing import Any

from django.db import migrations

SEEDS = Path(__file__).parent.parent / "seeds"
SINCE = date(2004, 5, 21)
BASIS = "民心网诉求分类（初始）"


def plant(apps: Any, schema_editor: Any) -> None:
    category, keyword = apps.get_model("cases", "Category"), apps.get_model("cases", "KeywordRow")
    with (SEEDS / "categories.csv").open(encoding="utf-8") as file:
        category.objects.bulk_create(category(valid_from=SINCE, basis=BASIS, **row) for row in csv.DictReader(file))
    with (SEEDS / "keywords.csv").open(encoding="utf-8") as file:
        keyword.objects.bulk_create(keyword(**row) for row in csv.DictReader(file))


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_limits")]
    operations = [migrations.RunPython(plant, migrations.RunPython.noop)]
