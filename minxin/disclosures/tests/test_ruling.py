"""What regulations fix for the pipe: dated rows, before and after the day, by region, said with their basis."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.test import Client

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import intake, lines
from minxin.disclosures.models import PipeRule, ruling
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import PayMode, RuleCode
from minxin.disclosures.tests import broker_others as others
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.pipe_walk import refused
from minxin.kernel import clocks
from minxin.kernel import reports as kernel

SEED = Path(__file__).parent.parent / "seeds" / "pipe_rules.csv"
HULUDAO, JINZHOU, LIAONING = "211400", "210700", "210000"
M, C, K = RuleCode.MODES, RuleCode.CUT_OFF, RuleCode.CONTRACT
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    ruling.forget()
    yield
    ruling.forget()


def lay_down(code: str, value: str, *, region: str = "", since: date, until: date | None = None) -> None:
    PipeRule.objects.create(code=code, value=value, region=region, basis="试点文件", valid_from=since, valid_to=until)
    ruling.forget()


@pytest.mark.parametrize(
    ("code", "on", "value", "basis"),
    [
        (M, date(2006, 1, 1), "split", "财库〔2001〕24号"),
        (M, date(2020, 12, 31), "split", "财库〔2001〕24号"),
        (M, date(2021, 1, 1), "unified", "预算管理一体化"),
        (C, date(2006, 1, 1), "14:00", "14 时"),
        (K, date(2015, 2, 28), "5000000", "六公开"),
        (K, date(2015, 3, 1), "5000000", "政府采购法实施条例"),
    ],
)
def test_what_holds_on_a_day_is_the_row_of_that_day(code: RuleCode, on: date, value: str, basis: str) -> None:
    found = ruling.in_force(code, region=HULUDAO, on=on)
    assert (found.value, basis in found.basis) == (value, True)


def test_a_day_for_which_nothing_is_laid_down_is_refused_in_words() -> None:
    with refused("no_rule", "2000-12-31 那一天没有关于“支付方式”的规定"):
        ruling.in_force(M, region=HULUDAO, on=date(2000, 12, 31))
    assert ruling.values(region=HULUDAO, on=date(2000, 12, 31)) == {}


def test_the_nearest_region_outweighs_the_country() -> None:
    lay_down(C, "15:00", region=LIAONING, since=date(2007, 1, 1))
    lay_down(C, "16:30", region=HULUDAO, since=date(2007, 3, 1), until=date(2007, 3, 31))
    held = {
        (region, on): ruling.in_force(C, region=region, on=on).value
        for region in (HULUDAO, JINZHOU, "110000")
        for on in (date(2006, 12, 31), date(2007, 3, 31), date(2007, 4, 1))
    }
    assert list(held.values()) == ["14:00", "16:30", "15:00", "14:00", "15:00", "15:00", "14:00", "14:00", "14:00"]


def test_rules_are_read_once_by_a_process(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        for code in RuleCode:
            ruling.in_force(code, region=HULUDAO, on=date(2024, 1, 1))


@pytest.mark.parametrize(
    ("value", "received", "due"),
    [
        ("14:00", "2006-01-10T14:00", date(2006, 1, 10)),
        ("14:00", "2006-01-10T15:30", date(2006, 1, 11)),
        ("16:00", "2006-01-10T15:30", date(2006, 1, 10)),
    ],
)
def test_the_due_day_follows_the_row(value: str, received: str, due: date) -> None:
    lay_down(C, value, region=HULUDAO, since=date(2001, 1, 1))
    at = datetime.fromisoformat(f"{received}+08:00")
    cut_off = ruling.in_force(C, region=HULUDAO, on=at.date())
    assert pipe.due_on(at, kernel.calendar(HULUDAO), cut_off) == due


def open_line(year: int, **facts: object):
    return lines.open_line(
        unit="211400-MZJ", fiscal_year=year, function="2080201", economic="30201", fund="general",
        amount=Decimal("100.00"), doc_no=f"葫财指社〔{year}〕18号", on=date(year, 5, 8), by=SYSTEM, **facts,
    )  # fmt: skip


@pytest.mark.parametrize(("year", "mode"), [(2020, "authorised"), (2021, "unified")])
def test_a_line_is_paid_as_its_year_pays(money: Money, year: int, mode: str) -> None:
    assert open_line(year).mode == mode


@pytest.mark.parametrize(
    ("year", "mode", "words"),
    [
        (2020, PayMode.UNIFIED, "财库〔2001〕24号"),
        (2021, PayMode.DIRECT, "一体化"),
        (2026, PayMode.AUTHORISED, "一体化"),
    ],
)
def test_a_way_of_paying_the_year_does_not_know_is_refused_with_its_basis(
    money: Money, year: int, mode: PayMode, words: str
) -> None:
    with refused("mode", f"没有“{mode.label}”.*依据：.*{words}"):
        open_line(year, mode=mode)


def test_a_check_reads_the_threshold_of_its_bureau_s_region(money: Money) -> None:
    unit, finance = money.units["education"], money.units["finance"]
    ref = others.line(unit, finance)
    others.contract(unit, finance, ref)
    sheets = others.payments(ref)
    paid = sheets["payments"][0]
    paid["contract_no"] = ""

    def found() -> list[str]:
        made = intake.hand_in_rows(
            unit=unit, template="payments", fiscal_year=2024, sheets=sheets, by=money.officers["education_clerk"]
        )
        return [finding.message for finding in made.findings.filter(rule="P17")]

    with clocks.at(datetime(2024, 3, 1, 9, tzinfo=clocks.ZONE)):
        (message,) = found()
        assert "满 50,000.00 元而没有写合同编号" in message
        lay_down(K, "9000000", region=HULUDAO, since=date(2024, 3, 1))
        assert found() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "modes", "value": "both"},
        {"code": "cut_off", "value": "25:00"},
        {"code": "cut_off", "value": "14"},
        {"code": "contract", "value": "0"},
        {"code": "contract", "value": "5 万"},
        {"code": "unknown", "value": "1"},
    ],
)
def test_a_row_whose_value_has_not_the_shape_of_its_rule_is_no_row(wrong: dict[str, str]) -> None:
    with pytest.raises(IntegrityError, match="pipe_rule_value_shape"), transaction.atomic():
        PipeRule.objects.create(**wrong, region="110000", basis="错", valid_from=date(2001, 1, 1))


def test_two_rows_in_force_and_one_that_ends_before_it_begins_are_no_rows() -> None:
    with pytest.raises(IntegrityError, match="pipe_rule_one_in_force"), transaction.atomic():
        lay_down(C, "15:00", since=date(2030, 1, 1))
    with pytest.raises(IntegrityError, match="pipe_rule_dates"), transaction.atomic():
        lay_down(C, "15:00", since=date(2030, 1, 2), until=date(2030, 1, 1))


def test_the_seed_is_planted_whole_and_twice_is_once() -> None:
    plant = import_module("minxin.disclosures.migrations.0015_pipe_rules").seed
    with SEED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plant(apps, None)
    assert PipeRule.objects.count() == len(rows)
    for code in RuleCode:
        dated = sorted(
            (row["valid_from"], row["valid_to"]) for row in rows if (row["code"], row["region"]) == (code.value, "")
        )
        assert dated[-1][1] == "", "the newest row is open"
        for (_since, until), (since, _until) in pairwise(dated):
            assert date.fromisoformat(until).toordinal() + 1 == date.fromisoformat(since).toordinal(), "no gap"


def test_everybody_reads_the_rules_with_their_basis_and_their_days(client: Client) -> None:
    lay_down(K, "20000000", region=HULUDAO, since=date(2007, 1, 1))
    with clocks.at(datetime(2026, 1, 5, 9, tzinfo=clocks.ZONE)):
        page = client.get("/publications/rules/").content.decode()
    expected = [
        "支付环节的规定",
        "付给企业的一笔满 50,000.00 元",
        "付给企业的一笔满 200,000.00 元而没有写合同编号的，校核时提示。",
        "葫芦岛市",
        "2020年12月31日",
        "14:00 以前收到的当个工作日办理",
        "《中华人民共和国政府采购法实施条例》第五十条",
    ]
    for words in expected:
        assert words in page, words
