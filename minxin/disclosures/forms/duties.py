"""What the desk's list of duties is narrowed to, and what is typed when an approval is registered."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory.rules import UnitRef
from minxin.disclosures.reports import duties_desk as reports
from minxin.disclosures.reports.duties_desk import Bureau, Narrow
from minxin.disclosures.rules.codes import Ratifier
from minxin.disclosures.rules.duties import Look
from minxin.kernel import clocks

_EARLIEST, _LATEST = 1990, 2100
_DAY = {"invalid": gettext_lazy("日期请写成 2026-03-07 的样子。")}


class ListForm(forms.Form):
    """Which duties to list. What is wrong is ignored, so that an old link never fails."""

    look = forms.ChoiceField(choices=Look.choices, required=False, widget=forms.HiddenInput)
    fiscal_year = forms.IntegerField(label=gettext_lazy("年度"), min_value=_EARLIEST, max_value=_LATEST, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("公开什么"), required=False)
    unit = forms.CharField(label=gettext_lazy("单位"), max_length=60, required=False)

    def __init__(self, data: Any, *, kinds: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["kind"].choices = [("", _("全部")), *kinds]  # type: ignore[attr-defined]
        self.is_valid()

    @property
    def narrow(self) -> Narrow:
        """What is asked for."""
        given = {name: value for name, value in self.cleaned_data.items() if value and name != "look"}
        return Narrow(**given)

    @property
    def chosen(self) -> Look:
        """The view; what is open when none is named."""
        return Look(self.cleaned_data.get("look") or Look.OPEN)


class ApprovalForm(forms.Form):
    """An approval: of which budget or account, by whom, when, by which document."""

    finance = forms.ChoiceField(label=gettext_lazy("财政部门"))
    fiscal_year = forms.IntegerField(
        label=gettext_lazy("预算年度"), min_value=_EARLIEST, max_value=_LATEST,
    )  # fmt: skip
    version = forms.ChoiceField(label=gettext_lazy("批准的是"))
    ratifier = forms.ChoiceField(
        label=gettext_lazy("谁批准"),
        choices=Ratifier.choices,
        help_text=gettext_lazy("人大批准后政府预决算起算；财政批复后部门起算；部门批复后所属单位起算。"),
    )
    department = forms.ChoiceField(
        label=gettext_lazy("哪个部门"),
        required=False,
        help_text=gettext_lazy("一次批复全部部门的，不用选。"),
    )
    on = forms.DateField(
        label=gettext_lazy("批准日期"),
        widget=forms.DateInput,
        error_messages=_DAY,
        help_text=gettext_lazy("以批准文件的日期为准。"),
    )
    doc_no = forms.CharField(
        label=gettext_lazy("文号"), max_length=60, help_text=gettext_lazy("例如 葫人发〔2007〕3号。")
    )

    def __init__(self, *args: Any, bureaus: Sequence[Bureau], **more: Any) -> None:
        super().__init__(*args, **more)
        self.bureaus = bureaus
        departments = [(unit.code, unit.short) for bureau in bureaus for unit in bureau.departments]
        choices = {
            "finance": [(bureau.unit.code, bureau.unit.name) for bureau in bureaus],
            "version": reports.versions(),
            "department": [("", _("全部部门")), *departments],
        }
        for name, values in choices.items():
            self.fields[name].choices = values  # type: ignore[attr-defined]
        self.fields["finance"].initial = bureaus[0].unit.code
        self.fields["fiscal_year"].initial = clocks.today().year

    def clean_department(self) -> str:
        """Only where single departments are approved."""
        code: str = self.cleaned_data["department"]
        if code and self.cleaned_data.get("ratifier") == Ratifier.CONGRESS:
            raise forms.ValidationError(_("人大批准的是整个预算或决算，不分部门，请选择全部部门。"))
        return code

    @property
    def above(self) -> UnitRef | None:
        """The chosen department."""
        units = [unit for bureau in self.bureaus for unit in bureau.departments]
        return next((unit for unit in units if unit.code == self.cleaned_data.get("department")), None)

    @property
    def bureau(self) -> UnitRef:
        """The chosen finance bureau."""
        return next(one.unit for one in self.bureaus if one.unit.code == self.cleaned_data["finance"])
