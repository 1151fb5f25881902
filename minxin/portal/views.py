"""The public's front door: home, the ledgers behind its numbers, units and their lines, open data, statements."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from minxin.cases.reports import ledgers, public, tally
from minxin.cases.rules import codes
from minxin.cases.rules import stars as formula
from minxin.cases.views.public import bands
from minxin.kernel import clocks, money
from minxin.kernel.errors import Absent
from minxin.portal import reports

Row = Mapping[str, Any]

# The six disclosures (理财“六公开”): drawing, title, what it shows. Those of OPEN have their own pages; the others open
# with the next release.
DISCLOSURES = {
    "allocation": ("money", gettext_lazy("资金分配"), gettext_lazy("年初预算，钱到哪里、多少")),
    "disbursement": ("glass", gettext_lazy("资金拨付"), gettext_lazy("玻璃管道里的每一笔")),
    "procurement": ("file", gettext_lazy("政府采购"), gettext_lazy("招标、评审、合同，全程可看")),
    "fees": ("book", gettext_lazy("收费项目和标准"), gettext_lazy("交费收费，一目了然")),
    "assets": ("building", gettext_lazy("国有资产处置"), gettext_lazy("公开拍卖，不流失")),
    "online": ("globe", gettext_lazy("政务网上公开"), gettext_lazy("法规、收支、去向")),
}
OPEN = {"allocation": "budget_whole", "disbursement": "pipe_newest"}
LEDGERS = {
    "received": gettext_lazy("收到"),
    "closed": gettext_lazy("办结"),
    "rated": gettext_lazy("已评价"),
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """One search box, two doors, four true numbers, the latest answers."""
    facts = {"home": reports.home(), "disclosures": DISCLOSURES, "open": OPEN}
    return render(request, "portal/home.html", facts)


@require_safe
def ask(request: HttpRequest) -> HttpResponse:
    """From a published figure or payment to a filing about it: its words, reference, version and digest go along."""
    words = reports.asked(request.GET)
    if words is None:
        raise Absent
    digest, unit = request.GET.get("digest", "")[:128], request.GET.get("unit", "")[:40]
    given = {"about": words, "about_digest": digest, "unit": unit}
    return redirect(f"{reverse('file')}?{urlencode({name: value for name, value in given.items() if value})}")


@require_safe
def ledger(request: HttpRequest, which: str) -> HttpResponse:
    """The cases that one of the home page's numbers counts, row by row, and month by month."""
    if which not in LEDGERS:
        raise Absent
    facts = {
        "which": which,
        "name": LEDGERS[which],
        "tabs": [{"label": label, "href": reverse("ledger", args=[key]), "here": key == which}
                 for key, label in LEDGERS.items()],
        "totals": tally.totals(),
        "months": tally.months(),
        "ledger": ledgers.cases(which, before=request.GET.get("before", "")[:20]),
    }  # fmt: skip
    return render(request, "portal/ledger.html", facts)


