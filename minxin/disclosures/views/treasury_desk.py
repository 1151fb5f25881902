"""The pipe's second half at the desk: the payment centre's orders and its day's end, the agent bank's counter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minxin.directory.rules import Role
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.actions import accounts, banking, clearing, delivery, differences, orders, reversals
from minxin.disclosures.actions.arrivals import Received
from minxin.disclosures.forms import treasury_desk as forms
from minxin.disclosures.models import Difference, Order
from minxin.disclosures.reports import banking as bank_reports
from minxin.disclosures.reports import treasury_days as days
from minxin.disclosures.reports import treasury_desk as reports
from minxin.disclosures.reports import treasury_work as work
from minxin.disclosures.rules import settling
from minxin.disclosures.rules.codes import OrderStage
from minxin.kernel import money
from minxin.kernel.errors import Refused

# Who has to do with orders and payments: units follow their own. An observer looks on.
READERS = (Role.CASHIER, Role.BUDGET, Role.BANKER, Role.CLERK, Role.LEADER, Role.HEAD, Role.OBSERVER)
BETWEEN = (Role.CASHIER, Role.BUDGET, Role.BANKER, Role.LEADER, Role.HEAD)  # treasury and bank, whose balances they are
FOLDER = "disclosures/desk/treasury"


# ---- Orders


@require_safe
@desk_view(*READERS)
def order_list(request: DeskRequest) -> HttpResponse:
    """支付凭证: what waits to be ordered and sent, where the orders stand."""
    return _orders(request)


@require_POST
@desk_view(Role.CASHIER)
def make(request: DeskRequest) -> HttpResponse:
    """Orders for all approved payments."""
    form = forms.BureauForm(request.POST)
    made: list[Order] = []
    if not acts.done(form, lambda typed: made.extend(orders.make(**typed, by=request.officer))):
        return _orders(request, form)
    yuan = money.written(sum(one.amount_fen for one in made))
    facts = {"orders": len(made), "rows": sum(one.count for one in made), "yuan": yuan}
    sentence = _("已开 %(orders)d 张支付凭证，共 %(rows)d 笔、%(yuan)s 元，等签章发送。")
    messages.success(request, sentence % facts if made else _("没有等待开凭证的支付。"))
    return redirect("desk_orders")


@require_POST
@desk_view(Role.CASHIER)
def send(request: DeskRequest) -> HttpResponse:
    """Seal and send the chosen orders, or all that wait."""
    every = "all" in request.POST
    chosen = work.unsent_refs(request.officer) if every else request.POST.getlist("refs")[: reports.SIZE]
    form = forms.SendForm(request.POST, chosen=chosen)
    if not acts.done(form, lambda _typed: orders.send(chosen, by=request.officer)):
        return _orders(request, form, chosen)
    messages.success(request, _("已签章 %(count)d 张支付凭证，交给银行。") % {"count": len(chosen)})
    return redirect("desk_order", chosen[0]) if len(chosen) == 1 else redirect("desk_orders")


@require_POST
@desk_view(Role.CASHIER)
def resend(request: DeskRequest) -> HttpResponse:
    """Hand over what the bank's door has not taken."""
    count = delivery.deliver()
    if count:
        messages.success(request, _("又交出 %(count)d 份凭证。") % {"count": count})
    else:
        messages.warning(request, _("银行的接口还接不上，凭证都在，系统每分钟再送一次。"))
    return redirect("desk_orders")


@require_POST
@desk_view(Role.CASHIER)
def limits(request: DeskRequest) -> HttpResponse:
    """Tell the bank what was allotted for a month."""
    form = forms.LimitsForm(request.POST)
    told: list[int] = []
    if acts.done(form, lambda typed: told.append(banking.notify_limits(**typed, by=request.officer))):
        messages.success(request, _("已通知银行，额度通知单 %(count)d 份。") % {"count": told[0]})
        return redirect("desk_orders")
    return _orders(request, form)


@require_safe
@desk_view(*READERS)
def order(request: DeskRequest, ref: str) -> HttpResponse:
    """One order: where it stands, its payments, its vouchers."""
    return _order(request, ref)


