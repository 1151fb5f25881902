"""What is typed to keep the catalogue: shape only; meaning is the rules' business."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.cases.forms import choices
from minxin.cases.forms.fields import UnitField, choice, day, line, number, words
from minxin.cases.rules import codes, duties
from minxin.cases.rules.catalogue import UNITS
from minxin.cases.rules.duties import ImportRow
from minxin.directory import reports as directory
from minxin.kernel import clocks, sheets
from minxin.kernel.errors import Refused

ANY = gettext_lazy("不限")
BASIS_HINT = gettext_lazy("文件名称和文号，如“葫政办发〔2026〕1号”。")


def basis() -> forms.CharField:
    """Why: the document."""
    return line(gettext_lazy("依据"), 120, help_text=BASIS_HINT)


class CategoryForm(forms.Form):
    """A category's name, new or changed."""

    name = line(gettext_lazy("名称"), 60)
    basis = basis()


class ClosingForm(forms.Form):
    """Why a category ends."""

    basis = basis()


class WordForm(forms.Form):
    """A word and its weight, for a category known from the address."""

    word = line(gettext_lazy("关键词"), 30, help_text=gettext_lazy("群众常用的说法，至少两个字。"))
    weight = number(gettext_lazy("权重"), most=10, help_text=gettext_lazy("1 到 10，越专指越大。"))


class DutyForm(forms.Form):
    """A row of the duty catalogue."""

    category = choice(gettext_lazy("类别"), [])
    region = line(
        gettext_lazy("地区"), 12, help_text=gettext_lazy("填区划代码，如 211421；选上级地区，则覆盖其下各地。")
    )
    unit = UnitField(label=gettext_lazy("承办单位"))
    valid_from = day(gettext_lazy("生效日期"))
    basis = basis()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = choices.categories()  # type: ignore[attr-defined]
        self.fields["region"].widget.attrs["list"] = "regions"

    def clean_region(self) -> str:
        """The code, also when the row of the list was typed as it stands: 211421 绥中县."""
        return str(self.cleaned_data["region"]).split()[0]

    def clean_valid_from(self) -> Any:
        """The day; today when empty."""
        return self.cleaned_data["valid_from"] or clocks.today()


class EndForm(forms.Form):
    """The last day of a duty or a limit; today when empty."""

    on = day(gettext_lazy("最后一天"))

    def clean_on(self) -> Any:
        """The day; today when empty."""
        return self.cleaned_data["on"] or clocks.today()


class LimitForm(forms.Form):
    """A limit."""

    code = choice(gettext_lazy("环节"), codes.ClockCode.choices)
    kind = forms.ChoiceField(label=gettext_lazy("诉求种类"), choices=[("", ANY), *codes.Kind.choices], required=False)
    urgency = forms.ChoiceField(
        label=gettext_lazy("紧急程度"), choices=[("", ANY), *codes.Urgency.choices], required=False
    )
    region = line(gettext_lazy("地区"), 12, required=False, help_text=gettext_lazy("填区划代码，留空为全网通用。"))
    amount = number(gettext_lazy("时限"), most=1000)
    unit = choice(gettext_lazy("单位"), [(unit.value, name) for unit, name in UNITS.items()])
    valid_from = day(gettext_lazy("生效日期"), help_text=gettext_lazy("今天或以后，不填就是今天。"))
    basis = basis()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].widget.attrs["list"] = "regions"

    def clean_region(self) -> str:
        """The code, or nothing."""
        return (str(self.cleaned_data["region"]).split() or [""])[0]

    def clean_valid_from(self) -> Any:
        """The day; today when empty."""
        return self.cleaned_data["valid_from"] or clocks.today()


