"""What no linter knows: where writes, clocks and names may be, how long things are, what pages may hold."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = sorted(path for path in (ROOT / "minxin").rglob("*.py") if "node_modules" not in path.parts)
SOURCES = [path for path in CODE if "migrations" not in path.parts]
TEMPLATES = sorted((ROOT / "minxin").rglob("templates/**/*.html"))

FORBIDDEN_NAMES = {
    *("utils", "util", "services", "service", "helpers", "helper", "common", "managers", "signals", "serializers"),
    *("apps", "misc", "tools", "lib", "core", "base", "mixins", "handlers"),
}
FORBIDDEN_IMPORTS = {
    "django.dispatch",
    "django.db.models.signals",
    "django.contrib.contenttypes.fields",
    "unittest.mock",
}
CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "timezone.now",
    "timezone.localdate",
    "timezone.localtime",
    "time.time",
}
QUERIES = {"objects", "_default_manager", "_base_manager", "filter", "exclude", "all"}
WRITING_SQL = re.compile(r"^\s*(INSERT INTO|UPDATE \S+ SET|DELETE FROM|TRUNCATE|COPY \S+ .*FROM)\b", re.IGNORECASE)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name == "conftest.py"


def trees(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    for path in paths:
        yield path, ast.parse(path.read_text(), str(path))


def chain(node: ast.AST) -> list[str]:
    """The names along `Case.objects.filter(…).update`: ["Case", "objects", "filter", "update"]."""
    names: list[str] = []
    while True:
        match node:
            case ast.Attribute():
                names.insert(0, node.attr)
                node = node.value
            case ast.Call():
                node = node.func
            case ast.Subscript():
                node = node.value
            case ast.Name():
                return [node.id, *names]
            case _:
                return names


def writes(call: ast.Call) -> bool:
    names = chain(call.func)
    if len(names) < 2:
        return False
    *receiver, verb = names
    bare = not call.args
    return (
        verb in {"bulk_create", "bulk_update", "get_or_create", "update_or_create"}
        or (verb in {"create", "update", "delete"} and bool(QUERIES & set(receiver)))
        or (
            verb == "save"
            and (any(word.arg == "update_fields" for word in call.keywords) or (bare and not call.keywords))
        )
        or (verb == "delete" and bare and not call.keywords)
    )


def may_write(path: Path) -> bool:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return bool({"actions", "migrations", "models", "bench"} & set(parts)) or is_test(path)


def test_only_actions_write() -> None:
    found = [
        f"{named(path)}:{node.lineno}"
        for path, tree in trees([path for path in CODE if not may_write(path)])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and writes(node)
    ]
    assert not found, "move the write into actions: " + ", ".join(found)


def test_only_actions_and_the_kernel_write_by_sql() -> None:
    found = [
        f"{named(path)}:{node.lineno}"
        for path, tree in trees([path for path in CODE if not may_write(path) and "kernel" not in path.parts])
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WRITING_SQL.match(node.value)
    ]
    assert not found, ", ".join(found)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Case.objects.create(x=1)", True),
        ("Case.objects.filter(pk=1).update(x=1)", True),
        ("case.save()", True),
        ("case.save(update_fields=['x'])", True),
        ("case.delete()", True),
        ("rows.visible_to(by).filter(x=1).delete()", True),
        ("digest.update(data)", False),
        ("picture.save(buffer, 'PNG')", False),
        ("facts.update(x=1)", False),
        ("store.delete(name)", False),
    ],
)
def test_the_scan_for_writes_knows_a_write_when_it_sees_one(source: str, expected: bool) -> None:
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert writes(call) is expected


def test_only_the_kernel_reads_the_clock() -> None:
    found = []
    for path, tree in trees([path for path in CODE if "clocks" not in path.stem and "clocks" not in path.parts]):
        if is_test(path):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = ".".join(chain(node.func)[-2:])
                if name in CLOCKS and not (name == "timezone.localtime" and node.args):  # that one converts
                    found.append(f"{named(path)}:{node.lineno}")
                found += [
                    f"{named(path)}:{node.lineno} {word.arg}"
                    for word in node.keywords
                    if word.arg in {"auto_now", "auto_now_add"}
                ]
    assert not found, "use kernel.clocks.now(): " + ", ".join(found)


def test_modules_have_at_most_600_lines() -> None:
    long = [f"{named(path)}: {count}" for path in SOURCES if (count := len(path.read_text().splitlines())) > 600]
    assert not long, ", ".join(long)


def test_functions_have_at_most_60_lines() -> None:
    long = [
        f"{named(path)}:{node.lineno} {node.name}: {length}"
        for path, tree in trees([path for path in SOURCES if not is_test(path)])  # a test may tell a whole story
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > 60
    ]
    assert not long, ", ".join(long)


def test_an_init_file_holds_a_docstring_only() -> None:
    for path, tree in trees([path for path in CODE if path.name == "__init__.py"]):
        extra = [
            node for node in tree.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        ]
        if path.parent.name == "models":  # Django looks for an app's models here
            extra = [node for node in extra if not isinstance(node, ast.ImportFrom | ast.Assign)]
        assert not extra, named(path)
        if path.parent.parent in {ROOT, ROOT / "minxin"} and path.parent.name != "tests":
            assert ast.get_docstring(tree), f"{named(path)} says what it is"


def test_every_module_and_every_public_function_says_what_it_is() -> None:
    silent = []
    for path, tree in trees([path for path in SOURCES if not is_test(path)]):
        if path.name != "__init__.py" and not ast.get_docstring(tree):
            silent.append(named(path))
        silent += [
            f"{named(path)}:{node.lineno} {node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
        ]
    assert not silent, ", ".join(silent)


def test_no_module_has_a_name_that_knows_nothing() -> None:
    bad = [named(path) for path in CODE if FORBIDDEN_NAMES & {path.stem, *path.relative_to(ROOT / "minxin").parts[:-1]}]
    assert not bad, ", ".join(bad)


def test_no_signals_no_generic_keys_no_mocks() -> None:
    found = []
    for path, tree in trees(CODE):
        for node in ast.walk(tree):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [f"{named(path)}:{node.lineno} {module}" for module in modules if module in FORBIDDEN_IMPORTS]
    assert not found, ", ".join(found)


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    bare = [name for name in wanted if not re.search(rf'^\s*"{re.escape(name)}",?\s*#\s*\S+', text, re.MULTILINE)]
    assert not bare, ", ".join(bare)


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_has_no_inline_script_or_style_and_nothing_from_elsewhere(path: Path) -> None:
    text = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}|<!--.*?-->", "", path.read_text(), flags=re.DOTALL)
    for pattern, what in {
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)": "an inline script",
        r"<style\b": "an inline style sheet",
        r"<[^>]*\sstyle\s*=": "a style attribute",
        r"<[^>]*\son[a-z]+\s*=": "an event attribute",
        r"\bhx-on\b": "hx-on",
        r"javascript:": "a javascript address",
        r"<(script|link|img|iframe|source)\b[^>]*(src|href)\s*=\s*[\"'](https?:)?//": "something from another host",
    }.items():
        assert not re.search(pattern, text, re.IGNORECASE), f"{named(path)} holds {what}"


def test_every_variable_of_the_environment_is_explained_to_the_operator() -> None:
    guide = (ROOT / "docs" / "operate.md").read_text()
    read = re.compile(r"""environ[^"'\n]*["'](MINXIN_[A-Z_]+)|(?:_flag|_words|_number)\(\s*["'](MINXIN_[A-Z_]+)""")
    names = {first or second for path in CODE if not is_test(path) for first, second in read.findall(path.read_text())}
    assert len(names) > 10
    missing = sorted(name for name in names - {"MINXIN_SUPERVISOR", "MINXIN_TALLY"} if f"`{name}" not in guide)
    assert not missing, ", ".join(missing)
