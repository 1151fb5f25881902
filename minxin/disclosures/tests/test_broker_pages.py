"""The desk's pages of the broker, its API, and the rules in public: opened by those who work there."""

import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from minxin.directory.actions import tokens
from minxin.directory.models import Person
from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import intake, signing
from minxin.disclosures.models import Submission
from minxin.disclosures.models.broker import ref_of
from minxin.disclosures.reports import broker as reports
from minxin.disclosures.rules.codes import SubmissionStage as S
from minxin.disclosures.tests.broker_sheets import NOTE, clean, workbook
from minxin.disclosures.tests.cast import Money
from minxin.kernel import clocks, files, sheets


@pytest.fixture(autouse=True)
def _then(db: None) -> Iterator[None]:
    with clocks.at(datetime(2007, 3, 1, 9, tzinfo=clocks.ZONE)), files.using(files.Memory()):
        yield


def browser(money: Money, who: str) -> Client:
    """A browser in which this officer has signed in."""
    client = Client()
    client.force_login(Person.objects.get(pk=money.officers[who].id))
    return client


def upload(money: Money, data: bytes, name: str = "预算.xlsx", *, who: str = "education_clerk", **typed: Any) -> Any:
    facts = {"unit": "211400-JYJ", "template": "department_budget", "fiscal_year": "2007", "version": "initial",
             "note": NOTE, **typed}  # fmt: skip
    return browser(money, who).post("/desk/submissions/new/", {**facts, "file": SimpleUploadedFile(name, data)})


def spoilt() -> bytes:
    found = clean()
    found["overview"][0]["amount"] += 1
    return workbook(found)


def test_a_clerk_uploads_and_reads_the_report(money: Money) -> None:
    answer = upload(money, spoilt())
    made = Submission.objects.get()
    assert answer["Location"] == f"/desk/submissions/{ref_of(made)}/"
    page = browser(money, "education_clerk").get(answer["Location"])
    for words in ("校核没有通过", "表1 收支总表", "请核对", "改好后再上传", "D03", "预算.xlsx"):
        assert words in page.text
    assert ">签发<" not in page.text


def test_the_head_signs_on_the_page_and_the_clerk_is_not_offered_it(money: Money) -> None:
    where = upload(money, workbook(clean()))["Location"]
    assert "签发</button>" not in browser(money, "education_clerk").get(where).text
    head = browser(money, "education_head")
    assert "签发</button>" in head.get(where).text
    assert head.post(f"{where}sign/")["Location"] == where
    assert "已签发" in head.get(where).text
    refused = head.post(f"{where}sign/")
    assert refused.status_code == 422
    assert "不能签发" in refused.text
    assert "只有本单位一把手可以签发" in browser(money, "education_clerk").post(f"{where}sign/").text


def test_withdrawing_asks_for_a_reason_and_keeps_what_was_typed(money: Money) -> None:
    where = upload(money, workbook(clean()))["Location"]
    clerk = browser(money, "education_clerk")
    assert clerk.post(f"{where}withdraw/", {"reason": ""}).status_code == 422
    clerk.post(f"{where}withdraw/", {"reason": "要补一张表"})
    assert "要补一张表" in clerk.get(where).text


def test_a_refused_file_gives_back_what_was_typed_and_says_what_to_do(money: Money) -> None:
    answer = upload(money, b"%PDF-1.7", "a.pdf", note="本单位没有基金收支")
    assert answer.status_code == 422
    assert "只能导入 xlsx 或 csv 文件" in answer.text
    assert "本单位没有基金收支" in answer.text


def test_a_file_over_ten_megabytes_is_refused_by_its_size(money: Money) -> None:
    answer = upload(money, b"1" * (sheets.MOST_BYTES + 1), "a.csv")
    assert (answer.status_code, "超过 10 MB" in answer.text) == (422, True)


def test_two_hundred_megabytes_do_not_pass_the_gate(money: Money) -> None:
    answer = browser(money, "education_clerk").post(
        "/desk/submissions/new/", b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(200 * 2**20)
    )
    assert answer.status_code == 413
    assert "MB" in answer.text


