"""How bodies are written in JSON: types and names only. What they mean is in `rules`; unknown names are refused."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from minxin.cases.rules import codes, filing
from minxin.kernel.clocks import ZONE

Moment = Annotated[
    datetime,
    PlainSerializer(lambda at: at.astimezone(ZONE).isoformat(timespec="seconds"), return_type=str),
    Field(json_schema_extra={"format": "date-time"}, description="北京时间。"),
]
Yuan = Annotated[Decimal, Field(max_digits=16, decimal_places=2, description="单位：元，最多两位小数。")]


class Body(BaseModel):
    """What a caller writes; a name that is not there is refused, never passed over."""

    model_config = ConfigDict(extra="forbid", str_max_length=100_000)


class ContactIn(Body):
    """Who files: kept under the case's own key."""

    name: str = Field("", description="姓名。", examples=["王女士"])
    phone: str = Field("", description="手机，或带区号的固定电话。", examples=["13800001234"])
    email: str = Field("", description="邮箱。", examples=["name@example.com"])


class FilingIn(Body):
    """A filing as a program writes it."""

    kind: codes.Kind = Field(description="类型：投诉、举报、咨询、求助、建议、表扬、其他。")
    title: str = Field(description="用一句话写明事由，最多 60 字。", examples=["拖欠工资 429 元"])
    text: str = Field(description="时间、地点、人物、经过，最多 10000 字。", examples=["学校拖欠我的工资 429 元。"])
    region: str = Field(description="事情发生地的区划代码，6、9 或 12 位。", examples=["211421"])
    respondent: str = Field("", description="被反映的单位：单位代码或全称；不是单位的，写名称。")
    category: str = Field("", description="类别代码，2、4 或 6 位；不知道可不填。")
    contact: ContactIn = Field(
        ContactIn(name="", phone="", email=""), description="联系方式；不匿名时至少留电话或邮箱。"
    )
    anonymous: bool = Field(False, description="匿名：不留任何联系方式。")
    wanted: str = Field("", description="希望怎样解决，最多 1000 字。")
    amount: Yuan | None = Field(None, description="涉及金额，单位：元，最多两位小数。", examples=["429.00"])
    occurred_on: date | None = Field(None, description="事情发生的日期。", examples=["2026-03-07"])
    place: str = Field("", description="具体地点，最多 200 字。")
    confidential: bool = Field(False, description="要求保密：不公开，也不计入公开检索。")
    consents: bool = Field(False, description="同意隐去个人信息后公开。")
    shows_name: bool = Field(False, description="公开时显示姓名。")
    shares_identity: bool = Field(False, description="同意把姓名和联系方式告诉办理单位。")
    about_ref: str = Field("", description="所反映的已公开数据或条目的编号。")
    about_digest: str = Field("", description="当时看到的该条目的摘要值。")
    altcha: str = Field("", description="工作量证明（没有渠道令牌时需要），也可放在请求头 X-Altcha。")

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


class ReceiptOut(BaseModel):
    """What the filer keeps."""

    model_config = ConfigDict(from_attributes=True)

    ref: str = Field(description="编号。", examples=["MX2026-0000123-8"])
    code: str = Field(description="查询码：与编号一起打开此件，请妥善保管。", examples=["7KPM3XQ9"])
    stage: codes.Stage = Field(description="现在的阶段。")
    due_at: Moment = Field(description="最迟答复的时刻。")
