"""Where the money goes (资金分配): the plan in one look, the drill-down, versions, three expenses, a unit's page."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from minxin.disclosures.forms import allocation as forms
from minxin.disclosures.reports import allocation as reports
from minxin.disclosures.reports import government, profile, three, versions
from minxin.disclosures.reports.allocation import Roll
from minxin.disclosures.rules import allocation as rules
from minxin.disclosures.rules.allocation import Asked, By
from minxin.disclosures.rules.codes import Version
from minxin.kernel import money
from minxin.kernel.errors import Absent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is: what was asked, as far as it exists; the versions of each year; the budget units."""

    asked: Asked
    known: dict[int, list[Version]]
    among: Roll

    @property
    def shown(self) -> bool:
        """Whether anything of the year was on the page then."""
        return self.asked.year in self.known


@require_safe
def newest(request: HttpRequest) -> HttpResponse:
    """The whole plan of a year (the newest, or ?year=) in one look."""
    typed = request.GET.get("year", "")
    place = _place(request, int(typed) if typed.isdecimal() and len(typed) == 4 else None)
    facts = _facts(request, place) | {"whole": reports.whole(place.asked, place.among) if place.shown else None}
    facts["governments"] = government.beside(place.asked, place.among) if place.shown else []
    return render(request, "disclosures/allocation/whole.html", facts)


@require_safe
def drill(request: HttpRequest, year: int) -> HttpResponse:
    """The drill-down. Its address is the share link."""
    place = _place(request, year)
    words = forms.words(request.GET)
    facts = _facts(request, place) | {"q": words, "ways": _ways(place)}
    if words and place.shown:
        facts["hits"] = reports.search(place.asked, place.among, words)
    elif place.asked.by is By.ROW:
        rows, older = reports.rows(place.asked, place.among, before=request.GET.get("before", "")[:40])
        facts |= {"rows": rows, "older": older}
    else:
        facts["drill"] = reports.drill(place.asked, place.among)
        facts["governments"] = [] if facts["chips"] else government.beside(place.asked, place.among)
    return render(request, "disclosures/allocation/drill.html", facts)


