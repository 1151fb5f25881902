"""Who and where: officers, units, regions, tokens; and what the directory's own screens show."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from django.db.models import Q

from minxin.directory import models, rules
from minxin.directory.models import snapshot
from minxin.directory.rules import Channel, Duty, Officer, Role, Tree, UnitRef
from minxin.kernel import clocks, statements
from minxin.kernel.errors import Absent

_SOMEBODY = -1  # in a statement that is kept: the person (or unit) asked for
TOKEN_SECONDS = 30.0  # how late a revocation in another process may take effect


def tree() -> Tree:
    """The tree of units. Normally no query; a change is seen at once here, within 5 seconds elsewhere."""
    return snapshot.tree()


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
    statement, values = _held(clocks.today())
    rows = statements.rows(statement, [person_id if value == _SOMEBODY else value for value in values])
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


@lru_cache(maxsize=2)
def _held(on: date) -> tuple[str, tuple[object, ...]]:
    """The statement behind `officer`, which every page of the desk asks, kept planned: roles, posts, units."""
    held = models.Appointment.objects.on(on).filter(
        person=_SOMEBODY, person__is_active=True, post__closed_on__isnull=True
    )
    return statements.planned(
        *held.order_by("id").values_list("role", "post_id", "post__unit_id").query.sql_with_params()
    )


def officer_by_username(username: str) -> Officer:
    """2 queries. The active person with this sign-in name; Absent when there is none."""
    key = models.Person.objects.filter(username=username, is_active=True).values_list("pk", flat=True).first()
    if key is None:
        raise Absent
    return officer(key)


def holders(unit_id: int, *roles: Role) -> list[Officer]:
    """1 query. Who holds one of these roles at the unit today, each with those duties only."""
    at = unit(unit_id)
    found: dict[int, list[Duty]] = {}
    for person_id, role, post_id in _posted(unit_id):
        if role in roles:
            found.setdefault(person_id, []).append(Duty(Role(role), at, post_id))
    return [Officer(key, rules.label(at, duties[0].role), tuple(duties)) for key, duties in found.items()]


def staffed(unit_id: int) -> frozenset[Role]:
    """1 query. The roles that somebody holds at the unit today."""
    return frozenset(Role(role) for _person, role, _post in _posted(unit_id))


def _posted(unit_id: int) -> list[tuple[int, str, int]]:
    """Who holds which post of a unit today: person, role, post."""
    statement, values = _posts_of(clocks.today())
    rows = statements.rows(statement, [unit_id if value == _SOMEBODY else value for value in values])
    return [(person_id, role, post_id) for person_id, role, post_id in rows]


@lru_cache(maxsize=2)
def _posts_of(on: date) -> tuple[str, tuple[object, ...]]:
    """The statement behind `holders`, kept planned."""
    held = models.Appointment.objects.on(on).filter(
        post__unit=_SOMEBODY, post__closed_on__isnull=True, person__is_active=True
    )
    rows = held.order_by("person_id", "id").values_list("person_id", "role", "post_id")
    return statements.planned(*rows.query.sql_with_params())


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


@dataclass(frozen=True, slots=True)
class _Regions:
    """The regions as of one stamp: all by code, and for those that are no more the first day without them."""

    stamp: object = None
    rows: dict[str, RegionRow] = field(default_factory=dict)
    closed: dict[str, date] = field(default_factory=dict)


_regions = _Regions()


def _known_regions() -> _Regions:
    """No query, or 1 when a region has changed; seen elsewhere as late as a change of the tree."""
    global _regions
    stamp = tree().regions
    if stamp is None or _regions.stamp != stamp or not _regions.rows:
        found = list(
            models.Region.objects.order_by("code").values_list("code", "name", "level", "parent_id", "note", "valid_to")
        )
        rows = {row[0]: RegionRow(*row[:5]) for row in found}
        _regions = _Regions(stamp, rows, {row[0]: row[5] for row in found if row[5]})
    return _regions


def regions(under: str | None = None) -> list[RegionRow]:
    """Regions that exist today, by code, so that parents come before children; with `under`, it and all inside."""
    known, today = _known_regions(), clocks.today()
    begin = rules.stem(under) if under else ""
    return [
        row
        for code, row in known.rows.items()
        if code.startswith(begin) and not (code in known.closed and known.closed[code] <= today)
    ]


def regions_stamp() -> object:
    """No query. What is made of `regions` may be kept as long as this stays the same."""
    return _known_regions().stamp or object(), clocks.today()


def region(code: str) -> RegionRow:
    """The region with this code, of today or of the past; Absent when there is none."""
    found = _known_regions().rows.get(code)
    if found is None:
        raise Absent
    return found


def region_name(code: str) -> str:
    """The full name from the province down: 辽宁省葫芦岛市绥中县. Empty for an unknown code."""
    known = _known_regions().rows
    return "".join(known[part].name for part in reversed(rules.upward(code)) if part in known)


@dataclass(frozen=True, slots=True)
class RegionPage:
    """A region on the desk: those above and below, its former names and when each ended, and the acts open."""

    row: RegionRow
    full_name: str
    level: str
    closed_on: date | None
    above: tuple[RegionRow, ...]
    below: tuple[RegionRow, ...]
    names: tuple[tuple[str, date], ...]
    acts: frozenset[str]


def region_page(code: str, *, by: Officer) -> RegionPage:
    """1 query. A region as the administrators of its territory see it; Absent for everybody else."""
    at, known = region(code), _known_regions()
    acts = rules.region_acts(by, at.code, at.level)
    if not acts:
        raise Absent
    closed_on = known.closed.get(code)
    above = [known.rows.get(part) for part in reversed(rules.upward(code)[1:])]
    names = models.RegionName.objects.filter(region=code).order_by("-valid_to").values_list("name", "valid_to")
    return RegionPage(
        row=at,
        full_name=region_name(code),
        level=rules.Level(at.level).label,
        closed_on=closed_on,
        above=tuple(row for row in above if row and rules.region_acts(by, row.code, row.level)),
        below=tuple(row for row in regions(code) if row.parent == code),
        names=tuple(names),
        acts=frozenset() if closed_on else acts,
    )


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
    uscc: str


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
        uscc=row.uscc or "",
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


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """One's own account: duties are in the Officer; days left of the password; tokens that still work."""

    username: str
    label: str
    unit: UnitRef
    last_login: datetime | None
    password_changed_at: datetime | None
    password_days: int
    tokens: tuple[TokenRow, ...]


