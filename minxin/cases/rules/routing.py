"""Who handles what: the duty catalogue, keywords, and regions that hold regions. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Duty:
    """One row of the duty catalogue (派单目录): who handles a category in a region, while it is in force."""

    category: str
    region: str
    unit_id: int
    valid_from: date
    valid_to: date | None
    basis: str

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True)
class Keyword:
    """Words that point to a category, with a weight."""

    word: str
    category: str
    weight: int


@dataclass(frozen=True)
class Guess:
    """A category with its score and the words that spoke for it."""

    category: str
    score: int
    words: tuple[str, ...]


def guess_category(text: str, keywords: Iterable[Keyword]) -> Guess | None:
    """The category whose keywords weigh most in the text; None when none occurs. Ties go to the finer, then the lower code."""
    scores: dict[str, int] = {}
    found: dict[str, list[str]] = {}
    for keyword in keywords:
        if keyword.word in text:
            scores[keyword.category] = scores.get(keyword.category, 0) + keyword.weight
            found.setdefault(keyword.category, []).append(keyword.word)
    if not scores:
        return None
    best = max(scores, key=lambda code: (scores[code], len(code), [-ord(char) for char in code]))
    return Guess(best, scores[best], tuple(found[best]))


def match_duty(category: str, region: str, duties: Iterable[Duty], on: date) -> Duty | None:
    """The most specific duty in force: the longest category prefix first, then the longest region prefix."""
    fitting = [
        duty
        for duty in duties
        if duty.in_force(on) and category.startswith(duty.category) and region.startswith(significant(duty.region))
    ]
    return max(fitting, key=lambda duty: (len(duty.category), len(significant(duty.region))), default=None)


def significant(region: str) -> str:
    """The prefix that all regions inside this one share: 210000 -> 21, 211400 -> 2114, 211421 -> 211421."""
    code = region[:6]
    while code.endswith("00"):
        code = code[:-2]
    return code + region[6:].rstrip("0") if len(region) > 6 else code


def prefixes(regions: Sequence[str]) -> tuple[str, ...]:
    """The shared prefixes of several regions, without those inside another."""
    marks = sorted({significant(region) for region in regions})
    return tuple(mark for mark in marks if not any(mark != other and mark.startswith(other) for other in marks))
