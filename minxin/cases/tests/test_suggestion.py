"""What the catalogue suggests, why, and whom it never suggests."""

import secrets
from datetime import date, datetime

import pytest

from minxin.cases.actions import catalogue, centre, filing
from minxin.cases.models import Case, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.reports import suggestion
from minxin.cases.reports.suggestion import Matter
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Draft
from minxin.directory.actions import units
from minxin.directory.rules import CITIZEN, SYSTEM, UnitKind
from minxin.kernel import clocks
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=clocks.ZONE)
WAGES = "学校老师反映：县里拖欠财政工资和津贴，一直没有补发。"


@pytest.fixture(autouse=True)
def _duties(cast):
    snapshot.forget()
    with clocks.at(MOMENT):
        for category, region, unit in [
            ("16", "211421", "211421-CZJ"),
            ("16", "211400", "211400-CZJ"),
            ("1601", "211404", "211404-CZJ"),
            ("13", "211421", "211421-JYJ"),
            ("11", "211404", "211404-MZJ"),
        ]:
            catalogue.assign_duty(
                category=category, region=region, unit=unit, valid_from=date(2004, 5, 21), basis="三定方案", by=SYSTEM
            )
        yield
    snapshot.forget()


def file(cast, text=WAGES, **facts) -> Case:
    values = {"kind": codes.Kind.COMPLAINT, "title": "情况反映", "text": text, "region": "211421113", "anonymous": True}
    receipt = filing.file(Draft(**(values | facts)), key=secrets.token_hex(8), by=CITIZEN)
    return Case.objects.get(pk=id_of(receipt.ref))


def seen(cast, case, by="huludao_dispatcher"):
    return suggestion.suggest(case, cast.officers[by])


def test_words_lead_to_a_category_and_the_duty_row_to_a_unit_and_each_step_is_told(cast):
    found = seen(cast, file(cast))
    assert (found.category, found.category_name) == ("1601", "财政与资金 › 拖欠财政工资、津贴")
    assert found.unit == cast.units["suizhong_finance"]
    assert {"拖欠财政工资", "津贴"} <= set(found.words)
    assert (found.conflict, found.triage, found.lamp) == (False, False, "green")
    words, duty = found.why
    assert "“拖欠财政工资”" in words
    assert "绥中县财政局办理" in duty
    assert "2004年5月21日" in duty
    assert "三定方案" in duty
    assert found.mark == f"211421-CZJ#{found.rule}"


def test_a_suggestion_costs_two_queries_and_one_when_the_case_is_classified(cast, django_assert_num_queries):
    case = file(cast)
    seen(cast, case)
    with django_assert_num_queries(2):
        seen(cast, case)
    case.category = "1601"
    with django_assert_num_queries(1):
        seen(cast, case)


def test_the_category_on_the_case_counts_and_not_the_words(cast):
    found = seen(cast, file(cast, category="1309"))
    assert (found.category, found.words, found.unit) == ("1309", (), cast.units["suizhong_education"])


@pytest.mark.parametrize(
    ("respondent", "lifted"), [("suizhong_finance", "city_finance"), ("city_finance", None), ("suizhong", "huludao")]
)
def test_the_accused_unit_and_whoever_answers_to_it_are_lifted_over(cast, respondent, lifted):
    case = file(cast, respondent_id=cast.units[respondent].id)
    found = seen(cast, case, by="province_dispatcher")
    assert found.caught == cast.units["suizhong_finance"]
    assert found.conflict
    assert found.unit == found.lifted_to
    if respondent == "suizhong_finance":
        assert found.unit == cast.units[lifted]
        assert "就是被反映单位" in found.why[-1]
        assert "市财政局" in found.why[-1]
    else:
        assert found.unit is not None
        assert found.unit.id not in {cast.units["suizhong_finance"].id, cast.units[respondent].id}


def test_a_subordinate_of_the_accused_is_caught_too(cast):
    found = seen(cast, file(cast, respondent_id=cast.units["city_finance"].id))
    assert "下属" in found.why[-1]
    assert found.lifted_to == cast.units["huludao"]


def test_a_superior_that_is_a_centre_gives_way_to_a_wider_duty_without_conflict(cast):
    civil = cast.units["nanpiao_civil"]
    wide = {"category": "11", "region": "211400", "unit": "211400-CZJ", "valid_from": date(2020, 1, 1)}
    catalogue.assign_duty(**wide, basis="联席会议", by=SYSTEM)
    found = seen(cast, file(cast, "低保户低保金没有发", region="211404", respondent_id=civil.id))
    assert (found.caught, found.lifted_to) == (civil, cast.units["city_finance"])


def test_an_accused_school_leaves_the_education_bureau_free(cast):
    found = seen(cast, file(cast, "学校强制订购教辅费", respondent_id=cast.units["gaotai_school"].id))
    assert (found.unit, found.conflict) == (cast.units["suizhong_education"], False)


def test_a_unit_named_only_in_words_is_taken_for_the_accused_and_the_dispatcher_is_told(cast):
    found = seen(cast, file(cast, respondent_name="绥中县财政局局长某某"))
    assert found.conflict
    assert found.unit == cast.units["city_finance"]
    assert any("绥中县财政局局长某某" in sentence for sentence in found.why)


def test_staff_of_the_accused_get_no_suggestion_but_a_request_to_stand_back(cast):
    case = file(cast, respondent_id=cast.units["huludao"].id)
    found = seen(cast, case)
    assert (found.unit, found.conflict, found.triage) == (None, True, True)
    assert "回避" in found.why[-1]


