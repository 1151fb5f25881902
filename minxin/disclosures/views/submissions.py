"""The desk's pages of what is handed in: lists, the upload, one submission with its report; the rules for everybody."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.actions import intake, signing
from minxin.disclosures.forms import broker as forms
from minxin.disclosures.models import Submission
from minxin.disclosures.models.broker import ref_of
from minxin.disclosures.reports import broker as reports
from minxin.disclosures.reports import ruling
from minxin.kernel import files, sheets
from minxin.kernel.errors import Absent, Refused


@require_safe
@desk_view()
def listing(request: DeskRequest) -> HttpResponse:
    """What this officer's units handed in, the newest first."""
    form = forms.ListForm(request.GET)
    before = request.GET.get("before", "")
    rows, older = reports.listing(
        request.officer, form.narrow, before=int(before) if before.isdecimal() and len(before) < 19 else None
    )
    facts = {"form": form, "rows": rows, "older": older, "narrow": form.narrow}
    return render(request, "disclosures/desk/submissions.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view()
def upload(request: DeskRequest) -> HttpResponse:
    """Hand in a file: the report comes at once. Refused, the page comes back with everything typed."""
    senders = reports.senders(request.officer)
    if request.method != "POST":
        given = {name: request.GET[name][:60] for name in ("unit", "template", "fiscal_year", "version", "corrects")
                 if name in request.GET}  # fmt: skip
        form = forms.UploadForm(initial=given, senders=senders)
        return render(request, "disclosures/desk/upload.html", {"form": form, "senders": senders})
    form = forms.UploadForm(request.POST, request.FILES, senders=senders)
    made: list[Submission] = []
    if acts.done(form, lambda typed: made.append(_hand_in(typed, request))):
        return redirect("desk_submission", ref_of(made[0]))
    return render(request, "disclosures/desk/upload.html", {"form": form, "senders": senders}, status=422)


def _hand_in(typed: dict[str, Any], request: DeskRequest) -> Submission:
    file = typed.pop("file")
    return intake.hand_in(**typed, name=file.name or "", data=file.read(), by=request.officer)


@require_safe
@desk_view()
def template(request: DeskRequest) -> HttpResponse:
    """The template to fill in, with the unit's own codes and names."""
    form = forms.TemplateForm(request.GET)
    if not form.is_valid():
        raise Refused("template", _("请选择单位、报表、年度和版本，再下载模板。"))
    as_csv = request.GET.get("as") == "csv"
    asked = {**form.cleaned_data, "code": form.cleaned_data["template"]}
    del asked["template"]
    name, data = reports.template_file(**asked, as_csv=as_csv, by=request.officer)
    return _download(data, name, "text/csv; charset=utf-8" if as_csv else sheets.XLSX)


@require_safe
@desk_view()
def submission(request: DeskRequest, ref: str) -> HttpResponse:
    """One submission: how it stands, what to do next, what the checks found, what happened."""
    return _page(request, ref)


@require_safe
@desk_view()
def findings(request: DeskRequest, ref: str) -> HttpResponse:
    """All its findings as a table."""
    return _download(reports.findings_csv(ref, by=request.officer), f"{ref}.csv", "text/csv; charset=utf-8")


@require_safe
@desk_view()
def original(request: DeskRequest, ref: str) -> HttpResponse:
    """The file as it was handed in."""
    found = reports.submission(ref, by=request.officer)
    if not found.file:
        raise Absent
    with files.store().open(found.file) as file:
        return _download(file.read(), found.file_name or found.file, "application/octet-stream")


@require_POST
@desk_view()
def act(request: DeskRequest, ref: str, verb: str) -> HttpResponse:
    """Sign it off, or take it back with a reason."""
    form = {"sign": Form, "withdraw": forms.WithdrawForm}.get(verb)
    if form is None:
        raise Absent
    bound = form(request.POST)
    action = signing.sign if verb == "sign" else signing.withdraw
    if acts.done(bound, lambda typed: action(ref, **typed, by=request.officer)):
        messages.success(request, _("已签发。") if verb == "sign" else _("已撤回。"))
        return redirect("desk_submission", ref)
    return _page(request, ref, bound)


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Every check, for everybody: who is judged may read by what."""
    found = reports.rules()
    facts = {"groups": found, "count": sum(len(group.rules) for group in found), "rulings": ruling.every()}
    return render(request, "disclosures/publications/rules.html", facts)


def _page(request: DeskRequest, ref: str, bound: Form | None = None) -> HttpResponse:
    page = reports.page(ref, by=request.officer)
    form = bound if isinstance(bound, forms.WithdrawForm) else forms.WithdrawForm()
    refusal = " ".join(str(error) for error in bound.non_field_errors()) if bound else ""
    facts = {"page": page, "row": page.row, "form": form, "refusal": refusal, "failed": bound is not None}
    return render(request, "disclosures/desk/submission.html", facts, status=422 if bound else 200)


def _download(data: bytes, name: str, media_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
