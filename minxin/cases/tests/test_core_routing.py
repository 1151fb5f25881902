"""Where a case goes: conflict of interest, returns and rulings, passing down, transfers."""

import pytest

from minxin.cases.actions import centre, signing, unit
from minxin.cases.models import Text
from minxin.cases.rules import codes
from minxin.cases.tests.walk import CODES, START, day, filed, refused
from minxin.directory.actions import appointments, units
from minxin.directory.models import Appointment
from minxin.directory.rules import SYSTEM
from minxin.kernel import clocks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
REASON = "账目在该局，当日可以查清"


def accused_finance(cast):
    return filed(cast, respondent="suizhong_finance")


# --- conflict of interest


@pytest.mark.parametrize("unit_key", ["suizhong_education", "gaotai_school"])
def test_the_accused_and_those_below_it_are_caught_by_territory(cast, unit_key):
    with refused("conflict", field="conflict_reason") as refusal:
        filed(cast).dispatched(unit_key)
    assert cast.units[unit_key].name in refusal.value.sentence


def test_those_below_the_accused_by_trade_are_caught_too(cast):
    walk = filed(cast, respondent="city_finance")
    for unit_key in ("city_finance", "suizhong_finance", "nanpiao_finance"):
        with refused("conflict"):
            walk.dispatched(unit_key)
    assert walk.dispatched("suizhong_education").case.conflict_reason == ""


def test_an_accused_assisting_unit_is_caught_as_well(cast):
    with refused("conflict"):
        accused_finance(cast).dispatched("suizhong_education", assisting=["suizhong_finance"])


def test_with_a_written_reason_the_superior_stays_answerable_and_the_reason_stands_on_the_case(cast):
    walk = accused_finance(cast).dispatched(conflict_reason=f"  {REASON}\u202e ")
    assert walk.case.conflict_reason == REASON
    assert walk.case.superior_id == cast.units["city_finance"].id, "its superior in the trade"
    assert Text.objects.filter(case=walk.case, words=codes.Words.REMARK, body=REASON).exists()


def test_a_superior_that_is_itself_below_the_accused_or_cannot_sign_is_passed_over(cast):
    walk = filed(cast).dispatched("gaotai_school", conflict_reason=REASON)
    assert walk.case.superior_id == cast.units["huludao"].id, "绥中县中心 has neither leader nor head"


def test_a_reason_longer_than_its_column_is_refused_at_its_field(cast):
    with refused("too_long", field="conflict_reason"):
        accused_finance(cast).dispatched(conflict_reason="由" * 501)


def test_calling_the_accused_in_needs_a_reason_of_its_own(cast):
    walk = accused_finance(cast).dispatched("city_finance").signed("city_finance")
    dispatcher = walk.by("suizhong_dispatcher")
    with refused("conflict"):
        centre.call_in(walk.ref, unit=CODES["suizhong_finance"], by=dispatcher)
    centre.call_in(walk.ref, unit=CODES["suizhong_finance"], conflict_reason=REASON, by=dispatcher)
    assert (walk.case.conflict_reason, walk.case.superior_id) == (REASON, cast.units["city_finance"].id)


def test_the_unit_above_passes_nothing_down_to_the_accused_not_even_with_a_reason(cast):
    walk = accused_finance(cast).dispatched("city_finance").signed("city_finance")
    with refused("conflict", field="unit"):
        walk.passed_down("suizhong_finance", "city_finance_clerk")
    assert walk.passed_down("nanpiao_finance", "city_finance_clerk").case.stage == "to_sign"


def test_a_case_sent_on_to_somebody_else_is_no_exception_any_more(cast):
    walk = accused_finance(cast).dispatched(conflict_reason=REASON)
    unit.give_back(walk.ref, reason="not_ours", explanation="应由教育局办理", by=walk.by("suizhong_finance_clerk"))
    walk.dispatched("suizhong_education")
    assert (walk.case.conflict_reason, walk.case.superior_id) == ("", None)


def test_the_arbitrator_too_needs_a_reason_for_the_accused(cast):
    walk = disputed(filed(cast))
    arbitrator = walk.by("huludao_arbitrator")
    with refused("conflict"):
        centre.arbitrate(walk.ref, unit=CODES["suizhong_education"], ruling="由你局主办", by=arbitrator)
    centre.arbitrate(
        walk.ref, unit=CODES["suizhong_education"], ruling="由你局主办", conflict_reason=REASON, by=arbitrator
    )
    assert walk.case.superior_id == cast.units["huludao"].id


