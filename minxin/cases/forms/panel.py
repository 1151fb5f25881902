"""The action panel: exactly the moves that are allowed now, the primary first, each with its form filled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from minxin.cases.forms.desk import VERBS, Plain
from minxin.cases.reports import naming
from minxin.cases.reports.dossier import Dossier
from minxin.cases.rules import desk, moves


@dataclass(frozen=True)
class Move:
    """One button with its form; `plain` when the button alone is enough, `open` when its form is in sight."""

    verb: str
    label: str
    form: forms.Form
    primary: bool
    plain: bool
    open: bool


def panel(file: Dossier, *, chosen: str = "", bound: forms.Form | None = None) -> list[Move]:
    """The moves of the page. A refused one comes back as `bound`, with what was typed."""
    verbs = [verb for verb in file.verbs if verb in VERBS]
    if bound is not None and chosen not in verbs:
        verbs.append(chosen)
    found = []
    for at, verb in enumerate(verbs):
        kept = bound if bound is not None and verb == chosen else None
        form = kept or blank(verb, file)
        plain = isinstance(form, Plain) and not form.errors
        primary = at == 0 and file.owed in {"", verb}
        found.append(Move(verb, str(moves.MOVES[verb].label), form, primary, plain, verb == chosen))
    return found


def blank(verb: str, file: Dossier) -> forms.Form:
    """The verb's form as it is first shown: with what is known already."""
    initial = _INITIAL[verb](file) if verb in _INITIAL else {}
    return VERBS[verb].form(initial=initial, auto_id=f"{verb}-%s")


def filled(verb: str, data: Any, file: Dossier) -> forms.Form:
    """The verb's form with what was typed."""
    initial = _INITIAL[verb](file) if verb in _INITIAL else {}
    return VERBS[verb].form(data, initial=initial, auto_id=f"{verb}-%s")


def _condense(file: Dossier) -> dict[str, Any]:
    text = file.original.text if file.original else ""
    return {
        "title": file.case.digest_title or desk.masked(file.case.title),
        "digest": file.digest or desk.masked(text)[:3_000],
    }


def _classify(file: Dossier) -> dict[str, Any]:
    guess = file.suggestion.category if file.suggestion else ""
    return {
        "category": file.case.category or guess,
        "urgency": file.case.urgency,
        "tags": "、".join(file.case.tags),
    }


def _dispatch(file: Dossier) -> dict[str, Any]:
    if not file.suggestion:
        return {}
    unit = file.suggestion.unit
    return {"unit": unit.name if unit else "", "suggested": file.suggestion.mark}


def _publish(file: Dossier) -> dict[str, Any]:
    return {
        "title": desk.masked(file.title),
        "question": desk.masked(file.digest),
        "answer": desk.masked(file.answer),
    }


_INITIAL: Mapping[str, Callable[[Dossier], dict[str, Any]]] = {
    "condense": _condense,
    "classify": _classify,
    "dispatch": _dispatch,
    "arbitrate": _dispatch,
    "publish": _publish,
    "name_officer": lambda file: {"posts": naming.posts(file.case)},
    "find": lambda file: {"finding": file.case.finding, "resolution": file.case.resolution},
    "write_report": lambda file: {"body": file.report},
    "write_answer": lambda file: {"body": file.answer},
    "answer_slip": lambda file: {
        "slips": file.open_slips,
        "slip": file.open_slips[0].pk if len(file.open_slips) == 1 else None,
    },
}
