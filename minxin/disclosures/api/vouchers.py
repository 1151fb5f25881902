"""/api/v1/desk/vouchers: the agent bank's system fetches what was sent to it and sends its receipts, as XML."""

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from ninja.params import functions as params

from minxin.disclosures.actions import banking
from minxin.disclosures.api.callers import OfficerToken, officer
from minxin.disclosures.reports import banking as reports
from minxin.disclosures.rules.codes import VoucherKind
from minxin.ui.words import said as _

router = Router(auth=OfficerToken(), tags=["vouchers"])
Cursor = Annotated[str, params.Query("", max_length=20, pattern=r"^\d*$", description=_("上次读到的位置。"))]
Year = Annotated[int, params.Path(ge=1990, le=2100)]
Number = Annotated[str, params.Path(max_length=40, pattern=r"^[^\x00]*$")]
_XML = {"application/xml": {"schema": {"type": "string"}}}


class SentOut(Schema):
    """A voucher that was sent to the bank; fetch its XML by kind, year and number."""

    kind: VoucherKind
    year: int
    number: str
    sha256: str
    sent_at: datetime


class MailOut(Schema):
    """Vouchers, oldest first; `cursor` is where the next question begins."""

    vouchers: list[SentOut]
    cursor: str
    more: bool


class ReceivedOut(Schema):
    """What a voucher brought about; `again` when it had been received before and changed nothing."""

    kind: VoucherKind
    number: str
    again: bool
    signed: int
    paid: int
    failed: int
    refunded: int
    agreed: int
    differences: int


@router.get(
    "/vouchers",
    response=MailOut,
    summary=_("发给本行的凭证"),
    description=_("支付凭证、额度通知单和退款通知书，先发的在前，每页最多 100 张。"),
    operation_id="list_vouchers",
)
def mail(request: HttpRequest, cursor: Cursor = "") -> MailOut:
    """What was sent to the caller's bank after the cursor."""
    return MailOut.from_orm(reports.mail(officer(request), after=cursor))


@router.get(
    "/vouchers/{kind}/{year}/{number}",
    summary=_("取一张凭证"),
    description=_("凭证的 XML 原文，UTF-8 编码。"),
    operation_id="read_voucher",
    openapi_extra={"responses": {200: {"description": "XML", "content": _XML}}},
)
def read(request: HttpRequest, kind: VoucherKind, year: Year, number: Number) -> HttpResponse:
    """The voucher's text."""
    data = reports.letter(officer(request), kind=kind, year=year, number=number)
    return HttpResponse(data, content_type="application/xml; charset=utf-8")


@router.post(
    "/vouchers",
    response=ReceivedOut,
    summary=_("发送回单"),
    description=_(
        "请求体是电子凭证的 XML：2301 支付回单、2302 退款回单、3502 对账单，或退回的 5201、8202 表示签收。"
        "同一张重复发送不会重复记账。"
    ),
    operation_id="receive_voucher",
    openapi_extra={"requestBody": {"required": True, "content": _XML}},
)
def receive(request: HttpRequest) -> ReceivedOut:
    """Act on the bank's voucher."""
    return ReceivedOut.from_orm(banking.receive(request.body, by=officer(request)))
