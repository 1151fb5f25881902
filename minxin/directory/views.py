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
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minxin.directory import forms, reports, rules
from minxin.directory.actions import appointments, imports, people, sign_in, tokens, units
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


# --- units

# What a page offers: the noun in its address, the act it needs the right to, its words, its form, its action.
_Acts = dict[str, tuple[str, str | Promise, Callable[..., Form], Callable[[str, Officer, dict[str, Any]], Any]]]
_UNIT_ACTS: _Acts = {
    "line": (
        "edit_line",
        gettext_lazy("编辑专线"),
        forms.LineForm,
        lambda code, by, facts: units.edit_line(code=code, by=by, **facts),
    ),
    "posts": (
        "open_post",
        gettext_lazy("增设岗位"),
        forms.PostForm,
        lambda code, by, facts: units.open_post(unit=code, by=by, **facts),
    ),
    "children": (
        "open_unit",
        gettext_lazy("新增下级单位"),
        forms.UnitForm,
        lambda code, by, facts: units.open_unit(parent=code, by=by, **facts),
    ),
    "name": (
        "rename_unit",
        gettext_lazy("更改名称"),
        forms.RenameForm,
        lambda code, by, facts: units.rename_unit(code=code, by=by, **facts),
    ),
    "place": (
        "move_unit",
        gettext_lazy("调整上级"),
        forms.MoveForm,
        lambda code, by, facts: units.move_unit(code=code, by=by, **facts),
    ),
    "closing": (
        "close_unit",
        gettext_lazy("关闭单位"),
        Form,
        lambda code, by, facts: units.close_unit(code=code, by=by),
    ),
}


@desk_view()
@require_safe
def unit_list(request: DeskRequest) -> HttpResponse:
    """The tree of units this officer may see; `q` searches it."""
    q = request.GET.get("q", "")[:100]
    return render(request, "directory/units.html", {"units": reports.units_seen(request.officer, q=q), "q": q})


@desk_view()
@require_safe
def unit_detail(request: DeskRequest, code: str) -> HttpResponse:
    """One unit: posts, people, line, what is below, and the acts open to this officer."""
    return _unit_page(request, code)


@desk_view()
@require_POST
def unit_act(request: DeskRequest, code: str, noun: str) -> HttpResponse:
    """Do one act on the unit; refused, the page comes back with everything typed and the reason."""
    if noun not in _UNIT_ACTS:
        raise Absent
    reports.unit_page(code, by=request.officer)
    _act, _title, form_class, action = _UNIT_ACTS[noun]
    form = _unit_form(form_class, code, request.POST)
    if _done(form, lambda facts: action(code, request.officer, facts)):
        messages.success(request, _("已保存。"))
        return redirect("directory_unit", code=code)
    return _unit_page(request, code, {noun: form})


def _unit_form(form_class: Callable[..., Form], code: str, data: Any = None, initial: Any = None) -> Form:
    posts = [(post.id, post.label) for post in reports.posts(reports.unit(code).id)]
    extra = {"posts": posts} if form_class is forms.LineForm else {}
    return form_class(data, initial=initial, **extra)


def _unit_page(request: DeskRequest, code: str, bound: dict[str, Form] | None = None) -> HttpResponse:
    page = reports.unit_page(code, by=request.officer)
    line = page.line
    before = {
        "line": line
        and {"duty_phone": line.duty_phone, "hours": line.hours, "about": line.about, "answers_by": line.answers_by_id},
        "name": {"name": page.unit.name, "short_name": page.unit.short_name},
    }
    acts = [
        (
            noun,
            title,
            (bound or {}).get(noun) or _unit_form(form, code, initial=before.get(noun)),
            noun in (bound or {}),
        )
        for noun, (act, title, form, _action) in _UNIT_ACTS.items()
        if act in page.acts
    ]
    return render(request, "directory/unit.html", {"page": page, "acts": acts}, status=_status(bound))


# --- people

_PERSON_ACTS: _Acts = {
    "appointments": (
        "appoint",
        gettext_lazy("任职"),
        forms.AppointForm,
        lambda username, by, facts: appointments.appoint(person=username, by=by, **facts),
    ),
    "hand-over": (
        "hand_over",
        gettext_lazy("离任交接"),
        forms.HandOverForm,
        lambda username, by, facts: appointments.hand_over(person=username, by=by, **facts),
    ),
    "password": (
        "reset_password",
        gettext_lazy("重置密码"),
        Form,
        lambda username, by, facts: people.reset_password(username=username, by=by),
    ),
    "tokens": (
        "issue_token",
        gettext_lazy("签发接口令牌"),
        Form,
        lambda username, by, facts: tokens.issue_token(person=username, by=by),
    ),
    "closing": (
        "deactivate_person",
        gettext_lazy("停用账号"),
        Form,
        lambda username, by, facts: people.deactivate_person(username=username, by=by),
    ),
}


