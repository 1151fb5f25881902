"""What a complainant's program can see and do with number and query code."""

import io
from datetime import timedelta

import pytest
from django.test import Client
from PIL import Image

from minxin.cases.models import Attachment, Message, SlipRow, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.tests.api_calls import FILING, call, problem
from minxin.cases.tests.public_cast import DAY, answered, published
from minxin.kernel import clocks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(cast):
    snapshot.forget()


@pytest.fixture
def filed(settings):
    settings.MINXIN_OPEN_FILING = True
    return call("POST", "/cases", FILING).json()


def mine(receipt):
    return {"x-query-code": receipt["code"]}


def test_the_track_tells_stage_timeline_due_date_with_every_day_and_what_may_be_done(filed):
    seen = call("GET", f"/cases/{filed['ref']}", **mine(filed)).json()
    assert (seen["stage"], seen["title"], seen["answer"], seen["rating"]) == ("filed", FILING["title"], "", None)
    assert [step["verb"] for step in seen["timeline"]] == ["file"]
    assert seen["due"]["due_at"] == seen["due_at"] == filed["due_at"]
    days = seen["due"]["days"]
    assert [day["number"] for day in days if day["counts"]] == list(range(1, 1 + sum(day["counts"] for day in days)))
    assert all(day["why"] for day in days)
    assert {"add", "urge", "withdraw"} <= set(seen["verbs"])


def test_code_and_number_are_read_as_people_type_them(filed):
    code = filed["code"]
    typed = f"{code[:4]} {code[4:].lower()}"
    assert call("GET", f"/cases/{filed['ref'].lower()}", **{"x-query-code": typed}).status_code == 200


@pytest.mark.parametrize("code", ["AAAAAAAA", " ", "'; --", "\xe9", "x" * 3000])
def test_a_wrong_code_opens_nothing(filed, code):
    problem(call("GET", f"/cases/{filed['ref']}", **{"x-query-code": code}), 404, "absent")
    problem(call("POST", f"/cases/{filed['ref']}/withdrawal", {}, **{"x-query-code": code}), 404, "absent")


@pytest.mark.parametrize(
    "ref", ["MX2026-0000001-0", "MX1999-9999999-1", "nonsense", "%E2%80%AE", "x" * 500, "%ED%A0%80"]
)
def test_a_case_that_is_not_there_is_absent(cast, ref):
    problem(call("GET", f"/cases/{ref}", **{"x-query-code": "AAAAAAAA"}), 404, "absent")


def test_a_missing_code_is_named(filed):
    problem(call("GET", f"/cases/{filed['ref']}"), 422, "invalid", "X-Query-Code")


def test_guessing_codes_is_stopped(filed):
    for _ in range(20):
        problem(call("GET", f"/cases/{filed['ref']}", **{"x-query-code": "AAAAAAAA"}), 404, "absent")
    problem(call("GET", f"/cases/{filed['ref']}", **{"x-query-code": "AAAAAAAA"}), 429, "too_many")


def test_add_urge_and_withdraw(filed):
    ref, key = filed["ref"], id_of(filed["ref"])
    assert call("POST", f"/cases/{ref}/additions", {"body": "补充：工资条在附件里。"}, **mine(filed)).status_code == 200
    assert call("POST", f"/cases/{ref}/urges", **mine(filed)).status_code == 200
    assert Message.objects.get(case_id=key).body == "补充：工资条在附件里。"
    assert SlipRow.objects.get(case_id=key).slip == "urge"
    problem(call("POST", f"/cases/{ref}/urges", {}, **mine(filed)), 422, "urged_today")
    answer = call("POST", f"/cases/{ref}/withdrawal", {"reason": "已解决"}, **mine(filed))
    assert answer.json() | {"due_at": ""} == {
        "ref": ref, "stage": "withdrawn", "stage_label": "已撤回", "due_at": "", "verbs": []
    }  # fmt: skip
    problem(call("POST", f"/cases/{ref}/additions", {"body": "再补充"}, **mine(filed)), 409, "stage")


def test_files_are_recognised_cleaned_and_listed(filed, settings, tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    picture.seek(0)
    picture.name = "../../工资条.png"
    client = Client(raise_request_exception=False)
    address = f"/api/v1/cases/{filed['ref']}/files"
    answer = client.post(address, {"files": [picture], "body": "工资条"}, headers=mine(filed))
    assert answer.status_code == 200, answer.content.decode()
    kept = Attachment.objects.get(case_id=id_of(filed["ref"]))
    assert "/" not in kept.name
    assert [f["ref"] for f in call("GET", f"/cases/{filed['ref']}", **mine(filed)).json()["files"]] == [kept.ref]
    bad = io.BytesIO(b"MZ\x90\x00 not a picture")
    bad.name = "virus.png"
    answer = client.post(address, {"files": [bad]}, headers=mine(filed))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "files"
    problem(client.post(address, {"body": "无"}, headers=mine(filed)), 422, "invalid", "files")


def test_an_answer_is_read_and_rated_and_may_be_asked_to_be_done_again(cast):
    case = answered(cast)
    code = {"x-query-code": case.code}
    seen = call("GET", f"/cases/{case.ref}", **code).json()
    assert "429 元" in seen["answer"]
    assert (seen["answered_by"], seen["resolution"], seen["stars"]) == ("绥中县财政局", "solved", 5)
    address = f"/cases/{case.ref}/rating"
    problem(
        call("PUT", address, {"satisfaction": 1, "contacted": True, "solved": False}, **code), 422, "reasons", "reasons"
    )
    problem(
        call("PUT", address, {"satisfaction": 6, "contacted": True, "solved": True}, **code),
        422,
        "invalid",
        "satisfaction",
    )
    problem(call("PUT", address, {"satisfaction": 5}, **code), 422, "invalid", "contacted")
    rated = call("PUT", address, {"satisfaction": 5, "contacted": True, "solved": True, "comment": "很快"}, **code)
    assert rated.json()["stage"] == "closed"
    assert call("GET", f"/cases/{case.ref}", **code).json()["rating"]["comment"] == "很快"
    problem(call("PUT", address, {"satisfaction": 4, "contacted": True, "solved": True}, **code), 409, "stage")
    assert call("POST", f"/cases/{case.ref}/review", {"reason": "金额不对"}, **code).json()["stage"] == "appeal"


def test_a_redo_is_asked_for_within_its_window(cast):
    case = published(cast)
    code = {"x-query-code": case.code}
    problem(call("POST", f"/cases/{case.ref}/redo", {}, **code), 422, "invalid", "reason")
    with clocks.at(DAY + timedelta(days=2)):
        state = call("POST", f"/cases/{case.ref}/redo", {"reason": "没有全部补发"}, **code).json()
    assert state["stage"] == "reassess"
    problem(call("POST", f"/cases/{case.ref}/recheck", {"reason": "仍不服"}, **code), 409, "stage")
