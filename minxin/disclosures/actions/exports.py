"""The files of a publication, written once by a job that the act itself defers, and put on record with their hashes."""

from django.conf import settings
from django.db import transaction
from django.utils import translation
from procrastinate.contrib.django import app

from minxin.directory import reports as directory
from minxin.directory.rules import SYSTEM
from minxin.disclosures.models import Entry, Export, Publication
from minxin.disclosures.models.publication import PREFIX, publication, ref_of
from minxin.disclosures.rules import packages, templates
from minxin.kernel import clocks, files, refs, sheets
from minxin.ledger import actions as ledger

_EXTENSIONS = {"csv": "text/csv", "json": "application/json", "xlsx": sheets.XLSX, "txt": "text/plain"}


@app.task(name="disclosures.write_exports")
def write_exports(ref: str) -> int:
    """Write the files of a publication and record them; how many. A second run finds them written and does nothing."""
    found = publication(ref)
    if found.exports.exists():
        return 0
    with translation.override("zh-hans"):  # whoever published in whatever language: the files are in Chinese
        made = packages.files(_facts(found), _lines(found), _gone(found))
    return _keep(found, made)


def _keep(found: Publication, made: list[packages.File]) -> int:
    """Into the store first: a file that no row names does no harm, a row without its file would."""
    names = {}
    for file in made:
        extension = file.name.rpartition(".")[2]
        names[file.name] = files.new_name(files.Kind(_EXTENSIONS[extension], extension, file.name))
        files.store().put(names[file.name], file.data)
    with transaction.atomic():
        Publication.objects.public().select_for_update(of=("self",)).get(pk=found.pk)
        if found.exports.exists():
            for name in names.values():
                files.store().delete(name)
            return 0
        now = clocks.now()
        Export.objects.bulk_create(
            Export(
                publication=found,
                name=file.name,
                media_type=file.media_type,
                file=names[file.name],
                size=len(file.data),
                sha256=file.sha256,
                written_at=now,
            )
            for file in made
        )
        facts = {"files": {file.name: file.sha256 for file in made}, "root": found.root}
        ledger.record(stream=ref_of(found), verb="write_exports", by=SYSTEM, facts=facts)
    return len(made)


def _facts(found: Publication) -> packages.Facts:
    publisher = directory.unit(found.publisher_id)
    notes = found.submissions.exclude(note="").values_list("unit_id", "note")
    known = directory.units_by_id(unit for unit, _note in notes)
    return packages.Facts(
        ref=ref_of(found),
        title=found.title,
        publisher=publisher.name,
        office=found.office,
        region=publisher.region,
        template=templates.get(found.template),
        fiscal_year=found.fiscal_year,
        version=found.version,
        published_at=found.published_at,
        units=found.units,
        rows=found.rows,
        root=found.root,
        corrects=ref_of(found.corrects) if found.corrects else "",
        reason=found.reason,
        notes=tuple((known[unit].code, note) for unit, note in notes),
        origin=next(iter(settings.CSRF_TRUSTED_ORIGINS), ""),
    )


def _lines(found: Publication) -> list[packages.Line]:
    rows = list(found.entries.order_by("leaf").values_list("leaf", "unit_id", "sheet", "key", "cells"))
    known = directory.units_by_id({row[1] for row in rows})
    return [packages.Line(leaf or 0, known[unit].code, known[unit].name, *rest) for leaf, unit, *rest in rows]


def _gone(found: Publication) -> list[packages.Gone]:
    rows = (
        Entry.objects.closed_by(found)
        .order_by("unit_id", "sheet", "row", "key")
        .values_list("unit_id", "sheet", "key", "publication__year", "publication__number", "leaf")
    )
    known = directory.units_by_id({row[0] for row in rows})
    return [
        packages.Gone(known[unit].code, sheet, key, refs.written(PREFIX, year, number), leaf or 0)
        for unit, sheet, key, year, number, leaf in rows
    ]
