"""A whole city's tables published at once, as a job that can be watched. What it does is `publishing.publish_city`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from minxin.directory import reports as directory
from minxin.directory.rules import SYSTEM, Officer
from minxin.disclosures.actions import publishing
from minxin.disclosures.models import CityRun
from minxin.disclosures.models.readiness import readiness
from minxin.disclosures.rules import publishing as rules
from minxin.kernel import clocks, text
from minxin.kernel.errors import Refused

GIVEN_UP = timedelta(minutes=15)  # a run that has not ended by then died with its process


def ask(
    *, finance: str, fiscal_year: int, version: str, title: str, template: str = rules.CITY, by: Officer
) -> CityRun:
    """请求一次性公开: what cannot be published now is refused at once; else a job does it, and its run tells how far.

    Raises Refused (`running`) while another run of the bureau is under way.
    """
    bureau = publishing.check_finance(finance, by=by)
    title = text.clean(title, limit=publishing.TITLE, field="title")
    if not title:
        raise Refused("title", _("请写明这次公开的标题。"), field="title")
    with transaction.atomic():
        _end_dead(bureau.id)
        standing = readiness(bureau.id, template=template, fiscal_year=fiscal_year, version=version)
        publishing.check_ready(standing)
        run = CityRun.objects.create(
            finance_id=bureau.id,
            template=template,
            fiscal_year=fiscal_year,
            version=version,
            title=title,
            person_id=by.id,
            total=len(standing.ready),
            asked_at=clocks.now(),
        )
        carry_out.configure(queueing_lock=f"disclosures.city:{run.pk}").defer(run=run.pk)
    return run


def _end_dead(finance_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('disclosures_city'), %s::int)", [finance_id])
    for run in CityRun.objects.visible_to(SYSTEM).filter(finance_id=finance_id, finished_at__isnull=True):
        if run.asked_at > clocks.now() - GIVEN_UP:
            raise Refused("running", _("上一次公开还在进行，请等它结束。"))
        _end(run, refusal=_("后台任务中断，什么都没有公开。请重新公开。"))


@app.task(name="disclosures.carry_out_city")
def carry_out(run: int) -> None:
    """Publish the city of that run; how far it is can be read from outside all the while."""
    found = CityRun.objects.visible_to(SYSTEM).select_related("finance").get(pk=run)
    if found.finished_at is not None:
        return
    try:
        with _beside(found) as tell, transaction.atomic():
            publication = publishing.publish_city(
                finance=found.finance.code,
                fiscal_year=found.fiscal_year,
                version=found.version,
                title=found.title,
                template=found.template,
                tell=tell,
                by=directory.officer(found.person_id) if found.person_id else SYSTEM,
            )
            found.publication, found.done = publication, publication.units
            found.total = max(found.total, publication.units)
            _end(found)
    except Refused as refusal:
        _end(found, refusal=refusal.sentence)
    except Exception:
        _end(found, refusal=_("公开时发生故障，什么都没有公开。请重试；仍不行请联系管理员。"))
        raise


def _end(run: CityRun, *, refusal: str = "") -> None:
    run.finished_at, run.refusal = clocks.now(), refusal[:1000]
    if refusal:
        run.publication, run.done = None, 0
    run.save(update_fields=["finished_at", "refusal", "publication", "done", "total"])


@contextmanager
def _beside(run: CityRun) -> Iterator[Callable[[int, int], None]]:
    """Tell how far it is over a line of its own: inside the act's transaction nobody would see it before the end.

    The act holds no lock on the run until its last statement.
    """
    line = connection.copy()

    def tell(done: int, total: int) -> None:
        with line.cursor() as cursor:
            cursor.execute("UPDATE disclosures_cityrun SET done = %s, total = %s WHERE id = %s", [done, total, run.pk])

    try:
        yield tell
    finally:
        line.close()
