"""The clocks of a case: started, stopped, paused, extended, recomputed; each row explains itself again at any time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from minxin.cases.models import Assignment, Case, Clock, PublicCase, snapshot, standing
from minxin.cases.models.timing import extensions_of, graded_clock, pauses_of, run_of
from minxin.cases.rules import codes, limits, moves, stars
from minxin.directory.rules import SYSTEM, Officer
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.ledger import actions as ledger


def make(
    case: Case, code: codes.ClockCode, *, assignment: Assignment | None = None, limit: clocks.Limit | None = None
) -> Clock:
    """A clock started now, not yet stored; `limit` takes the place of the one that the rules give."""
    now = clocks.now()
    row = standing.limit(case, code, now)
    limit = limit or row.limit
    calendar = kernel.calendar(case.region)
    due_at = _no_later(case, code, now, assignment, clocks.due(now, limit, calendar))
    return Clock(
        case_id=case.id,
        assignment_id=assignment.id if assignment else None,
        code=code,
        rule_id=row.id,
        basis=row.basis,
        region=case.region,
        started_at=now,
        amount=limit.amount,
        unit=limit.unit,
        due_at=due_at,
        first_due_at=due_at,
        provisional=clocks.provisional(now, due_at, limit, calendar),
        calendar_version=calendar.version,
    )


def start(
    case: Case, code: codes.ClockCode, *, assignment: Assignment | None = None, limit: clocks.Limit | None = None
) -> Clock:
    """A clock started now and stored; one that runs already under this code and assignment is stopped first.

    An assignment is due with its handling clock.
    """
    stop(case, code, assignment=assignment)
    clock = make(case, code, assignment=assignment, limit=limit)
    clock.save(force_insert=True)
    if assignment is not None and code == codes.ClockCode.HANDLE:
        assignment.due_at = clock.due_at
        assignment.save(update_fields=["due_at"])
    return clock


def start_answer(case: Case) -> None:
    """A new answer clock, for a redo; the case is due with it."""
    clock = start(case, codes.ClockCode.ANSWER)
    case.due_at, case.provisional = clock.due_at, clock.provisional


def stop(case: Case, *which: codes.ClockCode, assignment: Assignment | None = None) -> None:
    """These clocks (all, without `which`) have been met or no longer matter."""
    running = Clock.objects.filter(case_id=case.id, stopped_at__isnull=True)
    if which:
        running = running.filter(code__in=which)
    if assignment is not None:
        running = running.filter(Q(assignment_id=assignment.id) | Q(assignment_id__isnull=True))
    running.update(stopped_at=clocks.now())


def stop_assignment(assignment: Assignment) -> None:
    """The clocks of one assignment have been met."""
    running = Clock.objects.filter(case_id=assignment.case_id, assignment_id=assignment.id, stopped_at__isnull=True)
    running.update(stopped_at=clocks.now())


def retime(case: Case) -> None:
    """The answer clock under the rule of the case's present urgency, counted from its old start; work under it too."""
    clock = Clock.objects.filter(case_id=case.id, code=codes.ClockCode.ANSWER, stopped_at__isnull=True).first()
    if clock is None:
        return
    row = limits.choose(
        snapshot.limits(),
        code=clock.code,
        kind=case.kind,
        region=case.region,
        urgency=case.urgency,
        on=clock.started_at.astimezone(clocks.ZONE).date(),
    )
    clock.amount, clock.unit, clock.rule_id, clock.basis = row.limit.amount, row.limit.unit, row.id, row.basis
    Clock.objects.filter(case_id=case.id, id=clock.id).update(
        amount=clock.amount, unit=clock.unit, rule_id=clock.rule_id, basis=clock.basis
    )
    for running in _handling_clocks(case):
        _recompute(case, running)


def pause(case: Case) -> None:
    """Stand still while waiting for the complainant: the answer clock and the open handling clocks.

    What is left of the cap (days over all the waits of a case) is the latest end; the wait has its own clock.
    """
    now, row = clocks.now(), standing.limit(case, codes.ClockCode.SUPPLEMENT, clocks.now())
    left = max(1, row.limit.amount - case.paused_days)
    latest = (now + timedelta(days=left)).isoformat()
    for clock in _handling_clocks(case):
        if not clock.paused:
            clock.pauses.append([now.isoformat(), None, latest])
            _recompute(case, clock)
    start(case, codes.ClockCode.SUPPLEMENT, limit=clocks.Limit(left, row.limit.unit))


def resume(case: Case) -> None:
    """Go on; the days waited count towards the cap. A wait never lasts beyond its latest end, however late we look."""
    waited = 0
    for clock in _handling_clocks(case):
        if clock.paused:
            began, _open, latest = clock.pauses[-1]
            end = min(clocks.now(), datetime.fromisoformat(latest).astimezone(clocks.ZONE))
            waited = max(waited, (end.date() - datetime.fromisoformat(began).astimezone(clocks.ZONE).date()).days)
            clock.pauses[-1] = [began, end.isoformat(), latest]
            _recompute(case, clock)
    case.paused_days += waited
    stop(case, codes.ClockCode.SUPPLEMENT)


def extend(case: Case, *, days: int) -> None:
    """More working days on the answer clock and the open handling clocks."""
    for clock in _handling_clocks(case):
        clock.extended.append(days)
        _recompute(case, clock)


