"""The catalogue's rows in memory: small, read at every filing, changed a few times a year."""

import time
from collections.abc import Callable
from typing import TypeVar

from minxin.cases.models.catalogue import Category, ClockRule, DutyRow, KeywordRow
from minxin.cases.rules.limits import LimitRow
from minxin.cases.rules.routing import Duty, Keyword
from minxin.kernel.clocks import Limit, Unit

SECONDS = 5.0  # another process's change is seen after at most so long
Row = TypeVar("Row")
_kept: dict[str, tuple[float, tuple[object, ...]]] = {}


def limits() -> tuple[LimitRow, ...]:
    """Every dated limit."""
    return _keep("limits", _limits)


def duties() -> tuple[Duty, ...]:
    """The duty catalogue (派单目录), dated."""
    return _keep("duties", _duties)


def keywords() -> tuple[Keyword, ...]:
    """The words that point to categories."""
    return _keep("keywords", _keywords)


def categories() -> tuple[Category, ...]:
    """The category tree with its history, in order of code."""
    return _keep("categories", lambda: tuple(Category.objects.order_by("code", "valid_from")))


def forget() -> None:
    """Read again at the next question: after a change, and between tests."""
    _kept.clear()


def _keep(name: str, read: Callable[[], tuple[Row, ...]]) -> tuple[Row, ...]:
    kept = _kept.get(name)
    if kept is None or time.monotonic() - kept[0] > SECONDS:
        kept = (time.monotonic(), read())
        _kept[name] = kept
    return kept[1]  # type: ignore[return-value]


def _limits() -> tuple[LimitRow, ...]:
    return tuple(
        LimitRow(
            r.id, r.code, r.kind, r.region, r.urgency, Limit(r.amount, Unit(r.unit)), r.valid_from, r.valid_to, r.basis
        )
        for r in ClockRule.objects.order_by("id")
    )


def _duties() -> tuple[Duty, ...]:
    return tuple(
        Duty(row.category, row.region, row.unit_id, row.valid_from, row.valid_to, row.basis)
        for row in DutyRow.objects.order_by("id")
    )


def _keywords() -> tuple[Keyword, ...]:
    return tuple(Keyword(row.word, row.category, row.weight) for row in KeywordRow.objects.order_by("id"))
