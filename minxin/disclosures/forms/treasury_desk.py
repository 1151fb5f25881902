"""What is typed and uploaded at the payment centre's and the agent bank's desks."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory.rules import UnitRef
from minxin.disclosures.reports.treasury_days import Register
from minxin.disclosures.reports.treasury_desk import Narrow
from minxin.disclosures.rules.codes import DifferenceKind, OrderStage, VoucherKind
from minxin.disclosures.rules.vouchers import MOST_BYTES
from minxin.kernel import clocks
from minxin.ui import fields

_ANY = [("", gettext_lazy("全部"))]
_DAY = {"invalid": gettext_lazy("请按年-月-日填写，例如 2026-03-07。")}
MOST_FILES = 10


class ReceiptsForm(forms.Form):
    """The bank's vouchers, several at once."""

    receipts = fields.FilesField(
        label=gettext_lazy("回单文件"),
        help_text=gettext_lazy(
            "电子凭证 XML，可一次选多个：2301 支付回单、2302 退款回单、3502 对账单，或签收后退回的 5201、8202。"
            "每个最大 16 MB。"
        ),
    )

    def clean_receipts(self) -> list[Any]:
        """The files that came; none is too few, and too many are refused whole."""
        found: list[Any] = self.cleaned_data["receipts"]
        if not found:
            raise forms.ValidationError(_("请选择要上传的 XML 文件。"))
        if len(found) > MOST_FILES:
            raise forms.ValidationError(_("一次最多上传 %(most)d 个文件，请分几次上传。") % {"most": MOST_FILES})
        return found


