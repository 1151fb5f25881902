"""Forms and their actions: a refusal about what was typed goes back into the form."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.utils.functional import Promise

from minxin.directory.rules import Officer
from minxin.kernel.errors import Absent, Refused

# What a page offers: the noun in its address, the act it needs the right to, its words, its form, its action.
Acts = dict[str, tuple[str, str | Promise, Callable[..., Form], Callable[[str, Officer, dict[str, Any]], Any]]]


def done(form: Form, act: Callable[[dict[str, Any]], Any]) -> bool:
    """Whether the form was in shape and its action went through; a refusal becomes an error of the form."""
    return form.is_valid() and refused_into(form, lambda: act(form.cleaned_data))


def refused_into(form: Form, act: Callable[[], Any]) -> bool:
    """Whether the action went through; a refusal about what was typed becomes an error of the form."""
    try:
        act()
    except Refused as refusal:
        if isinstance(refusal, Absent) or refusal.code in {"not_allowed", "forbidden"}:
            raise  # not about what was typed: the house answers it
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.sentence)
        return False
    return True


def status(bound: dict[str, Form] | None) -> int:
    """What a page answers that comes back with a form refused: 422."""
    return 422 if bound else 200
