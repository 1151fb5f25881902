"""The life of a case, walked through with the real actions."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from minxin.cases.actions import centre, closing, filing, following, outcome, signing, unit
from minxin.cases.models import Assignment, Case, Money, PublicCase, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.reports import track
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Contact, Draft
from minxin.directory.rules import CITIZEN
from minxin.directory.tests.cast import Cast
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
MOMENT = datetime(2007, 3, 7, 8, 30, tzinfo=clocks.ZONE)
ANSWER = (
    "3月7日上午已与您联系。经查，欠发的 429 元已于3月7日下午通过学校发到您手中。联系电话 0429-6123456。"
    "感谢您的信任，今后有问题可以随时联系我们。"
)


@pytest.fixture(autouse=True)
def _fresh_catalogue():
    snapshot.forget()


def draft(cast: Cast, **changes) -> Draft:
    values = {
        "kind": codes.Kind.COMPLAINT,
        "title": "拖欠工资 429 元",
        "text": "学校老师反映：县里拖欠我的工资 429 元，请帮助解决。",
        "region": "211421",
        "respondent_id": cast.units["suizhong_finance"].id,
        "contact": Contact("某老师", "13800001234", ""),
        "consents": True,
        "amount": Decimal("429.00"),
    }
    return Draft(**(values | changes))


def test_the_429_yuan_of_the_story_go_from_filing_to_five_stars_on_one_day(cast):
    officers = cast.officers
    with clocks.at(MOMENT):
        receipt = filing.file(draft(cast), key="k1", by=CITIZEN)
    ref, code = receipt.ref, receipt.code
    assert ref.startswith("MX2007-")
    case = Case.objects.get(pk=id_of(ref))

    by = lambda name: officers[name]  # noqa: E731
    with clocks.at(MOMENT.replace(hour=9)):
        centre.accept(ref, by=by("huludao_editor"))
        centre.condense(
            ref, title="教师反映拖欠工资", digest="绥中县一名教师反映被拖欠工资 429 元。", by=by("huludao_editor")
        )
        centre.classify(ref, category="1601", by=by("huludao_editor"))
        with pytest.raises(Refused) as refusal:
            centre.dispatch(ref, unit="211421-CZJ", by=by("huludao_dispatcher"))
        assert refusal.value.code == "conflict"
        centre.dispatch(
            ref,
            unit="211421-CZJ",
            conflict_reason="账目在县财政局，当日可以查清；市财政局对结果负责。",
            by=by("huludao_dispatcher"),
        )
    clerk = by("suizhong_finance_clerk")
    with clocks.at(MOMENT.replace(hour=10)):
        unit.sign_for(ref, by=clerk)
        unit.record_contact(ref, how="phone", reached=True, by=clerk)
        unit.find(ref, finding=codes.Finding.UNTRUE, resolution=codes.Resolution.SOLVED, by=clerk)
        outcome.record_money(
            ref, kind=codes.MoneyKind.ARREARS, amount=Decimal("429.00"), evidence="学校工资发放表", by=clerk
        )
        unit.write_report(ref, body="财政已足额拨付，欠发原因在学校核算；经协调当日补发。", by=clerk)
        unit.write_answer(ref, body=ANSWER, by=clerk)
        signing.submit(ref, by=clerk)
    with clocks.at(MOMENT.replace(hour=14)):
        signing.countersign(ref, by=by("suizhong_finance_section"))
        with pytest.raises(Refused):
            signing.countersign(ref, by=by("suizhong_finance_head"))
        signing.countersign(ref, by=by("suizhong_finance_leader"))
        signing.countersign(ref, by=by("suizhong_finance_head"))
        signing.countersign(ref, by=by("city_finance_leader"))
        closing.approve(ref, by=by("huludao_reviewer"))
        following.rate(ref, code=code, satisfaction=5, contacted=True, solved=True)
    case = Case.objects.get(pk=id_of(ref))
    assert (case.stage, case.stars, case.final_rating) == ("closed", 5, 5)
    assert (case.finding, case.resolution) == ("untrue", "solved")
    assert sum(Money.objects.filter(case=case).values_list("amount_fen", flat=True)) == 42_900
    closing.publish(
        ref,
        title="教师工资 429 元当日补发",
        question="教师反映被拖欠工资 429 元。",
        answer="当日补发到位。",
        by=by("huludao_reviewer"),
    )
    assert PublicCase.objects.filter(pk=case.pk, stars=5).exists()
    events = ledger.history(ref)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert Assignment.objects.filter(case=case).count() == 1
    assert date(2007, 3, 7) == events[-2].at.astimezone(clocks.ZONE).date()
    seen = track.track(track.opened(ref, code))
    assert seen.answer == ANSWER
    assert next(step.verb for step in seen.steps) == "file"
    with pytest.raises(Absent):
        track.opened(ref, "AAAAAAAA")
