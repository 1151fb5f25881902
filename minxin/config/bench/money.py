"""A city's public money in bulk: 265 budget units with their lines, payments through every joint, a year as CSV.

Units are opened and enrolled by the real actions; lines, payees and payments are written by statements of the bench's
own, from one description of the n-th payment (`_PAYMENT`), so that every database of as many payments is the same one.
Running totals are counted by the product (`disclosures_flow_rebuild`), and the nightly proofs hold over all of it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from minxin.config.bench import fill

VERSION = 1  # of the rows; a database of another is filled anew
UNITS, LINES, FIRMS, PEOPLE = 265, 20, 40, 100  # lines, firms and people of each unit
WAGES, WORKS = 5, 2  # so many of a unit's lines are people's, so many have a contract
YEARS = 5  # half of the payments are of this year, the others of the four before
REQUEST, ORDER = 20, 400  # payments of one request, of one order
CHUNK = 500_000
TOP, FINANCE, BANK, REGION = "210700-BMX", "210700-BCZJ", "210700-BYH", "210700"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Year:
    """A fiscal year's payments: numbers 1 to `count`, requested day by day from 5 January over `days` days."""

    year: int
    count: int
    today: date

    @property
    def days(self) -> int:
        """From the first request to the last."""
        return max(1, (min(self.today, date(self.year, 12, 20)) - date(self.year, 1, 5)).days)

    def facts(self, first: int = 1, last: int = 0) -> dict[str, object]:
        """What the statements need to know."""
        numbers = {"first": first, "last": last or self.count, "requests": (self.count - 1) // REQUEST + 1}
        return numbers | {"year": self.year, "days": self.days, "today": self.today}


def plan(payments: int, today: date) -> list[Year]:
    """The payments by fiscal year, the oldest first."""
    before = payments // (2 * (YEARS - 1))
    counts = [*[before] * (YEARS - 1), payments - before * (YEARS - 1)]
    return [Year(today.year - YEARS + 1 + n, count, today) for n, count in enumerate(counts)]


def name_of(payments: int) -> str:
    """The database that holds a city with so many payments."""
    return f"minxin_bench_money_{payments}"


def wanted(payments: int) -> str:
    """What a database is marked with when it holds so many payments of this generator."""
    return f"minxin bench money {VERSION}: {payments} payments"


def make(url: str, payments: int, *, say: Say) -> None:
    """Fill the empty, migrated database of this process (Django is set up on it)."""
    from minxin.kernel import clocks

    began = time.monotonic()
    years = plan(payments, clocks.today())
    with psycopg.connect(url, autocommit=True) as connection:
        city(connection, [year.year for year in years], say=say)
        if payments:
            pay(connection, years, say=say)
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, wanted(payments)))
    say(f"{payments:,} payments in {time.monotonic() - began:.0f} s")


# --- the city: units by the real actions, lines, payees and contracts by statements


def city(connection: psycopg.Connection, years: list[int], *, say: Say) -> None:
    """Bureau, bank, departments and units, and for each year every unit's lines with their plans issued."""
    from minxin.directory import reports

    _open_units()
    say(f"units: {UNITS}")
    finance, bank = reports.unit(FINANCE).id, reports.unit(BANK).id
    connection.execute(_PLACES, {"finance": finance, "bank": bank})
    connection.execute(_REFS)
    connection.execute("CREATE UNLOGGED TABLE bench_document (kind text, n int, no text, PRIMARY KEY (kind, n))")
    connection.execute("CREATE TABLE bench_heading (year int, kind text, n int, code text)")
    _enter_payees(connection)
    for year in years:
        connection.execute("SELECT disclosures_part(%s)", [year])
        for series in ("line", "payment", "request", "paymentorder"):
            connection.execute("SELECT kernel_next_number(%s, %s)", [series, year])
        for statement in (_HEADINGS, _LINES, _CHANGES, _PLANS, _CONTRACTS):
            connection.execute(statement, {"year": year})
        connection.execute("SELECT setval(%s, %s)", [f"kernel_ref_line_{year}", UNITS * LINES])
    for table in ("budgetline", "commitment", "payee"):
        connection.execute(_SERIAL.format(table=f"disclosures_{table}"))
    say(f"lines: {UNITS * LINES} in each of {len(years)} years")


