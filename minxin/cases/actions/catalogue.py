"""Keep the catalogue: categories, duties (派单目录), keywords, limits. A change ends one dated row and opens another.

The catalogue changes a few times a week at most: all changes queue behind one lock, so that none can be lost.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from minxin.cases.models import Category, ClockRule, DutyRow, KeywordRow, snapshot
from minxin.cases.rules import catalogue as rules
from minxin.cases.rules import codes, routing
from minxin.cases.rules import duties as sheet
from minxin.cases.rules.duties import Finding, ImportRow
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.kernel import clocks, text
from minxin.kernel.errors import Absent, Refused
from minxin.ledger import actions as ledger

NAME = 60
BASIS = 120
WORD = 30
HEAVIEST = 10  # weight of a keyword
_LOCK = 0x6D78_6361  # "mxca"
_DAY = timedelta(days=1)
Row = TypeVar("Row", Category, DutyRow, ClockRule)

# --- categories


def add_category(*, parent: str, name: str, basis: str, by: Officer) -> str:
    """Add a category below `parent` ("" = a top one), in force from today; its code, the next number there."""
    rules.check(by, "add_category")
    with _changing():
        if parent and parent not in snapshot.names():
            raise Refused("invalid", _("没有找到上级类别，请刷新页面后再试。"), field="parent")
        if len(parent) > 4:
            raise Refused("invalid", _("类别最多三级，不能再往下分。"), field="parent")
        name = _new_name(name, parent)
        code = _next_code(parent)
        values = {"name": name, "basis": _basis(basis)}
        Category.objects.create(code=code, valid_from=clocks.today(), **values)
        ledger.record(stream=f"catalogue:category:{code}", verb="add_category", by=by, facts=values)
    return code


def rename_category(code: str, *, name: str, basis: str, by: Officer) -> None:
    """Give a category another name from today on; cases keep the code."""
    rules.check(by, "rename_category")
    with _changing():
        before = _category(code)
        values = {"name": _new_name(name, code[:-2], but=code), "basis": _basis(basis)}
        _follow(Category.objects.filter(code=code), Category(code=code, valid_from=clocks.today(), **values))
        facts = {**values, "from": before.name}
        ledger.record(stream=f"catalogue:category:{code}", verb="rename_category", by=by, facts=facts)


def close_category(code: str, *, basis: str, by: Officer) -> None:
    """No new case takes this category from now on; its duties end today and its words no longer point to it."""
    rules.check(by, "close_category")
    with _changing():
        row = _category(code)
        if any(other != code and other.startswith(code) for other in snapshot.names()):
            raise Refused("invalid", _("“%(name)s”下面还有类别，请先停用它们。") % {"name": row.name})
        today = clocks.today()
        row.valid_to = max(today, row.valid_from)
        row.save(update_fields=["valid_to"])
        words, _by_model = KeywordRow.objects.filter(category=code).delete()
        duties = DutyRow.objects.filter(category=code, valid_to__isnull=True)
        ended = duties.filter(valid_from__lte=today).update(valid_to=today)
        duties.delete()  # those that had not begun
        facts = {"basis": _basis(basis), "words": words, "duties": ended}
        ledger.record(stream=f"catalogue:category:{code}", verb="close_category", by=by, facts=facts)


def _category(code: str) -> Category:
    row = Category.objects.filter(code=code, valid_to__isnull=True).first()
    if row is None:
        raise Refused("invalid", _("这个类别已经停用，或不存在。请刷新页面后再试。"), field="category")
    return row


def _new_name(name: str, parent: str, *, but: str = "") -> str:
    name = _required(name, "name", NAME)
    beside = [code for code, taken in snapshot.names().items() if taken == name and code[:-2] == parent]
    if any(code != but for code in beside):
        raise Refused("invalid", _("同一级已经有“%(name)s”，请换一个名称。") % {"name": name}, field="name")
    return name


def _next_code(parent: str) -> str:
    """One more than was ever given there: an old code never gets a new meaning."""
    size = len(parent) + 2
    used = [code for code in snapshot.all_names() if len(code) == size and code.startswith(parent)]
    number = max((int(code[-2:]) for code in used), default=0) + 1
    if number > 99:
        raise Refused("invalid", _("这一级的编号已经用完，请改在别的类别下增加。"), field="parent")
    return f"{parent}{number:02d}"


# --- duties


def assign_duty(*, category: str, region: str, unit: str, valid_from: date, basis: str, by: Officer) -> int:
    """Let a unit handle a category in a region from a day on; the duty before it ends the day before. The row's id."""
    rules.check(by, "assign_duty", region=region)
    with _changing():
        return _assign(category, region, unit, valid_from, basis, by=by)


