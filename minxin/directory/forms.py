"""What people fill in and upload, turned into typed values. Forms look at shape; meaning is the rules' business."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import openpyxl
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from python_calamine import CalamineError, CalamineWorkbook

from minxin.directory import reports, rules
from minxin.directory.actions import imports
from minxin.directory.actions.imports import ImportRow
from minxin.directory.rules import Officer, Role, UnitKind
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger
from minxin.ledger import rules as ledger_rules

# --- import files

IMPORT_BYTES = 10 * 1024 * 1024
UNPACKED_BYTES = 100 * 1024 * 1024  # an honest sheet of 5,000 rows unpacks to a few MB

_BY_HEADINGS = {frozenset(column.heading for column in sheet.columns): key for key, sheet in imports.SHEETS.items()}


def read_import(name: str, data: bytes) -> list[ImportRow]:
    """The filled rows of an XLSX or CSV file (UTF-8 with or without BOM, GBK); Refused says what is wrong with it."""
    if len(data) > IMPORT_BYTES:
        _refuse(_("文件超过 10 MB。请按县区拆成几个文件，分次上传。"))
    if not data.strip():
        _refuse(_("文件是空的，请选择填好的模板。"))
    tables = _sheets(data) if data[:4] == b"PK\x03\x04" else [("", _lines(name, data))]
    rows = [row for title, table in tables for row in _rows(title, table)]
    if not rows:
        _refuse(_("文件里没有数据行。请在模板的表头下面填写，一行一条。"))
    if len(rows) > imports.IMPORT_ROWS:
        sentence = _("一次最多导入 %(most)s 行，这个文件有 %(count)s 行，请拆成几个文件。")
        _refuse(sentence % {"most": imports.IMPORT_ROWS, "count": len(rows)})
    return rows


def _refuse(sentence: str) -> None:
    raise Refused("file", sentence, field="file")


def _sheets(data: bytes) -> list[tuple[str, list[list[str]]]]:
    """Name and cells of each sheet of a workbook; merged cells are refused, for only the first of them has a value."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_BYTES:
                _refuse(_("这个文件展开后过大，无法读取。请用模板另存一份，只保留需要导入的行。"))
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        found = []
        for title in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(title)
            if sheet.merged_cell_ranges:
                _refuse(_("工作表“%(title)s”里有合并单元格。请取消合并，每格都填上内容，再上传。") % {"title": title})
            found.append((title, [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]))
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError):
        _refuse(_("这个文件打不开，可能已损坏或不是表格。请用 Excel 或 WPS 另存为 xlsx 再上传。"))
    return found


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _lines(name: str, data: bytes) -> list[list[str]]:
    if not name.lower().endswith((".csv", ".txt")):
        _refuse(_("只能导入 xlsx 或 csv 文件。请下载模板，填好后上传。"))
    text = ""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if not text or "\x00" in text:
        _refuse(_("看不懂这个文件的文字编码。请另存为 UTF-8 或 GBK 编码的 csv，或改用 xlsx。"))
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        _refuse(_("这个 csv 文件的格式有误，可能有一格过长或引号不成对。请用模板重新另存。"))
    return []


def _rows(title: str, table: list[list[str]]) -> Iterator[ImportRow]:
    filled = [(number, row) for number, row in enumerate(table, start=1) if any(cell.strip() for cell in row)]
    if not filled:
        return
    headings = [cell.strip().rstrip("*＊ ") for cell in filled[0][1]]
    key = next((key for known, key in _BY_HEADINGS.items() if set(headings) - {""} <= known and headings), None)
    if key is None or not _needed(key) <= set(headings):
        sentence = _("工作表“%(title)s”的表头不是单位、岗位或人员模板的表头。请下载模板，不要改动第一行。")
        _refuse(sentence % {"title": title or "csv"})
        return
    facts = {column.heading: column.fact for column in imports.SHEETS[key].columns}
    for number, row in filled[1:]:
        cells = zip(headings, row, strict=False)
        yield ImportRow(key, number, {facts[heading]: cell[:2000] for heading, cell in cells if heading})


def _needed(key: str) -> set[str]:
    return {column.heading for column in imports.SHEETS[key].columns if column.needed}


