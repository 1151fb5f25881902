"""The moves of the case page: exactly those allowed, done and onward, refused with everything kept; many at once."""

import pytest

from minxin.cases.actions import centre, signing, unit
from minxin.cases.forms import panel
from minxin.cases.forms.desk import BATCH, VERBS
from minxin.cases.models import Assignment
from minxin.cases.reports import dossier
from minxin.cases.rules import moves
from minxin.cases.tests import desk_cast as cases

pytestmark = pytest.mark.django_db
CITIZENS = {verb for verb, move in moves.MOVES.items() if move.by == {moves.Stand.CITIZEN}}
SYSTEMS = {verb for verb, move in moves.MOVES.items() if move.by == {moves.Stand.SYSTEM}}


def test_every_verb_of_staff_has_its_form_and_action():
    assert set(VERBS) == set(moves.MOVES) - CITIZENS - SYSTEMS
    assert set(BATCH) <= set(VERBS)


def test_a_forms_fields_are_the_facts_of_its_action():
    import inspect

    for verb, row in VERBS.items():
        known = inspect.signature(row.act).parameters
        names = set(row.form.base_fields)
        assert names <= set(known), verb
        needed = {name for name, one in known.items() if one.default is one.empty} - {"ref", "by"}
        assert needed <= names, verb


READERS = (
    "suizhong_editor", "suizhong_dispatcher", "huludao_supervisor", "suizhong_education_clerk",
    "suizhong_education_head", "province_observer",
)  # fmt: skip


def test_the_panel_offers_exactly_the_moves_that_are_allowed(cast):
    ref = cases.dispatched(cast)
    assert_offered(cast, ref)
    cases.written(cast, ref)
    assert_offered(cast, ref)
    signing.submit(ref, by=cast.officers["suizhong_education_clerk"])
    assert_offered(cast, ref)
    signing.countersign(ref, by=cast.officers["suizhong_education_head"])
    assert_offered(cast, ref)


def assert_offered(cast, ref):
    for username in READERS:
        file = dossier.dossier(cases.case_of(ref), cast.officers[username])
        offered = [move.verb for move in panel.panel(file)]
        page = cases.signed_in(cast, username).get(f"/desk/cases/{ref}/").text
        for verb in VERBS:
            assert (f"/desk/cases/{ref}/{verb}/" in page) == (verb in offered) == (verb in file.verbs)


MONEY = {"kind": "arrears", "amount": "429.00", "people": "1", "evidence": "发放表"}
MEASURE = {"subject": "unit", "unit": "211421-GTZX", "measure": "rectify", "people": "1", "basis": "通知"}
RATED = {"reached": "yes", "satisfaction": "5", "contacted": "on", "solved": "on"}
PUBLISHED = {"title": "工资当日补发", "question": "教师反映被拖欠工资。", "answer": "已补发。"}


def post(cast, username, ref, verb, follow=False, **facts):
    return cases.signed_in(cast, username).post(f"/desk/cases/{ref}/{verb}/", facts, follow=follow)


def test_the_whole_way_of_a_case_is_walked_with_the_desks_forms(cast):
    ref = cases.filed()
    for username, verb, facts in [
        ("suizhong_editor", "accept", {}),
        ("suizhong_editor", "condense", {"title": "拖欠工资", "digest": "绥中县一名教师反映被拖欠工资。"}),
        ("suizhong_editor", "classify", {"category": cases.category(), "urgency": "normal", "tags": "工资、教师"}),
        ("suizhong_dispatcher", "dispatch", {"unit": "绥中县教育局", "assisting": "葫芦岛市财政局"}),
        ("suizhong_education_clerk", "sign_for", {}),
        ("suizhong_education_clerk", "record_contact", {"how": "phone", "reached": "yes"}),
        ("suizhong_education_clerk", "request_extension", {"days": "3", "reason": "papers", "explanation": "等材料"}),
        ("suizhong_dispatcher", "decide_extension", {"granted": "yes"}),
        ("suizhong_education_clerk", "find", {"finding": "true", "resolution": "solved"}),
        ("suizhong_education_clerk", "record_money", MONEY),
        ("suizhong_education_clerk", "record_measure", MEASURE),
        ("suizhong_education_clerk", "record_rule_change", {"what": "按月公示工资发放。"}),
        ("suizhong_education_clerk", "write_report", {"body": "已查实。"}),
        ("suizhong_education_clerk", "write_answer", {"body": cases.ANSWER}),
        ("city_finance_clerk", "sign_assist", {}),
        ("city_finance_clerk", "opine", {"opinion": "拨款已到位。", "dissents": "on"}),
        ("suizhong_education_clerk", "submit", {}),
        ("suizhong_education_head", "return_draft", {"remark": "写明日期"}),
        ("suizhong_education_clerk", "submit", {}),
        ("suizhong_education_head", "countersign", {"remark": "同意"}),
        ("suizhong_reviewer", "approve", {}),
        ("suizhong_visitor", "call_back", RATED),
        ("suizhong_reviewer", "publish", PUBLISHED),
    ]:  # fmt: skip
        answer = post(cast, username, ref, verb, **facts)
        assert answer.status_code == 302, (verb, answer.context["moves"][0].form.errors if answer.context else "")
    case = cases.case_of(ref)
    assert (case.stage, case.final_rating, case.extensions) == ("closed", 5, 1)
    assert case.published_at


