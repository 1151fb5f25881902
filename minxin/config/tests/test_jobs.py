"""The job worker knows every job of the house."""

import re
from pathlib import Path

from django.conf import settings
from procrastinate.contrib.django import app

MINXIN = Path(__file__).parents[2]


def test_every_module_with_jobs_is_imported_by_the_worker():
    holding = {
        ".".join(("minxin", *path.relative_to(MINXIN).with_suffix("").parts))
        for path in MINXIN.rglob("*.py")
        if re.search(r"^@app\.task", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert holding == set(settings.PROCRASTINATE_IMPORT_PATHS)


def test_the_periodic_jobs_are_registered():
    app.perform_import_paths()
    names = {task for task, _id in app.periodic_registry.periodic_tasks}
    assert {"cases.watch_clocks", "cases.regrade", "cases.sweep", "cases.follow_calendar"} <= names
