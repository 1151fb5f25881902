"""The working-day calendar is changed on the desk; when it changes, every open clock is due anew."""

from datetime import date

from django.db import transaction
from django.db.models import Min
from procrastinate.contrib.django import app

from minxin.cases.actions import timing
from minxin.cases.models import Clock
from minxin.cases.rules import calendar as rules
from minxin.directory.rules import Officer
from minxin.kernel import actions as kernel_actions
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.clocks import DayKind
from minxin.ledger import actions as ledger


def set_day(on: date, *, kind: str, note: str, region: str, why: str, basis: str = "", by: Officer) -> int:
    """Let one day be a holiday, a make-up workday or what the week says; the version made.

    Raises Refused `forbidden` beyond the officer's region. Open deadlines are recomputed at once by a job.
    """
    rules.check(by, region)
    with transaction.atomic():
        made = kernel_actions.set_day(
            on, kind=DayKind(kind), note=note, region=region, by=by.label, why=why, basis=basis
        )
        facts = {"on": on, "kind": kind, "region": region, "version": made.pk}
        ledger.record(stream=_stream(region), verb="set_day", by=by, facts=facts)
        _follow_at_once(made.pk)
    return made.pk


def import_year(year: int, *, table: str, settled: bool, region: str, why: str, basis: str = "", by: Officer) -> int:
    """Take over a year's notice from CSV text, whole or not at all; the version made.

    Only the nation's notice settles a year: a region's own days never make an estimate certain.
    """
    rules.check(by, region)
    settled = settled and region == rules.NATION
    with transaction.atomic():
        made = kernel_actions.import_year(
            year, table, settled=settled, region=region, by=by.label, why=why, basis=basis
        )
        facts = {"year": year, "settled": settled, "region": region, "days": made.days.count(), "version": made.pk}
        ledger.record(stream=_stream(region), verb="import_year", by=by, facts=facts)
        _follow_at_once(made.pk)
    return made.pk


@app.periodic(cron="*/5 * * * *")
@app.task(name="cases.follow_calendar", queueing_lock="cases.follow_calendar")
def follow_calendar(timestamp: int = 0) -> int:
    """Recompute when some open clock was reckoned with an older calendar than its region's; how many moved."""
    kernel.forget()  # a worker may have read the calendar seconds ago, before the change that this run is for
    running = Clock.objects.filter(stopped_at__isnull=True).exclude(unit=clocks.Unit.HOUR)
    reckoned = running.values_list("region").annotate(Min("calendar_version"))
    behind = any(oldest < kernel.calendar(region).version for region, oldest in reckoned.order_by())
    return timing.recompute() if behind else 0


def _follow_at_once(version: int) -> None:
    """A run of its own for this version: the one that waits already may begin before this change is committed."""
    follow_calendar.configure(queueing_lock=f"cases.follow_calendar:{version}").defer()


def _stream(region: str) -> str:
    return f"calendar:{region or 'nation'}"
