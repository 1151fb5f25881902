"""Who may know of a case and what he may do with it: every office of the cast against every sort of case."""

from dataclasses import replace
from itertools import cycle

import pytest

from minxin.cases.actions import centre, sealed, unit
from minxin.cases.models import Case, standing
from minxin.cases.rules import codes, moves
from minxin.cases.rules.moves import Stand
from minxin.cases.tests.walk import CODES, filed, refused
from minxin.directory.rules import CITIZEN, SYSTEM, Duty, Officer, Role
from minxin.kernel import clocks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]

# Who sees what. A unit's whole row is "unit_*"; offices not named see nothing.
REGION = {
    "suizhong_editor", "suizhong_dispatcher", "suizhong_reviewer", "suizhong_visitor",
    *(f"{unit}_{role}" for unit in ("huludao", "province")
      for role in ("editor", "dispatcher", "reviewer", "supervisor", "visitor", "arbitrator")),
    "province_observer",
}  # fmt: skip
TREE_ABOVE = {"huludao_head", "province_head"}  # heads see what is assigned below them
FINANCE = {f"suizhong_finance_{role}" for role in ("head", "leader", "clerk", "section")}
CITY_FINANCE = {f"city_finance_{role}" for role in ("head", "leader", "clerk", "section")}
CHIEFS_OF_CITY_FINANCE = {"city_finance_head", "city_finance_leader"}
EDUCATION = {"suizhong_education_head", "suizhong_education_clerk"}
SCHOOL = {"gaotai_school_head", "gaotai_school_clerk"}
NANPIAO_DISCIPLINE = {f"nanpiao_discipline_{role}" for role in ("head", "clerk", "discipline")}

KINDS = {
    "open, not assigned": (filed, REGION),
    "open, assigned": (lambda cast: filed(cast).dispatched(), REGION | TREE_ABOVE | FINANCE),
    "passed down along the trade": (
        lambda cast: (
            filed(cast)
            .dispatched("city_finance")
            .signed("city_finance")
            .passed_down("suizhong_finance", "city_finance_clerk")
        ),
        REGION | TREE_ABOVE | CITY_FINANCE | FINANCE,
    ),
    "handled together": (
        lambda cast: filed(cast).dispatched(assisting=["nanpiao_discipline"]),
        REGION | TREE_ABOVE | FINANCE | NANPIAO_DISCIPLINE,
    ),
    "restricted": (lambda cast: filed(cast, restricted=True).dispatched(), REGION | TREE_ABOVE | FINANCE),
    "given to the accused openly": (
        lambda cast: filed(cast, respondent="suizhong_finance").dispatched(conflict_reason="账目在该局，当日可以查清"),
        REGION | TREE_ABOVE | FINANCE | CHIEFS_OF_CITY_FINANCE,
    ),
    "sealed, against a county bureau": (
        lambda cast: filed(cast, kind=codes.Kind.REPORT, respondent="suizhong_finance"),
        {"city_discipline_discipline"},
    ),
    "sealed, against a bureau of the city": (
        lambda cast: filed(cast, kind=codes.Kind.REPORT, respondent="city_finance"),
        {"city_discipline_discipline"},
    ),
    "sealed, against the district's discipline body": (
        lambda cast: filed(cast, kind=codes.Kind.REPORT, respondent="nanpiao_discipline", region="211404"),
        {"city_discipline_discipline"},
    ),
    "sealed, in the district": (
        lambda cast: filed(cast, kind=codes.Kind.REPORT, respondent="nanpiao_civil", region="211404"),
        {"nanpiao_discipline_discipline"},
    ),
    "sealed, about nobody known": (
        lambda cast: filed(cast, kind=codes.Kind.REPORT, respondent=None),
        {"city_discipline_discipline"},
    ),
}


def sees(officer, walk) -> bool:
    return Case.objects.visible_to(officer).filter(pk=walk.case.pk).exists()


def may(officer, walk) -> set[str]:
    return set(moves.allowed(standing.situation(walk.case, officer, clocks.now())))


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_these_offices_of_the_network_may_know_of_such_a_case(cast, kind):
    make, expected = KINDS[kind]
    walk = make(cast)
    assert {name for name, officer in cast.officers.items() if sees(officer, walk)} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_may_not_know_of_a_case_may_do_nothing_with_it(cast, kind):
    walk = KINDS[kind][0](cast)
    whole, work = standing.situation(walk.case, SYSTEM, clocks.now()), list(walk.case.assignments.all())
    acts = cycle((unit.sign_for, centre.accept, sealed.take_up))
    for name, officer in cast.officers.items():
        if not sees(officer, walk):
            stands = standing.stands(walk.case, officer, work)
            assert moves.allowed(replace(whole, stands=stands)) == [], name
            with refused("absent"):
                next(acts)(walk.ref, by=officer)


