"""The tree of units in memory: this process's copy of what is committed, and a transaction's own of what is not yet."""

import threading
import time
from dataclasses import dataclass

from django.db import connection

from minxin.directory import models
from minxin.directory.rules import Tree, UnitRef

TREE_SECONDS = 5.0  # how late another process's change of the tree may be seen


@dataclass
class _Shared:
    """The process's copy of the committed tree: when it was last compared, after how many changes of its own."""

    tree: Tree | None = None
    compared_at: float = 0.0
    changes: int = -1


class _Private(threading.local):
    """A transaction that changed the tree reads its own copy until it ends: nobody else sees what may be undone."""

    tree: Tree | None = None
    block: object = None
    changes: int = -1


_shared = _Shared()
_private = _Private()
_loading = threading.Lock()

_UNIT_FIELDS = (
    "id",
    "code",
    "name",
    "kind",
    "region_id",
    "path",
    "short_name",
    "parent_id",
    "line_parent_id",
    "is_centre",
    "closed_on",
)


def tree() -> Tree:
    """The tree of units. Normally no query: one every TREE_SECONDS, two when something changed.

    A change made by this process is seen at once; one made by another, after TREE_SECONDS at the latest.
    """
    block = connection.atomic_blocks[0] if connection.in_atomic_block else None
    if block is not None and models.changes.tree_block is block:
        if _private.tree is None or _private.block is not block or _private.changes != models.changes.tree:
            _stamp, regions = _stamps()
            _private.tree, _private.block, _private.changes = _read_tree(None, regions), block, models.changes.tree
        return _private.tree
    fresh = _shared.changes == models.changes.tree and time.monotonic() - _shared.compared_at < TREE_SECONDS
    if fresh and _shared.tree is not None:
        return _shared.tree
    with _loading:
        changes = models.changes.tree
        stamp, regions = _stamps()
        if _shared.tree is None or stamp is None or _shared.tree.stamp != stamp:
            _shared.tree = _read_tree(stamp, regions)
        _shared.compared_at, _shared.changes = time.monotonic(), changes
        return _shared.tree


def _stamps() -> tuple[object, object]:
    return models.TreeStamp.objects.values_list("stamp", "regions").first() or (None, None)


def _read_tree(stamp: object, regions: object) -> Tree:
    rows = models.Unit.objects.order_by("id").values_list(*_UNIT_FIELDS)
    return Tree((UnitRef(*row) for row in rows.iterator(chunk_size=5000)), stamp=stamp, regions=regions)
