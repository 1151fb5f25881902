"""The case itself, what its filer gave, who may read a sealed one, and its public page.

`id` is year * 10^9 + number, so that tables are partitioned by year on the very key that everything refers to.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from minxin.cases.rules import codes, moves, routing
from minxin.directory import reports as directory
from minxin.directory.rules import CENTRE, Officer, Role
from minxin.kernel import refs, sealing

PREFIX = "MX"
YEAR = 1_000_000_000
OVER = sorted(moves.OVER)
UNIT_ROLES = (Role.CLERK, Role.SECTION, Role.LEADER, Role.HEAD, Role.DISCIPLINE)
SUBTREE_ROLES = (Role.LEADER, Role.HEAD)


def ref_of(case_id: int) -> str:
    """The public identity of a case, with its check digit: MX2026-0000123-8."""
    return refs.written(PREFIX, *divmod(case_id, YEAR))


def id_of(ref: str) -> int:
    """The key behind a ref. Raises Refused naming what is wrong with it."""
    year, number = refs.parse(PREFIX, ref)
    return year * YEAR + number


def query_code(case_id: int, salt: bytes) -> str:
    """The receipt's code: derived from the salt under the master key, so a retried filing gets the same one again."""
    number = int(sealing.fingerprint(f"{ref_of(case_id)} {bytes(salt).hex()}", "query code"), 16)
    letters = []
    for _place in range(sealing.CODE_LENGTH):
        number, index = divmod(number, len(sealing.CODE_ALPHABET))
        letters.append(sealing.CODE_ALPHABET[index])
    return "".join(letters)


class CaseQuerySet(models.QuerySet["Case"]):
    """Every question about cases begins with one of these two."""

    def public(self) -> "CaseQuerySet":
        """Cases on public pages."""
        return self.filter(published_at__isnull=False, lane=codes.Lane.OPEN)

    def visible_to(self, officer: Officer) -> "CaseQuerySet":
        """The cases this officer may know of; anything else does not exist for him.

        The centre's posts: all of their region. A unit's posts: cases assigned to the unit; its leaders also those
        assigned below it. Observers: all of their region. A sealed report: its named custodians only, and never
        anybody from the accused unit or below it.
        """
        from minxin.cases.models.handling import Assignment

        if officer.kind == "system":
            return self
        areas = Q(pk__in=[])
        for prefix in routing.prefixes([d.unit.region for d in officer.duties if d.role in CENTRE | {Role.OBSERVER}]):
            areas |= Q(region__startswith=prefix)
        mine = Q(unit_id__in=officer.unit_ids(*UNIT_ROLES))
        for path in officer.paths(*SUBTREE_ROLES):
            mine |= Q(unit__path__startswith=path)
        assigned = Exists(Assignment.objects.filter(mine, case_id=OuterRef("pk")))
        answerable = Q(superior_id__in=officer.unit_ids(*SUBTREE_ROLES))
        named = Exists(
            Custodian.objects.filter(case_id=OuterRef("pk"), post_id__in=[d.post_id for d in officer.duties])
        )
        accused = directory.superiors(officer)
        open_lanes = ~Q(lane=codes.Lane.SEALED) & (areas | Q(assigned) | answerable)
        sealed = Q(lane=codes.Lane.SEALED) & Q(named) & (Q(respondent__isnull=True) | ~Q(respondent_id__in=accused))
        return self.filter(open_lanes | sealed)