class DutyFilter(forms.Form):
    """Which duties are looked at; what cannot be read narrows nothing."""

    category = forms.ChoiceField(label=gettext_lazy("类别"), required=False)
    region = forms.ChoiceField(label=gettext_lazy("地区"), required=False)
    unit = UnitField(label=gettext_lazy("承办单位"), required=False, help_text="")
    over = forms.BooleanField(label=gettext_lazy("也看已经结束的"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = choices.categories(ANY)  # type: ignore[attr-defined]
        self.fields["region"].choices = [("", ANY), *choices.regions()]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters as `reports.catalogue.duties` takes them."""
        self.is_valid()
        unit = self.cleaned_data.get("unit")
        return {
            "category": self.cleaned_data.get("category", ""),
            "region": self.cleaned_data.get("region", ""),
            "unit": directory.unit(unit).id if unit else None,
            "over": self.cleaned_data.get("over", False),
        }


class WordFilter(forms.Form):
    """Which keywords are looked at."""

    q = line(gettext_lazy("关键词"), 30, required=False)
    category = forms.ChoiceField(label=gettext_lazy("类别"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = choices.categories(ANY)  # type: ignore[attr-defined]

    @property
    def chosen(self) -> dict[str, str]:
        """The filters as `reports.catalogue.words` takes them."""
        self.is_valid()
        return {"q": self.cleaned_data.get("q", "").strip(), "category": self.cleaned_data.get("category", "")}


class TrialForm(forms.Form):
    """A sentence to try the rules on."""

    text = words(gettext_lazy("一段诉求"), 3000, help_text=gettext_lazy("写几句群众的话，看目录会怎样建议；不会保存。"))
    region = forms.ChoiceField(label=gettext_lazy("事发地区"))
    respondent = UnitField(label=gettext_lazy("被反映单位"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = choices.regions()  # type: ignore[attr-defined]


class SimulationForm(forms.Form):
    """Over which past cases the present rules are run."""

    since = forms.DateField(label=gettext_lazy("来件日期从"))
    until = forms.DateField(label=gettext_lazy("到"))
    region = forms.ChoiceField(label=gettext_lazy("地区"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = [("", ANY), *choices.regions()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """From before to."""
        found = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if since and until and not since <= until <= since + timedelta(days=3660):
            self.add_error("until", _("结束日期应当在开始日期之后，相隔不超过十年。"))
        return found


class ImportForm(forms.Form):
    """A file of the duty catalogue; `rows` after validation."""

    file = forms.FileField(
        label=gettext_lazy("要导入的文件"), help_text=gettext_lazy("xlsx 或 csv，最大 10 MB，5,000 行。")
    )

    def clean_file(self) -> Any:
        """The file, read: its rows are in `rows`."""
        file = self.cleaned_data["file"]
        try:
            if (file.size or 0) > sheets.MOST_BYTES:  # before reading it: 200 MB need not pass through memory
                raise Refused("file", _("文件超过 10 MB。请拆成几个文件，分次上传。"))  # noqa: TRY301
            self.rows = read_duties(file.name or "", file.read())
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence, code=refusal.code) from refusal
        return file


def read_duties(name: str, data: bytes) -> list[ImportRow]:
    """The filled rows of a duty catalogue file. Raises Refused when it is not one."""
    facts = {column.heading: column.fact for column in duties.COLUMNS}
    needed = {column.heading for column in duties.COLUMNS if column.needed}
    found: list[ImportRow] = []
    for table in sheets.read(name, data, most=duties.MOST_ROWS):
        headings = [cell.rstrip("*＊ ") for cell in table.rows[0][1]]
        if not needed <= set(headings):
            missing = "、".join(sorted(needed - set(headings)))
            sentence = _("第一行缺少这些列：%(columns)s。请下载现行目录，在它上面修改，不要改动第一行。")
            raise Refused("file", sentence % {"columns": missing}, field="file")
        for number_, cells in table.rows[1:]:
            texts = {facts[head]: cell for head, cell in zip(headings, cells, strict=False) if facts.get(head)}
            found.append(ImportRow(number_, texts))
    if not found:
        raise Refused("file", _("文件里没有数据行。请在表头下面填写，一行一条。"), field="file")
    return found
