"""公开: one act, one moment, everything or nothing. What was on the page stays known; only rows that differ change."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.actions import duties, exports
from minxin.disclosures.models import BudgetUnit, Publication, Submission
from minxin.disclosures.models.broker import number_of
from minxin.disclosures.models.broker import ref_of as submission_ref
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.models.readiness import Readiness, readiness
from minxin.disclosures.rules import publishing as rules
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import SubmissionStage
from minxin.kernel import clocks, merkle, refs, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

TITLE, REASON = 200, 500
AT_ONCE = 20  # submissions in one statement: the steps of the progress
Tell = Callable[[int, int], None]


def publish(submissions: Sequence[str], *, title: str = "", by: Officer) -> Publication:
    """公开: these signed submissions (one template, year and version) become one publication at this moment.

    A correction changes only the rows that differ. Raises Absent for submissions this officer may not see, Refused for
    what may not be published now; nothing is changed then.
    """
    with transaction.atomic():
        rows, count = _numbered(submissions)
        found = _locked(rows, count, by=by)
        _check(found, by=by)
        return _published(found, title=title, tell=_silent, by=by)


def publish_city(
    *,
    finance: str,
    fiscal_year: int,
    version: str,
    title: str,
    tell: Tell | None = None,
    template: str = rules.CITY,
    by: Officer,
) -> Publication:
    """一次性公开: every budget unit of the bureau that is not on the page yet, all of them or none.

    `tell(done, total)` in units. Raises Refused (`not_ready`) naming the units whose table nobody has signed.
    """
    bureau = check_finance(finance, by=by)
    with transaction.atomic():
        standing = readiness(bureau.id, template=template, fiscal_year=fiscal_year, version=version)
        check_ready(standing)
        submissions = _locked(Q(pk__in=standing.ready.values()), len(standing.ready), by=by)
        _check(submissions, by=by)
        return _published(submissions, title=title, tell=tell or _silent, by=by)


def check_finance(finance: str, *, by: Officer) -> UnitRef:
    """The bureau whose publisher this officer is. Raises Absent for strangers, Refused (`forbidden`) for colleagues."""
    bureau = directory.unit(finance)
    if by.kind != "system" and bureau.id not in by.unit_ids(*rules.OF_FINANCE):
        if bureau.id not in by.unit_ids():
            raise Absent
        raise Refused("forbidden", _("请由财政部门的发布员公开。"))
    return bureau


def check_ready(standing: Readiness) -> None:
    """Raises Refused when a city cannot be published at once, naming those whose table nobody has signed."""
    if standing.missing:
        known = directory.units_by_id(standing.missing[: rules.MOST_NAMED])
        names = _("、").join(unit.short for unit in known.values())
        sentence = _("还有 %(count)d 个单位没有签发，不能一次公开：%(names)s%(more)s。请催促签发后再公开。")
        more = "…" if len(standing.missing) > rules.MOST_NAMED else ""
        raise Refused("not_ready", sentence % {"count": len(standing.missing), "names": names, "more": more})
    if not standing.ready:
        raise Refused("all_published", _("这一年度、这一版本没有等待公开的报送。"))


# --- inside the act


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def _numbered(submissions: Iterable[str]) -> tuple[Q, int]:
    """Those with these refs, and how many they are."""
    wanted = {number_of(ref) for ref in submissions}
    found = Q(pk__in=[])
    for year in {year for year, _number in wanted}:
        found |= Q(year=year, number__in=[number for other, number in wanted if other == year])
    return found, len(wanted)


def _locked(wanted: Q, count: int, *, by: Officer) -> list[Submission]:
    """The submissions under lock, in the order of their units' codes; first one lock for each unit's page."""
    rows = Submission.objects.visible_to(by).filter(wanted)
    units = sorted(set(rows.values_list("unit_id", flat=True)))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('disclosures_page'), unit::int) FROM unnest(%s::bigint[]) unit",
            [units],
        )
    found = list(rows.order_by("id").select_for_update(of=("self",)))
    if len(found) < count:
        raise Absent
    codes = {unit.id: unit.code for unit in directory.units_by_id(units).values()}
    return sorted(found, key=lambda row: codes[row.unit_id])


def _check(submissions: Sequence[Submission], *, by: Officer) -> None:
    units = [row.unit_id for row in submissions]
    if not all(rules.may_publish(by, finance=row.finance_id, unit=row.unit_id) for row in submissions):
        raise Refused("forbidden", _("请由财政部门的发布员，或本单位的发布员、一把手公开。"))
    withheld = set(BudgetUnit.objects.filter(unit_id__in=units, withheld=True).values_list("unit_id", flat=True))
    newest = {
        (template, year, version, unit): pk
        for template, year, version, unit, pk in Submission.objects.public()
        .filter(unit_id__in=units, template__in={row.template for row in submissions})
        .order_by("published_at", "id")
        .values_list("template", "fiscal_year", "version", "unit_id", "id")
    }
    rules.check(
        [
            rules.Ready(
                id=row.pk,
                ref=submission_ref(row),
                unit=row.unit_id,
                stage=row.stage,
                corrects=row.corrects_id,
                newest=newest.get((row.template, row.fiscal_year, row.version, row.unit_id)),
                withheld=row.unit_id in withheld,
                table=(row.template, row.fiscal_year, row.version),
            )
            for row in submissions
        ]
    )


def _published(submissions: Sequence[Submission], *, title: str, tell: Tell, by: Officer) -> Publication:
    first, now, total = submissions[0], clocks.now(), len(submissions)
    publication = _begun(submissions, title=title, now=now, by=by)
    leaves = closed = 0
    for start in range(0, total, AT_ONCE):
        part = submissions[start : start + AT_ONCE]
        closed += _close(part, now=now)
        leaves += _open(part, publication, first_leaf=leaves, now=now)
        tell(min(start + AT_ONCE, total), total)
    _add_up(publication)
    publication.rows, publication.root = leaves, _root(publication)
    publication.save(update_fields=["rows", "root"])
    Submission.objects.filter(pk__in=[row.pk for row in submissions]).update(
        stage=SubmissionStage.PUBLISHED, published_at=now, publication=publication
    )
    facts = {
        "title": publication.title,
        "template": first.template,
        "fiscal_year": first.fiscal_year,
        "version": first.version,
        "units": total,
        "rows": leaves,
        "closed_rows": closed,
        "root": publication.root,
        "corrects": ref_of(publication.corrects) if publication.corrects else None,
        "submissions": [submission_ref(row) for row in submissions],
    }
    ledger.record(stream=ref_of(publication), verb="publish", by=by, facts=facts)
    _follow(publication, [row.unit_id for row in submissions])
    return publication


def _follow(publication: Publication, units: Collection[int]) -> None:
    """What a publication brings about, in its own transaction: its files are written; the duties it does are marked."""
    duties.fulfil(publication, units)
    exports.write_exports.configure(queueing_lock=f"disclosures.exports:{publication.pk}").defer(
        ref=ref_of(publication)
    )


def _begun(submissions: Sequence[Submission], *, title: str, now: datetime, by: Officer) -> Publication:
    """The publication's row, its tree still empty."""
    first = submissions[0]
    ours = by.kind == "system" or first.finance_id in by.unit_ids(*rules.OF_FINANCE)
    corrected = [row.corrects for row in submissions if row.corrects is not None]
    reasons = dict.fromkeys(row.reason for row in submissions if row.reason)
    title = text.clean(title, limit=TITLE, field="title") or _title(submissions)
    year = clocks.today().year
    return Publication.objects.create(
        year=year,
        number=refs.next_number("publication", year),
        title=title,
        template=first.template,
        fiscal_year=first.fiscal_year,
        version=first.version,
        publisher_id=first.finance_id if ours else first.unit_id,
        office=by.label,
        published_at=now,
        units=len(submissions),
        rows=0,
        root=merkle.EMPTY.hex(),
        corrects_id=max((row.publication_id or 0 for row in corrected), default=None),
        reason=_("；").join(reasons)[:REASON],
    )


