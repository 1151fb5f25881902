"""The desk's page of publishing: what is signed and waits, a whole city at once, how far a run is."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from minxin.directory.rules import Role
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.actions import city, publishing
from minxin.disclosures.forms.publications import chosen
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.reports import publishing as reports
from minxin.disclosures.rules.codes import Version
from minxin.kernel.errors import Refused

MAY = (Role.PUBLISHER, Role.HEAD)


@require_safe
@desk_view(*MAY)
def waiting(request: DeskRequest) -> HttpResponse:
    """待公开: signed tables with their button; for a finance bureau the whole city too."""
    return render(request, "disclosures/desk/publishing.html", _facts(request))


@require_POST
@desk_view(*MAY)
def publish(request: DeskRequest) -> HttpResponse:
    """Publish the chosen submissions by one act."""
    refs, title = request.POST.getlist("refs")[: reports.MOST], request.POST.get("title", "")
    try:
        found = publishing.publish(refs, title=title, by=request.officer)
    except Refused as refusal:
        facts = _facts(request) | {"refusal": refusal.sentence, "chosen_refs": refs, "title": title}
        return render(request, "disclosures/desk/publishing.html", facts, status=409)
    messages.success(request, _("已公开 %(rows)d 行，编号 %(ref)s。") % {"rows": found.rows, "ref": ref_of(found)})
    return redirect("publication", ref_of(found))


@require_POST
@desk_view(Role.PUBLISHER)
def publish_city(request: DeskRequest) -> HttpResponse:
    """Publish the whole city: a job does it, its page shows how far."""
    asked, title = chosen(request.POST), request.POST.get("title", "")
    try:
        found = city.ask(
            finance=request.POST.get("finance", "")[:40],
            fiscal_year=asked.year,
            version=asked.version,
            title=title,
            by=request.officer,
        )
    except Refused as refusal:
        facts = _facts(request) | {"city_refusal": refusal.sentence, "city_title": title}
        return render(request, "disclosures/desk/publishing.html", facts, status=409)
    return redirect("desk_city_run", found.pk)


@require_safe
@desk_view(Role.PUBLISHER)
def run(request: DeskRequest, key: int) -> HttpResponse:
    """How far a city is on its way; reload to see more, or let the page do it."""
    return render(request, "disclosures/desk/run.html", {"run": reports.run(key, by=request.officer)})


@require_safe
@desk_view(Role.PUBLISHER)
def progress(request: DeskRequest, key: int) -> HttpResponse:
    """The same for the page's script."""
    found = reports.run(key, by=request.officer)
    told = {"done": found.done, "total": found.total, "sentence": found.sentence}
    told |= {"finished": found.finished_at is not None}
    told |= {"href": reverse("publication", args=[found.publication]) if found.publication else ""}
    return JsonResponse(told)


def _facts(request: HttpRequest) -> dict[str, Any]:
    officer = request.officer  # type: ignore[attr-defined]
    asked = chosen(request.POST if request.method == "POST" and "year" in request.POST else request.GET)
    return {
        "waiting": reports.waiting(officer),
        "city": reports.city(officer, year=asked.year, version=asked.version),
        "asked": asked,
        "versions": Version.choices,
    }