def unit_code(place: int) -> str:
    """The directory's code of the unit at that place; those at every fifth place are departments."""
    return f"210700-B{place:03d}"


def _open_units() -> None:
    from minxin.directory.actions import units
    from minxin.directory.rules import SYSTEM, UnitKind
    from minxin.disclosures.actions import units as budgets
    from minxin.disclosures.rules.codes import UnitType

    since = date(2000, 1, 1)
    top = units.open_unit(
        code=TOP, name="锦州市民心网中心", kind=UnitKind.CENTRE, region=REGION, is_centre=True,
        opened_on=since, by=SYSTEM,
    )  # fmt: skip
    made = [(FINANCE, "锦州市财政局", UnitKind.GOVERNMENT), (BANK, "锦州市代理银行", UnitKind.FINANCE)]
    enrolled: list[budgets.NewBudgetUnit] = []
    for place in range(UNITS):
        code, name = unit_code(place), f"锦州市第{place + 1}预算单位"
        made.append((code, name, UnitKind.GOVERNMENT))
        department = place // 5
        enrolled.append(
            budgets.NewBudgetUnit(
                unit=code, code=f"{101 + department}" + (f"{place % 5:03d}" if place % 5 else ""),
                type=UnitType.PUBLIC_INSTITUTION if place % 5 else UnitType.ADMINISTRATIVE,
                likeness="school" if place % 5 else "bureau", section="教科文科", staff=20 + place,
                department=unit_code(department * 5) if place % 5 else "", withheld=place == UNITS - 1,
            )
        )  # fmt: skip
    for code, name, kind in made:
        units.open_unit(
            code=code, name=name, kind=kind, region=REGION, parent=top.code, is_centre=False, opened_on=since, by=SYSTEM
        )
    budgets.enrol(finance=FINANCE, units=enrolled, on=since, by=SYSTEM)


