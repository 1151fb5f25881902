"""What the pipe's desk sends: plans by line, payments by row, contracts, reviews and what is chosen in a list."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.disclosures.actions.asking import NewPayment
from minxin.disclosures.actions.payees import NewPayee
from minxin.disclosures.reports import payees
from minxin.disclosures.reports.asked import Typed
from minxin.disclosures.reports.lines import DeskLine
from minxin.disclosures.reports.payees import Known
from minxin.disclosures.reports.plans import PlanLine
from minxin.disclosures.rules.codes import PayeeKind, PayMode, RequestStage, SettleMode
from minxin.kernel import money, refs
from minxin.kernel.errors import Refused
from minxin.ui import fields, words

FIRST_ROWS, MORE_ROWS, MOST_ROWS = 3, 5, 40  # of a request by hand; more rows come by the API
_ANY = [("", gettext_lazy("全部"))]
_CHOOSE = [("", gettext_lazy("请选择"))]
_NO_LINE = {"invalid_choice": gettext_lazy("这条指标今年没有可用的额度，请重新选择。")}
_LAST_DIGITS = gettext_lazy("付过的收款人可以不填账号和开户银行，系统用登记过的。")


def _day(label: Any, **options: Any) -> forms.DateField:
    wrong = {"invalid": gettext_lazy("请按 2006-03-07 的样子填写日期。")}
    return forms.DateField(label=label, widget=forms.DateInput, error_messages=wrong, **options)


class _PayeeForm(forms.Form):
    """Whom to pay."""

    use_required_attribute = False

    payee_kind = forms.ChoiceField(
        label=gettext_lazy("收款人类别"), choices=PayeeKind.choices, initial=PayeeKind.FIRM.value
    )
    name = forms.CharField(label=gettext_lazy("收款人名称"), max_length=120)
    account = forms.CharField(label=gettext_lazy("收款账号"), max_length=60, required=False)
    bank = forms.CharField(label=gettext_lazy("开户银行"), max_length=80, required=False)
    uscc = forms.CharField(label=gettext_lazy("统一社会信用代码"), max_length=30, required=False)

    def payee(self, known: Mapping[str, Sequence[Known]]) -> NewPayee:
        """As typed, the account from the register when it was left to it."""
        typed = self.cleaned_data
        name, account = " ".join(typed["name"].split()), typed["account"].strip()
        found = payees.recalled(name, account, known.get(name, ()))
        if found is not None and (not account or account.startswith(payees.HIDDEN)):
            return NewPayee(typed["payee_kind"], name, found.account, typed["bank"] or found.bank, typed["uscc"])
        return NewPayee(typed["payee_kind"], name, account, typed["bank"], typed["uscc"])


class PaymentForm(_PayeeForm):
    """One row of a payment request."""

    line = forms.ChoiceField(label=gettext_lazy("指标"), error_messages=_NO_LINE)
    amount = fields.YuanField(label=gettext_lazy("金额（元）"))
    purpose = forms.CharField(label=gettext_lazy("用途"), max_length=120)
    contract = forms.CharField(label=gettext_lazy("合同编号"), max_length=60, required=False)
    settle = forms.ChoiceField(
        label=gettext_lazy("结算方式"), choices=SettleMode.choices, initial=SettleMode.TRANSFER.value
    )
    external_id = forms.CharField(label=gettext_lazy("单位编号"), max_length=60, required=False)
    dropped = forms.BooleanField(label=gettext_lazy("这一笔不要"), required=False)

    _TYPED = ("amount", "purpose", "contract", "name", "account", "bank", "uscc", "external_id", "line")

    def __init__(self, *args: Any, lines: Sequence[DeskLine], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["line"].choices = line_choices(lines)  # type: ignore[attr-defined]
        self.fields["contract"].widget.attrs["list"] = "contracts"
        self.fields["name"].widget.attrs["list"] = "payees"
        self.label_suffix = ""

    @property
    def touched(self) -> bool:
        """Whether something stands in it."""
        return any(str(self[name].value() or "").strip() for name in self._TYPED)

    @property
    def blank(self) -> bool:
        """Whether it does not count: nothing is typed in it, or it is not wanted."""
        return bool(self["dropped"].value()) or not self.touched

    def full_clean(self) -> None:
        """Nothing is wrong with a row that does not count."""
        if self.is_bound and self.blank:
            self._errors, self.cleaned_data = ErrorDict(), {}
        else:
            super().full_clean()

    def payment(self, known: Mapping[str, Sequence[Known]]) -> NewPayment:
        """What to ask for."""
        typed = self.cleaned_data
        return NewPayment(
            line=typed["line"],
            amount=typed["amount"],
            purpose=typed["purpose"],
            contract=typed["contract"],
            settle=typed["settle"],
            external_id=typed["external_id"],
            **{"payee_kind" if key == "kind" else key: value for key, value in asdict(self.payee(known)).items()},
        )


class PaymentRows:
    """The rows of a request as they are typed: a page of PaymentForm, the untouched ones counting for nothing."""

    def __init__(
        self,
        lines: Sequence[DeskLine],
        *,
        data: QueryDict | None = None,
        given: Sequence[dict[str, Any]] = (),
        least: int = FIRST_ROWS,
    ) -> None:
        self.general: list[str] = []
        size = max(least, len(given)) if data is None else _size(data.get("rows", ""))
        if data is not None and "more" in data:  # what was typed so far begins the longer form; nothing is judged yet
            names = PaymentForm.base_fields
            given = [{name: data.get(f"r{number}-{name}", "") for name in names} for number in range(size)]
            data, size = None, min(size + MORE_ROWS, MOST_ROWS)
        first = [*given, *[{}] * (size - len(given))]
        self.forms = [
            PaymentForm(data, prefix=f"r{number}", lines=lines, initial=first[number] if data is None else None)
            for number in range(size)
        ]

    def __iter__(self) -> Iterator[PaymentForm]:
        return iter(self.forms)

    @property
    def used(self) -> list[PaymentForm]:
        """The rows that count, in order: they are numbers 1, 2, … of the request."""
        return [form for form in self.forms if not form.blank]

    @property
    def full(self) -> bool:
        """Whether no more rows can be added."""
        return len(self.forms) >= MOST_ROWS

    @property
    def fen(self) -> int:
        """The sum of the amounts that are in shape."""
        rows = (form["amount"].value() for form in self.used)
        return sum(_fen(str(typed)) for typed in rows if typed)

    def is_valid(self) -> bool:
        """Whether something is typed and every row of it is in shape."""
        valid = [form.is_valid() for form in self.used]  # all of them: every row shows what is wrong with it
        if not valid:
            self.general.append(_("请至少填写一笔支付。"))
        return bool(valid) and all(valid)

    def names(self) -> set[str]:
        """The names of the payees."""
        return {" ".join(form.cleaned_data["name"].split()) for form in self.used}

    def refuse(self, refusal: Refused) -> None:
        """Set a refusal of the action beside the field of the row that it names, without its row number."""
        number, _dot, name = (refusal.field or "").partition(".")
        used = self.used
        cause = refusal.__cause__
        sentence = cause.sentence if isinstance(cause, Refused) else refusal.sentence
        if number.isdecimal() and 0 < int(number) <= len(used):
            form = used[int(number) - 1]
            form.add_error(name if name in form.fields else None, sentence)
        else:
            self.general.append(refusal.sentence)

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        """(link, where, sentence) of everything that is wrong, for the head of the page."""
        found = []
        for place, form in enumerate(self.forms, 1):
            if form.blank or not form.is_bound:
                continue
            where = _("第 %(row)d 笔") % {"row": place}
            for name in form.errors:
                known = name in form.fields
                href = f"#{fields.anchor(form[name])}" if known else f"#{form.prefix}"
                said = fields.faults(form[name]) if known else form.non_field_errors()
                label = f"{where} · {form[name].label}" if known else where
                found += [(href, label, str(sentence)) for sentence in said]
        return found


def key(typed: str) -> int | None:
    """A whole number of an address or a hidden field; None for anything else."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else None


