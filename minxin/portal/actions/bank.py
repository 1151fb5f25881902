"""The demo's agent bank: the simulator as a process of its own, reached through a folder as a real bank would be."""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from minxin.disclosures import outside

HABITS = ["--every", "0.05", "--refunds", "0.0006", "--seed", "2006"]
PATIENCE = 120.0  # seconds without an answer: the process died, and the demo says so instead of waiting
GLANCE = 0.02


class Bank:
    """Within the block vouchers go to this bank's folder; `answers` are what it left for us."""

    def __init__(self, code: str) -> None:
        self._code, self._stack = code, ExitStack()

    def __enter__(self) -> "Bank":
        root = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="minxin-bank-")))
        self._inbox = root / "inbox" / self._code
        self._stack.enter_context(outside.using(outside.Folders(root)))
        here = [sys.executable, "-m", "minxin.config.cli", "bank", self._code, "--folder", str(root), *HABITS]
        self._process = subprocess.Popen(here, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self._stack.callback(self._process.wait)
        self._stack.callback(self._process.terminate)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def answers(self, orders: int) -> list[bytes]:
        """The receipts of so many orders, waited for; taken out of the folder."""
        until = time.monotonic() + PATIENCE
        while len(found := self._letters("1-")) < orders:
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the bank answered {len(found)} of {orders} orders")
            time.sleep(GLANCE)
        return self._taken(found)

    def refunds(self) -> list[bytes]:
        """What has come back by now."""
        return self._taken(self._letters("2-"))

    def _letters(self, beginning: str) -> list[Path]:
        return sorted(self._inbox.glob(f"{beginning}*.xml"))

    def _taken(self, letters: list[Path]) -> list[bytes]:
        read = [path.read_bytes() for path in letters]
        for path in letters:
            path.unlink()
        return read
