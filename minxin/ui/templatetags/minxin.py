"""The parts of a page as template tags and filters: built in everywhere, so no page loads them. See ui/README.md."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from html import escape
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.forms import BoundField, Form
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from minxin.ui import addresses, fields, keeping, words

register = template.Library()

LAMPS = {
    "green": gettext_lazy("正常"),
    "amber": gettext_lazy("临期"),
    "red": gettext_lazy("超期"),
    "grey": gettext_lazy("未计时"),
}
NOTICES = {"info": "info", "good": "check", "warn": "warning", "bad": "cross", "lock": "lock"}
DESK = "/desk/"
CHARTS = ("bar", "line", "treemap", "sunburst", "sankey", "calendar")

keeping.register(register)
addresses.register(register)
register.filter("day", words.day)
register.filter("month", words.month)
register.filter("weekday", words.weekday)
register.filter("moment", words.moment)
register.filter("due", words.due)
register.filter("amount", words.amount)
register.filter("yuan", words.yuan)
register.filter("large", words.large)
register.filter("wan", words.wan)
register.filter("share", words.percent)
register.filter("count", words.count)
register.filter("size", words.size)


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file; the plain address when the manifest does not know it (error pages, tests)."""
    try:
        return _stored(path)
    except ValueError:
        return f"{settings.STATIC_URL}{path}"


@lru_cache(maxsize=512)
def _stored(path: str) -> str:
    """Asked once: what is collected does not change under a process, and a page has a hundred icons."""
    return str(staticfiles_storage.url(path))


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One drawing of the sprite. Silent beside a word; with `label` it speaks for itself."""
    if not label:
        return _silent_icon(name, asset("ui/icons.svg"))
    src = f"{asset('ui/icons.svg')}#{name}"
    return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, src)


@lru_cache(maxsize=256)
def _silent_icon(name: str, sprite: str) -> SafeString:
    """Drawn once for each name: a list has a lamp in every row."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', sprite, name)


@register.simple_tag
def lamp(colour: str, word: str = "") -> SafeString:
    """A signal lamp: colour, a shape of its own, and always a word (正常, 临期, 超期, 未计时 when none is given)."""
    colour = colour if colour in LAMPS else "grey"
    return _lamp(colour, word or str(LAMPS[colour]), asset("ui/icons.svg"))


@lru_cache(maxsize=1024)
def _lamp(colour: str, said: str, _sprite: str) -> SafeString:
    return format_html('<span class="lamp lamp-{}">{}<span>{}</span></span>', colour, icon(f"lamp-{colour}"), said)


@register.simple_tag(takes_context=True)
def navlink(context: Context, name: str, drawing: str, label: str, also: str = "") -> SafeString:
    """A place of the desk: the door `name` (nothing where it is not served), current in it and below it.

    The desk's first page, above all others, is current there alone; `also` names what else is below it, in words.
    """
    href, path = _door(name, get_urlconf()), context["request"].path
    if not href:
        return SafeString("")
    inside = path == href or path.startswith((*also.split(), href if href != DESK else "//"))
    current = ' aria-current="page"' if inside else ""
    return SafeString(f'<a href="{href}"{current}>{icon(drawing)}{escape(label)}</a>')


@lru_cache(maxsize=256)
def _door(name: str, _urlconf: str | None) -> str:
    """Its address, asked once."""
    try:
        return escape(reverse(name))
    except NoReverseMatch:
        return ""


@register.filter
def stars(value: Decimal | float | int | None) -> SafeString:
    """Five drawn stars and the words: ★★★★☆ 四星."""
    return _stars(value, get_language(), asset("ui/icons.svg"))


@lru_cache(maxsize=256)
def _stars(value: Decimal | float | int | None, _language: str | None, sprite: str) -> SafeString:
    """Drawn once for each value: a list has them in every row."""
    said = words.stars(value)
    if value is None:
        return format_html('<span class="stars stars-none">{}</span>', said)
    whole, half = divmod(words.halves(value), 2)
    names = ["star"] * whole + ["star-half"] * half
    drawn = "".join(_silent_icon(name, sprite) for name in names + ["star-empty"] * (5 - len(names)))
    return format_html(
        '<span class="stars"><span class="stars-row" aria-hidden="true">{}</span> '
        '<span class="stars-word">{}</span></span>',
        SafeString(drawn),
        said,
    )


@register.simple_tag
def percent(numerator: Decimal | int | None, denominator: Decimal | int | None) -> SafeString:
    """A rate that shows what it is made of: 86.7% and, smaller, 13 / 15."""
    top, bottom = numerator or 0, denominator or 0
    return format_html(
        '<span class="rate"><span class="rate-share">{}</span> <span class="rate-of">{} / {}</span></span>',
        words.percent(top, bottom),
        f"{top:,}",
        f"{bottom:,}",
    )


