"""A case told by telephone, letter or visit, as the staff member types it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from minxin.cases.forms import choices
from minxin.cases.forms.fields import UnitField, cards, line, words
from minxin.cases.rules import codes, filing
from minxin.directory import reports as directory
from minxin.directory.rules import Officer
from minxin.ui import fields

CHANNELS = [(row.value, row.label) for row in codes.Channel if row in codes.STAFF_CHANNELS]


class Enter(forms.Form):
    """登记来件."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    channel = cards(gettext_lazy("来源"), CHANNELS, initial=codes.Channel.PHONE)
    kind = cards(gettext_lazy("性质"), codes.Kind.choices, initial=codes.Kind.COMPLAINT)
    title = line(gettext_lazy("标题"), filing.TITLE, help_text=gettext_lazy("一句话写明事由。"))
    text = words(
        gettext_lazy("反映内容"),
        filing.TEXT,
        rows=9,
        help_text=gettext_lazy("照反映人的原话记：时间、地点、人物、经过。"),
    )
    wanted = line(gettext_lazy("诉求"), filing.WANTED, required=False)
    region = forms.ChoiceField(label=gettext_lazy("事发地区"))
    place = line(gettext_lazy("具体地点"), 200, required=False)
    occurred_on = forms.DateField(label=gettext_lazy("发生日期"), required=False, widget=forms.DateInput)
    category = forms.ChoiceField(label=gettext_lazy("类别"), required=False)
    respondent = UnitField(label=gettext_lazy("被反映单位"), required=False)
    respondent_name = line(
        gettext_lazy("被反映的人或单位（原话）"),
        120,
        required=False,
        help_text=gettext_lazy("说不清是哪个单位时，按原话写。"),
    )
    amount = fields.YuanField(label=gettext_lazy("涉及金额"), required=False, help_text=fields.YUAN)
    anonymous = forms.BooleanField(label=gettext_lazy("匿名"), required=False)
    name = line(gettext_lazy("姓名"), 40, required=False)
    phone = line(gettext_lazy("电话"), 40, required=False)
    email = line(gettext_lazy("邮箱"), 120, required=False)
    restricted = forms.BooleanField(label=gettext_lazy("要求保密"), required=False)
    consents = forms.BooleanField(label=gettext_lazy("同意隐去个人信息后公开"), required=False)
    shares_identity = forms.BooleanField(label=gettext_lazy("同意向办理单位透露身份和联系方式"), required=False)

    def __init__(self, *args: Any, officer: Officer, **options: Any) -> None:
        super().__init__(*args, **options)
        at = officer.duties[0].unit.region if officer.duties else None
        self.fields["region"].choices = choices.regions()  # type: ignore[attr-defined]
        self.fields["region"].initial = at
        self.fields["category"].choices = choices.categories(gettext_lazy("由摘编员确定"))  # type: ignore[attr-defined]

    @property
    def draft(self) -> filing.Draft:
        """The filing as typed."""
        value = self.cleaned_data
        unit = directory.unit(value["respondent"]) if value["respondent"] else None
        same = ("title", "text", "wanted", "region", "place", "occurred_on", "category", "respondent_name", "amount")
        flags = ("anonymous", "restricted", "consents", "shares_identity")
        return filing.Draft(
            kind=codes.Kind(value["kind"]),
            channel=codes.Channel(value["channel"]),
            respondent_id=unit.id if unit else None,
            contact=filing.Contact(value["name"], value["phone"], value["email"]),
            **{name: value[name] for name in same + flags},
        )
