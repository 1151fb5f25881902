"""The door to the desk: sign-in, what must be done before work, and the pages of units and people."""

import base64
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory import reports, rules
from minxin.directory.actions import people, sign_in
from minxin.directory.models import Person
from minxin.directory.rules import Officer, Role
from minxin.kernel import clocks, sealing
from minxin.kernel.errors import Absent, Refused
from minxin.ui import words

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


class StaffAdapter(DefaultAccountAdapter):
    """How allauth signs staff in here: no sign-up, no mail, our lock-out, and every sign-in on record."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": gettext_lazy(
            "用户名或密码不正确，请核对后再试。连续失败五次，账号会锁定十五分钟。"
        ),
        "account_inactive": gettext_lazy("该账号已停用，请联系本级网络中心的安全管理员。"),
        "enter_current_password": gettext_lazy("现在的密码不正确，请重新输入。"),
        "incorrect_password": gettext_lazy("密码不正确，请重新输入。"),
        "incorrect_code": gettext_lazy("验证码不正确，请看验证器上的最新数字。"),
        "rate_limited": gettext_lazy("操作过于频繁，请稍等片刻再试。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: accounts are made by security administrators."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt and refuse while locked, the same for names that exist and names that do not."""
        try:
            sign_in.try_sign_in(username=credentials.get("username", ""), address=self.get_client_ip(request))
        except Refused as refusal:
            raise ValidationError(refusal.sentence, code=refusal.code) from refusal

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The person whose name and password these are, or None."""
        person = super().authenticate(request, **credentials)
        if person is not None:
            sign_in.forget_tries(username=credentials.get("username", ""), address=self.get_client_ip(request))
        return person

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign in, put it on record, and tell when the last time was."""
        before = user.last_login
        super().login(request, user)
        sign_in.record_sign_in(person=user.pk, by=reports.officer(user.pk))
        if before:
            messages.info(
                request, _("您上次登录是在 %(when)s。如不是您本人，请立即修改密码。") % {"when": words.moment(before)}
            )
        else:
            messages.info(request, _("欢迎您首次登录。"))

    def clean_password(self, password: str, user: Any = None) -> str:
        """The new password by the rules of settings, and not the present one."""
        if user is not None and user.pk and user.check_password(password):
            raise ValidationError(_("新密码不能与现在的密码相同，请另设一个。"), code="password_same")
        return str(super().clean_password(password, user))

    def set_password(self, user: Any, password: str) -> None:
        """Change the password by its action; `user` is kept in step, so that this session goes on."""
        people.change_password(person=user.pk, password=password, by=reports.officer(user.pk))
        user.refresh_from_db()

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to work."""
        return str(settings.LOGIN_REDIRECT_URL)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """To the sign-in page."""
        return reverse("account_login")

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """None: nobody's address is kept."""


class FactorAdapter(DefaultMFAAdapter):
    """Second factors: their secrets are sealed, and the last one stays while a second factor is demanded."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("验证码不正确，请看验证器上的最新数字。"),
        "add_email_blocked": "",
        "unverified_email": "",
    }

    def encrypt(self, text: str) -> str:
        """The secret under a key of its own, wrapped by the master key."""
        key = sealing.new_key()
        return base64.b64encode(key + sealing.seal(key, text.encode(), "second factor")).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again."""
        data = base64.b64decode(encrypted_text)
        size = len(sealing.new_key())
        return sealing.unseal(data[:size], data[size:], "second factor").decode()

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Not the last one, while a second factor is demanded."""
        if not settings.MINXIN_SECOND_FACTOR or authenticator.type == authenticator.Type.RECOVERY_CODES:
            return True
        others = type(authenticator).objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        return bool(others.exclude(type=authenticator.Type.RECOVERY_CODES).exists())

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """None: nobody's address is kept."""
