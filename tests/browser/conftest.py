"""What the browser tests begin with: the open house, and visitors to it."""

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.house import House, shared
from tests.browser.steps import Receipt
from tests.browser.visitors import DESKTOP, PHONE, Visitors


@pytest.fixture(scope="session")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house, open, with its demo. Asked for after the browser: without one nothing needs to be opened."""
    base = tmp_path_factory.getbasetemp()
    folder: Path = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared(folder / "house") as opened:
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


def _filed(house: House) -> Receipt:
    body = {
        "kind": "complaint",
        "title": "窗口多收了手续费",
        "text": "办证时窗口多收了 20 元手续费，没有给收据。",
        "region": "211421",
        "contact": {"name": "某人", "phone": "13800001234"},
    }
    request = urllib.request.Request(f"{house.url}/api/v1/cases", json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        told = json.loads(answer.read())
    return Receipt(told["ref"], told["code"], house.centre)


@pytest.fixture(scope="session")
def filed(house: House) -> Receipt:
    """A case that has just come in, by the API, as a newcomer's curl would file it."""
    return _filed(house)


@pytest.fixture(scope="session")
def another(house: House) -> Receipt:
    """A second one."""
    return _filed(house)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    """A desk's screen, then a phone's."""
    return int(request.param)