# --- returns and rulings


def give_back(walk, unit_key="suizhong_finance", reason="not_ours"):
    unit.give_back(walk.ref, reason=reason, explanation="不是我局职责", by=walk.by(f"{unit_key}_clerk"))
    return walk


def disputed(walk):
    give_back(walk.dispatched())
    centre.refer_dispute(walk.ref, reason="两家都说不归自己管", by=walk.by("suizhong_dispatcher"))
    return walk


def test_a_return_goes_to_the_centre_is_counted_and_has_a_clock(cast):
    walk = give_back(filed(cast).dispatched())
    assert (walk.case.stage, walk.case.returns) == ("returned", 1)
    assert walk.work("suizhong_finance").state == "returned"
    assert walk.clock("dispatch").stopped_at is None
    assert walk.clock("sign", "suizhong_finance").stopped_at
    assert walk.clock("handle", "suizhong_finance").stopped_at


def test_a_return_needs_one_of_the_reasons_and_an_explanation(cast):
    walk = filed(cast).dispatched()
    clerk = walk.by("suizhong_finance_clerk")
    with refused("invalid", field="reason"):
        unit.give_back(walk.ref, reason="lazy", explanation="x", by=clerk)
    with refused("invalid", field="reason"):
        unit.give_back(walk.ref, reason="not_ours", explanation="  ", by=clerk)
    assert walk.case.stage == "to_sign"


def test_a_case_that_is_signed_for_cannot_be_returned(cast):
    with refused("stage"):
        give_back(filed(cast).dispatched().signed())


def test_upheld_it_is_sent_elsewhere_and_its_assisting_units_are_free(cast):
    walk = give_back(filed(cast).dispatched(assisting=["nanpiao_discipline"]))
    centre.uphold_return(walk.ref, by=walk.by("suizhong_dispatcher"))
    assert (walk.case.stage, walk.case.lead_id, walk.case.holder_id) == ("accepted", None, None)
    assert walk.work("nanpiao_discipline").state == "cancelled"
    walk.dispatched("nanpiao_discipline")
    assert (walk.case.stage, walk.case.transfers) == ("to_sign", 2)


def test_a_unit_returns_a_case_once_even_when_it_comes_back(cast):
    walk = give_back(filed(cast).dispatched())
    centre.uphold_return(walk.ref, by=walk.by("suizhong_dispatcher"))
    walk.dispatched()
    with refused("returnable"):
        give_back(walk)
    assert walk.signed().case.stage == "handling"


def test_overruled_it_must_handle_the_case_and_that_is_no_transfer(cast):
    walk = give_back(filed(cast).dispatched())
    centre.overrule_return(walk.ref, reason="属于你局职责", by=walk.by("suizhong_dispatcher"))
    assert (walk.case.stage, walk.case.locked, walk.case.transfers) == ("to_sign", True, 1)
    with refused("returnable"):
        give_back(walk)


def test_a_ruling_ends_all_returns_whoever_it_names(cast):
    walk = disputed(filed(cast))
    centre.arbitrate(walk.ref, unit=CODES["nanpiao_finance"], ruling="由你局主办", by=walk.by("huludao_arbitrator"))
    assert (walk.case.stage, walk.case.lead_id) == ("to_sign", cast.units["nanpiao_finance"].id)
    with refused("returnable"):
        give_back(walk, "nanpiao_finance")


def test_only_the_arbitrator_rules_and_a_ruling_has_its_words(cast):
    walk = disputed(filed(cast))
    with refused("forbidden"):
        centre.arbitrate(walk.ref, unit=CODES["nanpiao_finance"], ruling="x", by=walk.by("suizhong_dispatcher"))
    with refused("invalid", field="ruling"):
        centre.arbitrate(walk.ref, unit=CODES["nanpiao_finance"], ruling="", by=walk.by("huludao_arbitrator"))


