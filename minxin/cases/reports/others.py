"""Other cases beside the one that is open, as far as its reader may see them: alike, merged, of the same caller."""

from dataclasses import dataclass
from typing import Any

from minxin.cases.models import Case, Filing
from minxin.cases.models.case import ref_of
from minxin.cases.rules import codes, desk, moves
from minxin.directory.rules import Officer
from minxin.kernel import text

COMPARED = 200  # newest open cases of the region that a case is compared with


@dataclass(frozen=True)
class Other:
    """Another case this reader may see: alike, of the same caller, or merged."""

    ref: str
    title: str
    stage: str
    share: float = 0.0


def alike(case: Case, officer: Officer) -> list[Other]:
    """1 query. The open cases of the same region that read most like this one, likest first."""
    others = Case.objects.visible_to(officer).filter(region=case.region).exclude(pk=case.pk)
    others = others.exclude(stage__in=sorted(moves.OVER)).exclude(lane=codes.Lane.SEALED).filter(master__isnull=True)
    rows = {row.ref: row for row in others.order_by("-pk")[:COMPARED]}
    title = f"{case.title} {case.digest_title}"
    shares = [(ref, text.similar(title, f"{row.title} {row.digest_title}")) for ref, row in rows.items()]
    return [_other(rows[ref], share) for ref, share in desk.similar_enough(shares)]


def others(rows: Any, officer: Officer) -> list[Other]:
    """2 queries. Of these cases, at most 50, the ones this officer may see."""
    visible = Case.objects.visible_to(officer).filter(pk__in=list(rows.values_list("pk", flat=True)[:50]))
    return [_other(row) for row in visible.order_by("-pk")]


def master(case: Case, officer: Officer) -> Other | None:
    """1 query when it is merged. The case it was put under; its number alone for who may not see it."""
    if not case.master_id:
        return None
    found = Case.objects.visible_to(officer).filter(pk=case.master_id).first()
    return _other(found) if found else Other(ref_of(case.master_id), "", "")


def repeats(case: Case, filing: Filing, officer: Officer) -> list[Other]:
    """2 queries. Other cases of the same caller, told by the keyed mark of the telephone; for the centre only."""
    if not filing.phone_mark:
        return []
    keys = Filing.objects.filter(phone_mark=filing.phone_mark).exclude(pk=case.pk).order_by("-pk")
    visible = Case.objects.visible_to(officer).filter(pk__in=list(keys.values_list("pk", flat=True)[:20]))
    return [_other(row) for row in visible.exclude(lane=codes.Lane.SEALED).order_by("-pk")]


def _other(row: Case, share: float = 0.0) -> Other:
    return Other(row.ref, row.shown_title, desk.stage_label(row.stage), share)
