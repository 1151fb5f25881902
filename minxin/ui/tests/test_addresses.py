"""`{% url %}` gives what Django's gives, whether it is kept or not."""

import pytest
from django.http import HttpResponse
from django.template import Context, Template
from django.test import override_settings
from django.urls import NoReverseMatch, path, reverse


def view(request: object, key: str = "") -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("elsewhere/", view, name="set_language"), path("a/<key>/", view, name="keyed")]


def drawn(text: str, **given: object) -> str:
    return Template(text).render(Context(given))


def test_an_address_is_that_of_its_name_each_time_and_under_each_set_of_addresses() -> None:
    for _time in range(2):
        assert drawn("{% url 'set_language' %}") == reverse("set_language") != "/elsewhere/"
    with override_settings(ROOT_URLCONF=__name__):
        assert drawn("{% url 'set_language' %}") == "/elsewhere/"
        assert drawn("{% url 'keyed' key %}", key="b") == "/a/b/"
        assert drawn("{% url name %}", name="set_language") == "/elsewhere/"
        assert drawn("{% url 'set_language' as href %}[{{ href }}]") == "[/elsewhere/]"


def test_a_name_that_is_not_served_is_told_or_left_empty_as_django_does() -> None:
    with pytest.raises(NoReverseMatch):
        drawn("{% url 'nowhere' %}")
    assert drawn("{% url 'nowhere' as href %}[{{ href }}]") == "[]"
