"""What an event may hold."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol

LONGEST_FACT = 200  # characters: longer is free text, which belongs where it can be erased


class Actor(Protocol):
    """Who acts, as the ledger records it: kind officer|citizen|system|channel, its id, its office, its unit."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> int | None: ...
    @property
    def label(self) -> str: ...
    @property
    def unit_id(self) -> int | None: ...


def facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as JSON values: days and moments in ISO 8601, tuples and sets as lists.

    Raises ValueError for a text over LONGEST_FACT and TypeError for anything that is not a code, number or date:
    both are mistakes of the calling action, not of the person at the screen.
    """
    return {_key(key): _value(key, value) for key, value in values.items()}


def _key(key: str) -> str:
    if not key or len(key) > 60:
        raise ValueError(f"a fact needs a short name, not {key[:80]!r}")
    return key


def _value(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        if len(value) > LONGEST_FACT:
            raise ValueError(f"fact {key!r} has {len(value)} characters: events hold no free text")
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(inner): _value(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(key, item) for item in value]
    if isinstance(value, set | frozenset):
        return [_value(key, item) for item in sorted(value)]
    raise TypeError(f"fact {key!r} is a {type(value).__name__}: events hold codes, numbers, days")
