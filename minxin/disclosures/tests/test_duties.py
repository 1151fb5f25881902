"""Duties to publish: clocks start with the approval, a publication fulfils them, lateness goes on record once."""

from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import duties
from minxin.disclosures.models import Duty, Publication
from minxin.disclosures.reports import duties as reports
from minxin.disclosures.rules import duties as rules
from minxin.disclosures.rules.codes import DutyState
from minxin.disclosures.tests.cast import Money
from minxin.kernel import actions as kernel_actions
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.clocks import DayKind
from minxin.kernel.errors import Absent, Refused
from minxin.ledger.models import Event

FINANCE = "211400-CZJ"


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=clocks.ZONE)


def ratify(ratifier: str, on: date, by=SYSTEM, version="initial"):
    with clocks.at(datetime.combine(on, datetime.min.time(), clocks.ZONE) + timedelta(hours=15)):
        return duties.ratify(
            finance=FINANCE,
            fiscal_year=2007,
            version=version,
            ratifier=ratifier,
            on=on,
            doc_no="葫财预〔2007〕1号",
            by=by,
        )


def publish(unit_id: int, at: datetime, template="department_budget", version="initial") -> Publication:
    """A publication as the act of publishing leaves it, without rows: these tests look at time only."""
    publication = Publication.objects.create(
        year=at.year, number=Publication.objects.count() + 1, title="预算", template=template, fiscal_year=2007,
        version=version, publisher_id=unit_id, office="发布员", published_at=at, units=1, rows=0, root="0" * 64,
    )  # fmt: skip
    duties.fulfil(publication, [unit_id])
    return publication


@pytest.fixture
def approved(money: Money) -> Money:
    """Congress, finance and departments have approved the budget of 2007."""
    ratify("congress", date(2007, 1, 15))
    ratify("finance", date(2007, 1, 22))
    ratify("department", date(2007, 1, 26))
    return money


def state_of(money: Money, unit: str, now: datetime) -> DutyState:
    duty = Duty.objects.get(unit_id=money.units[unit].id)
    return rules.state(duty.due_at, duty.done_at, now)


def test_the_congress_makes_every_duty_and_only_its_own_clock_runs(money: Money):
    ratify("congress", date(2007, 1, 15))
    assert dict(Duty.objects.values_list("unit_id", "started_on")) == {
        money.units["finance"].id: date(2007, 1, 15),
        money.units["education"].id: None,
        money.units["school"].id: None,
        money.units["civil"].id: None,
    }
    assert state_of(money, "school", moment(2007, 6, 1)) == DutyState.WAITING


def test_a_department_has_twenty_days_from_the_approval_of_finance(approved: Money):
    duty = Duty.objects.get(unit_id=approved.units["education"].id)
    # 22 January + 20 days = 11 February 2007, a Sunday: the limit ends with the next working day, 24:00
    assert duty.due_at == moment(2007, 2, 13)
    assert Duty.objects.get(unit_id=approved.units["school"].id).started_on == date(2007, 1, 26)


def test_a_make_up_working_day_ends_the_limit_earlier(approved: Money):
    kernel_actions.set_day(date(2007, 2, 11), kind=DayKind.WORKDAY, note="春节", by="测试", why="调休")
    kernel.forget()
    assert duties.recompute() >= 1
    assert Duty.objects.get(unit_id=approved.units["education"].id).due_at == moment(2007, 2, 12)
    event = Event.objects.filter(verb="recompute", stream__startswith="duty:211400-JYJ").get()
    assert (event.facts["before"][:10], event.facts["after"][:10]) == ("2007-02-13", "2007-02-12")
    assert duties.recompute() == 0


def test_published_before_the_moment_is_on_time_and_at_it_is_late(approved: Money):
    publish(approved.units["education"].id, moment(2007, 2, 12, 23, 59))
    publish(approved.units["civil"].id, moment(2007, 2, 13))
    assert state_of(approved, "education", moment(2007, 3, 1)) == DutyState.ON_TIME
    assert state_of(approved, "civil", moment(2007, 3, 1)) == DutyState.LATE
    assert Duty.objects.get(unit_id=approved.units["civil"].id).days_late == 1


def test_another_table_or_version_does_not_fulfil_it(approved: Money):
    publish(approved.units["education"].id, moment(2007, 2, 1), template="government_budget")
    publish(approved.units["education"].id, moment(2007, 2, 1), version="final")
    assert state_of(approved, "education", moment(2007, 2, 2)) == DutyState.NOT_DUE


def test_the_first_publication_counts_and_a_correction_changes_nothing(approved: Money):
    first = publish(approved.units["education"].id, moment(2007, 2, 1))
    publish(approved.units["education"].id, moment(2007, 5, 1))
    duty = Duty.objects.get(unit_id=approved.units["education"].id)
    assert (duty.publication_id, duty.done_at, duty.days_late) == (first.pk, moment(2007, 2, 1), 0)


