"""The events: what happened, to what, by which office, in a gapless sequence per stream. No foreign keys."""

from django.db import models
from django.db.models import Q


class Event(models.Model):
    """One recorded act. Facts hold codes, numbers, days and refs, never free text that may have to be erased."""

    stream = models.CharField(max_length=80)
    seq = models.BigIntegerField()
    verb = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_label = models.CharField(max_length=200)
    unit_id = models.BigIntegerField(null=True, blank=True)
    facts = models.JSONField(default=dict)
    sealed = models.BooleanField(default=False, db_default=False)  # of a sealed report: in nobody's log

    class Meta:
        db_table = "ledger_event"
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="event_seq_unique"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="event_seq_from_one"),
            models.CheckConstraint(
                condition=Q(actor_kind__in=["officer", "citizen", "system", "channel"]), name="event_actor_known"
            ),
        ]
        # The auditor's log, newest first: of all, of one verb, of one unit. Sealed events are in none of the three, and
        # what no unit did (most filings) is not in the last: a filing writes two.
        indexes = [
            models.Index(fields=["at"], condition=Q(sealed=False), name="event_log"),
            models.Index(fields=["verb", "at"], condition=Q(sealed=False), name="event_log_of_verb"),
            models.Index(
                fields=["unit_id", "at"], condition=Q(sealed=False, unit_id__isnull=False), name="event_log_of_unit"
            ),
            models.Index(fields=["at"], condition=Q(sealed=True), name="event_sealed"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.seq} {self.verb}"


class Stream(models.Model):
    """The last number given in a stream whose owner keeps no counter of its own."""

    name = models.CharField(max_length=80, primary_key=True)
    seq = models.BigIntegerField()

    class Meta:
        db_table = "ledger_stream"
        constraints = [models.CheckConstraint(condition=Q(seq__gte=1), name="stream_seq_from_one")]

    def __str__(self) -> str:
        return self.name
