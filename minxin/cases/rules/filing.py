"""What a filing must hold to be filed: meaning, not shape."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from minxin.cases.rules.codes import STAFF_CHANNELS, Channel, Kind, Lane
from minxin.kernel import identifiers
from minxin.kernel.errors import Refused

TITLE = 60  # characters
TEXT = 10_000
WANTED = 1_000
LARGEST_AMOUNT = Decimal(10) ** 12  # yuan
FILES = 8
FILE_SIZE = 10 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Contact:
    """Who files: kept under the case's own key."""

    name: str = ""
    phone: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.phone or self.email)


@dataclass(frozen=True)
class Draft:
    """A filing as the door has typed it, before it is a case."""

    kind: Kind
    title: str
    text: str
    region: str
    channel: Channel = Channel.WEB
    category: str = ""
    respondent_id: int | None = None
    respondent_name: str = ""
    wanted: str = ""
    place: str = ""
    occurred_on: date | None = None
    amount: Decimal | None = None
    contact: Contact = Contact()
    anonymous: bool = False
    restricted: bool = False
    shows_name: bool = False
    consents: bool = False
    shares_identity: bool = False
    about_ref: str = ""
    about_digest: str = ""


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name is a claim, its content decides."""

    name: str
    data: bytes


def lane(kind: Kind, *, restricted: bool) -> Lane:
    """A report of wrongdoing is always sealed; a filer may ask for confidence in anything else."""
    if kind == Kind.REPORT:
        return Lane.SEALED
    return Lane.RESTRICTED if restricted else Lane.OPEN


def check(draft: Draft, *, today: date, staff: bool = False) -> None:
    """Raises Refused with the field when the filing cannot stand; the sentence says what to do."""
    for field, sentence in problems(draft, today=today, staff=staff).items():
        raise Refused("invalid", sentence, field=field)


def problems(draft: Draft, *, today: date, staff: bool = False) -> dict[str, str]:
    """field -> sentence, for everything wrong with the filing at once."""
    found: dict[str, str] = {}
    if not draft.title.strip():
        found["title"] = _("请用一句话写明事由，作为标题。")
    elif len(draft.title) > TITLE:
        found["title"] = _("标题请不超过 %(most)d 个字，现在有 %(now)d 个字。") % {
            "most": TITLE,
            "now": len(draft.title),
        }
    if not draft.text.strip():
        found["text"] = _("请写明发生了什么事：时间、地点、人物、经过。")
    elif len(draft.text) > TEXT:
        found["text"] = _("内容请不超过 %(most)d 个字，现在有 %(now)d 个字。更多材料可以作为附件上传。") % {
            "most": TEXT,
            "now": len(draft.text),
        }
    if draft.occurred_on and draft.occurred_on > today:
        found["occurred_on"] = _("事情发生的日期不能晚于今天，请核对。")
    if draft.occurred_on and draft.occurred_on.year < 1949:
        found["occurred_on"] = _("请核对事情发生的日期。")
    if draft.amount is not None and not 0 < draft.amount <= LARGEST_AMOUNT:
        found["amount"] = _("涉及金额请填大于零的数，单位是元，最多两位小数。")
    elif draft.amount is not None and draft.amount != round(draft.amount, 2):
        found["amount"] = _("涉及金额最多写到分，也就是两位小数。")
    if (draft.channel in STAFF_CHANNELS) != staff:
        found["channel"] = _("这个来源渠道只能由工作人员登记。")
    found |= _contact_problems(draft, staff=staff)
    return found


def _contact_problems(draft: Draft, *, staff: bool) -> dict[str, str]:
    contact, found = draft.contact, {}
    if draft.anonymous and contact:
        found["anonymous"] = _("匿名反映时请不要填写姓名、电话和邮箱。想留下联系方式，请取消“匿名”。")
    if not draft.anonymous and not contact and not staff:
        found["phone"] = _("请留下电话或邮箱，方便办理单位通过本网与您联系；不想留，请选择“匿名”。")
    if draft.shows_name and not contact.name:
        found["name"] = _("要公开显示姓名，请先填写姓名。")
    if len(contact.name) > 40:
        found["name"] = _("姓名请不超过 40 个字。")
    if contact.phone:
        try:
            identifiers.phone(contact.phone)
        except Refused as refusal:
            found["phone"] = refusal.sentence
    if contact.email and not _looks_like_email(contact.email):
        found["email"] = _("邮箱地址看起来不完整，例如 name@example.com，请核对。")
    return found


def _looks_like_email(value: str) -> bool:
    local, at, host = value.rpartition("@")
    return bool(at and local and "." in host.strip(".")) and len(value) <= 120 and not any(c.isspace() for c in value)
