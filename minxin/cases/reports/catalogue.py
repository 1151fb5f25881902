"""The catalogue as people read it: the category tree, names, duties, keywords, limits."""

from minxin.cases.models import snapshot
from minxin.cases.rules import catalogue as rules
from minxin.cases.rules.catalogue import Node


def tree() -> tuple[Node, ...]:
    """No query, or 1 every few seconds. The categories in force as a tree (code, name, children), three levels."""
    return snapshot.tree()


def names(code: str) -> tuple[str, ...]:
    """No query, or 1 every few seconds. The names from the top down; of closed categories too; empty when unknown."""
    return rules.path(code, snapshot.all_names())


def name(code: str) -> str:
    """No query, or 1 every few seconds. The path of names in one line: 财政与资金 › 拖欠财政工资、津贴."""
    return rules.JOINT.join(names(code))
