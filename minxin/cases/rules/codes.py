"""The code lists of a case: kinds, lanes, channels, stages, findings, outcomes, ratings, accountability."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    COMPLAINT = "complaint", _("投诉")
    REPORT = "report", _("举报")
    ENQUIRY = "enquiry", _("咨询")
    HELP = "help", _("求助")
    SUGGESTION = "suggestion", _("建议")
    PRAISE = "praise", _("表扬")
    OTHER = "other", _("其他")


# Only these speak against the unit they are about: praise, a question, a suggestion ask nobody to stand aside (回避).
ACCUSING = frozenset({Kind.COMPLAINT, Kind.REPORT, Kind.HELP, Kind.OTHER})


class Lane(TextChoices):
    """Who may ever see a case. A report of wrongdoing is sealed; nobody can make it less."""

    OPEN = "open", _("公开")
    RESTRICTED = "restricted", _("保密")
    SEALED = "sealed", _("密封举报")


class Channel(TextChoices):
    WEB = "web", _("网站")
    API = "api", _("其他系统")
    PHONE = "phone", _("电话")
    LETTER = "letter", _("信件")
    VISIT = "visit", _("来访")
    EMAIL = "email", _("邮件")
    SMS = "sms", _("短信")
    SUPERIOR = "superior", _("上级交办")
    MEDIA = "media", _("媒体")


STAFF_CHANNELS = frozenset(
    {Channel.PHONE, Channel.LETTER, Channel.VISIT, Channel.EMAIL, Channel.SUPERIOR, Channel.MEDIA}
)


class Urgency(TextChoices):
    CRITICAL = "critical", _("特急")
    URGENT = "urgent", _("紧急")
    NORMAL = "normal", _("一般")
    COMPLEX = "complex", _("复杂")


class Stage(TextChoices):
    """Where a case is. Closed never means solved: see Resolution and the complainant's rating."""

    FILED = "filed", _("待受理")
    SUPPLEMENT = "supplement", _("待补充")
    ACCEPTED = "accepted", _("待分转")
    TO_SIGN = "to_sign", _("待签收")
    RETURNED = "returned", _("退回待审")
    DISPUTED = "disputed", _("争议裁定")
    HANDLING = "handling", _("办理中")
    ASKING = "asking", _("等您补充")
    COUNTERSIGN = "countersign", _("待审签")
    REVIEW = "review", _("待审核")
    RATING = "rating", _("待评价")
    REASSESS = "reassess", _("不满意复核")
    APPEAL = "appeal", _("复查复核中")
    CLOSED = "closed", _("已办结")
    DECLINED = "declined", _("不予受理")
    WITHDRAWN = "withdrawn", _("已撤回")
    MERGED = "merged", _("已并案")


class Finding(TextChoices):
    TRUE = "true", _("属实")
    PARTLY = "partly", _("部分属实")
    UNTRUE = "untrue", _("不属实")
    UNVERIFIABLE = "unverifiable", _("无法查实")
    IN_COURT = "in_court", _("涉诉不认定")


class Resolution(TextChoices):
    SOLVED = "solved", _("已解决")
    PARTLY_SOLVED = "partly_solved", _("部分解决")
    PLANNED = "planned", _("列入计划")
    UNDER_WAY = "under_way", _("正在推进")
    EXPLAINED = "explained", _("政策不支持，已解释")
    IMPOSSIBLE = "impossible", _("客观条件不具备")
    ROUTED = "routed", _("已引导法定途径")
    HANDED_ON = "handed_on", _("已移交")
    ADOPTED = "adopted", _("采纳")
    PARTLY_ADOPTED = "partly_adopted", _("部分采纳")
    NOT_ADOPTED = "not_adopted", _("不采纳")
    ANSWERED = "answered", _("已答复")
    UNREACHABLE = "unreachable", _("无法联系")
    ENDED = "ended", _("终止")


SOLVED = frozenset({Resolution.SOLVED, Resolution.ADOPTED, Resolution.ANSWERED})


