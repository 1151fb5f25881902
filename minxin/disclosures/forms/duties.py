"""Registering an approval."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from minxin.directory.rules import Officer
from minxin.disclosures.rules.codes import Ratifier, Version


class RatificationForm(forms.Form):
    """What was approved (fiscal year and version), by whom, when, by which document."""

    finance = forms.ChoiceField(label=_("财政部门"))
    fiscal_year = forms.IntegerField(label=_("预算年度"), min_value=2000, max_value=2100)
    version = forms.ChoiceField(
        label=_("批准的内容"), choices=[(one.value, one.label) for one in (Version.INITIAL, Version.FINAL)]
    )
    ratifier = forms.ChoiceField(label=_("由谁批准"), choices=Ratifier.choices)
    on = forms.DateField(label=_("批准日期"), widget=forms.DateInput(attrs={"type": "date"}))
    doc_no = forms.CharField(label=_("文号"), max_length=60, help_text=_("例如 葫财预〔2007〕1号"))

    def __init__(self, *args: Any, officer: Officer, **options: Any) -> None:
        super().__init__(*args, **options)
        units = {duty.unit.code: duty.unit.name for duty in officer.duties}
        self.fields["finance"].choices = list(units.items())  # type: ignore[attr-defined]