@require_safe
def money_ledger(request: HttpRequest) -> HttpResponse:
    """Money returned to people, and recovered: totals by kind, and every item."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in codes.MoneyKind.values else ""
    totals = tally.totals()
    facts = {
        "totals": totals,
        "kinds": tally.money(totals),
        "kind": kind,
        "tabs": _money_tabs(kind),
        "ledger": ledgers.money(kind=kind, before=request.GET.get("before", "")[:40]),
    }
    return render(request, "portal/money.html", facts)


@require_safe
def accountability(request: HttpRequest) -> HttpResponse:
    """Who was held to account, by which document: by office, never by name."""
    facts = {
        "totals": ledgers.measure_totals(),
        "ledger": ledgers.measures(before=request.GET.get("before", "")[:20]),
    }
    return render(request, "portal/accountability.html", facts)


@require_safe
def stars(request: HttpRequest) -> HttpResponse:
    """Efficiency stars unit by unit, with numerator and denominator, and the formula that anybody can recompute."""
    region = request.GET.get("region", "")
    region = region if region in dict(reports.areas()) else ""
    ranked, few = reports.stars(region)
    facts = {
        "ranked": ranked,
        "few": few,
        "region": region,
        "areas": reports.areas(),
        "bands": bands(),
        "version": formula.VERSION,
        "least": formula.LEAST_RANKED,
    }
    return render(request, "portal/stars.html", facts)


@require_safe
def units(request: HttpRequest) -> HttpResponse:
    """The units of the network, by region or by a search."""
    region, q = request.GET.get("region", ""), request.GET.get("q", "")[:60]
    region = region if region in dict(reports.areas()) else ""
    found = [(unit, reports.place(unit)) for unit in reports.units(region, q)]
    facts = {"found": found, "region": region, "q": q, "areas": reports.areas(), "most": reports.MOST_UNITS}
    return render(request, "portal/units.html", facts)


@require_safe
def unit_line(request: HttpRequest, code: str) -> HttpResponse:
    """A unit's line (民心网专线)."""
    facts = {"line": reports.line(code), "bands": bands(), "version": formula.VERSION, "least": formula.LEAST_RANKED}
    return render(request, "portal/line.html", facts)


