"""What staff type into the forms of the desk: shapes only; meaning is checked by the actions.

Every field of a verb's form is named like the fact of its action, so that a refusal finds its field, and the table
`VERBS` ties verb, form and action together.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.cases.actions import centre, closing, outcome, sealed, signing, supervision, unit
from minxin.cases.forms import choices
from minxin.cases.forms.fields import (
    UnitField,
    UnitsField,
    YesNoField,
    cards,
    choice,
    day,
    line,
    number,
    words,
)
from minxin.cases.models import Case
from minxin.cases.rules import codes, filing, moves
from minxin.ui import fields

Act = Callable[..., Case]
COLOURS = [(row.value, row.label) for row in (codes.Slip.BLUE, codes.Slip.YELLOW, codes.Slip.RED)]


# --- the centre


class Plain(forms.Form):
    """A verb that needs nothing but its button."""


class Condense(forms.Form):
    """摘编: what units will see instead of the original."""

    title = line(gettext_lazy("摘编标题"), filing.TITLE)
    digest = words(
        gettext_lazy("摘编"),
        centre.DIGEST,
        rows=6,
        help_text=gettext_lazy("写清时间、地点、事项、诉求；不写反映人的姓名和电话。"),
    )


class Classify(forms.Form):
    """定性分类."""

    category = forms.ChoiceField(label=gettext_lazy("类别"))
    urgency = cards(gettext_lazy("紧急程度"), codes.Urgency.choices, initial=codes.Urgency.NORMAL)
    tags = line(gettext_lazy("标签"), 120, required=False, help_text=gettext_lazy("用顿号隔开，最多八个。"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["category"].choices = choices.categories()  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str]:
        """The tags, each once."""
        parts = re.split(r"[、,，;；\s]+", self.cleaned_data["tags"])
        return list(dict.fromkeys(part for part in parts if part))


class Question(forms.Form):
    """A question to the complainant."""

    question = words(gettext_lazy("要问的话"), 1_000, help_text=gettext_lazy("反映人会原样看到；等待期间暂停计时。"))


class Decline(forms.Form):
    """不予受理."""

    ground = choice(gettext_lazy("理由"), codes.DeclineGround.choices)
    explanation = words(
        gettext_lazy("告知反映人"), 2_000, help_text=gettext_lazy("说明依据，并指出应当走的途径和电话。")
    )


class AnswerDirectly(forms.Form):
    """直接答复."""

    answer = words(gettext_lazy("答复"), centre.ANSWER, rows=7)
    resolution = choice(gettext_lazy("办理结果"), codes.Resolution.choices)


class Merge(forms.Form):
    """并案."""

    master = line(
        gettext_lazy("并入的主件编号"), 40, help_text=gettext_lazy("主件的答复会同样送达这位反映人，由其各自评价。")
    )


class Dispatch(forms.Form):
    """分转."""

    unit = UnitField(label=gettext_lazy("主办单位"))
    assisting = UnitsField(label=gettext_lazy("协办单位"), required=False)
    days = number(
        gettext_lazy("办理时限（工作日）"),
        most=centre.LONGEST_LIMIT,
        required=False,
        help_text=gettext_lazy("不填按规定时限。"),
    )
    instruction = words(gettext_lazy("交办要求"), centre.REASON, rows=3, required=False)
    conflict_reason = words(
        gettext_lazy("交被反映单位办理的理由"), centre.REASON, rows=2, required=False,
        help_text=gettext_lazy("只在确需交被反映单位或其下属办理时填写，会显示在此件上，上级单位仍要负责。"),
    )  # fmt: skip
    suggested = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)


class CallIn(forms.Form):
    """增加协办."""

    unit = UnitField(label=gettext_lazy("协办单位"))
    instruction = words(gettext_lazy("协办要求"), centre.REASON, rows=3, required=False)
    conflict_reason = words(gettext_lazy("交被反映单位办理的理由"), centre.REASON, rows=2, required=False)


class Reason(forms.Form):
    """A verb that asks for its reason only."""

    reason = words(gettext_lazy("理由"), centre.REASON, rows=3)


class Arbitrate(forms.Form):
    """裁定."""

    unit = UnitField(label=gettext_lazy("裁定由哪个单位主办"))
    ruling = words(gettext_lazy("裁定意见"), centre.REASON)
    conflict_reason = words(gettext_lazy("交被反映单位办理的理由"), centre.REASON, rows=2, required=False)


# --- the unit


class GiveBack(forms.Form):
    """退回."""

    reason = choice(gettext_lazy("退回理由"), codes.ReturnReason.choices)
    explanation = words(
        gettext_lazy("说明"),
        centre.REASON,
        help_text=gettext_lazy("只能退回一次。请写明应由哪个单位办理、依据是什么。"),
    )


class PassDown(forms.Form):
    """下派."""

    unit = UnitField(label=gettext_lazy("下派给"))
    days = number(
        gettext_lazy("时限（工作日）"),
        most=centre.LONGEST_LIMIT,
        required=False,
        help_text=gettext_lazy("不填按规定；不会晚于本单位的期限。"),
    )
    instruction = words(gettext_lazy("要求"), centre.REASON, rows=3, required=False)


class RecordContact(forms.Form):
    """登记联系."""

    how = cards(
        gettext_lazy("联系方式"),
        (
            ("phone", gettext_lazy("电话")),
            ("visit", gettext_lazy("上门")),
            ("relay", gettext_lazy("本网留言")),
            ("video", gettext_lazy("视频")),
            ("letter", gettext_lazy("信函")),
        ),
    )
    reached = YesNoField(gettext_lazy("已联系上"), gettext_lazy("没有联系上"), label=gettext_lazy("结果"))
    remark = words(gettext_lazy("备注"), 500, rows=2, required=False)


class RequestExtension(forms.Form):
    """请求延期."""

    days = number(gettext_lazy("延长几个工作日"), most=60)
    reason = choice(gettext_lazy("理由"), codes.ExtensionReason.choices)
    explanation = words(
        gettext_lazy("说明"), 500, rows=3, help_text=gettext_lazy("批准后，理由和新的期限会告知反映人。")
    )


class DecideExtension(forms.Form):
    """审批延期."""

    granted = YesNoField(gettext_lazy("批准"), gettext_lazy("不批准"), label=gettext_lazy("决定"))
    remark = words(gettext_lazy("意见"), 500, rows=2, required=False)


class Find(forms.Form):
    """认定事实和结果: two answers that are never one."""

    finding = choice(
        gettext_lazy("事实认定"),
        codes.Finding.choices,
        required=False,
        help_text=gettext_lazy("投诉、举报必须认定；咨询、建议可不填。"),
    )
    resolution = choice(gettext_lazy("办理结果"), codes.Resolution.choices)


class WriteReport(forms.Form):
    """写办理报告."""

    body = words(
        gettext_lazy("内部办理报告"),
        unit.REPORT,
        rows=9,
        help_text=gettext_lazy("查明的事实、证据、责任和处理意见。不对外。"),
    )


class WriteAnswer(forms.Form):
    """写公开答复."""

    body = words(
        gettext_lazy("公开答复"),
        centre.ANSWER,
        rows=9,
        help_text=gettext_lazy("写明何时联系、查明什么、做了什么、结果怎样，留下办公电话。"),
    )


class RecordMoney(forms.Form):
    """登记金额."""

    kind = choice(gettext_lazy("类型"), codes.MoneyKind.choices)
    amount = fields.YuanField(label=gettext_lazy("金额"), help_text=fields.YUAN)
    people = number(gettext_lazy("涉及人数"), least=0, initial=1)
    evidence = line(gettext_lazy("凭据"), outcome.LINE, help_text=gettext_lazy("例如收条、发放表、缴款书及其编号。"))
    on = day(gettext_lazy("日期"))
    payer = UnitField(label=gettext_lazy("付款单位"), required=False)


class RecordMeasure(forms.Form):
    """登记问责."""

    subject = cards(gettext_lazy("对象"), codes.Subject.choices)
    unit = UnitField(label=gettext_lazy("所在单位"))
    office = line(
        gettext_lazy("职务"), 60, required=False, help_text=gettext_lazy("对个人填写职务，例如“主要负责人”，不写姓名。")
    )
    measure = choice(gettext_lazy("方式"), codes.Measure.choices)
    people = number(gettext_lazy("人数"), initial=1, most=30_000)
    basis = line(gettext_lazy("文号或依据"), outcome.LINE)
    on = day(gettext_lazy("日期"))


class RecordRuleChange(forms.Form):
    """登记制度改进."""

    what = words(gettext_lazy("改了什么"), 500, rows=3)
    document = line(gettext_lazy("文件名或文号"), outcome.LINE, required=False)
    on = day(gettext_lazy("日期"))


class Remark(forms.Form):
    """A signature, with a remark or without."""

    remark = words(gettext_lazy("意见"), 500, rows=2, required=False)


class Needed(forms.Form):
    """Back with what must be changed."""

    remark = words(gettext_lazy("需要修改什么"), 500, rows=3)


class Opine(forms.Form):
    """协办意见."""

    opinion = words(gettext_lazy("协办意见"), unit.OPINION, rows=6)
    dissents = forms.BooleanField(
        label=gettext_lazy("与主办单位意见不同"),
        required=False,
        help_text=gettext_lazy("不同意见会随此件保留，供审核时看。"),
    )


# --- closing


class Publish(forms.Form):
    """公开: what everybody will read."""

    title = line(gettext_lazy("公开标题"), filing.TITLE)
    question = words(
        gettext_lazy("公开的反映内容"),
        filing.TEXT,
        rows=5,
        help_text=gettext_lazy("已自动遮盖电话、证件号和账号，请再通读一遍。"),
    )
    answer = words(gettext_lazy("公开的答复"), closing.OPINION, rows=6)


class CallBack(forms.Form):
    """登记回访."""

    reached = YesNoField(gettext_lazy("接通"), gettext_lazy("没有接通"), label=gettext_lazy("电话"))
    contacted = forms.BooleanField(label=gettext_lazy("办理单位联系过反映人"), required=False)
    solved = forms.BooleanField(label=gettext_lazy("问题已经解决"), required=False)
    satisfaction = forms.TypedChoiceField(
        label=gettext_lazy("满意度"), choices=list(reversed(codes.Satisfaction.choices)), coerce=int, empty_value=None,
        required=False, widget=forms.RadioSelect, help_text=gettext_lazy("反映人没有表态就不选。"),
    )  # fmt: skip
    reasons = forms.MultipleChoiceField(
        label=gettext_lazy("不满意原因"),
        choices=codes.BadReason.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    comment = words(gettext_lazy("反映人的话"), 1_000, rows=2, required=False)
    remark = words(gettext_lazy("回访备注"), closing.REMARK, rows=2, required=False)


class Instruction(forms.Form):
    """责成重办."""

    instruction = words(gettext_lazy("重办要求"), closing.REMARK)


class Ruling(forms.Form):
    """研判办结."""

    ruling = words(gettext_lazy("研判意见"), 2_000, help_text=gettext_lazy("反映人会原样看到；其评价照旧保留。"))


class DecideAppeal(forms.Form):
    """复查复核意见."""

    decision = cards(
        gettext_lazy("决定"),
        [
            (row.value, row.label)
            for row in (codes.Decision.SUPPORTED, codes.Decision.EXPLAINED, codes.Decision.NOT_SUPPORTED)
        ],
    )
    opinion = words(gettext_lazy("意见"), closing.OPINION, rows=6, help_text=gettext_lazy("反映人会原样看到。"))


class AppealStars(forms.Form):
    """申请评星复议."""

    reason = words(gettext_lazy("理由"), 1_000, help_text=gettext_lazy("写明再次联系反映人的情况和证据。"))


class DecideStars(forms.Form):
    """裁定评星复议."""

    supported = YesNoField(
        gettext_lazy("支持，不计入统计"), gettext_lazy("不支持，照旧计入"), label=gettext_lazy("裁定")
    )
    opinion = words(gettext_lazy("意见"), closing.OPINION, rows=3)


# --- supervision and sealed reports


class Slip(forms.Form):
    """发督办单."""

    colour = cards(
        gettext_lazy("颜色"),
        COLOURS,
    )
    reason = words(gettext_lazy("理由"), supervision.REASON, rows=3)


class AnswerSlip(forms.Form):
    """回复督办."""

    slip = forms.TypedChoiceField(label=gettext_lazy("督办单"), coerce=int, widget=forms.RadioSelect)
    answer = words(gettext_lazy("回复"), 1_000, rows=3)

    def __init__(self, *args: Any, **options: Any) -> None:
        initial = options.get("initial") or {}
        slips = initial.pop("slips", [])
        super().__init__(*args, **options)
        self.fields["slip"].choices = [(row.pk, f"{row.get_slip_display()} · {row.reason[:40]}") for row in slips]  # type: ignore[attr-defined]


class NameOfficer(forms.Form):
    """指定经办人."""

    post = forms.TypedChoiceField(
        label=gettext_lazy("由谁经办"), coerce=int, widget=forms.RadioSelect,
        help_text=gettext_lazy("指定以后，这个岗位就能看到此件，并且会留下记录。"),
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        initial = options.get("initial") or {}
        posts = initial.pop("posts", [])
        super().__init__(*args, **options)
        self.fields["post"].choices = posts  # type: ignore[attr-defined]
        if not posts:
            self.fields["post"].help_text = _(
                "本单位没有别的纪检监察岗位可以指定。请先由系统管理员设立岗位并任命人员。"
            )


@dataclass(frozen=True)
class Verb:
    """A verb's form, its action, and the sentence that says it is done."""

    form: type[forms.Form]
    act: Act
    done: str | Promise


