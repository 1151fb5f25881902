"""What an address of the budget pages asks. A wrong part is no fault of the reader's: it is left out."""

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from minxin.disclosures.rules import allocation as rules
from minxin.disclosures.rules.allocation import Asked, By
from minxin.disclosures.rules.codes import Fund, Version
from minxin.kernel import clocks

_CODE = r"^[A-Za-z0-9-]{1,40}$"


class AskedForm(forms.Form):
    """The shape of each part of the address."""

    by = forms.ChoiceField(choices=By.choices, required=False)
    version = forms.ChoiceField(label=_("版本"), choices=[("", ""), *Version.choices], required=False)
    department = forms.RegexField(_CODE, required=False)
    unit = forms.RegexField(_CODE, required=False)
    function = forms.RegexField(r"^(\d{3}|\d{5}|\d{7})$", required=False)
    economic = forms.RegexField(r"^(\d{3}|\d{5})$", required=False)
    kind = forms.ChoiceField(choices=list(rules.KINDS.items()), required=False)
    project = forms.CharField(max_length=rules.LONGEST_ADDRESS_PART, required=False)
    fund = forms.ChoiceField(choices=Fund.choices, required=False)
    on = forms.DateField(label=_("哪一天的页面"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


def read(year: int, data: QueryDict) -> Asked:
    """The place that was asked for, as far as it makes sense. A day to come is today."""
    form = AskedForm(data)
    form.is_valid()
    given: dict[str, Any] = {name: value for name, value in form.cleaned_data.items() if value}
    if given.get("project"):
        given["kind"] = rules.PROJECT
    if given.get("on"):
        given["on"] = _past(given["on"])
    return Asked(year, **given | {"by": By(given.get("by") or By.UNIT)})


def words(data: QueryDict) -> str:
    """What is searched for."""
    typed = "".join(sign for sign in data.get("q", "") if sign.isprintable())
    return typed.strip()[: rules.LONGEST_SEARCH]


def _past(day: date) -> date | None:
    return day if day < clocks.today() else None