class Case(models.Model):
    """One matter. Stage (where it is), finding (what is true), verdict (what the complainant says) never mix."""

    id = models.BigIntegerField(primary_key=True)
    seq = models.IntegerField(default=1)  # events so far
    kind = models.CharField(max_length=12, choices=codes.Kind)
    lane = models.CharField(max_length=12, choices=codes.Lane)
    channel = models.CharField(max_length=12, choices=codes.Channel)
    stage = models.CharField(max_length=12, choices=codes.Stage)
    urgency = models.CharField(max_length=12, choices=codes.Urgency, default=codes.Urgency.NORMAL)
    region = models.CharField(max_length=12)
    category = models.CharField(max_length=12, blank=True)
    tags = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    title = models.CharField(max_length=120)
    digest_title = models.CharField(max_length=120, blank=True)
    amount_fen = models.BigIntegerField(null=True)
    occurred_on = models.DateField(null=True)

    respondent = models.ForeignKey("directory.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    centre = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey("directory.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    holder = models.ForeignKey(
        "Assignment", models.SET_NULL, null=True, related_name="+", db_constraint=False, db_index=False
    )
    superior = models.ForeignKey("directory.Unit", models.PROTECT, null=True, related_name="+", db_index=False)
    conflict_reason = models.CharField(max_length=500, blank=True)
    master = models.ForeignKey("self", models.PROTECT, null=True, related_name="members", db_index=False)

    anonymous = models.BooleanField(default=False)
    shows_name = models.BooleanField(default=False)
    consents = models.BooleanField(default=False)  # to publication
    shares_identity = models.BooleanField(default=False)  # with the handling unit

    filed_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    dispatched_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    contacted_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()  # of the answer
    provisional = models.BooleanField(default=False)

    finding = models.CharField(max_length=14, choices=codes.Finding, blank=True)
    resolution = models.CharField(max_length=14, choices=codes.Resolution, blank=True)
    returns = models.PositiveSmallIntegerField(default=0)
    transfers = models.PositiveSmallIntegerField(default=0)
    redos = models.PositiveSmallIntegerField(default=0)
    extensions = models.PositiveSmallIntegerField(default=0)
    paused_days = models.PositiveSmallIntegerField(default=0)
    locked = models.BooleanField(default=False)  # after a ruling: no second return
    supervision = models.CharField(max_length=10, choices=codes.Slip, blank=True)

    stars = models.PositiveSmallIntegerField(null=True)  # efficiency
    stars_version = models.PositiveSmallIntegerField(default=0)
    first_rating = models.PositiveSmallIntegerField(null=True, choices=codes.Satisfaction)
    final_rating = models.PositiveSmallIntegerField(null=True, choices=codes.Satisfaction)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=codes.Stage.values), name="case_stage_known"),
            models.CheckConstraint(condition=Q(kind__in=codes.Kind.values), name="case_kind_known"),
            models.CheckConstraint(condition=Q(lane__in=codes.Lane.values), name="case_lane_known"),
            models.CheckConstraint(
                condition=~Q(kind=codes.Kind.REPORT) | Q(lane=codes.Lane.SEALED), name="case_report_is_sealed"
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(lane=codes.Lane.OPEN, consents=True),
                name="case_published_with_consent",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=OVER) | Q(closed_at__isnull=False), name="case_over_is_dated"
            ),
            models.CheckConstraint(
                condition=~Q(stage=codes.Stage.MERGED) | Q(master__isnull=False), name="case_merged_has_master"
            ),
            models.CheckConstraint(
                condition=Q(conflict_reason="") | Q(superior__isnull=False), name="case_conflict_has_superior"
            ),
            models.CheckConstraint(
                condition=Q(anonymous=False) | Q(shows_name=False, shares_identity=False),
                name="case_anonymous_shows_none",
            ),
            models.CheckConstraint(
                condition=Q(amount_fen__isnull=True) | Q(amount_fen__gt=0), name="case_amount_positive"
            ),
            models.CheckConstraint(
                condition=(Q(first_rating__isnull=True) | Q(first_rating__range=(1, 5)))
                & (Q(final_rating__isnull=True) | Q(final_rating__range=(1, 5))),
                name="case_rating_range",
            ),
            models.CheckConstraint(condition=Q(stars__isnull=True) | Q(stars__range=(0, 5)), name="case_stars_range"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="case_seq_from_one"),
        ]
        indexes = [
            models.Index(
                fields=["centre", "stage", "due_at", "id"], condition=~Q(stage__in=OVER), name="case_centre_queue"
            ),
            models.Index(fields=["lead", "id"], name="case_lead"),
            models.Index(fields=["holder"], condition=Q(holder__isnull=False), name="case_holder"),
            models.Index(fields=["superior", "id"], condition=Q(superior__isnull=False), name="case_superior"),
            models.Index(fields=["master"], condition=Q(master__isnull=False), name="case_master"),
            models.Index(fields=["region", "id"], opclasses=["text_pattern_ops", "int8_ops"], name="case_region"),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        """MX2026-0000123-8."""
        return ref_of(self.id)

    @property
    def accused_id(self) -> int | None:
        """The unit the case speaks against, which stands aside (回避); none where it is only praised or asked about."""
        return self.respondent_id if self.kind in codes.ACCUSING else None

    @property
    def shown_title(self) -> str:
        """The centre's title where there is one."""
        return self.digest_title or self.title

    @property
    def over(self) -> bool:
        """Closed, declined, withdrawn or merged."""
        return self.stage in moves.OVER


class Filing(models.Model):
    """What the filer gave: never changed. Identity and contact are one ciphertext under the case's own key."""

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="filing", db_constraint=False)
    text = models.TextField()
    wanted = models.CharField(max_length=1000, blank=True)
    place = models.CharField(max_length=200, blank=True)
    respondent_name = models.CharField(max_length=120, blank=True)  # person or unit as the filer wrote it
    code_salt = models.BinaryField(max_length=16)
    key = models.BinaryField(null=True)  # wrapped; null: nothing to protect
    identity = models.BinaryField(null=True)
    phone_mark = models.CharField(max_length=64, blank=True)  # keyed fingerprint: the same caller, not the number
    about_ref = models.CharField(max_length=200, blank=True)  # the published figure or line complained of
    about_digest = models.CharField(max_length=128, blank=True)
    entered_by_post = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(identity__isnull=True) | Q(key__isnull=False), name="filing_identity_has_key"
            )
        ]
        indexes = [models.Index(fields=["phone_mark"], condition=~Q(phone_mark=""), name="filing_phone")]

    def __str__(self) -> str:
        return ref_of(self.case_id)


