"""Where a case is now and what may be done with it next: what a program asks after every act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from minxin.cases.models import Case, standing
from minxin.cases.rules import codes, moves
from minxin.directory.rules import Officer
from minxin.kernel import clocks


@dataclass(frozen=True)
class State:
    """A case's stage, the moment its answer is due, and the verbs this actor may use now, the primary one first."""

    ref: str
    stage: codes.Stage
    stage_label: str
    due_at: datetime
    verbs: Sequence[str]


def state(case: Case, by: Officer) -> State:
    """At most 7 queries. `case` has just been acted on, or opened, by this actor."""
    stage = codes.Stage(case.stage)
    verbs = moves.allowed(standing.situation(case, by, clocks.now()))
    return State(case.ref, stage, str(stage.label), case.due_at, verbs)
