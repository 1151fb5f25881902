"""`minxin demo`: load the demo into an empty database. `minxin demo users [--json]`: its sign-ins."""

import json
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minxin.kernel.errors import Refused
from minxin.portal.actions import demo, network

EVERY = 400  # steps between two words about the progress


class Command(BaseCommand):
    """The demo: made by calling the real actions on the real dates."""

    help = "载入演示数据（只用于空的数据库）；demo users 列出演示登录。"

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and how to print it."""
        parser.add_argument("what", nargs="?", choices=["load", "users"], default="load", help="load（默认）或 users")
        parser.add_argument("--json", action="store_true", help="登录名单以 JSON 输出")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load or list; a refusal is one sentence and exit code 1."""
        if options["what"] == "users":
            self._list(as_json=options["json"])
            return
        began = time.monotonic()
        try:
            count = len(demo.load(self._say, self._tell))
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self._say(f"{count} 件 cases · {time.monotonic() - began:.1f} s")

    def _say(self, words: str) -> None:
        self.stdout.write(f"    {words}")
        self.stdout.flush()

    def _tell(self, done: int, total: int) -> None:
        if done % EVERY == 0:
            self._say(f"{min(done, total)}/{total}")

    def _list(self, *, as_json: bool) -> None:
        found = network.sign_ins()
        if as_json:
            self.stdout.write(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
            return
        if not found:
            self.stdout.write("没有演示登录：这个数据库没有载入演示数据。")
        for one in found:
            self.stdout.write(f"{one.username:<26} {one.password:<18} {one.unit} {'、'.join(one.roles)}")