# Who is where in the description: `place` counts units from 0.
_PLACES = """
CREATE TABLE bench_place AS
SELECT (row_number() OVER (ORDER BY b.code) - 1)::int AS place, b.unit_id, b.code, b.section, b.withheld,
       %(finance)s::bigint AS finance_id, %(bank)s::bigint AS bank_id
FROM disclosures_budgetunit b WHERE b.finance_id = %(finance)s
"""
_REFS = """
CREATE FUNCTION bench_ref(prefix text, year int, number bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    digits text := year || lpad(number::text, 7, '0');
    product int := 10;
BEGIN
    FOR i IN 1 .. length(digits) LOOP
        product := (ascii(substr(digits, i, 1)) - 48 + product) %% 10;
        product := (CASE product WHEN 0 THEN 10 ELSE product END) * 2 %% 11;
    END LOOP;
    RETURN prefix || year || '-' || lpad(number::text, 7, '0') || '-' || (11 - product) %% 10;
END $$
""".replace("%%", "%")
# Real headings of the year, numbered; people's lines have wages for heading.
_HEADINGS = """
INSERT INTO bench_heading
SELECT %(year)s, kind, row_number() OVER (PARTITION BY kind ORDER BY code) - 1, code FROM (
    SELECT DISTINCT code, CASE WHEN scheme = 'function' THEN 'function' WHEN code LIKE '301%%' THEN 'wages'
                          ELSE 'goods' END AS kind
    FROM disclosures_heading
    WHERE since_year <= %(year)s AND coalesce(until_year, %(year)s) >= %(year)s
        AND (scheme = 'function' AND length(code) = 7
             OR scheme = 'economic' AND length(code) = 5 AND code SIMILAR TO '(301|302|310)%%')
) h
"""
_LINES = f"""
INSERT INTO disclosures_budgetline (
    id, year, number, unit_id, finance_id, doc_no, doc_on, section, function, economic, project, fund, mode,
    formed_year, summary, withheld, approved_fen, frozen_fen, allotted_fen, requested_fen, paid_fen
)
SELECT (%(year)s - 2000) * 1000000 + u.place * {LINES} + k + 1, %(year)s, u.place * {LINES} + k + 1, u.unit_id,
       u.finance_id, '葫财指〔' || %(year)s || '〕1号', make_date(%(year)s, 1, 2), u.section, f.code, e.code,
       CASE WHEN k >= {WAGES} THEN '项目' || k ELSE '' END,
       (ARRAY['general', 'general', 'general', 'fund'])[1 + k %% 4], 'unified',
       %(year)s - CASE k WHEN {LINES - 1} THEN 1 WHEN {LINES - 2} THEN 2 ELSE 0 END, '', u.withheld,
       10000000000, 0, 10000000000, 0, 0
FROM bench_place u CROSS JOIN generate_series(0, {LINES - 1}) k
JOIN bench_heading f ON f.year = %(year)s AND f.kind = 'function' AND f.n = (u.place * 7 + k / 4) %%
    (SELECT count(*) FROM bench_heading WHERE year = %(year)s AND kind = 'function')
JOIN bench_heading e ON e.year = %(year)s AND e.kind = CASE WHEN k < {WAGES} THEN 'wages' ELSE 'goods' END
    AND e.n = (u.place + k) %% CASE WHEN k < {WAGES}
        THEN (SELECT count(*) FROM bench_heading WHERE year = %(year)s AND kind = 'wages')
        ELSE (SELECT count(*) FROM bench_heading WHERE year = %(year)s AND kind = 'goods') END
"""  # noqa: S608 - names of our own only
_CHANGES = """
INSERT INTO disclosures_linechange (line_id, kind, amount_fen, doc_no, "on", reason, at)
SELECT id, CASE WHEN formed_year < year THEN 'carry' ELSE 'approve' END, approved_fen, doc_no, doc_on, '', doc_on
FROM disclosures_budgetline WHERE year = %(year)s
"""
_PLANS = """
INSERT INTO disclosures_allotment (
    line_id, unit_id, finance_id, month, mode, amount_fen, stage, doc_no, submitted_at, approved_at, issued_at
)
SELECT id, unit_id, finance_id, make_date(year, 1, 1), mode, allotted_fen, 'issued', '葫财支1号', doc_on, doc_on, doc_on
FROM disclosures_budgetline WHERE year = %(year)s
"""
_CONTRACTS = f"""
INSERT INTO disclosures_commitment (
    id, line_id, unit_id, finance_id, contract_no, title, payee_id, amount_fen, used_fen, signed_on, published_on
)
SELECT l.id, l.id, l.unit_id, l.finance_id, 'HT-' || l.year || '-' || l.number, '服务采购合同',
       u.place * {FIRMS + PEOPLE} + 1 + (l.number - 1) %% {LINES}, 10000000000, 0, l.doc_on, l.doc_on + 2
FROM disclosures_budgetline l JOIN bench_place u USING (unit_id)
WHERE l.year = %(year)s AND (l.number - 1) %% {LINES} BETWEEN {WAGES} AND {WAGES + WORKS - 1}
"""  # noqa: S608 - names of our own only
_SERIAL = "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def _enter_payees(connection: psycopg.Connection) -> None:
    """Firms with their codes, institutions, people; the same marks as an import would give them."""
    from minxin.disclosures.actions import payees

    places = connection.execute("SELECT place, unit_id FROM bench_place ORDER BY place").fetchall()
    columns = "id, unit_id, kind, name, uscc, bank, mark"
    with connection.cursor() as cursor, cursor.copy(f"COPY disclosures_payee ({columns}) FROM STDIN") as copy:
        for place, unit in places:
            for k in range(FIRMS + PEOPLE):
                key = place * (FIRMS + PEOPLE) + k + 1
                kind = "person" if k >= FIRMS else "institution" if k % 5 == 4 else "firm"
                name = f"职工{key}" if kind == "person" else f"锦州第{key}" + ("中学" if k % 5 == 4 else "商贸有限公司")
                code = uscc(key) if kind == "firm" else ""
                copy.write_row((key, unit, kind, name, code, "", payees.marked(unit, name)[1]))


def uscc(number: int) -> str:
    """A 统一社会信用代码 of the right shape and check letter."""
    code = f"91211400{number:09d}"
    total = sum(_USCC.index(letter) * weight for letter, weight in zip(code, _WEIGHTS, strict=True))
    return code + _USCC[-total % 31]


# --- payments


