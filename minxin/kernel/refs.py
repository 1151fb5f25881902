"""Public references: `MX2026-0000123-8`, a series' number within a year and a check digit (ISO 7064 MOD 11,10)."""

import re
import unicodedata

from django.utils.translation import gettext as _

from minxin.kernel import statements
from minxin.kernel.errors import Refused

_SHAPE = re.compile(r"([A-Z]*)(\d{4})(\d{7,12})(\d)")


def next_number(series: str, year: int) -> int:
    """The next number of that series in that year, from 1; one statement.

    A PostgreSQL sequence stands behind each series and year, made by the first who asks (a lock stops two from making
    it at once, see the migration). Numbers are never given twice; a rolled-back change leaves a gap.
    """
    if not re.fullmatch(r"[a-z]{1,20}", series) or not 1900 <= year <= 9999:
        raise ValueError(f"no series {series!r} of {year!r}")
    row = statements.run("SELECT kernel_next_number($1::text, $2::int)", [series, year])
    assert row is not None
    return int(row[0])


def sequence(series: str, year: int) -> str:
    """The name of the sequence behind a series and year, made when missing: for bulk inserts by `nextval`."""
    next_number(series, year)
    return f"kernel_ref_{series}_{year}"


def written(prefix: str, year: int, number: int) -> str:
    """The reference as people write and speak it."""
    digits = f"{year}{number:07d}"
    return f"{prefix}{year}-{number:07d}-{_check_digit(digits)}"


def parse(prefix: str, text: str, *, field: str | None = None) -> tuple[int, int]:
    """(year, number) of a reference as somebody typed it: spaces, lower case, full-width, missing hyphens or prefix.

    Refuses with what is wrong: the shape, the prefix, or the check digit (a typing error).
    """
    plain = re.sub(r"[\s\-_—–‐‑−.·]", "", unicodedata.normalize("NFKC", text[:80])).upper()
    match = _SHAPE.fullmatch(plain) if plain.isascii() else None
    if match is None:
        example = written(prefix, 2026, 123)
        raise Refused(
            "ref_shape", _("编号的样子应当是 %(example)s，请照回执核对。") % {"example": example}, field=field
        )
    letters, year, number, check = match.groups()
    if letters not in {"", prefix}:
        raise Refused("ref_prefix", _("这里查的编号以 %(prefix)s 开头，请核对。") % {"prefix": prefix}, field=field)
    if check != _check_digit(year + number):
        raise Refused("ref_check", _("编号里可能有一位数字写错了，请照回执逐位核对。"), field=field)
    return int(year), int(number)


def _check_digit(digits: str) -> str:
    """ISO 7064 MOD 11,10: finds every single wrong digit and nearly every swap of neighbours."""
    product = 10
    for digit in digits:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)
