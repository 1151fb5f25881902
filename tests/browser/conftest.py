"""What the browser tests begin with: the open house, and visitors to it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.house import House, shared
from tests.browser.visitors import DESKTOP, PHONE, Visitors


@pytest.fixture(scope="session")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house, open, with its demo. Asked for after the browser: without one nothing needs to be opened."""
    base = tmp_path_factory.getbasetemp()
    folder: Path = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = Path(os.environ.get("BROWSER_HOUSE_DEV", folder / "house"))
    with shared(folder) as opened:
        yield opened


@pytest.fixture(scope="session")
def _sessions() -> dict[str, object]:
    """Cookies of those who have signed in, kept from test to test."""
    return {}


@pytest.fixture
def visitors(browser: Browser, house: House, _sessions: dict[str, object]) -> Iterator[Visitors]:
    """Visitors to the house. At the end none of their pages may have had anything to complain of."""
    come = Visitors(browser, house, _cookies=_sessions)
    yield come
    come.leave()
    assert come.complaints == []


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    """A desk's screen, then a phone's."""
    return int(request.param)
