"""The glass pipe: picture, parts, the rows behind, the calendar, where money stands still, one yuan's way."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from minxin.directory import reports as directory
from minxin.directory.rules import Role
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.forms import pipe as addresses
from minxin.disclosures.forms.pipe import address
from minxin.disclosures.reports import flow, idle, told, trace
from minxin.disclosures.reports.flow import Part, View, Where
from minxin.disclosures.reports.told import Told
from minxin.disclosures.rules import pipe_public
from minxin.disclosures.rules.pipe_public import Flowing, Stretch
from minxin.kernel import clocks, sheets
from minxin.ui import words

WAYS = {
    "department": gettext_lazy("按部门"),
    "unit": gettext_lazy("按单位"),
    "function": gettext_lazy("按用途（功能科目）"),
    "economic": gettext_lazy("按花法（经济科目）"),
    "fund": gettext_lazy("按资金性质"),
    "month": gettext_lazy("按月份"),
}
MOST_PARTS = 60  # of a page, until all are asked for


@require_safe
def newest(request: HttpRequest) -> HttpResponse:
    """The search in the pipe; without words the page of the newest year in which money was paid."""
    words = request.GET.get("q", "")
    if not words.strip():
        return redirect("pipe", flow.newest() or clocks.today().year)
    years = flow.years()
    found = trace.find(words)
    if len(found) == 1 and found[0][0] != "unit":
        return redirect(_found(*found[0]))
    rows = [(_found(kind, one, years), kind, one) for kind, one in found]
    return render(request, "disclosures/pipe/search.html", {"q": words.strip()[:60], "rows": rows, "years": years})


@require_safe
def pipe(request: HttpRequest, year: int) -> HttpResponse:
    """A year's money, or some part of it, from the budget to the payees. Its address is the share link."""
    where = addresses.read(request.GET, year)
    stretch = addresses.stretch(request.GET)
    by = addresses.division(request.GET, where)
    view = flow.view(where, by, digits=_digits(where, by))
    facts = _frame(where) | {
        "view": view,
        "stretch": stretch,
        "stretch_name": pipe_public.name_of(stretch) if stretch else "",
        "stretches": _stretches(view.where, pipe_public.flowing(view.whole)),
        **_parts(view, stretch, request),
        "ways": _ways(where, by, stretch),
        "way": WAYS[by],
        "proof": flow.proof(year),
    }
    return render(request, "disclosures/pipe/pipe.html", facts)


@require_safe
def payments(request: HttpRequest, year: int) -> HttpResponse:
    """The payments behind a number, one by one; first a unit is chosen."""
    where = addresses.read(request.GET, year)
    stretch = addresses.stretch(request.GET)
    facts = _frame(where) | {"stretch": stretch}
    if not where.unit:
        view = flow.view(where, "unit")
        facts |= {"view": view, **_parts(view, stretch, request, door="pipe_payments")}
        return render(request, "disclosures/pipe/units.html", facts)
    page = told.payments(where, stretch=stretch, before=request.GET.get("before", ""))
    facts |= {
        "rows": _rows(page.rows, year),
        "older": page.older,
        "sums": page.sums,
    }
    return render(request, "disclosures/pipe/payments.html", facts)


