"""The auditor's screens: what was done in the network, by which office, newest first."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from minxin.directory import forms, reports, rules
from minxin.directory.actions import auditing
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.kernel import clocks, sheets
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger
from minxin.ledger import rules as ledger_rules
from minxin.ui import words

_READERS = rules.may("read_log")
PAGE = 50  # events of a page
EXPORTED = 20_000  # events of one sheet


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the log shows it: what was done, to what (its kind and name)."""

    event: ledger.Event
    verb: str
    kind: str
    name: str


@desk_view(*_READERS)
@require_safe
def log_list(request: DeskRequest) -> HttpResponse:
    """The log by pages, narrowed by filters that are part of the address."""
    form = forms.LogForm(request.GET)
    before = ledger.Place.read(request.GET.get("before", ""))
    found = ledger.log(form.narrow(request.officer), before=before, limit=PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    facts = {
        "form": form,
        "rows": _rows(found[:PAGE]),
        "older": ledger.Place(last.at, last.stream, last.seq) if last else None,
        "sealed": ledger.sealed(),
        "whole": reports.log_reach(request.officer) is None,
    }
    return render(request, "directory/log.html", facts, status=200 if form.is_valid() else 422)


@desk_view(*_READERS)
@require_safe
def log_event(request: DeskRequest, stream: str, seq: int) -> HttpResponse:
    """One event with its facts."""
    if seq >= 2**63:
        raise Absent
    event = ledger.logged(stream, seq, within=reports.log_reach(request.officer))
    facts = [(ledger_rules.fact_label(name), _said(value)) for name, value in event.facts.items()]
    unit = reports.units_by_id([event.unit_id]).get(event.unit_id) if event.unit_id else None
    return render(request, "directory/event.html", {"row": _rows([event])[0], "facts": facts, "unit": unit})


@desk_view(*_READERS)
@require_POST
def log_export(request: DeskRequest) -> HttpResponse:
    """The same events as a sheet; that it was taken home is on record itself."""
    form = forms.LogForm(request.POST)
    if not form.is_valid():
        raise Refused("filters", _("筛选条件有误，请回到日志页改正后再导出。"))
    found = ledger.log(form.narrow(request.officer), limit=EXPORTED)
    asked = {name: value for name, value in form.cleaned_data.items() if value}
    auditing.export_log(rows=len(found), by=request.officer, **asked)
    headings = [_("时间"), _("动作"), _("关于"), _("序号"), _("经办"), _("事项")]
    response = HttpResponse(sheets.lines(headings, map(_cells, _rows(found))), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="log-{clocks.today():%Y-%m-%d}.csv"'
    return response


def _rows(events: list[ledger.Event]) -> list[Row]:
    subjects = reports.log_subjects({event.stream for event in events})
    return [Row(event, ledger_rules.verb_label(event.verb), *subjects[event.stream]) for event in events]


def _cells(row: Row) -> list[str]:
    event = row.event
    facts = "；".join(f"{ledger_rules.fact_label(name)} {_said(value)}" for name, value in event.facts.items())
    return [words.moment(event.at), row.verb, row.name, str(event.seq), event.actor_label, facts]


def _said(value: object) -> str:
    """A fact's value in words: nothing is a dash, yes and no are words, lists are joined."""
    if value is None or value in ("", []):
        return words.NOTHING
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        return "、".join(_said(item) for item in value)
    if isinstance(value, dict):
        return "，".join(f"{key} {_said(item)}" for key, item in value.items())
    return str(value)
