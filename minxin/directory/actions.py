"""Every change of the directory: each locks, checks, changes, and records in one transaction."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.rules import Officer, Role, UnitKind, UnitRef
from minxin.kernel import clocks, identifiers, sealing, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

# --- units


@transaction.atomic
def open_unit(
    *,
    code: str,
    name: str,
    kind: UnitKind,
    region: str,
    by: Officer,
    parent: str | None = None,
    line_parent: str | None = None,
    short_name: str = "",
    is_centre: bool = False,
    uscc: str = "",
    opened_on: date | None = None,
) -> UnitRef:
    """Open a unit below `parent` (a code), or, by the system only, at the root of the tree."""
    code = rules.unit_code(code)
    name = _words(name, limit=120, field="name", needed=True)
    short_name = _words(short_name, limit=40, field="short_name")
    _lock_tree()
    above = _governed(parent, by=by, act="open_unit") if parent else None
    if above is None and by.kind != "system":
        raise Refused("parent_needed", _("请选择上级单位。"), field="parent")
    line = _known(line_parent, field="line_parent") if line_parent else None
    if not models.Region.objects.filter(pk=region).exists():
        raise Refused("region_unknown", _("没有这个区划代码，请从列表中选择。"), field="region")
    if models.Unit.objects.filter(code=code).exists():
        raise Refused("code_taken", _("单位代码 %(code)s 已被使用，请核对。") % {"code": code}, field="code")
    if is_centre and models.Unit.objects.open().filter(region=region, is_centre=True).exists():
        raise Refused("centre_taken", _("这个地区已有网络中心，一个地区只设一个。"), field="is_centre")
    if uscc and models.Unit.objects.filter(uscc=identifiers.uscc(uscc, field="uscc")).exists():
        raise Refused("uscc_taken", _("这个统一社会信用代码已登记在另一单位名下，请核对。"), field="uscc")
    unit = models.Unit(
        id=_next_unit_id(),
        code=code,
        name=name,
        short_name=short_name,
        kind=UnitKind(kind).value,
        region_id=region,
        parent=above,
        line_parent=line,
        is_centre=is_centre,
        uscc=identifiers.uscc(uscc, field="uscc") if uscc else None,
        opened_on=opened_on or clocks.today(),
    )
    unit.path = f"{above.path if above else '/'}{unit.pk}/"
    unit.save(force_insert=True)
    _tree_changed()
    _record_unit(
        unit,
        "open_unit",
        by=by,
        name=name,
        kind=unit.kind,
        region=region,
        parent=parent,
        line_parent=line_parent,
        is_centre=is_centre,
        opened_on=unit.opened_on,
    )
    return _ref(unit)


@transaction.atomic
def rename_unit(*, code: str, name: str, by: Officer, short_name: str = "") -> UnitRef:
    """Give the unit a new name; the old one stays in its history."""
    _lock_tree()
    unit = _governed(code, by=by, act="rename_unit")
    before = unit.name
    unit.name = _words(name, limit=120, field="name", needed=True)
    unit.short_name = _words(short_name, limit=40, field="short_name")
    unit.save(update_fields=["name", "short_name"])
    _tree_changed()
    _record_unit(unit, "rename_unit", by=by, before=before, after=unit.name, short_name=unit.short_name)
    return _ref(unit)


@transaction.atomic
def move_unit(*, code: str, parent: str, by: Officer, line_parent: str | None = None) -> UnitRef:
    """Put the unit, with everything below it, under another parent; `line_parent` None takes it off its line."""
    _lock_tree()
    unit = _governed(code, by=by, act="move_unit")
    above = _governed(parent, by=by, act="move_unit")
    line = _known(line_parent, field="line_parent") if line_parent else None
    if above.path.startswith(unit.path):
        raise Refused("parent_below", _("不能把单位移到它自己或它的下级之下，请另选上级。"), field="parent")
    if line is not None and (line.pk == unit.pk or _line_leads_to(line, unit.pk)):
        raise Refused("line_circle", _("条线上级不能是本单位或本单位条线上的下级，请另选。"), field="line_parent")
    old, new = unit.path, f"{above.path}{unit.pk}/"
    before = {"parent": unit.parent.code if unit.parent else None}
    models.Unit.objects.filter(pk=unit.pk).update(parent=above, line_parent=line)
    moved = models.Unit.objects.filter(path__startswith=old).update(
        path=Concat(Value(new), Substr(F("path"), Length(Value(old)) + 1))
    )
    _tree_changed()
    unit.refresh_from_db()
    _record_unit(unit, "move_unit", by=by, before=before["parent"], parent=parent, line_parent=line_parent, units=moved)
    return _ref(unit)


@transaction.atomic
def close_unit(*, code: str, by: Officer, on: date | None = None) -> UnitRef:
    """Close a unit that has no open unit below it and nobody in its posts; its history stays."""
    _lock_tree()
    unit = _governed(code, by=by, act="close_unit")
    day = on or clocks.today()
    if models.Unit.objects.open().filter(Q(parent=unit) | Q(line_parent=unit)).exists():
        raise Refused("unit_has_children", _("该单位还有下级单位。请先移走或关闭下级单位，再关闭它。"))
    if models.Appointment.objects.on(clocks.today()).filter(post__unit=unit).exists():
        raise Refused("unit_has_people", _("该单位还有在任人员。请先结束任职或办理交接，再关闭它。"))
    if day < unit.opened_on:
        raise Refused("closed_before_opened", _("关闭日期不能早于启用日期。"), field="on")
    unit.closed_on = day
    unit.save(update_fields=["closed_on"])
    models.Post.objects.filter(unit=unit, closed_on__isnull=True).update(closed_on=day)
    _tree_changed()
    _record_unit(unit, "close_unit", by=by, closed_on=day)
    return _ref(unit)


@transaction.atomic
def edit_line(
    *, code: str, by: Officer, duty_phone: str = "", hours: str = "", about: str = "", answers_by: int | None = None
) -> None:
    """Change the unit's line page (专线): duty phone, hours, what it is for, and the post that answers for it."""
    unit = _governed(code, by=by, act="edit_line")
    if answers_by is not None and not models.Post.objects.filter(pk=answers_by, unit=unit, closed_on=None).exists():
        raise Refused("post_elsewhere", _("负责人须是本单位的岗位，请从列表中选择。"), field="answers_by")
    unit.duty_phone = identifiers.phone(duty_phone, field="duty_phone") if duty_phone else ""
    unit.hours = _words(hours, limit=120, field="hours")
    unit.about = text.clean(about, limit=2000, field="about")
    unit.answers_by_id = answers_by
    unit.save(update_fields=["duty_phone", "hours", "about", "answers_by"])
    _record_unit(unit, "edit_line", by=by, duty_phone=unit.duty_phone, hours=unit.hours, answers_by=answers_by)