def end_duty(*, category: str, region: str, on: date, by: Officer) -> None:
    """The duty in force ends with the day `on`; what comes in later falls to a wider duty, or to triage."""
    rules.check(by, "end_duty", region=region)
    with _changing():
        _end(category, region, on, by=by)


def _assign(category: str, region: str, unit: str, valid_from: date, basis: str, *, by: Officer) -> int:
    at = _duty_unit(category, region, unit)
    basis = _basis(basis)
    rows = DutyRow.objects.filter(category=category, region=region)
    same = rows.filter(unit_id=at.id, valid_to__isnull=True, valid_from__lte=valid_from, basis=basis).first()
    if same is not None:
        return same.pk
    new = DutyRow(category=category, region=region, unit_id=at.id, valid_from=valid_from, basis=basis)
    row = _follow(rows, new)
    facts = {"unit": at.code, "valid_from": valid_from, "basis": basis, "row": row.pk}
    ledger.record(stream=f"catalogue:duty:{category}:{region}", verb="assign_duty", by=by, facts=facts)
    return row.pk


def _duty_unit(category: str, region: str, unit: str) -> UnitRef:
    if category not in snapshot.names():
        raise Refused("invalid", _("没有这个类别，或已经停用。请从类别表中选择。"), field="category")
    try:
        directory.region(region)
    except Absent:
        raise Refused("invalid", _("没有这个地区，请核对区划代码。"), field="region") from None
    try:
        at = directory.unit(unit.strip().upper())
    except Absent:
        raise Refused("invalid", _("没有找到这个单位，请重新搜索并选择。"), field="unit") from None
    if at.closed_on is not None:
        raise Refused("invalid", _("%(unit)s已经撤销，请选择承接职能的单位。") % {"unit": at.name}, field="unit")
    if not rules.near(at.region, region):
        sentence = _("%(unit)s不在这个地区，也不是它的上级，请核对单位和地区。")
        raise Refused("invalid", sentence % {"unit": at.name}, field="unit")
    return at


def _end(category: str, region: str, on: date, *, by: Officer) -> None:
    row = DutyRow.objects.filter(category=category, region=region, valid_to__isnull=True).first()
    if row is None:
        raise Refused("invalid", _("派单目录里没有这一行，或已经结束。请刷新页面后再试。"), field="category")
    if on < row.valid_from:
        sentence = _("这一行自 %(day)s 起生效，截止日期不能更早。") % {"day": row.valid_from.isoformat()}
        raise Refused("invalid", sentence, field="on")
    row.valid_to = on
    row.save(update_fields=["valid_to"])
    facts = {"valid_to": on, "row": row.pk}
    ledger.record(stream=f"catalogue:duty:{category}:{region}", verb="end_duty", by=by, facts=facts)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done; with findings nothing was done, and they say what must be put right first."""

    assigned: int
    ended: int
    unchanged: int
    findings: tuple[Finding, ...]


class _Undo(Exception):
    """Not an error: the transaction's way back."""


