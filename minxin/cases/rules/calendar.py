"""Who may change the working-day calendar of which region; everybody on the desk may read it. Pure."""

from django.utils.translation import gettext as _

from minxin.cases.rules import routing
from minxin.directory.rules import Officer, Role, UnitRef
from minxin.kernel.errors import Refused

NATION = ""  # the region of the days that hold everywhere


def centres(officer: Officer) -> list[UnitRef]:
    """The centres whose calendar this officer keeps: where he is system administrator."""
    return [duty.unit for duty in officer.duties if duty.role is Role.SYSTEM_ADMIN and duty.unit.is_centre]


def may(officer: Officer, region: str) -> bool:
    """Whether he may change the days of that region: his centre's and those inside it; the nation's at the top only."""
    if officer.kind == "system":
        return True
    if region == NATION:
        return any(centre.parent_id is None for centre in centres(officer))
    return any(routing.inside(region, centre.region) for centre in centres(officer))


def check(officer: Officer, region: str) -> None:
    """Raises Refused when the officer may not change the days of that region."""
    if may(officer, region):
        return
    if not centres(officer):
        raise Refused("forbidden", _("放假安排由网络中心的系统管理员维护，您可以查看。需要调整时请联系他们。"))
    if region == NATION:
        raise Refused("forbidden", _("全国的放假安排由最高一级网络中心维护，请选择您所在的地区。"), field="region")
    raise Refused("forbidden", _("这个地区不在您所在中心的范围内，请选择本地区或下级地区。"), field="region")


def home(officer: Officer) -> str:
    """The region whose days count for this officer's own work, by its six digits; the nation for nobody's."""
    return next((duty.unit.region[:6] for duty in officer.duties), NATION)
