"""A pytest plugin for the root conftest: `pytest_plugins = ["minxin.directory.tests.fixtures"]`.

The imports wait until Django is set up: plugins are loaded before.
"""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from minxin.directory.tests.cast import Cast


@pytest.fixture(scope="session")
def _cast(django_db_setup: None, django_db_blocker: Any) -> "Cast":
    """Made and committed once per session: a second saved in every test.

    The connection is closed behind it. While a browser's loop runs in this thread Django keeps another one for it, and
    the first, left open here, would be ended by the next copy of the database without anybody noticing.
    """
    from django.db import connection

    from minxin.directory.tests.cast import make_cast

    with django_db_blocker.unblock():
        made = make_cast()
        connection.close()
    return made


@pytest.fixture
def cast(_cast: "Cast", db: None) -> "Cast":
    """The fixed cast of units and officers."""
    return _cast


@pytest.fixture
def bare(db: None) -> None:
    """An empty directory, with its regions only, and an empty ledger: whatever the session has made is out of sight."""
    from django.db import connection

    from minxin.directory import models

    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_unit SET parent_id = NULL, line_parent_id = NULL, answers_by_id = NULL")
        for table in ["token", "appointment", "post", "person", "unit"]:
            cursor.execute(f"DELETE FROM directory_{table}")
        cursor.execute("DELETE FROM ledger_event; DELETE FROM ledger_stream")
    models.changes.tree += 1
    models.changes.tree_block = connection.atomic_blocks[0]
