"""What a run needs to know of one database: tokens, cookies, words, statements of each page, and pgbench's scripts."""

import importlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg.sql import Literal

from minxin.config.bench import fill, load, words
from minxin.kernel import statements

FILINGS, TRACKED, SCRIPTS = 240, 10, 24
INBOX = "/desk/cases/?queue=handling"
MIDDLING = ("龙凤", "松柏", "班级群", "盲道", "化粪池", "一卡通")  # some thousands of a million
COMMON = ("物业", "拖欠工资", "居民", "供暖", "垃圾满地", "工作人员")


@dataclass
class Probe:
    """Requests without their port, cookies, and how many statements each kind of request took when warm."""

    token: str
    inbox: str
    tracks: list[str]
    common: list[str]
    middling: list[str]
    rare: list[str]
    bodies: list[str]
    statements: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def probe(home: Path) -> Probe:
    """Ask the database of this process (Django is set up on it); pgbench's scripts are left in `home`/pgbench."""
    from minxin.directory.actions import tokens
    from minxin.directory.rules import SYSTEM

    token = tokens.issue_token(channel=fill.CHANNEL, label="bench", by=SYSTEM)
    desk = Client(SERVER_NAME="127.0.0.1")
    desk.force_login(get_user_model()._default_manager.get(username=fill.CLERK))
    found = Probe(
        token=token,
        inbox=f"{settings.SESSION_COOKIE_NAME}={desk.cookies[settings.SESSION_COOKIE_NAME].value}",
        tracks=_tracks(),
        common=[_search(word) for word in COMMON],
        middling=[_search(word) for word in MIDDLING],
        rare=[_search(word) for word in _rare()],
        bodies=bodies(FILINGS),
    )
    _count(found, desk)
    _scripts(home / "pgbench", found)
    return found


def bodies(count: int) -> list[str]:
    """JSON of plausible filings from all over the province."""
    random = Random(count)  # noqa: S311 - texts, not secrets
    places = list(
        apps.get_model("directory", "Unit")
        ._default_manager.filter(is_centre=True, parent__isnull=False)
        .order_by("id")
        .values_list("region_id", "name")
    )
    weights = [1 / (rank + 6) for rank in range(len(places))]
    made = []
    for _number in range(count):
        region, name = random.choices(places, weights)[0]
        written = words.write(random, name.removesuffix("民心网中心"))
        filing = {
            "kind": "complaint",
            "title": written.title,
            "text": written.question,
            "region": region,
            "category": written.topic.category,
            "contact": {"name": "反映人", "phone": f"138{random.randrange(10**8):08d}"},
            "wanted": "请尽快处理并答复",
            "consents": True,
        }
        made.append(json.dumps(filing, ensure_ascii=False))
    return made


def _search(word: str) -> str:
    return f"/cases/?q={quote(word)}"