@desk_view(*rules.ADMINS)
@require_http_methods(["GET", "HEAD", "POST"])
def person_list(request: DeskRequest) -> HttpResponse:
    """Accounts this officer may see; POST makes one."""
    form = forms.PersonForm(request.POST if request.method == "POST" else None)
    made: list[people.Account] = []
    if form.is_bound and _done(form, lambda facts: made.append(people.create_person(by=request.officer, **facts))):
        return _secret(request, made[0].username, _("初始密码"), made[0].password)
    q, after = request.GET.get("q", "")[:100], request.GET.get("after", "")[:60]
    facts = {
        "people": reports.people(request.officer, q=q, after=after),
        "q": q,
        "form": form if request.officer.has(*rules.may("create_person")) else None,
        "size": reports.PAGE,
    }
    return render(request, "directory/people.html", facts, status=422 if form.is_bound else 200)


@desk_view(*rules.ADMINS)
@require_safe
def person_detail(request: DeskRequest, username: str) -> HttpResponse:
    """One account: its appointments, tokens, and the acts open to this officer."""
    return _person_page(request, username)


@desk_view(*rules.ADMINS)
@require_POST
def person_act(request: DeskRequest, username: str, noun: str) -> HttpResponse:
    """Do one act on the account; a password or token made by it is shown once, on a page of its own."""
    if noun not in _PERSON_ACTS:
        raise Absent
    page = reports.person_page(username, by=request.officer)
    _act, _title, form_class, action = _PERSON_ACTS[noun]
    form, results = _person_form(form_class, page, request.POST), []
    if not _done(form, lambda facts: results.append(action(username, request.officer, facts))):
        return _person_page(request, username, {noun: form})
    if isinstance(results[0], people.Account):
        return _secret(request, username, _("初始密码"), results[0].password)
    if isinstance(results[0], str):
        return _secret(request, username, _("接口令牌"), results[0])
    messages.success(request, _("已保存。"))
    return redirect("directory_person", username=username)


@desk_view(*rules.ADMINS)
@require_POST
def appointment_end(request: DeskRequest, username: str, key: int) -> HttpResponse:
    """End one appointment today."""
    reports.person_page(username, by=request.officer)
    appointments.end_appointment(appointment=key, by=request.officer)
    messages.success(request, _("任职已结束。"))
    return redirect("directory_person", username=username)


@desk_view(*rules.ADMINS)
@require_POST
def token_revocation(request: DeskRequest, username: str, key: int) -> HttpResponse:
    """Revoke one token."""
    reports.person_page(username, by=request.officer)
    tokens.revoke_token(token=key, by=request.officer)
    messages.success(request, _("令牌已作废，最迟三十秒后处处失效。"))
    return redirect("directory_person", username=username)


def _person_form(form_class: Callable[..., Form], page: reports.PersonPage, data: Any = None) -> Form:
    posts = [(post.id, post.label) for post in reports.posts(page.row.unit.id)]
    extra = {"posts": posts} if form_class is forms.AppointForm else {}
    return form_class(data, **extra)


def _person_page(request: DeskRequest, username: str, bound: dict[str, Form] | None = None) -> HttpResponse:
    page = reports.person_page(username, by=request.officer)
    acts = [
        (noun, title, (bound or {}).get(noun) or _person_form(form, page), noun in (bound or {}))
        for noun, (act, title, form, _action) in _PERSON_ACTS.items()
        if act in page.acts
    ]
    return render(request, "directory/person.html", {"page": page, "acts": acts}, status=_status(bound))


def _secret(request: HttpRequest, username: str, what: str, secret: str) -> HttpResponse:
    """A password or token, shown once and kept by no cache."""
    response = render(request, "directory/secret.html", {"username": username, "what": what, "secret": secret})
    response["Cache-Control"] = "no-store"
    return response


# --- import


@desk_view(*rules.may("import_directory"), *rules.may("import_people"))
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: DeskRequest) -> HttpResponse:
    """Check a file, or check it and import it all: the report row by row either way."""
    form = forms.ImportForm(request.POST, request.FILES) if request.method == "POST" else forms.ImportForm()
    done: list[imports.Imported] = []
    dry = "import" not in request.POST
    if form.is_valid():
        _refused_into(form, lambda: done.append(imports.import_directory(rows=form.rows, by=request.officer, dry=dry)))
    result = done[0] if done else None
    status = 422 if form.errors or (result and result.findings) else 200
    response = render(request, "directory/import.html", {"form": form, "result": result, "dry": dry}, status=status)
    response["Cache-Control"] = "no-store"
    return response


@desk_view(*rules.may("import_directory"), *rules.may("import_people"))
@require_safe
def import_template(request: DeskRequest) -> HttpResponse:
    """The file to fill in."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    headers = {"Content-Disposition": 'attachment; filename="directory.xlsx"'}
    return HttpResponse(forms.template(), content_type=kind, headers=headers)


# --- forms and actions


def _done(form: Form, act: Callable[[dict[str, Any]], Any]) -> bool:
    """Whether the form was in shape and its action went through; a refusal becomes an error of the form."""
    return form.is_valid() and _refused_into(form, lambda: act(form.cleaned_data))


def _refused_into(form: Form, act: Callable[[], Any]) -> bool:
    try:
        act()
    except Refused as refusal:
        if isinstance(refusal, Absent) or refusal.code in {"not_allowed", "forbidden"}:
            raise  # not about what was typed: the house answers it
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
        return False
    return True


def _status(bound: dict[str, Form] | None) -> int:
    return 422 if bound else 200
