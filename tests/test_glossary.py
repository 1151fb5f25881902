"""docs/glossary.md fixes the words: every code name in it exists, and nothing of the core vocabulary is missing."""

import importlib
import re
from pathlib import Path

import pytest

from minxin.cases.rules import codes, moves
from minxin.directory.rules import Role

TEXT = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!中文|-)(.+?) \| (.+?) \| `(.+?)` \|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("name", sorted({row[2] for row in ROWS}))
def test_a_code_name_of_the_glossary_exists(name):
    parts = ["minxin", *name.split(".")]
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        break
    for part in parts[cut:]:
        found = getattr(found, part)
    assert found is not None


def test_every_verb_stage_and_role_has_its_word():
    words = {row[0] for row in ROWS}
    labels = [move.label for move in moves.MOVES.values()]
    labels += [stage.label for stage in codes.Stage] + [role.label for role in Role]
    assert [str(label) for label in labels if str(label) not in words] == []


def test_no_two_concepts_share_an_english_word_within_a_section():
    for section in TEXT.split("\n## ")[1:]:
        english = re.findall(r"^\| (?!中文|-).+? \| (.+?) \| `.+?` \|$", section, re.MULTILINE)
        assert len(english) == len(set(english)), section.splitlines()[0]
