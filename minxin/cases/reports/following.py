"""What somebody who has just filed, or holds number and code, is shown besides the track."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from minxin.cases.models import Attachment, Case, Clock, TrayFile
from minxin.cases.models.case import id_of, query_code
from minxin.cases.reports import track
from minxin.cases.rules import codes
from minxin.directory import reports as directory
from minxin.kernel.errors import Absent
from minxin.kernel.statements import Kept


@dataclass(frozen=True)
class Receipt:
    """What the filer takes home."""

    ref: str
    code: str
    kind: str
    sealed: bool
    title: str
    filed_at: datetime
    dues: Sequence[track.Due]
    centre: str


def receipt(case_id: int) -> Receipt:
    """2 queries and the calendar's. Number, code, and what happens next by when."""
    case = Case.objects.select_related("filing").filter(pk=case_id).first()
    if case is None:
        raise Absent
    shown = [codes.ClockCode.ACCEPT, codes.ClockCode.ANSWER]
    running = {clock.code: clock for clock in Clock.objects.filter(case_id=case_id, code__in=shown)}
    return Receipt(
        ref=case.ref,
        code=query_code(case.pk, bytes(case.filing.code_salt)),
        kind=case.get_kind_display(),
        sealed=case.lane == codes.Lane.SEALED,
        title=case.title,
        filed_at=case.filed_at,
        dues=[track.explain(running[code]) for code in shown if code in running],
        centre=directory.unit(case.centre_id).name,
    )


def key(ref: str) -> int:
    """No query. The key behind a number that we have just given."""
    return id_of(ref)


def entry(case_id: int) -> tuple[Case, str]:
    """1 query. A case and its code, for somebody who has shown the code before (a signed cookie says so)."""
    case = next(iter(_ENTRY(case_id)), None)
    if case is None:
        raise Absent
    return case, query_code(case.pk, bytes(case.filing.code_salt))


_ENTRY = Kept(lambda case: Case.objects.select_related("filing").filter(pk=case))


def attachment(case: Case, ref: str) -> Attachment:
    """1 query. A file that the complainant may fetch: his own, or one that came with the answer."""
    found = Attachment.objects.filter(case_id=case.pk, ref=ref).first()
    if found is None or not (found.from_citizen or (found.for_citizen and case.answered_at)):
        raise Absent
    return found


def in_tray(refs: Sequence[str]) -> list[TrayFile]:
    """1 query, none without refs. The files that wait for their form, in the order they came."""
    rows = {row.pk: row for row in TrayFile.objects.filter(pk__in=refs)} if refs else {}
    return [rows[ref] for ref in refs if ref in rows]


def region_name(code: str) -> str:
    """No query. The full name of a region; "" for none."""
    return directory.region_name(code) if code else ""


@dataclass(frozen=True)
class Step:
    """One stretch of the parcel-like track: done, now, late, or still to come."""

    title: str
    unit: str = ""
    at: datetime | None = None
    state: str = "done"
    text: str = ""
    due: datetime | None = None
    provisional: bool = False
    late: bool = False
    explanation: Sequence[object] = ()


def steps(seen: track.Track) -> list[Step]:
    """No query. What happened, what goes on now and by when, and what is still to come."""
    done = [Step(step.what, step.unit, step.at) for step in seen.steps]
    stage = codes.Stage(seen.case.stage)
    if seen.case.over:
        return [*done, Step(str(stage.label), state="now", at=seen.case.closed_at)]
    due = _awaited(seen)
    now = Step(str(stage.label), seen.handler, state="now")
    if due is not None:
        late = due.late and not due.paused
        now = Step(
            title=_("现在：%(stage)s") % {"stage": stage.label},
            unit=seen.handler,
            state="late" if late else "now",
            text=_("等您补充期间暂停计时") if due.paused else "",
            due=due.due_at,
            provisional=due.explanation.provisional,
            late=late,
            explanation=due.explanation.steps,
        )
    ahead = [_("给您答复"), _("请您评价"), _("办结")]
    if stage in {codes.Stage.RATING, codes.Stage.REASSESS, codes.Stage.APPEAL}:
        ahead = ahead[2:]
    return [*done, now, *(Step(title, state="wait") for title in ahead)]


def other_dues(seen: track.Track) -> list[track.Due]:
    """No query. The clocks that run besides the one shown on the track."""
    shown = None if seen.case.over else _awaited(seen)
    return [due for due in seen.dues if due.stopped_at is None and due is not shown]


def _awaited(seen: track.Track) -> track.Due | None:
    code = _AWAITED.get(codes.Stage(seen.case.stage), codes.ClockCode.ANSWER)
    return next((due for due in seen.dues if due.stopped_at is None and due.code == code), None)


# The clock that matters to the complainant at each stage; elsewhere the answer's.
_AWAITED = {
    codes.Stage.FILED: codes.ClockCode.ACCEPT,
    codes.Stage.SUPPLEMENT: codes.ClockCode.SUPPLEMENT,
    codes.Stage.RATING: codes.ClockCode.CALL_BACK,
    codes.Stage.REASSESS: codes.ClockCode.BAD_MARK,
    codes.Stage.APPEAL: codes.ClockCode.APPEAL,
}
