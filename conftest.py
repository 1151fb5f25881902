"""The tests' own PostgreSQL: an embedded server beside the developer's, tuned for data thrown away."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["minxin.directory.tests.fixtures"]

VAR = Path(os.environ.get("MINXIN_TEST_VAR", Path(__file__).parent / "var" / "test")).absolute()
VAR.mkdir(parents=True, exist_ok=True)

# Only what a test says counts, whatever the developer's shell has set; a server to test against may be given.
for name in [name for name in os.environ if name.startswith("MINXIN_")]:
    if name not in {"MINXIN_TEST_VAR", "MINXIN_DATABASE_URL", "MINXIN_NO_BROWSER"}:
        del os.environ[name]
os.environ |= {"MINXIN_VAR": str(VAR), "MINXIN_SECOND_FACTOR": "0"}

from minxin.config import database  # noqa: E402 - after the environment is clean

database.attach(VAR / "postgres", settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})

# Named here and not in pyproject.toml: pytest-django would read the settings before the database has an address.
os.environ["DJANGO_SETTINGS_MODULE"] = "minxin.config.settings"


def pytest_configure(config: pytest.Config) -> None:
    """Static files are served from their sources: nothing is collected for a test."""
    from django.conf import settings

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