@transaction.atomic
def open_post(*, unit: str, role: Role, by: Officer, title: str = "", section: str = "") -> int:
    """The id of a new post at the unit; of the existing one when the unit has just this post already."""
    at = _governed(unit, by=by, act="open_post")
    role = Role(role)
    rules.check_post(role, is_centre=at.is_centre)
    title, section = _words(title, limit=60, field="title"), _words(section, limit=60, field="section")
    same = models.Post.objects.filter(unit=at, closed_on__isnull=True, role=role.value)
    if role not in rules.SINGLE:
        same = same.filter(title=title, section=section)
    if (existing := same.first()) is not None:
        return existing.pk
    post = models.Post.objects.create(unit=at, role=role.value, title=title, section=section)
    _record_unit(at, "open_post", by=by, post=post.pk, role=role.value, title=title, section=section)
    return post.pk


@transaction.atomic
def close_post(*, post: int, by: Officer) -> None:
    """Close a post nobody holds any more."""
    row = (
        models.Post.objects.select_related("unit").select_for_update(of=("self",), no_key=True).filter(pk=post).first()
    )
    if row is None:
        raise Absent
    unit = _governed(row.unit.code, by=by, act="close_post")
    if models.Appointment.objects.on(clocks.today()).filter(post=row).exists():
        raise Refused("post_held", _("这个岗位还有人在任。请先结束任职或办理交接。"))
    row.closed_on = clocks.today()
    row.save(update_fields=["closed_on"])
    models.Unit.objects.filter(answers_by=row).update(answers_by=None)
    _record_unit(unit, "close_post", by=by, post=row.pk, role=row.role)


def _lock_tree() -> None:
    """One change of the tree at a time: two moves at once could make a circle that neither of them saw."""
    if not models.TreeStamp.objects.select_for_update(no_key=True).filter(pk=1).first():
        models.TreeStamp.objects.get_or_create(pk=1, defaults={"stamp": uuid4()})


