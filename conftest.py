"""The tests' own PostgreSQL: an embedded server beside the developer's, tuned for data thrown away."""

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["minxin.directory.tests.fixtures"]

VAR = Path(os.environ.get("MINXIN_TEST_VAR", Path(__file__).parent / "var" / "test")).absolute()
VAR.mkdir(parents=True, exist_ok=True)

# Tests start some sixty Pythons, workers and servers: each module is compiled by the first of them, not by every one.
sys.dont_write_bytecode, sys.pycache_prefix = False, str(VAR / "bytecode")
os.environ |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": sys.pycache_prefix}

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
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    _give_real_commits_a_copy()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A database for this process: a copy of one with every migration, made once for all workers."""
    from django.db import connection

    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    folder = tmp_path_factory.getbasetemp().parent if worker else tmp_path_factory.getbasetemp()
    migrated = connection.settings_dict["TEST"]["NAME"]
    with django_db_blocker.unblock():
        with (folder / "migrated.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "migrated").exists():
                connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
                (folder / "migrated").touch()
        with _copy(migrated, f"{migrated}_{worker or 'alone'}"):
            yield


@contextlib.contextmanager
def _copy(source: str, copy: str) -> Iterator[None]:
    """This process works on a copy of a database. Whoever is still connected to either is sent away."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    _run(
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{source}'",  # noqa: S608
        f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)',
        f'CREATE DATABASE "{copy}" TEMPLATE "{source}"',
    )
    connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        _run(f'DROP DATABASE "{copy}" WITH (FORCE)')
        connection.settings_dict["NAME"] = before


def _run(*statements: str) -> None:
    """Statements about whole databases, said from outside all of them."""
    from django.db import connection

    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _give_real_commits_a_copy() -> None:
    """A test with real commits has a database of its own: nothing is emptied and planted again behind it."""
    from django.test import TransactionTestCase

    def begin(cls: type[TransactionTestCase]) -> None:
        from django.db import connection

        name = connection.settings_dict["NAME"]
        cls.copy = contextlib.ExitStack()
        cls.copy.enter_context(_copy(name, f"{name}_commits"))

    def end(case: TransactionTestCase) -> None:
        from minxin.directory import models

        case.copy.close()
        models.changes.tree += 1  # what this process has seen there is gone

    TransactionTestCase._fixture_setup = classmethod(begin)
    TransactionTestCase._fixture_teardown = end


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