def own_account(by: Officer) -> OwnAccount:
    """2 queries. The account of whoever asks."""
    person = models.Person.objects.get_queryset().filter(pk=by.id or 0).first()
    if person is None:
        raise Absent
    tokens = models.Token.objects.filter(person=person, revoked_at__isnull=True).order_by("id")
    return OwnAccount(
        username=person.username,
        label=person.label,
        unit=tree().by_id[person.unit_id],
        last_login=person.last_login,
        password_changed_at=person.password_changed_at,
        password_days=rules.password_days(person.password_changed_at, clocks.now()),
        tokens=tuple(TokenRow(row.pk, row.label, row.created_at) for row in tokens),
    )


# --- what the auditor's log is about


def log_reach(by: Officer) -> frozenset[int] | None:
    """No query. The units whose acts this officer may read in the log; None is everything, at the top of the tree."""
    paths = by.paths(*rules.may("read_log"))
    if any(path.count("/") == 2 for path in paths):
        return None
    return frozenset(unit.id for unit in tree().by_id.values() if unit.path.startswith(paths))


def log_streams(about: str) -> frozenset[str]:
    """1 query. The streams that may be meant: a ref, a unit's or region's code, a sign-in name, or a stream itself."""
    text = about.strip()
    streams = {text, text.upper(), f"unit:{text.upper()}", f"region:{text}", f"channel:{text}"}
    people = models.Person.objects.get_queryset().filter(username=text.lower()).values_list("pk", flat=True)
    return frozenset(streams | {f"person:{key}" for key in people})


def log_subjects(streams: Iterable[str]) -> dict[str, tuple[str, str]]:
    """1 query. What each stream is about: its kind (unit, person, region, channel, catalogue, case) and its name."""
    parts = {stream: stream.partition(":") for stream in streams}
    keys = [int(rest) for kind, _, rest in parts.values() if kind == "person" and rest.isdecimal()]
    names = dict(models.Person.objects.get_queryset().filter(pk__in=keys).values_list("pk", "username"))
    return {stream: _subject(kind, rest, names) for stream, (kind, _, rest) in parts.items()}


def _subject(kind: str, rest: str, names: dict[int, str]) -> tuple[str, str]:
    if kind == "person" and rest.isdecimal():
        return kind, names.get(int(rest), rest)
    return (kind, rest) if rest else ("case", kind)