@register.simple_tag
def gauge(
    used: Decimal | float | int, limit: Decimal | float | int, colour: str = "glass", label: str = ""
) -> SafeString:
    """A bar filled by used / limit (never more than full): green, amber, red, grey or glass."""
    share = min(100.0, max(0.0, float(used) * 100 / float(limit))) if limit else 0.0
    return format_html(
        '<svg class="gauge gauge-{}" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect width="{}" height="4"/></svg>',
        colour,
        f"{label} {used} / {limit}".strip(),
        f"{share:.2f}",
    )


@register.simple_tag
def when(value: dt.date | dt.datetime | None, form: str = "moment") -> SafeString:
    """A `<time>` element: form is day, moment or due."""
    if value is None:
        return mark_safe(words.NOTHING)  # noqa: S308  a constant
    if form == "moment" and isinstance(value, dt.datetime):
        said = words.moment(value)
    else:
        said = words.due(value) if form == "due" else words.day(value)
    return SafeString(f'<time datetime="{value.isoformat()}">{escape(said)}</time>')


@register.simple_tag
def workrows(rows: Iterable[Any], base: str, queue: str = "", here: str = "") -> SafeString:
    """The lines of a list of work: what each is, how it stands with time, what is asked; to base/ref/?queue=….

    Written in one go: a page has fifty, and the engine would visit twenty nodes in each.
    """
    end, language = f"/?queue={queue}" if queue else "/", get_language()
    return SafeString("".join([_workrow(row, base, end, row.ref == here, language) for row in rows]))


@lru_cache(maxsize=4096)
def _workrow(row: Any, base: str, end: str, here: bool, _language: str | None) -> str:
    """Drawn once for as long as nothing of it changes: a list is opened again after every case."""
    ref, kind, unit, ask = escape(row.ref), escape(row.kind), escape(row.unit), escape(row.ask)
    href = f"{escape(base)}{ref}{escape(end)}"
    due = f'<span class="rows-due" title="{escape(words.due(row.due_at))}">{row.due_day}</span>' if row.due_at else ""
    marks = (
        f' <span class="tag{"" if at else " tag-amber"}">{escape(mark)}</span>' for at, mark in enumerate(row.marks)
    )
    current = ' aria-current="true"' if here else ""
    picked = escape(_("选中 %(ref)s") % {"ref": row.ref})
    return (
        f'<li><span class="rows-pick"><input type="checkbox" name="refs" value="{ref}" aria-label="{picked}"></span>'
        f'<a class="rows-link" href="{href}" hx-get="{href}" hx-target="#main" hx-swap="innerHTML show:window:top" '
        f'hx-push-url="true"{current}><span class="rows-title">{escape(row.title or _("（待摘编）"))}</span>'
        f'<span class="rows-left">{lamp(row.lamp.colour, row.lamp.words)}{due}</span>'
        f'<span class="rows-ask"><b>{ask}</b>{"".join(marks)}</span><span class="rows-meta">'
        f'<span class="ref">{ref}</span><span>{kind}</span><span>{unit}</span></span></a></li>'
    )


@register.simple_tag
def workqueues(counts: Iterable[Any], base: str, here: str = "") -> SafeString:
    """The piles of work under the headings of their groups: how many wait in each, and whether any is late.

    Written in one go, as `workrows` is.
    """
    late, waiting = escape(_("件，有超期")), escape(_("件"))
    groups = groupby(counts, lambda row: str(row.queue.group))
    return SafeString(
        "".join(
            f'<h2 class="queue-title">{escape(group)}</h2>\n<ul class="queues">'
            + "".join([_workqueue(row, base, row.queue.code == here, late if row.late else waiting) for row in rows])
            + "</ul>\n"
            for group, rows in groups
        )
    )


def _workqueue(row: Any, base: str, here: bool, said: str) -> str:
    current, late = ' aria-current="page"' if here else "", " is-late" if row.late else ""
    count = (
        f'<span class="queue-count{late}">{row.shown}<span class="unseen">{said}</span></span>' if row.number else ""
    )
    label = escape(str(row.queue.label))
    return f'<li><a href="{escape(base)}?queue={row.queue.code}"{current}>{label}{count}</a></li>'


@register.simple_tag
def tracksteps(steps: Iterable[Any]) -> SafeString:
    """The stretches of a track, as ui/parts/track.html says. Written in one go: a case has a dozen."""
    return SafeString("".join(map(_trackstep, steps)))


