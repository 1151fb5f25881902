"""我要反映: one question a page, every answer carried by the page itself, nothing kept here before it is filed."""

import ipaddress
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import psycopg_pool
from django import forms as django_forms
from django.conf import settings
from django.core import signing
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from minxin.cases.actions import filing, following, proof, tray
from minxin.cases.forms import public as forms
from minxin.cases.reports import following as receipts
from minxin.cases.reports import public, question
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Upload
from minxin.directory.rules import CITIZEN
from minxin.kernel import limits
from minxin.kernel.errors import Absent, Refused

DATABASE_DOWN = (OperationalError, InterfaceError, psycopg_pool.PoolTimeout)
RECEIPT_COOKIE, RECEIPT_SECONDS = "minxin_receipt", 30 * 60
_SALT = "minxin.receipt"
_RETRY_SECONDS = "10"
logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest, forms.Sheet, str], HttpResponse]


@require_http_methods(["GET", "HEAD", "POST"])
def file(request: HttpRequest) -> HttpResponse:
    """The page of one question; or the next one, or the receipt. Nothing is lost, whatever fails."""
    if request.method != "POST":
        return _page(request, forms.blank(request.GET))
    try:
        return _step(request)
    except DATABASE_DOWN as fault:
        logger.error("database away while filing: %s", fault)  # noqa: TRY400  the trace would hold what was written
        _revive()
        return _not_filed(request)


@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """The receipt of what this browser filed within the last half hour; as often as it is loaded."""
    try:
        case_id = signing.loads(request.COOKIES.get(RECEIPT_COOKIE, ""), salt=_SALT, max_age=RECEIPT_SECONDS)
        facts = receipts.receipt(int(case_id))
    except (signing.BadSignature, ValueError, Absent):
        return _private(render(request, "cases/public/no_receipt.html", status=404))
    return _private(render(request, "cases/public/receipt.html", {"receipt": facts}))


def address(request: HttpRequest) -> str:
    """The caller's address for counting; of IPv6 the network, for one household has many. Never stored as it is."""
    try:
        found = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)


def uploads(request: HttpRequest) -> list[Upload]:
    """The files that came with the request."""
    return [Upload(one.name or "", one.read()) for one in request.FILES.getlist("files")]


def keep_files(request: HttpRequest, refs: tuple[str, ...]) -> tuple[str, ...]:
    """The tray with the files that came now. Raises Refused (field `files`)."""
    came = uploads(request)
    if not came:
        return refs
    if not limits.allow(f"upload:{address(request)}", limit=60, seconds=3600):
        raise Refused("too_many", _("这个网络地址上传得太频繁了，请过一会儿再传。"), field="files")
    return (*refs, *tray.put(came, beside=len(refs)))


def _step(request: HttpRequest) -> HttpResponse:
    sheet = forms.read(request.POST)
    go, _sep, what = request.POST.get("go", "next").partition(":")
    try:
        sheet = replace(sheet, tray=keep_files(request, sheet.tray))
    except Refused as refusal:
        return _refused(request, replace(sheet, step="wish"), refusal)
    return _GOES.get(go, _next)(request, sheet, what)


def _next(request: HttpRequest, sheet: forms.Sheet, _what: str) -> HttpResponse:
    if sheet.step == "check":
        return _submit(request, sheet, "")
    if sheet.step == "where" and not request.POST.get("asked") and sheet.answers.get("city") and not sheet.region:
        return _page(request, sheet)  # a city was chosen: now its counties
    form = forms.judge(sheet, sheet.step)
    if form.errors:
        return _page(request, sheet, form)
    return _page(request, replace(sheet, step=forms.ORDER[forms.ORDER.index(sheet.step) + 1]))


def _back(request: HttpRequest, sheet: forms.Sheet, _what: str) -> HttpResponse:
    return _page(request, replace(sheet, step=forms.ORDER[max(0, forms.ORDER.index(sheet.step) - 1)]))


