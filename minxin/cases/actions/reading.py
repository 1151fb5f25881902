"""Every reading of a case by staff is recorded: who opened what, when."""

from django.utils.translation import gettext as _

from minxin.cases.models import Case, Reading, standing
from minxin.cases.models.case import id_of
from minxin.cases.rules import desk
from minxin.directory.rules import Officer
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused


def read(ref: str, *, what: str = "case", by: Officer) -> Case:
    """2 or 3 queries. The case as this officer may see it, and the reading on record once in ten minutes.

    `what` is case, identity, print, export or the number of an attachment. Raises Absent for what may not be seen.
    """
    try:
        key = id_of(ref)
    except Refused as refusal:
        raise Absent("absent", refusal.sentence) from refusal
    case = Case.objects.visible_to(by).filter(pk=key).first()
    if case is None:
        raise Absent
    record([case.pk], what=what, by=by)
    return case


def record(case_ids: list[int], *, what: str, by: Officer) -> int:
    """1 or 2 queries. Put the reading of these cases on record; how many were not on record already."""
    now = clocks.now()
    person = by.id or 0
    known = Reading.objects.filter(case_id__in=case_ids, person_id=person, what=what, at__gt=now - desk.AGAIN)
    seen = set(known.values_list("case_id", flat=True))
    rows = [
        Reading(case_id=key, person_id=person, label=by.label, what=what, at=now) for key in case_ids if key not in seen
    ]
    Reading.objects.bulk_create(rows)
    return len(rows)


def open_identity(ref: str, *, by: Officer) -> Case:
    """查看身份: a recorded act of its own; `reports.dossier` shows the identity for ten minutes after it.

    Raises Refused `forbidden` for those who may not know it, see `rules.desk.may_know`.
    """
    case = read(ref, by=by)
    stands = standing.stands(case, by, list(case.assignments.all()))
    if not desk.may_know(stands, anonymous=case.anonymous, shares=case.shares_identity):
        raise Refused("forbidden", _("反映人没有同意向办理单位透露身份，请通过本网的留言与其联系。"))
    record([case.pk], what="identity", by=by)
    return case


def record_export(refs: list[str], *, by: Officer) -> int:
    """2 queries. An export is a reading of every case in it; how many."""
    return record([id_of(ref) for ref in refs], what="export", by=by)
