"""Hash trees after RFC 6962: one root for a list of leaves, and a short proof that one leaf is in it.

A leaf's hash is SHA-256(0x00 ‖ data), a node's SHA-256(0x01 ‖ left ‖ right); no leaf passes for a node. Pure.
"""

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()  # the root over no leaf


def leaf(data: bytes) -> bytes:
    """The hash of a leaf, 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two others."""
    return sha256(b"\x01" + left + right).digest()


def levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The whole tree from the leaves' hashes (first) to its root (last, one hash); empty for no leaf.

    A hash without a neighbour rises as it is: the same tree as RFC 6962's split at the largest power of two.
    """
    if not leaves:
        return []
    tree = [list(leaves)]
    while len(tree[-1]) > 1:
        below = tree[-1]
        above = [node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        tree.append(above + below[len(above) * 2 :])
    return tree


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over the leaves' hashes, in their order."""
    return levels(leaves)[-1][0] if leaves else EMPTY


def path(tree: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """The hashes that lead from leaf `index` (from 0) up to the root of `levels`: at most one for each level.

    Raises IndexError for a leaf that is not there.
    """
    if not tree or not 0 <= index < len(tree[0]):
        raise IndexError(index)
    found = []
    for level in tree[:-1]:
        beside = index ^ 1
        if beside < len(level):
            found.append(level[beside])
        index >>= 1
    return found


def holds(leaf_hash: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path proves that this leaf is number `index` of `size` under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    found, last = leaf_hash, size - 1
    for beside in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node(beside, found)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found = node(found, beside)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root
