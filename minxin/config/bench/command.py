"""The door of `minxin bench`: make the databases, measure, print the tables."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from minxin.config import console, database, preparation, processes
from minxin.config.bench import fill, money

LARGE, SMALL = 1_000_000, 10_000
PAYMENTS, IMPORTED = 10_000_000, 1_000_000


def run(arguments: list[str], var: Path) -> int:
    """Do what `minxin bench …` says, with data under `var`/bench; the exit code: 1 when a target is missed."""
    asked = _parser().parse_args(arguments)
    home = var / "bench"
    _surround(home)
    from minxin.config.bench import session

    only = frozenset(asked.only.split(",")) if asked.only else session.PARTS
    sizes = session.Sizes(asked.cases or LARGE, asked.small, PAYMENTS if asked.payments is None else asked.payments,
                          asked.rows)  # fmt: skip
    if asked.what == "generate":
        if asked.payments is not None:
            generate_money(home, asked.payments, again=asked.again)
        return (
            0 if asked.cases is None and asked.payments is not None else generate(home, sizes.large, again=asked.again)
        )
    if asked.what == "all":
        for kind, size in sizes.needed(only):
            _generate_beside(kind, size)
    return session.run(home, sizes=sizes, seconds=asked.seconds, only=only)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minxin bench", description="生成大库并测速 · fill a large database and measure against the targets"
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=("all", "generate", "run"),
        default="all",
        help="generate：只生成 · only fill; run：只测 · only measure; all：缺什么生成什么，再测 · both",
    )
    parser.add_argument("--cases", type=int, help=f"已办结并公开的件数 · closed and public cases ({LARGE:,})")
    parser.add_argument("--small", type=int, default=SMALL, help="对照库的件数 · cases of the database compared with")
    parser.add_argument("--payments", type=int, help=f"支付笔数，一座城市五年 · payments of a city ({PAYMENTS:,})")
    parser.add_argument("--rows", type=int, default=IMPORTED, help="批量导入的行数 · rows of the file that is imported")
    parser.add_argument("--seconds", type=float, default=10, help="每次测量的秒数 · seconds of each measurement")
    parser.add_argument(
        "--only", default="", help="只测这些部分 · only these parts: filing,inbox,track,search,pipe,trace,import"
    )
    parser.add_argument("--again", action="store_true", help="重新生成 · fill anew")
    return parser


def _surround(home: Path) -> None:
    """The bench's own environment: its keys, files and databases, no second factor, the settings of `minxin up`."""
    home.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "MINXIN_VAR": str(home),
        "MINXIN_SECOND_FACTOR": "0",
        "MINXIN_POOL": str(processes.threads()),
        "DEMO": "0",
    }
    for name in ("MINXIN_DATABASE_URL", "MINXIN_OPEN_FILING", "MINXIN_PRODUCTION", "MINXIN_SURFACES"):
        os.environ.pop(name, None)


def name_of(cases: int) -> str:
    """The database that holds so many cases."""
    return f"minxin_bench_{cases}"


def generate(home: Path, cases: int, *, again: bool = False) -> int:
    """Fill the database of so many cases, unless this generator has filled it already."""
    url = database.attach(home / "postgres", name=name_of(cases), say=console.say)
    if not again and fill.holds(url, fill.wanted(cases)):
        console.say(f"{name_of(cases)}: 已生成 · is there already (--again)")
        return 0
    fill.fill(_empty(url, name_of(cases)), cases, say=lambda line: console.say(f"  {line}"))
    return 0


def generate_money(home: Path, payments: int, *, again: bool = False) -> int:
    """Fill the database of a city with so many payments, unless this generator has filled it already."""
    url = database.attach(home / "postgres", name=money.name_of(payments), say=console.say)
    if not again and fill.holds(url, money.wanted(payments)):
        console.say(f"{money.name_of(payments)}: 已生成 · is there already (--again)")
        return 0
    money.make(_empty(url, money.name_of(payments)), payments, say=lambda line: console.say(f"  {line}"))
    return 0


def _empty(url: str, name: str) -> str:
    """The database of that name made anew with its tables, Django set up on it."""
    os.environ["MINXIN_DATABASE_URL"] = fill.make(url, name)
    import django

    django.setup()
    preparation.migrate(console.say)
    return os.environ["MINXIN_DATABASE_URL"]


def _generate_beside(kind: str, size: int) -> None:
    """In a process of its own: Django knows one database."""
    here = [sys.executable, "-m", "minxin.config.cli", "bench", "generate", f"--{kind}", str(size)]
    if subprocess.run(
        here, check=False, env=os.environ | {"MINXIN_VAR": str(Path(os.environ["MINXIN_VAR"]).parent)}
    ).returncode:
        raise database.Unusable(f"minxin bench generate --{kind} {size}: 未完成 · not finished")
