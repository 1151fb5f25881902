"""What the looks promise without a browser: contrast, whole vendored files, no inline code, icons that exist."""

import hashlib
import json
import re
from itertools import product
from pathlib import Path

import pytest
from django.utils.html import strip_tags

UI = Path(__file__).parents[1]
STATIC = UI / "static" / "ui"
PACKAGE = UI.parent
TEMPLATES = sorted(PACKAGE.glob("**/templates/**/*.html"))
OWN_CSS = sorted(STATIC.glob("*.css"))

TEXTS = ["ink", "ink-soft", "ink-faint", "glass", "glass-deep", "cinnabar", "green", "amber", "red", "grey"]
GROUNDS = ["paper", "sheet", "sunken"]
PAIRS = [
    *product(TEXTS, GROUNDS),
    *product(["ink", "ink-soft"], ["glass-wash", "green-wash", "amber-wash", "red-wash", "grey-wash", "mark"]),
    ("glass", "glass-wash"),
    ("green", "green-wash"),
    ("amber", "amber-wash"),
    ("red", "red-wash"),
    ("cinnabar", "cinnabar-wash"),
    ("ink-faint", "glass-wash"),
    ("on-cinnabar", "cinnabar-fill"),
    ("on-cinnabar", "cinnabar-deep"),
    ("on-glass", "glass-fill"),
    ("paper", "glass-deep"),
    ("on-bar", "bar"),
    ("on-bar-soft", "bar"),
]
SHAPES = [
    *product(["edge", "lamp-green", "lamp-amber", "lamp-red", "lamp-grey", "star", "focus"], ["paper", "sheet"]),
    ("glass-fill", "paper"),
    ("glass-fill", "sheet"),
]


def blocks() -> dict[str, dict[str, str]]:
    css = re.sub(r"/\*.*?\*/", "", (STATIC / "tokens.css").read_text(), flags=re.S)
    found = re.findall(r"(:root[^{]*?)\s*\{([^{}]*)\}", css)
    return {selector.strip(): dict(re.findall(r"--([\w-]+):\s*([^;]+);", body)) for selector, body in found}


LIGHT = blocks()[":root"]
DARK = {**LIGHT, **blocks()[':root[data-theme="dark"]']}


def luminance(colour: str) -> float:
    parts = [int(colour.lstrip("#")[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_known_contrasts_come_out_of_the_formula():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS, ids=lambda value: value)
def test_text_stands_out_from_its_ground(theme, text, ground):
    tokens = LIGHT if theme == "light" else DARK
    assert contrast(tokens[text], tokens[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES, ids=lambda value: value)
def test_edges_lamps_and_focus_stand_out_from_their_ground(theme, shape, ground):
    tokens = LIGHT if theme == "light" else DARK
    assert contrast(tokens[shape], tokens[ground]) >= 3


def test_dark_asked_for_by_the_system_and_dark_chosen_are_the_same_dark():
    assert blocks()[':root:not([data-theme="light"])'] == blocks()[':root[data-theme="dark"]']


def test_every_token_used_in_a_stylesheet_exists():
    known = set(LIGHT) | {"lamp-cut"}
    used = {name for sheet in OWN_CSS for name in re.findall(r"var\(--([\w-]+)", sheet.read_text())}
    assert used - known == set()


def test_colours_are_written_only_in_the_tokens():
    for sheet in OWN_CSS:
        if sheet.name not in {"tokens.css", "print.css"}:
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text()) == [], sheet.name


def test_vendored_files_are_what_their_packages_held():
    rows = json.loads((STATIC / "vendor" / "vendor.json").read_text())
    for row in rows:
        assert hashlib.sha256((STATIC / "vendor" / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
    listed = {row["file"] for row in rows}
    present = {file.name for file in (STATIC / "vendor").glob("*") if file.suffix in {".js", ".css"}}
    assert present == listed
    notes = (STATIC / "vendor" / "VENDOR.md").read_text()
    assert all(f"| {row['file']} | {row['package']} | {row['version']} | {row['licence']} |" in notes for row in rows)


def markup(template: Path) -> str:
    return re.sub(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}|<!--.*?-->", "", template.read_text(), flags=re.S)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_template_carries_inline_script_or_style(template):
    text = markup(template)
    assert not re.search(r"<style\b", text)
    assert not re.search(r"<[^>]*\sstyle\s*=", text)
    assert not re.search(r"<[^>]*\s(on[a-z]+|hx-on[\w:-]*)\s*=", text)
    for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", text, flags=re.S):
        assert "src=" in attributes or 'type="application/json"' in attributes
        assert not body.strip() or 'type="application/json"' in attributes
    assert "javascript:" not in text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_template_fetches_from_a_third_party(template):
    assert re.findall(r"""(?:src|data|poster|action)\s*=\s*["'](?:https?:)?//[^"']*""", markup(template)) == []
    assert not re.search(r"""<link\b[^>]*href\s*=\s*["'](?:https?:)?//""", markup(template))


def test_every_icon_a_template_or_tag_names_is_drawn():
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = {name for path in TEMPLATES for name in re.findall(r"""\{%\s*icon\s+["']([\w-]+)["']""", path.read_text())}
    source = (UI / "templatetags" / "minxin.py").read_text()
    named |= set(re.findall(r"""\bicon\("([\w-]+)"\)""", source)) | {
        "lamp-green",
        "lamp-amber",
        "lamp-red",
        "lamp-grey",
    }
    assert named - drawn == set()
    assert len(drawn) >= 40


def test_the_script_stays_small_and_evaluates_nothing():
    script = (STATIC / "minxin.js").read_text()
    assert len(script.splitlines()) <= 400
    for name in ("minxin.js", "charts.js", "altcha.js"):
        assert not re.search(r"\beval\(|new Function\b|\.setAttribute\(\s*[\"']style", (STATIC / name).read_text())


def test_templates_speak_without_exclamation_marks():
    for template in (UI / "templates").glob("**/*.html"):
        assert "！" not in strip_tags(markup(template)), template.name