def _to(request: HttpRequest, sheet: forms.Sheet, what: str) -> HttpResponse:
    return _page(request, replace(sheet, step=what if what in forms.STEPS else sheet.step))


def _again(request: HttpRequest, sheet: forms.Sheet, what: str) -> HttpResponse:
    """The same page: after a search or an upload, or with some answers taken away."""
    gone = {"region": {"city", "county", "region_q"}, "unit": {"unit", "unit_q"}}.get(what, set())
    return _page(request, replace(sheet, answers={k: v for k, v in sheet.answers.items() if k not in gone}))


def _guess(request: HttpRequest, sheet: forms.Sheet, what: str) -> HttpResponse:
    """The category that was suggested is the one."""
    return _next(request, replace(sheet, answers={**sheet.answers, "category": what[:6]}), "")


def _drop(request: HttpRequest, sheet: forms.Sheet, what: str) -> HttpResponse:
    return _page(request, replace(sheet, tray=tuple(ref for ref in sheet.tray if ref != what)))


def _me_too(request: HttpRequest, sheet: forms.Sheet, what: str) -> HttpResponse:
    """Somebody found his matter among the published ones: his voice is added, his filing stays as it is."""
    if limits.allow(f"support:{address(request)}", limit=30, seconds=3600):
        following.support(what, mark=address(request))
    return _page(request, sheet, supported=what)


def _submit(request: HttpRequest, sheet: forms.Sheet, _what: str) -> HttpResponse:
    for step in forms.ORDER:
        form = forms.judge(sheet, step)
        if form.errors:
            return _page(request, replace(sheet, step=step), form)
    try:
        _admit(request, sheet)
        made = filing.file(forms.draft(sheet), key=sheet.key, by=CITIZEN, uploads=tray.take(sheet.tray))
    except Refused as refusal:
        return _refused(request, sheet, forms.placed(refusal))
    response = HttpResponseRedirect(reverse("receipt"))
    remember(
        request, response, RECEIPT_COOKIE, signing.dumps(receipts.key(made.ref), salt=_SALT),
        path=reverse("receipt"), seconds=RECEIPT_SECONDS,
    )  # fmt: skip
    return response


def _admit(request: HttpRequest, sheet: forms.Sheet) -> None:
    """A person, not a program, and not too often. Raises Refused."""
    if settings.MINXIN_OPEN_FILING:
        return
    caller = address(request)
    if request.POST.get("altcha"):
        proof.admit(request.POST["altcha"], address=caller, key=sheet.key)
        return
    question.check(request.POST.get("sum", ""), request.POST.get("question", ""), sheet.key)
    if not limits.allow(f"question:{caller}", limit=6, seconds=3600):
        sentence = _("没有脚本验证时，一个网络地址一小时内最多提交六件。请过一会儿再提交，或者打开浏览器脚本。")
        raise Refused("too_many", sentence)
    proof.admit_address(caller)


def _refused(request: HttpRequest, sheet: forms.Sheet, refusal: Refused) -> HttpResponse:
    """A refusal of the action on the page of the question it is about."""
    if refusal.code == "key_reused":
        sentence = _(
            "您刚才已经用这份表单提交成功过一件，回执上有编号。要补充那一件，请用“查进度”；"
            "如果确实是另外一件事，请再点一次“提交”。"
        )
        refusal, sheet = Refused("already", sentence), forms.rekeyed(sheet)
    sheet = replace(sheet, step=forms.step_of(refusal.field) if refusal.field else sheet.step)
    form = forms.judge(sheet, sheet.step)
    forms.refuse(form, refusal)
    return _page(request, sheet, form, status={"too_many": 429, "already": 409}.get(refusal.code, 422))


