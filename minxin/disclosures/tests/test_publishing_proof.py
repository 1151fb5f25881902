"""A downloaded row and its proof, checked without a database; what was changed anywhere is found out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from minxin.disclosures.rules import publishing as rules
from minxin.kernel import merkle

ROWS = [
    {"cells": {"amount": 100 + n, "project": "教师培训"}, "fiscal_year": 2007, "key": f"k{n}", "sheet": "detail",
     "template": "department_budget", "unit": "211400-JYJ", "version": "initial"}
    for n in range(7)
]  # fmt: skip
TREE = merkle.levels([merkle.leaf(rules.written(row)) for row in ROWS])
ROOT = TREE[-1][0].hex()


def proof_of(leaf: int) -> dict[str, Any]:
    path = [step.hex() for step in merkle.path(TREE, leaf)]
    head = {"format": rules.FORMAT, "publication": "GK2007-0000001-1", "leaf": leaf, "size": 7, "root": ROOT}
    return head | {"path": path, "row": ROWS[leaf]}


@pytest.mark.parametrize("leaf", range(7))
def test_every_row_is_proved(leaf: int) -> None:
    assert rules.check_proof(proof_of(leaf)) == rules.Checked(True, "", ROOT, leaf, 7)
    assert rules.check_proof(proof_of(leaf), ROWS[leaf]).holds


@given(leaf=st.integers(0, 6), place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_in_the_row_fails(leaf: int, place: int, bit: int) -> None:
    data = bytearray(rules.written(ROWS[leaf]))
    data[place % len(data)] ^= 1 << bit
    proof = proof_of(leaf)
    path = [bytes.fromhex(step) for step in proof["path"]]
    flipped = merkle.leaf(bytes(data))
    assert not merkle.holds(flipped, index=leaf, size=7, path=path, root=bytes.fromhex(ROOT))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda proof: proof["row"]["cells"].update(amount=101), "path"),
        (lambda proof: proof["row"].update(unit="211400-MZJ"), "path"),
        (lambda proof: proof["row"].update(more="x"), "path"),
        (lambda proof: proof.update(leaf=1), "path"),
        (lambda proof: proof.update(size=9), "path"),
        (lambda proof: proof.update(root="0" * 64), "path"),
        (lambda proof: proof["path"].pop(), "path"),
        (lambda proof: proof.update(format="x"), "shape"),
        (lambda proof: proof.update(row=[]), "shape"),
        (lambda proof: proof.update(leaf="first"), "shape"),
        (lambda proof: proof.update(leaf=float("inf")), "shape"),
        (lambda proof: proof.update(path=["zz"]), "shape"),
        (lambda proof: proof.pop("root"), "shape"),
    ],
)
def test_whatever_was_changed_is_found_out(change: Callable[[dict[str, Any]], Any], fault: str) -> None:
    proof = json.loads(json.dumps(proof_of(0)))
    change(proof)
    assert rules.check_proof(proof).fault == fault


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("verify_row", *arguments, stdout=said)
    return said.getvalue()


def kept(path: Path, value: object) -> str:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return str(path)


def test_the_command_says_what_was_proved(tmp_path: Path) -> None:
    proof = kept(tmp_path / "proof.json", proof_of(3))
    assert "第 3 行，没有改动" in run(proof, "--root", ROOT.upper())
    assert "请与公开页面上的行树根对照" in run(proof)
    assert "核对通过" in run(proof, kept(tmp_path / "row.json", ROWS[3]))
    whole = {"publication": "GK2007-0000001-1", "root": ROOT, "size": 7, "rows": ROWS}
    assert "全部 7 行" in run(kept(tmp_path / "rows.json", whole), "--root", ROOT)


def test_the_command_says_clearly_when_it_fails(tmp_path: Path) -> None:
    proof = kept(tmp_path / "proof.json", proof_of(3))
    whole = {"publication": "GK2007-0000001-1", "root": ROOT, "size": 7, "rows": [*ROWS[:6], ROWS[0]]}
    for arguments, sentence in {
        (proof, "--root", "0" * 64): "与您给的不同",
        (proof, kept(tmp_path / "row.json", ROWS[2])): "行的内容被改动过",
        (kept(tmp_path / "bent.json", proof_of(3) | {"leaf": 4}),): "算不出证明里的行树根",
        (kept(tmp_path / "rows.json", whole),): "算不出证明里的行树根",
        (kept(tmp_path / "odd.json", {"rows": [1], "root": ROOT}),): "不是行证明",
        (kept(tmp_path / "list.json", []),): "不是行证明",
        (str(tmp_path / "none.json"),): "读不到文件",
    }.items():
        with pytest.raises(CommandError, match=sentence):
            run(*arguments)
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(CommandError, match="不是行证明"):
        run(str(tmp_path / "broken.json"))


def test_the_program_needs_no_database(tmp_path: Path) -> None:
    proof = kept(tmp_path / "proof.json", proof_of(5))
    nowhere = {"MINXIN_VAR": str(tmp_path / "var"), "MINXIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    for root, code in {ROOT: 0, "0" * 64: 1}.items():
        done = subprocess.run(
            [sys.executable, "-m", "minxin.config.cli", "verify_row", proof, "--root", root],
            env=os.environ | nowhere, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert ("核对通过" in done.stdout) is (code == 0)
    assert not (tmp_path / "var" / "postgres").exists()