def test_an_assisting_unit_may_be_ruled_to_lead(cast):
    walk = filed(cast).dispatched(assisting=["nanpiao_finance"])
    give_back(walk)
    centre.refer_dispute(walk.ref, reason="有争议", by=walk.by("suizhong_dispatcher"))
    centre.arbitrate(walk.ref, unit=CODES["nanpiao_finance"], ruling="由你局主办", by=walk.by("huludao_arbitrator"))
    assert walk.holder.part == "lead"


def test_the_third_transfer_brings_in_the_superior_by_itself(cast):
    walk = filed(cast)
    for unit_key in ("suizhong_finance", "nanpiao_finance"):
        give_back(walk.dispatched(unit_key), unit_key)
        assert walk.case.superior_id is None
    walk.dispatched("nanpiao_civil")
    assert (walk.case.transfers, walk.case.returns) == (3, 2)
    assert (walk.case.supervision, walk.case.superior_id) == ("escalated", cast.units["huludao"].id)


def test_a_closed_unit_gets_no_case(cast):
    for row in Appointment.objects.filter(post__unit_id=cast.units["nanpiao_civil"].id):
        appointments.end_appointment(appointment=row.pk, on=START.date(), by=SYSTEM)
    units.close_unit(code=CODES["nanpiao_civil"], on=START.date(), by=SYSTEM)
    with clocks.at(day(1)), refused("invalid", field="unit") as refusal:
        filed(cast).dispatched("nanpiao_civil")
    assert "撤销" in refusal.value.sentence


@pytest.mark.parametrize("days", [0, -1, 61, 10_000])
def test_a_limit_outside_its_bounds_is_refused_at_its_field(cast, days):
    with refused("invalid", field="days"):
        filed(cast).dispatched(days=days)


def test_a_case_is_not_sent_out_before_it_is_condensed_and_classified(cast):
    walk = filed(cast).accepted()
    with refused("digested"):
        centre.dispatch(walk.ref, unit=CODES["suizhong_finance"], by=walk.by("suizhong_dispatcher"))
    centre.condense(walk.ref, title="题", digest="摘编", by=walk.by("suizhong_editor"))
    with refused("classified"):
        centre.dispatch(walk.ref, unit=CODES["suizhong_finance"], by=walk.by("suizhong_dispatcher"))


# --- down four levels and up again


def ladder(cast):
    """Three more finance offices below 绥中县财政局, each with clerk and leader."""
    from minxin.directory import reports
    from minxin.directory.actions import appointments, people

    above = "211421-CZJ"
    for level in ("2", "3", "4", "5"):
        code = f"211421-CZ{level}"
        units.open_unit(
            code=code, name=f"绥中县第{level}财政所", short_name="", kind="station", region="211421", parent=above,
            line_parent=None, is_centre=False, opened_on=START.date(), by=SYSTEM,
        )  # fmt: skip
        for role in ("clerk", "leader"):
            name = f"cz{level}_{role}"
            people.create_person(username=name, label=name, unit=code, change_first=False, by=SYSTEM)
            post = units.open_post(unit=code, role=role, by=SYSTEM)
            appointments.appoint(person=name, post=post, from_on=START.date(), by=SYSTEM)
            cast.officers[name] = reports.officer_by_username(name)
        cast.units[f"cz{level}"] = reports.unit(code)
        CODES[f"cz{level}"] = code
        above = code


@pytest.fixture
def deep(cast):
    units_before, officers_before, codes_before = dict(cast.units), dict(cast.officers), dict(CODES)
    ladder(cast)
    yield cast
    for kept, before in ((cast.units, units_before), (cast.officers, officers_before), (CODES, codes_before)):
        kept.clear()
        kept.update(before)


def down(walk):
    walk.dispatched().signed()
    for above, below in (("suizhong_finance", "cz2"), ("cz2", "cz3"), ("cz3", "cz4")):
        walk.passed_down(below, f"{above}_clerk").signed(below)
    return walk


def test_a_case_goes_down_four_levels_and_not_five(deep):
    walk = down(filed(deep))
    assert walk.holder.level == 4
    with refused("depth_left"):
        walk.passed_down("cz5", "cz4_clerk")


