"""`{% url %}` of an address without arguments, reversed once: a page of the desk asks for nine, always the same."""

from functools import lru_cache

from django.conf import settings
from django.template import Library
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.html import escape
from django.utils.safestring import SafeString


def register(library: Library) -> None:
    """Put the tag in place of Django's in a library."""
    library.tag("url", _read)


def _read(parser: Parser, token: Token) -> URLNode:
    node = parse(parser, token)
    plain = not node.args and not node.kwargs and isinstance(node.view_name.var, str)
    return _Plain(node.view_name, [], {}, node.asvar) if plain and ":" not in node.view_name.var else node


class _Plain(URLNode):
    """Django's own node, for a name that stands in the template and for nothing else."""

    def render(self, context: Context) -> SafeString:
        """The address; one that is not served is answered as Django answers it."""
        if self.asvar:
            return SafeString(super().render(context))
        return _address(self.view_name.var, get_urlconf() or settings.ROOT_URLCONF, get_script_prefix())


@lru_cache(maxsize=512)
def _address(name: str, _urlconf: str, _prefix: str) -> SafeString:
    return SafeString(escape(reverse(name)))