@require_POST
@desk_view(Role.BANKER)
def sign(request: DeskRequest, ref: str) -> HttpResponse:
    """The bank has the order."""
    form = Form(request.POST)
    if acts.done(form, lambda _typed: banking.sign(ref, by=request.officer)):
        messages.success(request, _("已签收。付款后上传支付回单。"))
        return redirect("desk_order", ref)
    return _order(request, ref, form)


@require_safe
@desk_view(*READERS)
def failures(request: DeskRequest) -> HttpResponse:
    """What the bank could not pay, and what happens next."""
    found = reports.failures(request.officer, before=forms.place(request.GET, "before"))
    return render(request, f"{FOLDER}/failures.html", {"found": found})


@require_safe
@desk_view(*READERS)
def payment(request: DeskRequest, ref: str) -> HttpResponse:
    """One payment, with the form for its refund at the bank's desk."""
    return _payment(request, ref, forms.RefundForm())


@require_POST
@desk_view(Role.BANKER)
def refund(request: DeskRequest, ref: str) -> HttpResponse:
    """Money that came back, by the bank."""
    form = forms.RefundForm(request.POST)
    if acts.done(form, lambda typed: reversals.reverse(ref, **typed, by=request.officer)):
        messages.success(request, _("已登记退款，额度已退回指标。"))
        return redirect("desk_payment", ref)
    return _payment(request, ref, form)


# ---- The agent bank


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one uploaded file."""

    name: str
    sentence: str
    taken: bool


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.BANKER)
def bank(request: DeskRequest) -> HttpResponse:
    """The agent bank's desk: vouchers to fetch, receipts to bring. Each file is taken whole or not at all."""
    form = forms.ReceiptsForm(request.POST, request.FILES) if request.method == "POST" else forms.ReceiptsForm()
    outcomes = [_take(file, request) for file in form.cleaned_data["receipts"]] if form.is_valid() else []
    if outcomes and all(outcome.taken for outcome in outcomes):
        for outcome in outcomes:
            messages.success(request, f"{outcome.name}：{outcome.sentence}")
        return redirect("desk_bank")
    desk = bank_reports.desk(request.officer, after=forms.place(request.GET, "after") or 0)
    facts = {"desk": desk, "form": form, "outcomes": outcomes}
    return render(request, f"{FOLDER}/bank.html", facts, status=422 if form.is_bound else 200)


@require_safe
@desk_view(*BETWEEN)
def voucher_list(request: DeskRequest) -> HttpResponse:
    """All vouchers between the treasury and its bank."""
    days.side(request.officer)
    form = forms.VouchersForm(request.GET)
    before = forms.place(request.GET, "before")
    found = bank_reports.vouchers_between(request.officer, **form.narrow, before=before)
    return render(request, f"{FOLDER}/vouchers.html", {"found": found, "form": form})


@require_safe
@desk_view(*BETWEEN)
def voucher(request: DeskRequest, key: int) -> HttpResponse:
    """One voucher in words."""
    page = bank_reports.voucher_page(key, by=request.officer)
    return render(request, f"{FOLDER}/voucher.html", {"page": page, "row": page.row})


@require_safe
@desk_view(Role.BANKER)
def voucher_file(request: DeskRequest, key: int) -> HttpResponse:
    """A voucher's XML, for the bank it was sent to."""
    name, data = bank_reports.voucher_file(key, by=request.officer)
    response = HttpResponse(data, content_type="application/xml; charset=utf-8")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


# ---- The day's end


@require_safe
@desk_view(*BETWEEN)
def clearing_day(request: DeskRequest) -> HttpResponse:
    """清算: a day's accounts, what was cleared, the bank's statement."""
    return _day(request, None)


