"""Fixtures of the tests of cases. Imports of the house wait until Django is set up."""

from collections.abc import Iterator

import pytest


@pytest.fixture
def monday() -> Iterator[None]:
    """It is the Monday morning that the walks of the core begin on."""
    from minxin.cases.tests import walk
    from minxin.kernel import clocks

    with clocks.at(walk.START):
        yield
