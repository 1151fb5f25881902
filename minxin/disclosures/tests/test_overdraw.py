"""No interleaving overdraws: real connections race for the last yuan, and any order of acts keeps every balance."""

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import balances, contracts, lines, plans, requests
from minxin.disclosures.actions.payees import NewPayee
from minxin.disclosures.models import BudgetLine, Commitment, Payment, Request
from minxin.disclosures.models.payment import request_ref
from minxin.disclosures.rules.codes import ChangeKind, Decision, Step
from minxin.disclosures.tests.pipe_walk import CIVIL, FINANCE, NEW_YEAR, SCHOOL, UNIT, opened, row
from minxin.kernel import clocks
from minxin.kernel.errors import Refused
from minxin.ledger.models import Event

BOOKS, ROOMS, OFFICE = ("school", "30201"), ("school", "31002"), ("civil", "30201")
BY = NEW_YEAR.date()


def race(*acts: Callable[[], object]) -> list[object]:
    """Each act on a connection of its own, all at once; what each returned, or the refusal it met."""
    barrier, results = threading.Barrier(len(acts)), [None] * len(acts)

    def work(place: int) -> None:
        try:
            with clocks.at(NEW_YEAR):
                barrier.wait()
                results[place] = acts[place]()
        except Refused as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def walk(money):
    with clocks.at(NEW_YEAR):
        yield opened(money).allotted({BOOKS: "100.00", ROOMS: "100.00", OFFICE: "100.00"})


@pytest.mark.django_db(transaction=True)
def test_one_of_many_gets_the_last_yuan_and_the_others_hear_what_is_left(walk):
    ref, line = walk.ref(*BOOKS), walk.line(*BOOKS)
    results = race(*[lambda: requests.request(unit=SCHOOL, rows=[row(ref, "60.00")], by=SYSTEM)] * 4)
    won = [result for result in results if isinstance(result, Request)]
    assert len(won) == 1
    assert {str(result) for result in results if result not in won} == {
        "第 1 行：这条指标可用的额度还有 40.00 元，不够支付这一笔。请减少金额，或先申请下达额度。"
    }
    line.refresh_from_db()
    assert (line.requested_fen, Payment.objects.count()) == (6000, 1)
    assert balances.differing() == []


@pytest.mark.django_db(transaction=True)
def test_the_last_yuan_of_a_contract_and_of_a_line_go_once_whatever_takes_them(walk):
    ref, room = walk.ref(*BOOKS), walk.ref(*ROOMS)
    shop = NewPayee("firm", "葫芦岛市新华书店", "070123456789", "工商银行连山支行")
    contracts.sign(
        line=ref, contract_no="HT", title="书", payee=shop, amount=Decimal(50), signed_on=BY, published_on=BY, by=SYSTEM
    )
    mine = row(ref, "50.00", contract="HT")
    results = race(
        lambda: requests.request(unit=SCHOOL, rows=[mine], by=SYSTEM),
        lambda: requests.request(unit=SCHOOL, rows=[mine], by=SYSTEM),
        lambda: plans.reduce(room, amount=Decimal(100), reason="收回", by=SYSTEM),
        lambda: requests.request(unit=SCHOOL, rows=[row(room, "100.00")], by=SYSTEM),
    )
    assert sum(isinstance(result, Request) for result in results[:2]) == 1
    assert sum(isinstance(result, Refused) for result in results[2:]) == 1
    assert Commitment.objects.get().used_fen == 5000
    assert balances.differing() == []


