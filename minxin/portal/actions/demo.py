"""The whole demo in one transaction: the network, the two cases of 2007, the last ninety days. All of it or nothing."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from minxin.cases.actions import tally
from minxin.directory import reports as directory
from minxin.kernel import clocks
from minxin.kernel.errors import Refused
from minxin.portal.actions import acting, glass, network, ninety_days, story, treasury, waiting

Say = Callable[[str], None]


def load(say: Say, tell: ninety_days.Tell, *, money: bool = True) -> dict[str, str]:
    """Load the demo into an empty database; the refs of its cases by their keys.

    `say` is told the parts, `tell` the steps; without `money` the glass counter stays closed.
    Raises Refused: `production`, because everybody knows the demo's passwords; `not_empty`, because nothing of the
    demo may ever stand beside real cases.
    """
    if settings.PRODUCTION:
        raise Refused("production", _("生产环境不能载入演示数据：演示账号的密码是公开的。"))
    if directory.tree().by_id:
        raise Refused(
            "not_empty",
            _("数据库里已经有单位和数据，演示数据只能载入空的数据库。想重新载入，请换一个空的数据目录（MINXIN_VAR）。"),
        )
    acting.forget()
    now = clocks.now()
    with transaction.atomic(), _in_one_go():
        network.build(say)
        say(_("2007年的两件事"))
        deductions, arrears = story.tell()
        say(_("最近九十天"))
        refs = ninety_days.play(tell, now=now)
        if money:
            _open_glass(say)
            waiting.ask(now)
    tally.fold()
    acting.forget()
    return {"deductions": deductions, "arrears": arrears, **refs}


def _open_glass(say: Say) -> None:
    """Budgets of two years, a year through the pipe, accounts of departments and one that came late."""
    glass.open_counter()
    for year in (2006, 2007):
        say(_("%(year)s年预算：265个部门和预算单位一次公开") % {"year": year})
        glass.publish_budgets(year, _silent)
        glass.publish_government(year)
    say(_("2006年国库支付：玻璃管道里的一年"))
    treasury.open_treasury()
    treasury.run_year(_silent)
    glass.publish_accounts(treasury.YEAR)


def _silent(_done: int, _total: int) -> None:
    """The parts are told, not their steps."""


@contextmanager
def _in_one_go() -> Iterator[None]:
    """A fifth faster: what fails here undoes everything anyway, so no step needs a savepoint of its own.

    The garbage collector rests too: the load makes millions of small objects and no circles worth looking for.
    """
    collecting, gives_savepoints = gc.isenabled(), connection.features.uses_savepoints
    gc.disable()
    connection.features.uses_savepoints = False
    try:
        yield
    finally:
        connection.features.uses_savepoints = gives_savepoints
        if collecting:
            gc.enable()
