from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from minxin.directory import models, reports, rules
from minxin.directory.actions import appointments, people, tokens, units
from minxin.directory.rules import CITIZEN, SYSTEM, Officer, Role
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db


def newcomer(cast, username="xin_ren", unit="211421-CZJ", by=SYSTEM, **facts):
    return people.create_person(username=username, label="新到任人员", unit=unit, by=by, **facts)


def refused(code, action, **facts):
    with pytest.raises(Refused) as refusal:
        action(**facts)
    assert refusal.value.code == code
    assert refusal.value.sentence


# --- officers


def test_an_officer_is_shown_by_office(cast):
    clerk = cast.officers["city_finance_clerk"]
    assert clerk.label == "市财政局 承办员"
    assert clerk.roles == {Role.CLERK}
    assert clerk.unit_ids(Role.CLERK) == {cast.units["city_finance"].id} == clerk.unit_ids()
    assert clerk.unit_ids(Role.HEAD) == frozenset()
    assert clerk.paths() == (cast.units["city_finance"].path,)
    assert (clerk.unit_id, clerk.post_id) == (cast.units["city_finance"].id, cast.posts["city_finance_clerk"])
    assert clerk.has(Role.HEAD, Role.CLERK)
    assert not clerk.has(Role.HEAD)


def test_pseudo_actors_hold_their_own_role_and_no_unit():
    assert SYSTEM.roles == {Role.SYSTEM}
    assert CITIZEN.has(Role.CITIZEN)
    assert (CITIZEN.unit_id, CITIZEN.post_id, CITIZEN.paths()) == (None, None, ())
    assert rules.Channel(5, "市政热线", 600).officer == Officer(5, "市政热线", kind="channel")


def test_the_label_on_record_is_chinese_in_every_language(cast, settings):
    from django.utils import translation

    with translation.override("en"):
        assert reports.officer(cast.person("city_finance_clerk")).label == "市财政局 承办员"


def test_reading_an_officer_is_one_query_however_many_duties(cast, django_assert_num_queries):
    reports.tree()
    key = cast.person("city_finance_clerk")
    with django_assert_num_queries(1):
        assert len(reports.officer(key).duties) == 1
    for number in range(24):
        post = units.open_post(unit="211400-CZJ", role=Role.SECTION, section=f"{number}科", by=SYSTEM)
        appointments.appoint(person="city_finance_clerk", post=post, by=SYSTEM)
    reports.tree()
    with django_assert_num_queries(1):
        assert len(reports.officer(key).duties) == 25


def test_somebody_without_a_duty_is_an_officer_without_roles(cast):
    account = newcomer(cast)
    assert reports.officer(account.id) == Officer(account.id, "新到任人员")
    with pytest.raises(Absent):
        reports.officer(0)
    with pytest.raises(Absent):
        reports.officer_by_username("nobody")


def test_duties_begin_and_end_on_their_days(cast):
    account = newcomer(cast)
    post = units.open_post(unit="211421-CZJ", role=Role.PUBLISHER, by=SYSTEM)
    appointments.appoint(person="xin_ren", post=post, from_on=date(2026, 3, 1), until_on=date(2026, 4, 1), by=SYSTEM)
    for day, holds in [((2026, 2, 28), False), ((2026, 3, 1), True), ((2026, 3, 31), True), ((2026, 4, 1), False)]:
        with clocks.at(datetime(*day, 12, tzinfo=clocks.ZONE)):
            assert bool(reports.officer(account.id).duties) is holds


def test_a_duty_at_a_closed_post_is_none(cast):
    account = newcomer(cast)
    post = units.open_post(unit="211421-CZJ", role=Role.PUBLISHER, by=SYSTEM)
    appointments.appoint(person="xin_ren", post=post, from_on=clocks.today() + timedelta(days=1), by=SYSTEM)
    units.close_post(post=post, by=SYSTEM)
    with clocks.at(clocks.now() + timedelta(days=2)):
        assert reports.officer(account.id).duties == ()


def test_holders_are_those_in_office_today(cast):
    unit = cast.units["city_finance"]
    assert [officer.label for officer in reports.holders(unit.id, Role.HEAD, Role.LEADER)] == [
        "市财政局 一把手",
        "市财政局 分管领导",
    ]
    assert reports.holders(unit.id, Role.DISCIPLINE) == []


# --- accounts


