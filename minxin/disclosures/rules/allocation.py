"""How the budget is looked into: by what, narrowed to what, and when figures may be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from statistics import median
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from minxin.disclosures.rules.codes import Version

LEAST_LIKE = 5  # like units with figures, the unit itself among them: fewer are not compared
FIRST_YEAR, LAST_YEAR = 2000, 2100
RESTATED = 2006  # shown by the headings of 2007, when the classification was reformed
BASIC, PROJECT = "basic", "project"  # 基本支出, 项目支出
KINDS = MappingProxyType({BASIC: _("基本支出"), PROJECT: _("项目支出")})
SHOWN_FIRST = (Version.INITIAL, Version.ADJUSTED, Version.FINAL, Version.EXECUTED)
LONGEST_SEARCH = 40
LONGEST_ADDRESS_PART = 80  # a project's name

# The three public expenses (三公经费) and the economic headings that make each (standards 1.4).
THREE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "abroad": ("30212",),
        "purchase": ("30913", "31013"),
        "upkeep": ("30231",),
        "reception": ("30217",),
    }
)


class By(TextChoices):
    """What the rows of the drill-down are."""

    UNIT = "unit", _("按单位")
    FUNCTION = "function", _("按用途")
    ECONOMIC = "economic", _("按花法")
    PROJECT = "project", _("按项目")
    FUND = "fund", _("按资金来源")
    ROW = "row", _("逐行")


@dataclass(frozen=True, slots=True)
class Asked:
    """A place in the drill-down: year and version, what the rows are, what they are narrowed to; "" is everything.

    `department` and `unit` are codes of the directory: the first with all units under it, the second itself alone.
    """

    year: int
    by: By = By.UNIT
    version: str = ""
    department: str = ""
    unit: str = ""
    function: str = ""
    economic: str = ""
    kind: str = ""
    project: str = ""
    fund: str = ""
    on: date | None = None

    def query(self) -> str:
        """The place as the query of an address, what is not asked left out: this is the share link."""
        facts = {name: str(getattr(self, name)) for name in NAMES if getattr(self, name)}
        return urlencode(facts)

    def without(self, name: str) -> "Asked":
        """The same place with one narrowing taken off, and what stands on it."""
        blank: dict[str, Any] = dict.fromkeys(_RESTS[name], "")
        return replace(self, **blank)

    def narrowed(self, name: str, value: str) -> "Asked":
        """The same place narrowed by one dimension."""
        facts: dict[str, Any] = {name: value}
        return replace(self, **facts)

    def at(self, by: By) -> "Asked":
        """The same figures by other rows."""
        return replace(self, by=by)

    def deeper(self, code: str, *, lone: bool = False) -> "Asked":
        """Where a row leads: narrowed to it, and on to other rows where its own have no finer ones.

        `lone`: the department has no unit under it, so it is the unit at once.
        """
        match self.by:
            case By.UNIT if not self.department and not self.unit:
                narrowed = replace(self, department=code, unit=code if lone else "")
            case By.UNIT:
                narrowed = replace(self, unit=code)
            case By.PROJECT if not self.kind:
                narrowed = replace(self, kind=code)
            case By.PROJECT:
                narrowed = replace(self, project=code)
            case By.ROW:
                return self
            case _:
                narrowed = self.narrowed(self.by.value, code)
        return narrowed if not narrowed.exhausted(self.by) else narrowed.at(narrowed.onward())

    def exhausted(self, by: By) -> bool:
        """Whether there is one row only that way."""
        return {
            By.UNIT: bool(self.unit),
            By.FUNCTION: len(self.function) == 7,
            By.ECONOMIC: len(self.economic) == 5,
            By.PROJECT: self.kind == BASIC or bool(self.project),
            By.FUND: bool(self.fund),
            By.ROW: False,
        }[by]

    def onward(self) -> By:
        """The first way to look that still has rows to tell apart; row by row at last."""
        return next(by for by in (By.FUNCTION, By.ECONOMIC, By.UNIT, By.PROJECT, By.ROW) if not self.exhausted(by))


NAMES = ("by", "version", "department", "unit", "function", "economic", "kind", "project", "fund", "on")
NARROWED = ("department", "unit", "function", "economic", "kind", "project", "fund")
_RESTS = {name: (name,) for name in NARROWED} | {"department": ("department", "unit"), "kind": ("kind", "project")}


def digits(code: str, lengths: Sequence[int]) -> int:
    """How many digits the next finer codes have: of 205 with (3, 5, 7) it is 5."""
    return next((length for length in lengths if length > len(code)), lengths[-1])


def percentage(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """A share in hundredths, not rounded; None of nothing."""
    return Decimal(part) * 100 / Decimal(whole) if whole else None


@dataclass(frozen=True, slots=True)
class Change:
    """From one figure to another in fen."""

    before: int
    after: int

    @property
    def fen(self) -> int:
        """More or less."""
        return self.after - self.before

    @property
    def percentage(self) -> Decimal | None:
        """The difference in hundredths of what was before; None where there was nothing."""
        return percentage(self.fen, self.before)


@dataclass(frozen=True, slots=True)
class Compared:
    """A unit's figure in fen beside those of units like it: the median of `among` units, itself among them."""

    own: int
    median: Decimal
    among: int

    @property
    def percentage(self) -> Decimal | None:
        """How far above (or below) the median, in hundredths of it."""
        return percentage(self.own - self.median, self.median)


def compare(own: int, like: Sequence[int]) -> Compared | None:
    """The unit's figure against those of all units like it; None when they are too few to compare."""
    return Compared(own, median(map(Decimal, like)), len(like)) if len(like) >= LEAST_LIKE else None
