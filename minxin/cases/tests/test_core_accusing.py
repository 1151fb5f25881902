"""Who speaks against a unit keeps it from the case; praise, a question or a suggestion about it goes to it."""

import pytest

from minxin.cases.actions import centre, unit
from minxin.cases.models import standing
from minxin.cases.reports import suggestion
from minxin.cases.rules import codes
from minxin.cases.tests import walk
from minxin.kernel import clocks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
KIND = codes.Kind
FRIENDLY = sorted(set(KIND) - codes.ACCUSING)
AGAINST = sorted(codes.ACCUSING - {KIND.REPORT})  # a report of wrongdoing is sealed and never sent to a unit


def test_every_kind_either_accuses_or_does_not():
    assert {KIND.PRAISE, KIND.ENQUIRY, KIND.SUGGESTION} == set(FRIENDLY)
    assert {KIND.COMPLAINT, KIND.REPORT, KIND.HELP, KIND.OTHER} == codes.ACCUSING


@pytest.mark.parametrize("kind", FRIENDLY)
def test_what_does_not_accuse_is_sent_to_the_unit_it_is_about_and_handled_there(cast, kind):
    way = walk.filed(cast, kind=kind).dispatched("suizhong_education").signed("suizhong_education")
    assert (way.case.conflict_reason, way.case.superior_id) == ("", None)
    assert way.holder.unit_id == way.case.respondent_id
    stands = standing.stands(way.case, cast.officers["suizhong_education_clerk"], [way.holder])
    assert "clerk" in stands


@pytest.mark.parametrize("kind", AGAINST)
def test_what_accuses_is_not_sent_to_the_accused_without_a_written_reason(cast, kind):
    way = walk.filed(cast, kind=kind).prepared()
    with walk.refused("conflict", field="conflict_reason"):
        centre.dispatch(way.ref, unit="211421-JYJ", by=cast.officers["suizhong_dispatcher"])
    assert not standing.stands(way.case, cast.officers["suizhong_education_clerk"], [])


def test_praise_may_be_passed_down_to_the_school_that_is_praised(cast):
    way = walk.filed(cast, kind=KIND.PRAISE, respondent="gaotai_school").dispatched("suizhong_education")
    way.signed("suizhong_education")
    unit.pass_down(way.ref, unit="211421-GTZX", by=cast.officers["suizhong_education_clerk"])
    assert way.holder.unit_id == cast.units["gaotai_school"].id


@pytest.mark.parametrize("kind", [KIND.PRAISE, KIND.COMPLAINT])
def test_a_centre_takes_in_its_own_praise_but_never_a_complaint_about_itself(cast, kind):
    way = walk.filed(cast, kind=kind, respondent="suizhong")
    assert (way.case.centre_id == cast.units["suizhong"].id) == (kind == KIND.PRAISE)
    own = standing.stands(way.case, cast.officers["suizhong_editor"], [])
    assert ("editor" in own) == (kind == KIND.PRAISE)


@pytest.mark.parametrize("kind", [KIND.PRAISE, KIND.COMPLAINT])
def test_the_catalogue_lifts_a_complaint_over_the_accused_and_leaves_praise_where_it_belongs(cast, kind):
    way = walk.filed(cast, kind=kind)
    with clocks.at(walk.day(0)):
        found = suggestion.consider(
            suggestion.Matter(kind, "211421", category="16", respondent_id=way.case.respondent_id),
            cast.officers["suizhong_education_clerk"],
        )
    assert found.conflict == (kind == KIND.COMPLAINT)
