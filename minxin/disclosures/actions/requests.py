"""Payment requests (支付申请): asked for by a unit, reviewed at three desks in order, returned, handed in again, void.

A request takes its money at once: the line's `requested_fen` and the contract's `used_fen` grow in the transaction that
writes the rows, under the lines' locks, so that whoever asks for the last yuan second is told what is left. A return
gives it back. What a unit has not handed in yet (草稿) is in its form or its own software, and holds no money.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer
from minxin.disclosures.actions import asking, holding
from minxin.disclosures.models import Request
from minxin.disclosures.models.payment import in_years, request_ref
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import Decision, RequestStage, Step
from minxin.kernel import clocks, refs, statements, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

NewPayment = asking.NewPayment

# The rows of some requests' present round, in the parts of their years only (written out by _run).
_ROWS = "p.request_id = ANY($1::bigint[]) AND {years} AND p.recorded_to IS NULL"
_DIGESTS = f"""
SELECT d.request_id, {asking.DIGEST}, bool_or(d.withheld)
FROM (SELECT p.*, y.mark FROM disclosures_payment p JOIN disclosures_payee y ON y.id = p.payee_id WHERE {_ROWS}) d
GROUP BY 1
"""  # noqa: S608 - no value in it
_REVIEWED = {
    step: f"UPDATE disclosures_payment p SET {what} WHERE {_ROWS} AND p.stage = 1"  # noqa: S608 - no value in it
    for step, what in {
        Step.UNIT: "unit_reviewed_on = $2::date",
        Step.SECTION: "section_reviewed_on = $2::date",
        Step.CENTRE: "approved_on = $2::date, stage = 2",
    }.items()
}
_SIGN = """
WITH moved AS (
    UPDATE disclosures_request SET stage = $10::text, decided_at = CASE WHEN $11::boolean THEN $9::timestamptz END
    WHERE id = ANY($1::bigint[])
)
INSERT INTO disclosures_approval (request_id, round, step, person_id, office, decision, reason, digest, at)
SELECT g.id, g.round, $4::text, $5::bigint, $6::text, $7::text, $8::text, g.digest, $9::timestamptz
FROM unnest($1::bigint[], $2::smallint[], $3::text[]) AS g (id, round, digest)
"""
_SIGNERS = """
SELECT a.request_id, a.person_id FROM disclosures_approval a
JOIN disclosures_request r ON r.id = a.request_id AND r.round = a.round
WHERE a.request_id = ANY($1::bigint[]) AND a.person_id IS NOT NULL
"""
_COLUMNS = [field.attname for field in Request._meta.concrete_fields]
_FOUND = f"""
SELECT {", ".join(_COLUMNS)} FROM disclosures_request
WHERE (year, number) IN (SELECT * FROM unnest($1::smallint[], $2::bigint[])) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - names of our own only
_LOCK = """
SELECT id FROM disclosures_{table}
WHERE id IN (SELECT p.{column} FROM disclosures_payment p WHERE {rows}) ORDER BY id FOR NO KEY UPDATE
"""
_LOCKS = [
    _LOCK.format(table="budgetline", column="line_id", rows=_ROWS),
    _LOCK.format(table="commitment", column="commitment_id", rows=_ROWS),
]
_FREE = f"""
WITH gone AS (
    UPDATE disclosures_payment p SET stage = 8 WHERE {_ROWS} AND p.stage = 1
    RETURNING p.line_id, p.commitment_id, p.amount_fen
), lines AS (
    UPDATE disclosures_budgetline l SET requested_fen = l.requested_fen - s.fen
    FROM (SELECT line_id, sum(amount_fen)::bigint AS fen FROM gone GROUP BY 1) s WHERE l.id = s.line_id
)
UPDATE disclosures_commitment c SET used_fen = c.used_fen - s.fen
FROM (SELECT commitment_id, sum(amount_fen)::bigint AS fen FROM gone GROUP BY 1) s WHERE c.id = s.commitment_id
"""  # noqa: S608 - no value in it
_BEFORE = """
SELECT id FROM disclosures_request WHERE unit_id = $1::bigint AND external_id = $2::text AND external_id <> ''
"""
_REPLACED = f"UPDATE disclosures_payment p SET recorded_to = $2::timestamptz WHERE {_ROWS}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a batch of reviews did: how many requests moved on, and for each other one the refusal, by ref."""

    count: int
    refused: Mapping[str, Refused] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A request's rows as they stand: the digest of them, and whether the auditor's log leaves them out."""

    digest: str = ""
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class _Act:
    """One officer's review of many requests."""

    verb: str
    step: Step
    decision: Decision
    reason: str
    by: Officer