@require_safe
def table(request: HttpRequest, year: int) -> HttpResponseBase:
    """The rows of the drill-down as CSV: exactly what the page shows, row by row all of them."""
    place = _place(request, year)
    lines = _published(place) if place.asked.by is By.ROW else _lines(reports.drill(place.asked, place.among))
    response = StreamingHttpResponse(_csv(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="budget-{year}-{place.asked.by}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
def sides(request: HttpRequest, year: int) -> HttpResponse:
    """Initial, adjusted, executed and final side by side, and why they differ."""
    place = _place(request, year)
    found = versions.sides(place.asked, place.known.get(year, []), place.among)
    facts = _facts(request, place) | {
        "sides": found,
        "ways": _ways(place, versions.WAYS, found.asked),
        "reasons": versions.reasons(place.asked, place.among),
        "opens": _opened(found.asked),
    }
    return render(request, "disclosures/allocation/versions.html", facts)


@require_safe
def three_expenses(request: HttpRequest, year: int) -> HttpResponse:
    """The three public expenses by unit, against the year before."""
    place = _place(request, year)
    if place.asked.version == Version.EXECUTED:
        place = _place(request, year, version=Version.INITIAL)
    last_year = place.asked.version in place.known.get(year - 1, [])
    found = three.table(place.asked, place.among, last_year=last_year)
    facts = _facts(request, place) | {"table": found, "last_year": year - 1}
    facts["versions"] = [one for one in facts["versions"] if one[0] != Version.EXECUTED.label]
    return render(request, "disclosures/allocation/three.html", facts)


@require_safe
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """One unit's budget."""
    known, among = reports.years(), reports.roll()
    found = profile.profile(code, known, among)
    asked = Asked(found.asked.year, unit=code)
    facts = {"profile": found, "reasons": versions.reasons(asked, among), "least": rules.LEAST_LIKE}
    return render(request, "disclosures/allocation/unit.html", facts)


def _place(request: HttpRequest, year: int | None, version: str = "") -> Place:
    """The place asked for. A year of which nothing was ever published does not exist."""
    on = forms.read(year or rules.FIRST_YEAR, request.GET).on
    known, among = reports.years(on), reports.roll()
    if year is not None and year not in known and on is None:
        raise Absent
    asked = forms.read(year or next(iter(known), rules.FIRST_YEAR), request.GET)
    if version:
        asked = asked.narrowed("version", version)
    return Place(reports.settled(asked, known, among), known, among)


def _facts(request: HttpRequest, place: Place) -> dict[str, Any]:
    """What every page of the budget shows around its figures."""
    asked = place.asked
    return {
        "place": place,
        "asked": asked,
        "query": asked.query(),
        "chips": reports.chips(asked, place.among),
        "years": [(year, year == asked.year) for year in place.known],
        "versions": [
            (one.label, asked.narrowed("version", one).query(), one == asked.version)
            for one in place.known.get(asked.year, [])
        ],
        "version": Version(asked.version).label,
        "kept": [(name, getattr(asked, name)) for name in rules.NAMES if name != "on" and getattr(asked, name)],
        "restated": asked.year <= rules.RESTATED,
        "tabs": _pages(request, asked),
    }


def _pages(request: HttpRequest, asked: Asked) -> list[dict[str, Any]]:
    """The budget pages of a year, the same narrowing kept."""
    pages = ((_("逐级查看"), "budget"), (_("版本对照"), "budget_versions"), (_("三公经费"), "budget_three"))
    return [
        {"label": label, "href": f"{href}?{asked.query()}", "here": request.path == href}
        for label, href in ((label, reverse(name, args=[asked.year])) for label, name in pages)
    ]


def _opened(asked: Asked) -> dict[str, str]:
    """The address of the same place in the drill-down, by version."""
    base = reverse("budget", args=[asked.year])
    return {version.value: f"{base}?{asked.narrowed('version', version).query()}" for version in Version}


def _ways(place: Place, ways: Iterable[By] = By, asked: Asked | None = None) -> list[dict[str, Any]]:
    """The ways to look at a place; what has been paid is not known by project or row."""
    here = asked or place.asked
    paid = place.asked.version == Version.EXECUTED
    return [
        {"label": by.label, "href": f"?{here.at(by).query()}", "here": by is here.by}
        for by in ways
        if not (paid and by in {By.PROJECT, By.ROW})
    ]


# --- the table as a file


def _lines(found: reports.Drill) -> Iterator[list[object]]:
    yield [_("代码"), _("名称"), _("金额（元）"), _("占合计的百分比")]
    for line in found.lines:
        share = line.percentage
        yield [line.code, line.name, money.yuan(line.fen), f"{share:.2f}" if share is not None else ""]
    if found.more:
        yield ["", _("其余"), money.yuan(found.rest_fen), ""]
    yield ["", _("合计"), money.yuan(found.total_fen), "100.00" if found.total_fen else ""]


def _published(place: Place) -> Iterator[list[object]]:
    yield [_("单位代码"), _("单位"), _("功能科目编码"), _("功能科目"), _("经济科目编码"), _("经济科目"), _("项目"),
           _("资金来源"), _("金额（元）"), _("公开编号"), _("行的指纹")]  # fmt: skip
    for row in reports.every(place.asked, place.among):
        yield [row.unit.code, row.unit.name, row.function, row.function_name, row.economic, row.economic_name,
               row.project, row.fund, money.yuan(row.fen), row.publication, row.digest]  # fmt: skip


def _csv(lines: Iterable[list[object]]) -> Iterator[str]:
    """UTF-8 with a mark, so that spreadsheets read Chinese; no text can begin a formula."""
    yield "\ufeff"
    for line in lines:
        buffer = io.StringIO()
        csv.writer(buffer).writerow([_cell(cell) for cell in line])
        yield buffer.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
