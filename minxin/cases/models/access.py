"""The complainant's key to a case: its query code."""

import unicodedata

from django.utils.translation import gettext as _

from minxin.cases.models.case import Filing, query_code
from minxin.kernel import limits, sealing
from minxin.kernel.errors import Absent, Refused


def check(case_id: int, code: str) -> None:
    """Raises Absent unless this is the case's query code; `too_many` when wrong ones keep coming."""
    salt = Filing.objects.filter(pk=case_id).values_list("code_salt", flat=True).first()
    if salt is not None and sealing.same(query_code(case_id, bytes(salt)), _plain(code)):
        return
    if not limits.allow(f"code:{case_id}", limit=20, seconds=900):
        raise Refused("too_many", _("查询码连续输错多次，请十五分钟后再试。查询码写在您的回执上。"))
    raise Absent("absent", _("编号或查询码不对，请照回执核对后再试。"))


def _plain(code: str) -> str:
    """A query code as typed: spaces, hyphens, small letters and full-width forms do not matter."""
    return "".join(unicodedata.normalize("NFKC", code[:80]).upper().replace("-", "").split())
