"""Each page of the desk, opened by those who work there: entry, boards, lists, paper, fragments."""

import pytest

from minxin.cases.actions import supervision
from minxin.cases.models import Case, Filing, SlipRow
from minxin.cases.models.case import id_of
from minxin.cases.tests import desk_cast as cases
from minxin.directory.rules import Role

pytestmark = pytest.mark.django_db


def test_the_editor_finds_a_new_case_in_his_first_queue_and_opens_it(cast):
    ref = cases.filed()
    browser = cases.signed_in(cast, "suizhong_editor")
    page = browser.get("/desk/")
    assert page.status_code == 200
    assert ref in page.text
    opened = browser.get(f"/desk/cases/{ref}/?queue=accept")
    assert opened.status_code == 200
    assert cases.SECRET in opened.text
    assert "受理" in opened.text


def test_every_role_has_a_home_and_only_the_doors_of_his_duties(cast):
    for name in cases.of_every_role(cast):
        officer, browser = cast.officers[name], cases.signed_in(cast, name)
        assert browser.get("/desk/").status_code == 200, name
        centre = officer.has(
            Role.EDITOR, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR, Role.VISITOR, Role.ARBITRATOR
        )
        assert browser.get("/desk/enter/").status_code == (200 if centre else 404), name
        watches = officer.has(Role.SUPERVISOR, Role.DISPATCHER, Role.OBSERVER)
        assert browser.get("/desk/supervision/").status_code == (200 if watches else 404), name
        leads = officer.has(Role.HEAD, Role.LEADER)
        assert browser.get("/desk/minute/").status_code == (200 if leads else 404), name


def test_a_queue_of_somebody_else_does_not_exist(cast):
    assert cases.signed_in(cast, "suizhong_education_clerk").get("/desk/cases/?queue=accept").status_code == 404


ENTRY = {
    "key": "e1", "channel": "phone", "kind": "complaint", "title": "来电反映停水", "text": "家里停水三天。",
    "region": "211421", "respondent": "绥中县教育局", "name": "某女士", "phone": "13900005678", "consents": "on",
}  # fmt: skip


def test_a_call_is_entered_with_its_channel_and_its_receipt_printed(cast):
    browser = cases.signed_in(cast, "suizhong_editor")
    answer = browser.post("/desk/enter/", ENTRY)
    case = Case.objects.get()
    assert case.ref in answer.text
    assert (case.channel, case.respondent.code) == ("phone", "211421-JYJ")
    assert Filing.objects.get(pk=case.pk).entered_by_post == cast.posts["suizhong_editor"]
    again = browser.post("/desk/enter/", ENTRY)
    assert case.ref in again.text
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "bad"),
    [("title", ""), ("title", "长" * 61), ("phone", "12"), ("amount", "很多"), ("region", "999999"),
     ("occurred_on", "2999-01-01"), ("respondent", "没有的单位"), ("channel", "web"), ("email", "@"),
     ("text", "x" * 20_000)],
)  # fmt: skip
def test_an_entry_that_cannot_stand_keeps_everything_typed_and_says_what_to_do(cast, field, bad):
    answer = cases.signed_in(cast, "suizhong_editor").post("/desk/enter/", ENTRY | {field: bad})
    assert answer.status_code == 422
    assert "家里停水三天" in answer.text or field == "text"
    assert "某女士" in answer.text
    assert answer.context["form"].errors
    assert not Case.objects.exists()


def test_the_supervision_board_shows_what_is_supervised_by_weight(cast):
    ref, other = cases.dispatched(cast, "a"), cases.dispatched(cast, "b")
    by = cast.officers["huludao_supervisor"]
    supervision.slip(ref, colour="red", reason="超期", by=by)
    supervision.list_case(other, reason="群众反复反映", by=by)
    browser = cases.signed_in(cast, "huludao_supervisor")
    board = browser.get("/desk/supervision/").text
    assert ref in board
    assert other in board
    red = browser.get("/desk/supervision/?slip=red").text
    assert ref in red
    assert other not in red


