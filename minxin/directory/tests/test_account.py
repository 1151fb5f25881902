from datetime import timedelta
from importlib import import_module

import pytest

from minxin.directory import models, reports, rules
from minxin.directory.actions import people, tokens, units
from minxin.directory.rules import SYSTEM, Role
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = import_module("minxin.config.urls").urlpatterns


@pytest.fixture
def clerk(client, cast):
    client.force_login(models.Person.objects.get(username="suizhong_finance_clerk"))
    return client


def test_everybody_sees_the_state_of_the_own_account(clerk, cast):
    tokens.issue_token(person="suizhong_finance_clerk", label="取数", by=SYSTEM)
    page = clerk.get("/desk/account/").content.decode()
    for words in ("suizhong_finance_clerk", "承办员", "绥中县财政局", "89 天后须更换", "尚未绑定", "取数"):
        assert words in page


@pytest.mark.parametrize("address", ["/desk/account/", "/desk/units/", "/desk/units/211421-CZJ/"])
def test_every_page_says_who_works_here_and_lets_him_out(clerk, address):
    page = clerk.get(address).content.decode()
    assert "绥中县财政局 承办员" in page
    assert 'action="/desk/account/logout/"' in page
    assert 'href="/desk/account/"' in page


def test_an_own_token_is_revoked_and_no_other(clerk, cast):
    own = tokens.issue_token(person="suizhong_finance_clerk", by=SYSTEM)
    other = tokens.issue_token(person="suizhong_finance_head", by=SYSTEM)
    channel = tokens.issue_token(channel="市政热线", by=SYSTEM)
    keys = list(models.Token.objects.order_by("id").values_list("id", flat=True))[-3:]
    assert clerk.post(f"/desk/account/tokens/{keys[0]}/revocation/").status_code == 302
    assert reports.officer_by_token(own) is None
    for key in (*keys[1:], 999_999):
        assert clerk.post(f"/desk/account/tokens/{key}/revocation/").status_code in {403, 404}
    assert reports.officer_by_token(other) is not None
    assert reports.channel_by_token(channel) is not None


def test_a_channel_is_no_person_of_the_same_number(cast):
    tokens.issue_token(person="suizhong_finance_clerk", by=SYSTEM)
    key = models.Token.objects.latest("id").pk
    channel = rules.Channel(cast.person("suizhong_finance_clerk"), "市政热线", None).officer
    with pytest.raises(Refused):
        tokens.revoke_token(token=key, by=channel)


def test_an_account_that_is_no_more_has_no_page(db):
    with pytest.raises(Absent):
        reports.own_account(SYSTEM)


@pytest.mark.parametrize(("days", "left"), [(0, 90), (1, 89), (89, 1), (90, 0), (400, 0)])
def test_the_days_of_a_password_are_counted_down(days, left):
    now = clocks.now()
    assert rules.password_days(now - timedelta(days=days), now) == left
    assert rules.password_days(None, now) == 0


# --- what a unit is registered as; posts held by people of elsewhere


def test_a_unit_is_registered_anew(cast, client):
    admin = cast.officers["huludao_system_admin"]
    client.force_login(models.Person.objects.get(username="huludao_system_admin"))
    form = {"kind": "vertical", "short_name": "县财政", "uscc": "11211421MB0123456L"}
    wrong = client.post("/desk/units/211421-CZJ/register/", form | {"uscc": "112114210012345678"})
    assert wrong.status_code == 422
    code = next(
        f"11211421MB0123456{last}" for last in "0123456789ABCDEFGHJKLMNPQRTUWXY" if _is_uscc(f"11211421MB0123456{last}")
    )
    assert client.post("/desk/units/211421-CZJ/register/", form | {"uscc": code}).status_code == 302
    unit = reports.unit("211421-CZJ")
    assert (unit.kind, unit.short_name, reports.line_page("211421-CZJ").uscc) == ("vertical", "县财政", code)
    with pytest.raises(Refused) as refusal:
        units.edit_unit(code="211421-JYJ", kind="government", uscc=code, by=admin)
    assert refusal.value.code == "uscc_taken"
    units.edit_unit(code="211421-CZJ", kind="vertical", uscc=code, by=admin)
    units.edit_unit(code="211421-CZJ", kind="vertical", by=admin)
    assert reports.line_page("211421-CZJ").uscc == ""


def _is_uscc(code):
    from minxin.kernel import identifiers

    try:
        return identifiers.uscc(code) == code
    except Refused:
        return False


def test_a_centre_stays_a_centre_and_nothing_else_becomes_one(cast):
    for code, kind in (("211421-MX", "government"), ("211421-CZJ", "centre")):
        with pytest.raises(Refused) as refusal:
            units.edit_unit(code=code, kind=kind, by=SYSTEM)
        assert refusal.value.code == "kind_of_centre"


def test_somebody_of_another_unit_is_appointed_on_the_page_of_the_unit(cast, client):
    client.force_login(models.Person.objects.get(username="huludao_security_admin"))
    post = units.open_post(unit="211421-JYJ", role=Role.PUBLISHER, by=SYSTEM)
    assert "任职人的用户名" in client.get("/desk/units/211421-JYJ/").content.decode()
    form = {"person": "suizhong_finance_clerk", "post": post}
    assert client.post("/desk/units/211421-JYJ/appointments/", form).status_code == 302
    assert reports.officer_by_username("suizhong_finance_clerk").has(Role.PUBLISHER)
    again = client.post("/desk/units/211421-JYJ/appointments/", form)
    assert (again.status_code, "已担任" in again.content.decode()) == (422, True)
    unknown = client.post("/desk/units/211421-JYJ/appointments/", form | {"person": "nobody_here"})
    assert (unknown.status_code, "没有用户名" in unknown.content.decode()) == (422, True)


def test_the_fields_of_a_page_have_names_of_their_own(cast, client):
    import re

    for username, address in [
        ("huludao_system_admin", "/desk/units/211421-JYJ/"),
        ("huludao_security_admin", "/desk/units/211421-JYJ/"),
        ("huludao_security_admin", "/desk/people/suizhong_finance_clerk/"),
        ("huludao_system_admin", "/desk/regions/211421113/"),
        ("province_auditor", "/desk/log/"),
    ]:
        client.force_login(models.Person.objects.get(username=username))
        ids = re.findall(r'\sid="([^"]+)"', client.get(address).content.decode())
        assert len(ids) == len(set(ids)), address


# --- a lost second factor


def test_a_lost_factor_is_taken_off_on_record(cast, client):
    from allauth.mfa.models import Authenticator

    from minxin.ledger import reports as ledger

    person = models.Person.objects.get(username="suizhong_finance_clerk")
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    client.force_login(models.Person.objects.get(username="huludao_security_admin"))
    assert client.post("/desk/people/suizhong_finance_clerk/factors/").status_code == 302
    assert not Authenticator.objects.filter(user=person).exists()
    event = ledger.history(f"person:{person.pk}")[-1]
    assert (event.verb, event.facts) == ("reset_factors", {"factors": 1})
    with pytest.raises(Refused) as refusal:
        people.reset_factors(username="huludao_security_admin", by=cast.officers["huludao_security_admin"])
    assert refusal.value.code == "not_oneself"
