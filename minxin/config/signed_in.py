"""Who is signed in: the session and the person behind it, asked on every page of the desk by questions kept planned."""

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from minxin.directory.models import Person
from minxin.kernel import clocks, statements

_SESSIONS = statements.Kept(lambda key: Session.objects.filter(session_key=key), by=str)
_PEOPLE = statements.Kept(lambda key: Person.objects.filter(pk=key))


class SessionStore(db.SessionStore):
    """Django's sessions in the database; only how one is found is ours. 1 query."""

    def _get_session_from_db(self) -> Session | None:
        found = next(iter(_SESSIONS(self.session_key or "")), None)
        if found is not None and found.expire_date > clocks.now():
            return found
        self._session_key = None
        return None


class Backend(AuthenticationBackend):
    """Signing in as allauth does it; only how the person of a session is found is ours. 1 query."""

    def get_user(self, user_id: int) -> Person | None:
        """The person of a session, if still active."""
        found = next(iter(_PEOPLE(user_id)), None)
        return found if found is not None and self.user_can_authenticate(found) else None
