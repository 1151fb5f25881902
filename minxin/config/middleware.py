"""What every request passes: health, size, shape, who is calling, which surface, and the headers of the answer."""

import ipaddress
import re
from collections.abc import Callable
from functools import cache

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port, validate_host
from django.utils.translation import gettext as _

from minxin.config import refusals
from minxin.kernel import errors

Handler = Callable[[HttpRequest], HttpResponse]

_DESK = re.compile(r"/desk(/|$)|/api/v1/desk(/|$)")
_SHARED = re.compile(r"/(static|preferences|accessibility|i18n)/|/robots\.txt$|/api/v1/(docs|openapi\.json)$")
_NULL = re.compile(r"%00", re.IGNORECASE)
_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


def health(get_response: Handler) -> Handler:
    """`/healthz`: this process serves. `/readyz`: it also reaches its database. Before any host or session is asked."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path == "/readyz":
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            except refusals.DATABASE_DOWN:
                refusals.refresh_pool()
                return HttpResponse("database\n", status=503, content_type="text/plain")
            return HttpResponse("ok\n", content_type="text/plain")
        return get_response(request)

    return handle


class Gate:
    """Refuses what is too big or malformed, finds the caller's address and the surface, and dresses the answer.

    A class only because Django hands a view's exceptions to a method of that name.
    """

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META["REMOTE_ADDR"] = _caller(request)
        request.surface = "desk" if request.path.startswith("/desk/") else "public"  # type: ignore[attr-defined]
        response = _malformed(request) or _elsewhere(request) or self._get_response(request)
        return _dress(request, response)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal raised through a view becomes its page; the database's absence is 503; the rest is Django's."""
        if isinstance(exception, errors.Refused):
            return refusals.answer(request, *refusals.read_fault(exception))
        if isinstance(exception, refusals.DATABASE_DOWN):
            refusals.logger.error("database away: %s", exception)
            refusals.refresh_pool()
            return refusals.answer(request, *refusals.read_fault(exception))
        return None


def policies(get_response: Handler) -> Handler:
    """The Content-Security-Policy of each surface, written by django-csp and kept: no page has one of its own."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not (settings.DEBUG and response.status_code in {404, 500}):  # Django's debug pages have styles inside
            response.headers.setdefault(HEADER, _policy(desk=bool(_DESK.match(request.path))))
        return response

    return handle


@cache
def _policy(*, desk: bool) -> str:
    return build_policy(settings.MINXIN_DESK_CSP if desk else None)


def sessions(get_response: Handler) -> Handler:
    """Sessions, people and messages exist on the desk only: the public's pages set no session and know nobody."""
    desk: Handler = SessionMiddleware(AuthenticationMiddleware(MessageMiddleware(get_response)))  # type: ignore[assignment]

    def handle(request: HttpRequest) -> HttpResponse:
        return desk(request) if request.surface == "desk" else get_response(request)  # type: ignore[attr-defined]

    return handle


def _caller(request: HttpRequest) -> str:
    """The caller's address: the peer, or what the outermost of our own proxies saw (MINXIN_TRUSTED_PROXIES of them)."""
    peer = request.META.get("REMOTE_ADDR", "")
    seen = [part.strip() for part in request.META.pop("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    proxies = settings.MINXIN_TRUSTED_PROXIES
    if not proxies or len(seen) < proxies:
        return str(peer)
    try:
        return str(ipaddress.ip_address(seen[-proxies].strip("[]")))
    except ValueError:
        return str(peer)


def _malformed(request: HttpRequest) -> HttpResponse | None:
    if "\x00" in request.path_info or _NULL.search(request.META.get("QUERY_STRING", "")):
        return refusals.answer(request, 400, "malformed", refusals.sentence_of(400))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > settings.MINXIN_REQUEST_LIMIT:
        most = settings.MINXIN_REQUEST_LIMIT // (1024 * 1024)
        sentence = _("一次最多提交 {most} MB，您提交的内容超过了这个大小，请减少附件后再试。").format(most=most)
        return refusals.answer(request, 413, "too_large", sentence)
    return None


def _elsewhere(request: HttpRequest) -> HttpResponse | None:
    """A surface that is not served here, or not under this host name, does not exist."""
    desk, shared = bool(_DESK.match(request.path)), bool(_SHARED.match(request.path))
    host, _port = split_domain_port(request.get_host())
    at_public = "public" in settings.MINXIN_SURFACES and _named(host, settings.MINXIN_PUBLIC_HOSTS)
    at_desk = "desk" in settings.MINXIN_SURFACES and _named(host, settings.MINXIN_DESK_HOSTS)
    if (desk and at_desk) or (not desk and at_public) or (shared and (at_desk or at_public)):
        return None
    if request.path == "/" and at_desk:
        return HttpResponseRedirect("/desk/")
    return refusals.answer(request, 404, "absent", refusals.sentence_of(404))


def _named(host: str, names: list[str]) -> bool:
    return not names or validate_host(host, names)


def _dress(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Headers of the surface; and no answer of the API is a page, whoever made it."""
    if (
        request.path.startswith("/api/")
        and response.status_code >= 400
        and "json" not in response.get("Content-Type", "")
    ):
        allow = response.get("Allow")
        response = refusals.answer(request, response.status_code, "failed", refusals.sentence_of(response.status_code))
        if allow:
            response["Allow"] = allow
    response.headers.setdefault("Permissions-Policy", _POLICY)
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if _DESK.match(request.path):
        response.headers.setdefault("Cache-Control", "no-store, private")
        response.headers.setdefault("X-Robots-Tag", "noindex")
    return response
