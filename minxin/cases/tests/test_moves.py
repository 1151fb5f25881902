"""The table of moves, held exhaustively: every verb, stage, stand and lane."""

from itertools import product

import pytest

from minxin.cases.rules import moves
from minxin.cases.rules.codes import Lane, Stage
from minxin.cases.rules.moves import MOVES, NEEDS, OVER, Need, Situation, Stand
from minxin.kernel.errors import Refused

ALL_NEEDS = frozenset(Need)


@pytest.mark.parametrize("verb", MOVES)
def test_a_verb_is_allowed_exactly_where_its_row_says_so(verb):
    move = MOVES[verb]
    for stage, lane, stand in product(Stage, Lane, Stand):
        expected = stage in move.to and _may(move, lane, stand)
        assert (_refusal(verb, stage, lane, stand) is None) == expected, (verb, stage, lane, stand)


@pytest.mark.parametrize(("verb", "need"), [(verb, need) for verb, move in MOVES.items() for need in move.needs])
def test_an_unmet_need_refuses_with_its_own_sentence(verb, need):
    move = MOVES[verb]
    for stage, stand in product(move.to, move.by):
        refusal = _refusal(verb, stage, Lane.OPEN, stand, holds=ALL_NEEDS - {need})
        assert refusal is not None
        assert (refusal.code, refusal.sentence) == (need.value, str(NEEDS[need]))


def test_the_buttons_are_the_verbs_that_check_allows():
    for stage, lane, stand in product(Stage, Lane, Stand):
        situation = Situation(stage, lane, frozenset({stand}), ALL_NEEDS)
        offered = moves.allowed(situation)
        assert set(offered) == {verb for verb in MOVES if _refusal(verb, stage, lane, stand) is None}
        assert [MOVES[verb].weight for verb in offered] == sorted(MOVES[verb].weight for verb in offered)


def test_a_sealed_report_moves_by_its_named_officers_its_filer_and_the_system_alone():
    able = {
        stand
        for verb, stage, stand in product(MOVES, Stage, Stand)
        if _refusal(verb, stage, Lane.SEALED, stand) is None
    }
    assert able == {Stand.CITIZEN, Stand.DISCIPLINE, Stand.SYSTEM}
    for verb in ("dispatch", "publish", "merge", "call_in", "pass_down", "list_case"):
        assert not MOVES[verb].sealed, f"{verb} would carry a sealed report out of the discipline body's hands"


def test_nothing_leaves_a_stage_for_one_that_nobody_can_leave_unless_it_is_over():
    reachable = {target for move in MOVES.values() for targets in move.to.values() for target in targets} | {
        Stage.FILED
    }
    assert reachable == set(Stage)
    for stage in set(Stage) - OVER:
        onward = [verb for verb, move in MOVES.items() if any(target != stage for target in move.to.get(stage, ()))]
        assert onward, f"a case could never leave {stage}"


def test_a_target_outside_the_table_is_a_mistake_of_the_code():
    assert moves.target("rate", Stage.RATING, Stage.REASSESS) == Stage.REASSESS
    with pytest.raises(ValueError, match="not in the table"):
        moves.target("rate", Stage.RATING, Stage.FILED)


def test_every_need_is_asked_by_a_move_and_has_a_sentence():
    asked = {need for move in MOVES.values() for need in move.needs}
    assert asked == set(NEEDS) == set(Need)


def _may(move, lane, stand):
    if lane != Lane.SEALED:
        return stand in move.by
    if not move.sealed:
        return False
    if move.by in ({Stand.CITIZEN}, {Stand.SYSTEM}):
        return stand in move.by
    return stand == Stand.DISCIPLINE or (stand == Stand.SYSTEM and Stand.SYSTEM in move.by)


def _refusal(verb, stage, lane, stand, holds=ALL_NEEDS):
    try:
        moves.check(verb, Situation(stage, lane, frozenset({stand}), holds))
    except Refused as refusal:
        return refusal
    return None
