"""Published cases as anybody reads, searches and downloads them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from minxin.cases.models import Case, Clock, Measure, Money, PublicCase, RuleChange, snapshot
from minxin.cases.models.case import id_of as _id_of
from minxin.cases.models.case import ref_of
from minxin.cases.models.timing import run_of
from minxin.cases.rules import codes, desk, routing, stars
from minxin.kernel import clocks, text
from minxin.kernel.errors import Absent, Refused
from minxin.kernel.statements import Kept

SIZE = 20
EXCERPT = 90  # characters
NEWEST = 200  # how many of the newest are looked through first
WINDOWS = (NEWEST, 800, 3_000)  # how many, before the index: first, then at least, at most
SIMILAR = 3
ALIKE = 0.12


@dataclass(frozen=True)
class Filters:
    """What somebody looks for; empty means any. `unit` is a unit's id, `stars` the least efficiency stars.

    `since` and `until` are the first and the last day of publication.
    """

    q: str = ""
    kind: str = ""
    region: str = ""
    category: str = ""
    unit: int | None = None
    stars: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Found:
    """One published case in a list, its title and an excerpt in pieces (text, is it what was searched for)."""

    ref: str
    kind: str
    title: list[tuple[str, bool]]
    excerpt: list[tuple[str, bool]]
    unit_name: str
    region: str
    resolution: str
    stars: int | None
    rating: int | None
    money_fen: int
    supports: int
    answered_at: datetime

    @property
    def met(self) -> str:
        """How many others met with the same."""
        return _("%(n)s 人也遇到") % {"n": f"{self.supports:,}"}


@dataclass(frozen=True)
class Page:
    """Rows, newest first, and the key of the next older page ("" when this was the last)."""

    rows: Sequence[Found]
    older: str


def find(filters: Filters, *, before: str = "", size: int = SIZE) -> Page:
    """1 query without words, 2 to 5 with. Published cases by `published_at`, newest first, paged by key.

    No count, no offset. With words: a common one is soon met among the newest, so these are looked through first
    (`WINDOWS`), and further only as far as that promises a page; a rare one is then found by the index of words, and
    sorted. Both stay cheap in millions of rows.
    """
    shown, older = rows(filters, before=before, size=size)
    return Page([_found(row, filters.q) for row in shown], older)


def rows(filters: Filters, *, before: str = "", size: int = SIZE) -> tuple[list[PublicCase], str]:
    """As `find`: the rows themselves, and the key of the next older page."""
    rows = _before(_filtered(filters), before)
    newest = rows.order_by("-published_at", "-case_id")
    if filters.q.strip():
        bare = not before and filters == Filters(q=filters.q)
        keys = _search(rows, newest, filters.q, size + 1, bare=bare)
        found = sorted(_shown().filter(pk__in=keys), key=lambda row: keys.index(row.pk)) if keys else []
    else:
        found = list(newest[: size + 1])
    shown = found[:size]
    return shown, _key(shown[-1]) if len(found) > size else ""


def _search(
    rows: QuerySet[PublicCase], newest: QuerySet[PublicCase], words: str, most: int, *, bare: bool
) -> list[int]:
    query = text.query(words)
    # As a column, not a condition: the planner walks the order and cannot prefer another way.
    marked = newest.annotate(hit=Q(search=query)).values("case_id", "published_at", "hit")
    asked = {"met": ArrayAgg("case_id", filter=Q(hit=True), order_by=("-published_at", "-case_id")), "all": Count("*")}
    first, least, last = WINDOWS
    begin, end, keys = 0, first, list[int]()
    while end <= last:
        if bare and (begin, end) == (0, NEWEST):
            seen = _newest_marked(text.asked(words))
            met, looked = [key for key, hit in seen if hit], len(seen)
        else:
            found = marked[begin:end].aggregate(**asked)
            met, looked = found["met"] or [], found["all"]
        keys += met
        if len(keys) >= most or looked < end - begin:
            return keys[:most]
        begin, end = end, max(least if end == first else 0, end * most * 5 // (4 * max(1, len(keys))))
    # Ordered by an expression that no index holds: the planner must go by the words.
    hits = rows.filter(search=query).annotate(moment=F("published_at") + timedelta(0)).order_by("-moment", "-case_id")
    return list(hits.values_list("pk", flat=True)[:most])


# The first look of a search for nothing but words, which is most of them.
_newest_marked = Kept(
    lambda words: (
        PublicCase.objects.annotate(hit=Q(search=SearchQuery(words, config="simple", search_type="raw")))
        .order_by("-published_at", "-case_id")
        .values_list("case_id", "hit")[:NEWEST]
    ),
    by=str,
)


def _shown() -> QuerySet[PublicCase]:
    """Without what only the search looks at: it is as long as the texts."""
    return PublicCase.objects.defer("search")


def _filtered(filters: Filters) -> QuerySet[PublicCase]:
    rows = _shown()
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.region:
        rows = rows.filter(region__startswith=routing.significant(filters.region))
    if filters.category:
        rows = rows.filter(category__startswith=filters.category)
    if filters.unit is not None:
        rows = rows.filter(unit_id=filters.unit)
    if filters.stars is not None:
        rows = rows.filter(stars__gte=filters.stars)
    if filters.since is not None:
        rows = rows.filter(published_at__gte=datetime.combine(filters.since, time.min, clocks.ZONE))
    if filters.until is not None:
        rows = rows.filter(published_at__lt=datetime.combine(filters.until, time.min, clocks.ZONE) + timedelta(days=1))
    return rows


def _before(rows: QuerySet[PublicCase], key: str) -> QuerySet[PublicCase]:
    """The rows older than the one with this key: `20261123T101500.000000-2026000000123`; a broken key is none."""
    moment, _sep, number = key.rpartition("-")
    try:
        at = datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=clocks.ZONE)
        last = int(number[:18])
    except ValueError:
        return rows
    return rows.filter(Q(published_at__lt=at) | Q(published_at=at, case_id__lt=last), published_at__lte=at)


def _key(row: PublicCase) -> str:
    return f"{row.published_at.astimezone(clocks.ZONE):%Y%m%dT%H%M%S.%f}-{row.pk}"


def _found(row: PublicCase, words: str) -> Found:
    return Found(
        ref=row.ref,
        kind=desk.kind_label(row.kind),
        title=text.highlight(row.title, words) if words else [(row.title, False)],
        excerpt=_excerpt(row, words),
        unit_name=row.unit_name,
        region=row.region,
        resolution=str(codes.Resolution(row.resolution).label) if row.resolution else "",
        stars=row.stars,
        rating=row.rating,
        money_fen=row.money_fen,
        supports=row.supports,
        answered_at=row.answered_at,
    )


def _excerpt(row: PublicCase, words: str) -> list[tuple[str, bool]]:
    """The answer's beginning; with words, the surroundings of the first place where one of them stands."""
    for body in (row.answer, row.question) if words else ():
        begin = 0
        for piece, hit in text.highlight(body, words):
            if hit:
                first = max(0, begin - EXCERPT // 3)
                cut = " ".join(body[first : first + EXCERPT].split())
                marks = text.highlight(cut, words)
                return [("…", False), *marks, ("…", False)] if first else [*marks, ("…", False)]
            begin += len(piece)
    plain = " ".join(row.answer[: 2 * EXCERPT].split())
    return [(plain[:EXCERPT] + ("…" if len(plain) > EXCERPT else ""), False)]


@dataclass(frozen=True)
class Opened:
    """A published case whole: question, answer, both views, what came of it, and how its stars were reckoned."""

    ref: str
    row: PublicCase
    category: str
    clock: Clock | None
    run: stars.Run | None
    money: Sequence[Money]
    measures: Sequence[Measure]
    rule_changes: Sequence[RuleChange]


def page(ref: str) -> Opened:
    """At most 6 queries. Raises Absent for what is not published."""
    case = Case.objects.public().filter(pk=_case_id(ref)).first()
    row = PublicCase.objects.filter(pk=case.pk).first() if case else None
    if case is None or row is None:
        raise Absent
    clock = Clock.objects.filter(case_id=case.pk, code=codes.ClockCode.ANSWER).order_by("id").first()
    return Opened(
        ref=row.ref,
        row=row,
        category=category_name(row.category),
        clock=clock,
        run=run_of(case, clock) if clock else None,
        money=list(Money.objects.filter(case=case).order_by("on", "id")),
        measures=list(Measure.objects.filter(case=case).select_related("unit").order_by("on", "id")),
        rule_changes=list(RuleChange.objects.filter(case=case).order_by("on", "id")),
    )


def similar(title: str, body: str, *, region: str = "", most: int = SIMILAR) -> list[Found]:
    """At most 6 queries. Published cases that tell of the same thing: two longest words of the title, likest first."""
    words = sorted({word for word in text.bigrams(title).split() if len(word) == 2}, key=title.find)[:12]
    asked: dict[int, PublicCase] = {}
    newest = PublicCase.objects.order_by("-published_at", "-case_id")
    if region:
        newest = newest.filter(region__startswith=routing.significant(region))
    for row in newest.only("case_id", "title", "question")[:300]:
        if any(word in row.title or word in row.question[:400] for word in words):
            asked[row.pk] = row
    wanted = f"{title} {body[:300]}"
    scored = [(text.similar(wanted, f"{row.title} {row.question[:300]}"), pk) for pk, row in asked.items()]
    best = [pk for score, pk in sorted(scored, reverse=True)[:most] if score >= ALIKE]
    rows = {row.pk: row for row in PublicCase.objects.filter(pk__in=best)} if best else {}
    return [_found(rows[pk], "") for pk in best if pk in rows]


def latest(*, unit: int | None = None, most: int = 5) -> list[Found]:
    """1 query. The newest published answers, of one unit or of all."""
    return list(find(Filters(unit=unit), size=most).rows)


def every(*, chunk: int = 2_000) -> Iterator[PublicCase]:
    """One query for each `chunk`. All published cases, newest first, for a download that is streamed."""
    last: PublicCase | None = None
    while True:
        rows = PublicCase.objects.defer("search").order_by("-published_at", "-case_id")
        batch = list((_before(rows, _key(last)) if last else rows)[:chunk])
        yield from batch
        if len(batch) < chunk:
            return
        last = batch[-1]


def refs(*, most: int = 40_000) -> Iterator[tuple[str, datetime]]:
    """1 query, streamed. Number and day of the newest published cases, for search engines."""
    rows = PublicCase.objects.order_by("-published_at", "-case_id").values_list("case_id", "published_at")
    return ((ref_of(case_id), at) for case_id, at in rows[:most].iterator(chunk_size=2_000))


@dataclass(frozen=True)
class Sort:
    """One category of the tree in force: its code, name, and the codes above it."""

    code: str
    name: str
    level: int


def categories() -> list[Sort]:
    """No query but the catalogue's own. The category tree in force, in the order of its codes."""
    return [Sort(row.code, row.name, len(row.code) // 2) for row in snapshot.categories() if row.valid_to is None]


def category_name(code: str) -> str:
    """No query but the catalogue's own. A category with those above it: 财政与资金 › 拖欠财政工资."""
    names = {row.code: row.name for row in snapshot.categories()}
    return " › ".join(names[code[:end]] for end in (2, 4, 6) if len(code) >= end and code[:end] in names)


def guess(body: str) -> routing.Guess | None:
    """No query but the catalogue's own. The category that the words point to, with those words."""
    return routing.guess_category(body, snapshot.keywords())


def _case_id(ref: str) -> int:
    try:
        return _id_of(ref)
    except Refused as refusal:
        raise Absent("absent", refusal.sentence) from refusal
