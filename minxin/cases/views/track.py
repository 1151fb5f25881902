"""查进度: a case opened with number and code, followed, and moved by the complainant's own verbs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django import forms as django_forms
from django.core import signing
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minxin.cases.actions import following, tray
from minxin.cases.forms import public as forms
from minxin.cases.models import Case
from minxin.cases.reports import following as reports
from minxin.cases.reports import track as tracks
from minxin.cases.rules import codes, desk
from minxin.cases.rules.moves import MOVES, OVER
from minxin.cases.views.filing import address, keep_files, remember
from minxin.kernel import files, limits
from minxin.kernel.errors import Absent, Refused

COOKIE, SECONDS = "minxin_track", 30 * 60
_SALT = "minxin.track"
_SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


@dataclass(frozen=True)
class Act:
    """Something the complainant may do now: its form, and whether it stands open."""

    verb: str
    label: str
    form: django_forms.Form
    open: bool
    files: tuple[Any, ...] = ()
    plain: bool = True  # nothing is typed in it: the same for everybody


@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """Number and code open the case; what was opened stays so for half an hour in this browser."""
    if request.method == "POST":
        return _open(request)
    case_id = _remembered(request)
    if case_id is None or request.GET.get("ref"):
        form = forms.Open(initial={"ref": request.GET.get("ref", "")[:80]})
        return _private(render(request, "cases/public/track_door.html", {"form": form}))
    return _page(request, reports.entry(case_id)[0])


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Close the case in this browser: for shared computers."""
    response = HttpResponseRedirect(reverse("track"))
    response.delete_cookie(COOKIE, path=reverse("track"), samesite="Lax")
    return response


@require_POST
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """One verb of the complainant; a refusal is shown at its field, everything typed and uploaded kept."""
    case_id = _remembered(request)
    if verb not in forms.VERBS:
        raise Absent
    if case_id is None:
        sentence = _("为了保护您，半小时没有操作就关上了。请重新填编号和查询码。")
        door = forms.Open(initial={"ref": request.POST.get("ref", "")[:80]})
        typed = [("", value) for name, value in request.POST.items() if name in {"body", "reason", "comment"} and value]
        facts = {"form": door, "sentence": sentence, "typed": typed}
        return _private(render(request, "cases/public/track_door.html", facts, status=403))
    case, code = reports.entry(case_id)
    form, refs = forms.VERBS[verb](request.POST), _tray(request)
    try:
        refs = keep_files(request, refs)
        if not request.POST.get("drop") and form.is_valid():
            _verbs(case.ref, code, form.cleaned_data, refs)[verb]()
            return _private(HttpResponseRedirect(f"{reverse('track')}?done={verb}"))
    except Refused as refusal:
        form.is_valid()
        forms.refuse(form, refusal)
    refs = tuple(ref for ref in refs if ref != request.POST.get("drop"))
    return _page(request, reports.entry(case_id)[0], acting=(verb, form, refs))


@require_safe
def attachment(request: HttpRequest, ref: str) -> HttpResponseBase:
    """A file of the case, as a download only: never shown, never run."""
    case_id = _remembered(request)
    if case_id is None:
        raise Absent
    case, _code = reports.entry(case_id)
    found = reports.attachment(case, ref)
    response = FileResponse(files.store().open(found.stored), content_type=found.mime)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name)}"
    response["Content-Security-Policy"] = _SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _open(request: HttpRequest) -> HttpResponse:
    form = forms.Open(request.POST)
    if form.is_valid():
        try:
            _not_too_often(request)
            case = tracks.opened(form.cleaned_data["ref"], form.cleaned_data["code"])
            response = HttpResponseRedirect(reverse("track"))
            return _private(_remember(request, response, case))
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
    return _private(render(request, "cases/public/track_door.html", {"form": form}, status=422))


def _not_too_often(request: HttpRequest) -> None:
    if not limits.allow(f"track:{address(request)}", limit=40, seconds=900):
        raise Refused("too_many", _("这个网络地址查得太频繁了，请十五分钟后再试。"))


def _verbs(ref: str, code: str, given: Mapping[str, Any], refs: tuple[str, ...]) -> dict[str, Callable[[], object]]:
    """What each verb does with the values of its form."""
    say = {"code": code, "body": given.get("body", "")}
    why = {"code": code, "reason": given.get("reason", "")}
    return {
        "add": lambda: following.add(ref, uploads=tray.take(refs), **say),
        "supply": lambda: following.supply(ref, uploads=tray.take(refs), **say),
        "urge": lambda: following.urge(ref, **say),
        "withdraw": lambda: following.withdraw(ref, **why),
        "request_redo": lambda: following.request_redo(ref, **why),
        "request_review": lambda: following.request_review(ref, **why),
        "request_recheck": lambda: following.request_recheck(ref, **why),
        "rate": lambda: following.rate(
            ref,
            code=code,
            satisfaction=given["satisfaction"],
            contacted=given["contacted"] == "yes",
            solved=given["solved"] == "yes",
            reasons=given["reasons"],
            comment=given["comment"],
        ),
    }


def _page(
    request: HttpRequest, case: Case, *, acting: tuple[str, django_forms.Form, tuple[str, ...]] | None = None
) -> HttpResponse:
    seen = tracks.track(case)
    done = request.GET.get("done", "")
    facts = {
        "track": seen,
        "steps": reports.steps(seen),
        "dues": reports.other_dues(seen),
        "acts": _acts(seen, acting),
        "done": MOVES[done].label if done in forms.VERBS else "",
        "sealed": case.lane == codes.Lane.SEALED,
        "over": case.stage in OVER,
        "faulty": acting[1] if acting else None,
        "said": _said(seen),
    }
    response = render(request, "cases/public/track.html", facts, status=422 if acting and acting[1].errors else 200)
    return _private(_remember(request, response, case))


def _said(seen: tracks.Track) -> dict[str, str]:
    """The words for the codes that are shown."""
    case, rating = seen.case, seen.rating
    return {
        "kind": desk.kind_label(case.kind),
        "stage": str(codes.Stage(case.stage).label),
        "finding": str(codes.Finding(case.finding).label) if case.finding else "",
        "resolution": str(codes.Resolution(case.resolution).label) if case.resolution else "",
        "satisfaction": str(codes.Satisfaction(rating.satisfaction).label) if rating else "",
    }


def _acts(seen: tracks.Track, acting: tuple[str, django_forms.Form, tuple[str, ...]] | None) -> list[Act]:
    found = []
    for verb in seen.verbs:
        if acting and acting[0] == verb:
            shown = tuple(reports.in_tray(acting[2]))
            found.append(Act(verb, str(MOVES[verb].label), acting[1], open=True, files=shown, plain=False))
        elif verb in forms.VERBS:
            urgent = verb in {"supply", "rate"}
            found.append(Act(verb, str(MOVES[verb].label), _blank(verb), open=urgent))
    return found


@lru_cache(maxsize=len(forms.VERBS))
def _blank(verb: str) -> django_forms.Form:
    """The form of a verb before anything is typed: made once, only ever drawn."""
    return forms.VERBS[verb](auto_id=f"{verb}_%s")


def _tray(request: HttpRequest) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ref[:32] for ref in request.POST.getlist("tray") if ref.isalnum()))[:8]


def _remembered(request: HttpRequest) -> int | None:
    try:
        return int(signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=SECONDS))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _remember(request: HttpRequest, response: HttpResponse, case: Case) -> HttpResponse:
    value = signing.dumps(case.pk, salt=_SALT)
    remember(request, response, COOKIE, value, path=reverse("track"), seconds=SECONDS)
    return response


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
