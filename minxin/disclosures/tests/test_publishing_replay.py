"""Any corrections in any order: at every past moment the page is what a model of it says, and so are the sums."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import publishing
from minxin.disclosures.models import Appropriation, Entry, Publication
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.reports import publications as reports
from minxin.disclosures.reports import tables
from minxin.disclosures.tests import papers
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import detail
from minxin.kernel import clocks, merkle

START = datetime(2007, 1, 5, 9, tzinfo=clocks.ZONE)
UNITS = ("education", "school", "civil")
FIGURES = st.dictionaries(st.integers(0, 5), st.integers(-3, 3).map(lambda n: n * 100), max_size=5)
ACTS = st.lists(st.tuples(st.sampled_from(UNITS), FIGURES), min_size=1, max_size=7)
Page = dict[str, dict[int, int]]


class Undone(Exception):
    """Each example leaves the database as it was."""


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_at_every_past_moment_the_page_is_the_replayed_one(
    money: Money, acts: list[tuple[str, dict[int, int]]]
) -> None:
    with pytest.raises(Undone):
        _undone(money, acts)


@transaction.atomic
def _undone(money: Money, acts: list[tuple[str, dict[int, int]]]) -> None:
    _replay(money, acts)
    raise Undone


def _replay(money: Money, acts: list[tuple[str, dict[int, int]]]) -> None:
    page: Page = {}
    past: list[tuple[datetime, Page]] = []
    newest: dict[str, str] = {}
    for day, (who, figures) in enumerate(acts):
        with clocks.at(START + timedelta(days=day)) as now:
            rows = [detail(f"205020{code}", "30101", fen) for code, fen in figures.items()]
            ref = papers.signed(
                money.units[who].id, {"detail": rows}, finance=money.units["finance"].id, corrects=newest.get(who, "")
            )
            before = page.get(who, {})
            found = publishing.publish([ref], by=SYSTEM)
        newest[who] = ref
        page = page | {who: figures}
        past.append((now, page))
        changed = {code for code, fen in figures.items() if before.get(code) != fen}
        assert found.rows == len(changed)
        _check_tree(found)
        if found.corrects_id:
            _check_diff(found, before, figures)
    for moment, model in past:
        _check_page(money, model, moment)
    _check_page(money, page, None)
    _check_page(money, {}, START - timedelta(seconds=1))


def _check_tree(found: Publication) -> None:
    leaves = list(found.entries.order_by("leaf").values_list("leaf", "digest"))
    assert [leaf for leaf, _digest in leaves] == list(range(found.rows))
    assert merkle.root([bytes(digest) for _leaf, digest in leaves]).hex() == found.root


def _check_diff(found: Publication, before: dict[int, int], after: dict[int, int]) -> None:
    _act, rows, _onward = reports.diff(ref_of(found))
    told = {
        int(row.key.split("|")[1][-1]): (change.old.fen, change.new.fen)
        for row in rows
        for change in row.changes
        if change.label == "金额（元）"
    }
    keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert told == {key: (before.get(key), after.get(key)) for key in keys}


def _check_page(money: Money, model: Page, moment: datetime | None) -> None:
    for who in UNITS:
        unit = money.units[who]
        expected = model.get(who, {})
        rows = Entry.objects.public(moment).filter(unit_id=unit.id).values_list("cells", flat=True)
        assert {int(cells["function"][-1]): cells["amount"] for cells in rows} == expected
        sums = Appropriation.objects.public(moment).filter(unit_id=unit.id).values_list("amount_fen", flat=True)
        assert sum(sums) == sum(expected.values())
        if who in model:
            shown = tables.table(tables.address(unit.code, 2007, "initial", "detail"), at=moment)
            assert [(int(row.raw["function"][-1]), row.raw["amount"]) for row in shown.rows] == list(expected.items())