def template() -> bytes:
    """An XLSX file to fill in: one sheet per kind of row, headings (needed ones with *) and an example row."""
    book: Any = openpyxl.Workbook()  # type: ignore[attr-defined,no-untyped-call]
    book.remove(book.active)
    for sheet in imports.SHEETS.values():
        page = book.create_sheet(sheet.name)
        page.append([column.heading + ("*" if column.needed else "") for column in sheet.columns])
        page.append([column.example for column in sheet.columns])
        for number, column in enumerate(sheet.columns, start=1):
            page.column_dimensions[chr(ord("A") + number - 1)].width = max(14, 2 * len(column.heading) + 4)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


class ImportForm(forms.Form):
    """A file of units, posts and people; `rows` after validation."""

    file = forms.FileField(label=gettext_lazy("要导入的文件"), help_text=gettext_lazy("xlsx 或 csv，最大 10 MB。"))

    def clean_file(self) -> Any:
        """The file, read: its rows are in `rows`."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > IMPORT_BYTES:  # before reading it: 200 MB need not pass through memory
            raise forms.ValidationError(_("文件超过 10 MB。请按县区拆成几个文件，分次上传。"))
        try:
            self.rows = read_import(file.name or "", file.read())
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence, code=refusal.code) from refusal
        return file


# --- units and posts


def _choices(names: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    return [("", gettext_lazy("请选择")), *((member.value, name) for member, name in names.items())]


class UnitForm(forms.Form):
    """A unit to be opened below another."""

    code = forms.CharField(label=gettext_lazy("单位代码"), max_length=40)
    name = forms.CharField(label=gettext_lazy("单位名称"), max_length=120)
    short_name = forms.CharField(label=gettext_lazy("简称"), max_length=40, required=False)
    kind = forms.TypedChoiceField(label=gettext_lazy("单位类型"), choices=_choices(rules.KINDS), coerce=UnitKind)
    region = forms.CharField(
        label=gettext_lazy("区划代码"), max_length=12, help_text=gettext_lazy("如 211421，乡镇用九位码。")
    )
    line_parent = forms.CharField(label=gettext_lazy("条线上级的单位代码"), max_length=40, required=False)
    is_centre = forms.BooleanField(label=gettext_lazy("这是本地区的网络中心"), required=False)
    uscc = forms.CharField(label=gettext_lazy("统一社会信用代码"), max_length=20, required=False)


class RenameForm(forms.Form):
    """A unit's new name."""

    name = forms.CharField(label=gettext_lazy("单位名称"), max_length=120)
    short_name = forms.CharField(label=gettext_lazy("简称"), max_length=40, required=False)


class RegisterForm(forms.Form):
    """What a unit is registered as."""

    kind = forms.TypedChoiceField(label=gettext_lazy("单位类型"), choices=_choices(rules.KINDS), coerce=UnitKind)
    short_name = forms.CharField(label=gettext_lazy("简称"), max_length=40, required=False)
    uscc = forms.CharField(label=gettext_lazy("统一社会信用代码"), max_length=20, required=False)


class MoveForm(forms.Form):
    """A unit's new place: parent by territory, parent by trade."""

    parent = forms.CharField(label=gettext_lazy("新的上级单位代码"), max_length=40)
    line_parent = forms.CharField(label=gettext_lazy("条线上级的单位代码"), max_length=40, required=False)


