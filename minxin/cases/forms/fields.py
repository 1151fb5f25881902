"""Fields the desk's forms are made of: units by name, texts, choices in sight."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory import reports as directory
from minxin.directory.rules import UnitRef
from minxin.kernel.errors import Absent

Label = Any  # a string, or one that is translated when it is shown
NONE = ("", gettext_lazy("请选择"))


class UnitField(forms.CharField):
    """A unit by name or code, as typed or chosen from the suggestions; its code."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", gettext_lazy("输入单位名称的几个字，从提示中选择；也可以直接填单位代码。"))
        super().__init__(max_length=80, **options)
        self.widget.attrs |= {
            "list": "units",
            "autocomplete": "off",
            "hx-get": "/desk/cases/units/",
            "hx-trigger": "input changed delay:250ms",
            "hx-target": "#units",
            "hx-swap": "innerHTML",
            "hx-params": "*",
        }

    def clean(self, value: Any) -> str:
        """The unit's code; ValidationError naming the likely ones when it is not clear which is meant."""
        typed = super().clean(value)
        return find_unit(typed).code if typed else ""


class UnitsField(forms.CharField):
    """Several units, separated by 、 or a new line; their codes."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", gettext_lazy("可填多个，用顿号或换行隔开；没有就留空。"))
        super().__init__(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), **options)

    def clean(self, value: Any) -> list[str]:
        """The units' codes, each once."""
        typed = super().clean(value)
        names = [part.strip() for part in re.split(r"[、,，;；\n]+", typed) if part.strip()]
        return list(dict.fromkeys(find_unit(name).code for name in names))


def find_unit(typed: str) -> UnitRef:
    """The one unit meant by a code, a name, or words that only one name has."""
    try:
        return directory.unit(typed.strip().upper())
    except Absent:
        pass
    found = directory.search_units(typed, limit=9)
    exact = [row for row in found if typed.strip() in {row.name, row.short_name}]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0]
    if not found:
        raise forms.ValidationError(_("没有找到“%(typed)s”，请换几个字再试。") % {"typed": typed[:30]})
    names = "、".join(row.name for row in found[:8])
    raise forms.ValidationError(_("有几个单位都像，请写全名：%(names)s。") % {"names": names})


class YesNoField(forms.TypedChoiceField):
    """Two cards; True or False."""

    def __init__(self, yes: Label, no: Label, **options: Any) -> None:
        super().__init__(
            choices=(("yes", yes), ("no", no)),
            coerce=lambda value: value == "yes",
            empty_value=None,
            widget=forms.RadioSelect,
            **options,
        )


def words(label: Label, most: int, *, rows: int = 4, required: bool = True, **options: Any) -> forms.CharField:
    """A text of several lines, at most so many characters."""
    return forms.CharField(
        label=label, max_length=most, required=required, widget=forms.Textarea(attrs={"rows": rows}), **options
    )


def line(label: Label, most: int, *, required: bool = True, **options: Any) -> forms.CharField:
    """A text of one line."""
    return forms.CharField(label=label, max_length=most, required=required, **options)


def choice(label: Label, choices: Any, *, required: bool = True, **options: Any) -> forms.ChoiceField:
    """One of a list, nothing chosen beforehand."""
    return forms.ChoiceField(label=label, choices=[NONE, *choices], required=required, **options)


def cards(label: Label, choices: Any, *, required: bool = True, **options: Any) -> forms.ChoiceField:
    """One of a few, all in sight."""
    return forms.ChoiceField(label=label, choices=choices, required=required, widget=forms.RadioSelect, **options)


def number(
    label: Label, *, least: int = 1, most: int = 9_999_999, required: bool = True, **options: Any
) -> forms.IntegerField:
    """A whole number."""
    return forms.IntegerField(label=label, min_value=least, max_value=most, required=required, **options)


def day(label: Label, **options: Any) -> forms.DateField:
    """A day; empty means today."""
    help_text = options.pop("help_text", gettext_lazy("不填就是今天。"))
    return forms.DateField(label=label, required=False, widget=forms.DateInput, help_text=help_text, **options)
