from datetime import timedelta
from importlib import import_module
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from minxin.directory import models, rules
from minxin.directory.actions import people, sign_in
from minxin.directory.rules import SYSTEM, Role
from minxin.directory.views.desk import desk_view
from minxin.directory.views.sign_in import FactorAdapter
from minxin.kernel import clocks
from minxin.ledger import reports as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
LOGIN = "/desk/account/login/"
PASSWORD = "Clear-Glass-2026"


@desk_view()
def anybody(request):
    return HttpResponse(request.officer.label)


@desk_view(Role.HEAD)
def heads(request):
    return HttpResponse("heads")


def _urlpatterns():
    doors = import_module("minxin.config.urls")  # by name: tests of a floor stand on the whole house, its code does not
    return [path("desk/probe/", anybody), path("desk/heads/", heads), *doors.urlpatterns]


urlpatterns = _urlpatterns()


@pytest.fixture(autouse=True)
def calm():
    """allauth's own counters live in the process: they start afresh with each test."""
    cache.clear()


@pytest.fixture
def clerk(cast):
    person = models.Person.objects.get(username="suizhong_finance_clerk")
    person.set_password(PASSWORD)
    person.password_changed_at = clocks.now()
    person.save()
    return person


def enter(client, password=PASSWORD, username="suizhong_finance_clerk", **extra):
    return client.post(LOGIN, {"login": username, "password": password}, **extra)


def where(response):
    assert response.status_code == 302, response.content.decode()[:2000]
    return urlsplit(response["Location"]).path


def test_without_signing_in_the_desk_asks_to(client):
    response = client.get("/desk/probe/?a=1")
    assert response["Location"] == f"{LOGIN}?next=/desk/probe/%3Fa%3D1"
    fragment = client.get("/desk/probe/", headers={"HX-Request": "true"})
    assert fragment["HX-Redirect"].startswith(LOGIN)


def test_the_sign_in_page_is_ours_and_offers_no_sign_up(client):
    page = client.get(LOGIN).content.decode()
    assert "登录办理台" in page
    assert "signup" not in page
    assert "<script>" not in page
    assert client.get("/desk/account/signup/").status_code == 404
    assert client.get("/desk/account/password/reset/").status_code == 404


def test_signing_in_leads_to_work_and_is_on_record(client, clerk):
    assert where(enter(client)) == "/desk/"
    assert client.get("/desk/probe/").content.decode() == "绥中县财政局 承办员"
    assert ledger.history(f"person:{clerk.pk}")[-1].verb == "sign_in"


def test_the_last_sign_in_is_shown(client, clerk):
    enter(client)
    assert "首次登录" in next(str(m) for m in client.get("/desk/probe/").wsgi_request._messages)
    again = Client()
    enter(again)
    assert "上次登录是在" in next(str(m) for m in again.get("/desk/probe/").wsgi_request._messages)


def test_a_role_one_does_not_hold_shows_nothing(client, cast, clerk):
    client.force_login(clerk)
    assert client.get("/desk/heads/").status_code == 404
    head = models.Person.objects.get(username="suizhong_finance_head")
    client.force_login(head)
    assert client.get("/desk/heads/").status_code == 200


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(client, clerk):
    wrong = enter(client, "wrong").content.decode()
    unknown = enter(client, "wrong", "nobody_here").content.decode()
    for page in (wrong, unknown):
        assert "用户名或密码不正确" in page


def test_five_failures_lock_the_name_for_fifteen_minutes(client, clerk):
    for _number in range(5):
        assert "用户名或密码不正确" in enter(client, "wrong").content.decode()
    assert "尝试次数过多" in enter(client).content.decode()
    assert [event.verb for event in ledger.history(f"person:{clerk.pk}")][-1] == "lock_out"
    with clocks.at(clocks.now() + timedelta(minutes=14)):
        assert "尝试次数过多" in enter(client).content.decode()
    with clocks.at(clocks.now() + timedelta(minutes=16)):
        assert where(enter(client)) == "/desk/"


