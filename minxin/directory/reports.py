"""Who and where: officers, units, regions, tokens; and what the directory's own screens show."""

import hashlib
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Q

from minxin.directory import models, rules
from minxin.directory.rules import Channel, Duty, Officer, Role, Tree, UnitRef
from minxin.kernel import clocks
from minxin.kernel.errors import Absent

TREE_SECONDS = 5.0  # how late another process's change of the tree may be seen
TOKEN_SECONDS = 30.0  # how late a revocation in another process may take effect

# --- the tree of units, in memory


@dataclass
class _Shared:
    """The process's copy of the committed tree: when it was last compared, after how many changes of its own."""

    tree: Tree | None = None
    compared_at: float = 0.0
    changes: int = -1


class _Private(threading.local):
    """A transaction that changed the tree reads its own copy until it ends: nobody else sees what may be undone."""

    tree: Tree | None = None
    block: object = None
    changes: int = -1


_shared = _Shared()
_private = _Private()
_loading = threading.Lock()

_UNIT_FIELDS = (
    "id",
    "code",
    "name",
    "kind",
    "region_id",
    "path",
    "short_name",
    "parent_id",
    "line_parent_id",
    "is_centre",
    "closed_on",
)


def tree() -> Tree:
    """The tree of units. Normally no query: one every TREE_SECONDS, two when something changed.

    A change made by this process is seen at once; one made by another, after TREE_SECONDS at the latest.
    """
    block = connection.atomic_blocks[0] if connection.in_atomic_block else None
    if block is not None and models.changes.tree_block is block:
        if _private.tree is None or _private.block is not block or _private.changes != models.changes.tree:
            _private.tree, _private.block, _private.changes = _read_tree(None), block, models.changes.tree
        return _private.tree
    fresh = _shared.changes == models.changes.tree and time.monotonic() - _shared.compared_at < TREE_SECONDS
    if fresh and _shared.tree is not None:
        return _shared.tree
    with _loading:
        changes = models.changes.tree
        stamp = models.TreeStamp.objects.values_list("stamp", flat=True).first()
        if _shared.tree is None or stamp is None or _shared.tree.stamp != stamp:
            _shared.tree = _read_tree(stamp)
        _shared.compared_at, _shared.changes = time.monotonic(), changes
        return _shared.tree


def _read_tree(stamp: object) -> Tree:
    rows = models.Unit.objects.order_by("id").values_list(*_UNIT_FIELDS)
    return Tree((UnitRef(*row) for row in rows.iterator(chunk_size=5000)), stamp=stamp)


def unit(key: str | int) -> UnitRef:
    """The unit by code or id; Absent when there is none."""
    known = tree()
    found = known.by_id.get(key) if isinstance(key, int) else known.by_code.get(key)
    if found is None:
        raise Absent
    return found


def unit_named(name: str) -> UnitRef | None:
    """The open unit with just this full name, when only one has it."""
    return tree().by_name.get(name)


def units_by_id(ids: Iterable[int]) -> dict[int, UnitRef]:
    """The units with these ids; unknown ids are left out."""
    known = tree().by_id
    return {key: known[key] for key in ids if key in known}


def search_units(q: str, region: str | None = None, *, limit: int = 20) -> list[UnitRef]:
    """Open units whose name, short name or code holds every word of `q`, best first; see `Tree.search`."""
    return tree().search(q, region=region, limit=limit)


def centre_for(region: str, *, avoiding: int | None = None) -> UnitRef:
    """The centre of the network that takes in cases of this region: its own, or the nearest above.

    With `avoiding`, one that answers to that unit is passed over (回避); the highest takes what no other may.
    """
    known = tree()
    chain = [known.centres[code] for code in rules.upward(region) if code in known.centres]
    if not chain:
        raise Absent
    free = [centre for centre in chain if avoiding is None or not answers_to(centre.id, of=avoiding)]
    return (free or chain[-1:])[0]


def superiors(officer: Officer) -> frozenset[int]:
    """No query. Every unit that a unit of this officer is or answers to, by territory or by trade."""
    return tree().above(duty.unit.id for duty in officer.duties)


@dataclass(frozen=True, slots=True)
class Body:
    """A discipline body and its posts that may read sealed reports."""

    unit: UnitRef
    posts: tuple[int, ...]