@pytest.mark.django_db(transaction=True)
def test_many_units_and_desks_at_once_neither_deadlock_nor_lose_a_fen(walk):
    ref, room, office = walk.ref(*BOOKS), walk.ref(*ROOMS), walk.ref(*OFFICE)
    with clocks.at(NEW_YEAR):
        waiting = [request_ref(walk.asked(row(ref, "5.00", external_id=f"W{n}"))) for n in range(4)]
    acts = [
        lambda: requests.request(unit=SCHOOL, rows=[row(ref, "10.00")], by=SYSTEM),
        lambda: requests.request(unit=SCHOOL, rows=[row(ref, "10.00"), row(ref, "9.00")], by=SYSTEM),
        lambda: requests.request(unit=CIVIL, rows=[row(office, "30.00")], by=SYSTEM),
        lambda: requests.review(waiting, step=UNIT, decision=Decision.RETURN, reason="错", by=SYSTEM),
        lambda: requests.review(waiting[::-1], step=UNIT, decision=Decision.RETURN, reason="错", by=SYSTEM),
        lambda: lines.revive(
            source=room, target=office, amount=Decimal(50), doc_no="盘", on=BY, reason="闲置", by=SYSTEM
        ),
        lambda: lines.revive(
            source=office, target=room, amount=Decimal(20), doc_no="盘", on=BY, reason="闲置", by=SYSTEM
        ),
        lambda: lines.change(ref, kind=ChangeKind.CUT, amount=Decimal(1), doc_no="减", on=BY, by=SYSTEM),
    ]
    results = race(*acts)
    met = [result.code for result in results if isinstance(result, Refused)]
    assert met == ["stage"], "the second of the two reviews of the same requests"
    assert walk.line(*BOOKS).requested_fen == 2900
    assert balances.differing() == []


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_from_two_connections_is_one_request(walk):
    ref = walk.ref(*BOOKS)
    act = lambda: requests.request(unit=SCHOOL, rows=[row(ref, "1.00")], external_id="PC", by=SYSTEM)  # noqa: E731
    first, second = race(act, act)
    assert first == second
    assert walk.line(*BOOKS).requested_fen == 100


# Any order of acts, by Hypothesis: each may be refused, none may break a balance.

FEN = st.integers(1, 8000).map(lambda fen: Decimal(fen) / 100)
LINES = st.sampled_from([BOOKS, ROOMS, OFFICE])
CHOICE = st.integers(0, 5)
ACT = st.one_of(
    st.tuples(st.just("ask"), LINES, FEN),
    st.tuples(st.just("return"), CHOICE, st.sampled_from(list(Step))),
    st.tuples(st.just("pass"), CHOICE, st.sampled_from(list(Step))),
    st.tuples(st.just("void"), CHOICE),
    st.tuples(st.just("again"), CHOICE, FEN),
    st.tuples(st.just("revive"), LINES, LINES, FEN),
    st.tuples(st.just("change"), LINES, st.sampled_from([ChangeKind.ADD, ChangeKind.CUT]), FEN),
    st.tuples(st.just("freeze"), LINES, FEN),
    st.tuples(st.just("unfreeze"), LINES, FEN),
    st.tuples(st.just("allot"), LINES, FEN, st.integers(2, 12)),
    st.tuples(st.just("reduce"), LINES, FEN),
)


