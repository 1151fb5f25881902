"""The complainant's key: number and code, and what happens to those who guess."""

from datetime import datetime, timedelta

import pytest

from minxin.cases.actions import filing, following
from minxin.cases.models import Filing, access
from minxin.cases.models.case import id_of, query_code
from minxin.cases.reports import track
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Contact, Draft
from minxin.directory.rules import CITIZEN
from minxin.kernel import clocks, sealing
from minxin.kernel.errors import Absent, Refused

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 9, 1, 12, tzinfo=clocks.ZONE)


@pytest.fixture
def receipt(cast):
    return filing.file(
        Draft(
            codes.Kind.COMPLAINT,
            "供热不热",
            "家里只有十五度。",
            "211421",
            contact=Contact("某人", "13800001234", "a@b.cn"),
        ),
        key="k",
        by=CITIZEN,
    )


def test_the_code_opens_the_case_however_it_is_typed(receipt):
    typed = f" {receipt.code[:4].lower()} - {receipt.code[4:]} "
    assert track.opened(receipt.ref.lower().replace("-", ""), typed).ref == receipt.ref


@pytest.mark.parametrize("ref", ["", "MX2026-0000001-1", "2026", "MX2026-9999999-0", "'; DROP TABLE cases_case"])
def test_a_wrong_number_and_a_wrong_code_are_answered_alike(receipt, ref):
    with pytest.raises(Absent):
        track.opened(ref, receipt.code)
    with pytest.raises(Absent):
        following.add(receipt.ref, code="WRONGONE", body="补充")


def test_guessing_is_stopped_even_for_the_right_code_and_only_for_a_while(receipt):
    with clocks.at(NOON):
        for _try in range(access.TRIES["limit"]):
            with pytest.raises(Absent):
                track.opened(receipt.ref, "AAAAAAAA")
        with pytest.raises(Refused) as refusal:
            track.opened(receipt.ref, receipt.code)
        assert refusal.value.code == "too_many"
    with clocks.at(NOON + timedelta(seconds=access.TRIES["seconds"])):
        assert track.opened(receipt.ref, receipt.code).ref == receipt.ref


def test_neither_code_nor_contact_can_be_read_in_the_database(receipt):
    row = Filing.objects.get(pk=id_of(receipt.ref))
    stored = b" ".join(bytes(value) for value in (row.code_salt, row.key, row.identity))
    for secret in (receipt.code, "13800001234", "a@b.cn", "某人"):
        assert secret.encode() not in stored
    assert receipt.code == query_code(row.case_id, bytes(row.code_salt))
    assert b"13800001234" in sealing.unseal(bytes(row.key), bytes(row.identity), f"{receipt.ref} identity")
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(bytes(row.key), bytes(row.identity), "MX2026-0000002-0 identity")
