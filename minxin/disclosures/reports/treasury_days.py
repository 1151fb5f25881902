"""The day's end at the desk: what is not cleared, what was, how the accounts stood at night, what does not agree."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count, Min, Q, Sum
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, Role, UnitKind, UnitRef
from minxin.disclosures.models import Account, BudgetUnit, Clearing, Difference, Payment, Reversal, Voucher
from minxin.disclosures.models.payment import payment_ref
from minxin.disclosures.models.settlement import number_of
from minxin.disclosures.reports.treasury_desk import TAIL
from minxin.disclosures.rules import pipe
from minxin.disclosures.rules.codes import DifferenceKind, PaymentStage
from minxin.kernel import clocks, refs
from minxin.kernel.errors import Absent, Refused

DAYS, NIGHTS, SIZE = 14, 7, 50

Key = tuple[int, int | None]  # an account: the ids of its bank and of its unit, None for the finance bureau's own
Wrong = Mapping[Key, Mapping[date, int]]

# What was paid or came back up to a day and is not cleared, by account and day: clearing.balances with its parts. Days
# before `first` count as that one.
_OPEN = """
SELECT o.bank_id, o.unit_id, count(*) FILTER (WHERE m.fen > 0),
       coalesce(sum(m.fen) FILTER (WHERE m.fen > 0), 0)::bigint,
       coalesce(-sum(m.fen) FILTER (WHERE m.fen < 0), 0)::bigint, min(m.day), greatest(m.day, %(first)s::date)
FROM (
    SELECT p.order_id, p.amount_fen AS fen, p.paid_on AS day
    FROM disclosures_order o JOIN disclosures_payment p ON p.order_id = o.id
    WHERE o.finance_id = %(finance)s AND o.stage IN ('signed', 'paid') AND p.stage IN (4, 6) AND p.cleared_on IS NULL
      AND p.paid_on <= %(on)s
    UNION ALL
    SELECT p.order_id, -r.amount_fen, r.on FROM disclosures_reversal r JOIN disclosures_payment p ON p.id = r.payment_id
    WHERE r.cleared_on IS NULL AND r.on <= %(on)s
) m JOIN disclosures_order o ON o.id = m.order_id
WHERE o.finance_id = %(finance)s AND (%(banks)s::bigint[] IS NULL OR o.bank_id = ANY(%(banks)s))
GROUP BY 1, 2, 7
"""


@dataclass(frozen=True, slots=True)
class Side:
    """For which finance bureau an officer looks at the day, and for which banks (None: all of it); whether he acts."""

    finance: UnitRef
    finances: Sequence[UnitRef]  # all that he may choose from
    banks: Sequence[UnitRef]
    only: Sequence[int] | None
    may: bool


def side(by: Officer, *, finance: str = "") -> Side:
    """1 query. Raises Absent for whoever is neither a finance bureau's nor an agent bank's: balances are theirs."""
    at, bank = by.unit_ids(), by.unit_ids(Role.BANKER)
    rows = Account.objects.visible_to(by).filter(Q(finance_id__in=at) | Q(bank_id__in=bank))
    pairs = set(rows.order_by().values_list("finance_id", "bank_id").distinct())
    centres = by.unit_ids(Role.CASHIER)  # whose first account is yet to be registered
    found = sorted((directory.unit(key) for key in centres | {pair[0] for pair in pairs}), key=lambda unit: unit.code)
    chosen = next((unit for unit in found if unit.code == finance), found[0] if found and not finance else None)
    if chosen is None:
        raise Absent
    own = chosen.id in at
    banks = sorted((directory.unit(key) for one, key in pairs if one == chosen.id), key=lambda unit: unit.code)
    only = None if own else [unit.id for unit in banks]
    return Side(chosen, found, banks, only, pipe.may(pipe.SETTLING["clear_day"], by, finance_id=chosen.id))


@dataclass(frozen=True, slots=True)
class AccountDay:
    """One account on one day, in fen. `open_fen` is what is not at zero; `waiting` payments of it wait for clearing."""

    owner: UnitRef | None
    bank: UnitRef
    opening_fen: int = 0
    paid_fen: int = 0
    back_fen: int = 0
    cleared_fen: int = 0
    open_fen: int = 0
    waiting: int = 0
    since: date | None = None
    closed_at: datetime | None = None
    reconciled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day that was cleared: accounts that moved, what was drawn net from the single account, what disagrees."""

    on: date
    accounts: int
    paid_fen: int
    back_fen: int
    cleared_fen: int
    reconciled: int
    differences: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day's end: its accounts, the sums of them, the days around it."""

    on: date
    side: Side
    accounts: Sequence[AccountDay]
    total: AccountDay | None
    may_clear: bool
    late: bool  # the day is over
    later: date | None  # a day cleared after this one: what is open joins that
    days: Sequence[DayRow]
    reconciled: bool