def extend_one(case: Case, assignment: Assignment, *, days: int) -> bool:
    """More working days for one unit, never beyond the due date of the unit above it; whether it gained any."""
    gained = False
    for clock in _handling_clocks(case).filter(assignment_id=assignment.pk):
        before = clock.due_at
        clock.extended.append(days)
        _recompute(case, clock)
        gained = clock.due_at > before
    return gained


def reopen_answer(case: Case) -> None:
    """The answer clock that was stopped last goes on as if it had never stopped."""
    clock = Clock.objects.filter(case_id=case.id, code=codes.ClockCode.ANSWER).order_by("-id").first()
    if clock is not None:
        Clock.objects.filter(case_id=case.id, id=clock.id).update(stopped_at=None)


def recompute(*, by: Officer = SYSTEM) -> int:
    """After the calendar has changed: every open clock is due again; how many moved. Both values stay on record."""
    moved = 0
    open_clocks = Clock.objects.filter(stopped_at__isnull=True).exclude(unit=clocks.Unit.HOUR)
    for case_id in (
        open_clocks.values_list("case_id", flat=True).distinct().order_by("case_id").iterator(chunk_size=500)
    ):
        moved += _recompute_case(case_id, by=by)
    return moved


def _recompute_case(case_id: int, *, by: Officer) -> int:
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case_id)
        running = list(Clock.objects.filter(case_id=case_id, stopped_at__isnull=True).order_by("code", "id"))
        before = {clock.id: clock.due_at for clock in running}
        for clock in running:
            _recompute(case, clock)
        changed = [clock for clock in running if clock.due_at != before[clock.id]]
        if changed:
            case.seq += 1
            case.save(update_fields=["seq", "due_at", "provisional"])
            facts = {"clocks": [{"code": c.code, "from": before[c.id], "to": c.due_at} for c in changed]}
            sealed = case.lane == codes.Lane.SEALED
            ledger.record(stream=case.ref, seq=case.seq, verb="recompute", by=by, facts=facts, sealed=sealed)
        return len(changed)


def _handling_clocks(case: Case) -> QuerySet[Clock]:
    """The answer clock first, then the units' from the top down: each is bounded by the one before."""
    running = Clock.objects.filter(case_id=case.id, stopped_at__isnull=True)
    return running.filter(code__in=[codes.ClockCode.ANSWER, codes.ClockCode.HANDLE]).order_by("code", "id")


def _no_later(case: Case, code: str, started_at: datetime, assignment: Assignment | None, due_at: datetime) -> datetime:
    """A unit is never due after the unit above it, nor after the answer promised, unless that was late already."""
    if assignment is None or code != codes.ClockCode.HANDLE:
        return due_at
    if assignment.parent_id:
        return min(due_at, Assignment.objects.values_list("due_at", flat=True).get(pk=assignment.parent_id))
    return min(due_at, case.due_at) if case.due_at > started_at else due_at


def _recompute(case: Case, clock: Clock) -> None:
    calendar = kernel.calendar(clock.region)
    limit = clocks.Limit(clock.amount, clocks.Unit(clock.unit))
    before, assignment = clock.due_at, _assignment(clock)
    due_at = clocks.due(
        clock.started_at, limit, calendar, pauses=pauses_of(clock), extensions=extensions_of(clock), now=clocks.now()
    )
    clock.due_at = _no_later(case, clock.code, clock.started_at, assignment, due_at)
    clock.provisional = clocks.provisional(clock.started_at, clock.due_at, limit, calendar)
    clock.calendar_version = calendar.version
    Clock.objects.filter(case_id=clock.case_id, id=clock.id).update(
        due_at=clock.due_at,
        provisional=clock.provisional,
        calendar_version=clock.calendar_version,
        pauses=clock.pauses,
        extended=clock.extended,
        breached_at=None if clock.due_at > clocks.now() else clock.breached_at,
        warned_at=None if clock.due_at > before else clock.warned_at,
    )
    if clock.code == codes.ClockCode.ANSWER:
        case.due_at, case.provisional = clock.due_at, clock.provisional
    if assignment is not None:
        assignment.due_at = clock.due_at
        assignment.save(update_fields=["due_at"])


def _assignment(clock: Clock) -> Assignment | None:
    """The assignment that is due with this clock."""
    if clock.code != codes.ClockCode.HANDLE or clock.assignment_id is None:
        return None
    return Assignment.objects.get(pk=clock.assignment_id)


def grade(case: Case) -> None:
    """Set the efficiency stars from the answer clock; the caller saves the case."""
    clock = graded_clock(case)
    if clock is not None:
        case.stars = stars.efficiency(run_of(case, clock), now=clocks.now())
        case.stars_version = stars.VERSION


def regrade(*, everything: bool = True) -> tuple[int, int]:
    """Recompute the stars of every answered or overdue case; (looked at, changed). Run by `minxin stars`.

    Without `everything` only of those whose stars sink with the days: open and overdue.
    """
    looked = changed = 0
    graded = Case.objects.filter(due_at__lt=clocks.now(), answered_at__isnull=True).exclude(stage__in=moves.OVER)
    if everything:
        graded = graded | Case.objects.filter(answered_at__isnull=False)
    for case in graded.order_by("id").iterator(chunk_size=1000):
        before = (case.stars, case.stars_version)
        grade(case)
        looked += 1
        if (case.stars, case.stars_version) != before:
            Case.objects.filter(pk=case.pk).update(stars=case.stars, stars_version=case.stars_version)
            PublicCase.objects.filter(pk=case.pk).update(stars=case.stars)
            changed += 1
    return looked, changed
