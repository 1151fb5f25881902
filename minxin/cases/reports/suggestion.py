"""What the catalogue suggests for a case, and why: a category from its words, a unit from the duty catalogue.

It only suggests: a dispatcher decides. What the catalogue does not know goes to triage with a lamp, never silently on;
the accused unit and whoever answers to it are never suggested (回避), their superior is.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from minxin.cases.models import Assignment, Case, Filing, Text, snapshot
from minxin.cases.models.case import CaseQuerySet
from minxin.cases.reports import catalogue
from minxin.cases.rules import codes, routing
from minxin.cases.rules.catalogue import SEALED
from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.kernel import clocks
from minxin.ui import words as written

SHOWN_WORDS = 5
SIMULATED = 1000  # cases at most in one simulation: about a second
SHOWN_APART = 50


@dataclass(frozen=True)
class Suggestion:
    """A suggested category and unit with the reasons, as sentences for the dispatcher.

    `category` is a code ("" = unknown), `words` spoke for it, `others` are the next best codes. `unit` is where the
    case would go; with `conflict` the unit of the duty row (`caught`) is or answers to the accused, and `lifted_to` is
    the superior suggested instead. `triage`: the catalogue does not know; somebody must decide without it. `rule` is
    the duty row's id.
    """

    category: str
    category_name: str
    words: tuple[str, ...]
    others: tuple[str, ...]
    unit: UnitRef | None
    why: tuple[str, ...]
    conflict: bool = False
    caught: UnitRef | None = None
    lifted_to: UnitRef | None = None
    triage: bool = False
    rule: int | None = None

    @property
    def mark(self) -> str:
        """For the dispatch event: unit code and row, "211421-RSJ#12"; "triage" when there was no suggestion."""
        if self.unit is None:
            return "triage"
        return f"{self.unit.code}#{self.rule}" if self.rule else self.unit.code

    @property
    def lamp(self) -> str:
        """red: decide by hand; amber: lifted because of a conflict; green."""
        return "red" if self.triage else "amber" if self.conflict else "green"

    @property
    def lamp_words(self) -> str:
        """The lamp in words."""
        if self.triage:
            return _("待人工研判")
        return _("须回避，已上提") if self.conflict else _("可按目录分转")


@dataclass(frozen=True)
class Matter:
    """What a suggestion looks at; the text never leaves it but for known words."""

    kind: str
    region: str
    title: str = ""
    text: str = ""
    category: str = ""
    sealed: bool = False
    respondent_id: int | None = None
    respondent_name: str = ""


def suggest(case: Case, officer: Officer) -> Suggestion:
    """At most 2 queries. What the catalogue suggests to this officer for a case that he may see."""
    return consider(_matter(case), officer)


def _matter(case: Case) -> Matter:
    if case.lane == codes.Lane.SEALED:
        return Matter(case.kind, case.region, category=case.category, sealed=True)
    filing = Filing.objects.filter(pk=case.pk).values_list("text", "respondent_name").first() or ("", "")
    digest = None
    if not case.category:
        texts = Text.objects.filter(case_id=case.pk, words=codes.Words.DIGEST)
        digest = texts.order_by("-id").values_list("body", flat=True).first()
    return Matter(
        case.kind,
        case.region,
        title=f"{case.title}\n{case.digest_title}",
        text=f"{filing[0]}\n{digest or ''}",
        category=case.category,
        respondent_id=case.respondent_id,
        respondent_name=filing[1],
    )


def consider(matter: Matter, officer: Officer) -> Suggestion:
    """No query, or the snapshot's. The same from a matter's plain facts: to try the rules, and for simulations."""
    found, why = _category(matter)
    category = found.category
    if matter.sealed:
        return replace(found, why=(_("密封举报不分转，由指定的纪检监察人员办理。"),))
    accused, named = _accused(matter)
    why += named
    if category.startswith(SEALED):
        why.append(_("内容涉及党员干部廉洁问题。如属检举控告，请引导反映人改用举报渠道，不要转给被反映单位。"))
    if accused and any(directory.answers_to(unit_id, of=accused.id) for unit_id in officer.unit_ids()):
        why.append(_("您所在单位是被反映单位或其下属，请回避，由上级网络中心分转。"))
        return replace(found, why=tuple(why), conflict=True, triage=True)
    if not category:
        return replace(found, why=tuple(why), triage=True)
    return _routed(found, matter.region, accused, why)


def _category(matter: Matter) -> tuple[Suggestion, list[str]]:
    """A suggestion of a category only, and the reason."""
    if matter.category:
        found = _only(matter.category)
        return found, [_("此件归在“%(category)s”。") % {"category": found.category_name or matter.category}]
    guess = routing.guess_category(matter.text, snapshot.keywords(), emphasis=matter.title)
    default = {codes.Kind.PRAISE: "2110", codes.Kind.SUGGESTION: "2111"}.get(codes.Kind(matter.kind), "")
    if default in snapshot.names() and (guess is None or matter.kind == codes.Kind.PRAISE):
        found = _only(default)
        facts = {"kind": codes.Kind(matter.kind).label, "category": found.category_name}
        return found, [_("这是%(kind)s件，归入“%(category)s”。") % facts]
    if guess is None:
        return _only(""), [_("没有认出类别：文中没有关键词，或只有泛指的词。请人工确定类别，再选择单位。")]
    found = replace(_only(guess.category), words=guess.words, others=guess.others)
    shown = "、".join(f"“{word}”" for word in guess.words[:SHOWN_WORDS])
    return found, [_("文中的%(words)s指向“%(category)s”。") % {"words": shown, "category": found.category_name}]


def _only(category: str) -> Suggestion:
    return Suggestion(category, catalogue.name(category), (), (), None, ())


def _accused(matter: Matter) -> tuple[UnitRef | None, list[str]]:
    """The unit complained of: the one chosen, or one whose name the filer wrote, with a remark then."""
    if matter.kind not in codes.ACCUSING:
        return None, []
    if matter.respondent_id is not None:
        return directory.units_by_id([matter.respondent_id]).get(matter.respondent_id), []
    if not matter.respondent_name:
        return None, []
    inside = [unit for unit in directory.tree().by_id.values() if _is_named(unit, matter.respondent_name)]
    if not inside:
        return None, []
    unit = max(inside, key=lambda unit: (len(unit.name), -unit.id))
    sentence = _("反映人写的被反映对象是“%(typed)s”，按%(unit)s考虑回避。")
    return unit, [sentence % {"typed": matter.respondent_name[:40], "unit": unit.name}]


def _is_named(unit: UnitRef, typed: str) -> bool:
    return unit.closed_on is None and len(unit.name) >= 4 and unit.name in typed


def _routed(found: Suggestion, region: str, accused: UnitRef | None, why: list[str]) -> Suggestion:
    open_duties, remarks = _open_duties(found.category, region)
    why += remarks
    if not open_duties:
        place = directory.region_name(region) or region
        sentence = _("派单目录里没有%(place)s“%(category)s”的承办单位，请人工确定去向，并请督办员补充目录。")
        why.append(sentence % {"place": place, "category": found.category_name})
        return replace(found, why=tuple(why), triage=True)
    duty, unit = open_duties[0]
    why.append(_duty_sentence(duty, unit))
    if accused is None or not directory.answers_to(unit.id, of=accused.id):
        return replace(found, unit=unit, why=tuple(why), rule=duty.id)
    lifted, rule = _lifted(accused, open_duties)
    why.append(_lifted_sentence(unit, accused, lifted))
    return replace(
        found,
        unit=lifted,
        why=tuple(why),
        conflict=True,
        caught=unit,
        lifted_to=lifted,
        triage=lifted is None,
        rule=rule,
    )


def _open_duties(category: str, region: str) -> tuple[list[tuple[routing.Duty, UnitRef]], list[str]]:
    """The duties in force whose units are open, the most specific first; a remark for each whose unit is closed."""
    found, remarks = [], []
    for duty in routing.candidates(category, region, snapshot.duties(), clocks.today()):
        unit = directory.units_by_id([duty.unit_id])[duty.unit_id]
        if unit.closed_on is None:
            found.append((duty, unit))
        elif not found:
            remarks.append(_("派单目录里的%(unit)s已经撤销，请督办员更新目录。") % {"unit": unit.name})
    return found, remarks


def _lifted(accused: UnitRef, duties: Sequence[tuple[routing.Duty, UnitRef]]) -> tuple[UnitRef | None, int | None]:
    """The nearest superior of the accused that does not answer to it.

    When that is a centre, which itself handles nothing, a wider duty's unit without conflict comes before it.
    """
    above = directory.superior(accused.id)
    seen = {accused.id}
    while above is not None and above.id not in seen and _unfit(above, accused):
        seen.add(above.id)
        above = directory.superior(above.id)
    if above is not None and (above.id in seen or _unfit(above, accused)):
        above = None
    if above is None or above.is_centre:
        for duty, unit in duties:
            if not unit.is_centre and not directory.answers_to(unit.id, of=accused.id):
                return unit, duty.id
    return above, duties[0][0].id


def _unfit(unit: UnitRef, accused: UnitRef) -> bool:
    return unit.closed_on is not None or directory.answers_to(unit.id, of=accused.id)


def _duty_sentence(duty: routing.Duty, unit: UnitRef) -> str:
    sentence = _("派单目录第 %(row)d 行：%(place)s的“%(category)s”由%(unit)s办理，自%(day)s起。依据：%(basis)s。")
    return sentence % {
        "row": duty.id,
        "place": directory.region_name(duty.region) or duty.region,
        "category": catalogue.name(duty.category),
        "unit": unit.name,
        "day": written.day(duty.valid_from),
        "basis": duty.basis,
    }


def _lifted_sentence(caught: UnitRef, accused: UnitRef, lifted: UnitRef | None) -> str:
    facts = {"caught": caught.name, "accused": accused.name, "lifted": lifted.name if lifted else ""}
    if lifted is None:
        return _("%(caught)s须回避，而%(accused)s之上没有可以承办的单位，请人工研判。") % facts
    if caught.id == accused.id:
        return _("%(caught)s就是被反映单位，按回避原则上提一级，建议由%(lifted)s办理。") % facts
    return _("%(caught)s是被反映单位%(accused)s的下属，按回避原则上提一级，建议由%(lifted)s办理。") % facts


# --- the simulator


@dataclass(frozen=True)
class Share:
    """How many of the cases looked at would go to a unit."""

    unit: UnitRef
    number: int


@dataclass(frozen=True)
class Apart:
    """A case where the catalogue and the dispatcher differ."""

    ref: str
    title: str
    category: str
    suggested: UnitRef | None
    decided: UnitRef


@dataclass(frozen=True)
class Simulation:
    """The present rules over past cases, from their words alone.

    Of `total` cases: `triaged` without a suggestion, `conflicts` lifted. Of `decided`, dispatched by somebody: `agreed`
    to the very unit suggested. Of `classified`: `alike` in the second level. `capped`: there are older cases.
    """

    total: int
    triaged: int
    conflicts: int
    decided: int
    agreed: int
    classified: int
    alike: int
    units: tuple[Share, ...]
    untold: tuple[tuple[str, int], ...]  # names of categories without a unit, with how many cases
    apart: tuple[Apart, ...]
    capped: bool


def simulate(officer: Officer, *, since: date, until: date, region: str = "") -> Simulation:
    """2 queries. How the present catalogue would have treated the officer's open cases filed in these days.

    At most the latest SIMULATED; sealed reports are not looked at. Nothing is changed.
    """
    cases = list(_past(officer, since, until, region)[: SIMULATED + 1])
    capped, cases = len(cases) > SIMULATED, cases[:SIMULATED]
    decided = _first_leads([case.pk for case in cases])
    results = [(case, consider(_plain(case), officer), decided.get(case.pk)) for case in cases]
    units = Counter(one.unit for _case, one, _lead in results if one.unit)
    untold = Counter(one.category_name or _("没有认出类别") for _case, one, _lead in results if one.triage)
    led = [(one, lead) for _case, one, lead in results if lead]
    classed = [(one, case.category) for case, one, _lead in results if case.category]
    return Simulation(
        total=len(results),
        triaged=sum(one.triage for _case, one, _lead in results),
        conflicts=sum(one.conflict for _case, one, _lead in results),
        decided=len(led),
        agreed=sum(one.unit is not None and one.unit.id == lead.id for one, lead in led),
        classified=len(classed),
        alike=sum(one.category[:4] == category[:4] for one, category in classed),
        units=tuple(Share(unit, number) for unit, number in units.most_common(30)),
        untold=tuple(untold.most_common(15)),
        apart=tuple(_apart(results)),
        capped=capped,
    )


def _past(officer: Officer, since: date, until: date, region: str) -> CaseQuerySet:
    begin = clocks.now().replace(year=since.year, month=since.month, day=since.day, hour=0, minute=0, second=0)
    end = begin.replace(year=until.year, month=until.month, day=until.day, hour=23, minute=59, second=59)
    rows = Case.objects.visible_to(officer).exclude(lane=codes.Lane.SEALED).filter(filed_at__range=(begin, end))
    if region:
        rows = rows.filter(region__startswith=routing.significant(region))
    return rows.select_related("filing").order_by("-id")


def _plain(case: Case) -> Matter:
    """The case as it came in: without anybody's classification."""
    return Matter(
        case.kind,
        case.region,
        title=case.title,
        text=case.filing.text,
        respondent_id=case.respondent_id,
        respondent_name=case.filing.respondent_name,
    )


def _first_leads(cases: Sequence[int]) -> dict[int, UnitRef]:
    """1 query. The unit that each case was dispatched to first."""
    rows = Assignment.objects.filter(case_id__in=cases, part=codes.Part.LEAD, level=1).order_by("-id")
    leads = dict(rows.values_list("case_id", "unit_id"))  # the earliest comes last and stays
    units = directory.units_by_id(leads.values())
    return {case: units[unit] for case, unit in leads.items()}


def _apart(results: Sequence[tuple[Case, Suggestion, UnitRef | None]]) -> Iterator[Apart]:
    differing = [
        Apart(case.ref, case.shown_title, one.category_name, one.unit, lead)
        for case, one, lead in results
        if lead and (one.unit is None or one.unit.id != lead.id)
    ]
    yield from differing[:SHOWN_APART]
