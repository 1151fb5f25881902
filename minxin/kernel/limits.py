"""How often something may be done: a counter per key and window of time, shared by all workers."""

from django.db import connection

from minxin.kernel import clocks, sealing

_HIT = """
INSERT INTO kernel_ratewindow AS w (key, "window", hits) VALUES (%s, %s, 1)
ON CONFLICT (key) DO UPDATE SET
    hits = CASE WHEN w."window" = excluded."window" THEN least(w.hits, 2000000000) + 1 ELSE 1 END,
    "window" = excluded."window"
RETURNING hits
"""

_HITS = 'SELECT hits FROM kernel_ratewindow WHERE key = %s AND "window" = %s'


def allow(key: str, *, limit: int, seconds: int) -> bool:
    """Count one more of `key`; whether it is still among the first `limit` of this window of `seconds`.

    One statement. Call it outside a transaction: inside one, the key's row stays locked until the commit. Only a
    fingerprint of the key is stored, it may be somebody's address.
    """
    window = int(clocks.now().timestamp()) // seconds
    with connection.cursor() as cursor:
        cursor.execute(_HIT, [sealing.fingerprint(f"{seconds}:{key}", "limits"), window])
        return int(cursor.fetchone()[0]) <= limit


def spent(key: str, *, limit: int, seconds: int) -> bool:
    """Whether `allow` has been called for this key `limit` times in this window. One statement; counts nothing."""
    window = int(clocks.now().timestamp()) // seconds
    with connection.cursor() as cursor:
        cursor.execute(_HITS, [sealing.fingerprint(f"{seconds}:{key}", "limits"), window])
        row = cursor.fetchone()
    return row is not None and int(row[0]) >= limit
