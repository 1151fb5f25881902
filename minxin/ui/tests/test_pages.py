"""The pages of the looks themselves, without a database."""

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation

from minxin.ui import context, samples, views


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "zh-CN"})


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_error_pages_render_with_nothing_at_hand(status):
    html = render_to_string(f"{status}.html")
    assert "<h1>" in html
    assert "</html>" in html


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_error_pages_give_back_what_was_typed(status):
    html = render_to_string(f"{status}.html", {"typed": [("text", "我写了很久 <b>")]})
    assert "我写了很久 &lt;b&gt;" in html


def test_preferences_are_remembered_in_the_readers_own_browser(client):
    answer = client.post("/preferences/", {"theme": "dark", "elder": "1", "next": "/accessibility/"})
    assert answer.status_code == 302
    assert answer["Location"] == "/accessibility/"
    html = client.get("/accessibility/").content.decode()
    assert 'data-theme="dark"' in html
    assert "data-elder" in html
    client.post("/preferences/", {"theme": "auto", "elder": "0"})
    html = client.get("/accessibility/").content.decode()
    assert "data-theme=" not in html
    assert "data-elder>" not in html


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil", ""])
def test_a_preference_is_no_way_out_of_the_house(client, address):
    assert client.post("/preferences/", {"theme": "dark", "next": address})["Location"] == "/"


@pytest.mark.parametrize("value", ["blue", "<script>", ""])
def test_an_unknown_theme_changes_nothing(client, value):
    assert context.THEME_COOKIE not in client.post("/preferences/", {"theme": value}).cookies
    client.cookies[context.THEME_COOKIE] = value or "x"
    assert "data-theme=" not in client.get("/accessibility/").content.decode()


def test_a_page_has_one_main_a_skip_link_and_its_language(client):
    html = client.get("/accessibility/").content.decode()
    assert html.count("<main") == 1
    assert 'href="#main"' in html
    assert '<html lang="zh-Hans"' in html


def test_a_form_that_came_too_late_gives_everything_back():
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "zh-CN"})
    long = "经过很长 </textarea><script>alert(1)</script>"
    answer = client.post("/preferences/", {"text": long, "password": "geheim"}, headers={"origin": "http://testserver"})
    html = answer.content.decode()
    assert answer.status_code == 403
    assert "经过很长 &lt;/textarea&gt;" in html
    assert "<script>alert" not in html
    assert "geheim" not in html


@pytest.mark.parametrize(
    ("origin", "offered"), [("http://testserver", True), ("https://evil.example", False), ("", False)]
)
def test_sending_again_is_offered_only_to_forms_of_this_host(origin, offered):
    with translation.override("zh-hans"):
        request = RequestFactory().post("/preferences/", {"text": "内容"}, headers={"origin": origin} if origin else {})
        html = views.csrf_failure(request).content.decode()
    assert ("用这些内容再提交一次" in html) is offered
    assert "内容" in html


@pytest.mark.parametrize(
    ("path", "key"),
    [("/", "home"), ("/file/", "file"), ("/cases/MX1", "cases"), ("/track/x", "track"), ("/zzz", None)],
)
def test_the_door_one_stands_in_is_marked(path, key):
    assert [door.key for door in context.doors(path) if door.here] == ([key] if key else [])


def test_the_style_guide_shows_every_part():
    request = RequestFactory().get("/style/")
    with translation.override("zh-hans"):
        public = render_to_string("ui/style.html", samples.public(), request)
        desk = render_to_string("ui/style_desk.html", samples.desk(), request)
    assert public.count('data-chart="') == 2
    assert "data-desk-list" in desk
