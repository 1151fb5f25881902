"""Regions on the desk: the territory of a system administrator, its towns and villages."""

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from minxin.directory import forms, reports, rules
from minxin.directory.actions import regions
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.kernel.errors import Absent

_ROLES = rules.may("open_region")
_ACTS: acts.Acts = {
    "children": (
        "open_region",
        gettext_lazy("增设下级区划"),
        forms.RegionForm,
        lambda code, by, facts: regions.open_region(parent=code, by=by, **facts),
    ),
    "name": (
        "rename_region",
        gettext_lazy("更名"),
        forms.RegionNameForm,
        lambda code, by, facts: regions.rename_region(code=code, by=by, **facts),
    ),
    "closing": (
        "close_region",
        gettext_lazy("撤销"),
        forms.RegionEndForm,
        lambda code, by, facts: regions.close_region(code=code, by=by, **facts),
    ),
}


@desk_view(*_ROLES)
@require_safe
def region_home(request: DeskRequest) -> HttpResponse:
    """To the region of one's own centre."""
    at = next(duty.unit.region for duty in request.officer.duties if duty.role in _ROLES)
    return redirect("directory_region", code=at)


@desk_view(*_ROLES)
@require_safe
def region_detail(request: DeskRequest, code: str) -> HttpResponse:
    """One region: where it lies, what is in it, its former names, and the acts open to this officer."""
    return _page(request, code)


@desk_view(*_ROLES)
@require_POST
def region_act(request: DeskRequest, code: str, noun: str) -> HttpResponse:
    """Do one act on the region; refused, the page comes back with everything typed and the reason."""
    reports.region_page(code, by=request.officer)
    if noun not in _ACTS:
        raise Absent
    _act, _title, form_class, action = _ACTS[noun]
    form = form_class(request.POST, auto_id=f"id_{noun}_%s")
    if acts.done(form, lambda facts: action(code, request.officer, facts)):
        messages.success(request, _("已保存。"))
        return redirect("directory_region", code=code)
    return _page(request, code, {noun: form})


def _page(request: DeskRequest, code: str, bound: dict[str, Form] | None = None) -> HttpResponse:
    page, bound = reports.region_page(code, by=request.officer), bound or {}
    offered = [
        (noun, title, bound.get(noun) or form(auto_id=f"id_{noun}_%s"), noun in bound)
        for noun, (act, title, form, _action) in _ACTS.items()
        if act in page.acts
    ]
    return render(request, "directory/region.html", {"page": page, "acts": offered}, status=acts.status(bound))
