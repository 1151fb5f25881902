"""`{% kept %}`: a piece of a page that is the same for everybody, drawn once and kept by this process.

What stands inside sees what the tag is given and the reader's language, nothing else of the page: no request, no
person, no token. So a piece cannot hold what it is not kept under, and one reader's cannot be shown to another.
"""

from typing import Any

from django.template import Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.template.loader_tags import BlockNode
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language

MOST = 64  # of one piece: the oldest goes first


def register(library: Library) -> None:
    """Add the tag to a library."""
    library.tag("kept", _read)


def _read(parser: Parser, token: Token) -> "_Kept":
    """`{% kept name=value … when=condition %}…{% endkept %}`; where `when` does not hold, drawn anew."""
    bits = token.split_contents()[1:]
    given = token_kwargs(bits, parser)
    if bits:
        raise TemplateSyntaxError(f"kept takes name=value only, not {bits[0]}")
    inside = parser.parse(("endkept",))
    parser.delete_first_token()
    if inside.get_nodes_by_type(BlockNode) or inside.get_nodes_by_type(CsrfTokenNode):
        raise TemplateSyntaxError("a kept piece is the same for everybody: no block, no token")
    return _Kept(inside, given.pop("when", None), given)


class _Kept(Node):
    """Its pieces live with it: a template read anew begins anew."""

    child_nodelists = ("nodelist",)

    def __init__(self, inside: NodeList, when: FilterExpression | None, given: dict[str, FilterExpression]) -> None:
        self.nodelist, self._when, self._given = inside, when, given
        self._pieces: dict[tuple[object, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        """The piece for what is given now."""
        given = {name: _plain(value.resolve(context)) for name, value in self._given.items()}
        if self._when is not None and not self._when.resolve(context):
            return self.nodelist.render(_alone(context, given))
        # With their types: what is marked safe is written otherwise than the same letters that are not.
        key = (get_language(), *given.values(), *map(type, given.values()))
        piece = self._pieces.get(key)
        if piece is None:
            piece = self.nodelist.render(_alone(context, given))
            if len(self._pieces) >= MOST:
                self._pieces.pop(next(iter(self._pieces), ()), None)
            self._pieces[key] = piece
        return piece


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Promise) else value


def _alone(context: Context, given: dict[str, Any]) -> Context:
    own = context.new(given)
    own.template = context.template
    return own
