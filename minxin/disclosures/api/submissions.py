"""/api/v1/desk/submissions: another system hands in tables as rows; the same checks, the same report as at the desk."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field, StringConstraints

from minxin.disclosures.actions import intake, signing
from minxin.disclosures.api.callers import OfficerToken, officer
from minxin.disclosures.models import Finding, Submission
from minxin.disclosures.models.broker import ref_of
from minxin.disclosures.reports import broker as reports
from minxin.disclosures.rules import broker_file
from minxin.disclosures.rules.codes import Severity, SubmissionStage, Version
from minxin.ui.words import said as _

router = Router(auth=OfficerToken(), tags=["submissions"])

Word = Annotated[str, StringConstraints(max_length=40)]
Name = Annotated[str, StringConstraints(max_length=60)]
Text = Annotated[str, StringConstraints(max_length=500)]
Cell = Annotated[str, StringConstraints(max_length=6000)] | int | Decimal | None
Rows = Annotated[list[dict[Name, Cell]], Field(max_length=broker_file.MOST_ROWS)]


class SubmissionIn(Schema, extra="forbid"):
    """A batch: rows by the table's code, cells by the column's. Amounts in yuan, as text or number."""

    unit: Word
    template: Word
    fiscal_year: int = Field(ge=1990, le=2100)
    version: Version | None = None
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    sheets: Annotated[dict[Name, Rows], Field(max_length=40)]
    note: Text = ""
    corrects: Word = ""
    reason: Text = ""


class WithdrawalIn(Schema, extra="forbid"):
    """Why it is taken back."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=300)]


class FindingOut(Schema):
    """What one check found, in words, with its place as the sender sees it."""

    rule: str
    severity: Severity
    sheet: str
    row: int | None
    column: str
    value: str
    other: str
    difference: str
    message: str


class SubmissionOut(Schema):
    """A submission as it stands; at most 300 of its findings, fatal first."""

    ref: str
    unit: str
    template: str
    fiscal_year: int
    version: str
    external_id: str
    stage: SubmissionStage
    rows: int
    fatal: int
    warnings: int
    sha256: str
    received_at: datetime
    findings: list[FindingOut]


@router.post(
    "/submissions",
    response={200: SubmissionOut, 201: SubmissionOut},
    summary=_("报送"),
    description=_(
        "成批报送报表的行，当场校核。`external_id` 是报送方自己的编号：同一编号同一内容再报，回答原来的那一份（200）；"
        "内容不同，回答 409。有错误的报送也会收下，进度是 failed，问题列在 findings 里。"
    ),
    operation_id="hand_in",
)
def hand_in(request: HttpRequest, body: SubmissionIn) -> Status[SubmissionOut]:
    """Take in a batch: 201 for a new one, 200 for one that is known."""
    by = officer(request)
    known = Submission.objects.visible_to(by).filter(external_id=body.external_id, unit__code=body.unit).exists()
    made = intake.hand_in_rows(
        unit=body.unit,
        template=body.template,
        fiscal_year=body.fiscal_year,
        version=body.version or "",
        sheets=body.sheets,
        external_id=body.external_id,
        corrects=body.corrects,
        reason=body.reason,
        note=body.note,
        by=by,
    )
    return Status(200 if known else 201, _out(ref_of(made), request))


@router.get("/submissions/{ref}", response=SubmissionOut, summary=_("看一份报送"), operation_id="read_submission")
def read(request: HttpRequest, ref: str) -> SubmissionOut:
    """One submission with its findings."""
    return _out(ref, request)


@router.post("/submissions/{ref}/sign", response=SubmissionOut, summary=_("签发"), operation_id="sign_submission")
def sign(request: HttpRequest, ref: str) -> SubmissionOut:
    """Sign it off, by the unit's head."""
    return _out(ref_of(signing.sign(ref, by=officer(request))), request)


@router.post(
    "/submissions/{ref}/withdraw", response=SubmissionOut, summary=_("撤回"), operation_id="withdraw_submission"
)
def withdraw(request: HttpRequest, ref: str, body: WithdrawalIn) -> SubmissionOut:
    """Take it back with a reason."""
    return _out(ref_of(signing.withdraw(ref, reason=body.reason, by=officer(request))), request)


def _out(ref: str, request: HttpRequest) -> SubmissionOut:
    page = reports.page(ref, by=officer(request))
    found = page.submission
    told = [finding for group in page.groups for finding in group.findings]
    return SubmissionOut(
        ref=page.row.ref,
        unit=page.row.unit.code,
        template=found.template,
        fiscal_year=found.fiscal_year,
        version=found.version,
        external_id=found.external_id,
        stage=SubmissionStage(found.stage),
        rows=found.rows,
        fatal=found.fatal,
        warnings=found.warnings,
        sha256=found.sha256,
        received_at=found.received_at,
        findings=[_finding(finding) for finding in sorted(told, key=lambda finding: finding.severity)],
    )


def _finding(finding: Finding) -> FindingOut:
    names = ("rule", "sheet", "row", "column", "value", "other", "difference", "message")
    return FindingOut(severity=Severity(finding.severity), **{name: getattr(finding, name) for name in names})
