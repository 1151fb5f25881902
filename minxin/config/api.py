"""The JSON API: routers of the apps under one description, and every refusal as an RFC 9457 problem.

An app with an API brings two routers, one for each surface: `public` (at /api/v1/) and `desk` (at /api/v1/desk/). They
are named so in its `api.py`; in a folder `api/` they are the `router` of the modules `public.py` and `desk.py`.
"""

import json
import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Router
from ninja import errors as ninja_errors
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.renderers import JSONRenderer

from minxin.config import refusals
from minxin.kernel import errors

logger = logging.getLogger(__name__)
_JSON = re.compile(r"application/([a-z.-]+\+)?json")
_MOST_ERRORS = 50  # of a body with a thousand wrong fields, so many are told


class StrictParser(Parser):
    """JSON as its standard has it: named as such, UTF-8, no NaN, no broken characters that no database can hold."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if request.body and not _JSON.fullmatch(request.content_type or ""):
            raise errors.Refused("not_json", _("请用 JSON 格式提交，并写明 Content-Type: application/json。"))
        body: dict[str, Any] = json.loads(request.body.decode("utf-8-sig"), parse_constant=_no_constant)
        if b"\\ud" in request.body.lower():
            json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate fails here
        return body


class PlainRenderer(JSONRenderer):
    """Chinese as it is: half the bytes, and a person can read it."""

    json_dumps_params = {"ensure_ascii": False}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


class Api(NinjaAPI):
    """The API whose description also tells how it says no: the same problem everywhere, by the status it has."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in schema["paths"].values():
            for method, operation in operations.items():
                for status in _REFUSALS if method == "get" else (*_REFUSALS, *_REFUSALS_OF_WRITES):
                    told = {"description": HTTPStatus(status).phrase, "content": problem}
                    operation["responses"].setdefault(status, told)
        schema["components"]["schemas"]["Problem"] = _PROBLEM
        return schema


_REFUSALS = (400, 401, 403, 404, 422, 429, 503)
_REFUSALS_OF_WRITES = (409, 413, 415)
_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": _TEXT, "detail": _TEXT},
            },
        },
    },
}

api = Api(
    title="民心 Minxin",
    version="1",
    description="提交、查询、评价诉求；工作人员用令牌办理。· File, follow and rate cases; staff work by bearer token.",
    parser=StrictParser(),
    renderer=PlainRenderer(),
    urls_namespace="api",
)


def _router(app: str, surface: str) -> Router | None:
    """The router of an app for one surface; none when the app has no API there."""
    name = f"{app}.api"
    if not find_spec(name):
        return None
    if not find_spec(name).submodule_search_locations:  # type: ignore[union-attr]
        return getattr(import_module(name), surface, None)
    return import_module(f"{name}.{surface}").router if find_spec(f"{name}.{surface}") else None


for _app in settings.INSTALLED_APPS:
    if _app.startswith("minxin."):
        if _public := _router(_app, "public"):
            api.add_router("", _public)
        if "desk" in settings.MINXIN_SURFACES and (_desk := _router(_app, "desk")):
            api.add_router("/desk", _desk)


@api.exception_handler(Exception)
def refused(request: HttpRequest, fault: Exception) -> HttpResponse:
    """Whatever was raised: its problem. What nobody foresaw is logged with its trace."""
    status, code, sentence = refusals.read_fault(fault)
    if isinstance(fault, refusals.DATABASE_DOWN):
        logger.error("database away: %s", fault)
        refusals.refresh_pool()
    elif status == 500:
        logger.exception("unforeseen", exc_info=fault)
    field = getattr(fault, "field", None)
    fields = [{"field": field, "detail": sentence}] if field else []
    return refusals.answer(request, status, code, sentence, fields=fields)


@api.exception_handler(ninja_errors.HttpError)
def http_error(request: HttpRequest, fault: ninja_errors.HttpError) -> HttpResponse:
    """ninja's own: unreadable JSON, no token, a wrong method."""
    if isinstance(fault.__cause__, errors.Refused):
        return refused(request, fault.__cause__)
    codes = {400: "malformed", 401: "unauthenticated", 403: "forbidden", 429: "too_often"}
    sentence = _("请求体不是有效的 JSON。") if fault.status_code == 400 else refusals.sentence_of(fault.status_code)
    response = refusals.answer(request, fault.status_code, codes.get(fault.status_code, "failed"), sentence)
    if fault.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ninja_errors.ValidationError)
def invalid(request: HttpRequest, fault: ninja_errors.ValidationError) -> HttpResponse:
    """A sentence for each field that has the wrong shape."""
    fields = [{"field": _field(error["loc"]), "detail": _sentence(error)} for error in fault.errors[:_MOST_ERRORS]]
    return refusals.answer(request, 422, "invalid", refusals.sentence_of(422), fields=fields)


def _field(location: tuple[str | int, ...]) -> str:
    """("body", "payload", "contact", "phone") is `contact.phone` to the caller, who never wrote "payload"."""
    if location[0] == "body" and len(location) == 2:
        return "body"
    names = location[2:] if location[0] in {"body", "form", "file"} and len(location) > 2 else location[1:]
    return ".".join(str(name) for name in names) or str(location[-1])


def _sentence(error: dict[str, Any]) -> str:
    """pydantic's error types in words; its own English message never reaches a reader."""
    facts = error.get("ctx", {})
    sentences: dict[str, Callable[[], str]] = {
        "missing": lambda: _("请填写这一项。"),
        "extra_forbidden": lambda: _("没有这一项，请检查名称。"),
        "string_type": lambda: _("请写成文字。"),
        "string_too_short": lambda: _("至少写 {min_length} 个字。").format(**facts),
        "string_too_long": lambda: _("最多写 {max_length} 个字。").format(**facts),
        "too_short": lambda: _("至少要有 {min_length} 项。").format(**facts),
        "too_long": lambda: _("最多可有 {max_length} 项。").format(**facts),
        "string_pattern_mismatch": lambda: _("格式不对，请对照接口说明。"),
        "bool_type": lambda: _("请写 true 或 false。"),
        "bool_parsing": lambda: _("请写 true 或 false。"),
        "list_type": lambda: _("请写成列表。"),
        "enum": lambda: _("只能是：{expected}。").format(expected=_choices(facts)),
        "literal_error": lambda: _("只能是：{expected}。").format(expected=_choices(facts)),
        "greater_than_equal": lambda: _("不能小于 {ge}。").format(**facts),
        "greater_than": lambda: _("应当大于 {gt}。").format(**facts),
        "less_than_equal": lambda: _("不能大于 {le}。").format(**facts),
        "less_than": lambda: _("应当小于 {lt}。").format(**facts),
    }
    kind = str(error["type"])
    if kind in sentences:
        return sentences[kind]()
    for beginning, sentence in {
        "int": _("请写整数。"),
        "float": _("请写数字。"),
        "decimal": _("请写数字，小数不要超过规定的位数。"),
        "date": _("请写日期，例如 2026-03-07。"),
        "time": _("请写时间，例如 09:30。"),
        "model": _("请写成 JSON 对象。"),
        "dict": _("请写成 JSON 对象。"),
    }.items():
        if kind.startswith(beginning):
            return sentence
    return _("内容不符合要求，请对照接口说明。")


def _choices(facts: dict[str, Any]) -> str:
    """pydantic's "'a', 'b' or 'c'" in Chinese marks."""
    return re.sub(r"', '|' or '", "、", str(facts["expected"])).strip("'")
