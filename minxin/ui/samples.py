"""Sample rows for the style guide: every part of a page with something plausible in it. Development only."""

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _

_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Line:
    """One day of a deadline's explanation."""

    on: dt.date
    counts: bool
    number: int | None
    why: str


@dataclass(frozen=True)
class Step:
    """One step of a track."""

    title: str
    unit: str = ""
    at: dt.datetime | None = None
    text: str = ""
    state: str = "done"
    due: dt.datetime | None = None
    late: bool = False
    provisional: bool = False
    explanation: list[Line] = field(default_factory=list)


class Sample(forms.Form):
    """One field of every kind."""

    kind = forms.ChoiceField(
        label=_("您要反映的是哪一类"),
        widget=forms.RadioSelect,
        choices=[("complaint", _("投诉")), ("enquiry", _("咨询")), ("praise", _("表扬"))],
    )
    title = forms.CharField(label=_("一句话说说是什么事"), max_length=60, help_text=_("例如：学校拖欠三个月课时费"))
    text = forms.CharField(
        label=_("经过"), widget=forms.Textarea, max_length=5000, help_text=_("时间、地点、找过谁、对方怎么说。")
    )
    city = forms.ChoiceField(
        label=_("发生在哪里"), choices=[("", _("请选择")), ("2114", _("葫芦岛市"))], required=False
    )
    on = forms.DateField(label=_("哪一天"), widget=forms.DateInput, required=False)
    money = forms.DecimalField(label=_("涉及金额（元）"), required=False)
    proof = forms.FileField(label=_("材料"), required=False, help_text=_("照片、录音、合同都可以，每个不超过 20 MB。"))
    wishes = forms.MultipleChoiceField(
        label=_("希望怎样"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        choices=[("pay", _("退还或补发")), ("explain", _("说明理由"))],
    )
    anonymous = forms.BooleanField(
        label=_("不向办理单位透露我的姓名和电话"), required=False, help_text=_("工作人员会通过本站转达。")
    )


def public() -> dict[str, Any]:
    """What ui/style.html shows."""
    typed = {"wrong-kind": "", "wrong-title": "", "wrong-text": "课时费从去年九月起一直没有发。", "wrong-money": "四百"}
    wrong = Sample(data=typed, prefix="wrong")
    wrong.is_valid()
    return {
        "form": Sample(initial={"kind": "complaint"}),
        "wrong": wrong,
        "icons": _icons(),
        "track": _track(),
        "steps": ["选类别", "说经过", "对谁反映", "怎样联系您", "核对提交"],
        "tabs": [
            {"label": "全部", "href": "?tab=all", "here": True, "count": 1284},
            {"label": "已解决", "href": "?tab=solved", "count": 1102},
            {"label": "不满意", "href": "?tab=unhappy", "count": 47},
        ],
        "pieces": [("反映", False), ("拖欠", True), ("教师课时费", False)],
        "table": [
            ("沈阳市", 4210, 3987, 4.5),
            ("大连市", 3806, 3650, 4),
            ("葫芦岛市", 1284, 1251, 5),
            ("锦州市", 960, 901, 3.5),
        ],
        "flows": [
            ("年初预算", "教育局", 8_200_000),
            ("年初预算", "交通局", 5_100_000),
            ("教育局", "工资", 6_900_000),
            ("教育局", "设备采购", 1_300_000),
            ("交通局", "工程款", 5_100_000),
        ],
        "tiles": [
            ("money", "资金分配", "年初预算，钱到哪里、多少"),
            ("glass", "资金拨付", "玻璃管道里的每一笔"),
            ("file", "政府采购", "招标、评审、合同，全程可看"),
            ("book", "收费标准", "交费收费，一目了然"),
            ("building", "资产处置", "公开拍卖，不流失"),
            ("globe", "政务公开", "法规、收支、去向"),
        ],
        "now": dt.datetime(2007, 3, 7, 16, 20, tzinfo=_ZONE),
        "soon": dt.datetime(2007, 3, 15, tzinfo=_ZONE),
    }


def desk() -> dict[str, Any]:
    """What ui/style_desk.html shows."""
    return {
        "queues": [
            ("待签收", 3, False, True),
            ("办理中", 12, False, False),
            ("快到期", 2, False, False),
            ("已超期", 1, True, False),
            ("待会签", 4, False, False),
            ("等群众补充", 2, False, False),
        ],
        "rows": [
            (
                "red",
                "超期 2 天",
                "MX2026-0000123-8",
                "小区供暖温度不达标，多次报修没有人管",
                "兴城市住建局",
                "请签收并在今天联系反映人",
                True,
            ),
            ("amber", "还剩 5 小时", "MX2026-0000131-5", "课时费拖欠三个月", "绥中县财政局", "请签收", False),
            (
                "green",
                "还剩 6 个工作日",
                "MX2026-0000140-2",
                "公交 12 路首班车时间与站牌不符",
                "市交通局",
                "请填写首次联系情况",
                False,
            ),
            (
                "green",
                "还剩 9 个工作日",
                "MX2026-0000152-0",
                "社区医院慢病取药限量咨询",
                "连山区卫健局",
                "请答复",
                False,
            ),
            (
                "grey",
                "已暂停",
                "MX2026-0000160-9",
                "窗口工作人员态度好，特来表扬",
                "龙港区民政局",
                "等反映人补充材料",
                False,
            ),
        ],
        "track": _track(),
        "soon": dt.datetime(2026, 11, 25, tzinfo=_ZONE),
        "form": Sample(),
    }


def _track() -> list[Step]:
    day = dt.date(2007, 3, 7)
    lines = [
        Line(day, False, None, "收到当天不计"),
        *(
            Line(
                day + dt.timedelta(days=n),
                n not in {3, 4},
                {1: 1, 2: 2, 5: 3, 6: 4, 7: 5}.get(n),
                "星期六、星期日不计" if n in {3, 4} else "工作日",
            )
            for n in range(1, 8)
        ),
    ]
    at = dt.datetime(2007, 3, 7, 9, 12, tzinfo=_ZONE)
    return [
        Step("已收到您的反映", "民心网 省中心", at, "编号和查询码已经给您，请保存好。"),
        Step("已受理并转办", "葫芦岛市财政局", at + dt.timedelta(minutes=48), "由市财政局牵头，绥中县财政局协助。"),
        Step(
            "正在办理",
            "绥中县财政局",
            at + dt.timedelta(hours=2),
            "已同学校核对，正在协调补发。",
            "now",
            dt.datetime(2007, 3, 15, tzinfo=_ZONE),
            explanation=lines,
        ),
        Step("答复与公开", "", None, "", "wait"),
        Step("请您评价", "", None, "", "wait"),
    ]


def _icons() -> list[str]:
    """The names of all drawings in the sprite, in its order."""
    sprite = Path(__file__).parent / "static" / "ui" / "icons.svg"
    return re.findall(r'<symbol id="([\w-]+)"', sprite.read_text(encoding="utf-8"))
