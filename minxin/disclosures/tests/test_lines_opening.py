"""Lines come from the published budget, once, and every change of them is on record."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Case, Sum, Value, When

from minxin.disclosures.actions import lines, plans
from minxin.disclosures.models import Allotment, Appropriation, BudgetLine, LineChange
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.rules.codes import SIGNS, ChangeKind
from minxin.disclosures.tests.pipe_walk import (
    BUDGET,
    CIVIL,
    EDUCATION,
    FINANCE,
    NEW_YEAR,
    SCHOOL,
    YEAR,
    refused,
)
from minxin.kernel import clocks
from minxin.kernel.errors import Absent
from minxin.ledger import reports as ledger

DOC = {"doc_no": "葫财预〔2006〕1号", "on": date(2006, 1, 10)}
MAY = date(2006, 5, 8)


@pytest.fixture(autouse=True)
def new_year():
    with clocks.at(NEW_YEAR):
        yield


@pytest.fixture
def walk(opened):
    return opened


def signed_sums():
    signs = [When(kind=kind, then=Value(sign)) for kind, sign in SIGNS.items()]
    from django.db.models import F

    rows = LineChange.objects.values("line").annotate(fen=Sum(F("amount_fen") * Case(*signs)))
    return {row["line"]: row["fen"] for row in rows}


def balanced():
    """Every line's changes add up to what is approved, its issued plans to what is allotted."""
    sums = signed_sums()
    assert {line.pk: line.approved_fen for line in BudgetLine.objects.all()} == sums
    issued = dict(
        Allotment.objects.filter(stage="issued").values_list("line").annotate(fen=Sum("amount_fen")).order_by()
    )
    assert {line.pk: line.allotted_fen for line in BudgetLine.objects.all() if line.allotted_fen} == issued
    return True


def test_the_published_budget_becomes_lines(walk):
    assert BudgetLine.objects.count() == len(BUDGET)
    assert BudgetLine.objects.aggregate(fen=Sum("approved_fen")) == Appropriation.objects.aggregate(
        fen=Sum("amount_fen")
    )
    line = walk.line("school", "31002")
    assert (line.project, line.mode, line.section, line.formed_year) == ("多媒体教室", "direct", "教科文科", YEAR)
    assert walk.line("school", "30201").mode == "authorised"
    assert balanced()
    event = ledger.history(f"unit:{FINANCE}")[-1]
    assert (event.verb, event.facts["lines"], event.facts["fen"]) == ("open_lines", 5, 905_000_000)


def test_opening_again_opens_nothing_whatever_the_document(walk):
    for doc_no in ("葫财预〔2006〕1号", "葫财预〔2006〕2号"):
        with refused("already", "已经下达"):
            lines.open_lines(finance=FINANCE, fiscal_year=YEAR, doc_no=doc_no, on=MAY, by=walk.by("finance_budget"))
    assert BudgetLine.objects.count() == len(BUDGET)


def test_a_line_from_above_is_opened_by_its_own_document(walk):
    facts = {"unit": CIVIL, "fiscal_year": YEAR, "function": "2080201", "economic": "30201", "fund": "general"}
    facts |= {
        "amount": Decimal("50000.00"),
        "doc_no": "辽财指社〔2006〕18号",
        "on": MAY,
        "by": walk.by("finance_budget"),
    }
    line = lines.open_line(**facts, summary="省级专款")
    assert (line.approved_fen, line.section, line.mode) == (5_000_000, "社会保障科", "authorised")
    assert balanced()
    with refused("already"):
        lines.open_line(**facts)
    with refused("code", "2006 年"):
        lines.open_line(**facts | {"function": "9999999", "doc_no": "另一文号"})
    with refused("required", "文号"):
        lines.open_line(**facts | {"doc_no": " "})


def test_lines_are_added_to_and_cut_but_never_below_what_is_allotted(walk):
    walk.allotted({("school", "30201"): "300000.00"})
    ref, by = walk.ref("school", "30201"), walk.by("finance_budget")
    lines.change(ref, kind=ChangeKind.ADD, amount=Decimal("10.00"), doc_no="追1", on=MAY, by=by)
    with refused("overdrawn", "100,010.00"):
        lines.change(ref, kind=ChangeKind.CUT, amount=Decimal("100010.01"), doc_no="减1", on=MAY, by=by)
    lines.change(ref, kind=ChangeKind.CUT, amount=Decimal("100010.00"), doc_no="减1", on=MAY, by=by)
    assert walk.line("school", "30201").approved_fen == 30_000_000
    assert balanced()
    with refused("invalid"):
        lines.change(ref, kind=ChangeKind.CARRY, amount=Decimal(1), doc_no="减1", on=MAY, by=by)


