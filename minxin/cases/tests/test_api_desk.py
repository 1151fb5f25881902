"""The desk's operations: one for each verb of the table, for those who may, and nothing for anybody else."""

import pytest

from minxin.cases.api import desk, facts
from minxin.cases.models import Case, Reading, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.rules import moves
from minxin.cases.rules.moves import Stand
from minxin.cases.tests.api_calls import FILING, Caller, call, problem
from minxin.cases.tests.public_cast import ANSWER

OFFICERS = [
    verb for verb, move in moves.MOVES.items() if not move.by or move.by - {Stand.CITIZEN, Stand.SYSTEM}
]  # fmt: skip
# Everybody who might look at a report of wrongdoing in Suizhong and must not.
OTHERS = [
    "huludao_editor", "huludao_dispatcher", "huludao_reviewer", "huludao_supervisor", "province_observer",
    "suizhong_editor", "suizhong_finance_head", "suizhong_finance_clerk", "city_finance_head", "province_head",
    "nanpiao_discipline_discipline", "huludao_system_admin", "province_auditor",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh():
    snapshot.forget()


@pytest.fixture
def filed(settings, cast):
    settings.MINXIN_OPEN_FILING = True
    return call("POST", "/cases", FILING | {"respondent": ""}).json()


def operations():
    schema = call("GET", "/openapi.json").json()
    return {
        address.rsplit("/", 1)[1]: operation["post"]
        for address, operation in schema["paths"].items()
        if address.startswith("/api/v1/desk/cases/{ref}/")
    }


def test_every_officers_verb_has_an_operation_and_every_operation_is_a_verb():
    assert set(desk.ACTIONS) == set(operations()) == set(OFFICERS)


def test_every_operation_is_named_as_the_action_and_told_in_words_with_its_own_body():
    for verb, operation in operations().items():
        assert operation["operationId"] == verb == desk.ACTIONS[verb].__name__
        assert str(operation["summary"]) == str(moves.MOVES[verb].label)
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        assert f"{verb.title().replace('_', '')}In" in str(body)


def test_every_fact_is_told_in_words():
    for verb, action in desk.ACTIONS.items():
        for name, field in facts.shape(verb, action).model_fields.items():
            assert str(field.description or "").endswith("。"), f"{verb}.{name}"


@pytest.mark.django_db
def test_the_429_yuan_are_walked_from_filing_to_five_stars_over_the_api(filed, cast):
    ref = filed["ref"]
    editor, dispatcher, reviewer = Caller("huludao_editor"), Caller("huludao_dispatcher"), Caller("huludao_reviewer")
    clerk, section, leader = (Caller(f"suizhong_finance_{role}") for role in ("clerk", "section", "leader"))
    assert editor.do(ref, "accept")["stage"] == "accepted"
    editor.do(ref, "condense", title="教师反映拖欠工资", digest="绥中县一名教师反映被拖欠工资 429 元。")
    editor.do(ref, "classify", category="1601", urgency="urgent", tags=["教师"])
    assert "dispatch" in dispatcher("GET", f"/cases/{ref}").json()["verbs"]
    assert dispatcher.do(ref, "dispatch", unit="211421-CZJ", instruction="当日核实")["stage"] == "to_sign"
    assert clerk.do(ref, "sign_for")["stage"] == "handling"
    clerk.do(ref, "record_contact", how="phone", reached=True)
    clerk.do(ref, "find", finding="untrue", resolution="solved")
    clerk.do(ref, "record_money", kind="arrears", amount="429.00", people=1, evidence="学校工资发放表")
    clerk.do(ref, "write_report", body="财政已足额拨付，欠发原因在学校核算；经协调当日补发。")
    clerk.do(ref, "write_answer", body=ANSWER)
    assert clerk.do(ref, "submit")["stage"] == "countersign"
    section.do(ref, "countersign")
    assert leader.do(ref, "countersign", remark="同意")["stage"] == "review"
    assert reviewer.do(ref, "approve")["stage"] == "rating"
    rating = {"satisfaction": 5, "contacted": True, "solved": True}
    assert call("PUT", f"/cases/{ref}/rating", rating, **{"x-query-code": filed["code"]}).json()["stage"] == "closed"
    reviewer.do(
        ref, "publish", title="教师工资当日补发", question="教师反映被拖欠工资。", answer="已于当日补发 429 元。"
    )
    page = call("GET", f"/public/cases/{ref}").json()
    assert (page["stars"], page["rating"], page["money"]) == (5, 5, "429.00")
    assert [item["amount"] for item in page["money_items"]] == ["429.00"]


@pytest.mark.django_db
def test_staff_enter_what_was_told_by_telephone(cast):
    body = FILING | {"channel": "phone", "contact": {}, "respondent": ""}
    editor = Caller("suizhong_editor")
    first = editor("POST", "/cases", body, **{"idempotency-key": "电话1".encode().hex()})
    again = editor("POST", "/cases", body, **{"idempotency-key": "电话1".encode().hex()})
    assert (first.status_code, again.status_code) == (201, 200)
    case = Case.objects.select_related("filing").get(pk=id_of(first.json()["ref"]))
    assert (case.channel, case.filing.entered_by_post) == ("phone", cast.posts["suizhong_editor"])
    problem(editor("POST", "/cases", body | {"channel": "web"}), 422, "invalid", "channel")
    problem(editor("POST", "/cases", FILING), 422, "invalid", "channel")


@pytest.mark.django_db
def test_a_reading_is_recorded_and_the_handling_unit_never_gets_the_original(filed, cast):
    ref = filed["ref"]
    Caller("huludao_editor").do(ref, "accept")
    assert FILING["text"] in Caller("huludao_editor")("GET", f"/cases/{ref}").content.decode()
    reading = Reading.objects.get()
    assert (reading.case_id, reading.label) == (id_of(ref), "市民心网中心 摘编员")
    Caller("huludao_editor").do(ref, "condense", title="教师反映", digest="一名教师反映被拖欠工资。")
    Caller("huludao_editor").do(ref, "classify", category="1601")
    Caller("huludao_dispatcher").do(ref, "dispatch", unit="211421-CZJ")
    seen = Caller("suizhong_finance_clerk")("GET", f"/cases/{ref}")
    assert seen.json()["original"] is None
    for secret in (FILING["text"], "13800001234", "某老师", filed["code"]):
        assert secret not in seen.content.decode()


@pytest.mark.django_db
def test_queues_and_their_pages_hold_what_waits_for_the_caller(filed):
    editor = Caller("suizhong_editor")  # the nearest centre
    queues = {queue["code"]: queue["number"] for queue in editor("GET", "/queues").json()}
    assert queues["accept"] == 1
    page = editor("GET", "/cases?queue=accept").json()
    assert [(row["ref"], row["title"]) for row in page["items"]] == [(filed["ref"], FILING["title"])]
    assert page["cursor"] == ""
    problem(editor("GET", "/cases?queue=sealed"), 404, "absent")
    problem(editor("GET", "/cases?queue=%00"), 400, "malformed")
    problem(editor("GET", "/cases"), 422, "invalid", "queue")
    assert editor("GET", "/cases?queue=accept&cursor=nonsense").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("value", [None, "Bearer nonsense", "Basic eDp5", "Bearer"])
def test_without_a_token_every_operation_is_shut(filed, value):
    headers = {"authorization": value} if value else {}
    for verb in OFFICERS:
        answer = call("POST", f"/desk/cases/{filed['ref']}/{verb}", {}, **headers)
        problem(answer, 401, "unauthenticated")
        assert answer["WWW-Authenticate"] == "Bearer"
    problem(call("GET", f"/desk/cases/{filed['ref']}", **headers), 401, "unauthenticated")


@pytest.mark.django_db
def test_a_verb_that_is_not_this_officers_or_not_now_is_refused_and_changes_nothing(filed):
    ref = filed["ref"]
    problem(Caller("huludao_dispatcher")("POST", f"/cases/{ref}/accept"), 403, "forbidden")
    problem(Caller("huludao_reviewer")("POST", f"/cases/{ref}/approve"), 409, "stage")
    problem(Caller("shenyang_editor")("POST", f"/cases/{ref}/accept"), 404, "absent")
    problem(Caller("suizhong_finance_clerk")("POST", f"/cases/{ref}/sign_for"), 404, "absent")
    assert Case.objects.get(pk=id_of(ref)).seq == 1


@pytest.mark.django_db
def test_a_conflict_of_interest_asks_for_a_written_reason(settings, cast):
    settings.MINXIN_OPEN_FILING = True
    ref = call("POST", "/cases", FILING).json()["ref"]
    Caller("huludao_editor").do(ref, "accept")
    Caller("huludao_editor").do(ref, "condense", title="教师反映", digest="一名教师反映被拖欠工资。")
    Caller("huludao_editor").do(ref, "classify", category="1601")
    dispatcher = Caller("huludao_dispatcher")
    answer = dispatcher("POST", f"/cases/{ref}/dispatch", {"unit": "211421-CZJ"})
    problem(answer, 409, "conflict", "conflict_reason")
    dispatcher.do(ref, "dispatch", unit="211421-CZJ", conflict_reason="账目在县财政局，当日可以查清。")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("classify", {"category": "9999"}, "category"),
        ("classify", {"category": "1601", "urgency": "soon"}, "urgency"),
        ("classify", {"category": "1601", "tags": "教师"}, "tags"),
        ("decline", {"ground": "x", "explanation": "y"}, "ground"),
        ("decline", {"ground": "secret"}, "explanation"),
        ("ask_supplement", {"question": "长" * 1001}, "question"),
        ("ask_supplement", {"question": " \u202e"}, "question"),
        ("answer_directly", {"answer": "答复", "resolution": "solved", "extra": 1}, "extra"),
        ("merge", {"master": "MX2026-9999999-0"}, None),
        ("merge", {"master": 7}, "master"),
        ("accept", {"why": "x"}, "why"),
        ("name_officer", {"post": 10**30}, "post"),
        ("escalate", {"reason": ["x"]}, "reason"),
    ],
)
def test_a_bad_fact_is_refused_at_its_field(filed, verb, body, field):
    who = "huludao_supervisor" if verb == "escalate" else "huludao_editor"
    answer = Caller(who)("POST", f"/cases/{filed['ref']}/{verb}", body)
    assert answer.status_code == 422, answer.content.decode()
    if field:
        problem(answer, 422, answer.json()["code"], field)
    assert Case.objects.get(pk=id_of(filed["ref"])).seq == 1


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'{"reason": "\\ud800"}', b"[" * 90_000])
def test_a_body_that_cannot_be_read_changes_nothing(filed, body):
    answer = Caller("huludao_supervisor")("POST", f"/cases/{filed['ref']}/remind", body)
    assert answer.status_code in {400, 422}
    problem(answer, answer.status_code, answer.json()["code"])


