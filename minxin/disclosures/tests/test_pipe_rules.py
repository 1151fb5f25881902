"""Small cells hide in sums that no subtraction opens; the pipe loses nothing at any joint."""

from collections import defaultdict
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.disclosures.rules import pipe_public
from minxin.disclosures.rules.pipe_public import LEAST, Age, Block, Cell, Stretch, Sums, merge

CELL = st.builds(
    Cell,
    unit_id=st.integers(1, 3),
    month=st.integers(1, 4),
    function=st.sampled_from(["2050204", "2080201"]),
    economic=st.sampled_from(["30101", "30305"]),
    fund=st.sampled_from(["general", "own"]),
    fen=st.integers(1, 10**7),
    count=st.integers(1, 9),
)
CELLS = st.lists(CELL, max_size=25, unique_by=lambda c: (c.unit_id, c.month, c.function, c.economic, c.fund))
NAMES = ("unit_id", "month", "function", "economic", "fund")


def shown(blocks: tuple[Block, ...]) -> dict[tuple[tuple[str, object], ...], set[int]]:
    """Every sum a page can show (any choice of dimensions) with the blocks that are in it, by number."""
    found: dict[tuple[tuple[str, object], ...], set[int]] = defaultdict(set)
    for number, block in enumerate(blocks):
        for names in chain.from_iterable(combinations(NAMES, n) for n in range(len(NAMES) + 1)):
            values = tuple((name, getattr(block.label, name)) for name in names)
            if all(value for _name, value in values):
                found[values].add(number)
    return found


@given(cells=CELLS, closed=st.booleans())
def test_blocks_hold_every_cell_once_and_five_payments_each(cells: list[Cell], closed: bool) -> None:
    merged = merge(cells, closed=closed)
    placed = [cell for block in merged.told for cell in block.cells] + list(merged.waiting)
    assert sorted(placed, key=repr) == sorted(cells, key=repr)
    for block in merged.told:
        assert block.label.count == sum(cell.count for cell in block.cells) >= LEAST
        assert block.label.fen == sum(cell.fen for cell in block.cells)
        for name in NAMES:
            if label := getattr(block.label, name):
                assert {getattr(cell, name) for cell in block.cells} == {label}


@given(cells=CELLS, closed=st.booleans())
def test_no_difference_of_two_sums_leads_to_fewer_than_five_payments(cells: list[Cell], closed: bool) -> None:
    told = merge(cells, closed=closed).told
    sums = list(shown(told).values())
    for one in sums:
        for other in sums:
            for numbers in (one - other, one & other, one ^ other):
                many = sum(told[number].label.count for number in numbers)
                assert many == 0 or many >= LEAST


@given(cells=CELLS)
def test_what_waits_is_less_than_five_of_a_unit_and_of_a_closed_year_less_than_five_in_all(cells: list[Cell]) -> None:
    waiting: dict[int, int] = defaultdict(int)
    for cell in merge(cells).waiting:
        waiting[cell.unit_id] += cell.count
    assert all(count < LEAST for count in waiting.values())
    assert sum(cell.count for cell in merge(cells, closed=True).waiting) < LEAST


@given(first=CELLS, second=CELLS)
def test_the_pages_of_two_nights_lead_no_further_than_one(first: list[Cell], second: list[Cell]) -> None:
    before = merge(first)
    after = merge([*before.waiting, *second])
    for block in (*before.told, *after.told):  # what came between two nights is whole blocks
        assert block.label.count >= LEAST


def test_a_cell_of_five_stands_alone_and_smaller_ones_lose_no_more_than_they_must() -> None:
    def cell(month: int, economic: str, count: int, unit: int = 1) -> Cell:
        return Cell(unit, month, "2050204", economic, "general", 100 * count, count)

    merged = merge([cell(1, "30101", 5), cell(2, "30101", 3), cell(3, "30101", 2), cell(3, "30305", 4)])
    assert [(block.label.month, block.label.economic, block.label.count) for block in merged.told] == [
        (1, "30101", 5),
        (0, "30101", 5),
    ]
    assert [(cell.economic, cell.count) for cell in merged.waiting] == [("30305", 4)]
    year_end = merge([cell(3, "30305", 4), cell(5, "30101", 1, unit=2)], closed=True).told
    assert [(block.label.unit_id, block.label.economic, block.label.count) for block in year_end] == [(0, "", 5)]