def given(row: Typed) -> dict[str, Any]:
    """A row of a returned request as its form begins."""
    return asdict(row) | {"amount": money.written(int(row.amount * 100))}


def line_choices(lines: Sequence[DeskLine]) -> list[Any]:
    """A unit's lines with what they have left, those of one way of paying together: a request takes one way."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        left = _("可用 %(left)s 元") % {"left": money.written(line.to_request_fen)}
        words = f"{line.name}（{left}，{line.ref}）"
        groups.setdefault(str(PayMode(line.mode).label), []).append((line.ref, words))
    return [*_CHOOSE, *groups.items()]


class PlanForm(forms.Form):
    """A month's plan: an amount for each of a unit's lines, those left empty not planned."""

    use_required_attribute = False

    month = forms.TypedChoiceField(label=gettext_lazy("计划月份"), coerce=date.fromisoformat)

    def __init__(self, *args: Any, lines: Sequence[DeskLine], year: int, **more: Any) -> None:
        super().__init__(*args, **more)
        months = [date(year, month, 1) for month in range(1, 13)]
        self.fields["month"].choices = [(day.isoformat(), words.month(day)) for day in months]  # type: ignore[attr-defined]
        self.lines = lines
        for line in lines:
            self.fields[line.ref] = fields.YuanField(label=line.name, required=False)
            self.fields[line.ref].widget.attrs |= {"aria-label": _("%(name)s 的计划金额（元）") % {"name": line.name}}

    @property
    def rows(self) -> list[tuple[DeskLine, forms.BoundField]]:
        """Each line with its field."""
        return [(line, self[line.ref]) for line in self.lines]

    @property
    def amounts(self) -> dict[str, Decimal]:
        """Yuan by line, of those with an amount."""
        typed = {line.ref: self.cleaned_data.get(line.ref) for line in self.lines}
        return {ref: amount for ref, amount in typed.items() if amount is not None}


class ChosenPlans(forms.Form):
    """The units whose plans of a month are approved."""

    finance = forms.CharField(max_length=40)
    month = forms.DateField()
    units = forms.MultipleChoiceField(
        label=gettext_lazy("单位"), error_messages={"required": gettext_lazy("请先勾选单位，再点按钮。")}
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        sent = [code[:40] for code in data.getlist("units")][:1000] if data is not None else []
        self.fields["units"].choices = [(code, code) for code in sent]  # type: ignore[attr-defined]


class IssuedPlans(ChosenPlans):
    """The same, by a notice with its number."""

    doc_no = forms.CharField(label=gettext_lazy("通知文号"), max_length=60)


class ReasonForm(forms.Form):
    """Why something is returned or made void; it is kept and shown."""

    reason = forms.CharField(
        label=gettext_lazy("原因"),
        max_length=200,
        widget=forms.Textarea,
        help_text=gettext_lazy("和记录一起保存，对方看得到。"),
    )


class VoidedPlans(ChosenPlans, ReasonForm):
    """The units whose plans of a month are made void, and why."""


class WithdrawnPlans(ReasonForm):
    """The month of which a unit takes its plans back, and why."""

    unit = forms.CharField(max_length=40)
    month = forms.DateField()


class ReducedPlan(ReasonForm):
    """What of an issued allotment that nobody has asked for is taken back, and why."""

    line = forms.ChoiceField(label=gettext_lazy("指标"))
    amount = fields.YuanField(label=gettext_lazy("收回金额（元）"))

    field_order = ("line", "amount", "reason")

    def __init__(self, data: QueryDict | None = None, *, rows: Sequence[PlanLine]) -> None:
        super().__init__(data, auto_id="id_reduce_%s")
        left = {row.line: row for row in rows if row.unused_fen > 0}
        words = _("没有动用 %(left)s 元")
        self.fields["line"].choices = [  # type: ignore[attr-defined]
            *_CHOOSE,
            *((ref, f"{row.name}（{words % {'left': money.written(row.unused_fen)}}）") for ref, row in left.items()),
        ]


class ContractForm(_PayeeForm):
    """A contract to register."""

    line = forms.ChoiceField(label=gettext_lazy("指标"), error_messages=_NO_LINE)
    contract_no = forms.CharField(label=gettext_lazy("合同编号"), max_length=60)
    title = forms.CharField(label=gettext_lazy("合同名称"), max_length=120)
    amount = fields.YuanField(label=gettext_lazy("合同金额（元）"))
    signed_on = _day(gettext_lazy("签订日期"))
    published_on = _day(
        gettext_lazy("公告日期"), required=False, help_text=gettext_lazy("公告以后才能支付，可以之后再登记。")
    )

    field_order = ("line", "contract_no", "title", "amount", "signed_on", "published_on")

    def __init__(self, *args: Any, lines: Sequence[DeskLine], **more: Any) -> None:
        super().__init__(*args, **more)
        left = [(line.ref, f"{line.name}（{line.ref}）") for line in lines]
        self.fields["line"].choices = [*_CHOOSE, *left]  # type: ignore[attr-defined]
        self.fields["account"].help_text = _LAST_DIGITS
        self.fields["name"].widget.attrs["list"] = "payees"

    def contract(self, known: Mapping[str, Sequence[Known]]) -> dict[str, Any]:
        """What to sign."""
        own = ("line", "contract_no", "title", "amount", "signed_on", "published_on")
        return {name: self.cleaned_data[name] for name in own} | {"payee": self.payee(known)}


class AnnounceForm(forms.Form):
    """The day on which a contract was announced."""

    on = _day(gettext_lazy("公告日期"))


class AmendForm(forms.Form):
    """A contract's new amount."""

    amount = fields.YuanField(label=gettext_lazy("变更后的金额（元）"))


