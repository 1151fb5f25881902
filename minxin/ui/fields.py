"""A bound form field turned into what its template shows: control, hint, faults, ties; and fields of our own."""

import copy
import html
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.utils import flatatt
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.kernel import money
from minxin.kernel.errors import Refused

YUAN = gettext_lazy("单位是元，最多两位小数，例如 429.00。")  # what to say beside an amount whose label has no unit
_GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)
_TEXT = {"email": "email", "url": "url", "tel": "tel"}
_KNOWN = {"label", "hint", "rows", "placeholder", "width", "autocomplete", "inputmode", "hints", "plain"}


class YuanField(forms.CharField):
    """An amount as people write it, in yuan: a Decimal to the fen, or None when nothing is written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=40, **options)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off", "class": "control-number"}

    def clean(self, value: Any) -> Any:
        """The amount; what is no money is said so."""
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return money.yuan(money.fen(typed))
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal


class FilesField(forms.FileField):
    """Several files at once, empty ones too: what they must be is for the form, or for who looks into them, to say."""

    class Input(forms.ClearableFileInput):
        """A file control for several files that never shows an old one."""

        allow_multiple_selected = True
        template_name = "django/forms/widgets/file.html"

    widget = Input

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """The files that came."""
        return [one for one in (data if isinstance(data, list | tuple) else [data]) if one]


def anchor(bound: BoundField) -> str:
    """The id a link to this field must use: the first choice of a group, otherwise the control itself."""
    if isinstance(bound.field.widget, _GROUPS):
        return f"{bound.auto_id}_0"
    return bound.id_for_label or bound.auto_id


def faults(bound: BoundField) -> list[str]:
    """What is wrong with the field, as sentences; Django's bare "required" becomes what to do."""
    bare = str(forms.Field.default_error_messages["required"])
    return [_missing(bound) if str(said) == bare else str(said) for said in bound.errors]


def facts(bound: BoundField, options: Mapping[str, Any]) -> dict[str, Any]:
    """Everything ui/parts/field.html shows of one field."""
    widget, hint = bound.field.widget, options.get("hint", bound.help_text)
    kind = _kind(widget)
    limit = _limit(bound) if kind == "textarea" else None
    described = [f"{bound.auto_id}-hint"] if hint else []
    described += [f"{bound.auto_id}-fault"] if bound.errors else []
    described += [f"{bound.auto_id}-limit"] if limit else []
    attrs = _attributes(bound, options, kind, described)
    if limit:
        attrs |= {"data-limit": str(limit), "maxlength": False}
    return {
        "bound": bound,
        "kind": kind,
        "label": options.get("label", bound.label),
        "hint": hint,
        "limit": limit,
        "described": " ".join(described),
        "plain": options.get("plain", False),
        "choices": _choices(bound, options) if kind in {"radio", "checks"} else [],
        "control": "" if kind in {"radio", "checks"} else _control(bound, attrs),
        "faults": faults(bound),
        "width": options.get("width", ""),
        "hidden": bound.is_hidden,
    }


def _missing(bound: BoundField) -> str:
    kind = _kind(bound.field.widget)
    if kind == "file":
        return _("请选择文件。")
    if kind == "check":
        return _("请勾选这一项。")
    return _("请选择一项。") if kind in {"radio", "checks", "select"} else _("请填写这一项。")


def _kind(widget: forms.Widget) -> str:
    kinds: list[tuple[type[forms.Widget], str]] = [
        (forms.CheckboxSelectMultiple, "checks"),  # before radio: Django derives it from there
        (forms.RadioSelect, "radio"),
        (forms.CheckboxInput, "check"),
        (forms.Textarea, "textarea"),
        (forms.FileInput, "file"),
        (forms.Select, "select"),
        (forms.DateInput, "date"),
        (forms.NumberInput, "number"),
    ]
    return next((kind for cls, kind in kinds if isinstance(widget, cls)), "text")


def _limit(bound: BoundField) -> int | None:
    """The most characters a text may have. Not enforced by the browser: a pasted text must not be cut in silence."""
    limit: int | None = getattr(bound.field, "max_length", None)
    return limit or bound.field.widget.attrs.get("data-limit")


def _attributes(bound: BoundField, options: Mapping[str, Any], kind: str, described: list[str]) -> dict[str, Any]:
    attrs: dict[str, Any] = {key.replace("_", "-"): value for key, value in options.items() if key not in _KNOWN}
    attrs |= {key: options[key] for key in ("rows", "placeholder", "autocomplete", "inputmode") if key in options}
    if bound.is_hidden:
        return attrs
    attrs["class"] = f"{bound.field.widget.attrs.get('class', '')} control control-{kind}".strip()
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if kind == "textarea":
        wanted = str(bound.field.widget.attrs.get("rows", ""))
        attrs.setdefault("rows", "6" if wanted in {"", "10"} else wanted)  # 10 is Django's, asked for by nobody
    if kind == "number":
        attrs["inputmode"] = "numeric" if _whole(bound.field) else "decimal"
    return attrs


def _whole(field: forms.Field) -> bool:
    return isinstance(field, forms.IntegerField) and not isinstance(field, forms.FloatField | forms.DecimalField)


def _control(bound: BoundField, attrs: dict[str, Any]) -> SafeString:
    """The control itself. Inputs of type number and date swallow what was typed wrongly, so a wrong one is text."""
    widget = copy.copy(bound.field.widget)
    if isinstance(widget, forms.DateInput):
        widget.input_type, widget.format = ("text" if bound.errors else "date"), "%Y-%m-%d"
    elif isinstance(widget, forms.NumberInput):
        widget.input_type = "text"
        attrs |= {"min": False, "max": False, "step": False}
    elif type(widget) is forms.Select:
        widget = _Flat(widget)
    return bound.as_widget(widget=widget, attrs=attrs)


class _Flat(forms.Select):
    """A select written in one go: Django renders two templates for each option, and a list of regions has hundreds."""

    def __init__(self, plain: forms.Select) -> None:
        super().__init__(plain.attrs, plain.choices)
        self.is_required, self.is_localized = plain.is_required, plain.is_localized

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: object = None) -> SafeString:
        """The same markup as Django's, without its line breaks."""
        drawn = "".join(_options(self.choices, set(self.format_value(value))))
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        return SafeString(f'<select name="{conditional_escape(name)}"{attributes}>{drawn}</select>')


def _options(choices: Iterable[Any], chosen: set[str]) -> Iterator[str]:
    """The options, those in groups within their group; only the first one that is chosen is marked."""
    for value, label in choices:
        if isinstance(label, list | tuple):
            inside = "".join(_options(label, chosen))
            yield f'<optgroup label="{html.escape(str(value))}">{inside}</optgroup>'
            continue
        written = "" if value is None else str(value)
        mark = " selected" if written in chosen else ""
        chosen.discard(written)
        yield f'<option value="{html.escape(written)}"{mark}>{html.escape(str(label))}</option>'


def _choices(bound: BoundField, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    hints: Mapping[str, str] = options.get("hints") or getattr(bound.field, "hints", {})
    rows = []
    for choice in bound.subwidgets:
        value = str(choice.data["value"])
        rows.append(
            {
                "id": choice.data["attrs"].get("id", f"{bound.auto_id}_{value}"),
                "name": choice.data["name"],
                "value": value,
                "label": choice.data["label"],
                "checked": choice.data["selected"],
                "hint": hints.get(value, ""),
            }
        )
    return rows
