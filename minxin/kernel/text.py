"""Chinese text: cleaned at the door, searchable by any part of it, highlighted, compared, searched for identities.

Search needs no extension. Every letter or digit of a text becomes one lexeme, together with the one that follows it
directly: 拖欠工资 is 拖欠 欠工 工资 资, at positions 1 to 4. A query is the phrase of its own lexemes, so every part of
two or more characters is found where it stands and nowhere else; one character alone finds all that begin with it.
Punctuation and spaces separate and take no position. PostgreSQL keeps 16,383 positions, and 256 of the same lexeme:
what stands beyond them in a long text is not found.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db.models import F, Value
from django.utils.translation import gettext as _

from minxin.kernel import identifiers
from minxin.kernel.errors import Refused

LONGEST_TEXT = 16_383  # letters and digits of a text that can be found: PostgreSQL counts positions no further
LONGEST_QUERY = 60  # characters of a search that are used
# Bidirectional controls can make a text read otherwise than it is stored (CVE-2021-42574); the others are invisible.
_INVISIBLE = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
_STRIPPED = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_INVISIBLE}\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]")
_BETWEEN = re.compile(r"[\W_]+")
_NEWLINES = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")


def clean(value: str, *, limit: int, field: str) -> str:
    """The text as it is stored: NFC, plain newlines, nothing invisible or reversing, no space at the ends.

    Refuses what is longer than `limit` characters, saying both lengths; what was typed stays with the caller.
    """
    if len(value) <= 4 * limit + 1000:  # far above it we need not look closely
        value = unicodedata.normalize("NFC", _STRIPPED.sub("", _NEWLINES.sub("\n", value))).strip()
    if len(value) > limit:
        sentence = _("最多可以写 %(limit)s 个字，现在有 %(length)s 个字，请删减 %(over)s 个字。")
        facts = {"limit": limit, "length": len(value), "over": len(value) - limit}
        raise Refused("too_long", sentence % facts, field=field)
    return value


def bigrams(text: str) -> str:
    """The lexemes of a text, in order, separated by spaces: the argument of `to_tsvector('simple', …)`."""
    return " ".join(islice(_lexemes(text), LONGEST_TEXT))


def vector(text: str, *, weight: Literal["A", "B", "C", "D"] | None = None) -> SearchVector:
    """What a `SearchVectorField` stores of a text; add (`+`) vectors of several texts with weights."""
    return SearchVector(Value(bigrams(text)), config="simple", weight=weight)


def query(text: str) -> SearchQuery:
    """The search for a text somebody typed: every part between its spaces must occur. An empty one finds nothing."""
    return SearchQuery(asked(text), config="simple", search_type="raw")


def ranking(field: str, text: str) -> SearchRank:
    """How well the vector in `field` answers `query(text)`, longer texts discounted. For a limited set of rows."""
    return SearchRank(F(field), query(text), normalization=Value(1))


def highlight(text: str, words: str | Iterable[str]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is one of the words searched for, by the rules of the search."""
    wanted = [_folded(word)[0] for word in (words.split() if isinstance(words, str) else words)]
    plain, origins = _folded(text)
    spans: list[tuple[int, int]] = []
    for word in filter(None, (word.strip() for word in wanted)):
        start = plain.find(word)
        while start >= 0:
            spans.append((origins[start], origins[start + len(word) - 1] + 1))
            start = plain.find(word, start + 1)
    pieces, at = list[tuple[str, bool]](), 0
    for begin, end in _joined(spans):
        pieces += [(text[at:begin], False), (text[begin:end], True)]
        at = end
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]


