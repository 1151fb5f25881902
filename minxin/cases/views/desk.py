"""The desk: my work, lists, one case with the moves allowed now, and what each move does."""

from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from minxin.cases.actions import reading
from minxin.cases.forms import panel
from minxin.cases.forms.desk import VERBS, Batch
from minxin.cases.forms.lists import Narrow
from minxin.cases.models import Case
from minxin.cases.reports import desk as lists
from minxin.cases.reports import dossier
from minxin.cases.reports.desk import Count
from minxin.cases.rules import desk, moves
from minxin.cases.rules.desk import Queue
from minxin.directory import reports as directory
from minxin.directory.rules import Officer
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.kernel import clocks, files, sheets
from minxin.kernel.errors import Absent, Refused

SANDBOX = "sandbox; default-src 'none'; style-src 'none'"
MOST_AT_ONCE = 50
DONE = 0


@require_safe
@desk_view()
def home(request: DeskRequest) -> HttpResponse:
    """我的工作: the first pile that is not empty, most urgent first."""
    counts = lists.counts(request.officer)
    first = next((row.queue for row in counts if row.number), counts[0].queue if counts else None)
    return _list(request, first, counts)


@require_safe
@desk_view()
def listing(request: DeskRequest) -> HttpResponse:
    """One queue, or everything one may see, narrowed by filters that are part of the address."""
    return _list(request, _queue(request.officer, request.GET.get("queue", "")), lists.counts(request.officer))


@require_safe
@desk_view()
def case(request: DeskRequest, ref: str) -> HttpResponse:
    """One case. Its reading is recorded; a fragment when the list asks for it."""
    found = reading.read(ref, by=request.officer)
    return _case(request, found, chosen=request.GET.get("do", ""))


@desk_view()
def act(request: DeskRequest, ref: str, verb: str) -> HttpResponse:
    """One verb on one case: done and on to the next, or refused with the sentence and everything typed."""
    if verb not in VERBS:
        raise Absent
    found = reading.read(ref, by=request.officer)
    if request.method != "POST":
        return _case(request, found, chosen=verb)
    form = panel.filled(verb, request.POST, dossier.dossier(found, request.officer))
    status = _done(form, found.ref, verb, by=request.officer)
    if status == DONE:
        return _onward(request, found.ref, verb)
    found.refresh_from_db()
    return _case(request, found, chosen=verb, bound=form, status=status)


@require_POST
@desk_view()
def identity(request: DeskRequest, ref: str) -> HttpResponse:
    """查看身份: on record, then shown for ten minutes."""
    found = reading.open_identity(ref, by=request.officer)
    return redirect(_address(found.ref, request.POST.get("queue", "")) + "#people")


@require_safe
@desk_view()
def attachment(request: DeskRequest, ref: str, file: str) -> HttpResponse:
    """One file, always as a download, in a sandbox of its own."""
    found = reading.read(ref, by=request.officer)
    kept = dossier.attachment(found, request.officer, file)
    reading.record([found.pk], what=f"file {kept.pk}", by=request.officer)
    response = FileResponse(files.store().open(kept.stored), as_attachment=True, filename=kept.name)
    response["Content-Type"] = kept.mime
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    return cast(HttpResponse, response)


@require_safe
@desk_view()
def printed(request: DeskRequest, ref: str) -> HttpResponse:
    """The whole file on paper: the same audience rules, no identity."""
    found = reading.read(ref, what="print", by=request.officer)
    file = dossier.dossier(found, request.officer)
    facts = {"file": file, "officer": request.officer, "now": clocks.now(), "paper": True}
    return render(request, "cases/desk/print.html", facts)


