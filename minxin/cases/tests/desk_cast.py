"""What the desk's tests begin with: a signed-in browser, a filed case, a case brought to a stage by real actions."""

from django.test import Client

from minxin.cases.actions import catalogue as catalogue_actions  # noqa: F401
from minxin.cases.actions import centre, filing, outcome, signing, unit
from minxin.cases.models import Case, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Contact, Draft
from minxin.directory.models import Person
from minxin.directory.rules import CITIZEN, Role
from minxin.directory.tests.cast import Cast

ANSWER = (
    "3月7日上午已与您联系。经查，欠发的 429 元已于3月7日下午通过学校发到您手中。"
    "联系电话 0429-6123456。感谢您的信任，今后有问题可以随时联系我们。"
)
SECRET = "绥中某校密语"  # stands in the original text only


def signed_in(cast: Cast, username: str) -> Client:
    """A browser in which this officer has signed in."""
    client = Client()
    client.force_login(Person.objects.get(pk=cast.person(username)))
    return client


def draft(**changes: object) -> Draft:
    """A complaint about wages in Suizhong."""
    values: dict[str, object] = {
        "kind": codes.Kind.COMPLAINT,
        "title": "拖欠工资 429 元",
        "text": f"学校老师反映：县里拖欠我的工资 429 元，请帮助解决。{SECRET}",
        "region": "211421",
        "contact": Contact("某老师", "13800001234", ""),
        "consents": True,
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]


def filed(key: str = "k", **changes: object) -> str:
    """A new case; its ref."""
    snapshot.forget()
    return filing.file(draft(**changes), key=key, by=CITIZEN).ref


def accepted(cast: Cast, key: str = "k", **changes: object) -> str:
    """Accepted, condensed and classified by Suizhong's centre."""
    ref = filed(key, **changes)
    by = cast.officers["suizhong_editor"]
    centre.accept(ref, by=by)
    centre.condense(ref, title=f"教师反映拖欠工资{key}", digest="绥中县一名教师反映被拖欠工资 429 元。", by=by)
    centre.classify(ref, category=category(), by=by)
    return ref


def category() -> str:
    """A category in force."""
    snapshot.forget()
    return next(row.code for row in snapshot.categories() if row.valid_to is None and len(row.code) > 2)


def dispatched(cast: Cast, key: str = "k", unit: str = "211421-JYJ", **changes: object) -> str:
    """Sent to a unit, waiting to be signed for."""
    ref = accepted(cast, key, **changes)
    centre.dispatch(ref, unit=unit, by=cast.officers["suizhong_dispatcher"])
    return ref


def of_every_role(cast: Cast) -> list[str]:
    """Sign-in names that together hold every set of roles there is, one each: for what a page decides by role."""
    found: dict[frozenset[Role], str] = {}
    for name in sorted(cast.officers):
        found.setdefault(frozenset(cast.officers[name].roles), name)
    return list(found.values())


def handled(cast: Cast, key: str = "k", **changes: object) -> str:
    """At the education bureau, everything written, ready to be submitted."""
    return written(cast, dispatched(cast, key, **changes))


def written(cast: Cast, ref: str) -> str:
    """Signed for, and everything written; the same ref."""
    clerk = cast.officers["suizhong_education_clerk"]
    unit.sign_for(ref, by=clerk)
    unit.record_contact(ref, how="phone", reached=True, by=clerk)
    unit.find(ref, finding=codes.Finding.TRUE, resolution=codes.Resolution.SOLVED, by=clerk)
    unit.write_report(ref, body="已查实，当日补发。", by=clerk)
    unit.write_answer(ref, body=ANSWER, by=clerk)
    return ref


def submitted(cast: Cast, key: str = "k") -> str:
    """Waiting for the head's signature."""
    ref = handled(cast, key)
    signing.submit(ref, by=cast.officers["suizhong_education_clerk"])
    return ref


def reviewed(cast: Cast, key: str = "k") -> str:
    """Signed by the head, waiting for the centre's review."""
    ref = submitted(cast, key)
    signing.countersign(ref, by=cast.officers["suizhong_education_head"])
    return ref


def case_of(ref: str) -> Case:
    """The case as it is now."""
    return Case.objects.get(pk=id_of(ref))


__all__ = ["ANSWER", "SECRET", "accepted", "case_of", "category", "dispatched", "draft", "filed", "handled",
           "of_every_role", "outcome", "reviewed", "signed_in", "submitted", "written"]  # fmt: skip
