"""The catalogue as people read it: the category tree, names, duties, keywords, limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from minxin.cases.models import Category, ClockRule, DutyRow, KeywordRow, snapshot
from minxin.cases.rules import catalogue as rules
from minxin.cases.rules import codes, routing
from minxin.cases.rules import duties as sheet
from minxin.cases.rules.catalogue import Node
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.kernel import clocks
from minxin.kernel.clocks import Unit
from minxin.ledger import reports as ledger
from minxin.ledger.reports import Event

PAGE = 50
_JOIN = "~"  # between the parts of a page's key


def tree() -> tuple[Node, ...]:
    """No query, or 1 every few seconds. The categories in force as a tree (code, name, children), three levels."""
    return snapshot.tree()


def stamp() -> int:
    """No query but the catalogue's own. What is made of `tree` may be kept as long as this stays the same."""
    return snapshot.stamp()


def names(code: str) -> tuple[str, ...]:
    """No query, or 1 every few seconds. The names from the top down; of closed categories too; empty when unknown."""
    return rules.path(code, snapshot.all_names())


def name(code: str) -> str:
    """No query, or 1 every few seconds. The path of names in one line: 财政与资金 › 拖欠财政工资、津贴."""
    return rules.JOINT.join(names(code))


# --- one category


@dataclass(frozen=True)
class CategoryFile:
    """A category with its rows (newest first), the words that point to it, its duties in force, who changed it."""

    code: str
    name: str
    path: tuple[str, ...]
    open: bool
    rows: tuple[Category, ...]
    children: tuple[Node, ...]
    words: tuple[KeywordRow, ...]
    duties: int
    events: tuple[Event, ...]


def category(code: str) -> CategoryFile | None:
    """4 queries. Everything about a category; None when there never was one."""
    rows = tuple(Category.objects.filter(code=code).order_by("-valid_from"))
    if not rows:
        return None
    return CategoryFile(
        code=code,
        name=rows[0].name,
        path=names(code),
        open=code in snapshot.names(),
        rows=rows,
        children=_children(code, snapshot.tree()),
        words=tuple(KeywordRow.objects.filter(category=code).order_by("-weight", "word")),
        duties=DutyRow.objects.filter(category=code, valid_to__isnull=True).count(),
        events=tuple(ledger.history(f"catalogue:category:{code}"))[::-1],
    )


def _children(code: str, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    for node in nodes:
        if node.code == code:
            return node.children
        if code.startswith(node.code):
            return _children(code, node.children)
    return ()


# --- duties


@dataclass(frozen=True)
class DutyLine:
    """A row of the duty catalogue with its names; `state` is now, later or over."""

    id: int
    category: str
    category_name: str
    region: str
    region_name: str
    unit: UnitRef
    valid_from: date
    valid_to: date | None
    basis: str
    state: str


@dataclass(frozen=True)
class Duties:
    """A page of the duty catalogue and the key of the next, empty on the last."""

    rows: tuple[DutyLine, ...]
    after: str


def duties(
    *, category: str = "", region: str = "", unit: int | None = None, over: bool = False, after: str = ""
) -> Duties:
    """1 query. The duties of a category (and those below it), a region (and inside it), a unit; 50, by category.

    Rows that are over are left out unless `over`.
    """
    rows = _duties(category, region, unit, over=over)
    parts = after.split(_JOIN)
    if len(parts) == 3 and parts[2].isdigit():
        begin, place, key = parts[0], parts[1], int(parts[2])
        rows = rows.filter(
            Q(category__gt=begin)
            | Q(category=begin, region__gt=place)
            | Q(category=begin, region=place, id__gt=min(key, 2**62))
        )
    found = list(rows.order_by("category", "region", "id")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    key_after = _JOIN.join([last.category, last.region, str(last.pk)]) if last else ""
    return Duties(tuple(_lines(found[:PAGE])), key_after)


def sheet_rows(*, category: str = "", region: str = "", unit: int | None = None) -> Iterator[list[str]]:
    """1 query. The duties in force or to come, as the cells of the import sheet's columns."""
    rows = _duties(category, region, unit, over=False).order_by("category", "region", "id")
    for line in _lines(rows):
        yield [
            line.category,
            line.category_name,
            line.region,
            line.region_name,
            line.unit.code,
            line.unit.name,
            line.valid_from.isoformat(),
            line.valid_to.isoformat() if line.valid_to else "",
            line.basis,
        ]


def headings() -> list[str]:
    """The headings of the sheet."""
    return [column.heading for column in sheet.COLUMNS]


def _duties(category: str, region: str, unit: int | None, *, over: bool) -> QuerySet[DutyRow]:
    rows = DutyRow.objects.filter(category__startswith=category)
    if region:
        rows = rows.filter(region__startswith=routing.significant(region))
    if unit is not None:
        rows = rows.filter(unit_id=unit)
    return rows if over else rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=clocks.today()))