# The n-th payment of a year: its unit (a few have most of them), line, payee, amount and days. A request is of one unit
# and one day, an order of neighbours, so its day is the last one's of them.
_PAYMENT = f"""
SELECT n, q, o, place, k, place * {LINES} + k + 1 AS line_number,
       place * {FIRMS + PEOPLE} + 1 + CASE
           WHEN k < {WAGES} THEN {FIRMS} + b % {PEOPLE}
           WHEN k < {WAGES + WORKS} THEN k
           ELSE b % {FIRMS}
       END AS payee_id,
       1000 + (a % 9973) * (1 + b % 97) AS fen,
       make_date(%(year)s, 1, 5) + (q::bigint * %(days)s / %(requests)s)::int AS asked,
       make_date(%(year)s, 1, 5) + (least(o::bigint * {ORDER // REQUEST} + {ORDER // REQUEST - 1}, %(requests)s - 1)
           * %(days)s / %(requests)s)::int + 3 AS paid,
       a % 331 = 0 AND b % 3 = 0 AS back
FROM (
    SELECT n, q, o, a, b, (a % {LINES})::int AS k, floor({UNITS} * power(c / 2147483648.0::float8, 2))::int AS place
    FROM (
        SELECT n, ((n - 1) / {REQUEST})::int AS q, ((n - 1) / {ORDER})::int AS o,
               hashint8extended(n, 1) & 2147483647 AS a, hashint8extended(n, 2) & 2147483647 AS b,
               hashint8extended((n - 1) / {REQUEST}, 3) & 2147483647 AS c
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
    ) h
) d
""".replace(" % ", " %% ")  # noqa: S608 - names of our own only
_DOCUMENTS = f"""
TRUNCATE bench_document;
INSERT INTO bench_document SELECT 'SQ', n, bench_ref('SQ', %(year)s, n + 1) FROM generate_series(0, %(requests)s - 1) n;
INSERT INTO bench_document
SELECT 'PZ', n, bench_ref('PZ', %(year)s, n + 1) FROM generate_series(0, (%(last)s - 1) / {ORDER}) n;
ANALYZE bench_document
"""  # noqa: S608 - names of our own only
_BASE = 10_000_000  # keys of a year's requests and orders begin at (year - 2000) * _BASE
_PAYMENTS = f"""
INSERT INTO disclosures_payment (
    id, year, unit_id, finance_id, line_id, request_id, order_id, commitment_id, payee_id, payee_kind, function,
    economic, fund, mode, settle, purpose, amount_fen, returned_fen, stage, external_id, request_no, order_no, bank_no,
    requested_on, unit_reviewed_on, section_reviewed_on, approved_on, ordered_on, paid_on, cleared_on, returned_on,
    withheld, recorded_from
)
SELECT %(year)s * 1000000000::bigint + p.n, %(year)s, l.unit_id, l.finance_id, l.id,
       (%(year)s - 2000) * {_BASE} + p.q, CASE WHEN p.done THEN (%(year)s - 2000) * {_BASE} + p.o END,
       CASE WHEN p.k BETWEEN {WAGES} AND {WAGES + WORKS - 1} THEN l.id END, p.payee_id, y.kind, l.function, l.economic,
       l.fund, l.mode, 'transfer', '办公及业务费用第' || p.n || '笔', p.fen,
       CASE WHEN p.gone THEN p.fen / 2 ELSE 0 END, CASE WHEN NOT p.done THEN 2 WHEN p.gone THEN 6 ELSE 5 END,
       'N' || p.n, s.no, CASE WHEN p.done THEN z.no ELSE '' END, CASE WHEN p.done THEN 'L' || p.n ELSE '' END,
       p.asked, p.asked + 1, p.asked + 2, p.asked + 2, CASE WHEN p.done THEN p.paid END,
       CASE WHEN p.done THEN p.paid END, CASE WHEN p.done THEN p.paid END, CASE WHEN p.gone THEN p.paid + 20 END,
       l.withheld, p.asked
FROM (SELECT *, paid <= %(today)s AS done, back AND paid + 20 <= %(today)s AS gone FROM ({_PAYMENT}) n) p
JOIN disclosures_budgetline l ON l.id = (%(year)s - 2000) * 1000000 + p.line_number
JOIN disclosures_payee y ON y.id = p.payee_id
JOIN bench_document s ON s.kind = 'SQ' AND s.n = p.q
JOIN bench_document z ON z.kind = 'PZ' AND z.n = p.o
"""  # noqa: S608 - names of our own only
_OF_YEAR = "p.id >= %(year)s * 1000000000::bigint AND p.id < (%(year)s + 1) * 1000000000::bigint"
_BEHIND = (
    f"""
    INSERT INTO disclosures_request (
        id, year, number, unit_id, finance_id, section, mode, external_id, stage, round, count, amount_fen, digest,
        requested_at, decided_at
    )
    SELECT p.request_id, %(year)s, p.request_id - (%(year)s - 2000) * {_BASE} + 1, min(p.unit_id), min(p.finance_id),
           '教科文科', min(p.mode), '', CASE WHEN min(p.stage) = 2 THEN 'approved' ELSE 'ordered' END, 1, count(*),
           sum(p.amount_fen), encode(sha256(p.request_id::text::bytea), 'hex'), min(p.requested_on), min(p.approved_on)
    FROM disclosures_payment p WHERE {_OF_YEAR} GROUP BY p.request_id
    """,  # noqa: S608 - names of our own only
    """
    INSERT INTO disclosures_approval (request_id, round, step, person_id, office, decision, reason, digest, at)
    SELECT r.id, 1, s.step, s.n, s.office, 'pass', '', r.digest, r.requested_at + s.n * interval '12 hours'
    FROM disclosures_request r CROSS JOIN (VALUES
        (1, 'unit', '单位财务'), (2, 'section', '教科文科'), (3, 'centre', '支付中心')) s (n, step, office)
    WHERE r.year = %(year)s
    """,
    f"""
    INSERT INTO disclosures_order (
        id, year, number, finance_id, bank_id, mode, stage, count, amount_fen, ordered_at, sent_at, paid_at, cleared_on
    )
    SELECT p.order_id, %(year)s, p.order_id - (%(year)s - 2000) * {_BASE} + 1, min(p.finance_id),
           (SELECT min(bank_id) FROM bench_place), min(p.mode), 'reconciled', count(*), sum(p.amount_fen),
           min(p.ordered_on), min(p.ordered_on), min(p.paid_on), min(p.cleared_on)
    FROM disclosures_payment p WHERE {_OF_YEAR} AND p.order_id IS NOT NULL GROUP BY p.order_id
    """,  # noqa: S608 - names of our own only
    f"""
    INSERT INTO disclosures_reversal (payment_id, amount_fen, "on", reason, bank_no, at, cleared_on)
    SELECT p.id, p.returned_fen, p.returned_on, '收款账户有误', 'T' || p.id, p.returned_on, p.returned_on
    FROM disclosures_payment p WHERE {_OF_YEAR} AND p.returned_fen > 0
    """,  # noqa: S608 - names of our own only
    f"""
    UPDATE disclosures_budgetline l SET requested_fen = s.requested, paid_fen = s.paid, last_paid_on = s.last_on,
        approved_fen = (s.requested + s.paid) * 5 / 4 + 20000000,
        allotted_fen = (s.requested + s.paid) * 9 / 8 + 15000000
    FROM (
        SELECT p.line_id, coalesce(sum(p.amount_fen) FILTER (WHERE p.stage < 4), 0)::bigint AS requested,
               coalesce(sum(p.amount_fen - p.returned_fen) FILTER (WHERE p.stage > 3), 0)::bigint AS paid,
               max(p.paid_on) AS last_on
        FROM disclosures_payment p WHERE {_OF_YEAR} GROUP BY p.line_id
    ) s WHERE s.line_id = l.id
    """,  # noqa: S608 - names of our own only
    """
    UPDATE disclosures_linechange c SET amount_fen = l.approved_fen FROM disclosures_budgetline l
    WHERE l.id = c.line_id AND l.year = %(year)s
    """,
    """
    UPDATE disclosures_allotment a SET amount_fen = l.allotted_fen FROM disclosures_budgetline l
    WHERE l.id = a.line_id AND l.year = %(year)s
    """,
    f"""
    UPDATE disclosures_commitment c SET used_fen = s.fen, amount_fen = s.fen * 9 / 8 + 10000000
    FROM (
        SELECT p.commitment_id, sum(p.amount_fen - p.returned_fen)::bigint AS fen FROM disclosures_payment p
        WHERE {_OF_YEAR} AND p.commitment_id IS NOT NULL GROUP BY p.commitment_id
    ) s WHERE s.commitment_id = c.id
    """,  # noqa: S608 - names of our own only
)