def _tree_changed() -> None:
    models.TreeStamp.objects.filter(pk=1).update(stamp=uuid4())
    models.changes.tree += 1
    models.changes.tree_block = connection.atomic_blocks[0]
    transaction.on_commit(_count_tree_change)


def _count_tree_change() -> None:
    models.changes.tree += 1


def _governed(code: str | None, *, by: Officer, act: str) -> models.Unit:
    """The open unit, locked, over which `by` may do `act`; Absent when not even visible."""
    rules.check_act(by, act)
    unit = models.Unit.objects.visible_to(by).select_for_update(of=("self",), no_key=True).filter(code=code).first()
    if unit is None:
        raise Absent
    if by.kind != "system" and not unit.path.startswith(by.paths(*rules.may(act))):
        raise Refused("forbidden", _("该单位不在您的管理范围内，请联系其上级网络中心的管理员。"))
    if unit.closed_on is not None:
        raise Refused("unit_closed", _("该单位已关闭，不能再改动。"))
    return unit


def _known(code: str, *, field: str) -> models.Unit:
    unit = models.Unit.objects.open().filter(code=code).first()
    if unit is None:
        raise Refused("unit_unknown", _("没有代码为 %(code)s 的单位，请核对。") % {"code": code}, field=field)
    return unit


def _line_leads_to(line: models.Unit, unit_id: int) -> bool:
    seen: set[int] = set()
    above = line.line_parent_id
    while above is not None and above not in seen:
        if above == unit_id:
            return True
        seen.add(above)
        above = models.Unit.objects.filter(pk=above).values_list("line_parent_id", flat=True).first()
    return False


def _next_unit_id() -> int:
    """The id is drawn before the row is written: the path needs it, and may never be empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('directory_unit', 'id'))")
        return int(cursor.fetchone()[0])


def _words(value: str, *, limit: int, field: str, needed: bool = False) -> str:
    """One line of words as it is stored."""
    line = " ".join(text.clean(value, limit=limit, field=field).split())
    if needed and not line:
        raise Refused("needed", _("请填写这一项。"), field=field)
    return line


def _ref(unit: models.Unit) -> UnitRef:
    return UnitRef(
        id=unit.pk,
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        region=unit.region_id,
        path=unit.path,
        short_name=unit.short_name,
        parent_id=unit.parent_id,
        line_parent_id=unit.line_parent_id,
        is_centre=unit.is_centre,
        closed_on=unit.closed_on,
    )


def _record_unit(unit: models.Unit, verb: str, *, by: Officer, **facts: Any) -> None:
    ledger.record(stream=f"unit:{unit.code}", verb=verb, by=by, facts=facts)


# --- people


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account as just made or reset. `password` is the generated first password, shown once; else empty."""

    id: int
    username: str
    label: str
    password: str = ""


@transaction.atomic
def create_person(
    *,
    username: str,
    label: str,
    unit: str,
    by: Officer,
    password: str | None = None,
    encoded: str | None = None,
    change_first: bool = True,
) -> Account:
    """Make an account kept by `unit` (a code).

    Without a password one is generated and returned, once. `encoded` takes a password already hashed by Django: people
    moved from another installation, or one hash for all sign-ins of a demonstration. With `change_first` the person
    must choose another password at the first sign-in.
    """
    label = _words(label, limit=60, field="label", needed=True)
    username = username.strip().lower()
    at = _governed(unit, by=by, act="create_person")
    if models.Person.objects.filter(username=username).exists():
        raise Refused(
            "username_taken", _("用户名 %(name)s 已被使用，请换一个。") % {"name": username}, field="username"
        )
    person = models.Person(username=username, label=label, unit=at, created_at=clocks.now())
    try:
        person.clean_fields(exclude=["password", "unit"])
    except ValidationError as error:
        field = next(iter(error.message_dict))
        raise Refused("person_malformed", error.message_dict[field][0], field=field) from error
    shown = "" if encoded or password else _first_password()
    person.password = encoded or (_checked_hash(password, person) if password else _quick_hash(shown))
    person.password_changed_at = None if change_first else clocks.now()
    person.save(force_insert=True)
    _record_person(person, "create_person", by=by, unit=unit)
    return Account(person.pk, username, label, shown)


