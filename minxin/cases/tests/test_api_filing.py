"""POST /api/v1/cases: what a program is answered, whatever it sends."""

import json
import threading
from datetime import datetime, timedelta

import altcha
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from minxin.cases.actions import filing as filing_action
from minxin.cases.actions import proof
from minxin.cases.models import Case, Clock, Filing, FilingKey, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.rules import codes
from minxin.directory.actions import tokens
from minxin.directory.rules import SYSTEM
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.errors import Refused
from minxin.ledger import reports as ledger

pytestmark = pytest.mark.django_db

FILING = {
    "kind": "complaint",
    "title": "拖欠工资 429 元",
    "text": "学校老师反映：县里拖欠我的工资 429 元，请帮助解决。",
    "region": "211421",
    "respondent": "211421-CZJ",
    "contact": {"name": "某老师", "phone": "13800001234"},
    "amount": "429.00",
}


@pytest.fixture(autouse=True)
def _fresh():
    snapshot.forget()
    kernel.forget()


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


@pytest.fixture
def open_door(settings, cast):
    settings.MINXIN_OPEN_FILING = True
    return cast


@pytest.fixture
def token(capsys, cast):
    """A channel's token with a limit of 3 a minute."""
    call_command("token", channel="热线平台", limit=3)
    return capsys.readouterr().out.strip()


def post(client, body, **headers):
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post("/api/v1/cases", content, content_type="application/json", headers=headers)


def problem(answer, status, code, field=None):
    """Check that it is an RFC 9457 problem in our shape; its sentence."""
    assert answer.status_code == status, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:minxin:problem:{code}"
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    assert body["detail"].endswith("。")
    assert all(set(one) == {"field", "detail"} for one in body.get("errors", []))
    if field:
        assert field in [one["field"] for one in body["errors"]]
    return body["detail"]


def solved(moment=None):
    with clocks.at(moment or clocks.now()):
        challenge = altcha.Challenge.from_dict(proof.challenge())
    return altcha.Payload(challenge, altcha.solve_challenge(challenge)).to_base64()


# What is filed


def test_a_filing_is_answered_with_number_code_stage_and_due_date(visitor, open_door):
    answer = post(visitor, FILING)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert set(body) == {"ref", "code", "stage", "due_at"}
    assert body["stage"] == "filed"
    case = Case.objects.get(pk=id_of(body["ref"]))
    assert datetime.fromisoformat(body["due_at"]) == case.due_at
    assert (case.title, case.amount_fen) == (FILING["title"], 42900)
    assert case.respondent_id == open_door.units["suizhong_finance"].id
    assert [event.verb for event in ledger.history(case.ref)] == ["file"]


def test_every_fact_that_a_program_can_give_is_kept(visitor, open_door):
    facts = {
        "wanted": "补发工资",
        "occurred_on": "2026-03-07",
        "place": "高台镇",
        "confidential": False,
        "consents": True,
        "shows_name": True,
        "shares_identity": True,
        "about_ref": "budget:2026:12",
        "about_digest": "ab" * 32,
    }
    with clocks.at(datetime(2026, 3, 9, 9, tzinfo=clocks.ZONE)):
        ref = post(visitor, FILING | facts).json()["ref"]
    case = Case.objects.get(pk=id_of(ref))
    given = Filing.objects.get(pk=case.pk)
    assert (case.consents, case.shows_name, case.shares_identity) == (True, True, True)
    assert (case.lane, str(case.occurred_on), case.channel) == ("open", "2026-03-07", "web")
    assert (given.wanted, given.place) == ("补发工资", "高台镇")
    assert (given.about_ref, given.about_digest) == ("budget:2026:12", "ab" * 32)
    assert {c.code for c in Clock.objects.filter(case_id=case.pk)} == {"answer", "accept"}
    assert all(c.first_due_at == c.due_at for c in Clock.objects.filter(case_id=case.pk))


def test_a_confidential_filing_is_restricted_and_a_report_sealed(visitor, open_door):
    quiet = Case.objects.get(pk=id_of(post(visitor, FILING | {"confidential": True}).json()["ref"]))
    report = Case.objects.get(pk=id_of(post(visitor, FILING | {"kind": "report"}).json()["ref"]))
    assert (quiet.lane, report.lane) == ("restricted", "sealed")
    posts = [open_door.posts["city_discipline_discipline"]]
    assert [row.post_id for row in report.custodians.all()] == posts


@pytest.mark.parametrize(
    ("value", "unit"),
    [("211421-czj", "suizhong_finance"), ("绥中县财政局", "suizhong_finance"), ("某施工队", None), ("", None)],
)
def test_whom_it_is_about_is_found_by_code_or_full_name_and_else_kept_as_written(visitor, open_door, value, unit):
    case = Case.objects.get(pk=id_of(post(visitor, FILING | {"respondent": value}).json()["ref"]))
    assert case.respondent_id == (open_door.units[unit].id if unit else None)
    assert Filing.objects.get(pk=case.pk).respondent_name == ("" if unit else value)


