"""What the browser tests begin with: a browser, the open house, and visitors to it.

All of it is closed behind the last test of this folder: playwright's loop, which runs in this thread, disturbs nobody.
"""

import json
import os
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from minxin.directory.rules import Officer
from tests.browser.house import House, shared
from tests.browser.steps import Receipt
from tests.browser.visitors import DESKTOP, PHONE, Visitors

ROOT = Path(__file__).resolve().parents[2]
# Chromium draws an address bar for every window, with two pages of its own in it that nobody sees: a third of the work
# of opening a window. The last list of features outweighs playwright's, so what matters of that one stands here again.
UNSEEN = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup"]
QUIET = ["HttpsUpgrades", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding"]
OFF = ",".join([*UNSEEN, *QUIET, "AvoidUnnecessaryBeforeUnloadCheckSync", "LensOverlay", "PreconnectToSearch"])
SWITCHES = ["--no-sandbox", "--lang=zh-CN", f"--disable-features={OFF}"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium. MINXIN_NO_BROWSER=1 skips what asks for it, loudly.

    Playwright's loop runs in this thread for as long as the browser is open, though no query of ours is ever in it:
    Django, which looks for a loop only, is told so exactly that long.
    """
    if os.environ.get("MINXIN_NO_BROWSER") == "1":
        pytest.skip("MINXIN_NO_BROWSER=1")
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=_chromium(), args=SWITCHES)
        yield chromium
        chromium.close()


def _chromium() -> str:
    """The program that `make test` found (scripts/browser.sh), or one on PATH."""
    note = ROOT / "var" / "browser"
    names = [os.environ.get("MINXIN_CHROMIUM", ""), note.read_text().strip() if note.exists() else ""]
    for name in [*names, "chromium", "chromium-browser", "google-chrome"]:
        if name and (path := shutil.which(name)):
            return path
    pytest.fail("没有浏览器：先执行 make test，或 sh scripts/browser.sh · no browser: run sh scripts/browser.sh")


@pytest.fixture(scope="package")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house, open, with its demo. Asked for after the browser: without one nothing needs to be opened."""
    base = tmp_path_factory.getbasetemp()
    folder: Path = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared(folder / "house") as opened:
        yield opened


@pytest.fixture(scope="package")
def _visitors(browser: Browser, house: House) -> Visitors:
    """Whoever comes to the house; what they share is kept from test to test."""
    return Visitors(browser, house)


@pytest.fixture
def visitors(_visitors: Visitors) -> Iterator[Visitors]:
    """Visitors to the house. At the end none of their pages may have had anything to complain of."""
    yield _visitors
    _visitors.leave()


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


@pytest.fixture(scope="package")
def filed(house: House) -> Receipt:
    """A case that has just come in, by the API, as a newcomer's curl would file it."""
    return _filed(house)


@pytest.fixture(scope="package")
def another(house: House) -> Receipt:
    """A second one."""
    return _filed(house)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    """A desk's screen, then a phone's."""
    return int(request.param)


@pytest.fixture
def seated(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """The desk of an officer of a test's own house, already signed in."""
    from minxin.directory.models import Person

    contexts = []

    def enter(officer: Officer, **options: Any) -> Page:
        client = Client()
        client.force_login(Person.objects.get(pk=officer.id))
        context = browser.new_context(
            viewport={"width": DESKTOP, "height": 900}, locale="zh-CN", base_url=live_server.url, **options
        )
        context.set_default_timeout(15_000)
        context.add_cookies(
            [{"name": key, "value": one.value, "url": live_server.url} for key, one in client.cookies.items()]
        )
        contexts.append(context)
        return context.new_page()

    yield enter
    for context in contexts:
        context.close()