def import_duties(
    *, rows: Sequence[ImportRow], by: Officer, dry: bool = False, progress: Callable[[int], None] | None = None
) -> Imported:
    """Assign and end duties row by row, all or nothing; with `dry`, nothing at all.

    Every row goes the way of `assign_duty` or, with a last day, of `end_duty`, so the dry run finds exactly what the
    import would. `progress` is told how many rows are done.
    """
    if not by.roles & rules.MAY["import_duties"].roles:
        rules.check(by, "import_duties")
    findings: list[Finding] = []
    counts = {"assigned": 0, "ended": 0, "unchanged": 0}
    seen: dict[tuple[str, str], int] = {}
    try:
        with _changing():
            for done, row in enumerate(rows, start=1):
                findings += _import_row(row, counts, seen, by=by)
                if progress:
                    progress(done)
            if findings or dry:
                raise _Undo  # noqa: TRY301 - the way out of the transaction
            ledger.record(stream="catalogue:duties", verb="import_duties", by=by, facts=counts)
    except _Undo:
        snapshot.forget()
    return Imported(**counts, findings=tuple(findings))


def _import_row(
    row: ImportRow, counts: dict[str, int], seen: dict[tuple[str, str], int], *, by: Officer
) -> list[Finding]:
    line, findings = sheet.typed(row, today=clocks.today())
    if line is None:
        return findings
    earlier = seen.setdefault((line.category, line.region), row.number)
    if earlier != row.number:
        wrong = _("与第 %(row)d 行是同一类别、同一地区。") % {"row": earlier}
        return [sheet.finding(row, "category", wrong, _("每个类别在一个地区只留一行。"))]
    try:
        rules.check(by, "import_duties", region=line.region)
        if line.valid_to is not None:
            _end(line.category, line.region, line.valid_to, by=by)
            counts["ended"] += 1
            return []
        newest = DutyRow.objects.order_by("-id").values_list("id", flat=True).first() or 0
        key = _assign(line.category, line.region, line.unit, line.valid_from, line.basis, by=by)
        counts["assigned" if key > newest else "unchanged"] += 1
    except Refused as refusal:
        return [sheet.finding(row, refusal.field, refusal.sentence, _("请改正后重新上传整个文件。"))]
    return []


# --- keywords


def add_keyword(word: str, *, category: str, weight: int, by: Officer) -> None:
    """Let a word point to a category; a word that does so already gets the new weight."""
    rules.check(by, "add_keyword")
    word = "".join(_required(word, "word", WORD).split())
    if len(word) < routing.SHORTEST_WORD:
        raise Refused("invalid", _("关键词至少两个字，单字太容易误中。"), field="word")
    if not 1 <= weight <= HEAVIEST:
        raise Refused("invalid", _("权重请填 1 到 %(most)d。") % {"most": HEAVIEST}, field="weight")
    with _changing():
        if category not in snapshot.names():
            raise Refused("invalid", _("请在类别表中选择一个类别。"), field="category")
        KeywordRow.objects.update_or_create(word=word, category=category, defaults={"weight": weight})
        facts = {"word": word, "weight": weight}
        ledger.record(stream=f"catalogue:keyword:{category}", verb="add_keyword", by=by, facts=facts)


def remove_keyword(word: str, *, category: str, by: Officer) -> None:
    """The word no longer points to the category."""
    rules.check(by, "remove_keyword")
    with _changing():
        gone, _by_model = KeywordRow.objects.filter(word=word, category=category).delete()
        if not gone:
            raise Refused("invalid", _("没有这个关键词，可能已被删除。请刷新页面。"), field="word")
        ledger.record(stream=f"catalogue:keyword:{category}", verb="remove_keyword", by=by, facts={"word": word[:WORD]})


# --- limits


