"""The countersign chain (审签): who signs an answer before it leaves the unit, in which order."""

from collections.abc import Set as AbstractSet

from minxin.cases.rules.codes import Step
from minxin.cases.rules.moves import Stand
from minxin.directory.rules import Role

_STAFFED = ((Step.SECTION, Role.SECTION), (Step.LEADER, Role.LEADER), (Step.HEAD, Role.HEAD))
SIGNS = {
    Step.SECTION: Stand.SECTION,
    Step.LEADER: Stand.LEADER,
    Step.HEAD: Stand.HEAD,
    Step.SUPERIOR: Stand.ABOVE,
}
MOST_EXTENSIONS = 2


def needs_head(*, overdue: bool, redos: int, extensions: int, conflict: bool) -> bool:
    """Whether the head must sign in person (一把手工程): overdue, redone, twice extended, or its own accusation."""
    return overdue or redos > 0 or extensions >= MOST_EXTENSIONS or conflict


def chain(staffed: AbstractSet[Role], *, head: bool, superior: bool) -> list[Step]:
    """The steps of a unit with these posts: section, leader in charge, then the head where he must or nobody else can.

    An empty list means nobody at the unit may sign: no leader and no head, or no head where the head must.
    """
    head = head or Role.LEADER not in staffed
    if head and Role.HEAD not in staffed:
        return []
    steps = [step for step, role in _STAFFED if role in staffed and (role != Role.HEAD or head)]
    return [*steps, Step.SUPERIOR] if superior else steps
