"""The pipe as JSON: the same reports as its pages, amounts in yuan as text with two decimals."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from minxin.disclosures.forms import pipe as addresses
from minxin.disclosures.reports import flow, idle, told, trace
from minxin.disclosures.reports.trace import Joint
from minxin.disclosures.rules import pipe_public
from minxin.disclosures.rules.pipe_public import Sums
from minxin.kernel import money
from minxin.ui.words import said as _

router = Router(tags=["public money"])


@router.get("/public/pipe/payments/{ref}/", operation_id="public_pipe_payment", summary=_("一笔支付走过的路"))
def payment(request: HttpRequest, ref: str) -> dict[str, Any]:
    """一笔支付走过的路。A payment's way, joint by joint."""
    found = trace.payment(ref)
    return found.row.facts() | {"digest": found.row.digest, "joints": [_joint(joint) for joint in found.joints]}


@router.get("/public/pipe/lines/{ref}/", operation_id="public_pipe_line", summary=_("一条指标的来历和去向"))
def line(request: HttpRequest, ref: str, before: str = "") -> dict[str, Any]:
    """一条指标的来历和去向。A budget line's way forward; payments are paged by `before`."""
    found = trace.line(ref, before=before)
    return {
        "ref": found.line.ref,
        "digest": found.line.digest,
        "unit": found.line.unit,
        "doc_no": found.line.doc_no,
        "approved": _yuan(found.line.approved_fen),
        "allotted": _yuan(found.line.allotted_fen),
        "together": found.together,
        "stretches": _stretches(found.sums),
        "changes": [
            {"on": row.on.isoformat(), "kind": row.kind, "amount": _yuan(row.fen), "doc_no": row.doc_no}
            for row in found.changes
        ],
        "allotments": [_joint(row) for row in found.allotments],
        "payments": [row.facts() for row in found.payments.rows],
        "before": found.payments.older,
    }


@router.get("/public/pipe/{int:year}/", operation_id="public_pipe", summary=_("一年的资金从预算到收款人"))
def pipe(request: HttpRequest, year: int) -> dict[str, Any]:
    """一年的资金从预算到收款人，可按部门、单位、科目、资金性质、月份收窄。The pipe of a year or a part of it.

    Query as on the page: department, unit, function, economic, fund, month, by.
    """
    where = addresses.read(request.GET, year)
    by = addresses.division(request.GET, where)
    digits = flow.digits_below(by, getattr(where, by)) if by in flow.LEVELS else 0
    view = flow.view(where, by, digits=digits)
    return {
        "year": year,
        "by": by,
        **_sums(view.whole),
        "withheld": _yuan(view.withheld_fen),
        "stretches": [] if where.month else _stretches(view.whole),
        "parts": [{"code": part.code, "name": part.name, **_sums(part.sums)} for part in view.parts],
    }


@router.get("/public/pipe/{int:year}/payments/", operation_id="public_pipe_payments", summary=_("一个单位的逐笔支付"))
def payments(request: HttpRequest, year: int, before: str = "") -> dict[str, Any]:
    """一个单位的逐笔支付，五十笔一页。A unit's payments, fifty a page, by `before`; `unit` is required."""
    page = told.payments(addresses.read(request.GET, year), stretch=addresses.stretch(request.GET), before=before)
    return {"rows": [row.facts() | {"digest": row.digest} for row in page.rows], "before": page.older}


@router.get("/public/pipe/{int:year}/idle/", operation_id="public_pipe_idle", summary=_("停着的钱和盘活的钱"))
def standing(request: HttpRequest, year: int) -> dict[str, Any]:
    """停着的钱和盘活的钱。Money that stands still, by age, and what was put to use."""
    found = idle.standing(addresses.read(request.GET, year))
    return {
        "standing": _yuan(found.fen),
        "ages": [
            {"age": row.age, "unallotted": _yuan(row.unallotted_fen), "unrequested": _yuan(row.unrequested_fen)}
            for row in found.ages
        ],
        "for_people": _yuan(found.people_fen),
        "revived": _yuan(found.revived_fen),
        "revivals": found.revived,
    }


@router.get("/public/pipe/{int:year}/pace/", operation_id="public_pipe_pace", summary=_("各单位支付进度对照时间进度"))
def pace(request: HttpRequest, year: int) -> dict[str, Any]:
    """各单位支付进度对照时间进度。Each unit's execution against the calendar, the furthest behind first."""
    rows = flow.pace(addresses.read(request.GET, year))
    gone, days = flow.elapsed(year)
    return {
        "elapsed_days": gone,
        "days": days,
        "units": [
            {"unit": row.unit.code, "spent": _yuan(row.sums.spent), "budget": _yuan(row.sums.budget)} for row in rows
        ],
    }


def _yuan(fen: int) -> str:
    return str(money.yuan(fen))


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "approved": _yuan(sums.approved), "frozen": _yuan(sums.frozen), "allotted": _yuan(sums.allotted),
        "paid_legal": _yuan(sums.legal), "paid_people": _yuan(sums.people), "returned": _yuan(sums.returned),
        "payments": sums.count,
    }  # fmt: skip


def _stretches(sums: Sums) -> list[dict[str, Any]]:
    return [
        {"stretch": row.stretch, "from": row.source, "to": row.target, "tone": row.tone, "amount": _yuan(row.fen)}
        for row in pipe_public.flowing(sums)
    ]


def _joint(joint: Joint) -> dict[str, Any]:
    return {
        "title": joint.title, "on": joint.on.isoformat() if joint.on else None, "office": joint.office,
        "document": joint.document, "amount": None if joint.fen is None else _yuan(joint.fen),
        "working_days_waited": joint.waited, "state": joint.state,
    }  # fmt: skip