def day(by: Officer, on: date, *, finance: str = "") -> Day:
    """5 queries. The day's end of a finance bureau, to its own people and to its agent bank."""
    at = side(by, finance=finance)
    mine = Clearing.objects.visible_to(by).filter(finance_id=at.finance.id)
    mine = mine if at.only is None else mine.filter(bank_id__in=at.only)
    done = {(row.bank_id, row.unit_id): row for row in mine.filter(on=on)}
    waiting = {row.key: row for row in _uncleared(at, on)}
    rows = [_account_day(key, done.get(key), waiting.get(key)) for key in {*done, *waiting}]
    rows.sort(key=lambda row: (not row.open_fen, row.owner is not None, row.owner.code if row.owner else ""))
    later = mine.filter(on__gt=on).order_by("on").values_list("on", flat=True).first()
    closed = [row for row in rows if row.closed_at]
    return Day(
        on=on,
        side=at,
        accounts=rows,
        total=_total(rows),
        may_clear=at.may and not later and on <= clocks.today() and bool(waiting),
        late=on < clocks.today(),
        later=later,
        days=_days(by, at),
        reconciled=bool(closed) and all(row.reconciled_at for row in closed),
    )


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A zero-balance account: how it stands now, and the last nights it was not at zero."""

    key: int
    owner: UnitRef | None
    name: str
    bank: UnitRef
    tail: str
    opened_on: date
    closed_on: date | None
    open_fen: int
    nights: Sequence[tuple[date, int]]


@dataclass(frozen=True, slots=True)
class Night:
    """A night: how many accounts had moved that day, and how many were not at zero."""

    on: date
    moved: int
    wrong: int
    fen: int


@dataclass(frozen=True, slots=True)
class Accounts:
    """A page of accounts, those not at zero first on the first page; the last nights over all of them."""

    side: Side
    rows: Sequence[AccountRow]
    after: int | None
    count: int
    wrong: int  # accounts that are not at zero of what was paid before today
    nights: Sequence[Night]


def accounts(by: Officer, *, finance: str = "", q: str = "", after: int = 0) -> Accounts:
    """6 queries. The open accounts and their last nights, by the nightly check and by what was cleared late."""
    at = side(by, finance=finance)
    rows = Account.objects.visible_to(by).filter(finance_id=at.finance.id, closed_on=None)
    rows = rows if at.only is None else rows.filter(bank_id__in=at.only)
    count = rows.count()
    if q:
        rows = rows.filter(unit_id__in=[unit.id for unit in directory.search_units(q, limit=400)])
    found = list(rows.filter(pk__gt=after).order_by("pk")[: SIZE + 1])
    today = clocks.today()
    left = _uncleared(at, today, first=today - timedelta(days=NIGHTS))
    wrong, nights = _nights(by, at, left)
    now: dict[Key, int] = defaultdict(int)
    for row in left:
        now[row.key] += row.fen
    told = [_account(row, now, wrong) for row in found[:SIZE]]
    told.sort(key=lambda row: (not row.open_fen and not row.nights, row.key))
    return Accounts(
        side=at,
        rows=told,
        after=found[SIZE - 1].pk if len(found) > SIZE else None,
        count=count,
        wrong=nights[0].wrong,
        nights=nights,
    )


@dataclass(frozen=True, slots=True)
class Register:
    """For whom an account may be registered, at which banks, and whose may be closed; "" is the bureau's own."""

    finance: UnitRef
    without: Sequence[tuple[str, str]]
    banks: Sequence[UnitRef]
    open: Sequence[tuple[str, str]]


