"""One case of the demo, played step by step by the real actions, on the days that its line of steps says."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from minxin.cases.actions import (
    centre,
    closing,
    filing,
    following,
    outcome,
    sealed,
    signing,
    supervision,
    unit,
)
from minxin.cases.rules import codes
from minxin.cases.rules import signing as chain
from minxin.cases.rules.filing import Contact, Draft, Upload
from minxin.directory import reports as directory
from minxin.directory.rules import CITIZEN, Officer, Role
from minxin.portal.actions import days, samples
from minxin.portal.actions.acting import officer, staffed
from minxin.portal.actions.days import Days

_DAY = re.compile(r"\{([fcva])([+-]\d+)?\}")
_WAITS = ("+", "~")  # working days, minutes
_SIGNERS = {codes.Step.SECTION: Role.SECTION, codes.Step.LEADER: Role.LEADER, codes.Step.HEAD: Role.HEAD}


@dataclass
class Play:
    """A case under way: its row of the seed, where it stands, and who is whom in it."""

    row: dict[str, Any]
    number: int
    calendar: Days
    now: datetime
    refs: dict[str, str]
    dice: random.Random = field(init=False)
    at: datetime = field(init=False)
    ref: str = ""
    code: str = ""
    units: list[str] = field(default_factory=list)  # the chain of units, the one at work last
    told: dict[str, date] = field(
        default_factory=dict
    )  # days that the texts name: f filed, c contact, v visit, a answer
    to_sign: list[Officer] = field(default_factory=list)  # whose signatures the last submission still needs
    extended: int = 0
    round: int = 1

    def __post_init__(self) -> None:
        self.dice = random.Random(f"minxin {self.number} {self.row['key']}")  # noqa: S311 - the same demo every time
        if "minutes_ago" in self.row:
            self.at = self.now - timedelta(minutes=self.row["minutes_ago"])
        else:
            hour = self.dice.choice((7, 8, 9, 9, 10, 10, 11, 13, 14, 15, 16))
            self.at = days.moment(calendar_day(self), hour * 60 + self.dice.randrange(2, 58))

    def steps(self) -> Iterator[datetime]:
        """Yields the moment of each step, which is then played when the caller asks for the next."""
        yield self.at
        self._file()
        for token in self.row["steps"].split():
            if token.startswith(_WAITS):
                self._wait(token)
                continue
            for step, fact in parts(token):
                self._advance(step)
                yield self.at
                _VERBS[step](self, fact)

    # --- time

    def _wait(self, token: str) -> None:
        number = int(token[1:])
        if token[0] == "~":
            self.at += timedelta(minutes=number)
            return
        ago = self.calendar.ago(self.at.date()) - number
        if ago < 0:
            raise ValueError(f"{self.row['key']}: {token} leads beyond the last working day")
        self.at = days.moment(self.calendar.of(ago), days.MORNING + self.dice.randrange(0, 90))

    def _advance(self, step: str) -> None:
        """A little later; staff work in office hours, people write when they like, a fresh case goes by minutes."""
        if "minutes_ago" in self.row:
            self.at += timedelta(minutes=2)
            return
        self.at += timedelta(minutes=self.dice.randrange(6, 35))
        minutes = self.at.hour * 60 + self.at.minute
        if minutes > days.EVENING and step not in _CITIZENS:
            self.at = days.moment(self.at.date(), min(minutes, 18 * 60 + 20))
        if minutes > 18 * 60:
            self._wait("+1")

    # --- who

    @property
    def centre(self) -> str:
        """The centre that works on it: the city's, unless the row says another."""
        return str(self.row.get("centre") or f"{self.row['region'][:4]}00-MX")

    @property
    def unit(self) -> str:
        """The unit at work: the lowest of the chain."""
        return self.units[-1]

    @property
    def home(self) -> str:
        """The unit that answers: the lead, or whoever keeps the case while there is none."""
        if self.units:
            return self.units[0]
        return self.body if self.row.get("kind") == "report" else self.centre

    @property
    def body(self) -> str:
        """The discipline body that a sealed report goes to."""
        return str(self.row.get("body") or f"{self.row['region'][:4]}00-JW")

    def by(self, role: Role) -> Officer:
        """An officer of the centre."""
        return officer(self.centre, role)

    def clerk(self) -> Officer:
        """Whoever handles at the unit."""
        return officer(self.unit, Role.CLERK)

    def code_of(self, key: str) -> str:
        """A unit by its whole code, or by its key in the city of the case."""
        return key if "-" in key else f"{self.row['region'][:4]}00-{key}"

    def discipline(self) -> Officer:
        """The officer who keeps a sealed report: of the body that the place leads to."""
        return officer(self.body, Role.DISCIPLINE)

    # --- words

    def words(self, text: str) -> str:
        """The text with its days filled in: {f-12}, {c}, {v}, {a+7}, {phone}, {unit}, {title}."""
        text = _DAY.sub(lambda found: days.written(self._day(found[1]) + timedelta(days=int(found[2] or 0))), text)
        at = directory.unit(self.home)
        if "{phone}" in text:
            text = text.replace("{phone}", directory.line_page(at.code).duty_phone)
        title = self.row["title"].replace("“", "‘").replace("”", "’")  # it stands between quotation marks itself
        for name, value in (("unit", at.name), ("title", title), ("year", str(self.at.year))):
            text = text.replace(f"{{{name}}}", value)
        return text.strip()

    def _day(self, mark: str) -> date:
        return self.told.get(mark, self.at.date())

    def answer(self) -> str:
        """The public answer: greeting, facts, basis, measures, dates, telephone, unit and day."""
        core = self.row.get("answer2", self.row.get("answer", "")) if self.round > 1 else self.row.get("answer", "")
        usual = samples.BY_KIND.get(self.row.get("kind", "")) or self.dice.choice(samples.OPENINGS)
        opening = samples.NAMELESS if self.row.get("anonymous") else usual
        return self.words("\n".join((opening, core.strip(), self.dice.choice(samples.CLOSINGS))))

    def digest(self) -> str:
        """The digest (摘编): the facts without whoever tells them."""
        text = self.words(self.row["text"])
        for old, new in (("我们", "反映人等"), ("我家", "反映人家"), ("我", "反映人")):
            text = text.replace(old, new)
        return f"{directory.region_name(self.row['region']).removeprefix('辽宁省')}群众反映：{text}"

    # --- filing

    def _file(self) -> None:
        row = self.row
        self.told["f"] = self.at.date()
        channel = codes.Channel(row.get("channel", "web"))
        staff = channel in codes.STAFF_CHANNELS
        nameless = bool(row.get("anonymous"))
        draft = Draft(
            kind=codes.Kind(row.get("kind", "complaint")),
            title=row["title"],
            text=self.words(row["text"]),
            region=row["region"],
            channel=channel,
            category=row["category"] if row.get("chosen", True) else "",
            respondent_id=directory.unit(self.code_of(row["about"])).id if "about" in row else None,
            respondent_name=row.get("about_name", ""),
            wanted=row.get("wanted", ""),
            place=row.get("place", ""),
            amount=Decimal(row["amount"]) if "amount" in row else None,
            contact=Contact() if nameless else Contact(row.get("who", ""), f"024-8{self.number:07d}"),
            anonymous=nameless,
            restricted=bool(row.get("restricted")),
            consents=row.get("consents", True),
            shares_identity=bool(row.get("shares")) and not nameless,
        )
        uploads = [Upload(*samples.file(name)) for name in row.get("files", ())]
        key = f"demo {self.number}"
        if staff:
            receipt = centre.register(draft, key=key, by=self.by(Role.EDITOR), uploads=uploads)
        else:
            receipt = filing.file(draft, key=key, by=CITIZEN, uploads=uploads)
        self.ref, self.code = receipt.ref, receipt.code
        self.refs[row["key"]] = self.ref


