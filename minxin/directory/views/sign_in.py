"""How staff sign in: allauth's two adapters, with our lock-out, our records and sealed secrets."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory import reports
from minxin.directory.actions import people, sign_in
from minxin.kernel import sealing
from minxin.kernel.errors import Refused
from minxin.ui import words


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
