"""How the tests of the core reach any state of a case: by its real actions, in the order of real life."""

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from minxin.cases.actions import centre, closing, filing, following, signing, unit
from minxin.cases.models import Assignment, Case, Clock
from minxin.cases.models.case import id_of
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Contact, Draft
from minxin.directory.rules import CITIZEN
from minxin.directory.tests.cast import Cast
from minxin.kernel import clocks
from minxin.kernel.errors import Refused

START = datetime(2026, 3, 2, 9, tzinfo=clocks.ZONE)  # a Monday; no festival until 4 April
ANSWER = "您好，我局于3月3日与您联系并到现场核实，所反映的问题已经改正，多收的款项已退还给您。联系电话 0429-6123456。"
LEAD = "suizhong_finance"
CODES = {
    "city_finance": "211400-CZJ",
    "suizhong_finance": "211421-CZJ",
    "suizhong_education": "211421-JYJ",
    "gaotai_school": "211421-GTZX",
    "nanpiao_finance": "211404-CZJ",
    "nanpiao_civil": "211404-MZJ",
    "nanpiao_discipline": "211404-JW",
    "city_discipline": "211400-JW",
    "huludao": "211400-MX",
    "province": "210000-MX",
}


def day(number: float) -> datetime:
    """So many days after START."""
    return START + timedelta(days=number)


@contextmanager
def refused(code: str, *, field: str | None = None):
    """The block is refused with this code (and at this field), in a sentence."""
    with pytest.raises(Refused) as caught:
        yield caught
    assert caught.value.code == code, caught.value.sentence
    assert caught.value.sentence
    if field:
        assert caught.value.field == field


@dataclass
class Walk:
    """A case on its way. Every step answers with the walk itself, so that steps read in a row."""

    cast: Cast
    ref: str
    code: str

    @property
    def case(self) -> Case:
        """The case as it is in the database now."""
        return Case.objects.get(pk=id_of(self.ref))

    @property
    def holder(self) -> Assignment:
        """The assignment that the case is in."""
        return Assignment.objects.select_related("unit").get(pk=self.case.holder_id)

    def by(self, name: str):
        """The officer with this sign-in name."""
        return self.cast.officers[name]

    def clock(self, code: str, unit_key: str | None = None) -> Clock:
        """The newest clock of this code, of this unit's newest assignment when one is named."""
        rows = Clock.objects.filter(case_id=id_of(self.ref), code=code)
        if unit_key:
            rows = rows.filter(assignment_id=self.work(unit_key).pk)
        return rows.order_by("-id")[0]

    def work(self, unit_key: str) -> Assignment:
        """The newest assignment of this unit."""
        return Assignment.objects.filter(case_id=id_of(self.ref), unit_id=self.cast.units[unit_key].id).latest("id")

    def accepted(self, editor="suizhong_editor"):
        centre.accept(self.ref, by=self.by(editor))
        return self

    def prepared(self, editor="suizhong_editor"):
        self.accepted(editor)
        centre.condense(self.ref, title="反映收费问题", digest="反映某单位多收费用。", by=self.by(editor))
        centre.classify(self.ref, category="16", by=self.by(editor))
        return self

    def dispatched(self, unit_key=LEAD, dispatcher="suizhong_dispatcher", **facts):
        if self.case.stage == codes.Stage.FILED:
            self.prepared()
        facts["assisting"] = [CODES[key] for key in facts.get("assisting", ())]
        centre.dispatch(self.ref, unit=CODES[unit_key], by=self.by(dispatcher), **facts)
        return self

    def signed(self, unit_key=LEAD):
        unit.sign_for(self.ref, by=self.by(f"{unit_key}_clerk"))
        return self

    def passed_down(self, to: str, by: str, **facts):
        unit.pass_down(self.ref, unit=CODES[to], by=self.by(by), **facts)
        return self

    def drafted(self, unit_key=LEAD, *, finding="true", resolution="solved"):
        clerk = self.by(f"{unit_key}_clerk")
        unit.record_contact(self.ref, how="phone", reached=True, by=clerk)
        unit.find(self.ref, finding=finding, resolution=resolution, by=clerk)
        unit.write_report(self.ref, body="查明情况如下。", by=clerk)
        unit.write_answer(self.ref, body=ANSWER, by=clerk)
        return self

    def submitted(self, unit_key=LEAD):
        signing.submit(self.ref, by=self.by(f"{unit_key}_clerk"))
        return self

    def countersigned(self):
        """Every step of the chain by whoever's turn it is."""
        for row in self.holder.signatures.filter(decision="pending").select_related("unit").order_by("order"):
            unit_key = next(key for key, found in self.cast.units.items() if found.id == row.unit_id)
            roles = ("leader", "head") if row.step == "superior" else (row.step,)
            name = next(f"{unit_key}_{role}" for role in roles if f"{unit_key}_{role}" in self.cast.officers)
            signing.countersign(self.ref, by=self.by(name))
        return self

    def reviewing(self, unit_key=LEAD):
        """From any stage before it to the centre's review."""
        if self.case.stage in {codes.Stage.FILED, codes.Stage.ACCEPTED}:
            self.dispatched(unit_key)
        if self.case.stage == codes.Stage.TO_SIGN:
            self.signed(unit_key)
        return self.drafted(unit_key).submitted(unit_key).countersigned()

    def answered(self, unit_key=LEAD):
        self.reviewing(unit_key)
        closing.approve(self.ref, by=self.by("suizhong_reviewer"))
        return self

    def rated(self, satisfaction=5, **facts):
        reasons = facts.pop("reasons", ["unsolved"] if satisfaction <= 2 else [])
        following.rate(
            self.ref,
            code=self.code,
            satisfaction=satisfaction,
            contacted=True,
            solved=satisfaction > 2,
            reasons=reasons,
            **facts,
        )
        return self


def filed(cast: Cast, *, key: str = "", **changes) -> Walk:
    """A complaint about 绥中县教育局, in 绥中; `respondent` by its key in the cast, None for unknown."""
    respondent = changes.pop("respondent", "suizhong_education")
    anonymous = changes.get("anonymous", False)
    values = {
        "kind": codes.Kind.COMPLAINT,
        "title": "多收费用",
        "text": "窗口多收了我的费用，请查一查。",
        "region": "211421",
        "respondent_id": cast.units[respondent].id if respondent else None,
        "contact": Contact() if anonymous else Contact("某人", "13800001234", ""),
        "consents": True,
    }
    receipt = filing.file(Draft(**(values | changes)), key=key or secrets.token_hex(8), by=CITIZEN)
    return Walk(cast, receipt.ref, receipt.code)