@transaction.atomic
def deactivate_person(*, username: str, by: Officer) -> None:
    """Close an account: sign-in, sessions and tokens stop at once. Somebody with a post must hand it over first."""
    person = _governed_person(username, by=by, act="deactivate_person")
    if models.Appointment.objects.filter(person=person).filter(_not_over()).exists():
        raise Refused("still_appointed", _("此人还有在任的岗位。请先办理交接或结束任职，再停用账号。"))
    person.is_active = False
    person.save(update_fields=["is_active"])
    revoked = models.Token.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=clocks.now())
    _tokens_changed()
    _record_person(person, "deactivate_person", by=by, tokens=revoked)


@transaction.atomic
def reset_password(*, username: str, by: Officer) -> Account:
    """Give the account a new generated password, returned once; sessions end, and it must be changed at sign-in."""
    person = _governed_person(username, by=by, act="reset_password")
    shown = _first_password()
    person.password, person.password_changed_at = _quick_hash(shown), None
    person.save(update_fields=["password", "password_changed_at"])
    _record_person(person, "reset_password", by=by)
    return Account(person.pk, person.username, person.label, shown)


@transaction.atomic
def change_password(*, person: int, password: str, by: Officer) -> None:
    """Somebody chooses a new password, different from the present one; its 90 days begin."""
    if by.id != person:
        raise Absent
    row = models.Person.objects.select_for_update(no_key=True).get(pk=person)
    if row.check_password(password):
        raise Refused("password_same", _("新密码不能与现在的密码相同，请另设一个。"), field="password1")
    row.password = _checked_hash(password, row)
    row.password_changed_at = clocks.now()
    row.save(update_fields=["password", "password_changed_at"])
    _record_person(row, "change_password", by=by)


_TRY = """
INSERT INTO directory_signinattempt AS t (key, tries, last_at) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN t.last_at <= %(before)s THEN 1 ELSE least(t.tries, 1000000) + 1 END,
    last_at = CASE WHEN t.last_at <= %(before)s OR t.tries < %(limit)s THEN %(now)s ELSE t.last_at END
RETURNING tries
"""


def try_sign_in(*, username: str, address: str) -> None:
    """Count an attempt before the password is looked at; refuse when the name or the address is locked.

    Counting first holds against many attempts at once; `forget_tries` takes a success back. A lock ends LOCK_MINUTES
    after the failure that made it, whatever is tried meanwhile. Not one transaction: a refusal must stay counted.
    """
    tries = _count_try("name", username, limit=rules.SIGN_IN_TRIES)
    if tries == rules.SIGN_IN_TRIES + 1:
        person = models.Person.objects.get_queryset().filter(username=username).first()
        if person is not None:
            _record_person(person, "lock_out", by=rules.SYSTEM, tries=rules.SIGN_IN_TRIES)
    if tries > rules.SIGN_IN_TRIES or _count_try("address", address, limit=rules.ADDRESS_TRIES) > rules.ADDRESS_TRIES:
        raise Refused("too_many", _("尝试次数过多。为保护账号，请十五分钟后再试，或请安全管理员重置密码。"))


@transaction.atomic
def forget_tries(*, username: str, address: str) -> None:
    """The password was right: the name starts afresh, and the address gets its attempt back."""
    models.SignInAttempt.objects.filter(key=_try_key("name", username)).delete()
    at = models.SignInAttempt.objects.filter(key=_try_key("address", address))
    if not at.filter(tries__gt=1).update(tries=F("tries") - 1):
        at.delete()


@transaction.atomic
def record_sign_in(*, person: int, by: Officer) -> None:
    """Put a sign-in on record (GB/T 22239-2019 8.1.4.3, security audit)."""
    ledger.record(stream=f"person:{person}", verb="sign_in", by=by)


def _count_try(kind: str, value: str, *, limit: int) -> int:
    now = clocks.now()
    facts: dict[str, Any] = {
        "key": _try_key(kind, value),
        "now": now,
        "before": now - timedelta(minutes=rules.LOCK_MINUTES),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TRY, facts | {"limit": limit})
        return int(cursor.fetchone()[0])


def _try_key(kind: str, value: str) -> str:
    return sealing.fingerprint(f"{kind}:{value.strip().casefold()}", "sign-in")


@transaction.atomic
def appoint(*, person: str, post: int, by: Officer, from_on: date | None = None, until_on: date | None = None) -> int:
    """The id of the appointment by which the person holds the post from `from_on` (today) to before `until_on`."""
    row = _lock_person(person)
    seat = _governed_post(post, by=by, act="appoint")
    appointment = _appoint(row, seat, from_on or clocks.today(), until_on, by=by)
    _record_person(
        row,
        "appoint",
        by=by,
        post=seat.pk,
        role=seat.role,
        unit=seat.unit.code,
        from_on=appointment.from_on,
        until_on=until_on,
    )
    return appointment.pk


