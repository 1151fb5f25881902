"""The demo: loaded once for this module, in a transaction that is undone at its end."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from minxin.cases.rules import codes, quality
from minxin.directory import models as directory_models
from minxin.directory import reports as directory
from minxin.directory.rules import Role
from minxin.kernel import clocks, files, refs
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger
from minxin.portal.actions import demo, network, ninety_days
from minxin.portal.actions.network import SEEDS

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=clocks.ZONE)


def model(name: str) -> Any:
    """Only the app itself may import its models: a test of another floor asks Django."""
    return apps.get_model("cases", name)


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """The refs of the demo's cases by their keys."""
    with django_db_blocker.unblock(), files.using(files.Memory()), clocks.at(NOW), transaction.atomic():
        _empty()
        yield demo.load(lambda words: None, lambda done, total: None, money=False)
        transaction.set_rollback(True)
    directory_models.changes.tree += 1


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_unit SET parent_id = NULL, line_parent_id = NULL, answers_by_id = NULL")
        for table in ("token", "appointment", "post", "person", "unit"):
            cursor.execute(f"DELETE FROM directory_{table}")
        cursor.execute("DELETE FROM ledger_event; DELETE FROM ledger_stream")
    directory_models.changes.tree += 1
    directory_models.changes.tree_block = connection.atomic_blocks[0]


def case(loaded: dict[str, str], key: str) -> Any:
    return model("Case").objects.get(pk=_id(loaded[key]))


def _id(ref: str) -> int:
    year, number = refs.parse("MX", ref)
    return year * 10**9 + number


def test_every_case_stands_where_its_life_says(loaded):
    stages = dict(model("Case").objects.values_list("id", "stage"))
    wrong = {
        row["key"]: (stages[_id(loaded[row["key"]])], row["ends"])
        for row in ninety_days.rows()
        if stages[_id(loaded[row["key"]])] != row["ends"]
    }
    assert wrong == {}
    assert len(stages) == len(ninety_days.rows()) + 2 == len(loaded)


def test_every_stage_kind_lane_and_channel_of_people_has_cases(loaded):
    cases = model("Case").objects
    assert set(cases.values_list("stage", flat=True)) == set(codes.Stage.values)
    assert set(cases.values_list("kind", flat=True)) == set(codes.Kind.values)
    assert set(cases.values_list("lane", flat=True)) == set(codes.Lane.values)
    assert {"web", "phone", "letter", "visit", "superior", "media"} <= set(cases.values_list("channel", flat=True))
    assert {region[:4] for region in cases.values_list("region", flat=True)} >= {f"21{n:02d}" for n in range(1, 15)}
    assert len({category[:2] for category in cases.values_list("category", flat=True)}) == 21


def test_429_yuan_reached_the_teacher_on_the_same_day(loaded):
    told = case(loaded, "arrears")
    money = model("Money").objects.get(case=told)
    assert (money.amount_fen, money.kind, money.on) == (42_900, "arrears", date(2007, 3, 7))
    assert (told.finding, told.resolution, told.stage) == ("untrue", "solved", "closed")
    assert (told.stars, told.first_rating, told.final_rating) == (5, 5, 5)
    assert told.filed_at.astimezone(clocks.ZONE).date() == told.closed_at.astimezone(clocks.ZONE).date()
    assert told.respondent_id == told.lead_id == directory.unit("211421-CZJ").id
    assert told.superior_id == directory.unit("211400-CZJ").id
    assert told.conflict_reason
    assert model("PublicCase").objects.get(pk=told.pk).money_fen == 42_900


def test_the_deducted_money_was_recovered_and_four_were_criticised_in_a_circular(loaded):
    told = case(loaded, "deductions")
    assert list(model("Money").objects.filter(case=told).values_list("kind", "amount_fen", "people")) == [
        ("recovered", 6_348_000, 529)
    ]
    measures = list(model("Measure").objects.filter(case=told))
    assert Counter((row.subject, row.measure) for row in measures) == {
        ("unit", "circular"): 2,
        ("person", "circular"): 2,
    }
    assert {row.basis for row in measures} == {"葫政监通报〔2007〕3号"}
    parts = dict(model("Assignment").objects.filter(case=told).values_list("unit__code", "part"))
    assert parts == {"211400-CZJ": "lead", "211404-JW": "assist"}
    assert (told.finding, told.stars, told.final_rating) == ("true", 5, 5)
    assert model("PublicCase").objects.filter(pk=told.pk).exists()


def test_the_events_of_2007_are_dated_in_2007_without_a_gap(loaded):
    for key in ("deductions", "arrears"):
        events = ledger.history(loaded[key])
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert {event.at.astimezone(clocks.ZONE).year for event in events[:-1]} == {2007}


def test_nothing_sealed_or_restricted_is_published(loaded):
    hidden = set(model("Case").objects.exclude(lane=codes.Lane.OPEN).values_list("id", flat=True))
    published = set(model("PublicCase").objects.values_list("case_id", flat=True))
    assert len(hidden) >= 10
    assert len(published) >= 80
    assert not hidden & published
    sealed = model("Case").objects.filter(lane=codes.Lane.SEALED)
    assert all(model("Custodian").objects.filter(case=one).exists() for one in sealed)


