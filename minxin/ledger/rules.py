"""What an event may hold, and what its verb is called in the auditor's log."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST_FACT = 200  # characters: longer is free text, which belongs where it can be erased


class Actor(Protocol):
    """Who acts, as the ledger records it: kind officer|citizen|system|channel, its id, its office, its unit."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> int | None: ...
    @property
    def label(self) -> str: ...
    @property
    def unit_id(self) -> int | None: ...


def facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as JSON values: days and moments in ISO 8601, tuples and sets as lists.

    Raises ValueError for a text over LONGEST_FACT and TypeError for anything that is not a code, number or date:
    both are mistakes of the calling action, not of the person at the screen.
    """
    return {_key(key): _value(key, value) for key, value in values.items()}


def _key(key: str) -> str:
    if not key or len(key) > 60:
        raise ValueError(f"a fact needs a short name, not {key[:80]!r}")
    return key


def _value(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        if len(value) > LONGEST_FACT:
            raise ValueError(f"fact {key!r} has {len(value)} characters: events hold no free text")
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(inner): _value(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(key, item) for item in value]
    if isinstance(value, set | frozenset):
        return [_value(key, item) for item in sorted(value)]
    raise TypeError(f"fact {key!r} is a {type(value).__name__}: events hold codes, numbers, days")


# The verbs of every floor: whoever records a new one gives it its words here (a test finds those without).
VERBS: dict[str, str | Promise] = {
    # accounts, duties, sign-in
    "sign_in": _("登录"),
    "lock_out": _("连续失败，账号锁定"),
    "create_person": _("开设账号"),
    "deactivate_person": _("停用账号"),
    "reset_password": _("重置密码"),
    "reset_factors": _("解除双重验证"),
    "change_password": _("修改密码"),
    "appoint": _("任职"),
    "end_appointment": _("结束任职"),
    "hand_over": _("离任交接"),
    "take_over": _("接手岗位"),
    "issue_token": _("签发接口令牌"),
    "revoke_token": _("作废接口令牌"),
    "export_log": _("导出日志"),
    # units, posts, regions
    "open_network": _("建立网络"),
    "open_unit": _("开设单位"),
    "rename_unit": _("单位更名"),
    "edit_unit": _("变更登记信息"),
    "move_unit": _("调整上级"),
    "close_unit": _("关闭单位"),
    "edit_line": _("编辑专线"),
    "open_post": _("增设岗位"),
    "close_post": _("撤销岗位"),
    "import_directory": _("批量导入"),
    "open_region": _("新增区划"),
    "rename_region": _("区划更名"),
    "close_region": _("撤销区划"),
    # the catalogue and its limits
    "add_category": _("新增类别"),
    "rename_category": _("类别更名"),
    "close_category": _("停用类别"),
    "assign_duty": _("登记派单职责"),
    "end_duty": _("结束派单职责"),
    "import_duties": _("导入派单目录"),
    "add_keyword": _("增加关键词"),
    "remove_keyword": _("删除关键词"),
    "set_limit": _("设定时限"),
    "end_limit": _("废止时限"),
    "set_day": _("调整放假安排"),
    "import_year": _("导入全年放假安排"),
    # cases
    "file": _("提交反映"),
    "recompute": _("重新计算期限"),
    "add": _("补充情况"),
    "urge": _("催办"),
    "supply": _("回答询问"),
    "withdraw": _("撤回"),
    "rate": _("评价"),
    "request_redo": _("要求重办"),
    "request_review": _("申请复查"),
    "request_recheck": _("申请复核"),
    "condense": _("摘编"),
    "classify": _("定性分类"),
    "ask_supplement": _("请反映人补充"),
    "accept": _("受理"),
    "decline": _("不予受理"),
    "answer_directly": _("直接答复"),
    "merge": _("并案"),
    "dispatch": _("分转"),
    "call_in": _("增加协办"),
    "uphold_return": _("同意退回"),
    "overrule_return": _("驳回退回"),
    "refer_dispute": _("提交裁定"),
    "arbitrate": _("裁定主办单位"),
    "sign_for": _("签收"),
    "give_back": _("退回"),
    "pass_down": _("下派"),
    "take_back": _("收回自办"),
    "record_contact": _("登记联系"),
    "ask": _("请反映人补充"),
    "resume": _("恢复办理"),
    "request_extension": _("请求延期"),
    "decide_extension": _("审批延期"),
    "find": _("认定事实和结果"),
    "write_report": _("写办理报告"),
    "write_answer": _("写公开答复"),
    "record_money": _("登记金额"),
    "record_measure": _("登记问责"),
    "record_rule_change": _("登记制度改进"),
    "submit": _("提交审签"),
    "countersign": _("同意并签发"),
    "return_draft": _("退回修改"),
    "sign_assist": _("签收协办"),
    "opine": _("出具协办意见"),
    "approve": _("审核通过"),
    "send_back": _("退回重办"),
    "publish": _("公开"),
    "unpublish": _("撤下公开"),
    "call_back": _("登记回访"),
    "close_unrated": _("到期办结"),
    "redo": _("责成重办"),
    "rule_closing": _("研判办结"),
    "decide_appeal": _("出具复查复核意见"),
    "appeal_stars": _("申请评星复议"),
    "decide_stars": _("裁定评星复议"),
    "fan_out": _("并案答复"),
    "remind": _("提醒"),
    "slip": _("发督办单"),
    "list_case": _("挂牌督办"),
    "escalate": _("提级督办"),
    "breach": _("超期"),
    "release": _("恢复单独办理"),
    "answer_slip": _("回复督办"),
    "take_up": _("启动核查"),
    "name_officer": _("指定经办人"),
    # public money
    "enrol": _("登记预算单位"),
    "hand_in": _("报送"),
    "import_payments": _("导入支付明细"),
    "sign": _("签发"),
    "write_exports": _("生成公开文件"),
    "ratify": _("登记预决算批准"),
    "miss": _("逾期未公开"),
    # orders, the agent bank, the day's end
    "open_accounts": _("登记零余额账户"),
    "close_account": _("登记零余额账户销户"),
    "order": _("开支付凭证"),
    "make_order": _("生成支付凭证"),
    "send_order": _("签章并发送银行"),
    "sign_order": _("银行签收"),
    "pay_order": _("银行回单"),
    "reverse": _("退款"),
    "notify_limits": _("通知清算额度"),
    "clear_day": _("日终清算"),
    "reconcile": _("与银行对账"),
    "settle": _("处理差异"),
    # budget lines, plans, contracts, payment requests
    "open_lines": _("下达年初指标"),
    "open_line": _("下达指标"),
    "change_line": _("调整指标"),
    "freeze_line": _("冻结指标"),
    "unfreeze_line": _("解冻指标"),
    "carry_lines": _("结转上年指标"),
    "revive": _("盘活存量"),
    "submit_plans": _("上报用款计划"),
    "withdraw_plans": _("撤回用款计划"),
    "approve_plans": _("批准用款计划"),
    "issue_plans": _("下达用款额度"),
    "void_plans": _("作废用款计划"),
    "reduce_plan": _("收回用款额度"),
    "sign_contract": _("登记合同"),
    "announce_contract": _("公告合同"),
    "amend_contract": _("变更合同金额"),
    "register_payees": _("登记收款人"),
    "request": _("提出支付申请"),
    "review": _("审核支付申请"),
    "resubmit": _("改正后重报"),
    "void_request": _("作废支付申请"),
    "prove_balances": _("核对指标余额，与明细一致"),
    "miss_balances": _("核对指标余额，与明细不一致"),
    # the pipe's running totals
    "prove_flows": _("核对资金合计，与明细一致"),
    "miss_flows": _("核对资金合计，与明细不一致"),
}


# The names of facts in words; one that is not here stands as it is recorded.
FACTS: dict[str, str | Promise] = {
    "unit": _("单位"),
    "units": _("单位数"),
    "post": _("岗位号"),
    "posts": _("岗位号"),
    "role": _("角色"),
    "title": _("岗位名称"),
    "section": _("科室"),
    "name": _("名称"),
    "short_name": _("简称"),
    "kind": _("类型"),
    "region": _("区划代码"),
    "parent": _("上级"),
    "line_parent": _("条线上级"),
    "is_centre": _("是否网络中心"),
    "uscc": _("统一社会信用代码"),
    "opened_on": _("启用日期"),
    "closed_on": _("关闭日期"),
    "valid_from": _("启用日期"),
    "valid_to": _("废止日期"),
    "from_on": _("任职日期"),
    "until_on": _("结束日期"),
    "on": _("日期"),
    "before": _("变更前"),
    "after": _("变更后"),
    "from": _("从"),
    "to": _("到"),
    "token": _("令牌号"),
    "tokens": _("令牌数"),
    "factors": _("验证器和密钥数"),
    "limit": _("每分钟上限"),
    "tries": _("尝试次数"),
    "duty_phone": _("值班电话"),
    "hours": _("服务时间"),
    "answers_by": _("负责岗位号"),
    "rows": _("行数"),
    "about": _("关于"),
    "verb": _("动作"),
    "office": _("经办单位"),
    "since": _("开始日期"),
    "until": _("截止日期"),
    "lane": _("密级通道"),
    "channel": _("渠道"),
    "due": _("到期时间"),
    "fen": _("金额（分）"),
    "accounts": _("账户数"),
    "payments": _("支付笔数"),
    "paid": _("已支付笔数"),
    "failed": _("失败笔数"),
    "voucher": _("凭证号"),
    "sha256": _("SHA-256"),
    "notices": _("通知单数"),
    "month": _("月份"),
    "agreed": _("相符笔数"),
    "differences": _("差异数"),
    "reference": _("对应编号"),
    "root": _("行树根"),
    "files": _("文件摘要"),
    "closed_rows": _("撤下行数"),
    "submissions": _("报送编号"),
    "corrects": _("更正的公开"),
    "template": _("报表"),
    "fiscal_year": _("年度"),
    "version": _("版本"),
    "lines": _("指标数"),
    "plans": _("计划数"),
    "doc_no": _("文号"),
    "year": _("年度"),
    "count": _("笔数"),
    "digest": _("明细摘要"),
    "step": _("审核环节"),
    "decision": _("审核意见"),
    "round": _("第几次申请"),
    "reason": _("理由"),
    "payees": _("收款人数"),
    "contract": _("合同编号"),
    "differing": _("不一致数"),
}


def fact_label(name: str) -> str:
    """The fact's name as the log says it."""
    return str(FACTS.get(name, name))


def verb_label(verb: str) -> str:
    """The verb as the log says it; one that nobody has named yet stands as it is."""
    return str(VERBS.get(verb, verb))