def test_a_slip_waits_for_its_answer_in_the_units_queue(cast):
    ref = cases.dispatched(cast)
    supervision.slip(ref, colour="yellow", reason="请说明进展", by=cast.officers["huludao_supervisor"])
    browser = cases.signed_in(cast, "suizhong_education_clerk")
    assert ref in browser.get("/desk/cases/?queue=slips").text
    slip = SlipRow.objects.get()
    answer = browser.post(
        f"/desk/cases/{ref}/answer_slip/", {"slip": slip.pk, "answer": "已派人核实。", "queue": "slips"}
    )
    assert answer.status_code == 302
    assert ref not in browser.get("/desk/cases/?queue=slips").text


def test_a_heads_minute_tells_what_waits_for_his_signature(cast):
    ref = cases.submitted(cast)
    page = cases.signed_in(cast, "suizhong_education_head").get("/desk/minute/").text
    assert ref in page
    assert "等您签发" in page


def test_the_same_telephone_is_noted_for_the_centre_only(cast):
    first, second = cases.dispatched(cast, "a"), cases.dispatched(cast, "b")
    assert first in cases.signed_in(cast, "suizhong_dispatcher").get(f"/desk/cases/{second}/").text
    unit_page = cases.signed_in(cast, "suizhong_education_clerk").get(f"/desk/cases/{second}/").text
    assert "同一电话还反映过" not in unit_page


def test_cases_that_read_alike_are_offered_beside_merging(cast):
    first, second = cases.filed("a"), cases.filed("b")
    page = cases.signed_in(cast, "suizhong_editor").get(f"/desk/cases/{second}/").text
    assert "本地区最像的未办结件" in page
    assert first in page


def test_a_case_with_no_fitting_duty_stands_in_triage(cast):
    ref = cases.accepted(cast)
    assert ref in cases.signed_in(cast, "suizhong_dispatcher").get("/desk/cases/?queue=triage").text


def test_the_list_asks_for_a_fragment_and_gets_the_case_alone(cast):
    ref = cases.filed()
    browser = cases.signed_in(cast, "suizhong_editor")
    answer = browser.get(f"/desk/cases/{ref}/?queue=accept", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert f'data-ref="{ref}"' in answer.text
    back = browser.get(f"/desk/cases/{ref}/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in back.text


def test_a_printed_file_keeps_the_identity_out_and_is_recorded(cast):
    ref = cases.filed()
    browser = cases.signed_in(cast, "suizhong_editor")
    page = browser.get(f"/desk/cases/{ref}/print/")
    assert "13800001234" not in page.text
    from minxin.cases.models import Reading

    assert Reading.objects.filter(case_id=id_of(ref), what="print").count() == 1


def test_a_printed_file_explains_every_clock_day_by_day_the_stopped_ones_too(cast):
    ref = cases.submitted(cast)
    browser = cases.signed_in(cast, "suizhong_education_clerk")
    page = browser.get(f"/desk/cases/{ref}/print/")
    file = page.context["file"]
    assert file.past_clocks
    assert page.text.count('<details class="due-why" open>') == len(file.clocks) + len(file.past_clocks)
    assert '<details class="more past-clocks" open>' in page.text
    assert '<details class="due-why" open>' not in browser.get(f"/desk/cases/{ref}/").text


def test_units_are_suggested_by_part_of_their_name(cast):
    page = cases.signed_in(cast, "suizhong_editor").get("/desk/cases/units/?unit=绥中教育")
    assert "绥中县教育局" in page.text


def test_filters_are_part_of_the_address_and_narrow_the_list(cast):
    complaint, help_ = cases.filed("a"), cases.filed("b", kind="help", title="求助")
    browser = cases.signed_in(cast, "suizhong_editor")
    page = browser.get("/desk/cases/?kind=help").text
    assert help_ in page
    assert complaint not in page
    assert complaint in browser.get("/desk/cases/?queue=accept&kind=complaint").text
    assert complaint not in browser.get("/desk/cases/?overdue=on").text
    assert complaint not in browser.get("/desk/cases/?supervised=on").text
    assert complaint not in browser.get("/desk/cases/?region=210100").text


def test_a_sheets_cells_are_never_formulas(cast):
    cases.filed(title="=HYPERLINK(1)")
    sheet = cases.signed_in(cast, "suizhong_editor").get("/desk/cases/export/").text
    assert "'=HYPERLINK(1)" in sheet