def test_published_before_the_approval_was_registered_is_on_time(money: Money):
    ratify("congress", date(2007, 1, 15))
    publish(money.units["education"].id, moment(2007, 1, 20))
    ratify("finance", date(2007, 1, 22))
    assert state_of(money, "education", moment(2007, 6, 1)) == DutyState.ON_TIME


def test_lateness_goes_on_record_once_and_is_there_for_the_floor_above(approved: Money):
    publish(approved.units["education"].id, moment(2007, 2, 1))
    with clocks.at(moment(2007, 3, 1, 0, 5)):
        assert duties.watch() == 3  # finance, civil affairs, school
        assert duties.watch() == 0
        behind = reports.behind()
    assert {row.unit.code for row in behind} == {FINANCE, "211400-MZJ", "211400-YZ"}
    event = Event.objects.filter(verb="miss", stream="duty:211400-MZJ:DEPT_BUDGET:2007").get()
    assert (event.facts["unit"], event.facts["due"][:10]) == ("211400-MZJ", "2007-02-13")
    assert {row.days_late for row in behind if row.unit.code == "211400-MZJ"} == {17}


def test_the_same_approval_twice_is_refused_with_a_sentence(approved: Money):
    with pytest.raises(Refused, match="已经登记过"):
        ratify("finance", date(2007, 1, 23))


def test_only_the_finance_bureau_registers_approvals(money: Money):
    with pytest.raises(Absent):
        ratify("congress", date(2007, 1, 15), by=money.officers["school_head"])
    with pytest.raises(Refused) as refusal:
        ratify("congress", date(2007, 1, 15), by=money.officers["finance_clerk"])
    assert refusal.value.code == "forbidden"
    ratify("congress", date(2007, 1, 15), by=money.officers["finance_budget"])


def test_a_day_in_the_future_and_an_empty_number_are_refused(money: Money):
    facts = {"finance": FINANCE, "fiscal_year": 2007, "version": "initial", "ratifier": "congress", "by": SYSTEM}
    with clocks.at(moment(2007, 1, 10)):
        with pytest.raises(Refused, match="不能晚于今天"):
            duties.ratify(on=date(2007, 1, 11), doc_no="1号", **facts)
        with pytest.raises(Refused, match="文号"):
            duties.ratify(on=date(2007, 1, 10), doc_no="  ", **facts)


@given(late=st.integers(min_value=0, max_value=10**7))
def test_the_first_second_after_the_limit_is_the_first_day_late(late: int):
    due = moment(2007, 2, 13)
    assert rules.days_late(due, due + timedelta(seconds=late)) == 1 + late // 86400
    assert rules.days_late(due, due - timedelta(seconds=late + 1)) == 0


def test_the_public_table_names_who_is_behind_first_and_counts_every_state(approved: Money, client: Client):
    publish(approved.units["education"].id, moment(2007, 2, 1))
    publish(approved.units["civil"].id, moment(2007, 2, 20))
    with clocks.at(moment(2007, 3, 1)):
        page = client.get("/duties/").content.decode()
        board = reports.board(2007)
    assert [row.unit.code for row in board.rows] == [FINANCE, "211400-YZ", "211400-MZJ", "211400-JYJ"]
    assert (board.total.on_time, board.total.late, board.total.missing, board.total.counted) == (1, 1, 2, 4)
    assert "逾期未公开" in page
    assert "最多迟 8 天" in page


def test_a_units_page_explains_the_due_day(approved: Money, client: Client):
    with clocks.at(moment(2007, 3, 1)):
        page = client.get("/duties/211400-JYJ/").content.decode()
    assert "2007年部门预算" in page
    assert "理财“六公开”制度" in page
    assert "逾期 17 天，还没有公开" in page
    assert "期限顺延到这一天" in page
    assert client.get("/duties/NO/").status_code == 404
    assert client.get("/duties/?year=abcd").status_code == 200


@pytest.mark.parametrize("count", [1, 25])
def test_the_board_takes_two_queries_for_one_duty_and_for_twenty_five(money: Money, django_assert_num_queries, count):
    ratify("congress", date(2007, 1, 15))
    rule = Duty.objects.first().rule
    Duty.objects.exclude(pk=Duty.objects.first().pk).delete()
    Duty.objects.bulk_create(
        Duty(rule=rule, unit_id=money.units["school"].id, finance_id=money.units["finance"].id, fiscal_year=2007 + n)
        for n in range(1, count)
    )
    with django_assert_num_queries(2):
        assert len(reports.board().years) == count
    with django_assert_num_queries(1):
        assert len(reports.of_unit(money.units["school"].id)) == count - 1
