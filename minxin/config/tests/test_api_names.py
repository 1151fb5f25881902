"""Shapes of the API have one name each: of two with the same name the description would keep one, and be wrong."""

import ast
from collections import Counter
from pathlib import Path

MINXIN = Path(__file__).parents[2]


def test_no_two_shapes_of_the_api_share_a_name() -> None:
    paths = [path for path in MINXIN.rglob("api/*.py") if "tests" not in path.parts]
    names = Counter(
        node.name
        for path in paths
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith(("In", "Out"))
    )
    assert len(names) > 20
    assert [name for name, count in names.items() if count > 1] == []
