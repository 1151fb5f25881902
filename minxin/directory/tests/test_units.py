from datetime import date
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction

from minxin.directory import models, reports
from minxin.directory.actions import units
from minxin.directory.rules import SYSTEM, Role, UnitKind
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db


def open_one(cast, code="211421-X", by=SYSTEM, **facts):
    given = {
        "name": "绥中县测试所",
        "kind": UnitKind.STATION,
        "region": "211421",
        "parent": cast.units["suizhong"].code,
        "opened_on": date(2020, 1, 1),
    }
    return units.open_unit(code=code, by=by, **(given | facts))


def test_the_regions_of_liaoning_are_there():
    levels = [row.level for row in reports.regions()]
    assert (levels.count("province"), levels.count("city"), levels.count("county")) == (1, 14, 100)
    assert reports.region_name("211421113") == "辽宁省葫芦岛市绥中县高台镇"
    assert reports.region("210115").note.startswith("二〇一六年前为辽中县")
    assert [row.code for row in reports.regions("211421")] == ["211421", "211421113"]
    with pytest.raises(Absent):
        reports.region("110000")


def test_a_unit_stands_below_its_parent(cast):
    school, county = cast.units["gaotai_school"], cast.units["suizhong"]
    assert school.path == f"{cast.units['suizhong_education'].path}{school.id}/"
    assert reports.is_within(school.id, of=county.id)
    assert not reports.is_within(county.id, of=school.id)
    assert not reports.is_within(school.id, of=cast.units["city_finance"].id)


def test_a_trade_goes_its_own_way_up(cast):
    county, city = cast.units["suizhong_finance"], cast.units["city_finance"]
    assert reports.superior(county.id) == city
    assert reports.superior(cast.units["gaotai_school"].id) == cast.units["suizhong_education"]
    assert reports.superior(cast.units["province"].id) is None
    assert reports.answers_to(county.id, of=city.id)
    assert reports.answers_to(county.id, of=cast.units["suizhong"].id)
    assert not reports.answers_to(city.id, of=county.id)
    assert not reports.is_within(county.id, of=city.id)


def test_the_nearest_centre_takes_a_region_in(cast):
    assert reports.centre_for("211421113") == cast.units["suizhong"]
    assert reports.centre_for("211404") == cast.units["huludao"]
    assert reports.centre_for("210200") == cast.units["province"]


def test_a_region_outside_the_network_has_no_centre(cast):
    with pytest.raises(Absent):
        reports.centre_for("110101")


def test_an_empty_directory_knows_no_unit(bare):
    assert reports.tree().by_id == {}
    with pytest.raises(Absent):
        reports.centre_for("211421")


@pytest.mark.parametrize(
    ("text", "region", "first"),
    [
        ("财政局", "211421", "suizhong_finance"),
        ("绥中财政", None, "suizhong_finance"),
        ("市财政局", None, "city_finance"),
        ("南票 民政", None, "nanpiao_civil"),
        ("高台中学", None, "gaotai_school"),
        ("211400-czj", None, "city_finance"),
        ("财政局", "211400", "city_finance"),
    ],
)
def test_units_are_found_by_any_part_of_their_name(cast, text, region, first):
    assert reports.search_units(text, region)[0] == cast.units[first]


@pytest.mark.parametrize("text", ["", "   ", "不存在的单位", "%", "\x00"])
def test_searching_for_nothing_finds_nothing(cast, text):
    assert reports.search_units(text) == []


def test_a_closed_unit_is_not_found_but_still_known(cast):
    unit = open_one(cast)
    assert unit in reports.search_units("测试所")
    units.close_unit(code=unit.code, by=SYSTEM)
    assert reports.search_units("测试所") == []
    assert reports.unit(unit.id).closed_on is not None
    assert reports.unit(unit.code) == reports.units_by_id([unit.id, 0])[unit.id]


def test_an_unknown_unit_is_absent():
    with pytest.raises(Absent):
        reports.unit("none")
    with pytest.raises(Absent):
        reports.unit(0)


def test_renaming_keeps_the_old_name_in_the_history(cast):
    units.rename_unit(code="211421-GTZX", name="绥中县高台初级中学", short_name="高台初中", by=SYSTEM)
    assert reports.unit("211421-GTZX").name == "绥中县高台初级中学"
    event = ledger.history("unit:211421-GTZX")[-1]
    assert (event.verb, event.facts["before"], event.facts["after"]) == (
        "rename_unit",
        "绥中县高台中学",
        "绥中县高台初级中学",
    )