def test_a_mistyped_unit_code_does_not_pass_for_a_name(visitor, open_door):
    problem(post(visitor, FILING | {"respondent": "211421-XXX"}), 422, "invalid", "respondent")


# Speed


def test_a_filing_costs_at_most_eight_statements_limits_included(visitor, token):
    post(visitor, FILING, authorization=f"Bearer {token}")  # calendars, units and limits are in memory now
    with CaptureQueriesContext(connection) as queries:
        answer = post(visitor, FILING, authorization=f"Bearer {token}")
    assert answer.status_code == 201
    assert len(queries) <= 3, [query["sql"] for query in queries]  # the limit, the number, the case


# Idempotency


def test_the_same_key_gives_the_same_receipt_and_makes_no_second_case(visitor, open_door):
    headers = {"idempotency-key": "一次".encode().hex()}
    first, second = post(visitor, FILING, **headers), post(visitor, FILING, **headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Case.objects.count() == 1


def test_the_same_key_with_another_content_is_refused(visitor, open_door):
    post(visitor, FILING, **{"idempotency-key": "k"})
    problem(post(visitor, FILING | {"title": "另一件事"}, **{"idempotency-key": "k"}), 422, "key_reused")


def test_without_a_key_every_request_is_a_case_of_its_own(visitor, open_door):
    assert post(visitor, FILING).json()["ref"] != post(visitor, FILING).json()["ref"]


def test_the_keys_of_a_channel_and_of_the_public_do_not_meet(visitor, open_door, token):
    mine = post(visitor, FILING, **{"idempotency-key": "k"})
    theirs = post(visitor, FILING, authorization=f"Bearer {token}", **{"idempotency-key": "k"})
    assert (mine.status_code, theirs.status_code) == (201, 201)


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_with_one_key_make_one_case(settings, cast):
    settings.MINXIN_OPEN_FILING = True
    answers, gate = [], threading.Barrier(4)

    def send():
        gate.wait()
        try:
            answers.append(post(Client(), FILING, **{"idempotency-key": "at once"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.content for answer in answers}) == 1
    assert Case.objects.count() == Filing.objects.count() == FilingKey.objects.count() == 1


# Who may


def test_a_channel_needs_no_proof_of_work_and_is_named_in_the_event(visitor, token):
    answer = post(visitor, FILING, authorization=f"Bearer {token}")
    case = Case.objects.get(pk=id_of(answer.json()["ref"]))
    event = ledger.history(case.ref)[0]
    assert (case.channel, event.actor_kind, event.actor_label) == (codes.Channel.API, "channel", "热线平台")


def test_a_channel_has_its_own_limit(visitor, token):
    for _ in range(3):
        assert post(visitor, FILING, authorization=f"Bearer {token}").status_code == 201
    problem(post(visitor, FILING, authorization=f"Bearer {token}"), 429, "too_many")


@pytest.mark.parametrize("value", ["Bearer nonsense", "Bearer ", "Basic eDp5", "Bearer \xe4", "x" * 5000])
def test_a_wrong_token_is_told_so_and_never_taken_for_none(visitor, open_door, value):
    answer = post(visitor, FILING, authorization=value)
    problem(answer, 401, "unauthenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_officer_is_sent_to_the_desk(visitor, cast):
    token = tokens.issue_token(by=SYSTEM, person="huludao_editor")
    problem(post(visitor, FILING, authorization=f"Bearer {token}"), 403, "forbidden")


def test_somebody_without_a_token_shows_a_proof_of_work(visitor, cast):
    problem(post(visitor, FILING), 403, "proof", "altcha")
    assert post(visitor, FILING | {"altcha": solved()}).status_code == 201
    assert post(visitor, FILING, **{"x-altcha": solved()}).status_code == 201


def test_the_challenge_is_handed_out_and_its_solution_opens_the_door(visitor, cast):
    challenge = altcha.Challenge.from_dict(visitor.get("/api/v1/altcha").json())
    payload = altcha.Payload(challenge, altcha.solve_challenge(challenge)).to_base64()
    assert post(visitor, FILING | {"altcha": payload}).status_code == 201


def test_a_proof_of_work_serves_one_filing_and_its_retries(visitor, cast):
    body, headers = FILING | {"altcha": solved()}, {"idempotency-key": "k"}
    assert post(visitor, body, **headers).status_code == 201
    assert post(visitor, body, **headers).status_code == 200
    problem(post(visitor, body, **{"idempotency-key": "another"}), 403, "proof", "altcha")
    problem(post(visitor, body), 403, "proof", "altcha")


def test_a_proof_that_is_old_or_forged_is_refused(visitor, cast):
    old = solved(clocks.now() - timedelta(seconds=proof.SECONDS + 60))
    for value in (old, solved()[:-8] + "AAAAAAA=", "e30=", "W10=", "!!", "x" * 5000, "bnVsbA=="):
        problem(post(visitor, FILING | {"altcha": value}), 403, "proof", "altcha")


def test_an_address_that_files_without_end_is_asked_to_wait(cast, monkeypatch):
    monkeypatch.setattr(proof, "PER_ADDRESS", 2)
    proof.admit_address("203.0.113.7")
    proof.admit_address("203.0.113.7")
    with pytest.raises(Refused) as refusal:
        proof.admit_address("203.0.113.7")
    assert refusal.value.code == "too_many"
    proof.admit_address("203.0.113.8")


# What is refused


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "gossip"}, "kind"),
        ({"title": ""}, "title"),
        ({"title": "长" * 61}, "title"),
        ({"title": 7}, "title"),
        ({"text": "\u202e\u0000 \n"}, "text"),
        ({"text": "长" * 10_001}, "text"),
        ({"region": "999999"}, "region"),
        ({"region": "北京"}, "region"),
        ({"region": ["211421"]}, "region"),
        ({"category": "9999"}, "category"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": "much"}, "amount"),
        ({"amount": 1e300}, "amount"),
        ({"occurred_on": "2999-01-01"}, "occurred_on"),
        ({"occurred_on": "yesterday"}, "occurred_on"),
        ({"contact": {"phone": "123"}}, "phone"),
        ({"contact": {"email": "nobody"}}, "email"),
        ({"contact": {"wechat": "x"}}, "contact.wechat"),
        ({"contact": "13800001234"}, "contact"),
        ({"contact": {}}, "phone"),
        ({"anonymous": True}, "anonymous"),
        ({"anonymous": "perhaps"}, "anonymous"),
        ({"colour": "red"}, "colour"),
        ({"about_ref": "x" * 201}, "about_ref"),
        ({"wanted": "长" * 1001}, "wanted"),
        ({"respondent": "长" * 121}, "respondent_name"),
    ],
)
def test_what_cannot_stand_is_refused_with_a_sentence_at_its_field(visitor, open_door, changes, field):
    answer = post(visitor, FILING | changes)
    assert answer.status_code == 422, answer.content.decode()
    problem(answer, 422, answer.json()["code"], field)
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'"text"', 422, "invalid"),
        (b"{", 400, "malformed"),
        (b'{"title": NaN}', 400, "malformed"),
        (b'{"title": "\xff\xfe"}', 400, "malformed"),
        (b'{"title": "\xed\xa0\x80"}', 400, "malformed"),
        (b'{"title": "\\ud800"}', 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400, "malformed"),
        (b'{"amount": ' + b"9" * 10_000 + b"}", 400, "malformed"),
        (json.dumps({f"f{n}": n for n in range(1000)}).encode(), 422, "invalid"),
        (json.dumps(FILING | {"text": "长" * 3_400_000}, ensure_ascii=False).encode(), 422, "invalid"),
        (b'{"text": "' + b"x" * 13_000_000 + b'"}', 413, "too_large"),
    ],
    ids=lambda value: value[:12].decode(errors="replace") if isinstance(value, bytes) else None,
)
def test_a_body_that_cannot_be_read_is_answered_in_kind(visitor, open_door, body, status, code):
    answer = post(visitor, body)
    problem(answer, status, code)
    assert len(answer.content) < 20_000
    assert not Case.objects.exists()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_anything_but_json_is_asked_to_be_json(visitor, open_door, kind):
    answer = visitor.post("/api/v1/cases", json.dumps(FILING), content_type=kind)
    problem(answer, 415, "not_json")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "🐼👨‍👩‍👧‍👦",
        "\u202eevil\u202c",
        "a\x00b\x1bc",
        "%(title)s %s {x}",
        "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉",
    ],
)
def test_hostile_text_is_kept_as_text(visitor, open_door, text):
    answer = post(visitor, FILING | {"title": text, "text": text, "respondent": text, "place": text})
    assert answer.status_code == 201, answer.content.decode()
    case = Case.objects.get(pk=id_of(answer.json()["ref"]))
    assert not set("\x00\x1b\u202e\u202c") & set(case.title)
    assert case.title


def test_a_wrong_method_is_told_which_are_right(visitor, cast):
    answer = visitor.delete("/api/v1/cases")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert answer["Content-Type"] == "application/problem+json"


def test_when_the_database_is_away_nothing_is_acknowledged(visitor, open_door, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(filing_action.opening, "write", away)
    answer = post(visitor, FILING)
    problem(answer, 503, "database_down")
    assert answer["Retry-After"]
    assert "code" not in answer.json() or "ref" not in answer.json()


def test_a_network_without_a_centre_says_so(visitor, settings, bare):
    settings.MINXIN_OPEN_FILING = True
    problem(post(visitor, FILING | {"respondent": ""}), 422, "no_centre", "region")