def _trackstep(step: Any) -> str:
    facts: Mapping[str, Any] = (
        step if isinstance(step, Mapping) else {name: getattr(step, name, None) for name in _TRACK}
    )
    title, unit, at, text, state, due = (facts.get(name, "") for name in _TRACK[:6])
    current = ' aria-current="step"' if state in {"now", "late"} else ""
    moment = f'<span class="track-at">{when(at)}</span>' if at else ""
    where = f'<p class="track-unit">{icon("building")}{conditional_escape(unit)}</p>' if unit else ""
    said = f'<div class="track-text as-written">{conditional_escape(text)}</div>' if text else ""
    why = render_to_string("ui/parts/due.html", dict(facts)) if due else ""
    return (
        f'\n  <li class="track-step is-{conditional_escape(state or "done")}"{current}>\n'
        f'    <div class="track-head"><h3 class="track-title">{conditional_escape(title)}</h3>{moment}</div>\n'
        f"    {where}\n    {said}\n    {why}\n  </li>"
    )


_TRACK = ("title", "unit", "at", "text", "state", "due", "provisional", "explanation", "late")


@register.simple_tag
def foundrows(rows: Iterable[Any], base: str) -> SafeString:
    """The published cases of a list: title and excerpt in pieces, stars, who answered when; to base + ref + "/".

    Written in one go: a page has twenty, and the engine would visit thirty nodes in each.
    """
    return SafeString("".join(_foundrow(row, f"{escape(base)}{escape(row.ref)}/") for row in rows))


def _foundrow(row: Any, href: str) -> str:
    came = f'<span class="tag tag-green">{escape(row.resolution)}</span>' if row.resolution else ""
    money = f'<span class="tag tag-glass">{escape(words.yuan(row.money_fen))}</span>' if row.money_fen else ""
    others = f"<span>{escape(row.met)}</span>" if row.supports else ""
    return (
        f'<li><h2 class="item-title"><a href="{href}">{highlight(row.title)}</a></h2>'
        f'<p class="item-text">{highlight(row.excerpt)}</p><p class="item-meta"><span>{stars(row.stars)}</span>'
        f'<span>{escape(row.unit_name)}</span>{when(row.answered_at, "day")}<span class="tag">{escape(row.kind)}</span>'
        f"{came}{money}{others}</p></li>"
    )


@register.simple_tag
def highlight(pieces: Iterable[tuple[str, bool]]) -> SafeString:
    """Text in pieces, those found marked: [("拖欠", True), ("工资", False)]."""
    return SafeString("".join(f"<mark>{escape(text)}</mark>" if found else escape(text) for text, found in pieces))


@register.simple_tag
def crumbs(*steps: str) -> SafeString:
    """The way here: label, address, label, address …, and last the label of this page."""
    pairs = [(steps[at], steps[at + 1]) for at in range(0, len(steps) - 1, 2)]
    links = format_html_join("", '<li><a href="{1}">{0}</a></li>', pairs)
    here = format_html('<li aria-current="page">{}</li>', steps[-1]) if len(steps) % 2 else ""
    return format_html('<nav class="crumbs" aria-label="{}"><ol>{}{}</ol></nav>', _("当前位置"), links, here)


@register.simple_tag(takes_context=True)
def older(context: Context, key: object, label: str = "", name: str = "before") -> SafeString:
    """The link to older rows by key, filters kept; nothing when `key` is empty: this was the last page."""
    request: HttpRequest | None = context.get("request")
    query = [(given, values) for given, values in request.GET.lists() if given != name] if request else []
    newest = ""
    if request and name in request.GET:
        newest = format_html('<a href="?{}">{}{}</a>', urlencode(query, doseq=True), icon("arrow-left"), _("回到最新"))
    if key in (None, ""):
        onward = format_html('<span class="soft">{}</span>', _("已经到底了"))
    else:
        href = f"?{urlencode([*query, (name, [str(key)])], doseq=True)}"
        onward = format_html(
            '<a class="button" rel="next" href="{}">{}{}</a>', href, label or _("更早的"), icon("arrow")
        )
    return format_html('<nav class="older" aria-label="{}">{}{}</nav>', _("翻页"), newest, onward)


@register.simple_tag
def stat(value: object, label: str, href: str = "", note: str = "", unit: str = "") -> SafeString:
    """One number of the day: value, unit, what it counts, and the address of the rows behind it."""
    facts = {"value": value, "label": label, "href": href, "note": note, "unit": unit}
    return SafeString(render_to_string("ui/parts/stat.html", facts))


@register.simple_tag
def steps(labels: Sequence[str], current: int) -> SafeString:
    """A progress line: labels in order; `current` counts from 1."""
    rows = [(label, "done" if at < current else "now" if at == current else "") for at, label in enumerate(labels, 1)]
    return SafeString(render_to_string("ui/parts/steps.html", {"rows": rows, "current": current, "total": len(rows)}))


@register.simple_tag
def tabs(items: Iterable[Mapping[str, Any]], label: str = "") -> SafeString:
    """Tabs that are links: each item has label, href, and optionally here (bool) and count."""
    return SafeString(render_to_string("ui/parts/tabs.html", {"items": list(items), "label": label or _("分类")}))


