"""Doors of the looks: preferences, the accessibility statement, the refused form, the style guide."""

from http import HTTPStatus
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from minxin.ui import context, samples

_YEAR = 365 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Theme and elder mode, kept in two cookies of the reader's own browser for a year; then back where one was."""
    if request.method != "POST":
        return render(request, "ui/preferences.html", {"next": _local(request, request.GET.get("next"))})
    response = HttpResponseRedirect(_local(request, request.POST.get("next")))
    theme, elder = request.POST.get("theme"), request.POST.get("elder")
    if theme in context.THEMES:
        _remember(response, context.THEME_COOKIE, "" if theme == "auto" else theme, request)
    if elder in {"0", "1"}:
        _remember(response, context.ELDER_COOKIE, "1" if elder == "1" else "", request)
    return response


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What the site does for readers who see, hear or move differently, and whom to tell when it fails them."""
    return render(request, "ui/accessibility.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came too late or from elsewhere: nothing was saved, and everything typed is given back.

    Sending it again with one click is offered only when it came from a page of this very host: otherwise a stranger's
    page could prepare the form and leave the click to the reader.
    """
    typed = [
        (key, value) for key in request.POST for value in request.POST.getlist(key) if key != "csrfmiddlewaretoken"
    ]
    secret = any("password" in key for key, _value in typed)
    files = [file.name for key in request.FILES for file in request.FILES.getlist(key)]
    facts = {
        "typed": [(key, value) for key, value in typed if value.strip() and "password" not in key],
        "resend": typed if typed and not secret and not files and _from_here(request) else [],
        "files": files,
        "action": request.get_full_path(),
        "cookies_off": reason == REASON_NO_CSRF_COOKIE,
    }
    return render(request, "ui/refused_form.html", facts, status=HTTPStatus.FORBIDDEN)


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Every part of the public's pages on one page: for people who build them."""
    return render(request, "ui/style.html", samples.public())


@require_safe
def style_desk(request: HttpRequest) -> HttpResponse:
    """The three panes of the desk with sample rows: for people who build it."""
    return render(request, "ui/style_desk.html", samples.desk())


def _local(request: HttpRequest, address: str | None) -> str:
    """The address when it is on this host, otherwise the front page: a preference is no way out of the house."""
    safe = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if address and safe else "/"


def _from_here(request: HttpRequest) -> bool:
    """Whether the browser says the form stood on a page of this host."""
    source = urlsplit(request.headers.get("Origin") or request.headers.get("Referer") or "")
    return source.netloc == request.get_host() and source.scheme == request.scheme


def _remember(response: HttpResponse, name: str, value: str, request: HttpRequest) -> None:
    if value:
        response.set_cookie(name, value, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    else:
        response.delete_cookie(name, samesite="Lax")
