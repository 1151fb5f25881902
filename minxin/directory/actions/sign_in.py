"""Attempts to sign in: counted, locked, put on record."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.actions import reach
from minxin.directory.rules import Officer
from minxin.kernel import clocks, sealing
from minxin.kernel.errors import Refused
from minxin.ledger import actions as ledger

_TRY = """
INSERT INTO directory_signinattempt AS t (key, tries, last_at) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN t.last_at <= %(before)s THEN 1 ELSE least(t.tries, 1000000) + 1 END,
    last_at = CASE WHEN t.last_at <= %(before)s OR t.tries < %(limit)s THEN %(now)s ELSE t.last_at END
RETURNING tries
"""


def try_sign_in(*, username: str, address: str) -> None:
    """Count an attempt before the password is looked at; refuse when the name or the address is locked.

    Counting first holds against many attempts at once; `forget_tries` takes a success back. A lock ends LOCK_MINUTES
    after the failure that made it, whatever is tried meanwhile. Not one transaction: a refusal must stay counted.
    """
    tries = _count_try("name", username, limit=rules.SIGN_IN_TRIES)
    if tries == rules.SIGN_IN_TRIES + 1:
        person = models.Person.objects.get_queryset().filter(username=username).first()
        if person is not None:
            reach.record_person(person, "lock_out", by=rules.SYSTEM, tries=rules.SIGN_IN_TRIES)
    if tries > rules.SIGN_IN_TRIES or _count_try("address", address, limit=rules.ADDRESS_TRIES) > rules.ADDRESS_TRIES:
        raise Refused("too_many", _("尝试次数过多。为保护账号，请十五分钟后再试，或请安全管理员重置密码。"))


@transaction.atomic
def forget_tries(*, username: str, address: str) -> None:
    """The password was right: the name starts afresh, and the address gets its attempt back."""
    models.SignInAttempt.objects.filter(key=_try_key("name", username)).delete()
    at = models.SignInAttempt.objects.filter(key=_try_key("address", address))
    if not at.filter(tries__gt=1).update(tries=F("tries") - 1):
        at.delete()


@transaction.atomic
def record_sign_in(*, person: int, by: Officer) -> None:
    """Put a sign-in on record (GB/T 22239-2019 8.1.4.3, security audit)."""
    ledger.record(stream=f"person:{person}", verb="sign_in", by=by)


def _count_try(kind: str, value: str, *, limit: int) -> int:
    now = clocks.now()
    facts: dict[str, Any] = {
        "key": _try_key(kind, value),
        "now": now,
        "before": now - timedelta(minutes=rules.LOCK_MINUTES),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TRY, facts | {"limit": limit})
        return int(cursor.fetchone()[0])


def _try_key(kind: str, value: str) -> str:
    return sealing.fingerprint(f"{kind}:{value.strip().casefold()}", "sign-in")