@register.simple_tag
def empty(sentence: str, href: str = "", action: str = "", icon: str = "inbox") -> SafeString:
    """What is said where nothing is to be shown: a sentence, and what one may do instead."""
    facts = {"sentence": sentence, "href": href, "action": action, "icon": icon}
    return SafeString(render_to_string("ui/parts/empty.html", facts))


@register.simple_tag
def chart(kind: str, table: str, title: str = "", unit: str = "") -> SafeString:
    """A picture of the table with this id on the same page, drawn in the browser; the table stays."""
    if kind not in CHARTS:
        raise template.TemplateSyntaxError(f"chart knows {', '.join(CHARTS)}, not {kind}")
    said = f"{title}（{unit}）" if title and unit else title
    return format_html(
        '<figure class="chart" data-chart="{}" data-table="{}" data-unit="{}" '
        'data-echarts="{}" data-drawing="{}" hidden>'
        '<div class="chart-face" role="img" aria-label="{}"></div><figcaption>{}</figcaption></figure>',
        kind,
        table,
        unit,
        asset("ui/vendor/echarts.min.js"),
        asset("ui/charts.js"),
        _("%(title)s（数据见表格）") % {"title": title or _("图")},
        said,
    )


@register.simple_block_tag(end_name="endnotice")
def notice(content: str, kind: str = "info", title: str = "") -> SafeString:
    """A message in the page: info, good, warn, bad or lock; the words carry it, the colour only supports."""
    kind = kind if kind in NOTICES else "info"
    head = format_html('<p class="notice-title">{}</p>', title) if title else ""
    return format_html(
        '<div class="notice notice-{}"{}>{}<div class="notice-text">{}{}</div></div>',
        kind,
        SafeString(' role="alert"') if kind == "bad" else "",
        icon(NOTICES[kind]),
        head,
        _inside(content),
    )


@register.simple_block_tag(end_name="enddialog")
def dialog(content: str, name: str, title: str) -> SafeString:
    """A native dialog, opened by any `<a href="#name" data-opens="name">`; without script a section of the page."""
    return format_html(
        '<dialog class="dialog" id="{0}" aria-labelledby="{0}-title" open data-dialog><div class="dialog-head">'
        '<h2 id="{0}-title">{1}</h2><form method="dialog"><button class="dialog-close" aria-label="{2}">{3}</button>'
        '</form></div><div class="dialog-body">{4}</div></dialog>',
        name,
        title,
        _("关闭"),
        icon("cross"),
        _inside(content),
    )


@register.simple_block_tag(end_name="endtable")
def table(content: str, name: str, caption: str, note: str = "", kind: str = "") -> SafeString:
    """A data table in a scroll region of its own: head and body are the content; `kind` adds classes (is-dense)."""
    said = format_html(' <span class="table-note">{}</span>', note) if note else ""
    return format_html(
        '<div class="table-scroll" role="region" aria-labelledby="{0}-caption" tabindex="0">'
        '<table class="table {4}" id="{0}"><caption id="{0}-caption">{1}{2}</caption>{3}</table></div>',
        name,
        caption,
        said,
        _inside(content),
        kind,
    )


@register.simple_tag
def field(bound: BoundField, **options: Any) -> SafeString:
    """One form field whole: label, whether it must be filled, hint, what is wrong, the control with its value.

    Options: label, hint, rows, placeholder, width (short, medium, long), autocomplete, inputmode, hints ({value: words
    under a radio card}), plain=True (no 必填/选填 mark). Every other option becomes an attribute (hx_get → hx-get).
    """
    return SafeString(render_to_string("ui/parts/field.html", fields.facts(bound, options)))


@register.simple_tag
def errors(form: Form) -> SafeString:
    """What is wrong with a form, at its head, each line a link to the field it is about; nothing when all is well."""
    rows = [(f"#{fields.anchor(form[name])}", form[name].label, said) for name, said in _faults(form)]
    facts = {"rows": rows, "general": form.non_field_errors()}
    return SafeString(render_to_string("ui/parts/errors.html", facts) if rows or facts["general"] else "")


@register.simple_tag
def proof(challenge: str, auto: str = "onfocus") -> SafeString:
    """The proof of work of a public form: `challenge` is the address that hands one out; posted as `altcha`."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    facts = {"challenge": challenge, "auto": auto, "language": language}
    return SafeString(render_to_string("ui/parts/proof.html", facts))


@register.filter
def get(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The entry of a mapping, or nothing: templates cannot look up by a variable."""
    return mapping.get(key, "")


def _faults(form: Form) -> list[tuple[str, str]]:
    return [(name, said) for name in form.errors if name in form.fields for said in fields.faults(form[name])]


def _inside(content: str) -> SafeString:
    """A block's content: rendered by the engine, which has escaped what had to be."""
    return conditional_escape(content)
