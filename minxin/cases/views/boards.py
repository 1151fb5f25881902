"""Beside the lists: staff entry with its receipt, the supervision board, a head's one minute."""

import secrets
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minxin.cases.actions import centre
from minxin.cases.forms.enter import Enter
from minxin.cases.reports import board
from minxin.cases.reports import desk as lists
from minxin.cases.rules import codes, desk
from minxin.cases.rules.filing import Upload
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.kernel.errors import Refused


@desk_view(*desk.ENTERING)
def enter(request: DeskRequest) -> HttpResponse:
    """登记来件: told by telephone, letter or visit; the receipt is printed for the caller."""
    officer = request.officer
    if request.method != "POST":
        form = Enter(officer=officer, initial={"key": secrets.token_hex(16)})
        return render(request, "cases/desk/enter.html", _frame(request) | {"form": form})
    form = Enter(request.POST, officer=officer)
    if form.is_valid():
        try:
            uploads = [Upload(file.name or "", file.read()) for file in request.FILES.getlist("files")]
            receipt = centre.register(form.draft, key=form.cleaned_data["key"], by=officer, uploads=uploads)
            return render(request, "cases/desk/receipt.html", _frame(request) | {"receipt": receipt})
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
    return render(request, "cases/desk/enter.html", _frame(request) | {"form": form}, status=422)


@require_safe
@desk_view(*desk.OVERSEEING)
def supervision(request: DeskRequest) -> HttpResponse:
    """督办台: listed, lifted, red, yellow, blue."""
    slip = request.GET.get("slip", "")
    facts = _frame(request) | {
        "piles": board.supervision_counts(request.officer),
        "slip": slip if slip in codes.Slip.values else "",
        "page": board.supervision(request.officer, slip, before=request.GET.get("after", "")),
    }
    return render(request, "cases/desk/supervision.html", facts)


@require_safe
@desk_view(*desk.CHIEFS)
def minute(request: DeskRequest) -> HttpResponse:
    """一分钟: what a head has to know today."""
    facts, officer = _frame(request), request.officer
    to_sign = next((row.shown for row in facts["counts"] if row.queue.code == "sign"), "0")
    return render(request, "cases/desk/minute.html", facts | {"minute": board.minute(officer), "to_sign": to_sign})


def _frame(request: DeskRequest) -> dict[str, Any]:
    officer = request.officer
    return {"officer": officer, "nav": desk.nav(officer), "counts": lists.counts(officer), "queue": None, "query": ""}