def test_moving_takes_everything_below_along(cast):
    units.move_unit(code="211421-JYJ", parent="211404-MZJ", by=SYSTEM)
    school, bureau, civil = (reports.unit(code) for code in ("211421-GTZX", "211421-JYJ", "211404-MZJ"))
    assert school.path == f"{civil.path}{bureau.id}/{school.id}/"
    assert reports.is_within(school.id, of=civil.id)
    assert not reports.is_within(school.id, of=cast.units["suizhong"].id)
    assert ledger.history("unit:211421-JYJ")[-1].facts["units"] == 2


@pytest.mark.parametrize("parent", ["211421-JYJ", "211421-GTZX"])
def test_a_unit_cannot_go_below_itself(cast, parent):
    with pytest.raises(Refused) as refusal:
        units.move_unit(code="211421-JYJ", parent=parent, by=SYSTEM)
    assert refusal.value.code == "parent_below"


def test_a_trade_makes_no_circle(cast):
    with pytest.raises(Refused) as refusal:
        units.move_unit(code="211400-CZJ", parent="211400-MX", line_parent="211421-CZJ", by=SYSTEM)
    assert refusal.value.code == "line_circle"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"code": "211421-CZJ"}, "code_taken"),
        ({"code": "局 长"}, "code_malformed"),
        ({"code": "x" * 41}, "code_malformed"),
        ({"name": ""}, "needed"),
        ({"name": "\u202e\u200b"}, "needed"),
        ({"name": "长" * 121}, "too_long"),
        ({"region": "999999"}, "region_unknown"),
        ({"parent": None, "by": "admin"}, "parent_needed"),
        ({"line_parent": "none"}, "unit_unknown"),
        ({"is_centre": True}, "centre_taken"),
        ({"uscc": "91110000600037341M"}, "uscc_check"),
    ],
)
def test_a_wrong_unit_is_refused_with_a_reason(cast, facts, code):
    if facts.get("by"):
        facts = facts | {"by": cast.officers["province_system_admin"]}
    with pytest.raises(Refused) as refusal:
        open_one(cast, **facts)
    assert refusal.value.code == code
    assert refusal.value.sentence


def test_a_uscc_belongs_to_one_unit(cast):
    assert open_one(cast, uscc="91110000600037341L")
    with pytest.raises(Refused) as refusal:
        open_one(cast, code="211421-Y", uscc="91110000600037341L")
    assert refusal.value.code == "uscc_taken"


def test_a_unit_with_units_or_people_stays_open(cast):
    for code, why in [("211421-JYJ", "unit_has_children"), ("211421-GTZX", "unit_has_people")]:
        with pytest.raises(Refused) as refusal:
            units.close_unit(code=code, by=SYSTEM)
        assert refusal.value.code == why


def test_a_closed_unit_cannot_be_changed(cast):
    unit = open_one(cast)
    units.close_unit(code=unit.code, by=SYSTEM)
    with pytest.raises(Refused) as refusal:
        units.rename_unit(code=unit.code, name="新名", by=SYSTEM)
    assert refusal.value.code == "unit_closed"


def test_a_unit_does_not_close_before_it_opened(cast):
    unit = open_one(cast)
    with pytest.raises(Refused) as refusal:
        units.close_unit(code=unit.code, on=date(2019, 1, 1), by=SYSTEM)
    assert refusal.value.code == "closed_before_opened"


def test_the_head_of_a_unit_edits_its_line(cast):
    head = cast.officers["suizhong_finance_head"]
    post = cast.posts["suizhong_finance_leader"]
    units.edit_line(
        code="211421-CZJ",
        duty_phone="0429-6122345",
        hours="工作日 8:30 至 17:00",
        about="办理财政事项",
        answers_by=post,
        by=head,
    )
    line = reports.line_page("211421-CZJ")
    assert (line.hours, line.about, line.answers_by) == ("工作日 8:30 至 17:00", "办理财政事项", "分管领导")
    assert line.duty_phone.endswith("6122345")
    assert "about" not in ledger.history("unit:211421-CZJ")[-1].facts


@pytest.mark.parametrize(
    ("facts", "code"), [({"answers_by": 0}, "post_elsewhere"), ({"hours": "长" * 121}, "too_long")]
)
def test_a_wrong_line_is_refused(cast, facts, code):
    with pytest.raises(Refused) as refusal:
        units.edit_line(code="211421-CZJ", by=cast.officers["suizhong_finance_head"], **facts)
    assert refusal.value.code == code


