"""What waits for a payment centre or an agent bank: approved payments, limits to be told, orders, differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Min, Sum
from django.db.models.functions import Abs
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.disclosures.models import Allotment, Difference, Order, Request, Voucher
from minxin.disclosures.models.payment import order_ref
from minxin.disclosures.reports.pipe_desk import Waiting
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import OrderStage, PlanStage, RequestStage


@dataclass(frozen=True, slots=True)
class Ready:
    """What waits for the payment centre of one finance bureau: approved payments to be ordered, limits to be told."""

    finance: UnitRef
    requests: int
    units: int
    payments: int
    fen: int
    unsent: int  # vouchers that the bank's door has not taken
    limits: Sequence["Limit"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A month's allotments that the bank has not been told of."""

    month: date
    units: int
    fen: int


def ready(by: Officer) -> Ready | None:
    """3 queries; none for who is no cashier. With several bureaus the first."""
    bureaus = sorted(by.unit_ids(Role.CASHIER))
    if not bureaus:
        return None
    asked = Request.objects.visible_to(by).filter(finance_id=bureaus[0], stage=RequestStage.APPROVED)
    sums = asked.aggregate(
        requests=Count("pk"), units=Count("unit", distinct=True), payments=Sum("count"), fen=Sum("amount_fen")
    )
    issued = Allotment.objects.filter(finance_id=bureaus[0], stage=PlanStage.ISSUED, notified_at=None)
    months = issued.values("month").annotate(units=Count("unit", distinct=True), fen=Sum("amount_fen"))
    unsent = Voucher.objects.visible_to(by).filter(finance_id=bureaus[0], outgoing=True, sent_at=None).count()
    return Ready(
        finance=directory.unit(bureaus[0]),
        requests=sums["requests"],
        units=sums["units"],
        payments=sums["payments"] or 0,
        fen=sums["fen"] or 0,
        unsent=unsent,
        limits=[Limit(**row) for row in months.order_by("month")],
    )


def unsent_refs(by: Officer) -> list[str]:
    """1 query. Every order that waits to be sent by this officer, oldest first."""
    rows = Order.objects.visible_to(by).filter(finance_id__in=by.unit_ids(Role.CASHIER), stage=OrderStage.GENERATED)
    return [
        order_ref(Order(year=year, number=number)) for year, number in rows.order_by("pk").values_list("year", "number")
    ]


def waiting(by: Officer) -> list[tuple[Waiting, str]]:
    """3 queries for a payment centre, 1 for a bank, none for others. What waits there, each with the door to it."""
    centres, counters = by.unit_ids(Role.CASHIER), by.unit_ids(Role.BANKER)
    if not centres | counters:
        return []
    asked = Request.objects.visible_to(by).filter(finance_id__in=centres, stage=RequestStage.APPROVED)
    rows = Order.objects.visible_to(by)
    ours = rows.filter(finance_id__in=centres, stage__in=(OrderStage.GENERATED, OrderStage.PAID))
    theirs = rows.filter(bank_id__in=counters, stage__in=(OrderStage.SENT, OrderStage.SIGNED))
    work = {"order": asked.aggregate(count=Sum("count"), fen=Sum("amount_fen"), since=Min("decided_at"))}
    stages = (
        (ours | theirs)
        .values("stage")
        .annotate(
            n=Count("pk"), fen=Sum("amount_fen"), made=Min("ordered_at"), sent=Min("sent_at"), paid=Min("paid_at")
        )
    )
    for row in stages.order_by():
        verb, since = _WAITS[row["stage"]]
        moments = {"made": row["made"], "sent": row["sent"], "paid": row["paid"]}
        new = {"count": row["n"], "fen": row["fen"], "since": moments[since]}
        work[verb] = _both(work[verb], new) if verb in work else new
    gaps = Difference.objects.visible_to(by).filter(finance_id__in=centres, settled_at__isnull=True)
    gap = Sum(Abs(F("ours_fen") - F("theirs_fen")))
    work["settle"] = gaps.aggregate(count=Count("pk"), fen=gap, since=Min("opened_at"))
    return [
        (Waiting(verb, str(label), found["count"], found["fen"], found["since"]), door)
        for verb, (label, door) in _WORK.items()
        if (found := work.get(verb)) and found["count"]
    ]


# ---- Inside

_WORK: Mapping[str, tuple[Promise, str]] = {
    "order": (pipe.ORDER["make"].label, "desk_orders"),
    "seal": (gettext_lazy("签章并发送银行"), "desk_orders"),
    "pay": (gettext_lazy("付款并交回单"), "desk_bank"),
    "clear": (pipe.SETTLING["clear_day"].label, "desk_clearing"),
    "settle": (pipe.SETTLING["settle"].label, "desk_differences"),
}
_WAITS: Mapping[str, tuple[str, str]] = {  # by an order's stage: what is to be done, and since when
    OrderStage.GENERATED: ("seal", "made"),
    OrderStage.SENT: ("pay", "sent"),
    OrderStage.SIGNED: ("pay", "sent"),
    OrderStage.PAID: ("clear", "paid"),
}


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    since = min(one["since"], other["since"])
    return {"count": one["count"] + other["count"], "fen": one["fen"] + other["fen"], "since": since}
