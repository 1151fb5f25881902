"""The facts that the verbs take, as JSON: derived from the actions themselves, so that a door cannot drift from them.

A body's fields are the action's keyword-only arguments. Here stands only what a signature cannot tell: which codes a
text may be, how large a number, and what each fact is in the reader's words.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal, get_type_hints

from ninja.params import functions as params
from pydantic import Field, create_model
from pydantic.fields import FieldInfo

from minxin.cases.actions.unit import HOW
from minxin.cases.api.shapes import Body, Yuan
from minxin.cases.rules import codes
from minxin.ui.words import said

_ = said
_OURS = {"ref", "by", "code", "uploads"}  # given by the address, the token, the header, the multipart body
_PEOPLE = 1_000_000_000
_Days = Annotated[int, Field(ge=1, le=60)]
_Key = Annotated[int, Field(ge=1, le=2**63 - 1)]
_Unit = Annotated[str, Field(max_length=40)]
_Line = Annotated[str, Field(max_length=2_000)]

# What is told of each fact; `verb.fact` outweighs `fact`.
WORDS: dict[str, str] = {
    "amount": _("金额，单位：元，最多两位小数。"),
    "answer": _("公开答复：写给反映人的话。"),
    "answer_slip.answer": _("对督办单的回复。"),
    "publish.answer": _("公开版答复，已隐去个人信息。"),
    "assisting": _("协办单位的代码。"),
    "basis": _("依据的文件。"),
    "body": _("内容。"),
    "category": _("类别代码。"),
    "colour": _("督办单的颜色：蓝、黄、红。"),
    "comment": _("评价的补充说明。"),
    "conflict_reason": _("交被反映单位或其下属办理的理由；上级单位仍然负责。"),
    "contacted": _("办理单位是否联系过反映人。"),
    "days": _("办理时限，工作日；不填按规定的时限。"),
    "request_extension.days": _("请求延长的工作日。"),
    "decision": _("意见：支持、解释说明、不支持。"),
    "digest": _("摘编：办理单位看到的是它，不是原文。"),
    "dissents": _("是否持不同意见。"),
    "document": _("文件名称和文号。"),
    "evidence": _("凭据，例如收款确认单编号。"),
    "explanation": _("说明。"),
    "decline.explanation": _("写给反映人的说明和应走的途径。"),
    "finding": _("事实认定；咨询、建议等可以不填。"),
    "granted": _("是否批准。"),
    "ground": _("不予受理的理由。"),
    "how": _("联系方式：电话、上门、本网留言、视频、信件。"),
    "instruction": _("办理要求。"),
    "kind": _("金额的类型。"),
    "master": _("主件的编号。"),
    "measure": _("问责方式。"),
    "office": _("职务，例如“主要负责人”，不写姓名。"),
    "on": _("日期；不填为今天。"),
    "opinion": _("意见。"),
    "payer": _("支付单位的代码。"),
    "people": _("人数。"),
    "post": _("纪检监察岗位的编号。"),
    "publish.question": _("公开版原文，已隐去个人信息。"),
    "question": _("请反映人回答的问题。"),
    "reached": _("是否联系上。"),
    "reason": _("理由。"),
    "reasons": _("不满意的原因，可以多项；一星、二星必填。"),
    "remark": _("内部意见。"),
    "resolution": _("办理结果。"),
    "ruling": _("裁定意见。"),
    "rule_closing.ruling": _("研判意见，会告知反映人。"),
    "satisfaction": _("满意度：5 非常满意，4 满意，3 基本满意，2 不满意，1 非常不满意。"),
    "slip": _("督办单的编号。"),
    "solved": _("问题是否解决。"),
    "subject": _("问责对象：单位或个人。"),
    "suggested": _("系统建议的单位代码，留作对照。"),
    "supported": _("是否支持复议。"),
    "tags": _("标签，最多 8 个。"),
    "title": _("标题，最多 60 字。"),
    "unit": _("单位代码。"),
    "urgency": _("紧急程度。"),
    "what": _("改了什么。"),
}
# Types narrower than the signature's; `verb.fact` outweighs `fact`.
TYPES: dict[str, Any] = {
    "amount": Yuan,
    "assisting": Annotated[list[_Unit], Field(max_length=20)],
    "colour": Literal["blue", "yellow", "red"],
    "days": _Days,
    "decision": Literal["supported", "explained", "not_supported"],
    "finding": codes.Finding | Literal[""],
    "ground": codes.DeclineGround,
    "how": Literal[HOW],
    "kind": codes.MoneyKind,
    "measure": codes.Measure,
    "people": Annotated[int, Field(ge=0, le=_PEOPLE)],
    "record_measure.people": Annotated[int, Field(ge=1, le=30_000)],
    "post": _Key,
    "give_back.reason": codes.ReturnReason,
    "request_extension.reason": codes.ExtensionReason,
    "reasons": Annotated[list[codes.BadReason], Field(max_length=len(codes.BadReason))],
    "resolution": codes.Resolution,
    "satisfaction": codes.Satisfaction,
    "slip": _Key,
    "subject": codes.Subject,
    "tags": Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=8)],
    "urgency": codes.Urgency,
    "document": _Line,
    "office": _Line,
    "unit": _Unit,
    "payer": _Unit,
}


def shape(verb: str, action: Callable[..., Any]) -> type[Body]:
    """The body of one verb: every fact its action takes, named as there, unknown ones refused."""
    hints = get_type_hints(action)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(action).parameters.items():
        if name not in _OURS:
            fields[name] = (_type(verb, name, hints[name]), _field(verb, name, parameter))
    model: type[Body] = create_model(f"{verb.title().replace('_', '')}In", __base__=Body, **fields)
    return model


def parameter(model: type[Body]) -> Any:
    """The body as a parameter of an operation; one without a required fact may be left out altogether."""
    required = any(field.is_required() for field in model.model_fields.values())
    return Annotated[model, params.Body(...)] if required else Annotated[model | None, params.Body(None)]


def _type(verb: str, name: str, hint: Any) -> Any:
    narrow = TYPES.get(f"{verb}.{name}", TYPES.get(name))
    if narrow is None:
        return list[str] if hint == Sequence[str] else hint
    return narrow | None if type(None) in getattr(hint, "__args__", ()) else narrow


def _field(verb: str, name: str, parameter: inspect.Parameter) -> FieldInfo:
    words = partial(Field, description=WORDS.get(f"{verb}.{name}", WORDS.get(name)))
    if parameter.default is inspect.Parameter.empty:
        return words()  # type: ignore[no-any-return]
    default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
    return words(default)  # type: ignore[no-any-return]
