"""What is uploaded at the desk, narrowed in its lists, and given as a reason."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.disclosures.reports.broker import Narrow, Sender
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import SubmissionStage, Version
from minxin.kernel import clocks, sheets

_ANY = [("", gettext_lazy("全部"))]


def _templates() -> list[tuple[str, Any]]:
    return [(template.code, _(template.label)) for template in templates.every()]


class UploadForm(forms.Form):
    """A file of a unit: which table of which year, and the note or the reason that goes with it."""

    unit = forms.ChoiceField(label=gettext_lazy("报送单位"))
    template = forms.ChoiceField(label=gettext_lazy("报表"), choices=_templates)
    fiscal_year = forms.IntegerField(label=gettext_lazy("预算年度"), min_value=1990, max_value=2100)
    version = forms.ChoiceField(
        label=gettext_lazy("版本"),
        choices=[*Version.choices, ("", gettext_lazy("不分版本（支付明细）"))],
        initial=Version.INITIAL,
        required=False,
        help_text=gettext_lazy("预算、决算要选版本，支付明细不用选。"),
    )
    file = forms.FileField(
        label=gettext_lazy("文件"), help_text=gettext_lazy("xlsx 或 csv，最大 10 MB，用本页的模板填写。")
    )
    note = forms.CharField(
        label=gettext_lazy("空表说明"),
        max_length=500,
        required=False,
        widget=forms.Textarea,
        help_text=gettext_lazy("有没有数据的表时写明原因，和空表一起公开。"),
    )
    corrects = forms.CharField(
        label=gettext_lazy("更正哪一份"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("已公开的要改时，填原来的报送编号，例如 BS2007-0000001-9。"),
    )
    reason = forms.CharField(
        label=gettext_lazy("更正的原因"),
        max_length=500,
        required=False,
        widget=forms.Textarea,
        help_text=gettext_lazy("和更正一起公开。"),
    )

    def __init__(self, *args: Any, senders: Sequence[Sender], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(sender.code, f"{sender.budget} {sender.name}".strip()) for sender in senders]
        self.fields["unit"].choices = choices  # type: ignore[attr-defined]
        self.fields["fiscal_year"].initial = clocks.today().year

    def clean_file(self) -> Any:
        """The file; one that is too large is not read."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > sheets.MOST_BYTES:
            raise forms.ValidationError(_("文件超过 10 MB。请拆成几个文件，分次上传。"))
        return file


class TemplateForm(forms.Form):
    """Which template to fill in."""

    unit = forms.CharField(max_length=40)
    template = forms.ChoiceField(choices=_templates)
    fiscal_year = forms.IntegerField(min_value=1990, max_value=2100)
    version = forms.CharField(max_length=10, required=False)


class ListForm(forms.Form):
    """Which submissions to list. What is wrong is ignored, so that an old link never fails."""

    stage = forms.ChoiceField(label=gettext_lazy("进度"), choices=[*_ANY, *SubmissionStage.choices], required=False)
    template = forms.ChoiceField(label=gettext_lazy("报表"), choices=lambda: [*_ANY, *_templates()], required=False)
    fiscal_year = forms.IntegerField(label=gettext_lazy("年度"), min_value=1990, max_value=2100, required=False)
    unit = forms.CharField(label=gettext_lazy("单位"), max_length=60, required=False)

    @property
    def narrow(self) -> Narrow:
        """What is asked for."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        return Narrow(**given)


class WithdrawForm(forms.Form):
    """Why it is taken back."""

    reason = forms.CharField(label=gettext_lazy("撤回的原因"), max_length=300, widget=forms.Textarea)
