"""Running totals: triggers and folds equal the rows after any life; the nightly proof finds what does not."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minxin.disclosures.actions import flow
from minxin.disclosures.models import Flow, FlowDelta, FlowProof, Payment, Told
from minxin.disclosures.rules.codes import Grain
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.pipe_rows import YEAR, Pipe, balance
from minxin.kernel import clocks
from minxin.ledger.models import Event

pytestmark = pytest.mark.django_db
DIMENSIONS = ("unit_id", "month", "function", "economic", "fund")
KEPT = {
    Grain.CELL: DIMENSIONS,
    Grain.YEAR: ("unit_id", "function", "economic", "fund"),
    Grain.MONTH: ("unit_id", "month"),
    Grain.UNIT: ("unit_id",),
    Grain.CITY_CELL: ("month", "function", "economic", "fund"),
    Grain.CITY_YEAR: ("function", "economic", "fund"),
    Grain.CITY_MONTH: ("month",),
    Grain.CITY_FUNCTION: ("function",),
    Grain.CITY_ECONOMIC: ("economic",),
    Grain.CITY_FUND: ("fund",),
    Grain.CITY_MONTH_FUNCTION: ("month", "function"),
    Grain.CITY_MONTH_ECONOMIC: ("month", "economic"),
    Grain.CITY_MONTH_FUND: ("month", "fund"),
}


def counted(grain: Grain) -> dict[tuple[Any, ...], tuple[int, int]]:
    """The totals of a grain, added up here from the payments."""
    sums: Counter[tuple[Any, ...]] = Counter()
    many: Counter[tuple[Any, ...]] = Counter()
    for row in Payment.objects.filter(recorded_to=None):
        lives = row.stage not in (7, 8)
        for measure, day, fen in [
            ("requested", row.requested_on if lives else None, row.amount_fen),
            ("approved", row.approved_on if lives else None, row.amount_fen),
            ("ordered", row.ordered_on if lives else None, row.amount_fen),
            ("paid", row.paid_on if row.stage in (4, 5, 6) else None, row.amount_fen),
            ("cleared", row.cleared_on, row.amount_fen),
            ("returned", row.returned_on if row.returned_fen else None, row.returned_fen),
        ]:
            if day is None:
                continue
            month = 13 if day.year > row.year else 1 if day.year < row.year else day.month
            facts = {"unit_id": row.finance_id if row.withheld else row.unit_id, "month": month}
            facts |= {name: "" if row.withheld else getattr(row, name) for name in ("function", "economic", "fund")}
            kind = "withheld" if row.withheld else row.payee_kind
            key = (measure, *(facts[name] for name in KEPT[grain]), kind)
            sums[key] += fen
            many[key] += 1
    return {key: (fen, many[key]) for key, fen in sums.items()}


def kept(grain: Grain) -> dict[tuple[Any, ...], tuple[int, int]]:
    assert not FlowDelta.objects.exists()
    rows = Flow.objects.filter(grain=grain).exclude(measure__in=["told", "told_back"])
    found = {
        (row.measure, *(getattr(row, name) for name in KEPT[grain]), row.payee_kind): (row.fen, row.count)
        for row in rows
    }
    return {key: value for key, value in found.items() if value != (0, 0)}


DAYS = st.integers(0, 420).map(lambda n: date(YEAR, 1, 2) + timedelta(days=n))
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "advance", "refund", "correct", "delete", "fail", "fold"]),
        st.integers(0, 7),
        st.integers(1, 10**9),
        DAYS,
    ),
    min_size=3,
    max_size=14,
)
KINDS = ("firm", "institution", "person")


def act(pipe: Pipe, verb: str, pick: int, fen: int, day: date) -> None:
    """One statement over some rows, as the actions and imports do it."""
    rows = Payment.objects.filter(recorded_to=None)
    chosen = [row.pk for n, row in enumerate(rows.order_by("pk")) if n % 4 == pick % 4]
    some = rows.filter(pk__in=chosen)
    if verb == "insert":
        stage = pick % 4 + 1
        line = pipe.lines[pick % len(pipe.lines)]
        pipe.pay_many([(line, fen + n, KINDS[n], day, {"stage": stage}) for n in range(3)])
    elif verb == "advance":
        some.filter(stage__in=[1, 2, 3]).update(stage=4, approved_on=day, ordered_on=day, paid_on=day)
    elif verb == "refund":
        some.filter(stage=4, amount_fen__gte=fen).update(returned_fen=fen, returned_on=day)
    elif verb == "correct":
        some.update(recorded_to="2007-12-31T00:00Z")
    elif verb == "delete":
        some.delete()
    elif verb == "fail":
        some.filter(stage=3).update(stage=7)
    else:
        flow.fold()


@given(acts=ACTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_totals_equal_the_rows_after_any_life(acts, money: Money) -> None:
    with transaction.atomic():
        pipe = Pipe(money.units["finance"].id)
        pipe.line(money.units["school"].id)
        pipe.line(money.units["school"].id, economic="30101")
        pipe.line(money.units["civil"].id, function="2080201", withheld=True)
        for one in acts:
            act(pipe, *one)
        flow.fold()
        for grain in Grain:
            assert kept(grain) == counted(grain)
        flow.rebuild()
        for grain in Grain:
            assert kept(grain) == counted(grain)
        transaction.set_rollback(True)


@pytest.fixture
def pipe(money: Money) -> Pipe:
    pipe = Pipe(money.units["finance"].id)
    school = pipe.line(money.units["school"].id)
    wages = pipe.line(money.units["school"].id, economic="30101")
    pipe.pay(school, 429)
    pipe.pay_many([(wages, 3_000_00 + n, "person", date(YEAR, 3, 10), {}) for n in range(7)])
    return pipe


def test_a_proof_that_agrees_is_an_event_and_stands_under_the_pages(pipe: Pipe) -> None:
    flow.fold()
    flow.tell()
    assert flow.prove() == 0
    proof = FlowProof.objects.get()
    assert (proof.year, proof.payments, proof.differing, proof.first) == (YEAR, 8, 0, [])
    assert proof.totals > 20
    event = Event.objects.filter(stream="flows").latest("seq")
    assert (event.verb, event.facts["payments"]) == ("prove_flows", 8)


def test_a_proof_agrees_before_anything_is_folded(pipe: Pipe) -> None:
    assert FlowDelta.objects.exists()
    assert flow.prove() == 0


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE disclosures_flow SET fen = fen + 1 WHERE grain = 3 AND measure = 'paid'", "total"),
        ("DELETE FROM disclosures_flow WHERE grain = 6 AND measure = 'cleared'", "total"),
        ("UPDATE disclosures_flow SET count = count + 1 WHERE grain = 0 AND measure = 'paid'", "total"),
        ("UPDATE disclosures_flow SET fen = fen - 5 WHERE measure = 'told'", "told"),
        ("UPDATE disclosures_budgetline SET paid_fen = paid_fen - 100 WHERE economic = '30201'", "line"),
        ("UPDATE disclosures_budgetline SET economic = '30299' WHERE economic = '30201'", "line"),
    ],
)  # fmt: skip
def test_a_proof_finds_what_does_not_agree_until_it_does_again(pipe: Pipe, statement: str, what: str) -> None:
    flow.fold()
    flow.tell()
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount > 0
    assert flow.prove() > 0
    (proof,) = FlowProof.objects.all()
    assert {row["what"] for row in proof.first} == {what}
    assert Event.objects.filter(stream="flows").latest("seq").verb == "miss_flows"
    if what == "line":
        with connection.cursor() as cursor:
            cursor.execute("UPDATE disclosures_budgetline SET economic = '30201' WHERE economic = '30299'")
        balance(YEAR)
    elif what == "told":
        with connection.cursor() as cursor:
            cursor.execute("UPDATE disclosures_flow SET fen = fen + 5 WHERE measure = 'told'")
    flow.rebuild()
    assert flow.prove() == 0
    proof.refresh_from_db()
    assert proof.settled_at is not None


def test_what_people_were_paid_is_told_at_night_five_at_a_time(pipe: Pipe) -> None:
    told = Flow.objects.filter(measure="told", grain=Grain.CELL)
    assert not told.exists()
    assert flow.tell() == 1
    assert [(row.fen, row.count, row.month, row.economic) for row in told.all()] == [(21_000_21, 7, 3, "30101")]
    assert flow.tell() == 0
    wages = pipe.lines[1]
    pipe.pay_many([(wages, 500_00, "person", date(YEAR, 4, 10), {"stage": 4}) for _ in range(4)])
    with clocks.at(datetime(YEAR, 4, 11, tzinfo=clocks.ZONE)):
        assert flow.tell() == 0  # four wait for a fifth
        pipe.pay(wages, 600, kind="person", on=date(YEAR, 5, 10))
        assert flow.tell() == 1
    last = told.exclude(month=3).get()
    assert (last.fen, last.count, last.month, last.economic) == (2_600_00, 5, 0, "30101")
    assert sum(row.fen for row in Told.objects.all()) == sum(row.fen for row in told.all())
    assert flow.prove() == 0
    flow.rebuild()
    assert sum(row.count for row in told.all()) == 12


def test_nothing_of_what_is_withheld_stands_under_its_unit(money: Money) -> None:
    pipe = Pipe(money.units["finance"].id)
    pipe.pay(pipe.line(money.units["civil"].id, withheld=True), 500)
    flow.fold()
    assert not Flow.objects.filter(unit_id=money.units["civil"].id).exists()
    row = Flow.objects.get(grain=Grain.CELL, measure="paid")
    assert (row.unit_id, row.function, row.fund, row.payee_kind) == (money.units["finance"].id, "", "", "withheld")
