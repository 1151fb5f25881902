"""Who publishes in time, for everybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minxin.directory import reports as directory
from minxin.disclosures.reports import duties as reports


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The public table of punctuality, by fiscal year."""
    year = request.GET.get("year", "")
    found = reports.board(int(year) if year.isdecimal() and len(year) == 4 else None)
    return render(request, "disclosures/duties/board.html", {"board": found})


@require_safe
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """One unit's duties, each with its due day explained."""
    found = directory.unit(code)
    return render(request, "disclosures/duties/unit.html", {"unit": found, "rows": reports.of_unit(found.id)})