def calendar_day(play: Play) -> date:
    """The day of filing: so many working days ago, or, for people who write on their days off, the day after it."""
    day = play.calendar.of(play.row["ago"])
    return day + timedelta(days=1) if play.row.get("day_after") else day


# --- the steps


def parts(steps: str) -> list[tuple[str, str]]:
    """The single steps of a line, each with its fact: "take rate:5" is accept, condense, classify, rate with "5"."""
    found = []
    for token in steps.split():
        if not token.startswith(_WAITS):
            verb, _, fact = token.partition(":")
            found += [(step, fact) for step in _PARTS.get(verb, (verb,))]
    return found


def _condense(play: Play, fact: str) -> None:
    by = play.discipline() if play.row.get("kind") == "report" else play.by(Role.EDITOR)
    centre.condense(play.ref, title=play.row.get("digest_title", play.row["title"]), digest=play.digest(), by=by)


def _accept(play: Play, fact: str) -> None:
    centre.accept(play.ref, by=play.discipline() if play.row.get("kind") == "report" else play.by(Role.EDITOR))


def _classify(play: Play, fact: str) -> None:
    by = play.discipline() if play.row.get("kind") == "report" else play.by(Role.EDITOR)
    urgency = play.row.get("urgency", codes.Urgency.NORMAL)
    centre.classify(play.ref, category=play.row["category"], urgency=urgency, tags=play.row.get("tags", ()), by=by)


