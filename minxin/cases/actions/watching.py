"""Jobs that watch the clocks: warn before, act when they run out, sweep what is old. Each may run twice."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from minxin.cases.actions import closing, filing, supervision, timing, unit
from minxin.cases.actions.moving import moving
from minxin.cases.models import Case, Clock
from minxin.cases.models.case import ref_of
from minxin.cases.rules import codes
from minxin.cases.rules.moves import BEFORE_ANSWER
from minxin.directory.rules import SYSTEM
from minxin.kernel import clocks

WARN = timedelta(hours=24)
BATCH = 500


@app.periodic(cron="*/5 * * * *")
@app.task(name="cases.watch_clocks", queueing_lock="cases.watch_clocks")
def watch_clocks(timestamp: int = 0) -> int:
    """Warn of clocks that run out within a day; act on those that ran out; how many were touched."""
    return _each(_due_soon(), warn) + _each(_run_out(), breach)


@app.periodic(cron="17 3 * * *")
@app.task(name="cases.regrade", queueing_lock="cases.regrade")
def regrade(timestamp: int = 0) -> int:
    """Every night: stars of open, overdue cases sink with the days; how many changed."""
    return timing.regrade()[1]


@app.periodic(cron="41 3 * * *")
@app.task(name="cases.sweep", queueing_lock="cases.sweep")
def sweep(timestamp: int = 0) -> int:
    """Every night: idempotency keys of more than seven days are forgotten."""
    return filing.sweep_keys(before=clocks.now() - timedelta(days=7))


def warn(case_id: int, clock_id: int) -> None:
    """A blue slip the day before the answer or a handling clock runs out."""
    with transaction.atomic():
        clock = _claim(case_id, clock_id, "warned_at")
        if clock is None or clock.code not in {codes.ClockCode.ANSWER, codes.ClockCode.HANDLE}:
            return
        case = Case.objects.get(pk=case_id)
        if case.stage in BEFORE_ANSWER and case.holder_id:
            supervision.slip(case.ref, colour=codes.Slip.BLUE, reason=_("办理期限不足一天"), by=SYSTEM)


def breach(case_id: int, clock_id: int) -> None:
    """What a run-out clock brings about: a slip and the superior, or the end of a wait."""
    with transaction.atomic():
        clock = _claim(case_id, clock_id, "breached_at")
        if clock is None:
            return
        ref, case = ref_of(case_id), Case.objects.get(pk=case_id)
        code = codes.ClockCode(clock.code)
        if code == codes.ClockCode.CALL_BACK and case.stage == codes.Stage.RATING:
            closing.close_unrated(ref)
        elif code == codes.ClockCode.SUPPLEMENT and case.stage == codes.Stage.ASKING:
            unit.resume(ref, by=SYSTEM)
        else:
            _overdue(case, code)


def _overdue(case: Case, code: codes.ClockCode) -> None:
    with moving("breach", case.ref, by=SYSTEM) as act:
        act.facts["clock"] = code
        if act.case.stage not in BEFORE_ANSWER or act.case.lane == codes.Lane.SEALED:
            return
        label = codes.ClockCode(code).label
        if code in {codes.ClockCode.ANSWER, codes.ClockCode.HANDLE}:
            supervision.issue(act, codes.Slip.RED, _("“%(clock)s”已经超期") % {"clock": label})
            supervision.lift(act, _("超期自动提级"))
        else:
            supervision.issue(act, codes.Slip.REMINDER, _("“%(clock)s”已经超期") % {"clock": label})
        timing.grade(act.case)


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
    for case_id, clock_id in rows:
        act(case_id, clock_id)
    return len(rows)
