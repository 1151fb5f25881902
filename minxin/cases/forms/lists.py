"""How staff narrow a list: every field may be empty, and what cannot be read is left out, never an error."""

from functools import lru_cache
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from minxin.cases.forms import choices
from minxin.cases.reports.desk import SEARCHED, Filters
from minxin.cases.rules import codes
from minxin.directory import reports as directory
from minxin.kernel.errors import Absent

STATES = (("open", gettext_lazy("未办结")), ("over", gettext_lazy("已办结")), ("all", gettext_lazy("全部")))


class Narrow(forms.Form):
    """The filters above a list."""

    q = forms.CharField(label=gettext_lazy("编号或标题、摘编里的词"), required=False, max_length=200)
    state = forms.ChoiceField(label=gettext_lazy("状态"), choices=STATES, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("性质"), required=False)
    stage = forms.ChoiceField(label=gettext_lazy("环节"), required=False)
    urgency = forms.ChoiceField(label=gettext_lazy("紧急程度"), required=False)
    region = forms.ChoiceField(label=gettext_lazy("地区"), required=False)
    category = forms.ChoiceField(label=gettext_lazy("类别"), required=False)
    unit = forms.CharField(label=gettext_lazy("主办单位"), required=False, max_length=80)
    overdue = forms.BooleanField(label=gettext_lazy("只看超期"), required=False)
    supervised = forms.BooleanField(label=gettext_lazy("只看督办"), required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, auto_id="narrow-%s")
        anything = [("", gettext_lazy("不限"))]
        for name, known in (("kind", codes.Kind), ("stage", codes.Stage), ("urgency", codes.Urgency)):
            self.fields[name].choices = [*anything, *known.choices]  # type: ignore[attr-defined]
        self.fields["region"].choices = [*anything, *choices.regions()]  # type: ignore[attr-defined]
        self.fields["category"].choices = choices.categories(gettext_lazy("不限"))  # type: ignore[attr-defined]
        self.fields["unit"].widget.attrs |= {
            "list": "units",
            "autocomplete": "off",
            "hx-get": "/desk/cases/units/",
            "hx-trigger": "input changed delay:250ms",
            "hx-target": "#units",
        }

    @classmethod
    def of(cls, data: QueryDict) -> "Narrow":
        """What was asked. Where nothing is, one form for everybody: its lists are long."""
        return cls(data) if any(data.get(name) for name in cls.base_fields) else _bare(choices.stamp())

    @property
    def bare(self) -> bool:
        """Whether nothing is asked."""
        return not self.data

    @property
    def filters(self) -> Filters:
        """What could be read of it."""
        self.is_valid()
        value: dict[str, Any] = self.cleaned_data
        return Filters(
            q=value.get("q", "")[:SEARCHED].replace("\0", ""),
            kind=value.get("kind", ""),
            stage=value.get("stage", ""),
            urgency=value.get("urgency", ""),
            region=value.get("region", ""),
            unit=_unit(value.get("unit", "")),
            category=value.get("category", ""),
            overdue=value.get("overdue", False),
            supervised=value.get("supervised", False),
            state=value.get("state") or ("all" if value.get("q") else "open"),
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the words and the state is chosen."""
        names = ("kind", "stage", "urgency", "region", "category", "unit", "overdue", "supervised")
        return any(self.data.get(name) for name in names)


@lru_cache(maxsize=1)
def _bare(_stamp: object) -> Narrow:
    form = Narrow(QueryDict())
    form.is_valid()
    return form


def _unit(typed: str) -> int | None:
    """The unit meant; an unknown one is 0, which no case has."""
    if not typed:
        return None
    try:
        return directory.unit(typed.strip().upper()).id
    except Absent:
        found = directory.search_units(typed, limit=1)
        return found[0].id if found else -1