@require_POST
@desk_view(Role.CASHIER)
def clear(request: DeskRequest) -> HttpResponse:
    """Every account back to zero for that day."""
    form = forms.ClearForm(request.POST)
    told: list[clearing.Cleared] = []
    if acts.done(form, lambda typed: told.append(clearing.clear(**typed, by=request.officer))):
        facts = {"accounts": told[0].accounts, "rows": told[0].payments, "yuan": money.written(told[0].fen)}
        sentence = _("已清算 %(accounts)d 个账户、%(rows)d 笔支付，从国库单一账户净划出 %(yuan)s 元。")
        messages.success(request, sentence % facts if told[0].accounts else _("这一天没有要清算的收支。"))
        return redirect(_day_address(form))
    return _day(request, form)


@require_POST
@desk_view(Role.CASHIER)
def reconcile(request: DeskRequest) -> HttpResponse:
    """The bank's statement of a day against our books."""
    side = days.side(request.officer)
    form = forms.StatementForm(request.POST, request.FILES, banks=side.banks)
    told: list[clearing.Reconciled] = []
    if acts.done(form, lambda typed: told.append(clearing.reconcile(**typed, by=request.officer))):
        facts = {"agreed": told[0].agreed, "differences": told[0].differences}
        sentence = _("对账完成：相符 %(agreed)d 笔，差异 %(differences)d 笔。")
        (messages.warning if told[0].differences else messages.success)(request, sentence % facts)
        return redirect(_day_address(form))
    return _day(request, form)


@require_safe
@desk_view(*BETWEEN)
def account_list(request: DeskRequest) -> HttpResponse:
    """零余额账户: how each stands, and how it stood in the last nights."""
    q = request.GET.get("q", "").strip()[:60]
    after = forms.place(request.GET, "after") or 0
    finance = request.GET.get("finance", "")[:40]
    found = days.accounts(request.officer, finance=finance, q=q, after=after)
    return render(request, f"{FOLDER}/accounts.html", {"found": found, "q": q})


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Role.CASHIER)
def account_register(request: DeskRequest) -> HttpResponse:
    """An account that the bank has opened."""
    register = days.register(request.officer, finance=request.GET.get("finance", "")[:40])
    form = forms.AccountForm(request.POST if request.method == "POST" else None, register=register)
    if form.is_bound and acts.done(form, lambda typed: _open(register.finance.code, typed, request)):
        messages.success(request, _("账户已登记。"))
        return redirect("desk_accounts")
    return _register(request, register, form, forms.ClosingForm(register=register))


@require_POST
@desk_view(Role.CASHIER)
def account_close(request: DeskRequest) -> HttpResponse:
    """An account that the bank has closed."""
    register = days.register(request.officer, finance=request.GET.get("finance", "")[:40])
    form, code = forms.ClosingForm(request.POST, register=register), register.finance.code
    if acts.done(form, lambda typed: accounts.close_account(finance=code, **typed, by=request.officer)):
        messages.success(request, _("销户已登记。"))
        return redirect("desk_accounts")
    return _register(request, register, forms.AccountForm(register=register), form)


@require_safe
@desk_view(*BETWEEN)
def difference_list(request: DeskRequest) -> HttpResponse:
    """Differences as work."""
    days.side(request.officer)
    form = forms.DifferencesForm(request.GET)
    found = days.differences(request.officer, **form.narrow, before=forms.place(request.GET, "before"))
    return render(request, f"{FOLDER}/differences.html", {"found": found, "form": form, "narrow": form.narrow})


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(*BETWEEN)
def difference(request: DeskRequest, key: int) -> HttpResponse:
    """One difference, and its explanation by the payment centre."""
    form = forms.SettleForm(request.POST if request.method == "POST" else None)
    told: list[Difference] = []
    if form.is_bound and acts.done(
        form, lambda typed: told.append(differences.settle(key, **typed, by=request.officer))
    ):
        messages.success(request, _("差异已处理，说明已保存。"))
        return redirect("desk_difference", key)
    page = days.difference(key, by=request.officer)
    facts = {"page": page, "row": page.row, "form": form}
    return render(request, f"{FOLDER}/difference.html", facts, status=422 if form.is_bound else 200)


# ---- Inside


