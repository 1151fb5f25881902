"""The rows of a payment request: checked one by one, held against line and contract, written by one statement."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from minxin.directory.rules import UnitRef
from minxin.disclosures.actions import payees
from minxin.disclosures.actions.payees import NewPayee
from minxin.disclosures.models.line import number_of
from minxin.disclosures.models.payment import in_years
from minxin.disclosures.rules.codes import PayMode, SettleMode
from minxin.kernel import clocks, money, refs, statements, text
from minxin.kernel.errors import Absent, Refused

MOST_ROWS = 2000  # of one request: a payroll; more is a second request
PURPOSE, CONTRACT, EXTERNAL = 120, 60, 60
_SETTLES = frozenset(SettleMode.values)

# What every review signs: of each row its number, line, contract, payee (by the keyed fingerprint of name and account),
# way of settling, amount, own number and purpose; in the order of the numbers. No column holds a separator.
DIGEST = """encode(sha256(convert_to(string_agg(concat_ws(chr(31), d.id, d.line_id, coalesce(d.commitment_id, 0),
    d.payee_kind, d.mark, d.settle, d.amount_fen, d.external_id, d.purpose), chr(10) ORDER BY d.id), 'UTF8')), 'hex')"""

_UNIT = "SELECT finance_id FROM disclosures_budgetunit WHERE unit_id = $1::bigint FOR NO KEY UPDATE"
_LINES = """
SELECT id, year, number, mode, section, withheld, allotted_fen - requested_fen - paid_fen
FROM disclosures_budgetline
WHERE unit_id = $1::bigint AND (year, number) IN (SELECT * FROM unnest($2::smallint[], $3::bigint[]))
ORDER BY id FOR NO KEY UPDATE
"""
_CONTRACTS = """
SELECT id, contract_no, line_id, payee_id, published_on, amount_fen - used_fen
FROM disclosures_commitment WHERE unit_id = $1::bigint AND contract_no = ANY($2::text[])
ORDER BY id FOR NO KEY UPDATE
"""
_ASKED_BEFORE = """
SELECT p.external_id FROM disclosures_payment p
WHERE p.unit_id = $1::bigint AND p.external_id = ANY($2::text[]) AND {years}
AND p.stage NOT IN (7, 8) AND p.recorded_to IS NULL LIMIT 1
"""
_READY = "SELECT disclosures_part($1::int), to_regclass($2::text) IS NOT NULL"
_GIVEN = """
WITH given AS (
    SELECT $1::bigint * 1000000000 + nextval($2::text::regclass) AS id, g.line_id, g.payee_id, g.payee_kind, g.mark,
           g.commitment_id, g.settle, g.purpose, g.amount_fen,
           CASE WHEN g.external_id = '' THEN $3::text || '-' || g.n ELSE g.external_id END AS external_id
    FROM (
        SELECT * FROM unnest($4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
            $11::bigint[], $12::text[]) WITH ORDINALITY
            AS u (line_id, payee_id, payee_kind, mark, commitment_id, settle, purpose, amount_fen, external_id, n)
        ORDER BY n
    ) g
), signed AS (
    SELECT count(*) AS count, sum(d.amount_fen)::bigint AS fen, {digest} AS digest FROM given d
), asked AS ({asked})
, rows AS (
    INSERT INTO disclosures_payment (
        id, year, unit_id, finance_id, line_id, request_id, commitment_id, payee_id, payee_kind, function, economic,
        fund, mode, settle, purpose, amount_fen, returned_fen, stage, external_id, request_no, order_no, bank_no,
        requested_on, withheld, recorded_from
    )
    SELECT g.id, l.year, l.unit_id, l.finance_id, l.id, asked.id, g.commitment_id, g.payee_id, g.payee_kind, l.function,
           l.economic, l.fund, l.mode, g.settle, g.purpose, g.amount_fen, 0, 1, g.external_id, $3::text, '', '',
           $13::date, l.withheld, $14::timestamptz
    FROM given g JOIN disclosures_budgetline l ON l.id = g.line_id CROSS JOIN asked
), held AS (
    UPDATE disclosures_budgetline l SET requested_fen = l.requested_fen + s.fen
    FROM (SELECT line_id, sum(amount_fen)::bigint AS fen FROM given GROUP BY 1) s
    WHERE l.id = s.line_id AND l.requested_fen + l.paid_fen + s.fen <= l.allotted_fen RETURNING 1
), bound AS (
    UPDATE disclosures_commitment c SET used_fen = c.used_fen + s.fen
    FROM (SELECT commitment_id, sum(amount_fen)::bigint AS fen FROM given WHERE commitment_id IS NOT NULL GROUP BY 1) s
    WHERE c.id = s.commitment_id AND c.used_fen + s.fen <= c.amount_fen RETURNING 1
)
SELECT asked.id, asked.digest, (SELECT count(*) FROM held), (SELECT count(*) FROM bound) FROM asked
"""
_NEW = """
    INSERT INTO disclosures_request (
        year, number, unit_id, finance_id, section, mode, external_id, stage, round, count, amount_fen, digest,
        maker_id, requested_at
    )
    SELECT $1, $15::bigint, $16::bigint, $17::bigint, $18::text, $19::text, $20::text, 'unit_review', 1, count, fen,
           digest, $21::bigint, $14
    FROM signed RETURNING id, digest"""
_AGAIN = """
    UPDATE disclosures_request r SET section = $16::text, mode = $17::text, stage = 'unit_review', round = r.round + 1,
        count = s.count, amount_fen = s.fen, digest = s.digest, maker_id = $18::bigint, requested_at = $14,
        decided_at = NULL
    FROM signed s WHERE r.id = $15::bigint RETURNING r.id, r.digest"""
NEW = _GIVEN.format(digest=DIGEST, asked=_NEW)
AGAIN = _GIVEN.format(digest=DIGEST, asked=_AGAIN)


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment to ask for: so many yuan of a line (by ref) to a payee, under a contract of the line or none."""

    line: str
    amount: Decimal
    purpose: str
    payee_kind: str
    name: str
    account: str = ""
    bank: str = ""
    uscc: str = ""
    contract: str = ""
    settle: str = SettleMode.TRANSFER
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of a locked line."""

    id: int
    year: int
    number: int
    mode: str
    section: str
    withheld: bool
    left_fen: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's rows, checked and with their lines and contracts locked: what the statement writes."""

    unit: UnitRef
    finance_id: int
    lines: list[Line]
    columns: list[list[Any]]  # line, payee, its kind and mark, contract, settling, purpose, fen, own number
    today: date

    @property
    def first(self) -> Line:
        """Its year, mode and section are those of all."""
        return self.lines[0]

    @property
    def withheld(self) -> bool:
        """Whether the auditor's log leaves it out."""
        return any(line.withheld for line in self.lines)

    @property
    def fen(self) -> int:
        """The sum."""
        return sum(self.columns[7])

    def write(self, statement: str, request_no: str, more: list[object]) -> tuple[int, str]:
        """Write the rows and what they hold; (key of the request, digest of its rows)."""
        name = f"kernel_ref_payment_{self.first.year}"
        values = [self.first.year, name, request_no, *self.columns, self.today, clocks.now(), *more]
        key, digest, held, bound = statements.rows(statement, values)[0]
        contracts = {contract for contract in self.columns[4] if contract is not None}
        if (held, bound) != (len(self.lines), len(contracts)):
            raise Refused("overdrawn", _("余额刚刚被别的申请用掉了，请刷新后再试。"))
        return int(key), str(digest)


