"""The desk's page of publishing: who sees what, the button and what it answers, the progress."""

import pytest
from django.test import Client

from minxin.directory.models import Person
from minxin.disclosures.actions import city
from minxin.disclosures.models import CityRun, Publication
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.reports import publishing as reports
from minxin.disclosures.tests import papers
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import detail

ROWS = {"detail": [detail("2050201", "30101", 700)]}


def hand_in(money: Money, *who: str, **facts: str) -> list[str]:
    finance = money.units["finance"].id
    return [papers.signed(money.units[unit].id, ROWS, finance=finance, **facts) for unit in who]  # type: ignore[arg-type]


def enter(client: Client, money: Money, who: str) -> Client:
    client.force_login(Person.objects.get(pk=money.officers[who].id))
    return client


def test_a_unit_sees_its_own_and_finance_sees_all(client: Client, money: Money) -> None:
    mine, other = hand_in(money, "education", "civil")
    page = enter(client, money, "education_head").get("/desk/publishing/").content.decode()
    assert mine in page
    assert other not in page
    assert "全市一次性公开" not in page
    page = enter(client, money, "finance_publisher").get("/desk/publishing/?year=2007&version=initial").content.decode()
    assert mine in page
    assert other in page
    assert "还没有签发的单位" in page
    assert "市一高" in page
    assert enter(client, money, "school_clerk").get("/desk/publishing/").status_code == 404
    assert enter(client, money, "finance_head").get("/desk/publishing/").content.decode().count('name="refs"') == 0


def test_the_chosen_ones_are_published(client: Client, money: Money) -> None:
    refs = hand_in(money, "education", "civil")
    enter(client, money, "finance_publisher")
    answer = client.post("/desk/publishing/acts/", {"refs": refs, "title": "两个单位"})
    found = Publication.objects.get()
    assert answer["Location"] == f"/publications/{ref_of(found)}/"
    assert (found.title, found.units) == ("两个单位", 2)


def test_a_refusal_keeps_what_was_chosen(client: Client, money: Money) -> None:
    refs = hand_in(money, "education") + hand_in(money, "civil", version="final")
    enter(client, money, "finance_publisher")
    answer = client.post("/desk/publishing/acts/", {"refs": refs, "title": "不同版本"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "请分开公开" in page
    assert page.count(" checked") == 2
    assert 'value="不同版本"' in page
    assert client.post("/desk/publishing/acts/", {}).status_code == 409


def test_a_city_goes_through_its_run(client: Client, money: Money) -> None:
    hand_in(money, "education", "school", "civil")
    enter(client, money, "finance_publisher")
    assert "一次性公开 3 个单位" in client.get("/desk/publishing/?year=2007&version=initial").content.decode()
    given = {"finance": "211400-CZJ", "year": "2007", "version": "initial", "title": "全市 2007 年预算"}
    answer = client.post("/desk/publishing/city/", given)
    run = CityRun.objects.get()
    assert answer["Location"] == f"/desk/publishing/runs/{run.pk}/"
    page = client.get(answer["Location"]).content.decode()
    assert "<progress" in page
    assert "已排队" in page
    told = client.get(f"/desk/publishing/runs/{run.pk}/progress/").json()
    assert told == {"done": 0, "total": 3, "sentence": "已排队，马上开始。共 3 个单位。", "finished": False, "href": ""}
    assert "正在公开" in client.get("/desk/publishing/?year=2007").content.decode()
    city.carry_out(run=run.pk)
    told = client.get(f"/desk/publishing/runs/{run.pk}/progress/").json()
    ref = ref_of(Publication.objects.get())
    assert told["finished"]
    assert told["href"] == f"/publications/{ref}/"
    assert ref in client.get(f"/desk/publishing/runs/{run.pk}/").content.decode()


def test_a_city_that_is_not_ready_is_refused_on_the_page(client: Client, money: Money) -> None:
    hand_in(money, "education")
    enter(client, money, "finance_publisher")
    given = {"finance": "211400-CZJ", "year": "2007", "version": "initial", "title": "全市"}
    answer = client.post("/desk/publishing/city/", given)
    assert answer.status_code == 409
    assert "还有 2 个单位没有签发" in answer.content.decode()
    assert client.post("/desk/publishing/city/", given | {"finance": "nobody"}).status_code in {404, 409}


@pytest.mark.parametrize("who", ["education_head", "school_clerk", "bank_banker"])
def test_nobody_else_watches_a_run(client: Client, money: Money, who: str) -> None:
    hand_in(money, "education", "school", "civil")
    run = city.ask(
        finance="211400-CZJ", fiscal_year=2007, version="initial", title="x", by=money.officers["finance_publisher"]
    )  # fmt: skip
    enter(client, money, who)
    for address in (f"/desk/publishing/runs/{run.pk}/", f"/desk/publishing/runs/{run.pk}/progress/"):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize("many", [1, 25])
def test_the_page_asks_as_much_for_many_as_for_one(money: Money, django_assert_num_queries, many: int) -> None:
    for number in range(many):
        papers.signed(
            money.units["education"].id, ROWS, finance=money.units["finance"].id, fiscal_year=1990 + number
        )  # fmt: skip
    by = money.officers["finance_publisher"]
    with django_assert_num_queries(1):
        assert len(reports.waiting(by)) == many
    with django_assert_num_queries(4):
        assert reports.city(by, year=2007, version="initial") is not None
