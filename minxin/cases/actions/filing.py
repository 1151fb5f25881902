"""Filing: from what somebody wrote to a case with a number, in one short transaction."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from minxin.cases.actions import attaching, opening, timing
from minxin.cases.models import Case, Filing, FilingKey, snapshot
from minxin.cases.models.case import YEAR, id_of, query_code
from minxin.cases.rules import codes, filing
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.kernel import clocks, identifiers, money, refs, sealing, text
from minxin.kernel.errors import Absent, Refused


@dataclass(frozen=True)
class Receipt:
    """What the filer takes home: the number and the code that open the case, and when the answer is due."""

    ref: str
    code: str
    stage: codes.Stage
    due_at: datetime
    again: bool = False  # the same key was filed before; this is that receipt again


@dataclass(frozen=True)
class Place:
    """Where a new case goes: the centre that takes it in, and the posts that alone may read a sealed one."""

    centre: UnitRef
    posts: tuple[int, ...] = ()


def file(draft: filing.Draft, *, key: str, by: Officer, uploads: Sequence[filing.Upload] = ()) -> Receipt:
    """File a case. Nothing is acknowledged before it is committed; the same `key` never makes a second case.

    2 statements without attachments, 5 when the key came before. Raises Refused: `invalid` with its field, `key_reused`
    when the key came before with another content.
    """
    draft = clean(draft)
    filing.check(draft, today=clocks.today(), staff=by.kind == "officer")
    respondent = _respondent(draft)
    place = _place(draft, respondent)
    kept = attaching.prepare(uploads)
    digest = _digest(draft, kept)
    mark = sealing.fingerprint(f"{by.kind} {by.id} {key}", "filing key")
    try:
        if not kept:  # the statement that opens the case is a transaction of its own
            return _open(mark, digest, draft, respondent, place, by=by) or _again(mark, digest)
        with transaction.atomic():
            receipt = _open(mark, digest, draft, respondent, place, by=by)
            if receipt is not None:
                attaching.keep(id_of(receipt.ref), kept, from_citizen=by.kind != "officer", by=by)
    except BaseException:
        attaching.discard(kept)
        raise
    if receipt is None:
        attaching.discard(kept)
        return _again(mark, digest)
    return receipt


def clean(draft: filing.Draft) -> filing.Draft:
    """The draft with its texts normalised: control and direction marks gone, ends trimmed, phone in one form."""
    contact = draft.contact
    return replace(
        draft,
        title=text.clean(draft.title, limit=filing.TITLE, field="title"),
        text=text.clean(draft.text, limit=filing.TEXT, field="text"),
        wanted=text.clean(draft.wanted, limit=filing.WANTED, field="wanted"),
        place=text.clean(draft.place, limit=200, field="place"),
        respondent_name=text.clean(draft.respondent_name, limit=120, field="respondent_name"),
        contact=filing.Contact(
            text.clean(contact.name, limit=40, field="name"),
            identifiers.phone(contact.phone, field="phone") if contact.phone else "",
            text.clean(contact.email, limit=120, field="email"),
        ),
        about_ref=text.clean(draft.about_ref, limit=200, field="about_ref"),
        about_digest=text.clean(draft.about_digest, limit=128, field="about_digest"),
    )


def sweep_keys(*, before: datetime) -> int:
    """Forget idempotency keys older than that; how many."""
    return FilingKey.objects.filter(at__lt=before).delete()[0]


def _number() -> int:
    year = clocks.today().year
    return year * YEAR + refs.next_number("case", year)


def _again(mark: str, digest: str) -> Receipt:
    row = FilingKey.objects.get(pk=mark)
    if row.digest != digest:
        raise Refused("key_reused", _("这个幂等键已经用于另一份内容不同的反映。请为新的反映换一个键。"))
    case = Case.objects.select_related("filing").get(pk=row.case_id)
    code = query_code(case.id, bytes(case.filing.code_salt))
    return Receipt(case.ref, code, codes.Stage(case.stage), case.due_at, again=True)


def _open(
    mark: str, digest: str, draft: filing.Draft, respondent: UnitRef | None, place: Place, *, by: Officer
) -> Receipt | None:
    """The receipt of the new case; None when the key came before."""
    now = clocks.now()
    salt = secrets.token_bytes(16)
    case = Case(
        id=_number(),
        kind=draft.kind,
        lane=filing.lane(draft.kind, restricted=draft.restricted),
        channel=draft.channel,
        stage=codes.Stage.FILED,
        region=draft.region,
        category=draft.category,
        title=draft.title,
        amount_fen=money.fen(draft.amount) if draft.amount is not None else None,
        occurred_on=draft.occurred_on,
        respondent_id=respondent.id if respondent else None,
        centre_id=place.centre.id,
        anonymous=draft.anonymous,
        shows_name=draft.shows_name,
        consents=draft.consents and draft.kind != codes.Kind.REPORT and not draft.restricted,
        shares_identity=draft.shares_identity and draft.kind != codes.Kind.REPORT,
        filed_at=now,
        due_at=now,
    )
    answer, accept = (timing.make(case, code) for code in (codes.ClockCode.ANSWER, codes.ClockCode.ACCEPT))
    case.due_at, case.provisional = answer.due_at, answer.provisional
    given = _filing(case, draft, salt, by=by)
    claim = FilingKey(key=mark, digest=digest, case_id=case.id, at=now)
    if not opening.write(claim, case, given, (answer, accept), place.posts, by=by):
        return None
    return Receipt(case.ref, query_code(case.id, salt), codes.Stage(case.stage), case.due_at)


def _filing(case: Case, draft: filing.Draft, salt: bytes, *, by: Officer) -> Filing:
    row = Filing(
        case=case,
        text=draft.text,
        wanted=draft.wanted,
        place=draft.place,
        respondent_name=draft.respondent_name,
        code_salt=salt,
        about_ref=draft.about_ref,
        about_digest=draft.about_digest,
        entered_by_post=by.duties[0].post_id if by.duties else None,
    )
    if draft.contact:
        contact = draft.contact
        plain = json.dumps({"name": contact.name, "phone": contact.phone, "email": contact.email}).encode()
        row.key = sealing.new_key()
        row.identity = sealing.seal(row.key, plain, f"{case.ref} identity")
        row.phone_mark = sealing.fingerprint(contact.phone, "phone") if contact.phone else ""
    return row


def _respondent(draft: filing.Draft) -> UnitRef | None:
    if draft.respondent_id is None:
        return None
    found = directory.units_by_id([draft.respondent_id]).get(draft.respondent_id)
    if found is None:
        raise Refused("invalid", _("没有找到您选的被反映单位，请重新搜索，或选择“不清楚”。"), field="respondent")
    return found


def _place(draft: filing.Draft, respondent: UnitRef | None) -> Place:
    """The nearest centre above the place; for a sealed report the nearest discipline body above the accused."""
    try:
        directory.region(draft.region)
    except Absent:
        raise Refused("invalid", _("请选择事情发生的地区。"), field="region") from None
    if draft.category and not any(row.code == draft.category and row.valid_to is None for row in snapshot.categories()):
        raise Refused("invalid", _("请在列表中选择类别，或留空由网络中心归类。"), field="category")
    if draft.kind == codes.Kind.REPORT:
        return _sealed_place(draft, respondent)
    try:
        accused = respondent if draft.kind in codes.ACCUSING else None
        return Place(directory.centre_for(draft.region, avoiding=accused.id if accused else None))
    except Absent:
        sentence = _("这个地区还没有开通网络中心，请拨打当地热线反映。您写的内容没有保存。")
        raise Refused("no_centre", sentence, field="region") from None


def _sealed_place(draft: filing.Draft, respondent: UnitRef | None) -> Place:
    body = directory.discipline_for(draft.region, avoiding=respondent.id if respondent else None)
    if body is None:
        raise Refused(
            "no_discipline_body",
            _("本网暂时没有可以受理这份举报的纪检监察单位。请拨打 12388 举报，您写的内容没有保存。"),
        )
    return Place(body.unit, body.posts)


def _digest(draft: filing.Draft, kept: Sequence[attaching.Kept]) -> str:
    content = [repr(draft), *(item.sha256 for item in kept)]
    return hashlib.sha256("\n".join(content).encode("utf-8", "surrogatepass")).hexdigest()
