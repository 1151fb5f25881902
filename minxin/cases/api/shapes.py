"""How bodies are written in JSON: types and names only. What they mean is in `rules`; unknown names are refused."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from minxin.cases.rules import codes, filing
from minxin.ui.words import said

_ = said
Yuan = Annotated[Decimal, Field(max_digits=16, decimal_places=2, description=_("单位：元，最多两位小数。"))]


class Body(BaseModel):
    """What a caller writes; a name that is not there is refused, never passed over."""

    model_config = ConfigDict(extra="forbid", str_max_length=100_000)

    def facts(self) -> dict[str, Any]:
        """The facts by name, as an action takes them."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class ContactIn(Body):
    """Who files: kept under the case's own key."""

    name: str = Field("", description=_("姓名。"), examples=["王女士"])
    phone: str = Field("", description=_("手机，或带区号的固定电话。"), examples=["13800001234"])
    email: str = Field("", description=_("邮箱。"), examples=["name@example.com"])


_EXAMPLE: dict[str, Any] = {
    "kind": "complaint",
    "title": "拖欠工资 429 元",
    "text": "学校拖欠我的工资 429 元，请帮助解决。",
    "region": "211421",
    "respondent": "绥中县财政局",
    "contact": {"name": "王女士", "phone": "13800001234"},
    "amount": "429.00",
    "consents": True,
}


class CaseIn(Body):
    """What a new case is made of."""

    kind: codes.Kind = Field(description=_("类型：投诉、举报、咨询、求助、建议、表扬、其他。"))
    title: str = Field(description=_("用一句话写明事由，最多 60 字。"), examples=["拖欠工资 429 元"])
    text: str = Field(description=_("时间、地点、人物、经过，最多 10000 字。"), examples=["学校拖欠我的工资 429 元。"])
    region: str = Field(description=_("事情发生地的区划代码，6、9 或 12 位。"), examples=["211421"])
    respondent: str = Field("", description=_("被反映的单位：单位代码或全称；不是单位的，写名称。"))
    category: str = Field("", description=_("类别代码，2、4 或 6 位；不知道可不填。"))
    contact: ContactIn = Field(
        ContactIn(name="", phone="", email=""), description=_("联系方式；不匿名时至少留电话或邮箱。")
    )
    anonymous: bool = Field(False, description=_("匿名：不留任何联系方式。"))
    wanted: str = Field("", description=_("希望怎样解决，最多 1000 字。"))
    amount: Yuan | None = Field(None, description=_("涉及金额，单位：元，最多两位小数。"), examples=["429.00"])
    occurred_on: date | None = Field(None, description=_("事情发生的日期。"), examples=["2026-03-07"])
    place: str = Field("", description=_("具体地点，最多 200 字。"))
    confidential: bool = Field(False, description=_("要求保密：不公开，也不计入公开检索。"))
    consents: bool = Field(False, description=_("同意隐去个人信息后公开。"))
    shows_name: bool = Field(False, description=_("公开时显示姓名。"))
    shares_identity: bool = Field(False, description=_("同意把姓名和联系方式告诉办理单位。"))
    about_ref: str = Field("", description=_("所反映的已公开数据或条目的编号。"))
    about_digest: str = Field("", description=_("当时看到的该条目的摘要值。"))

    def draft(self, channel: codes.Channel, respondent_id: int | None) -> filing.Draft:
        """The same as the rules know it."""
        contact = self.contact
        return filing.Draft(
            kind=self.kind,
            title=self.title,
            text=self.text,
            region=self.region,
            channel=channel,
            category=self.category,
            respondent_id=respondent_id,
            respondent_name="" if respondent_id else self.respondent,
            wanted=self.wanted,
            place=self.place,
            occurred_on=self.occurred_on,
            amount=self.amount,
            contact=filing.Contact(contact.name, contact.phone, contact.email),
            anonymous=self.anonymous,
            restricted=self.confidential,
            shows_name=self.shows_name,
            consents=self.consents,
            shares_identity=self.shares_identity,
            about_ref=self.about_ref,
            about_digest=self.about_digest,
        )


class FilingIn(CaseIn):
    """A filing as a program writes it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    altcha: str = Field("", description=_("工作量证明（没有渠道令牌时需要），也可放在请求头 X-Altcha。"))


class EntryIn(CaseIn):
    """A filing that staff enter for somebody: with the channel it came by."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE | {"channel": "phone"}]})

    channel: codes.Channel = Field(description=_("来源渠道：来电、来信、来访、邮件、上级交办、媒体。"))
