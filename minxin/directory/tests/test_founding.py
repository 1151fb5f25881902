from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from minxin.directory import models, reports
from minxin.directory.actions import founding, people, units
from minxin.directory.rules import ADMINS, Role
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db
FACTS = {"name": "某市民心网中心", "region": "211400", "code": "211400-MX"}


def test_an_empty_directory_gets_its_first_centre_and_three_administrators(bare):
    done = founding.found(**FACTS)
    assert (done.centre.path, done.centre.is_centre) == (f"/{done.centre.id}/", True)
    assert reports.centre_for("211421").code == "211400-MX"
    assert [role for role, _account in done.accounts] == [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR]
    for role, account in done.accounts:
        assert reports.officer(account.id).roles == {role}
        person = models.Person.objects.get(pk=account.id)
        assert person.check_password(account.password)
        assert person.password_changed_at is None, "the first password is changed at the first sign-in"
    assert len({account.password for _role, account in done.accounts}) == len(ADMINS)


def test_the_administrators_can_do_the_rest(bare):
    accounts = dict(founding.found(**FACTS).accounts)
    system = reports.officer(accounts[Role.SYSTEM_ADMIN].id)
    units.open_unit(
        code="211421-CZJ", name="绥中县财政局", kind="government", region="211421", parent="211400-MX", by=system
    )
    security = reports.officer(accounts[Role.SECURITY_ADMIN].id)
    people.create_person(username="jing_ban", label="工号0001", unit="211421-CZJ", by=security)


def test_the_founding_is_on_record(bare):
    done = founding.found(**FACTS)
    assert [event.verb for event in ledger.history("unit:211400-MX")] == ["open_unit", *["open_post"] * 3]
    for _role, account in done.accounts:
        assert [event.verb for event in ledger.history(f"person:{account.id}")] == ["create_person", "appoint"]


def test_a_network_is_founded_once(bare):
    founding.found(**FACTS)
    with pytest.raises(Refused, match="已经建立") as refusal:
        founding.found(**FACTS | {"code": "211400-NEW"})
    assert refusal.value.code == "founded"


def test_where_people_work_already_nothing_is_founded(cast):
    before = models.Unit.objects.count()
    with pytest.raises(Refused):
        founding.found(name="另一个中心", region="211421", code="X")
    assert models.Unit.objects.count() == before


@pytest.mark.parametrize(
    ("change", "code"),
    [({"region": "999999"}, "region_unknown"), ({"code": "中心"}, "code_malformed"), ({"name": " "}, "needed")],
)
def test_a_refused_founding_leaves_nothing_behind(bare, change, code):
    with pytest.raises(Refused) as refusal:
        founding.found(**FACTS | change)
    assert refusal.value.code == code
    assert not models.Unit.objects.exists()
    assert not models.Person.objects.exists()


def test_the_command_prints_the_passwords_once_and_refuses_the_second_time(bare):
    arguments = ["--name", "某市民心网中心", "--region", "211400", "--code", "211400-MX"]
    said = StringIO()
    call_command("found", *arguments, stdout=said)
    for username in founding.USERNAMES.values():
        assert f"用户名 {username}\t初始密码 " in said.getvalue()
    password = said.getvalue().split("初始密码 ")[1].split()[0]
    assert models.Person.objects.get(username="system_admin").check_password(password)
    with pytest.raises(CommandError, match="已经建立"):
        call_command("found", *arguments)
