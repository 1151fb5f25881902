"""Cases for the public's tests, brought to their state by the real actions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from minxin.cases.actions import centre, closing, filing, following, outcome, signing, unit
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Contact, Draft
from minxin.directory.rules import CITIZEN
from minxin.directory.tests.cast import Cast
from minxin.kernel import clocks

DAY = datetime(2026, 11, 2, 9, 0, tzinfo=clocks.ZONE)
ANSWER = "11月2日已与您联系。经查，欠发的 429 元已于当日通过学校发到您手中。联系电话 0429-6123456。感谢您的信任。"


@dataclass(frozen=True)
class Filed:
    """A case and what opens it."""

    ref: str
    code: str


def draft(**changes) -> Draft:
    values = {
        "kind": codes.Kind.COMPLAINT,
        "title": "拖欠工资 429 元",
        "text": "学校老师反映：县里拖欠我的工资 429 元，请帮助解决。",
        "region": "211421",
        "contact": Contact("某老师", "13800001234", ""),
        "consents": True,
        "amount": Decimal("429.00"),
    }
    return Draft(**(values | changes))


def filed(*, key: str = "k1", at: datetime = DAY, **changes) -> Filed:
    """A case just filed."""
    with clocks.at(at):
        receipt = filing.file(draft(**changes), key=key, by=CITIZEN)
    return Filed(receipt.ref, receipt.code)


def answered(cast: Cast, *, money: bool = True, **changes) -> Filed:
    """A case answered by the county's finance bureau within a day, waiting to be rated."""
    case, by, at = filed(**changes), cast.officers, changes.get("at", DAY)
    ref = case.ref
    with clocks.at(at + timedelta(hours=1)):
        centre.accept(ref, by=by["huludao_editor"])
        centre.condense(
            ref, title="教师反映拖欠工资", digest="绥中县一名教师反映被拖欠工资 429 元。", by=by["huludao_editor"]
        )
        centre.classify(ref, category="1601", by=by["huludao_editor"])
        centre.dispatch(ref, unit="211421-CZJ", by=by["huludao_dispatcher"])
        clerk = by["suizhong_finance_clerk"]
        unit.sign_for(ref, by=clerk)
        unit.record_contact(ref, how="phone", reached=True, by=clerk)
        unit.find(ref, finding=codes.Finding.UNTRUE, resolution=codes.Resolution.SOLVED, by=clerk)
        if money:
            outcome.record_money(
                ref, kind=codes.MoneyKind.ARREARS, amount=Decimal("429.00"), evidence="学校工资发放表", by=clerk
            )
        unit.write_report(ref, body="财政已足额拨付，欠发原因在学校核算；经协调当日补发。", by=clerk)
        unit.write_answer(ref, body=ANSWER, by=clerk)
        signing.submit(ref, by=clerk)
        for role in ("section", "leader"):
            signing.countersign(ref, by=by[f"suizhong_finance_{role}"])
        closing.approve(ref, by=by["huludao_reviewer"])
    return case


def published(cast: Cast, *, satisfaction: int = 5, title: str = "教师工资 429 元当日补发", **changes) -> Filed:
    """A case answered, rated, closed and published."""
    case, at = answered(cast, **changes), changes.get("at", DAY)
    with clocks.at(at + timedelta(hours=2)):
        following.rate(
            case.ref, code=case.code, satisfaction=satisfaction, contacted=True, solved=True,
            reasons=["delay"] if satisfaction <= 2 else [],
        )  # fmt: skip
        closing.publish(
            case.ref,
            title=title,
            question="绥中县一名教师反映被拖欠工资 429 元。",
            answer="经查，财政已足额拨付，学校核算有误；经协调，429 元当日补发到位。",
            by=cast.officers["huludao_reviewer"],
        )
    return case


def report(*, key: str = "r1", **changes) -> Filed:
    """A sealed report of wrongdoing."""
    values = {
        "kind": codes.Kind.REPORT,
        "title": "举报虚列开支密封词",
        "text": "某局虚列开支，套取资金，密封词。",
        "amount": None,
    }
    return filed(key=key, **(values | {"contact": Contact(), "anonymous": True} | changes))