def _joined(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans in order, those that meet made one."""
    begin, end = -1, -1
    for first, last in sorted(spans):
        if first > end:
            if end > 0:
                yield begin, end
            begin = first
        end = max(end, last)
    if end > 0:
        yield begin, end


def similar(left: str, right: str) -> float:
    """How alike two texts are, 0 to 1: the share of bigrams they have in common (Dice)."""
    mine, theirs = set(_lexemes(left)), set(_lexemes(right))
    return 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine and theirs else 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of a text that may tell who somebody is: its kind, where it stands, and how to write it instead."""

    kind: Literal["phone", "resident_id", "bank_card", "email"]
    start: int
    end: int
    masked: str


def pii(text: str) -> list[Finding]:
    """Phones, identity numbers, bank cards and mail addresses in a text, in order: hints for the one who redacts."""
    return list(_identities(_half_width(text)))


def _compared(text: str) -> str:
    """Letters and digits as they are compared (NFKC, without case); spaces for whatever stands between them.

    Fractions and the like (category No) stand between: PostgreSQL's parser takes them for no part of a word.
    """
    plain = _BETWEEN.sub(" ", unicodedata.normalize("NFKC", text).casefold().lower())
    for character in set(plain):
        if character.isnumeric() and unicodedata.category(character) == "No":
            plain = plain.replace(character, " ")
    return plain


@lru_cache(maxsize=8192)
def _compared_letter(letter: str) -> str:
    """The same of one character; a page of search results asks for the same few thousand again and again."""
    return _compared(letter)


class _Compared(dict[int, str | None]):
    """For `str.translate`: what each character is compared as, nothing where that is not one character again."""

    def __missing__(self, code: int) -> str | None:
        found = _compared_letter(chr(code))
        if len(self) < 16_384:
            self[code] = found if len(found) == 1 else None
        return found if len(found) == 1 else None


_COMPARED = _Compared()


def _lexemes(text: str) -> Iterator[str]:
    for run in _compared(text).split():
        for start in range(len(run)):
            yield run[start : start + 2]


def asked(text: str) -> str:
    """The words of `query(text)`, as `to_tsquery('simple', …)` reads them."""
    phrases = filter(None, (_phrase(word) for word in text[: 4 * LONGEST_QUERY].split()))
    return " & ".join(phrases)


def _phrase(word: str) -> str:
    """The phrase of one word's lexemes. What follows its last character in the text is open."""
    lexemes = list(_lexemes(word))[:LONGEST_QUERY]
    if not lexemes:
        return ""
    if len(_compared(word).split()[-1]) == 1:
        return " <-> ".join([*(f"'{lexeme}'" for lexeme in lexemes[:-1]), f"'{lexemes[-1]}':*"])
    return " <-> ".join(f"'{lexeme}'" for lexeme in lexemes[:-1])


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is compared, runs of separators made one space, and where each character of it came from."""
    plain = text.translate(_COMPARED)
    if len(plain) == len(text) and "  " not in plain and plain[:1] != " ":
        return plain, range(len(text))
    characters: list[str] = []
    origins: list[int] = []
    for index, original in enumerate(text):
        for character in _compared_letter(original):
            if character != " " or (characters and characters[-1] != " "):
                characters.append(character)
                origins.append(index)
    return "".join(characters), origins


_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\+?[0-9](?:[ -]?[0-9]){6,20}[Xx]?(?![0-9A-Za-z])")


def _half_width(text: str) -> str:
    return text.translate(_WIDE)


def _identities(text: str) -> Iterator[Finding]:
    found = [Finding("email", m.start(), m.end(), f"{m[0][0]}***@{m[0].split('@')[1]}") for m in _EMAIL.finditer(text)]
    for match in _NUMBER.finditer(text):
        if any(finding.start <= match.start() < finding.end for finding in found):
            continue
        if named := _number(match[0]):
            found.append(Finding(named[0], match.start(), match.end(), named[1]))
    return iter(sorted(found, key=lambda finding: finding.start))


def _number(text: str) -> tuple[Literal["phone", "resident_id", "bank_card"], str] | None:
    digits = re.sub(r"[ +-]", "", text).upper()
    if identifiers.is_resident_id(digits):
        return "resident_id", identifiers.mask_resident_id(digits)
    if re.fullmatch(r"(86)?1[3-9]\d{9}", digits) or re.fullmatch(r"0\d{2,3}[ -]?[2-9]\d{6,7}", text):
        return "phone", identifiers.mask_phone(digits.removeprefix("86") if digits.startswith("861") else text)
    if 16 <= len(digits) <= 19 and identifiers.luhn(digits):
        return "bank_card", f"{digits[:4]}{'*' * (len(digits) - 8)}{digits[-4:]}"
    return None