def _title(submissions: Sequence[Submission]) -> str:
    """葫芦岛市教育局 2007 年部门年初预算, for whoever gave none."""
    first = submissions[0]
    facts = {
        "who": directory.unit(first.unit_id).name,
        "count": len(submissions),
        "year": first.fiscal_year,
        "whose": rules.WHOSE.get(first.template, ""),
        "version": first.get_version_display(),
    }
    one = _("%(who)s %(year)d 年%(whose)s%(version)s")
    said = (one if len(submissions) == 1 else _("%(who)s等 %(count)d 个单位 %(year)d 年%(whose)s%(version)s")) % facts
    return (said + (_("（更正）") if any(row.corrects_id for row in submissions) else ""))[:TITLE]


_CLOSE = """
WITH closed AS (
    UPDATE disclosures_entry old SET recorded_to = %(now)s
    FROM disclosures_submission s, disclosures_submission was
    WHERE s.id = ANY(%(ids)s) AND old.unit_id = s.unit_id AND old.fiscal_year = s.fiscal_year
      AND old.version = s.version AND old.recorded_from IS NOT NULL AND old.recorded_to IS NULL
      AND was.id = old.submission_id AND was.template = s.template
      AND NOT EXISTS (
          SELECT 1 FROM disclosures_entry new
          WHERE new.submission_id = s.id AND new.sheet = old.sheet AND new.key = old.key AND new.cells = old.cells
      )
    RETURNING old.id
), summed AS (
    UPDATE disclosures_appropriation a SET recorded_to = %(now)s FROM closed WHERE a.entry_id = closed.id RETURNING a.id
)
SELECT count(*) FROM closed
"""


