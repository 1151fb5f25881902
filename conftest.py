"""The tests' own PostgreSQL: an embedded server beside the developer's, tuned for data thrown away."""

import os
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["minxin.directory.tests.fixtures"]

VAR = Path(os.environ.get("MINXIN_TEST_VAR", Path(__file__).parent / "var" / "test")).absolute()
VAR.mkdir(parents=True, exist_ok=True)

# Only what a test says counts, whatever the developer's shell has set; a server to test against may be given.
for name in [name for name in os.environ if name.startswith("MINXIN_")]:
    if name not in {
        "MINXIN_TEST_VAR",
        "MINXIN_DATABASE_URL",
        "MINXIN_NO_BROWSER",
        "MINXIN_CHROMIUM",
        "MINXIN_SCREENSHOTS",
    }:
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
    _keep_seeds()


def _keep_seeds() -> None:
    """A test with real commits empties every table afterwards; what the migrations planted is planted again."""
    from django.apps import apps
    from django.test import TransactionTestCase

    empty = TransactionTestCase._fixture_teardown

    def empty_and_plant(case: TransactionTestCase) -> None:
        empty(case)
        for module, act in SEEDS.items():
            getattr(import_module(module), act)(apps, None)

    TransactionTestCase._fixture_teardown = empty_and_plant


SEEDS = {
    "minxin.kernel.migrations.0002_calendar_seed": "seed",
    "minxin.directory.migrations.0002_regions_of_liaoning": "seed",
    "minxin.cases.migrations.0003_limits": "plant",
    "minxin.cases.migrations.0004_categories": "plant",
}


hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """What a process keeps in memory outlives a rolled-back test: read it anew in each."""
    from minxin.cases.models import snapshot
    from minxin.kernel import reports

    snapshot.forget()
    reports.forget()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A headless Chromium (playwright's `Browser`). MINXIN_NO_BROWSER=1 skips what asks for it, loudly."""
    if os.environ.get("MINXIN_NO_BROWSER") == "1":
        pytest.skip("MINXIN_NO_BROWSER=1")
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright's loop runs in this thread; our queries are not in it
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", "--lang=zh-CN"])
        yield chromium
        chromium.close()


def _chromium() -> str:
    """The program that `make test` found (scripts/browser.sh), or one on PATH."""
    note = Path(__file__).parent / "var" / "browser"
    names = [os.environ.get("MINXIN_CHROMIUM", ""), note.read_text().strip() if note.exists() else ""]
    for name in [*names, "chromium", "chromium-browser", "google-chrome"]:
        if name and (path := shutil.which(name)):
            return path
    pytest.fail("没有浏览器：先执行 make test，或 sh scripts/browser.sh · no browser: run sh scripts/browser.sh")