def test_everybody_sees_his_own_and_the_finance_bureau_all(money: Money) -> None:
    ref = upload(money, workbook(clean()))["Location"].split("/")[3]
    for who, seen in (("education_clerk", True), ("finance_budget", True), ("school_clerk", False),
                      ("civil_head", False), ("bank_banker", False)):  # fmt: skip
        client = browser(money, who)
        assert (ref in client.get("/desk/submissions/").text) is seen, who
        for address in ("", "findings/", "file/"):
            assert client.get(f"/desk/submissions/{ref}/{address}").status_code == (200 if seen else 404), who


def test_the_list_narrows_and_ignores_nonsense(money: Money) -> None:
    ref = upload(money, workbook(clean()))["Location"].split("/")[3]
    client = browser(money, "finance_budget")
    seen_by = {
        "stage=checked": True,
        "stage=failed": False,
        "fiscal_year=2007&unit=教育局": True,
        "unit=民政": False,
        "template=payments": False,
        "stage=x&fiscal_year=y&before=z": True,
    }
    for query, seen in seen_by.items():
        assert (ref in client.get(f"/desk/submissions/?{query}").text) is seen, query


def test_the_findings_come_as_a_table_and_the_file_as_it_was(money: Money) -> None:
    data = spoilt()
    where = upload(money, data)["Location"]
    client = browser(money, "education_clerk")
    table = client.get(f"{where}findings/").content.decode("utf-8-sig")
    assert "轻重,表,行,列,写的是,应当对上,相差,问题和怎样改,规则" in table
    assert "D03" in table
    assert client.get(f"{where}file/").content == data


@pytest.mark.parametrize("kind", ["department_budget", "payments"])
@pytest.mark.parametrize("version", ["initial", "final"])
def test_a_template_has_the_unit_s_codes_and_is_read_back_as_empty(money: Money, kind: str, version: str) -> None:
    version = "" if kind == "payments" else version
    query = f"unit=211400-JYJ&template={kind}&fiscal_year=2007&version={version}"
    client = browser(money, "education_clerk")
    for form in ("", "&as=csv"):
        answer = client.get(f"/desk/submissions/template/?{query}{form}")
        assert answer.status_code == 200
        name = "a.csv" if form else "a.xlsx"
        if not form and kind == "department_budget":
            book = load_workbook(io.BytesIO(answer.content))
            income = book["表2 收入决算表" if version == "final" else "表2 收入总表"]
            assert [income.cell(n, 1).value for n in (2, 3, 4)] == ["合计", "205", "205001"]
            assert "填写说明" in book.sheetnames
        made = intake.hand_in(
            unit="211400-JYJ", template=kind, fiscal_year=2007, version=version, name=name, data=answer.content,
            note="空表", by=money.officers["education_clerk"],
        )  # fmt: skip
        assert made.rows == 0
        shape = [f.message for f in made.findings.all() if f.rule.startswith("S")]
        assert shape == []


def test_a_template_of_somebody_else_does_not_exist(money: Money) -> None:
    query = "unit=211400-MZJ&template=payments&fiscal_year=2007"
    assert browser(money, "education_clerk").get(f"/desk/submissions/template/?{query}").status_code == 404
    assert browser(money, "education_clerk").get("/desk/submissions/template/").status_code == 422


def test_who_hands_in_nothing_is_told_so(money: Money) -> None:
    assert "您的岗位不报送报表" in browser(money, "bank_banker").get("/desk/submissions/new/").text


def test_the_bureau_may_hand_in_the_government_s_budget(money: Money) -> None:
    assert [sender.code for sender in reports.senders(money.officers["finance_budget"])][:1] == ["211400-CZJ"]
    assert {sender.budget for sender in reports.senders(money.officers["education_clerk"])} == {"205", "205001"}


def test_the_rules_are_public_with_words_and_basis(client: Client, money: Money) -> None:
    page = client.get("/publications/rules/")
    assert page.status_code == 200
    for words in ("D02", "P15", "GB 32100-2015", "预算法", "收入总计 …，支出总计 …，相差 …"):
        assert words in page.text
    assert "sessionid" not in page.cookies