def test_a_refused_move_says_why_at_its_field_and_keeps_what_was_typed(cast):
    ref = cases.accepted(cast, respondent_id=cast.units["suizhong_education"].id)
    answer = post(cast, "huludao_dispatcher", ref, "dispatch", unit="211421-JYJ", instruction="请在三日内核实清楚")
    assert answer.status_code == 409
    assert "按回避原则应由上一级办理" in answer.text
    assert "请在三日内核实清楚" in answer.text
    assert cases.case_of(ref).stage == "accepted"


def test_a_move_whose_time_has_passed_says_where_the_case_is(cast):
    ref = cases.handled(cast)
    answer = post(cast, "suizhong_education_clerk", ref, "give_back", reason="not_ours", explanation="不属本局")
    assert answer.status_code == 409
    assert "办理中" in answer.text
    assert "不属本局" in answer.text


def test_a_units_name_that_fits_several_is_answered_with_the_likely_ones(cast):
    ref = cases.accepted(cast)
    answer = post(cast, "suizhong_dispatcher", ref, "dispatch", unit="财政局")
    assert answer.status_code == 422
    assert "绥中县财政局" in answer.text
    assert "葫芦岛市财政局" in answer.text


def test_doing_one_case_leads_to_the_next_of_the_queue(cast):
    first, second = cases.dispatched(cast, "a"), cases.dispatched(cast, "b")
    answer = post(cast, "suizhong_education_clerk", first, "sign_for", queue="to_sign")
    assert answer["Location"] == f"/desk/cases/{second}/?queue=to_sign"
    answer = post(cast, "suizhong_education_clerk", second, "sign_for", queue="to_sign", follow=True)
    assert "已经办完" in answer.text


def test_one_stays_at_a_case_that_still_waits_in_the_queue(cast):
    ref = cases.handled(cast)
    answer = post(cast, "suizhong_education_clerk", ref, "write_report", body="补充证据。", queue="handling")
    assert answer["Location"] == f"/desk/cases/{ref}/?queue=handling"


def test_a_batch_checks_each_row_and_says_which_were_refused_and_why(cast):
    new, sent = cases.filed("new"), cases.dispatched(cast, "sent")
    browser = cases.signed_in(cast, "suizhong_editor")
    answer = browser.post(
        "/desk/cases/batch/", {"verb": "accept", "refs": [new, sent, "MX0", "<b>"], "queue": "accept"}
    )
    assert answer.status_code == 409
    assert cases.case_of(new).stage == "accepted"
    assert "现在是“待签收”" in answer.text
    assert "<b>" not in answer.text
    assert answer.text.count("没有办成") == 3


def test_a_batch_that_all_went_well_returns_to_its_queue(cast):
    refs = [cases.dispatched(cast, key) for key in "abc"]
    browser = cases.signed_in(cast, "suizhong_education_clerk")
    answer = browser.post("/desk/cases/batch/", {"verb": "sign_for", "refs": refs, "queue": "to_sign"})
    assert answer["Location"] == "/desk/cases/?queue=to_sign"
    assert Assignment.objects.filter(state="handling").count() == 3