def register(by: Officer, *, finance: str = "") -> Register:
    """3 queries. Raises Absent for whoever registers no accounts."""
    at = side(by, finance=finance)
    if not pipe.may(pipe.ACCOUNT["open_accounts"], by, finance_id=at.finance.id):
        raise Absent
    known = Account.objects.visible_to(by).filter(finance_id=at.finance.id, closed_on=None)
    owners = set(known.values_list("unit_id", flat=True))
    rows = BudgetUnit.objects.visible_to(by).filter(finance_id=at.finance.id, until_on=None).order_by("code")
    enrolled = [(key, code, directory.unit(key)) for key, code in rows.values_list("unit_id", "code")]
    own = [("", at.finance.name)]
    banks = [unit for unit in directory.tree().by_id.values() if unit.kind == UnitKind.FINANCE and not unit.closed_on]
    closing = sorted((directory.unit(key) for key in owners if key), key=lambda unit: unit.code)
    return Register(
        finance=at.finance,
        without=[
            *([] if None in owners else own),
            *((unit.code, f"{code} {unit.name}") for key, code, unit in enrolled if key not in owners),
        ],
        banks=sorted(banks, key=lambda unit: unit.code),
        open=[*(own if None in owners else []), *((unit.code, unit.name) for unit in closing)],
    )


# ---- What does not agree


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """Something to be explained: what we have, what the bank has, how long it has been open."""

    key: int
    on: date
    kind: DifferenceKind
    reference: str
    about: str  # whose account it is, where it is about a balance; else the reference
    bank: UnitRef
    ours_fen: int
    theirs_fen: int
    gap_fen: int
    opened_at: datetime
    settled_at: datetime | None
    resolution: str
    days: int


@dataclass(frozen=True, slots=True)
class Differences:
    """A page of them, the newest day first; how many are open and what they come to."""

    rows: Sequence[DifferenceRow]
    older: int | None
    open: int
    gap_fen: int
    oldest: date | None


def differences(
    by: Officer, *, settled: bool = False, on: date | None = None, kind: str = "", before: int | None = None
) -> Differences:
    """2 queries. Differences of this officer's bureau or bank."""
    mine = Difference.objects.visible_to(by)
    waiting = mine.filter(settled_at__isnull=True).aggregate(
        open=Count("pk"), ours=Sum("ours_fen"), theirs=Sum("theirs_fen"), oldest=Min("on")
    )
    rows = mine.filter(settled_at__isnull=not settled)
    rows = rows.filter(on=on) if on else rows
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(pk__lt=before) if before is not None else rows
    found = [_difference(row) for row in rows.order_by("-pk")[: SIZE + 1]]
    gap = (waiting["ours"] or 0) - (waiting["theirs"] or 0)
    older = found[SIZE - 1].key if len(found) > SIZE else None
    return Differences(found[:SIZE], older, waiting["open"], gap, waiting["oldest"])


@dataclass(frozen=True, slots=True)
class Found:
    """Something of ours under the bank's number: a payment, a refund of it."""

    payment: str
    fen: int
    on: date | None
    refund: bool


@dataclass(frozen=True, slots=True)
class DifferencePage:
    """A difference with what to do about it, and what of ours it may be about."""

    row: DifferenceRow
    next: str
    finance: UnitRef
    may_settle: bool
    found: Sequence[Found]
    order: str
    payment: str
    voucher: int | None


def difference(key: int, *, by: Officer) -> DifferencePage:
    """4 queries. Raises Absent for what this officer may not see."""
    row = Difference.objects.visible_to(by).filter(pk=key).first()
    if row is None:
        raise Absent
    voucher = Voucher.objects.visible_to(by).filter(bank_id=row.bank_id, number=row.reference, outgoing=False)
    may = row.settled_at is None and pipe.may(pipe.SETTLING["settle"], by, finance_id=row.finance_id)
    return DifferencePage(
        row=_difference(row),
        next=str(_advice()[DifferenceKind(row.kind)]),
        finance=directory.unit(row.finance_id),
        may_settle=may,
        found=_under(row),
        order=_ref("PZ", row.reference),
        payment=_ref("ZF", row.reference),
        voucher=voucher.values_list("pk", flat=True).first(),
    )