def test_no_words_and_no_duty_go_to_triage_with_a_lamp(cast):
    for text, reason in [("情况说明见附件。", "没有认出类别"), ("小区电梯坏了一个月", "派单目录里没有")]:
        found = seen(cast, file(cast, text))
        assert (found.unit, found.triage, found.lamp, found.mark) == (None, True, "red", "triage")
        assert reason in found.why[-1]


def test_a_closed_unit_is_passed_over_for_the_wider_duty_and_the_gap_is_told(cast):
    kind = UnitKind.GOVERNMENT
    units.open_unit(code="211421-RSJ", name="绥中县人社局", kind=kind, region="211421", parent="211421-MX", by=SYSTEM)
    for category, unit in [("1001", "211421-RSJ"), ("10", "211421-CZJ")]:
        facts = {"region": "211421", "valid_from": date(2020, 1, 1), "basis": "三定方案"}
        catalogue.assign_duty(category=category, unit=unit, **facts, by=SYSTEM)
    units.close_unit(code="211421-RSJ", by=SYSTEM)
    found = seen(cast, file(cast, "公司拖欠工资三个月不发"))
    assert found.unit == cast.units["suizhong_finance"]
    assert any("绥中县人社局已经撤销" in sentence for sentence in found.why)


def test_a_sealed_report_is_never_routed_and_its_text_is_not_read(cast, django_assert_num_queries):
    case = file(cast, "贪污公款", kind=codes.Kind.REPORT, region="211404")
    seen(cast, case)
    with django_assert_num_queries(0):
        found = seen(cast, case, by="city_discipline_discipline")
    assert (found.unit, found.words, found.triage) == (None, (), False)
    assert "不分转" in found.why[0]


def test_corruption_in_an_open_complaint_is_pointed_out(cast):
    found = seen(cast, file(cast, "村里有人冒领补贴，中饱私囊，贪污集体的钱"))
    assert found.category == "2001"
    assert any("检举控告" in sentence for sentence in found.why)


@pytest.mark.parametrize(("kind", "category"), [(codes.Kind.PRAISE, "2110"), (codes.Kind.SUGGESTION, "2111")])
def test_praise_and_suggestions_have_their_own_categories(cast, kind, category):
    found = suggestion.consider(Matter(kind, "211421", text="供您参考"), cast.officers["huludao_dispatcher"])
    assert found.category == category


def test_staff_who_dispatch_put_the_suggestion_on_record(cast):
    case = file(cast)
    found = seen(cast, case)
    by = cast.officers["huludao_editor"]
    centre.accept(case.ref, by=by)
    centre.condense(case.ref, title="拖欠工资", digest="反映拖欠工资。", by=by)
    centre.classify(case.ref, category=found.category, by=by)
    centre.dispatch(case.ref, unit="211421-CZJ", suggested=found.mark, by=cast.officers["huludao_dispatcher"])
    assert ledger.history(case.ref)[-1].facts["suggested"] == found.mark


# --- the simulator


def test_the_simulator_counts_units_triage_conflicts_and_agreement(cast):
    cases = [file(cast, f"{WAGES}第{number}次") for number in range(3)]
    file(cast, respondent_id=cast.units["suizhong_finance"].id)
    file(cast, "情况说明见附件。")
    file(cast, "贪污公款", kind=codes.Kind.REPORT, region="211404")
    editor, dispatcher = cast.officers["huludao_editor"], cast.officers["huludao_dispatcher"]
    for case, unit in zip(cases, ["211421-CZJ", "211421-CZJ", "211421-JYJ"], strict=True):
        centre.accept(case.ref, by=editor)
        centre.condense(case.ref, title="拖欠工资", digest="反映拖欠工资。", by=editor)
        centre.classify(case.ref, category="1601", by=editor)
        centre.dispatch(case.ref, unit=unit, by=dispatcher)
    ran = suggestion.simulate(dispatcher, since=date(2026, 1, 1), until=date(2026, 3, 31))
    assert (ran.total, ran.triaged, ran.conflicts) == (5, 1, 1)
    assert (ran.decided, ran.agreed) == (3, 2)
    assert (ran.classified, ran.alike) == (3, 3)
    assert [(share.unit.code, share.number) for share in ran.units] == [("211421-CZJ", 3), ("211400-CZJ", 1)]
    assert ran.untold == (("没有认出类别", 1),)
    assert [(one.ref, one.decided.code) for one in ran.apart] == [(cases[2].ref, "211421-JYJ")]


@pytest.mark.parametrize("number", [1, 25])
def test_a_simulation_costs_two_queries_for_one_and_for_many_cases(cast, django_assert_num_queries, number):
    for one in range(number):
        file(cast, f"{WAGES}{one}")
    who = cast.officers["huludao_dispatcher"]
    suggestion.simulate(who, since=date(2026, 3, 1), until=date(2026, 3, 31))
    with django_assert_num_queries(2):
        ran = suggestion.simulate(who, since=date(2026, 3, 1), until=date(2026, 3, 31))
    assert ran.total == number


def test_the_simulator_sees_only_what_the_officer_may_see(cast):
    file(cast)
    ran = suggestion.simulate(cast.officers["shenyang_dispatcher"], since=date(2026, 1, 1), until=date(2026, 3, 31))
    assert (ran.total, ran.units, ran.apart) == (0, (), ())
