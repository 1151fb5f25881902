"""Sealing what must not leak: AES-256-GCM under a key of its own for each case, wrapped by the master key.

`settings.MINXIN_MASTER_KEY` holds one or more secrets separated by spaces or commas, the newest first: new keys are
wrapped with the first, older ones are still opened with theirs (`rewrap` moves them), and fingerprints stay with the
last so that they remain comparable across a rotation.
"""

import hashlib
import hmac
import os
import secrets
import unicodedata
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# Neither 0 O, 1 I L, 2 Z, 5 S, 8 B nor U V: read over the telephone without a question. 24 ** 8 = 1.1e11 codes.
CODE_ALPHABET = "34679ACDEFGHJKMNPQRTWXY2"
CODE_LENGTH = 8
_FORMAT = b"\x01"
_NONCE = 12
_KEY_ID = 4


class Unsealable(Exception):
    """The text was changed, belongs elsewhere, or its master key is not among those configured."""


def new_key() -> bytes:
    """A fresh data key, wrapped by the newest master key: 65 bytes to store beside what it seals."""
    return _wrap(AESGCM.generate_key(256))


def rewrap(wrapped_key: bytes) -> bytes:
    """The same data key under the newest master key; unchanged when it is already there."""
    if wrapped_key[1 : 1 + _KEY_ID] == _key_id(_secrets()[0]):
        return wrapped_key
    return _wrap(_unwrap(wrapped_key))


def seal(wrapped_key: bytes, plain: bytes, context: str) -> bytes:
    """`plain` encrypted; it opens only with the same key and the same context (`"MX2026-0000123-8 phone"`)."""
    return _encrypt(_unwrap(wrapped_key), plain, context.encode())


def unseal(wrapped_key: bytes, sealed: bytes, context: str) -> bytes:
    """What was sealed. Raises `Unsealable` when anything about it was changed."""
    return _decrypt(_unwrap(wrapped_key), sealed, context.encode())


def fingerprint(value: str, purpose: str) -> str:
    """A keyed digest (HMAC-SHA256, 64 hex digits): compares equal values without telling them."""
    return hmac.new(_derived(_secrets()[-1], f"fingerprint {purpose}"), value.encode(), hashlib.sha256).hexdigest()


def query_code() -> str:
    """A fresh query code of 8 characters for a receipt, without look-alikes."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def code_hash(code: str, ref: str) -> str:
    """What is stored of a query code: bound to its case, blind to case, spaces and full-width typing."""
    plain = "".join(unicodedata.normalize("NFKC", code[:80]).upper().replace("-", "").split())
    return fingerprint(f"{ref} {plain}", "query code")


def same(left: str, right: str) -> bool:
    """Whether two digests are equal, in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def _wrap(key: bytes) -> bytes:
    secret = _secrets()[0]
    return _FORMAT + _key_id(secret) + _encrypt(_derived(secret, "wrap"), key, b"data key")


def _unwrap(wrapped_key: bytes) -> bytes:
    for secret in _secrets():
        if wrapped_key[: 1 + _KEY_ID] == _FORMAT + _key_id(secret):
            return _decrypt(_derived(secret, "wrap"), wrapped_key[1 + _KEY_ID :], b"data key")
    raise Unsealable("no configured master key wrapped this data key")


def _encrypt(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def _decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
    except (InvalidTag, ValueError) as error:
        raise Unsealable("the sealed text was changed or belongs elsewhere") from error


def _secrets() -> list[str]:
    return str(settings.MINXIN_MASTER_KEY).replace(",", " ").split()


def _key_id(secret: str) -> bytes:
    return _derived(secret, "key id")[:_KEY_ID]


@lru_cache(maxsize=64)
def _derived(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=b"minxin", info=purpose.encode()).derive(secret.encode())
