"""The pipe's desk: what waits for whom, a unit's lines, its plans by month and their approval, its contracts."""

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.actions import contracts as contracting
from minxin.disclosures.actions import plans as planning
from minxin.disclosures.forms import pipe_desk as forms
from minxin.disclosures.reports import contracts, lines, payees, plans
from minxin.disclosures.reports import pipe_desk as reports
from minxin.disclosures.reports import treasury_work as treasury
from minxin.disclosures.reports.lines import Own
from minxin.disclosures.rules import pipe
from minxin.kernel import clocks
from minxin.kernel.errors import Absent

# Who has work in the pipe, and who looks on: an observer reads, and is offered nothing.
READERS = (Role.CLERK, Role.LEADER, Role.HEAD, Role.BUDGET, Role.CASHIER, Role.BANKER, Role.OBSERVER)
_UNITS = (Role.CLERK, Role.LEADER, Role.HEAD)
_BALANCES = ("approved_fen", "allotted_fen", "requested_fen", "paid_fen", "to_request_fen")
_RECENT = 8


@require_safe
@desk_view(*READERS)
def home(request: DeskRequest) -> HttpResponse:
    """What waits for this officer in the pipe, what he may begin, the newest requests he may see."""
    by = request.officer
    waiting = [(item, _queue(item.verb)) for item in reports.waiting(by)]
    waiting += [(item, reverse(door)) for item, door in treasury.waiting(by)]
    facts = {
        "waiting": waiting,
        "own": lines.units(by, Role.CLERK),
        "recent": reports.requests(by, size=_RECENT).rows,
    }
    return render(request, "disclosures/desk/pipe/home.html", facts)


@require_safe
@desk_view(*READERS)
def unit_lines(request: DeskRequest) -> HttpResponse:
    """A unit's budget lines with what is approved, allotted, asked for, paid and left."""
    by, facts = request.officer, _place(request)
    own: Own | None = facts["own"]
    if own is not None:
        found = lines.desk(own, year=facts["year"], function=_digits(request.GET), words=_words(request.GET), by=by)
        form = forms.LinesAsked(request.GET, functions=found.functions)
        facts |= {"found": found, "form": form, "narrow": bool(_digits(request.GET) or _words(request.GET))}
        facts["sums"] = {column: found.sum(column) for column in _BALANCES}
        facts |= {"asks": _may(pipe.REQUEST["request"], own, by), "plans": _may(pipe.PLAN["submit_plans"], own, by)}
    return render(request, "disclosures/desk/pipe/lines.html", facts)


@require_safe
@desk_view(*READERS)
def plan_list(request: DeskRequest) -> HttpResponse:
    """Plans by month: those that wait for this officer, and a unit's own."""
    return _plans(request)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.CLERK)
def new_plan(request: DeskRequest) -> HttpResponse:
    """A month's plan for all lines of a unit in one table. Refused, all that was typed is still there."""
    by, facts = request.officer, _place(request)
    own = _clerks(facts["own"], by)
    found = lines.desk(own, year=facts["year"], function=_digits(request.GET), words=_words(request.GET), by=by)
    data = request.POST if request.method == "POST" else None
    form = forms.PlanForm(data, lines=found.rows, year=facts["year"], initial={"month": _next_month(facts["year"])})
    if data is not None and acts.done(form, lambda typed: _submit(own, form, by)):
        messages.success(request, _("用款计划已上报，等财政部门批准。"))
        return redirect("desk_plan", own.unit.code, f"{form.cleaned_data['month']:%Y-%m}")
    asked = forms.LinesAsked(request.GET, functions=found.functions)
    facts |= {"form": form, "found": found, "asked": asked}
    return render(request, "disclosures/desk/pipe/plan_new.html", facts, status=200 if data is None else 422)


@require_safe
@desk_view(*READERS)
def plan(request: DeskRequest, unit: str, month: str) -> HttpResponse:
    """A unit's plans for a month, line by line, and what may be done with them."""
    return _plan(request, unit, _month(month))


@require_POST
@desk_view(Role.CLERK, Role.BUDGET, Role.CASHIER)
def plan_act(request: DeskRequest, verb: str) -> HttpResponse:
    """Approve, issue or make void the plans of the chosen units; take back one's own. Refused, the page comes back."""
    if verb not in _PLAN_ACTS:
        raise Absent
    kind, act = _PLAN_ACTS[verb]
    bound = kind(request.POST)
    counts: list[int] = []
    if acts.done(bound, lambda typed: counts.append(act(**typed, by=request.officer))):
        label, count = pipe.PLAN[verb].label, counts[0]
        messages.success(request, _("%(verb)s：%(count)d 条。") % {"verb": label, "count": count})
        return redirect("desk_plans")
    if verb == "withdraw_plans":
        return _plan(request, request.POST.get("unit", "")[:40], _month(request.POST.get("month", "")[:7]), bound)
    return _plans(request, verb, bound)