def test_what_is_frozen_is_neither_planned_nor_cut(walk):
    ref, by = walk.ref("civil", "30201"), walk.by("finance_budget")
    lines.freeze(ref, amount=Decimal("200000.00"), reason="执行审计意见", by=by)
    with refused("overdrawn", "50,000.00"):
        plans.submit(unit=CIVIL, month=MAY, amounts={ref: Decimal("50000.01")}, by=walk.by("civil_clerk"))
    with refused("overdrawn", "50,000.00"):
        lines.change(ref, kind=ChangeKind.CUT, amount=Decimal("60000"), doc_no="减1", on=MAY, by=by)
    with refused("overdrawn", "200,000.00"):
        lines.unfreeze(ref, amount=Decimal("200000.01"), reason="审计结束", by=by)
    lines.unfreeze(ref, amount=Decimal("200000.00"), reason="审计结束", by=by)
    assert walk.line("civil", "30201").frozen_fen == 0
    assert [event.verb for event in ledger.history(ref)] == ["freeze_line", "unfreeze_line"]


def test_idle_money_is_put_to_use_by_one_act_with_both_ends(walk):
    walk.allotted({("school", "31002"): "900000.00"})
    source, target, by = walk.ref("school", "31002"), walk.ref("civil", "30201"), walk.by("finance_budget")
    act = {
        "source": source,
        "target": target,
        "doc_no": "葫政办〔2006〕30号",
        "on": MAY,
        "by": by,
        "reason": "闲置满两年",
    }
    with refused("overdrawn", "900,000.00"):
        lines.revive(**act, amount=Decimal("900000.01"))
    lines.revive(**act, amount=Decimal("700000.00"))
    assert (walk.line("school", "31002").approved_fen, walk.line("school", "31002").allotted_fen) == (20_000_000,) * 2
    assert walk.line("civil", "30201").approved_fen == 95_000_000
    ends = LineChange.objects.filter(kind__in=["revive_out", "revive_in"]).order_by("kind")
    assert [(end.kind, end.amount_fen, ref_of(end.counterpart)) for end in ends] == [
        ("revive_in", 70_000_000, source),
        ("revive_out", 70_000_000, target),
    ]
    assert balanced()
    assert [ledger.history(ref)[-1].verb for ref in (source, target)] == ["revive", "revive"]
    with refused("invalid"):
        lines.revive(**act | {"target": source}, amount=Decimal(1))


def test_money_keeps_its_purse(walk):
    fund = lines.open_line(
        unit=EDUCATION, fiscal_year=YEAR, function="2050101", economic="30201", fund="fund", amount=Decimal(100),
        doc_no="葫财基〔2006〕1号", on=MAY, by=walk.by("finance_budget"),
    )  # fmt: skip
    with refused("fund", "资金性质"):
        lines.revive(
            source=ref_of(fund), target=walk.ref("civil", "30201"), amount=Decimal(1), doc_no="1", on=MAY, reason="错",
            by=walk.by("finance_budget"),
        )  # fmt: skip


def test_what_a_year_leaves_is_carried_once_and_keeps_the_year_it_was_formed(walk):
    walk.allotted({("school", "30201"): "300000.00"})
    BudgetLine.objects.filter(pk=walk.line("school", "30201").pk).update(paid_fen=10_000_000)
    carry = {"finance": FINANCE, "fiscal_year": 2007, "on": date(2007, 1, 4), "by": walk.by("finance_budget")}
    with refused("invalid", "新的年度"):
        lines.carry(**carry | {"on": date(2006, 12, 30)}, doc_no="结转1号")
    assert lines.carry(**carry, doc_no="结转1号", refs=[walk.ref("school", "30201")]) == 1
    old, new = walk.line("school", "30201"), BudgetLine.objects.get(year=2007)
    assert (old.approved_fen, old.allotted_fen, old.frozen_fen) == (40_000_000, 10_000_000, 30_000_000)
    assert (new.approved_fen, new.formed_year, new.allotted_fen) == (30_000_000, 2006, 0)
    assert LineChange.objects.get(line=new).counterpart == old
    assert balanced()
    assert lines.carry(**carry, doc_no="结转2号") == 4, "the others; this one has nothing left"
    with refused("nothing"):
        lines.carry(**carry, doc_no="结转3号")
    assert balanced()