class World:
    """The acts by name, on the cast's three lines."""

    def __init__(self, walk) -> None:
        self.walk, self.asked = walk, []

    def do(self, verb, *facts) -> None:
        getattr(self, verb)(*facts)

    def some(self, choice):
        return self.asked[choice % len(self.asked)] if self.asked else "SQ2006-0000001-6"

    def ask(self, key, yuan):
        unit = SCHOOL if key[0] == "school" else CIVIL
        asked = requests.request(unit=unit, rows=[row(self.walk.ref(*key), str(yuan))] * 2, by=SYSTEM)
        self.asked.append(request_ref(asked))

    def again(self, choice, yuan):
        ref = self.some(choice)
        found = Payment.objects.filter(request_no=ref).select_related("line").first()
        key = self.walk.ref("school", "30201") if found is None else lines.ref_of(found.line)
        requests.resubmit(ref, rows=[row(key, str(yuan))], by=SYSTEM)

    def void(self, choice):
        requests.void(self.some(choice), reason="不要", by=SYSTEM)

    def change(self, key, kind, yuan):
        lines.change(self.walk.ref(*key), kind=kind, amount=yuan, doc_no="号", on=BY, by=SYSTEM)

    def freeze(self, key, yuan):
        lines.freeze(self.walk.ref(*key), amount=yuan, reason="冻", by=SYSTEM)

    def unfreeze(self, key, yuan):
        lines.unfreeze(self.walk.ref(*key), amount=yuan, reason="解", by=SYSTEM)

    def revive(self, source, target, yuan):
        lines.revive(
            source=self.walk.ref(*source), target=self.walk.ref(*target), amount=yuan, doc_no="盘", on=BY, reason="闲",
            by=SYSTEM,
        )  # fmt: skip

    def allot(self, key, yuan, month):
        day = date(2006, month, 1)
        plans.submit_all(plans=[plans.NewPlan(self.walk.ref(*key), day, yuan)], by=SYSTEM)
        plans.approve(finance=FINANCE, month=day, by=SYSTEM)
        plans.issue(finance=FINANCE, month=day, doc_no="下", by=SYSTEM)

    def reduce(self, key, yuan):
        plans.reduce(self.walk.ref(*key), amount=yuan, reason="收", by=SYSTEM)

    def review(self, choice, step, decision):
        requests.review([self.some(choice)], step=step, decision=decision, reason="错", by=SYSTEM)


setattr(World, "return", lambda self, choice, step: self.review(choice, step, Decision.RETURN))
setattr(World, "pass", lambda self, choice, step: self.review(choice, step, Decision.PASS))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACT, min_size=1, max_size=14))
def test_any_order_of_acts_keeps_every_balance(walk, acts):
    with clocks.at(NEW_YEAR), transaction.atomic():
        world = World(walk)
        before = sum(BudgetLine.objects.values_list("approved_fen", flat=True))
        moved = 0
        for verb, *facts in acts:
            try:
                with transaction.atomic():
                    world.do(verb, *facts)
            except Refused:
                continue
            if verb == "change":
                moved += int(facts[2] * 100) * (1 if facts[1] == ChangeKind.ADD else -1)
            assert balances.differing() == [], (verb, facts)
        assert sum(BudgetLine.objects.values_list("approved_fen", flat=True)) == before + moved
        for line in BudgetLine.objects.all():
            assert 0 <= line.requested_fen + line.paid_fen <= line.allotted_fen
            assert line.allotted_fen <= line.approved_fen - line.frozen_fen
        transaction.set_rollback(True)


def test_the_nightly_proof_names_the_line_that_differs(walk):
    assert balances.prove() == 0
    assert Event.objects.filter(stream="balances").latest("seq").verb == "prove_balances"
    line = walk.line(*BOOKS)
    BudgetLine.objects.filter(pk=line.pk).update(approved_fen=line.approved_fen + 1)
    with clocks.at(NEW_YEAR):
        walk.asked(row(walk.ref(*ROOMS), "10.00"))
    BudgetLine.objects.filter(pk=walk.line(*ROOMS).pk).update(requested_fen=999)
    assert [(found.ref, found.balance, found.kept_fen, found.counted_fen) for found in balances.differing()] == [
        (walk.ref(*BOOKS), "approved", line.approved_fen + 1, line.approved_fen),
        (walk.ref(*ROOMS), "requested", 999, 1000),
    ]
    assert balances.prove() == 2
    event = Event.objects.filter(stream="balances").latest("seq")
    assert (event.verb, event.facts["lines"]) == ("miss_balances", [walk.ref(*BOOKS), walk.ref(*ROOMS)])


def test_a_contracts_use_is_proved_too(walk):
    ref = walk.ref(*BOOKS)
    shop = NewPayee("firm", "书店", "07012345", "工行")
    with clocks.at(NEW_YEAR):
        contracts.sign(line=ref, contract_no="HT", title="书", payee=shop, amount=Decimal(50), signed_on=BY, by=SYSTEM)
    Commitment.objects.update(used_fen=1)
    assert [(found.ref, found.balance) for found in balances.differing()] == [(ref, "used")]
