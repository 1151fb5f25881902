"""A small published plan for the tests of the budget pages: three units, two years, an adjustment, a correction."""

from datetime import datetime
from typing import Any

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import publishing
from minxin.disclosures.models import FlowDelta
from minxin.disclosures.rules.codes import Measure
from minxin.disclosures.tests import papers
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import detail
from minxin.kernel import clocks

WHY = "年中追加教师培训经费。"
WRONG = "原表多填一位，现予更正。"
CARS = "更新一辆到报废年限的车。"


def at(year: int, month: int, day: int) -> datetime:
    """Nine in the morning."""
    return datetime(year, month, day, 9, tzinfo=clocks.ZONE)


def education(times: int = 1) -> list[dict[str, Any]]:
    """1,000 yuan in all for each `times`: wages, guests, a car kept running, a car bought, a project, one of a fund."""
    return [
        detail("2050101", "30101", 40_000 * times),
        detail("2050101", "30217", 3_000 * times),
        detail("2050101", "30231", 7_000 * times),
        detail("2050102", "31013", 20_000 * times, project="公务用车更新"),
        detail("2050299", "30216", 10_000 * times, project="教师培训"),
        detail("2296003", "30299", 20_000 * times, project="体育器材") | {"fund": "fund"},
    ]


def school(times: int = 1) -> list[dict[str, Any]]:
    """500 yuan for each `times`."""
    rows = [
        detail("2050204", "30101", 45_000 * times, unit="205001"),
        detail("2050204", "30217", 5_000 * times, unit="205001"),
    ]
    return [*rows]


def civil(times: int = 1) -> list[dict[str, Any]]:
    """300 yuan for each `times`."""
    return [detail("2080201", "30101", 30_000 * times, unit="208")]


def publish(money: Money, who: str, rows: list[dict[str, Any]], moment: datetime, **facts: Any) -> str:
    """One unit's budget on the page at that moment; the submission's ref."""
    with clocks.at(moment):
        sheets = {"detail": rows} | facts.pop("more", {})
        ref = papers.signed(money.units[who].id, sheets, finance=money.units["finance"].id, **facts)
        publishing.publish([ref], by=SYSTEM)
    return ref


def plan(money: Money) -> None:
    """2006: initial of all three (1,800 yuan), education adjusted to 2,000, all settled. 2007: initial at twice the
    amounts of 2006 (3,600), the school's corrected in March from 1,000 to 600 yuan."""
    for who, rows in (("education", education), ("school", school), ("civil", civil)):
        publish(money, who, rows(), at(2006, 2, 1), fiscal_year=2006)
        publish(money, who, rows(), at(2007, 5, 1), fiscal_year=2006, version="final")
    publish(money, "education", education(2), at(2006, 8, 1), fiscal_year=2006, version="adjusted", note=WHY)
    three = {"three_public": [{"year": 2007, "total": 60_000, "reason": CARS}, {"year": 2006, "total": 30_000}]}
    publish(money, "education", education(2), at(2007, 2, 1), more=three)
    publish(money, "civil", civil(2), at(2007, 2, 1))
    ref = publish(money, "school", school(2), at(2007, 2, 1))
    less = [detail("2050204", "30101", 50_000, unit="205001"), detail("2050204", "30217", 10_000, unit="205001")]
    publish(money, "school", less, at(2007, 3, 5), corrects=ref, reason=WRONG)


def pay(
    money: Money, who: str, fen: int, *, measure: str = Measure.PAID, payee_kind: str = "firm", **what: str
) -> None:
    """A movement of 2006 as the triggers on the payments note it."""
    facts = {"function": "2050101", "economic": "30101", "fund": "general"} | what
    unit = money.units[who].id if who else 0
    FlowDelta.objects.create(
        year=2006, measure=measure, unit_id=unit, month=3, payee_kind=payee_kind, fen=fen, count=1, **facts
    )
