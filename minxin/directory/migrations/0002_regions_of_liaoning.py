"""The province, its 14 cities, 100 counties and districts, and the story's town, from seeds/regions.txt."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import migrations

SEED = Path(__file__).parents[1] / "seeds" / "regions.txt"


def read(text: str) -> list[tuple[str, str, str, str | None, str]]:
    """Rows (code, name, level, parent code, note) in the order in which they may be inserted."""
    rows: list[tuple[str, str, str, str | None]] = []
    notes = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("!"):
            _, code, note = line.split(maxsplit=2)
            notes[code] = note
        elif match := re.fullmatch(r"(\d{4}) (\S+): (.+)", line):
            city, name, counties = match.groups()
            rows.append((f"{city}00", name, "city", f"{city[:2]}0000"))
            for county in counties.split(" · "):
                code, name = county.split()
                rows.append((city + code, name, "county", f"{city}00"))
        else:
            code, name = line.split()
            level = "province" if len(code) == 6 else "town"
            rows.append((code, name, level, None if len(code) == 6 else code[:6]))
    return [(*row, notes.get(row[0], "")) for row in rows]


def seed(apps: Any, schema_editor: Any) -> None:
    region = apps.get_model("directory", "Region")
    region.objects.bulk_create(
        region(code=code, name=name, level=level, parent_id=parent, note=note)
        for code, name, level, parent, note in read(SEED.read_text(encoding="utf-8"))
    )
    apps.get_model("directory", "TreeStamp").objects.create(id=1, stamp=uuid4())


def empty(apps: Any, schema_editor: Any) -> None:
    apps.get_model("directory", "TreeStamp").objects.all().delete()
    for level in ["village", "town", "county", "city", "province"]:
        apps.get_model("directory", "Region").objects.filter(level=level).delete()


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_who")]
    operations = [migrations.RunPython(seed, empty)]
