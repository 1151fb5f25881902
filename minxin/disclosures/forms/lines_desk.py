"""What the desk of budget lines sends: how lines are narrowed, and the document, amount and reason of each act."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory.rules import Officer
from minxin.disclosures.reports import lines_desk as reports
from minxin.disclosures.reports.lines_desk import Narrow
from minxin.disclosures.rules.codes import ChangeKind, Fund
from minxin.kernel import clocks
from minxin.kernel.errors import Refused

_EARLIEST, _LATEST = 1990, 2100
LOOKS = [("", gettext_lazy("全部指标")), ("carried", gettext_lazy("以前年度的钱")), ("frozen", gettext_lazy("有冻结"))]


def _amount() -> forms.CharField:
    """Money as people write it; the action reads it."""
    return forms.CharField(
        label=gettext_lazy("金额（元）"),
        max_length=40,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )


def _reason(*, required: bool) -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("原因"), max_length=200, required=required, widget=forms.Textarea({"rows": 2})
    )


def _year(label: Any, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=_EARLIEST, max_value=_LATEST, **options)


class ListForm(forms.Form):
    """Which lines to list. What is wrong is ignored, so that an old link never fails."""

    year = forms.TypedChoiceField(label=gettext_lazy("年度"), coerce=int, required=False)
    look = forms.ChoiceField(choices=LOOKS, required=False, widget=forms.HiddenInput)
    unit = forms.CharField(label=gettext_lazy("单位"), max_length=60, required=False)
    fund = forms.ChoiceField(
        label=gettext_lazy("资金性质"), choices=[("", gettext_lazy("全部")), *Fund.choices], required=False
    )
    q = forms.CharField(label=gettext_lazy("科目、项目、文号、编号"), max_length=80, required=False)

    def __init__(self, data: Any, *, years: Sequence[int]) -> None:
        super().__init__(data)
        self.newest = years[0] if years else clocks.today().year
        self.fields["year"].choices = [(str(year), str(year)) for year in years]  # type: ignore[attr-defined]
        self.fields["year"].initial = self.newest
        self.is_valid()

    @property
    def narrow(self) -> Narrow:
        """What is asked for; the newest year when none is named."""
        typed = self.cleaned_data
        names = {"unit": "unit", "fund": "fund", "look": "look", "words": "q"}
        return Narrow(typed.get("year") or self.newest, **{name: typed.get(of) or "" for name, of in names.items()})


class _Deed(forms.Form):
    """The document by which money moves."""

    doc_no = forms.CharField(label=gettext_lazy("文号"), max_length=60)
    on = forms.DateField(
        label=gettext_lazy("文件日期"),
        widget=forms.DateInput,
        error_messages={"invalid": gettext_lazy("日期请写成 2026-03-07 的样子。")},
    )

    def clean_on(self) -> Any:
        """Not to come yet: what has no document moves no money."""
        if self.cleaned_data["on"] > clocks.today():
            raise forms.ValidationError(_("文件日期不能晚于今天。"))
        return self.cleaned_data["on"]


class BulkForm(_Deed):
    """All lines of a year at once: opened from the budget, or carried from the year before."""

    finance = forms.CharField(max_length=40, widget=forms.HiddenInput)
    fiscal_year = forms.IntegerField(min_value=_EARLIEST, max_value=_LATEST, widget=forms.HiddenInput)


class YearForm(forms.Form):
    """For which year and bureau the outlook is asked. What is wrong is ignored."""

    fiscal_year = _year(gettext_lazy("年度"))
    finance = forms.CharField(max_length=40, required=False)


class LineForm(_Deed):
    """A line to be opened by its own document."""

    unit = forms.ChoiceField(label=gettext_lazy("预算单位"))
    fiscal_year = _year(gettext_lazy("预算年度"), help_text=gettext_lazy("这条指标用在哪一年。"))
    formed_year = forms.IntegerField(
        label=gettext_lazy("资金形成年度"),
        min_value=_EARLIEST,
        max_value=_LATEST,
        required=False,
        help_text=gettext_lazy("以前年度结余转来的，填当初的年度。"),
    )
    function = forms.CharField(
        label=gettext_lazy("功能科目"), max_length=7, help_text=gettext_lazy("七位的项级编码，例如 2050204。")
    )
    economic = forms.CharField(
        label=gettext_lazy("经济科目"), max_length=5, help_text=gettext_lazy("五位的款级编码，例如 30201。")
    )
    fund = forms.ChoiceField(label=gettext_lazy("资金性质"), choices=Fund.choices)
    project = forms.CharField(
        label=gettext_lazy("项目"), max_length=80, required=False, help_text=gettext_lazy("基本支出不用填。")
    )
    amount = _amount()
    summary = forms.CharField(
        label=gettext_lazy("摘要"), max_length=120, required=False, help_text=gettext_lazy("例如 省级专款。")
    )
    field_order = ("unit", "fiscal_year", "formed_year")

    def __init__(self, *args: Any, units: Sequence[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["unit"].choices = units  # type: ignore[attr-defined]
        self.fields["fiscal_year"].initial = clocks.today().year
        for name in ("function", "economic"):
            self.fields[name].widget.attrs |= {"list": f"{name}s", "inputmode": "numeric"}

    def clean_fund(self) -> Fund:
        """The purse as the action takes it."""
        return Fund(self.cleaned_data["fund"])


class ChangeForm(_Deed):
    """More or less of a line."""

    kind = forms.ChoiceField(
        label=gettext_lazy("追加还是调减"),
        choices=[(kind.value, kind.label) for kind in (ChangeKind.ADD, ChangeKind.CUT)],
        widget=forms.RadioSelect,
    )
    amount = _amount()
    reason = _reason(required=False)
    field_order = ("kind", "amount", "doc_no", "on", "reason")

    def clean_kind(self) -> ChangeKind:
        """The kind as the action takes it."""
        return ChangeKind(self.cleaned_data["kind"])


class FreezeForm(forms.Form):
    """So much is held back, or set free again."""

    amount = _amount()
    reason = _reason(required=True)


class RevivalForm(_Deed):
    """Idle money of one line for another."""

    source = forms.CharField(
        label=gettext_lazy("从哪条指标收回"), max_length=40, help_text=gettext_lazy("例如 ZB2006-0000123-8。")
    )
    target = forms.CharField(
        label=gettext_lazy("安排到哪条指标"), max_length=40, help_text=gettext_lazy("同一资金性质的另一条。")
    )
    amount = _amount()
    reason = _reason(required=True)
    field_order = ("source", "target", "amount", "doc_no", "on", "reason")

    def __init__(self, *args: Any, by: Officer, **more: Any) -> None:
        super().__init__(*args, **more)
        self._by = by

    def clean_source(self) -> str:
        """A line the officer sees."""
        return self._line("source")

    def clean_target(self) -> str:
        """Another one."""
        return self._line("target")

    def _line(self, name: str) -> str:
        try:
            return reports.row(self.cleaned_data[name], by=self._by).ref
        except Refused as refusal:
            code = refusal.code
            sentence = refusal.sentence if code.startswith("ref") else _("没有找到这条指标，请核对编号。")
            raise forms.ValidationError(sentence) from refusal
