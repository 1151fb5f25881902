"""`minxin verify_row PROOF [ROW]`, `minxin verify_row rows.json`: check downloaded rows; no database, no network."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from minxin.disclosures.rules import publishing as rules
from minxin.kernel import merkle

FAULTS = {
    "shape": lambda: _("这个文件不是行证明，或者内容不完整。请重新下载。"),
    "row": lambda: _("核对不通过：这份证明说的不是您给的这一行，行的内容被改动过。"),
    "path": lambda: _("核对不通过：这一行算不出证明里的行树根，行、位置或证明被改动过。"),
    "root": lambda: _("核对不通过：证明里的行树根是 %(root)s，与您给的不同，不是同一次公开，或者被替换过。"),
}


class Command(BaseCommand):
    """Exit code 0 when it holds; 1, with what is wrong, when it does not."""

    help = "核对下载的一行和它的证明，或整份 rows.json：不用数据库，不用联网。"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The proof (or a publication's rows.json), the row when it is in a file of its own, the root one trusts."""
        parser.add_argument("proof", type=Path, metavar="PROOF")
        parser.add_argument("row", type=Path, nargs="?", metavar="ROW")
        parser.add_argument("--root", default="", help="公开页面上的行树根")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was proved, or why not."""
        told = _read(options["proof"])
        row = _read(options["row"]) if options["row"] else None
        trusted = options["root"].strip().lower()
        checked = _whole(told) if isinstance(told.get("rows"), list) else rules.check_proof(told, row)
        if not checked.holds:
            raise CommandError(FAULTS[checked.fault]())
        if trusted and trusted != checked.root:
            raise CommandError(FAULTS["root"]() % {"root": checked.root})
        facts = {"ref": told.get("publication", ""), "index": checked.index, "size": checked.size}
        if isinstance(told.get("rows"), list):
            self.stdout.write(_("核对通过：%(ref)s 的全部 %(size)d 行与行树根一致。") % facts)
        else:
            self.stdout.write(_("核对通过：这一行是 %(ref)s 全部 %(size)d 行中的第 %(index)d 行，没有改动。") % facts)
        self.stdout.write(_("行树根：%(root)s") % {"root": checked.root})
        if not trusted:
            self.stdout.write(_("请与公开页面上的行树根对照，或用 --root 给出。"))


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except OSError as error:
        raise CommandError(_("读不到文件 %(path)s。") % {"path": path}) from error
    except ValueError as error:
        raise CommandError(FAULTS["shape"]()) from error
    if not isinstance(told, dict):
        raise CommandError(FAULTS["shape"]())
    return told


def _whole(told: dict[str, Any]) -> rules.Checked:
    """A publication's rows.json: every row hashed again."""
    rows, root = told["rows"], told.get("root")
    if not isinstance(root, str) or not all(isinstance(row, dict) for row in rows):
        return rules.Checked(False, "shape")
    found = merkle.root([merkle.leaf(rules.written(row)) for row in rows]).hex()
    holds = found == root.lower() and told.get("size") == len(rows)
    return rules.Checked(holds, "" if holds else "path", found, 0, len(rows))
