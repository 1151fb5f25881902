"""The life of a submission as a table: verb -> from which stages, to which, by whom. Pages offer what stands here."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory.rules import Officer, Role
from minxin.disclosures.rules.codes import SubmissionStage as S
from minxin.kernel.errors import Absent, Refused

HANDS_IN = (Role.HEAD, Role.LEADER, Role.CLERK, Role.PUBLISHER, Role.BUDGET)
OPEN = frozenset({S.DRAFT, S.FAILED, S.CHECKED})  # a new file replaces these


@dataclass(frozen=True, slots=True)
class Move:
    """One verb: from these stages to that one, by these roles at the unit whose table it is."""

    label: Promise
    sources: frozenset[str]
    target: S
    by: tuple[Role, ...]


MOVES: Mapping[str, Move] = {
    "sign": Move(gettext_lazy("签发"), frozenset({S.CHECKED}), S.SIGNED, (Role.HEAD,)),
    "withdraw": Move(gettext_lazy("撤回"), OPEN | {S.SIGNED}, S.WITHDRAWN, (Role.HEAD, Role.LEADER, Role.CLERK)),
}
NEXT: Mapping[str, Promise] = {
    S.DRAFT: gettext_lazy("正在校核，请稍候刷新。"),
    S.FAILED: gettext_lazy("请照下面的说明改好文件，再上传一次。新文件会代替这一份。"),
    S.CHECKED: gettext_lazy("校核已通过，请本单位一把手签发。"),
    S.SIGNED: gettext_lazy("已签发，等待公开。公开前可以由一把手撤回。"),
    S.PUBLISHED: gettext_lazy("已公开。发现有误时，请改好后作为更正报送。"),
    S.WITHDRAWN: gettext_lazy("这一份已撤回，不再使用。"),
    S.IMPORTED: gettext_lazy("这一批支付已经导入，在资金流向里可以逐笔查到。"),
}


def check(verb: str, stage: str, *, unit_id: int, by: Officer) -> Move:
    """The move, if this officer may make it now. Raises Refused: wrong stage, or not the one who does this."""
    move = MOVES[verb]
    if not _may(move, unit_id, by):
        if verb == "sign":
            raise Refused("head_only", _("只有本单位一把手可以签发。请转请一把手办理。"))
        raise Refused("forbidden", _("请由报送单位的工作人员办理。"))
    if stage not in move.sources:
        sentence = _("这份报送现在是“%(stage)s”，不能%(verb)s。请刷新页面看最新情况。")
        raise Refused("wrong_stage", sentence % {"stage": S(stage).label, "verb": move.label})
    if verb == "withdraw" and stage == S.SIGNED and not by.unit_ids(Role.HEAD) & {unit_id} and by.kind != "system":
        raise Refused("head_only", _("一把手签发后，只有一把手可以撤回。请转请一把手办理。"))
    return move


def allowed(stage: str, *, unit_id: int, by: Officer) -> list[str]:
    """The verbs this officer may do now."""
    found = []
    for verb in MOVES:
        try:
            check(verb, stage, unit_id=unit_id, by=by)
        except Refused:
            continue
        found.append(verb)
    return found


def _may(move: Move, unit_id: int, by: Officer) -> bool:
    if by.kind == "system":
        return Role.HEAD not in move.by or len(move.by) > 1
    return unit_id in by.unit_ids(*move.by)


def check_hands_in(units: frozenset[int], *, by: Officer) -> None:
    """Refuse an officer who works neither at the unit nor at its department (主管部门): `units` are those two."""
    if by.kind == "system" or units & by.unit_ids(*HANDS_IN):
        return
    if units & by.unit_ids():
        raise Refused("forbidden", _("您的岗位不办理报送。请由本单位的承办员、分管领导或一把手报送。"))
    raise Absent