def test_a_correction_hides_among_others_and_makes_no_sum_negative() -> None:
    back = Cell(1, 2, "2050204", "30101", "general", -500, -1)
    assert merge([back]).waiting == (back,)
    more = [Cell(1, month, "2050204", "30101", "general", 400, 4) for month in (3, 4)]
    (block,) = merge([back, *more]).told
    assert (block.label.fen, block.label.count, len(block.cells)) == (300, 7, 3)


AMOUNT = st.integers(0, 10**9)


@st.composite
def sums(draw: st.DrawFn) -> Sums:
    """Sums as they can be: at each joint no more than at the one before."""
    cleared_firm, cleared_institution = draw(AMOUNT), draw(AMOUNT)
    paid_firm = cleared_firm + draw(AMOUNT)
    paid_institution = cleared_institution + draw(AMOUNT)
    ordered = paid_firm + paid_institution + draw(AMOUNT)
    reviewed = ordered + draw(AMOUNT)
    requested = reviewed + draw(AMOUNT)
    people = draw(AMOUNT)
    allotted = requested + people + draw(AMOUNT)
    frozen = draw(AMOUNT)
    return Sums(
        approved=allotted + frozen + draw(AMOUNT),
        frozen=frozen,
        allotted=allotted,
        requested=requested,
        reviewed=reviewed,
        ordered=ordered,
        paid_firm=paid_firm,
        paid_institution=paid_institution,
        cleared_firm=cleared_firm,
        cleared_institution=cleared_institution,
        returned_firm=draw(st.integers(0, cleared_firm)),
        returned_institution=draw(st.integers(0, cleared_institution)),
        people=people,
        people_returned=draw(st.integers(0, people)),
    )


@given(some=sums())
def test_at_every_joint_as_much_goes_out_as_came_in(some: Sums) -> None:
    into: dict[str, int] = defaultdict(int)
    out: dict[str, int] = defaultdict(int)
    rows = pipe_public.flowing(some)
    assert all(row.fen >= 0 for row in rows)
    for row in rows:
        out[row.source] += row.fen
        into[row.target] += row.fen
    assert out["批复预算"] == some.approved
    for joint in into.keys() & out.keys():
        assert into[joint] == out[joint], joint
    uncleared = pipe_public.amount(some, Stretch.UNCLEARED)
    standing = sum(row.fen for row in rows if row.stretch in pipe_public.STANDING)
    assert standing - uncleared == some.standing + some.frozen


def test_what_came_back_before_it_was_cleared_makes_no_stretch_negative() -> None:
    some = Sums(approved=9, allotted=9, requested=9, reviewed=9, ordered=9, paid_firm=9, returned_firm=9)
    amounts = {row.stretch: row.fen for row in pipe_public.flowing(some)}
    assert (amounts[Stretch.RETURNED], amounts[Stretch.FIRMS], amounts[Stretch.UNCLEARED]) == (9, 0, 0)
    assert amounts[Stretch.REUSED] == amounts[Stretch.UNREQUESTED] == 9


@given(one=sums(), other=sums())
def test_sums_add_up_stretch_by_stretch(one: Sums, other: Sums) -> None:
    for stretch in Stretch:
        together = pipe_public.amount(one + other, stretch)
        assert together == pipe_public.amount(one, stretch) + pipe_public.amount(other, stretch)


@pytest.mark.parametrize(("formed", "age"), [(2007, Age.THIS), (2006, Age.LAST), (2005, Age.OLD), (1999, Age.OLD)])
def test_the_age_of_money_is_told_by_the_year_it_was_formed_in(formed: int, age: Age) -> None:
    assert pipe_public.age(2007, formed) is age