@require_safe
def table(request: HttpRequest, year: int) -> HttpResponse:
    """The same rows as CSV, a thousand at a time; the header Link leads to the next."""
    where = addresses.read(request.GET, year)
    stretch = addresses.stretch(request.GET)
    page = told.payments(where, stretch=stretch, before=request.GET.get("before", ""), size=told.CSV_SIZE)
    rows = [[str(value) for value in row.facts().values()] for row in page.rows]
    data = sheets.lines([str(name) for name in _COLUMNS], rows)
    response = HttpResponse(data, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="payments-{year}-{where.unit}.csv"'
    if page.older:
        following = address("pipe_table", where, stretch=stretch or "", before=page.older)
        response["Link"] = f'<{following}>; rel="next"'
    return response


@require_safe
def lines(request: HttpRequest, year: int) -> HttpResponse:
    """The budget lines behind a number, one by one."""
    where = addresses.read(request.GET, year)
    age = told.age_of(request.GET.get("age", ""))
    page = told.lines(where, age=age, after=request.GET.get("after", ""))
    facts = _frame(where) | {"rows": tuple(told.named(page.rows, year)), "older": page.older}
    facts |= {"age": pipe_public.AGES[age] if age else ""}
    return render(request, "disclosures/pipe/lines.html", facts)


@require_safe
def pace(request: HttpRequest, year: int) -> HttpResponse:
    """Each unit's money against the calendar: who lags."""
    where = replace(addresses.read(request.GET, year), month=0)
    gone, days = flow.elapsed(year)
    rows = flow.pace(where)
    whole = flow.total(row.sums for row in rows)
    shown = tuple(rows if "all" in request.GET else rows[:MOST_PARTS])
    more = (len(rows), address("pipe_pace", where, all=1)) if len(shown) < len(rows) else None
    facts: dict[str, Any] = {"rows": shown, "more": more, "gone": gone, "days": days, "whole": whole}
    facts["months"] = _months(flow.view(where, "month"), whole.budget)
    return render(request, "disclosures/pipe/pace.html", _frame(where) | facts)


@require_safe
def standing(request: HttpRequest, year: int) -> HttpResponse:
    """Where money stands still, by age and by unit, and what was put to use."""
    where = addresses.read(request.GET, year)
    found = idle.standing(where)
    facts = _frame(where) | {"found": found, "revivals": idle.revivals(where, before=request.GET.get("before", ""))}
    door = "pipe_lines" if where.unit else "pipe_idle"
    by = "unit" if where.department or where.unit else "department"
    facts["ages"] = [(row, address("pipe_lines", where, age=row.age)) for row in found.ages]
    facts["parts"] = tuple((part, address(door, where, **{by: part.code})) for part in found.parts if part.code)
    return render(request, "disclosures/pipe/idle.html", facts)


@require_safe
def payment(request: HttpRequest, ref: str) -> HttpResponse:
    """One payment's way."""
    found = trace.payment(ref)
    facts = _frame(found.where) | {"found": found, "crumbs": _crumbs(replace(found.where, function="", economic=""))}
    return render(request, "disclosures/pipe/payment.html", facts)


@require_safe
def line(request: HttpRequest, ref: str) -> HttpResponse:
    """One budget line's way forward."""
    found = trace.line(ref, before=request.GET.get("before", ""))
    facts = _frame(found.where) | {"found": found, "crumbs": _crumbs(replace(found.where, function="", economic=""))}
    facts["stretches"] = [row for row in pipe_public.flowing(found.sums) if row.fen and row.stretch in _OF_A_LINE]
    facts["rows"] = _rows(found.payments.rows, found.where.year)
    return render(request, "disclosures/pipe/line.html", facts)


@require_safe
def contract(request: HttpRequest, unit: str, contract_no: str) -> HttpResponse:
    """One published contract and the payments that fulfil it."""
    found = trace.contract(unit, contract_no, before=request.GET.get("before", ""))
    where = Where(found.year, unit=found.unit)
    facts = _frame(where) | {"found": found, "rows": _rows(found.payments.rows, found.year)}
    return render(request, "disclosures/pipe/contract.html", facts)


@require_safe
@desk_view(Role.SYSTEM_ADMIN, Role.AUDITOR, Role.BUDGET, Role.CASHIER)
def proofs(request: DeskRequest) -> HttpResponse:
    """The nightly proofs of the totals: differences that are still open, and the newest."""
    facts = {"open": flow.open_proofs(), "rows": flow.newest_proofs()}
    return render(request, "disclosures/desk/proofs.html", facts)


# --- what the pages have in common


_COLUMNS = (
    gettext_lazy("支付编号"), gettext_lazy("指标编号"), gettext_lazy("单位代码"), gettext_lazy("支付日期"),
    gettext_lazy("功能科目"), gettext_lazy("经济科目"), gettext_lazy("项目"), gettext_lazy("资金性质"),
    gettext_lazy("收款人类别"), gettext_lazy("收款人"), gettext_lazy("合同编号"), gettext_lazy("状态"),
    gettext_lazy("金额（元）"), gettext_lazy("已退回（元）"),
)  # fmt: skip


_OF_A_LINE = tuple(Stretch)[: list(Stretch).index(Stretch.UNREQUESTED) + 1]  # a line knows its balances only


def _frame(where: Where) -> dict[str, Any]:
    """What every page of the pipe shows of the part it is about: the way here, what was chosen, the other pages."""
    doors = (
        ("pipe", _("管道")),
        ("pipe_payments", _("逐笔支付")),
        ("pipe_lines", _("逐条指标")),
        ("pipe_pace", _("对照时间看进度")),
        ("pipe_idle", _("哪里停着")),
    )
    return {
        "where": where,
        "crumbs": _crumbs(where),
        "chosen": _chosen(where),
        "doors_": tuple((address(door, where), label, door) for door, label in doors),
        "name": _name(where),
    }


def _name(where: Where) -> str:
    if where.unit or where.department:
        return directory.unit(where.unit or where.department).name
    return _("全市")


def _crumbs(where: Where) -> list[tuple[str, str]]:
    """Label and address, the widest first."""
    year = Where(where.year)
    steps = [(_("%(year)d年资金拨付") % {"year": where.year}, address("pipe", year))]
    code = where.department
    if where.unit:
        department = directory.unit(flow.place(where.unit).department).code
        code = "" if department == where.unit else department
    if code:
        steps.append((directory.unit(code).short, address("pipe", year, department=code)))
    if where.unit:
        steps.append((directory.unit(where.unit).short, address("pipe", year, unit=where.unit)))
    return steps


def _chosen(where: Where) -> list[tuple[str, str]]:
    """What narrows the page, each with the address without it."""
    found = []
    for by in ("function", "economic", "fund", "month"):
        value = getattr(where, by)
        if value:
            label = _month(value) if by == "month" else flow.name_of(by, value, where)
            found.append((label, address("pipe", where, **{by: 0 if by == "month" else ""})))
    return found


def _digits(where: Where, by: str) -> int:
    return flow.digits_below(by, getattr(where, by)) if by in flow.LEVELS else 0


def _ways(where: Where, by: str, stretch: Stretch | None) -> list[Mapping[str, Any]]:
    """The ways to divide this part, as tabs."""
    shown = [way for way in WAYS if not (way == "department" and (where.department or where.unit))]
    shown = [way for way in shown if not (way == "unit" and where.unit)]
    return [
        {
            "label": WAYS[way],
            "href": address("pipe", where, by=way, stretch=stretch or "") + "#parts",
            "here": way == by,
        }
        for way in shown
    ]


def _stretches(where: Where, rows: list[Flowing]) -> tuple[tuple[Flowing, str], ...]:
    """Each stretch that holds money with where it opens its rows: payments, lines, or the parts it is in."""
    found = []
    for row in (row for row in rows if row.fen):
        if row.stretch in pipe_public.ON_PAYMENTS:
            href = address("pipe_payments", where, stretch=row.stretch)
        elif where.unit and row.stretch in pipe_public.ON_LINES:
            href = address("pipe_lines", where)
        else:
            href = address("pipe", where, stretch=row.stretch) + "#parts"
        found.append((row, href))
    return tuple(found)


def _rows(rows: Iterable[Told], year: int) -> tuple[tuple[str, ...], ...]:
    """Payments in the words of their rows, escaped: a list has fifty, and they say mostly the same."""
    return tuple(_row(*named) for named in told.named(rows, year))


def _row(row: Told, function: str, economic: str) -> tuple[str, ...]:
    return (
        SafeString(row.ref),
        SafeString(row.on.isoformat()),
        SafeString(words.amount(row.fen)),
        _escaped(f"{function} · {economic}"),
        _escaped(row.project),
        _escaped(row.payee or row.kind),
        _contract(row.unit, row.contract) if row.payee else "",
        _escaped(row.contract),
        _escaped(row.stage),
        SafeString(words.amount(row.returned_fen)) if row.returned_fen else "",
    )


@lru_cache(maxsize=8192)
def _escaped(text: str) -> SafeString:
    """Escaped once."""
    return escape(text)


@lru_cache(maxsize=8192)
def _contract(unit: str, contract_no: str) -> SafeString:
    """The address of a contract's page, as a page writes it."""
    return escape(reverse("pipe_contract", args=[unit, contract_no]))


def _parts(view: View, stretch: Stretch | None, request: HttpRequest, *, door: str = "pipe") -> dict[str, Any]:
    """Each part with the address of its own page, and the money of the stretch that is looked at; the first MOST_PARTS.

    `more` is how many there are in all and the address of the page with all of them.
    """
    most = len(view.parts) if "all" in request.GET else MOST_PARTS
    if view.where.unit:
        return _first_parts(view, stretch, most, door)
    return _same_parts(view, stretch, most, door, get_language())


@lru_cache(maxsize=64)
def _same_parts(view: View, stretch: Stretch | None, most: int, door: str, _language: str | None) -> dict[str, Any]:
    """Of a view that is kept they are kept with it: of the very same sums."""
    return _first_parts(view, stretch, most, door)


def _first_parts(view: View, stretch: Stretch | None, most: int, door: str) -> dict[str, Any]:
    rows = list(view.parts)
    if stretch:
        rows.sort(key=lambda part: -pipe_public.amount(part.sums, stretch))
    found = []
    for part in rows[:most]:
        code = int(part.code or 0) if view.by == "month" else part.code
        href = address(door, view.where, **{view.by: code}, stretch=stretch or "") if code else ""
        named = replace(part, name=_part_name(view.by, part))
        found.append((named, href, pipe_public.amount(part.sums, stretch) if stretch else 0))
    every = address(door, view.where, by=view.by, stretch=stretch or "", all=1) + "#parts"
    return {"parts": tuple(found), "more": (len(rows), every) if most < len(rows) else None}


def _part_name(by: str, part: Part) -> str:
    if by == "month":
        return _month(int(part.code or 0))
    return part.name or _("个人款项，跨科目合并公开")


def _month(number: int) -> str:
    if number == 13:
        return _("年度终了后")
    return _("%(month)d月") % {"month": number} if number else _("个人款项，跨月合并公开")


def _months(view: View, budget: int) -> list[tuple[str, int, int, int | None, str]]:
    """Month by month: name, spent in it, spent so far, what an even pace would have spent, the address of its page."""
    so_far, rows = 0, []
    for part in view.parts:
        so_far += part.sums.spent
        month = int(part.code or 0)
        even = budget * flow.days_through(view.where.year, month) if 0 < month < 13 else None
        href = address("pipe", view.where, month=month) if month else ""
        rows.append((_month(month), part.sums.spent, so_far, even and even // flow.elapsed(view.where.year)[1], href))
    return rows


def _found(kind: str, one: Any, years: list[int] | None = None) -> str:
    if kind == "payment":
        return reverse("pipe_payment", args=[one])
    if kind == "line":
        return reverse("pipe_line", args=[one])
    if kind == "contract":
        return reverse("pipe_contract", args=[one.unit, one.contract_no])
    return address("pipe", Where((years or [clocks.today().year])[0], unit=one.unit.code))
