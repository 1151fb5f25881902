"""A clean government budget and a clean batch of payments: what every check passes, to be spoilt one by one."""

from datetime import date
from decimal import Decimal
from typing import Any

from minxin.directory.rules import UnitRef
from minxin.disclosures.models import BudgetLine, Commitment, Payee
from minxin.kernel import refs

Sheets = dict[str, list[dict[str, Any]]]
Y = Decimal


def tree(codes: dict[str, int], depths: tuple[int, ...], name: str = "") -> list[dict[str, Any]]:
    """Rows for the codes and everything above them, and the sum."""
    sums: dict[str, Decimal] = {}
    for code, amount in codes.items():
        for depth in [d for d in depths if d < len(code)] + [len(code)]:
            sums[code[:depth]] = sums.get(code[:depth], Decimal(0)) + amount
    total = Decimal(sum(codes.values()))
    return [{"code": "合计", "name": "合计", "amount": total}] + [
        {"code": code, "name": name, "amount": amount} for code, amount in sorted(sums.items())
    ]


def government(year: int = 2024) -> Sheets:
    """A small city's budget, balanced, without a finding."""
    spent = {"2050101": 3_000_000, "2080501": 2_000_000, "2010101": 4_900_000, "227": 100_000}
    own = {"2050101": 2_000_000, "2080501": 1_500_000, "2010101": 4_400_000, "227": 100_000}
    revenue = tree({"1010101": 7_000_000, "10304": 2_000_000}, (3, 5, 7), "收入")
    return {
        "revenue": revenue,
        "gov_expenditure": tree(spent, (3, 5, 7)),
        "balance": [
            {"side": "income", "item": "revenue", "amount": Y(9_000_000)},
            {"side": "income", "item": "上级补助收入", "amount": Y(1_000_000)},
            {"side": "income", "item": "received", "amount": Y(10_000_000)},
            {"side": "expense", "item": "spending", "amount": Y(8_000_000)},
            {"side": "expense", "item": "补助下级支出", "amount": Y(2_000_000)},
            {"side": "expense", "item": "spent", "amount": Y(10_000_000)},
        ],
        "own_expenditure": tree(own, (3, 5, 7)),
        "own_basic": tree({"50101": 2_500_000, "50201": 1_500_000}, (3, 5)),
        "transfers": [
            {"kind": "general", "region": "绥中县", "amount": Y(1_200_000)},
            {"kind": "special", "region": "绥中县", "project": "农村道路", "amount": Y(800_000)},
        ],
        "debt": [{"region": "市本级", "ceiling": Y(500_000), "balance": Y(400_000)}],
        "fund_revenue": tree({"10301": 900_000}, (3, 5), "收入"),
        "fund_expenditure": tree({"2120801": 900_000}, (3, 5, 7)),
        "fund_debt": [{"region": "市本级", "ceiling": Y(300_000), "balance": Y(300_000)}],
        "capital_revenue": tree({"10306": 50_000}, (3, 5), "收入"),
        "capital_expenditure": tree({"2230101": 50_000}, (3, 5, 7)),
        "social_revenue": [{"item": "合计", "amount": Y(70)}, {"item": "养老保险", "amount": Y(70)}],
        "social_expenditure": [{"item": "合计", "amount": Y(60)}, {"item": "养老保险", "amount": Y(60)}],
        "gov_narrative": [
            {"part": part, "text": "按规定公开，内容完整。"} for part in ("transfers", "debt", "changes", "terms")
        ],
    }


def line(unit: UnitRef, finance: UnitRef, *, year: int = 2024, fen: int = 100_000_000) -> str:
    """A budget line of the unit; its ref."""
    made = BudgetLine.objects.create(
        year=year, number=refs.next_number("line", year), unit_id=unit.id, finance_id=finance.id, doc_no="葫财指1号",
        doc_on=date(year, 1, 20), section="教科文科", function="2050101", economic="30201", fund="general",
        mode="direct", formed_year=year, approved_fen=fen, allotted_fen=fen,
    )  # fmt: skip
    return refs.written("ZB", year, made.number)


def contract(unit: UnitRef, finance: UnitRef, ref: str, *, number: str = "HT-1", fen: int = 30_000_000) -> None:
    """A contract that payments fulfil."""
    payee = Payee.objects.create(unit_id=unit.id, kind="firm", name="葫芦岛建筑公司", mark="a" * 64)
    found = BudgetLine.objects.get(number=refs.parse("ZB", ref)[1], year=refs.parse("ZB", ref)[0])
    Commitment.objects.create(
        line=found, unit_id=unit.id, finance_id=finance.id, contract_no=number, title="维修", payee=payee,
        amount_fen=fen, signed_on=date(2024, 1, 15),
    )  # fmt: skip


def payments(ref: str, unit: str = "205") -> Sheets:
    """Three payments that have come through the whole pipe, without a finding."""
    common = {"unit": unit, "line": ref, "request_no": "SQ-1", "requested_on": "2024-02-01",
              "unit_reviewed_on": "2024-02-02", "section_reviewed_on": "2024-02-03", "approved_on": "2024-02-04",
              "order_no": "PZ-1", "ordered_on": "2024-02-05", "paid_on": "2024-02-05", "cleared_on": "2024-02-05",
              "mode": "direct", "settle": "transfer"}  # fmt: skip
    firm = {"payee": "葫芦岛建筑公司", "payee_kind": "firm", "uscc": "91110000600037341L", "contract_no": "HT-1"}
    return {
        "payments": [
            {**common, **firm, "external_id": "A-1", "purpose": "校舍维修进度款", "amount": Y("60000.00")},
            {**common, **firm, "external_id": "A-2", "purpose": "校舍维修尾款", "amount": Y("20000.00")},
            {**common, "external_id": "A-3", "payee": "张三", "payee_kind": "person", "purpose": "讲课费",
             "amount": Y("800.00")},
        ]
    }  # fmt: skip
