"""Publishing: the act, every published row with when it stood on the page, the files written once."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from minxin.disclosures.rules.codes import Version
from minxin.kernel import refs
from minxin.kernel.errors import Absent, Refused

if TYPE_CHECKING:
    from minxin.directory.rules import Officer

PREFIX = "GK"  # 公开


class PublicationQuerySet(models.QuerySet["Publication"]):
    """Whoever published did so for everybody."""

    def public(self) -> "PublicationQuerySet":
        """All of them."""
        return self

    def numbered(self, ref: str) -> "PublicationQuerySet":
        """The one with this reference, none when the reference is no reference."""
        try:
            year, number = refs.parse(PREFIX, ref)
        except Refused:
            return self.none()
        return self.filter(year=year, number=number)


class Publication(models.Model):
    """One act of publishing (公开): one unit's table, a correction, or a whole city's budgets at once."""

    year = models.PositiveSmallIntegerField()  # of the ref; GK{year}-{number}
    number = models.BigIntegerField()
    title = models.CharField(max_length=200)
    template = models.CharField(max_length=40)
    fiscal_year = models.PositiveSmallIntegerField()
    version = models.CharField(max_length=10, choices=Version.choices, blank=True)
    publisher = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    office = models.CharField(max_length=100)
    published_at = models.DateTimeField()
    units = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()  # leaves of the tree
    root = models.CharField(max_length=64)  # of the row tree, hex
    corrects = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrections")
    reason = models.CharField(max_length=500, blank=True)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="publication_ref_once"),
            models.CheckConstraint(condition=Q(root__regex=r"^[0-9a-f]{64}$"), name="publication_root_shape"),
            models.CheckConstraint(condition=Q(corrects__isnull=True) | ~Q(reason=""), name="publication_has_reason"),
        ]
        indexes = [
            models.Index(fields=["-published_at", "-id"], name="publication_newest"),
            models.Index(fields=["template", "fiscal_year", "version", "-id"], name="publication_of_table"),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.number}"


def ref_of(publication: Publication) -> str:
    """GK2026-0000123-4: how a publication is called everywhere."""
    return refs.written(PREFIX, publication.year, publication.number)


def publication(ref: str) -> Publication:
    """1 query. The publication with this reference; Absent when there is none."""
    found = Publication.objects.public().numbered(ref).select_related("publisher", "corrects").first()
    if found is None:
        raise Absent
    return found


class EntryQuerySet(models.QuerySet["Entry"]):
    """Rows as they stood on the page."""

    def public(self, on: datetime | None = None) -> "EntryQuerySet":
        """The rows shown now, or at the moment `on`."""
        if on is None:
            return self.filter(recorded_from__isnull=False, recorded_to__isnull=True)
        return self.filter(Q(recorded_to__isnull=True) | Q(recorded_to__gt=on), recorded_from__lte=on)

    def closed_by(self, publication: Publication) -> "EntryQuerySet":
        """The rows that this correction took off the page."""
        return self.filter(
            unit_id__in=publication.submissions.values("unit_id"),
            fiscal_year=publication.fiscal_year,
            version=publication.version,
            submission__template=publication.template,
            recorded_to=publication.published_at,
        )


class Entry(models.Model):
    """A row of a table: handed in with its submission, on the page from `recorded_from` until a correction.

    Valid time is the fiscal year and version, transaction time `recorded_from` to `recorded_to`. `key` names the row
    within its sheet over all corrections. `cells` holds by column code integers (fen, counts) and texts.
    """

    submission = models.ForeignKey("disclosures.Submission", models.PROTECT, related_name="entries")
    publication = models.ForeignKey(Publication, models.PROTECT, null=True, blank=True, related_name="entries")
    unit_id = models.BigIntegerField()
    fiscal_year = models.PositiveSmallIntegerField()
    version = models.CharField(max_length=10)
    sheet = models.CharField(max_length=40)
    row = models.PositiveIntegerField()  # in the file
    key = models.CharField(max_length=120)
    cells = models.JSONField()
    digest = models.BinaryField(max_length=32)  # of the canonical row: the leaf's hash
    leaf = models.PositiveIntegerField(null=True, blank=True)  # its place in the publication's tree, from 0
    recorded_from = models.DateTimeField(null=True, blank=True)  # null: not published
    recorded_to = models.DateTimeField(null=True, blank=True)  # null: still on the page

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit_id", "fiscal_year", "version", "sheet", "key"],
                condition=Q(recorded_from__isnull=False, recorded_to__isnull=True),
                name="entry_one_on_the_page",
            ),
            models.UniqueConstraint(fields=["submission", "sheet", "key"], name="entry_once_in_submission"),
            models.UniqueConstraint(
                fields=["publication", "leaf"], condition=Q(publication__isnull=False), name="entry_one_leaf"
            ),
            models.CheckConstraint(condition=Q(recorded_to__gte=F("recorded_from")), name="entry_times_in_order"),
            models.CheckConstraint(
                condition=Q(recorded_from__isnull=True) | Q(publication__isnull=False, leaf__isnull=False),
                name="entry_shown_is_published",
            ),
        ]
        indexes = [
            models.Index(fields=["unit_id", "fiscal_year", "version", "sheet", "row"], name="entry_of_table"),
            models.Index(fields=["submission", "sheet", "row"], name="entry_of_submission"),
        ]

    def __str__(self) -> str:
        return f"{self.sheet} {self.key}"


class Export(models.Model):
    """A file written once when its publication was made: what anybody may take home, with its hash."""

    publication = models.ForeignKey(Publication, models.CASCADE, related_name="exports")
    name = models.CharField(max_length=80)  # as it is downloaded: "rows.csv", "datapackage.json"
    media_type = models.CharField(max_length=100)
    file = models.CharField(max_length=80)  # in the store
    size = models.BigIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publication", "name"], name="export_once")]

    def __str__(self) -> str:
        return self.name


class CityRunQuerySet(models.QuerySet["CityRun"]):
    """A run is watched by the finance bureau that asked for it."""

    def visible_to(self, officer: "Officer") -> "CityRunQuerySet":
        """Those of the officer's own units."""
        return self if officer.kind == "system" else self.filter(finance_id__in=officer.unit_ids())


class CityRun(models.Model):
    """A whole city's tables on their way to be published at once (一次性公开): how far, and how it ended."""

    finance = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+")
    template = models.CharField(max_length=40)
    fiscal_year = models.PositiveSmallIntegerField()
    version = models.CharField(max_length=10, choices=Version.choices, blank=True)
    title = models.CharField(max_length=200)
    person_id = models.BigIntegerField(null=True, blank=True)  # who asked; null: the system
    done = models.PositiveIntegerField(default=0)  # units
    total = models.PositiveIntegerField()
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    publication = models.ForeignKey(Publication, models.PROTECT, null=True, blank=True, related_name="+")
    refusal = models.CharField(max_length=1000, blank=True)  # why nothing was published

    objects = CityRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finance"], condition=Q(finished_at__isnull=True), name="city_run_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="city_run_not_beyond_its_end"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(publication__isnull=False) | ~Q(refusal=""),
                name="city_run_ends_one_way_or_the_other",
            ),
        ]
        indexes = [models.Index(fields=["finance", "-id"], name="city_run_newest")]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.done}/{self.total}"