class LinesAsked(forms.Form):
    """Which of a unit's lines to list. What is wrong is left out, so that an old link never fails."""

    function = forms.ChoiceField(label=gettext_lazy("功能科目"), required=False)
    q = forms.CharField(label=gettext_lazy("查找"), max_length=60, required=False)

    def __init__(self, data: QueryDict, *, functions: Collection[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["function"].choices = [*_ANY, *functions]  # type: ignore[attr-defined]


class RequestsAsked(forms.Form):
    """Which requests to list, or the number of the one to open."""

    ref = forms.CharField(label=gettext_lazy("编号"), max_length=40, required=False)
    unit = forms.CharField(label=gettext_lazy("单位"), max_length=60, required=False)
    stage = forms.ChoiceField(
        label=gettext_lazy("进度"),
        choices=[*_ANY, *[pair for pair in RequestStage.choices if pair[0] != RequestStage.DRAFT]],
        required=False,
    )

    def clean_ref(self) -> str:
        """The number as it is written; what is wrong with it is said."""
        typed = self.cleaned_data["ref"].strip()
        try:
            return refs.written("SQ", *refs.parse("SQ", typed)) if typed else ""
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal


def _size(typed: str) -> int:
    number = key(typed)
    return FIRST_ROWS if number is None else max(1, min(number, MOST_ROWS))


def _fen(typed: str) -> int:
    try:
        return max(0, money.fen(typed))
    except Refused:
        return 0
