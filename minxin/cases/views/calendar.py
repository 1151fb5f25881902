"""The working-day calendar on the desk: everybody reads the year, system administrators change it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from minxin.cases.actions import calendar as actions
from minxin.cases.forms.calendar import DayForm, YearForm
from minxin.cases.forms.choices import regions
from minxin.cases.reports import calendar
from minxin.cases.rules import calendar as rules
from minxin.cases.rules import desk
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused

FIRST, LAST = 1990, 2100
_FORMS: dict[str, type[DayForm | YearForm]] = {"days": DayForm, "years": YearForm}


@require_safe
@desk_view()
def year(request: DeskRequest) -> HttpResponse:
    """A region's year in months, its notice and its history; forms for who may change it."""
    typed = request.GET.get("year", "")
    number = int(typed) if typed.isascii() and typed.isdigit() and FIRST <= int(typed[:6]) <= LAST else 0
    if typed and not number:
        raise Absent
    region = request.GET.get("region", rules.home(request.officer))
    return _page(request, number or clocks.today().year, region)


@require_POST
@desk_view()
def change(request: DeskRequest, noun: str) -> HttpResponse:
    """One day, or a year's notice; refused with everything typed."""
    if noun not in _FORMS or not rules.centres(request.officer):
        raise Absent
    form = _FORMS[noun](request.POST, request.FILES, officer=request.officer, auto_id=f"{noun}-%s")
    if form.is_valid() and _done(form, request):
        messages.success(request, _("日历已更新，受影响的未办结期限正在重新计算，前后两个日期都会留下记录。"))
        typed = form.cleaned_data
        number = typed["on"].year if noun == "days" else typed["year"]
        return redirect(f"{reverse('desk_calendar')}?year={number}&region={typed['region']}")
    return _page(request, clocks.today().year, rules.home(request.officer), failed={noun: form})


def _done(form: DayForm | YearForm, request: DeskRequest) -> bool:
    """Whether the change went through; a refusal becomes an error of the form."""
    try:
        if isinstance(form, DayForm):
            actions.set_day(**form.cleaned_data, by=request.officer)
        else:
            actions.import_year(**form.cleaned_data, by=request.officer)
    except Refused as refusal:
        form.refuse(refusal.field, refusal.sentence)
        return False
    return True


def _page(request: DeskRequest, number: int, region: str, *, failed: dict[str, Any] | None = None) -> HttpResponse:
    officer, failed = request.officer, failed or {}
    facts: dict[str, Any] = {
        "officer": officer,
        "nav": desk.nav(officer),
        "file": calendar.year(number, region),
        "regions": [(rules.NATION, _("全国")), *regions()],
        "today": clocks.today(),
        "before": number - 1 if number > FIRST else None,
        "after": number + 1 if number < LAST else None,
        "failed": next(iter(failed), ""),
    }
    if rules.centres(officer):
        initial = {"region": region, "year": number}
        facts["forms"] = {
            noun: failed.get(noun) or form(officer=officer, initial=initial, auto_id=f"{noun}-%s")
            for noun, form in _FORMS.items()
        }
    return render(request, "cases/calendar/year.html", facts, status=422 if failed else 200)
