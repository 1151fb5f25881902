"""The public's forms: a filing in seven questions, and what may be done with a case by its number and code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from secrets import token_hex
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.cases.actions import following
from minxin.cases.reports import public
from minxin.cases.rules import codes, filing
from minxin.directory import reports as directory
from minxin.directory.rules import Level
from minxin.kernel import clocks, identifiers, money, text
from minxin.kernel.errors import Absent, Refused
from minxin.ui import fields

UNKNOWN = "unknown"
KIND_HINTS = {
    codes.Kind.COMPLAINT: gettext_lazy("有单位或人员做得不对，损害了您的利益。"),
    codes.Kind.REPORT: gettext_lazy("举报违纪违法。只有指定的纪检监察人员能看到，被举报的单位和人员看不到，也不公开。"),
    codes.Kind.ENQUIRY: gettext_lazy("想问政策、流程、找谁办。"),
    codes.Kind.HELP: gettext_lazy("遇到了困难，需要有人帮着解决。"),
    codes.Kind.SUGGESTION: gettext_lazy("有更好的办法，想提给有关单位。"),
    codes.Kind.PRAISE: gettext_lazy("办得好，想夸一夸。"),
    codes.Kind.OTHER: gettext_lazy("说不清是哪一类，由工作人员帮您归类。"),
}


class Words(forms.CharField):
    """A text as people write it: cleaned as it will be stored, with our own sentence when it is too long."""

    def __init__(self, *, most: int, lines: int = 1, **options: Any) -> None:
        self.most = most
        super().__init__(
            widget=forms.Textarea(attrs={"rows": lines, "data-limit": most}) if lines > 1 else forms.TextInput,
            **options,
        )

    def to_python(self, value: Any) -> str:
        """NFC, without control and direction marks; ValidationError when longer than `most`."""
        try:
            return text.clean(str(value or ""), limit=self.most, field="")
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal


def refuse(form: forms.Form, refusal: Refused) -> None:
    """Put a refusal at its field, or at the head of the form when it has none there."""
    name = refusal.field if refusal.field in form.fields else None
    if name is None or name not in form.errors:
        form.add_error(name, refusal.sentence)


class Kind(forms.Form):
    """1. What kind of matter it is."""

    kind = forms.ChoiceField(
        label=gettext_lazy("您要反映的是哪一类？"), choices=codes.Kind.choices, widget=forms.RadioSelect
    )


class What(forms.Form):
    """2. What happened."""

    title = Words(
        most=filing.TITLE,
        label=gettext_lazy("用一句话说说是什么事"),
        help_text=gettext_lazy("例如：学校拖欠三个月课时费。最多 60 个字。"),
    )
    text = Words(
        most=filing.TEXT,
        lines=10,
        label=gettext_lazy("把经过写下来"),
        help_text=gettext_lazy(
            "把五件事说清楚，办得最快：什么时间、什么地点、涉及谁、怎么回事、您找过谁以及对方怎么说。"
        ),
    )
    occurred_on = forms.DateField(
        label=gettext_lazy("事情发生在哪一天"),
        widget=forms.DateInput,
        required=False,
        error_messages={"invalid": gettext_lazy("请按年-月-日填写，例如 2026-03-07；记不清可以不填。")},
    )
    place = Words(
        most=200,
        required=False,
        label=gettext_lazy("具体地点"),
        help_text=gettext_lazy("街道、小区、单位门口等，方便上门查看。"),
    )


class Where(forms.Form):
    """3. Where: a city, then a county, or a place found by its name."""

    region_q = Words(most=40, required=False, label=gettext_lazy("输入市、县、区、乡镇的名字查找"))
    city = forms.ChoiceField(label=gettext_lazy("在哪个市？"), widget=forms.RadioSelect, required=False)
    county = forms.ChoiceField(label=gettext_lazy("在哪个县、市、区？"), widget=forms.RadioSelect, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = directory.regions()
        wide = [row for row in known if row.level in {Level.PROVINCE, Level.CITY}]
        cities = [(r.code, r.name if r.level == Level.CITY else _("%(name)s（省直）") % {"name": r.name}) for r in wide]
        _choose(self, "city", sorted(cities, key=lambda row: row[0].endswith("0000")))
        here = dict(cities)
        self.chosen = _given(self, "city") if _given(self, "city") in here else ""
        sought = _given(self, "region_q").strip()[:40]
        if sought:
            found = [row for row in known if sought in row.name and row.level != Level.PROVINCE][:12]
            choices = [(row.code, directory.region_name(row.code)) for row in found]
            kept = _given(self, "county")
            if kept and kept not in dict(choices) and directory.region_name(kept):
                choices.append((kept, directory.region_name(kept)))
            self.missed = not found
        else:
            inside = [row for row in known if row.parent == self.chosen and row.level == Level.COUNTY]
            choices = [(row.code, row.name) for row in inside]
            if self.chosen:
                choices.append((self.chosen, _("不清楚，或者是%(city)s的单位") % {"city": here[self.chosen]}))
            self.missed = False
        _choose(self, "county", choices)
        self.asks_county = bool(choices)

    def clean(self) -> dict[str, Any]:
        """`county` holds the place: it is asked once a city is chosen or a name was found."""
        cleaned = super().clean() or {}
        if not cleaned.get("county") and "county" not in self.errors:
            sentence = (
                _("请选择县、市、区；不清楚可以选最后一项。") if self.asks_county else _("请选择事情发生在哪个市。")
            )
            self.add_error("county" if self.asks_county else "city", sentence)
        return cleaned


class Whom(forms.Form):
    """4. Whom it is about: a unit found by its name, or not known; a person or office in one's own words."""

    unit_q = Words(
        most=60,
        required=False,
        label=gettext_lazy("输入单位名称查找"),
        help_text=gettext_lazy("写几个字就行，例如：绥中 财政。"),
    )
    unit = forms.ChoiceField(label=gettext_lazy("您反映的是哪个单位？"), widget=forms.RadioSelect, required=False)
    respondent_name = Words(
        most=120,
        required=False,
        label=gettext_lazy("涉及的人员或科室、窗口"),
        help_text=gettext_lazy("知道就写，例如：办税大厅 3 号窗口。名单里没有的单位也可以写在这里。"),
    )

    def __init__(self, *args: Any, region: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        sought = _given(self, "unit_q").strip()[:60]
        found = directory.search_units(sought, limit=12) if sought else _units_of(region)
        self.missed = bool(sought) and not found
        choices = [(unit.code, unit.name) for unit in found]
        kept = _given(self, "unit")
        if kept and kept != UNKNOWN and kept not in dict(choices) and (name := unit_name(kept)):
            choices.insert(0, (kept, name))
        _choose(self, "unit", [*choices, (UNKNOWN, _("不清楚，或者名单里没有，请网络中心判断"))])


class Category(forms.Form):
    """5. What it is about, on three levels; the centre decides where it is left open."""

    category = forms.ChoiceField(
        label=gettext_lazy("属于哪一类事？"),
        required=False,
        help_text=gettext_lazy("选得准能更快到对的单位；拿不准就不选，由网络中心归类。"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        groups: list[Any] = [("", _("请网络中心归类"))]
        for row in public.categories():
            if row.level == 1:
                groups.append((row.name, [(row.code, _("%(name)s（不再细分）") % {"name": row.name})]))
            elif len(groups) > 1:
                groups[-1][1].append((row.code, row.name if row.level == 2 else f"　{row.name}"))
        _choose(self, "category", groups)


class Wish(forms.Form):
    """6. What is wanted, how much money is at stake, and what proves it."""

    wanted = Words(
        most=filing.WANTED,
        lines=4,
        required=False,
        label=gettext_lazy("您希望怎样解决"),
        help_text=gettext_lazy("例如：补发欠发的课时费，并说明今后按月发放。"),
    )
    amount = Words(
        most=40,
        required=False,
        label=gettext_lazy("涉及金额（元）"),
        help_text=gettext_lazy("没有就不填，例如 429.00。"),
    )
    files = fields.FilesField(  # type: ignore[assignment]
        required=False,
        label=gettext_lazy("照片、录音、合同等材料"),
        help_text=gettext_lazy(
            "最多 8 个，每个不超过 10 MB，可以是图片、PDF、Word、Excel、录音和 MP4 视频。"
            "照片里的拍摄地点等信息会自动去掉。"
        ),
    )

    def clean_amount(self) -> Decimal | None:
        """Yuan to the fen, or nothing."""
        given = self.cleaned_data["amount"]
        try:
            return money.yuan(money.fen(given)) if given else None
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal


class Who(forms.Form):
    """7. Who files: reachable or anonymous, and what may be shown to whom."""

    identity = forms.ChoiceField(
        label=gettext_lazy("怎样和您联系？"),
        widget=forms.RadioSelect,
        choices=[
            ("contact", gettext_lazy("留下联系方式")),
            ("anonymous", gettext_lazy("匿名")),
        ],
        initial="contact",
    )
    name = Words(most=40, required=False, label=gettext_lazy("怎么称呼您"))
    phone = Words(most=40, required=False, label=gettext_lazy("电话"))
    email = Words(most=120, required=False, label=gettext_lazy("邮箱"))
    shares_identity = forms.BooleanField(
        required=False,
        label=gettext_lazy("可以把我的称呼和电话告诉办理单位"),
        help_text=gettext_lazy("不勾选，办理单位看不到您是谁，由本网替您转话。"),
    )
    consents = forms.BooleanField(
        required=False,
        label=gettext_lazy("办结后可以隐去个人信息公开这件事"),
        help_text=gettext_lazy("公开能帮到遇到同样问题的人；随时可以要求撤下。"),
    )
    shows_name = forms.BooleanField(required=False, label=gettext_lazy("公开时可以显示我的称呼"))
    restricted = forms.BooleanField(
        required=False,
        label=gettext_lazy("请为这件事保密"),
        help_text=gettext_lazy("不公开，也不出现在公开的台账明细里。"),
    )

    def clean_phone(self) -> str:
        """The number in one form."""
        try:
            return identifiers.phone(self.cleaned_data["phone"]) if self.cleaned_data["phone"] else ""
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal


class Check(forms.Form):
    """8. The last look; for those without script the answer to the small question."""

    sum = forms.CharField(required=False, max_length=20, label=gettext_lazy("答案"))


STEPS: Mapping[str, type[forms.Form]] = {
    "kind": Kind,
    "what": What,
    "where": Where,
    "whom": Whom,
    "category": Category,
    "wish": Wish,
    "who": Who,
    "check": Check,
}
ORDER = tuple(STEPS)
LABELS = {
    "kind": gettext_lazy("类别"),
    "what": gettext_lazy("经过"),
    "where": gettext_lazy("地点"),
    "whom": gettext_lazy("对象"),
    "category": gettext_lazy("归类"),
    "wish": gettext_lazy("诉求"),
    "who": gettext_lazy("联系"),
    "check": gettext_lazy("核对"),
}
# Where a refusal of the action belongs, when the field is not called the same.
_FIELDS = {"region": "county", "respondent": "unit", "anonymous": "identity"}
_NAMES = {name: step for step, form in STEPS.items() for name in form.base_fields if name not in {"files", "sum"}}
_ABOUT = {"about_ref": 200, "about_digest": 128}


@dataclass(frozen=True)
class Sheet:
    """A filing on its way: every answer as it was typed, the files in the tray, the step on the page, the key."""

    answers: Mapping[str, str] = field(default_factory=dict)
    tray: tuple[str, ...] = ()
    step: str = ORDER[0]
    key: str = ""

    @property
    def kind(self) -> str:
        """The kind chosen, or ""."""
        return self.answers.get("kind", "") if self.answers.get("kind", "") in codes.Kind.values else ""

    @property
    def region(self) -> str:
        """The region chosen, or ""."""
        return self.answers.get("county", "")

    def carried(self) -> list[tuple[str, str]]:
        """What the page of this step must carry along unseen."""
        shown = STEPS[self.step].base_fields
        return [(name, value) for name, value in self.answers.items() if name not in shown and value]

    def form(self, *, step: str = "", bound: bool = False, files: Any = None) -> forms.Form:
        """The form of a step, with what was answered; `bound` to be judged."""
        step = step or self.step
        options: dict[str, Any] = {"region": self.region} if step == "whom" else {}
        form = (
            STEPS[step](self.answers, files, **options)
            if bound
            else STEPS[step](initial={name: self.answers[name] for name in self.answers}, **options)
        )
        if step == "who" and self.kind == codes.Kind.REPORT:
            for name in ("shares_identity", "consents", "shows_name", "restricted"):
                del form.fields[name]
        return form


def blank(query: QueryDict) -> Sheet:
    """A new filing, with what the address brings: unit, kind, region, category, about, about_digest."""
    answers = {"about_ref": str(query.get("about", ""))[:200], "about_digest": str(query.get("about_digest", ""))[:128]}
    kind, code, region = (str(query.get(name, "")) for name in ("kind", "unit", "region"))
    if kind in codes.Kind.values:
        answers["kind"] = kind
    try:
        unit = directory.unit(code) if code else None
    except Absent:
        unit = None
    if unit is not None:
        answers["unit"], region = unit.code, unit.region[:6]
    if directory.region_name(region):
        answers |= {"county": region, "city": f"{region[:4]}00"}
    answers["category"] = str(query.get("category", ""))[:6]
    return Sheet({name: value for name, value in answers.items() if value}, key=token_hex(16))


def read(data: QueryDict) -> Sheet:
    """The filing as the page sent it: only names we know, nothing else."""
    answers = {name: data.get(name, "") for name in _NAMES if data.get(name)}
    answers |= {name: data.get(name, "")[:most] for name, most in _ABOUT.items() if data.get(name)}
    refs = [ref[:32] for ref in data.getlist("tray") if ref.isalnum()]
    step = data.get("step", "")
    return Sheet(
        answers=answers,
        tray=tuple(dict.fromkeys(refs))[: filing.FILES],
        step=step if step in STEPS else ORDER[0],
        key=data.get("key", "")[:64] or token_hex(16),
    )


def judge(sheet: Sheet, step: str) -> forms.Form:
    """The form of a step, judged: its shape, and what the rules of filing say about its fields."""
    form = sheet.form(step=step, bound=True)
    form.is_valid()
    for name, sentence in filing.problems(draft(sheet), today=clocks.today()).items():
        place = _FIELDS.get(name, name)
        if place in form.fields and place not in form.errors:
            form.add_error(place, sentence)
    return form


def step_of(name: str | None) -> str:
    """The step on which a field stands; the last one for anything else."""
    return _NAMES.get(_FIELDS.get(name or "", name or ""), "wish" if name == "files" else ORDER[-1])


def placed(refusal: Refused) -> Refused:
    """The refusal of an action at the field of our form."""
    return Refused(refusal.code, refusal.sentence, field=_FIELDS.get(refusal.field or "", refusal.field))


def draft(sheet: Sheet) -> filing.Draft:
    """The filing so far, typed; what is missing or wrong in shape is left at its default."""
    values: dict[str, Any] = {}
    for step in ORDER:
        form = sheet.form(step=step, bound=True)
        form.is_valid()
        values |= form.cleaned_data
    anonymous = values.get("identity") == "anonymous"
    contact = filing.Contact(values.get("name", ""), values.get("phone", ""), values.get("email", ""))
    return filing.Draft(
        kind=codes.Kind(values.get("kind") or codes.Kind.OTHER),
        title=values.get("title", ""),
        text=values.get("text", ""),
        region=values.get("county", ""),
        category=values.get("category", ""),
        respondent_id=_unit_id(values.get("unit", "")),
        respondent_name=values.get("respondent_name", ""),
        wanted=values.get("wanted", ""),
        place=values.get("place", ""),
        occurred_on=_day(values.get("occurred_on")),
        amount=values.get("amount"),
        contact=filing.Contact() if anonymous else contact,
        anonymous=anonymous,
        restricted=bool(values.get("restricted")),
        shows_name=bool(values.get("shows_name")) and not anonymous,
        consents=bool(values.get("consents")),
        shares_identity=bool(values.get("shares_identity")) and not anonymous,
        about_ref=sheet.answers.get("about_ref", ""),
        about_digest=sheet.answers.get("about_digest", ""),
    )


def rekeyed(sheet: Sheet) -> Sheet:
    """The same filing as a new one."""
    return replace(sheet, key=token_hex(16))


def unit_name(code: str) -> str:
    """The name of an open unit by its code; "" for none."""
    try:
        unit = directory.unit(code)
    except Absent:
        return ""
    return unit.name if unit.closed_on is None else ""


def _unit_id(code: str) -> int | None:
    try:
        return directory.unit(code).id if code and code != UNKNOWN else None
    except Absent:
        return None


def _units_of(region: str) -> list[Any]:
    """Units of that very region, for those who would rather pick than type."""
    if not region:
        return []
    units = [unit for unit in directory.tree().by_id.values() if unit.region == region and unit.closed_on is None]
    return sorted((unit for unit in units if not unit.is_centre), key=lambda unit: (len(unit.name), unit.code))[:12]


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) else None


def _given(form: forms.Form, name: str) -> str:
    source = form.data if form.is_bound else form.initial
    return str(source.get(name, "") or "")


def _choose(form: forms.Form, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
    chosen = form.fields[name]
    assert isinstance(chosen, forms.ChoiceField)
    chosen.choices = choices


# --- following a case


class Open(forms.Form):
    """The two things on the receipt that open a case."""

    ref = forms.CharField(max_length=80, label=gettext_lazy("编号"), help_text=gettext_lazy("例如 MX2026-0000123-8"))
    code = forms.CharField(
        max_length=80,
        label=gettext_lazy("查询码"),
        help_text=gettext_lazy("8 位字母和数字，大小写都可以。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class Say(forms.Form):
    """Words to those who handle the case, with files."""

    body = Words(most=following.WORDS, lines=5, label=gettext_lazy("您想说的"))
    files = fields.FilesField(  # type: ignore[assignment]
        required=False, label=gettext_lazy("材料"), help_text=gettext_lazy("最多 8 个，每个不超过 10 MB。")
    )


class Urge(forms.Form):
    """A word with the urging, or none."""

    body = Words(most=500, lines=3, required=False, label=gettext_lazy("想说的话"))


class Withdraw(forms.Form):
    """Taking a case back is confirmed, for the work on it ends."""

    reason = Words(most=500, lines=3, required=False, label=gettext_lazy("撤回的原因"))
    sure = forms.BooleanField(label=gettext_lazy("我确定要撤回，撤回后这一件不再办理"))


class Reason(forms.Form):
    """Why it must be looked at again."""

    reason = Words(most=following.REASON, lines=5, label=gettext_lazy("理由"))


_YES_NO = [("yes", gettext_lazy("是")), ("no", gettext_lazy("否"))]


class Rate(forms.Form):
    """Three questions: was there contact, is it solved, how satisfied; and why not."""

    contacted = forms.ChoiceField(label=gettext_lazy("办理单位联系过您吗？"), choices=_YES_NO, widget=forms.RadioSelect)
    solved = forms.ChoiceField(label=gettext_lazy("您的问题解决了吗？"), choices=_YES_NO, widget=forms.RadioSelect)
    satisfaction = forms.TypedChoiceField(
        label=gettext_lazy("您满意吗？"),
        choices=[(value, label) for value, label in reversed(codes.Satisfaction.choices)],
        coerce=int,
        widget=forms.RadioSelect,
    )
    reasons = forms.MultipleChoiceField(
        label=gettext_lazy("如果不满意，是因为"),
        help_text=gettext_lazy("选“不满意”或“非常不满意”时请勾选，可以多选。"),
        choices=codes.BadReason.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    comment = Words(most=following.REASON, lines=3, required=False, label=gettext_lazy("还想说的话"))


VERBS: Mapping[str, type[forms.Form]] = {
    "add": Say,
    "supply": Say,
    "urge": Urge,
    "withdraw": Withdraw,
    "rate": Rate,
    "request_redo": Reason,
    "request_review": Reason,
    "request_recheck": Reason,
}
