"""Who calls the desk's operations: an officer, by a token of his own (`minxin token USERNAME`)."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from minxin.directory import reports as directory
from minxin.directory.rules import Officer


class OfficerToken(HttpBearer):
    """An officer's token."""

    def authenticate(self, request: HttpRequest, token: str) -> Officer | None:
        """No query, or 3 every half a minute. The officer, or None: then the door stays shut."""
        return directory.officer_by_token(token)


def officer(request: HttpRequest) -> Officer:
    """Whoever the token named."""
    found: Officer = request.auth  # type: ignore[attr-defined]
    return found