def test_observers_and_the_heads_above_read_and_change_nothing(cast):
    walk = filed(cast).dispatched()
    for name in ("province_observer", "huludao_head", "province_head"):
        assert sees(cast.officers[name], walk)
        assert may(cast.officers[name], walk) == set(), name


def test_the_three_administrators_see_no_case_at_all(cast):
    for make, _expected in KINDS.values():
        walk = make(cast)
        for role in ("system_admin", "security_admin", "auditor"):
            assert not sees(cast.officers[f"province_{role}"], walk)
            assert not sees(cast.officers[f"huludao_{role}"], walk)


# What each may do with a case at the unit that leads it.
AT_TO_SIGN = {
    "suizhong_editor": set(),
    "suizhong_dispatcher": {"call_in", "remind"},
    "suizhong_reviewer": set(),
    "suizhong_visitor": set(),
    "huludao_supervisor": {"call_in", "remind", "slip", "list_case", "escalate"},
    "huludao_arbitrator": set(),
    "suizhong_finance_clerk": {"sign_for", "give_back", "answer_slip"},
    "suizhong_finance_head": {"sign_for", "give_back", "answer_slip"},
    "city_finance_head": set(),
}
UNIT_WORK = {
    "record_contact", "ask", "request_extension", "find", "write_report", "write_answer", "record_money",
    "record_measure", "record_rule_change", "answer_slip",
}  # fmt: skip
AT_HANDLING = {
    "suizhong_editor": set(),
    "suizhong_dispatcher": {"call_in", "remind"},
    "huludao_supervisor": {"call_in", "remind", "slip", "list_case", "escalate"},
    "suizhong_finance_clerk": UNIT_WORK | {"pass_down"},
    "suizhong_finance_section": UNIT_WORK,
    "suizhong_finance_leader": UNIT_WORK | {"pass_down"},
    "suizhong_finance_head": UNIT_WORK | {"pass_down"},
    "nanpiao_discipline_clerk": {
        "sign_assist", "opine", "record_money", "record_measure", "record_rule_change", "answer_slip",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", AT_TO_SIGN)
def test_what_each_office_may_do_with_a_case_that_waits_to_be_signed_for(cast, name):
    assert may(cast.officers[name], filed(cast).dispatched()) == AT_TO_SIGN[name]


@pytest.mark.parametrize("name", AT_HANDLING)
def test_what_each_office_may_do_with_a_case_that_is_being_handled(cast, name):
    walk = filed(cast).dispatched(assisting=["nanpiao_discipline"]).signed()
    assert may(cast.officers[name], walk) == AT_HANDLING[name]


def test_the_complainant_may_add_urge_and_withdraw_while_it_is_handled(cast):
    assert may(CITIZEN, filed(cast).dispatched().signed()) == {"add", "urge", "withdraw"}


# --- the accused


def test_a_centre_post_gives_nothing_to_somebody_who_also_serves_the_accused(cast):
    post = next(duty for duty in cast.officers["suizhong_dispatcher"].duties)
    both = Officer(None, "两处任职", (*cast.officers["suizhong_finance_clerk"].duties, post))
    for walk in (
        filed(cast, key="a", respondent="suizhong_finance").prepared(),
        filed(cast, key="b", respondent="city_finance").prepared(),
    ):
        assert may(both, walk) == set(), "he serves the accused unit, or one below it by its trade"
    assert "dispatch" in may(both, filed(cast, key="c").prepared())


def test_the_accused_that_was_given_its_case_openly_handles_it_and_does_nothing_else(cast):
    walk = filed(cast, respondent="suizhong_finance").dispatched(conflict_reason="当日可以查清").signed()
    extra = Duty(Role.SUPERVISOR, cast.units["huludao"], 0)
    both = Officer(None, "两处任职", (*cast.officers["suizhong_finance_clerk"].duties, extra))
    assert may(both, walk) == UNIT_WORK | {"pass_down"}


def test_the_highest_centre_answers_complaints_about_itself_because_nobody_else_could(cast):
    walk = filed(cast, respondent="province")
    assert walk.case.centre_id == cast.units["province"].id
    assert {"accept", "condense", "decline", "answer_directly"} <= may(cast.officers["province_editor"], walk)
    assert may(cast.officers["huludao_editor"], walk) == set(), "a centre below the accused"
    walk.prepared("province_editor")
    for reason in ("", "没有别的单位"):
        with refused("conflict"):
            walk.dispatched("suizhong_finance", "province_dispatcher", conflict_reason=reason)


# --- sealed


def test_a_sealed_report_is_nobodys_who_also_serves_the_accused_even_when_named(cast):
    walk = filed(cast, kind=codes.Kind.REPORT, respondent="suizhong_finance")
    named = cast.officers["city_discipline_discipline"]
    for at in ("suizhong_finance",):
        both = Officer(None, "两处任职", (*named.duties, Duty(Role.CLERK, cast.units[at], 0)))
        assert not sees(both, walk)
        assert standing.stands(walk.case, both, []) == set()
    assert sees(named, walk)
    assert {"accept", "decline", "answer_directly", "name_officer"} <= may(named, walk)


def test_a_sealed_report_against_the_discipline_body_and_all_above_it_is_refused_with_the_way_to_go(cast):
    for respondent in ("city_discipline", "huludao", "province"):
        with refused("no_discipline_body") as refusal:
            filed(cast, key=respondent, kind=codes.Kind.REPORT, respondent=respondent)
        assert "12388" in refusal.value.sentence
    assert not Case.objects.exists()


def test_another_discipline_officer_sees_a_sealed_report_when_named_and_never_before(cast):
    walk = filed(cast, kind=codes.Kind.REPORT, respondent="suizhong_finance")
    other = cast.officers["nanpiao_discipline_discipline"]
    assert not sees(other, walk)
    named = cast.officers["city_discipline_discipline"]
    sealed.name_officer(walk.ref, post=cast.posts["nanpiao_discipline_discipline"], by=named)
    assert sees(other, walk)
    assert may(other, walk) == may(named, walk)


@pytest.mark.parametrize("post", ["suizhong_finance_clerk", "city_discipline_clerk"])
def test_only_discipline_posts_can_be_named_for_a_sealed_report(cast, post):
    walk = filed(cast, kind=codes.Kind.REPORT, respondent="suizhong_finance")
    with refused("invalid", field="post"):
        sealed.name_officer(walk.ref, post=cast.posts[post], by=cast.officers["city_discipline_discipline"])


def test_a_discipline_post_below_the_accused_cannot_be_named(cast):
    walk = filed(cast, kind=codes.Kind.REPORT, respondent="nanpiao_discipline", region="211404")
    with refused("conflict", field="post"):
        sealed.name_officer(
            walk.ref,
            post=cast.posts["nanpiao_discipline_discipline"],
            by=cast.officers["city_discipline_discipline"],
        )


def test_a_sealed_report_is_taken_up_answered_and_rated_without_leaving_the_discipline_body(cast):
    walk = filed(cast, kind=codes.Kind.REPORT, respondent="suizhong_finance")
    named = cast.officers["city_discipline_discipline"]
    centre.accept(walk.ref, by=named)
    sealed.take_up(walk.ref, by=named)
    unit.find(walk.ref, finding="true", resolution="solved", by=named)
    centre.answer_directly(walk.ref, answer="经查属实，已作处理。", resolution="solved", by=named)
    walk.rated(5)
    assert (walk.case.stage, walk.case.lane, walk.case.published_at) == ("closed", "sealed", None)
    assert not walk.case.assignments.exists()
    with refused("forbidden"):
        centre.dispatch(walk.ref, unit=CODES["suizhong_finance"], by=named)


def test_what_an_office_is_to_a_case_follows_its_posts(cast):
    walk = (
        filed(cast)
        .dispatched("city_finance", assisting=["nanpiao_discipline"])
        .signed("city_finance")
        .passed_down("suizhong_finance", "city_finance_leader")
    )
    expected = {
        "suizhong_finance_clerk": {Stand.CLERK},
        "suizhong_finance_section": {Stand.SECTION},
        "city_finance_head": {Stand.PARENT},
        "city_finance_clerk": set(),
        "nanpiao_discipline_discipline": {Stand.ASSIST},
        "huludao_supervisor": {Stand.SUPERVISOR},
        "shenyang_dispatcher": set(),
    }
    for name, stands in expected.items():
        found = standing.stands(walk.case, cast.officers[name], list(walk.case.assignments.all()))
        assert found == stands, name
