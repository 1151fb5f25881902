"""The desk's pages of payment requests: asked for, put right, passed or returned one by one or many at once."""

import secrets
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.actions import requests
from minxin.disclosures.actions.asking import NewPayment
from minxin.disclosures.forms import pipe_desk as forms
from minxin.disclosures.models import Request
from minxin.disclosures.models.payment import request_ref
from minxin.disclosures.reports import asked, contracts, lines, payees
from minxin.disclosures.reports import pipe_desk as reports
from minxin.disclosures.reports.lines import DeskLine, Own
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import Decision, Step
from minxin.disclosures.views.pipe_desk import READERS
from minxin.kernel import clocks, money
from minxin.kernel.errors import Absent, Refused

REVIEWERS = (Role.CLERK, Role.LEADER, Role.HEAD, Role.BUDGET, Role.CASHIER)
QUEUES = ("review_unit", "review_section", "review_centre", "resubmit")
_NEED_REASONS = ("return_unit", "return_section", "return_centre", "void_request")
_BATCH = "desk-"  # a form's own number: sent twice, it asks once


@require_safe
@desk_view(*READERS)
def listing(request: DeskRequest) -> HttpResponse:
    """All requests that this officer may see, the newest first, of one unit or in one stage."""
    form = forms.RequestsAsked(request.GET)
    if form.is_valid() and form.cleaned_data["ref"]:
        return redirect("desk_request", form.cleaned_data["ref"])
    typed, stage = form.cleaned_data.get("unit", ""), form.cleaned_data.get("stage", "")
    units = directory.search_units(typed, limit=1) if typed else []
    unit, before = units[0].code if units else "", forms.key(request.GET.get("before", ""))
    found = reports.requests(request.officer, unit=unit, stage=stage, before=before)
    facts = {"form": form, "found": found, "missing": bool(typed) and not units, "narrow": bool(typed or stage)}
    return render(request, "disclosures/desk/pipe/requests.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(*REVIEWERS)
def queue(request: DeskRequest, verb: str) -> HttpResponse:
    """The requests that wait for one verb of this officer. The ticked ones are passed; the page says which were not."""
    if verb not in QUEUES or not request.officer.has(*pipe.REQUEST[verb].roles):
        raise Absent
    if request.method != "POST" or not verb.startswith("review_"):
        return _queue(request, verb)
    refs = list(dict.fromkeys(request.POST.getlist("refs")))[: reports.SIZE]
    if not refs:
        return _queue(request, verb, fault=_("请先勾选要通过的申请，再点按钮。"))
    seen = _seen(request, refs)
    done = requests.review_many(refs, step=Step(verb.removeprefix("review_")), seen=seen, by=request.officer)
    if done.count:
        messages.success(request, _("已通过 %(count)d 份申请。") % {"count": done.count})
    if done.refused:
        return _queue(request, verb, refused={ref: refusal.sentence for ref, refusal in done.refused.items()})
    return redirect(_queue_address(verb, _section(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.CLERK)
def new(request: DeskRequest) -> HttpResponse:
    """Ask for payments, several rows at once. Refused, or asked for more rows, everything typed is still there."""
    by = request.officer
    own = _own(request)
    ready = _payable(own, by)
    data = request.POST if request.method == "POST" else None
    rows = forms.PaymentRows(ready, data=data, given=_begun(request, own) if data is None else ())
    batch = (data.get("batch", "")[:40] if data is not None else "") or f"{_BATCH}{secrets.token_hex(8)}"
    made: list[Request] = []
    if data is not None and "more" not in data:
        ask = partial(requests.request, unit=own.unit.code, external_id=batch, by=by)
        if _sent(own, rows, lambda payments: made.append(ask(rows=payments))):
            messages.success(request, _("支付申请已提交，等本单位领导复核。"))
            return redirect("desk_request", request_ref(made[0]))
        batch = f"{_BATCH}{secrets.token_hex(8)}"
    return _form(request, own, rows, ready, batch=batch)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.CLERK)
def edit(request: DeskRequest, ref: str) -> HttpResponse:
    """Put a returned request right and hand it in again."""
    by = request.officer
    page = reports.request_page(ref, by=by)
    if "resubmit" not in {offer.verb for offer in page.offers}:
        raise Absent
    own = lines.unit(page.head.unit.code, by=by)
    data = request.POST if request.method == "POST" else None
    before = asked.rows_to_edit(ref, by=by, most=forms.MOST_ROWS) if data is None else ()
    ready, large = _payable(own, by), page.head.count > forms.MOST_ROWS
    rows = forms.PaymentRows(ready, data=data, given=[] if large else [forms.given(row) for row in before], least=1)
    sent = data is not None and "more" not in data
    if sent and _sent(own, rows, lambda payments: requests.resubmit(ref, rows=payments, by=by)):
        messages.success(request, _("已改正并重报，等本单位领导复核。"))
        return redirect("desk_request", ref)
    return _form(request, own, rows, ready, page=page, large=large)


@require_safe
@desk_view(*READERS)
def one(request: DeskRequest, ref: str) -> HttpResponse:
    """One request: its rows, who reviewed it when, what may be done now."""
    return _page(request, ref)


@require_POST
@desk_view(*REVIEWERS)
def act(request: DeskRequest, ref: str, verb: str) -> HttpResponse:
    """Pass it, return it with a reason, make it void with a reason."""
    if verb not in {*QUEUES[:3], *_NEED_REASONS}:
        raise Absent
    bound = (Form if verb.startswith("review_") else forms.ReasonForm)(request.POST)
    if acts.done(bound, lambda typed: _do(ref, verb, typed | {"seen": _seen(request, [ref])}, request.officer)):
        facts = {"ref": ref, "verb": pipe.REQUEST[verb].label}
        messages.success(request, _("%(ref)s：%(verb)s，已办好。") % facts)
        return redirect("desk_request", ref)
    return _page(request, ref, verb, bound)


# --- asking


def _own(request: DeskRequest) -> Own:
    """The unit that asks: the one named, else the officer's first; he must be its clerk."""
    typed = (request.GET.get("unit") or request.POST.get("unit") or "")[:40]
    mine = lines.units(request.officer, Role.CLERK)
    found = next((own for own in mine if not typed or own.unit.code == typed), None)
    if found is None:
        raise Absent
    return found


def _payable(own: Own, by: Officer) -> list[DeskLine]:
    """The lines of this year to which something was allotted."""
    return [row for row in lines.desk(own, year=clocks.today().year, by=by).rows if row.allotted_fen > 0]


def _begun(request: DeskRequest, own: Own) -> list[dict[str, Any]]:
    """The first row as a link began it: of a line, perhaps by a contract with its payee."""
    line, contract_no = request.GET.get("line", "")[:40], request.GET.get("contract", "")[:60]
    if not line:
        return []
    if not contract_no:
        return [{"line": line}]
    found = contracts.one(own, line, contract_no)
    known = payees.known(own, {found.payee}).get(found.payee, [])
    row = {"line": line, "contract": contract_no, "purpose": found.title, "name": found.payee}
    row |= {"payee_kind": found.payee_kind.value}
    return [row | ({"account": known[0].told, "bank": known[0].bank, "uscc": known[0].uscc} if len(known) == 1 else {})]


def _sent(own: Own, rows: forms.PaymentRows, act: Any) -> bool:
    """Whether the rows were in shape and the action took them; a refusal stands beside its row."""
    if not rows.is_valid():
        return False
    known = payees.known(own, rows.names())
    payments: list[NewPayment] = [form.payment(known) for form in rows.used]
    try:
        act(payments)
    except Refused as refusal:
        if isinstance(refusal, Absent) or refusal.code == "forbidden":
            raise
        rows.refuse(refusal)
        return False
    return True


def _form(
    request: DeskRequest,
    own: Own,
    rows: forms.PaymentRows,
    ready: list[DeskLine],
    *,
    batch: str = "",
    page: reports.RequestPage | None = None,
    large: bool = False,
) -> HttpResponse:
    refused = request.method == "POST" and "more" not in request.POST
    facts = {
        "own": own,
        "rows": rows,
        "ready": ready,
        "batch": batch,
        "page": page,
        "large": large,
        "returned": next((row for row in reversed(page.approvals) if row.reason), None) if page else None,
        "sum": money.written(rows.fen),
        "names": payees.names(own),
        "contracts": contracts.numbers(own, year=clocks.today().year),
        "refused": refused,
    }
    return render(request, "disclosures/desk/pipe/request_form.html", facts, status=422 if refused else 200)


# --- reviewing


def _queue(request: DeskRequest, verb: str, *, fault: str = "", refused: dict[str, str] | None = None) -> HttpResponse:
    key = forms.key(request.GET.get("after", "")) or 0
    roles, section = pipe.REQUEST[verb].roles, _section(request)
    found = reports.queue(request.officer, verb=verb, section=section, after=key)
    facts = {
        "verb": verb,
        "section": section,
        "sections": lines.sections(request.officer, *roles) if pipe.REQUEST[verb].at == pipe.Party.FINANCE else [],
        "address": _queue_address(verb, section),
        "label": pipe.REQUEST[verb].label,
        "found": found,
        "fen": sum(row.fen for row in found.rows),
        "payments": sum(row.count for row in found.rows),
        "passes": verb.startswith("review_"),
        "fault": fault,
        "refused": refused or {},
    }
    status = 422 if fault else 409 if refused else 200
    return render(request, "disclosures/desk/pipe/queue.html", facts, status=status)


def _seen(request: DeskRequest, refs: list[str]) -> dict[str, int]:
    """Which round of each of these the page showed."""
    rounds = {ref: forms.key(request.POST.get(f"round-{ref}", "")) for ref in refs}
    return {ref: number for ref, number in rounds.items() if number is not None}


def _section(request: DeskRequest) -> str:
    """The section whose requests are looked at, or nothing for all."""
    return request.GET.get("section", "").strip()[:40]


def _queue_address(verb: str, section: str) -> str:
    address = reverse("desk_request_queue", args=[verb])
    return f"{address}?{urlencode({'section': section})}" if section else address


def _do(ref: str, verb: str, typed: dict[str, Any], by: Officer) -> None:
    if verb == "void_request":
        requests.void(ref, reason=typed["reason"], by=by)
        return
    what, _underscore, step = verb.partition("_")
    decision = Decision.PASS if what == "review" else Decision.RETURN
    requests.review([ref], step=Step(step), decision=decision, **typed, by=by)


def _page(request: DeskRequest, ref: str, verb: str = "", bound: Form | None = None) -> HttpResponse:
    page = reports.request_page(ref, by=request.officer)
    offers = {offer.verb: offer for offer in page.offers}
    facts = {
        "page": page,
        "row": page.head,
        "passes": [offer for name, offer in offers.items() if name.startswith("review_")],
        "reasons": [(offer, _reason(name, verb, bound)) for name, offer in offers.items() if name in _NEED_REASONS],
        "edits": "resubmit" in offers,
        "history": asked.history(page),
        "own_batch": "" if page.external_id.startswith(_BATCH) else page.external_id,
        "verb": verb,
        "bound": bound,
        "refusal": " ".join(str(error) for error in bound.non_field_errors()) if bound else "",
        **_onward(request.officer, set(offers)),
    }
    return render(request, "disclosures/desk/pipe/request.html", facts, status=422 if bound else 200)


def _onward(by: Officer, offers: set[str]) -> dict[str, Any]:
    """The queue a request stands in for the officer, or, when a reviewer is done with it, the next one that waits."""
    waits = next((name for name in QUEUES if name in offers), None)
    verb = waits or next((name for name in QUEUES[:3] if by.has(*pipe.REQUEST[name].roles)), None)
    rows = [] if waits or verb is None else reports.queue(by, verb=verb, size=1).rows
    return {"queue": reverse("desk_request_queue", args=[verb]) if verb else "", "next": rows[0].ref if rows else ""}


def _reason(name: str, verb: str, bound: Form | None) -> Form:
    """The form of one offer; the one that was sent comes back with what was typed."""
    return bound if bound is not None and name == verb else forms.ReasonForm(auto_id=f"id_{name}_%s")
