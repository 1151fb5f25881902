"""The tests' own PostgreSQL: an embedded server beside the developer's, tuned for data thrown away."""

import os
from pathlib import Path

from minxin.config import database

VAR = Path(os.environ.get("MINXIN_TEST_VAR", Path(__file__).parent / "var" / "test"))
VAR.mkdir(parents=True, exist_ok=True)
os.environ["MINXIN_VAR"] = str(VAR)
os.environ.setdefault("MINXIN_SECOND_FACTOR", "0")
os.environ.pop("MINXIN_PRODUCTION", None)
database.attach(
    VAR / "postgres", settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
)
