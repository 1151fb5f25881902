"""`minxin found --name … --region … --code …`: the first centre and its three administrators."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minxin.directory.actions import founding
from minxin.kernel.errors import Refused


class Command(BaseCommand):
    """Found the network in an empty directory. The three first passwords are printed once and stored nowhere."""

    help = "首次启用：在空的目录里开设第一个网络中心和系统、安全、审计三名管理员，初始密码只显示这一次。"

    def add_arguments(self, parser: CommandParser) -> None:
        """The centre: its name, region and code."""
        parser.add_argument("--name", required=True, help="网络中心的全称，如 葫芦岛市民心网中心")
        parser.add_argument("--region", required=True, help="所在地区的六位区划代码，如 211400")
        parser.add_argument("--code", required=True, help="网络中心的单位代码，如 211400-MX")
        parser.add_argument("--short-name", default="", help="简称，如 市民心网中心")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was made and what comes next, or say in one sentence why not."""
        try:
            done = founding.found(
                name=options["name"],
                region=options["region"],
                code=options["code"],
                short_name=options["short_name"],
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"已开设网络中心：{done.centre.name}（{done.centre.code}）\n\n")
        for role, account in done.accounts:
            self.stdout.write(f"{role.label}\t用户名 {account.username}\t初始密码 {account.password}")
        self.stdout.write(
            "\n密码只显示这一次。请分别交给三个不同的人，各自登录 /desk/ 后立即修改密码、绑定双重验证。\n"
            "接下来由系统管理员开设下级单位和岗位，由安全管理员开设账号和任职。"
        )