def test_no_level_is_due_after_the_one_above_whatever_it_is_given(deep):
    walk = filed(deep).dispatched(days=6).signed()
    walk.passed_down("cz2", "suizhong_finance_clerk", days=60).signed("cz2")
    walk.passed_down("cz3", "cz2_clerk", days=2).signed("cz3")
    walk.passed_down("cz4", "cz3_clerk")
    dues = [walk.work(key).due_at for key in ("suizhong_finance", "cz2", "cz3", "cz4")]
    assert dues == [walk.clock("handle", key).due_at for key in ("suizhong_finance", "cz2", "cz3", "cz4")]
    assert dues[0] == dues[1]
    assert dues[2] == dues[3] < dues[1] <= walk.case.due_at


def test_the_result_flows_up_level_by_level(deep):
    walk = down(filed(deep))
    for below, above in (("cz4", "cz3"), ("cz3", "cz2"), ("cz2", "suizhong_finance")):
        walk.drafted(below).submitted(below).countersigned()
        assert (walk.case.stage, walk.holder.unit.code) == ("handling", CODES[above])
        assert walk.work(below).state == "reported"
    walk.submitted().countersigned()
    assert walk.case.stage == "review"


def test_the_unit_above_keeps_its_own_clock_running(deep):
    walk = down(filed(deep))
    for key in ("suizhong_finance", "cz2", "cz3"):
        assert walk.work(key).state == "passed_down"
        assert walk.clock("handle", key).stopped_at is None


def test_a_childs_return_goes_to_its_parent_and_not_to_the_centre(deep):
    walk = filed(deep).dispatched().signed().passed_down("cz2", "suizhong_finance_clerk")
    give_back(walk, "cz2")
    assert (walk.case.stage, walk.holder.unit.code, walk.case.returns) == ("handling", CODES["suizhong_finance"], 1)
    walk.passed_down("cz2", "suizhong_finance_clerk")
    with refused("returnable"):
        give_back(walk, "cz2")


def test_a_chief_takes_back_what_his_unit_passed_down_over_all_levels(deep):
    walk = down(filed(deep))
    with refused("forbidden"):
        unit.take_back(walk.ref, reason="由我局自己办", by=walk.by("cz4_leader"))
    unit.take_back(walk.ref, reason="由我局自己办", by=walk.by("suizhong_finance_head"))
    assert (walk.case.stage, walk.holder.unit.code) == ("handling", CODES["suizhong_finance"])
    assert [walk.work(key).state for key in ("cz2", "cz3", "cz4")] == ["cancelled"] * 3
    assert walk.clock("handle", "cz4").stopped_at


def test_a_chief_in_the_middle_takes_back_to_his_own_unit(deep):
    walk = down(filed(deep))
    unit.take_back(walk.ref, reason="由我所自己办", by=walk.by("cz2_leader"))
    assert walk.holder.unit.code == CODES["cz2"]
    assert walk.work("suizhong_finance").state == "passed_down"


def test_a_case_is_passed_down_only_to_units_below_and_only_once_to_each(deep):
    walk = filed(deep).dispatched(assisting=["cz2"]).signed()
    for key in ("suizhong_finance", "city_finance", "nanpiao_civil"):
        with refused("invalid", field="unit"):
            walk.passed_down(key, "suizhong_finance_clerk")
    with refused("invalid", field="unit") as refusal:
        walk.passed_down("cz2", "suizhong_finance_clerk")
    assert "已经在办" in refusal.value.sentence


def test_a_superior_that_only_answers_for_a_case_does_not_take_it_back(cast):
    walk = accused_finance(cast).dispatched(conflict_reason=REASON).signed()
    with refused("forbidden"):
        unit.take_back(walk.ref, reason="我局来办", by=walk.by("city_finance_head"))


def test_the_answer_of_the_accused_leaves_only_with_its_head_and_its_superior(cast):
    walk = accused_finance(cast).dispatched(conflict_reason=REASON).signed().drafted().submitted()
    steps = list(walk.holder.signatures.order_by("order").values_list("step", flat=True))
    assert steps == ["section", "leader", "head", "superior"]
    for name in ("suizhong_finance_section", "suizhong_finance_leader", "suizhong_finance_head"):
        signing.countersign(walk.ref, by=walk.by(name))
        assert walk.case.stage == "countersign"
    with refused("absent"):
        signing.countersign(walk.ref, by=walk.by("city_finance_clerk"))
    signing.countersign(walk.ref, by=walk.by("city_finance_leader"))
    assert walk.case.stage == "review"