@pytest.mark.parametrize("number", [1, 25])
def test_a_list_and_a_page_cost_the_same_for_one_row_and_for_many(
    money: Money, number: int, django_assert_num_queries: Any
) -> None:
    with clocks.at(datetime(2007, 3, 1, 9, tzinfo=clocks.ZONE)):
        for month in range(number):
            intake.hand_in_rows(
                unit=money.units["education"], template="payments", fiscal_year=2007, external_id=str(month),
                sheets={"payments": [{"unit": "205", "amount": "x"}] * number}, by=money.officers["education_clerk"],
            )  # fmt: skip
    by = money.officers["education_clerk"]
    with django_assert_num_queries(1):
        rows, _ = reports.listing(by, reports.Narrow())
    assert len(rows) == number
    with django_assert_num_queries(3):
        page = reports.page(rows[0].ref, by=by)
    assert sum(len(group.findings) for group in page.groups) >= number
    with django_assert_num_queries(1):
        reports.senders(by)
    with django_assert_num_queries(1):
        reports.rules()


# --- the API


def call(money: Money, who: str, method: str, address: str, body: Any = None) -> Any:
    person = Person.objects.get(pk=money.officers[who].id)
    token = tokens.issue_token(by=SYSTEM, person=person.username)
    return Client().generic(
        method, f"/api/v1/desk/submissions{address}", json.dumps(body) if body is not None else b"",
        content_type="application/json", headers={"authorization": f"Bearer {token}"},
    )  # fmt: skip


def batch(**more: Any) -> dict[str, Any]:
    rows = {code: [{name: str(cell) for name, cell in row.items()} for row in found] for code, found in clean().items()}
    return {"unit": "211400-JYJ", "template": "department_budget", "fiscal_year": 2007, "version": "initial",
            "external_id": "YS-2007-1", "sheets": rows, "note": NOTE, **more}  # fmt: skip


def test_a_system_pushes_a_batch_twice_and_it_is_one(money: Money) -> None:
    made = call(money, "education_clerk", "POST", "", batch())
    assert (made.status_code, made.json()["stage"], made.json()["findings"]) == (201, "checked", [])
    again = call(money, "education_clerk", "POST", "", batch())
    assert (again.status_code, again.json()["ref"]) == (200, made.json()["ref"])
    other = call(money, "education_clerk", "POST", "", batch(note="别的", sheets={"detail": []}))
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert Submission.objects.count() == 1


def test_a_batch_with_faults_is_answered_with_its_report(money: Money) -> None:
    body = batch()
    body["sheets"]["detail"][0] |= {"amount": "一百元", "colour": "红"}
    answer = call(money, "education_clerk", "POST", "", body)
    assert (answer.status_code, answer.json()["stage"]) == (201, "failed")
    found = {(f["rule"], f["row"], f["value"]) for f in answer.json()["findings"]}
    assert {("S06", 2, "一百元"), ("S04", 1, "colour")} <= found
    ref = answer.json()["ref"]
    assert call(money, "finance_budget", "GET", f"/{ref}").json()["fatal"] == answer.json()["fatal"]
    assert call(money, "civil_clerk", "GET", f"/{ref}").status_code == 404


def test_the_head_s_program_signs_and_takes_back(money: Money) -> None:
    ref = call(money, "education_clerk", "POST", "", batch()).json()["ref"]
    assert call(money, "education_clerk", "POST", f"/{ref}/sign").status_code == 403
    assert call(money, "education_head", "POST", f"/{ref}/sign").json()["stage"] == S.SIGNED
    taken = call(money, "education_head", "POST", f"/{ref}/withdraw", {"reason": "再核对"})
    assert taken.json()["stage"] == S.WITHDRAWN


@pytest.mark.parametrize(
    "spoil",
    [
        {"unit": "没有"},
        {"template": "没有"},
        {"version": "没有"},
        {"sheets": {"没有": []}},
        {"sheets": {"detail": [{"unit": {"a": 1}}]}},
        {"fiscal_year": 12},
        {"external_id": ""},
        {"more": 1},
    ],
)
def test_a_malformed_batch_is_refused_with_a_problem(money: Money, spoil: dict[str, Any]) -> None:
    answer = call(money, "education_clerk", "POST", "", batch(**spoil))
    assert answer.status_code in {404, 422}
    assert answer["Content-Type"] == "application/problem+json"


def test_without_a_token_the_door_is_shut(money: Money) -> None:
    assert Client().post("/api/v1/desk/submissions", batch(), content_type="application/json").status_code == 401


def test_signing_in_the_page_is_the_action(money: Money) -> None:
    where = upload(money, workbook(clean()))["Location"]
    signing.sign(where.split("/")[3], by=money.officers["education_head"])
    assert Submission.objects.get().stage == S.SIGNED