def test_the_watching_job_gave_slips_and_lifted_what_was_late(loaded):
    slips = Counter(model("SlipRow").objects.filter(by_label="系统").values_list("slip", flat=True))
    assert slips["red"] >= 4
    assert slips["blue"] >= 4
    assert slips["escalated"] >= 4
    late = case(loaded, "01_heating-11")
    assert late.superior_id is not None
    assert late.supervision == "escalated"


def test_money_measures_rules_ratings_and_attachments_are_many(loaded):
    money = model("Money").objects
    assert money.count() >= 60
    assert money.order_by("amount_fen").first().amount_fen <= 5_000
    assert money.order_by("amount_fen").last().amount_fen >= 100_000_000
    assert set(money.values_list("kind", flat=True)) == set(codes.MoneyKind.values)
    assert model("RuleChange").objects.count() >= 10
    assert set(model("Rating").objects.values_list("satisfaction", flat=True)) == {1, 2, 3, 4, 5}
    assert model("Rating").objects.filter(struck_at__isnull=False).exists()
    assert {"image/png", "image/jpeg", "application/pdf", "text/plain"} <= set(
        model("Attachment").objects.values_list("mime", flat=True)
    )
    assert set(model("Assignment").objects.values_list("level", flat=True)) == {1, 2, 3, 4}
    assert model("Assignment").objects.filter(dissents=True).exists()
    decided = set(model("Extension").objects.values_list("decision", flat=True))
    assert {"granted", "refused", "pending"} <= decided


def test_what_the_public_reads_is_whole_and_names_nobody(loaded):
    for page in model("PublicCase").objects.all():
        for words in (page.title, page.question, page.answer):
            assert not re.search(r"[{}]", words), page.title
            assert quality.personal(words) == []
        assert re.search(r"\d月\d", page.answer), page.title
        assert re.search(r"0\d{2,3}-\d{7}", page.answer), page.title


def test_the_texts_are_all_different_and_hold_no_firm_and_no_mobile():
    rows = ninety_days.rows()
    assert len(rows) >= 200
    for name in ("title", "text"):
        assert len({row[name] for row in rows}) == len(rows)
    answers = [row["answer"] for row in rows if "answer" in row]
    assert len(set(answers)) == len(answers) >= 130
    everything = "\n".join(path.read_text(encoding="utf-8") for path in SEEDS.rglob("*.toml"))
    assert not re.search(r"有限公司|股份公司|1[3-9]\d{9}", everything)


def test_the_seed_is_read_alike_every_time():
    assert ninety_days.rows() == ninety_days.rows()


def test_the_network_covers_the_province(loaded):
    tree = directory.tree()
    centres = [unit for unit in tree.by_id.values() if unit.is_centre]
    assert len(centres) == 1 + 14 + 100
    for region in directory.regions():
        body = directory.discipline_for(region.code)
        assert body is not None, region
    finance = directory.unit("211421-CZJ")
    assert [unit.code for unit in _line(finance)] == ["211421-CZJ", "211400-CZJ", "210000-CZT"]
    line = directory.line_page("211400-CZJ")
    assert (line.unit.short, line.answers_by) == ("市财政局", "一把手")
    assert line.duty_phone.startswith("0429-")
    assert directory.holders(directory.unit("211400-SJJ").id, Role.OBSERVER)


def _line(unit: Any) -> list[Any]:
    found = [unit]
    while found[-1].line_parent_id:
        found.append(directory.unit(found[-1].line_parent_id))
    return found


def test_the_bureaus_bear_the_names_of_today_and_kept_the_old_ones(loaded):
    assert directory.unit("211400-SCJ").name == "葫芦岛市市场监督管理局"
    verbs = [(event.verb, event.facts.get("before")) for event in ledger.history("unit:211400-SCJ")]
    assert ("rename_unit", "葫芦岛市工商行政管理局") in verbs


def test_the_sign_ins_are_printed_and_their_password_passes_the_rules(loaded):
    output = StringIO()
    call_command("demo", "users", "--json", stdout=output)
    rows = json.loads(output.getvalue())
    assert len(rows) >= 45
    assert all(set(row) == {"username", "password", "unit", "roles"} and row["roles"] for row in rows)
    assert len({row["username"] for row in rows}) == len(rows)
    validate_password(network.PASSWORD)
    person = directory_models.Person.objects.get(username=rows[0]["username"])
    assert person.check_password(rows[0]["password"])
    assert not directory_models.Person.objects.get(username="u210100-czj.1").has_usable_password()


def test_a_second_load_is_refused_in_a_sentence(loaded):
    with pytest.raises(Refused) as refusal:
        demo.load(lambda words: None, lambda done, total: None)
    assert refusal.value.code == "not_empty"
    with pytest.raises(CommandError, match="空的数据库"):
        call_command("demo")


def test_production_never_gets_the_demo(settings):
    settings.PRODUCTION = True
    with pytest.raises(Refused) as refusal:
        demo.load(lambda words: None, lambda done, total: None)
    assert refusal.value.code == "production"