@dataclass(frozen=True, slots=True)
class _Row:
    line: tuple[int, int]
    payee: NewPayee
    contract: str
    settle: str
    purpose: str
    fen: int
    external_id: str


def finance_of(unit: UnitRef) -> int:
    """The finance bureau that keeps this unit's budget. The unit's requests come one after another from here on."""
    row = statements.run(_UNIT, [unit.id])
    if row is None:
        raise Absent("absent", _("没有找到这个预算单位。请先由财政部门登记。"), field="unit")
    return int(row[0])


def ask(unit: UnitRef, finance_id: int, rows: Sequence[NewPayment]) -> Asked:
    """The rows checked and their lines and contracts locked. Refused names the row (from 1) and what to do."""
    if not rows or len(rows) > MOST_ROWS:
        raise Refused("invalid", _("一份申请要有 1 到 %(most)d 笔支付。") % {"most": MOST_ROWS})
    clean = [_checked(number, row) for number, row in enumerate(rows, 1)]
    lines = _lines(unit, clean)
    entered = _payees(unit, clean)
    contracts = _contracts(unit, clean, lines, entered)
    _check_own_numbers(unit, clean, lines)
    own = [lines[row.line].id for row in clean]
    sentence = _("这条指标可用的额度还有 %(left)s 元，不够支付这一笔。请减少金额，或先申请下达额度。")
    _hold(clean, own, {line.id: line.left_fen for line in lines.values()}, sentence)
    columns: list[list[Any]] = [
        own,
        [payee.id for payee in entered],
        [payee.kind for payee in entered],
        [payee.mark for payee in entered],
        contracts,
        [row.settle for row in clean],
        [row.purpose for row in clean],
        [row.fen for row in clean],
        [row.external_id for row in clean],
    ]
    return Asked(unit, finance_id, list(lines.values()), columns, clocks.today())