def test_a_new_account_gets_a_password_that_is_shown_once_and_must_be_changed(cast):
    account = newcomer(cast)
    person = models.Person.objects.get(pk=account.id)
    assert person.check_password(account.password)
    assert person.password_changed_at is None
    assert rules.password_due(person.password_changed_at, clocks.now())
    assert "xin_ren" not in str(ledger.history(f"person:{account.id}"))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"username": "city_finance_clerk"}, "username_taken"),
        ({"username": "张三"}, "person_malformed"),
        ({"username": "ab"}, "person_malformed"),
        ({"username": "a" * 61}, "person_malformed"),
        ({"unit": "none"}, "absent"),
        ({"password": "short1A"}, "password_weak"),
        ({"password": "onlysmallletters"}, "password_weak"),
        ({"password": "Xin_ren2026"}, "password_weak"),
    ],
)
def test_a_wrong_account_is_refused_with_a_reason(cast, facts, code):
    refused(code, newcomer, cast=cast, **facts)


def test_a_password_already_hashed_is_taken_over(cast):
    hashed = models.Person.objects.get(username="city_finance_clerk").password
    account = newcomer(cast, encoded=hashed, change_first=False)
    person = models.Person.objects.get(pk=account.id)
    assert (account.password, person.password) == ("", hashed)
    assert not rules.password_due(person.password_changed_at, clocks.now())


@pytest.mark.parametrize(
    ("password", "good"),
    [("Abcdefgh1", True), ("abc123!!", True), ("ABCabc!!", True), ("abcABC", False), ("密码密码", False)],
)
def test_a_password_mixes_three_kinds_of_characters(password, good):
    from django.core.exceptions import ValidationError

    if good:
        rules.PasswordMixture().validate(password)
    else:
        with pytest.raises(ValidationError):
            rules.PasswordMixture().validate(password)


def test_a_password_lasts_ninety_days():
    now = clocks.now()
    assert not rules.password_due(now - timedelta(days=89, hours=23), now)
    assert rules.password_due(now - timedelta(days=90), now)


def test_a_reset_password_must_be_changed_again(cast):
    account = people.reset_password(username="city_finance_clerk", by=SYSTEM)
    person = models.Person.objects.get(pk=account.id)
    assert person.check_password(account.password)
    assert person.password_changed_at is None


def test_changing_the_password_takes_another_one_and_only_ones_own(cast):
    account = newcomer(cast)
    me, other = Officer(account.id, "我"), cast.officers["city_finance_clerk"]
    facts = {"person": account.id}
    refused("absent", people.change_password, password="Another-Word-2026", by=other, **facts)
    refused("password_same", people.change_password, password=account.password, by=me, **facts)
    refused("password_weak", people.change_password, password="1234567890", by=me, **facts)
    people.change_password(password="Another-Word-2026", by=me, **facts)
    person = models.Person.objects.get(pk=account.id)
    assert person.check_password("Another-Word-2026")
    assert person.password_changed_at is not None


def test_a_closed_account_is_nobody(cast):
    account = newcomer(cast)
    token = tokens.issue_token(person="xin_ren", by=SYSTEM)
    assert reports.officer_by_token(token) is not None
    people.deactivate_person(username="xin_ren", by=SYSTEM)
    assert reports.officer_by_token(token) is None
    with pytest.raises(Absent):
        reports.officer(account.id)
    refused("person_inactive", tokens.issue_token, person="xin_ren", by=SYSTEM)
    post = cast.posts["city_finance_clerk"]
    refused("person_inactive", appointments.appoint, person="xin_ren", post=post, by=SYSTEM)


def test_somebody_in_office_hands_over_before_the_account_is_closed(cast):
    refused("still_appointed", people.deactivate_person, username="city_finance_clerk", by=SYSTEM)


# --- appointments


def test_one_head_answers_for_a_unit(cast):
    newcomer(cast)
    head = cast.posts["city_finance_head"]
    refused("post_taken", appointments.appoint, person="xin_ren", post=head, by=SYSTEM)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"person": "nobody"}, "person_unknown"),
        ({"post": 0}, "absent"),
        ({"from_on": date(2026, 3, 1), "until_on": date(2026, 3, 1)}, "appointment_order"),
        ({"person": "city_finance_clerk"}, "already_appointed"),
    ],
)
def test_a_wrong_appointment_is_refused_with_a_reason(cast, facts, code):
    newcomer(cast)
    given = {"person": "xin_ren", "post": cast.posts["city_finance_clerk"], "by": SYSTEM}
    refused(code, appointments.appoint, **(given | facts))


