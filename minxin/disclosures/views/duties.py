"""Who publishes in time, for everybody; and where the finance bureau registers approvals."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from minxin.directory import reports as directory
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.actions import duties
from minxin.disclosures.forms.duties import RatificationForm
from minxin.disclosures.reports import duties as reports
from minxin.kernel.errors import Refused


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


@desk_view(*duties.MAY)
def ratifications(request: DeskRequest) -> HttpResponse:
    """Register an approval: what was approved, by whom, when, by which document; the clocks start."""
    form = RatificationForm(request.POST or None, officer=request.officer)
    if request.method == "POST" and form.is_valid():
        try:
            duties.ratify(**form.cleaned_data, by=request.officer)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
        else:
            messages.success(request, _("已登记，相关单位的公开期限开始计算。"))
            return redirect("desk_ratifications")
    status = 422 if form.errors else 200
    return render(request, "disclosures/desk/ratifications.html", {"form": form}, status=status)
