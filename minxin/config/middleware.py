"""What every request passes: which surface it is on, and what that surface needs."""

from collections.abc import Callable

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def surface(get_response: Handler) -> Handler:
    """Sessions, people and messages exist on the desk only: the public's pages set no session and know nobody."""
    desk = SessionMiddleware(AuthenticationMiddleware(MessageMiddleware(get_response)))

    def handle(request: HttpRequest) -> HttpResponse:
        request.surface = "desk" if request.path.startswith("/desk/") else "public"  # type: ignore[attr-defined]
        return desk(request) if request.surface == "desk" else get_response(request)  # type: ignore[attr-defined]

    return handle
