"""The checks of the broker, read from disclosures/seeds/check_rules.toml."""

import tomllib
from pathlib import Path
from typing import Any

from django.db import migrations

SEED = Path(__file__).parent.parent / "seeds" / "check_rules.toml"


def seed(apps: Any, schema_editor: Any) -> None:
    """Plant what is not there yet; a rule's words and query are those of the release."""
    rule = apps.get_model("disclosures", "CheckRule")
    rows = [rule(**row) for row in tomllib.loads(SEED.read_text(encoding="utf-8"))["rules"]]
    changing = ["template", "sheet", "column", "severity", "quality", "message", "expression", "basis"]
    rule.objects.bulk_create(rows, update_conflicts=True, unique_fields=["code", "valid_from"], update_fields=changing)


class Migration(migrations.Migration):
    dependencies = [("disclosures", "0009_flow_grains")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
