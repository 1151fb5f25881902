"""Everything on the screen is Chinese in the source and English by translation: nothing is missing, nothing is bare."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[1]
BOOKS = sorted((ROOT / "minxin").glob("*/locale/en/LC_MESSAGES/django.po"))
ENGLISH = {entry.msgid: entry for book in BOOKS for entry in polib.pofile(str(book)) if not entry.obsolete}
CALLS = {"_", "gettext", "gettext_lazy", "pgettext", "ngettext", "ngettext_lazy", "gettext_noop"}
HAN = re.compile(r"[\u4e00-\u9fff]")
SOURCES = [
    path
    for path in sorted((ROOT / "minxin").rglob("*.py"))
    if not {"tests", "migrations", "bench"} & set(path.parts) and path.name != "samples.py"
]
TEMPLATES = sorted((ROOT / "minxin").rglob("templates/**/*.html")) + sorted(
    (ROOT / "minxin").rglob("templates/**/*.txt")
)
# The guide of parts shows sample words; error pages without a context say everything in both languages.
TEMPLATES = [path for path in TEMPLATES if path.name not in {"style.html", "style_desk.html", "500.html", "503.html"}]
# Chinese that is data, a pattern, an example, or said to the operator in both languages: not words on the screen.
DATA = re.compile(
    r"/(seeds|management|portal/actions|samples\.py"
    r"|config/(console|supervisor|preparation|processes|cli|database|settings|api)\.py"
    r"|kernel/(actions|clocks|identifiers|models|money|text|sheets)\.py"
    r"|directory/(rules|actions/imports)\.py"
    r"|cases/(rules/(duties|quality)|reports/question|api/shapes)\.py"
    r"|disclosures/rules/(templates|broker|broker_checks|broker_file|broker_tables|settling)\.py)"
)


def test_every_message_has_its_english():
    wanted = {message for path in SOURCES for message in _messages(path)}
    wanted |= {message for path in TEMPLATES for message in _template_messages(path)}
    missing = sorted(message for message in wanted if message not in ENGLISH or not ENGLISH[message].translated())
    assert missing == []


def test_a_translation_keeps_the_placeholders_of_its_message():
    names = re.compile(r"%\((\w+)\)|(?<!\{)\{(\w+)\}(?!\})")
    wrong = [
        entry.msgid
        for entry in ENGLISH.values()
        if entry.msgstr and {*names.findall(entry.msgid)} != {*names.findall(entry.msgstr)}
    ]
    assert wrong == []


def test_english_is_english():
    examples = [
        "葫政办发〔2026〕1号",
        "供暖",
        "拖欠工资",
        "2027-10-01,放假,国庆节",
        "2027-10-01,放假",
        "国庆节",
        "放假",
        "上班",
        "绥中",
        "财政",
        "、",
    ]
    quoted = re.compile("|".join(['[“"（(].*?[”"）)]', *examples]))
    chinese = [entry.msgid for entry in ENGLISH.values() if HAN.search(quoted.sub("", entry.msgstr))]
    assert chinese == []


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if not DATA.search(str(p))], ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_chinese_in_python_without_translation(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = set(_inside_calls(tree)) | set(_docstrings(tree))
    bare = [
        f"{node.lineno}: {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and HAN.search(node.value)
        and id(node) not in known
    ]
    assert bare == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_chinese_in_templates_without_translation(path):
    source = path.read_text(encoding="utf-8")
    source = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}", "", source, flags=re.DOTALL)
    source = re.sub(r"{%\s*blocktrans.*?endblocktrans(late)?\s*%}", "", source, flags=re.DOTALL)
    source = re.sub(r"_\((['\"]).*?\1\)", "", source)
    source = re.sub(r"{%\s*trans(late)? .*?%}", "", source)
    assert [HAN.findall(line) for line in source.splitlines() if HAN.search(line)] == []


def _messages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in CALLS and node.args:
            first = node.args[1 if _name(node.func) == "pgettext" else 0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and HAN.search(first.value):
                yield first.value


def _template_messages(path: Path) -> Iterator[str]:
    for found in re.finditer(
        r"gettext\((?:u)?((['\"]).*?(?<!\\)\2)|_\(((['\"]).*?(?<!\\)\4)\)",
        templatize(path.read_text(encoding="utf-8"), origin=str(path)),
        re.DOTALL,
    ):
        message = ast.literal_eval(f"({(found[1] or found[3])})".replace("\n", "\\n"))
        if HAN.search(message):
            yield message


def _inside_calls(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in CALLS:
            yield from (id(inner) for inner in ast.walk(node) if isinstance(inner, ast.Constant))


def _docstrings(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _name(func: ast.expr) -> str:
    return func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
