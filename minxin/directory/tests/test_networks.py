"""Opening a whole network at once."""

from datetime import date

import pytest

from minxin.directory import models, reports
from minxin.directory.actions import networks
from minxin.directory.actions.networks import NewUnit, Seat
from minxin.directory.rules import CITIZEN, SYSTEM, Role, UnitKind
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
ON = date(2004, 5, 21)
CENTRE = NewUnit(
    code="210000-mx",
    name="省民心网中心",
    short_name="省中心",
    kind=UnitKind.CENTRE,
    region="210000",
    is_centre=True,
    duty_phone="024-23456789",
    hours="全天",
    seats=(Seat(Role.HEAD, "first.head"), Seat(Role.EDITOR, "first.editor"), Seat(Role.REVIEWER, "first.editor")),
)
BUREAU = NewUnit(
    code="210000-CZT",
    name="省财政厅",
    short_name="",
    kind=UnitKind.GOVERNMENT,
    region="210000",
    parent="210000-MX",
    line_parent="210000-MX",
    seats=(Seat(Role.CLERK), Seat(Role.SECTION, "second.section", section="办公室")),
)


def test_units_posts_and_holders_stand_with_their_places_and_lines(bare):
    assert networks.open_network(units=[CENTRE, BUREAU], on=ON, by=SYSTEM) == 2
    centre, bureau = reports.unit("210000-MX"), reports.unit("210000-CZT")
    assert bureau.path == f"{centre.path}{bureau.id}/"
    assert bureau.line_parent_id == centre.id
    assert reports.line_page("210000-MX").answers_by == "一把手"
    assert reports.line_page("210000-MX").duty_phone == "024-23456789"
    editor = reports.officer_by_username("first.editor")
    assert editor.roles == {Role.EDITOR, Role.REVIEWER}
    assert editor.label == "省中心 摘编员"
    assert reports.staffed(bureau.id) == {Role.SECTION}
    assert models.Post.objects.filter(unit=bureau.id, role="clerk").exists()


def test_nobody_can_sign_in_before_a_password_is_set(bare):
    networks.open_network(units=[CENTRE], on=ON, by=SYSTEM)
    assert not models.Person.objects.get(username="first.head").has_usable_password()


def test_each_unit_and_each_account_has_its_event(bare):
    networks.open_network(units=[CENTRE, BUREAU], on=ON, by=SYSTEM)
    (event,) = ledger.history("unit:210000-CZT")
    assert (event.verb, event.facts["posts"]) == ("open_network", ["clerk", "section"])
    person = models.Person.objects.get(username="first.editor")
    (event,) = ledger.history(f"person:{person.pk}")
    assert len(event.facts["posts"]) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"parent": "210000-NIX"}, "unit_unknown"),
        ({"line_parent": "210000-NIX"}, "unit_unknown"),
        ({"region": "990000"}, "region_unknown"),
        ({"name": " "}, "needed"),
        ({"code": "a b"}, "code_malformed"),
        ({"duty_phone": "12"}, "phone_shape"),
        ({"seats": (Seat(Role.EDITOR),)}, "role_of_centre"),
    ],
)
def test_one_wrong_unit_and_nothing_is_opened(bare, changes, code):
    facts = {name: getattr(BUREAU, name) for name in BUREAU.__slots__} | changes
    with pytest.raises(Refused) as refusal:
        networks.open_network(units=[CENTRE, NewUnit(**facts)], on=ON, by=SYSTEM)
    assert refusal.value.code == code
    assert not models.Unit.objects.exists()


def test_the_three_administrators_stay_apart(bare):
    seats = (Seat(Role.SYSTEM_ADMIN, "one"), Seat(Role.AUDITOR, "one"))
    facts = {name: getattr(CENTRE, name) for name in CENTRE.__slots__} | {"seats": seats}
    with pytest.raises(Refused) as refusal:
        networks.open_network(units=[NewUnit(**facts)], on=ON, by=SYSTEM)
    assert refusal.value.code == "admins_apart"


def test_only_the_system_opens_a_network(bare):
    with pytest.raises(Refused):
        networks.open_network(units=[CENTRE], on=ON, by=CITIZEN)
