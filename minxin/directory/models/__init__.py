"""What is stored about regions, units, posts, people, appointments and tokens; and the tree kept in memory."""

from minxin.directory.models.who import (
    Appointment,
    Changes,
    Person,
    Post,
    Region,
    RegionName,
    SignInAttempt,
    Token,
    TreeStamp,
    Unit,
    changes,
)

__all__ = [
    "Appointment",
    "Changes",
    "Person",
    "Post",
    "Region",
    "RegionName",
    "SignInAttempt",
    "Token",
    "TreeStamp",
    "Unit",
    "changes",
]
