"""How the API's tests call: a client of JSON, and what every problem must look like."""

import json
from typing import Any

from django.test import Client

from minxin.directory.actions import tokens
from minxin.directory.rules import SYSTEM

FILING = {
    "kind": "complaint",
    "title": "拖欠工资 429 元",
    "text": "学校老师反映：县里拖欠我的工资 429 元，请帮助解决。",
    "region": "211421",
    "respondent": "211421-CZJ",
    "contact": {"name": "某老师", "phone": "13800001234"},
    "amount": "429.00",
    "consents": True,
}


def call(method: str, address: str, body: Any = None, **headers: str) -> Any:
    """One request to the API, of a JSON body unless it is bytes; nothing is raised here, only answered."""
    client = Client(raise_request_exception=False)
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return client.generic(method, f"/api/v1{address}", content, content_type="application/json", headers=headers)


class Caller:
    """An officer's program: calls with the token of one person."""

    def __init__(self, username: str) -> None:
        self._token = tokens.issue_token(by=SYSTEM, person=username)

    def __call__(self, method: str, address: str, body: Any = None, **headers: str) -> Any:
        return call(method, f"/desk{address}", body, authorization=f"Bearer {self._token}", **headers)

    def do(self, ref: str, verb: str, **facts: Any) -> dict[str, Any]:
        """One verb that must succeed; the case's state after it."""
        answer = self("POST", f"/cases/{ref}/{verb}", facts)
        assert answer.status_code == 200, (verb, answer.content.decode())
        state: dict[str, Any] = answer.json()
        return state


def problem(answer: Any, status: int, code: str, field: str = "") -> str:
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
    sentence: str = body["detail"]
    return sentence
