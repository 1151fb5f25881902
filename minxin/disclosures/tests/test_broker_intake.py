"""Handing in: a clean workbook passes, every bad file is told what to do."""

from datetime import datetime

import pytest

from minxin.disclosures.actions import intake
from minxin.disclosures.rules.codes import SubmissionStage
from minxin.disclosures.tests.broker_sheets import NOTE, clean, workbook
from minxin.disclosures.tests.cast import Money
from minxin.kernel import clocks


@pytest.fixture(autouse=True)
def _then(db):
    with clocks.at(datetime(2007, 3, 1, 9, tzinfo=clocks.ZONE)):
        yield


def test_clean_rows_pass_without_a_finding(money: Money) -> None:
    found = intake.hand_in_rows(
        unit=money.units["education"],
        template="department_budget",
        fiscal_year=2007,
        version="initial",
        sheets=clean(),
        note=NOTE,
        by=money.officers["education_clerk"],
    )
    assert [(f.rule, f.sheet, f.row, f.value, f.other, f.message) for f in found.findings.all()] == []
    assert found.stage == SubmissionStage.CHECKED


def test_a_clean_workbook_passes_without_a_finding(money: Money) -> None:
    found = intake.hand_in(
        unit=money.units["education"],
        template="department_budget",
        fiscal_year=2007,
        version="initial",
        name="a.xlsx",
        data=workbook(clean()),
        note=NOTE,
        by=money.officers["education_clerk"],
    )
    assert [(f.rule, f.sheet, f.row, f.value, f.other, f.message) for f in found.findings.all()] == []
    assert found.stage == SubmissionStage.CHECKED
