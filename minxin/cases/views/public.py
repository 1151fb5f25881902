"""Published cases: list, search, one page, "me too"."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from minxin.cases.actions import following
from minxin.cases.forms import search
from minxin.cases.reports import public
from minxin.cases.rules import stars
from minxin.cases.views.filing import address
from minxin.directory import reports as directory
from minxin.kernel import limits
from minxin.kernel.errors import Refused


@require_safe
def public_cases(request: HttpRequest) -> HttpResponse:
    """The list of published cases, and the search in them."""
    form, filters = search.read(request.GET)
    facts = {
        "form": form,
        "filters": filters,
        "found": public.find(filters, before=request.GET.get("before", "")[:60]),
        "unit": directory.unit(filters.unit) if filters.unit else None,
    }
    return render(request, "cases/public/list.html", facts)


@require_safe
def public_case(request: HttpRequest, ref: str) -> HttpResponse:
    """One published case."""
    opened = public.page(ref)
    facts = {
        "case": opened,
        "region": directory.region_name(opened.row.region),
        "bands": bands(),
        "version": stars.VERSION,
        "supported": "supported" in request.GET,
        "unit": directory.units_by_id([opened.row.unit_id]).get(opened.row.unit_id),
    }
    return render(request, "cases/public/case.html", facts)


@require_POST
def support(request: HttpRequest, ref: str) -> HttpResponse:
    """ "Me too": one voice for each address; told apart by a keyed fingerprint only."""
    if not limits.allow(f"support:{address(request)}", limit=30, seconds=3600):
        raise Refused("too_many", _("操作太频繁了，请过一会儿再试。"))
    following.support(ref, mark=address(request))
    response = redirect("public_case", ref)
    response["Location"] += "?supported#support"
    return response


def bands() -> list[tuple[str, int]]:
    """The formula of the efficiency stars, line by line: up to which share of the limit how many stars."""
    within = [(_("用时不超过期限的 %(share)s") % {"share": _share(band.used)}, band.stars) for band in stars.BANDS]
    late = [(_("超期，用时不超过期限的 %(share)s") % {"share": _share(band.used)}, band.stars) for band in stars.LATE]
    return [(_("当天办结"), 5), *within, *late, (_("超期更久"), 0)]


def _share(used: object) -> str:
    return str(used) if "/" in str(used) else _("%(n)s 倍") % {"n": used}
