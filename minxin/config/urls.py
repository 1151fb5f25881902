"""Which address leads to which door. Each app brings two lists, `public` and `desk`; here they get their surface.

Names are global (no namespaces), so both lists of an app may use them. The public's addresses can always be reversed,
for a desk page links to them; whether this process answers them is the gate's decision. The desk's exist only where
the desk is served.
"""

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_safe

from minxin.config import refusals
from minxin.config.api import api
from minxin.kernel import errors

Doors = list[URLPattern | URLResolver]


def _doors(surface: str) -> Doors:
    """The addresses of one surface, of every app of ours that has doors."""
    modules = [f"{app}.urls" for app in settings.INSTALLED_APPS if app.startswith("minxin.")]
    return [door for name in modules if find_spec(name) for door in getattr(import_module(name), surface)]


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may read what is public and need not look at the rest."""
    closed = ["/desk/", "/api/", "/track"] if "public" in settings.MINXIN_SURFACES else ["/"]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def closed(request: HttpRequest, _rest: str) -> HttpResponse:
    """Accounts are made by the administrator and there is no mail: no sign-up, no addresses, no reset by mail."""
    raise errors.Absent


urlpatterns: Doors = [
    path("robots.txt", robots),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", api.urls),
    *_doors("public"),
]
if "desk" in settings.MINXIN_SURFACES:
    urlpatterns += [
        re_path(r"^desk/account/(signup|email|confirm-email|password/reset|password/set)\b.*", closed),
        path("desk/account/", include("allauth.urls")),
        path("desk/", include(_doors("desk"))),
    ]

handler400 = refusals.bad_request
handler403 = refusals.forbidden
handler404 = refusals.not_found
handler500 = refusals.failed
