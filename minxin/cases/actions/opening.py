"""The one statement that opens a case: its key is claimed, its rows and its first event are written, or nothing is."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import connection, models
from psycopg import sql

from minxin.cases.models import Case, Clock, Custodian, Filing, FilingKey
from minxin.cases.rules import codes
from minxin.directory.rules import Officer
from minxin.kernel import statements
from minxin.ledger import actions as ledger

# What a new case fills in; every other column begins with its model's default.
_CASE = (
    "id", "kind", "lane", "channel", "stage", "region", "category", "title", "amount_fen", "occurred_on",
    "respondent_id", "centre_id", "anonymous", "shows_name", "consents", "shares_identity", "filed_at", "due_at",
    "provisional",
)  # fmt: skip
_FILING = (
    "text", "wanted", "place", "respondent_name", "code_salt", "key", "identity", "phone_mark", "about_ref",
    "about_digest", "entered_by_post",
)  # fmt: skip
_CLOCK = ("code", "rule_id", "basis", "amount", "unit", "due_at", "provisional", "calendar_version")


def write(
    claim: FilingKey, case: Case, filing: Filing, clocks: Iterable[Clock], posts: Iterable[int], *, by: Officer
) -> bool:
    """1 statement, atomic by itself. Whether the key was new and the case is there now; False: nothing was written.

    A second request with the same key waits here until the first has committed.
    """
    facts = {f"key_{name}": getattr(claim, name) for name in ("key", "digest")}
    facts |= {name: getattr(case, name) for name in _CASE} | {name: getattr(filing, name) for name in _FILING}
    for prefix, clock in zip(("answer", "accept"), clocks, strict=True):
        facts |= {f"{prefix}_{name}": getattr(clock, name) for name in _CLOCK}
    event = {"kind": case.kind, "lane": case.lane, "channel": case.channel, "region": case.region, "to": case.stage}
    sealed = case.lane == codes.Lane.SEALED
    facts |= ledger.values(stream=case.ref, seq=1, verb="file", by=by, facts=event, sealed=sealed)
    facts["posts"] = list(posts)
    statement, names = _statement()
    return statements.run(statement, [facts[name] for name in names]) is not None


@cache
def _statement() -> tuple[str, tuple[str, ...]]:
    """The statement, and which fact each of its placeholders stands for."""
    return statements.numbered(_named_statement())


def _named_statement() -> str:
    claim = _insert(FilingKey, "", case_id="id", key="key_key", digest="key_digest", at="filed_at")
    clock = {"case_id": "id", "region": "region", "started_at": "filed_at"}
    return f"""
WITH claim AS ({claim} ON CONFLICT (key) DO NOTHING RETURNING case_id),
opened AS ({_insert(Case, "claim", **{name: name for name in _CASE})}),
given AS ({_insert(Filing, "claim", case_id="id", **{name: name for name in _FILING})}),
answer AS ({_insert(Clock, "claim", **clock, first_due_at="answer_due_at", **_prefixed("answer"))}),
accept AS ({_insert(Clock, "claim", **clock, first_due_at="accept_due_at", **_prefixed("accept"))}),
named AS ({
        _insert(
            Custodian,
            "claim, unnest(%(posts)s::bigint[]) AS post",
            case_id="id",
            post_id=sql.SQL("post"),
            at="filed_at",
        )
    }),
told AS ({ledger.INSERT} SELECT {ledger.VALUES} FROM claim)
SELECT case_id FROM claim"""  # noqa: S608 - nothing but columns and placeholders


def _prefixed(prefix: str) -> dict[str, str]:
    return {name: f"{prefix}_{name}" for name in _CLOCK}


def _insert(model: type[models.Model], source: str, **given: str | sql.SQL) -> str:
    """`INSERT … SELECT … FROM source`: columns from the facts named, all others as the model begins them."""
    columns, values = [], []
    for field in model._meta.concrete_fields:
        value = given.get(field.attname)
        if value is None and (field.null or isinstance(field, models.AutoField)):
            continue
        columns.append(f'"{field.column}"')
        if isinstance(value, sql.SQL):
            values.append(value.as_string())
        elif value is not None:
            values.append(f"%({value})s::{_type(field)}")
        else:
            start = field.get_db_prep_save(field.get_default(), connection)
            values.append(sql.Literal(start).as_string(connection.connection))
    rows = f" FROM {source}" if source else ""
    table = model._meta.db_table
    return f'INSERT INTO "{table}" ({", ".join(columns)}) SELECT {", ".join(values)}{rows}'


def _type(field: "models.Field[Any, Any]") -> str:
    """The type to read a value as. Never one with a length: a cast to it would cut the value off in silence."""
    written = field.db_type(connection) or "text"
    return "text" if written.startswith("varchar") else written
