"""Accounts and their passwords."""

import secrets
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from minxin.directory import models
from minxin.directory.actions import reach, tokens
from minxin.directory.rules import Officer
from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account as just made or reset. `password` is the generated first password, shown once; else empty."""

    id: int
    username: str
    label: str
    password: str = ""


@transaction.atomic
def create_person(
    *,
    username: str,
    label: str,
    unit: str,
    by: Officer,
    password: str | None = None,
    encoded: str | None = None,
    change_first: bool = True,
) -> Account:
    """Make an account kept by `unit` (a code).

    Without a password one is generated and returned, once. `encoded` takes a password already hashed by Django: people
    moved from another installation, or one hash for all sign-ins of a demonstration. With `change_first` the person
    must choose another password at the first sign-in.
    """
    label = reach.words(label, limit=60, field="label", needed=True)
    username = username.strip().lower()
    at = reach.unit(unit, by=by, act="create_person")
    if models.Person.objects.filter(username=username).exists():
        raise Refused(
            "username_taken", _("用户名 %(name)s 已被使用，请换一个。") % {"name": username}, field="username"
        )
    person = models.Person(username=username, label=label, unit=at, created_at=clocks.now())
    try:
        person.clean_fields(exclude=["password", "unit"])
    except ValidationError as error:
        field = next(iter(error.message_dict))
        raise Refused("person_malformed", error.message_dict[field][0], field=field) from error
    shown = "" if encoded or password else _first_password()
    person.password = encoded or (_checked_hash(password, person) if password else _quick_hash(shown))
    person.password_changed_at = None if change_first else clocks.now()
    person.save(force_insert=True)
    reach.record_person(person, "create_person", by=by, unit=unit)
    return Account(person.pk, username, label, shown)


@transaction.atomic
def deactivate_person(*, username: str, by: Officer) -> None:
    """Close an account: sign-in, sessions and tokens stop at once. Somebody with a post must hand it over first."""
    person = reach.person(username, by=by, act="deactivate_person")
    if models.Appointment.objects.filter(person=person).filter(reach.not_over()).exists():
        raise Refused("still_appointed", _("此人还有在任的岗位。请先办理交接或结束任职，再停用账号。"))
    person.is_active = False
    person.save(update_fields=["is_active"])
    revoked = models.Token.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=clocks.now())
    tokens.changed()
    reach.record_person(person, "deactivate_person", by=by, tokens=revoked)


@transaction.atomic
def reset_password(*, username: str, by: Officer) -> Account:
    """Give the account a new generated password, returned once; sessions end, and it must be changed at sign-in."""
    person = reach.person(username, by=by, act="reset_password")
    shown = _first_password()
    person.password, person.password_changed_at = _quick_hash(shown), None
    person.save(update_fields=["password", "password_changed_at"])
    reach.record_person(person, "reset_password", by=by)
    return Account(person.pk, person.username, person.label, shown)


@transaction.atomic
def reset_factors(*, username: str, by: Officer) -> None:
    """Somebody has lost the second factor and the recovery codes: the next sign-in binds a new one."""
    person = reach.person(username, by=by, act="reset_factors")
    if person.pk == by.id:
        raise Refused("not_oneself", _("自己的双重验证请在“我的账号”里更换，或请另一位安全管理员解除。"))
    taken, _kinds = Authenticator.objects.filter(user=person).delete()
    reach.record_person(person, "reset_factors", by=by, factors=taken)


@transaction.atomic
def change_password(*, person: int, password: str, by: Officer) -> None:
    """Somebody chooses a new password, different from the present one; its 90 days begin."""
    if by.id != person:
        raise Absent
    row = models.Person.objects.select_for_update(no_key=True).get(pk=person)
    if row.check_password(password):
        raise Refused("password_same", _("新密码不能与现在的密码相同，请另设一个。"), field="password1")
    row.password = _checked_hash(password, row)
    row.password_changed_at = clocks.now()
    row.save(update_fields=["password", "password_changed_at"])
    reach.record_person(row, "change_password", by=by)


_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"


def _first_password() -> str:
    """16 characters nobody confuses when reading them out, about 92 bits, with a sign so that it passes the rules."""
    while True:
        word = "-".join("".join(secrets.choice(_LETTERS) for _letter in range(4)) for _group in range(4))
        if any(c.isdigit() for c in word) and any(c.isupper() for c in word) and any(c.islower() for c in word):
            return word


def _quick_hash(generated: str) -> str:
    """A hash of few rounds: 92 random bits need no slow one, and Django makes it slow at the first sign-in."""
    hasher = PBKDF2PasswordHasher()
    return hasher.encode(generated, hasher.salt(), iterations=1000)


def _checked_hash(password: str, person: models.Person) -> str:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refused("password_weak", "".join(error.messages), field="password1") from error
    person.set_password(password)
    return person.password
