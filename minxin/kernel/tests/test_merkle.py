"""Hash trees: RFC 6962's own definition, its test vectors, and that nothing but the truth is proved."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.kernel import merkle

DATA = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1: the split at the largest power of two below n."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node(by_definition(leaves[:split]), by_definition(leaves[split:]))


def test_the_published_vectors() -> None:
    data = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
    data += [bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]
    leaves = [merkle.leaf(entry) for entry in data]
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(leaves[:3]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(data=DATA)
def test_the_tree_is_the_one_of_the_definition(data: list[bytes]) -> None:
    leaves = [merkle.leaf(entry) for entry in data]
    assert merkle.root(leaves) == by_definition(leaves)


@given(data=DATA, pick=st.integers(min_value=0))
def test_every_leaf_is_proved_by_its_path(data: list[bytes], pick: int) -> None:
    leaves, index = [merkle.leaf(entry) for entry in data], pick % len(data)
    path = merkle.path(merkle.levels(leaves), index)
    assert len(path) <= (len(leaves) - 1).bit_length()
    assert merkle.holds(leaves[index], index=index, size=len(leaves), path=path, root=merkle.root(leaves))


@given(data=DATA, pick=st.integers(min_value=0), part=st.integers(min_value=0), bit=st.integers(0, 255))
def test_a_flipped_bit_anywhere_fails(data: list[bytes], pick: int, part: int, bit: int) -> None:
    leaves, index = [merkle.leaf(entry) for entry in data], pick % len(data)
    hashes = [leaves[index], merkle.root(leaves), *merkle.path(merkle.levels(leaves), index)]
    place = part % len(hashes)
    flipped = bytearray(hashes[place])
    flipped[bit // 8] ^= 1 << bit % 8
    hashes[place] = bytes(flipped)
    assert not merkle.holds(hashes[0], index=index, size=len(leaves), path=hashes[2:], root=hashes[1])


@given(data=DATA, pick=st.integers(min_value=0), other=st.integers(-3, 80), more=st.booleans())
def test_a_wrong_place_or_a_longer_or_shorter_path_fails(data: list[bytes], pick: int, other: int, more: bool) -> None:
    leaves = [merkle.leaf(bytes([at]) + entry) for at, entry in enumerate(data)]  # all different
    index, size, root = pick % len(data), len(data), merkle.root(leaves)
    path = merkle.path(merkle.levels(leaves), index)
    if other != index:
        assert not merkle.holds(leaves[index], index=other, size=size, path=path, root=root)
    bent = [*path, root] if more else path[:-1]
    if bent != path:
        assert not merkle.holds(leaves[index], index=index, size=size, path=bent, root=root)


def test_there_is_no_path_to_a_leaf_that_is_not_there() -> None:
    tree = merkle.levels([merkle.leaf(b"a")])
    for index in (-1, 1):
        with pytest.raises(IndexError):
            merkle.path(tree, index)
    with pytest.raises(IndexError):
        merkle.path(merkle.levels([]), 0)