class LineForm(forms.Form):
    """A unit's line page; `answers_by` is one of the unit's posts."""

    duty_phone = forms.CharField(label=gettext_lazy("值班电话"), max_length=40, required=False)
    hours = forms.CharField(label=gettext_lazy("服务时间"), max_length=120, required=False)
    about = forms.CharField(label=gettext_lazy("受理哪些事项"), max_length=2000, required=False, widget=forms.Textarea)
    answers_by = forms.TypedChoiceField(
        label=gettext_lazy("由谁负责"), required=False, coerce=int, empty_value=None, choices=[]
    )

    def __init__(self, *args: Any, posts: Iterable[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["answers_by"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", gettext_lazy("请选择")), *posts]


class PostForm(forms.Form):
    """A post to be opened."""

    role = forms.TypedChoiceField(
        label=gettext_lazy("岗位角色"),
        coerce=Role,
        choices=_choices({role: name for role, name in rules.ROLES.items() if role not in rules.PSEUDO}),
    )
    title = forms.CharField(label=gettext_lazy("岗位名称"), max_length=60, required=False)
    section = forms.CharField(label=gettext_lazy("科室"), max_length=60, required=False)


# --- people


class PersonForm(forms.Form):
    """An account to be made."""

    username = forms.CharField(label=gettext_lazy("用户名"), max_length=60)
    label = forms.CharField(label=gettext_lazy("姓名或工号"), max_length=60)
    unit = forms.CharField(label=gettext_lazy("所在单位代码"), max_length=40)


class AppointForm(forms.Form):
    """An appointment to one of the unit's posts."""

    post = forms.TypedChoiceField(label=gettext_lazy("岗位"), coerce=int, choices=[])
    from_on = forms.DateField(label=gettext_lazy("任职日期"), required=False)
    until_on = forms.DateField(label=gettext_lazy("结束日期"), required=False)

    def __init__(self, *args: Any, posts: Iterable[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["post"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", gettext_lazy("请选择")), *posts]


class HoldForm(AppointForm):
    """An appointment to one of the unit's posts, of anybody in the network."""

    person = forms.CharField(
        label=gettext_lazy("任职人的用户名"), max_length=60, help_text=gettext_lazy("账号可以在别的单位。")
    )
    field_order = ("person", "post", "from_on", "until_on")


class HandOverForm(forms.Form):
    """Who takes over."""

    to = forms.CharField(label=gettext_lazy("接手人的用户名"), max_length=60)


# --- regions


class RegionForm(forms.Form):
    """A town or village to be opened."""

    code = forms.CharField(
        label=gettext_lazy("区划代码"),
        max_length=12,
        help_text=gettext_lazy("统计用区划代码：乡镇九位，村和社区十二位。"),
    )
    name = forms.CharField(label=gettext_lazy("名称"), max_length=60)
    valid_from = forms.DateField(label=gettext_lazy("启用日期"), required=False)


class RegionNameForm(forms.Form):
    """A region's new name."""

    name = forms.CharField(label=gettext_lazy("新名称"), max_length=60)
    on = forms.DateField(label=gettext_lazy("更名日期"), required=False, help_text=gettext_lazy("不填就是今天。"))


class RegionEndForm(forms.Form):
    """The first day without a region."""

    on = forms.DateField(label=gettext_lazy("撤销日期"), required=False, help_text=gettext_lazy("不填就是今天。"))


# --- the auditor's log

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
_NO_DAY = {"invalid": gettext_lazy("请写成 2026-03-07 这样的日期。")}
OFFICES = 200  # units that one search for an office may stand for


class LogForm(forms.Form):
    """What of the log is asked for: all of it, when nothing is filled in."""

    about = forms.CharField(
        label=gettext_lazy("关于"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("编号、单位代码或用户名")}),
    )
    verb = forms.ChoiceField(label=gettext_lazy("动作"), required=False)
    office = forms.CharField(label=gettext_lazy("经办单位"), max_length=80, required=False)
    since = forms.DateField(label=gettext_lazy("从"), required=False, error_messages=_NO_DAY)
    until = forms.DateField(label=gettext_lazy("到"), required=False, error_messages=_NO_DAY)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted((ledger_rules.verb_label(verb), verb) for verb in ledger.verbs())
        field = self.fields["verb"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", gettext_lazy("全部")), *((verb, name) for name, verb in names)]

    def clean(self) -> dict[str, Any]:
        """Days in order, and of our time."""
        facts = self.cleaned_data
        for name in ("since", "until"):
            if facts.get(name) and not FIRST_DAY <= facts[name] <= LAST_DAY:
                self.add_error(name, _("请填写 2000 年以后的日期。"))
        if facts.get("since") and facts.get("until") and facts["since"] > facts["until"]:
            self.add_error("until", _("结束日期不能早于开始日期。"))
        return facts

    def narrow(self, by: Officer) -> ledger.Narrow:
        """The question to the ledger, inside the reach of `by`. A form with mistakes asks for nothing."""
        if not self.is_valid():
            return ledger.Narrow(streams=frozenset())
        facts = self.cleaned_data
        offices = reports.search_units(facts["office"], limit=OFFICES) if facts["office"] else None
        return ledger.Narrow(
            streams=reports.log_streams(facts["about"]) if facts["about"] else None,
            verb=facts["verb"],
            units=None if offices is None else frozenset(unit.id for unit in offices),
            within=reports.log_reach(by),
            since=facts["since"],
            until=facts["until"],
        )
