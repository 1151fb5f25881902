"""What comes of a case: money to the row, accountability, review, publication, merged cases, ratings, redo."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from minxin.cases.actions import centre, closing, filing, following, outcome, unit, watching
from minxin.cases.actions import tally as tallying
from minxin.cases.models import Case, Measure, Message, Money, PublicCase, Rating, RuleChange, Tally, Text
from minxin.cases.models.timing import graded_clock
from minxin.cases.rules import codes, quality
from minxin.cases.tests.walk import ANSWER, CODES, START, day, filed, refused
from minxin.kernel import clocks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
CLERK, HEAD, REVIEWER, SUPERVISOR = (
    "suizhong_finance_clerk", "suizhong_finance_head", "suizhong_reviewer", "huludao_supervisor",
)  # fmt: skip


def pay(walk, kind="refund", amount="429.00", name=CLERK, **facts):
    outcome.record_money(walk.ref, kind=kind, amount=Decimal(amount), evidence="收据", by=walk.by(name), **facts)


def publish(walk, name=REVIEWER, **texts):
    texts = {"title": "收费问题", "question": "反映收费。", "answer": "已经退费。"} | texts
    closing.publish(walk.ref, by=walk.by(name), **texts)


# --- money, accountability, rules


def test_totals_are_the_sum_of_the_rows_to_the_fen(cast):
    walk = filed(cast).dispatched().signed()
    for kind, amount in (
        ("refund", "0.12"),
        ("arrears", "429.00"),
        ("compensation", "1.01"),
        ("recovered", "9000"),
        ("fine", "5"),
    ):
        pay(walk, kind, amount)
    assert Money.objects.filter(case=walk.case).aggregate(fen=Sum("amount_fen"))["fen"] == 943_513
    assert Money.returned(walk.case.pk) == 43_013, "what was seized or fined came back to nobody"
    tallying.fold()
    unit_id = cast.units["suizhong_finance"].id
    for at in (0, unit_id):
        found = dict(Tally.objects.filter(unit_id=at, measure__startswith="fen_").values_list("measure", "n"))
        assert found == {
            "fen_refund": 12, "fen_arrears": 42_900, "fen_compensation": 101, "fen_recovered": 900_000, "fen_fine": 500,
        }  # fmt: skip


def test_the_unit_that_records_is_the_one_at_work_whatever_other_posts_the_officer_holds(cast):
    from minxin.directory.rules import Officer

    walk = filed(cast).dispatched().signed()
    both = Officer(None, "两处任职", (*walk.by("nanpiao_civil_clerk").duties, *walk.by(CLERK).duties))
    outcome.record_money(walk.ref, kind="refund", amount=Decimal(1), evidence="收据", by=both)
    assert Money.objects.get().unit_id == cast.units["suizhong_finance"].id


@pytest.mark.parametrize(
    ("facts", "code", "field"),
    [
        ({"amount": "0"}, "invalid", "amount"),
        ({"amount": "-1"}, "invalid", "amount"),
        ({"amount": "0.001"}, "finer_than_fen", "amount"),
        ({"amount": "NaN"}, "too_much_money", "amount"),
        ({"amount": "Infinity"}, "too_much_money", "amount"),
        ({"amount": "1e30"}, "too_much_money", "amount"),
        ({"kind": "gift"}, "invalid", "kind"),
        ({"people": -1}, "invalid", "people"),
        ({"people": 3_000_000_000}, "invalid", "people"),
        ({"payer": "NOBODY"}, "invalid", "payer"),
        ({"on": (START + timedelta(days=1)).date()}, "invalid", "on"),
    ],
)
def test_money_that_cannot_be_true_is_refused_at_its_field(cast, facts, code, field):
    walk = filed(cast).dispatched().signed()
    with refused(code, field=field):
        pay(walk, **facts)
    assert not Money.objects.exists()


def test_a_person_is_held_to_account_by_office_and_always_with_a_document(cast):
    walk = filed(cast).dispatched().signed()
    facts = {"subject": "person", "unit": CODES["suizhong_education"], "measure": "criticism", "by": walk.by(CLERK)}
    with refused("invalid", field="office"):
        outcome.record_measure(walk.ref, basis="通报一号", **facts)
    with refused("invalid", field="basis"):
        outcome.record_measure(walk.ref, basis=" ", office="主要负责人", **facts)
    with refused("invalid", field="people"):
        outcome.record_measure(walk.ref, basis="通报一号", office="主要负责人", people=0, **facts)
    with refused("too_long", field="office"):
        outcome.record_measure(walk.ref, basis="通报一号", office="长" * 61, **facts)
    outcome.record_measure(walk.ref, basis="通报一号", office="主要负责人", **facts)
    outcome.record_rule_change(walk.ref, what="改了收费公示办法", document="财发一号", by=walk.by(CLERK))
    assert Measure.objects.get().office == "主要负责人"
    assert RuleChange.objects.get().document == "财发一号"


def test_money_found_after_publication_reaches_the_public_page(cast):
    walk = filed(cast).answered()
    publish(walk)
    pay(walk)
    assert PublicCase.objects.get().money_fen == 42_900


# --- review and publication


def test_the_centre_sends_an_answer_back_with_its_reason_before_anybody_reads_it(cast):
    walk = filed(cast).reviewing()
    with refused("invalid", field="reason"):
        closing.send_back(walk.ref, remark=" ", by=walk.by(REVIEWER))
    closing.send_back(walk.ref, remark="没有答到点上", by=walk.by(REVIEWER))
    assert (walk.case.stage, walk.case.answered_at, walk.holder.state) == ("handling", None, "handling")
    assert Text.objects.filter(case=walk.case, words="remark", body="没有答到点上").exists()


def test_without_consent_nothing_is_published(cast):
    for changes in ({"consents": False}, {"restricted": True}):
        with refused("consented"):
            publish(filed(cast, **changes).answered())


@pytest.mark.parametrize("field", ["title", "question", "answer"])
def test_personal_data_keeps_a_page_from_being_published(cast, field):
    walk = filed(cast).answered()
    with refused("personal", field=field):
        publish(walk, **{field: "请联系 13800001234"})
    assert walk.case.published_at is None
    publish(walk, **{field: "请拨打 0429-6123456"})


def test_what_is_weak_about_an_answer_is_said_and_an_office_phone_is_not_personal():
    assert quality.weaknesses(ANSWER) == []
    weak = quality.weaknesses("已转办。")
    assert len(weak) == 4
    assert quality.weaknesses(ANSWER, earlier=[ANSWER]) != []
    assert quality.personal("电话 13800001234，邮箱 a@example.com") != []
    assert quality.personal("电话 0429-6123456，或拨打 12345") == []


def test_a_page_can_be_taken_down_at_any_stage_and_put_up_again(cast):
    walk = filed(cast).answered()
    publish(walk)
    with refused("unpublished"):
        publish(walk)
    walk.rated(1)
    closing.redo(walk.ref, instruction="请重新核实", by=walk.by(REVIEWER))
    assert walk.case.stage == "handling"
    closing.unpublish(walk.ref, reason="发现个人信息", by=walk.by(REVIEWER))
    assert not PublicCase.objects.exists()
    with refused("published"):
        closing.unpublish(walk.ref, reason="再次", by=walk.by(REVIEWER))


def test_a_public_page_follows_the_rating_and_the_second_answer(cast):
    walk = filed(cast).answered()
    publish(walk)
    walk.rated(2)
    assert PublicCase.objects.get().rating == 2
    closing.redo(walk.ref, instruction="请重新核实", by=walk.by(REVIEWER))
    unit.find(walk.ref, finding="partly", resolution="partly_solved", by=walk.by(CLERK))
    walk.submitted().countersigned()
    closing.approve(walk.ref, by=walk.by(REVIEWER))
    page = PublicCase.objects.get()
    assert (page.finding, page.resolution, page.stars) == ("partly", "partly_solved", walk.case.stars)


# --- duplicates


def merged(cast, stage="filed"):
    master, member = filed(cast), filed(cast)
    if stage == "accepted":
        member.accepted()
    centre.merge(member.ref, master=master.ref, by=member.by("suizhong_editor"))
    return master, member


def test_the_masters_answer_reaches_every_member_and_each_rates_for_himself(cast):
    master, member = merged(cast)
    with clocks.at(day(9)):
        master.answered()
        assert (member.case.stage, member.case.lead_id) == ("rating", cast.units["suizhong_finance"].id)
        assert Text.objects.get(case=member.case, words="answer").body == ANSWER
        master.rated(5)
        member.rated(1)
    assert (master.case.final_rating, member.case.final_rating) == (5, 1)
    assert (master.case.stage, member.case.stage) == ("closed", "reassess")


def test_a_members_stars_run_to_the_answer_and_not_to_the_merging(cast):
    master, member = merged(cast)
    with clocks.at(day(13)):
        master.answered()
    assert graded_clock(member.case).stopped_at == day(13)
    assert member.case.stars == master.case.stars == 3


def test_an_answer_by_the_centre_itself_reaches_the_members_too(cast):
    master, member = merged(cast)
    centre.answer_directly(master.ref, answer=ANSWER, resolution="answered", by=master.by("suizhong_editor"))
    assert member.case.stage == "rating"


def test_publishing_the_master_publishes_no_member(cast):
    master, member = merged(cast)
    master.answered()
    publish(master)
    assert list(PublicCase.objects.values_list("case_id", flat=True)) == [master.case.pk]
    assert member.case.published_at is None


@pytest.mark.parametrize(("stage", "back"), [("filed", "filed"), ("accepted", "accepted")])
def test_a_member_whose_master_ends_without_an_answer_goes_its_own_way_again(cast, stage, back):
    master, member = merged(cast, stage)
    due = member.case.due_at
    following.withdraw(master.ref, code=master.code)
    assert (member.case.stage, member.case.master_id, member.case.closed_at) == (back, None, None)
    assert member.clock("answer").stopped_at is None
    assert member.case.due_at == due
    assert Message.objects.filter(case=member.case, note="notice").exists()
    assert member.dispatched().case.stage == "to_sign" if stage == "filed" else True


def test_only_an_open_unanswered_master_that_one_may_see_takes_members(cast):
    member = filed(cast)
    by = member.by("suizhong_editor")
    answered, sealed = filed(cast).answered(), filed(cast, kind=codes.Kind.REPORT)
    elsewhere = filed(cast, region="210102", respondent=None)
    for ref in (member.ref, answered.ref, sealed.ref, elsewhere.ref, "MX2026-0000001-1", "nonsense", ""):
        with refused("invalid", field="master"):
            centre.merge(member.ref, master=ref, by=by)
    master, other = merged(cast)
    with refused("invalid", field="master"):
        centre.merge(member.ref, master=other.ref, by=by)
    with refused("invalid", field="master"):
        centre.merge(master.ref, master=member.ref, by=by)


# --- ratings


@pytest.mark.parametrize("satisfaction", [5, 4, 3])
def test_a_good_rating_closes_the_case(cast, satisfaction):
    walk = filed(cast).answered().rated(satisfaction)
    assert (walk.case.stage, walk.case.first_rating, walk.case.final_rating) == ("closed", satisfaction, satisfaction)


@pytest.mark.parametrize("satisfaction", [1, 2])
def test_a_bad_rating_needs_a_reason_and_leads_to_a_mandatory_review(cast, satisfaction):
    walk = filed(cast).answered()
    with refused("reasons", field="reasons"):
        walk.rated(satisfaction, reasons=[])
    with refused("reasons"):
        walk.rated(satisfaction, reasons=["ugly"])
    walk.rated(satisfaction)
    assert (walk.case.stage, walk.case.closed_at) == ("reassess", None)
    assert walk.clock("bad_mark").stopped_at is None


@pytest.mark.parametrize("satisfaction", [0, 6, -1])
def test_a_rating_off_the_scale_is_refused(cast, satisfaction):
    with refused("invalid", field="satisfaction"):
        filed(cast).answered().rated(satisfaction, reasons=["other"])


def test_a_case_is_rated_once_a_round(cast):
    walk = filed(cast).answered().rated(5)
    with refused("stage"):
        walk.rated(4)


def redone(cast):
    walk = filed(cast).answered().rated(1)
    with clocks.at(day(1)):
        closing.redo(walk.ref, instruction="请重新核实", by=walk.by(REVIEWER))
    return walk


def test_a_redo_is_a_new_round_under_a_new_answer_clock_and_the_head_signs(cast):
    walk = redone(cast)
    assert (walk.case.stage, walk.case.redos, walk.case.answered_at) == ("handling", 1, None)
    assert (walk.holder.round, walk.holder.state, walk.case.transfers) == (2, "handling", 1)
    assert walk.case.due_at == walk.clock("answer").due_at == day(16).replace(hour=0)
    walk.drafted().submitted()
    assert "head" in walk.holder.signatures.values_list("step", flat=True)


def test_the_first_and_the_final_rating_are_both_kept(cast):
    walk = redone(cast)
    with clocks.at(day(2)):
        walk.reviewing()
        closing.approve(walk.ref, by=walk.by(REVIEWER))
        walk.rated(5)
    assert (walk.case.first_rating, walk.case.final_rating, walk.case.stage) == (1, 5, "closed")
    assert list(Rating.objects.order_by("round").values_list("round", "satisfaction")) == [(1, 1), (2, 5)]
    assert walk.case.stars == 4, "a redo costs one star"


def test_a_ruled_closing_leaves_the_rating_as_it_is_and_tells_why(cast):
    walk = filed(cast).answered().rated(1)
    closing.rule_closing(walk.ref, ruling="办理并无不当，理由如下。", by=walk.by(REVIEWER))
    assert (walk.case.stage, walk.case.final_rating) == ("closed", 1)
    assert Message.objects.filter(case=walk.case, note="notice", body="办理并无不当，理由如下。").exists()


def test_a_redo_may_be_asked_for_once_an_answer_and_within_fifteen_days(cast):
    walk = filed(cast).answered().rated(5)
    with clocks.at(day(16)), refused("redo_window"):
        following.request_redo(walk.ref, code=walk.code, reason="又出现了")
    following.request_redo(walk.ref, code=walk.code, reason="又出现了")
    assert walk.case.stage == "reassess"
    closing.rule_closing(walk.ref, ruling="并无不当", by=walk.by(REVIEWER))
    with refused("redo_window"):
        following.request_redo(walk.ref, code=walk.code, reason="我不同意")


def test_the_third_redo_lifts_the_case_by_itself(cast):
    walk = filed(cast).answered().rated(1)
    for number in (1, 2, 3):
        closing.redo(walk.ref, instruction="请重新核实", by=walk.by(REVIEWER))
        assert (walk.case.supervision == "escalated") is (number == 3)
        if number < 3:
            walk.submitted().countersigned()
            closing.approve(walk.ref, by=walk.by(REVIEWER))
            walk.rated(1)
    assert walk.case.superior_id == cast.units["city_finance"].id
    with refused("stage"):
        following.request_redo(walk.ref, code=walk.code, reason="又来")


def test_a_directly_answered_case_is_done_again_by_the_centre(cast):
    walk = filed(cast)
    editor = walk.by("suizhong_editor")
    centre.answer_directly(walk.ref, answer=ANSWER, resolution="answered", by=editor)
    walk.rated(1)
    closing.redo(walk.ref, instruction="请重新答复", by=walk.by(REVIEWER))
    assert (walk.case.stage, walk.case.lead_id, walk.case.redos) == ("accepted", None, 1)
    assert walk.clock("dispatch").stopped_at is None, "it waits in the centre's queue: to be answered, or sent on"
    centre.answer_directly(walk.ref, answer=ANSWER, resolution="answered", by=editor)
    assert walk.rated(4).case.stage == "closed"


def test_the_centre_does_not_answer_over_the_head_of_a_unit_at_work(cast):
    walk = filed(cast).dispatched().signed()
    with refused("at_centre"):
        centre.answer_directly(walk.ref, answer=ANSWER, resolution="answered", by=walk.by("suizhong_editor"))


def test_a_rating_told_on_the_phone_counts_and_is_marked(cast):
    walk = filed(cast).answered()
    visitor = walk.by("suizhong_visitor")
    closing.call_back(walk.ref, reached=False, remark="无人接听", by=visitor)
    assert walk.case.stage == "rating"
    closing.call_back(walk.ref, reached=True, satisfaction=5, contacted=True, solved=True, by=visitor)
    assert (walk.case.stage, Rating.objects.get().by_visit) == ("closed", True)


def test_an_answer_that_nobody_rates_closes_by_itself_and_counts_as_unrated(cast):
    walk = filed(cast).answered()
    with clocks.at(day(14)):
        watching.watch_clocks()
        assert walk.case.stage == "rating"
    with clocks.at(day(17)):
        watching.watch_clocks()
    assert (walk.case.stage, walk.case.final_rating) == ("closed", None)


# --- 评星复议 and 五星件


def test_a_struck_rating_leaves_the_counts_and_stays_on_record(cast):
    walk = filed(cast).answered()
    publish(walk)
    walk.rated(1)
    closing.rule_closing(walk.ref, ruling="并无不当", by=walk.by(REVIEWER))
    with refused("forbidden"):
        closing.appeal_stars(walk.ref, reason="已再次沟通", by=walk.by(CLERK))
    closing.appeal_stars(walk.ref, reason="已再次沟通", by=walk.by(HEAD))
    with refused("stars_appealable"):
        closing.appeal_stars(walk.ref, reason="再来", by=walk.by(HEAD))
    closing.decide_stars(walk.ref, supported=True, opinion="评价与事实不符", by=walk.by(SUPERVISOR))
    rating = Rating.objects.get()
    assert (walk.case.final_rating, walk.case.first_rating, rating.satisfaction) == (None, 1, 1)
    assert rating.struck_at
    assert PublicCase.objects.get().rating is None
    with refused("stars_appealed"):
        closing.decide_stars(walk.ref, supported=True, opinion="再次", by=walk.by(SUPERVISOR))


def test_striking_the_last_rating_leaves_the_first_alone(cast):
    walk = redone(cast)
    with clocks.at(day(2)):
        walk.reviewing()
        closing.approve(walk.ref, by=walk.by(REVIEWER))
        walk.rated(2)
        closing.rule_closing(walk.ref, ruling="并无不当", by=walk.by(REVIEWER))
        closing.appeal_stars(walk.ref, reason="已再次沟通", by=walk.by(HEAD))
        closing.decide_stars(walk.ref, supported=True, opinion="属实", by=walk.by(SUPERVISOR))
    assert [row.struck_at is not None for row in Rating.objects.order_by("round")] == [False, True]


def test_a_refused_appeal_changes_nothing(cast):
    walk = filed(cast).answered().rated(2)
    closing.rule_closing(walk.ref, ruling="并无不当", by=walk.by(REVIEWER))
    closing.appeal_stars(walk.ref, reason="已再次沟通", by=walk.by(HEAD))
    closing.decide_stars(walk.ref, supported=False, opinion="维持", by=walk.by(SUPERVISOR))
    assert walk.case.final_rating == 2


def test_a_good_rating_is_nothing_to_appeal_against(cast):
    walk = filed(cast).answered().rated(3)
    with refused("stars_appealable"):
        closing.appeal_stars(walk.ref, reason="想要五星", by=walk.by(HEAD))


def test_five_star_cases_are_counted_for_the_network_and_for_the_unit(cast):
    filed(cast).answered().rated(5)
    filed(cast).answered().rated(4)
    tallying.fold()
    for at in (0, cast.units["suizhong_finance"].id):
        counted = dict(Tally.objects.filter(unit_id=at).values_list("measure", "n"))
        assert (counted["five"], counted["rated"], counted["satisfied"]) == (1, 2, 2)


def test_one_says_me_too_once(cast):
    walk = filed(cast).answered()
    publish(walk)
    assert [following.support(walk.ref, mark=mark) for mark in ("a", "a", "b")] == [1, 1, 2]
    with refused("absent"):
        following.support(filed(cast).ref, mark="a")


def test_the_same_key_files_no_second_case(cast):
    from minxin.cases.rules.filing import Contact, Draft
    from minxin.directory.rules import CITIZEN

    draft = Draft(codes.Kind.ENQUIRY, "问", "怎么办理？", "211421", contact=Contact("某人", "13800001234", ""))
    one, again = (filing.file(draft, key="same", by=CITIZEN) for _ in range(2))
    assert (one.ref, one.code) == (again.ref, again.code)
    assert Case.objects.count() == 1
