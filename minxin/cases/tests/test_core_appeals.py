"""复查 and 复核: when they may be asked for, who decides, by when, and what follows."""

import pytest

from minxin.cases.actions import centre, closing, following, timing, watching
from minxin.cases.models import Message, SlipRow, standing
from minxin.cases.rules import moves
from minxin.cases.tests.walk import day, filed, refused
from minxin.kernel import clocks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
JUDGE = "huludao_reviewer"  # the centre above 绥中县中心


def request(walk, which="request_review"):
    getattr(following, which)(walk.ref, code=walk.code, reason="不服答复")
    return walk


def decide(walk, decision, name=JUDGE, opinion="复查意见如下"):
    closing.decide_appeal(walk.ref, decision=decision, opinion=opinion, by=walk.by(name))
    return walk


def closed(cast):
    return filed(cast).answered().rated(3)


def declined(cast):
    walk = filed(cast)
    centre.decline(walk.ref, ground="other_area", explanation="请向所在地反映", by=walk.by("suizhong_editor"))
    return walk


def test_a_review_is_asked_for_within_thirty_days_and_decided_within_thirty(cast):
    walk = closed(cast)
    with clocks.at(day(30).replace(hour=23)):  # 1 April
        request(walk)
        assert (walk.case.stage, walk.case.closed_at) == ("appeal", None)
        assert walk.clock("appeal").amount == 30


@pytest.mark.parametrize("late", [31, 90])
def test_after_thirty_days_it_is_too_late(cast, late):
    walk = closed(cast)
    with clocks.at(day(late)), refused("review_window"):
        request(walk)


def test_only_the_centre_above_decides(cast):
    walk = request(closed(cast))
    assert walk.case.appeals.get().unit_id == cast.units["huludao"].id
    able = {
        name
        for name, officer in cast.officers.items()
        if "decide_appeal" in moves.allowed(standing.situation(walk.case, officer, clocks.now()))
    }
    assert able == {"huludao_reviewer", "huludao_supervisor"}
    for name in ("suizhong_reviewer", "province_reviewer", "huludao_editor"):
        with refused("forbidden"):
            decide(walk, "supported", name)


def test_supported_the_unit_handles_it_again(cast):
    walk = decide(request(closed(cast)), "supported")
    assert (walk.case.stage, walk.case.redos, walk.case.lead_id) == ("handling", 1, cast.units["suizhong_finance"].id)
    assert walk.clock("answer").stopped_at is None


@pytest.mark.parametrize("decision", ["explained", "not_supported"])
def test_not_supported_the_case_closes_and_the_whole_opinion_is_told(cast, decision):
    opinion = "意见" * 2_000
    walk = decide(request(closed(cast)), decision, opinion=opinion)
    assert (walk.case.stage, walk.case.final_rating) == ("closed", 3)
    assert Message.objects.filter(case=walk.case, note="notice", body=opinion).exists()


def test_a_refusal_to_take_a_case_in_can_be_reviewed_and_turned(cast):
    walk = decide(request(declined(cast)), "supported")
    assert (walk.case.stage, walk.case.closed_at) == ("accepted", None)
    assert walk.case.accepted_at
    assert walk.clock("dispatch").stopped_at is None


def test_an_upheld_refusal_stays_a_refusal_and_never_becomes_a_closed_case(cast):
    walk = decide(request(declined(cast)), "not_supported")
    assert walk.case.stage == "declined"
    assert request(walk, "request_recheck").case.stage == "appeal"


def test_the_stars_of_a_case_first_declined_run_from_its_acceptance(cast):
    walk = declined(cast)
    with clocks.at(day(20)):
        decide(request(walk), "supported")
        timing.grade(case := walk.case)
        assert case.stars is None, "not five stars for a quick refusal"


def test_the_second_review_goes_one_level_higher_and_is_the_last(cast):
    walk = decide(request(closed(cast)), "not_supported")
    with refused("review_window"):
        request(walk)
    request(walk, "request_recheck")
    assert walk.case.appeals.get(tier="recheck").unit_id == cast.units["province"].id
    assert walk.clock("recheck").amount == 30
    with refused("forbidden"):
        decide(walk, "not_supported")
    decide(walk, "not_supported", "province_supervisor")
    assert walk.case.stage == "closed"
    with refused("recheck_window"):
        request(walk, "request_recheck")


def test_no_second_review_without_a_first(cast):
    with refused("recheck_window"):
        request(closed(cast), "request_recheck")


def test_the_second_review_too_has_its_window(cast):
    walk = decide(request(closed(cast)), "explained")
    with clocks.at(day(40)), refused("recheck_window"):
        request(walk, "request_recheck")


def test_a_late_review_is_the_reviewing_centres_own_red_slip(cast):
    walk = request(closed(cast))
    with clocks.at(day(40)):
        watching.watch_clocks()
    slip = SlipRow.objects.get(case=walk.case)
    assert (slip.slip, slip.unit_id) == ("red", cast.units["huludao"].id)
    assert walk.case.superior_id is None


def test_an_opinion_needs_words_and_one_of_three_decisions(cast):
    walk = request(closed(cast))
    with refused("invalid", field="decision"):
        decide(walk, "maybe")
    with refused("invalid", field="opinion"):
        decide(walk, "explained", opinion=" ")