def pay(connection: psycopg.Connection, years: list[Year], *, say: Say) -> None:
    """Every year's payments and what stands behind them; indexes are built afterwards, totals counted once."""
    from minxin.disclosures.actions import flow

    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute("SET work_mem = '256MB'")
    # What triggers would keep is counted at the end, and what foreign keys would check is so by construction.
    connection.execute("SET session_replication_role = replica")
    with _payments_without_indexes(connection, say):
        for year in filter(lambda year: year.count, years):
            _pay_year(connection, year, say)
    connection.execute("SET session_replication_role = DEFAULT")
    for table in ("request", "order", "approval", "reversal"):
        connection.execute(_SERIAL.format(table=f"disclosures_{table}"))
    connection.execute("ANALYZE")
    say("totals")
    flow.rebuild()
    flow.tell()


def _pay_year(connection: psycopg.Connection, year: Year, say: Say) -> None:
    began = time.monotonic()
    for statement in _DOCUMENTS.split(";\n"):
        connection.execute(statement, year.facts())
    for first in range(1, year.count + 1, CHUNK):
        last = min(year.count, first + CHUNK - 1)
        connection.execute(_PAYMENTS, year.facts(first, last))
        say(f"payments of {year.year}: {last:,}/{year.count:,}, {last / (time.monotonic() - began):,.0f} a second")
    for statement in _BEHIND:
        connection.execute(statement, year.facts())
    requests, orders = (year.count - 1) // REQUEST + 1, (year.count - 1) // ORDER + 1
    for series, last in (("payment", year.count), ("request", requests), ("paymentorder", orders)):
        connection.execute("SELECT setval(%s, %s)", [f"kernel_ref_{series}_{year.year}", last])


