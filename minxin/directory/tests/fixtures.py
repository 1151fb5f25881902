"""A pytest plugin for the root conftest: `pytest_plugins = ["minxin.directory.tests.fixtures"]`."""

import pytest

from minxin.directory.tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast of units and officers, in the test's own transaction."""
    return make_cast()
