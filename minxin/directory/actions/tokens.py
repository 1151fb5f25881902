"""Bearer tokens of people and channels."""

import hashlib
import secrets

from django.db import transaction
from django.utils.translation import gettext as _

from minxin.directory import models, rules
from minxin.directory.actions import reach
from minxin.directory.rules import Officer
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger


@transaction.atomic
def issue_token(
    *, by: Officer, person: str | None = None, channel: str = "", label: str = "", limit_per_minute: int | None = None
) -> str:
    """A new bearer token of a person (by username) or of a channel. It is returned here and stored nowhere."""
    channel, label = reach.words(channel, limit=60, field="channel"), reach.words(label, limit=60, field="label")
    if (person is None) == (not channel):
        raise Refused("token_owner", _("令牌属于一个人员或一个接入渠道，请二者选一。"))
    owner = reach.person(person, by=by, act="issue_token") if person else None
    if owner is None:
        rules.check_act(by, "issue_token")
    elif not owner.is_active:
        raise Refused("person_inactive", _("该账号已停用，不能签发令牌。"), field="person")
    token = f"mx_{secrets.token_urlsafe(32)}"
    row = models.Token.objects.create(
        hash=hashlib.sha256(token.encode()).hexdigest(),
        person=owner,
        channel=channel,
        label=label,
        limit_per_minute=limit_per_minute,
        created_at=clocks.now(),
    )
    stream = f"person:{owner.pk}" if owner else f"channel:{channel}"
    ledger.record(stream=stream, verb="issue_token", by=by, facts={"token": row.pk, "limit": limit_per_minute})
    return token


@transaction.atomic
def revoke_token(*, token: int, by: Officer) -> None:
    """Revoke a token by its id: at once in this process, within 30 seconds in every other. One's own, anybody may."""
    row = models.Token.objects.select_for_update(no_key=True).filter(pk=token, revoked_at__isnull=True).first()
    own = row is not None and by.kind == "officer" and by.id is not None and row.person_id == by.id
    if not own:
        rules.check_act(by, "revoke_token")
    if row is None:
        raise Absent
    if row.person_id is not None and not own:
        person = models.Person.objects.get(pk=row.person_id)
        reach.person(person.username, by=by, act="revoke_token")
    row.revoked_at = clocks.now()
    row.save(update_fields=["revoked_at"])
    changed()
    stream = f"person:{row.person_id}" if row.person_id else f"channel:{row.channel}"
    ledger.record(stream=stream, verb="revoke_token", by=by, facts={"token": row.pk})


def changed() -> None:
    """This process forgets the tokens it remembers: now, and when others can see the change."""
    models.changes.tokens += 1
    transaction.on_commit(_count_change)


def _count_change() -> None:
    models.changes.tokens += 1