def _close(part: Sequence[Submission], *, now: datetime) -> int:
    """Rows that a correction changes or leaves out go off the page; how many."""
    ids = [row.pk for row in part if row.corrects_id is not None]
    if not ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"ids": ids, "now": now})
        return int(cursor.fetchone()[0])


# The same bytes as `rules.publishing.canonical`: jsonb writes texts and integers as Python does.
_OPEN = """
WITH chosen AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(codes)s::text[]) WITH ORDINALITY AS c (id, code, place)
), sheets AS (
    SELECT * FROM unnest(%(sheets)s::text[]) WITH ORDINALITY AS t (sheet, place)
), fresh AS (
    SELECT e.id,
        %(first)s - 1 + row_number() OVER (ORDER BY chosen.place, sheets.place, e.sheet, e.row, e.key) AS leaf,
        sha256('\\x00'::bytea || convert_to(
            '{"cells":{' || coalesce((
                SELECT string_agg(to_json(cell.key)::text || ':' || cell.value::text, ',' ORDER BY cell.key COLLATE "C")
                FROM jsonb_each(e.cells) cell
            ), '')
            || '},"fiscal_year":' || e.fiscal_year || ',"key":' || to_json(e.key::text)::text
            || ',"sheet":' || to_json(e.sheet::text)::text || ',"template":' || to_json(%(template)s::text)::text
            || ',"unit":' || to_json(chosen.code)::text || ',"version":' || to_json(e.version::text)::text || '}',
            'UTF8'
        )) AS digest
    FROM chosen
    JOIN disclosures_entry e ON e.submission_id = chosen.id
    LEFT JOIN sheets ON sheets.sheet = e.sheet
    WHERE TRUE
)
UPDATE disclosures_entry e
SET publication_id = %(publication)s, leaf = fresh.leaf, digest = fresh.digest, recorded_from = %(now)s
FROM fresh WHERE fresh.id = e.id
"""
_OPEN_CHANGED = _OPEN.replace(
    "WHERE TRUE",
    """WHERE NOT EXISTS (
        SELECT 1 FROM disclosures_entry shown
        WHERE shown.unit_id = e.unit_id AND shown.fiscal_year = e.fiscal_year AND shown.version = e.version
          AND shown.sheet = e.sheet AND shown.key = e.key
          AND shown.recorded_from IS NOT NULL AND shown.recorded_to IS NULL
    )""",
)


def _open(part: Sequence[Submission], publication: Publication, *, first_leaf: int, now: datetime) -> int:
    """Rows that are not on the page yet come onto it, each a leaf of the publication's tree; how many."""
    known = directory.units_by_id(row.unit_id for row in part)
    values: dict[str, Any] = {
        "ids": [row.pk for row in part],
        "codes": [known[row.unit_id].code for row in part],
        "sheets": [sheet.code for sheet in templates.get(publication.template).sheets],
        "template": publication.template,
        "publication": publication.pk,
        "first": first_leaf,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_CHANGED if any(row.corrects_id for row in part) else _OPEN, values)
        return int(cursor.rowcount)


_ADD_UP = """
INSERT INTO disclosures_appropriation
    (entry_id, unit_id, fiscal_year, version, function, economic, project, fund, amount_fen, recorded_from)
SELECT id, unit_id, fiscal_year, version, cells->>'function', cells->>'economic', coalesce(cells->>'project', ''),
       cells->>'fund', (cells->>'amount')::bigint, recorded_from
FROM disclosures_entry WHERE publication_id = %s AND sheet = %s
"""


def _add_up(publication: Publication) -> None:
    """The detail sheet's rows stand in columns too, to be added up by whoever asks."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP, [publication.pk, rules.DETAIL])


def _root(publication: Publication) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT digest FROM disclosures_entry WHERE publication_id = %s ORDER BY leaf", [publication.pk])
        return merkle.root([bytes(row[0]) for row in cursor.fetchall()]).hex()
