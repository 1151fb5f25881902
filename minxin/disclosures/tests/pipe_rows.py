"""Rows of the pipe by bulk SQL, for pages and totals whose payments need no life of their own."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection

from minxin.disclosures.actions import flow
from minxin.disclosures.models import BudgetLine, Commitment, LineChange, Payee, Payment
from minxin.kernel import clocks

YEAR = 2007
NOON = datetime(2007, 12, 31, 12, tzinfo=clocks.ZONE)
_numbers = count(1)


@dataclass
class Pipe:
    """Lines, payees and payments of one year under one finance bureau."""

    finance: int
    year: int = YEAR
    payees: dict[str, Payee] = field(default_factory=dict)
    lines: list[BudgetLine] = field(default_factory=list)

    def line(self, unit: int, **changes: Any) -> BudgetLine:
        """A line with so much approved and allotted (yuan)."""
        values = {
            "year": self.year, "number": next(_numbers), "unit_id": unit, "finance_id": self.finance,
            "doc_no": "葫财指〔2007〕1号", "doc_on": date(self.year, 1, 20), "section": "教科文科",
            "function": "2050204", "economic": "30201", "project": "", "fund": "general", "mode": "direct",
            "formed_year": self.year,
            "approved_fen": 1_000_000_00, "allotted_fen": 600_000_00,
        } | changes  # fmt: skip
        row = BudgetLine.objects.create(**values)
        LineChange.objects.create(
            line=row, kind="approve", amount_fen=row.approved_fen, doc_no=row.doc_no, on=row.doc_on, at=NOON
        )
        self.lines.append(row)
        return row

    def payee(self, kind: str, unit: int) -> Payee:
        """The unit's payee of that kind; its name tells the kind."""
        key = f"{kind}-{unit}"
        if key not in self.payees:
            self.payees[key] = Payee.objects.create(unit_id=unit, kind=kind, name=f"收款人{key}", mark=key)
        return self.payees[key]

    def contract(self, line: BudgetLine, *, published: bool = True, kind: str = "firm", **changes: Any) -> Commitment:
        """A contract of the line's unit with its payee of that kind."""
        values = {
            "line": line, "unit_id": line.unit_id, "finance_id": self.finance, "contract_no": f"HT-{next(_numbers)}",
            "title": "课桌椅采购合同", "payee": self.payee(kind, line.unit_id), "amount_fen": 500_000_00,
            "signed_on": date(self.year, 2, 1), "published_on": date(self.year, 2, 3) if published else None,
        } | changes  # fmt: skip
        return Commitment.objects.create(**values)

    def pay(
        self, line: BudgetLine, yuan: int, *, kind: str = "firm", on: date | None = None, **changes: Any
    ) -> Payment:
        """One payment, by default cleared; the line's balances follow."""
        (row,) = self.pay_many([(line, yuan * 100, kind, on or date(self.year, 3, 7), changes)])
        return row

    def pay_many(self, rows: list[tuple[BudgetLine, int, str, date, dict[str, Any]]]) -> list[Payment]:
        """Many at once; the balances of their lines follow in one statement."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT disclosures_part(%s)", [self.year])
        made = Payment.objects.bulk_create(
            [self._row(line, fen, kind, on, changes) for line, fen, kind, on, changes in rows]
        )
        balance(self.year)
        return made

    def _row(self, line: BudgetLine, fen: int, kind: str, on: date, changes: dict[str, Any]) -> Payment:
        number = next(_numbers)
        stage = changes.get("stage", 5)
        values = {
            "id": self.year * 10**9 + number, "year": self.year, "unit_id": line.unit_id, "finance_id": self.finance,
            "line": line, "payee": self.payee(kind, line.unit_id), "payee_kind": kind, "function": line.function,
            "economic": line.economic, "fund": line.fund, "mode": line.mode, "purpose": "用途不公开",
            "amount_fen": fen, "stage": stage, "external_id": str(number), "bank_no": f"流水{number}",
            "order_no": f"PZ-{number}", "request_no": f"SQ-{number}", "requested_on": on - timedelta(days=4),
            "unit_reviewed_on": on - timedelta(days=3), "section_reviewed_on": on - timedelta(days=2),
            "approved_on": on - timedelta(days=1) if stage >= 2 else None, "ordered_on": on if stage >= 3 else None,
            "paid_on": on if stage in (4, 5, 6) else None, "cleared_on": on if stage in (5, 6) else None,
            "withheld": line.withheld, "recorded_from": NOON,
        } | changes  # fmt: skip
        return Payment(**values)


def make_pipe(units: dict[str, int]) -> Pipe:
    """A school's chairs (contracts, a refund, one on its way) and wages, a bureau's line, something withheld; told."""
    pipe = Pipe(units["finance"])
    chairs = pipe.line(units["school"], project="课桌椅更新", formed_year=2005, frozen_fen=50_000_00)
    wages = pipe.line(units["school"], economic="30101")
    office = pipe.line(units["education"], function="2050101")
    secret = pipe.line(units["civil"], function="2080201", withheld=True, approved_fen=777_000_00)
    contract = pipe.contract(chairs, contract_no="HT-2007/3")
    hidden = pipe.contract(chairs, published=False, contract_no="HT-未公告")
    pipe.pay(chairs, 120_000, commitment=contract, on=date(YEAR, 3, 7))
    pipe.pay(chairs, 3_000, commitment=hidden, on=date(YEAR, 5, 9))
    pipe.pay(chairs, 2_000, kind="institution", on=date(YEAR, 6, 5), stage=6, returned_fen=2_000_00,
             returned_on=date(YEAR, 6, 20), cleared_on=date(YEAR, 6, 5))  # fmt: skip
    pipe.pay(chairs, 9_000, on=date(YEAR, 12, 28), stage=3)
    pipe.pay_many([(wages, 3_100_00 + n, "person", date(YEAR, 1 + n % 3, 10), {}) for n in range(18)])
    pipe.pay(wages, 77_777, kind="person", on=date(YEAR, 9, 10))
    pipe.pay(office, 600, on=date(YEAR, 2, 2))
    pipe.pay(secret, 5_000, on=date(YEAR, 2, 2))
    flow.tell()
    return pipe


def balance(year: int) -> None:
    """Every line's balances from its payments, as the actions keep them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE disclosures_budgetline l SET requested_fen = p.requested, paid_fen = p.paid,
                   allotted_fen = greatest(l.allotted_fen, p.requested + p.paid),
                   approved_fen = greatest(l.approved_fen, l.frozen_fen + l.allotted_fen,
                                           l.frozen_fen + p.requested + p.paid)
            FROM (SELECT line_id, coalesce(sum(amount_fen) FILTER (WHERE stage IN (1, 2, 3)), 0) AS requested,
                         coalesce(sum(amount_fen - returned_fen) FILTER (WHERE stage IN (4, 5, 6)), 0) AS paid
                  FROM disclosures_payment WHERE year = %s AND recorded_to IS NULL GROUP BY line_id) p
            WHERE l.id = p.line_id
            """,
            [year],
        )
