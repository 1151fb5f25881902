"""A small question for those whose browser cannot work out a proof: the answer travels with it, sealed.

Bound to the filing's idempotency key, which makes one case at most: nothing need be remembered, and a double click is
no misuse. Weaker than a proof of work, so its door is narrower (`actions.asking`).
"""

import secrets
from dataclasses import dataclass

from django.core import signing
from django.utils.translation import gettext as _

from minxin.kernel import clocks, sealing
from minxin.kernel.errors import Refused

MINUTES = 120
SECONDS_TO_READ = 2  # nobody answers faster than this; programs do
_SALT = "minxin.question"
_WORDS = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")


@dataclass(frozen=True)
class Question:
    """A small question in words, and the sealed token that knows its answer."""

    words: str
    token: str


def ask(key: str) -> Question:
    """No query. A sum of two small numbers, in words."""
    left, right = secrets.randbelow(9) + 1, secrets.randbelow(9) + 1
    at = int(clocks.now().timestamp())
    words = _("%(left)s加%(right)s等于几？") % {"left": _word(left), "right": _word(right)}
    return Question(words, signing.dumps([at, _sealed(key, at, str(left + right))], salt=_SALT))


def check(answer: str, token: str, key: str) -> None:
    """No query. Raises Refused `proof` (field `sum`) unless this answers the question put for this filing, in time."""
    try:
        at, wanted = signing.loads(token[:500], salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise Refused("proof", _("请先完成验证，或者回答这道小题，再提交。"), field="sum") from None
    age = int(clocks.now().timestamp()) - at
    if age > MINUTES * 60:
        raise Refused("proof", _("这道小题过期了，请回答新的一道。"), field="sum")
    if age < SECONDS_TO_READ or not sealing.same(_sealed(key, at, _number(answer)), wanted):
        raise Refused("proof", _("小题的答案不对，请看清新的题目再答一次，例如 12。"), field="sum")


def _sealed(key: str, at: int, answer: str) -> str:
    return sealing.fingerprint(f"{key} {at} {answer}", "question")


def _number(answer: str) -> str:
    """A sum as people write it: 12, １２, 十二."""
    plain = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in answer.strip()[:8])
    tens, mark, ones = plain.partition("十")
    if mark and tens in {"", "一"}:
        return str(10 + (_WORDS.index(ones) if ones in _WORDS else 0))
    return str(_WORDS.index(plain)) if plain in _WORDS else plain


def _word(number: int) -> str:
    return [_("零"), _("一"), _("二"), _("三"), _("四"), _("五"), _("六"), _("七"), _("八"), _("九")][number]
