"""PostgreSQL alone: pgbench, which comes with the embedded server, fed with the statements of real filings."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from minxin.config import database


@dataclass(frozen=True)
class Alone:
    """Transactions a second, and how long one took in the mean, in milliseconds."""

    rate: float
    latency: float


def run(url: str, scripts: Path, *, clients: int, seconds: float) -> Alone:
    """Commit the scripts' rows, one transaction each, as fast as PostgreSQL can. Raises Unusable when it cannot."""
    address = conninfo_to_dict(url)
    files = [option for path in sorted(scripts.glob("*.sql")) for option in ("-f", str(path))]
    done = subprocess.run(
        [
            *(str(database.BINARIES / "pgbench"), "-n", "-M", "prepared", "-j", "2"),
            *("-c", str(clients), "-T", str(max(1, round(seconds)))),
            *("-h", str(address["host"]), "-U", str(address["user"]), *files, str(address["dbname"])),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    latency = re.search(r"latency average = ([\d.]+)", done.stdout)
    if done.returncode or not rate or not latency:
        raise database.Unusable(f"pgbench: {done.stderr.strip() or done.stdout.strip()}")
    return Alone(float(rate[1]), float(latency[1]))
