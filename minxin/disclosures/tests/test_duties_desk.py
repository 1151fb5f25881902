"""The desk of duties: who sees what is due, what each still needs, how an approval is registered and counted out."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client

from minxin.directory.models import Person
from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import duties, publishing
from minxin.disclosures.models import Duty, DutyRule, Ratification
from minxin.disclosures.models.publication import ref_of
from minxin.disclosures.reports import duties_desk as reports
from minxin.disclosures.rules.duties import Look
from minxin.disclosures.tests import papers
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.papers import detail
from minxin.disclosures.tests.pipe_walk import refused
from minxin.kernel import clocks
from minxin.kernel.errors import Absent
from minxin.ledger import reports as ledger

FINANCE = "211400-CZJ"
LIST, APPROVALS, NEW = "/desk/duties/", "/desk/duties/approvals/", "/desk/duties/approvals/new/"
TYPED = {"finance": FINANCE, "fiscal_year": "2007", "version": "initial", "ratifier": "finance", "department": "",
         "on": "2007-01-22", "doc_no": "葫财预〔2007〕1号"}  # fmt: skip


@pytest.fixture(autouse=True)
def _then(db: None) -> Iterator[None]:
    with clocks.at(datetime(2007, 2, 6, 9, tzinfo=clocks.ZONE)):
        yield


def enter(money: Money, who: str) -> Client:
    client = Client()
    client.force_login(Person.objects.get(pk=money.officers[who].id))
    return client


def ratify(ratifier: str = "finance", on: date = date(2007, 1, 22), **more: Any) -> Ratification:
    facts = {"finance": FINANCE, "fiscal_year": 2007, "version": "initial", "doc_no": "葫财预〔2007〕1号", "by": SYSTEM}
    return duties.ratify(**facts | more, ratifier=ratifier, on=on)


def refs(by: Any, look: Look = Look.OPEN, **narrow: Any) -> list[tuple[str, str]]:
    rows, _ = reports.listing(by, look, reports.Narrow(**narrow))
    return [(row.duty.unit.code, row.words) for row in rows]


def test_everybody_sees_his_own_and_the_finance_bureau_all(money: Money) -> None:
    ratify()
    ratify("department", on=date(2007, 1, 10))
    education, civil, school = "211400-JYJ", "211400-MZJ", "211400-YZ"
    last = "还有 6 天"  # 22 January and 20 days: Sunday 11 February, so Monday 12
    assert refs(money.officers["finance_budget"]) == [(school, "逾期 7 天"), (education, last), (civil, last)]
    assert refs(money.officers["school_head"]) == [(school, "逾期 7 天")]
    assert refs(money.officers["education_clerk"]) == [(school, "逾期 7 天"), (education, last)]
    assert refs(money.officers["civil_leader"]) == [(civil, last)]
    assert refs(money.officers["bank_head"]) == []


def test_each_view_holds_its_own_and_narrows(money: Money) -> None:
    ratify("congress", on=date(2007, 1, 2))
    ratify()
    by = money.officers["finance_publisher"]
    counted = reports.counts(by, reports.Narrow())
    assert counted == {Look.OPEN: 3, Look.MISSING: 1, Look.SOON: 2, Look.WAITING: 1, Look.DONE: 0}
    assert refs(by, Look.MISSING) == [(FINANCE, "逾期 15 天")]
    assert refs(by, Look.WAITING) == [("211400-YZ", "未到起算")]
    assert [code for code, _ in refs(by, kind="DEPT_BUDGET", unit="民政")] == ["211400-MZJ"]
    assert refs(by, fiscal_year=2006) == []
    page = enter(money, "finance_publisher").get(LIST, {"look": "x", "fiscal_year": "y", "kind": "z", "after": "w"})
    assert "逾期 15 天" in page.text


def test_a_row_says_what_is_handed_in_and_what_is_next(money: Money) -> None:
    ratify()
    head, publisher = enter(money, "education_head"), enter(money, "finance_publisher")
    assert (
        "unit=211400-JYJ&amp;template=department_budget&amp;fiscal_year=2007&amp;version=initial" in head.get(LIST).text
    )
    assert "unit=211400-JYJ" not in publisher.get(LIST).text, "others' tables are theirs to hand in"
    finance = money.units["finance"].id
    ref = papers.signed(money.units["education"].id, {"detail": [detail("2050201", "30101", 700)]}, finance=finance)
    for client in (head, publisher):
        page = client.get(LIST).text
        assert ref in page
        assert "去公开" in page
    assert "去公开" not in enter(money, "education_clerk").get(LIST).text
    published = ref_of(publishing.publish([ref], by=SYSTEM))
    assert published in publisher.get(LIST, {"look": "done"}).text
    page = head.get("/desk/duties/211400-JYJ/2007/DEPT_BUDGET/").text
    assert "已经公开" in page
    assert published in page


def test_a_duty_s_page_counts_its_day_out_and_tells_what_happened(money: Money) -> None:
    made = ratify()
    with clocks.at(datetime(2007, 3, 1, 9, tzinfo=clocks.ZONE)):
        duties.watch()
        page = enter(money, "civil_clerk").get("/desk/duties/211400-MZJ/2007/DEPT_BUDGET/").text
    expected = ("2007年2月12日", "期限顺延到这一天", "期限到 2007-02-13，没有公开", "理财“六公开”制度", "上传报表")
    for words in (*expected, "葫财预〔2007〕1号", f"/desk/duties/approvals/{made.pk}/"):
        assert words in page, words


EVERYBODY = [f"finance_{role}" for role in ("budget", "publisher", "head", "clerk", "leader", "cashier")]
EVERYBODY += ["education_head", "education_clerk", "school_leader", "civil_head", "bank_head", "bank_banker"]
REGISTERS = {"finance_budget", "finance_publisher", "finance_head"}


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_open_and_who_may_register(money: Money, who: str) -> None:
    made = ratify(department="211400-JYJ")
    client, reads = enter(money, who), not who.endswith(("cashier", "banker"))
    mine = who.startswith(("finance", "education", "school"))
    assert client.get(LIST).status_code == (200 if reads else 404)
    assert client.get(APPROVALS).status_code == (200 if reads else 404)
    concerns = who.startswith(("finance", "education", "school", "civil"))
    assert client.get(f"{APPROVALS}{made.pk}/").status_code == (200 if reads and concerns else 404)
    duty = client.get("/desk/duties/211400-JYJ/2007/DEPT_BUDGET/").status_code
    assert duty == (200 if reads and mine and not who.startswith("school") else 404)
    assert (NEW in client.get(LIST).text) is (who in REGISTERS)
    assert client.get(NEW).status_code == (200 if who in REGISTERS else 404)
    answer = client.post(NEW, TYPED | {"department": "211400-MZJ"})
    assert answer.status_code == (302 if who in REGISTERS else 404)
    assert Ratification.objects.count() == (2 if who in REGISTERS else 1)


def test_nobody_s_pages_and_nonsense_are_absent(money: Money) -> None:
    ratify()
    client = enter(money, "finance_budget")
    for address in ("211400-JYJ/2007/NO/", "211400-JYJ/1999/DEPT_BUDGET/", "NO/2007/DEPT_BUDGET/", "approvals/0/",
                    f"approvals/{10**30}/"):  # fmt: skip
        assert client.get(f"{LIST}{address}").status_code == 404, address
    assert Client().get(LIST).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"on": "2007-02-07"}, "批准日期不能晚于今天"),
        ({"on": "上周三"}, "日期请写成 2026-03-07 的样子"),
        ({"doc_no": "  "}, "文号"),
        ({"fiscal_year": "7"}, "1990"),
        ({"version": "executed"}, "executed"),
        ({"ratifier": "congress", "department": "211400-JYJ"}, "不分部门"),
        ({"department": "211400-YZ"}, "211400-YZ"),
        ({"finance": "211400-JYJ"}, "211400-JYJ"),
    ],
)
def test_what_is_wrong_is_said_and_all_that_was_typed_is_kept(
    money: Money, wrong: dict[str, str], sentence: str
) -> None:
    client = enter(money, "finance_budget")
    for button in ({}, {"preview": "1"}):
        typed = TYPED | {"doc_no": "葫财预〔2007〕9号"} | wrong
        answer = client.post(NEW, typed | button)
        if wrong.get("on") == "2007-02-07" and button:
            continue  # what would follow from a day to come may be asked
        assert answer.status_code == 422
        assert sentence in answer.text
        for name in ("doc_no", "on", "fiscal_year"):
            assert f'value="{typed[name].strip()}"' in answer.text or not typed[name].strip(), name
    assert not Ratification.objects.exists()


def test_the_same_twice_is_refused_on_the_page(money: Money) -> None:
    ratify()
    answer = enter(money, "finance_budget").post(NEW, TYPED | {"doc_no": "另一个文号"})
    assert answer.status_code == 422
    assert "已经登记过" in answer.text
    assert "另一个文号" in answer.text


def test_a_unit_that_keeps_no_budgets_approves_nothing(money: Money) -> None:
    with refused("forbidden", "财政部门的业务科室"):
        ratify("congress", finance="211400-JYJ", by=money.officers["education_head"])
    for wrong in ("211400-YZ", "211400-CZJ"):
        with refused("invalid", "不是本级财政的部门"):
            ratify(department=wrong)
    with refused("invalid", "不分部门"):
        ratify("congress", department="211400-JYJ")
    assert not Duty.objects.exists()


def test_an_approval_is_tried_registered_and_read(money: Money) -> None:
    """The walk: what would follow, the act, its page, the list of duties, one of them."""
    client = enter(money, "finance_budget")
    assert "登记批准" in client.get(LIST).text
    tried = client.post(NEW, TYPED | {"preview": "1"}).text
    for words in ("登记以后会有这些期限", "2 个单位", "2007年2月12日", "期限顺延到这一天", "葫财预〔2007〕1号"):
        assert words in tried, words
    assert not Ratification.objects.exists()
    where = client.post(NEW, TYPED)["Location"]
    assert where == f"{APPROVALS}{Ratification.objects.get().pk}/"
    page = client.get(where).text
    for words in ("已登记，期限从批准次日起算", "财政部门批复", "2 个单位", "2007年2月12日", "第 1 天"):
        assert words in page, words
    assert "葫财预〔2007〕1号" in client.get(APPROVALS).text
    assert "还有 6 天" in client.get(LIST, {"fiscal_year": "2007", "kind": "DEPT_BUDGET"}).text
    event = ledger.history(f"unit:{FINANCE}")[-1]
    assert (event.verb, event.facts["doc_no"], event.facts["duties"]) == ("ratify", "葫财预〔2007〕1号", 2)


def many_duties(money: Money, many: int) -> None:
    rule = DutyRule.objects.get(code="UNIT_BUDGET", valid_from=date(2005, 1, 1))
    facts = {"rule": rule, "unit_id": money.units["school"].id, "finance_id": money.units["finance"].id}
    due = datetime(2007, 2, 8, tzinfo=clocks.ZONE)
    Duty.objects.bulk_create(
        Duty(**facts, fiscal_year=2000 + n, started_on=date(2007, 1, 2), due_at=due) for n in range(many)
    )


@pytest.mark.parametrize("many", [1, 25])
def test_pages_ask_as_much_for_many_as_for_one(money: Money, django_assert_num_queries: Any, many: int) -> None:
    many_duties(money, many)
    for n in range(many):
        ratify(fiscal_year=2100 + n)
    by = money.officers["finance_budget"]
    with django_assert_num_queries(1):
        assert reports.counts(by, reports.Narrow())[Look.OPEN] == 3 * many
    with django_assert_num_queries(2):
        assert len(reports.listing(by, Look.OPEN, reports.Narrow(kind="UNIT_BUDGET"))[0]) == many
    with django_assert_num_queries(1):
        rows, _ = reports.approvals(by)
    with django_assert_num_queries(3):
        (_found, follows) = reports.approval(rows[0].key, by=by)
    assert (len(rows), [one.units for one in follows]) == (many, [2])
    with django_assert_num_queries(4):
        reports.page("211400-YZ", 2000, "UNIT_BUDGET", by=by)
    with pytest.raises(Absent):
        reports.page("211400-YZ", 2000, "UNIT_BUDGET", by=money.officers["civil_head"])


def test_later_pages_go_on_behind_the_last_row(money: Money, monkeypatch: pytest.MonkeyPatch) -> None:
    many_duties(money, 5)
    monkeypatch.setattr(reports, "PAGE", 2)
    by, seen, after = money.officers["finance_budget"], [], None
    for _ in range(3):
        rows, after = reports.listing(by, Look.OPEN, reports.Narrow(), after=after)
        seen += [row.duty.fiscal_year for row in rows]
    assert (seen, after) == ([2000, 2001, 2002, 2003, 2004], None)
