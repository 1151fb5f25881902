"""What the public looks for among published cases."""

from functools import lru_cache
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from minxin.cases.forms import choices
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
        whole, counties = ("", gettext_lazy("全部")), self.data.get("region", "")
        rows = [row for row in directory.regions() if row.level == Level.CITY]
        found: list[Any] = [whole]
        for row in rows:
            found.append((row.code, row.name))
            if counties[:4] == row.code[:4]:
                inside = [one for one in directory.regions(row.code) if one.level == Level.COUNTY]
                found += [(one.code, f"　{one.name}") for one in inside]
        _choices(self, "region", found)
        tops = [(row.code, row.name) for row in public.categories() if row.level == 1]
        _choices(self, "category", [whole, *tops])

    @property
    def bare(self) -> bool:
        """Whether nothing but words is asked."""
        return not self.data

    def filters(self) -> public.Filters:
        """What was asked, as far as it makes sense."""
        self.is_valid()
        given = self.cleaned_data
        try:
            unit = directory.unit(given["unit"]).id if given.get("unit") else None
        except Absent:
            unit = None
        return public.Filters(
            q=_words(given.get("q", "")),
            kind=given.get("kind", ""),
            region=given.get("region", ""),
            category=given.get("category", ""),
            unit=unit,
            stars=given.get("stars"),
        )


def read(data: QueryDict) -> tuple[Search, public.Filters]:
    """The form and what was asked. Where only words are, one form for everybody: its lists are long."""
    if any(data.get(name) for name in Search.base_fields if name != "q"):
        form = Search(data)
        return form, form.filters()
    return _bare(choices.stamp()), public.Filters(q=_words(data.get("q", "").strip()))


@lru_cache(maxsize=1)
def _bare(_stamp: object) -> Search:
    form = Search(QueryDict())
    form.is_valid()
    return form


def _words(typed: str) -> str:
    return "".join(sign for sign in typed if sign.isprintable())[:LONGEST]


def _choices(form: forms.Form, name: str, given: list[Any]) -> None:
    chosen = form.fields[name]
    assert isinstance(chosen, forms.ChoiceField)
    chosen.choices = given