@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What may be downloaded, under which licence, and what each field means."""
    return render(request, "portal/data.html", {"case_fields": CASE_FIELDS, "money_fields": MONEY_FIELDS})


@require_safe
def download(_request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """One data set as CSV or JSON, streamed row by row."""
    if name not in _SETS or form not in {"csv", "json"}:
        raise Absent
    fields, rows = _SETS[name]
    body = _csv(list(fields), rows()) if form == "csv" else _json(rows())
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/json; charset=utf-8"
    response = StreamingHttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="minxin-{name}-{clocks.today():%Y%m%d}.{form}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
def disclosure(request: HttpRequest, name: str) -> HttpResponse:
    """Where one of the six disclosures stands; what is not open yet shows no figure."""
    if name not in DISCLOSURES:
        raise Absent
    if name in OPEN:
        return redirect(OPEN[name])
    return render(request, "portal/disclosure.html", {"disclosure": DISCLOSURES[name], "disclosures": DISCLOSURES})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What this is, how a case goes, and what everybody may rely on."""
    return render(request, "portal/about.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept about whom, who sees it, and for how long."""
    return render(request, "portal/privacy.html")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponseBase:
    """The public pages, for search engines."""
    base = f"{request.scheme}://{request.get_host()}"
    names = (
        "home",
        "file",
        "public_cases",
        "units",
        "stars",
        "money",
        "accountability",
        "data",
        "about",
        "privacy",
        *OPEN.values(),
        "publications",
        "duties",
    )
    return StreamingHttpResponse(_sitemap(base, [reverse(name) for name in names]), content_type="application/xml")


def _money_tabs(kind: str) -> list[dict[str, Any]]:
    base = reverse("money")
    tabs: list[dict[str, Any]] = [{"label": _("全部"), "href": base, "here": not kind}]
    return tabs + [
        {"label": one.label, "href": f"{base}?kind={one.value}", "here": one.value == kind} for one in codes.MoneyKind
    ]


def _sitemap(base: str, paths: Iterable[str]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    for path in paths:
        yield f"<url><loc>{base}{path}</loc></url>"
    for ref, at in public.refs():
        yield f"<url><loc>{base}{reverse('public_case', args=[ref])}</loc><lastmod>{at:%Y-%m-%d}</lastmod></url>"
    yield "</urlset>"


def _cases() -> Iterator[Row]:
    for row in public.every():
        yield {
            "ref": row.ref,
            "kind": row.kind,
            "region": row.region[:6],
            "category": row.category,
            "unit": row.unit_name,
            "title": row.title,
            "question": row.question,
            "answer": row.answer,
            "finding": row.finding,
            "resolution": row.resolution,
            "stars": row.stars,
            "rating": row.rating,
            "returned_yuan": str(money.yuan(row.money_fen)),
            "filed_on": _day(row.filed_at),
            "answered_on": _day(row.answered_at),
            "published_on": _day(row.published_at),
            "supports": row.supports,
        }


def _money() -> Iterator[Row]:
    for row in ledgers.every_money():
        yield {
            "month": f"{row.on:%Y-%m}" if not row.ref else "",
            "on": row.on.isoformat() if row.ref else "",
            "kind": row.kind,
            "yuan": str(money.yuan(row.fen)),
            "people": row.people,
            "unit": row.unit,
            "region": row.region,
            "ref": row.ref,
        }


CASE_FIELDS = {
    "ref": gettext_lazy("编号，最后一位是校验码"),
    "kind": gettext_lazy("类别：complaint 投诉、enquiry 咨询、help 求助、suggestion 建议、praise 表扬、other 其他"),
    "region": gettext_lazy("行政区划代码（GB/T 2260），6 位"),
    "category": gettext_lazy("归类代码，二到六位，见归类目录"),
    "unit": gettext_lazy("办理单位"),
    "title": gettext_lazy("标题（隐去个人信息）"),
    "question": gettext_lazy("反映的问题（隐去个人信息）"),
    "answer": gettext_lazy("公开答复"),
    "finding": gettext_lazy(
        "事实认定：true 属实、partly 部分属实、untrue 不属实、unverifiable 无法查实、in_court 涉诉不认定"
    ),
    "resolution": gettext_lazy("办理结果：solved 已解决、partly_solved 部分解决、explained 政策不支持已解释，等"),
    "stars": gettext_lazy("结案效率，0 到 5 星；空：尚未评星"),
    "rating": gettext_lazy("反映人评价，1 到 5 星；空：没有评价"),
    "returned_yuan": gettext_lazy("退还群众的金额，元"),
    "filed_on": gettext_lazy("收到日期"),
    "answered_on": gettext_lazy("答复日期"),
    "published_on": gettext_lazy("公开日期"),
    "supports": gettext_lazy("“我也遇到”的人数"),
}
MONEY_FIELDS = {
    "month": gettext_lazy("发生月份（案例没有公开的，只给到月）"),
    "on": gettext_lazy("发生日期（案例已公开的）"),
    "kind": gettext_lazy(
        "类型：refund 退还不合理收费、arrears 清欠应得款、compensation 赔偿损失、recovered 收缴违纪资金、fine 罚没"
    ),
    "yuan": gettext_lazy("金额，元，两位小数"),
    "people": gettext_lazy("涉及人数；案例没有公开而且不足 3 人的不给出"),
    "unit": gettext_lazy("登记单位；保密件不给出"),
    "region": gettext_lazy("行政区划代码；保密件不给出"),
    "ref": gettext_lazy("案例编号（已公开的）"),
}
_SETS: Mapping[str, tuple[Mapping[str, Any], Callable[[], Iterator[Row]]]] = {
    "cases": (CASE_FIELDS, _cases),
    "money": (MONEY_FIELDS, _money),
}


def _csv(fields: list[str], rows: Iterator[Row]) -> Iterator[str]:
    """UTF-8 with a mark, so that spreadsheets read Chinese; no cell can begin a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield "\ufeff"
    writer.writerow(fields)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in fields])
        if buffer.tell() > 64_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> str:
    plain = "" if value is None else str(value)
    return f"'{plain}" if plain[:1] in {"=", "+", "-", "@", "\t", "\r"} else plain


def _json(rows: Iterator[Row]) -> Iterator[str]:
    yield "[\n"
    for number, row in enumerate(rows):
        yield (",\n" if number else "") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"


def _day(moment: Any) -> str:
    return f"{moment.astimezone(clocks.ZONE):%Y-%m-%d}"