def test_names_of_nobody_are_locked_too(client):
    for _number in range(5):
        enter(client, "wrong", "nobody_here")
    assert "尝试次数过多" in enter(client, "wrong", "nobody_here").content.decode()


def test_a_success_forgets_the_failures_before(client, clerk):
    for _round in range(3):
        for _number in range(4):
            enter(client, "wrong")
        assert where(enter(Client())) == "/desk/"


def test_one_address_trying_many_names_is_locked(client, clerk):
    for number in range(rules.ADDRESS_TRIES):
        sign_in.try_sign_in(username=f"nobody_{number}", address="127.0.0.1")
    assert "尝试次数过多" in enter(client).content.decode()


@pytest.mark.parametrize("username", ["", "\x00", "名" * 500, "' OR 1=1", "😀"])
def test_hostile_names_are_answered_with_a_page(client, username):
    response = client.post(LOGIN, {"login": username, "password": "x"})
    assert response.status_code in {200, 400, 422}


def test_a_password_set_by_somebody_else_is_changed_first(client, cast):
    account = people.reset_password(username="suizhong_finance_clerk", by=SYSTEM)
    enter(client, account.password)
    assert where(client.get("/desk/probe/")) == "/desk/account/password/change/"
    page = client.get("/desk/account/password/change/").content.decode()
    assert "请先设置新密码" in page
    form = {"oldpassword": account.password, "password1": account.password, "password2": account.password}
    assert "不能与现在的密码相同" in client.post("/desk/account/password/change/", form).content.decode()
    form |= {"password1": "simple", "password2": "simple"}
    assert client.post("/desk/account/password/change/", form).status_code == 200
    form |= {"password1": PASSWORD, "password2": PASSWORD}
    assert where(client.post("/desk/account/password/change/", form)) == "/desk/"
    assert client.get("/desk/probe/").status_code == 200
    assert "change_password" in [event.verb for event in ledger.history(f"person:{account.id}")]


def test_a_password_is_changed_after_ninety_days(client, clerk):
    models.Person.objects.filter(pk=clerk.pk).update(password_changed_at=clocks.now() - timedelta(days=90))
    enter(client)
    assert where(client.get("/desk/probe/")) == "/desk/account/password/change/"


def test_a_closed_account_is_out_at_once(client, clerk):
    client.force_login(clerk)
    models.Person.objects.filter(pk=clerk.pk).update(is_active=False)
    assert where(client.get("/desk/probe/")) == LOGIN
    assert client.get("/desk/probe/").status_code == 302


def test_a_reset_password_ends_the_sessions(client, clerk):
    client.force_login(clerk)
    assert client.get("/desk/probe/").status_code == 200
    people.reset_password(username=clerk.username, by=SYSTEM)
    assert where(client.get("/desk/probe/")) == LOGIN


def test_an_active_session_is_prolonged_at_most_once_a_minute(client, clerk, django_assert_max_num_queries):
    client.force_login(clerk)
    client.get("/desk/probe/")
    with django_assert_max_num_queries(3):
        assert client.get("/desk/probe/").cookies.get("minxin_desk") is None
    with clocks.at(clocks.now() + timedelta(seconds=61)):
        assert client.get("/desk/probe/").cookies["minxin_desk"].value


def test_a_session_ends_after_thirty_idle_minutes(client, clerk):
    from django.contrib.sessions.models import Session

    client.force_login(clerk)
    client.get("/desk/probe/")
    left = Session.objects.get(pk=client.cookies["minxin_desk"].value).expire_date - clocks.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    Session.objects.update(expire_date=clocks.now() - timedelta(seconds=1))
    assert where(client.get("/desk/probe/")) == LOGIN


def test_signing_out_ends_the_session(client, clerk):
    client.force_login(clerk)
    assert "退出登录" in client.get("/desk/account/logout/").content.decode()
    assert where(client.post("/desk/account/logout/")) == LOGIN
    assert where(client.get("/desk/probe/")) == LOGIN


