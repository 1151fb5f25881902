"""The act of publishing: one moment, everything or nothing, only the rows that differ, by those who may."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from minxin.directory.rules import SYSTEM, Officer
from minxin.disclosures.actions import publishing
from minxin.disclosures.models import Appropriation, BudgetUnit, Entry, Publication
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.rules import publishing as rules
from minxin.disclosures.rules import templates
from minxin.disclosures.tests import papers
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import detail
from minxin.kernel import clocks, merkle
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import reports as ledger

ROWS = [detail("2050201", "30101", 1_000_000), detail("2050202", "30201", 250_050, project="教师培训")]


def hand_in(money: Money, who: str = "education", rows: Any = ROWS, **facts: Any) -> str:
    return papers.signed(money.units[who].id, {"detail": rows}, finance=money.units["finance"].id, **facts)


def shown(money: Money, who: str = "education", on: datetime | None = None) -> dict[str, dict[str, Any]]:
    rows = Entry.objects.public(on).filter(unit_id=money.units[who].id)
    return dict(rows.values_list("key", "cells"))


def test_a_sheet_code_names_one_table_of_all_templates() -> None:
    codes = [sheet.code for template in templates.every() for sheet in template.sheets if not template.repeated]
    assert len(codes) == len(set(codes))


def test_signed_rows_come_onto_the_page_at_one_moment_and_add_up(money: Money) -> None:
    ref = hand_in(money)
    publication = publishing.publish([ref], by=money.officers["finance_publisher"])
    entries = list(Entry.objects.public().order_by("leaf"))
    assert [entry.leaf for entry in entries] == [0, 1]
    assert {entry.recorded_from for entry in entries} == {publication.published_at}
    assert publication.units == 1
    assert publication.rows == 2
    assert publication.title == "葫芦岛市教育局 2007 年部门年初预算"
    assert papers.submission(ref).publication == publication
    assert papers.submission(ref).stage == "published"
    figures = Appropriation.objects.public().values_list("function", "economic", "project", "fund", "amount_fen")
    assert set(figures) == {
        ("2050201", "30101", "", "general", 1_000_000),
        ("2050202", "30201", "教师培训", "general", 250_050),
    }


def test_the_database_hashes_the_canonical_row_and_the_root_is_over_all_of_them(money: Money) -> None:
    odd = [
        detail("2050201", "30101", -3, project='引号" 反斜\\ 换行\n制表\t \x7f 😀 \u2028'),
        detail("2050202", "30201", 0),
    ]
    publication = publishing.publish([hand_in(money, rows=odd)], by=SYSTEM)
    hashes = []
    for entry in Entry.objects.public().order_by("leaf"):
        row = rules.canonical(
            unit="211400-JYJ", template="department_budget", fiscal_year=2007, version="initial", sheet="detail",
            key=entry.key, cells=entry.cells,
        )  # fmt: skip
        assert bytes(entry.digest) == merkle.leaf(row)
        hashes.append(merkle.leaf(row))
    assert publication.root == merkle.root(hashes).hex()


def test_the_act_is_on_record_with_its_root_and_its_files_are_ordered(money: Money) -> None:
    ref = hand_in(money)
    publication = publishing.publish([ref], title="教育局预算", by=money.officers["finance_publisher"])
    (event,) = ledger.history(ref_of(publication))
    assert event.verb == "publish"
    assert event.facts["root"] == publication.root
    assert event.facts["rows"] == 2
    assert event.facts["submissions"] == [ref]
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'disclosures.write_exports'")
        assert '"ref": "' + ref_of(publication) in str(cursor.fetchall()).replace("'", '"')


def test_a_correction_changes_only_the_rows_that_differ(money: Money) -> None:
    ref = hand_in(money, rows=[*ROWS, detail("2050299", "30299", 70)])
    first = publishing.publish([ref], by=SYSTEM)
    later = [ROWS[0], detail("2050202", "30201", 300_000, project="教师培训"), detail("2050203", "30201", 5)]
    with clocks.at(first.published_at + timedelta(days=3)):
        corrected = hand_in(money, rows=later, corrects=ref, reason="培训费算错")
        second = publishing.publish([corrected], by=SYSTEM)
    assert second.corrects == first
    assert second.reason == "培训费算错"
    assert second.title.endswith("（更正）")
    assert second.rows == 2
    kept = Entry.objects.public().get(cells__function="2050201")
    assert kept.publication == first
    assert Entry.objects.closed_by(second).count() == 2
    assert shown(money, on=first.published_at) == {
        papers.key_of("department_budget", "detail", row): row for row in [*ROWS, detail("2050299", "30299", 70)]
    }
    assert shown(money) == {papers.key_of("department_budget", "detail", row): row for row in later}
    assert sum(Appropriation.objects.public().values_list("amount_fen", flat=True)) == 1_300_005
    assert sum(Appropriation.objects.public(first.published_at).values_list("amount_fen", flat=True)) == 1_250_120
    assert ledger.history(ref_of(second))[0].facts["closed_rows"] == 2


def test_a_correction_may_take_everything_off_the_page(money: Money) -> None:
    ref = hand_in(money)
    publishing.publish([ref], by=SYSTEM)
    second = publishing.publish([hand_in(money, rows=[], corrects=ref, note="项目取消")], by=SYSTEM)
    assert second.rows == 0
    assert second.root == merkle.EMPTY.hex()
    assert shown(money) == {}


def test_an_empty_table_is_published_as_one(money: Money) -> None:
    ref = hand_in(money, rows=[], note="本单位没有政府性基金预算拨款")
    publication = publishing.publish([ref], by=SYSTEM)
    assert publication.rows == 0
    assert list(publication.submissions.values_list("note", flat=True)) == ["本单位没有政府性基金预算拨款"]


def _refused(code: str, refs: list[str], by: Officer = SYSTEM) -> str:
    with pytest.raises(Refused) as refusal:
        publishing.publish(refs, by=by)
    assert refusal.value.code == code
    assert not Publication.objects.filter(units=99).exists()
    return refusal.value.sentence


def test_what_may_not_become_one_publication_is_refused(money: Money) -> None:
    checked = hand_in(money, stage="checked")
    assert checked in _refused("not_signed", [checked])
    _refused("nothing_chosen", [])
    _refused("mixed", [hand_in(money, "civil"), hand_in(money, "civil", version="final")])
    _refused("twice", [hand_in(money), hand_in(money)])
    payments = hand_in(money, rows=[], template="payments")
    _refused("not_a_table", [payments])
    BudgetUnit.objects.filter(unit_id=money.units["civil"].id).update(withheld=True)
    _refused("withheld", [hand_in(money, "civil")])


def test_a_table_on_the_page_changes_only_by_a_correction_of_its_newest_version(money: Money) -> None:
    first = hand_in(money)
    publishing.publish([first], by=SYSTEM)
    _refused("already_published", [hand_in(money)])
    one, other = hand_in(money, corrects=first), hand_in(money, rows=ROWS[:1], corrects=first)
    publishing.publish([one], by=SYSTEM)
    _refused("outdated", [other])
    assert len(shown(money)) == 2
    _refused("not_signed", [first])


MAY = {
    "finance_publisher": {"education", "school"},
    "education_head": {"education"},
    "school_head": {"school"},
}


@pytest.mark.parametrize(
    "who",
    [
        *("finance_publisher", "finance_clerk", "finance_head", "finance_budget", "education_head", "education_leader"),
        *("education_clerk", "school_head", "school_clerk", "civil_head", "bank_banker"),
    ],
)
def test_who_may_publish(money: Money, who: str) -> None:
    by = money.officers[who]
    for unit in ("education", "school"):
        ref = hand_in(money, unit)
        if unit in MAY.get(who, set()):
            publication = publishing.publish([ref], by=by)
            of_finance = who.startswith("finance")
            assert publication.publisher_id == money.units["finance" if of_finance else unit].id
            assert publication.office == by.label
        else:
            sees = who.startswith(("finance", "education", unit))  # the school stands under the bureau
            with pytest.raises(Refused) as refusal:
                publishing.publish([ref], by=by)
            assert refusal.type is (Refused if sees else Absent)


# --- the whole city


def city(**facts: Any) -> Publication:
    told = {
        "finance": "211400-CZJ",
        "fiscal_year": 2007,
        "version": "initial",
        "title": "2007 年部门预算",
        "by": SYSTEM,
    }
    return publishing.publish_city(**told | facts)


def test_a_city_is_published_by_one_act_and_its_progress_told(money: Money) -> None:
    refs = [hand_in(money, who) for who in ("education", "school", "civil")]
    steps: list[tuple[int, int]] = []
    publication = city(tell=lambda done, total: steps.append((done, total)), by=money.officers["finance_publisher"])
    assert steps == [(3, 3)]
    assert publication.units == 3
    assert publication.rows == 6
    assert {papers.submission(ref).published_at for ref in refs} == {publication.published_at}
    leaves = list(publication.entries.order_by("leaf").values_list("leaf", flat=True))
    assert leaves == list(range(6))
    with pytest.raises(Refused, match="没有等待公开"):
        city()


def test_a_city_with_one_unit_missing_publishes_nothing_and_names_it(money: Money) -> None:
    hand_in(money, "education")
    hand_in(money, "school", stage="checked")
    with pytest.raises(Refused, match=r"还有 2 个单位没有签发.*市一高、市民政局") as refusal:
        city()
    assert refusal.value.code == "not_ready"
    assert not Publication.objects.exists()
    assert shown(money) == {}


def test_a_withheld_unit_is_not_waited_for(money: Money) -> None:
    BudgetUnit.objects.filter(unit_id=money.units["civil"].id).update(withheld=True)
    for who in ("education", "school", "civil"):
        hand_in(money, who)
    assert city().units == 2
    assert shown(money, "civil") == {}


def test_a_unit_that_published_before_is_left_as_it_is(money: Money) -> None:
    publishing.publish([hand_in(money, "education")], by=money.officers["education_head"])
    hand_in(money, "school")
    hand_in(money, "civil")
    assert city().units == 2


def test_a_failure_midway_leaves_nothing(money: Money) -> None:
    for who in ("education", "school", "civil"):
        hand_in(money, who)

    def fall(done: int, total: int) -> None:
        raise OSError

    with pytest.raises(OSError), transaction.atomic():  # noqa: PT011 - our own
        city(tell=fall)
    assert not Publication.objects.exists()
    assert shown(money) == {}


@pytest.mark.parametrize(
    ("who", "kind"),
    [("finance_clerk", Refused), ("finance_head", Refused), ("education_head", Absent), ("bank_banker", Absent)],
)
def test_only_the_bureaus_publisher_publishes_a_city(money: Money, who: str, kind: type[Refused]) -> None:
    hand_in(money)
    with pytest.raises(Refused) as refusal:
        city(by=money.officers[who])
    assert refusal.type is kind


def test_the_page_holds_a_row_once(money: Money) -> None:
    publication = publishing.publish([hand_in(money)], by=SYSTEM)
    row = Entry.objects.public().first()
    assert row is not None
    row.pk, row.leaf = None, 77
    row.submission = papers.submission(hand_in(money, rows=[]))
    with pytest.raises(IntegrityError, match="entry_one_on_the_page"), transaction.atomic():
        row.save(force_insert=True)
    assert publication.entries.count() == 2