def discipline_for(region: str, *, avoiding: int | None = None) -> Body | None:
    """1 query. The discipline body (纪检监察) nearest above the region that does not answer to the unit to avoid."""
    held = models.Appointment.objects.on(clocks.today()).filter(
        post__role=Role.DISCIPLINE, post__closed_on__isnull=True
    )
    posts: dict[int, list[int]] = {}
    for unit_id, post_id in held.order_by("post_id").values_list("post__unit_id", "post_id"):
        posts.setdefault(unit_id, []).append(post_id)
    known = tree()
    for code in rules.upward(region):
        for unit_id, found in posts.items():
            at = known.by_id[unit_id]
            if at.region == code and (avoiding is None or not answers_to(unit_id, of=avoiding)):
                return Body(at, tuple(dict.fromkeys(found)))
    return None


def superior(unit_id: int) -> UnitRef | None:
    """Whoever this unit answers to: by trade (条) where it is on a line, else by territory (块)."""
    known = tree()
    found = known.by_id.get(unit_id)
    return known.superior(found) if found else None


def is_within(unit_id: int, *, of: int) -> bool:
    """Whether the unit is `of` or stands below it in the territory tree."""
    known = tree().by_id
    return unit_id in known and of in known and known[unit_id].within(known[of])


def answers_to(unit_id: int, *, of: int) -> bool:
    """Whether the unit is `of` or its subordinate by territory or by trade: what conflict of interest asks."""
    known = tree()
    return unit_id in known.by_id and of in known.by_id and known.answers_to(known.by_id[unit_id], known.by_id[of])


# --- officers


def officer(person_id: int) -> Officer:
    """1 query, 2 for somebody without a duty. The person through the duties held today; Absent when not active."""
    rows = (
        models.Appointment.objects.on(clocks.today())
        .filter(person=person_id, person__is_active=True, post__closed_on__isnull=True)
        .order_by("id")
        .values_list("role", "post_id", "post__unit_id")
    )
    known = tree().by_id
    duties = tuple(
        Duty(Role(role), known[unit_id], post_id)
        for role, post_id, unit_id in rows
        if unit_id in known and known[unit_id].closed_on is None
    )
    if duties:
        return Officer(person_id, rules.label(duties[0].unit, duties[0].role), duties)
    name = models.Person.objects.filter(pk=person_id, is_active=True).values_list("label", flat=True).first()
    if name is None:
        raise Absent
    return Officer(person_id, name)


def officer_by_username(username: str) -> Officer:
    """2 queries. The active person with this sign-in name; Absent when there is none."""
    key = models.Person.objects.filter(username=username, is_active=True).values_list("pk", flat=True).first()
    if key is None:
        raise Absent
    return officer(key)


def holders(unit_id: int, *roles: Role) -> list[Officer]:
    """1 query. Who holds one of these roles at the unit today, each with those duties only."""
    at = unit(unit_id)
    rows = (
        models.Appointment.objects.on(clocks.today())
        .filter(post__unit=unit_id, post__closed_on__isnull=True, role__in=roles, person__is_active=True)
        .order_by("person_id", "id")
        .values_list("person_id", "role", "post_id")
    )
    found: dict[int, list[Duty]] = {}
    for person_id, role, post_id in rows:
        found.setdefault(person_id, []).append(Duty(Role(role), at, post_id))
    return [Officer(key, rules.label(at, duties[0].role), tuple(duties)) for key, duties in found.items()]


def staffed(unit_id: int) -> frozenset[Role]:
    """1 query. The roles that somebody holds at the unit today."""
    held = models.Appointment.objects.on(clocks.today()).filter(
        post__unit=unit_id, post__closed_on__isnull=True, person__is_active=True
    )
    return frozenset(Role(role) for role in held.values_list("role", flat=True))


def post(post_id: int) -> Duty | None:
    """1 query. The open post with this id: its role and unit."""
    row = models.Post.objects.filter(pk=post_id, closed_on__isnull=True).values_list("role", "unit_id").first()
    return Duty(Role(row[0]), unit(row[1]), post_id) if row else None


# --- tokens

_tokens: dict[str, tuple[float, int, Officer | Channel | None]] = {}


def officer_by_token(token: str) -> Officer | None:
    """No query, or 3 every TOKEN_SECONDS. The person whose bearer token this is; None when unknown or revoked."""
    found = _bearer(token)
    return found if isinstance(found, Officer) else None


