"""What every door does before any of ours opens: health, size, shape, surface, headers, and how a no is said."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils.translation import override
from ninja import errors as ninja_errors
from pytest_django import Settings

from minxin.config import api, middleware, preparation, refusals
from minxin.kernel import errors


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def gate(view: Callable[[HttpRequest], HttpResponse] | None = None) -> middleware.Gate:
    return middleware.Gate(view or (lambda request: HttpResponse(request.META["REMOTE_ADDR"])))


# Health


def test_a_process_that_serves_says_so_to_any_host(visitor: Client) -> None:
    assert visitor.get("/healthz", headers={"host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.django_db
def test_readiness_asks_the_database(visitor: Client) -> None:
    assert visitor.get("/readyz").content == b"ok\n"


# Shape and size


@pytest.mark.parametrize("address", ["/?q=%00", "/robots.txt?a=1&b=%00x", "/%00", "/accessibility/%00/"])
def test_a_null_byte_is_a_bad_request(visitor: Client, address: str) -> None:
    assert visitor.get(address).status_code == 400


def test_a_request_that_is_too_big_is_refused_before_it_is_read(visitor: Client, settings: Settings) -> None:
    settings.MINXIN_REQUEST_LIMIT = 1024 * 1024
    answer = visitor.post("/", data=b"x", content_type="text/plain", headers={"content-length": str(2 * 1024 * 1024)})
    assert answer.status_code == 413
    assert "1 MB" in answer.content.decode()
    answer = visitor.post(
        "/api/v1/cases", data=b"x", content_type="application/json", headers={"content-length": "9" * 20}
    )
    assert answer.status_code == 413
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "too_large"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"'),
        ("multipart/form-data; boundary=\xff", b"--"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"a=1"),
        ("application/x-www-form-urlencoded", b"language=%ff%fe&next=%zz"),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % number for number in range(1000))),
        ("application/json", b"[" * 100_000),
        ("", b"\x00\xff"),
    ],
)
@pytest.mark.parametrize("address", ["/i18n/setlang/", "/preferences/", "/api/v1/cases", "/desk/account/login/"])
def test_a_malformed_body_is_never_our_failure(visitor: Client, address: str, content_type: str, body: bytes) -> None:
    with override("zh-hans"):
        answer = visitor.post(address, data=body, content_type=content_type)
    assert answer.status_code < 500, answer.content


def test_a_strange_host_is_told_what_to_do(visitor: Client) -> None:
    answer = visitor.get("/accessibility/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "MINXIN_HOSTS" in answer.content.decode()


# Who is calling


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.2.3.4", "10.0.0.1"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.1"),
        (1, "nonsense", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
    ],
)
def test_the_caller_is_what_our_own_proxies_saw(
    settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.MINXIN_TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert gate()(request).content.decode() == expected
    assert "HTTP_X_FORWARDED_FOR" not in request.META


# Surfaces


@pytest.mark.parametrize(
    ("surfaces", "address", "there"),
    [
        ({"public", "desk"}, "/accessibility/", True),
        ({"public", "desk"}, "/desk/", True),
        ({"public"}, "/accessibility/", True),
        ({"public"}, "/desk/", False),
        ({"public"}, "/api/v1/desk/cases", False),
        ({"desk"}, "/cases/", False),
        ({"desk"}, "/api/v1/cases", False),
        ({"desk"}, "/api/v1/desk/cases", True),
        ({"desk"}, "/preferences/", True),
    ],
)
def test_a_surface_that_is_not_served_does_not_exist(
    settings: Settings, surfaces: set[str], address: str, there: bool
) -> None:
    settings.MINXIN_SURFACES = frozenset(surfaces)
    answer = gate()(RequestFactory().get(address))
    assert (answer.status_code == 200) is there


def test_a_named_host_serves_its_own_surface_only(settings: Settings) -> None:
    settings.MINXIN_PUBLIC_HOSTS, settings.MINXIN_DESK_HOSTS = ["www.example"], ["desk.example"]
    settings.ALLOWED_HOSTS = ["www.example", "desk.example"]

    def ask(host: str, address: str) -> int:
        return gate()(RequestFactory().get(address, headers={"host": host})).status_code

    assert ask("www.example", "/cases/") == 200
    assert ask("www.example", "/desk/") == 404
    assert ask("desk.example:8000", "/desk/") == 200
    assert ask("desk.example", "/cases/") == 404
    assert ask("desk.example", "/") == 302
    assert ask("desk.example", "/preferences/") == 200


def test_accounts_are_not_opened_from_outside(visitor: Client) -> None:
    for address in ("signup/", "signup/passkey/", "email/", "password/reset/", "confirm-email/x/"):
        assert visitor.get(f"/desk/account/{address}").status_code == 404, address


# Headers


def test_the_public_page_sets_no_session_and_allows_no_foreign_thing(visitor: Client) -> None:
    answer = visitor.get("/accessibility/")
    assert answer.status_code == 200
    assert "minxin_desk" not in answer.cookies
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    for header in (
        "Permissions-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "X-Frame-Options",
    ):
        assert answer[header]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_the_desk_is_not_kept_by_browsers_nor_found_by_search_engines(visitor: Client) -> None:
    answer = visitor.get("/desk/account/signup/")
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
    assert "blob:" not in answer["Content-Security-Policy"]


def test_the_api_describes_itself_without_anything_from_elsewhere(visitor: Client) -> None:
    page = visitor.get("/api/v1/docs")
    assert page.status_code == 200
    assert "ninja/swagger-ui-bundle.js" in page.content.decode()
    assert "http" not in page.content.decode().replace("https://www.w3.org", "")
    assert visitor.get("/api/v1/openapi.json").json()["info"]["title"] == "民心 Minxin"


# Saying no


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (errors.Absent(), 404, "absent"),
        (errors.Refused("too_long", "太长了。"), 422, "too_long"),
        (errors.Refused("forbidden", "不行。"), 403, "forbidden"),
        (errors.Refused("conflict", "变了。"), 409, "conflict"),
        (errors.Refused("too_often", "慢一点。"), 429, "too_often"),
        (Http404(), 404, "absent"),
        (PermissionDenied(), 403, "forbidden"),
        (RequestDataTooBig(), 413, "too_large"),
        (TooManyFieldsSent(), 413, "too_many_fields"),
        (DataError(), 400, "unstorable"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, ""), 400, "unstorable"),
        (OperationalError(), 503, "database_down"),
        (RuntimeError(), 500, "failed"),
    ],
)
def test_whatever_is_raised_has_a_status_a_code_and_a_sentence(fault: Exception, status: int, code: str) -> None:
    found, name, sentence = refusals.read_fault(fault)
    assert (found, name) == (status, code)
    assert sentence.endswith("。")


def test_an_unknown_address_of_the_api_is_a_problem(visitor: Client) -> None:
    answer = visitor.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() | {"detail": ""} == {
        "type": "urn:minxin:problem:absent",
        "title": "Not Found",
        "status": 404,
        "detail": "",
        "code": "absent",
    }


def test_a_wrong_method_on_the_api_is_a_problem_too(visitor: Client) -> None:
    request = RequestFactory().delete("/api/v1/openapi.json")
    answer = gate(lambda _: HttpResponse("Method not allowed", status=405, headers={"Allow": "GET"}))(request)
    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (405, "GET", "application/problem+json")


def test_when_the_database_is_away_the_page_gives_everything_typed_back() -> None:
    text = "欠薪三个月，<b>请帮忙</b>"
    request = RequestFactory().post("/cases/new", {"text": text, "password": "geheim", "code": "ABCD2345"})
    request.surface = "public"  # type: ignore[attr-defined]
    answer = gate().process_exception(request, OperationalError("gone"))
    assert answer is not None
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert "欠薪三个月，&lt;b&gt;请帮忙&lt;/b&gt;" in page
    assert "geheim" not in page
    assert "ABCD2345" not in page


def test_the_api_says_it_as_a_problem_when_the_database_is_away() -> None:
    answer = api.refused(RequestFactory().post("/api/v1/cases"), OperationalError("gone"))
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert json.loads(answer.content)["code"] == "database_down"


def test_a_refused_field_is_named() -> None:
    fault = errors.Refused("too_long", "最多写 50 个字。", field="title")
    answer = api.refused(RequestFactory().post("/api/v1/cases"), fault)
    assert answer.status_code == 422
    assert json.loads(answer.content)["errors"] == [{"field": "title", "detail": "最多写 50 个字。"}]


def test_each_field_of_the_wrong_shape_gets_a_sentence_of_ours() -> None:
    fault = ninja_errors.ValidationError(
        [
            {"type": "missing", "loc": ("body", "payload", "title"), "msg": "Field required"},
            {"type": "int_parsing", "loc": ("body", "payload", "contact", "age"), "msg": "Input should be …"},
            {"type": "enum", "loc": ("query", "kind"), "msg": "…", "ctx": {"expected": "'complaint'"}},
            {"type": "unheard_of", "loc": ("path", "ref"), "msg": "…"},
        ]
    )
    answer = json.loads(api.invalid(RequestFactory().post("/api/v1/cases"), fault).content)
    assert [one["field"] for one in answer["errors"]] == ["title", "contact.age", "kind", "ref"]
    assert all(one["detail"].endswith("。") for one in answer["errors"])


@pytest.mark.parametrize("body", [b'{"amount": NaN}', b'{"amount": -Infinity}', b'{"text": "\\ud800"}', b"{", b""])
def test_json_is_read_as_its_standard_has_it(body: bytes) -> None:
    request = RequestFactory().post("/api/v1/cases", data=body, content_type="application/json")
    with pytest.raises(ValueError):  # noqa: PT011 - ninja answers any of them with 400
        api.StrictParser().parse_body(request)


def test_a_pair_of_surrogates_is_one_good_character() -> None:
    request = RequestFactory().post("/", data=b'{"text": "\\ud83d\\ude00"}', content_type="application/json")
    assert api.StrictParser().parse_body(request) == {"text": "😀"}


def test_search_engines_are_told_what_is_public(visitor: Client) -> None:
    assert "Disallow: /desk/" in visitor.get("/robots.txt").content.decode()


# Translations


def test_translations_are_compiled_when_they_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gettext

    folder = tmp_path / "app" / "locale" / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "签收"\nmsgstr "Sign for"\n\n'
        '#, fuzzy\nmsgid "退回"\nmsgstr "Guess"\n'
    )
    monkeypatch.setattr(preparation, "_LOCALES", tmp_path)
    assert preparation.compile_messages() == [folder / "django.mo"]
    with (folder / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("签收") == "Sign for"
    assert catalogue.gettext("退回") == "退回"
    assert preparation.compile_messages() == []