# --- the second factor


def code_of(secret):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_where_demanded_a_second_factor_is_bound_first_and_asked_at_each_sign_in(client, clerk, settings):
    settings.MINXIN_SECOND_FACTOR = True
    enter(client)
    assert where(client.get("/desk/probe/")) == "/desk/account/2fa/"
    assert "绑定验证器" in client.get("/desk/account/2fa/").content.decode()
    again_please = client.get("/desk/account/2fa/totp/activate/")
    assert where(again_please) == "/desk/account/reauthenticate/"
    assert "请再确认一次身份" in client.get(again_please["Location"]).content.decode()
    assert where(client.post(again_please["Location"], {"password": PASSWORD})) == "/desk/account/2fa/totp/activate/"
    page = client.get("/desk/account/2fa/totp/activate/")
    secret = page.context["form"].secret
    response = client.post("/desk/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert response.status_code == 302
    assert secret not in str(Authenticator.objects.get(user=clerk, type="totp").data)
    assert client.get("/desk/probe/").status_code == 200
    for address in (
        "",
        "recovery-codes/",
        "recovery-codes/generate/",
        "webauthn/",
        "webauthn/add/",
        "totp/deactivate/",
    ):
        assert client.get(f"/desk/account/2fa/{address}").status_code in {200, 302}, address

    again = Client()
    assert where(enter(again)) == "/desk/account/2fa/authenticate/"
    assert where(again.get("/desk/probe/")) == LOGIN
    assert "双重验证" in again.get("/desk/account/2fa/authenticate/").content.decode()
    wrong = again.post("/desk/account/2fa/authenticate/", {"code": "000000"})
    assert "验证码不正确" in wrong.content.decode()
    Authenticator.objects.filter(user=clerk, type="totp").update(last_used_at=None)
    cache.clear()  # the code just used to bind counts as used; a minute would pass in life
    assert again.post("/desk/account/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302
    assert again.get("/desk/probe/").status_code == 200


def test_where_not_demanded_nobody_needs_a_second_factor(client, clerk, settings):
    settings.MINXIN_SECOND_FACTOR = False
    enter(client)
    assert client.get("/desk/probe/").status_code == 200


def test_the_secret_of_a_factor_is_sealed():
    adapter = FactorAdapter()
    sealed = adapter.encrypt("SECRET")
    assert "SECRET" not in sealed
    assert sealed != adapter.encrypt("SECRET")
    assert adapter.decrypt(sealed) == "SECRET"


def test_the_last_factor_stays_while_one_is_demanded(clerk, settings):
    key = Authenticator.objects.create(user=clerk, type=Authenticator.Type.TOTP, data={})
    codes = Authenticator.objects.create(user=clerk, type=Authenticator.Type.RECOVERY_CODES, data={})
    settings.MINXIN_SECOND_FACTOR = True
    assert not FactorAdapter().can_delete_authenticator(key)
    assert FactorAdapter().can_delete_authenticator(codes)
    settings.MINXIN_SECOND_FACTOR = False
    assert FactorAdapter().can_delete_authenticator(key)


@pytest.fixture
def bound(client, clerk, settings):
    """A clerk with an authenticator and recovery codes, as allauth makes them."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    settings.MINXIN_SECOND_FACTOR = True
    TOTP.activate(clerk, generate_totp_secret())
    return RecoveryCodes.activate(clerk).get_unused_codes()


FACTOR = "/desk/account/2fa/authenticate/"


def test_a_recovery_code_lets_in_once(client, clerk, bound):
    assert len(bound) == len(set(bound)) == 10
    assert where(enter(client)) == FACTOR
    assert where(client.post(FACTOR, {"code": bound[0]})) == "/desk/"
    assert client.get("/desk/probe/").status_code == 200
    again = Client()
    enter(again)
    used = again.post(FACTOR, {"code": bound[0]})
    assert (used.status_code, "验证码不正确" in used.content.decode()) == (200, True)
    assert again.get("/desk/probe/").status_code == 302
    assert where(again.post(FACTOR, {"code": bound[1]})) == "/desk/"


def test_recovery_codes_are_kept_sealed(clerk, bound):
    kept = str(Authenticator.objects.get(user=clerk, type="recovery_codes").data)
    assert not any(code in kept for code in bound)


def test_guessing_the_second_factor_is_stopped(client, clerk, bound):
    enter(client)
    for _number in range(5):
        client.post(FACTOR, {"code": "000000"})
    assert client.post(FACTOR, {"code": bound[0]}).status_code != 302
    assert client.get("/desk/probe/").status_code == 302


def _reauthenticated(client, bound):
    enter(client)
    assert client.post(FACTOR, {"code": bound[0]}).status_code == 302
    assert client.post("/desk/account/reauthenticate/", {"password": PASSWORD}).status_code == 302


def test_recovery_codes_are_shown_and_made_anew(client, clerk, bound):
    _reauthenticated(client, bound)
    page = client.get("/desk/account/2fa/recovery-codes/").content.decode()
    assert bound[1] in page
    assert bound[0] not in page, "a used one is not shown"
    assert client.get("/desk/account/2fa/recovery-codes/generate/").status_code == 200
    assert client.post("/desk/account/2fa/recovery-codes/generate/").status_code == 302
    assert bound[1] not in client.get("/desk/account/2fa/recovery-codes/").content.decode()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "双重验证"),
        ("webauthn/", "安全密钥"),
        ("webauthn/add/", "安全密钥"),
        ("recovery-codes/generate/", "恢复码"),
        ("totp/deactivate/", ""),
    ],
)
def test_the_pages_of_factors_are_ours_and_hold_no_inline_script(client, clerk, bound, address, words):
    _reauthenticated(client, bound)
    response = client.get(f"/desk/account/2fa/{address}")
    page = response.content.decode()
    assert response.status_code in {200, 302, 403}
    assert words in page or response.status_code != 200
    assert "<script>" not in page
    assert 'class="single"' in page or response.status_code != 200


def test_a_passkey_can_be_renamed_and_removed(client, clerk, bound):
    key = Authenticator.objects.create(
        user=clerk, type=Authenticator.Type.WEBAUTHN, data={"name": "办公室的钥匙", "credential": {}}
    )
    _reauthenticated(client, bound)
    assert "办公室的钥匙" in client.get("/desk/account/2fa/webauthn/").content.decode()
    keys = "/desk/account/2fa/webauthn/keys"
    assert client.get(f"{keys}/{key.pk}/edit/").status_code == 200
    assert client.post(f"{keys}/{key.pk}/edit/", {"name": "备用钥匙"}).status_code == 302
    assert "备用钥匙" in client.get("/desk/account/2fa/webauthn/").content.decode()
    assert client.get(f"{keys}/{key.pk}/remove/").status_code == 200
    assert client.post(f"{keys}/{key.pk}/remove/").status_code == 302
    assert not Authenticator.objects.filter(pk=key.pk).exists()


def test_the_sign_in_page_offers_passkeys(client, db):
    page = client.get(LOGIN).content.decode()
    assert "用通行密钥登录" in page
    assert client.get("/desk/account/2fa/webauthn/login/", headers={"Accept": "application/json"}).status_code == 200


def test_work_goes_on_after_twenty_nine_idle_minutes_and_not_after_thirty_one(client, clerk):
    """The clock of the browser's cookie is not ours: the session row says how long it holds."""
    from django.contrib.sessions.models import Session

    client.force_login(clerk)
    client.get("/desk/probe/")
    key = client.cookies["minxin_desk"].value
    for minutes, answer in ((29, 200), (31, 302)):
        client.get("/desk/probe/")
        Session.objects.filter(pk=key).update(expire_date=clocks.now() + timedelta(minutes=30 - minutes))
        assert client.get("/desk/probe/").status_code == answer
