"""The rows of plausible cases, as lines for COPY: 98 in a hundred closed and public, two open, all within constraints.

Columns and their defaults are read from the models, so that a new column with a default needs no change here.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

from django.apps import apps

from minxin.config.bench import words
from minxin.kernel import refs

YEARS = 3  # how far back the closed cases go
OPEN_SHARE = 0.02
OPEN_DAYS = 12  # the open ones were filed within
BUSY = 60  # so many open cases at least wait for the clerk whose inbox is measured
_STAGES = ("filed", "accepted", "to_sign", "handling", "review", "rating")
_STAGE_WEIGHTS = (15, 10, 15, 45, 10, 5)
_AT_UNIT = {"to_sign": "to_sign", "handling": "handling", "review": "reported", "rating": "reported"}
_BETWEEN = re.compile(r"[^\u4e00-\u9fff0-9a-z]+")  # all that words.py writes between letters
Value = str | int | bool | datetime | date | bytes | Sequence[str] | None


@dataclass(frozen=True)
class Place:
    """A county or city: its name, the network's centre there, and its bureaus by short code."""

    region: str
    name: str
    centre: int
    bureaus: dict[str, tuple[int, str]]  # unit id, unit name


@dataclass(frozen=True)
class Plan:
    """What is to be made: how many closed cases, where, until when, and whose inbox is full."""

    closed: int
    places: tuple[Place, ...]
    until: datetime
    busy: int  # the unit

    @property
    def total(self) -> int:
        """Closed and open."""
        return self.closed + self.open

    @property
    def open(self) -> int:
        """Cases still in somebody's hands."""
        return max(4 * BUSY, round(self.closed * OPEN_SHARE))


class Table:
    """A table's columns with their defaults, and the lines gathered for it."""

    def __init__(self, app: str, model: str) -> None:
        found = apps.get_model(app, model)
        # The directory has written events already: the ledger numbers its rows itself.
        fields = [field for field in found._meta.concrete_fields if not (app == "ledger" and field.primary_key)]
        self.name = found._meta.db_table
        self.columns = [field.column for field in fields]
        self._place = {field.column: index for index, field in enumerate(fields)}
        self._defaults = [_text(_default(field)) for field in fields]
        self.lines: list[str] = []

    def add(self, **facts: Value) -> None:
        """One row; columns that are not named hold their default."""
        values = self._defaults.copy()
        for column, value in facts.items():
            values[self._place[column]] = _text(value)
        self.lines.append("\t".join(values))


def _default(field: object) -> Value:
    if field.has_default():  # type: ignore[attr-defined]
        value = field.get_default()  # type: ignore[attr-defined]
        return json.dumps(value) if isinstance(value, dict) or field.get_internal_type() == "JSONField" else value  # type: ignore[attr-defined]
    return "" if field.empty_strings_allowed and not field.null else None  # type: ignore[attr-defined]


def _text(value: Value) -> str:
    match value:
        case str():
            return value
        case None:
            return "\\N"
        case int():  # and bool: 1 and 0 are understood
            return str(int(value))
        case date():  # and datetime
            return value.isoformat()
        case bytes():
            return "\\\\x" + value.hex()
        case _:
            return "{" + ",".join(value) + "}"


TABLES = (
    ("cases", "Case"), ("cases", "Filing"), ("cases", "Clock"), ("cases", "Assignment"), ("cases", "Text"),
    ("cases", "PublicCase"), ("ledger", "Event"),
)  # fmt: skip


def lexemes(text: str) -> str:
    """The search vector of a text, written out as PostgreSQL reads it: what `kernel.text.vector` makes, only faster."""
    parts: list[str] = []
    place = 0
    for run in _BETWEEN.split(text):
        for at in range(len(run)):
            place += 1
            parts.append(f"'{run[at : at + 2]}':{place}")
    return " ".join(parts)


