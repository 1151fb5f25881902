"""The words of the disclosures: kinds, stages and measures, each with its name on the screen."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Scheme(TextChoices):
    """The classifications whose codes are valid by fiscal year (政府收支分类科目)."""

    FUNCTION = "function", _("支出功能分类")
    ECONOMIC = "economic", _("部门预算支出经济分类")
    GOVERNMENT_ECONOMIC = "gov_economic", _("政府预算支出经济分类")
    INCOME = "income", _("收入项目")
    FUND = "fund", _("资金性质")
    SOURCE = "source", _("指标来源")


class Fund(TextChoices):
    """资金性质: which purse the money is from."""

    GENERAL = "general", _("一般公共预算")
    FUND = "fund", _("政府性基金预算")
    CAPITAL = "capital", _("国有资本经营预算")
    SPECIAL = "special", _("财政专户管理资金")
    OWN = "own", _("单位资金")


class Version(TextChoices):
    """预算版本 of a fiscal year: approved at its start, adjusted within it, spent to date, settled after it."""

    INITIAL = "initial", _("年初预算")
    ADJUSTED = "adjusted", _("调整预算")
    EXECUTED = "executed", _("执行数")
    FINAL = "final", _("决算")


class UnitType(TextChoices):
    """单位性质 of a budget unit: decides which government economic headings fit (standards 1.4)."""

    ADMINISTRATIVE = "administrative", _("行政单位")
    PUBLIC_INSTITUTION = "institution", _("事业单位")


class Severity(TextChoices):
    """What a failed check does: stops the publication, or is published beside the figure."""

    FATAL = "fatal", _("错误")
    WARNING = "warning", _("提示")


class Quality(TextChoices):
    """What a check looks at."""

    COMPLETENESS = "completeness", _("完整")
    EXISTENCE = "existence", _("有效")
    ACCURACY = "accuracy", _("准确")


class Delivery(TextChoices):
    """How a submission came in."""

    UPLOAD = "upload", _("文件上传")
    API = "api", _("接口报送")
    COMMAND = "command", _("批量导入")


class SubmissionStage(TextChoices):
    """The life of what a unit hands in."""

    DRAFT = "draft", _("已收到")
    FAILED = "failed", _("校核未通过")
    CHECKED = "checked", _("校核通过")
    SIGNED = "signed", _("已签发")
    PUBLISHED = "published", _("已公开")
    WITHDRAWN = "withdrawn", _("已撤回")
    IMPORTED = "imported", _("已导入")  # its payments are in the pipe: see actions.importing


class ChangeKind(TextChoices):
    """指标变动: why a budget line's amount changed. The signs are in SIGNS."""

    APPROVE = "approve", _("批复")
    CARRY = "carry", _("上年结转")
    ADD = "add", _("追加")
    CUT = "cut", _("调减")
    REVIVE_OUT = "revive_out", _("盘活收回")
    REVIVE_IN = "revive_in", _("盘活安排")


SIGNS = {
    ChangeKind.APPROVE: 1,
    ChangeKind.CARRY: 1,
    ChangeKind.ADD: 1,
    ChangeKind.CUT: -1,
    ChangeKind.REVIVE_OUT: -1,
    ChangeKind.REVIVE_IN: 1,
}


class PayMode(TextChoices):
    """支付方式: who issues the payment order (standards 2.1)."""

    DIRECT = "direct", _("财政直接支付")
    AUTHORISED = "authorised", _("财政授权支付")
    UNIFIED = "unified", _("国库集中支付")


class RuleCode(TextChoices):
    """What a regulation fixes for the pipe, from a day on (models.PipeRule)."""

    MODES = "modes", _("支付方式")
    CUT_OFF = "cut_off", _("当日办理的时限")
    CONTRACT = "contract", _("写明合同的起点金额")


class PlanStage(TextChoices):
    """The life of a month's plan (用款计划) until its allotment (额度) is issued."""

    DRAFT = "draft", _("编制中")
    SUBMITTED = "submitted", _("已上报")
    APPROVED = "approved", _("已批准")
    ISSUED = "issued", _("额度已下达")
    VOID = "void", _("已作废")


class RequestStage(TextChoices):
    """The life of a payment request (支付申请)."""

    DRAFT = "draft", _("编制中")
    UNIT_REVIEW = "unit_review", _("单位复核")
    SECTION_REVIEW = "section_review", _("业务科室审核")
    CENTRE_REVIEW = "centre_review", _("支付中心审核")
    APPROVED = "approved", _("审核通过")
    ORDERED = "ordered", _("已开支付凭证")
    RETURNED = "returned", _("已退回")
    VOID = "void", _("已作废")