@transaction.atomic
def request(*, unit: str, rows: Sequence[NewPayment], external_id: str = "", by: Officer) -> Request:
    """提出支付申请: some payments of one unit, to be reviewed together. A unit's own `external_id` makes it once.

    All rows or none; Refused says the row (from 1) and what to do: `overdrawn` with what the line or contract has left.
    """
    where = directory.unit(unit)
    finance_id = asking.finance_of(where)
    pipe.check(pipe.REQUEST["request"], by, unit=where, finance_id=finance_id)
    external_id = text.clean(external_id, limit=100, field="external_id")
    if external_id and (known := statements.run(_BEFORE, [where.id, external_id])):
        return _same(Request.objects.get(pk=known[0]), rows)
    asked = asking.ask(where, finance_id, rows)
    year, now = asked.first.year, clocks.now()
    asking.ready(year)
    made = Request(
        year=year,
        number=refs.next_number("request", year),
        unit_id=where.id,
        finance_id=finance_id,
        section=asked.first.section,
        mode=asked.first.mode,
        external_id=external_id,
        stage=RequestStage.UNIT_REVIEW,
        count=len(rows),
        amount_fen=asked.fen,
        maker_id=by.id,
        requested_at=now,
    )
    more = [made.number, where.id, finance_id, made.section, made.mode, external_id, by.id]
    made.pk, made.digest = asked.write(asking.NEW, request_ref(made), more)
    made._state.adding = False
    _record("request", made, by, sealed=asked.withheld)
    return made


@transaction.atomic
def resubmit(ref: str, *, rows: Sequence[NewPayment], by: Officer) -> Request:
    """改正后重报 a returned request: its rows are replaced by these, and all reviews begin anew in a new round."""
    found = _one(ref, by)
    where = directory.unit(found.unit_id)
    _may("resubmit", found, by)
    finance_id = asking.finance_of(where)
    asked = asking.ask(where, finance_id, rows)
    if asked.first.year != found.year:
        raise Refused("year", _("这份申请属于 %(year)d 年度，不能改到别的年度。") % {"year": found.year}, field="line")
    _run(_REPLACED, [found], clocks.now())
    asked.write(asking.AGAIN, request_ref(found), [found.pk, asked.first.section, asked.first.mode, by.id])
    found.refresh_from_db()
    _record("resubmit", found, by, sealed=asked.withheld, round=found.round)
    return found


@transaction.atomic
def void(ref: str, *, reason: str, by: Officer) -> Request:
    """作废 a request of the unit's own that is not approved yet; what it held is free again."""
    reason = holding.because(reason)
    found = _one(ref, by)
    _may("void_request", found, by)
    withheld = _rows([found])[found.pk].withheld
    if found.stage != RequestStage.RETURNED:
        _free([found])
    found.stage, found.decided_at = RequestStage.VOID, clocks.now()
    found.save(update_fields=["stage", "decided_at"])
    facts = {"reason": reason}
    ledger.record(stream=request_ref(found), verb="void_request", by=by, facts=facts, sealed=withheld)
    return found


