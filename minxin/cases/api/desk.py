"""/api/v1/desk/: what staff may call, each with a token of their own. One operation for each verb of the table."""

import secrets
from collections.abc import Callable
from typing import Annotated, Any, cast

from django.http import HttpRequest
from ninja import Router
from ninja.params import functions as params
from ninja.responses import Status

from minxin.cases.actions import centre, closing, filing, outcome, reading, sealed, signing, supervision, unit
from minxin.cases.api import facts
from minxin.cases.api.answers import DossierOut, InboxOut, QueueOut, ReceiptOut, StateOut
from minxin.cases.api.callers import OfficerToken
from minxin.cases.api.filing import Key, respondent
from minxin.cases.api.shapes import EntryIn
from minxin.cases.reports import desk as lists
from minxin.cases.reports import dossier, state
from minxin.cases.rules import desk, moves
from minxin.cases.rules.moves import Stand
from minxin.directory.rules import Officer
from minxin.kernel.errors import Absent
from minxin.ui.words import said

_ = said
router = Router(auth=OfficerToken(), tags=[_("办理")])
Cursor = Annotated[str, params.Query("", max_length=60, description=_("上一页给出的位置。"))]
_NOBODY = frozenset({Stand.CITIZEN, Stand.SYSTEM})


def _for_officers(move: moves.Move) -> bool:
    """Some officer may do it: by a stand of his, or, with none named, as the discipline officer of a sealed report."""
    return bool(move.by - _NOBODY) or not move.by


def _action(verb: str) -> Callable[..., Any]:
    rooms = (centre, unit, signing, closing, supervision, outcome, sealed)
    found: Callable[..., Any] = next(getattr(room, verb) for room in rooms if hasattr(room, verb))
    return found


ACTIONS: dict[str, Callable[..., Any]] = {
    verb: _action(verb) for verb, move in moves.MOVES.items() if _for_officers(move)
}


@router.get(
    "/queues",
    response=list[QueueOut],
    summary=_("我的待办"),
    description=_("每个待办的代码、名称和件数，数到 99 为止。"),
)
def queues(request: HttpRequest) -> list[QueueOut]:
    """The caller's queues with how much waits in each."""
    found = lists.counts(_officer(request))
    return [QueueOut(code=c.queue.code, label=str(c.queue.label), number=c.number, late=c.late) for c in found]


@router.get(
    "/cases",
    response=InboxOut,
    summary=_("一个待办里的件"),
    description=_("最急的在前，每页最多 50 件；`cursor` 填上一页给出的值。没有这个待办，回答 404。"),
)
def inbox(request: HttpRequest, queue: str, cursor: Cursor = "") -> InboxOut:
    """One page of one of the caller's queues."""
    officer = _officer(request)
    mine = next((found for found in desk.queues_of(officer) if found.code == queue), None)
    if mine is None:
        raise Absent
    page = lists.inbox(officer, mine, after=cursor)
    return InboxOut.of(page)


@router.post(
    "/cases",
    response={200: ReceiptOut, 201: ReceiptOut},
    summary=_("登记来电、来信、来访"),
    description=_("把群众当面、电话或来信所说的登记成件，写明来源渠道。"),
    operation_id="register",
)
def register(request: HttpRequest, body: EntryIn, idempotency_key: Key = "") -> Status[filing.Receipt]:
    """Enter a case told by other means than the website."""
    draft = body.draft(body.channel, respondent(body.respondent))
    key = idempotency_key or secrets.token_hex(16)
    receipt = centre.register(draft, key=key, by=_officer(request))
    return Status(200 if receipt.again else 201, receipt)


@router.get(
    "/cases/{ref}",
    response=DossierOut,
    summary=_("阅一件"),
    description=_("每次阅件都记录在案。看不到的件回答 404。原文和身份只给有权看的人。"),
)
def read(request: HttpRequest, ref: str) -> DossierOut:
    """One case as this officer may read it; the reading goes on record."""
    officer = _officer(request)
    case = reading.read(ref, by=officer)
    return DossierOut.of(dossier.dossier(case, officer))


def _officer(request: HttpRequest) -> Officer:
    officer: Officer = request.auth  # type: ignore[attr-defined]
    return officer


def _operation(verb: str, action: Callable[..., Any]) -> None:
    """POST /cases/{ref}/{verb}, with the verb's own body."""
    model: Any = facts.shape(verb, action)

    def act(request: HttpRequest, ref: str, body: Any) -> state.State:
        officer = _officer(request)
        return state.state(action(ref, by=officer, **(body or model()).facts()), officer)

    act.__annotations__["body"] = facts.parameter(model)
    act.__name__ = verb
    label = cast("str", moves.MOVES[verb].label)
    router.post(f"/cases/{{ref}}/{verb}", response=StateOut, operation_id=verb, summary=label)(act)


for _verb, _act in ACTIONS.items():
    _operation(_verb, _act)
