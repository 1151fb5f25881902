"""Uploads that wait for their form: put in, taken out as often as the form is sent, swept after a day."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from minxin.cases.actions import attaching
from minxin.cases.models import TrayFile
from minxin.cases.rules import filing
from minxin.kernel import clocks, files
from minxin.kernel.errors import Absent, Refused

KEPT = timedelta(hours=24)


def put(uploads: Sequence[filing.Upload], *, beside: int = 0) -> list[str]:
    """Recognise, clean and keep; the refs of the files.

    Raises Refused (field `files`) naming the file at fault; none of this batch stays then.
    """
    if len(uploads) + beside > filing.FILES:
        raise Refused("too_many_files", _("一次最多上传 %(most)d 个附件。") % {"most": filing.FILES}, field="files")
    kept = attaching.prepare(uploads)
    rows = [
        TrayFile(ref=secrets.token_hex(16), name=k.name, mime=k.mime, size=k.size, stored=k.stored, at=clocks.now())
        for k in kept
    ]
    try:
        TrayFile.objects.bulk_create(rows)
    except BaseException:
        attaching.discard(kept)
        raise
    return [row.ref for row in rows]


def take(refs: Sequence[str]) -> list[filing.Upload]:
    """The files again, to be filed. Raises Refused (field `files`) when one has been swept meanwhile."""
    found = {row.ref: row for row in TrayFile.objects.filter(pk__in=refs[: filing.FILES])}
    uploads = []
    for ref in refs:
        try:
            with files.store().open(found[ref].stored) as file:
                uploads.append(filing.Upload(found[ref].name, file.read()))
        except (KeyError, Absent):
            raise Refused("file_gone", _("有附件已过期，请移除后重新上传。"), field="files") from None
    return uploads


@app.periodic(cron="53 * * * *")
@app.task(name="cases.sweep_tray", queueing_lock="cases.sweep_tray")
def sweep(timestamp: int = 0, *, before: datetime | None = None) -> int:
    """Every hour: files of more than a day are taken away; how many."""
    old = list(TrayFile.objects.filter(at__lt=before or clocks.now() - KEPT)[:5000])
    for row in old:
        files.store().delete(row.stored)
    TrayFile.objects.filter(pk__in=[row.pk for row in old]).delete()
    return len(old)
