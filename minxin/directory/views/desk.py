"""The guard of the desk: who may open a page, and what must be done before work."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from minxin.directory import reports, rules
from minxin.directory.models import Person
from minxin.directory.rules import Officer, Role
from minxin.kernel import clocks
from minxin.kernel.errors import Absent

IDLE_MARK_SECONDS = 60  # a session's thirty minutes are counted anew at most this often: not a write per request


class DeskRequest(HttpRequest):
    """A request that has passed `desk_view`: `officer` is who works here, through today's duties."""

    officer: Officer
    user: Person


# A decorator's inside: what other rooms write is `def view(request: DeskRequest, ref: str) -> HttpResponse`.
DeskView = Callable[..., HttpResponse]


def desk_view(*roles: Role) -> Callable[[DeskView], DeskView]:
    """A page of the desk, for those who hold one of `roles` (for anybody signed in when none is given).

    In this order: signed in and active; password not due; second factor where it is enforced; role. To others the page
    does not exist. Costs one query for the duties beside those of session and person.
    """

    def decorate(view: DeskView) -> DeskView:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _elsewhere(request, redirect_to_login(request.get_full_path()).url)
            errand = _errand(request, request.user)
            if errand:
                return _elsewhere(request, errand)
            try:
                officer = reports.officer(request.user.pk)
            except Absent:
                logout(request)
                return _elsewhere(request, redirect_to_login(request.get_full_path()).url)
            if roles and not officer.has(*roles):
                raise Absent
            _mark_active(request)
            request.officer = officer  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def _errand(request: HttpRequest, person: Person) -> str | None:
    """Where somebody signed in must go first: to a new password, or to a second factor."""
    if rules.password_due(person.password_changed_at, clocks.now()):
        messages.warning(request, _("您的密码是他人代设的，或已使用满 90 天，请先设置新密码。"))
        return reverse("account_change_password")
    if settings.MINXIN_SECOND_FACTOR and not request.session.get("factor"):
        if not is_mfa_enabled(person):
            messages.warning(request, _("本系统要求双重验证，请先绑定验证器或安全密钥。"))
            return reverse("mfa_index")
        request.session["factor"] = True  # asked once per session: allauth demanded the factor itself at sign-in
    return None


def _elsewhere(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect of the whole page, also when only a fragment was asked for."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _mark_active(request: HttpRequest) -> None:
    """Keep the session for another thirty minutes (GB/T 22239-2019 8.1.4.1); left alone, it ends by itself."""
    now = int(clocks.now().timestamp())
    if not 0 <= now - request.session.get("active", 0) < IDLE_MARK_SECONDS:
        request.session["active"] = now
