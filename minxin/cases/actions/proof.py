"""Proof of work (ALTCHA) against robots: a challenge is handed out, its solution opens the door for one filing."""

import secrets
from typing import Any

import altcha
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from minxin.kernel import clocks, limits, sealing
from minxin.kernel.errors import Refused

SECONDS = 1200  # how long a challenge may be solved and used
LARGEST = 4096  # characters of a solution
_ALGORITHM, _ROUNDS, _LEAST, _SPREAD = "PBKDF2/SHA-256", 5000, 100, 200  # half a second to two on a telephone
PER_ADDRESS, ADDRESS_SECONDS = 30, 600  # filings from one address, where a whole office may sit behind one

_SPEND = """
INSERT INTO cases_filingkey AS k (key, digest, case_id, at) VALUES (%s, %s, 0, %s)
ON CONFLICT (key) DO UPDATE SET digest = k.digest RETURNING digest
"""


def challenge() -> dict[str, Any]:
    """A signed challenge for the widget or a program, good for SECONDS. Nothing is stored."""
    made = altcha.create_challenge(
        _ALGORITHM,
        _ROUNDS,
        counter=_LEAST + secrets.randbelow(_SPREAD),
        expires_at=int(clocks.now().timestamp()) + SECONDS,
        hmac_secret=_secret("challenge"),
        hmac_key_secret=_secret("key"),
    )
    return made.to_dict()


def spend(solution: str, *, key: str) -> None:
    """1 statement. Use a solution up for the filing with this idempotency `key`; a retry of it may show it again.

    Raises Refused `proof` when there is none, it is wrong, too old, or was used for another filing.
    """
    payload = _payload(solution)
    found = altcha.verify_solution(payload, _secret("challenge"), hmac_key_secret=_secret("key")) if payload else None
    if payload is None or found is None or not found.verified:
        raise Refused("proof", _("请先完成人机验证再提交；验证二十分钟内有效，过期了请重新验证。"), field="altcha")
    mark = sealing.fingerprint(str(payload.challenge.signature), "proof spent")
    owner = sealing.fingerprint(key, "proof owner")
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, [mark, owner, clocks.now()])
        if cursor.fetchone()[0] != owner:
            raise Refused("proof", _("这次人机验证已经用过，请重新验证后再提交。"), field="altcha")


def admit(solution: str, *, address: str, key: str) -> None:
    """2 statements, none with MINXIN_OPEN_FILING. Whether somebody without a token may file now from this address.

    Raises Refused `proof`, or `too_many` when the address has filed too often.
    """
    if settings.MINXIN_OPEN_FILING:
        return
    admit_address(address)
    spend(solution, key=key)


def admit_address(address: str) -> None:
    """1 statement, none with MINXIN_OPEN_FILING. The public rate limit. Raises Refused `too_many`."""
    if settings.MINXIN_OPEN_FILING:
        return
    if not limits.allow(f"filing:{address}", limit=PER_ADDRESS, seconds=ADDRESS_SECONDS):
        raise Refused("too_many", _("这个网络地址提交得太频繁了，请十分钟后再试；您也可以拨打当地热线反映。"))


def _payload(solution: str) -> altcha.Payload | None:
    """The solution as it was posted (base64 of JSON); None when it is not one."""
    if not solution or len(solution) > LARGEST:
        return None
    try:
        return altcha.Payload.from_base64(solution)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _secret(purpose: str) -> str:
    return sealing.fingerprint(purpose, "altcha")
