"""The two cases of 2007 from filing to closing, on their days. The texts are in seeds/story.toml."""

import tomllib
from datetime import datetime
from decimal import Decimal
from typing import Any

from minxin.cases.actions import centre, closing, filing, following, outcome, signing, unit
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Contact, Draft
from minxin.directory import reports as directory
from minxin.directory.rules import CITIZEN, Role
from minxin.kernel import clocks
from minxin.portal.actions.acting import officer
from minxin.portal.actions.network import SEEDS

CITY, FINANCE, COUNTY_FINANCE = "211400-MX", "211400-CZJ", "211421-CZJ"
DISTRICT_CIVIL, DISTRICT_FINANCE, DISTRICT_DISCIPLINE = "211404-MZJ", "211404-CZJ", "211404-JW"
R = Role


def _moment(month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(2007, month, day, hour, minute, tzinfo=clocks.ZONE)


def tell() -> tuple[str, str]:
    """The refs of the two cases: the deductions from wages, and the 429 yuan."""
    with (SEEDS / "story.toml").open("rb") as file:
        texts = tomllib.load(file)
    for told, handler in ((texts["deductions"], FINANCE), (texts["arrears"], COUNTY_FINANCE)):
        told["answer"] = told["answer"].replace("{phone}", directory.line_page(handler).duty_phone)
    return _deductions(texts["deductions"]), _arrears(texts["arrears"])


def _deductions(told: dict[str, Any]) -> str:
    """Money taken from wages in 南票区: two lines of authority look into it together (story.md, case 1)."""
    with clocks.at(_moment(1, 15, 9, 20)):
        receipt = filing.file(_draft(told, "211404", DISTRICT_CIVIL, None), key="demo story 1", by=CITIZEN)
    ref, code = receipt.ref, receipt.code
    with clocks.at(_moment(1, 15, 10, 5)):
        _take_in(ref, told, category="1603", urgency=codes.Urgency.COMPLEX)
    with clocks.at(_moment(1, 15, 14, 30)):
        centre.dispatch(
            ref,
            unit=FINANCE,
            assisting=[DISTRICT_DISCIPLINE],
            instruction=told["instruction"],
            by=officer(CITY, R.DISPATCHER),
        )
    clerk, discipline = officer(FINANCE, R.CLERK), officer(DISTRICT_DISCIPLINE, R.DISCIPLINE)
    with clocks.at(_moment(1, 15, 15, 10)):
        unit.sign_for(ref, by=clerk)
        unit.sign_assist(ref, by=discipline)
    with clocks.at(_moment(1, 16, 9, 0)):
        unit.record_contact(ref, how="phone", reached=True, remark=told["contact"], by=clerk)
    with clocks.at(_moment(1, 22, 15, 0)):
        _hold_to_account(ref, told)
        unit.opine(ref, opinion=told["opinion"], by=discipline)
    with clocks.at(_moment(1, 23, 10, 0)):
        unit.find(ref, finding=codes.Finding.TRUE, resolution=codes.Resolution.SOLVED, by=clerk)
        _recover(ref, told)
        unit.write_report(ref, body=told["report"], by=clerk)
        unit.write_answer(ref, body=told["answer"], by=clerk)
        signing.submit(ref, by=clerk)
    for hour, role in ((14, R.SECTION), (15, R.LEADER)):
        with clocks.at(_moment(1, 23, hour, 20)):
            signing.countersign(ref, by=officer(FINANCE, role))
    with clocks.at(_moment(1, 24, 9, 30)):
        closing.approve(ref, by=officer(CITY, R.REVIEWER))
    with clocks.at(_moment(1, 24, 19, 40)):
        following.rate(ref, code=code, satisfaction=5, contacted=True, solved=True, comment=told["comment"])
    with clocks.at(_moment(1, 26, 9, 10)):
        _publish(ref, told)
    return ref


def _hold_to_account(ref: str, told: dict[str, Any]) -> None:
    """The discipline commission: both units and their main persons are criticised in a circular."""
    for accused, office in told["accountable"]:
        outcome.record_measure(
            ref,
            subject=codes.Subject.PERSON if office else codes.Subject.UNIT,
            unit=accused,
            measure=codes.Measure.CIRCULAR,
            basis=told["circular"],
            office=office,
            by=officer(DISTRICT_DISCIPLINE, R.DISCIPLINE),
        )


def _recover(ref: str, told: dict[str, Any]) -> None:
    """The finance bureau: the irregular money is recovered, and the practice ends."""
    clerk = officer(FINANCE, R.CLERK)
    outcome.record_money(
        ref,
        kind=codes.MoneyKind.RECOVERED,
        amount=Decimal(told["amount"]),
        people=told["people"],
        evidence=told["evidence"],
        payer=DISTRICT_FINANCE,
        by=clerk,
    )
    outcome.record_rule_change(ref, what=told["rule"], document=told["document"], by=clerk)


def _arrears(told: dict[str, Any]) -> str:
    """429 yuan of owed wages: the accused bureau itself, openly, with its superior answerable (story.md, case 2)."""
    with clocks.at(_moment(3, 7, 8, 35)):
        draft = _draft(told, "211421", COUNTY_FINANCE, Decimal(told["amount"]))
        receipt = filing.file(draft, key="demo story 2", by=CITIZEN)
    ref, code = receipt.ref, receipt.code
    with clocks.at(_moment(3, 7, 8, 50)):
        _take_in(ref, told, category="1601", urgency=codes.Urgency.NORMAL)
    with clocks.at(_moment(3, 7, 9, 5)):
        centre.dispatch(
            ref,
            unit=COUNTY_FINANCE,
            instruction=told["instruction"],
            conflict_reason=told["conflict"],
            by=officer(CITY, R.DISPATCHER),
        )
    clerk = officer(COUNTY_FINANCE, R.CLERK)
    with clocks.at(_moment(3, 7, 9, 20)):
        unit.sign_for(ref, by=clerk)
    with clocks.at(_moment(3, 7, 9, 45)):
        unit.record_contact(ref, how="phone", reached=True, remark=told["contact"], by=clerk)
    with clocks.at(_moment(3, 7, 14, 30)):
        unit.find(ref, finding=codes.Finding.UNTRUE, resolution=codes.Resolution.SOLVED, by=clerk)
        outcome.record_money(
            ref,
            kind=codes.MoneyKind.ARREARS,
            amount=Decimal(told["amount"]),
            evidence=told["evidence"],
            by=clerk,
        )
        unit.write_report(ref, body=told["report"], by=clerk)
        unit.write_answer(ref, body=told["answer"], by=clerk)
        signing.submit(ref, by=clerk)
    signers = ((COUNTY_FINANCE, R.SECTION), (COUNTY_FINANCE, R.LEADER), (COUNTY_FINANCE, R.HEAD), (FINANCE, R.LEADER))
    for minute, (at, role) in zip((0, 10, 25, 45), signers, strict=True):
        with clocks.at(_moment(3, 7, 15, minute)):
            signing.countersign(ref, by=officer(at, role))
    with clocks.at(_moment(3, 7, 16, 20)):
        closing.approve(ref, by=officer(CITY, R.REVIEWER))
    with clocks.at(_moment(3, 7, 18, 30)):
        following.rate(ref, code=code, satisfaction=5, contacted=True, solved=True, comment=told["comment"])
    with clocks.at(_moment(3, 8, 9, 0)):
        _publish(ref, told)
    return ref


def _draft(told: dict[str, Any], region: str, accused: str, amount: Decimal | None) -> Draft:
    return Draft(
        kind=codes.Kind.COMPLAINT,
        title=told["title"],
        text=told["text"],
        region=region,
        respondent_id=directory.unit(accused).id,
        respondent_name=directory.unit(accused).name,
        wanted=told["wanted"],
        place=told["place"],
        amount=amount,
        contact=Contact(told["who"], told["phone"]),
        consents=True,
    )


def _take_in(ref: str, told: dict[str, Any], *, category: str, urgency: str) -> None:
    editor = officer(CITY, R.EDITOR)
    centre.accept(ref, by=editor)
    centre.condense(ref, title=told["digest_title"], digest=told["digest"], by=editor)
    centre.classify(ref, category=category, urgency=urgency, by=editor)


def _publish(ref: str, told: dict[str, Any]) -> None:
    reviewer = officer(CITY, R.REVIEWER)
    closing.publish(ref, title=told["digest_title"], question=told["digest"], answer=told["answer"], by=reviewer)
