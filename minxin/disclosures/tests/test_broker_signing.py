"""From handed in to signed: who may, again, corrections, taking back; each with its event."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from minxin.disclosures.actions import intake, signing
from minxin.disclosures.models import Submission
from minxin.disclosures.models.broker import ref_of
from minxin.disclosures.rules.codes import SubmissionStage as S
from minxin.disclosures.tests.broker_sheets import NOTE, clean
from minxin.disclosures.tests.cast import Money
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger


@pytest.fixture(autouse=True)
def _then(db: None) -> Iterator[None]:
    with clocks.at(datetime(2007, 3, 1, 9, tzinfo=clocks.ZONE)):
        yield


def hand_in(money: Money, *, who: str = "education_clerk", spoilt: bool = False, **more: Any) -> Submission:
    sheets = clean()
    if spoilt:
        sheets["overview"][0]["amount"] += 1
    facts = {"template": "department_budget", "fiscal_year": 2007, "version": "initial", "note": NOTE, **more}
    return intake.hand_in_rows(unit=money.units["education"], sheets=sheets, by=money.officers[who], **facts)


def publish(found: Submission) -> None:
    Submission.objects.filter(pk=found.pk).update(stage=S.PUBLISHED, published_at=clocks.now())


def test_the_head_signs_and_the_event_holds_the_digest(money: Money) -> None:
    ref = ref_of(hand_in(money))
    signed = signing.sign(ref, by=money.officers["education_head"])
    assert (signed.stage, signed.signed_by, signed.signed_at) == (S.SIGNED, "市教育局 一把手", clocks.now())
    taken, sealed = ledger.history(ref)
    assert (taken.verb, taken.facts["rows"], taken.facts["fatal"]) == ("hand_in", signed.rows, 0)
    assert (sealed.verb, sealed.actor_label, sealed.facts["digest"]) == ("sign", "市教育局 一把手", signed.sha256)


@pytest.mark.parametrize("who", ["education_clerk", "education_leader", "finance_head", "finance_budget"])
def test_nobody_else_signs(money: Money, who: str) -> None:
    ref = ref_of(hand_in(money))
    with pytest.raises(Refused, match="一把手"):
        signing.sign(ref, by=money.officers[who])
    assert Submission.objects.get().stage == S.CHECKED


@pytest.mark.parametrize("who", ["school_head", "civil_head", "bank_head"])
def test_for_others_it_does_not_exist(money: Money, who: str) -> None:
    ref = ref_of(hand_in(money))
    with pytest.raises(Absent):
        signing.sign(ref, by=money.officers[who])


def test_a_fatal_finding_blocks_the_signature_in_rules_and_in_the_database(money: Money) -> None:
    found = hand_in(money, spoilt=True)
    assert (found.stage, found.fatal > 0) == (S.FAILED, True)
    with pytest.raises(Refused, match="校核未通过"):
        signing.sign(ref_of(found), by=money.officers["education_head"])
    with pytest.raises(IntegrityError, match="submission_signed_without_fatal"), transaction.atomic():
        Submission.objects.filter(pk=found.pk).update(stage=S.SIGNED)


def test_a_new_file_takes_the_place_of_what_is_not_signed(money: Money) -> None:
    first = hand_in(money, spoilt=True)
    second = hand_in(money)
    first.refresh_from_db()
    assert (first.stage, first.withdrawal) == (S.WITHDRAWN, f"由 {ref_of(second)} 代替")
    assert ledger.history(ref_of(first))[-1].facts["replaced_by"] == ref_of(second)


def test_what_is_signed_or_published_is_not_replaced_by_the_way(money: Money) -> None:
    first = hand_in(money)
    signing.sign(ref_of(first), by=money.officers["education_head"])
    with pytest.raises(Refused, match="先撤回"):
        hand_in(money)
    publish(first)
    with pytest.raises(Refused, match="更正"):
        hand_in(money)


def test_a_correction_names_what_it_corrects_and_why(money: Money) -> None:
    first = hand_in(money)
    with pytest.raises(Refused, match="还没有公开"):
        hand_in(money, corrects=ref_of(first), reason="漏报一项")
    signing.sign(ref_of(first), by=money.officers["education_head"])
    publish(first)
    with pytest.raises(Refused, match="更正的原因"):
        hand_in(money, corrects=ref_of(first))
    with pytest.raises(Absent):
        hand_in(money, corrects=ref_of(first), reason="漏报一项", version="final")
    second = hand_in(money, corrects=ref_of(first), reason="漏报一项")
    assert (second.corrects_id, second.reason, second.stage) == (first.pk, "漏报一项", S.CHECKED)


def test_the_same_batch_again_is_the_same_submission_and_another_content_is_refused(money: Money) -> None:
    first = hand_in(money, external_id="2007-01")
    again = hand_in(money, external_id="2007-01")
    assert (again.pk, Submission.objects.count()) == (first.pk, 1)
    with pytest.raises(Refused) as no:
        hand_in(money, external_id="2007-01", spoilt=True)
    assert (no.value.code, no.value.field) == ("conflict", "external_id")


def test_the_department_hands_in_for_its_school_and_strangers_do_not(money: Money) -> None:
    facts: dict[str, Any] = {"unit": money.units["school"], "template": "department_budget", "fiscal_year": 2007,
                             "version": "initial", "note": NOTE}  # fmt: skip
    found = intake.hand_in_rows(sheets=clean("205001"), by=money.officers["education_clerk"], **facts)
    assert found.unit_id == money.units["school"].id
    with pytest.raises(Absent):
        intake.hand_in_rows(sheets=clean("205001"), by=money.officers["civil_clerk"], **facts)
    with pytest.raises(Refused, match="财政部门报送"):
        intake.hand_in_rows(
            unit=money.units["school"], template="government_budget", fiscal_year=2007, version="initial", sheets={},
            by=money.officers["school_clerk"],
        )  # fmt: skip


def test_a_clerk_takes_back_what_is_checked_and_only_the_head_what_is_signed(money: Money) -> None:
    ref = ref_of(hand_in(money))
    with pytest.raises(Refused, match="为什么撤回"):
        signing.withdraw(ref, reason=" ", by=money.officers["education_clerk"])
    signing.sign(ref, by=money.officers["education_head"])
    with pytest.raises(Refused, match="只有一把手可以撤回"):
        signing.withdraw(ref, reason="再核对", by=money.officers["education_clerk"])
    taken = signing.withdraw(ref, reason="再核对", by=money.officers["education_head"])
    assert (taken.stage, taken.withdrawal) == (S.WITHDRAWN, "再核对")
    assert ledger.history(ref)[-1].verb == "withdraw"
    with pytest.raises(Refused, match="已撤回"):
        signing.sign(ref, by=money.officers["education_head"])


def test_unknown_tables_versions_and_years_are_refused(money: Money) -> None:
    for facts, field in (
        ({"template": "别的"}, "template"),
        ({"version": ""}, "version"),
        ({"fiscal_year": 1200}, "fiscal_year"),
    ):
        with pytest.raises(Refused) as no:
            hand_in(money, **facts)
        assert no.value.field == field
    assert not Submission.objects.exists()
