"""The clocks of a case: started, stopped, paused, extended, recomputed; each row explains itself again at any time."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from minxin.cases.models import Assignment, Case, Clock, snapshot
from minxin.cases.models.timing import extensions_of, pauses_of, run_of
from minxin.cases.rules import codes, limits, stars
from minxin.directory.rules import SYSTEM, Officer
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.ledger import actions as ledger


def make(case: Case, code: codes.ClockCode, *, assignment: Assignment | None = None, days: int | None = None) -> Clock:
    """A clock started now, not yet stored; `days` shortens or widens the limit that the rules give."""
    now = clocks.now()
    row = limits.choose(
        snapshot.limits(), code=code, kind=case.kind, region=case.region, urgency=case.urgency, on=now.date()
    )
    limit = row.limit if days is None else clocks.Limit(days, clocks.Unit.WORKING_DAY)
    calendar = kernel.calendar(case.region)
    due_at = clocks.due(now, limit, calendar)
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


def start(case: Case, code: codes.ClockCode, *, assignment: Assignment | None = None, days: int | None = None) -> Clock:
    """A clock started now and stored; one that runs already under this code and assignment is stopped first."""
    stop(case, code, assignment=assignment)
    clock = make(case, code, assignment=assignment, days=days)
    clock.save(force_insert=True)
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
    """The answer clock under the rule of the case's present urgency, counted from its old start."""
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
    _recompute(case, clock)


def pause(case: Case) -> None:
    """Stand still while waiting for the complainant: the answer clock and the open handling clocks."""
    for clock in _handling_clocks(case):
        if not clock.paused:
            clock.pauses.append([clocks.now().isoformat(), None])
            _recompute(case, clock)


def resume(case: Case) -> int:
    """Go on; the days waited, for the cap."""
    waited = 0
    for clock in _handling_clocks(case):
        if clock.paused:
            began = datetime.fromisoformat(clock.pauses[-1][0])
            waited = max(waited, (clocks.today() - began.astimezone(clocks.ZONE).date()).days)
            clock.pauses[-1][1] = clocks.now().isoformat()
            _recompute(case, clock)
    return waited


def extend(case: Case, *, days: int) -> None:
    """More working days on the answer clock and the open handling clocks."""
    for clock in _handling_clocks(case):
        clock.extended.append(days)
        _recompute(case, clock)


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
        before = {c.id: c.due_at for c in Clock.objects.filter(case_id=case_id, stopped_at__isnull=True)}
        for clock in Clock.objects.filter(case_id=case_id, stopped_at__isnull=True):
            _recompute(case, clock)
        after = Clock.objects.filter(case_id=case_id, stopped_at__isnull=True)
        changed = [clock for clock in after if clock.due_at != before[clock.id]]
        if changed:
            case.seq += 1
            case.save(update_fields=["seq", "due_at", "provisional"])
            facts = {"clocks": [{"code": c.code, "from": before[c.id], "to": c.due_at} for c in changed]}
            ledger.record(stream=case.ref, seq=case.seq, verb="recompute", by=by, facts=facts)
        return len(changed)


def _handling_clocks(case: Case) -> Iterable[Clock]:
    return Clock.objects.filter(
        case_id=case.id, stopped_at__isnull=True, code__in=[codes.ClockCode.ANSWER, codes.ClockCode.HANDLE]
    )


def _recompute(case: Case, clock: Clock) -> None:
    calendar = kernel.calendar(clock.region)
    limit = clocks.Limit(clock.amount, clocks.Unit(clock.unit))
    clock.due_at = clocks.due(
        clock.started_at, limit, calendar, pauses=pauses_of(clock), extensions=extensions_of(clock), now=clocks.now()
    )
    clock.provisional = clocks.provisional(clock.started_at, clock.due_at, limit, calendar)
    clock.calendar_version = calendar.version
    Clock.objects.filter(case_id=clock.case_id, id=clock.id).update(
        due_at=clock.due_at,
        provisional=clock.provisional,
        calendar_version=clock.calendar_version,
        pauses=clock.pauses,
        extended=clock.extended,
        breached_at=None if clock.due_at > clocks.now() else clock.breached_at,
    )
    if clock.code == codes.ClockCode.ANSWER:
        case.due_at, case.provisional = clock.due_at, clock.provisional
    if clock.assignment_id:
        Assignment.objects.filter(pk=clock.assignment_id).update(due_at=clock.due_at)


def grade(case: Case) -> None:
    """Set the efficiency stars from the answer clock; the caller saves the case."""
    clock = Clock.objects.filter(case_id=case.id, code=codes.ClockCode.ANSWER).order_by("id").first()
    if clock is not None:
        case.stars = stars.efficiency(run_of(case, clock), now=clocks.now())
        case.stars_version = stars.VERSION


def regrade() -> tuple[int, int]:
    """Recompute the stars of every answered or overdue case; (looked at, changed). Run by `minxin stars`."""
    looked = changed = 0
    graded = Case.objects.filter(Q(answered_at__isnull=False) | Q(due_at__lt=clocks.now()))
    for case in graded.exclude(stage__in=["declined", "withdrawn"]).order_by("id").iterator(chunk_size=1000):
        before = (case.stars, case.stars_version)
        grade(case)
        looked += 1
        if (case.stars, case.stars_version) != before:
            Case.objects.filter(pk=case.pk).update(stars=case.stars, stars_version=case.stars_version)
            changed += 1
    return looked, changed