class StatementForm(forms.Form):
    """The bank's statement of a day."""

    on = forms.DateField(widget=forms.HiddenInput)
    finance = forms.CharField(widget=forms.HiddenInput, max_length=40)
    bank = forms.ChoiceField(label=gettext_lazy("代理银行"))
    statement = forms.FileField(
        label=gettext_lazy("银行对账单"),
        help_text=gettext_lazy("CSV（类型、银行流水号、金额三列）或 3502 报文，最大 16 MB。"),
        error_messages={"empty": gettext_lazy("这个文件是空的，请重新选择。")},
    )

    def __init__(self, *args: Any, banks: Sequence[UnitRef], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["bank"].choices = [(bank.code, bank.name) for bank in banks]  # type: ignore[attr-defined]

    def clean_statement(self) -> bytes:
        """Its bytes; one that is too large is not read."""
        file = self.cleaned_data["statement"]
        if too_large(file):
            raise forms.ValidationError(_("对账单超过 16 MB，请按银行分开上传。"))
        data: bytes = file.read()
        return data


class BureauForm(forms.Form):
    """Which finance bureau's payments are ordered."""

    finance = forms.CharField(max_length=40)


class SendForm(forms.Form):
    """Which orders are sent to the bank."""

    def __init__(self, *args: Any, chosen: Sequence[str], **more: Any) -> None:
        super().__init__(*args, **more)
        self.chosen = chosen

    def clean(self) -> dict[str, Any]:
        """At least one."""
        if not self.chosen:
            raise forms.ValidationError(_("请先选中要发送的支付凭证。"))
        return self.cleaned_data


class ClearForm(forms.Form):
    """Which day of which finance bureau is cleared."""

    on = forms.DateField(error_messages=_DAY)
    finance = forms.CharField(max_length=40)


class LimitsForm(forms.Form):
    """Of which month the bank is told its limits."""

    finance = forms.CharField(max_length=40)
    month = forms.DateField(error_messages=_DAY)


class AccountForm(forms.Form):
    """A zero-balance account as the bank opened it."""

    unit = forms.ChoiceField(label=gettext_lazy("账户是谁的"), required=False)
    bank = forms.ChoiceField(label=gettext_lazy("代理银行"))
    name = forms.CharField(label=gettext_lazy("户名"), max_length=120)
    number = forms.CharField(
        label=gettext_lazy("账号"), max_length=40, help_text=gettext_lazy("加密保存，以后只写进发给银行的凭证。")
    )
    on = forms.DateField(label=gettext_lazy("开户日期"), error_messages=_DAY)

    def __init__(self, *args: Any, register: Register, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["unit"].choices = register.without  # type: ignore[attr-defined]
        self.fields["bank"].choices = [(bank.code, bank.name) for bank in register.banks]  # type: ignore[attr-defined]
        self.fields["on"].initial = clocks.today


class ClosingForm(forms.Form):
    """An account that the bank has closed; it stands beside AccountForm."""

    prefix = "closing"
    unit = forms.ChoiceField(label=gettext_lazy("销哪个账户"), required=False)
    on = forms.DateField(label=gettext_lazy("销户日期"), error_messages=_DAY)

    def __init__(self, *args: Any, register: Register, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["unit"].choices = register.open  # type: ignore[attr-defined]
        self.fields["on"].initial = clocks.today


class SettleForm(forms.Form):
    """How a difference came about and what was done."""

    reason = forms.CharField(
        label=gettext_lazy("怎么产生的，怎么处理的"),
        max_length=200,
        widget=forms.Textarea,
        help_text=gettext_lazy("和差异一起保存，不能再改。最多 200 字。"),
    )


class RefundForm(forms.Form):
    """Money of one payment that came back."""

    amount = forms.DecimalField(label=gettext_lazy("退款金额（元）"), max_digits=15, decimal_places=2)
    on = forms.DateField(label=gettext_lazy("退款日期"), error_messages=_DAY)
    bank_no = forms.CharField(
        label=gettext_lazy("银行流水号"), max_length=40, help_text=gettext_lazy("一个流水号只登记一次。")
    )
    reason = forms.CharField(label=gettext_lazy("退款原因"), max_length=200, widget=forms.Textarea)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["on"].initial = clocks.today


class OrdersForm(forms.Form):
    """Which orders to list. What is wrong is ignored, so that an old link never fails."""

    stage = forms.ChoiceField(label=gettext_lazy("进度"), choices=[*_ANY, *OrderStage.choices], required=False)
    on = forms.DateField(
        label=gettext_lazy("哪一天开的"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    bank = forms.ChoiceField(label=gettext_lazy("代理银行"), required=False)
    unit = forms.CharField(label=gettext_lazy("付款单位"), max_length=60, required=False)

    def __init__(self, *args: Any, banks: Sequence[UnitRef], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["bank"].choices = [*_ANY, *((bank.code, bank.short) for bank in banks)]  # type: ignore[attr-defined]

    @property
    def narrow(self) -> Narrow:
        """What is asked for."""
        self.is_valid()
        return Narrow(**{name: value for name, value in self.cleaned_data.items() if value})


class DifferencesForm(forms.Form):
    """Which differences to list; what is wrong is ignored."""

    settled = forms.ChoiceField(
        label=gettext_lazy("状态"),
        choices=[("", gettext_lazy("待处理")), ("1", gettext_lazy("已处理"))],
        required=False,
    )
    kind = forms.ChoiceField(label=gettext_lazy("差异"), choices=[*_ANY, *DifferenceKind.choices], required=False)
    on = forms.DateField(
        label=gettext_lazy("哪一天的账"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    @property
    def narrow(self) -> dict[str, Any]:
        """What is asked for, as the report takes it."""
        self.is_valid()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        return asked | {"settled": bool(asked.get("settled"))}


class VouchersForm(forms.Form):
    """Which vouchers to list; what is wrong is ignored."""

    way = forms.ChoiceField(
        label=gettext_lazy("方向"),
        choices=[*_ANY, ("out", gettext_lazy("财政发出")), ("in", gettext_lazy("银行发来"))],
        required=False,
    )
    kind = forms.ChoiceField(label=gettext_lazy("凭证"), choices=[*_ANY, *VoucherKind.choices], required=False)

    @property
    def narrow(self) -> dict[str, Any]:
        """What is asked for, as the report takes it."""
        self.is_valid()
        way = self.cleaned_data.get("way", "")
        return {"kind": self.cleaned_data.get("kind", ""), "outgoing": way == "out" if way else None}


def too_large(file: Any) -> bool:
    """Whether a file is beyond what a voucher may be, known before it is read."""
    return (file.size or 0) > MOST_BYTES


def day_of(asked: Mapping[str, str]) -> date:
    """The day an address names; today when it names none."""
    try:
        return date.fromisoformat(asked.get("on", ""))
    except ValueError:
        return clocks.today()


def place(asked: Mapping[str, str], name: str) -> int | None:
    """The key after or before which a page begins; None for what is none."""
    value = asked.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else None
