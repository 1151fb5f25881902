"""What the public looks for among published cases."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.cases.reports import public
from minxin.cases.rules import codes
from minxin.directory import reports as directory
from minxin.directory.rules import Level
from minxin.kernel.errors import Absent

LONGEST = 60  # characters of a search that are used


class Search(forms.Form):
    """Words and filters. A wrong filter is no fault of the reader's: it is left out."""

    q = forms.CharField(label=gettext_lazy("找什么"), required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("类别"), required=False, choices=[("", gettext_lazy("全部")), *codes.Kind.choices]
    )
    region = forms.ChoiceField(label=gettext_lazy("地区"), required=False)
    category = forms.ChoiceField(label=gettext_lazy("归类"), required=False)
    stars = forms.TypedChoiceField(
        label=gettext_lazy("结案效率"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", gettext_lazy("不限")),
            ("5", gettext_lazy("五星")),
            ("4", gettext_lazy("四星以上")),
            ("3", gettext_lazy("三星以上")),
        ],
    )
    unit = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        whole, counties = ("", _("全部")), self.data.get("region", "")
        rows = [row for row in directory.regions() if row.level == Level.CITY]
        choices: list[tuple[str, str]] = [whole]
        for row in rows:
            choices.append((row.code, row.name))
            if counties[:4] == row.code[:4]:
                inside = [one for one in directory.regions(row.code) if one.level == Level.COUNTY]
                choices += [(one.code, f"　{one.name}") for one in inside]
        _choices(self, "region", choices)
        tops = [(row.code, row.name) for row in public.categories() if row.level == 1]
        _choices(self, "category", [whole, *tops])

    def filters(self) -> public.Filters:
        """What was asked, as far as it makes sense."""
        self.is_valid()
        given = self.cleaned_data
        try:
            unit = directory.unit(given["unit"]).id if given.get("unit") else None
        except Absent:
            unit = None
        words = "".join(sign for sign in given.get("q", "") if sign.isprintable())[:LONGEST]
        return public.Filters(
            q=words,
            kind=given.get("kind", ""),
            region=given.get("region", ""),
            category=given.get("category", ""),
            unit=unit,
            stars=given.get("stars"),
        )


def _choices(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    chosen = form.fields[name]
    assert isinstance(chosen, forms.ChoiceField)
    chosen.choices = choices