@require_POST
@desk_view(Role.CASHIER)
def plan_reduce(request: DeskRequest, unit: str, month: str) -> HttpResponse:
    """Take back what of a unit's allotment nobody has asked for."""
    by, day = request.officer, _month(month)
    bound = forms.ReducedPlan(request.POST, rows=plans.lines(lines.unit(unit, by=by), month=day))
    if acts.done(bound, lambda typed: planning.reduce(typed.pop("line"), **typed, by=by)):
        messages.success(request, _("%(verb)s：已办好。") % {"verb": pipe.PLAN["reduce_plan"].label})
        return redirect("desk_plan", unit, month)
    return _plan(request, unit, day, reduced=bound)


_PLAN_ACTS: dict[str, tuple[type[Form], Callable[..., int]]] = {
    "approve_plans": (forms.ChosenPlans, planning.approve),
    "issue_plans": (forms.IssuedPlans, planning.issue),
    "void_plans": (forms.VoidedPlans, planning.void),
    "withdraw_plans": (forms.WithdrawnPlans, planning.withdraw),
}


@require_safe
@desk_view(*READERS)
def contract_list(request: DeskRequest) -> HttpResponse:
    """A unit's contracts, the newest first."""
    by, facts = request.officer, _place(request) | {"years": []}
    own: Own | None = facts["own"]
    if own is not None:
        found = contracts.of_unit(own, words=_words(request.GET), before=forms.key(request.GET.get("before", "")))
        facts |= {"found": found, "words": _words(request.GET), "signs": _may(pipe.CONTRACT["sign_contract"], own, by)}
    return render(request, "disclosures/desk/pipe/contracts.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.CLERK)
def new_contract(request: DeskRequest) -> HttpResponse:
    """Register a contract. Refused, the page comes back with everything typed."""
    by, facts = request.officer, _place(request)
    own = _clerks(facts["own"], by)
    data = request.POST if request.method == "POST" else None
    choices = [row for row in lines.desk(own, year=facts["year"], by=by).rows if row.approved_fen > row.frozen_fen]
    given = {"line": request.GET.get("line", "")[:40], "signed_on": clocks.today()}
    form = forms.ContractForm(data, lines=choices, initial=given)
    if data is not None and acts.done(form, lambda typed: _sign(own, form, by)):
        messages.success(request, _("合同已登记。"))
        return redirect(_contract_address(own, form.cleaned_data["line"], form.cleaned_data["contract_no"]))
    facts |= {"form": form, "names": payees.names(own)}
    return render(request, "disclosures/desk/pipe/contract_new.html", facts, status=200 if data is None else 422)


@require_safe
@desk_view(*READERS)
def contract(request: DeskRequest, unit: str, line: str, contract_no: str) -> HttpResponse:
    """One contract, what was asked for from it, and what may be done with it."""
    return _contract(request, unit, line, contract_no)


@require_POST
@desk_view(Role.CLERK)
def contract_act(request: DeskRequest, unit: str, line: str, verb: str) -> HttpResponse:
    """Announce a contract, or change its amount."""
    if verb not in _CONTRACT_ACTS:
        raise Absent
    kind, act = _CONTRACT_ACTS[verb]
    bound, contract_no = kind(request.POST), request.POST.get("contract_no", "")[:60]
    own = lines.unit(unit, by=request.officer)
    if acts.done(bound, lambda typed: act(line=line, contract_no=contract_no, **typed, by=request.officer)):
        messages.success(request, _("%(verb)s：已办好。") % {"verb": pipe.CONTRACT[verb].label})
        return redirect(_contract_address(own, line, contract_no))
    return _contract(request, unit, line, contract_no, verb=verb, bound=bound)


_CONTRACT_ACTS: dict[str, tuple[type[Form], Callable[..., Any]]] = {
    "announce_contract": (forms.AnnounceForm, contracting.announce),
    "amend_contract": (forms.AmendForm, contracting.amend),
}


# --- which unit and year


def _place(request: DeskRequest) -> dict[str, Any]:
    """The unit that a page is about (asked for by code or name, else the officer's own first), its years, the year."""
    by = request.officer
    typed = " ".join((request.GET.get("unit") or request.POST.get("unit") or "").split())[:60]
    mine = lines.units(by, *_UNITS)
    own = _asked_unit(typed, by) if typed else next(iter(mine), None)
    known = lines.years(own, by=by) if own else []
    year, today = forms.key(request.GET.get("year", "")), clocks.today().year
    if year not in known:
        year = today if today in known or not known else known[0]
    return {"own": own, "mine": mine, "years": known, "year": year, "typed": typed}


def _asked_unit(typed: str, by: Officer) -> Own | None:
    """The unit of that code or name; None when no unit is called so, Absent when the officer may not see it."""
    found = directory.tree().by_code.get(typed.upper()) or next(iter(directory.search_units(typed, limit=1)), None)
    return lines.unit(found.code, by=by) if found else None


def _clerks(own: Own | None, by: Officer) -> Own:
    """The unit, whose clerk this officer must be: to others the page does not exist."""
    if own is None or not _may(pipe.REQUEST["request"], own, by):
        raise Absent
    return own


def _may(move: pipe.Move, own: Own, by: Officer) -> bool:
    return pipe.may(move, by, unit_id=own.unit.id, finance_id=own.finance_id)


def _words(asked: QueryDict) -> str:
    return " ".join(asked.get("q", "").split())[:60]


def _digits(asked: QueryDict) -> str:
    """A function heading of three digits, or nothing."""
    typed = asked.get("function", "")
    return typed if len(typed) == 3 and typed.isascii() and typed.isdecimal() else ""


def _queue(verb: str) -> str:
    return reverse("desk_plans") if verb in pipe.PLAN else reverse("desk_request_queue", args=[verb])


# --- plans


def _month(typed: str) -> date:
    """The first day of a month written 2006-02."""
    year, _dash, month = typed.partition("-")
    if not (len(year) == 4 and forms.key(year) and forms.key(month) in range(1, 13)):
        raise Absent
    return date(int(year), int(month), 1)


def _next_month(year: int) -> str:
    """The month that is planned next, within the year."""
    today = clocks.today()
    month = min(today.month + 1, 12) if today.year == year else 1
    return date(year, month, 1).isoformat()


def _submit(own: Own, form: forms.PlanForm, by: Officer) -> int:
    return planning.submit(unit=own.unit.code, month=form.cleaned_data["month"], amounts=form.amounts, by=by)


def _plans(request: DeskRequest, verb: str = "", bound: Form | None = None) -> HttpResponse:
    by, facts = request.officer, _place(request)
    own: Own | None = facts["own"]
    typed = request.GET.get("month", "")[:7] or request.POST.get("month", "")[:7]
    month = _month(typed) if typed else None
    desks = [plans.desk(by, verb=name, month=month) for name in plans.WAITS]
    facts |= {
        "desks": [desk for desk in desks if desk is not None],
        "rows": plans.of_unit(own, year=facts["year"]) if own else [],
        "submits": own is not None and _may(pipe.PLAN["submit_plans"], own, by),
        "verb": verb,
        "bound": bound,
        "chosen": set(request.POST.getlist("units")) if bound else set(),
        "issue": bound if verb == "issue_plans" else forms.IssuedPlans(),
        "reason": bound if verb == "void_plans" else forms.ReasonForm(),
    }
    return render(request, "disclosures/desk/pipe/plans.html", facts, status=422 if bound else 200)


def _plan(
    request: DeskRequest, unit: str, month: date, bound: Form | None = None, *, reduced: Form | None = None
) -> HttpResponse:
    by = request.officer
    own = lines.unit(unit, by=by)
    rows = plans.lines(own, month=month)
    stages = {row.stage for row in rows}
    offers = {verb for verb, move in pipe.PLAN.items() if move.sources & stages and _may(move, own, by)}
    facts = {
        "own": own,
        "month": month,
        "rows": rows,
        "fen": sum(row.fen for row in rows if row.stage != "void"),
        "finance": directory.unit(own.finance_id),
        "offers": offers,
        "reason": bound or forms.ReasonForm(),
        "failed": bound is not None,
        "reduce": reduced or forms.ReducedPlan(rows=rows),
        "reducing": reduced is not None,
    }
    status = 422 if bound or reduced else 200
    return render(request, "disclosures/desk/pipe/plan.html", facts, status=status)


# --- contracts


def _sign(own: Own, form: forms.ContractForm, by: Officer) -> Any:
    known = payees.known(own, {" ".join(form.cleaned_data["name"].split())})
    return contracting.sign(**form.contract(known), by=by)


def _contract(
    request: DeskRequest, unit: str, line: str, contract_no: str, *, verb: str = "", bound: Form | None = None
) -> HttpResponse:
    own = lines.unit(unit, by=request.officer)
    found = contracts.one(own, line, contract_no)
    pay = {"unit": own.unit.code, "line": found.line, "contract": found.contract_no}
    facts = {
        "own": own,
        "found": found,
        "signs": _may(pipe.CONTRACT["sign_contract"], own, request.officer),
        "announce": bound if verb == "announce_contract" else forms.AnnounceForm(initial={"on": clocks.today()}),
        "amend": bound if verb == "amend_contract" else forms.AmendForm(),
        "verb": verb,
        "pay": f"{reverse('desk_request_new')}?{urlencode(pay)}",
        "payable": found.published_on is not None and found.left_fen > 0,
    }
    return render(request, "disclosures/desk/pipe/contract.html", facts, status=422 if bound else 200)


def _contract_address(own: Own, line: str, contract_no: str) -> str:
    return reverse("desk_contract", args=[own.unit.code, line, " ".join(contract_no.split())])
