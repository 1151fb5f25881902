"""Attachments: recognised, cleaned and stored before the transaction; listed in it; taken away when it fails."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from minxin.cases.models import Attachment
from minxin.cases.rules import filing
from minxin.directory.rules import Officer
from minxin.kernel import clocks, files, text
from minxin.kernel.errors import Refused


@dataclass(frozen=True)
class Kept:
    """A file that is in the store, not yet in the database."""

    name: str
    mime: str
    size: int
    sha256: str
    stored: str


def prepare(uploads: Sequence[filing.Upload]) -> list[Kept]:
    """Recognise, clean and store. Raises Refused (field `files`) naming the file and what to do; nothing stays then."""
    if len(uploads) > filing.FILES:
        raise Refused("too_many_files", _("一次最多上传 %(most)d 个附件。") % {"most": filing.FILES}, field="files")
    kept: list[Kept] = []
    try:
        kept.extend(_store(upload) for upload in uploads)
    except Refused:
        discard(kept)
        raise
    return kept


def keep(
    case_id: int, kept: Sequence[Kept], *, from_citizen: bool, by: Officer, for_citizen: bool = False
) -> list[str]:
    """List stored files under a case, inside the caller's transaction; their refs."""
    rows = [
        Attachment(
            case_id=case_id,
            ref=secrets.token_hex(16),
            name=item.name,
            mime=item.mime,
            size=item.size,
            sha256=item.sha256,
            stored=item.stored,
            from_citizen=from_citizen,
            for_citizen=for_citizen,
            unit_id=by.unit_id,
            at=clocks.now(),
        )
        for item in kept
    ]
    return [row.ref for row in Attachment.objects.bulk_create(rows)] if rows else []


def discard(kept: Sequence[Kept]) -> None:
    """Take stored files away again."""
    for item in kept:
        files.store().delete(item.stored)


def _store(upload: filing.Upload) -> Kept:
    if len(upload.data) > filing.FILE_SIZE:
        facts = {"name": upload.name[:60], "most": filing.FILE_SIZE // files.MEGABYTE}
        sentence = _("“%(name)s”太大了：每个附件最大 %(most)d MB，请压缩或分开上传。")
        raise Refused("file_size", sentence % facts, field="files")
    kind = files.recognise(upload.data, upload.name, field="files")
    data = files.without_metadata(upload.data, kind, field="files")
    name = files.new_name(kind)
    files.store().put(name, data)
    shown = (
        text.clean(upload.name.replace("/", "_").replace("\\", "_")[-120:], limit=120, field="files") or kind.extension
    )
    return Kept(shown, kind.mime, len(data), hashlib.sha256(data).hexdigest(), name)
