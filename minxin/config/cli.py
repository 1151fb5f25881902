"""The command `minxin`: everything an operator does, one word each.

`up`, `web` and `jobs` live here; every management command of our own apps is reachable by its name, and the few of
Django's that an operator needs. Each finds its database first: the embedded server, or MINXIN_DATABASE_URL.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from minxin.config import console, database, preparation, processes, supervisor
from minxin.config.bench import command
from minxin.kernel import errors

_OURS = {
    "up": ("启动全部：数据库、网页、后台任务；Ctrl-C 停止", "start everything; Ctrl-C stops it"),
    "web": ("只启动网页进程", "start the web workers only"),
    "jobs": ("只启动后台任务进程", "start the job worker only"),
    "bench": (
        "生成百万件大库并测速（bench --help）",
        "fill a database with a million cases and measure (bench --help)",
    ),
}
_DJANGOS = {
    "migrate": ("建立或更新数据表", "create or update the tables"),
    "check": ("检查配置（--deploy 按生产环境检查）", "check the configuration (--deploy: as for production)"),
    "collectstatic": ("收集静态文件", "gather the static files"),
    "clearsessions": ("清除过期的登录会话", "remove expired sessions"),
    "makemigrations": ("按模型的改动写迁移", "write migrations for changed models"),
    "makemessages": ("提取待翻译的句子（需要 gettext）", "gather sentences to translate (needs gettext)"),
    "dbshell": ("打开数据库命令行（需要 psql）", "open the database shell (needs psql)"),
    "shell": ("打开 Python 命令行", "open a Python shell"),
}
_ALONE = {"bank", "verify_row"}  # commands that need no database
_VARIABLES = """
环境变量 variables（docs/operate.md）
  PORT=8000                  端口 · port
  DEMO=0                     不载入演示数据 · no demo
  MINXIN_BIND=127.0.0.1      监听地址 · address to listen on
  MINXIN_HOSTS=…             允许的主机名 · host names served
  MINXIN_SURFACES=public     只开公众面或工作台（public、desk） · one surface only
  MINXIN_DATABASE_URL=…      使用自己的 PostgreSQL · a PostgreSQL of your own
  MINXIN_VAR=var             数据目录 · where data is kept"""


def main() -> int:
    """Run one command; its exit code: 0 done, 1 refused or failed, 2 not understood, 130 interrupted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minxin.config.settings")
    name, *rest = sys.argv[1:] or ["help"]
    if name in {"-h", "--help", "help"}:
        return _help()
    if name in _OURS and rest and name != "bench":
        console.say(f"minxin {name}: {' · '.join(_OURS[name])}\n{_VARIABLES}")
        return 0 if rest[0] in {"-h", "--help"} else 2
    try:
        if name == "bench":
            return command.run(rest, _var())
        return _own(name) if name in _OURS else _django([name, *rest])
    except (database.Unusable, supervisor.Blocked, processes.Mistyped) as refusal:
        console.complain(str(refusal))
    except errors.Refused as refusal:
        console.complain(refusal.sentence)
    except KeyboardInterrupt:
        return 130
    finally:
        database.detach()
    return 1


def _own(name: str) -> int:
    os.environ.setdefault("MINXIN_POOL", str(processes.threads()))
    if name == "up":
        if supervisor.demo():
            os.environ.setdefault("MINXIN_OPEN_FILING", "1")
            os.environ.setdefault("MINXIN_SECOND_FACTOR", "0")
        return supervisor.up(_var())
    _attach()
    import django

    django.setup()
    run: Callable[[], int] = {"web": processes.web, "jobs": processes.jobs}[name]
    return run()


def _django(arguments: list[str]) -> int:
    """A management command by name. Django's own machinery prints a CommandError and exits with its code."""
    from django.core.management import execute_from_command_line

    if arguments[0] not in _ALONE and "--help" not in arguments and "-h" not in arguments:
        _attach()
    preparation.compile_messages()
    if arguments[0] == "demo":  # a newcomer's database has no tables yet
        import django

        django.setup()
        preparation.migrate(console.complain)
    execute_from_command_line(["minxin", *arguments])
    return 0


def _attach() -> None:
    database.attach(_var() / "postgres", say=console.complain)  # a command's own output may be read by a program


def _var() -> Path:
    """Where data is kept: as in settings, which cannot be read before the database has an address."""
    return Path(os.environ.get("MINXIN_VAR") or Path(__file__).resolve().parents[2] / "var").absolute()


def _help() -> int:
    console.say("minxin COMMAND [--help]\n")
    rows = {**_OURS, **_apps_commands(), **_DJANGOS}
    for name, (chinese, english) in rows.items():
        console.say(f"  {name:<16} {chinese}" + (f" · {english}" if english and english != chinese else ""))
    console.say(_VARIABLES)
    return 0


def _apps_commands() -> dict[str, tuple[str, str]]:
    """The commands of our own apps, with the first line of their help in both languages."""
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import get_commands, load_command_class
    from django.utils import translation

    preparation.compile_messages()
    try:
        django.setup()
    except ImproperlyConfigured as error:
        console.complain(str(error))
        return {}
    found = {}
    for name, app in sorted(get_commands().items()):
        if isinstance(app, str) and app.startswith("minxin."):
            command = load_command_class(app, name)
            sentences = []
            for language in ("zh-hans", "en"):
                with translation.override(language):
                    sentences.append(str(command.help).strip().partition("\n")[0])
            found[name] = (sentences[0], sentences[1])
    return found


if __name__ == "__main__":
    sys.exit(main())
