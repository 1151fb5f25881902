"""Units on the desk: the tree, one unit, and what may be done to it."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from minxin.directory import forms, reports
from minxin.directory.actions import appointments, units
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.kernel.errors import Absent

_ACTS: acts.Acts = {
    "line": (
        "edit_line",
        gettext_lazy("编辑专线"),
        forms.LineForm,
        lambda code, by, facts: units.edit_line(code=code, by=by, **facts),
    ),
    "posts": (
        "open_post",
        gettext_lazy("增设岗位"),
        forms.PostForm,
        lambda code, by, facts: units.open_post(unit=code, by=by, **facts),
    ),
    "children": (
        "open_unit",
        gettext_lazy("新增下级单位"),
        forms.UnitForm,
        lambda code, by, facts: units.open_unit(parent=code, by=by, **facts),
    ),
    "name": (
        "rename_unit",
        gettext_lazy("更改名称"),
        forms.RenameForm,
        lambda code, by, facts: units.rename_unit(code=code, by=by, **facts),
    ),
    "register": (
        "edit_unit",
        gettext_lazy("变更登记信息"),
        forms.RegisterForm,
        lambda code, by, facts: units.edit_unit(code=code, by=by, **facts),
    ),
    "appointments": (
        "appoint",
        gettext_lazy("任职"),
        forms.HoldForm,
        lambda _code, by, facts: appointments.appoint(by=by, **facts),
    ),
    "place": (
        "move_unit",
        gettext_lazy("调整上级"),
        forms.MoveForm,
        lambda code, by, facts: units.move_unit(code=code, by=by, **facts),
    ),
    "closing": (
        "close_unit",
        gettext_lazy("关闭单位"),
        Form,
        lambda code, by, facts: units.close_unit(code=code, by=by),
    ),
}


@desk_view()
@require_safe
def unit_list(request: DeskRequest) -> HttpResponse:
    """The tree of units this officer may see; `q` searches it."""
    q = request.GET.get("q", "")[:100]
    return render(request, "directory/units.html", {"units": reports.units_seen(request.officer, q=q), "q": q})


@desk_view()
@require_safe
def unit_detail(request: DeskRequest, code: str) -> HttpResponse:
    """One unit: posts, people, line, what is below, and the acts open to this officer."""
    return _unit_page(request, code)


@desk_view()
@require_POST
def unit_act(request: DeskRequest, code: str, noun: str) -> HttpResponse:
    """Do one act on the unit; refused, the page comes back with everything typed and the reason."""
    if noun not in _ACTS:
        raise Absent
    reports.unit_page(code, by=request.officer)
    _act, _title, _form_class, action = _ACTS[noun]
    form = _form(noun, code, request.POST)
    if acts.done(form, lambda facts: action(code, request.officer, facts)):
        messages.success(request, _("已保存。"))
        return redirect("directory_unit", code=code)
    return _unit_page(request, code, {noun: form})


def _form(noun: str, code: str, data: Any = None, initial: Any = None) -> Form:
    """The form of one act; several stand on one page, so its fields are named after it."""
    form_class, facts = _ACTS[noun][2], {"initial": initial, "auto_id": f"id_{noun}_%s"}
    if form_class in (forms.LineForm, forms.HoldForm):
        facts["posts"] = [(post.id, post.label) for post in reports.posts(reports.unit(code).id)]
    return form_class(data, **facts)


def _unit_page(request: DeskRequest, code: str, bound: dict[str, Form] | None = None) -> HttpResponse:
    page = reports.unit_page(code, by=request.officer)
    line = page.line
    before = {
        "line": line
        and {"duty_phone": line.duty_phone, "hours": line.hours, "about": line.about, "answers_by": line.answers_by_id},
        "register": {
            "kind": page.unit.kind,
            "short_name": page.unit.short_name,
            "uscc": line.uscc if line else "",
        },
        "name": {"name": page.unit.name, "short_name": page.unit.short_name},
    }
    offered = [
        (
            noun,
            title,
            (bound or {}).get(noun) or _form(noun, code, initial=before.get(noun)),
            noun in (bound or {}),
        )
        for noun, (act, title, _form_class, _action) in _ACTS.items()
        if act in page.acts
    ]
    return render(request, "directory/unit.html", {"page": page, "acts": offered}, status=acts.status(bound))