def ready(year: int) -> None:
    """Make the year's part of the payments and their numbers, when they are missing."""
    row = statements.run(_READY, [year, f"kernel_ref_payment_{year}"])
    if row is not None and not row[1]:
        refs.sequence("payment", year)


@contextmanager
def at_row(number: int) -> Iterator[None]:
    """A refusal inside says in which row it is."""
    try:
        yield
    except Refused as refusal:
        sentence = _("第 %(row)d 行：%(sentence)s") % {"row": number, "sentence": refusal.sentence}
        raise Refused(refusal.code, sentence, field=f"{number}.{refusal.field or ''}") from refusal


def _checked(number: int, row: NewPayment) -> _Row:
    with at_row(number):
        payee = payees.checked(NewPayee(row.payee_kind, row.name, row.account, row.bank, row.uscc))
        if row.settle not in _SETTLES:
            raise Refused("invalid", _("请选择结算方式。"), field="settle")
        if row.settle == SettleMode.TRANSFER and not (payee.account and payee.bank):
            raise Refused("required", _("汇兑要填写收款人的账号和开户银行。"), field="account")
        fen = money.fen(row.amount, field="amount")
        if fen <= 0:
            raise Refused("invalid", _("金额必须大于零，单位是元。"), field="amount")
        purpose = _one_line(row.purpose, PURPOSE, "purpose")
        if not purpose:
            raise Refused("required", _("请填写用途。"), field="purpose")
        return _Row(
            number_of(row.line, field="line"),
            payee,
            _one_line(row.contract, CONTRACT, "contract"),
            str(row.settle),
            purpose,
            fen,
            _one_line(row.external_id, EXTERNAL, "external_id"),
        )


def _one_line(value: str, limit: int, field: str) -> str:
    return " ".join(text.clean(value, limit=limit, field=field).split()) if value else ""


