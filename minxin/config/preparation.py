"""What must be true before the doors open: translations compiled, tables made, the demo loaded, static files collected.

Each step looks first and does only what is missing, so a second start is quick.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Callable, Iterator
from io import StringIO, TextIOBase
from pathlib import Path
from typing import Any

Say = Callable[[str], None]

_LOCALES = Path(__file__).parents[1]
_MIGRATION_LOCK = 0x4D696E78696E  # "Minxin": one process migrates a database at a time


def compile_messages() -> list[Path]:
    """Compile translations that changed (.po to .mo), without the gettext tools; the files written."""
    written = []
    for source in sorted(_LOCALES.glob("*/locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        import polib

        half = target.with_suffix(".mo.new")
        polib.pofile(str(source)).save_as_mofile(str(half))
        half.replace(target)
        written.append(target)
    return written


def migrate(say: Say) -> int:
    """Apply what the database lacks; the number of migrations applied. A lock that is not given within 10 s ends it."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    def lacking() -> int:
        executor = MigrationExecutor(connection)
        return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))

    if not lacking():
        return 0
    with _only_one(connection):
        count = lacking()
        if count:
            call_command("migrate", interactive=False, stdout=_Counted(say, count))
        return count


@contextlib.contextmanager
def _only_one(connection: Any) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        cursor.execute("SET lock_timeout = '10s'")
        try:
            yield
        finally:
            cursor.execute("RESET lock_timeout")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])


class _Counted(TextIOBase):
    """The output of `migrate`, told as a count every twenty."""

    def __init__(self, say: Say, total: int) -> None:
        self._say, self._total, self._done = say, total, 0

    def write(self, text: str) -> int:
        if " OK" in text:
            self._done += 1
            if self._done % 20 == 0:
                self._say(f"{self._done}/{self._total}")
        return len(text)


def load_demo(say: Say) -> bool:
    """Load the demo into a database that knows nobody yet; whether it did."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command, get_commands

    if "demo" not in get_commands() or get_user_model()._default_manager.exists():
        return False
    say("…")
    call_command("demo")
    return True


def demo_users() -> list[dict[str, Any]]:
    """The demo's sign-ins: username, password, unit, roles; none when this database holds no demo."""
    from django.core.management import call_command, get_commands

    if "demo" not in get_commands():
        return []
    output = StringIO()
    call_command("demo", "users", "--json", stdout=output)
    return list(json.loads(output.getvalue()))


def collect_static() -> bool:
    """Gather, name by content and compress the static files when any source changed; whether any had."""
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.core.management import call_command

    files = sorted(
        (path, status.st_size, status.st_mtime_ns)
        for finder in finders.get_finders()
        for path, storage in finder.list([])
        for status in [Path(storage.path(path)).stat()]
    )
    versions = [importlib.metadata.version(name) for name in ("django", "whitenoise")]
    wanted = hashlib.sha256(repr((files, versions)).encode()).hexdigest()
    root = Path(settings.STATIC_ROOT)
    note = root / "collected"
    if note.exists() and note.read_text() == wanted:
        return False
    if root.exists():
        shutil.rmtree(root)
    call_command("collectstatic", interactive=False, verbosity=0)
    note.write_text(wanted)
    return True