class FilingKey(models.Model):
    """An idempotency key: the same key never makes a second case. Old ones are swept."""

    key = models.CharField(max_length=64, primary_key=True)
    digest = models.CharField(max_length=64)
    case_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="filing_key_at")]

    def __str__(self) -> str:
        return self.key


class Custodian(models.Model):
    """A post named for a sealed report: besides its holder nobody sees that the case exists."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="custodians", db_index=False)
    post_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "post_id"], name="custodian_named_once")]
        indexes = [models.Index(fields=["post_id", "case"], name="custodian_post")]

    def __str__(self) -> str:
        return f"{ref_of(self.case_id)} {self.post_id}"


class Reading(models.Model):
    """Somebody on the staff opened a case."""

    case_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    label = models.CharField(max_length=200)
    what = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["case_id", "at"], name="reading_case"),
            models.Index(fields=["person_id", "at"], name="reading_person"),
        ]

    def __str__(self) -> str:
        return f"{ref_of(self.case_id)} {self.label}"


class PublicCase(models.Model):
    """A published case as the public reads and searches it: a copy made by publishing, taken away by unpublishing."""

    case_id = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=12, choices=codes.Kind)
    region = models.CharField(max_length=12)
    category = models.CharField(max_length=12)
    unit_id = models.BigIntegerField()
    unit_name = models.CharField(max_length=120)
    title = models.CharField(max_length=120)
    question = models.TextField()
    answer = models.TextField()
    finding = models.CharField(max_length=14, choices=codes.Finding, blank=True)
    resolution = models.CharField(max_length=14, choices=codes.Resolution, blank=True)
    stars = models.PositiveSmallIntegerField(null=True)
    rating = models.PositiveSmallIntegerField(null=True)
    money_fen = models.BigIntegerField(default=0)
    filed_at = models.DateTimeField()
    answered_at = models.DateTimeField()
    published_at = models.DateTimeField()
    supports = models.PositiveIntegerField(default=0)
    search = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(fields=["search"], name="public_search", fastupdate=False),
            models.Index(fields=["-published_at", "-case_id"], name="public_latest"),
            models.Index(fields=["unit_id", "-published_at", "-case_id"], name="public_unit"),
            models.Index(fields=["kind", "-published_at", "-case_id"], name="public_kind"),
            models.Index(
                fields=["region", "-published_at"],
                opclasses=["text_pattern_ops", "timestamptz_ops"],
                name="public_region",
            ),
            models.Index(
                fields=["category", "-published_at"],
                opclasses=["text_pattern_ops", "timestamptz_ops"],
                name="public_category",
            ),
        ]

    def __str__(self) -> str:
        return ref_of(self.case_id)

    @property
    def ref(self) -> str:
        """MX2026-0000123-8."""
        return ref_of(self.case_id)


class Support(models.Model):
    """Somebody says "me too" of a public case; one voice per keyed fingerprint of the address and day."""

    case_id = models.BigIntegerField()
    mark = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case_id", "mark"], name="support_once")]

    def __str__(self) -> str:
        return ref_of(self.case_id)
