"""Who acts in the demo: the holder of an office, asked of the directory once."""

from functools import cache

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role


@cache
def officer(unit: str, role: Role) -> Officer:
    """The first holder of this role at the unit (a code). Raises LookupError when nobody holds it."""
    found = directory.holders(directory.unit(unit).id, role)
    if not found:
        raise LookupError(f"{unit} has no {role}")
    return found[0]


@cache
def staffed(unit: str) -> frozenset[Role]:
    """The roles somebody holds at the unit."""
    return directory.staffed(directory.unit(unit).id)


def forget() -> None:
    """Ask the directory again: another database may be behind it."""
    officer.cache_clear()
    staffed.cache_clear()
