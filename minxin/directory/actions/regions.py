"""Towns and villages, which a network keeps itself; and the names of all its regions."""

from datetime import date
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.actions import reach, units
from minxin.directory.rules import Officer
from minxin.kernel import clocks, identifiers
from minxin.kernel.errors import Refused


@transaction.atomic
def open_region(*, parent: str, code: str, name: str, by: Officer, valid_from: date | None = None) -> str:
    """The code of a new town under a county (9 digits) or village under a town (12 digits), by the statistical code."""
    units.lock_tree()
    above = reach.region(parent, by=by, act="open_region")
    code = identifiers.region(code, field="code")
    if code[:-3] != above.code:
        raise Refused(
            "region_not_below",
            _("“%(name)s”下面的区划代码是 %(parent)s 后面再加三位，请核对。")
            % {"name": above.name, "parent": above.code},
            field="code",
        )
    name = reach.words(name, limit=60, field="name", needed=True)
    if models.Region.objects.filter(pk=code).exists():
        raise Refused("region_taken", _("区划代码 %(code)s 已经在用，请核对。") % {"code": code}, field="code")
    row = models.Region(
        code=code,
        name=name,
        level=rules.SMALL[len(code)].value,
        parent=above,
        valid_from=_not_later(valid_from, field="valid_from"),
    )
    row.save(force_insert=True)
    _regions_changed()
    reach.record_region(row, "open_region", by=by, name=name, parent=above.code, valid_from=valid_from)
    return code


@transaction.atomic
def rename_region(*, code: str, name: str, by: Officer, on: date | None = None) -> None:
    """Give the region another name from `on` (today) on; the old one is kept with its days."""
    units.lock_tree()
    row = reach.region(code, by=by, act="rename_region")
    name, day = reach.words(name, limit=60, field="name", needed=True), _not_later(on) or clocks.today()
    if name == row.name:
        raise Refused("region_same_name", _("新名称与现在的相同。"), field="name")
    last = models.RegionName.objects.filter(region=row).order_by("-valid_to").first()
    begun = last.valid_to if last else row.valid_from
    if begun is not None and day <= begun:
        raise Refused("region_order", _("更名日期须晚于现名称的启用日期。"), field="on")
    models.RegionName.objects.create(region=row, name=row.name, valid_from=begun, valid_to=day)
    before, row.name = row.name, name
    row.save(update_fields=["name"])
    _regions_changed()
    reach.record_region(row, "rename_region", by=by, before=before, after=name, on=day)


@transaction.atomic
def close_region(*, code: str, by: Officer, on: date | None = None) -> None:
    """Close a town or village in which no open unit and no open region is left; `on` (today) is its first day gone."""
    units.lock_tree()
    row = reach.region(code, by=by, act="close_region")
    day = _not_later(on) or clocks.today()
    if models.Region.objects.filter(reach.still(), parent=row).exists():
        raise Refused("region_has_children", _("该区划下面还有村、社区，请先撤销它们。"))
    if models.Unit.objects.open().filter(region=row).exists():
        raise Refused("region_has_units", _("该区划里还有单位，请先关闭这些单位。"))
    if row.valid_from is not None and day <= row.valid_from:
        raise Refused("region_order", _("撤销日期须晚于启用日期。"), field="on")
    row.valid_to = day
    row.save(update_fields=["valid_to"])
    _regions_changed()
    reach.record_region(row, "close_region", by=by, on=day)


def _not_later(day: date | None, *, field: str = "on") -> date | None:
    if day is not None and day > clocks.today():
        raise Refused("day_to_come", _("日期不能晚于今天。"), field=field)
    return day


def _regions_changed() -> None:
    """Every process reads the regions anew; the tree carries the news."""
    models.TreeStamp.objects.filter(pk=1).update(regions=uuid4())
    units.tree_changed()
