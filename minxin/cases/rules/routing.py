"""Who handles what: the duty catalogue, keywords, and regions that hold regions. Pure.

Both are asked of prepared indexes, so that a question costs the same with ten rows and with ten thousand.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

FAINT = 2  # a score up to this is a topic, not a category: "学校" alone does not say what is wrong there
SHORTEST_WORD = 2  # characters


@dataclass(frozen=True, slots=True)
class Duty:
    """One row of the duty catalogue (派单目录): who handles a category in a region, while it is in force."""

    id: int
    category: str
    region: str
    unit_id: int
    valid_from: date
    valid_to: date | None
    basis: str

    def in_force(self, on: date) -> bool:
        """Whether it holds on that day; its last day is included."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word that points to a category, with a weight."""

    word: str
    category: str
    weight: int


@dataclass(frozen=True, slots=True)
class Guess:
    """A category with its score and the words that spoke for it; `others` came next, best first."""

    category: str
    score: int
    words: tuple[str, ...]
    others: tuple[str, ...] = ()


DutyBook = Mapping[tuple[str, str], tuple[Duty, ...]]  # (category, significant region) -> its rows, old and new
WordBook = Mapping[str, tuple[tuple[str, tuple[Keyword, ...]], ...]]  # first two characters -> words, longest first


def duty_book(duties: Iterable[Duty]) -> DutyBook:
    """The duties by category and region."""
    book: dict[tuple[str, str], tuple[Duty, ...]] = {}
    for duty in duties:
        key = (duty.category, significant(duty.region))
        book[key] = (*book.get(key, ()), duty)
    return book


def word_book(keywords: Iterable[Keyword]) -> WordBook:
    """The keywords by their first two characters, in small letters; words of one character are left out."""
    by_word: dict[str, list[Keyword]] = {}
    for keyword in keywords:
        by_word.setdefault(keyword.word.casefold(), []).append(keyword)
    book: dict[str, tuple[tuple[str, tuple[Keyword, ...]], ...]] = {}
    for word in sorted(by_word, key=len, reverse=True):
        if len(word) >= SHORTEST_WORD:
            start = word[:SHORTEST_WORD]
            book[start] = (*book.get(start, ()), (word, tuple(by_word[word])))
    return book


def guess_category(text: str, book: WordBook, *, emphasis: str = "") -> Guess | None:
    """The category for which the words of the text weigh most; None when there is no word, or only faint ones.

    Each word counts once, twice when it also stands in `emphasis` (the title); a word inside a longer known word does
    not count (垃圾 in 垃圾短信). Words for a third-level category count for the second level; the third is named when
    one of its own words occurs. Ties go to the lower code.
    """
    stressed = {id(keyword) for keyword in _occurring(emphasis, book)}
    found = {id(keyword): keyword for keyword in _occurring(f"{emphasis}\n{text}", book)}
    totals: dict[str, int] = {}
    finer: dict[str, int] = {}
    for key, keyword in found.items():
        weight = keyword.weight * (2 if key in stressed else 1)
        totals[keyword.category[:4]] = totals.get(keyword.category[:4], 0) + weight
        if len(keyword.category) > 4:
            finer[keyword.category] = finer.get(keyword.category, 0) + weight
    ranked = sorted(totals, key=lambda code: (-totals[code], code))
    if not ranked or totals[ranked[0]] <= FAINT:
        return None
    best = ranked[0]
    inside = sorted((code for code in finer if code.startswith(best)), key=lambda code: (-finer[code], code))
    spoke = [keyword for keyword in found.values() if keyword.category.startswith(best)]
    words = sorted({keyword.word for keyword in spoke}, key=lambda word: (-max(_weights(word, spoke)), word))
    others = tuple(code for code in ranked[1:3] if totals[code] > FAINT)
    return Guess(inside[0] if inside else best, totals[best], tuple(words), others)


def _weights(word: str, keywords: Iterable[Keyword]) -> list[int]:
    return [keyword.weight for keyword in keywords if keyword.word == word]


def _occurring(text: str, book: WordBook) -> Iterator[Keyword]:
    """Every known word of the text that is not inside a longer known word, at each place where it stands."""
    text = text.casefold()
    reached = 0
    for start in range(len(text) - SHORTEST_WORD + 1):
        for word, keywords in book.get(text[start : start + SHORTEST_WORD], ()):
            if text.startswith(word, start):
                if start + len(word) > reached:
                    reached = start + len(word)
                    yield from keywords
                break


def candidates(category: str, region: str, book: DutyBook, on: date) -> Iterator[Duty]:
    """The duties in force for this category and region, the most specific first.

    The longest category prefix first, then the narrowest region. At most 3 x 6 look-ups, whatever the catalogue holds.
    """
    marks = upward(region)
    for size in range(len(category), 0, -2):
        for mark in marks:
            rows = [duty for duty in book.get((category[:size], mark), ()) if duty.in_force(on)]
            if rows:
                yield max(rows, key=lambda duty: duty.valid_from)


def match_duty(category: str, region: str, book: DutyBook, on: date) -> Duty | None:
    """The most specific duty in force, or None."""
    return next(candidates(category, region, book, on), None)


def significant(region: str) -> str:
    """The prefix that all regions inside this one share: 210000 -> 21, 211400 -> 2114, 211421 -> 211421.

    Codes of towns (9) and villages (12) keep their zeros: 211421110 does not hold 211421111. "000000" -> "".
    """
    if len(region) > 6:
        return region[:9] if len(region) == 12 and region.endswith("000") else region
    while region.endswith("00"):
        region = region[:-2]
    return region


def upward(region: str) -> tuple[str, ...]:
    """The significant prefixes of the region and of all that hold it, the narrowest first, "" (everywhere) last."""
    mark = significant(region)
    return tuple(dict.fromkeys([mark, *(mark[:size] for size in (9, 6, 4, 2, 0) if size < len(mark))]))


def inside(region: str, of: str) -> bool:
    """Whether the region is `of` or lies within it."""
    return region.startswith(significant(of))


def prefixes(regions: Sequence[str]) -> tuple[str, ...]:
    """The shared prefixes of several regions, without those inside another."""
    marks = sorted({significant(region) for region in regions})
    return tuple(mark for mark in marks if not any(mark != other and mark.startswith(other) for other in marks))
