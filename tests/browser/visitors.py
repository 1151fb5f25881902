"""Who looks at the house: browser contexts that hear every complaint of a page, and what may be demanded of it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.browser.house import House, SignIn

DESKTOP, PHONE, NARROWEST = 1280, 390, 320
HEIGHTS = {DESKTOP: 900, PHONE: 844, NARROWEST: 640}
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
_AXE = Axe().axe_script
_LARGEST = 200_000  # bytes of a picture kept beside the code
_EXPECTED = "the server responded with a status of 4"  # Chrome's note about a refusal that a test provoked


@dataclass
class Visitors:
    """Opens browser contexts on one house and remembers what went wrong in any of them."""

    browser: Browser
    house: House
    complaints: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)
    _cookies: dict[str, Any] = field(default_factory=dict)
    _readers: dict[tuple[Any, ...], Page] = field(default_factory=dict)
    _desks: dict[int, Page] = field(default_factory=dict)
    _at_work: dict[int, str] = field(default_factory=dict)

    def page(self, width: int = DESKTOP, *, script: bool = True, elder: bool = False, **options: Any) -> Page:
        """A new page of somebody nobody knows. `elder`, and `color_scheme` among the options, as they have it set."""
        page = self._page(width, script=script, elder=elder, **options)
        self._open.append(page.context)
        return page

    def _page(self, width: int, *, script: bool = True, elder: bool = False, **options: Any) -> Page:
        options.setdefault("viewport", {"width": width, "height": HEIGHTS.get(width, 900)})
        context = self.browser.new_context(
            base_url=self.house.url, locale="zh-CN", java_script_enabled=script, reduced_motion="reduce", **options
        )
        if elder:
            context.add_cookies([{"name": "minxin_elder", "value": "1", "url": self.house.url}])
        context.set_default_timeout(15_000)
        page = context.new_page()
        self._listen(page)
        context.on("page", self._listen)
        return page

    def reader(self, width: int = DESKTOP, **options: Any) -> Page:
        """Somebody nobody knows who only reads: one page for all tests, for a new window costs more than a new page."""
        key = (width, *sorted(options.items()))
        if key not in self._readers:
            self._readers[key] = self._page(width, **options)
        return _sized(self._readers[key], width)

    def desk(self, who: SignIn, width: int = DESKTOP, **options: Any) -> Page:
        """The desk of somebody who has signed in, by the sign-in page the first time."""
        page = self.page(width, **options)
        self._seat(page, who)
        return page

    def at_work(self, who: SignIn, width: int = DESKTOP) -> Page:
        """The desk of this width that all tests share, this officer sitting down at it: whoever sat there has left."""
        page = self._desks[width] = self._desks.get(width) or self._page(width)
        if self._at_work.get(width) != who.username:
            page.context.clear_cookies()
            self._seat(page, who)
            self._at_work[width] = who.username
        return _sized(page, width)

    def _seat(self, page: Page, who: SignIn) -> None:
        if who.username not in self._cookies:
            sign_in(page, who)
            self._cookies[who.username] = page.context.cookies()
        else:
            page.context.add_cookies(self._cookies[who.username])

    def leave(self) -> None:
        """Close what one test has opened; none of it, nor of what is shared, may have had anything to complain of."""
        while self._open:
            self._open.pop().close()
        complaints, self.complaints = self.complaints, []
        assert complaints == []

    def _listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        refused = _EXPECTED in message.text and "/static/" not in str(message.location)
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.house.url, "data:", "blob:")):
            self.complaints.append(f"leaves the house: {request.url}")

    def _failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in str(request.failure):  # a page left before it had loaded
            self.complaints.append(f"failed: {request.url} {request.failure}")


def _sized(page: Page, width: int) -> Page:
    page.set_viewport_size({"width": width, "height": HEIGHTS.get(width, 900)})
    return page


def sign_in(page: Page, who: SignIn) -> None:
    """By the sign-in page, as anybody of the staff."""
    page.goto("/desk/")
    page.get_by_label("用户名").fill(who.username)
    page.get_by_label("密码").fill(who.password)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/desk/**")
    assert "/account/" not in page.url, page.inner_text("main")


def everywhere(page: Page) -> None:
    """The page fits a phone, the narrowest one, half a desk's screen (200 % zoom) and all of it; axe is content.

    It begins and ends on a desk's screen.
    """
    accessible(page)
    for width in (PHONE, NARROWEST, DESKTOP // 2, DESKTOP):
        page.set_viewport_size({"width": width, "height": HEIGHTS.get(width, 450)})
        fits(page)
        if width == PHONE:
            accessible(page)


def readable_in_the_dark(page: Page) -> None:
    """The colours of the page as it stands have their contrast in the dark too; then it is light again."""
    page.emulate_media(color_scheme="dark")
    accessible(page, only=["color-contrast"])
    page.emulate_media(color_scheme="light")


def accessible(page: Page, *, only: Sequence[str] = ()) -> None:
    """axe finds nothing at all on this page; nothing of some rules when they are named."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE)
    options = {"reporter": "no-passes", "selectors": False} | ({"runOnly": list(only)} if only else {})
    found = page.evaluate("(options) => axe.run(options).then((told) => told.violations)", options)
    told = [
        f"{rule['id']}: {rule['help']} — " + " | ".join(node["html"][:160] for node in rule["nodes"][:4])
        for rule in found
    ]
    assert not told, f"{page.url}\n" + "\n".join(told)


def fits(page: Page) -> None:
    """Nothing sticks out sideways: the page scrolls up and down only."""
    wide = page.evaluate(
        """() => {
          const room = document.documentElement.clientWidth, right = (one) => one.getBoundingClientRect().right;
          if (document.documentElement.scrollWidth <= room) return [];
          const out = [...document.querySelectorAll('body *')].filter((one) => right(one) > room + 1);
          return out.slice(0, 6).map((one) => `${one.tagName}.${one.className} ${Math.round(right(one))}`);
        }"""
    )
    assert not wide, f"{page.url} is wider than {page.viewport_size}: {wide}"


def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    """A picture for the README, when MINXIN_SCREENSHOTS=1: small enough to keep beside the code."""
    if os.environ.get("MINXIN_SCREENSHOTS") != "1":
        return
    page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
    page.mouse.move(0, 0)
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture = Image.open(BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    path = IMAGES / f"{name}.png"
    picture.save(path, optimize=True)
    if path.stat().st_size >= _LARGEST:  # 256 colours spread by coverage: the few dots of the lamps keep theirs
        picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
    assert path.stat().st_size < _LARGEST
