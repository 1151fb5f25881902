"""The desk's pages of the catalogue: categories, duties, keywords, limits, trying the rules."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from minxin.cases.actions import catalogue as actions
from minxin.cases.forms import catalogue as forms
from minxin.cases.forms import choices
from minxin.cases.reports import catalogue, suggestion
from minxin.cases.reports.suggestion import Matter
from minxin.cases.rules import catalogue as rules
from minxin.cases.rules import codes, desk, duties
from minxin.directory import reports as directory
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.kernel import clocks, sheets
from minxin.kernel.errors import Absent, Refused


@require_safe
@desk_view(*rules.READERS)
def tree(request: DeskRequest) -> HttpResponse:
    """The category tree."""
    return _page(request, "tree", {"tree": catalogue.tree(), "form": forms.CategoryForm()})


@desk_view(*rules.READERS)
def category(request: DeskRequest, code: str, noun: str = "") -> HttpResponse:
    """One category; with a noun, one change of it: its name, its closing, a category below it, a word."""
    found = catalogue.category(code)
    if found is None or noun not in {"", *_CATEGORY_FORMS}:
        raise Absent
    bound: dict[str, Form] = {}
    if request.method == "POST" and noun:
        form = _CATEGORY_FORMS[noun](request.POST, auto_id=f"{noun}-%s")
        if _done(form, lambda typed: _change_category(request, code, noun, typed)):
            return redirect("desk_category", code=code)
        bound[noun] = form
    shown = {name: bound.get(name) or form(auto_id=f"{name}-%s") for name, form in _CATEGORY_FORMS.items()}
    if "name" not in bound:
        shown["name"] = forms.CategoryForm(initial={"name": found.name}, auto_id="name-%s")
    facts = {"file": found, "forms": shown, "failed": noun if bound else ""}
    return _page(request, "category", facts, status=422 if bound else 200)


_CATEGORY_FORMS: dict[str, type[Form]] = {
    "name": forms.CategoryForm,
    "closing": forms.ClosingForm,
    "children": forms.CategoryForm,
    "words": forms.WordForm,
}


def _change_category(request: DeskRequest, code: str, noun: str, typed: dict[str, Any]) -> None:
    by = request.officer
    if noun == "name":
        actions.rename_category(code, **typed, by=by)
        messages.success(request, _("名称已更改，自今天起使用。"))
    elif noun == "closing":
        actions.close_category(code, **typed, by=by)
        messages.success(request, _("类别已停用，旧件仍可查到它的名称。"))
    elif noun == "children":
        actions.add_category(parent=code, **typed, by=by)
        messages.success(request, _("已增加下级类别。"))
    else:
        actions.add_keyword(**typed, category=code, by=by)
        messages.success(request, _("关键词已保存，立即生效。"))


@require_POST
@desk_view(*rules.READERS)
def top(request: DeskRequest) -> HttpResponse:
    """A new top category."""
    form = forms.CategoryForm(request.POST)
    if _done(form, lambda typed: actions.add_category(parent="", **typed, by=request.officer)):
        messages.success(request, _("已增加一级类别。"))
        return redirect("desk_catalogue")
    return _page(request, "tree", {"tree": catalogue.tree(), "form": form}, status=422)


@desk_view(*rules.READERS)
def duty_list(request: DeskRequest) -> HttpResponse:
    """The duty catalogue (派单目录), searched by category, region and unit; a new row is posted here."""
    form = forms.DutyForm(request.POST or None, auto_id="new-%s")
    if request.method == "POST" and _done(form, lambda typed: actions.assign_duty(**typed, by=request.officer)):
        messages.success(request, _("派单目录已更新。"))
        return redirect(f"{request.path}?category={form.cleaned_data['category']}")
    narrow = forms.DutyFilter(request.GET)
    facts = {
        "narrow": narrow,
        "page": catalogue.duties(**narrow.chosen, after=request.GET.get("after", "")),
        "form": form,
        "regions": choices.regions(),
        "query": request.GET.urlencode(),
    }
    return _page(request, "duties", facts, status=422 if form.errors else 200)


@desk_view(*rules.READERS)
def duty_end(request: DeskRequest, category: str, region: str) -> HttpResponse:
    """The last day of a duty."""
    form = forms.EndForm(request.POST or None)
    ending = lambda typed: actions.end_duty(category=category, region=region, **typed, by=request.officer)  # noqa: E731
    if request.method == "POST" and _done(form, ending):
        messages.success(request, _("这一行到期后不再使用，其后的件按上级类别或上级地区派单。"))
        return redirect("desk_duties")
    page = catalogue.duties(category=category, region=region)
    rows = [row for row in page.rows if (row.category, row.region) == (category, region) and row.valid_to is None]
    if not rows:
        raise Absent
    return _page(request, "duty_end", {"row": rows[0], "form": form}, status=422 if form.errors else 200)


@require_safe
@desk_view(*rules.READERS)
def duty_sheet(request: DeskRequest) -> HttpResponse:
    """The duties looked at, as a file to change and bring back: XLSX, or CSV with ?as=csv."""
    chosen = forms.DutyFilter(request.GET).chosen
    chosen.pop("over")
    rows = list(catalogue.sheet_rows(**chosen))
    as_csv = request.GET.get("as") == "csv"
    if as_csv:
        data = sheets.lines(catalogue.headings(), rows)
    else:
        widths = [column.width for column in duties.COLUMNS]
        data = sheets.workbook(duties.SHEET, catalogue.headings(), rows, widths=widths)
    response = HttpResponse(data, content_type="text/csv; charset=utf-8" if as_csv else sheets.XLSX)
    name = f"duties-{clocks.today():%Y-%m-%d}.{'csv' if as_csv else 'xlsx'}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@desk_view(*rules.MAY["import_duties"].roles)
def duty_import(request: DeskRequest) -> HttpResponse:
    """Check a file, or check it and import it all: the report row by row either way."""
    form = forms.ImportForm(request.POST, request.FILES) if request.method == "POST" else forms.ImportForm()
    dry = "import" not in request.POST
    results: list[actions.Imported] = []
    _done(form, lambda _typed: results.append(actions.import_duties(rows=form.rows, by=request.officer, dry=dry)))
    result = results[0] if results else None
    status = 422 if form.errors or (result and result.findings) else 200
    return _page(request, "duty_import", {"form": form, "result": result, "dry": dry}, status=status)


@require_safe
@desk_view(*rules.READERS)
def word_list(request: DeskRequest) -> HttpResponse:
    """The keywords; new ones are added on the page of their category."""
    narrow = forms.WordFilter(request.GET)
    page = catalogue.words(**narrow.chosen, after=request.GET.get("after", ""))
    return _page(request, "words", {"narrow": narrow, "page": page})


@require_POST
@desk_view(*rules.READERS)
def word_removal(request: DeskRequest, code: str) -> HttpResponse:
    """A word no longer points to a category."""
    try:
        actions.remove_keyword(request.POST.get("word", ""), category=code, by=request.officer)
        messages.success(request, _("关键词已删除。"))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("desk_category", code=code)


@desk_view(*rules.READERS)
def limit_list(request: DeskRequest) -> HttpResponse:
    """The limits with their basis and history; a new one is posted here."""
    form = forms.LimitForm(request.POST or None)
    if request.method == "POST" and _done(form, lambda typed: actions.set_limit(**typed, by=request.officer)):
        messages.success(request, _("时限已设定。已经开始的时钟仍按原来的规定。"))
        return redirect("desk_limits")
    facts = {"clocks": catalogue.limits(request.officer), "form": form, "regions": choices.regions()}
    return _page(request, "limits", facts, status=422 if form.errors else 200)


@require_POST
@desk_view(*rules.READERS)
def limit_end(request: DeskRequest, row: int) -> HttpResponse:
    """A special limit ends today."""
    form = forms.EndForm(request.POST)
    if _done(form, lambda typed: actions.end_limit(row, **typed, by=request.officer)):
        messages.success(request, _("这条特别时限已设定截止，其后按通用时限办理。"))
    for errors in form.errors.values():
        messages.error(request, " ".join(str(error) for error in errors))
    return redirect("desk_limits")


@require_safe
@desk_view(*rules.READERS)
def trial(request: DeskRequest) -> HttpResponse:
    """Try the rules on a sentence, or on past cases; nothing is kept."""
    today = clocks.today()
    days = {"since": today - timedelta(days=90), "until": today}
    tried = forms.TrialForm(request.GET if "text" in request.GET else None, auto_id="try-%s")
    ran = forms.SimulationForm(request.GET if "since" in request.GET else None, initial=days)
    facts: dict[str, Any] = {"tried": tried, "ran": ran}
    if tried.is_valid():
        facts["suggestion"] = _tried(request, tried.cleaned_data)
    if ran.is_valid():
        facts["result"] = suggestion.simulate(request.officer, **ran.cleaned_data)
    bad = (tried.is_bound and tried.errors) or (ran.is_bound and ran.errors)
    return _page(request, "trial", facts, status=422 if bad else 200)


def _tried(request: DeskRequest, typed: dict[str, Any]) -> suggestion.Suggestion:
    accused = directory.unit(typed["respondent"]).id if typed["respondent"] else None
    matter = Matter(codes.Kind.COMPLAINT, typed["region"], text=typed["text"], respondent_id=accused)
    return suggestion.consider(matter, request.officer)


def _done(form: Form, act: Callable[[dict[str, Any]], Any]) -> bool:
    """Whether the form was in shape and its action went through; a refusal becomes an error of the form."""
    if not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
        return False
    return True


_PANES = {"category": "tree", "duty_end": "duties", "duty_import": "duties"}


def _page(request: DeskRequest, name: str, facts: dict[str, Any], *, status: int = 200) -> HttpResponse:
    officer = request.officer
    frame = {"officer": officer, "nav": desk.nav(officer), "may": rules.acts(officer), "here": _PANES.get(name, name)}
    return render(request, f"cases/catalogue/{name}.html", frame | facts, status=status)
