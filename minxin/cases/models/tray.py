"""Files uploaded with a form that is not sent yet: kept for a day, so that no fault makes anybody choose again."""

from django.db import models


class TrayFile(models.Model):
    """A recognised, cleaned file in the store. Whoever holds `ref` (128 random bits) may file it with a case."""

    ref = models.CharField(primary_key=True, max_length=32)
    name = models.CharField(max_length=200)
    mime = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    stored = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="tray_at")]

    def __str__(self) -> str:
        return self.name
