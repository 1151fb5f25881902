"""What the addresses of the publications' pages ask, and what the desk's page of publishing sends."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory import reports as directory
from minxin.disclosures.reports.publications import Narrow
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import Version
from minxin.kernel import clocks

_DAY: dict[str, str | Promise] = {"invalid": gettext_lazy("日期请写成 2026-03-07 的样子。")}
_EARLIEST, _LATEST = 1990, 2100


def _tables() -> list[tuple[str, str]]:
    return [("", _("全部报表")), *((one.code, one.label) for one in templates.every() if not one.repeated)]


class Filters(forms.Form):
    """The list of publications, narrowed."""

    unit = forms.CharField(label=gettext_lazy("单位"), max_length=60, required=False)
    year = forms.ChoiceField(label=gettext_lazy("年度"), required=False)
    table = forms.ChoiceField(label=gettext_lazy("报表"), choices=_tables, required=False)

    def __init__(self, data: QueryDict, *, years: list[int]) -> None:
        super().__init__(data)
        self.fields["year"].choices = [("", _("全部年度")), *((str(year), str(year)) for year in years)]  # type: ignore[attr-defined]

    def clean_unit(self) -> Any:
        """The unit by code or name; one that is not found is said so."""
        typed = self.cleaned_data["unit"].strip()
        found = directory.search_units(typed, limit=1) if typed else []
        if typed and not found:
            raise forms.ValidationError(_("没有找到这个单位，请换个说法。"))
        return found[0] if found else None

    @property
    def narrow(self) -> Narrow:
        """What is asked for; wrong parts are left out."""
        self.is_valid()
        year = self.cleaned_data.get("year")
        return Narrow(
            unit=self.cleaned_data.get("unit"),
            year=int(year) if year else None,
            template=self.cleaned_data.get("table", ""),
        )


class Day(forms.Form):
    """A table as of a day."""

    on = forms.DateField(
        label=gettext_lazy("哪一天的页面"),
        required=False,
        error_messages=_DAY,  # type: ignore[arg-type]
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    @property
    def day(self) -> date | None:
        """The day, when it is one."""
        return self.cleaned_data.get("on") if self.is_valid() else None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which year and version of the city the desk looks at."""

    year: int
    version: str


def chosen(data: QueryDict) -> Chosen:
    """As asked, else this year's budget at its start."""
    year, version = data.get("year", ""), data.get("version", "")
    known = year.isascii() and year.isdecimal() and len(year) == 4 and _EARLIEST <= int(year) <= _LATEST
    return Chosen(
        year=int(year) if known else clocks.today().year,
        version=version if version in Version.values else Version.INITIAL,
    )