def _page(
    request: HttpRequest,
    sheet: forms.Sheet,
    form: django_forms.Form | None = None,
    *,
    status: int = 422,
    supported: str = "",
) -> HttpResponse:
    facts: dict[str, Any] = {
        "sheet": sheet,
        "form": form or sheet.form(),
        "carried": sheet.carried(),
        "labels": [str(label) for label in forms.LABELS.values()],
        "number": forms.ORDER.index(sheet.step) + 1,
        "sealed": sheet.kind == codes.Kind.REPORT,
        "files": receipts.in_tray(sheet.tray),
        "supported": supported,
    }
    facts |= _EXTRA.get(sheet.step, _nothing)(sheet)
    wrong = form is not None and bool(form.errors)
    return _private(render(request, "cases/public/file.html", facts, status=status if wrong else 200), stored=True)


def _nothing(_sheet: forms.Sheet) -> dict[str, Any]:
    return {}


def _about_kind(_sheet: forms.Sheet) -> dict[str, Any]:
    return {"kind_hints": {str(key): words for key, words in forms.KIND_HINTS.items()}}


def _about_category(sheet: forms.Sheet) -> dict[str, Any]:
    guess = public.guess(f"{sheet.answers.get('title', '')} {sheet.answers.get('text', '')}")
    return {"guess": guess, "guess_name": public.category_name(guess.category) if guess else ""}


def _about_who(_sheet: forms.Sheet) -> dict[str, Any]:
    return {
        "who_hints": {
            "contact": _("电话或邮箱至少填一项，加密保存。"),
            "anonymous": _("不留任何联系方式。只能凭编号和查询码看结果，请一定记好。"),
        }
    }


def _about_all(sheet: forms.Sheet) -> dict[str, Any]:
    draft = forms.draft(sheet)
    sealed = sheet.kind == codes.Kind.REPORT
    return {
        "draft": draft,
        "place_name": receipts.region_name(draft.region),
        "unit_name": forms.unit_name(sheet.answers.get("unit", "")),
        "category_name": public.category_name(draft.category),
        "similar": [] if sealed else public.similar(draft.title, draft.text, region=draft.region),
        "question": None if settings.MINXIN_OPEN_FILING else question.ask(sheet.key),
    }


_EXTRA: Mapping[str, Callable[[forms.Sheet], dict[str, Any]]] = {
    "kind": _about_kind,
    "category": _about_category,
    "who": _about_who,
    "check": _about_all,
}
_GOES: Mapping[str, Answer] = {
    "next": _next,
    "back": _back,
    "to": _to,
    "again": _again,
    "drop": _drop,
    "guess": _guess,
    "support": _me_too,
}


def _not_filed(request: HttpRequest) -> HttpResponse:
    """The database went away: nothing was filed, and here is every word again, to be kept or sent once more."""
    sheet = forms.read(request.POST)
    labels = {name: str(form.base_fields[name].label) for form in forms.STEPS.values() for name in form.base_fields}
    typed = [(labels.get(name, name), value) for name, value in sheet.answers.items() if name in labels]
    lines = "\n\n".join(f"{label}\n{value}" for label, value in typed)
    facts = {"sheet": sheet, "lines": lines, "everything": list(sheet.answers.items())}
    response = render(request, "cases/public/not_filed.html", facts, status=503)
    response["Retry-After"] = _RETRY_SECONDS
    return _private(response)


def _revive() -> None:
    """Drop the connections that died with the database, so that the next request gets a live one."""
    pool = getattr(connection, "pool", None)
    try:
        connection.close()
        if pool is not None:
            pool.check()
    except DATABASE_DOWN:
        logger.warning("the database is still away")


def remember(request: HttpRequest, response: HttpResponse, name: str, value: str, *, path: str, seconds: int) -> None:
    """A short-lived cookie that no script reads, for one path only."""
    secure = request.is_secure() or settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, value, max_age=seconds, path=path, httponly=True, samesite="Lax", secure=secure)


def _private(response: HttpResponse, *, stored: bool = False) -> HttpResponse:
    """For this reader only; `stored` lets his browser's back button show it again without asking."""
    response["Cache-Control"] = "private, max-age=0" if stored else "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
