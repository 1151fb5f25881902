"""What happened to a thing of public money, in words: its events, as the pages that tell a way show them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from minxin.ledger import reports as ledger
from minxin.ledger import rules


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, as ui/parts/track.html shows it: what, by which office, when, and what it says."""

    title: str
    unit: str
    at: datetime | date | None
    text: str
    state: str = "done"


def happened(events: Iterable[ledger.Event], said: Callable[[ledger.Event], str]) -> list[Step]:
    """No query. Events in their order; `said` tells what is said of one beside its verb."""
    return [Step(rules.verb_label(event.verb), event.actor_label, event.at, said(event)) for event in events]
