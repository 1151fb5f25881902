"""Signed tables for the tests of publishing: rows put in place as intake leaves them, without its files and checks."""

from collections.abc import Mapping, Sequence
from typing import Any

from minxin.disclosures.models import Entry, Submission
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import Delivery, SubmissionStage
from minxin.kernel import clocks, refs

Sheets = Mapping[str, Sequence[Mapping[str, Any]]]


def detail(function: str, economic: str, fen: int, *, project: str = "", unit: str = "205") -> dict[str, Any]:
    """A row of the detail sheet."""
    row: dict[str, Any] = {"unit": unit, "function": function, "economic": economic, "fund": "general", "amount": fen}
    return row | ({"project": project} if project else {})


def signed(
    unit: int,
    sheets: Sheets,
    *,
    finance: int,
    corrects: str = "",
    reason: str = "",
    note: str = "",
    template: str = "department_budget",
    fiscal_year: int = 2007,
    version: str = "initial",
    stage: str = SubmissionStage.SIGNED,
) -> str:
    """A submission in the hands of whoever publishes; its ref."""
    now = clocks.now()
    earlier = Submission.objects.get(**_numbers(corrects)) if corrects else None
    made = Submission.objects.create(
        year=now.year,
        number=refs.next_number("submission", now.year),
        unit_id=unit,
        finance_id=finance,
        template=template,
        fiscal_year=fiscal_year,
        version=version,
        delivery=Delivery.API,
        sha256="0" * 64,
        stage=stage,
        corrects=earlier,
        reason=reason or ("更正" if corrects else ""),
        note=note,
        rows=sum(len(rows) for rows in sheets.values()),
        received_at=now,
        checked_at=now,
        signed_at=now,
        signed_by="一把手",
    )
    Entry.objects.bulk_create(
        Entry(
            submission=made,
            unit_id=unit,
            fiscal_year=fiscal_year,
            version=version,
            sheet=sheet,
            row=place,
            key=key_of(template, sheet, cells),
            cells=dict(cells),
            digest=b"",
        )
        for sheet, rows in sheets.items()
        for place, cells in enumerate(rows, start=2)
    )
    return refs.written("BS", made.year, made.number)


def key_of(template: str, sheet: str, cells: Mapping[str, Any]) -> str:
    """The cells that name a row, joined."""
    return "|".join(str(cells.get(name, "")) for name in templates.get(template).sheet(sheet).key)


def submission(ref: str) -> Submission:
    """The submission with this ref."""
    return Submission.objects.get(**_numbers(ref))


def _numbers(ref: str) -> dict[str, int]:
    year, number = refs.parse("BS", ref)
    return {"year": year, "number": number}