class PaymentStage(IntegerChoices):
    """How far one payment has come through the pipe; a number, for it only grows until it comes back."""

    REQUESTED = 1, _("已申请")
    APPROVED = 2, _("已审核")
    ORDERED = 3, _("已开凭证")
    PAID = 4, _("已支付")
    CLEARED = 5, _("已清算")
    RETURNED = 6, _("已退款")
    FAILED = 7, _("支付失败")
    VOID = 8, _("未通过")


class OrderStage(TextChoices):
    """The life of a payment order (支付凭证) at the treasury and the agent bank."""

    GENERATED = "generated", _("已生成")
    SEALED = "sealed", _("已签章")
    SENT = "sent", _("已发银行")
    SIGNED = "signed", _("银行已签收")
    PAID = "paid", _("已支付")
    FAILED = "failed", _("支付失败")
    CLEARED = "cleared", _("已清算")
    RECONCILED = "reconciled", _("已对账")


class PayeeKind(TextChoices):
    """收款人类别: natural persons are never told, only summed."""

    FIRM = "firm", _("企业")
    INSTITUTION = "institution", _("机关事业单位和社会组织")
    PERSON = "person", _("个人")


class SettleMode(TextChoices):
    """结算方式."""

    TRANSFER = "transfer", _("汇兑")
    CHEQUE = "cheque", _("转账支票")
    CASH = "cash", _("现金支票")
    OTHER = "other", _("其他")


class Step(TextChoices):
    """The reviews of a payment request, in their order (standards 2.1)."""

    UNIT = "unit", _("单位复核")
    SECTION = "section", _("业务科室审核")
    CENTRE = "centre", _("支付中心审核")


class Decision(TextChoices):
    """What a review decides."""

    PASS = "pass", _("通过")
    RETURN = "return", _("退回")


class Measure(TextChoices):
    """What the running totals of the pipe add up; each by the month of its own date."""

    REQUESTED = "requested", _("已申请")
    APPROVED = "approved", _("已审核")
    ORDERED = "ordered", _("已开凭证")
    PAID = "paid", _("已支付")
    CLEARED = "cleared", _("已清算")
    RETURNED = "returned", _("已退回")
    TOLD = "told", _("付给个人，合并公开")  # the part of PAID to natural persons that may be told
    TOLD_BACK = "told_back", _("个人退回，合并公开")


class Grain(IntegerChoices):
    """Which of unit, month and purpose (function, economic, fund) a running total keeps; the payee's kind always.

    Of the city also by one heading alone.
    """

    CELL = 0, _("单位、月份、用途")
    YEAR = 1, _("单位、用途")
    MONTH = 2, _("单位、月份")
    UNIT = 3, _("单位")
    CITY_CELL = 4, _("月份、用途")
    CITY_YEAR = 5, _("用途")
    CITY_MONTH = 6, _("月份")
    CITY_FUNCTION = 7, _("功能科目")
    CITY_ECONOMIC = 8, _("经济科目")
    CITY_FUND = 9, _("资金性质")
    CITY_MONTH_FUNCTION = 10, _("月份、功能科目")
    CITY_MONTH_ECONOMIC = 11, _("月份、经济科目")
    CITY_MONTH_FUND = 12, _("月份、资金性质")


class DifferenceKind(TextChoices):
    """What a day's reconciliation with the bank found."""

    MISSING_AT_BANK = "missing_at_bank", _("财政有、银行无")
    MISSING_HERE = "missing_here", _("银行有、财政无")
    AMOUNT = "amount", _("金额不符")
    BALANCE = "balance", _("零余额账户日终不为零")


class VoucherKind(TextChoices):
    """电子凭证 between the treasury, the central bank and the agent bank (standards 2.2)."""

    DIRECT_ORDER = "5201", _("财政直接支付凭证")
    AUTHORISED_ORDER = "8202", _("财政授权支付凭证")
    DIRECT_LIMIT = "5108", _("直接支付清算额度通知单")
    AUTHORISED_LIMIT = "5106", _("授权支付清算额度通知单")
    TRANSFER_RECEIPT = "2301", _("申请划款凭证回单")
    REFUND_RECEIPT = "2302", _("申请退款凭证回单")
    REFUND_NOTICE = "2203", _("直接支付退款通知书")
    STATEMENT = "3502", _("凭证对账单")


class DutyState(TextChoices):
    """Whether a duty to publish was done in time."""

    WAITING = "waiting", _("未到起算")
    NOT_DUE = "not_due", _("未到期")
    ON_TIME = "on_time", _("按时")
    LATE = "late", _("迟报")
    MISSING = "missing", _("逾期未公开")


class Ratifier(TextChoices):
    """Who approved a budget, which starts the clock of those who publish it (预算法 14, 52, 75)."""

    CONGRESS = "congress", _("人民代表大会批准")
    FINANCE = "finance", _("财政部门批复")
    DEPARTMENT = "department", _("主管部门批复")
