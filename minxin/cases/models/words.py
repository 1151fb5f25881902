"""Words about a case: texts with their audiences, relayed messages, attachments."""

from django.db import models
from django.db.models import Q

from minxin.cases.models.case import Case
from minxin.cases.rules import codes


class Text(models.Model):
    """A version of one text of a case; the newest counts, the older ones stay."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="texts", db_index=False)
    words = models.CharField(max_length=16, choices=codes.Words)
    body = models.TextField()
    unit = models.ForeignKey("directory.Unit", models.PROTECT, related_name="+", db_index=False)
    by_label = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(body=""), name="text_not_empty")]
        indexes = [models.Index(fields=["case", "words", "-id"], name="text_newest")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.words}"


class Message(models.Model):
    """Something said between the complainant and the network: the relay that keeps identities apart."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="messages", db_index=False)
    voice = models.CharField(max_length=8, choices=codes.Voice)
    note = models.CharField(max_length=12, choices=codes.Note)
    body = models.TextField()
    by_label = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["case", "id"], name="message_case")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.note}"


class Attachment(models.Model):
    """A file: recognised by content, metadata stripped, served only as a download."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="attachments")
    ref = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=200)
    mime = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored = models.CharField(max_length=200)
    from_citizen = models.BooleanField()
    unit_id = models.BigIntegerField(null=True)
    for_citizen = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="attachment_not_empty")]

    def __str__(self) -> str:
        return self.name