@pytest.mark.django_db
def test_a_sealed_report_exists_for_nobody_who_is_not_named(settings, cast):
    settings.MINXIN_OPEN_FILING = True
    receipt = call("POST", "/cases", FILING | {"kind": "report"}).json()
    ref, title = receipt["ref"], FILING["title"]
    for username in OTHERS:
        caller = Caller(username)
        problem(caller("GET", f"/cases/{ref}"), 404, "absent")
        for verb in OFFICERS:
            answer = caller("POST", f"/cases/{ref}/{verb}", {})
            assert answer.status_code in {404, 422}, (username, verb)
            assert ref not in answer.content.decode()
            assert answer.status_code == 404 or "errors" in answer.json()
        for queue in caller("GET", "/queues").json():
            page = caller("GET", f"/cases?queue={queue['code']}")
            assert ref not in page.content.decode()
            assert title not in page.content.decode()
    assert ref not in call("GET", "/public/cases").content.decode()
    problem(call("GET", f"/public/cases/{ref}"), 404, "absent")
    assert not Reading.objects.filter(case_id=id_of(ref)).exists()
    assert Case.objects.get(pk=id_of(ref)).seq == 1
    named = Caller("city_discipline_discipline")
    assert named("GET", f"/cases/{ref}").json()["ref"] == ref
    assert named.do(ref, "accept")["stage"] == "accepted"
    assert named.do(ref, "take_up")["stage"] == "handling"
