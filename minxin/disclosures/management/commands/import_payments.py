"""`minxin import_payments FILE --unit … --year …`: a year of payments from another treasury system, all or nothing."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import importing
from minxin.disclosures.actions.importing import Imported
from minxin.disclosures.rules.codes import Severity
from minxin.kernel.errors import Refused

SHOWN = 50  # findings on the terminal; --report writes all that are kept


class Command(BaseCommand):
    """Exit code 0 when the payments are in; 1 when nothing was stored, with what is to be put right."""

    help = _("批量导入支付明细（CSV，模板 payments）：逐条校核，有错一笔不收，全部合格才一次入库。")

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, whose payments of which year, and where the whole report goes."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--unit", required=True, help="单位代码：预算单位，或财政部门（其管理的全部单位）")
        parser.add_argument("--year", type=int, required=True, help="预算年度，如 2007")
        parser.add_argument("--report", type=Path, help="把校核报告写到这个 csv 文件")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, telling how far it is, then print the report."""
        began = time.monotonic()
        try:
            done = importing.import_payments(
                unit=options["unit"], fiscal_year=options["year"], path=options["file"], by=SYSTEM, tell=_Progress(self)
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self._report(done, options["report"])
        if not done.stored:
            raise CommandError(_("一笔也没有入库。请照上面的说明改好文件，再导入一次。"))
        took = time.monotonic() - began
        facts = {"ref": done.ref, "rows": done.rows, "yuan": f"{done.fen / 100:,.2f}", "seconds": f"{took:.1f}"}
        self.stdout.write(_("已导入 %(ref)s：%(rows)d 笔，%(yuan)s 元，用时 %(seconds)s 秒。") % facts)
        self.stdout.write(f"SHA-256 {done.sha256}")

    def _report(self, done: Imported, path: Path | None) -> None:
        for finding in done.findings[:SHOWN]:
            self.stdout.write(importing.sentence(finding))
        for total in done.totals:
            facts = {"rule": total.rule, "kind": Severity(total.severity).label, "times": total.times}
            self.stdout.write(_("%(rule)s（%(kind)s）共 %(times)d 处") % facts)
        if done.read_to:
            self.stdout.write(_("要改的地方太多，只读到第 %(row)d 行。") % {"row": done.read_to})
        if path is not None:
            path.write_bytes(importing.report(done))
            self.stdout.write(_("报告已写到 %(path)s") % {"path": path})


class _Progress:
    """One line for every tenth of a step."""

    def __init__(self, command: Command) -> None:
        self._command, self._last = command, ("", -1)

    def __call__(self, what: str, done: int, total: int) -> None:
        tenth = done * 10 // max(1, total)
        if (what, tenth) != self._last:
            self._last = (what, tenth)
            self._command.stderr.write(f"  {what} {tenth * 10}%", ending="\n")
            self._command.stderr.flush()
