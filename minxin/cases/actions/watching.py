"""Jobs that watch the clocks: warn before, act when they run out, sweep what is old. Each may run twice."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from minxin.cases.actions import closing, filing, supervision, timing, unit
from minxin.cases.actions.moving import moving
from minxin.cases.models import Assignment, Case, Clock
from minxin.cases.models.case import ref_of
from minxin.cases.rules import codes, overdue
from minxin.cases.rules.moves import BEFORE_ANSWER
from minxin.directory.rules import SYSTEM
from minxin.kernel import clocks
from minxin.kernel.errors import Refused

WARN = timedelta(hours=24)
BATCH = 500
WAITING = frozenset({codes.Stage.ASKING, codes.Stage.SUPPLEMENT})


@app.periodic(cron="*/5 * * * *")
@app.task(name="cases.watch_clocks", queueing_lock="cases.watch_clocks")
def watch_clocks(timestamp: int = 0) -> int:
    """Warn of clocks that run out within a day; act on those that ran out; how many were touched."""
    return _each(_due_soon(), warn) + _each(_run_out(), breach)


@app.periodic(cron="17 3 * * *")
@app.task(name="cases.regrade", queueing_lock="cases.regrade")
def regrade(timestamp: int = 0) -> int:
    """Every night: stars of open, overdue cases sink with the days; how many changed."""
    return timing.regrade(everything=False)[1]


@app.periodic(cron="41 3 * * *")
@app.task(name="cases.sweep", queueing_lock="cases.sweep")
def sweep(timestamp: int = 0) -> int:
    """Every night: idempotency keys of more than seven days are forgotten."""
    return filing.sweep_keys(before=clocks.now() - timedelta(days=7))


def warn(case_id: int, clock_id: int) -> None:
    """A blue slip the day before the answer or a handling clock runs out, to the unit whose clock it is."""
    with transaction.atomic():
        clock = _claim(case_id, clock_id, "warned_at")
        if clock is None or clock.code not in {codes.ClockCode.ANSWER, codes.ClockCode.HANDLE}:
            return
        case = Case.objects.get(pk=case_id)
        if case.stage in BEFORE_ANSWER and case.holder_id and case.lane != codes.Lane.SEALED:
            at = _assignment(clock)
            with moving("slip", case.ref, by=SYSTEM) as act:
                supervision.issue(
                    act, codes.Slip.BLUE, _("办理期限不足一天"), unit_id=at.unit_id if at is not None else None
                )


def breach(case_id: int, clock_id: int) -> None:
    """What a run-out clock brings about: a slip and the superior, or the end of a wait."""
    with transaction.atomic():
        clock = _claim(case_id, clock_id, "breached_at")
        if clock is None:
            return
        ref, case = ref_of(case_id), Case.objects.get(pk=case_id)
        if clock.code == codes.ClockCode.CALL_BACK and case.stage == codes.Stage.RATING:
            closing.close_unrated(ref)
        elif clock.code == codes.ClockCode.SUPPLEMENT and case.stage in WAITING:
            unit.resume(ref, by=SYSTEM)
        else:
            _overdue(ref, clock)


def _overdue(ref: str, clock: Clock) -> None:
    code, at = codes.ClockCode(clock.code), _assignment(clock)
    with moving("breach", ref, by=SYSTEM) as act:
        act.facts["clock"] = code
        timing.grade(act.case)
        found = overdue.breach(code, codes.Part(at.part) if at else None)
        if found is None or act.case.lane == codes.Lane.SEALED:
            return
        reason = _("“%(clock)s”已经超期") % {"clock": code.label}
        late = _late_unit(act.case, found.whose, at)
        if found.lifts:
            supervision.lift(act, _("超期自动提级"))
        supervision.issue(act, found.slip, reason, unit_id=late)


def _late_unit(case: Case, whose: overdue.Whose, at: Assignment | None) -> int | None:
    """Whose delay it is; None: of the unit that has the case."""
    if whose == overdue.Whose.UNIT:
        return at.unit_id if at else None
    if whose == overdue.Whose.JUDGE:
        asked = case.appeals.exclude(tier=codes.Tier.STARS).filter(decision=codes.Decision.PENDING).first()
        return asked.unit_id if asked else case.centre_id
    return case.centre_id


def _assignment(clock: Clock) -> Assignment | None:
    return Assignment.objects.filter(pk=clock.assignment_id).first() if clock.assignment_id else None


def _claim(case_id: int, clock_id: int, column: str) -> Clock | None:
    """The running clock, marked; None when another run was first, or it has been stopped or moved meanwhile."""
    rows = Clock.objects.filter(case_id=case_id, id=clock_id, stopped_at__isnull=True, **{f"{column}__isnull": True})
    latest = clocks.now() + (WARN if column == "warned_at" else timedelta(0))
    if not rows.filter(due_at__lte=latest).update(**{column: clocks.now()}):
        return None
    return Clock.objects.get(case_id=case_id, id=clock_id)


def _due_soon() -> list[tuple[int, int]]:
    rows = Clock.objects.filter(
        stopped_at__isnull=True,
        breached_at__isnull=True,
        warned_at__isnull=True,
        due_at__range=(clocks.now(), clocks.now() + WARN),
    )
    return list(rows.order_by("due_at").values_list("case_id", "id")[:BATCH])


def _run_out() -> list[tuple[int, int]]:
    rows = Clock.objects.filter(stopped_at__isnull=True, breached_at__isnull=True, due_at__lt=clocks.now())
    return list(rows.order_by("due_at").values_list("case_id", "id")[:BATCH])


def _each(rows: list[tuple[int, int]], act: Callable[[int, int], None]) -> int:
    """Each in its own transaction: one that is refused stays for the next run and does not hold up the others."""
    for case_id, clock_id in rows:
        try:
            act(case_id, clock_id)
        except Refused as refusal:
            _log.warning("clock %s of %s: %s", clock_id, ref_of(case_id), refusal.code)
    return len(rows)


_log = logging.getLogger(__name__)
