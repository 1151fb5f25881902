"""What the desk asks for next, what it fills in, and whom it offers: assisting, suggested units, officers to name."""

from datetime import date

import pytest

from minxin.cases.models import Custodian
from minxin.cases.models.case import id_of
from minxin.cases.reports import desk as lists
from minxin.cases.reports import naming
from minxin.cases.rules import codes, desk
from minxin.cases.tests import desk_cast as cases
from minxin.directory.actions import appointments, people, units
from minxin.directory.rules import SYSTEM, Role
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
ASSIST = desk.BY_CODE["assist"]


def test_an_assisting_unit_is_asked_to_sign_first_and_then_for_its_opinion(cast):
    ref = cases.accepted(cast)
    browser = cases.signed_in(cast, "suizhong_dispatcher")
    browser.post(f"/desk/cases/{ref}/dispatch/", {"unit": "211421-JYJ", "assisting": "葫芦岛市财政局"})
    helper, clerk = cases.signed_in(cast, "city_finance_clerk"), cast.officers["city_finance_clerk"]
    assert [row.ask for row in lists.inbox(clerk, ASSIST).rows] == ["签收协办"]
    page = helper.get(f"/desk/cases/{ref}/")
    assert [move.verb for move in page.context["moves"] if move.primary] == ["sign_assist"]
    helper.post(f"/desk/cases/{ref}/sign_assist/")
    assert [row.ask for row in lists.inbox(clerk, ASSIST).rows] == ["出具协办意见"]
    page = helper.get(f"/desk/cases/{ref}/")
    assert [move.verb for move in page.context["moves"] if move.primary] == ["opine"]
    assert "sign_assist" not in [move.verb for move in page.context["moves"]]


def test_what_the_catalogue_suggested_is_kept_beside_what_was_decided(cast):
    ref = cases.accepted(cast)
    browser = cases.signed_in(cast, "suizhong_dispatcher")
    page = browser.get(f"/desk/cases/{ref}/")
    form = next(move.form for move in page.context["moves"] if move.verb == "dispatch")
    mark = page.context["file"].suggestion.mark
    assert form.initial["suggested"] == mark
    assert f'name="suggested" value="{mark}"' in page.text
    assert ">Suggested<" not in page.text
    browser.post(f"/desk/cases/{ref}/dispatch/", {"unit": "211421-JYJ", "suggested": mark})
    facts = next(event.facts for event in ledger.history(ref) if event.verb == "dispatch")
    assert (facts["unit"], facts["suggested"]) == ("211421-JYJ", mark)


@pytest.fixture
def report(cast):
    """A sealed report about Suizhong's finance bureau, at the city's discipline commission."""
    accused = cast.units["suizhong_finance"].id
    return cases.filed("sealed", kind=codes.Kind.REPORT, title="举报", consents=False, respondent_id=accused)


def second_post(cast):
    """One more discipline post of the same commission, held by somebody; its id."""
    post = units.open_post(unit="211400-JW", role=Role.DISCIPLINE, section="第二监督检查室", by=SYSTEM)
    people.create_person(username="second", label="市纪委纪检", unit="211400-JW", change_first=False, by=SYSTEM)
    appointments.appoint(person="second", post=post, from_on=date(2004, 5, 1), by=SYSTEM)
    return post


def test_officers_are_named_from_a_list_of_posts_shown_by_office(cast, report):
    post = second_post(cast)
    browser = cases.signed_in(cast, "city_discipline_discipline")
    page = browser.get(f"/desk/cases/{report}/?do=name_officer")
    assert "市纪委 纪检监察员 · 第二监督检查室" in page.text
    assert "岗位编号" not in page.text
    assert browser.post(f"/desk/cases/{report}/name_officer/", {"post": post}).status_code == 302
    assert Custodian.objects.filter(case_id=id_of(report), post_id=post).exists()
    assert naming.posts(cases.case_of(report)) == []


@pytest.mark.parametrize("bad", ["", "0", "-1", "x", "9" * 30])
def test_a_post_that_is_not_on_the_list_is_refused_and_nobody_is_named(cast, report, bad):
    browser = cases.signed_in(cast, "city_discipline_discipline")
    before = Custodian.objects.count()
    for post in (bad, str(cast.posts["nanpiao_discipline_discipline"]), str(cast.posts["city_finance_head"])):
        answer = browser.post(f"/desk/cases/{report}/name_officer/", {"post": post})
        assert answer.status_code == 422
        assert next(move for move in answer.context["moves"] if move.verb == "name_officer").form.errors["post"]
    assert Custodian.objects.count() == before


def test_where_nobody_else_can_be_named_the_form_says_what_to_do(cast, report):
    page = cases.signed_in(cast, "city_discipline_discipline").get(f"/desk/cases/{report}/?do=name_officer")
    assert "没有别的纪检监察岗位可以指定" in page.text
