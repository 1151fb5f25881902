from datetime import date, timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, transaction

from minxin.directory import models, reports
from minxin.directory.actions import regions, units
from minxin.directory.rules import SYSTEM
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = import_module("minxin.config.urls").urlpatterns
TOWN = "211421104"


@pytest.fixture
def admin(cast):
    return cast.officers["huludao_system_admin"]


@pytest.fixture
def town(admin):
    return regions.open_region(parent="211421", code=TOWN, name="前所镇", by=admin, valid_from=date(2004, 1, 1))


def refused(expected, action, /, **facts):
    with pytest.raises(Refused) as refusal:
        action(**facts)
    assert refusal.value.code == expected
    assert refusal.value.sentence


def test_a_town_and_a_village_are_opened_under_a_county(town, admin):
    village = regions.open_region(parent=town, code=f"{TOWN}201", name="某村", by=admin)
    assert reports.region(village).parent == town
    assert reports.region_name(village) == "辽宁省葫芦岛市绥中县前所镇某村"
    assert [row.code for row in reports.regions("211421104")] == [town, village]
    assert ledger.history(f"region:{town}")[0].facts["parent"] == "211421"
    unit = units.open_unit(code="QS", name="前所镇政府", kind="outpost", region=town, parent="211421-MX", by=SYSTEM)
    assert reports.centre_for(unit.region).code == "211421-MX"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": "211422104"}, "region_not_below"),
        ({"code": "2114211"}, "region_shape"),
        ({"code": "211421113"}, "region_taken"),
        ({"code": "211421104201"}, "region_not_below"),
        ({"name": " "}, "needed"),
        ({"valid_from": date(2999, 1, 1)}, "day_to_come"),
        ({"parent": "211400", "code": "211400104"}, "region_level"),
    ],
)
def test_what_cannot_be_opened_is_said(admin, change, code):
    refused(code, regions.open_region, **{"parent": "211421", "code": TOWN, "name": "前所镇", "by": admin} | change)


def test_a_rename_keeps_the_old_name_with_its_days(town, admin):
    regions.rename_region(code=town, name="前卫镇", by=admin, on=date(2010, 5, 1))
    regions.rename_region(code=town, name="前海镇", by=admin, on=date(2020, 5, 1))
    assert reports.region(town).name == "前海镇"
    names = models.RegionName.objects.order_by("valid_to").values_list("name", "valid_from", "valid_to")
    assert list(names) == [
        ("前所镇", date(2004, 1, 1), date(2010, 5, 1)),
        ("前卫镇", date(2010, 5, 1), date(2020, 5, 1)),
    ]
    refused("region_order", regions.rename_region, code=town, name="甲镇", by=admin, on=date(2020, 5, 1))
    refused("region_same_name", regions.rename_region, code=town, name="前海镇", by=admin)
    tomorrow = clocks.today() + timedelta(days=1)
    refused("day_to_come", regions.rename_region, code=town, name="甲镇", by=admin, on=tomorrow)


def test_a_closed_town_is_offered_no_more_and_keeps_its_name(town, admin):
    village = regions.open_region(parent=town, code=f"{TOWN}201", name="某村", by=admin)
    refused("region_has_children", regions.close_region, code=town, by=admin)
    regions.close_region(code=village, by=admin)
    regions.close_region(code=town, by=admin)
    assert town not in {row.code for row in reports.regions()}
    assert reports.region_name(town).endswith("前所镇")
    refused("region_closed", regions.rename_region, code=town, name="甲镇", by=admin)
    opening = {"code": "QS", "name": "某所", "kind": "station", "region": town, "parent": "211421-MX", "by": SYSTEM}
    refused("region_unknown", units.open_unit, **opening)


def test_a_town_with_a_unit_or_a_county_is_not_closed(admin, cast):
    refused("region_has_units", regions.close_region, code="211421113", by=admin)
    refused("region_level", regions.close_region, code="211421", by=admin)


def test_an_administrator_stays_in_his_own_territory(cast, admin):
    for code in ("210102", "210000", "999999"):
        with pytest.raises(Absent):
            regions.rename_region(code=code, name="甲区", by=admin)
        with pytest.raises(Absent):
            reports.region_page(code, by=admin)
    refused("not_allowed", regions.rename_region, code="211421", name="甲县", by=cast.officers["huludao_auditor"])
    regions.rename_region(code="210102", name="甲区", by=cast.officers["province_system_admin"])


def test_a_change_undone_is_forgotten(admin):
    with transaction.atomic():
        regions.open_region(parent="211421", code=TOWN, name="前所镇", by=admin)
        assert reports.region(TOWN).name == "前所镇"
        transaction.set_rollback(True)
    models.changes.tree += 1  # as the next process would see it
    with pytest.raises(Absent):
        reports.region(TOWN)


def test_an_old_name_ends_after_it_began(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        models.RegionName.objects.create(
            region_id="211421", name="甲", valid_from=date(2010, 1, 1), valid_to=date(2010, 1, 1)
        )


def test_regions_are_kept_on_the_desk(client, cast):
    client.force_login(models.Person.objects.get(username="huludao_system_admin"))
    assert client.get("/desk/regions/")["Location"] == "/desk/regions/211400/"
    assert "绥中县" in client.get("/desk/regions/211400/").content.decode()
    form = {"code": TOWN, "name": "前所镇"}
    assert client.post("/desk/regions/211421/children/", form).status_code == 302
    again = client.post("/desk/regions/211421/children/", form)
    assert (again.status_code, "已经在用" in again.content.decode()) == (422, True)
    assert client.post(f"/desk/regions/{TOWN}/name/", {"name": "前卫镇"}).status_code == 302
    page = client.get(f"/desk/regions/{TOWN}/").content.decode()
    assert "曾用名" in page
    assert "撤销" in page
    assert client.post(f"/desk/regions/{TOWN}/closing/", {}).status_code == 302
    assert "已撤销" in client.get(f"/desk/regions/{TOWN}/").content.decode()
    for address in ("/desk/regions/210000/", "/desk/regions/none/"):
        assert client.get(address).status_code == 404
    assert client.post("/desk/regions/211421/nothing/").status_code == 404


@pytest.mark.parametrize("username", ["huludao_auditor", "huludao_security_admin", "city_finance_head"])
def test_regions_are_the_system_administrators(client, cast, username):
    client.force_login(models.Person.objects.get(username=username))
    assert client.get("/desk/regions/").status_code == 404
    assert client.get("/desk/regions/211421/").status_code == 404


def test_the_page_of_a_region_is_one_query_for_few_and_many(admin, django_assert_num_queries):
    for number in range(24):
        regions.open_region(parent="211421", code=f"2114212{number:02}", name=f"第{number}镇", by=admin)
    reports.regions()
    for code in ("211421", "211402"):
        with django_assert_num_queries(1):
            reports.region_page(code, by=admin)