@require_safe
@desk_view()
def export(request: DeskRequest) -> HttpResponse:
    """The list as a sheet: only rows one may see; the export is recorded on every one of them."""
    queue, narrow = _queue(request.officer, request.GET.get("queue", "")), Narrow.of(request.GET)
    rows = lists.queue_exported(request.officer, queue) if queue else lists.exported(request.officer, narrow.filters)
    reading.record_export([row.ref for row in rows], by=request.officer)
    response = HttpResponse(_sheet(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{clocks.today():%Y-%m-%d}-cases.csv"'
    return response


@require_safe
@desk_view()
def units(request: DeskRequest) -> HttpResponse:
    """Suggestions for a unit's name, as options."""
    typed = next((str(value) for key, value in request.GET.items() if value and key != "queue"), "")
    found = directory.search_units(typed[:40], limit=12)
    return render(request, "cases/desk/units.html", {"units": found})


@require_POST
@desk_view()
def batch(request: DeskRequest) -> HttpResponse:
    """One verb on several rows: each checked by itself; the answer says which were refused and why."""
    refs = list(dict.fromkeys(request.POST.getlist("refs")))[:MOST_AT_ONCE]
    form = Batch(request.POST)
    queue = request.POST.get("queue", "")
    if not form.is_valid() or not refs:
        messages.error(request, _("请先勾选要办的件，再选择办什么。"))
        return redirect(_list_address(queue))
    results = [_one(request.officer, ref, form) for ref in refs]
    done = sum(1 for _ref, refusal in results if not refusal)
    messages.success(request, ngettext("办好 %(n)d 件。", "办好 %(n)d 件。", done) % {"n": done})
    if done == len(results):
        return redirect(_list_address(queue))
    facts = _frame(request, None) | {
        "results": results,
        "label": moves.MOVES[form.cleaned_data["verb"]].label,
        "back": _list_address(queue),
    }
    return render(request, "cases/desk/batch.html", facts, status=409)


# --- inside


def _list(request: DeskRequest, queue: Queue | None, counts: list[Count]) -> HttpResponse:
    officer, narrow = request.officer, Narrow.of(request.GET)
    filters = narrow.filters
    if queue:
        page = lists.inbox(officer, queue, after=request.GET.get("after", ""), filters=filters)
    else:
        page = lists.listing(officer, filters, before=request.GET.get("after", ""))
    facts = _frame(request, queue, counts) | {"page": page, "narrow": narrow, "filters": filters}
    facts["batch"], facts["everything"] = Batch.blank(), queue is None
    return render(request, "cases/desk/list.html", facts)


def _case(request: DeskRequest, found: Case, *, chosen: str = "", bound: Any = None, status: int = 200) -> HttpResponse:
    officer = request.officer
    file = dossier.dossier(found, officer)
    queue = _queue(officer, request.POST.get("queue", "") or request.GET.get("queue", ""))
    facts: dict[str, Any] = {
        "file": file,
        "queue": queue,
        "moves": panel.panel(file, chosen=chosen, bound=bound),
        "officer": officer,
    }
    if _is_fragment(request):
        return render(request, "cases/desk/case.html#case", facts, status=status)
    facts |= _frame(request, queue)
    facts["page"] = lists.inbox(officer, queue) if queue else None
    facts["narrow"], facts["batch"] = Narrow.of(request.GET), Batch.blank()
    return render(request, "cases/desk/case.html", facts, status=status)


def _frame(request: DeskRequest, queue: Queue | None, counts: list[Count] | None = None) -> dict[str, Any]:
    """What every page of the desk shows around its content."""
    return {
        "officer": request.officer,
        "nav": desk.nav(request.officer),
        "counts": lists.counts(request.officer) if counts is None else counts,
        "queue": queue,
        "query": urlencode([(key, value) for key, value in request.GET.items() if key != "after"]),
    }


def _queue(officer: Officer, code: str) -> Queue | None:
    """The queue of that name; Absent when this officer has none of it."""
    if not code:
        return None
    found = next((queue for queue in desk.queues_of(officer) if queue.code == code), None)
    if found is None:
        raise Absent
    return found


def _onward(request: DeskRequest, ref: str, verb: str) -> HttpResponse:
    """Say what was done; stay while the queue still asks for this case, else go on to its most urgent one."""
    messages.success(request, str(VERBS[verb].done))
    queue = _queue(request.officer, request.POST.get("queue", ""))
    if queue is None:
        return redirect(_address(ref, ""))
    following, same = lists.next_ref(request.officer, queue, done=ref)
    if not following:
        messages.info(request, _("“%(queue)s”已经办完。") % {"queue": queue.label})
        return redirect("desk_home")
    if not same:
        messages.info(request, _("刚办的是 %(ref)s，这是下一件。") % {"ref": ref})
    return redirect(_address(following, queue.code))


def _done(form: Form, ref: str, verb: str, *, by: Officer) -> int:
    """DONE, or the status of the answer: 422 for what was typed, 409 for what no typing helps against."""
    if not form.is_valid():
        return 422
    try:
        VERBS[verb].act(ref, by=by, **form.cleaned_data)
    except Absent:
        raise
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
        return 409 if refusal.code in {"stage", "conflict", "not_your_turn"} else 422
    return DONE


def _one(officer: Officer, ref: str, form: Batch) -> tuple[str, str]:
    """One row of a batch: its ref, and the sentence when it was refused."""
    try:
        VERBS[form.cleaned_data["verb"]].act(ref, by=officer, **form.facts)
    except Refused as refusal:
        return ref[:40], refusal.sentence or _("没有找到此件。")
    return ref, ""


def _sheet(rows: Iterable[lists.Row]) -> bytes:
    headings = [_("编号"), _("标题"), _("性质"), _("环节"), _("单位"), _("到期"), _("时间"), _("标记")]
    return sheets.lines(headings, [_cells(row) for row in rows])


def _cells(row: lists.Row) -> list[str]:
    """One line of the sheet, its due moment written as spreadsheets sort it."""
    due = row.due_at.astimezone(clocks.ZONE).strftime("%Y-%m-%d %H:%M") if row.due_at else ""
    return [row.ref, row.title, str(row.kind), row.stage, row.unit, due, row.lamp.words, "、".join(row.marks)]


def _is_fragment(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")


def _address(ref: str, queue: str) -> str:
    return reverse("desk_case", args=[ref]) + (f"?{urlencode({'queue': queue})}" if queue else "")


def _list_address(queue: str) -> str:
    return reverse("desk_list") + (f"?{urlencode({'queue': queue})}" if queue else "")