@transaction.atomic
def end_appointment(*, appointment: int, by: Officer, on: date | None = None) -> None:
    """End an appointment; `on` (today) is the first day without it."""
    row = models.Appointment.objects.select_for_update(no_key=True).filter(_not_over(), pk=appointment).first()
    if row is None:
        raise Absent
    post = _governed_post(row.post_id, by=by, act="end_appointment")
    row.until_on = max(on or clocks.today(), row.from_on)
    row.save(update_fields=["until_on"])
    ledger.record(
        stream=f"person:{row.person_id}",
        verb="end_appointment",
        by=by,
        facts={"post": post.pk, "role": post.role, "unit": post.unit.code, "until_on": row.until_on},
    )


@transaction.atomic
def hand_over(*, person: str, to: str, by: Officer) -> tuple[int, ...]:
    """Somebody leaves: all his appointments end today and `to` takes each post, in one recorded act; the posts' ids.

    Work belongs to units and posts, so it goes with the post. Posts that `to` holds already are simply left to him.
    """
    if person == to:
        raise Refused("hand_over_to_oneself", _("请选择另一位同事接手。"), field="to")
    first, second = sorted((person, to))  # always in one order: two hand-overs crossing must not wait for each other
    rows = {row.username: row for row in (_lock_person(first), _lock_person(second))}
    leaver, heir = rows[person], rows[to]
    today = clocks.today()
    ending = list(
        models.Appointment.objects.select_for_update(no_key=True).filter(_not_over(), person=leaver).order_by("id")
    )
    if not ending:
        raise Refused("nothing_to_hand_over", _("此人目前没有在任的岗位，无需交接。"))
    held = set(models.Appointment.objects.filter(_not_over(), person=heir).values_list("post_id", flat=True))
    posts = [_governed_post(row.post_id, by=by, act="hand_over") for row in ending]
    for row in ending:
        row.until_on = max(today, row.from_on)
        row.save(update_fields=["until_on"])
    for post in posts:
        if post.pk not in held:
            _appoint(heir, post, today, None, by=by)
    facts = {"from": leaver.pk, "to": heir.pk, "posts": [post.pk for post in posts], "on": today}
    _record_person(leaver, "hand_over", by=by, **facts)
    _record_person(heir, "take_over", by=by, **facts)
    return tuple(post.pk for post in posts)


def _appoint(
    person: models.Person, post: models.Post, from_on: date, until_on: date | None, *, by: Officer
) -> models.Appointment:
    if not person.is_active:
        raise Refused("person_inactive", _("该账号已停用，不能任职。"), field="person")
    if until_on is not None and until_on <= from_on:
        raise Refused("appointment_order", _("任职结束日期须晚于开始日期。"), field="until_on")
    overlapping = models.Appointment.objects.filter(Q(until_on__isnull=True) | Q(until_on__gt=from_on))
    if until_on is not None:
        overlapping = overlapping.filter(from_on__lt=until_on)
    held: Collection[Role] = {Role(role) for role in overlapping.filter(person=person).values_list("role", flat=True)}
    rules.check_appointment(Role(post.role), held, self_appointed=person.pk == by.id)
    if overlapping.filter(person=person, post=post).exists():
        raise Refused("already_appointed", _("此人在这段时间已担任该岗位。"), field="post")
    if Role(post.role) in rules.SINGLE and overlapping.filter(post=post).exists():
        raise Refused("post_taken", _("一把手岗位在这段时间已有人担任，请先结束原任职或办理交接。"), field="post")
    return models.Appointment.objects.create(
        person=person, post=post, role=post.role, from_on=from_on, until_on=until_on
    )


def _not_over() -> Q:
    return Q(until_on__isnull=True) | Q(until_on__gt=clocks.today())


def _governed_person(username: str, *, by: Officer, act: str) -> models.Person:
    rules.check_act(by, act)
    person = (
        models.Person.objects.visible_to(by)
        .select_related("unit")
        .select_for_update(of=("self",), no_key=True)
        .filter(username=username)
        .first()
    )
    if person is None:
        raise Absent
    if by.kind != "system" and not person.unit.path.startswith(by.paths(*rules.may(act))):
        raise Refused("forbidden", _("该账号不在您的管理范围内，请联系其上级网络中心的安全管理员。"))
    return person


