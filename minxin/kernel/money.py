"""Money: integer fen (分) in the database, `Decimal` yuan (元) in code, rounded nowhere but on the page."""

import re
import unicodedata
from decimal import Decimal

from django.utils.translation import gettext as _

from minxin.kernel.errors import Refused

MOST_FEN = 10**17  # a thousand trillion yuan: above every budget there is, below PostgreSQL's bigint
_CENT = Decimal("0.01")
_NUMBER = re.compile(r"[+-]?[0-9]{1,4000}(\.[0-9]{1,20})?")


def fen(yuan: Decimal | str | int, *, field: str | None = None) -> int:
    """The amount in fen, exactly. Text may carry thousands separators, 元, ¥ and full-width digits.

    Refuses what is no number, what has more than two decimals, and what is too large to be money.
    """
    plain = _plain(yuan) if isinstance(yuan, str) else yuan
    if isinstance(plain, str) and not _NUMBER.fullmatch(plain):
        raise Refused("not_money", _("请用数字填写金额，单位是元，例如 429.00。"), field=field)
    amount = Decimal(plain)
    if not amount.is_finite() or amount.adjusted() > 15 or abs(amount) > MOST_FEN // 100:
        raise Refused("too_much_money", _("这个金额太大了，请核对后按元填写。"), field=field)
    if amount != amount.quantize(_CENT):
        raise Refused("finer_than_fen", _("金额最多写到分，也就是两位小数。"), field=field)
    return int(amount * 100)


def yuan(fen: int) -> Decimal:
    """The amount in yuan with exactly two decimals."""
    return Decimal(fen).scaleb(-2)


def written(fen: int) -> str:
    """The amount in yuan as it is printed: `1,234,567.00`, without a unit."""
    return f"{yuan(fen):,.2f}"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:5000]).replace(",", "").strip().lstrip("¥￥").removesuffix("元").strip()
