"""What regulations fix for the pipe: which row holds where and when, what it says, and by what it is so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from django.utils.translation import gettext as _

from minxin.directory import rules as directory
from minxin.disclosures.rules.codes import RuleCode
from minxin.kernel import money
from minxin.kernel.errors import Refused

SPLIT, UNIFIED = "split", "unified"
MODES = (SPLIT, UNIFIED)
CUT_OFF = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
FEN = r"^[1-9][0-9]{0,14}$"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A row: an empty region is the whole country; the last day is included."""

    code: str
    region: str
    value: str
    basis: str
    valid_from: date
    valid_to: date | None

    @property
    def unified(self) -> bool:
        """Of MODES: whether direct and authorised payment are one."""
        return self.value == UNIFIED

    @property
    def time(self) -> time:
        """Of CUT_OFF: what is in by then is handled the same working day."""
        return time.fromisoformat(self.value)

    @property
    def fen(self) -> int:
        """Of CONTRACT: from this amount on a payment to a firm without a contract is pointed out."""
        return int(self.value)

    @property
    def sentence(self) -> str:
        """What it says, for whoever reads the rules."""
        match RuleCode(self.code):
            case RuleCode.MODES if self.unified:
                return _("不分直接和授权，统一为国库集中支付。")
            case RuleCode.MODES:
                return _("工资、工程和项目由财政直接支付，日常小额由单位授权支付。")
            case RuleCode.CUT_OFF:
                return _("%(time)s 以前收到的当个工作日办理，以后收到的下一个工作日办理。") % {"time": self.value}
            case RuleCode.CONTRACT:
                return _("付给企业的一笔满 %(yuan)s 元而没有写合同编号的，校核时提示。") % {
                    "yuan": money.written(self.fen)
                }


def find(rows: Iterable[Ruling], code: RuleCode, *, region: str, on: date) -> Ruling | None:
    """The row in force on that day: of the region itself, else of the nearest above, else of the whole country."""
    fitting = {
        row.region: row
        for row in rows
        if row.code == code and row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)
    }
    return next((fitting[where] for where in (*directory.upward(region), "") if where in fitting), None)


def choose(rows: Iterable[Ruling], code: RuleCode, *, region: str, on: date) -> Ruling:
    """The same row; Refused (`no_rule`) when nothing is laid down for that day."""
    found = find(rows, code, region=region, on=on)
    if found is None:
        facts = {"on": on.isoformat(), "rule": code.label}
        raise Refused("no_rule", _("%(on)s 那一天没有关于“%(rule)s”的规定，请系统管理员先补上。") % facts)
    return found