def _dispatch(play: Play, fact: str) -> None:
    row = play.row
    play.units = [play.code_of(fact or row["unit"])]
    centre.dispatch(
        play.ref,
        unit=play.unit,
        assisting=[play.code_of(key) for key in row.get("assisting", ())],
        instruction=row.get("instruction", "请尽快核实，与反映人联系，按期答复。"),
        conflict_reason=row.get("conflict", ""),
        by=play.by(Role.DISPATCHER),
    )


def _contact(play: Play, fact: str) -> None:
    play.told.setdefault("c", play.at.date())
    reached = fact != "missed"
    remark = play.row.get("contact", "") if reached else "两次拨打无人接听，已通过本网留言。"
    by = play.discipline() if play.row.get("kind") == "report" else play.clerk()
    unit.record_contact(play.ref, how=play.row.get("how", "phone"), reached=reached, remark=remark, by=by)


def _find(play: Play, fact: str) -> None:
    row, kind = play.row, play.row.get("kind", "complaint")
    play.told["v"] = _visit_day(play)
    by = play.discipline() if kind == "report" else play.clerk()
    finding = row.get("finding", "true" if kind in {"complaint", "report"} else "")
    usual = {"enquiry": "answered", "praise": "answered", "suggestion": "adopted"}.get(kind, "solved")
    resolution = (
        row.get("resolution2", row.get("resolution", usual)) if play.round > 1 else row.get("resolution", usual)
    )
    unit.find(play.ref, finding=finding, resolution=resolution, by=by)


