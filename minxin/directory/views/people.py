"""Accounts on the desk: the list, one account, and what may be done to it."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minxin.directory import forms, reports, rules
from minxin.directory.actions import appointments, people, tokens
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.kernel.errors import Absent

_ACTS: acts.Acts = {
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
    "factors": (
        "reset_factors",
        gettext_lazy("解除双重验证"),
        Form,
        lambda username, by, facts: people.reset_factors(username=username, by=by),
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
    if form.is_bound and acts.done(form, lambda facts: made.append(people.create_person(by=request.officer, **facts))):
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
    if noun not in _ACTS:
        raise Absent
    page = reports.person_page(username, by=request.officer)
    _act, _title, _form_class, action = _ACTS[noun]
    form, results = _form(noun, page, request.POST), []
    if not acts.done(form, lambda facts: results.append(action(username, request.officer, facts))):
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


def _form(noun: str, page: reports.PersonPage, data: Any = None) -> Form:
    """The form of one act; several stand on one page, so its fields are named after it."""
    form_class, facts = _ACTS[noun][2], {"auto_id": f"id_{noun}_%s"}
    if form_class is not forms.AppointForm:
        return form_class(data, **facts)
    return form_class(data, posts=[(post.id, post.label) for post in reports.posts(page.row.unit.id)], **facts)


def _person_page(request: DeskRequest, username: str, bound: dict[str, Form] | None = None) -> HttpResponse:
    page = reports.person_page(username, by=request.officer)
    offered = [
        (noun, title, (bound or {}).get(noun) or _form(noun, page), noun in (bound or {}))
        for noun, (act, title, _form_class, _action) in _ACTS.items()
        if act in page.acts
    ]
    return render(request, "directory/person.html", {"page": page, "acts": offered}, status=acts.status(bound))


def _secret(request: HttpRequest, username: str, what: str, secret: str) -> HttpResponse:
    """A password or token, shown once and kept by no cache."""
    response = render(request, "directory/secret.html", {"username": username, "what": what, "secret": secret})
    response["Cache-Control"] = "no-store"
    return response
