"""Units, their places in the tree, their lines and posts."""

from datetime import date
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.actions import reach
from minxin.directory.rules import Officer, Role, UnitKind, UnitRef
from minxin.kernel import clocks, identifiers, text
from minxin.kernel.errors import Absent, Refused


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
    name = reach.words(name, limit=120, field="name", needed=True)
    short_name = reach.words(short_name, limit=40, field="short_name")
    lock_tree()
    above = reach.unit(parent, by=by, act="open_unit") if parent else None
    if above is None and by.kind != "system":
        raise Refused("parent_needed", _("请选择上级单位。"), field="parent")
    line = reach.known_unit(line_parent, field="line_parent") if line_parent else None
    if not models.Region.objects.filter(reach.still(), pk=region).exists():
        raise Refused("region_unknown", _("没有这个区划代码，请从列表中选择。"), field="region")
    if models.Unit.objects.filter(code=code).exists():
        raise Refused("code_taken", _("单位代码 %(code)s 已被使用，请核对。") % {"code": code}, field="code")
    if is_centre and models.Unit.objects.open().filter(region=region, is_centre=True).exists():
        raise Refused("centre_taken", _("这个地区已有网络中心，一个地区只设一个。"), field="is_centre")
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
        uscc=_free_uscc(uscc),
        opened_on=opened_on or clocks.today(),
    )
    unit.path = f"{above.path if above else '/'}{unit.pk}/"
    unit.save(force_insert=True)
    tree_changed()
    reach.record_unit(
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
    lock_tree()
    unit = reach.unit(code, by=by, act="rename_unit")
    before = unit.name
    unit.name = reach.words(name, limit=120, field="name", needed=True)
    unit.short_name = reach.words(short_name, limit=40, field="short_name")
    unit.save(update_fields=["name", "short_name"])
    tree_changed()
    reach.record_unit(unit, "rename_unit", by=by, before=before, after=unit.name, short_name=unit.short_name)
    return _ref(unit)


@transaction.atomic
def edit_unit(*, code: str, kind: UnitKind, by: Officer, short_name: str = "", uscc: str = "") -> UnitRef:
    """Correct what the unit is registered as: its type, short name and unified social credit code (none when empty)."""
    lock_tree()
    unit = reach.unit(code, by=by, act="edit_unit")
    if unit.is_centre != (UnitKind(kind) is UnitKind.CENTRE):
        raise Refused("kind_of_centre", _("网络中心的类型不能改动，其他单位也不能改为网络中心。"), field="kind")
    unit.kind = UnitKind(kind).value
    unit.short_name = reach.words(short_name, limit=40, field="short_name")
    unit.uscc = _free_uscc(uscc, but=unit.pk)
    unit.save(update_fields=["kind", "short_name", "uscc"])
    tree_changed()
    reach.record_unit(unit, "edit_unit", by=by, kind=unit.kind, short_name=unit.short_name, uscc=unit.uscc)
    return _ref(unit)


@transaction.atomic
def move_unit(*, code: str, parent: str, by: Officer, line_parent: str | None = None) -> UnitRef:
    """Put the unit, with everything below it, under another parent; `line_parent` None takes it off its line."""
    lock_tree()
    unit = reach.unit(code, by=by, act="move_unit")
    above = reach.unit(parent, by=by, act="move_unit")
    line = reach.known_unit(line_parent, field="line_parent") if line_parent else None
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
    tree_changed()
    unit.refresh_from_db()
    reach.record_unit(
        unit, "move_unit", by=by, before=before["parent"], parent=parent, line_parent=line_parent, units=moved
    )
    return _ref(unit)


@transaction.atomic
def close_unit(*, code: str, by: Officer, on: date | None = None) -> UnitRef:
    """Close a unit that has no open unit below it and nobody in its posts; its history stays."""
    lock_tree()
    unit = reach.unit(code, by=by, act="close_unit")
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
    tree_changed()
    reach.record_unit(unit, "close_unit", by=by, closed_on=day)
    return _ref(unit)


@transaction.atomic
def edit_line(
    *, code: str, by: Officer, duty_phone: str = "", hours: str = "", about: str = "", answers_by: int | None = None
) -> None:
    """Change the unit's line page (专线): duty phone, hours, what it is for, and the post that answers for it."""
    unit = reach.unit(code, by=by, act="edit_line")
    if answers_by is not None and not models.Post.objects.filter(pk=answers_by, unit=unit, closed_on=None).exists():
        raise Refused("post_elsewhere", _("负责人须是本单位的岗位，请从列表中选择。"), field="answers_by")
    unit.duty_phone = identifiers.phone(duty_phone, field="duty_phone") if duty_phone else ""
    unit.hours = reach.words(hours, limit=120, field="hours")
    unit.about = text.clean(about, limit=2000, field="about")
    unit.answers_by_id = answers_by
    unit.save(update_fields=["duty_phone", "hours", "about", "answers_by"])
    reach.record_unit(unit, "edit_line", by=by, duty_phone=unit.duty_phone, hours=unit.hours, answers_by=answers_by)


@transaction.atomic
def open_post(*, unit: str, role: Role, by: Officer, title: str = "", section: str = "") -> int:
    """The id of a new post at the unit; of the existing one when the unit has just this post already."""
    at = reach.unit(unit, by=by, act="open_post")
    role = Role(role)
    rules.check_post(role, is_centre=at.is_centre)
    title, section = reach.words(title, limit=60, field="title"), reach.words(section, limit=60, field="section")
    same = models.Post.objects.filter(unit=at, closed_on__isnull=True, role=role.value)
    if role not in rules.SINGLE:
        same = same.filter(title=title, section=section)
    if (existing := same.first()) is not None:
        return existing.pk
    post = models.Post.objects.create(unit=at, role=role.value, title=title, section=section)
    reach.record_unit(at, "open_post", by=by, post=post.pk, role=role.value, title=title, section=section)
    return post.pk


@transaction.atomic
def close_post(*, post: int, by: Officer) -> None:
    """Close a post nobody holds any more."""
    row = (
        models.Post.objects.select_related("unit").select_for_update(of=("self",), no_key=True).filter(pk=post).first()
    )
    if row is None:
        raise Absent
    unit = reach.unit(row.unit.code, by=by, act="close_post")
    if models.Appointment.objects.on(clocks.today()).filter(post=row).exists():
        raise Refused("post_held", _("这个岗位还有人在任。请先结束任职或办理交接。"))
    row.closed_on = clocks.today()
    row.save(update_fields=["closed_on"])
    models.Unit.objects.filter(answers_by=row).update(answers_by=None)
    reach.record_unit(unit, "close_post", by=by, post=row.pk, role=row.role)


def _free_uscc(value: str, *, but: int | None = None) -> str | None:
    """The code as it is stored, when no other unit has it; None for an empty one."""
    if not value.strip():
        return None
    code = identifiers.uscc(value, field="uscc")
    if models.Unit.objects.filter(uscc=code).exclude(pk=but or 0).exists():
        raise Refused("uscc_taken", _("这个统一社会信用代码已登记在另一单位名下，请核对。"), field="uscc")
    return code


def lock_tree() -> None:
    """One change of the tree at a time: two moves at once could make a circle that neither of them saw."""
    if not models.TreeStamp.objects.select_for_update(no_key=True).filter(pk=1).first():
        models.TreeStamp.objects.get_or_create(pk=1, defaults={"stamp": uuid4()})


def tree_changed() -> None:
    """Every process reads the tree anew: this one at once, the others within seconds of the commit."""
    models.TreeStamp.objects.filter(pk=1).update(stamp=uuid4())
    models.changes.tree += 1
    models.changes.tree_block = connection.atomic_blocks[0]
    transaction.on_commit(_count_tree_change)


def _count_tree_change() -> None:
    models.changes.tree += 1


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