def _visit_day(play: Play) -> date:
    """Somebody went to look between the first contact and today."""
    first = play.calendar.ago(play.told.get("c", play.at.date()))
    return play.calendar.of((first + max(play.calendar.ago(play.at.date()), 0)) // 2) if first >= 0 else play.at.date()


def _money(play: Play, fact: str) -> None:
    for kind, amount, people, evidence in play.row.get("money", ()):
        outcome.record_money(
            play.ref, kind=kind, amount=Decimal(amount), people=people, evidence=evidence, by=play.clerk()
        )
    for subject, office, measure, basis in play.row.get("measures", ()):
        at = play.row.get("accountable", play.units[0] if play.units else play.centre)
        by = play.discipline() if play.row.get("kind") == "report" else play.clerk()
        outcome.record_measure(
            play.ref, subject=subject, unit=play.code_of(at), office=office, measure=measure, basis=basis, by=by
        )
    if "rule" in play.row:
        what, _, document = play.words(play.row["rule"]).partition("｜")
        outcome.record_rule_change(play.ref, what=what, document=document, by=play.clerk())


def _report(play: Play, fact: str) -> None:
    core = play.words(play.row.get("report", play.row.get("answer2" if play.round > 1 else "answer", "")))
    by = play.discipline() if play.row.get("kind") == "report" else play.clerk()
    unit.write_report(
        play.ref, body=f"一、核实与处理情况\n{core}\n二、承办意见\n情况清楚，拟按以上内容答复反映人。", by=by
    )


def _answer(play: Play, fact: str) -> None:
    play.told["a"] = play.at.date()
    unit.write_answer(play.ref, body=play.answer(), by=play.clerk())


def _submit(play: Play, fact: str) -> None:
    """The chain is fixed here, by the rule that fixes it in the action."""
    case = signing.submit(play.ref, by=play.clerk())
    head = chain.needs_head(
        overdue=play.at > case.due_at,
        redos=case.redos,
        extensions=case.extensions,
        conflict=bool(case.conflict_reason),
    )
    superior = case.superior_id if len(play.units) == 1 else None
    steps = chain.chain(staffed(play.unit), head=head, superior=superior is not None)
    play.to_sign = [
        _chief(superior) if step == codes.Step.SUPERIOR and superior else officer(play.unit, _SIGNERS[step])
        for step in steps
    ]


def _chief(unit_id: int) -> Officer:
    unit_code = directory.unit(unit_id).code
    return officer(unit_code, Role.LEADER if Role.LEADER in staffed(unit_code) else Role.HEAD)


def _sign(play: Play, fact: str) -> None:
    signing.countersign(play.ref, remark=play.row.get("remark", ""), by=play.to_sign.pop(0))


def _sign_all(play: Play, fact: str) -> None:
    while play.to_sign:
        _sign(play, fact)
    if len(play.units) > 1:
        play.units.pop()  # the result flows up


def _return_draft(play: Play, fact: str) -> None:
    remark = play.words(play.row.get("draft_remark", "请写清楚查明的事实、处理日期和联系电话，再报。"))
    signing.return_draft(play.ref, remark=remark, by=play.to_sign[0])


def _approve(play: Play, fact: str) -> None:
    closing.approve(play.ref, by=play.by(Role.REVIEWER))


def _publish(play: Play, fact: str) -> None:
    title = play.row.get("digest_title", play.row["title"])
    closing.publish(play.ref, title=title, question=play.digest(), answer=play.answer(), by=play.by(Role.REVIEWER))


def _rate(play: Play, fact: str) -> None:
    stars, _, reasons = fact.partition("/")
    given = int(stars)
    comment = play.row.get("comment2" if play.round > 1 else "comment", "")
    following.rate(
        play.ref,
        code=play.code,
        satisfaction=given,
        contacted="not_contacted" not in reasons,
        solved=given >= 3 and "unsolved" not in reasons,
        reasons=[reason for reason in reasons.split("/") if reason],
        comment=comment,
    )


def _call_back(play: Play, fact: str) -> None:
    if fact == "missed":
        closing.call_back(play.ref, reached=False, remark="下午拨打一次，无人接听。", by=play.by(Role.VISITOR))
        return
    stars, _, reasons = fact.partition("/")
    closing.call_back(
        play.ref,
        reached=True,
        remark="电话回访。",
        satisfaction=int(stars),
        contacted=True,
        solved=int(stars) >= 3,
        reasons=[reason for reason in reasons.split("/") if reason],
        comment=play.row.get("comment", ""),
        by=play.by(Role.VISITOR),
    )


def _redo(play: Play, fact: str) -> None:
    closing.redo(
        play.ref, instruction=play.row.get("redo", "请重新到现场核实，与反映人当面沟通。"), by=play.by(Role.REVIEWER)
    )
    play.round += 1


def _pass_down(play: Play, fact: str) -> None:
    below = play.code_of(fact)
    unit.pass_down(
        play.ref, unit=below, instruction=play.row.get("down", "请到现场办理，按时报结果。"), by=play.clerk()
    )
    play.units.append(below)


def _assistants(play: Play) -> list[Officer]:
    codes_ = [play.code_of(key) for key in play.row.get("assisting", ())]
    return [officer(code, Role.CLERK) for code in codes_]


def _opine(play: Play, fact: str) -> None:
    for by in _assistants(play):
        opinion = play.words(play.row.get("opinion", "同意主办单位的处理意见，涉及我单位的部分已配合到位。"))
        unit.opine(play.ref, opinion=opinion, dissents=fact == "dissent", by=by)


def _sign_assist(play: Play, fact: str) -> None:
    for by in _assistants(play):
        unit.sign_assist(play.ref, by=by)


def _ask_extension(play: Play, fact: str) -> None:
    amount, _, reason = fact.partition("/")
    explanation = play.row.get("extension", "需要等待检测结果，预计延长后可以办结。")
    by = officer(play.unit, Role.HEAD) if play.extended else play.clerk()
    unit.request_extension(play.ref, days=int(amount), reason=reason or "several_units", explanation=explanation, by=by)


def _decide_extension(play: Play, fact: str) -> None:
    granted = fact == "yes"
    remark = "理由充分，同意延期，请及时告知反映人。" if granted else "现有条件可以按期办结，不同意延期。"
    unit.decide_extension(play.ref, granted=granted, remark=remark, by=play.by(Role.SUPERVISOR))
    play.extended += granted


def _decline(play: Play, fact: str) -> None:
    by = play.discipline() if play.row.get("kind") == "report" else play.by(Role.EDITOR)
    centre.decline(play.ref, ground=fact, explanation=play.words(play.row["answer"]), by=by)


def _answer_directly(play: Play, fact: str) -> None:
    play.told["a"] = play.at.date()
    by = play.discipline() if play.row.get("kind") == "report" else play.by(Role.EDITOR)
    body = play.words(
        f"您好。您{{f}}反映的事收悉。\n{play.row['answer'].strip()}\n咨询电话：{{phone}}。{{unit}}　{{a}}"
    )
    centre.answer_directly(play.ref, answer=body, resolution=fact or "answered", by=by)


def _decide_appeal(play: Play, fact: str) -> None:
    decision, _, _tier = fact.partition("/")
    own = directory.centre_for(play.row["region"])
    above = directory.superior(own.id) or own
    closing.decide_appeal(
        play.ref, decision=decision, opinion=play.words(play.row["opinion"]), by=officer(above.code, Role.REVIEWER)
    )
    if decision == "supported":
        play.round += 1


def _give_back(play: Play, fact: str) -> None:
    explanation = play.row.get("returned", "经核对职责，此事不属于我单位管辖。")
    unit.give_back(play.ref, reason=fact or "not_ours", explanation=explanation, by=play.clerk())
    if len(play.units) > 1:
        play.units.pop()


def _arbitrate(play: Play, fact: str) -> None:
    play.units = [play.code_of(fact)]
    centre.arbitrate(play.ref, unit=play.unit, ruling=play.row["ruling"], by=play.by(Role.ARBITRATOR))


def _simple(action: Callable[..., Any], role: Role | None, *, facts: Callable[[Play, str], dict[str, Any]]) -> Any:
    """A step that is one action by an officer of the centre, or, without a role, by the complainant."""

    def step(play: Play, fact: str) -> None:
        known = facts(play, fact)
        who = {"code": play.code} if role is None else {"by": play.by(role)}
        action(play.ref, **known, **who)

    return step


def _clerks(action: Callable[..., Any], *, facts: Callable[[Play, str], dict[str, Any]]) -> Any:
    """A step that is one action by the unit's clerk; in a sealed report by its discipline officer."""

    def step(play: Play, fact: str) -> None:
        by = play.discipline() if play.row.get("kind") == "report" else play.clerk()
        action(play.ref, **facts(play, fact), by=by)

    return step


def _none(play: Play, fact: str) -> dict[str, Any]:
    return {}


def _text(name: str, argument: str, otherwise: str) -> Callable[[Play, str], dict[str, Any]]:
    return lambda play, _fact: {argument: play.words(play.row.get(name, otherwise))}


_PARTS: dict[str, tuple[str, ...]] = {
    "take": ("accept", "condense", "classify"),
    "work": ("find", "outcome", "report", "answer"),
    "out": ("submit", "signs"),
    "start": ("sign_for", "contact"),
}
_CITIZENS = frozenset({"rate", "add", "supply", "urge", "withdraw", "want_redo", "want_review", "want_recheck"})
_E, _D, _S = Role.EDITOR, Role.DISPATCHER, Role.SUPERVISOR
_VERBS: dict[str, Callable[[Play, str], None]] = {
    "accept": _accept,
    "condense": _condense,
    "classify": _classify,
    "dispatch": _dispatch,
    "decline": _decline,
    "direct": _answer_directly,
    "supplement": _simple(
        centre.ask_supplement, _E, facts=_text("question", "question", "请补充发生的时间、地点和有关凭据。")
    ),
    "merge": _simple(centre.merge, _E, facts=lambda play, fact: {"master": play.refs[fact]}),
    "uphold": _simple(centre.uphold_return, _D, facts=_none),
    "overrule": _simple(
        centre.overrule_return, _D, facts=_text("ruling", "reason", "按派单目录属于你单位职责，请继续办理。")
    ),
    "refer": _simple(
        centre.refer_dispute, _D, facts=_text("dispute", "reason", "两家单位对职责界限看法不一，提交裁定。")
    ),
    "arbitrate": _arbitrate,
    "sign_for": _clerks(unit.sign_for, facts=_none),
    "contact": _contact,
    "ask": _clerks(unit.ask, facts=_text("question", "question", "请您补充有关票据或照片，便于我们核实。")),
    "resume": _clerks(unit.resume, facts=_none),
    "give_back": _give_back,
    "down": _pass_down,
    "assist": _sign_assist,
    "opine": _opine,
    "extend": _ask_extension,
    "extended": _decide_extension,
    "find": _find,
    "outcome": _money,
    "report": _report,
    "answer": _answer,
    "submit": _submit,
    "sign": _sign,
    "signs": _sign_all,
    "draft_back": _return_draft,
    "approve": _approve,
    "send_back": _simple(
        closing.send_back,
        Role.REVIEWER,
        facts=_text("sent_back", "remark", "答复没有写明处理日期和结果，请补充后再报。"),
    ),
    "publish": _publish,
    "rate": _rate,
    "call": _call_back,
    "redo": _redo,
    "rule_closing": _simple(
        closing.rule_closing,
        Role.REVIEWER,
        facts=_text("ruling", "ruling", "经复核，办理程序和依据没有不当，予以办结。"),
    ),
    "decide": _decide_appeal,
    "appeal_stars": lambda play, fact: _keep(
        closing.appeal_stars(
            play.ref, reason=play.words(play.row["stars_reason"]), by=officer(play.units[0], Role.HEAD)
        )
    ),
    "decide_stars": _simple(
        closing.decide_stars,
        _S,
        facts=lambda play, fact: {"supported": fact == "yes", "opinion": play.words(play.row["stars_opinion"])},
    ),
    "remind": _simple(supervision.remind, _S, facts=_text("reminder", "reason", "请抓紧联系反映人。")),
    "slip": _simple(
        supervision.slip,
        _S,
        facts=lambda play, fact: {"colour": fact, "reason": play.row.get("slip", "办理进度偏慢，请说明情况。")},
    ),
    "list": _simple(supervision.list_case, _S, facts=_text("listed", "reason", "群众反映集中，列入挂牌督办。")),
    "add": _simple(following.add, None, facts=_text("addition", "body", "今天情况又有变化，补充说明一下。")),
    "supply": _simple(following.supply, None, facts=_text("supply", "body", "材料已经找到，补充在这里。")),
    "urge": _simple(following.urge, None, facts=_text("urge", "body", "已经等了几天，麻烦抓紧办。")),
    "withdraw": _simple(following.withdraw, None, facts=_text("withdrawn", "reason", "问题已经解决，撤回。")),
    "want_redo": _simple(
        following.request_redo, None, facts=_text("want_redo", "reason", "问题又出现了，请重新办理。")
    ),
    "want_review": _simple(
        following.request_review, None, facts=_text("want_review", "reason", "对答复的依据不认可，申请复查。")
    ),
    "want_recheck": _simple(
        following.request_recheck, None, facts=_text("want_recheck", "reason", "对复查意见仍不认可，申请复核。")
    ),
    "take_up": lambda play, fact: _keep(sealed.take_up(play.ref, by=play.discipline())),
}


def _keep(case: Any) -> None:
    """Nothing more is asked of it."""