@transaction.atomic
def review(
    refs: Collection[str],
    *,
    step: Step,
    decision: Decision = Decision.PASS,
    reason: str = "",
    seen: Mapping[str, int] | None = None,
    by: Officer,
) -> int:
    """审核 these requests, all or none; how many. Raises the refusal of the first that cannot be reviewed."""
    done = review_many(refs, step=step, decision=decision, reason=reason, seen=seen, by=by)
    for ref, refusal in done.refused.items():
        if len(refs) == 1 or isinstance(refusal, Absent):
            raise refusal
        sentence = _("申请 %(ref)s：%(sentence)s") % {"ref": ref, "sentence": refusal.sentence}
        raise Refused(refusal.code, sentence, field=refusal.field) from refusal
    return done.count


@transaction.atomic
def review_many(
    refs: Collection[str],
    *,
    step: Step,
    decision: Decision = Decision.PASS,
    reason: str = "",
    seen: Mapping[str, int] | None = None,
    by: Officer,
) -> Reviewed:
    """审核 many requests at once: those that can be are, each other one has its refusal.

    Every review signs the digest of the rows as they stand now; rows that differ from what was asked for are refused
    (`changed`). The steps come in their order, each by another officer, none by the one who asked. `seen` says which
    round of a request the officer looked at: one handed in again since is refused (`changed_meanwhile`).
    """
    step, decision = Step(step), Decision(decision)
    reason = text.clean(reason, limit=holding.REASON, field="reason")
    if decision == Decision.RETURN:
        reason = holding.because(reason)
    found, refused = _found(refs, by)
    verb = f"{'review' if decision == Decision.PASS else 'return'}_{step}"
    rows = _rows(found.values())
    signers = _signers(found.values())
    passed = []
    for ref, asked in found.items():
        try:
            _check_round(asked, (seen or {}).get(ref))
            _check_review(verb, asked, rows[asked.pk], signers.get(asked.pk, frozenset()), by)
            passed.append(asked)
        except Refused as refusal:
            refused[ref] = refusal
    if passed:
        act = _Act(verb, step, decision, reason, by)
        _decide(act, passed, rows)
    return Reviewed(len(passed), refused)


def _same(known: Request, rows: Sequence[NewPayment]) -> Request:
    """The request handed in before under this number; Refused (`conflict`) when the batch is another one now."""
    with asking.at_row(1):
        fen = sum(holding.above_zero(row.amount) for row in rows)
    if (known.count, known.amount_fen) != (len(rows), fen):
        sentence = _("批次编号 %(own)s 已经用于申请 %(ref)s，笔数或金额不同。请换一个批次编号。")
        raise Refused("conflict", sentence % {"own": known.external_id, "ref": request_ref(known)}, field="external_id")
    return known


def _found(refs: Collection[str], by: Officer) -> tuple[dict[str, Request], dict[str, Refused]]:
    """The requests locked in the order of their keys, by ref as given, and refusals for those not to be seen."""
    typed: dict[tuple[int, int], str] = {}
    refused: dict[str, Refused] = {}
    for ref in refs:
        try:
            typed.setdefault(_number(ref), ref)
        except Refused as refusal:
            refused[ref] = refusal
    numbers = {ref: pair for pair, ref in typed.items()}
    pairs = list(numbers.values())
    rows = statements.rows(_FOUND, [[year for year, _number in pairs], [number for _year, number in pairs]])
    requests = [Request.from_db(connection.alias, _COLUMNS, row) for row in rows]
    known = {(row.year, row.number): row for row in requests if holding.sees(by, row)}
    for ref, pair in numbers.items():
        if pair not in known:
            refused[ref] = Absent("absent", _("没有找到这份支付申请，请核对编号。"))
    return {ref: known[pair] for ref, pair in numbers.items() if pair in known}, refused


def _number(ref: str) -> tuple[int, int]:
    return refs.parse("SQ", ref)