def test_plans_pass_three_desks_and_become_allotments(walk):
    ref = walk.ref("school", "30201")
    plans.submit(unit=SCHOOL, month=MAY, amounts={ref: Decimal("30000.00")}, by=walk.by("school_clerk"))
    with refused("nothing"):
        plans.issue(finance=FINANCE, month=MAY, doc_no="1", by=walk.by("finance_cashier"))
    assert plans.approve(finance=FINANCE, month=MAY, units=[SCHOOL], by=walk.by("finance_budget")) == 1
    assert walk.line("school", "30201").allotted_fen == 0
    assert plans.issue(finance=FINANCE, month=MAY, doc_no="葫财支5号", by=walk.by("finance_cashier")) == 1
    assert walk.line("school", "30201").allotted_fen == 3_000_000
    plan = Allotment.objects.get()
    assert (plan.month, plan.mode, plan.doc_no, plan.stage) == (date(2006, 5, 1), "authorised", "葫财支5号", "issued")
    assert [event.verb for event in ledger.history(f"unit:{SCHOOL}")][-1] == "submit_plans"


def test_a_plan_is_of_the_year_within_the_line_and_alone(walk):
    ref, by = walk.ref("school", "30201"), walk.by("school_clerk")
    with refused("year"):
        plans.submit(unit=SCHOOL, month=date(2007, 1, 1), amounts={ref: Decimal(1)}, by=by)
    plans.submit(unit=SCHOOL, month=MAY, amounts={ref: Decimal("300000")}, by=by)
    with refused("already", "2006-05"):
        plans.submit(unit=SCHOOL, month=MAY, amounts={ref: Decimal(1)}, by=by)
    with refused("overdrawn", "100,000.00"):
        plans.submit(unit=SCHOOL, month=date(2006, 6, 1), amounts={ref: Decimal("100000.01")}, by=by)
    assert plans.withdraw(unit=SCHOOL, month=MAY, reason="填错", by=by) == 1
    plans.submit(unit=SCHOOL, month=MAY, amounts={ref: Decimal("400000")}, by=by)
    with refused("required"):
        plans.submit(unit=SCHOOL, month=MAY, amounts={}, by=by)


def test_a_line_cut_after_its_plan_was_approved_is_not_issued(walk):
    ref = walk.ref("school", "30201")
    plans.submit(unit=SCHOOL, month=MAY, amounts={ref: Decimal("400000")}, by=walk.by("school_clerk"))
    plans.approve(finance=FINANCE, month=MAY, by=walk.by("finance_budget"))
    lines.change(ref, kind=ChangeKind.CUT, amount=Decimal(1), doc_no="减", on=MAY, by=walk.by("finance_budget"))
    with refused("overdrawn", ref):
        plans.issue(finance=FINANCE, month=MAY, doc_no="1", by=walk.by("finance_cashier"))
    assert plans.void(finance=FINANCE, month=MAY, reason="指标已调减", by=walk.by("finance_budget")) == 1
    assert Allotment.objects.get().stage == "void"


def test_unused_allotments_are_taken_back_newest_first(walk):
    key = ("school", "30201")
    walk.allotted({key: "1000"}).allotted({key: "200"}, date(2006, 2, 1)).allotted({key: "30"}, date(2006, 3, 1))
    ref, by = walk.ref(*key), walk.by("finance_cashier")
    plans.reduce(ref, amount=Decimal(130), reason="年中调整", by=by)
    assert list(Allotment.objects.order_by("month").values_list("stage", "amount_fen")) == [
        ("issued", 100_000),
        ("issued", 10_000),
        ("void", 3_000),
    ]
    assert balanced()
    with refused("overdrawn", "1,100.00"):
        plans.reduce(ref, amount=Decimal("1100.01"), reason="年中调整", by=by)
    plans.reduce(ref, amount=Decimal("1100.00"), reason="年中调整", by=by)
    assert walk.line(*key).allotted_fen == 0
    assert balanced()


