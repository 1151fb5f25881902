"""The life of what runs through the pipe as tables: verb -> from which stages, to which, by whom. Standards 2.3."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from minxin.directory import rules as directory
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.disclosures.rules.codes import OrderStage, PaymentStage, PayMode, PlanStage, RequestStage, Step
from minxin.disclosures.rules.ruling import Ruling
from minxin.kernel.clocks import ZONE, Calendar
from minxin.kernel.errors import Absent, Refused


class Party(StrEnum):
    """At whose desk a verb is done: the unit's whose money it is, the finance bureau's, the agent bank's."""

    UNIT = "unit"
    FINANCE = "finance"
    BANK = "bank"


PARTIES: Mapping[Party, Promise] = {
    Party.UNIT: _("预算单位"),
    Party.FINANCE: _("财政部门"),
    Party.BANK: _("代理银行"),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One verb. Without sources it begins something, or has to do with no stage; an empty target leaves the stage."""

    label: Promise
    sources: frozenset[str | int]
    target: str | int
    at: Party
    roles: frozenset[Role]


def _move(label: Promise, at: Party, roles: set[Role], sources: set[str | int], target: str | int = "") -> Move:
    return Move(label, frozenset(sources), target, at, frozenset(roles))


P, A, Q, Z, D = Party, PlanStage, RequestStage, PaymentStage, OrderStage
CHIEFS = {Role.LEADER, Role.HEAD}

LINE: Mapping[str, Move] = {
    "open_lines": _move(_("下达年初指标"), P.FINANCE, {Role.BUDGET}, set()),
    "open_line": _move(_("下达指标"), P.FINANCE, {Role.BUDGET}, set()),
    "change_line": _move(_("调整指标"), P.FINANCE, {Role.BUDGET}, set()),
    "freeze_line": _move(_("冻结指标"), P.FINANCE, {Role.BUDGET}, set()),
    "unfreeze_line": _move(_("解冻指标"), P.FINANCE, {Role.BUDGET}, set()),
    "carry_lines": _move(_("结转上年指标"), P.FINANCE, {Role.BUDGET}, set()),
    "revive": _move(_("盘活存量"), P.FINANCE, {Role.BUDGET}, set()),
}
PLAN: Mapping[str, Move] = {
    "submit_plans": _move(_("上报用款计划"), P.UNIT, {Role.CLERK}, set(), A.SUBMITTED),
    "withdraw_plans": _move(_("撤回用款计划"), P.UNIT, {Role.CLERK}, {A.SUBMITTED}, A.VOID),
    "approve_plans": _move(_("批准用款计划"), P.FINANCE, {Role.BUDGET}, {A.SUBMITTED}, A.APPROVED),
    "issue_plans": _move(_("下达用款额度"), P.FINANCE, {Role.CASHIER}, {A.APPROVED}, A.ISSUED),
    "void_plans": _move(_("作废用款计划"), P.FINANCE, {Role.BUDGET}, {A.SUBMITTED, A.APPROVED}, A.VOID),
    "reduce_plan": _move(_("收回用款额度"), P.FINANCE, {Role.CASHIER}, {A.ISSUED}),
}
CONTRACT: Mapping[str, Move] = {
    "sign_contract": _move(_("登记合同"), P.UNIT, {Role.CLERK}, set()),
    "announce_contract": _move(_("公告合同"), P.UNIT, {Role.CLERK}, set()),
    "amend_contract": _move(_("变更合同金额"), P.UNIT, {Role.CLERK}, set()),
}
REVIEWING: Mapping[Step, RequestStage] = {  # in which stage a request waits for which review
    Step.UNIT: Q.UNIT_REVIEW,
    Step.SECTION: Q.SECTION_REVIEW,
    Step.CENTRE: Q.CENTRE_REVIEW,
}
_OPEN: set[str | int] = set(REVIEWING.values())
REQUEST: Mapping[str, Move] = {
    "request": _move(_("提出支付申请"), P.UNIT, {Role.CLERK}, set(), Q.UNIT_REVIEW),
    "review_unit": _move(_("单位复核"), P.UNIT, CHIEFS, {Q.UNIT_REVIEW}, Q.SECTION_REVIEW),
    "review_section": _move(_("业务科室审核"), P.FINANCE, {Role.BUDGET}, {Q.SECTION_REVIEW}, Q.CENTRE_REVIEW),
    "review_centre": _move(_("支付中心审核"), P.FINANCE, {Role.CASHIER}, {Q.CENTRE_REVIEW}, Q.APPROVED),
    "return_unit": _move(_("单位复核退回"), P.UNIT, CHIEFS, {Q.UNIT_REVIEW}, Q.RETURNED),
    "return_section": _move(_("业务科室退回"), P.FINANCE, {Role.BUDGET}, {Q.SECTION_REVIEW}, Q.RETURNED),
    "return_centre": _move(_("支付中心退回"), P.FINANCE, {Role.CASHIER}, {Q.CENTRE_REVIEW}, Q.RETURNED),
    "resubmit": _move(_("改正后重报"), P.UNIT, {Role.CLERK}, {Q.RETURNED}, Q.UNIT_REVIEW),
    "void_request": _move(_("作废支付申请"), P.UNIT, {Role.CLERK}, {*_OPEN, Q.RETURNED}, Q.VOID),
    "order": _move(_("开支付凭证"), P.FINANCE, {Role.CASHIER}, {Q.APPROVED}, Q.ORDERED),
}
PAYMENT: Mapping[str, Move] = {
    "request": _move(_("提出支付申请"), P.UNIT, {Role.CLERK}, set(), Z.REQUESTED),
    "approve": _move(_("支付中心审核"), P.FINANCE, {Role.CASHIER}, {Z.REQUESTED}, Z.APPROVED),
    "return": _move(_("退回"), P.FINANCE, {Role.BUDGET, Role.CASHIER}, {Z.REQUESTED}, Z.VOID),
    "order": _move(_("开支付凭证"), P.FINANCE, {Role.CASHIER}, {Z.APPROVED}, Z.ORDERED),
    "pay": _move(_("支付"), P.BANK, {Role.BANKER}, {Z.ORDERED}, Z.PAID),
    "fail": _move(_("支付失败"), P.BANK, {Role.BANKER}, {Z.ORDERED}, Z.FAILED),
    "clear": _move(_("清算"), P.FINANCE, {Role.CASHIER}, {Z.PAID}, Z.CLEARED),
    "reverse": _move(_("退款"), P.BANK, {Role.BANKER}, {Z.PAID, Z.CLEARED}, Z.RETURNED),
}
ORDER: Mapping[str, Move] = {
    "make": _move(_("开支付凭证"), P.FINANCE, {Role.CASHIER}, set(), D.GENERATED),
    "seal": _move(_("签章"), P.FINANCE, {Role.CASHIER}, {D.GENERATED}, D.SEALED),
    "send": _move(_("发送银行"), P.FINANCE, {Role.CASHIER}, {D.SEALED}, D.SENT),
    "sign": _move(_("银行签收"), P.BANK, {Role.BANKER}, {D.SENT}, D.SIGNED),
    "pay": _move(_("支付"), P.BANK, {Role.BANKER}, {D.SENT, D.SIGNED}, D.PAID),
    "fail": _move(_("支付失败"), P.BANK, {Role.BANKER}, {D.SENT, D.SIGNED}, D.FAILED),
    "clear": _move(_("清算"), P.FINANCE, {Role.CASHIER}, {D.PAID}, D.CLEARED),
    "reconcile": _move(_("对账"), P.FINANCE, {Role.CASHIER}, {D.CLEARED}, D.RECONCILED),
}
IMPORT: Mapping[str, Move] = {
    "import_payments": _move(_("导入支付明细"), P.FINANCE, {Role.BUDGET}, set()),
}
ACCOUNT: Mapping[str, Move] = {
    "open_accounts": _move(_("登记零余额账户"), P.FINANCE, {Role.CASHIER}, set()),
    "close_account": _move(_("登记零余额账户销户"), P.FINANCE, {Role.CASHIER}, set()),
}
SETTLING: Mapping[str, Move] = {
    "notify_limits": _move(_("通知清算额度"), P.FINANCE, {Role.CASHIER}, set()),
    "receive": _move(_("接收银行回单"), P.BANK, {Role.BANKER}, set()),
    "clear_day": _move(_("日终清算"), P.FINANCE, {Role.CASHIER}, set()),
    "reconcile": _move(_("与银行对账"), P.FINANCE, {Role.CASHIER}, set()),
    "settle": _move(_("处理差异"), P.FINANCE, {Role.CASHIER}, set()),
}


def may(move: Move, by: Officer, *, unit_id: int = 0, finance_id: int = 0, bank_id: int = 0) -> bool:
    """Whether this officer holds the right post at the right party; the system holds every post."""
    if by.kind == "system":
        return True
    there = {Party.UNIT: unit_id, Party.FINANCE: finance_id, Party.BANK: bank_id}[move.at]
    return there in by.unit_ids(*move.roles)


def check(move: Move, by: Officer, *, unit: UnitRef | None = None, finance_id: int = 0, bank_id: int = 0) -> None:
    """Raises Absent when the officer may not even see it, Refused (`forbidden`) when it is another post's work."""
    unit_id = unit.id if unit else 0
    if may(move, by, unit_id=unit_id, finance_id=finance_id, bank_id=bank_id):
        return
    seen = unit is not None and directory.sees(by, unit.path)
    if not seen and by.unit_ids().isdisjoint({finance_id, bank_id}):
        raise Absent
    posts = "、".join(role.label for role in Role if role in move.roles)
    sentence = gettext("“%(verb)s”由%(party)s的%(posts)s办理。")
    facts = {"verb": move.label, "party": PARTIES[move.at], "posts": posts}
    raise Refused("forbidden", sentence % facts)


def allowed(move: Move, stage: PlanStage | RequestStage | OrderStage | PaymentStage) -> None:
    """Raises Refused (`stage`) when the verb does not begin there."""
    if move.sources and stage not in move.sources:
        facts = {"stage": stage.label, "verb": move.label}
        raise Refused("stage", gettext("现在是“%(stage)s”，不能“%(verb)s”。请刷新后查看。") % facts)


_ALWAYS_DIRECT = ("301", "303", "310", "501", "503", "509")  # 工资福利, 对个人和家庭, 资本性支出


def mode_of(modes: Ruling, economic: str, project: str) -> PayMode:
    """支付方式 of a line (standards 2.1): wages, works and projects directly, small running costs authorised."""
    if modes.unified:
        return PayMode.UNIFIED
    return PayMode.DIRECT if project or economic.startswith(_ALWAYS_DIRECT) else PayMode.AUTHORISED


def check_mode(modes: Ruling, mode: PayMode) -> None:
    """Raises Refused (`mode`), with the basis, when that year knows no such way of paying."""
    if modes.unified is (mode == PayMode.UNIFIED):
        return
    facts = {"mode": mode.label, "rule": modes.sentence, "basis": modes.basis}
    sentence = gettext("这个年度没有“%(mode)s”：%(rule)s（依据：%(basis)s）请不填支付方式，由系统确定。")
    raise Refused("mode", sentence % facts, field="mode")


def due_on(received_at: datetime, calendar: Calendar, cut_off: Ruling) -> date:
    """The working day on which a desk of the treasury should have handled what it received at that moment."""
    local = received_at.astimezone(ZONE)
    day = local.date()
    late = not calendar.works(day) or local.time() > cut_off.time
    return calendar.working_day(day, 1) if late else day
