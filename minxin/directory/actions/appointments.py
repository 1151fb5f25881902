"""Who holds which post from when to when."""

from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.actions import reach
from minxin.directory.rules import Officer, Role
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


@transaction.atomic
def appoint(*, person: str, post: int, by: Officer, from_on: date | None = None, until_on: date | None = None) -> int:
    """The id of the appointment by which the person holds the post from `from_on` (today) to before `until_on`."""
    row = reach.any_person(person)
    seat = reach.post(post, by=by, act="appoint")
    appointment = _appoint(row, seat, from_on or clocks.today(), until_on, by=by)
    reach.record_person(
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
    row = models.Appointment.objects.select_for_update(no_key=True).filter(reach.not_over(), pk=appointment).first()
    if row is None:
        raise Absent
    post = reach.post(row.post_id, by=by, act="end_appointment")
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
    rows = {row.username: row for row in (reach.any_person(first), reach.any_person(second))}
    leaver, heir = rows[person], rows[to]
    today = clocks.today()
    ending = list(
        models.Appointment.objects.select_for_update(no_key=True).filter(reach.not_over(), person=leaver).order_by("id")
    )
    if not ending:
        raise Refused("nothing_to_hand_over", _("此人目前没有在任的岗位，无需交接。"))
    held = set(models.Appointment.objects.filter(reach.not_over(), person=heir).values_list("post_id", flat=True))
    posts = [reach.post(row.post_id, by=by, act="hand_over") for row in ending]
    for row in ending:
        row.until_on = max(today, row.from_on)
        row.save(update_fields=["until_on"])
    for post in posts:
        if post.pk not in held:
            _appoint(heir, post, today, None, by=by)
    facts = {"from": leaver.pk, "to": heir.pk, "posts": [post.pk for post in posts], "on": today}
    reach.record_person(leaver, "hand_over", by=by, **facts)
    reach.record_person(heir, "take_over", by=by, **facts)
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