# ---- Inside


def _before(on: date) -> date:
    return on - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Open:
    """What of an account is not cleared: how many payments, fen paid and come back, since when; on which day."""

    bank_id: int
    unit_id: int | None
    count: int
    paid: int
    back: int
    since: date
    on: date

    @property
    def key(self) -> Key:
        return self.bank_id, self.unit_id

    @property
    def fen(self) -> int:
        return self.paid - self.back


def _uncleared(at: Side, on: date, *, first: date | None = None) -> list[_Open]:
    """Every account that is not cleared up to that day, in one row; with `first` in one for each day since. 1 query."""
    banks = None if at.only is None else list(at.only)
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"finance": at.finance.id, "on": on, "first": first or on, "banks": banks})
        return [_Open(*row) for row in cursor.fetchall()]


def _account_day(key: Key, done: Clearing | None, waiting: _Open | None) -> AccountDay:
    bank, unit = key
    row = AccountDay(directory.unit(unit) if unit else None, directory.unit(bank))
    if done:
        row = replace(
            row,
            opening_fen=done.opening_fen,
            paid_fen=done.advanced_fen,
            back_fen=done.refunded_fen,
            cleared_fen=done.cleared_fen,
            closed_at=done.closed_at,
            reconciled_at=done.reconciled_at,
        )
    if waiting:
        row = replace(
            row,
            paid_fen=row.paid_fen + waiting.paid,
            back_fen=row.back_fen + waiting.back,
            open_fen=waiting.fen,
            waiting=waiting.count,
            since=waiting.since,
        )
    return row


def _total(rows: Sequence[AccountDay]) -> AccountDay | None:
    if not rows:
        return None
    names = ("opening_fen", "paid_fen", "back_fen", "cleared_fen", "open_fen", "waiting")
    return replace(rows[0], owner=None, **{name: sum(getattr(row, name) for row in rows) for name in names})


def _days(by: Officer, at: Side) -> list[DayRow]:
    """The last days that were cleared. 2 queries."""
    mine = Clearing.objects.visible_to(by).filter(finance_id=at.finance.id)
    mine = mine if at.only is None else mine.filter(bank_id__in=at.only)
    newest = mine.order_by("-on").values("on").distinct()[:DAYS]  # by the index: a year has 66,000 clearings
    sums = (
        mine.filter(on__in=newest)
        .values("on")
        .annotate(
            accounts=Count("pk"),
            paid=Sum("advanced_fen"),
            opening=Sum("opening_fen"),
            back=Sum("refunded_fen"),
            cleared=Sum("cleared_fen"),
            reconciled=Count("pk", filter=Q(reconciled_at__isnull=False)),
        )
    )
    rows = list(sums.order_by("-on"))
    open_ones = Difference.objects.visible_to(by).filter(finance_id=at.finance.id, settled_at__isnull=True)
    waiting = dict(
        open_ones.filter(on__in=[row["on"] for row in rows]).values_list("on").annotate(Count("pk")).order_by()
    )
    return [
        DayRow(
            row["on"],
            row["accounts"],
            row["paid"],
            row["back"],
            row["cleared"],
            row["reconciled"],
            waiting.get(row["on"], 0),
        )
        for row in rows
    ]