def channel_by_token(token: str) -> Channel | None:
    """No query, or 1 every TOKEN_SECONDS. The channel whose bearer token this is; None when unknown or revoked."""
    found = _bearer(token)
    return found if isinstance(found, Channel) else None


def _bearer(token: str) -> Officer | Channel | None:
    key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    known = _tokens.get(key)
    now = time.monotonic()
    if known and known[0] > now and known[1] == models.changes.tokens:
        return known[2]
    found = _read_bearer(key)
    if found is None:
        _tokens.pop(key, None)  # unknown tokens are not kept: a stream of guesses must not fill the memory
    else:
        _tokens[key] = (now + TOKEN_SECONDS, models.changes.tokens, found)
    return found


def _read_bearer(key: str) -> Officer | Channel | None:
    row = models.Token.objects.filter(hash=key, revoked_at__isnull=True).first()
    if row is None:
        return None
    if row.person_id is None:
        return Channel(row.pk, row.channel, row.limit_per_minute)
    try:
        return officer(row.person_id)
    except Absent:
        return None


# --- regions


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region of the tree: its level is one of `rules.Level`."""

    code: str
    name: str
    level: str
    parent: str | None
    note: str


_regions: dict[str, RegionRow] = {}


def regions(under: str | None = None) -> list[RegionRow]:
    """All regions in the order of their codes, so that parents come before children; with `under`, it and all inside.

    Read once per process: regions change by migration or import, with a restart.
    """
    if not _regions:
        rows = models.Region.objects.order_by("code").values_list("code", "name", "level", "parent_id", "note")
        _regions.update({row[0]: RegionRow(*row) for row in rows})
    begin = rules.stem(under) if under else ""
    return [row for code, row in _regions.items() if code.startswith(begin)]


def region(code: str) -> RegionRow:
    """The region with this code; Absent when there is none."""
    if not _regions:
        regions()
    if code not in _regions:
        raise Absent
    return _regions[code]


def region_name(code: str) -> str:
    """The full name from the province down: 辽宁省葫芦岛市绥中县. Empty for an unknown code."""
    regions()
    return "".join(_regions[part].name for part in reversed(rules.upward(code)) if part in _regions)


# --- lines


@dataclass(frozen=True, slots=True)
class LinePage:
    """A unit's line (民心网专线): who answers for it (an office), phone, hours, what it is for."""

    unit: UnitRef
    region: str
    superior: UnitRef | None
    duty_phone: str
    hours: str
    about: str
    answers_by: str
    answers_by_id: int | None


def line_page(code: str) -> LinePage:
    """1 query. The line of an open unit; Absent when there is none."""
    at = unit(code)
    if at.closed_on is not None:
        raise Absent
    row = models.Unit.objects.select_related("answers_by").get(pk=at.id)
    return LinePage(
        unit=at,
        region=region_name(at.region),
        superior=superior(at.id),
        duty_phone=row.duty_phone,
        hours=row.hours,
        about=row.about,
        answers_by=str(row.answers_by) if row.answers_by else "",
        answers_by_id=row.answers_by_id,
    )


