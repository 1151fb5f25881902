"""Regions, units, posts, people, appointments, tokens: what is stored, and what can never be false about it."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from minxin.directory import rules

if TYPE_CHECKING:
    from minxin.directory.rules import Officer


@dataclass
class Changes:
    """How often this process itself changed the tree or the tokens, and in which transaction it last changed the tree.

    The caches in `reports` compare: a process always sees its own changes at once, and nobody sees uncommitted ones.
    """

    tree: int = 0
    tokens: int = 0
    tree_block: object = None


changes = Changes()


class Region(models.Model):
    """A territory by its statutory code (行政区划代码, GB/T 2260): 6 digits, 9 for a town, 12 for a village."""

    code = models.CharField(primary_key=True, max_length=12)
    name = models.CharField(max_length=60)
    level = models.CharField(max_length=10, choices=[(level.value, rules.LEVELS[level]) for level in rules.Level])
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$"), name="region_code_shape"
            ),
            models.CheckConstraint(
                condition=Q(level__in=[level.value for level in rules.Level]), name="region_level_known"
            ),
            models.CheckConstraint(condition=~Q(code=F("parent")), name="region_not_own_parent"),
            models.CheckConstraint(condition=Q(valid_to__gt=F("valid_from")), name="region_valid_in_order"),
        ]

    def __str__(self) -> str:
        return self.name


class RegionName(models.Model):
    """A name that a region had before, until the day before `valid_to`; from the start when `valid_from` is empty."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="names")
    name = models.CharField(max_length=60)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "valid_to"], name="region_name_one_a_day"),
            models.CheckConstraint(condition=Q(valid_to__gt=F("valid_from")), name="region_name_in_order"),
        ]

    def __str__(self) -> str:
        return self.name


class UnitQuerySet(models.QuerySet["Unit"]):
    """Questions every screen begins with."""

    def open(self) -> "UnitQuerySet":
        """Units that exist today."""
        return self.filter(closed_on__isnull=True)

    def within(self, *paths: str) -> "UnitQuerySet":
        """The units at `paths` and all below them; none without paths."""
        below = Q(pk__in=[])
        for path in paths:
            below |= Q(path__startswith=path)
        return self.filter(below)

    def visible_to(self, officer: "Officer") -> "UnitQuerySet":
        """What this officer may see on the desk: see `rules.reach`."""
        if officer.kind == "system" or officer.has(*rules.EVERYWHERE):
            return self
        return self.within(*officer.paths())

    def governed_by(self, officer: "Officer", act: str) -> "UnitQuerySet":
        """The units over which this officer may do `act`: below each unit where a role that may do it is held."""
        if officer.kind == "system":
            return self
        return self.within(*officer.paths(*rules.may(act)))


class Unit(models.Model):
    """A unit of the network, in the territory tree (块), perhaps on a functional line (条), with its 专线."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=20, choices=[(kind.value, rules.KINDS[kind]) for kind in rules.UnitKind])
    region = models.ForeignKey(Region, models.PROTECT, related_name="units")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    line_parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="line_children")
    path = models.CharField(max_length=400)  # "/1/15/220/": ids from the root down to this unit, kept by actions
    is_centre = models.BooleanField(default=False)
    uscc = models.CharField(max_length=18, null=True, blank=True)  # null: many have none
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)
    # the line (民心网专线)
    duty_phone = models.CharField(max_length=40, blank=True)
    hours = models.CharField(max_length=120, blank=True)
    about = models.TextField(max_length=2000, blank=True)
    answers_by = models.ForeignKey("Post", models.PROTECT, null=True, blank=True, related_name="+")

    objects = UnitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code"], name="unit_code_unique"),
            models.UniqueConstraint(fields=["path"], name="unit_path_unique"),
            models.UniqueConstraint(fields=["uscc"], name="unit_uscc_unique"),
            models.UniqueConstraint(
                fields=["region"],
                condition=Q(is_centre=True, closed_on__isnull=True),
                name="unit_one_centre_per_region",
            ),
            models.CheckConstraint(condition=~Q(code=""), name="unit_has_code"),
            models.CheckConstraint(condition=~Q(name=""), name="unit_has_name"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in rules.UnitKind]), name="unit_kind_known"
            ),
            models.CheckConstraint(condition=~Q(id=F("parent")), name="unit_not_own_parent"),
            models.CheckConstraint(condition=~Q(id=F("line_parent")), name="unit_not_own_line_parent"),
            models.CheckConstraint(condition=Q(path__regex=r"^(/[0-9]+)+/$"), name="unit_path_shape"),
            models.CheckConstraint(condition=Q(closed_on__gte=F("opened_on")), name="unit_closed_after_opened"),
        ]
        indexes = [
            models.Index(fields=["path"], opclasses=["text_pattern_ops"], name="unit_path_below"),
        ]

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A post at a unit: what work belongs to, whoever holds it."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="posts")
    role = models.CharField(
        max_length=20, choices=[(role.value, rules.ROLES[role]) for role in rules.Role if role not in rules.PSEUDO]
    )
    title = models.CharField(max_length=60, blank=True)
    section = models.CharField(max_length=60, blank=True)
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "role", "title", "section"],
                condition=Q(closed_on__isnull=True),
                name="post_once_per_unit",
            ),
            models.UniqueConstraint(
                fields=["unit"], condition=Q(role="head", closed_on__isnull=True), name="post_one_head_per_unit"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in rules.Role if role not in rules.PSEUDO]),
                name="post_role_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title or rules.Role(self.role).label


class PersonQuerySet(models.QuerySet["Person"]):
    """Whose account may be seen and changed by whom."""

    def visible_to(self, officer: "Officer") -> "PersonQuerySet":
        """Accounts kept by units that this officer may see."""
        return self.filter(unit__in=Unit.objects.visible_to(officer))

    def governed_by(self, officer: "Officer", act: str) -> "PersonQuerySet":
        """Accounts over which this officer may do `act`."""
        return self.filter(unit__in=Unit.objects.governed_by(officer, act))


class PersonManager(BaseUserManager["Person"]):
    """Django's sign-in asks `get_by_natural_key`; all else starts at a queryset."""

    def get_queryset(self) -> PersonQuerySet:
        """All accounts, with the questions of PersonQuerySet."""
        return PersonQuerySet(self.model, using=self._db)

    def visible_to(self, officer: "Officer") -> PersonQuerySet:
        """See PersonQuerySet."""
        return self.get_queryset().visible_to(officer)

    def governed_by(self, officer: "Officer", act: str) -> PersonQuerySet:
        """See PersonQuerySet."""
        return self.get_queryset().governed_by(officer, act)