@pytest.mark.parametrize("first", sorted(rules.ADMINS))
@pytest.mark.parametrize("second", sorted(rules.ADMINS))
def test_nobody_is_two_of_the_three_administrators(cast, first, second):
    newcomer(cast)
    appointments.appoint(person="xin_ren", post=cast.posts[f"huludao_{first}"], by=SYSTEM)
    refused("admins_apart", appointments.appoint, person="xin_ren", post=cast.posts[f"province_{second}"], by=SYSTEM)


def test_an_administrator_may_become_another_after_leaving_the_first_office(cast):
    newcomer(cast)
    first = appointments.appoint(person="xin_ren", post=cast.posts["huludao_auditor"], by=SYSTEM)
    appointments.end_appointment(appointment=first, by=SYSTEM)
    appointments.appoint(person="xin_ren", post=cast.posts["huludao_system_admin"], by=SYSTEM)


def test_nobody_appoints_himself(cast):
    admin = cast.officers["huludao_security_admin"]
    facts = {"person": "huludao_security_admin", "post": cast.posts["city_finance_clerk"], "by": admin}
    refused("not_oneself", appointments.appoint, **facts)


def test_an_appointment_ends_once(cast):
    key = models.Appointment.objects.get(post=cast.posts["city_finance_clerk"]).pk
    appointments.end_appointment(appointment=key, by=SYSTEM)
    assert reports.officer(cast.person("city_finance_clerk")).duties == ()
    refused("absent", appointments.end_appointment, appointment=key, by=SYSTEM)


def test_handing_over_gives_every_post_to_the_successor_in_one_recorded_act(cast):
    newcomer(cast)
    extra = units.open_post(unit="211421-CZJ", role=Role.PUBLISHER, by=SYSTEM)
    for person in ("suizhong_finance_head", "xin_ren"):
        appointments.appoint(person=person, post=extra, by=SYSTEM)
    head = cast.posts["suizhong_finance_head"]
    with clocks.at(datetime(2026, 12, 1, 9, tzinfo=clocks.ZONE)):
        assert appointments.hand_over(person="suizhong_finance_head", to="xin_ren", by=SYSTEM) == (head, extra)
        left = reports.officer(cast.person("suizhong_finance_head"))
        heir = reports.officer_by_username("xin_ren")
    assert left.duties == ()
    assert heir.roles == {Role.HEAD, Role.PUBLISHER}
    for person, verb in [(left, "hand_over"), (heir, "take_over")]:
        event = ledger.history(f"person:{person.id}")[-1]
        assert (event.verb, event.facts["posts"]) == (verb, [head, extra])


def test_a_hand_over_that_would_mix_administrators_changes_nothing(cast):
    facts = {"person": "huludao_auditor", "to": "huludao_system_admin", "by": SYSTEM}
    refused("admins_apart", appointments.hand_over, **facts)
    assert reports.officer(cast.person("huludao_auditor")).roles == {Role.AUDITOR}


def test_a_hand_over_needs_two_people_and_a_post(cast):
    newcomer(cast)
    refused("hand_over_to_oneself", appointments.hand_over, person="xin_ren", to="xin_ren", by=SYSTEM)
    refused("nothing_to_hand_over", appointments.hand_over, person="xin_ren", to="city_finance_head", by=SYSTEM)
    refused("person_unknown", appointments.hand_over, person="xin_ren", to="nobody", by=SYSTEM)


# --- who may do what


def acts(cast):
    """Every act on the same modest ground, as (name, callable)."""
    newcomer(cast)
    clerk = models.Appointment.objects.get(post=cast.posts["suizhong_finance_clerk"]).pk
    spare = units.open_post(unit="211421-CZJ", role=Role.SECTION, section="备用", by=SYSTEM)
    token = tokens.issue_token(person="xin_ren", by=SYSTEM)
    key = models.Token.objects.order_by("-pk").first().pk
    assert token
    unit, kind = "211421-CZJ", rules.UnitKind.STATION
    return {
        "open_unit": lambda by: units.open_unit(
            code="211421-Z", name="某所", kind=kind, region="211421", parent=unit, by=by
        ),
        "rename_unit": lambda by: units.rename_unit(code=unit, name="绥中县财政局（新）", by=by),
        "move_unit": lambda by: units.move_unit(code="211421-GTZX", parent=unit, by=by),
        "close_unit": lambda by: units.close_unit(code="211421-ZZ", by=by),
        "edit_line": lambda by: units.edit_line(code=unit, hours="工作日", by=by),
        "open_post": lambda by: units.open_post(unit=unit, role=Role.PUBLISHER, by=by),
        "close_post": lambda by: units.close_post(post=spare, by=by),
        "create_person": lambda by: newcomer(cast, "lai_ren", by=by),
        "deactivate_person": lambda by: people.deactivate_person(username="xin_ren", by=by),
        "reset_password": lambda by: people.reset_password(username="xin_ren", by=by),
        "appoint": lambda by: appointments.appoint(person="xin_ren", post=spare, by=by),
        "end_appointment": lambda by: appointments.end_appointment(appointment=clerk, by=by),
        "hand_over": lambda by: appointments.hand_over(person="suizhong_finance_clerk", to="xin_ren", by=by),
        "issue_token": lambda by: tokens.issue_token(person="xin_ren", by=by),
        "revoke_token": lambda by: tokens.revoke_token(token=key, by=by),
    }


