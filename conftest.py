"""The tests' own PostgreSQL: an embedded server beside the developer's, tuned for data thrown away."""

import contextlib
import fcntl
import gc
import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["minxin.directory.tests.fixtures"]

ROOT = Path(__file__).parent
VAR = Path(os.environ.get("MINXIN_TEST_VAR", ROOT / "var" / "test")).absolute()
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
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """A database for this process alone: a copy of one with every migration, kept until a migration changes."""
    with django_db_blocker.unblock(), contextlib.ExitStack() as stack:
        with (VAR / "migrated.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stack.enter_context(_copy(_migrated(), f"{BEGINNING}{os.getpid()}"))
        yield


BEGINNING = "test_minxin_"


def _migrated() -> str:
    """The name of the database with every migration; made when it is missing, and what is left of others removed."""
    from django.db import connection

    sources = [ROOT / "uv.lock", ROOT / "minxin" / "config" / "settings.py"]
    for folder in ("migrations", "seeds"):
        sources += sorted(path for path in ROOT.glob(f"minxin/*/{folder}/**/*") if path.suffix not in {"", ".pyc"})
    digest = hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in sources)).hexdigest()
    name, half = f"{BEGINNING}migrated_{digest[:16]}", f"{BEGINNING}half"
    there = _run("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [BEGINNING])
    for other in there - {name}:
        owner = other.removeprefix(BEGINNING).partition("_")[0]
        if owner in {"migrated", "half"} or (owner.isdecimal() and not psutil.pid_exists(int(owner))):
            _run(f'DROP DATABASE IF EXISTS "{other}" WITH (FORCE)')
    if name not in there:
        connection.settings_dict["TEST"]["NAME"] = half
        before = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.settings_dict["NAME"] = before
        _run(f'ALTER DATABASE "{half}" RENAME TO "{name}"')
    return name


@pytest.fixture(scope="session")
def apart(django_db_setup: None, django_db_blocker: Any) -> Callable[[str], contextlib.AbstractContextManager[None]]:
    """`with apart("name"):` this process works on a copy of its database; what is committed there is gone behind it."""

    @contextlib.contextmanager
    def enter(name: str) -> Iterator[None]:
        from django.db import connection

        with contextlib.ExitStack() as stack:
            with django_db_blocker.unblock():
                source = connection.settings_dict["NAME"]
                stack.enter_context(_copy(source, f"{source}_{name}"))
            yield
            with django_db_blocker.unblock():
                stack.close()

    return enter


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What a module's own fixtures write behind this one stands in each of its tests, and is gone behind the last.

    One transaction around all of them: nothing for a module that has tests with real commits.
    """
    from django.db import transaction

    _forget()
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
    _forget_units()


@contextlib.contextmanager
def _copy(source: str, copy: str) -> Iterator[None]:
    """This process works on a copy of a database. Whoever is still connected to either is sent away."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    _run("SELECT pg_terminate_backend(pid, 5000)::text FROM pg_stat_activity WHERE datname = %s", [source])
    _run(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
    _run(f'CREATE DATABASE "{copy}" TEMPLATE "{source}"')
    connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        _run(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
        connection.settings_dict["NAME"] = before
        _forget_units()


def _run(statement: str, parameters: Sequence[str] = ()) -> set[str]:
    """A statement about whole databases, said from outside all of them; the first column of its answer."""
    from django.db import connection

    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return {row[0] for row in cursor.fetchall()} if cursor.description else set()


def _forget_units() -> None:
    """What this process has seen of the directory is gone."""
    from minxin.directory import models

    models.changes.tree += 1


def _give_real_commits_a_copy() -> None:
    """A test with real commits has a database of its own: nothing is emptied and planted again behind it."""
    from django.test import TransactionTestCase

    def begin(cls: type[TransactionTestCase]) -> None:
        from django.db import connection

        name = connection.settings_dict["NAME"]
        cls.copy = contextlib.ExitStack()
        cls.copy.enter_context(_copy(name, f"{name}_commits"))

    def end(case: TransactionTestCase) -> None:
        case.copy.close()

    TransactionTestCase._fixture_setup = classmethod(begin)
    TransactionTestCase._fixture_teardown = end


# What takes longest begins first, so that no worker ends alone. One worker does all that needs the browser.
BROWSER = "tests/browser"
LONGEST = [
    BROWSER,
    "minxin/portal/tests/test_demo.py",
    "minxin/cases/tests/test_any_life.py",
    "minxin/config/tests/test_up.py",
]


class Files(LoadScopeScheduling):
    """Hands out whole files, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Our own way to share `--dist loadfile` among the workers."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Files(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; within a file pytest-django has put those with real commits last."""

    def place(item: pytest.Item) -> int:
        starts = [rank for rank, name in enumerate(LONGEST) if item.nodeid.startswith(name)]
        return starts[0] if starts else len(LONGEST)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What the house is made of is no garbage: the collector passes it by, and looks for new circles less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """What a process keeps in memory outlives a rolled-back test: read it anew in each."""
    _forget()


def _forget() -> None:
    from minxin.cases.models import snapshot
    from minxin.kernel import reports

    snapshot.forget()
    reports.forget()