def _rare() -> list[str]:
    """Names that stand in a handful of the public cases, and one that stands in none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(case_id), max(case_id) FROM cases_publiccase")
        low, high = cursor.fetchone()
        found: list[str] = []
        for share in range(1, 400):
            cursor.execute(
                "SELECT title FROM cases_publiccase WHERE case_id >= %s ORDER BY case_id LIMIT 1",
                [low + (high - low) * share // 400],
            )
            match = re.match("(.{3})(建筑|房地产|劳务|物业服务|供热|商贸|烧烤店|饭店|歌厅|超市)", cursor.fetchone()[0])
            if match and match[0] not in found:
                found.append(match[0])
    return [*found[:5], "查无此词"]


def _tracks() -> list[str]:
    """Cookies that open the track of closed cases: what a browser keeps after number and code were given."""
    case = importlib.import_module("minxin.cases.models.case")
    newest = apps.get_model("cases", "Filing")._default_manager.filter(case__stage="closed").order_by("-case_id")
    cookies = []
    for case_id, salt in newest.values_list("case_id", "code_salt")[: TRACKED * 50 : 50]:
        browser = Client(SERVER_NAME="127.0.0.1", REMOTE_ADDR=f"10.{'.'.join(map(str, secrets.token_bytes(3)))}")
        given = {"ref": case.ref_of(case_id), "code": case.query_code(case_id, bytes(salt))}
        browser.post("/track/", given)
        cookies += [f"{name}={morsel.value}" for name, morsel in browser.cookies.items() if "track" in name]
    return cookies


def _count(found: Probe, desk: Client) -> None:
    """Statements of one request each, asked twice before so that what processes remember is there."""
    public = Client(SERVER_NAME="127.0.0.1")
    bearer = {"authorization": f"Bearer {found.token}"}
    asked: dict[str, Callable[[], Any]] = {
        "filing": lambda: public.post(
            "/api/v1/cases", found.bodies[0], content_type="application/json", headers=bearer
        ),
        "inbox": lambda: desk.get(INBOX),
        "track": lambda: public.get("/track/", headers={"cookie": found.tracks[0]}),
        "search, common": lambda: public.get(found.common[0]),
        "search, middling": lambda: public.get(found.middling[0]),
        "search, rare": lambda: public.get(found.rare[0]),
    }
    for name, ask in asked.items():
        if name == "track" and not found.tracks:
            found.faults.append("track: 打不开 · does not open")
            continue
        for _time in range(2):
            answer: HttpResponse = ask()
        with CaptureQueriesContext(connection) as captured:
            answer = ask()
        if answer.status_code >= 300:
            found.faults.append(f"{name}: {answer.status_code}")
        found.statements[name] = len([q for q in captured if q["sql"] not in {"BEGIN", "COMMIT"}])


def _scripts(folder: Path, found: Probe) -> None:
    """The very statements of some filings, with their own number in place of the one they had."""
    folder.mkdir(parents=True, exist_ok=True)
    public = Client(SERVER_NAME="127.0.0.1")
    for index, body in enumerate(found.bodies[:SCRIPTS]):
        with _taken() as taken:
            answer = public.post(
                "/api/v1/cases",
                body,
                content_type="application/json",
                headers={"authorization": f"Bearer {found.token}", "idempotency-key": f"script {index} {found.token}"},
            )
        if answer.status_code == 201:
            (folder / f"{index}.sql").write_text(_script(taken, answer.json()["ref"]))


@contextmanager
def _taken() -> Iterator[list[str]]:
    """The statements run within, values written out: Django's, and those that the kernel keeps planned."""
    taken: list[str] = []
    kept = statements.run

    def noting(statement: str, values: Sequence[object]) -> tuple[Any, ...] | None:
        connection.ensure_connection()
        written = [Literal(value).as_string(connection.connection) for value in values]
        taken.append(re.sub(r"\$(\d+)", lambda found: written[int(found[1]) - 1], statement))
        return kept(statement, values)

    def wrapper(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        with connection.connection.cursor() as cursor:
            taken.append(cursor.mogrify(sql, params) if params else str(sql))
        return execute(sql, params, many, context)

    statements.run = noting
    try:
        with connection.execute_wrapper(wrapper):
            yield taken
    finally:
        statements.run = kept


def _script(taken: list[str], ref: str) -> str:
    """One filing for pgbench: a number of its own, and an idempotency key made of it."""
    prefix, number, _check = ref.split("-")
    year = prefix[2:]
    key = f"{year}{int(number):09d}"
    lines = []
    for sql in taken:
        if "kernel_ref_case" in sql or "kernel_next_number" in sql:
            lines += [f"SELECT kernel_next_number('case', {year}) AS n \\gset", f"\\set id {year}000000000 + :n"]
            continue
        line = re.sub(rf"(?<!\w){key}(?!\w)", ":id", sql).replace(f"'{ref}'", "('MX' || :id::text)")
        if "cases_filingkey" in line:
            line = re.sub(r"'[0-9a-f]{64}'", "(md5(:id::text) || md5(:id::text))", line, count=1)
        lines.append(" ".join(line.split()).rstrip(";") + ";")
    return "\n".join(lines) + "\n"


def requests(found: Probe, what: str, port: int) -> list[str]:
    """The requests of one measurement, whole."""
    if what == "filing":
        headers = {
            "Authorization": f"Bearer {found.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": load.STAMP,
        }
        return [load.request("POST", "/api/v1/cases", port=port, headers=headers, body=body) for body in found.bodies]
    if what == "inbox":
        return [load.request("GET", INBOX, port=port, headers={"Cookie": found.inbox})]
    if what == "track":
        return [load.request("GET", "/track/", port=port, headers={"Cookie": cookie}) for cookie in found.tracks]
    paths = {"common": found.common, "middling": found.middling, "rare": found.rare}[what.removeprefix("search, ")]
    return [load.request("GET", path, port=port) for path in paths]
