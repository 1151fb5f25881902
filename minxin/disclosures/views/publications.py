"""What was published (公开), for everybody: acts, their files, what corrections changed, tables on any day, proofs."""

import json
from base64 import b64encode

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from minxin.disclosures.forms.publications import Day, Filters
from minxin.disclosures.reports import publications as reports
from minxin.disclosures.reports import tables
from minxin.disclosures.rules import packages
from minxin.kernel import files

YEAR = 365 * 24 * 3600


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Everything ever published, the newest first."""
    form = Filters(request.GET, years=reports.years())
    acts, older = reports.acts(form.narrow, before=request.GET.get("before", "")[:60])
    facts = {"form": form, "narrow": form.narrow, "acts": acts, "older": older}
    return render(request, "disclosures/publications/list.html", facts)


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """How to read the files, and how to check a row without us."""
    return render(request, "disclosures/publications/guide.html")


@require_safe
def act(request: HttpRequest, ref: str) -> HttpResponse:
    """One publication: who, when, what, its files, its corrections; of one unit its tables and warnings too."""
    page = reports.page(ref, unit=request.GET.get("unit", "")[:40])
    return render(request, "disclosures/publications/act.html", {"page": page, "act": page.act})


@require_safe
def diff(request: HttpRequest, ref: str) -> HttpResponse:
    """What a correction changed, row by row and column by column."""
    act_, rows, onward = reports.diff(ref, after=request.GET.get("after", "")[:300])
    facts = {"act": act_, "rows": rows, "onward": onward}
    return render(request, "disclosures/publications/diff.html", facts)


@require_safe
def file(request: HttpRequest, ref: str, name: str) -> HttpResponseBase:
    """A file of a publication, from the stored bytes. It never changes, so it may be kept."""
    found = reports.file(ref, name)
    response = FileResponse(files.store().open(found["file"]), content_type=found["media_type"])
    response["Content-Disposition"] = f'attachment; filename="{ref}-{found["name"]}"'
    response["ETag"] = quote_etag(found["sha256"])
    response["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(found['sha256'])).decode()}:"
    response["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
def row(request: HttpRequest, ref: str, leaf: int) -> HttpResponse:
    """One published row, how it hangs in the tree, and how to check that without us."""
    found = reports.row(ref, leaf)
    told = json.dumps(found.proof["row"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return render(request, "disclosures/publications/row.html", {"row": found, "canonical": told})


@require_safe
def proof(request: HttpRequest, ref: str, leaf: int) -> HttpResponse:
    """The row and its proof as one file."""
    found = reports.row(ref, leaf)
    response = JsonResponse(found.proof, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="{found.act.ref}-{leaf}.json"'
    return response


@require_safe
def table(request: HttpRequest, unit: str, year: int, version: str, sheet: str) -> HttpResponse:
    """A unit's table as it stands, as it stood on a day (?on=), or right after a publication (?after=)."""
    form, after = Day(request.GET), request.GET.get("after", "")[:40]
    place = tables.address(unit, year, version, sheet)
    found = tables.table(place, at=tables.moment(form.day, after))
    facts = {"form": form, "table": found, "place": place, "after": after}
    return render(request, "disclosures/publications/table.html", facts)


@require_safe
def table_csv(request: HttpRequest, unit: str, year: int, version: str, sheet: str) -> HttpResponse:
    """The table of that page as CSV, in yuan, in the form of the publications' files."""
    form, after = Day(request.GET), request.GET.get("after", "")[:40]
    place = tables.address(unit, year, version, sheet)
    found = tables.table(place, at=tables.moment(form.day, after))
    lines = [packages.Line(one.leaf, place.unit.code, place.unit.name, sheet, one.key, one.raw) for one in found.rows]
    response = HttpResponse(packages.table(found.columns, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{unit}-{year}-{version}-{sheet}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
