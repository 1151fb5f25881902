"""POST /cases: how people without an account, and other systems, file."""

import re
import secrets
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext
from ninja import Router
from ninja.params import functions as params
from ninja.responses import Status

from minxin.cases.actions import filing, proof
from minxin.cases.api.answers import ReceiptOut
from minxin.cases.api.callers import ChannelToken
from minxin.cases.api.shapes import FilingIn
from minxin.cases.rules.codes import Channel as Way
from minxin.directory import reports as directory
from minxin.directory.rules import Channel
from minxin.kernel.errors import Absent, Refused
from minxin.ui.words import said

_ = said
router = Router(tags=[_("提交")])
Key = Annotated[str, params.Header("", alias="Idempotency-Key", description=_("幂等键：重试时不变，最多 200 个字符。"))]
Proof = Annotated[str, params.Header("", alias="X-Altcha", description=_("人机验证的结果。"))]
_CODE = re.compile(r"\d{6}[0-9A-Z-]*", re.IGNORECASE)
_KEY = 200  # characters of an idempotency key


@router.get(
    "/altcha",
    response=dict[str, Any],
    summary=_("取人机验证题"),
    description=_("没有渠道令牌时，先取题、解题，再把结果放在提交的 `altcha` 里。每题只能用一次，二十分钟内有效。"),
)
def challenge(request: HttpRequest) -> dict[str, Any]:
    """A challenge of ALTCHA, for its widget and its libraries."""
    return proof.challenge()


@router.post(
    "/cases",
    summary=_("提交一件诉求"),
    description=_(
        "返回编号和查询码，请妥善保管。用同一个 `Idempotency-Key` 重试，不会重复立件，返回同一张回执（200）。"
        "需要渠道令牌，或者人机验证的结果。"
    ),
    operation_id="file",
    response={200: ReceiptOut, 201: ReceiptOut},
    auth=ChannelToken(),
    openapi_extra={"security": [{}]},
)
def file(
    request: HttpRequest,
    body: FilingIn,
    idempotency_key: Key = "",
    x_altcha: Proof = "",
) -> Status[filing.Receipt]:
    """File a case."""
    key = idempotency_key or secrets.token_hex(16)
    if len(key) > _KEY:
        raise Refused("invalid", gettext("Idempotency-Key 最多 200 个字符。"), field="Idempotency-Key")
    caller = request.auth  # type: ignore[attr-defined]
    if isinstance(caller, Channel):
        by, way = caller.officer, Way.API
    else:
        by, way = caller, Way.WEB
        proof.admit(body.altcha or x_altcha, address=request.META["REMOTE_ADDR"], key=key)
    receipt = filing.file(body.draft(way, respondent(body.respondent)), key=key, by=by)
    return Status(200 if receipt.again else 201, receipt)


def respondent(value: str) -> int | None:
    """The unit meant by a code or by a full name that only one has; None for any other name.

    Raises Refused for what must be a code and is none: a mistyped code must not pass for a name.
    """
    value = value.strip()
    if not value:
        return None
    if _CODE.fullmatch(value):
        try:
            return directory.unit(value.upper()).id
        except Absent:
            raise Refused(
                "invalid", gettext("没有这个代码的单位，请核对；也可以写单位全称。"), field="respondent"
            ) from None
    found = directory.unit_named(value)
    return found.id if found else None
