"""Fixtures of the glass counter's tests."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from minxin.directory.tests.cast import Cast
    from minxin.disclosures.tests.bank_walk import BankWalk
    from minxin.disclosures.tests.cast import Money
    from minxin.disclosures.tests.pipe_walk import Walk


@pytest.fixture(scope="package")
def _money(
    _cast: "Cast", apart: Callable[[str], AbstractContextManager[None]], django_db_blocker: Any
) -> Iterator["Money"]:
    """Made and committed once for this folder, in a database of its own: a third of a second saved in every test."""
    from django.db import connection

    from minxin.disclosures.tests.cast import make_money

    with apart("money"):
        with django_db_blocker.unblock():
            made = make_money(_cast.units["city_finance"], _cast.officers)
            connection.close()
        yield made


@pytest.fixture
def money(_money: "Money", cast: "Cast") -> "Money":
    """The house's cast and the glass counter's; units and officers may be added."""
    from django.db import connection

    from minxin.directory import models, reports

    if connection.in_atomic_block:  # the tree is read for this test alone: no clock asks for it anew in the middle
        models.changes.tree += 1
        models.changes.tree_block = connection.atomic_blocks[0]
        reports.tree()
    return replace(_money, units=dict(_money.units), officers=dict(_money.officers))


@pytest.fixture(scope="module")
def _opened(_money: "Money", kept: None) -> None:
    from minxin.disclosures.tests import pipe_walk
    from minxin.kernel import clocks

    with clocks.at(pipe_walk.NEW_YEAR):
        pipe_walk.opened(_money)


@pytest.fixture
def opened(_opened: None, money: "Money") -> "Walk":
    """A published budget and its lines."""
    from minxin.disclosures.tests.pipe_walk import Walk

    return Walk(money)


@pytest.fixture(scope="module")
def _banked(_money: "Money", kept: None) -> None:
    from minxin.disclosures.tests import bank_walk

    with bank_walk.march() as bank:
        bank_walk.banked(_money, bank)


@pytest.fixture
def banked(_banked: None, money: "Money") -> Iterator["BankWalk"]:
    """Lines opened and allotted, on a morning in March 2006, with the bank's twin outside."""
    from minxin.disclosures.tests import bank_walk

    with bank_walk.march() as bank:
        yield bank_walk.BankWalk(money, bank)


@pytest.fixture(scope="module")
def _planned(_money: "Money", kept: None) -> None:
    from minxin.disclosures.tests import budgets

    budgets.plan(_money)


@pytest.fixture
def planned(_planned: None, money: "Money") -> "Client":
    """A reader of a small published plan: see budgets."""
    from django.test import Client

    return Client()
