"""`minxin token USERNAME`, `minxin token --channel NAME`: print a new bearer token."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minxin.directory.actions import tokens
from minxin.directory.rules import SYSTEM
from minxin.kernel.errors import Refused


class Command(BaseCommand):
    """Issue a bearer token. It is printed once and stored only as a hash."""

    help = "为一位人员或一个接入渠道签发接口令牌并打印出来；系统只保存其摘要，令牌只显示这一次。"

    def add_arguments(self, parser: CommandParser) -> None:
        """A username, or a channel with its limit."""
        parser.add_argument("username", nargs="?")
        parser.add_argument("--channel", metavar="NAME", default="")
        parser.add_argument("--limit", metavar="PER_MINUTE", type=int, help="每分钟次数上限，仅用于渠道")
        parser.add_argument("--label", default="", help="用途说明")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token, or say in one sentence why not."""
        try:
            token = tokens.issue_token(
                by=SYSTEM,
                person=options["username"],
                channel=options["channel"],
                label=options["label"],
                limit_per_minute=options["limit"],
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(token)
