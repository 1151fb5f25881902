"""The API against its own description: whatever the description allows or forbids, an answer it describes."""

import json

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import override_settings
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from minxin.cases.tests.api_calls import FILING, call
from minxin.cases.tests.public_cast import published
from minxin.directory.actions import tokens
from minxin.directory.rules import SYSTEM

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DESCRIPTION = "/api/v1/openapi.json"


schema = schemathesis.openapi.from_wsgi(DESCRIPTION, get_wsgi_application())


@pytest.fixture(scope="module")
def _known(_cast, kept):
    with override_settings(MINXIN_OPEN_FILING=True):
        receipt = call("POST", "/cases", FILING | {"respondent": ""}).json()
    return {
        "open": (receipt["ref"], receipt["code"]),
        "public": published(_cast).ref,
        "token": tokens.issue_token(by=SYSTEM, person="huludao_editor"),
    }


@pytest.fixture
def known(_known, cast, settings):
    """Refs, codes and tokens that the generated requests are given, so that they reach more than the first door."""
    settings.MINXIN_OPEN_FILING = True
    return _known


@pytest.fixture
def served(known):
    """Called as a server calls it, but within the test's transaction: connections stay open between requests.

    Last of the fixtures: every call of Django's own test client connects these ends again.
    """
    ends = (signals.request_started, signals.request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield known
    for end in ends:
        end.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_operation_answers_as_described(case, served):
    ref, code = served["open"]
    if "ref" in case.path_parameters:
        case.path_parameters["ref"] = served["public"] if "/public/" in case.path else ref
    if "/cases/{ref}" in case.path and "/desk/" not in case.path:
        case.headers["X-Query-Code"] = code
    if "/desk/" in case.path:
        case.headers["Authorization"] = f"Bearer {served['token']}"
    elif case.headers:
        case.headers.pop("Authorization", None)
    case.validate_response(case.call(), checks=CHECKS)


def test_the_description_is_whole_and_in_the_readers_words():
    answer = call("GET", DESCRIPTION.removeprefix("/api/v1"))
    description = json.loads(answer.content)
    operations = [
        (address, method, operation)
        for address, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    assert len({operation["operationId"] for _a, _m, operation in operations}) == len(operations) > 60
    for address, method, operation in operations:
        assert any("\u4e00" <= sign <= "\u9fff" for sign in operation["summary"]), (address, method)
        assert "Problem" in str(operation["responses"]["422"]), (address, method)
        assert ("security" in operation) == (
            address.startswith("/api/v1/desk/") or (address, method) == ("/api/v1/cases", "post")
        )
    filing = description["paths"]["/api/v1/cases"]["post"]
    assert filing["security"] == [{"ChannelToken": []}, {}]
    assert {"Idempotency-Key", "X-Altcha"} == {parameter["name"] for parameter in filing["parameters"]}
    assert description["components"]["schemas"]["FilingIn"]["additionalProperties"] is False


@pytest.mark.django_db
def test_the_description_is_english_for_those_who_ask_for_english():
    answer = call("GET", DESCRIPTION.removeprefix("/api/v1"), **{"accept-language": "en"})
    for address, methods in json.loads(answer.content)["paths"].items():
        for method, operation in methods.items():
            assert not any("\u4e00" <= sign <= "\u9fff" for sign in operation["summary"]), (address, method)


@pytest.mark.django_db
def test_the_page_of_the_description_has_nothing_inline():
    page = call("GET", "/docs")
    assert page.status_code == 200
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
