"""When the working-day calendar changes, every open clock is due anew."""

from django.db.models import Min
from procrastinate.contrib.django import app

from minxin.cases.actions import timing
from minxin.cases.models import Clock
from minxin.kernel import clocks
from minxin.kernel import reports as kernel


@app.periodic(cron="*/5 * * * *")
@app.task(name="cases.follow_calendar", queueing_lock="cases.follow_calendar")
def follow_calendar(timestamp: int = 0) -> int:
    """Recompute when some open clock was reckoned with an older calendar than its region's; how many moved."""
    running = Clock.objects.filter(stopped_at__isnull=True).exclude(unit=clocks.Unit.HOUR)
    reckoned = running.values_list("region").annotate(Min("calendar_version"))
    behind = any(oldest < kernel.calendar(region).version for region, oldest in reckoned.order_by())
    return timing.recompute() if behind else 0