def _orders(request: DeskRequest, refused: Form | None = None, chosen: Sequence[str] = ()) -> HttpResponse:
    form = forms.OrdersForm(request.GET, banks=reports.banks(request.officer))
    found = reports.orders(request.officer, form.narrow, before=forms.place(request.GET, "before"))
    facts = {
        "form": form,
        "narrow": form.narrow,
        "found": found,
        "stages": reports.stages(request.officer),
        "ready": work.ready(request.officer),
        "sendable": any(row.stage == OrderStage.GENERATED for row in found.rows),
        "refusal": _first(refused) if refused else "",
        "chosen": chosen,
    }
    return render(request, f"{FOLDER}/orders.html", facts, status=422 if refused else 200)


def _order(request: DeskRequest, ref: str, refused: Form | None = None) -> HttpResponse:
    page = reports.order_page(ref, by=request.officer, after=forms.place(request.GET, "after") or 0)
    facts = {"page": page, "row": page.row, "refusal": _first(refused) if refused else ""}
    return render(request, f"{FOLDER}/order.html", facts, status=422 if refused else 200)


def _payment(request: DeskRequest, ref: str, form: Form) -> HttpResponse:
    page = reports.payment_page(ref, by=request.officer)
    facts = {"page": page, "row": page.row, "form": form}
    return render(request, f"{FOLDER}/payment.html", facts, status=422 if form.is_bound else 200)


def _take(file: Any, request: DeskRequest) -> Outcome:
    """One file of the bank's, in a transaction of its own."""
    name = str(file.name or "")[:80]
    if forms.too_large(file):
        return Outcome(name, _("文件超过 16 MB，没有读取。请分开发送。"), taken=False)
    try:
        return Outcome(name, _received(banking.receive(file.read(), by=request.officer)), taken=True)
    except Refused as refusal:
        return Outcome(name, refusal.sentence, taken=False)


def _received(told: Received) -> str:
    """What a voucher brought about, in a sentence."""
    title = f"{told.kind.value} {told.number}"
    if told.again:
        return _("%(title)s 以前收到过，没有重复记账。") % {"title": title}
    counts = [
        (told.signed, _("签收 %(n)d 张凭证")),
        (told.paid, _("付出 %(n)d 笔")),
        (told.failed, _("没有付出 %(n)d 笔")),
        (told.refunded, _("退款 %(n)d 笔")),
        (told.agreed, _("对账相符 %(n)d 笔")),
        (told.differences, _("差异 %(n)d 笔，已交支付中心处理")),
    ]
    said = "，".join(words % {"n": number} for number, words in counts if number)
    return _("%(title)s 已收到：%(said)s。") % {"title": title, "said": said or _("没有新的内容")}


def _open(finance: str, typed: dict[str, Any], request: DeskRequest) -> None:
    on = typed.pop("on")
    accounts.open_accounts(finance=finance, accounts=[settling.NewAccount(**typed)], on=on, by=request.officer)


def _register(request: DeskRequest, register: days.Register, form: Form, closing: Form) -> HttpResponse:
    facts = {"register": register, "form": form, "closing": closing}
    bound = form.is_bound or closing.is_bound
    return render(request, f"{FOLDER}/register.html", facts, status=422 if bound else 200)


def _day(request: DeskRequest, form: Form | None) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    on = forms.day_of(asked)
    found = days.day(request.officer, on, finance=asked.get("finance", "")[:40])
    given = {"on": on, "finance": found.side.finance.code}
    statement = form if isinstance(form, forms.StatementForm) else None
    facts = {
        "found": found,
        "form": statement or forms.StatementForm(initial=given, banks=found.side.banks),
        "refusal": _first(form) if form and not statement else "",
        "example": settling.EXAMPLE,
        "differences": days.differences(request.officer, on=on),
    }
    return render(request, f"{FOLDER}/clearing.html", facts, status=422 if form else 200)


def _day_address(form: Form) -> str:
    asked = {"on": form.cleaned_data["on"].isoformat(), "finance": form.cleaned_data["finance"]}
    return f"{reverse('desk_clearing')}?{urlencode(asked)}"


def _first(form: Form) -> str:
    """The first thing that is wrong with a form that has no place of its own on the page."""
    return next((str(error) for errors in form.errors.values() for error in errors), "")
