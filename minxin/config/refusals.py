"""How a no, a fault and a failure are answered at the doors: a page for people, an RFC 9457 problem for programs."""

import logging
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg_pool
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DataError, InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import get_template
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from minxin.cases.rules import moves
from minxin.kernel import errors

logger = logging.getLogger(__name__)

DATABASE_DOWN = (OperationalError, InterfaceError, psycopg_pool.PoolTimeout)
RETRY_SECONDS = 10

# The status of a refusal by its code; any other refusal is about what was typed: 422.
_STATUSES: dict[str, int] = {
    "forbidden": 403,
    "not_allowed": 403,
    "not_oneself": 403,
    "unauthenticated": 401,
    "conflict": 409,
    "stage": 409,
    "wrong_stage": 409,
    "already": 409,
    "duplicate": 409,
    "changed_meanwhile": 409,
    "idempotency_conflict": 409,
    "too_large": 413,
    "not_json": 415,
    "proof": 403,
    "head_only": 403,
    "not_your_turn": 409,
    **{need.value: 409 for need in moves.Need},
    "too_many": 429,
    "too_often": 429,
    "rate": 429,
    "rate_limited": 429,
}
_SECRETS = {"csrfmiddlewaretoken", "password", "password1", "password2", "oldpassword", "code", "altcha"}


def status_of(refusal: errors.Refused) -> int:
    """The HTTP status of a refusal: 404 for what is absent or hidden, else by its code, else 422."""
    return 404 if isinstance(refusal, errors.Absent) else _STATUSES.get(refusal.code, 422)


def sentence_of(status: int) -> str:
    """What to say when nobody said anything better."""
    return {
        400: _("没能读懂您的请求，请返回上一页重新填写后再提交。"),
        401: _("请先登录，或带上有效的令牌。"),
        403: _("您不能做这件事。如果您认为应当可以，请联系本单位的系统管理员。"),
        404: _("没有找到您要看的内容，请核对编号或链接后再试。"),
        405: _("这个地址不支持这种操作方式，请查看接口说明。"),
        409: _("情况刚刚有了变化，请刷新后再试。"),
        413: _("您提交的内容太大了，请减少文字或附件后再试。"),
        415: _("请用 JSON 格式提交。"),
        422: _("有些内容需要修改，请按提示改好后再提交。"),
        429: _("操作太频繁了，请稍等片刻再试。"),
        503: _("系统暂时连不上数据库，您填写的内容没有提交，请稍后再试。"),
    }.get(status, _("系统出了差错，已记录下来，请稍后再试。"))


def read_fault(fault: BaseException | None) -> tuple[int, str, str]:  # noqa: PLR0911 - a table
    """Status, code and sentence of whatever was raised."""
    match fault:
        case errors.Refused():
            return status_of(fault), fault.code, fault.sentence
        case RequestDataTooBig():
            return 413, "too_large", sentence_of(413)
        case TooManyFieldsSent() | TooManyFilesSent():
            return 413, "too_many_fields", _("一次提交的栏目或附件太多了，请分开提交。")
        case DisallowedHost():
            return 400, "host", _("本系统没有登记这个网址，请管理员把它加入 MINXIN_HOSTS。")
        case PermissionDenied():
            return 403, "forbidden", sentence_of(403)
        case Http404():
            return 404, "absent", sentence_of(404)
        case DataError() | UnicodeError():
            return 400, "unstorable", _("您填写的内容里有系统无法保存的字符或数值，请检查后再试。")
        case OperationalError() | InterfaceError() | psycopg_pool.PoolTimeout():
            return 503, "database_down", sentence_of(503)
    return 500, "failed", sentence_of(500)


def answer(
    request: HttpRequest, status: int, code: str, sentence: str, *, fields: Sequence[Mapping[str, str]] = ()
) -> HttpResponse:
    """The page or the problem for one refusal, by the door it came through."""
    if request.path.startswith("/api/"):
        response = problem(status, code, sentence, fields=fields)
    else:
        response = _page(request, status, sentence)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_SECONDS)
    if status >= HTTPStatus.BAD_REQUEST:
        response["Cache-Control"] = "no-store"
    return response


def problem(status: int, code: str, sentence: str, *, fields: Sequence[Mapping[str, str]] = ()) -> HttpResponse:
    """An RFC 9457 problem, with our `code`, and `errors` (field, detail) where fields are at fault."""
    body: dict[str, Any] = {
        "type": f"urn:minxin:problem:{code}",
        "title": _title(status),
        "status": status,
        "detail": sentence,
        "code": code,
    }
    if fields:
        body["errors"] = list(fields)
    return JsonResponse(
        body, status=status, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )


def refresh_pool() -> None:
    """After the database went away: drop the connections that died with it, so that the next requests get live ones."""
    pool = getattr(connection, "pool", None)
    if pool is not None:
        try:
            pool.check()
        except DATABASE_DOWN:
            logger.warning("the database is still away")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: malformed, oversized, for a strange host."""
    status, code, sentence = read_fault(exception)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        status, code, sentence = 400, "malformed", sentence_of(400)
    return answer(request, status, code, sentence)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return answer(request, *read_fault(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return answer(request, *read_fault(exception))


def failed(request: HttpRequest) -> HttpResponse:
    """handler500: also for what is raised in middleware, where no view's exception handler looks."""
    fault = sys.exc_info()[1]
    if isinstance(fault, DATABASE_DOWN):
        refresh_pool()
    return answer(request, *read_fault(fault))


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _page(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """The looks' page for this status, with the sentence and, when a form was sent, everything typed in it."""
    typed = _typed(request) if status not in {400, 413} else []
    facts = {"status": status, "sentence": sentence, "typed": typed, "exception": {"sentence": sentence}}
    name = f"{status}.html" if status in {403, 404, 500, 503} else "refused.html"
    try:
        return HttpResponse(get_template(name).render(facts, request), status=status)
    except Exception:  # the page itself may need what has just failed
        logger.exception("error page %s failed", status)
    rows = format_html_join("", "<dt>{}</dt><dd><pre>{}</pre></dd>", typed)
    html = '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{}</title><h1>{}</h1><dl>{}</dl></html>'
    return HttpResponse(format_html(html, status, sentence, rows), status=status)


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """Everything typed into the form that failed, for the page to give back; secrets and machinery left out."""
    if request.method != "POST":
        return []
    try:
        lists = list(request.POST.lists())
    except Exception:
        return []
    return [(key, str(value)) for key, values in lists if key not in _SECRETS for value in values if value]
