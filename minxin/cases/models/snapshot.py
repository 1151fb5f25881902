"""The catalogue in memory, indexed: small, asked at every filing, changed a few times a year."""

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from minxin.cases.models.catalogue import Category, ClockRule, DutyRow, KeywordRow
from minxin.cases.rules import catalogue, routing
from minxin.cases.rules import limits as limit_rules
from minxin.kernel.clocks import Limit, Unit

SECONDS = 5.0  # another process's change is seen after at most so long
Kept = TypeVar("Kept")
_kept: dict[str, tuple[float, Any]] = {}
_numbers = itertools.count(1)
_stamped: tuple[int, Mapping[str, str]] = (0, {})
_grown: tuple[int, tuple[catalogue.Node, ...]] = (0, ())


def limits() -> limit_rules.LimitBook:
    """Every dated limit, by clock."""
    return _keep("limits", _limits)


def duties() -> routing.DutyBook:
    """The duty catalogue (派单目录), dated, by category and region."""
    return _keep("duties", _duties)


def keywords() -> routing.WordBook:
    """The words that point to categories, by their beginning."""
    return _keep("keywords", _keywords)


def categories() -> tuple[Category, ...]:
    """The category tree with its history, in order of code."""
    return _keep("categories", lambda: tuple(Category.objects.order_by("code", "valid_from")))


def names() -> Mapping[str, str]:
    """The name of every category in force, by code."""
    return _keep("names", lambda: {row.code: row.name for row in categories() if row.valid_to is None})


def all_names() -> Mapping[str, str]:
    """The latest name of every category there ever was, by code: old cases keep theirs."""
    return _keep("all_names", lambda: {row.code: row.name for row in categories()})


def tree() -> tuple[catalogue.Node, ...]:
    """The category tree in force."""
    global _grown
    number = stamp()
    if _grown[0] != number:
        _grown = (number, catalogue.grow(names()))
    return _grown[1]


def stamp() -> int:
    """The number of the names in force: another one as soon as this process has read others. None ever returns."""
    global _stamped
    known = names()
    if known is not _stamped[1]:
        _stamped = (_stamped[0] if known == _stamped[1] else next(_numbers), known)
    return _stamped[0]


def forget() -> None:
    """Read again at the next question: after a change, and between tests."""
    _kept.clear()


def _keep(name: str, read: Callable[[], Kept]) -> Kept:
    kept = _kept.get(name)
    if kept is None or time.monotonic() - kept[0] > SECONDS:
        kept = (time.monotonic(), read())
        _kept[name] = kept
    value: Kept = kept[1]
    return value


def _limits() -> limit_rules.LimitBook:
    return limit_rules.book(
        limit_rules.LimitRow(
            r.id, r.code, r.kind, r.region, r.urgency, Limit(r.amount, Unit(r.unit)), r.valid_from, r.valid_to, r.basis
        )
        for r in ClockRule.objects.order_by("id")
    )


def _duties() -> routing.DutyBook:
    return routing.duty_book(
        routing.Duty(row.pk, row.category, row.region, row.unit_id, row.valid_from, row.valid_to, row.basis)
        for row in DutyRow.objects.order_by("id")
    )


def _keywords() -> routing.WordBook:
    return routing.word_book(
        routing.Keyword(row.word, row.category, row.weight) for row in KeywordRow.objects.order_by("id")
    )
