"""Pieces of pages that are drawn once and kept."""

from typing import Any

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, override


class _Told:
    """Counts how often it is drawn."""

    def __init__(self) -> None:
        self.times = 0

    def __str__(self) -> str:
        self.times += 1
        return "told"


def drawn(template: Template, **facts: Any) -> str:
    return str(template.render(Context(facts)))


def test_a_piece_is_drawn_once_for_what_it_is_given() -> None:
    told, template = _Told(), Template("{% kept told=told at=at %}{{ told }} {{ at }}{% endkept %}")
    assert [drawn(template, told=told, at=at) for at in (1, 1, 2, 1)] == ["told 1", "told 1", "told 2", "told 1"]
    assert told.times == 2


def test_a_piece_sees_nothing_of_the_page_but_what_it_is_given() -> None:
    template = Template("{% kept mine=mine %}{{ mine }}{{ theirs }}{{ request.path }}{% endkept %}{{ theirs }}")
    assert drawn(template, mine="1", theirs="2", request=RequestFactory().get("/desk/")) == "12"


def test_a_piece_is_kept_for_each_language() -> None:
    template = Template("{% load i18n %}{% kept word=word %}{% translate '首页' %}{{ word }}{% endkept %}")
    with override("en"):
        assert drawn(template, word=gettext_lazy("首页")) == "HomeHome"
    with override("zh-hans"):
        assert drawn(template, word=gettext_lazy("首页")) == "首页首页"


def test_what_is_safe_is_not_taken_for_what_is_not() -> None:
    template = Template("{% kept word=word %}{{ word }}{% endkept %}")
    assert drawn(template, word=SafeString("<b>")) == "<b>"
    assert drawn(template, word="<b>") == "&lt;b&gt;"


def test_where_the_condition_does_not_hold_nothing_is_kept() -> None:
    told, template = _Told(), Template("{% kept told=told when=told.never %}{{ told }}{% endkept %}")
    assert [drawn(template, told=told) for _time in range(2)] == ["told", "told"]
    assert told.times == 2


def test_the_oldest_goes_when_there_are_too_many() -> None:
    told, template = _Told(), Template("{% kept told=told at=at %}{{ told }}{% endkept %}")
    for at in [*range(65), 64, 0]:
        drawn(template, told=told, at=at)
    assert told.times == 66


@pytest.mark.parametrize("inside", ["{% csrf_token %}", "{% if x %}{% block b %}{% endblock %}{% endif %}"])
def test_no_token_and_no_block_can_be_kept(inside: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        Template("{% kept %}" + inside + "{% endkept %}")


def test_only_names_with_values_are_taken() -> None:
    with pytest.raises(TemplateSyntaxError):
        Template("{% kept words %}{% endkept %}")