def _lines(unit: UnitRef, rows: Sequence[_Row]) -> dict[tuple[int, int], Line]:
    """The unit's lines of these rows, locked: of this fiscal year, kept by one section, paid in one mode."""
    pairs = list({row.line for row in rows})
    found = statements.rows(_LINES, [unit.id, [year for year, _number in pairs], [number for _year, number in pairs]])
    lines = {(row[1], row[2]): Line(*row) for row in found}
    year, first = clocks.today().year, lines.get(rows[0].line)
    for number, row in enumerate(rows, 1):
        line = lines.get(row.line)
        with at_row(number):
            if line is None or first is None:
                raise Refused("line", _("没有找到本单位的这条指标，请核对指标编号。"), field="line")
            if line.year != year:
                sentence = _("这条指标属于 %(of)d 年度，只能在当年申请支付；余额请先结转。")
                raise Refused("year", sentence % {"of": line.year}, field="line")
            if (line.mode, line.section) != (first.mode, first.section):
                facts = {"mode": PayMode(first.mode).label, "section": first.section}
                sentence = _(
                    "一份申请只能由同一科室审核、用同一支付方式（第 1 行是%(section)s、%(mode)s），请分开申请。"
                )
                raise Refused("mixed", sentence % facts, field="line")
    return lines


def _payees(unit: UnitRef, rows: Sequence[_Row]) -> list[payees.Entered]:
    found = payees.entered(unit.id, [row.payee for row in rows])
    for number, (row, payee) in enumerate(zip(rows, found, strict=True), 1):
        with at_row(number):
            payees.check_kind(row.payee, payee)
    return found


def _contracts(
    unit: UnitRef, rows: Sequence[_Row], lines: dict[tuple[int, int], Line], entered: Sequence[payees.Entered]
) -> list[int | None]:
    """The contract of each row: of the same line and payee, published, with enough left."""
    if not any(row.contract for row in rows):
        return [None] * len(rows)
    numbers = list({row.contract for row in rows if row.contract})
    known = {(row[1], row[2]): row for row in statements.rows(_CONTRACTS, [unit.id, numbers])}
    today = clocks.today()
    for number, (row, payee) in enumerate(zip(rows, entered, strict=True), 1):
        if not row.contract:
            continue
        found = known.get((row.contract, lines[row.line].id))
        with at_row(number):
            if found is None:
                raise Refused("contract", _("这条指标下没有登记这份合同，请先登记合同。"), field="contract")
            if found[3] != payee.id:
                raise Refused("contract", _("收款人和账号与合同登记的不一致，请核对。"), field="name")
            if found[4] is None or found[4] > today:
                raise Refused("contract", _("合同要先公告，才能支付。请先登记公告日期。"), field="contract")
    bound = {row[0]: row[5] for row in known.values()}
    ids = {key: row[0] for key, row in known.items()}
    chosen = [ids[row.contract, lines[row.line].id] if row.contract else None for row in rows]
    _hold(rows, chosen, bound, _("合同还可以支付的只有 %(left)s 元，请核对合同金额。"))
    return chosen


def _check_own_numbers(unit: UnitRef, rows: Sequence[_Row], lines: dict[tuple[int, int], Line]) -> None:
    """A unit's own number is asked for once, here and in all its requests of the year that were not refused."""
    numbers = [row.external_id for row in rows if row.external_id]
    if not numbers:
        return
    year = next(iter(lines.values())).year
    before = statements.run(_ASKED_BEFORE.format(years=in_years(year, year)), [unit.id, numbers])
    seen = {before[0]} if before else set()
    for number, row in enumerate(rows, 1):
        if row.external_id and row.external_id in seen:
            with at_row(number):
                sentence = _("单位编号 %(own)s 已经申请过支付，请不要重复申请。")
                raise Refused("already", sentence % {"own": row.external_id}, field="external_id")
        seen.add(row.external_id)


def _hold(rows: Sequence[_Row], held: Sequence[int | None], left: dict[int, int], sentence: str) -> None:
    """Take each row from what is left of its line or contract, in order; the first that does not fit is refused."""
    for number, (row, key) in enumerate(zip(rows, held, strict=True), 1):
        if key is None:
            continue
        if row.fen > left[key]:
            with at_row(number):
                raise Refused("overdrawn", sentence % {"left": money.written(left[key])}, field="amount")
        left[key] -= row.fen
