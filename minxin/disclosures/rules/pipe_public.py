"""What the public may see of the pipe: the stretches money runs through, and how payments to people hide in sums."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Payments to natural persons are told only in sums of at least so many (最小单元格原则; policy of standards 2.4).
LEAST = 5
CITY = 0  # unit_id of what no unit is named for


@dataclass(frozen=True, slots=True)
class Cell:
    """Payments to people that no sum has told yet: of one unit, by month and heading. A correction may be below zero.

    An empty month (0) or heading ("") says that they are of several.
    """

    unit_id: int
    month: int
    function: str
    economic: str
    fund: str
    fen: int
    count: int


@dataclass(frozen=True, slots=True)
class Block:
    """A sum that is told: under `label` (its fen and count are those of all its cells together)."""

    label: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """The blocks that may be told, and the cells that must wait for more."""

    told: tuple[Block, ...]
    waiting: tuple[Cell, ...]


_WIDER = (  # from the finest label to the widest: whole, over the months, one economic heading, one unit, one fund
    ("unit_id", "month", "function", "economic", "fund"),
    ("unit_id", "function", "economic", "fund"),
    ("unit_id", "economic"),
    ("unit_id",),
)


def merge(cells: Iterable[Cell], *, least: int = LEAST, closed: bool = False) -> Merged:
    """Cells into blocks of at least `least` payments each, as finely labelled as they may be.

    Every number shown is a sum of whole blocks, and no cell is in two of them: so no sums or differences of what is
    shown lead to fewer than `least` payments (complementary suppression by construction). What is left of a unit waits
    for its next payments; of a `closed` year the left-overs of all units make one block without a unit's name.
    """
    waiting = [cell for cell in cells if cell.fen or cell.count]
    told: list[Block] = []
    for kept in (*_WIDER, *(((),) if closed else ())):
        waiting.sort(key=lambda cell: _part(cell, kept))
        left: list[Cell] = []
        for _key, group in groupby(waiting, key=lambda cell: _part(cell, kept)):
            together = tuple(group)
            if _tellable(together, least):
                told.append(Block(_label(together), together))
            else:
                left += together
        waiting = left
    return Merged(tuple(told), tuple(waiting))


def _part(cell: Cell, kept: Sequence[str]) -> tuple[object, ...]:
    return tuple(getattr(cell, name) for name in kept)


def _tellable(cells: Sequence[Cell], least: int) -> bool:
    """Enough payments that were added; what a correction took away hides among them and never makes a sum negative."""
    return sum(max(0, cell.count) for cell in cells) >= least and sum(cell.fen for cell in cells) > 0


def _label(cells: Sequence[Cell]) -> Cell:
    """What all of them have in common."""
    first = cells[0]
    return Cell(
        unit_id=first.unit_id if len({cell.unit_id for cell in cells}) == 1 else CITY,
        month=first.month if len({cell.month for cell in cells}) == 1 else 0,
        function=first.function if len({cell.function for cell in cells}) == 1 else "",
        economic=first.economic if len({cell.economic for cell in cells}) == 1 else "",
        fund=first.fund if len({cell.fund for cell in cells}) == 1 else "",
        fen=sum(cell.fen for cell in cells),
        count=sum(cell.count for cell in cells),
    )


class Tone(StrEnum):
    """How a stretch is drawn: glass for what runs, dark for what stands, back for what came back."""

    RUNS = "runs"
    STANDS = "stands"
    BACK = "back"


class Stretch(StrEnum):
    """A stretch of the pipe, from one joint to the next."""

    ALLOTTED = "allotted"
    FROZEN = "frozen"
    UNALLOTTED = "unallotted"
    REUSED = "reused"
    REQUESTED = "requested"
    UNREQUESTED = "unrequested"
    APPROVED = "approved"
    IN_REVIEW = "in_review"
    ORDERED = "ordered"
    UNORDERED = "unordered"
    PAID = "paid"
    AT_BANK = "at_bank"
    CLEARED = "cleared"
    UNCLEARED = "uncleared"
    FIRMS = "firms"
    INSTITUTIONS = "institutions"
    PEOPLE = "people"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Sums:
    """What is added up for some part of the city's money in a year, in fen.

    `approved`, `frozen`, `allotted` are of budget lines. The others are payments to firms and institutions by joint;
    `paid_firm` and `paid_institution` with their count; `people` is what was paid to natural persons and is told.
    """

    approved: int = 0
    frozen: int = 0
    allotted: int = 0
    requested: int = 0
    reviewed: int = 0
    ordered: int = 0
    paid_firm: int = 0
    paid_institution: int = 0
    cleared_firm: int = 0
    cleared_institution: int = 0
    returned_firm: int = 0
    returned_institution: int = 0
    people: int = 0
    people_returned: int = 0
    count: int = 0
    people_count: int = 0
    lines: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, name) + getattr(other, name) for name in SUMS))

    @property
    def budget(self) -> int:
        """What may be spent: approved but for what is frozen."""
        return self.approved - self.frozen

    @property
    def legal(self) -> int:
        """Paid to firms and institutions."""
        return self.paid_firm + self.paid_institution

    @property
    def paid(self) -> int:
        """Paid to all, what came back included."""
        return self.legal + self.people

    @property
    def returned(self) -> int:
        """What came back."""
        return self.returned_firm + self.returned_institution + self.people_returned

    @property
    def spent(self) -> int:
        """Paid and not come back: the execution of the budget (预算执行数)."""
        return self.paid - self.returned

    @property
    def unallotted(self) -> int:
        """May be spent and is not allotted."""
        return self.budget - self.allotted

    @property
    def standing(self) -> int:
        """What stands still: not allotted, not asked for, on its way. Approved less frozen less spent."""
        return self.budget - self.spent


SUMS: tuple[str, ...] = tuple(Sums.__dataclass_fields__)

_JOINTS: Mapping[Stretch, tuple[Promise, Promise, Tone]] = {
    Stretch.ALLOTTED: (_("批复预算"), _("下达额度"), Tone.RUNS),
    Stretch.UNALLOTTED: (_("批复预算"), _("未下达"), Tone.STANDS),
    Stretch.FROZEN: (_("批复预算"), _("已冻结"), Tone.STANDS),
    Stretch.REUSED: (_("退回后恢复"), _("下达额度"), Tone.BACK),
    Stretch.REQUESTED: (_("下达额度"), _("支付申请"), Tone.RUNS),
    Stretch.UNREQUESTED: (_("下达额度"), _("未申请"), Tone.STANDS),
    Stretch.APPROVED: (_("支付申请"), _("审核通过"), Tone.RUNS),
    Stretch.IN_REVIEW: (_("支付申请"), _("待审核"), Tone.STANDS),
    Stretch.ORDERED: (_("审核通过"), _("支付凭证"), Tone.RUNS),
    Stretch.UNORDERED: (_("审核通过"), _("待开凭证"), Tone.STANDS),
    Stretch.PAID: (_("支付凭证"), _("银行支付"), Tone.RUNS),
    Stretch.AT_BANK: (_("支付凭证"), _("待银行支付"), Tone.STANDS),
    Stretch.CLEARED: (_("银行支付"), _("清算"), Tone.RUNS),
    Stretch.UNCLEARED: (_("银行支付"), _("待清算"), Tone.STANDS),
    Stretch.FIRMS: (_("清算"), _("企业"), Tone.RUNS),
    Stretch.INSTITUTIONS: (_("清算"), _("机关、事业单位和社会组织"), Tone.RUNS),
    Stretch.PEOPLE: (_("清算"), _("个人"), Tone.RUNS),
    Stretch.RETURNED: (_("清算"), _("退回"), Tone.BACK),
}


@dataclass(frozen=True, slots=True)
class Flowing:
    """One stretch with its two joints and the money in it, in fen."""

    stretch: Stretch
    source: str
    target: str
    tone: Tone
    fen: int


def flowing(sums: Sums) -> list[Flowing]:
    """The pipe from the budget to the payees: at every joint as much goes out as came in.

    Money that came back is drawn twice, a pipe having no loops: as it leaves at the end, and as it stands again at the
    allotments, where it may be asked for anew. Payments to people run from the request on only as far as they are told;
    their clearing is counted with their payment. What came back before it was cleared counts as cleared: it needs no
    more clearing.
    """
    amounts = _amounts(sums)
    return [
        Flowing(stretch, str(source), str(target), tone, amounts[stretch])
        for stretch, (source, target, tone) in _JOINTS.items()
    ]


def _amounts(sums: Sums) -> dict[Stretch, int]:
    told = sums.people
    firms = max(sums.cleared_firm, sums.returned_firm)
    institutions = max(sums.cleared_institution, sums.returned_institution)
    cleared = firms + institutions
    requested = sums.requested + told
    return {
        Stretch.ALLOTTED: sums.allotted,
        Stretch.UNALLOTTED: sums.budget - sums.allotted,
        Stretch.FROZEN: sums.frozen,
        Stretch.REUSED: sums.returned,
        Stretch.REQUESTED: requested,
        Stretch.UNREQUESTED: sums.allotted + sums.returned - requested,
        Stretch.APPROVED: sums.reviewed + told,
        Stretch.IN_REVIEW: sums.requested - sums.reviewed,
        Stretch.ORDERED: sums.ordered + told,
        Stretch.UNORDERED: sums.reviewed - sums.ordered,
        Stretch.PAID: sums.paid,
        Stretch.AT_BANK: sums.ordered - sums.legal,
        Stretch.CLEARED: cleared + told,
        Stretch.UNCLEARED: sums.legal - cleared,
        Stretch.FIRMS: firms - sums.returned_firm,
        Stretch.INSTITUTIONS: institutions - sums.returned_institution,
        Stretch.PEOPLE: told - sums.people_returned,
        Stretch.RETURNED: sums.returned,
    }


def amount(sums: Sums, stretch: Stretch) -> int:
    """The money in one stretch."""
    return _amounts(sums)[stretch]


def name_of(stretch: Stretch) -> str:
    """What a stretch is called: where what runs through it comes to."""
    return str(_JOINTS[stretch][1])


STANDING = tuple(stretch for stretch, (_from, _to, tone) in _JOINTS.items() if tone is Tone.STANDS)
ON_LINES = (Stretch.ALLOTTED, Stretch.UNALLOTTED, Stretch.FROZEN, Stretch.UNREQUESTED)  # its rows are budget lines
ON_PAYMENTS = (  # its rows are payments that may be told
    Stretch.PAID,
    Stretch.CLEARED,
    Stretch.FIRMS,
    Stretch.INSTITUTIONS,
    Stretch.RETURNED,
    Stretch.UNCLEARED,
)


class Age(StrEnum):
    """How long money has stood, by the year it was formed in (结余结转资金的年限; 国发〔2014〕63号: 两年以上收回)."""

    THIS = "this"
    LAST = "last"
    OLD = "old"


AGES: Mapping[Age, Promise] = {
    Age.THIS: _("当年形成"),
    Age.LAST: _("上年结转"),
    Age.OLD: _("结转两年以上"),
}


def age(year: int, formed_year: int) -> Age:
    """The age, in the fiscal year `year`, of money formed in `formed_year`."""
    if formed_year >= year:
        return Age.THIS
    return Age.LAST if formed_year == year - 1 else Age.OLD
