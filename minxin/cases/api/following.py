"""What a complainant does with number and query code: look, add, answer, urge, withdraw, rate, appeal."""

from collections.abc import Callable
from typing import Annotated, Any, cast

from django.http import HttpRequest
from ninja import Router, UploadedFile
from ninja.params import functions as params

from minxin.cases.actions import following
from minxin.cases.api import facts
from minxin.cases.api.answers import StateOut, TrackOut
from minxin.cases.reports import state, track
from minxin.cases.rules import filing, moves
from minxin.directory.rules import CITIZEN
from minxin.ui.words import said

_ = said
router = Router(tags=[_("查询与评价")])
Code = Annotated[str, params.Header(..., alias="X-Query-Code", description=_("回执上的查询码。"))]

# An act is a noun in the address: method, noun, verb of the table.
NOUNS: tuple[tuple[str, str, str], ...] = (
    ("PUT", "rating", "rate"),
    ("POST", "additions", "add"),
    ("POST", "supplies", "supply"),
    ("POST", "urges", "urge"),
    ("POST", "withdrawal", "withdraw"),
    ("POST", "redo", "request_redo"),
    ("POST", "review", "request_review"),
    ("POST", "recheck", "request_recheck"),
)


@router.get(
    "/cases/{ref}",
    response=TrackOut,
    summary=_("查进度"),
    description=_("用编号和查询码查看进度、逐日说明的期限、答复和现在可以做的事。编号或查询码不对，回答 404。"),
)
def read(request: HttpRequest, ref: str, x_query_code: Code) -> TrackOut:
    """The complainant's view of his case."""
    return TrackOut.of(track.track(track.opened(ref, x_query_code)))


@router.post(
    "/cases/{ref}/files",
    response=StateOut,
    operation_id="add_files",
    summary=_("补充附件"),
    description=_("multipart/form-data：`files` 最多 8 个，每个最大 10 MB；`body` 是说明，可不写。"),
)
def add_files(
    request: HttpRequest,
    ref: str,
    x_query_code: Code,
    files: Annotated[list[UploadedFile], params.File(...)],
    body: Annotated[str, params.Form("", max_length=10_000)] = "",
) -> state.State:
    """More files from the complainant, recognised by content, without metadata."""
    uploads = [filing.Upload(file.name or "", file.read()) for file in files[: filing.FILES + 1]]
    case = following.add(ref, code=x_query_code, body=body or str(_("补充附件")), uploads=uploads)
    return state.state(case, CITIZEN)


def _operation(method: str, noun: str, verb: str) -> None:
    """One citizen's verb, with its own body."""
    action: Callable[..., Any] = getattr(following, verb)
    model: Any = facts.shape(verb, action)

    def act(request: HttpRequest, ref: str, x_query_code: Code, body: Any) -> state.State:
        given = (body or model()).facts()
        return state.state(action(ref, code=x_query_code, **given), CITIZEN)

    act.__annotations__["body"] = facts.parameter(model)
    act.__name__ = verb
    route = router.put if method == "PUT" else router.post
    label = cast("str", moves.MOVES[verb].label)
    route(f"/cases/{{ref}}/{noun}", response=StateOut, operation_id=verb, summary=label)(act)


for _method, _noun, _verb in NOUNS:
    _operation(_method, _noun, _verb)