def set_limit(
    *,
    code: str,
    amount: int,
    unit: str,
    valid_from: date,
    basis: str,
    kind: str = "",
    region: str = "",
    urgency: str = "",
    by: Officer,
) -> int:
    """A limit for a clock, by kind, region and urgency ("" = any), from a day on; the one before ends the day before.

    The past stays as it was: a limit cannot begin before today. Open clocks keep the row that they began with. The id.
    """
    rules.check(by, "set_limit", region=region)
    problem = rules.limit_problem(code, amount, unit)
    if problem:
        raise Refused("invalid", problem[1], field=problem[0])
    _limit_key(kind, region, urgency)
    if valid_from < clocks.today():
        raise Refused("invalid", _("时限不能倒签，请选择今天或以后的日期。"), field="valid_from")
    key = {"code": code, "kind": kind, "region": region, "urgency": urgency}
    values = {"amount": amount, "unit": str(unit), "valid_from": valid_from, "basis": _basis(basis)}
    with _changing():
        row = _follow(ClockRule.objects.filter(**key), ClockRule(**key, **values))
        ledger.record(stream=_limit_stream(key), verb="set_limit", by=by, facts={**values, "row": row.pk})
    return row.pk


def end_limit(row: int, *, on: date, by: Officer) -> None:
    """A limit for a special kind, region or urgency ends with the day `on`; the general one holds again."""
    with _changing():
        found = ClockRule.objects.filter(pk=row, valid_to__isnull=True).first()
        if found is None:
            raise Refused("invalid", _("这条时限已经结束，或不存在。请刷新页面。"))
        rules.check(by, "end_limit", region=found.region)
        if not (found.kind or found.region or found.urgency):
            raise Refused("invalid", _("通用时限不能没有，请改为设定新的时限。"))
        if on < max(found.valid_from, clocks.today()):
            raise Refused("invalid", _("截止日期请选择今天或以后、且不早于生效日期的一天。"), field="on")
        found.valid_to = on
        found.save(update_fields=["valid_to"])
        key = {"code": found.code, "kind": found.kind, "region": found.region, "urgency": found.urgency}
        ledger.record(stream=_limit_stream(key), verb="end_limit", by=by, facts={"valid_to": on, "row": row})


def _limit_key(kind: str, region: str, urgency: str) -> None:
    if kind and kind not in codes.Kind.values:
        raise Refused("invalid", _("请选择诉求种类，或留空表示全部。"), field="kind")
    if urgency and urgency not in codes.Urgency.values:
        raise Refused("invalid", _("请选择紧急程度，或留空表示全部。"), field="urgency")
    try:
        if region:
            directory.region(region)
    except Absent:
        raise Refused("invalid", _("没有这个地区，请核对区划代码。"), field="region") from None


def _limit_stream(key: dict[str, str]) -> str:
    return "catalogue:limit:" + ":".join(value or "-" for value in key.values())


# --- together


@contextmanager
def _changing() -> Iterator[None]:
    """One change of the catalogue at a time; its readers in this process see it at once, others within seconds."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        snapshot.forget()  # what another process has changed meanwhile counts here
        yield
        snapshot.forget()
        transaction.on_commit(snapshot.forget)


def _follow(rows: QuerySet[Row], new: Row) -> Row:
    """Let `new` take its place after the rows of its key: ends the one before, or rewrites one that has not begun."""
    found = list(rows.order_by("valid_from"))
    spans = [rules.Span(row.valid_from, row.valid_to) for row in found]
    place = rules.succeed(spans, new.valid_from, today=clocks.today())
    if place.ends is not None:
        ending = found[place.ends]
        ending.valid_to = new.valid_from - _DAY
        ending.save(update_fields=["valid_to"])
    if place.rewrites:
        new.pk = found[-1].pk
    new.save(force_insert=not place.rewrites)
    return new


def _basis(value: str) -> str:
    return _required(value, "basis", BASIS, _("请写明依据，如文件名称和文号。"))


def _required(value: str, field: str, most: int, sentence: str = "") -> str:
    cleaned = text.clean(value, limit=most, field=field)
    if not cleaned:
        raise Refused("invalid", sentence or _("请填写这一项。"), field=field)
    return cleaned
