"""Every rule finds what it is there for, and only in what is wrong: the clean tables pass, each one spoilt fails it."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils.translation import override

from minxin.disclosures.actions import checking, intake
from minxin.disclosures.models import CheckRule, Finding, Heading, Payment, Submission
from minxin.disclosures.rules import templates
from minxin.disclosures.tests import broker_others as others
from minxin.disclosures.tests.broker_sheets import NOTE, Line, Y, build_clean, clean, lines, workbook
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import signed
from minxin.kernel import clocks

YEAR = 2024
Sheets = dict[str, list[dict[str, Any]]]
Spoil = Callable[[Sheets], Any]
SEED = Path(__file__).parents[1] / "seeds" / "check_rules.toml"
CODES = [row["code"] for row in tomllib.loads(SEED.read_text(encoding="utf-8"))["rules"]]


@dataclass(frozen=True)
class Case:
    """How to spoil the clean tables so that one rule finds it."""

    spoil: Spoil
    version: str = "initial"
    note: str = NOTE
    setting: Callable[[Money], Any] = lambda money: None
    extra: Mapping[str, Any] = field(default_factory=dict)


def row(sheets: Sheets, sheet: str, **match: Any) -> dict[str, Any]:
    return next(r for r in sheets[sheet] if all(r.get(name) == value for name, value in match.items()))


def more(sheet: str, column: str, by: Any = 1000, **match: Any) -> Spoil:
    """Add to a figure."""

    def spoil(sheets: Sheets) -> None:
        found = row(sheets, sheet, **match)
        found[column] = found.get(column, Y(0)) + by

    return spoil


def put(sheet: str, column: str, value: Any, **match: Any) -> Spoil:
    """Write something else into a cell."""
    return lambda sheets: row(sheets, sheet, **match).update({column: value})


def drop(sheet: str, **match: Any) -> Spoil:
    """Leave out the rows that match."""

    def spoil(sheets: Sheets) -> None:
        sheets[sheet] = [r for r in sheets[sheet] if not all(r.get(name) == value for name, value in match.items())]

    return spoil


def add(sheet: str, **cells: Any) -> Spoil:
    """One row more."""
    return lambda sheets: sheets[sheet].append(cells)


def both(*spoils: Spoil) -> Spoil:
    return lambda sheets: [spoil(sheets) for spoil in spoils]


def tree(prefix: str, sheet: str, column: str, *, item: str, middle: str, odd: str, name: bool = True,
         deep: bool = True) -> dict[str, Case]:  # fmt: skip
    """The six or seven checks that every table with classes, 款 and 项 has."""
    cases = {
        "1": Case(more(sheet, column, code=item)),
        "2": Case(more(sheet, column, code="合计")),
        "3": Case(drop(sheet, code="合计")),
        "4": Case(drop(sheet, code=middle)),
        "5": Case(add(sheet, code=odd, name="没有的", **{column: Y(0)})),
    }
    if name:
        cases["6"] = Case(put(sheet, "name", "别的名称", code=item))
    if deep:
        cases["7"] = Case(lambda s: s.update({sheet: [r for r in s[sheet] if len(r["code"]) < len(item)]}))
    return {f"{prefix}{number}": case for number, case in cases.items()}


def no_rows(sheet: str) -> Spoil:
    return lambda sheets: sheets.update({sheet: []})


def published(money: Money, year: int, version: str, sheets: Sheets) -> None:
    """What stands on the page: the rows of another submission, as publishing leaves them."""
    from minxin.disclosures.models import Entry, Publication
    from minxin.disclosures.rules import broker

    unit, finance = money.units["education"], money.units["finance"]
    kind = templates.get("department_budget")
    ref = signed(unit.id, {}, finance=finance.id, fiscal_year=year, version=version)
    made = Submission.objects.latest("id")
    assert ref
    publication = Publication.objects.create(
        year=2024, number=1, title="公开", template=kind.code, fiscal_year=year, version=version,
        publisher_id=unit.id, office="教育局", published_at=clocks.now(), units=1, rows=0, root="0" * 64,
    )  # fmt: skip
    typed = {code: [broker.Typed(n, cells) for n, cells in enumerate(rows, 2)] for code, rows in sheets.items()}
    staged = broker.stage(kind, version, typed, from_file=False)
    import json

    Entry.objects.bulk_create(
        Entry(submission=made, unit_id=unit.id, fiscal_year=year, version=version, sheet=r.sheet, row=r.row, key=r.key,
              cells=json.loads(r.cells), digest=b"", publication=publication, leaf=leaf, recorded_from=clocks.now())
        for leaf, r in enumerate(staged.rows)
    )  # fmt: skip


def smaller(money: Money, year: int = YEAR - 1, version: str = "initial") -> None:
    """Last year on the page: half of everything."""
    half = [Line(**{**_facts(line), "amount": Y(int(line.amount) // 4)}) for line in lines()]
    published(money, year, version, build_clean(half, year=year, version=version))


def _facts(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Line.__dataclass_fields__}


def school_hands_in(money: Money) -> None:
    intake.hand_in_rows(
        unit=money.units["school"], template="department_budget", fiscal_year=YEAR, version="initial",
        sheets=clean("205001", year=YEAR), note=NOTE, by=money.officers["school_clerk"],
    )  # fmt: skip


WAGES = {"unit": "205", "function": "2050101", "economic": "30101"}
DEPARTMENT: dict[str, Case] = {
    "D01": Case(drop("overview", item="received")),
    "D02": Case(more("overview", "amount", item="spent")),
    "D03": Case(more("overview", "amount", item="income")),
    "D04": Case(more("overview", "amount", item="received")),
    "D05": Case(more("overview", "amount", item="expense")),
    "D06": Case(more("overview", "amount", item="spent")),
    "D07": Case(more("overview", "amount", item="received")),
    "D08": Case(more("expenditure", "total", code="合计")),
    "D09": Case(more("overview", "amount", item="general")),
    "D10": Case(more("overview", "amount", code="205")),
    "D11": Case(put("overview", "code", "298", code="205")),
    "D12": Case(add("overview", side="income", item="other", amount=Y(-1))),
    "D20": Case(more("income", "total", code="205")),
    "D21": Case(more("income", "income", code="205")),
    "D22": Case(more("income", "general", code="合计")),
    "D23": Case(put("income", "code", "999", code="205")),
    "D24": Case(drop("income", code="合计")),
    **tree("D3", "expenditure", "total", item="2050101", middle="20501", odd="2998888"),
    "D38": Case(more("expenditure", "upward", code="2050101")),
    "D39": Case(put("expenditure", "basic", Y(-5), code="2050101")),
    "D40": Case(more("fiscal", "total", item="received")),
    "D41": Case(more("fiscal", "general", item="spent")),
    "D42": Case(more("fiscal", "general", item="received")),
    "D43": Case(more("fiscal", "general", item="expense")),
    "D44": Case(more("general", "total", code="合计")),
    "D45": Case(more("gov_fund", "total", code="合计")),
    "D46": Case(more("state_capital", "total", code="合计")),
    "D47": Case(more("fiscal", "general", item="income")),
    "D48": Case(more("fiscal", "general", code="205")),
    "D49": Case(drop("fiscal", item="received")),
    **tree("D5", "general", "total", item="2050101", middle="20501", odd="2998888"),
    "D58": Case(more("general", "project", code="2050101")),
    "D59": Case(more("general", "running", code="2050101")),
    "D60": Case(more("basic", "staff", code="合计")),
    **tree("D6", "basic", "total", item="30101", middle="301", odd="39988"),
    "D68": Case(more("basic", "staff", code="30101")),
    "D69": Case(both(put("basic", "staff", Y(0), code="30101"), more("basic", "running", 1, code="30101"))),
    "D70": Case(more("three_public", "total", year=YEAR)),
    "D71": Case(more("three_public", "vehicles", year=YEAR)),
    "D72": Case(drop("three_public", year=YEAR)),
    "D73": Case(more("three_public", "abroad", year=YEAR)),
    "D74": Case(more("three_public", "reception", year=YEAR)),
    "D75": Case(more("three_public", "upkeep", year=YEAR)),
    "D76": Case(more("three_public", "purchase", year=YEAR)),
    "D77": Case(put("three_public", "total", Y(1), year=YEAR - 1)),
    "D78": Case(both(put("three_public", "total", Y(1), year=YEAR - 1), put("three_public", "reason", "", year=YEAR))),
    "D79": Case(put("three_public", "trips", 0, year=YEAR), version="final"),
    "D80": Case(more("gov_fund", "total", code="合计")),
    **tree("D8", "gov_fund", "total", item="2296003", middle="22960", odd="2998888", name=False),
    "D88": Case(more("gov_fund", "basic", code="2296003")),
    "D89": Case(more("gov_fund", "closing", code="2296003"), version="final"),
    "D90": Case(more("state_capital", "total", code="合计")),
    **tree("D9", "state_capital", "total", item="2230101", middle="22301", odd="2998888", name=False),
    "D98": Case(more("state_capital", "basic", code="2230101")),
    "D99": Case(more("state_capital", "closing", code="2230101"), version="final"),
    "D100": Case(more("targets", "weight", 1, project="校舍维修")),
    "D101": Case(drop("targets", project="校舍维修")),
    "D102": Case(drop("targets", project="校舍维修", first="satisfaction")),
    "D103": Case(put("targets", "weight", 120, project="校舍维修")),
    "D104": Case(more("targets", "fiscal", project="校舍维修")),
    "D105": Case(put("targets", "project", "别的项目", project="校舍维修")),
    "D110": Case(more("procurement", "amount", unit="205")),
    "D111": Case(add("procurement", unit="205", item="B01", name="楼", amount=Y("900000000"))),
    "D112": Case(put("procurement", "quantity", 0, unit="205")),
    "D113": Case(put("procurement", "unit", "999", unit="205")),
    "D120": Case(put("detail", "unit", "999", **WAGES)),
    "D121": Case(put("detail", "function", "20501", **WAGES)),
    "D122": Case(put("detail", "economic", "301", **WAGES)),
    "D123": Case(put("detail", "amount", Y(-1), **WAGES)),
    "D124": Case(put("detail", "amount", Y(0), **WAGES)),
    "D125": Case(more("detail", "amount", **WAGES)),
    "D126": Case(more("detail", "amount", **WAGES)),
    "D127": Case(more("detail", "amount", **WAGES)),
    "D128": Case(more("detail", "amount", **WAGES)),
    "D129": Case(put("detail", "gov_economic", "59988", **WAGES)),
    "D130": Case(put("detail", "gov_economic", "50501", **WAGES)),
    "D131": Case(put("detail", "function", "2050150", **WAGES)),
    "D132": Case(put("detail", "economic", "30107", **WAGES)),
    "D133": Case(put("detail", "unit", "205001", **WAGES), setting=school_hands_in),
    "D134": Case(put("detail", "project", "校舍维修", **WAGES)),
    "D135": Case(more("income", "general", -1000, code="合计")),
    "D140": Case(drop("narrative", part="assets")),
    "D141": Case(put("narrative", "text", "无", part="assets")),
    "D142": Case(drop("narrative", part="travel"), version="final"),
    "D150": Case(lambda sheets: None, setting=smaller),
    "D151": Case(lambda sheets: None, setting=smaller),
    "D152": Case(lambda sheets: None, setting=smaller),
    "D153": Case(put("detail", "economic", "30299", economic="31006")),
    "D154": Case(
        lambda sheets: None, version="final", setting=lambda money: smaller(money, year=YEAR, version="initial")
    ),
    "S01": Case(lambda sheets: sheets.pop("general")),
    "S06": Case(put("detail", "amount", "一百元", **WAGES)),
    "S07": Case(put("detail", "amount", "1.005", **WAGES)),
    "S08": Case(put("detail", "amount", "9" * 18, **WAGES)),
    "S09": Case(put("three_public", "year", "2024.5", year=YEAR)),
    "S11": Case(put("detail", "fund", "别的钱", **WAGES)),
    "S12": Case(put("narrative", "text", "长" * 5001, part="assets")),
    "S13": Case(put("detail", "amount", "", **WAGES)),
    "S16": Case(lambda sheets: sheets["detail"].append(dict(sheets["detail"][0]))),
    "S17": Case(lambda sheets: [sheets.update({name: []}) for name in list(sheets)], note=""),
    "S18": Case(no_rows("state_capital"), note=""),
}
GOVERNMENT: dict[str, Case] = {
    **tree("G1", "revenue", "amount", item="10304", middle="103", odd="2x1", name=False, deep=False),
    **tree("G2", "gov_expenditure", "amount", item="2050101", middle="20501", odd="2998888", deep=False),
    **tree("G3", "own_expenditure", "amount", item="2050101", middle="20501", odd="2998888", name=False),
    **tree("G4", "own_basic", "amount", item="50101", middle="501", odd="59988", name=False),
    **tree("G5", "fund_expenditure", "amount", item="2120801", middle="21208", odd="2998888", name=False, deep=False),
    **tree("G6", "capital_expenditure", "amount", item="2230101", middle="22301", odd="2998888", name=False,
           deep=False),
    "G70": Case(more("fund_revenue", "amount", code="合计")),
    "G71": Case(more("capital_revenue", "amount", code="合计")),
    "G72": Case(more("social_revenue", "amount", item="合计")),
    "G73": Case(more("social_expenditure", "amount", item="合计")),
    "G74": Case(more("balance", "amount", item="spent")),
    "G75": Case(more("balance", "amount", item="received")),
    "G76": Case(more("balance", "amount", item="revenue")),
    "G77": Case(more("balance", "amount", item="spending")),
    "G78": Case(put("own_expenditure", "amount", Y(9_000_000), code="2050101")),
    "G79": Case(put("own_basic", "amount", Y(90_000_000), code="合计")),
    "G80": Case(put("debt", "balance", Y(500_001), region="市本级")),
    "G81": Case(put("fund_debt", "balance", Y(300_001), region="市本级")),
    "G82": Case(put("transfers", "project", "", kind="special")),
    "G83": Case(put("transfers", "amount", Y(-1), kind="special")),
    "G84": Case(put("gov_expenditure", "amount", Y(-1), code="2050101")),
    "G85": Case(drop("gov_narrative", part="debt")),
    "G86": Case(put("gov_expenditure", "previous", Y(1_000_000), code="205")),
    "G87": Case(put("revenue", "previous", Y(1_000_000), code="101")),
    "G88": Case(put("own_expenditure", "amount", Y(900_000), code="227")),
    "G89": Case(drop("balance", item="spent")),
    "S19": Case(no_rows("debt"), note=""),
}  # fmt: skip


def first(column: str, value: Any) -> Spoil:
    return lambda sheets: sheets["payments"][0].update({column: value})


def every(column: str, value: Any) -> Spoil:
    return lambda sheets: [r.update({column: value}) for r in sheets["payments"]]


def paid_before(money: Money) -> None:
    unit = money.units["education"].id
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT disclosures_part(2024)")
    Payment.objects.create(
        id=2024 * 10**9 + 1, year=2024, unit_id=unit, finance_id=money.units["finance"].id, line_id=1, payee_id=1,
        payee_kind="firm", function="2050101", economic="30201", fund="general", mode="direct", purpose="款",
        amount_fen=1, stage=1, external_id="A-1", requested_on=date(2024, 2, 1),
        recorded_from=clocks.now(),
    )  # fmt: skip


def five_hundred(sheets: Sheets) -> None:
    one = sheets["payments"][2]
    sheets["payments"] += [{**one, "external_id": f"B-{n}", "payee": f"讲师{n}"} for n in range(500)]


PAYMENTS: dict[str, Case] = {
    "P01": Case(lambda sheets: sheets["payments"][1].update(external_id="A-1")),
    "P02": Case(first("amount", Y(0))),
    "P03": Case(first("unit_reviewed_on", "2024-01-31")),
    "P04": Case(first("section_reviewed_on", "2024-02-01")),
    "P05": Case(first("approved_on", "2024-02-02")),
    "P06": Case(first("ordered_on", "2024-02-03")),
    "P07": Case(first("paid_on", "2024-02-04")),
    "P08": Case(first("cleared_on", "2024-02-04")),
    "P09": Case(first("approved_on", "")),
    "P10": Case(first("requested_on", "2023-12-31")),
    "P11": Case(first("cleared_on", "2024-12-30")),
    "P12": Case(first("unit", "999")),
    "P13": Case(first("line", "ZB2024-9999999-0")),
    "P14": Case(first("uscc", "91110000600037341")),
    "P15": Case(first("uscc", "91110000600037341M")),
    "P16": Case(first("uscc", "")),
    "P17": Case(first("contract_no", "")),
    "P18": Case(first("amount", Y("290000"))),
    "P19": Case(both(first("amount", Y("20000")), first("purpose", "校舍维修尾款"))),
    "P20": Case(lambda sheets: None, setting=paid_before),
    "P21": Case(first("order_no", "")),
    "P22": Case(first("ordered_on", "2024-02-04")),
    "P23": Case(five_hundred),
    "P24": Case(first("mode", "authorised")),
    "P25": Case(first("unit", "205001")),
    "P26": Case(first("settle", "cash")),
    "P27": Case(first("amount", Y("1000001"))),
    "P28": Case(first("purpose", "款")),
    "P29": Case(lambda sheets: sheets["payments"][2].update(payee="东方有限公司")),
    "P30": Case(every("cleared_on", "2024-02-20")),
    "S10": Case(first("paid_on", "二月五日")),
}
IN_FILES = {"S02", "S03", "S04", "S05", "S14", "S15"}  # of files only: proved in test_broker_files.py


@pytest.fixture(autouse=True)
def _then(db: None) -> Iterator[None]:
    with clocks.at(datetime(2024, 3, 1, 9, tzinfo=clocks.ZONE)):
        yield


@pytest.fixture
def headings(db: None) -> None:
    """What the published lists have no finer codes for."""
    Heading.objects.bulk_create(
        Heading(scheme="function", code=code, name=name, parent=code[:-2], level=len(code) // 2, since_year=2019)
        for code, name in (("22301", "解决历史遗留问题"), ("2230101", "厂办大集体改革"))
    )


OF_IMPORTS = {f"I0{n}" for n in range(1, 9)}  # proved in test_importing


def test_every_rule_has_its_case() -> None:
    assert {*DEPARTMENT, *GOVERNMENT, *PAYMENTS, *IN_FILES, *OF_IMPORTS} == set(CODES)
    assert len(CODES) >= 60


def test_the_rules_are_planted_as_they_are_written(db: None) -> None:
    assert sorted(CheckRule.objects.values_list("code", flat=True)) == sorted(CODES)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def handed(money: Money, template: str, sheets: Sheets, case: Case) -> Submission:
    finance = template == "government_budget"
    return intake.hand_in_rows(
        unit=money.units["finance" if finance else "education"], template=template, fiscal_year=YEAR,
        version="" if template == "payments" else case.version, sheets=sheets, note=case.note,
        by=money.officers["finance_budget" if finance else "education_clerk"],
    )  # fmt: skip


def proved(money: Money, template: str, cases: Mapping[str, Case], make: Callable[[str], Sheets]) -> list[str]:
    """The rules whose spoilt tables they do not find, or whose words or place are wrong."""
    wrong: list[str] = []
    for code, case in cases.items():
        with undone():
            case.setting(money)
            sheets = make(case.version)
            case.spoil(sheets)
            found = Finding.objects.filter(submission=handed(money, template, sheets, case), rule=code).first()
            if found is None or "{" in found.message or not found.message.endswith("。"):
                wrong.append(f"{code}: {found and found.message}")
            elif found.row is not None and found.row < 1:
                wrong.append(f"{code}: row {found.row}")
    return wrong


def clean_department(version: str) -> Sheets:
    capital = Line("205", "2230101", "30299", "capital", Y("80000.00"), "改制补助")
    return build_clean([*lines(), capital], year=YEAR, version=version)


@pytest.mark.usefixtures("headings")
@pytest.mark.parametrize("version", ["initial", "final"])
def test_a_clean_budget_has_no_finding(money: Money, version: str) -> None:
    found = handed(money, "department_budget", clean_department(version), Case(lambda s: None, version=version))
    assert [(f.rule, f.sheet, f.row, f.value, f.other) for f in found.findings.all()] == []


@pytest.mark.usefixtures("headings")
def test_every_rule_of_a_unit_s_budget_finds_what_is_spoilt(money: Money) -> None:
    assert proved(money, "department_budget", DEPARTMENT, clean_department) == []


@pytest.mark.usefixtures("headings")
def test_every_rule_of_the_government_budget_finds_what_is_spoilt(money: Money) -> None:
    clean_one = handed(money, "government_budget", others.government(), Case(lambda s: None))
    assert [(f.rule, f.sheet, f.row, f.value, f.other) for f in clean_one.findings.all()] == []
    assert proved(money, "government_budget", GOVERNMENT, lambda version: others.government()) == []


def test_every_rule_of_payments_finds_what_is_spoilt(money: Money) -> None:
    unit, finance = money.units["education"], money.units["finance"]
    ref = others.line(unit, finance)
    others.contract(unit, finance, ref)
    clean_one = handed(money, "payments", others.payments(ref), Case(lambda s: None))
    assert [(f.rule, f.sheet, f.row, f.value, f.other) for f in clean_one.findings.all()] == []
    assert proved(money, "payments", PAYMENTS, lambda version: others.payments(ref)) == []


def test_the_same_checks_run_over_an_import_s_own_table(money: Money) -> None:
    from django.db import connection

    unit, finance = money.units["education"], money.units["finance"]
    columns = templates.get("payments").sheets[0].columns
    kinds = {"money": "bigint", "date": "date"}
    with connection.cursor() as cursor:
        shape = ", ".join(f'"{c.code}" {kinds.get(c.kind, "text")} ' for c in columns)
        cursor.execute(f'CREATE TEMP TABLE staging ("row" int, {shape})')
        rows = deepcopy(others.payments(others.line(unit, finance))["payments"])
        rows[0]["amount"] = 0
        for number, cells in enumerate(rows, 2):
            values = [number, *(cells.get(c.code, None if c.kind == "date" else "") for c in columns)]
            cursor.execute(f"INSERT INTO staging VALUES ({', '.join(['%s'] * len(values))})", values)
    given = checking.Given(templates.get("payments"), YEAR, "", unit.id, finance.id)
    assert [(f.rule, f.row) for f in checking.check(given, relations={"payments": "staging"})] == [("P02", 2)]


def test_a_finding_names_place_both_values_the_difference_and_what_to_do(money: Money) -> None:
    sheets = clean(year=YEAR)
    more("overview", "amount", Y("1234.56"), item="received")(sheets)
    found = handed(money, "department_budget", sheets, Case(lambda s: None)).findings.get(rule="D02")
    assert (found.sheet, found.row, found.column) == ("表1 收支总表", 6, "金额")
    assert (found.value, found.other, found.difference) == ("839.123506 万元", "839.00005 万元", "0.123456 万元")
    assert "请核对" in found.message


def test_a_workbook_of_the_year_passes_too(money: Money) -> None:
    found = intake.hand_in(
        unit=money.units["education"], template="department_budget", fiscal_year=YEAR, version="final", name="a.xlsx",
        data=workbook(clean(year=YEAR, version="final"), "final"), note=NOTE, by=money.officers["education_clerk"],
    )  # fmt: skip
    assert [(f.rule, f.sheet, f.row, f.value, f.other) for f in found.findings.all()] == []


def test_every_table_and_column_has_an_english_name_on_pages_and_its_own_in_files() -> None:
    with override("en"):
        for template in templates.every():
            for sheet in template.sheets:
                names = {sheet.told(version) for version in template.versions} | {one.told for one in sheet.columns}
                assert not [name for name in names if not name.isascii()], sheet.code
    assert templates.get("department_budget").sheets[0].title("initial") == "表1 收支总表"
