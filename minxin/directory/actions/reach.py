"""What an action may lay hands on: rows locked and within reach of who acts; and how directory events are written."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.rules import Officer
from minxin.kernel import clocks, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


def unit(code: str | None, *, by: Officer, act: str) -> models.Unit:
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


def known_unit(code: str, *, field: str) -> models.Unit:
    """The open unit that a form names as another's; any unit of the network may be."""
    unit = models.Unit.objects.open().filter(code=code).first()
    if unit is None:
        raise Refused("unit_unknown", _("没有代码为 %(code)s 的单位，请核对。") % {"code": code}, field=field)
    return unit


def person(username: str, *, by: Officer, act: str) -> models.Person:
    """The account, locked, over which `by` may do `act`; Absent when not even visible."""
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


def any_person(username: str) -> models.Person:
    """The account by its name, locked, wherever it is kept: who is appointed may come from elsewhere."""
    person = models.Person.objects.get_queryset().select_for_update(no_key=True).filter(username=username).first()
    if person is None:
        raise Refused(
            "person_unknown", _("没有用户名为 %(name)s 的人员，请核对。") % {"name": username}, field="person"
        )
    return person


def post(post: int, *, by: Officer, act: str) -> models.Post:
    """The open post, locked, of a unit over which `by` may do `act`."""
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


def region(code: str, *, by: Officer, act: str) -> models.Region:
    """The region of today, locked, on which `by` may do `act`; Absent when it is not in his territory."""
    rules.check_act(by, act)
    row = models.Region.objects.select_for_update(of=("self",), no_key=True).filter(pk=code).first()
    if row is None or not rules.region_acts(by, row.code, row.level):
        raise Absent
    if row.valid_to is not None and row.valid_to <= clocks.today():
        raise Refused("region_closed", _("这个区划已经撤销，不能再改动。"))
    if act not in rules.region_acts(by, row.code, row.level):
        raise Refused("region_level", _("这一级区划由国家统一编码，这里只增设和撤销乡镇、街道和村、社区。"))
    return row


def words(value: str, *, limit: int, field: str, needed: bool = False) -> str:
    """One line of words as it is stored."""
    line = " ".join(text.clean(value, limit=limit, field=field).split())
    if needed and not line:
        raise Refused("needed", _("请填写这一项。"), field=field)
    return line


def record_unit(unit: models.Unit, verb: str, *, by: Officer, **facts: Any) -> None:
    """Put an act on the unit on record."""
    ledger.record(stream=f"unit:{unit.code}", verb=verb, by=by, facts=facts)


def record_person(person: models.Person, verb: str, *, by: Officer, **facts: Any) -> None:
    """Put an act on the account or its duties on record."""
    ledger.record(stream=f"person:{person.pk}", verb=verb, by=by, facts=facts)


def record_region(region: models.Region, verb: str, *, by: Officer, **facts: Any) -> None:
    """Put an act on the region on record."""
    ledger.record(stream=f"region:{region.code}", verb=verb, by=by, facts=facts)


def still() -> Q:
    """Regions that exist today."""
    return Q(valid_to__isnull=True) | Q(valid_to__gt=clocks.today())


def not_over() -> Q:
    """Appointments in force today or later."""
    return Q(until_on__isnull=True) | Q(until_on__gt=clocks.today())
