"""A clean budget of the cast's units, as rows and as a file: what every check passes, to be spoilt one by one."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

from minxin.disclosures.rules import templates
from minxin.disclosures.rules.broker_tables import Besides, Line, build
from minxin.kernel import money, sheets

Sheets = dict[str, list[dict[str, Any]]]
NOTE = "没有政府性基金预算、国有资本经营预算，也没有政府采购，有关表格为空表。"
PARTS = ("duties", "organisation", "changes", "running", "procurement", "assets", "performance", "terms")
NARRATIVE = dict.fromkeys(PARTS, "这一部分按规定公开，内容完整，可供查阅。")
Y = Decimal


def lines(unit: str = "205", own: str = "2050101") -> list[Line]:
    """An education bureau's detail: wages, office, a journey abroad, a car, guests, two projects, a fund."""
    g = "general"
    return [
        Line(unit, own, "30101", g, Y("1200000.00")),
        Line(unit, own, "30102", g, Y("800000.00")),
        Line(unit, own, "30201", g, Y("150000.50")),
        Line(unit, own, "30211", g, Y("60000.00")),
        Line(unit, own, "30212", g, Y("40000.00")),
        Line(unit, own, "30217", g, Y("30000.00")),
        Line(unit, own, "30231", g, Y("90000.00")),
        Line(unit, "2080501", "30302", g, Y("300000.00")),
        Line(unit, "2050299", "31006", g, Y("5000000.00"), "校舍维修"),
        Line(unit, "2050299", "30216", g, Y("400000.00"), "教师培训"),
        Line(unit, "2296003", "30299", "fund", Y("250000.00"), "体育器材"),
        Line(unit, own, "30299", "own", Y("70000.00")),
    ]


def targets(detail: list[Line]) -> list[dict[str, Any]]:
    """Three indicators for each of the projects."""
    rows = []
    projects = {line.project: line.amount for line in detail if line.project}
    for project, amount in projects.items():
        for first, second, third, value, weight in (
            ("output", "数量指标", "完成数量", "10", 50),
            ("benefit", "社会效益", "受益人数", "1200", 30),
            ("satisfaction", "服务对象满意度", "满意率", "95%", 20),
        ):
            rows.append({"project": project, "nature": "new", "fiscal": amount, "goal": "按期完成", "first": first,
                         "second": second, "third": third, "direction": "least", "value": value,
                         "weight": weight})  # fmt: skip
    return rows


def names(year: int) -> dict[str, str]:
    """Names of headings by code."""
    from minxin.disclosures.models import Heading

    rows = Heading.objects.of(year).filter(scheme__in=["function", "economic"]).values_list("code", "name")
    return dict(rows)


def clean(unit: str = "205", year: int = 2007, version: str = "initial") -> Sheets:
    """Sheets without a finding, for the unit with that budget code."""
    return build_clean(lines(unit), unit=unit, year=year, version=version)


def build_clean(detail: list[Line], *, unit: str = "205", year: int, version: str = "initial") -> Sheets:
    """The same from another detail."""
    besides = Besides(unit=unit, name="葫芦岛市教育局", year=year, version=version, names=names(year),
                      narrative=NARRATIVE | ({"travel": "全年无因公出国团组。"} if version == "final" else {}),
                      before={"abroad": Y(40000), "upkeep": Y(90000), "reception": Y(30000)}, reason="与上年持平。",
                      targets=targets(detail), procurement=procurement(unit))  # fmt: skip
    found = build(detail, besides)
    if version == "final":
        found["three_public"][0] |= {"trips": 1, "travellers": 3, "bought": 0, "kept": 4, "receptions": 20,
                                     "guests": 160}  # fmt: skip
    return deepcopy(found)


def procurement(unit: str) -> list[dict[str, Any]]:
    """What is bought: ten computers."""
    return [{"unit": unit, "project": "教师培训", "item": "A02010104", "name": "台式计算机", "quantity": 10,
             "price": Y("4500"), "amount": Y("45000"), "fund": "general", "organised": "central"}]  # fmt: skip


def workbook(found: Sheets, version: str = "initial", template: str = "department_budget") -> bytes:
    """The sheets as a file on the template."""
    return sheets.workbook_of(tables(found, version, template))


def tables(found: Sheets, version: str = "initial", template: str = "department_budget") -> list[Any]:
    """Title, headings, rows and widths of each sheet."""
    made = []
    for sheet in templates.get(template).sheets:
        shown = sheet.shown(version)
        rows = [[_written(column, row.get(column.code, "")) for column in shown] for row in found.get(sheet.code, [])]
        made.append((sheet.title(version), [column.heading for column in shown], rows, []))
    return made


def _written(column: templates.Column, value: Any) -> str:
    if value == "" or value is None:
        return ""
    if column.kind == "wan":
        return format(Decimal(money.fen(value)).scaleb(-6), "f")
    return column.options.get(value, str(value))