USERNAMES = [
    "province_system_admin",
    "province_security_admin",
    "province_auditor",
    "province_observer",
    "province_head",
    "huludao_system_admin",
    "huludao_security_admin",
    "huludao_dispatcher",
    "suizhong_dispatcher",
    "suizhong_finance_head",
    "suizhong_finance_leader",
    "suizhong_finance_clerk",
    "suizhong_finance_section",
    "suizhong_education_head",
    "city_finance_head",
    "nanpiao_discipline_discipline",
]
ABOVE = {
    "province_head",
    "province_system_admin",
    "province_security_admin",
    "huludao_system_admin",
    "huludao_security_admin",
}
OWN = {"suizhong_finance_head", "suizhong_finance_leader", "suizhong_finance_clerk"}


@pytest.mark.parametrize("username", USERNAMES)
def test_each_role_does_its_own_acts_and_no_other(cast, username):
    """The whole matrix of roles and acts, over a unit in the county."""
    officer = cast.officers[username]
    units.open_unit(
        code="211421-ZZ", name="空所", kind=rules.UnitKind.STATION, region="211421", parent="211421-CZJ", by=SYSTEM
    )
    for act, do in acts(cast).items():
        allowed = any(act in rules.MAY.get(role, ()) for role in officer.roles) and username in ABOVE | OWN
        with transaction.atomic():
            if allowed:
                do(officer)
            else:
                with pytest.raises(Refused) as refusal:
                    do(officer)
                assert refusal.value.code in {"not_allowed", "forbidden", "absent"}, act
            transaction.set_rollback(True)


def test_an_administrator_governs_only_below_his_unit(cast):
    admin = cast.officers["huludao_system_admin"]
    nobody = Officer(admin.id, admin.label)
    refused("not_allowed", units.open_post, unit="210100-MX", role=Role.EDITOR, by=nobody)
    with pytest.raises(Refused) as refusal:
        units.rename_unit(code="210100-MX", name="新名", by=admin)
    assert refusal.value.code == "forbidden"
    with pytest.raises(Absent):
        units.edit_line(code="211421-JYJ", by=cast.officers["suizhong_finance_clerk"])


def test_every_act_is_somebodys_and_the_three_administrators_share_none():
    three = [rules.MAY[role] for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)]
    assert len(frozenset.union(*three)) == sum(map(len, three))


@pytest.mark.parametrize(
    ("username", "sees"),
    [
        ("suizhong_finance_clerk", {"suizhong_finance"}),
        ("suizhong_education_head", {"suizhong_education", "gaotai_school"}),
        ("suizhong_editor", {"suizhong", "suizhong_finance", "suizhong_education", "gaotai_school"}),
    ],
)
def test_an_officer_sees_his_units_and_what_is_below(cast, username, sees):
    visible = models.Unit.objects.visible_to(cast.officers[username]).values_list("pk", flat=True)
    assert set(visible) == {cast.units[key].id for key in sees}


@pytest.mark.parametrize("username", ["province_auditor", "huludao_auditor", "province_observer"])
def test_observers_and_administrators_see_the_whole_tree(cast, username):
    assert models.Unit.objects.visible_to(cast.officers[username]).count() == len(cast.units)


def test_a_citizen_sees_nothing_on_the_desk(cast):
    assert not models.Unit.objects.visible_to(CITIZEN).exists()
    assert not models.Person.objects.visible_to(CITIZEN).exists()


# --- tokens


