"""The life of a case as one table: verb -> Move. The page's buttons and the actions both read it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from minxin.cases.rules.codes import Lane, Stage
from minxin.kernel.errors import Refused


class Stand(StrEnum):
    """What somebody is to one case; the same officer may be several things, or nothing."""

    CITIZEN = "citizen"
    EDITOR = "editor"
    DISPATCHER = "dispatcher"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    VISITOR = "visitor"
    ARBITRATOR = "arbitrator"
    CLERK = "clerk"
    SECTION = "section"
    LEADER = "leader"
    HEAD = "head"
    ASSIST = "assist"
    PARENT = "parent"  # a chief of a unit that has passed the case down
    ABOVE = "above"  # a chief of the superior that answers for the case
    JUDGE = "judge"  # at the centre that a request for review went to
    DISCIPLINE = "discipline"
    SYSTEM = "system"


class Need(StrEnum):
    """What must be true of the case before a move; each has its sentence in `NEEDS`."""

    RETURNABLE = "returnable"
    CONTACTED = "contacted"
    FOUND = "found"
    ANSWERED = "answered"
    REPORTED = "reported"
    OPINIONS_IN = "opinions_in"
    NOT_OVERDUE = "not_overdue"
    DEPTH_LEFT = "depth_left"
    PAUSE_LEFT = "pause_left"
    AT_CENTRE = "at_centre"
    EXTENSIONS_LEFT = "extensions_left"
    NO_OPEN_EXTENSION = "no_open_extension"
    OPEN_EXTENSION = "open_extension"
    CONSENTED = "consented"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    REDO_WINDOW = "redo_window"
    REVIEW_WINDOW = "review_window"
    RECHECK_WINDOW = "recheck_window"
    STARS_APPEALABLE = "stars_appealable"
    STARS_APPEALED = "stars_appealed"
    DIGESTED = "digested"
    CLASSIFIED = "classified"


NEEDS: Mapping[Need, Promise] = {
    Need.RETURNABLE: _("此件已经退回过一次或已作裁定，不能再退回。如有异议，请联系网络中心的裁定员。"),
    Need.CONTACTED: _("请先登记与反映人的首次联系，再提交审签。"),
    Need.FOUND: _("请先填写事实认定和办理结果。"),
    Need.ANSWERED: _("请先写好公开答复。"),
    Need.REPORTED: _("请先写好内部办理报告。"),
    Need.OPINIONS_IN: _("还有协办单位没有出具意见，也没有到期。请等待意见，或提醒协办单位。"),
    Need.NOT_OVERDUE: _("延期应当在到期之前申请。此件已经到期，请尽快办结，并由主要负责人审签。"),
    Need.DEPTH_LEFT: _("此件已经下派到第四级，不能再往下派。"),
    Need.PAUSE_LEFT: _("等待反映人补充的天数已经用完，不能再暂停计时。"),
    Need.AT_CENTRE: _("此件在单位办理中，由单位答复。需要改由网络中心答复的，请先请单位退回或上报。"),
    Need.EXTENSIONS_LEFT: _("此件已经延期两次，不能再延。请尽快办结并如实告知反映人。"),
    Need.NO_OPEN_EXTENSION: _("已有一份延期申请在等待批准。"),
    Need.OPEN_EXTENSION: _("没有等待批准的延期申请。"),
    Need.CONSENTED: _("反映人没有同意公开，此件不能公开。"),
    Need.PUBLISHED: _("此件没有公开。"),
    Need.UNPUBLISHED: _("此件已经公开。"),
    Need.REDO_WINDOW: _("要求重办的期限已过，或您已经要求过。您可以另行反映新的情况。"),
    Need.REVIEW_WINDOW: _("申请复查应当在收到答复之日起三十日内提出，期限已过，或已经申请过。"),
    Need.RECHECK_WINDOW: _("申请复核应当在收到复查意见之日起三十日内提出，期限已过，或已经申请过。"),
    Need.STARS_APPEALABLE: _("只有尚未申请过复议的不满意评价可以申请评星复议。"),
    Need.STARS_APPEALED: _("没有等待处理的评星复议。"),
    Need.DIGESTED: _("请先完成摘编：办理单位看到的是摘编，不是原文。"),
    Need.CLASSIFIED: _("请先确定类别。"),
}


@dataclass(frozen=True)
class Move:
    """One verb: from which stage to which (None = stays), by whom, and what must hold first."""

    label: Promise
    to: Mapping[Stage, tuple[Stage, ...]]
    by: frozenset[Stand]
    needs: tuple[Need, ...] = ()
    sealed: bool = False  # also allowed in the sealed lane, there by discipline officers only
    weight: int = 50  # the lightest allowed move is the page's primary button


def _stay(*stages: Stage) -> dict[Stage, tuple[Stage, ...]]:
    return {stage: (stage,) for stage in stages}


def _go(sources: Iterable[Stage], *targets: Stage) -> dict[Stage, tuple[Stage, ...]]:
    return dict.fromkeys(sources, targets)


def _by(*stands: Stand) -> frozenset[Stand]:
    return frozenset(stands)


S, W, N = Stage, Stand, Need
OVER = frozenset({S.CLOSED, S.DECLINED, S.WITHDRAWN, S.MERGED})
OPEN = frozenset(S) - OVER
AT_UNIT = frozenset({S.TO_SIGN, S.HANDLING, S.ASKING, S.COUNTERSIGN})
BEFORE_ANSWER = OPEN - {S.RATING, S.REASSESS, S.APPEAL}
ANSWERED = frozenset({S.RATING, S.REASSESS, S.CLOSED})
UNIT = _by(W.CLERK, W.SECTION, W.LEADER, W.HEAD)
CHIEFS = _by(W.LEADER, W.HEAD)

MOVES: Mapping[str, Move] = {
    # The complainant.
    "add": Move(_("补充情况"), _stay(*OPEN), _by(W.CITIZEN), sealed=True),
    "urge": Move(_("催办"), _stay(*BEFORE_ANSWER), _by(W.CITIZEN), sealed=True),
    "supply": Move(
        _("回答询问"), {S.SUPPLEMENT: (S.FILED,), S.ASKING: (S.HANDLING,)}, _by(W.CITIZEN), sealed=True, weight=10
    ),
    "withdraw": Move(_("撤回"), _go(BEFORE_ANSWER, S.WITHDRAWN), _by(W.CITIZEN), sealed=True, weight=90),
    "rate": Move(_("评价"), {S.RATING: (S.CLOSED, S.REASSESS)}, _by(W.CITIZEN), sealed=True, weight=10),
    "request_redo": Move(_("要求重办"), _go({S.CLOSED}, S.REASSESS), _by(W.CITIZEN), (N.REDO_WINDOW,), sealed=True),
    "request_review": Move(
        _("申请复查"), _go({S.CLOSED, S.DECLINED}, S.APPEAL), _by(W.CITIZEN), (N.REVIEW_WINDOW,), weight=60
    ),
    "request_recheck": Move(
        _("申请复核"), _go({S.CLOSED, S.DECLINED}, S.APPEAL), _by(W.CITIZEN), (N.RECHECK_WINDOW,), weight=60
    ),
    # The centre takes in.
    "condense": Move(
        _("摘编"), _stay(S.FILED, S.ACCEPTED, S.RETURNED, S.DISPUTED), _by(W.EDITOR), sealed=True, weight=20
    ),
    "classify": Move(
        _("定性分类"),
        _stay(S.FILED, S.ACCEPTED, S.RETURNED, S.DISPUTED),
        _by(W.EDITOR, W.DISPATCHER),
        sealed=True,
        weight=30,
    ),
    "ask_supplement": Move(
        _("请反映人补充"), _go({S.FILED}, S.SUPPLEMENT), _by(W.EDITOR), (N.PAUSE_LEFT,), sealed=True, weight=60
    ),
    "accept": Move(_("受理"), _go({S.FILED}, S.ACCEPTED), _by(W.EDITOR), sealed=True, weight=10),
    "decline": Move(_("不予受理"), _go({S.FILED, S.ACCEPTED}, S.DECLINED), _by(W.EDITOR), sealed=True, weight=70),
    "answer_directly": Move(
        _("直接答复"),
        _go({S.FILED, S.ACCEPTED, S.HANDLING}, S.RATING),
        _by(W.EDITOR, W.DISPATCHER),
        (N.AT_CENTRE,),
        sealed=True,
        weight=60,
    ),
    "merge": Move(_("并案"), _go({S.FILED, S.ACCEPTED}, S.MERGED), _by(W.EDITOR, W.DISPATCHER), weight=80),
    # The centre sends out.
    "dispatch": Move(
        _("分转"), _go({S.ACCEPTED, S.RETURNED}, S.TO_SIGN), _by(W.DISPATCHER), (N.DIGESTED, N.CLASSIFIED), weight=10
    ),
    "call_in": Move(_("增加协办"), _stay(S.TO_SIGN, S.HANDLING, S.ASKING), _by(W.DISPATCHER, W.SUPERVISOR)),
    "uphold_return": Move(_("同意退回"), _go({S.RETURNED}, S.ACCEPTED), _by(W.DISPATCHER), weight=15),
    "overrule_return": Move(_("驳回退回"), _go({S.RETURNED}, S.TO_SIGN), _by(W.DISPATCHER), weight=25),
    "refer_dispute": Move(_("提交裁定"), _go({S.RETURNED}, S.DISPUTED), _by(W.DISPATCHER), weight=40),
    "arbitrate": Move(_("裁定主办单位"), _go({S.DISPUTED}, S.TO_SIGN), _by(W.ARBITRATOR), weight=10),
    # The unit handles.
    "sign_for": Move(_("签收"), _go({S.TO_SIGN}, S.HANDLING), UNIT, weight=10),
    "give_back": Move(_("退回"), _go({S.TO_SIGN}, S.RETURNED, S.HANDLING), UNIT, (N.RETURNABLE,), weight=80),
    "pass_down": Move(
        _("下派"), _go({S.HANDLING}, S.TO_SIGN), _by(W.CLERK, W.LEADER, W.HEAD), (N.DEPTH_LEFT,), weight=60
    ),
    "take_back": Move(_("收回自办"), _go({S.TO_SIGN, S.HANDLING}, S.HANDLING), _by(W.PARENT), weight=70),
    "record_contact": Move(_("登记联系"), _stay(S.HANDLING, S.ASKING), UNIT, sealed=True, weight=15),
    "ask": Move(_("请反映人补充"), _go({S.HANDLING}, S.ASKING), UNIT, (N.PAUSE_LEFT,), sealed=True, weight=60),
    "resume": Move(
        _("恢复办理"),
        {S.ASKING: (S.HANDLING,), S.SUPPLEMENT: (S.FILED,)},
        UNIT | {W.EDITOR, W.SYSTEM},
        sealed=True,
        weight=60,
    ),
    "request_extension": Move(
        _("请求延期"), _stay(S.HANDLING), UNIT, (N.EXTENSIONS_LEFT, N.NOT_OVERDUE, N.NO_OPEN_EXTENSION), weight=65
    ),
    "decide_extension": Move(
        _("审批延期"),
        _stay(S.TO_SIGN, S.HANDLING, S.ASKING, S.COUNTERSIGN),
        _by(W.DISPATCHER, W.SUPERVISOR, W.PARENT, W.ABOVE),
        (N.OPEN_EXTENSION,),
        weight=12,
    ),
    "find": Move(_("认定事实和结果"), _stay(S.HANDLING), UNIT, sealed=True, weight=20),
    "write_report": Move(_("写办理报告"), _stay(S.HANDLING), UNIT, sealed=True, weight=30),
    "write_answer": Move(_("写公开答复"), _stay(S.HANDLING), UNIT, sealed=True, weight=25),
    "record_money": Move(
        _("登记金额"), _stay(S.HANDLING, S.COUNTERSIGN, S.REVIEW, S.RATING), UNIT | {W.ASSIST}, sealed=True, weight=50
    ),
    "record_measure": Move(
        _("登记问责"), _stay(S.HANDLING, S.COUNTERSIGN, S.REVIEW, S.RATING), UNIT | {W.ASSIST}, sealed=True, weight=51
    ),
    "record_rule_change": Move(
        _("登记制度改进"),
        _stay(S.HANDLING, S.COUNTERSIGN, S.REVIEW, S.RATING),
        UNIT | {W.ASSIST},
        sealed=True,
        weight=52,
    ),
    "submit": Move(
        _("提交审签"),
        _go({S.HANDLING}, S.COUNTERSIGN),
        UNIT,
        (N.CONTACTED, N.FOUND, N.REPORTED, N.ANSWERED, N.OPINIONS_IN),
        weight=40,
    ),
    "countersign": Move(
        _("同意并签发"),
        {S.COUNTERSIGN: (S.COUNTERSIGN, S.HANDLING, S.REVIEW)},
        _by(W.SECTION, W.LEADER, W.HEAD, W.ABOVE),
        weight=10,
    ),
    "return_draft": Move(
        _("退回修改"), _go({S.COUNTERSIGN}, S.HANDLING), _by(W.SECTION, W.LEADER, W.HEAD, W.ABOVE), weight=20
    ),
    # Assisting units, beside the lead.
    "sign_assist": Move(_("签收协办"), _stay(*AT_UNIT), _by(W.ASSIST), weight=10),
    "opine": Move(_("出具协办意见"), _stay(*AT_UNIT), _by(W.ASSIST), weight=15),
    # Review, publication, rating.
    "approve": Move(_("审核通过"), _go({S.REVIEW}, S.RATING), _by(W.REVIEWER), weight=10),
    "send_back": Move(_("退回重办"), _go({S.REVIEW}, S.HANDLING), _by(W.REVIEWER), weight=30),
    "publish": Move(
        _("公开"), _stay(S.RATING, S.REASSESS, S.CLOSED), _by(W.REVIEWER), (N.CONSENTED, N.UNPUBLISHED), weight=20
    ),
    "unpublish": Move(_("撤下公开"), _stay(*S), _by(W.REVIEWER), (N.PUBLISHED,), weight=90),
    "call_back": Move(
        _("登记回访"), {S.RATING: (S.RATING, S.CLOSED, S.REASSESS)}, _by(W.VISITOR), sealed=True, weight=20
    ),
    "close_unrated": Move(_("到期办结"), _go({S.RATING}, S.CLOSED), _by(W.SYSTEM), sealed=True),
    "redo": Move(
        _("责成重办"), _go({S.REASSESS}, S.HANDLING, S.ACCEPTED), _by(W.REVIEWER, W.SUPERVISOR), sealed=True, weight=10
    ),
    "rule_closing": Move(
        _("研判办结"), _go({S.REASSESS}, S.CLOSED), _by(W.REVIEWER, W.SUPERVISOR), sealed=True, weight=20
    ),
    "decide_appeal": Move(
        _("出具复查复核意见"),
        {S.APPEAL: (S.CLOSED, S.HANDLING, S.ACCEPTED, S.DECLINED)},
        _by(W.JUDGE),
        weight=10,
    ),
    "appeal_stars": Move(_("申请评星复议"), _stay(S.CLOSED), CHIEFS, (N.STARS_APPEALABLE,), weight=60),
    "decide_stars": Move(
        _("裁定评星复议"), _stay(S.CLOSED), _by(W.SUPERVISOR, W.ARBITRATOR), (N.STARS_APPEALED,), weight=15
    ),
    "fan_out": Move(_("并案答复"), _go({S.MERGED}, S.RATING), _by(W.SYSTEM)),
    "release": Move(_("恢复单独办理"), _go({S.MERGED}, S.FILED, S.ACCEPTED), _by(W.SYSTEM)),
    # Supervision.
    "remind": Move(
        _("提醒"), _stay(*BEFORE_ANSWER), _by(W.SUPERVISOR, W.DISPATCHER, W.PARENT, W.ABOVE, W.SYSTEM), weight=70
    ),
    "slip": Move(_("发督办单"), _stay(*BEFORE_ANSWER), _by(W.SUPERVISOR, W.SYSTEM), weight=71),
    "list_case": Move(_("挂牌督办"), _stay(*BEFORE_ANSWER), _by(W.SUPERVISOR), weight=72),
    "escalate": Move(_("提级督办"), _stay(*BEFORE_ANSWER), _by(W.SUPERVISOR, W.SYSTEM), sealed=True, weight=73),
    "breach": Move(_("超期"), _stay(*OPEN), _by(W.SYSTEM), sealed=True),
    "answer_slip": Move(_("回复督办"), _stay(*AT_UNIT), UNIT | {W.ASSIST, W.PARENT}, weight=35),
    # Sealed reports.
    "take_up": Move(_("启动核查"), _go({S.ACCEPTED}, S.HANDLING), frozenset(), sealed=True, weight=10),
    "name_officer": Move(_("指定经办人"), _stay(*OPEN), frozenset(), sealed=True, weight=60),
}


@dataclass(frozen=True)
class Situation:
    """A case as the rules see it, and what the actor is to it."""

    stage: Stage
    lane: Lane
    stands: frozenset[Stand]
    holds: frozenset[Need] = field(default_factory=frozenset)


def check(verb: str, situation: Situation) -> Move:
    """The move, when it is allowed now.

    Raises Refused: `forbidden` (not this person's), `stage` (not now), or the name of the unmet need.
    """
    move = MOVES[verb]
    if not _stands(move, situation):
        raise Refused("forbidden", _("您的岗位不能对此件“%(act)s”。") % {"act": move.label})
    if situation.stage not in move.to:
        raise Refused(
            "stage",
            _("此件现在是“%(stage)s”，不能“%(act)s”。请刷新页面看最新进展。")
            % {"stage": Stage(situation.stage).label, "act": move.label},
        )
    for need in move.needs:
        if need not in situation.holds:
            raise Refused(need.value, str(NEEDS[need]))
    return move


def target(verb: str, stage: Stage, wanted: Stage | None = None) -> Stage:
    """Where the verb leads from `stage`; `wanted` chooses among several, and must be one of them."""
    targets = MOVES[verb].to[stage]
    if wanted is None:
        return targets[0]
    if wanted not in targets:
        raise ValueError(f"{verb}: {stage} -> {wanted} is not in the table")
    return wanted


def allowed(situation: Situation) -> list[str]:
    """The verbs allowed now, the primary one first."""
    verbs = [verb for verb in MOVES if _allows(verb, situation)]
    return sorted(verbs, key=lambda verb: MOVES[verb].weight)


def in_question(stage: Stage, lane: Lane, stands: frozenset[Stand]) -> frozenset[Need]:
    """What has to be known of a case before it can be said which verbs these stands may use now."""
    asked = Situation(stage, lane, stands)
    return frozenset(n for move in MOVES.values() if stage in move.to and _stands(move, asked) for n in move.needs)


def _allows(verb: str, situation: Situation) -> bool:
    move = MOVES[verb]
    return _stands(move, situation) and situation.stage in move.to and set(move.needs) <= situation.holds


def _stands(move: Move, situation: Situation) -> bool:
    if situation.lane != Lane.SEALED:
        return bool(move.by & situation.stands)
    if not move.sealed:
        return False
    if move.by in _ALONE:
        return bool(move.by & situation.stands)
    return Stand.DISCIPLINE in situation.stands or Stand.SYSTEM in (move.by & situation.stands)


_ALONE = (frozenset({Stand.CITIZEN}), frozenset({Stand.SYSTEM}))