def _lines(rows: QuerySet[DutyRow] | list[DutyRow]) -> Iterator[DutyLine]:
    found = list(rows)
    units = directory.units_by_id({row.unit_id for row in found})
    today = clocks.today()
    for row in found:
        over = row.valid_to is not None and row.valid_to < today
        yield DutyLine(
            row.pk,
            row.category,
            name(row.category),
            row.region,
            directory.region_name(row.region),
            units[row.unit_id],
            row.valid_from,
            row.valid_to,
            row.basis,
            "over" if over else "later" if row.valid_from > today else "now",
        )


# --- keywords


@dataclass(frozen=True)
class Word:
    """A keyword with its category's names."""

    word: str
    category: str
    category_name: str
    weight: int


@dataclass(frozen=True)
class Words:
    """A page of keywords and the key of the next, empty on the last."""

    rows: tuple[Word, ...]
    after: str


def words(*, q: str = "", category: str = "", after: str = "") -> Words:
    """1 query. The keywords holding these characters, of a category and those below; 50, by category."""
    rows = KeywordRow.objects.filter(category__startswith=category)
    if q:
        rows = rows.filter(word__icontains=q)
    begin, _join, word = after.partition(_JOIN)
    if word:
        rows = rows.filter(Q(category__gt=begin) | Q(category=begin, word__gt=word))
    found = list(rows.order_by("category", "word")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    shown = tuple(Word(row.word, row.category, name(row.category), row.weight) for row in found[:PAGE])
    return Words(shown, f"{last.category}{_JOIN}{last.word}" if last else "")


# --- limits


@dataclass(frozen=True)
class LimitLine:
    """A limit in words; `state` is now, later or over."""

    id: int
    code: str
    kind: str
    urgency: str
    region: str
    region_name: str
    amount: int
    unit: str
    valid_from: date
    valid_to: date | None
    basis: str
    state: str
    special: bool
    may_end: bool


@dataclass(frozen=True)
class ClockLimits:
    """The limits of one clock: those in force or to come, and those that are over."""

    code: str
    label: str
    present: tuple[LimitLine, ...]
    past: tuple[LimitLine, ...]


def limits(officer: Officer) -> tuple[ClockLimits, ...]:
    """1 query. Every limit with its basis and history, by clock, the general one first."""
    by_code: dict[str, list[LimitLine]] = {}
    for row in ClockRule.objects.order_by("kind", "urgency", "region", "-valid_from"):
        by_code.setdefault(row.code, []).append(_limit(row, officer))
    return tuple(
        ClockLimits(
            code.value,
            str(code.label),
            tuple(line for line in by_code.get(code.value, ()) if line.state != "over"),
            tuple(line for line in by_code.get(code.value, ()) if line.state == "over"),
        )
        for code in codes.ClockCode
    )


def _limit(row: ClockRule, officer: Officer) -> LimitLine:
    today = clocks.today()
    over = row.valid_to is not None and row.valid_to < today
    special = bool(row.kind or row.urgency or row.region)
    return LimitLine(
        row.pk,
        row.code,
        str(codes.Kind(row.kind).label) if row.kind else "",
        str(codes.Urgency(row.urgency).label) if row.urgency else "",
        row.region,
        directory.region_name(row.region) if row.region else "",
        row.amount,
        str(rules.UNITS[Unit(row.unit)]),
        row.valid_from,
        row.valid_to,
        row.basis,
        "over" if over else "later" if row.valid_from > today else "now",
        special,
        special and row.valid_to is None and rules.may(officer, "end_limit", region=row.region),
    )
