"""The skeleton of every change: open the transaction, fetch and lock, check, change, save what changed, record."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import transaction
from django.utils.translation import gettext as _

from minxin.cases.models import Assignment, Case, access, standing
from minxin.cases.models.case import id_of
from minxin.cases.rules import codes, moves
from minxin.directory import reports as directory
from minxin.directory.rules import Officer
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


@dataclass
class Act:
    """A change under way: the locked case, where it leads, and the facts of its event."""

    verb: str
    case: Case
    by: Officer
    stands: frozenset[moves.Stand]
    facts: dict[str, Any] = field(default_factory=dict)
    to: codes.Stage | None = None

    @property
    def holder(self) -> Assignment:
        """The unit's assignment that the case is in now."""
        return Assignment.objects.select_related("unit").get(pk=self.holder_id)

    @property
    def holder_id(self) -> int:
        """The key of that assignment. Raises Refused when the case is in no unit's hands."""
        if self.case.holder_id is None:
            raise Refused("no_holder", _("此件现在不在任何单位手中。"))
        return self.case.holder_id


@contextmanager
def moving(verb: str, ref: str, *, by: Officer, code: str | None = None) -> Iterator[Act]:
    """One verb on one case, in one transaction.

    Officers find the case through `visible_to`; the complainant by number and query code. Raises Absent for what may
    not be seen and Refused for what the table forbids; nothing is changed then.
    """
    key = _key(ref, by=by, code=code)
    with transaction.atomic():
        case = _locked(key, by=by)
        needs = moves.MOVES[verb].needs
        situation = standing.situation(case, by, clocks.now(), needs=needs)
        moves.check(verb, situation)
        act = Act(verb, case, by, situation.stands)
        yield from _changed(act)


@contextmanager
def following(verb: str, case: Case, *, by: Officer) -> Iterator[Act]:
    """A verb that another one brings about, inside its transaction, on a case already locked."""
    situation = standing.situation(case, by, clocks.now(), needs=moves.MOVES[verb].needs)
    moves.check(verb, situation)
    yield from _changed(Act(verb, case, by, situation.stands))


def _changed(act: Act) -> Iterator[Act]:
    case = act.case
    before = _columns(case)
    stage = codes.Stage(case.stage)
    yield act
    case.stage = moves.target(act.verb, stage, act.to)
    case.seq += 1
    changed = [name for name, value in _columns(case).items() if before[name] != value]
    case.save(update_fields=changed)
    facts = act.facts if case.stage == stage else {**act.facts, "from": str(stage), "to": str(case.stage)}
    sealed = case.lane == codes.Lane.SEALED
    ledger.record(stream=case.ref, seq=case.seq, verb=act.verb, by=act.by, facts=facts, sealed=sealed)


def _columns(case: Case) -> dict[str, Any]:
    return {column.attname: getattr(case, column.attname) for column in case._meta.concrete_fields}


def _key(ref: str, *, by: Officer, code: str | None) -> int:
    """The case's key; a complainant proves himself first, outside the transaction, so that wrong tries are counted."""
    try:
        key = id_of(ref)
    except Refused as refusal:
        raise Absent("absent", refusal.sentence) from refusal
    if by.kind in {"citizen", "channel"}:
        access.check(key, code or "")
    return key


def _locked(key: int, *, by: Officer) -> Case:
    if by.kind in {"citizen", "channel"}:
        case = Case.objects.filter(pk=key).select_for_update(of=("self",)).first()
    else:
        statement = _sight(by)
        case = next(iter(Case.objects.raw(statement.sql, statement.values(key))), None) if statement else None
    if case is None:
        raise Absent
    return case


_ANY = -1  # stands for the key in a statement kept for later


@dataclass(frozen=True)
class _Statement:
    sql: str
    given: tuple[Any, ...]

    def values(self, key: int) -> list[Any]:
        return [key if value == _ANY and isinstance(value, int) else value for value in self.given]


_kept: tuple[object, dict[Officer, _Statement | None]] = (None, {})
MOST_KEPT = 500  # officers


def _sight(by: Officer) -> _Statement | None:
    """`visible_to` and the lock, put into words once per officer and state of the tree; None: sees nothing at all.

    To compose it costs more than all else in a move; what it says is the same for every case.
    """
    global _kept
    tree, sights = directory.tree(), _kept[1]
    if _kept[0] is not tree or len(sights) > MOST_KEPT:
        sights = {}
        _kept = (tree, sights)
    if by not in sights:
        visible = Case.objects.visible_to(by).filter(pk=_ANY).select_for_update(of=("self",))
        try:
            sights[by] = _Statement(*visible.query.sql_with_params())
        except EmptyResultSet:
            sights[by] = None
    return sights[by]