class DeclineGround(TextChoices):
    """Grounds of 不予受理; each names the right route (domain: code lists, "Not accepted")."""

    OTHER_AREA = "other_area", _("不属于本地区管辖")
    EMERGENCY = "emergency", _("应拨打紧急电话")
    IN_PROCEEDINGS = "in_proceedings", _("已进入诉讼、仲裁或行政复议")
    PETITIONED = "petitioned", _("已由信访渠道受理")
    SECRET = "secret", _("涉及国家秘密")
    DISCIPLINE = "discipline", _("属纪检监察专属受理")
    NO_REQUEST = "no_request", _("没有具体诉求")
    NOTHING_NEW = "nothing_new", _("已办结且没有新情况")
    UNLAWFUL = "unlawful", _("内容违反法律或公序良俗")
    ABUSIVE = "abusive", _("恶意反映")


class ReturnReason(TextChoices):
    NOT_OURS = "not_ours", _("非本单位职责")
    WRONG_AREA = "wrong_area", _("属地错误")
    WRONG_LEVEL = "wrong_level", _("上下级错派")
    DUPLICATE = "duplicate", _("重复")
    TOO_LITTLE = "too_little", _("信息不足")
    HAS_LEAD = "has_lead", _("已有主办单位")
    DISPUTED = "disputed", _("管辖有争议")


class ExtensionReason(TextChoices):
    EXPERTISE = "expertise", _("需要鉴定检测")
    SEVERAL_UNITS = "several_units", _("需要多部门会商")
    WORKS = "works", _("需要施工周期")
    PAPERS = "papers", _("等待当事人材料")
    PROCEDURE = "procedure", _("法定程序")
    WEATHER = "weather", _("气候原因")
    OTHER = "other", _("其他")


class BadReason(TextChoices):
    """Why somebody is not satisfied (不满意原因)."""

    NOT_CONTACTED = "not_contacted", _("没有联系我")
    ATTITUDE = "attitude", _("态度差")
    DELAY = "delay", _("拖延")
    TEMPLATE = "template", _("敷衍或套话")
    UNSOLVED = "unsolved", _("问题没有解决")
    WRONG_FACTS = "wrong_facts", _("与事实不符")
    LEAK = "leak", _("泄露了我的信息")
    PRESSED = "pressed", _("被要求打好评")
    POLICY = "policy", _("不认同政策")
    OTHER = "other", _("其他")


class Satisfaction(IntegerChoices):
    """Five steps of satisfaction are the complainant's 5 to 1 stars; 1 and 2 are bad marks (差评)."""

    VERY_BAD = 1, _("非常不满意")
    BAD = 2, _("不满意")
    FAIR = 3, _("基本满意")
    GOOD = 4, _("满意")
    VERY_GOOD = 5, _("非常满意")


class MoneyKind(TextChoices):
    REFUND = "refund", _("退还不合理收费")
    ARREARS = "arrears", _("清欠应得款")
    COMPENSATION = "compensation", _("赔偿损失")
    RECOVERED = "recovered", _("收缴违纪资金")
    FINE = "fine", _("罚没")


TO_PEOPLE = frozenset({MoneyKind.REFUND, MoneyKind.ARREARS, MoneyKind.COMPENSATION})


class Measure(TextChoices):
    """How persons and units were held to account, in the order of gravity."""

    REMINDER_TALK = "reminder_talk", _("提醒谈话")
    CRITICISM = "criticism", _("批评教育")
    WRITTEN_CHECK = "written_check", _("责令检查")
    CIRCULAR = "circular", _("通报批评")
    RECTIFY = "rectify", _("责令整改")
    ADMONITION = "admonition", _("诫勉谈话")
    REASSIGNED = "reassigned", _("调离岗位")
    SUSPENDED = "suspended", _("停职")
    REMOVED = "removed", _("免职")
    PARTY_WARNING = "party_warning", _("党内警告")
    PARTY_SERIOUS_WARNING = "party_serious_warning", _("党内严重警告")
    PARTY_POST_REMOVED = "party_post_removed", _("撤销党内职务")
    PARTY_PROBATION = "party_probation", _("留党察看")
    PARTY_EXPELLED = "party_expelled", _("开除党籍")
    WARNING = "warning", _("政务警告")
    DEMERIT = "demerit", _("政务记过")
    SERIOUS_DEMERIT = "serious_demerit", _("政务记大过")
    DEMOTION = "demotion", _("政务降级")
    DISMISSAL = "dismissal", _("政务撤职")
    EXPULSION = "expulsion", _("政务开除")
    PROSECUTION = "prosecution", _("移送司法")


