"""The demo's budgets: 265 units, every table put together from its detail, nothing for the checks to find."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from minxin.directory import models as directory_models
from minxin.directory.rules import SYSTEM, Role
from minxin.disclosures.actions import duties, intake
from minxin.disclosures.reports import pipe_desk
from minxin.kernel import clocks, files
from minxin.portal.actions import acting, budgets, budgets_city, glass, network, treasury, waiting


@pytest.fixture(scope="module")
def counter(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The network with its 265 units enrolled, in a transaction that is undone at the module's end."""
    with django_db_blocker.unblock(), files.using(files.Memory()), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE directory_unit SET parent_id = NULL, line_parent_id = NULL, answers_by_id = NULL")
            for table in ("token", "appointment", "post", "person", "unit"):
                cursor.execute(f"DELETE FROM directory_{table}")
            cursor.execute("DELETE FROM ledger_event; DELETE FROM ledger_stream")
        directory_models.changes.tree += 1
        directory_models.changes.tree_block = connection.atomic_blocks[0]
        acting.forget()
        network.build(lambda words: None)
        glass.open_counter()
        yield
        transaction.set_rollback(True)
    acting.forget()
    directory_models.changes.tree += 1


def test_the_city_has_265_budget_units_and_departments_stand_before_their_own():
    every = budgets.units()
    assert len(every) == len({unit.code for unit in every}) == 265
    seen: set[str] = set()
    for unit in every:
        assert not unit.department or unit.department in seen
        seen.add(unit.unit)


def test_the_documents_revive_130_million_and_no_source_gives_more_than_it_has():
    assert sum(Decimal(row[-1]) for row in treasury.REVIVED) == 130_000_000
    left = {project: Decimal(yuan) for _unit, _function, _economic, project, _year, yuan in treasury.IDLE}
    for _month, source, *_target, yuan in treasury.REVIVED:
        left[source] -= Decimal(yuan)
    assert min(left.values()) >= 0


@pytest.mark.parametrize("year", [2006, 2007])
def test_the_checks_find_nothing_in_any_kind_of_unit(counter: None, year: int):
    chosen = {unit.likeness + unit.type: unit for unit in budgets.units()} | {
        unit.unit: unit for unit in budgets.units() if unit.unit in budgets.LARGE
    }
    assert len(chosen) > 10
    with clocks.at(datetime(year, 1, 10, 9, tzinfo=clocks.ZONE)):
        for unit in chosen.values():
            made = intake.hand_in_rows(
                unit=unit.unit,
                template="department_budget",
                fiscal_year=year,
                version="initial",
                sheets=budgets.sheets(unit, year),
                note=glass.NO_ROWS,
                by=SYSTEM,
            )
            found = apps.get_model("disclosures", "Finding").objects.filter(submission_id=made.pk)
            assert list(found.values_list("rule", "message")) == [], unit


def test_an_account_tells_what_a_budget_need_not(counter: None):
    unit = next(unit for unit in budgets.units() if unit.unit == glass.LATE)
    with clocks.at(datetime(2007, 7, 18, 9, tzinfo=clocks.ZONE)):
        made = intake.hand_in_rows(
            unit=unit.unit,
            template="department_budget",
            fiscal_year=2006,
            version="final",
            sheets=budgets.account(unit, 2006, budgets.plan(unit, 2006)),
            note=glass.NO_ROWS,
            by=SYSTEM,
        )
    assert (made.stage, made.fatal) == ("checked", 0)


@pytest.mark.parametrize("year", [2006, 2007])
def test_the_government_s_budget_sums_the_units_up_and_the_checks_find_nothing(counter: None, year: int):
    made = budgets_city.sheets(year)
    own, funds = (
        {row["code"]: row["amount"] for row in made[name]} for name in ("own_expenditure", "fund_expenditure")
    )
    items = [item for unit in budgets.units() for item in budgets.plan(unit, year)]
    assert own["合计"] - own["227"] == sum(item.yuan for item in items if item.fund == "general")
    assert own["2050203"] == sum(item.yuan for item in items if (item.function, item.fund) == ("2050203", "general"))
    assert funds["合计"] == sum(item.yuan for item in items if item.fund == "fund")
    assert {row["region"] for row in made["transfers"]} == {"连山区", "龙港区", "南票区", "绥中县", "建昌县", "兴城市"}
    assert {name for name, rows in made.items() if not rows} == {
        "own_basic", "debt", "fund_debt", "capital_revenue", "capital_expenditure",
    }  # fmt: skip
    with clocks.at(datetime(year, 1, 12, 15, tzinfo=clocks.ZONE)):
        handed = intake.hand_in_rows(
            unit=glass.FINANCE,
            template="government_budget",
            fiscal_year=year,
            version="initial",
            sheets=made,
            note=budgets_city.NO_ROWS % year,
            by=acting.officer(glass.FINANCE, Role.CLERK),
        )
    found = apps.get_model("disclosures", "Finding").objects.filter(submission_id=handed.pk)
    assert list(found.values_list("rule", "message")) == []


def test_the_government_s_budget_is_published_in_time(counter: None):
    with clocks.at(datetime(2007, 1, 9, 9, tzinfo=clocks.ZONE)):
        duties.ratify(
            finance=glass.FINANCE, fiscal_year=2007, version="initial", ratifier="congress",
            on=clocks.today(), doc_no="葫人发〔2007〕1号", by=acting.officer(glass.FINANCE, Role.BUDGET),
        )  # fmt: skip
    glass.publish_government(2007)
    duty = apps.get_model("disclosures", "Duty").objects.get(rule__code="GOV_BUDGET", fiscal_year=2007)
    assert (duty.days_late, duty.due_at - duty.done_at > timedelta(days=10)) == (0, True)
    page = Client().get(f"/tables/{glass.FINANCE}/2007/initial/debt/").content.decode()
    assert "2007年还没有" in page


@pytest.mark.parametrize(
    "now", [datetime(2026, 11, 26, 9, tzinfo=clocks.ZONE), datetime(2027, 1, 1, 0, 5, tzinfo=clocks.ZONE)]
)
def test_every_desk_of_the_pipe_finds_something_that_waits_for_it(counter: None, now: datetime):
    with transaction.atomic():
        waiting.ask(now)
        with clocks.at(now):
            for where, role, verb in (
                (waiting.SCHOOL, Role.LEADER, "review_unit"),
                (glass.FINANCE, Role.BUDGET, "review_section"),
                (glass.FINANCE, Role.CASHIER, "review_centre"),
            ):
                found = pipe_desk.waiting(acting.officer(where, role))
                assert [(row.verb, row.count) for row in found if row.verb == verb] == [(verb, 1)]
            lines = apps.get_model("disclosures", "BudgetLine").objects.filter(unit__code=waiting.SCHOOL, year=now.year)
            assert lines.count() == len(waiting.LINES)
            assert lines.filter(allotted_fen__gt=0, requested_fen__gt=0).count() == 5
            approved = apps.get_model("disclosures", "Payment").objects.filter(stage=2, year=now.year)
            assert sum(approved.values_list("amount_fen", flat=True)) == 1_158_060
        transaction.set_rollback(True)