def _one(ref: str, by: Officer) -> Request:
    found, refused = _found([ref], by)
    if refused:
        raise refused[ref]
    return found[ref]


def _may(verb: str, found: Request, by: Officer) -> None:
    move = pipe.REQUEST[verb]
    pipe.check(move, by, unit=directory.unit(found.unit_id), finance_id=found.finance_id)
    pipe.allowed(move, RequestStage(found.stage))


def _run(statement: str, requests: Sequence[Request], *more: object) -> list[tuple[Any, ...]]:
    """Execute a statement about _ROWS of these requests; its plan is kept for their years."""
    years = [row.year for row in requests]
    written = statement.replace("{years}", in_years(min(years), max(years)))
    return statements.rows(written, [[row.pk for row in requests], *more])


def _rows(requests: Iterable[Request]) -> dict[int, _Rows]:
    requests = list(requests)
    rows = dict.fromkeys((row.pk for row in requests), _Rows())
    if requests:
        rows |= {key: _Rows(*row) for key, *row in _run(_DIGESTS, requests)}
    return rows


def _signers(requests: Iterable[Request]) -> dict[int, frozenset[int]]:
    """Who has reviewed each of them in its present round."""
    people: dict[int, set[int]] = {}
    for key, person in statements.rows(_SIGNERS, [[row.pk for row in requests]]):
        people.setdefault(key, set()).add(person)
    return {key: frozenset(those) for key, those in people.items()}


def _check_round(asked: Request, seen: int | None) -> None:
    if seen is not None and seen != asked.round:
        raise Refused("changed_meanwhile", _("这份申请在您打开以后改正重报过，请看过新的内容再审核。"))


def _check_review(verb: str, asked: Request, rows: _Rows, signers: frozenset[int], by: Officer) -> None:
    _may(verb, asked, by)
    if by.id is not None and by.id == asked.maker_id:
        raise Refused("maker", _("申请是您自己提出的，请由另一位人员审核。"))
    if by.id in signers:
        raise Refused("same_officer", _("您已经审核过这份申请的前一步，这一步请由另一位人员审核。"))
    if verb.startswith("review") and rows.digest != asked.digest:
        raise Refused("changed", _("这份申请的内容与提出时不一致，不能通过。请退回，并请单位重新提出。"))


def _decide(act: _Act, requests: Sequence[Request], rows: Mapping[int, _Rows]) -> None:
    """Sign, move the requests and their payments or free what they held, and record each."""
    now, move = clocks.now(), pipe.REQUEST[act.verb]
    if act.decision == Decision.RETURN:
        _free(requests)
    else:
        _run(_REVIEWED[act.step], requests, now.date())
    over = move.target in {RequestStage.APPROVED, RequestStage.RETURNED}
    keys, digests = [row.pk for row in requests], [rows[row.pk].digest for row in requests]
    signed: list[object] = [keys, [row.round for row in requests], digests, str(act.step), act.by.id, act.by.label]
    statements.run(_SIGN, [*signed, str(act.decision), act.reason, now, str(move.target), over])
    facts = {
        request_ref(row): {"step": act.step, "decision": act.decision, "round": row.round, "digest": digest}
        for row, digest in zip(requests, digests, strict=True)
    }
    sealed = [request_ref(row) for row in requests if rows[row.pk].withheld]
    ledger.record_many(verb="review", by=act.by, facts=facts, sealed=sealed)


def _free(requests: Sequence[Request]) -> None:
    """Give back what their rows held: lines first, then contracts, each in the order of the keys, as `asking` locks."""
    for statement in (*_LOCKS, _FREE):
        _run(statement, requests)


def _record(verb: str, asked: Request, by: Officer, *, sealed: bool, **more: int) -> None:
    facts = {"count": asked.count, "fen": asked.amount_fen, "digest": asked.digest, **more}
    ledger.record(stream=request_ref(asked), verb=verb, by=by, facts=facts, sealed=sealed)