class Chunk:
    """The cases from `begin` to `end` of a plan: deterministic, whoever makes it."""

    def __init__(self, plan: Plan, begin: int, end: int) -> None:
        self._plan, self._begin, self._end = plan, begin, end
        self._random = Random(begin)  # noqa: S311 - texts, not secrets
        self.tables = {model: Table(app, model) for app, model in TABLES}
        self._weights = [1 / (rank + 6) for rank in range(len(plan.places))]

    def fill(self) -> dict[str, Table]:
        """The rows, by model."""
        for number in range(self._begin, self._end):
            self._case(number)
        return self.tables

    def _case(self, number: int) -> None:
        plan, random = self._plan, self._random
        is_open = number >= plan.closed
        busy = is_open and number < plan.closed + BUSY
        place = plan.places[0] if busy else random.choices(plan.places, self._weights)[0]
        written = words.write(random, place.name)
        unit, unit_name = place.bureaus[written.topic.bureau]
        if busy:
            unit = plan.busy
        stage = "closed"
        if is_open:
            stage = "handling" if busy else random.choices(_STAGES, _STAGE_WEIGHTS)[0]
        filed = _moment(plan, number) + timedelta(seconds=random.random() * 40)
        one = _One(
            number=number,
            place=place,
            unit=unit,
            unit_name=unit_name,
            stage=stage,
            written=written,
            filed=filed,
            random=random,
        )
        self._rows(one)

    def _rows(self, one: "_One") -> None:
        add = {model: table.add for model, table in self.tables.items()}
        add["Case"](**one.case())
        add["Filing"](**one.filing())
        for clock in one.clocks():
            add["Clock"](**clock)
        if one.stage in _AT_UNIT or one.closed:
            add["Assignment"](**one.assignment())
            add["Text"](**one.words())
        if one.closed:
            add["PublicCase"](**one.public())
        for event in one.events():
            add["Event"](**event)


def _moment(plan: Plan, number: int) -> datetime:
    """The closed ones evenly over the years, then the open ones over the last days."""
    if number < plan.closed:
        span = timedelta(days=365 * YEARS)
        return plan.until - timedelta(days=OPEN_DAYS) - span + span * (number / plan.closed)
    return plan.until - timedelta(days=OPEN_DAYS) * (1 - (number - plan.closed) / (plan.open + 1))