def test_the_database_itself_keeps_lines_within_bounds(walk):
    line = walk.line("school", "30201")
    for wrong in (
        {"allotted_fen": line.approved_fen + 1},
        {"requested_fen": 1},
        {"paid_fen": 1},
        {"frozen_fen": line.approved_fen + 1},
        {"approved_fen": -1},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            BudgetLine.objects.filter(pk=line.pk).update(**wrong)


ACTS = {
    "open_lines": lambda walk, by: lines.open_lines(finance=FINANCE, fiscal_year=YEAR, by=by, **DOC),
    "open_line": lambda walk, by: lines.open_line(
        unit=SCHOOL, fiscal_year=YEAR, function="2050204", economic="30299", fund="general", amount=Decimal(1), by=by,
        **DOC,
    ),
    "change": lambda walk, by: lines.change(
        walk.ref("school", "30201"), kind=ChangeKind.ADD, amount=Decimal(1), by=by, **DOC
    ),
    "freeze": lambda walk, by: lines.freeze(walk.ref("school", "30201"), amount=Decimal(1), reason="试", by=by),
    "carry": lambda walk, by: lines.carry(finance=FINANCE, fiscal_year=2007, doc_no="1", on=date(2007, 1, 4), by=by),
    "revive": lambda walk, by: lines.revive(
        source=walk.ref("school", "30201"), target=walk.ref("civil", "30201"), amount=Decimal(1), reason="试", by=by,
        **DOC,
    ),
    "submit": lambda walk, by: plans.submit(
        unit=SCHOOL, month=MAY, amounts={walk.ref("school", "30201"): Decimal(1)}, by=by
    ),
    "withdraw": lambda walk, by: plans.withdraw(unit=SCHOOL, month=MAY, reason="试", by=by),
    "approve": lambda walk, by: plans.approve(finance=FINANCE, month=MAY, by=by),
    "issue": lambda walk, by: plans.issue(finance=FINANCE, month=MAY, doc_no="1", by=by),
    "void": lambda walk, by: plans.void(finance=FINANCE, month=MAY, reason="试", by=by),
    "reduce": lambda walk, by: plans.reduce(walk.ref("school", "30201"), amount=Decimal(1), reason="试", by=by),
}  # fmt: skip
FREE = {"submit": "school_clerk", "withdraw": "school_clerk", "issue": "finance_cashier", "reduce": "finance_cashier"}
EVERYBODY = [f"{unit}_{role}" for unit in ("school", "education", "civil") for role in ("clerk", "leader", "head")]
EVERYBODY += ["finance_budget", "finance_cashier", "finance_clerk", "bank_banker"]


@pytest.mark.parametrize("act", ACTS)
def test_each_act_has_its_post_and_who_sees_nothing_finds_nothing(walk, act):
    may = FREE.get(act, "finance_budget")
    for who in EVERYBODY:
        if who == may:
            continue
        with pytest.raises((Absent, lines.Refused)) as caught, transaction.atomic():
            ACTS[act](walk, walk.by(who))
        blind = who.startswith(("bank", "civil", "education"))
        of_finance = act in {"open_lines", "carry", "approve", "issue", "void"}
        expected = "absent" if blind or (of_finance and not who.startswith("finance")) else "forbidden"
        if act == "revive" and not who.startswith("finance"):
            expected = "absent"
        assert caught.value.code == expected, who


def test_money_of_earlier_years_is_taken_over_with_the_year_it_was_formed(money):
    facts = {"unit": CIVIL, "fiscal_year": YEAR, "function": "2080201", "economic": "30201", "fund": "general"}
    facts |= {"doc_no": "葫财指〔2003〕21号", "on": date(2006, 1, 17), "by": money.officers["finance_budget"]}
    line = lines.open_line(amount=Decimal("460000.00"), formed_year=2003, **facts)
    assert (line.formed_year, line.approved_fen) == (2003, 46_000_000)
    assert [change.kind for change in line.changes.all()] == ["carry"]
    for wrong in (2007, 1985):
        with refused("formed_year", "形成的年度"):
            lines.open_line(amount=Decimal(1), formed_year=wrong, **facts)