class Subject(TextChoices):
    UNIT = "unit", _("单位")
    PERSON = "person", _("个人")


class Slip(TextChoices):
    """Supervision, in the order of weight: a reminder, three coloured slips, listed supervision."""

    REMINDER = "reminder", _("提醒")
    URGE = "urge", _("催办")
    BLUE = "blue", _("蓝单")
    YELLOW = "yellow", _("黄单")
    RED = "red", _("红单")
    LISTED = "listed", _("挂牌督办")
    ESCALATED = "escalated", _("提级督办")


class Part(TextChoices):
    """A unit's part in a case."""

    LEAD = "lead", _("主办")
    ASSIST = "assist", _("协办")


class Work(TextChoices):
    """The state of one unit's assignment."""

    TO_SIGN = "to_sign", _("待签收")
    HANDLING = "handling", _("办理中")
    PASSED_DOWN = "passed_down", _("已下派")
    COUNTERSIGN = "countersign", _("审签中")
    REPORTED = "reported", _("已上报")
    OPINED = "opined", _("已出具意见")
    RETURNED = "returned", _("已退回")
    CANCELLED = "cancelled", _("已收回")


OPEN_WORK = frozenset({Work.TO_SIGN, Work.HANDLING, Work.PASSED_DOWN, Work.COUNTERSIGN})


class ClockCode(TextChoices):
    ACCEPT = "accept", _("受理")
    SUPPLEMENT = "supplement", _("补充材料")
    DISPATCH = "dispatch", _("分转")
    SIGN = "sign", _("签收")
    CONTACT = "contact", _("首次联系")
    HANDLE = "handle", _("本级办理")
    ANSWER = "answer", _("答复")
    REVIEW = "review", _("审核")
    CALL_BACK = "call_back", _("回访")
    REDO_REQUEST = "redo_request", _("要求重办")
    BAD_MARK = "bad_mark", _("不满意复核")
    EXTENSION = "extension", _("一次延期上限")
    APPEAL_REQUEST = "appeal_request", _("申请复查")
    APPEAL = "appeal", _("复查")
    RECHECK_REQUEST = "recheck_request", _("申请复核")
    RECHECK = "recheck", _("复核")


class Words(TextChoices):
    """The texts of a case; each has its own readers."""

    ORIGINAL = "original", _("原文")
    DIGEST = "digest", _("摘编")
    REPORT = "report", _("内部办理报告")
    ANSWER = "answer", _("公开答复")
    OPINION = "opinion", _("协办意见")
    REMARK = "remark", _("内部意见")
    REDACTED = "redacted", _("公开版原文")
    REDACTED_ANSWER = "redacted_answer", _("公开版答复")


class Voice(TextChoices):
    """Who speaks in a relayed message."""

    CITIZEN = "citizen", _("反映人")
    CENTRE = "centre", _("网络中心")
    UNIT = "unit", _("办理单位")


class Note(TextChoices):
    """What a relayed message is for."""

    SUPPLEMENT = "supplement", _("补充")
    QUESTION = "question", _("询问")
    ANSWER = "answer", _("回答")
    URGE = "urge", _("催办")
    REDO = "redo", _("要求重办")
    EXTENDED = "extended", _("延期告知")
    DECLINED = "declined", _("不予受理告知")
    NOTICE = "notice", _("告知")


class Step(TextChoices):
    """The countersign chain (审签), in order."""

    SECTION = "section", _("科室")
    LEADER = "leader", _("分管领导")
    HEAD = "head", _("主要负责人")
    SUPERIOR = "superior", _("上级单位")


class Decision(TextChoices):
    PENDING = "pending", _("待定")
    SIGNED = "signed", _("同意")
    SENT_BACK = "sent_back", _("退回修改")
    GRANTED = "granted", _("批准")
    REFUSED = "refused", _("不批准")
    SUPPORTED = "supported", _("支持")
    EXPLAINED = "explained", _("解释说明")
    NOT_SUPPORTED = "not_supported", _("不支持")
    CANCELLED = "cancelled", _("已撤销")


class Tier(TextChoices):
    REVIEW = "review", _("复查")
    RECHECK = "recheck", _("复核")
    STARS = "stars", _("评星复议")