class _One:
    """One case and the facts its rows share."""

    def __init__(
        self,
        *,
        number: int,
        place: Place,
        unit: int,
        unit_name: str,
        stage: str,
        written: words.Written,
        filed: datetime,
        random: Random,
    ) -> None:
        self.number, self.place, self.unit, self.unit_name = number + 1, place, unit, unit_name
        self.stage, self.written, self.filed, self.random = stage, written, filed, random
        self.closed = stage == "closed"
        self.id = filed.year * 1_000_000_000 + self.number
        self.ref = refs.written("MX", filed.year, self.number)
        self.due = filed + timedelta(days=14)
        self.sent = filed + timedelta(hours=5)
        self.answered = filed + timedelta(days=random.randint(1, 12)) if self.closed or stage == "rating" else None
        self.over = self.answered + timedelta(days=2) if self.closed and self.answered else None
        self.rating = random.choices((1, 2, 3, 4, 5, None), (3, 4, 8, 20, 35, 30))[0] if self.closed else None
        self.stars = random.choices((1, 2, 3, 4, 5), (2, 4, 14, 40, 40))[0] if self.answered else None
        self.kind = "praise" if written.topic.category == "2110" else random.choice(("complaint", "complaint", "help"))
        self.finding = random.choice(("true", "true", "partly", "untrue")) if self.answered else ""
        self.resolution = random.choice(("solved", "solved", "partly_solved", "explained")) if self.answered else ""

    def case(self) -> dict[str, Value]:
        """The row of the case."""
        at_unit = self.stage in _AT_UNIT or self.closed
        return {
            "id": self.id,
            "seq": 3 if self.closed else 2 if at_unit else 1,
            "kind": self.kind,
            "lane": "open",
            "channel": "web",
            "stage": self.stage,
            "region": self.place.region,
            "category": self.written.topic.category,
            "title": self.written.title,
            "digest_title": self.written.title if at_unit else "",
            "centre_id": self.place.centre,
            "lead_id": self.unit if at_unit else None,
            "holder_id": self.number if self.stage in {"to_sign", "handling"} else None,
            "consents": True,
            "filed_at": self.filed,
            "accepted_at": None if self.stage == "filed" else self.sent,
            "dispatched_at": self.sent if at_unit else None,
            "signed_at": self.sent if at_unit and self.stage != "to_sign" else None,
            "contacted_at": self.sent if at_unit and self.stage != "to_sign" else None,
            "answered_at": self.answered,
            "closed_at": self.over,
            "published_at": self.over,
            "due_at": self.due,
            "finding": self.finding,
            "resolution": self.resolution,
            "stars": self.stars,
            "stars_version": 1 if self.stars else 0,
            "first_rating": self.rating,
            "final_rating": self.rating,
        }

    def filing(self) -> dict[str, Value]:
        """What the filer gave; the ciphertext is of the usual length and opens with no key."""
        return {
            "case_id": self.id,
            "text": self.written.question,
            "code_salt": self.random.randbytes(16),
            "key": self.random.randbytes(65),
            "identity": self.random.randbytes(110),
            "phone_mark": hashlib.sha256(str(self.random.randrange(400_000)).encode()).hexdigest(),
        }

    def clocks(self) -> Iterator[dict[str, Value]]:
        """The clock of acceptance and that of the answer."""
        for place, (code, due, stopped) in enumerate(
            (
                ("accept", self.filed + timedelta(days=2), None if self.stage == "filed" else self.sent),
                ("answer", self.due, self.answered),
            )
        ):
            yield {
                "id": 2 * self.number - 1 + place,
                "case_id": self.id,
                "code": code,
                "basis": "网络办理惯例",
                "region": self.place.region,
                "started_at": self.filed,
                "amount": 1 if code == "accept" else 10,
                "unit": "working_day",
                "due_at": due,
                "first_due_at": due,
                "calendar_version": 1,
                "stopped_at": stopped,
            }

    def assignment(self) -> dict[str, Value]:
        """The lead unit's part."""
        return {
            "id": self.number,
            "case_id": self.id,
            "unit_id": self.unit,
            "part": "lead",
            "state": "reported" if self.closed else _AT_UNIT[self.stage],
            "assigned_at": self.sent,
            "due_at": self.due,
            "signed_at": None if self.stage == "to_sign" else self.sent,
            "done_at": self.answered,
        }

    def words(self) -> dict[str, Value]:
        """The answer of a closed case, the digest of an open one."""
        return {
            "id": self.number,
            "case_id": self.id,
            "words": "answer" if self.closed else "digest",
            "body": self.written.answer if self.closed else self.written.question,
            "unit_id": self.unit if self.closed else self.place.centre,
            "by_label": f"{self.unit_name} 承办员" if self.closed else f"{self.place.name}中心 摘编员",
            "at": self.answered or self.sent,
        }

    def public(self) -> dict[str, Value]:
        """The published page, as `closing.publish` makes it."""
        written = self.written
        return {
            "case_id": self.id,
            "kind": self.kind,
            "region": self.place.region,
            "category": written.topic.category,
            "unit_id": self.unit,
            "unit_name": self.unit_name,
            "title": written.title,
            "question": written.question,
            "answer": written.answer,
            "finding": self.finding,
            "resolution": self.resolution,
            "stars": self.stars,
            "rating": self.rating,
            "filed_at": self.filed,
            "answered_at": self.answered,
            "published_at": self.over,
            "search": lexemes(" ".join((written.title, written.question, written.answer, self.unit_name))),
        }

    def events(self) -> Iterator[dict[str, Value]]:
        """Filed, dispatched, approved."""
        verbs = [("file", self.filed, _facts(kind=self.kind, to="filed"))]
        if self.closed or self.stage in _AT_UNIT:
            verbs.append(("dispatch", self.sent, _facts(unit=self.unit)))
        if self.closed and self.over:
            verbs.append(("approve", self.over, _facts(to="rating")))
        for seq, (verb, at, facts) in enumerate(verbs, start=1):
            yield {
                "stream": self.ref,
                "seq": seq,
                "verb": verb,
                "at": at,
                "actor_kind": "citizen" if verb == "file" else "officer",
                "actor_label": "群众" if verb == "file" else f"{self.place.name}中心 分转员",
                "facts": facts,
            }


@cache
def _facts(**facts: str | int) -> str:
    return json.dumps(facts)


def today_in(moment: datetime) -> datetime:
    """The moment in UTC, to the second: what a plan ends at."""
    return moment.astimezone(UTC).replace(microsecond=0)
