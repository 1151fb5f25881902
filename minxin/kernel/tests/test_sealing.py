import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.kernel import sealing


@pytest.fixture(autouse=True)
def _master(settings):
    settings.MINXIN_MASTER_KEY = "old-secret"


@given(st.binary(max_size=500), st.text(max_size=20))
def test_what_is_sealed_opens_with_its_key_and_context_only(plain, context):
    key, other = sealing.new_key(), sealing.new_key()
    sealed = sealing.seal(key, plain, context)
    assert sealing.unseal(key, sealed, context) == plain
    assert len(sealed) == len(plain) + 28
    for wrong in (
        (other, sealed, context),
        (key, sealed, context + "x"),
        (key, sealed[:-1], context),
        (key, b"", context),
    ):
        with pytest.raises(sealing.Unsealable):
            sealing.unseal(*wrong)


@given(st.integers(0, 64), st.integers(1, 255))
def test_a_changed_key_opens_nothing(place, change):
    key = bytearray(sealing.new_key())
    sealed = sealing.seal(bytes(key), b"plain", "x")
    key[place] ^= change
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(bytes(key), sealed, "x")


def test_the_same_text_is_never_sealed_alike():
    key = sealing.new_key()
    assert sealing.seal(key, b"x", "c") != sealing.seal(key, b"x", "c")
    assert len(key) == 65


def test_a_new_master_key_opens_the_old_and_takes_them_over(settings):
    key = sealing.new_key()
    sealed, print_ = sealing.seal(key, b"plain", "x"), sealing.fingerprint("13812341234", "phone")
    settings.MINXIN_MASTER_KEY = "new-secret, old-secret"
    assert sealing.unseal(key, sealed, "x") == b"plain"
    assert sealing.fingerprint("13812341234", "phone") == print_
    moved = sealing.rewrap(key)
    assert sealing.rewrap(moved) == moved
    settings.MINXIN_MASTER_KEY = "new-secret"
    assert sealing.unseal(moved, sealed, "x") == b"plain"
    with pytest.raises(sealing.Unsealable):
        sealing.seal(key, b"plain", "x")


def test_a_fingerprint_tells_equal_values_of_one_purpose(settings):
    one = sealing.fingerprint("13812341234", "phone")
    assert len(one) == 64
    assert one == sealing.fingerprint("13812341234", "phone")
    assert one != sealing.fingerprint("13812341234", "limits")
    settings.MINXIN_MASTER_KEY = "another"
    assert one != sealing.fingerprint("13812341234", "phone")


def test_a_query_code_is_easily_spoken_and_typed():
    codes = {sealing.query_code() for _ in range(500)}
    assert len(codes) == 500
    assert {len(code) for code in codes} == {8}
    assert not set("".join(codes)) & set("0O1IL5S8BUVZ")


def test_a_code_belongs_to_its_case_and_forgives_typing():
    stored = sealing.code_hash("ACDE3467", "MX2026-0000123-8")
    assert sealing.same(stored, sealing.code_hash(" ａcde-3467 ", "MX2026-0000123-8"))
    assert not sealing.same(stored, sealing.code_hash("ACDE3467", "MX2026-0000124-6"))
    assert not sealing.same(stored, sealing.code_hash("ACDE3469", "MX2026-0000123-8"))
