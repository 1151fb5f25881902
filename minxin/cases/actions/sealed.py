"""Sealed reports: taken up by the discipline body, by officers named one by one."""

from django.utils.translation import gettext as _

from minxin.cases.actions import timing
from minxin.cases.actions.moving import moving
from minxin.cases.models import Case, Custodian
from minxin.cases.rules import codes
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role
from minxin.kernel import clocks
from minxin.kernel.errors import Refused


def take_up(ref: str, *, by: Officer) -> Case:
    """启动核查: the discipline body begins to look into an accepted report."""
    with moving("take_up", ref, by=by) as act:
        act.case.lead_id = act.case.centre_id
        act.case.signed_at = clocks.now()
        timing.stop(act.case, codes.ClockCode.DISPATCH)
    return act.case


def name_officer(ref: str, *, post: int, by: Officer) -> Case:
    """指定经办人: one more post may read this report; never one that answers to the accused unit."""
    with moving("name_officer", ref, by=by) as act:
        found = directory.post(post)
        if found is None or found.role != Role.DISCIPLINE:
            raise Refused("invalid", _("只能指定纪检监察岗位。"), field="post")
        if act.case.accused_id and directory.answers_to(found.unit.id, of=act.case.accused_id):
            raise Refused("conflict", _("这个岗位属于被举报单位或其下属，按回避原则不能指定。"), field="post")
        Custodian.objects.get_or_create(case=act.case, post_id=post, defaults={"at": clocks.now()})
        act.facts["post"] = post
    return act.case
