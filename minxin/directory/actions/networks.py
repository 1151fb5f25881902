"""Opening a network: many units with their lines, posts and first holders at once, in few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.actions import reach
from minxin.directory.actions.units import lock_tree, tree_changed
from minxin.directory.rules import Officer, Role, UnitKind
from minxin.kernel import clocks, identifiers, text
from minxin.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Seat:
    """A post of a new unit; `holder` is the sign-in name of who takes it, "" leaves it vacant."""

    role: Role
    holder: str = ""
    title: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to be founded, with its line (专线) and its seats; `parent` and `line_parent` are codes."""

    code: str
    name: str
    short_name: str
    kind: UnitKind
    region: str
    parent: str | None = None
    line_parent: str | None = None
    is_centre: bool = False
    duty_phone: str = ""
    hours: str = ""
    about: str = ""
    seats: tuple[Seat, ...] = ()


@transaction.atomic
def open_network(*, units: Sequence[NewUnit], on: date, by: Officer) -> int:
    """How many units were opened, all or none, with posts and holders in office from `on`.

    For the system only: the first day of a network, or a simulation, where one act per post would take minutes. Parents
    stand before their children. Holders' accounts have no password until one is set (`people.reset_password`). The head
    answers for the line. Each unit and each account gets one event, with its posts.
    """
    if by.kind != "system":
        raise Refused("not_allowed", _("整批建网由系统执行；请改用单位导入。"))
    lock_tree()
    rows = _units(units, on)
    models.Unit.objects.bulk_create(rows.values())
    posts = _posts(units, rows)
    people = _people(units, rows)
    seated = [
        models.Appointment(person=people[seat.holder], post=post, role=post.role, from_on=on)
        for seat, post in posts
        if seat.holder
    ]
    models.Appointment.objects.bulk_create(seated)
    for post in (post for _seat, post in posts if post.role == Role.HEAD):
        post.unit.answers_by = post
    models.Unit.objects.bulk_update([row for row in rows.values() if row.answers_by_id], ["answers_by"])
    tree_changed()
    _record(rows, posts, people, on, by=by)
    return len(rows)


def _units(units: Sequence[NewUnit], on: date) -> dict[str, models.Unit]:
    """The rows by code, with ids and paths, not yet stored."""
    codes = [rules.unit_code(new.code) for new in units]
    known = {row.code: row for row in models.Unit.objects.open().filter(code__in={new.parent for new in units})}
    lines = {row.code: row for row in models.Unit.objects.open().filter(code__in={new.line_parent for new in units})}
    regions = set(models.Region.objects.values_list("code", flat=True))
    rows: dict[str, models.Unit] = {}
    for key, code, new in zip(_ids(len(units)), codes, units, strict=True):
        above = _one_of(rows, known, new.parent, "parent")
        if new.region not in regions:
            raise Refused("region_unknown", _("没有这个区划代码，请从列表中选择。"), field="region")
        row = models.Unit(
            id=key,
            code=code,
            name=reach.words(new.name, limit=120, field="name", needed=True),
            short_name=reach.words(new.short_name, limit=40, field="short_name"),
            kind=UnitKind(new.kind).value,
            region_id=new.region,
            parent=above,
            line_parent=_one_of(rows, lines, new.line_parent, "line_parent"),
            is_centre=new.is_centre,
            opened_on=on,
            duty_phone=identifiers.phone(new.duty_phone, field="duty_phone") if new.duty_phone else "",
            hours=reach.words(new.hours, limit=120, field="hours"),
            about=text.clean(new.about, limit=2000, field="about"),
        )
        row.path = f"{above.path if above else '/'}{key}/"
        rows[code] = row
    return rows


def _one_of(
    rows: dict[str, models.Unit], known: dict[str, models.Unit], code: str | None, field: str
) -> models.Unit | None:
    if code is None:
        return None
    found = rows.get(code) or known.get(code)
    if found is None:
        raise Refused("unit_unknown", _("没有代码为 %(code)s 的单位，请核对。") % {"code": code}, field=field)
    return found


def _ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('directory_unit', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [int(row[0]) for row in cursor.fetchall()]


def _posts(units: Sequence[NewUnit], rows: dict[str, models.Unit]) -> list[tuple[Seat, models.Post]]:
    made = []
    for row, new in zip(rows.values(), units, strict=True):
        for seat in new.seats:
            rules.check_post(seat.role, is_centre=new.is_centre)
            post = models.Post(unit=row, role=seat.role.value, title=seat.title, section=seat.section)
            made.append((seat, post))
    models.Post.objects.bulk_create([post for _seat, post in made])
    return made


def _people(units: Sequence[NewUnit], rows: dict[str, models.Unit]) -> dict[str, models.Person]:
    """Accounts by sign-in name, labelled by the first office each holds."""
    nobody_knows = make_password(None)
    people: dict[str, models.Person] = {}
    held: dict[str, list[Role]] = {}
    for row, new in zip(rows.values(), units, strict=True):
        for seat in new.seats:
            if seat.holder:
                rules.check_appointment(seat.role, held.setdefault(seat.holder, []), self_appointed=False)
                held[seat.holder].append(seat.role)
                label = f"{row.short_name or row.name}{seat.title or seat.role.label}"[:60]
                person = models.Person(
                    username=seat.holder, label=label, unit=row, password=nobody_knows, created_at=clocks.now()
                )
                people.setdefault(seat.holder, person)
    models.Person.objects.get_queryset().bulk_create(people.values())
    return people


def _record(
    rows: dict[str, models.Unit],
    posts: list[tuple[Seat, models.Post]],
    people: dict[str, models.Person],
    on: date,
    *,
    by: Officer,
) -> None:
    seats: dict[int, list[str]] = {}
    duties: dict[str, list[int]] = {}
    for seat, post in posts:
        seats.setdefault(post.unit_id, []).append(post.role)
        duties.setdefault(seat.holder, []).append(post.pk)
    for row in rows.values():
        facts = {
            "name": row.name,
            "kind": row.kind,
            "region": row.region_id,
            "parent": row.parent.code if row.parent else None,
            "line_parent": row.line_parent.code if row.line_parent else None,
            "opened_on": on,
            "posts": seats.get(row.pk, []),
        }
        reach.record_unit(row, "open_network", by=by, **facts)
    for username, person in people.items():
        reach.record_person(person, "open_network", by=by, unit=person.unit.code, posts=duties[username], from_on=on)