def _nights(by: Officer, at: Side, left: Sequence[_Open]) -> tuple[Wrong, list[Night]]:
    """Fen by account and night that were not at zero, and the nights themselves, the last first. 2 queries.

    What is still left of each day, and what a clearing found left the night before; where the nightly check has opened
    a difference, that is what was so at midnight.
    """
    today = clocks.today()
    nights = [today - timedelta(days=ago) for ago in range(1, NIGHTS + 1)]
    wrong: dict[Key, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in left:
        for on in nights:
            wrong[row.key][on] += row.fen if row.on <= on else 0
    mine = Clearing.objects.visible_to(by).filter(finance_id=at.finance.id, on__gte=nights[-1])
    mine = mine if at.only is None else mine.filter(bank_id__in=at.only)
    moved: dict[date, int] = defaultdict(int)
    for bank, unit, on, opening in mine.values_list("bank_id", "unit_id", "on", "opening_fen"):
        moved[on] += 1
        wrong[bank, unit][_before(on)] += opening
    told = Difference.objects.visible_to(by).filter(finance_id=at.finance.id, kind=DifferenceKind.BALANCE)
    checked = told.filter(on__gte=nights[-1]).exclude(ours_fen=0)  # without ours the bank told it
    for bank, code, on, fen in checked.values_list("bank_id", "reference", "on", "ours_fen"):
        owner = directory.unit(code).id
        wrong[bank, None if owner == at.finance.id else owner][on] = fen
    return wrong, [_night(on, moved[on], wrong.values()) for on in nights]


def _night(on: date, moved: int, wrong: Iterable[Mapping[date, int]]) -> Night:
    fen = [nights[on] for nights in wrong if nights.get(on)]
    return Night(on, moved, len(fen), sum(fen))


def _account(row: Account, now: Mapping[Key, int], wrong: Wrong) -> AccountRow:
    key = (row.bank_id, row.unit_id)
    return AccountRow(
        key=row.pk,
        owner=directory.unit(row.unit_id) if row.unit_id else None,
        name=row.name,
        bank=directory.unit(row.bank_id),
        tail=number_of(row)[-TAIL:],
        opened_on=row.opened_on,
        closed_on=row.closed_on,
        open_fen=now.get(key, 0),
        nights=sorted(((on, fen) for on, fen in wrong.get(key, {}).items() if fen), reverse=True),
    )


def _difference(row: Difference) -> DifferenceRow:
    until = row.settled_at or clocks.now()
    return DifferenceRow(
        key=row.pk,
        on=row.on,
        kind=DifferenceKind(row.kind),
        reference=row.reference,
        about=_about(row),
        bank=directory.unit(row.bank_id),
        ours_fen=row.ours_fen,
        theirs_fen=row.theirs_fen,
        gap_fen=row.ours_fen - row.theirs_fen,
        opened_at=row.opened_at,
        settled_at=row.settled_at,
        resolution=row.resolution,
        days=(until - row.opened_at).days + 1,
    )


def _about(row: Difference) -> str:
    if row.kind != DifferenceKind.BALANCE:
        return row.reference
    try:
        return directory.unit(row.reference).short
    except Absent:
        return row.reference  # as the bank wrote it


def _ref(prefix: str, reference: str) -> str:
    """The reference when it is one of ours of this kind; a bank's number may begin alike."""
    try:
        return refs.written(prefix, *refs.parse(prefix, reference)) if reference.startswith(prefix) else ""
    except Refused:
        return ""


def _under(row: Difference) -> list[Found]:
    """What we have under the bank's number on that day. 2 queries."""
    units = BudgetUnit.objects.filter(finance_id=row.finance_id).values("unit_id")
    paid = Payment.objects.filter(unit_id__in=units, paid_on=row.on, bank_no=row.reference)
    told = paid.filter(stage__in=[PaymentStage.PAID, PaymentStage.CLEARED, PaymentStage.RETURNED])
    back = Reversal.objects.filter(on=row.on, bank_no=row.reference, payment__finance_id=row.finance_id)
    return [
        *(Found(payment_ref(one.pk), one.amount_fen, one.paid_on, False) for one in told.order_by("pk")[:SIZE]),
        *(Found(payment_ref(one.payment_id), one.amount_fen, one.on, True) for one in back.order_by("pk")[:SIZE]),
    ]


def _advice() -> Mapping[DifferenceKind, str]:
    return {
        DifferenceKind.MISSING_AT_BANK: _(
            "财政账上有，银行对账单里没有。请银行查这笔流水：漏列的请银行重发对账单，对上后自动了结；误记的按退款处理。"
        ),
        DifferenceKind.MISSING_HERE: _(
            "银行对账单里有，财政账上没有。请银行补发这笔的回单；不属于财政的，请银行更正后重发对账单。"
        ),
        DifferenceKind.AMOUNT: _("两边金额不一样。请银行核对凭证后重发回单或对账单，以支付凭证的金额为准。"),
        DifferenceKind.BALANCE: _("账户日终没有回到零。请补做当天清算；银行报的余额不对的，请银行更正后重发对账单。"),
    }