def test_posts_of_the_centre_exist_only_at_a_centre(cast):
    for role in (Role.EDITOR, Role.AUDITOR):
        with pytest.raises(Refused) as refusal:
            units.open_post(unit="211421-CZJ", role=role, by=SYSTEM)
        assert refusal.value.code == "role_of_centre"
    with pytest.raises(Refused):
        units.open_post(unit="211421-CZJ", role=Role.CITIZEN, by=SYSTEM)


def test_a_post_is_opened_once_and_closed_when_nobody_holds_it(cast):
    post = units.open_post(unit="211421-CZJ", role=Role.SECTION, section="预算股", by=SYSTEM)
    assert units.open_post(unit="211421-CZJ", role=Role.SECTION, section="预算股", by=SYSTEM) == post
    assert (
        units.open_post(unit="211421-CZJ", role=Role.HEAD, title="局长", by=SYSTEM)
        == cast.posts["suizhong_finance_head"]
    )
    units.close_post(post=post, by=SYSTEM)
    with pytest.raises(Refused) as refusal:
        units.close_post(post=cast.posts["suizhong_finance_head"], by=SYSTEM)
    assert refusal.value.code == "post_held"


# --- what can never be false


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"code": "211421-CZJ"}, "unit_code_unique"),
        ({"path": "/1/"}, None),
        ({"path": "1/2"}, "unit_path_shape"),
        ({"code": ""}, "unit_has_code"),
        ({"name": ""}, "unit_has_name"),
        ({"kind": "castle"}, "unit_kind_known"),
        ({"parent_id": "self"}, "unit_not_own_parent"),
        ({"line_parent_id": "self"}, "unit_not_own_line_parent"),
        ({"closed_on": date(1999, 1, 1)}, "unit_closed_after_opened"),
        ({"is_centre": True}, "unit_one_centre_per_region"),
        ({"uscc": "91110000600037341L"}, "unit_uscc_unique"),
    ],
)
def test_the_database_holds_what_is_true_of_a_unit(cast, change, constraint):
    open_one(cast, code="211421-U", uscc="91110000600037341L")
    unit = models.Unit.objects.get(code="211421-JYJ")
    change = {key: unit.pk if value == "self" else value for key, value in change.items()}
    if change.get("path") == "/1/":
        change, constraint = {"path": cast.units["suizhong"].path}, "unit_path_unique"
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        models.Unit.objects.filter(pk=unit.pk).update(**change)


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        ({"code": "12345"}, "region_code_shape"),
        ({"code": "219999", "level": "galaxy"}, "region_level_known"),
        ({"code": "219999", "parent_id": "219999"}, "region_not_own_parent"),
        ({"code": "219999", "valid_from": date(2020, 1, 1), "valid_to": date(2019, 1, 1)}, "region_valid_in_order"),
    ],
)
def test_the_database_holds_what_is_true_of_a_region(row, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        models.Region.objects.create(**({"name": "某地", "level": "county"} | row))


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        ({"role": "clerk"}, "post_once_per_unit"),
        ({"role": "head", "title": "另一位"}, "post_one_head_per_unit"),
        ({"role": "citizen"}, "post_role_known"),
    ],
)
def test_the_database_holds_what_is_true_of_a_post(cast, row, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        models.Post.objects.create(unit_id=cast.units["city_finance"].id, **row)


def test_there_is_one_stamp_of_the_tree():
    with pytest.raises(IntegrityError, match="tree_stamp_one_row"), transaction.atomic():
        models.TreeStamp.objects.create(id=2, stamp="00000000-0000-0000-0000-000000000000")


# --- the copy in memory


def test_looking_up_and_searching_ask_the_database_nothing(cast, django_assert_num_queries):
    reports.tree()
    with django_assert_num_queries(0):
        reports.unit("211421-CZJ")
        reports.units_by_id([1, 2, 3])
        reports.search_units("财政局")
        reports.centre_for("211421")
        reports.superior(cast.units["suizhong_finance"].id)


def test_nobody_else_sees_a_change_that_may_be_undone(cast):
    open_one(cast)
    seen: list[int] = []

    def look():
        seen.append(len(reports.tree().by_id))
        connection.close()

    other = Thread(target=look)
    other.start()
    other.join()
    assert seen == [len(cast.units)]
    assert len(reports.tree().by_id) == len(cast.units) + 1
