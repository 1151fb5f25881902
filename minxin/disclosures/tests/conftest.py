"""Fixtures of the glass counter's tests."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from minxin.directory.tests.cast import Cast
    from minxin.disclosures.tests.cast import Money


@pytest.fixture
def money(cast: "Cast") -> "Money":
    """The house's cast and the glass counter's."""
    from minxin.disclosures.tests.cast import make_money

    return make_money(cast.units["city_finance"], cast.officers)
