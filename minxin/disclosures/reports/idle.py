"""Where money stands still: by age, by unit; and what was taken from its sleep and put to use (盘活存量)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language

from minxin.directory import reports as directory
from minxin.disclosures.reports import flow, told
from minxin.disclosures.reports.flow import Asked, Part, Where
from minxin.disclosures.reports.told import Page
from minxin.disclosures.rules import pipe_public
from minxin.disclosures.rules.codes import ChangeKind
from minxin.disclosures.rules.pipe_public import Age, Stretch, Sums
from minxin.kernel import refs, statements

SIZE = 50


@dataclass(frozen=True, slots=True)
class Aged:
    """Money of one age: not allotted, allotted and not asked for (of headings from which no people are paid)."""

    age: Age
    name: str
    lines: int
    unallotted_fen: int
    unrequested_fen: int

    @property
    def fen(self) -> int:
        """Both."""
        return self.unallotted_fen + self.unrequested_fen


@dataclass(frozen=True, slots=True)
class Standing:
    """All that stands still in a year. `people_fen`: allotted for payments to people and not yet paid, of any age."""

    where: Where
    whole: Sums
    ages: Sequence[Aged]
    people_fen: int
    parts: Sequence[Part]
    revived_fen: int
    revived: int

    @property
    def fen(self) -> int:
        """What the pipe's page shows as not allotted and not asked for."""
        return sum(row.fen for row in self.ages) + self.people_fen


_AGES = f"""
WITH people AS ({told.PAYING_PEOPLE})
SELECT l.formed_year, count(*), sum(l.approved_fen - l.frozen_fen - l.allotted_fen)::bigint,
       coalesce(sum(l.allotted_fen - l.requested_fen - l.paid_fen) FILTER (WHERE p.unit_id IS NULL), 0)::bigint
FROM disclosures_budgetline l
LEFT JOIN people p ON p.unit_id = l.unit_id AND p.function = l.function AND p.economic = l.economic AND p.fund = l.fund
WHERE l.year = {{year}} AND NOT l.withheld{{units}}
GROUP BY 1
"""  # noqa: S608 - names of our own only


def standing(where: Where) -> Standing:
    """4 queries; kept for some seconds if not one unit's. Where a year's, a department's or a unit's money stands."""
    if where.unit:
        return _standing(where)
    return flow.keep(("standing", where, get_language()), lambda: _standing(where))


def _standing(where: Where) -> Standing:
    found = flow.fresh(where, "unit" if where.department or where.unit else "department")
    ages = _ages(where)
    unrequested = pipe_public.amount(found.whole, Stretch.UNREQUESTED)
    (total,) = _revivals(where, "coalesce(sum(r.amount_fen), 0)::bigint, count(*)")
    return Standing(
        where=where,
        whole=found.whole,
        ages=ages,
        people_fen=unrequested - sum(row.unrequested_fen for row in ages),
        parts=sorted(found.parts, key=lambda part: -part.sums.standing),
        revived_fen=total[0],
        revived=total[1],
    )


def _ages(where: Where) -> list[Aged]:
    units = flow.ids(where)
    more, values = flow.written([] if units is None else [flow.among("unit_id", units)])
    statement = _AGES.format(year=where.year, more=more, units=more.replace("unit_id", "l.unit_id"))
    sums = {age: [0, 0, 0] for age in Age}
    for formed_year, *row in statements.rows(statement, values):
        kept = sums[pipe_public.age(where.year, formed_year)]
        sums[pipe_public.age(where.year, formed_year)] = [a + b for a, b in zip(kept, row, strict=True)]
    return [Aged(age, str(name), *sums[age]) for age, name in pipe_public.AGES.items()]


@dataclass(frozen=True, slots=True)
class Revival:
    """Money taken from where it slept to where it is used: both lines, the document, the day."""

    on: date
    doc_no: str
    fen: int
    source: str
    source_unit: str
    target: str
    target_unit: str
    reason: str


def revivals(where: Where, *, before: str = "", size: int = SIZE) -> Page:
    """1 query. The revivals of a year, newest first."""
    older: list[Asked] = [("r.id < {}::bigint", (int(before[:18]),))] if before.isdecimal() else []
    found = _revivals(where, _REVIVAL, older, f"ORDER BY r.id DESC LIMIT {size + 1}")
    return Page([_revival(row) for row in found[:size]], str(found[size - 1][0]) if len(found) > size else "")


_REVIVAL = "r.id, r.on, r.doc_no, r.amount_fen, r.reason, s.year, s.number, s.unit_id, t.year, t.number, t.unit_id"
_REVIVED = f"""
SELECT {{what}} FROM disclosures_linechange r
JOIN disclosures_budgetline t ON t.id = r.line_id JOIN disclosures_budgetline s ON s.id = r.counterpart_id
WHERE r.kind = '{ChangeKind.REVIVE_IN}' AND t.year = {{year}} AND NOT t.withheld AND NOT s.withheld{{more}} {{end}}
"""  # noqa: S608 - names of our own only


def _revivals(where: Where, what: str, more: Iterable[Asked] = (), end: str = "") -> list[tuple[Any, ...]]:
    """1 query. Of the revivals r of a year from lines s to lines t, at either of which is this part of the money."""
    units = flow.ids(where)
    either: list[Asked] = [] if units is None else [("ARRAY[t.unit_id, s.unit_id] && {}::bigint[]", (units,))]
    written, values = flow.written([*either, *more])
    return statements.rows(_REVIVED.format(what=what, year=where.year, more=written, end=end), values)


def _revival(row: Sequence[Any]) -> Revival:
    _key, on, doc_no, fen, reason, *ends = row
    source, target = ends[:3], ends[3:]
    return Revival(
        on=on, doc_no=doc_no, fen=fen, source=refs.written("ZB", *source[:2]),
        source_unit=directory.unit(source[2]).name, target=refs.written("ZB", *target[:2]),
        target_unit=directory.unit(target[2]).name, reason=reason,
    )  # fmt: skip
