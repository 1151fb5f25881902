"""What every page knows without asking the database: how the reader wants it shown, and where the doors are."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

THEME_COOKIE = "minxin_theme"
ELDER_COOKIE = "minxin_elder"
THEMES = {"auto": _("跟随系统"), "light": _("浅色"), "dark": _("深色")}

# The public's doors: the path when settings.MINXIN_DOORS does not name one, and the words on it.
DOORS = {
    "home": ("/", _("首页")),
    "file": ("/file/", _("我要反映")),
    "track": ("/track/", _("查进度")),
    "cases": ("/cases/", _("公开案例")),
    "units": ("/units/", _("单位")),
    "data": ("/data/", _("开放数据")),
}


@dataclass(frozen=True)
class Door:
    """One entry of the public's navigation: key, words, address, and whether the reader stands in it."""

    key: str
    label: str
    href: str
    here: bool


def page(request: HttpRequest) -> dict[str, Any]:
    """No query. Theme ("light", "dark" or "auto"), elder mode, surface, doors and the names of the house."""
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    return {
        "theme": theme if theme in THEMES else "auto",
        "themes": THEMES,
        "elder": request.COOKIES.get(ELDER_COOKIE) == "1",
        "surface": getattr(request, "surface", "public"),
        "doors": doors(request.path),
        "languages": tuple(settings.LANGUAGES),
        "site_name": getattr(settings, "MINXIN_SITE_NAME", _("民心")),
        "site_line": getattr(settings, "MINXIN_SITE_LINE", _("群众诉求与政务公开")),
        "site_sponsor": getattr(settings, "MINXIN_SITE_SPONSOR", ""),
        "site_operator": getattr(settings, "MINXIN_SITE_OPERATOR", ""),
        "site_phone": getattr(settings, "MINXIN_SITE_PHONE", ""),
        "site_record": getattr(settings, "MINXIN_SITE_RECORD", ""),
    }


def doors(path: str) -> tuple[Door, ...]:
    """The public's navigation; the door whose address is the longest beginning of the path is the current one."""
    hrefs = _hrefs(tuple(getattr(settings, "MINXIN_DOORS", {}).items()))
    inside = [key for key, href in hrefs.items() if path == href or (href != "/" and path.startswith(href))]
    current = max(inside, key=lambda key: len(hrefs[key]), default="")
    return _doors(current, tuple(hrefs.items()), get_language())


@lru_cache(maxsize=8)
def _hrefs(named: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The address of every door, `named` as the settings name it."""
    known = dict(named)
    return {key: _address(known.get(key, default)) for key, (default, _label) in DOORS.items()}


@lru_cache(maxsize=64)
def _doors(current: str, hrefs: tuple[tuple[str, str], ...], _language: str | None) -> tuple[Door, ...]:
    return tuple(Door(key, str(DOORS[key][1]), href, key == current) for key, href in hrefs)


def _address(name_or_path: str) -> str:
    if name_or_path.startswith("/"):
        return name_or_path
    try:
        return reverse(name_or_path)
    except NoReverseMatch:
        return "/"
