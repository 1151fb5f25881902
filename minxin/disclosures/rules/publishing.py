"""Publishing: who may, what must hold first, and the form of a row that is hashed. Documented in docs/open-data.md."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minxin.directory.rules import Officer, Role
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import SubmissionStage
from minxin.kernel import merkle
from minxin.kernel.errors import Refused

DETAIL = "detail"  # the sheet whose rows are added up: function x economic x project x fund (预算明细)
WHOSE: dict[str, str | Promise] = {"department_budget": gettext_lazy("部门"), "government_budget": gettext_lazy("政府")}
CITY = "department_budget"  # what a whole city publishes at once
OF_FINANCE = (Role.PUBLISHER,)  # for every unit whose budget the bureau keeps
OF_UNIT = (Role.PUBLISHER, Role.HEAD)  # for the unit's own tables
MOST_NAMED = 20  # units in a refusal; the page lists all

FORMAT = "minxin-row-proof/1"


def canonical(
    *, unit: str, template: str, fiscal_year: int, version: str, sheet: str, key: str, cells: Mapping[str, Any]
) -> bytes:
    """The row as it is hashed: JSON in UTF-8, keys in order, no spaces; amounts are integer fen.

    `actions.publishing` writes the same bytes in SQL; a test holds both equal.
    """
    row = {
        "cells": cells,
        "fiscal_year": fiscal_year,
        "key": key,
        "sheet": sheet,
        "template": template,
        "unit": unit,
        "version": version,
    }
    return written(row)


def written(row: Mapping[str, Any]) -> bytes:
    """A row already put together, as canonical JSON."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a proof told: whether the row is in the tree, and if not, why not."""

    holds: bool
    fault: str = ""
    root: str = ""
    index: int = 0
    size: int = 0


def check_proof(proof: Mapping[str, Any], row: Mapping[str, Any] | None = None) -> Checked:
    """Whether a downloaded proof holds, for the row in it or for `row`; without database or network.

    `fault` is "shape", "row" (the proof is of another row), or "path" (the row is not under this root).
    """
    try:
        told = proof["row"]
        index, size, root = int(proof["leaf"]), int(proof["size"]), bytes.fromhex(proof["root"])
        path = [bytes.fromhex(step) for step in proof["path"]]
        mine = written(told if row is None else row)
        if proof["format"] != FORMAT or not isinstance(told, dict):
            return Checked(False, "shape")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return Checked(False, "shape")
    if mine != written(told):
        return Checked(False, "row", root.hex(), index, size)
    held = merkle.holds(merkle.leaf(mine), index=index, size=size, path=path, root=root)
    return Checked(held, "" if held else "path", root.hex(), index, size)


def may_publish(officer: Officer, *, finance: int, unit: int) -> bool:
    """Whether this officer may put a unit's table on the page: the bureau's publisher, or the unit's own."""
    if officer.kind == "system":
        return True
    return finance in officer.unit_ids(*OF_FINANCE) or unit in officer.unit_ids(*OF_UNIT)


@dataclass(frozen=True, slots=True)
class Ready:
    """A submission as the check before publishing sees it; `newest` is the published one it would follow."""

    id: int
    ref: str
    unit: int
    stage: str
    corrects: int | None
    newest: int | None
    withheld: bool
    table: tuple[str, int, str]  # template, fiscal year, version


def check(rows: Collection[Ready]) -> None:
    """Raises Refused when these submissions cannot become one publication, saying which and what to do."""
    if not rows:
        raise Refused("nothing_chosen", _("请先选择要公开的报送。"), field="refs")
    if len({row.table for row in rows}) > 1:
        raise Refused("mixed", _("一次只能公开同一年度、同一版本的同一套表，请分开公开。"), field="refs")
    if templates.get(next(iter(rows)).table[0]).repeated:
        raise Refused("not_a_table", _("支付明细进入支付流程，不作为报表公开。"), field="refs")
    if len({row.unit for row in rows}) < len(rows):
        raise Refused("twice", _("同一单位的同一套表选了两份，请只保留一份。"), field="refs")
    _refuse_if(rows, lambda row: row.withheld, "withheld", _("涉密单位的预算只进汇总数，不能单独公开：%(refs)s。"))
    _refuse_if(
        rows,
        lambda row: row.stage != SubmissionStage.SIGNED,
        "not_signed",
        _("这些报送还没有由单位负责人签发，不能公开：%(refs)s。请先签发。"),
    )
    _refuse_if(
        rows,
        lambda row: row.corrects is None and row.newest is not None,
        "already_published",
        _("这些单位的这套表已经公开：%(refs)s。内容有变，请以更正报送，并写明原因。"),
    )
    _refuse_if(
        rows,
        lambda row: row.corrects is not None and row.corrects != row.newest,
        "outdated",
        _("更正所依据的表已不是页面上的最新一版：%(refs)s。请对照最新一版重新报送更正。"),
    )


def _refuse_if(rows: Collection[Ready], wrong: Any, code: str, sentence: str) -> None:
    refs = [row.ref for row in rows if wrong(row)]
    if refs:
        told = _("、").join(refs[:MOST_NAMED])
        raise Refused(code, sentence % {"refs": told + ("…" if len(refs) > MOST_NAMED else "")}, field="refs")
