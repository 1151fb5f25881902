"""What an officer is to one case, and which needs the case meets: the facts the table of moves asks for."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import cast

from minxin.cases.models import snapshot
from minxin.cases.models.case import Case, Custodian
from minxin.cases.models.handling import Appeal, Assignment, Extension
from minxin.cases.models.words import Message, Text
from minxin.cases.rules import codes, limits, overdue, routing, signing
from minxin.cases.rules.moves import AT_UNIT, Need, Situation, Stand, in_question
from minxin.directory import reports as directory
from minxin.directory.rules import CENTRE, Officer, Role
from minxin.kernel import clocks
from minxin.kernel import reports as kernel
from minxin.kernel.statements import Kept

_AT_UNIT = {Role.CLERK: Stand.CLERK, Role.SECTION: Stand.SECTION, Role.LEADER: Stand.LEADER, Role.HEAD: Stand.HEAD,
            Role.DISCIPLINE: Stand.CLERK}  # a discipline commission handles like any unit  # fmt: skip
_CHIEFS = {Role.LEADER, Role.HEAD}
_JUDGES = {Role.REVIEWER, Role.SUPERVISOR}


def situation(case: Case, officer: Officer, now: datetime, *, needs: Iterable[Need] | None = None) -> Situation:
    """At most 6 queries, fewer for fewer needs. The case as the rules see it; `needs` None asks for all that matter."""
    stage, lane = codes.Stage(case.stage), codes.Lane(case.lane)
    work = _Work(case)
    standing = stands(case, officer, work.assignments)
    wanted = in_question(stage, lane, standing) if needs is None else needs
    held = frozenset(need for need in wanted if _HOLDS[need](case, work, now))
    return Situation(stage, lane, standing, held)


class _Work:
    """What several needs look at, asked for by the first who looks."""

    def __init__(self, case: Case) -> None:
        self.assignments = cast(Sequence[Assignment], case.assignments.order_by("id"))
        self._case_id = case.pk

    @cached_property
    def decided(self) -> dict[str, datetime | None]:
        """When each request for review was decided, by tier."""
        return dict(_APPEALS(self._case_id))


_APPEALS = Kept(lambda case: Appeal.objects.filter(case_id=case).values_list("tier", "decided_at"))
_REDOS = Kept(lambda case: Message.objects.filter(case_id=case, note=codes.Note.REDO).values_list("at"))


def stands(case: Case, officer: Officer, assignments: Sequence[Assignment]) -> frozenset[Stand]:
    """At most 1 query (sealed cases, requests for review). Everything this officer is to the case.

    Whoever belongs to the accused unit or answers to it is nothing to the case, whatever other posts he holds, except
    at the very unit that was given it openly, with a written reason.
    """
    if officer.kind != "officer":
        return frozenset({Stand.SYSTEM if officer.kind == "system" else Stand.CITIZEN})
    accused = case.accused_id in directory.superiors(officer)
    if case.lane == codes.Lane.SEALED:
        posts = [duty.post_id for duty in officer.duties if duty.role == Role.DISCIPLINE]
        named = not accused and Custodian.objects.filter(case=case, post_id__in=posts).exists()
        return frozenset({Stand.DISCIPLINE}) if named else frozenset()
    at_units = () if accused and not case.conflict_reason else _at_units(case, officer, assignments)
    over = _accused_centre(case, officer) if accused else _over(case, officer, assignments)
    return frozenset((*at_units, *over))


def _at_units(case: Case, officer: Officer, assignments: Sequence[Assignment]) -> Iterable[Stand]:
    """At the unit that has the case, or assisting it. The accused unit only where it was given the case openly."""
    handler = _handler_id(case, assignments)
    assisting = {a.unit_id for a in assignments if a.part == codes.Part.ASSIST and a.state in codes.OPEN_WORK}
    for duty in officer.duties:
        if duty.role in _AT_UNIT and duty.unit.id == handler:
            yield _AT_UNIT[duty.role]
        if duty.role in _AT_UNIT and duty.unit.id in assisting:
            yield Stand.ASSIST


def _over(case: Case, officer: Officer, assignments: Sequence[Assignment]) -> Iterable[Stand]:
    """At a centre of the region, or above the unit that has the case: nobody judges his own work as his superior."""
    handler = _handler_id(case, assignments)
    parents = {a.unit_id for a in assignments if a.state == codes.Work.PASSED_DOWN} - {handler}
    judge = _judge_id(case)
    for duty in officer.duties:
        if duty.role in CENTRE and case.region.startswith(routing.significant(duty.unit.region)):
            yield Stand(duty.role.value)
        if duty.role in _JUDGES and duty.unit.id == judge:
            yield Stand.JUDGE
        if duty.role in _CHIEFS and duty.unit.id in parents:
            yield Stand.PARENT
        if duty.role in _CHIEFS and duty.unit.id == case.superior_id != handler:
            yield Stand.ABOVE


def _accused_centre(case: Case, officer: Officer) -> Iterable[Stand]:
    """A complaint about the highest centre: no other could take it in, so its own posts answer it, in the open."""
    if case.accused_id is not None and directory.answers_to(case.centre_id, of=case.accused_id):
        judge = _judge_id(case)
        for duty in officer.duties:
            if duty.role in CENTRE and duty.unit.id == case.centre_id:
                yield Stand(duty.role.value)
            if duty.role in _JUDGES and duty.unit.id == judge:
                yield Stand.JUDGE


def _judge_id(case: Case) -> int | None:
    """The centre that a pending request for review went to."""
    if case.stage != codes.Stage.APPEAL:
        return None
    pending = Appeal.objects.filter(case=case, decision=codes.Decision.PENDING).exclude(tier=codes.Tier.STARS)
    return pending.values_list("unit_id", flat=True).first()


def _handler_id(case: Case, assignments: Sequence[Assignment]) -> int | None:
    """The unit that has the case; once it is answered, the unit that led it."""
    held = next((a.unit_id for a in assignments if a.id == case.holder_id), None)
    return held or (case.lead_id if case.stage not in AT_UNIT else None)


def _holder(case: Case, assignments: Sequence[Assignment]) -> Assignment | None:
    return next((a for a in assignments if a.id == case.holder_id), None)


def _returnable(case: Case, work: _Work, _now: datetime) -> bool:
    holder = _holder(case, work.assignments)
    if holder is None or case.locked:
        return False
    return not any(a.unit_id == holder.unit_id and a.state == codes.Work.RETURNED for a in work.assignments)


def _found(case: Case, *_: object) -> bool:
    needs_finding = case.kind in {codes.Kind.COMPLAINT, codes.Kind.REPORT}
    return bool(case.resolution and (case.finding or not needs_finding))


def _has(words: codes.Words) -> Callable[..., bool]:
    def holds(case: Case, _work: _Work, _now: datetime) -> bool:
        return Text.objects.filter(case=case, words=words).exists()

    return holds


def _opinions_in(_case: Case, work: _Work, now: datetime) -> bool:
    return not any(
        a.part == codes.Part.ASSIST and a.state in codes.OPEN_WORK and now < a.due_at for a in work.assignments
    )


def _depth_left(case: Case, work: _Work, _now: datetime) -> bool:
    holder = _holder(case, work.assignments)
    return holder is not None and holder.level < 4


def _at_centre(case: Case, work: _Work, _now: datetime) -> bool:
    holder = _holder(case, work.assignments)
    return case.stage != codes.Stage.HANDLING or holder is None or holder.unit_id == case.centre_id


def _extension_open(case: Case) -> bool:
    return Extension.objects.filter(case=case, decision=codes.Decision.PENDING).exists()


def _within(case: Case, code: codes.ClockCode, since: datetime | None, now: datetime) -> bool:
    """Whether a window that opened at `since` is still open: like every limit it ends with its last day."""
    return since is not None and now < clocks.due(since, limit(case, code, now).limit, kernel.calendar(case.region))


def _redo_window(case: Case, _w: object, now: datetime) -> bool:
    """Once for every answer, in time, and no more than three rounds in all."""
    if case.redos >= overdue.MOST_REDOS or not _within(case, codes.ClockCode.REDO_REQUEST, case.closed_at, now):
        return False
    return all(at < (case.answered_at or now) for (at,) in _REDOS(case.pk))


def _review_window(case: Case, work: _Work, now: datetime) -> bool:
    return _within(case, codes.ClockCode.APPEAL_REQUEST, case.closed_at, now) and codes.Tier.REVIEW not in work.decided


def _recheck_window(case: Case, work: _Work, now: datetime) -> bool:
    if codes.Tier.RECHECK in work.decided:
        return False
    return _within(case, codes.ClockCode.RECHECK_REQUEST, work.decided.get(codes.Tier.REVIEW), now)


def _stars_appeal(case: Case, *, pending: bool) -> bool:
    found = Appeal.objects.filter(case=case, tier=codes.Tier.STARS).values_list("decision", flat=True).first()
    if pending:
        return found == codes.Decision.PENDING
    return found is None and case.final_rating is not None and case.final_rating <= codes.Satisfaction.BAD


def limit(case: Case, code: codes.ClockCode, now: datetime) -> limits.LimitRow:
    """The limit in force for this case and clock today."""
    return limits.choose(
        snapshot.limits(), code=code, kind=case.kind, region=case.region, urgency=case.urgency, on=now.date()
    )


_HOLDS: dict[Need, Callable[[Case, _Work, datetime], bool]] = {
    Need.RETURNABLE: _returnable,
    Need.CONTACTED: lambda case, _a, _n: case.anonymous or case.contacted_at is not None,
    Need.FOUND: _found,
    Need.ANSWERED: _has(codes.Words.ANSWER),
    Need.REPORTED: _has(codes.Words.REPORT),
    Need.OPINIONS_IN: _opinions_in,
    Need.NOT_OVERDUE: lambda case, _a, now: now <= case.due_at,
    Need.DEPTH_LEFT: _depth_left,
    Need.PAUSE_LEFT: lambda case, _a, now: case.paused_days < limit(case, codes.ClockCode.SUPPLEMENT, now).limit.amount,
    Need.AT_CENTRE: _at_centre,
    Need.EXTENSIONS_LEFT: lambda case, _a, _n: case.extensions < signing.MOST_EXTENSIONS,
    Need.NO_OPEN_EXTENSION: lambda case, _a, _n: not _extension_open(case),
    Need.OPEN_EXTENSION: lambda case, _a, _n: _extension_open(case),
    Need.CONSENTED: lambda case, _a, _n: case.consents and case.lane == codes.Lane.OPEN,
    Need.PUBLISHED: lambda case, _a, _n: case.published_at is not None,
    Need.UNPUBLISHED: lambda case, _a, _n: case.published_at is None,
    Need.REDO_WINDOW: _redo_window,
    Need.REVIEW_WINDOW: _review_window,
    Need.RECHECK_WINDOW: _recheck_window,
    Need.STARS_APPEALABLE: lambda case, _a, _n: _stars_appeal(case, pending=False),
    Need.STARS_APPEALED: lambda case, _a, _n: _stars_appeal(case, pending=True),
    Need.DIGESTED: lambda case, a, n: bool(case.digest_title) and _has(codes.Words.DIGEST)(case, a, n),
    Need.CLASSIFIED: lambda case, _a, _n: bool(case.category),
}
