"""Money on its way: a published budget, lines, allotments, requests, reached by the real actions."""

from collections.abc import Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

import pytest

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import lines, plans, requests
from minxin.disclosures.models import Appropriation, BudgetLine, Entry, Payment, Publication, Request, Submission
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.models.payment import request_ref
from minxin.disclosures.rules.codes import Step
from minxin.disclosures.tests.cast import Money
from minxin.kernel import clocks
from minxin.kernel.errors import Refused

YEAR = 2006
FINANCE = "211400-CZJ"
SCHOOL, EDUCATION, CIVIL = "211400-YZ", "211400-JYJ", "211400-MZJ"
NEW_YEAR = datetime(2006, 1, 10, 10, tzinfo=clocks.ZONE)
BUDGET = [  # unit, function, economic, project, fund, yuan
    ("school", "2050204", "30101", "", "general", "6000000.00"),
    ("school", "2050204", "30201", "", "general", "400000.00"),
    ("school", "2050204", "31002", "多媒体教室", "general", "900000.00"),
    ("education", "2050101", "30101", "", "general", "1500000.00"),
    ("civil", "2080201", "30201", "", "general", "250000.00"),
]
UNIT, SECTION, CENTRE = Step.UNIT, Step.SECTION, Step.CENTRE
REVIEWERS = {UNIT: "{unit}_leader", SECTION: "finance_budget", CENTRE: "finance_cashier"}


@contextmanager
def refused(code, match=""):
    """The block says no with this code, in a sentence."""
    with pytest.raises(Refused, match=match or None) as caught:
        yield
    assert caught.value.code == code, caught.value
    assert caught.value.sentence


def publish(money: Money, rows=BUDGET, year=YEAR, first=1) -> None:
    """What a publication leaves behind, for the units of the cast; numbers begin with `first`."""
    at = clocks.now()
    publication = Publication.objects.create(
        year=year, number=first, title="年初预算", template="department_budget", fiscal_year=year, version="initial",
        publisher_id=money.units["finance"].id, office="市财政局", published_at=at, units=3, rows=len(rows),
        root="0" * 64,
    )  # fmt: skip
    for number, (unit, function, economic, project, fund, yuan) in enumerate(rows):
        submission = Submission.objects.create(
            year=year, number=number + first, unit_id=money.units[unit].id, finance_id=money.units["finance"].id,
            template="department_budget", fiscal_year=year, version="initial", delivery="api", sha256="0" * 64,
            stage="published", received_at=at, signed_at=at, published_at=at,
        )  # fmt: skip
        entry = Entry.objects.create(
            submission=submission, publication=publication, unit_id=money.units[unit].id, fiscal_year=year,
            version="initial", sheet="detail", row=number, key=str(number), cells={}, leaf=number, recorded_from=at,
            digest=sha256(str(number).encode()).digest(),
        )  # fmt: skip
        Appropriation.objects.create(
            entry=entry, unit_id=money.units[unit].id, fiscal_year=year, version="initial", function=function,
            economic=economic, project=project, fund=fund, amount_fen=int(Decimal(yuan) * 100), recorded_from=at,
        )  # fmt: skip


class Walk:
    """The cast with its lines opened; `line("school", "30201")` is a line's ref."""

    def __init__(self, money: Money) -> None:
        self.money = money

    def by(self, who: str):
        return self.money.officers[who]

    def line(self, unit: str, economic: str) -> BudgetLine:
        return BudgetLine.objects.get(unit_id=self.money.units[unit].id, economic=economic, year=YEAR, formed_year=YEAR)

    def ref(self, unit: str, economic: str) -> str:
        return ref_of(self.line(unit, economic))

    def allotted(self, amounts: Mapping[tuple[str, str], str], month=date(2006, 1, 1)) -> "Walk":
        """Plans through all three desks: yuan by (unit, economic)."""
        new = [plans.NewPlan(self.ref(*key), month, Decimal(yuan)) for key, yuan in amounts.items()]
        plans.submit_all(plans=new, by=SYSTEM)
        plans.approve(finance=FINANCE, month=month, by=self.by("finance_budget"))
        plans.issue(
            finance=FINANCE, month=month, doc_no=f"葫财支〔2006〕{month.month}号", by=self.by("finance_cashier")
        )
        return self

    def asked(self, *rows, unit="school", code=SCHOOL, **facts) -> Request:
        return requests.request(unit=code, rows=rows, by=self.by(f"{unit}_clerk"), **facts)

    def passed(self, request: Request, *steps: Step, unit="school") -> Request:
        for step in steps or (UNIT, SECTION, CENTRE):
            requests.review([request_ref(request)], step=step, by=self.by(REVIEWERS[step].format(unit=unit)))
        request.refresh_from_db()
        return request


def opened(money: Money) -> Walk:
    """The budget published and its lines opened."""
    publish(money)
    lines.open_lines(
        finance=FINANCE, fiscal_year=YEAR, doc_no="葫财预〔2006〕1号", on=date(2006, 1, 10),
        by=money.officers["finance_budget"],
    )  # fmt: skip
    return Walk(money)


def row(line: str, yuan="100.00", **facts) -> requests.NewPayment:
    """A payment to a firm."""
    given = {
        "payee_kind": "firm", "name": "葫芦岛市新华书店", "account": "0701 2345 6789", "bank": "工商银行连山支行",
        "purpose": "购买图书", "external_id": "",
    } | facts  # fmt: skip
    return requests.NewPayment(line=line, amount=Decimal(yuan), **given)


def live(request: Request):
    """The rows of a request's present round."""
    return Payment.objects.filter(request=request, recorded_to=None).order_by("pk")
