"""What the desk shows of publishing: what waits, how far a city is, how far a run is."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from minxin.directory import reports as directory
from minxin.directory.rules import Officer, UnitRef
from minxin.disclosures.models import BudgetUnit, CityRun, Submission
from minxin.disclosures.models.broker import ref_of
from minxin.disclosures.models.publication import ref_of as publication_ref
from minxin.disclosures.models.readiness import readiness
from minxin.disclosures.rules import publishing as rules
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import SubmissionStage
from minxin.kernel.errors import Absent

MOST = 300  # waiting submissions on one page: more than a city has units
TABLES = [template.code for template in templates.every() if not template.repeated]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A signed submission that this officer may publish."""

    ref: str
    unit: UnitRef
    template: str
    fiscal_year: int
    version: str
    rows: int
    warnings: int
    corrects: str
    reason: str
    signed_at: datetime | None
    signed_by: str


def waiting(by: Officer) -> list[Waiting]:
    """1 query. What this officer may publish now, the longest waiting first, at most MOST."""
    mine = Q(finance_id__in=by.unit_ids(*rules.OF_FINANCE)) | Q(unit_id__in=by.unit_ids(*rules.OF_UNIT))
    rows = (
        Submission.objects.visible_to(by)
        .filter(mine, stage=SubmissionStage.SIGNED, template__in=TABLES)
        .select_related("corrects")
        .order_by("signed_at", "id")[:MOST]
    )
    return [
        Waiting(
            ref=ref_of(row),
            unit=directory.unit(row.unit_id),
            template=templates.get(row.template).label,
            fiscal_year=row.fiscal_year,
            version=row.get_version_display(),
            rows=row.rows,
            warnings=row.warnings,
            corrects=ref_of(row.corrects) if row.corrects else "",
            reason=row.reason,
            signed_at=row.signed_at,
            signed_by=row.signed_by,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class City:
    """A finance bureau's budget units before their one act, each with whether it is ready."""

    finance: UnitRef
    year: int
    version: str
    ready: list[UnitRef]
    missing: list[UnitRef]
    shown: list[UnitRef]
    run: CityRun | None

    @property
    def total(self) -> int:
        """All enrolled units."""
        return len(self.ready) + len(self.missing) + len(self.shown)

    @property
    def may(self) -> bool:
        """Whether the button is there: somebody to publish, nobody missing, nothing under way."""
        return bool(self.ready) and not self.missing and not (self.run and self.run.finished_at is None)


def city(by: Officer, *, year: int, version: str) -> City | None:
    """4 queries, 1 for who is no finance bureau's publisher (None). How the bureau's units stand for that version."""
    held = by.unit_ids(*rules.OF_FINANCE)
    finance_id = (
        BudgetUnit.objects.public().filter(finance_id__in=held).order_by("id").values_list("finance_id", flat=True)
    ).first()
    if finance_id is None:
        return None
    standing = readiness(finance_id, template=rules.CITY, fiscal_year=year, version=version)
    return City(
        finance=directory.unit(finance_id),
        year=year,
        version=version,
        ready=_units(list(standing.ready)),
        missing=_units(list(standing.missing)),
        shown=_units(list(standing.shown)),
        run=CityRun.objects.visible_to(by).filter(finance_id=finance_id).order_by("-id").first(),
    )


def _units(ids: list[int]) -> list[UnitRef]:
    return list(directory.units_by_id(ids).values())


@dataclass(frozen=True, slots=True)
class Run:
    """A city's run: how far, in words, and where it led."""

    id: int
    title: str
    done: int
    total: int
    asked_at: datetime
    finished_at: datetime | None
    refusal: str
    publication: str

    @property
    def sentence(self) -> str:
        """How it stands, for whoever waits."""
        facts = {"done": self.done, "total": self.total}
        if self.refusal:
            return self.refusal
        if self.publication:
            return _("已一次性公开 %(total)d 个单位。") % facts
        if not self.done:
            return _("已排队，马上开始。共 %(total)d 个单位。") % facts
        return _("已处理 %(done)d 个单位，共 %(total)d 个。全部成功才会公开。") % facts


def run(key: int, *, by: Officer) -> Run:
    """1 query. A run of the officer's bureau; Absent for everybody else."""
    row = CityRun.objects.visible_to(by).select_related("publication").filter(pk=key).first() if key < 2**63 else None
    if row is None:
        raise Absent
    return Run(
        id=row.pk,
        title=row.title,
        done=row.done,
        total=row.total,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
        refusal=row.refusal,
        publication=publication_ref(row.publication) if row.publication else "",
    )