def _lock_person(username: str) -> models.Person:
    person = models.Person.objects.get_queryset().select_for_update(no_key=True).filter(username=username).first()
    if person is None:
        raise Refused(
            "person_unknown", _("没有用户名为 %(name)s 的人员，请核对。") % {"name": username}, field="person"
        )
    return person


def _governed_post(post: int, *, by: Officer, act: str) -> models.Post:
    """The open post, locked together with its unit's row version by the caller's transaction."""
    row = (
        models.Post.objects.select_related("unit").select_for_update(of=("self",), no_key=True).filter(pk=post).first()
    )
    if row is None:
        raise Absent
    rules.check_act(by, act)
    if by.kind != "system" and not row.unit.path.startswith(by.paths(*rules.may(act))):
        raise Refused("forbidden", _("该单位不在您的管理范围内，请联系其上级网络中心的管理员。"))
    if row.closed_on is not None:
        raise Refused("post_closed", _("这个岗位已撤销，请另选。"), field="post")
    return row


def _record_person(person: models.Person, verb: str, *, by: Officer, **facts: Any) -> None:
    ledger.record(stream=f"person:{person.pk}", verb=verb, by=by, facts=facts)


_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"


def _first_password() -> str:
    """16 characters nobody confuses when reading them out, about 92 bits, with a sign so that it passes the rules."""
    while True:
        word = "-".join("".join(secrets.choice(_LETTERS) for _letter in range(4)) for _group in range(4))
        if any(c.isdigit() for c in word) and any(c.isupper() for c in word) and any(c.islower() for c in word):
            return word


def _quick_hash(generated: str) -> str:
    """A hash of few rounds: 92 random bits need no slow one, and Django makes it slow at the first sign-in."""
    hasher = PBKDF2PasswordHasher()
    return hasher.encode(generated, hasher.salt(), iterations=1000)


def _checked_hash(password: str, person: models.Person) -> str:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refused("password_weak", "".join(error.messages), field="password1") from error
    person.set_password(password)
    return person.password


# --- tokens


@transaction.atomic
def issue_token(
    *, by: Officer, person: str | None = None, channel: str = "", label: str = "", limit_per_minute: int | None = None
) -> str:
    """A new bearer token of a person (by username) or of a channel. It is returned here and stored nowhere."""
    channel, label = _words(channel, limit=60, field="channel"), _words(label, limit=60, field="label")
    if (person is None) == (not channel):
        raise Refused("token_owner", _("令牌属于一个人员或一个接入渠道，请二者选一。"))
    owner = _governed_person(person, by=by, act="issue_token") if person else None
    if owner is None:
        rules.check_act(by, "issue_token")
    elif not owner.is_active:
        raise Refused("person_inactive", _("该账号已停用，不能签发令牌。"), field="person")
    token = f"mx_{secrets.token_urlsafe(32)}"
    row = models.Token.objects.create(
        hash=hashlib.sha256(token.encode()).hexdigest(),
        person=owner,
        channel=channel,
        label=label,
        limit_per_minute=limit_per_minute,
        created_at=clocks.now(),
    )
    stream = f"person:{owner.pk}" if owner else f"channel:{channel}"
    ledger.record(stream=stream, verb="issue_token", by=by, facts={"token": row.pk, "limit": limit_per_minute})
    return token


@transaction.atomic
def revoke_token(*, token: int, by: Officer) -> None:
    """Revoke a token by its id: at once in this process, within 30 seconds in every other."""
    rules.check_act(by, "revoke_token")
    row = models.Token.objects.select_for_update(no_key=True).filter(pk=token, revoked_at__isnull=True).first()
    if row is None:
        raise Absent
    if row.person_id is not None:
        person = models.Person.objects.get(pk=row.person_id)
        _governed_person(person.username, by=by, act="revoke_token")
    row.revoked_at = clocks.now()
    row.save(update_fields=["revoked_at"])
    _tokens_changed()
    stream = f"person:{row.person_id}" if row.person_id else f"channel:{row.channel}"
    ledger.record(stream=stream, verb="revoke_token", by=by, facts={"token": row.pk})


def _tokens_changed() -> None:
    models.changes.tokens += 1
    transaction.on_commit(_count_token_change)


def _count_token_change() -> None:
    models.changes.tokens += 1
