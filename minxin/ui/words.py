"""How days, moments, money, shares and stars are said on a page: pure functions from values to words."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import cast

from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from minxin.kernel import money

NOTHING = "—"


def said(words: str) -> str:
    """Words of the API's description, in the reader's language: translated when the description is written out."""
    return cast("str", gettext_lazy(words))


# Lazy, so that of a list only the one that is said is looked up.
_WEEKDAYS = [
    *(gettext_lazy("星期一"), gettext_lazy("星期二"), gettext_lazy("星期三"), gettext_lazy("星期四")),
    *(gettext_lazy("星期五"), gettext_lazy("星期六"), gettext_lazy("星期日")),
]
_WHOLE_STARS = [
    *(gettext_lazy("无星"), gettext_lazy("一星"), gettext_lazy("二星")),
    *(gettext_lazy("三星"), gettext_lazy("四星"), gettext_lazy("五星")),
]
_HALF_STARS = [
    *(gettext_lazy("半星"), gettext_lazy("一星半"), gettext_lazy("二星半")),
    *(gettext_lazy("三星半"), gettext_lazy("四星半")),
]


def day(value: dt.date | dt.datetime | None) -> str:
    """The day in the product's time zone: 2026年3月7日."""
    if value is None:
        return NOTHING
    return _day(_local(value).date() if isinstance(value, dt.datetime) else value, get_language())


@lru_cache(maxsize=2048)
def _day(on: dt.date, _language: str | None) -> str:
    return _("%(year)d年%(month)d月%(day)d日") % {"year": on.year, "month": on.month, "day": on.day}


def month(value: dt.date | None) -> str:
    """The month of a day: 2026年11月."""
    return NOTHING if value is None else _("%(year)d年%(month)d月") % {"year": value.year, "month": value.month}


def weekday(value: dt.date | dt.datetime | None) -> str:
    """The day of the week: 星期六."""
    if value is None:
        return NOTHING
    on = _local(value) if isinstance(value, dt.datetime) else value
    return str(_WEEKDAYS[on.weekday()])


def moment(value: dt.datetime | None) -> str:
    """Day and minute: 2026年3月7日 14:05."""
    if value is None:
        return NOTHING
    return f"{day(value)} {_local(value):%H:%M}"


def due(value: dt.datetime | dt.date | None) -> str:
    """A deadline with its weekday. Midnight is the end of the day before: 2026年3月9日 星期一 24时前."""
    return NOTHING if value is None else _due(value, get_language())


@lru_cache(maxsize=2048)
def _due(value: dt.datetime | dt.date, _language: str | None) -> str:
    """Said once for each moment: the days of a list are those of the page before."""
    if not isinstance(value, dt.datetime):
        return _("%(day)s %(weekday)s前") % {"day": day(value), "weekday": weekday(value)}
    local = _local(value)
    if local.time() == dt.time():
        last = local.date() - dt.timedelta(days=1)
        return _("%(day)s %(weekday)s 24时前") % {"day": day(last), "weekday": weekday(last)}
    facts = {"day": day(local), "weekday": weekday(local), "time": f"{local:%H:%M}"}
    return _("%(day)s %(weekday)s %(time)s前") % facts


def amount(fen: int | None) -> str:
    """Yuan with two decimals and thousands separators, no unit, from integer fen: 1,234.50."""
    return NOTHING if fen is None else money.written(int(fen))


def yuan(fen: int | None) -> str:
    """The amount with its unit: 429.00 元."""
    return NOTHING if fen is None else _("%(amount)s 元") % {"amount": amount(fen)}


def large(fen: int | None) -> str:
    """A headline amount in 万元 or 亿元, two decimals, half up; below ten thousand yuan the exact amount."""
    if fen is None:
        return NOTHING
    value = Decimal(int(fen)) / 100
    if abs(value) >= 10**8:
        return _("%(amount)s 亿元") % {"amount": f"{_cents(value / 10**8):,}"}
    if abs(value) >= 10**4:
        return _("%(amount)s 万元") % {"amount": f"{_cents(value / 10**4):,}"}
    return yuan(fen)


def wan(fen: int | None) -> str:
    """万元 with two decimals, half up, thousands separators, without its unit: for columns whose head says it."""
    return NOTHING if fen is None else f"{_cents(Decimal(int(fen)) / 1_000_000):,}"


def percent(numerator: Decimal | int, denominator: Decimal | int) -> str:
    """The share with one decimal, half up: 86.7%; a dash when the denominator is zero."""
    if not denominator:
        return NOTHING
    share = Decimal(numerator) * 100 / Decimal(denominator)
    return f"{share.quantize(Decimal('0.1'), rounding=ROUND_HALF_UP)}%"


def count(value: int | None) -> str:
    """A whole number with thousands separators."""
    return NOTHING if value is None else f"{int(value):,}"


def size(value: int | None) -> str:
    """A file's size from bytes, in B, KB or MB of 1024."""
    if value is None:
        return NOTHING
    if value < 1024:
        return f"{value} B"
    if value < 1024**2:
        return f"{value / 1024:.0f} KB"
    return f"{value / 1024**2:.1f} MB"


def halves(value: Decimal | float | int) -> int:
    """Stars counted in halves, 0 to 10, rounded half up."""
    doubled = (Decimal(str(value)) * 2).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return min(10, max(0, int(doubled)))


def stars(value: Decimal | float | int | None) -> str:
    """Stars in words, to the half: 五星, 四星半; 尚未评星 when there are none yet."""
    if value is None:
        return _("尚未评星")
    whole, half = divmod(halves(value), 2)
    return str(_HALF_STARS[whole] if half else _WHOLE_STARS[whole])


def _local(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
