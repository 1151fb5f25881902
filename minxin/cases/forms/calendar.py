"""What is typed to change the working-day calendar: shape only."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.cases.forms.fields import cards, line, number, words
from minxin.cases.reports import calendar
from minxin.cases.rules.calendar import NATION
from minxin.directory.rules import Officer
from minxin.kernel.clocks import DayKind

MOST_BYTES = 200_000
KINDS = (
    (DayKind.HOLIDAY.value, gettext_lazy("放假")),
    (DayKind.WORKDAY.value, gettext_lazy("调休上班")),
    (DayKind.ORDINARY.value, gettext_lazy("恢复平常")),
)


class _Change(forms.Form):
    """What every change says: for which region, why, on what ground."""

    region = forms.ChoiceField(label=gettext_lazy("地区"), required=False)

    def __init__(self, *args: Any, officer: Officer, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["region"].choices = calendar.regions_of(officer)  # type: ignore[attr-defined]
        self.fields |= {"why": _why(), "basis": _basis()}

    def refuse(self, field: str | None, sentence: str) -> None:
        """Show a refusal at its field, what is wrong with each row on a line of its own."""
        self.add_error(field if field in self.fields else None, re.findall(r"[^。]+。?", sentence))


def _why() -> forms.CharField:
    return words(gettext_lazy("为什么调整"), 300, rows=2)


def _basis() -> forms.CharField:
    return line(gettext_lazy("依据"), 200, required=False, help_text=gettext_lazy("文件名称和文号。"))


class DayForm(_Change):
    """One day."""

    on = forms.DateField(label=gettext_lazy("哪一天"), widget=forms.DateInput)
    kind = cards(gettext_lazy("怎样安排"), KINDS)
    note = line(
        gettext_lazy("说明"), 40, required=False, help_text=gettext_lazy("例如“县庆”“国庆节”，会写进期限的解释。")
    )


class YearForm(_Change):
    """A year's notice, pasted or as a file; `table` is its text either way."""

    year = number(gettext_lazy("年份"), least=1990, most=2100)
    file = forms.FileField(label=gettext_lazy("表格文件（CSV）"), required=False, widget=forms.FileInput)
    table = forms.CharField(
        label=gettext_lazy("或把表格贴在这里"), required=False, widget=forms.Textarea(attrs={"rows": 6}), strip=False,
        help_text=gettext_lazy("每行写日期、放假或上班、说明，例如 2027-10-01,放假,国庆节。表里没有的日子恢复平常。"),
    )  # fmt: skip
    settled = forms.BooleanField(
        label=gettext_lazy("国务院办公厅的放假通知已经发布"), required=False,
        help_text=gettext_lazy("勾选后，这一年的期限不再标为“暂定”。"),
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if (NATION, _("全国")) not in self.fields["region"].choices:  # type: ignore[attr-defined]
            del self.fields["settled"]  # only the nation's notice settles a year

    def clean_file(self) -> str:
        """The file's text; empty without one."""
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("文件太大。一年的放假安排只有几十行，请核对是不是选错了文件。"))
        return _text(file.read())

    def clean(self) -> dict[str, Any]:
        """`table` from the file where there is one."""
        found = super().clean() or {}
        found["table"] = found.pop("file", "") or found.get("table", "")
        found.setdefault("settled", False)
        if not found["table"].strip() and "file" not in self.errors:
            self.add_error("table", _("请选择文件，或把表格贴在这里。"))
        return found


def _text(data: bytes) -> str:
    """The text of a file saved in UTF-8, or by an office program in GB 18030."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise forms.ValidationError(_("读不出这个文件的文字。请另存为 CSV UTF-8 格式再上传。"))