@contextmanager
def _payments_without_indexes(connection: psycopg.Connection, say: Say) -> Iterator[None]:
    """The indexes of the whole table, dropped and built again, the key excepted: parts keep theirs by it."""
    found = [
        (name, definition) for name, definition in connection.execute(fill.INDEXES, ["disclosures_payment"]).fetchall()
    ]
    for name, _definition in found:
        connection.execute(f"DROP INDEX {name}")
    yield
    for done, (name, definition) in enumerate(found):
        say(f"indexes: {done}/{len(found)} {name}")
        connection.execute(definition)


# --- a year as a file


_CSV = f"""
COPY (
    SELECT 'I-' || p.n AS "外部编号", u.code AS "预算单位编码", bench_ref('ZB', {{year}}, p.line_number) AS "指标编号",
           s.no AS "申请号", p.asked AS "申请日期", p.asked + 1 AS "单位复核日期", p.asked + 2 AS "科室审核日期",
           p.asked + 2 AS "支付中心审核日期", z.no AS "凭证号", p.paid AS "凭证日期", p.paid AS "支付日期",
           p.paid AS "清算日期", y.name AS "收款人名称",
           CASE y.kind WHEN 'firm' THEN '企业' WHEN 'person' THEN '个人' ELSE '机关事业单位和社会组织' END
               AS "收款人类别",
           y.uscc AS "统一社会信用代码",
           CASE WHEN p.k BETWEEN {WAGES} AND {WAGES + WORKS - 1} THEN 'HT-{{year}}-' || p.line_number ELSE '' END
               AS "合同编号",
           '办公及业务费用第' || p.n || '笔' AS "用途",
           p.fen / 100 || '.' || lpad((p.fen %% 100)::text, 2, '0') AS "金额",
           '国库集中支付' AS "支付方式", '汇兑' AS "结算方式"
    FROM ({_PAYMENT}) p JOIN bench_place u USING (place) JOIN disclosures_payee y ON y.id = p.payee_id
    JOIN bench_document s ON s.kind = 'SQ' AND s.n = p.q JOIN bench_document z ON z.kind = 'PZ' AND z.n = p.o
    ORDER BY p.n
) TO STDOUT WITH (FORMAT csv, HEADER)
"""  # noqa: S608 - names of our own only


def write_csv(connection: psycopg.Connection, path: Path, year: Year) -> None:
    """The year's payments on the template `payments`, as another treasury system would hand them over."""
    for statement in _DOCUMENTS.split(";\n"):
        connection.execute(statement, year.facts())
    statement = _CSV.replace("{year}", str(year.year))
    with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(statement, year.facts()) as copy:
        for block in copy:
            file.write(block)


def file_year(rows: int, today: date) -> Year:
    """So many payments of this year, all of them settled by today."""
    return Year(today.year, rows, today - timedelta(days=10))