# --- the directory's own desk pages


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post of a unit and who holds it today: (sign-in name, account's label) each."""

    id: int
    role: str
    title: str
    section: str
    holders: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """The post in words: role, title, section."""
        return " · ".join(part for part in (Role(self.role).label, self.title, self.section) if part)


@dataclass(frozen=True, slots=True)
class UnitPage:
    """A unit on the desk: where it stands, what is below, its line and posts, and the acts open to the reader."""

    unit: UnitRef
    above: tuple[UnitRef, ...]
    below: tuple[UnitRef, ...]
    trade: UnitRef | None
    kind: str
    line: LinePage | None
    posts: tuple[PostRow, ...]
    acts: frozenset[str]


def units_seen(by: Officer, *, q: str = "", limit: int = 200) -> list[UnitRef]:
    """No query. Units this officer may see: those that match `q`, else the topmost ones."""
    known = tree()
    if q.strip():
        return [unit for unit in known.search(q, limit=1000) if rules.sees(by, unit.path)][:limit]
    seen = [unit for unit in known.by_id.values() if unit.closed_on is None and rules.sees(by, unit.path)]
    ids = {unit.id for unit in seen}
    return sorted((unit for unit in seen if unit.parent_id not in ids), key=lambda unit: unit.code)[:limit]


def unit_page(code: str, *, by: Officer) -> UnitPage:
    """3 queries. A unit of the desk; Absent when this officer may not see it."""
    at, known = unit(code), tree().by_id
    if not rules.sees(by, at.path):
        raise Absent
    above = tuple(known[int(key)] for key in at.path.split("/")[1:-2] if int(key) in known)
    below = sorted(
        (one for one in known.values() if one.parent_id == at.id and one.closed_on is None), key=lambda one: one.code
    )
    return UnitPage(
        unit=at,
        above=tuple(one for one in above if rules.sees(by, one.path)),
        below=tuple(below),
        trade=known.get(at.line_parent_id or 0),
        kind=rules.UnitKind(at.kind).label,
        line=line_page(code) if at.closed_on is None else None,
        posts=tuple(posts(at.id)),
        acts=rules.allowed(by, at.path) if at.closed_on is None else frozenset(),
    )


def posts(unit_id: int) -> list[PostRow]:
    """2 queries. The open posts of a unit with their holders of today."""
    held: dict[int, list[tuple[str, str]]] = {}
    rows = models.Appointment.objects.on(clocks.today()).filter(post__unit=unit_id, person__is_active=True)
    for post_id, username, label in rows.order_by("id").values_list("post_id", "person__username", "person__label"):
        held.setdefault(post_id, []).append((username, label))
    found = models.Post.objects.filter(unit=unit_id, closed_on__isnull=True).order_by("id")
    return [
        PostRow(key, role, title, section, tuple(held.get(key, ())))
        for key, role, title, section in found.values_list("id", "role", "title", "section")
    ]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An account in a list: `unit` keeps it."""

    username: str
    label: str
    unit: UnitRef
    is_active: bool
    last_login: datetime | None


PAGE = 50  # rows of a list page


def people(by: Officer, *, q: str = "", after: str = "") -> list[PersonRow]:
    """1 query. Accounts this officer may see, by sign-in name, those after `after`, at most PAGE."""
    rows = models.Person.objects.visible_to(by).filter(username__gt=after)
    if q.strip():
        rows = rows.filter(Q(username__icontains=q.strip()) | Q(label__icontains=q.strip()))
    known = tree().by_id
    found = rows.order_by("username").values_list("username", "label", "unit_id", "is_active", "last_login")[:PAGE]
    return [PersonRow(name, label, known[unit_id], active, last) for name, label, unit_id, active, last in found]


@dataclass(frozen=True, slots=True)
class AppointmentRow:
    """One appointment, past, present or coming: held from `from_on` to the day before `until_on`."""

    id: int
    unit: UnitRef
    post: str
    from_on: date
    until_on: date | None
    over: bool


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token that still works; of itself nothing is kept."""

    id: int
    label: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PersonPage:
    """An account on the desk, its appointments newest first, its tokens, and the acts open to the reader."""

    row: PersonRow
    password_changed_at: datetime | None
    appointments: tuple[AppointmentRow, ...]
    tokens: tuple[TokenRow, ...]
    acts: frozenset[str]


def person_page(username: str, *, by: Officer) -> PersonPage:
    """3 queries. An account of the desk; Absent when this officer may not see it."""
    person = models.Person.objects.visible_to(by).filter(username=username).first()
    if person is None:
        raise Absent
    known, today = tree().by_id, clocks.today()
    rows = models.Appointment.objects.filter(person=person).select_related("post").order_by("-from_on", "-id")
    tokens = models.Token.objects.filter(person=person, revoked_at__isnull=True).order_by("id")
    at = known[person.unit_id]
    return PersonPage(
        row=PersonRow(person.username, person.label, at, person.is_active, person.last_login),
        password_changed_at=person.password_changed_at,
        appointments=tuple(
            AppointmentRow(
                id=row.pk,
                unit=known[row.post.unit_id],
                post=PostRow(row.post_id, row.role, row.post.title, row.post.section, ()).label,
                from_on=row.from_on,
                until_on=row.until_on,
                over=row.until_on is not None and row.until_on <= today,
            )
            for row in rows
        ),
        tokens=tuple(TokenRow(row.pk, row.label, row.created_at) for row in tokens),
        acts=rules.allowed(by, at.path) if person.is_active else frozenset(),
    )
