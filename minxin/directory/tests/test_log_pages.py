from importlib import import_module

import pytest

from minxin.directory import models, reports
from minxin.directory.actions import people, units
from minxin.directory.rules import ADMINS, SYSTEM, Role
from minxin.directory.views import log
from minxin.ledger import actions as ledger_actions
from minxin.ledger import reports as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = import_module("minxin.config.urls").urlpatterns


@pytest.fixture
def enter(client, cast):
    def enter(username):
        client.force_login(models.Person.objects.get(username=username))
        return client

    return enter


def told(response):
    return [(row.verb, row.name) for row in response.context["rows"]]


def test_the_log_is_for_auditors_only(enter, cast):
    people_of_all_posts = [name for name, officer in cast.officers.items() if not officer.has(Role.AUDITOR)]
    seen = {next(iter(cast.officers[name].roles)): name for name in people_of_all_posts}
    assert set(seen) >= ADMINS - {Role.AUDITOR} | {Role.HEAD, Role.CLERK, Role.DISCIPLINE, Role.OBSERVER}
    for name in seen.values():
        client = enter(name)
        for address in ("/desk/log/", "/desk/log/unit:211400-MX/1/"):
            assert client.get(address).status_code == 404, (name, address)
        assert client.post("/desk/log/export/").status_code == 404
    assert enter("province_auditor").get("/desk/log/").status_code == 200


def test_the_log_needs_a_signed_in_reader(client, db):
    assert client.get("/desk/log/").status_code == 302


def test_the_log_is_narrowed_by_what_who_and_when(enter, cast):
    admin = cast.officers["huludao_system_admin"]
    units.rename_unit(code="211421-CZJ", name="绥中县财政局（新）", by=admin)
    client = enter("province_auditor")
    assert told(client.get("/desk/log/?verb=rename_unit")) == [("单位更名", "211421-CZJ")]
    assert told(client.get("/desk/log/?about=211421-czj"))[0] == ("单位更名", "211421-CZJ")
    assert told(client.get("/desk/log/?office=市民心网中心&verb=rename_unit")) == [("单位更名", "211421-CZJ")]
    assert told(client.get("/desk/log/?office=绥中县财政局")) == []
    assert told(client.get("/desk/log/?until=2001-01-01")) == []
    person = told(client.get("/desk/log/?about=gaotai_school_head"))
    assert person == [("任职", "gaotai_school_head"), ("开设账号", "gaotai_school_head")]
    wrong = client.get("/desk/log/?since=yesterday")
    assert (wrong.status_code, told(wrong)) == (422, [])
    assert "2026-03-07" in wrong.content.decode()
    for address in ("?since=2026-02-01&until=2026-01-01", "?since=0001-01-01", "?until=9999-12-31", "?verb=nothing"):
        assert client.get(f"/desk/log/{address}").status_code == 422


def test_pages_turn_by_key(enter, cast, monkeypatch):
    monkeypatch.setattr(log, "PAGE", 7)
    client = enter("province_auditor")
    first = client.get("/desk/log/?verb=open_unit")
    assert len(told(first)) == 7
    second = client.get("/desk/log/", {"verb": "open_unit", "before": str(first.context["older"])})
    assert second.context["older"] is None
    assert len(set(told(first) + told(second))) == len(cast.units)
    assert told(client.get("/desk/log/?verb=open_unit&before=nonsense")) == told(first)


def test_an_auditor_reads_what_his_own_units_did_and_no_more(enter, cast):
    units.rename_unit(code="210100-MX", name="沈阳市中心", by=cast.officers["province_system_admin"])
    units.rename_unit(code="211421-CZJ", name="县财政局", by=cast.officers["huludao_system_admin"])
    assert told(enter("huludao_auditor").get("/desk/log/?verb=rename_unit")) == [("单位更名", "211421-CZJ")]
    number = len(ledger.history("unit:210100-MX"))
    address = f"/desk/log/unit:210100-MX/{number}/"
    assert enter("huludao_auditor").get(address).status_code == 404
    assert enter("province_auditor").get(address).status_code == 200
    assert len(told(enter("province_auditor").get("/desk/log/?verb=rename_unit"))) == 2
    assert reports.log_reach(cast.officers["province_auditor"]) is None


def test_an_event_has_a_page_with_its_facts_in_words(enter, cast):
    page = enter("province_auditor").get("/desk/log/unit:211421-CZJ/1/").content.decode()
    for words in ("开设单位", "绥中县财政局", "区划代码", "211421-CZJ"):
        assert words in page
    for address in ("unit:211421-CZJ/99/", "none/1/", "unit:211421-CZJ/99999999999999999999/"):
        assert enter("province_auditor").get(f"/desk/log/{address}").status_code == 404


def test_of_a_sealed_event_the_auditor_sees_nothing(enter, cast):
    discipline = cast.officers["city_discipline_discipline"]
    ledger_actions.record(stream="MX-SEALED", verb="take_up", by=discipline, facts={"post": 1}, sealed=True)
    client = enter("province_auditor")
    assert "MX-SEALED" not in client.get("/desk/log/").content.decode()
    assert told(client.get("/desk/log/?about=MX-SEALED")) == []
    assert told(client.get("/desk/log/?office=市纪委")) == []
    assert client.get("/desk/log/MX-SEALED/1/").status_code == 404
    assert "MX-SEALED" not in client.post("/desk/log/export/").content.decode()
    assert client.get("/desk/log/?verb=take_up").status_code == 422, "not even among the verbs to choose from"


def test_taking_the_log_home_is_on_record(enter, cast):
    response = enter("province_auditor").post("/desk/log/export/", {"verb": "open_unit"})
    lines = response.content.decode("utf-8-sig").splitlines()
    assert response["Content-Disposition"].startswith("attachment")
    assert len(lines) == 1 + len(cast.units)
    assert "开设单位" in lines[1]
    event = ledger.history(f"person:{cast.person('province_auditor')}")[-1]
    assert (event.verb, event.facts) == ("export_log", {"rows": len(cast.units), "verb": "open_unit"})
    assert enter("province_auditor").post("/desk/log/export/", {"since": "x"}).status_code == 422
    assert enter("province_auditor").get("/desk/log/export/").status_code == 405


def test_a_name_that_would_be_a_formula_is_harmless_in_the_sheet(enter, cast):
    account = people.create_person(username="xin_ren", label="=1+1", unit="211421-CZJ", by=SYSTEM)
    ledger_actions.record(stream=f"person:{account.id}", verb="sign_in", by=reports.officer(account.id))
    sheet = enter("province_auditor").post("/desk/log/export/", {"about": "xin_ren"}).content.decode("utf-8-sig")
    assert "'=1+1" in sheet