class Person(AbstractBaseUser):
    """Somebody who signs in at the desk. Known to colleagues by office, to the administrators by `label`."""

    username = models.CharField(
        max_length=60,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z][a-z0-9_.-]{2,59}$",
                _("用户名用小写字母开头，可含小写字母、数字、点、横线和下划线，3 到 60 位。"),
            )
        ],
    )
    label = models.CharField(max_length=60)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="people")  # keeps the account
    is_active = models.BooleanField(default=True)
    password_changed_at = models.DateTimeField(null=True, blank=True)  # null: set by somebody else, to be changed first
    created_at = models.DateTimeField()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = PersonManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(username__regex=r"^[a-z][a-z0-9_.-]{2,59}$"), name="person_username_shape"
            ),
            models.CheckConstraint(condition=~Q(label=""), name="person_has_label"),
        ]

    def __str__(self) -> str:
        return self.label


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    """Who holds what, when."""

    def on(self, day: date) -> "AppointmentQuerySet":
        """Appointments in force on `day`."""
        return self.filter(Q(until_on__isnull=True) | Q(until_on__gt=day), from_on__lte=day)


class Appointment(models.Model):
    """A person holds a post from `from_on` to the day before `until_on`; `role` is the post's, which never changes."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="appointments")
    post = models.ForeignKey(Post, models.PROTECT, related_name="appointments")
    role = models.CharField(max_length=20)
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until_on__gte=F("from_on")), name="appointment_in_order"),
            models.UniqueConstraint(
                fields=["person", "post"], condition=Q(until_on__isnull=True), name="appointment_held_once"
            ),
            models.UniqueConstraint(
                fields=["post"], condition=Q(until_on__isnull=True, role="head"), name="appointment_one_head"
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(until_on__isnull=True, role__in=sorted(role.value for role in rules.ADMINS)),
                name="appointment_admins_apart",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} {self.from_on}"


class Token(models.Model):
    """A bearer token of a person or of a channel. Only its SHA-256 is kept: 256 random bits need no slow hash."""

    hash = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="tokens")
    channel = models.CharField(max_length=60, blank=True)
    label = models.CharField(max_length=60, blank=True)
    limit_per_minute = models.PositiveIntegerField(null=True, blank=True)  # null: no limit of its own
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, channel="") | Q(person__isnull=True) & ~Q(channel=""),
                name="token_of_person_or_channel",
            ),
            models.CheckConstraint(condition=Q(hash__regex=r"^[0-9a-f]{64}$"), name="token_hash_shape"),
        ]

    def __str__(self) -> str:
        return self.label or self.channel


class SignInAttempt(models.Model):
    """Failed sign-ins of one name or one address. `key` is a keyed fingerprint, for names of nobody are counted too."""

    key = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(tries__gte=1), name="sign_in_attempt_counts")]

    def __str__(self) -> str:
        return f"{self.tries}"


class TreeStamp(models.Model):
    """One row, changed with every change of a unit or a region: tells each process when its copy of them is old."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    stamp = models.UUIDField()
    regions = models.UUIDField(default=uuid4)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="tree_stamp_one_row")]

    def __str__(self) -> str:
        return str(self.stamp)
