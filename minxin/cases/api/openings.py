"""What is open to everybody: published cases, money that came back, units' lines, categories, regions."""

from collections.abc import Collection
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext
from ninja import Router
from ninja.params import functions as params

from minxin.cases.api.answers import (
    CategoryOut,
    MoneyListOut,
    MoneyOut,
    PublicListOut,
    PublicOut,
    PublishedOut,
    RegionOut,
    TotalsOut,
    UnitOut,
)
from minxin.cases.reports import ledgers, public, tally
from minxin.cases.rules import codes
from minxin.directory import reports as directory
from minxin.kernel import money as yuan
from minxin.kernel.errors import Absent, Refused
from minxin.ui.words import said

_ = said
router = Router(tags=[_("公开数据")])
Size = Annotated[int, params.Query(20, ge=1, le=100, description=_("每页件数。"))]
Cursor = Annotated[str, params.Query("", max_length=60, description=_("上一页给出的位置。"))]
Words = Annotated[str, params.Query("", max_length=100, description=_("要找的文字，两个字以上。"))]
Stars = Annotated[int | None, params.Query(None, ge=0, le=5, description=_("至少几星（结案效率）。"))]
Region = Annotated[str, params.Query("", pattern=r"^(\d{6}(\d{3}){0,2})?$", description=_("区划代码，含其下级。"))]
Category = Annotated[str, params.Query("", pattern=r"^(\d\d){0,3}$", description=_("类别代码，含其下级。"))]
Unit = Annotated[str, params.Query("", max_length=40, description=_("主办单位的代码。"))]


@router.get(
    "/public/cases",
    response=PublicListOut,
    summary=_("已公开的件"),
    description=_("最近公开的在前，按位置翻页：`next` 是下一页的地址。没有总数，也不用页码。"),
)
def cases(
    request: HttpRequest,
    *,
    q: Words = "",
    kind: codes.Kind | None = None,
    region: Region = "",
    unit: Unit = "",
    category: Category = "",
    stars: Stars = None,
    since: date | None = None,
    until: date | None = None,
    cursor: Cursor = "",
    size: Size = 20,
) -> PublicListOut:
    """A page of published cases."""
    _known(request, {"q", "kind", "region", "unit", "category", "stars", "since", "until", "cursor", "size"})
    filters = public.Filters(
        q=q,
        kind=kind or "",
        region=region,
        category=category,
        unit=_unit_id(unit),
        stars=stars,
        since=since,
        until=until,
    )
    found, older = public.rows(filters, before=cursor, size=size)
    return PublicListOut(items=[PublicOut.of(row) for row in found], cursor=older, next=_next(request, older))


@router.get(
    "/public/cases/{ref}",
    response=PublishedOut,
    summary=_("一件公开的件"),
    description=_("隐去个人信息后的问题和答复、金额、问责、期限和星级的依据。"),
)
def case(request: HttpRequest, ref: str) -> PublishedOut:
    """One published case whole."""
    return PublishedOut.whole(public.page(ref))


@router.get(
    "/public/money",
    response=MoneyListOut,
    summary=_("金额明细"),
    description=_("还给群众的和收缴的每一笔，最近的在前。密封举报不在其中。"),
)
def money(
    request: HttpRequest, kind: codes.MoneyKind | None = None, cursor: Cursor = "", size: Size = 20
) -> MoneyListOut:
    """A page of the money ledger."""
    _known(request, {"kind", "cursor", "size"})
    page = ledgers.money(kind=kind or "", before=cursor, size=size)
    items = [
        MoneyOut(
            on=row.on,
            kind=codes.MoneyKind(row.kind),
            label=row.label,
            amount=yuan.yuan(row.fen),
            people=row.people,
            unit=row.unit,
            region=row.region,
            ref=row.ref,
            to_people=row.to_people,
        )
        for row in page.rows
        if isinstance(row, ledgers.MoneyRow)
    ]
    return MoneyListOut(items=items, cursor=page.older, next=_next(request, page.older))


@router.get(
    "/public/units/{code}",
    response=UnitOut,
    summary=_("一个单位的专线"),
    description=_("谁负责、电话、办理情况的合计和最近公开的答复。"),
)
def unit(request: HttpRequest, code: str) -> UnitOut:
    """A unit's line."""
    line = directory.line_page(code)
    total = tally.units([line.unit.id]).get(line.unit.id, tally.Totals())
    latest, _older = public.rows(public.Filters(unit=line.unit.id), size=5)
    counts = {name: getattr(total, name) for name in TotalsOut.model_fields if name != "returned"}
    return UnitOut(
        code=line.unit.code,
        name=line.unit.name,
        kind=line.unit.kind,
        region=line.unit.region,
        region_name=line.region,
        superior=line.superior.code if line.superior else "",
        duty_phone=line.duty_phone,
        hours=line.hours,
        about=line.about,
        answers_by=line.answers_by,
        totals=TotalsOut(**counts, returned=yuan.yuan(total.returned_fen)),
        latest=[PublicOut.of(row) for row in latest],
    )


@router.get(
    "/public/categories", response=list[CategoryOut], summary=_("类别"), description=_("现行的类别，三级，按代码排列。")
)
def categories(request: HttpRequest) -> list[public.Sort]:
    """The category tree in force."""
    return public.categories()


@router.get(
    "/public/regions",
    response=list[RegionOut],
    summary=_("区划"),
    description=_("全部区划，上级在前；`under` 只要一个地区及其下级。"),
)
def regions(request: HttpRequest, under: Region = "") -> list[directory.RegionRow]:
    """The regions, parents first."""
    _known(request, {"under"})
    return directory.regions(under or None)


def _unit_id(code: str) -> int | None:
    """Raises Refused for an unknown code: a filter that is not understood must not be passed over."""
    try:
        return directory.unit(code.upper()).id if code else None
    except Absent:
        raise Refused("invalid", gettext("没有这个代码的单位，请核对。"), field="unit") from None


def _known(request: HttpRequest, names: Collection[str]) -> None:
    """Raises Refused for a parameter that does not exist: its writer believes the list to be narrower than it is."""
    for name in request.GET:
        if name not in names:
            raise Refused("invalid", gettext("没有这个查询条件，请检查名称。"), field=name[:40])


def _next(request: HttpRequest, cursor: str) -> str:
    """The address of the next page, with the same filters."""
    if not cursor:
        return ""
    given = [(name, value) for name, value in request.GET.items() if name != "cursor"]
    return request.build_absolute_uri(f"{request.path}?{urlencode([*given, ('cursor', cursor)])}")