def test_a_reminder_to_many_needs_its_reason(cast):
    ref = cases.dispatched(cast)
    browser = cases.signed_in(cast, "huludao_supervisor")
    refused = browser.post("/desk/cases/batch/", {"verb": "remind", "refs": [ref]})
    assert "请写明理由" in refused.text
    assert browser.post("/desk/cases/batch/", {"verb": "remind", "refs": [ref], "reason": "请抓紧"}).status_code == 302


def test_hints_stand_beside_an_answer_that_says_little(cast):
    ref = cases.handled(cast)
    unit.write_answer(ref, body="正在处理。", by=cast.officers["suizhong_education_clerk"])
    page = cases.signed_in(cast, "suizhong_education_clerk").get(f"/desk/cases/{ref}/").text
    assert "没有写承办人的联系电话" in page


def test_an_answer_like_the_units_last_one_is_noticed(cast):
    cases.handled(cast, "a")
    page = cases.signed_in(cast, "suizhong_education_clerk").get(f"/desk/cases/{cases.handled(cast, 'b')}/").text
    assert "几乎一样" in page


def test_what_is_to_be_published_comes_masked(cast):
    ref = cases.reviewed(cast)
    centre_answer = cases.ANSWER.replace("0429-6123456", "13800001234")
    from minxin.cases.rules import desk

    assert "13800001234" not in desk.masked(centre_answer)
    assert "138****1234" in desk.masked(centre_answer)
    answer = post(cast, "suizhong_reviewer", ref, "publish", title="a", question="打 13900001234", answer="b")
    assert answer.status_code in {409, 422}


def test_why_the_way_on_is_not_open_is_said(cast):
    ref = cases.dispatched(cast)
    unit.sign_for(ref, by=cast.officers["suizhong_education_clerk"])
    page = cases.signed_in(cast, "suizhong_education_clerk").get(f"/desk/cases/{ref}/").text
    assert "请先登记与反映人的首次联系" in page
    new = cases.filed("n")
    centre.accept(new, by=cast.officers["suizhong_editor"])
    assert "请先完成摘编" in cases.signed_in(cast, "suizhong_dispatcher").get(f"/desk/cases/{new}/").text


HOSTILE = [
    "<script>alert(1)</script>",
    "\u202e反",
    "🙂" * 300,
    "x" * 100_000,
    "2999-01-01",
    "-1",
    "1e400",
    "' OR 1=1 --",
    "\\",
    "𠮷",
]


def test_hostile_values_in_any_form_are_answered_and_never_fail(cast):
    ref = cases.handled(cast)
    browser = cases.signed_in(cast, "suizhong_education_clerk")
    for at, (verb, row) in enumerate(VERBS.items()):
        facts = {name: HOSTILE[(at + turn) % len(HOSTILE)] for turn, name in enumerate(row.form.base_fields)}
        if not facts:
            continue
        answer = browser.post(
            f"/desk/cases/{ref}/{verb}/", facts | {"queue": "handling"}, headers={"HX-Request": "true"}
        )  # the case alone: the list around it is tried by its own hostile addresses
        assert answer.status_code in {302, 403, 404, 409, 422}, (verb, answer.status_code)
        assert "<script>alert(1)" not in answer.text


@pytest.mark.parametrize(
    "bad", ["<script>", "\u202e反", "🙂" * 200, "2999-01-01", "1e400~9", "' OR 1=1 --", "\\", "MX2026-1-0"]
)
def test_hostile_addresses_are_answered_and_never_fail(cast, bad):
    from urllib.parse import quote

    browser = cases.signed_in(cast, "suizhong_editor")
    short = bad[:2000]
    for address in (
        f"/desk/cases/?q={quote(short)}", f"/desk/cases/?unit={quote(short)}&kind={quote(short)}&after={quote(short)}",
        f"/desk/cases/?queue=accept&after={quote(short)}", f"/desk/cases/?queue={quote(short)}",
        f"/desk/cases/units/?unit={quote(short)}", f"/desk/search/?q={quote(short)}",
        f"/desk/supervision/?slip={quote(short)}&after={quote(short)}", f"/desk/cases/{quote(short, safe='')}/",
        f"/desk/cases/{quote(short, safe='')}/accept/", f"/desk/cases/export/?q={quote(short)}",
    ):  # fmt: skip
        assert browser.get(address).status_code in {200, 400, 404}, address[:80]
