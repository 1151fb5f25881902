"""The job that publishes a city, and its progress as others see it."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from minxin.disclosures.actions import city, publishing
from minxin.disclosures.models import CityRun, Publication
from minxin.disclosures.tests import papers
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import detail
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused

EVERY = ("education", "school", "civil")


def hand_in(money: Money, *who: str) -> None:
    for unit in who:
        papers.signed(
            money.units[unit].id, {"detail": [detail("2050201", "30101", 700)]}, finance=money.units["finance"].id
        )


def ask(money: Money, who: str = "finance_publisher", title: str = "2007 年部门预算一次性公开") -> CityRun:
    return city.ask(
        finance="211400-CZJ", fiscal_year=2007, version="initial", title=title, by=money.officers[who]
    )  # fmt: skip


def test_the_run_ends_with_its_publication(money: Money) -> None:
    hand_in(money, *EVERY)
    run = ask(money)
    assert (run.done, run.total) == (0, 3)
    city.carry_out(run=run.pk)
    run.refresh_from_db()
    assert run.publication is not None
    assert run.publication.title == "2007 年部门预算一次性公开"
    assert run.publication.office == money.officers["finance_publisher"].label
    assert (run.done, run.total, run.refusal) == (3, 3, "")
    city.carry_out(run=run.pk)
    assert Publication.objects.count() == 1


def test_what_is_not_ready_is_refused_before_any_job(money: Money) -> None:
    hand_in(money, "education")
    with pytest.raises(Refused, match="还有 2 个单位没有签发"):
        ask(money)
    with pytest.raises(Refused, match="标题"):
        ask(money, title="  ")
    with pytest.raises(Absent):
        ask(money, "education_head")
    assert not CityRun.objects.exists()


def test_what_goes_wrong_in_the_job_is_told_and_publishes_nothing(money: Money) -> None:
    hand_in(money, *EVERY)
    run = ask(money)
    publishing.publish([_of(money, "education")], by=money.officers["education_head"])
    papers.Submission.objects.filter(unit_id=money.units["civil"].id).update(stage="checked")
    city.carry_out(run=run.pk)
    run.refresh_from_db()
    assert "市民政局" in run.refusal
    assert run.publication is None
    assert Publication.objects.count() == 1


def _of(money: Money, who: str) -> str:
    row = papers.Submission.objects.get(unit_id=money.units[who].id)
    return papers.refs.written("BS", row.year, row.number)


def test_one_run_of_a_bureau_at_a_time_and_a_dead_one_gives_way(money: Money) -> None:
    hand_in(money, *EVERY)
    dead = ask(money)
    with pytest.raises(Refused, match="还在进行"):
        ask(money)
    with clocks.at(dead.asked_at + timedelta(minutes=16)):
        ask(money)
    dead.refresh_from_db()
    assert "中断" in dead.refusal


def test_only_the_bureau_watches_its_runs(money: Money) -> None:
    hand_in(money, *EVERY)
    ask(money)
    assert CityRun.objects.visible_to(money.officers["finance_clerk"]).count() == 1
    assert not CityRun.objects.visible_to(money.officers["education_head"]).exists()


@pytest.mark.django_db(transaction=True)
def test_others_see_how_far_it_is_before_anything_is_published(money: Money) -> None:
    hand_in(money, *EVERY)
    run = ask(money)
    seen: list[tuple[int, int]] = []
    beside = connection.copy()
    with city._beside(run) as tell, transaction.atomic():

        def watch(done: int, total: int) -> None:
            tell(done, total)
            with beside.cursor() as cursor:
                cursor.execute("SELECT done FROM disclosures_cityrun WHERE id = %s", [run.pk])
                told = cursor.fetchone()[0]
                cursor.execute("SELECT count(*) FROM disclosures_publication")
                seen.append((told, cursor.fetchone()[0]))

        publishing.publish_city(
            finance="211400-CZJ", fiscal_year=2007, version="initial", title="一次", tell=watch,
            by=money.officers["finance_publisher"],
        )  # fmt: skip
    beside.close()
    assert seen == [(3, 0)]
    assert Publication.objects.count() == 1
