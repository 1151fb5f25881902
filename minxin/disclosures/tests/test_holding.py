"""A row at hand is seen by just those to whom a queryset would show it; rows that change often have room for it."""

import pytest
from django.db import connection

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import holding
from minxin.disclosures.models import BudgetLine, Request
from minxin.disclosures.tests.pipe_walk import NEW_YEAR, row
from minxin.kernel import clocks

ROOM = "SELECT reloptions FROM pg_class WHERE oid = %s::regclass"


@pytest.fixture
def requests(opened):
    with clocks.at(NEW_YEAR):
        walk = opened.allotted({("school", "30201"): "1000.00", ("civil", "30201"): "1000.00"})
        walk.asked(row(walk.ref("school", "30201"), "1.00"))
        walk.asked(row(walk.ref("civil", "30201"), "1.00"), unit="civil", code="211400-MZJ")
    return Request.objects.all()


def test_a_row_at_hand_is_seen_by_those_to_whom_it_is_visible(requests, money):
    everybody = [*money.officers.values(), SYSTEM]
    for rows in (requests, BudgetLine.objects.all()):
        seen = {(by, one.pk) for by in everybody for one in rows if holding.sees(by, one)}
        assert seen == {(by, one.pk) for by in everybody for one in rows.visible_to(by)}
        assert len({len([one for one in rows if (by, one.pk) in seen]) for by in everybody}) > 2, "the cast differs"


@pytest.mark.django_db
def test_balances_and_payments_have_room_for_their_next_versions():
    with connection.cursor() as cursor:
        cursor.execute("SELECT disclosures_part(2031)")
        found = []
        for table in ("disclosures_budgetline", "disclosures_payment_2006", "disclosures_payment_2031"):
            cursor.execute(ROOM, [table])
            found.append(cursor.fetchone()[0])
    assert found == [["fillfactor=50"], ["fillfactor=60"], ["fillfactor=60"]]