VERBS: Mapping[str, Verb] = {
    "condense": Verb(Condense, centre.condense, gettext_lazy("摘编已保存。")),
    "classify": Verb(Classify, centre.classify, gettext_lazy("类别和紧急程度已确定。")),
    "ask_supplement": Verb(Question, centre.ask_supplement, gettext_lazy("已请反映人补充，暂停计时。")),
    "accept": Verb(Plain, centre.accept, gettext_lazy("已受理。")),
    "decline": Verb(Decline, centre.decline, gettext_lazy("已告知不予受理。")),
    "answer_directly": Verb(AnswerDirectly, centre.answer_directly, gettext_lazy("已直接答复。")),
    "merge": Verb(Merge, centre.merge, gettext_lazy("已并案。")),
    "dispatch": Verb(Dispatch, centre.dispatch, gettext_lazy("已分转。")),
    "call_in": Verb(CallIn, centre.call_in, gettext_lazy("已增加协办单位。")),
    "uphold_return": Verb(Plain, centre.uphold_return, gettext_lazy("已同意退回，请另选单位。")),
    "overrule_return": Verb(Reason, centre.overrule_return, gettext_lazy("已驳回退回，由原单位办理。")),
    "refer_dispute": Verb(Reason, centre.refer_dispute, gettext_lazy("已提交裁定。")),
    "arbitrate": Verb(Arbitrate, centre.arbitrate, gettext_lazy("已裁定。")),
    "sign_for": Verb(Plain, unit.sign_for, gettext_lazy("已签收。")),
    "give_back": Verb(GiveBack, unit.give_back, gettext_lazy("已退回。")),
    "pass_down": Verb(PassDown, unit.pass_down, gettext_lazy("已下派，本单位仍对结果负责。")),
    "take_back": Verb(Reason, unit.take_back, gettext_lazy("已收回自办。")),
    "record_contact": Verb(RecordContact, unit.record_contact, gettext_lazy("联系情况已登记。")),
    "ask": Verb(Question, unit.ask, gettext_lazy("已请反映人补充，暂停计时。")),
    "resume": Verb(Plain, unit.resume, gettext_lazy("已恢复办理。")),
    "request_extension": Verb(RequestExtension, unit.request_extension, gettext_lazy("延期申请已提交，等待批准。")),
    "decide_extension": Verb(DecideExtension, unit.decide_extension, gettext_lazy("延期申请已办理。")),
    "find": Verb(Find, unit.find, gettext_lazy("事实认定和办理结果已保存。")),
    "write_report": Verb(WriteReport, unit.write_report, gettext_lazy("办理报告已保存。")),
    "write_answer": Verb(WriteAnswer, unit.write_answer, gettext_lazy("公开答复已保存。")),
    "record_money": Verb(RecordMoney, outcome.record_money, gettext_lazy("金额已登记。")),
    "record_measure": Verb(RecordMeasure, outcome.record_measure, gettext_lazy("问责情况已登记。")),
    "record_rule_change": Verb(RecordRuleChange, outcome.record_rule_change, gettext_lazy("制度改进已登记。")),
    "submit": Verb(Plain, signing.submit, gettext_lazy("已提交审签。")),
    "countersign": Verb(Remark, signing.countersign, gettext_lazy("已签发。")),
    "return_draft": Verb(Needed, signing.return_draft, gettext_lazy("已退回修改。")),
    "sign_assist": Verb(Plain, unit.sign_assist, gettext_lazy("已签收协办。")),
    "opine": Verb(Opine, unit.opine, gettext_lazy("协办意见已出具。")),
    "approve": Verb(Plain, closing.approve, gettext_lazy("审核通过，答复已送达反映人。")),
    "send_back": Verb(Needed, closing.send_back, gettext_lazy("已退回重办。")),
    "publish": Verb(Publish, closing.publish, gettext_lazy("已公开。")),
    "unpublish": Verb(Reason, closing.unpublish, gettext_lazy("已撤下公开。")),
    "call_back": Verb(CallBack, closing.call_back, gettext_lazy("回访已登记。")),
    "redo": Verb(Instruction, closing.redo, gettext_lazy("已责成重办。")),
    "rule_closing": Verb(Ruling, closing.rule_closing, gettext_lazy("已研判办结。")),
    "decide_appeal": Verb(DecideAppeal, closing.decide_appeal, gettext_lazy("复查复核意见已送达。")),
    "appeal_stars": Verb(AppealStars, closing.appeal_stars, gettext_lazy("评星复议已提交。")),
    "decide_stars": Verb(DecideStars, closing.decide_stars, gettext_lazy("评星复议已裁定。")),
    "remind": Verb(Reason, supervision.remind, gettext_lazy("已提醒。")),
    "slip": Verb(Slip, supervision.slip, gettext_lazy("督办单已发出。")),
    "list_case": Verb(Reason, supervision.list_case, gettext_lazy("已挂牌督办。")),
    "escalate": Verb(Reason, supervision.escalate, gettext_lazy("已提级督办。")),
    "answer_slip": Verb(AnswerSlip, supervision.answer_slip, gettext_lazy("督办已回复。")),
    "take_up": Verb(Plain, sealed.take_up, gettext_lazy("已启动核查。")),
    "name_officer": Verb(NameOfficer, sealed.name_officer, gettext_lazy("已指定经办人。")),
}
# Verbs that may be done to several rows at once: those that need nothing, or one reason for all.
BATCH = ("accept", "sign_for", "sign_assist", "approve", "uphold_return", "resume", "countersign", "remind", "slip")


class Batch(forms.Form):
    """One verb for several rows of a list."""

    verb = forms.ChoiceField(label=gettext_lazy("批量办理"))
    reason = line(gettext_lazy("理由"), centre.REASON, required=False)
    colour = forms.ChoiceField(
        label=gettext_lazy("颜色"), required=False,
        choices=[("", gettext_lazy("颜色")), *COLOURS],
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["verb"].choices = [(verb, moves.MOVES[verb].label) for verb in BATCH]  # type: ignore[attr-defined]

    @classmethod
    @lru_cache(maxsize=1)
    def blank(cls) -> "Batch":
        """As it stands under every list, the same for everybody."""
        return cls()

    @property
    def facts(self) -> dict[str, Any]:
        """What the chosen verb is told besides the case."""
        wanted = {"remind": ("reason",), "slip": ("reason", "colour")}.get(self.cleaned_data["verb"], ())
        return {name: self.cleaned_data[name] for name in wanted}
