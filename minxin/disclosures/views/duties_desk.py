"""The desk of duties: what is to be published by when, one duty's day explained, and the registering of approvals."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from minxin.directory.rules import Role
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.actions import duties
from minxin.disclosures.forms.duties import ApprovalForm, ListForm
from minxin.disclosures.models import Ratification
from minxin.disclosures.reports import duties_desk as reports
from minxin.disclosures.rules import duties as rules
from minxin.disclosures.rules.duties import Look
from minxin.kernel.errors import Absent

READERS = (*rules.RATIFIES, Role.CLERK, Role.LEADER, Role.SECTION, Role.OBSERVER)


@require_safe
@desk_view(*READERS)
def listing(request: DeskRequest) -> HttpResponse:
    """What is to be published by when, the most urgent first."""
    form = ListForm(request.GET, kinds=reports.kinds())
    rows, after = reports.listing(request.officer, form.chosen, form.narrow, after=_key(request, "after"))
    counted = reports.counts(request.officer, form.narrow)
    asked = {name: value for name, value in vars_of(form).items() if value}
    tabs = [
        {"label": look.label, "href": f"?{urlencode(asked | {'look': look.value})}", "count": counted[look],
         "here": look == form.chosen}
        for look in Look
    ]  # fmt: skip
    facts = {"form": form, "rows": rows, "after": after, "tabs": tabs, "look": form.chosen}
    facts |= {"registers": bool(reports.bureaus(request.officer)), "narrowed": bool(asked)}
    return render(request, "disclosures/desk/duties/list.html", facts)


def vars_of(form: ListForm) -> dict[str, object]:
    """What an address of the list keeps."""
    narrow = form.narrow
    return {"fiscal_year": narrow.fiscal_year, "kind": narrow.kind, "unit": narrow.unit}


@require_safe
@desk_view(*READERS)
def duty(request: DeskRequest, unit: str, year: int, rule: str) -> HttpResponse:
    """One duty: its due day counted out, what it still needs, what happened."""
    page = reports.page(unit, year, rule, by=request.officer)
    return render(request, "disclosures/desk/duties/duty.html", {"page": page, "row": page.row, "duty": page.row.duty})


@require_safe
@desk_view(*READERS)
def approvals(request: DeskRequest) -> HttpResponse:
    """The registered approvals, the newest first."""
    rows, older = reports.approvals(request.officer, before=_key(request, "before"))
    facts = {"rows": rows, "older": older, "registers": bool(reports.bureaus(request.officer))}
    return render(request, "disclosures/desk/duties/approvals.html", facts)


@require_safe
@desk_view(*READERS)
def approval(request: DeskRequest, key: int) -> HttpResponse:
    """One approval and what follows from it, counted out day by day."""
    found, follows = reports.approval(key, by=request.officer)
    return render(request, "disclosures/desk/duties/approval.html", {"approval": found, "follows": follows})


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(*rules.RATIFIES)
def register(request: DeskRequest) -> HttpResponse:
    """Register an approval; asked first, the page counts out what would follow and registers nothing."""
    bureaus = reports.bureaus(request.officer)
    if not bureaus:
        raise Absent
    form = ApprovalForm(request.POST if request.method == "POST" else None, bureaus=bureaus)
    made: list[Ratification] = []
    if "preview" in request.POST:
        follows = _follows(form) if form.is_valid() else None
        return _register(request, form, follows, status=422 if follows is None else 200)
    if form.is_bound and acts.done(form, lambda typed: made.append(duties.ratify(**typed, by=request.officer))):
        messages.success(request, _("已登记，期限从批准次日起算。"))
        return redirect("desk_approval", made[0].pk)
    return _register(request, form, None, status=422 if form.is_bound else 200)


def _register(
    request: DeskRequest, form: ApprovalForm, follows: list[reports.Follow] | None, *, status: int
) -> HttpResponse:
    facts = {"form": form, "follows": follows}
    return render(request, "disclosures/desk/duties/register.html", facts, status=status)


def _follows(form: ApprovalForm) -> list[reports.Follow]:
    typed = form.cleaned_data
    asked = {name: typed[name] for name in ("version", "ratifier", "on")}
    return reports.follows(finance=form.bureau, department=form.above, **asked)


def _key(request: DeskRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else None
