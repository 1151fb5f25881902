"""What must never be false is refused by the database itself: one false row for every named constraint."""

from datetime import date

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint, UniqueConstraint

from minxin.cases.models import (
    Appeal,
    Assignment,
    Case,
    Category,
    Clock,
    ClockRule,
    Custodian,
    DutyRow,
    Extension,
    Filing,
    KeywordRow,
    Measure,
    Money,
    Rating,
    Signature,
    Support,
    Tally,
    Text,
)
from minxin.cases.tests.walk import START, filed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
DAY = date(2026, 3, 2)


def on_case(**false):
    return lambda world: Case.objects.filter(pk=world.case.pk).update(**false)


def row(model, **facts):
    """A row of the model with these facts; a callable fact is asked of the world."""
    return lambda world: model.objects.create(
        **{name: value(world) if callable(value) else value for name, value in facts.items()}
    )


def twice(make):
    return lambda world: (make(world), make(world))


CASE = lambda world: world.case  # noqa: E731
UNIT = lambda world: world.cast.units["suizhong_finance"].id  # noqa: E731
OTHER = lambda world: world.cast.units["nanpiao_civil"].id  # noqa: E731
LEAD = lambda world: world.holder  # noqa: E731
WORK = {"case": CASE, "unit_id": OTHER, "assigned_at": START, "due_at": START}
SIGNED = {"case": CASE, "assignment": LEAD, "draft": 1, "order": 1, "step": "leader", "unit_id": UNIT}
ASKED = {"case": CASE, "assignment": LEAD, "reason": "works", "text": "x", "asked_at": START, "asked_by": "x"}
RATED = {"case": CASE, "round": 1, "contacted": True, "solved": True, "at": START}
PAID = {"case": CASE, "on": DAY, "evidence": "x", "unit_id": UNIT, "region": "211421", "at": START}
HELD = {"case": CASE, "unit_id": UNIT, "measure": "criticism", "on": DAY, "at": START}
TICKS = {"case": CASE, "started_at": START, "amount": 1, "unit": "hour", "due_at": START, "first_due_at": START}
RULE = {"code": "sign", "kind": "praise", "region": "211421", "unit": "hour", "basis": "x"}

FALSE_ROWS = {
    "case_stage_known": on_case(stage="lost"),
    "case_kind_known": on_case(kind="gossip"),
    "case_lane_known": on_case(lane="fast"),
    "case_report_is_sealed": on_case(kind="report"),
    "case_published_with_consent": on_case(published_at=START, consents=False),
    "case_over_is_dated": on_case(stage="closed", closed_at=None),
    "case_merged_has_master": on_case(stage="merged", closed_at=START),
    "case_conflict_has_superior": on_case(conflict_reason="x", superior=None),
    "case_anonymous_shows_none": on_case(anonymous=True, shows_name=True),
    "case_amount_positive": on_case(amount_fen=0),
    "case_rating_range": on_case(final_rating=6),
    "case_stars_range": on_case(stars=6),
    "case_seq_from_one": on_case(seq=0),
    "filing_identity_has_key": lambda world: Filing.objects.filter(pk=world.case.pk).update(identity=b"x", key=None),
    "custodian_named_once": twice(row(Custodian, case=CASE, post_id=1, at=START)),
    "support_once": twice(row(Support, case_id=lambda w: w.case.pk, mark="x", at=START)),
    "assignment_four_levels": row(Assignment, part="lead", level=5, parent=LEAD, state="cancelled", **WORK),
    "assignment_assist_is_flat": row(Assignment, part="assist", level=2, parent=LEAD, **WORK),
    "assignment_child_has_parent": row(Assignment, part="lead", level=2, state="cancelled", **WORK),
    "assignment_once_per_unit": row(Assignment, part="assist", **(WORK | {"unit_id": UNIT})),
    "assignment_one_active_lead": row(Assignment, part="lead", **WORK),
    "clock_code_known": row(Clock, code="cuckoo", **TICKS),
    "signature_order": twice(row(Signature, **SIGNED)),
    "signature_is_dated": row(Signature, decision="signed", **SIGNED),
    "extension_one_pending": twice(row(Extension, days=1, **ASKED)),
    "extension_days": row(Extension, days=61, **ASKED),
    "appeal_once_per_tier": twice(row(Appeal, case=CASE, tier="review", reason="x", at=START, by_label="x")),
    "money_positive": row(Money, kind="refund", amount_fen=0, **PAID),
    "money_kind_known": row(Money, kind="gift", amount_fen=1, **PAID),
    "measure_has_basis": row(Measure, subject="unit", basis="", **HELD),
    "measure_person_has_office": row(Measure, subject="person", basis="x", **HELD),
    "rating_once_per_round": twice(row(Rating, satisfaction=5, **RATED)),
    "rating_range": row(Rating, satisfaction=0, **RATED),
    "text_not_empty": row(Text, case=CASE, words="remark", body="", unit_id=UNIT, by_label="x", at=START),
    "attachment_not_empty": row(
        apps.get_model("cases", "Attachment"),
        case=CASE, ref="x", name="x", mime="x", size=0, sha256="x", stored="x", from_citizen=True, at=START,
    ),
    "category_one_in_force": twice(row(Category, code="99", name="x", valid_from=DAY)),
    "category_code_shape": row(Category, code="9", name="x", valid_from=DAY),
    "category_dates": row(Category, code="99", name="x", valid_from=DAY, valid_to=date(2026, 3, 1)),
    "duty_one_in_force": twice(row(DutyRow, category="99", region="211421", unit_id=UNIT, valid_from=DAY, basis="x")),
    "duty_dates": row(
        DutyRow, category="99", region="211421", unit_id=UNIT, valid_from=DAY, valid_to=date(2026, 3, 1), basis="x"
    ),
    "keyword_once": twice(row(KeywordRow, word="某词", category="99")),
    "clock_rule_one_in_force": twice(row(ClockRule, amount=1, valid_from=DAY, **RULE)),
    "clock_rule_positive": row(ClockRule, amount=0, valid_from=DAY, **RULE),
    "clock_rule_dates": row(ClockRule, amount=1, valid_from=DAY, valid_to=date(2026, 3, 1), **RULE),
    "tally_once": twice(row(Tally, unit_id=1, month=DAY, measure="x", n=1)),
}  # fmt: skip


def named():
    models = apps.get_app_config("cases").get_models()
    found = [c for model in models for c in model._meta.constraints]
    return {c.name for c in found if isinstance(c, CheckConstraint | UniqueConstraint)}


def test_every_named_constraint_has_its_false_row():
    assert named() == set(FALSE_ROWS)


def write_at_once(name, world):
    """The false row, with constraints that wait for the commit asked at once."""
    with transaction.atomic():
        FALSE_ROWS[name](world)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("name", FALSE_ROWS)
def test_the_database_refuses_the_false_row(cast, name):
    world = filed(cast).dispatched()
    with pytest.raises(IntegrityError) as caught:
        write_at_once(name, world)
    assert name in str(caught.value)
