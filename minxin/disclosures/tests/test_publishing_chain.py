"""From the unit's desk to the public page by the real actions: handed in, signed, published, corrected, proved."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.test import Client

from minxin.disclosures.actions import exports, intake, publishing, signing
from minxin.disclosures.models import Appropriation, Submission
from minxin.disclosures.models.broker import ref_of as submission_ref
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.reports import publications as reports
from minxin.disclosures.reports import tables
from minxin.disclosures.rules import publishing as rules
from minxin.disclosures.tests.broker_sheets import NOTE, Line, build_clean, lines
from minxin.disclosures.tests.cast import Money
from minxin.kernel import clocks, files, merkle

MARCH = datetime(2007, 3, 1, 9, tzinfo=clocks.ZONE)


def signed(money: Money, detail: list[Line], **more: Any) -> str:
    facts = {"template": "department_budget", "fiscal_year": 2007, "version": "initial", "note": NOTE, **more}
    found = intake.hand_in_rows(
        unit=money.units["education"],
        sheets=build_clean(detail, year=2007),
        by=money.officers["education_clerk"],
        **facts,
    )
    assert found.stage == "checked", list(found.findings.values_list("message", flat=True))
    ref = submission_ref(found)
    signing.sign(ref, by=money.officers["education_head"])
    return ref


def test_a_budget_is_handed_in_signed_published_corrected_and_proved(client: Client, money: Money) -> None:
    before, head = lines(), money.officers["education_head"]
    with files.using(files.Memory()):
        with clocks.at(MARCH):
            ref = signed(money, before)
            first = publishing.publish([ref], by=head)
            exports.write_exports(ref=ref_of(first))
        after = [replace(before[0], amount=before[0].amount + Decimal(1000)), *before[1:]]
        with clocks.at(MARCH + timedelta(days=5)):
            second = publishing.publish([signed(money, after, corrects=ref, reason="工资漏列一千元")], by=head)
            exports.write_exports(ref=ref_of(second))
        told = json.loads(b"".join(client.get(f"/publications/{ref_of(second)}/files/rows.json").streaming_content))
    assert Submission.objects.public().count() == 2
    sums = [
        rows.aggregate(fen=Sum("amount_fen"))["fen"]
        for rows in (Appropriation.objects.public(first.published_at), Appropriation.objects.public())
    ]
    assert sums[1] - sums[0] == 100_000
    assert sums[0] == sum(line.amount for line in before) * 100
    _act, rows, _onward = reports.diff(ref_of(second))
    assert {row.sheet for row in rows} >= {"detail", "overview", "expenditure", "basic"}
    assert {change.difference.fen for row in rows for change in row.changes if change.difference} == {100_000}
    assert second.rows == len(rows) == len(told["rows"]) == len(told["gone"])
    assert merkle.root([merkle.leaf(rules.written(row)) for row in told["rows"]]).hex() == second.root
    page = client.get("/tables/211400-JYJ/2007/initial/overview/?on=2007-03-03").content.decode()
    assert ref_of(first) in page
    then = tables.table(tables.address("211400-JYJ", 2007, "initial", "detail"), at=first.published_at)
    assert sum(row.raw["amount"] for row in then.rows) == sums[0]
    proof = client.get(f"/publications/{ref_of(first)}/rows/{then.rows[0].leaf}/proof.json").json()
    assert rules.check_proof(proof).holds