def test_a_token_names_its_person_and_costs_no_query_for_a_while(cast, django_assert_num_queries):
    token = tokens.issue_token(person="city_finance_clerk", by=SYSTEM)
    assert reports.officer_by_token(token) == cast.officers["city_finance_clerk"]
    assert reports.channel_by_token(token) is None
    with django_assert_num_queries(0):
        assert reports.officer_by_token(token).label == "市财政局 承办员"
    assert not models.Token.objects.filter(hash__contains=token[:20]).exists()


def test_a_channels_token_carries_its_own_limit(cast):
    token = tokens.issue_token(channel="市政务热线", limit_per_minute=600, by=SYSTEM)
    channel = reports.channel_by_token(token)
    assert (channel.name, channel.limit_per_minute) == ("市政务热线", 600)
    assert channel.officer.roles == {Role.CHANNEL}
    assert reports.officer_by_token(token) is None
    tokens.revoke_token(token=channel.id, by=SYSTEM)
    assert reports.channel_by_token(token) is None
    assert [event.verb for event in ledger.history("channel:市政务热线")] == ["issue_token", "revoke_token"]
    refused("absent", tokens.revoke_token, token=channel.id, by=SYSTEM)


def test_a_revocation_by_another_process_takes_effect_within_thirty_seconds(cast, monkeypatch):
    token = tokens.issue_token(channel="甲渠道", by=SYSTEM)
    channel = reports.channel_by_token(token)
    models.Token.objects.filter(pk=channel.id).update(revoked_at=clocks.now())
    assert reports.channel_by_token(token) == channel
    later = reports.time.monotonic() + reports.TOKEN_SECONDS
    monkeypatch.setattr(reports.time, "monotonic", lambda: later)
    assert reports.channel_by_token(token) is None


@pytest.mark.parametrize("token", ["", "mx_", "mx_unknown", "\ud800", "字" * 5000])
def test_an_unknown_token_is_nobodys(token):
    assert reports.officer_by_token(token) is None
    assert reports.channel_by_token(token) is None


def test_a_token_belongs_to_a_person_or_to_a_channel(cast):
    refused("token_owner", tokens.issue_token, by=SYSTEM)
    refused("token_owner", tokens.issue_token, person="city_finance_clerk", channel="甲", by=SYSTEM)


def test_the_command_prints_a_token_that_works(cast):
    for arguments, find in [
        (["city_finance_clerk"], reports.officer_by_token),
        (["--channel", "甲渠道"], reports.channel_by_token),
    ]:
        out = StringIO()
        call_command("token", *arguments, stdout=out)
        assert find(out.getvalue().strip()) is not None


@pytest.mark.parametrize("arguments", [[], ["nobody"], ["city_finance_clerk", "--channel", "甲"]])
def test_the_command_says_why_there_is_no_token(cast, arguments):
    with pytest.raises(CommandError, match="。"):
        call_command("token", *arguments)


# --- what can never be false


@pytest.mark.parametrize(
    ("change", "constraint"),
    [({"username": "Large"}, "person_username_shape"), ({"label": ""}, "person_has_label")],
)
def test_the_database_holds_what_is_true_of_a_person(cast, change, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        models.Person.objects.filter(username="city_finance_clerk").update(**change)


@pytest.mark.parametrize(
    ("post", "person", "constraint"),
    [
        ("city_finance_clerk", "city_finance_clerk", "appointment_held_once"),
        ("city_finance_head", "city_finance_clerk", "appointment_one_head"),
        ("huludao_auditor", "province_system_admin", "appointment_admins_apart"),
    ],
)
def test_the_database_holds_what_is_true_of_an_appointment(cast, post, person, constraint):
    role = models.Post.objects.get(pk=cast.posts[post]).role
    row = {"post_id": cast.posts[post], "person_id": cast.person(person), "role": role, "from_on": date(2026, 1, 1)}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        models.Appointment.objects.create(**row)
    with pytest.raises(IntegrityError, match="appointment_in_order"), transaction.atomic():
        models.Appointment.objects.create(**row, until_on=date(2025, 1, 1))


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        ({"hash": "a" * 64}, "token_of_person_or_channel"),
        ({"hash": "a" * 64, "channel": "甲", "person": True}, "token_of_person_or_channel"),
        ({"hash": "plain", "channel": "甲"}, "token_hash_shape"),
    ],
)
def test_the_database_holds_what_is_true_of_a_token(cast, row, constraint):
    if row.get("person"):
        row = {key: value for key, value in row.items() if key != "person"} | {
            "person_id": cast.person("city_finance_clerk")
        }
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        models.Token.objects.create(created_at=clocks.now(), **row)
