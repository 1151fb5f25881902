"""The desk of budget lines: a bureau's lines, one line's changes, and the acts of its section: open, change, revive."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minxin.directory.rules import Role, UnitRef
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.actions import lines
from minxin.disclosures.forms import lines_desk as forms
from minxin.disclosures.models import BudgetLine
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.reports import headings
from minxin.disclosures.reports import lines_desk as reports
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import Scheme
from minxin.kernel import clocks
from minxin.kernel.errors import Absent

# Who reads lines; an observer looks on, and is offered nothing.
READERS = (Role.BUDGET, Role.CASHIER, Role.CLERK, Role.LEADER, Role.HEAD, Role.OBSERVER)


@require_safe
@desk_view(*READERS)
def listing(request: DeskRequest) -> HttpResponse:
    """The lines of a year that this officer may see, by unit, with what is left of each and of all."""
    by = request.officer
    form = forms.ListForm(request.GET, years=reports.years(by))
    rows, after = reports.listing(by, form.narrow, after=_key(request, "after"))
    count, sums = reports.sums(by, form.narrow)
    narrow = form.narrow
    asked = {"unit": narrow.unit, "fund": narrow.fund, "q": narrow.words, "look": narrow.look}
    facts = {"form": form, "narrow": narrow, "narrowed": any(asked.values()), "rows": rows, "after": after}
    facts["tabs"] = [
        {"label": label, "href": _address(asked | {"year": narrow.year, "look": look}), "here": look == narrow.look}
        for look, label in forms.LOOKS
    ]
    facts |= {"count": count, "sums": sums, "keeps": bool(reports.bureaus(by))}
    return render(request, "disclosures/desk/lines/list.html", facts)


@require_safe
@desk_view(*READERS)
def line(request: DeskRequest, ref: str) -> HttpResponse:
    """One line: its balances, every change with its document, what was done, what may be done."""
    return _page(request, ref, {})


# An act on one line: the noun in its address, the verb of rules.pipe.LINE, its form and action.
_ON_LINE: Mapping[str, tuple[str, type[Form], Callable[..., Any], Promise]] = {
    "changes": ("change_line", forms.ChangeForm, lines.change, gettext_lazy("已调整指标。")),
    "freezes": ("freeze_line", forms.FreezeForm, lines.freeze, gettext_lazy("已冻结。")),
    "releases": ("unfreeze_line", forms.FreezeForm, lines.unfreeze, gettext_lazy("已解冻。")),
}


@require_POST
@desk_view(Role.BUDGET)
def act(request: DeskRequest, ref: str, noun: str) -> HttpResponse:
    """Change it, freeze part of it, set that free again. Refused, the page comes back with everything typed."""
    if noun not in _ON_LINE:
        raise Absent
    _verb, kind, action, told = _ON_LINE[noun]
    bound = kind(request.POST, prefix=noun)
    if acts.done(bound, lambda typed: action(ref, **typed, by=request.officer)):
        messages.success(request, str(told))
        return redirect("desk_line", ref)
    return _page(request, ref, {noun: bound})


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.BUDGET)
def new(request: DeskRequest) -> HttpResponse:
    """Open one line by its own document."""
    bureau = _bureau(request)
    year = _year(request) or clocks.today().year
    posted = request.method == "POST"
    form = forms.LineForm(
        request.POST if posted else None, initial=_given(request), units=reports.units(bureau, by=request.officer)
    )
    made: list[BudgetLine] = []
    if posted and acts.done(form, lambda typed: made.append(lines.open_line(**typed, by=request.officer))):
        messages.success(request, _("已下达指标。"))
        return redirect("desk_line", ref_of(made[0]))
    codes = {name: headings.of(scheme, year).values() for name, scheme in _SCHEMES.items()}
    facts = {"form": form, "codes": codes}
    return render(request, "disclosures/desk/lines/new.html", facts, status=422 if posted else 200)


_SCHEMES = {"functions": Scheme.FUNCTION, "economics": Scheme.ECONOMIC}


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.BUDGET)
def opening(request: DeskRequest) -> HttpResponse:
    """Open the lines of a year from its published budget; before, how many units, lines and yuan that is."""
    return _bulk(request, "opening", reports.opening, lines.open_lines)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.BUDGET)
def carrying(request: DeskRequest) -> HttpResponse:
    """Carry over what the year before left; before, how much that is and what stays behind."""
    return _bulk(request, "carrying", reports.carrying, lines.carry)


@require_safe
@desk_view(*READERS)
def revivals(request: DeskRequest) -> HttpResponse:
    """Idle money put to new use, the newest first."""
    rows, older = reports.revivals(request.officer, before=_key(request, "before"))
    facts = {"rows": rows, "older": older, "keeps": bool(reports.bureaus(request.officer))}
    return render(request, "disclosures/desk/lines/revivals.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.BUDGET)
def revive(request: DeskRequest) -> HttpResponse:
    """Put idle money of one line to use in another; beside the form where most of it stands."""
    bureau, posted = _bureau(request), request.method == "POST"
    form = forms.RevivalForm(request.POST if posted else None, initial=_given(request), by=request.officer)
    if posted and acts.done(form, lambda typed: lines.revive(**typed, by=request.officer)):
        messages.success(request, _("已盘活，收回和安排两头都已记下。"))
        return redirect("desk_line", form.cleaned_data["target"])
    facts = {"form": form, "idle": reports.idle(bureau, by=request.officer)}
    return render(request, "disclosures/desk/lines/revive.html", facts, status=422 if posted else 200)


def _page(request: DeskRequest, ref: str, bound: dict[str, Form]) -> HttpResponse:
    page = reports.page(ref, by=request.officer)
    offered = [
        (noun, pipe.LINE[verb].label, bound.get(noun) or kind(prefix=noun), noun in bound)
        for noun, (verb, kind, _action, _told) in _ON_LINE.items()
        if verb in page.offers and (noun != "releases" or page.row.has.frozen_fen or noun in bound)
    ]
    facts = {"page": page, "row": page.row, "offered": offered, "revives": "revive" in page.offers}
    return render(request, "disclosures/desk/lines/line.html", facts, status=acts.status(bound))


def _bulk(
    request: DeskRequest, name: str, ask: Callable[[UnitRef, int], reports.Outlook], action: Callable[..., int]
) -> HttpResponse:
    bureau, year = _bureau(request), _year(request) or clocks.today().year
    form = forms.BulkForm(request.POST or None, initial={"finance": bureau.code, "fiscal_year": year})
    counts: list[int] = []
    if request.method == "POST" and acts.done(form, lambda typed: counts.append(action(**typed, by=request.officer))):
        sentence = _("已下达 %(count)d 条指标。") if name == "opening" else _("已结转 %(count)d 条指标。")
        messages.success(request, sentence % {"count": counts[0]})
        return redirect(reverse("desk_lines") + _address({"year": year}))
    facts = {"form": form, "outlook": ask(bureau, year), "asked": forms.YearForm({"fiscal_year": year})}
    status = 422 if request.method == "POST" else 200
    return render(request, f"disclosures/desk/lines/{name}.html", facts, status=status)


def _address(asked: Mapping[str, object]) -> str:
    return f"?{urlencode({name: value for name, value in asked.items() if value})}"


def _bureau(request: DeskRequest) -> UnitRef:
    """The finance bureau whose lines are worked on: the named one, else the officer's first."""
    known = reports.bureaus(request.officer)
    if not known:
        raise Absent
    asked = request.POST.get("finance") or request.GET.get("finance", "")
    return next((unit for unit in known if unit.code == asked), known[0])


def _year(request: DeskRequest) -> int | None:
    """The fiscal year asked for; None for what is none."""
    form = forms.YearForm(request.POST if request.method == "POST" else request.GET)
    form.is_valid()
    return form.cleaned_data.get("fiscal_year")


def _given(request: DeskRequest) -> dict[str, str]:
    """What a link fills in beforehand."""
    return {name: request.GET[name][:120] for name in request.GET if request.GET[name]}


def _key(request: DeskRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else None
